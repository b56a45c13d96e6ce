package discord

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/assistant"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/snowflake/v2"
	"github.com/gorilla/websocket"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
)

// rawEvent is an event as the gateway sends it.
type rawEvent struct {
	Type string          `json:"t"`
	Data json.RawMessage `json:"d"`
}

// listen returns the events that a second client gets, until it is stopped.
func (w *bench) listen() (stop func() []rawEvent) {
	w.t.Helper()
	ws, res, err := websocket.DefaultDialer.DialContext(w.ctx, w.GatewayURL()+"/?v=10&encoding=json", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	res.Body.Close()
	if err := ws.WriteJSON(object{"op": 2, "d": object{"token": w.Token(), "intents": client.Intents, "properties": object{"os": "linux"}}}); err != nil {
		w.t.Fatal(err)
	}
	var all []rawEvent
	done, ready := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var e rawEvent
			if ws.ReadJSON(&e) != nil {
				return
			}
			if e.Type == "READY" {
				close(ready)
			}
			if e.Type != "" {
				all = append(all, e)
			}
		}
	}()
	<-ready
	return func() []rawEvent {
		ws.Close()
		<-done
		return all
	}
}

// realEvents are events of people who use the bot in all of its ways.
func realEvents(w *bench) []rawEvent {
	stop := w.listen()
	for range 12 {
		w.save(w.anna, "sales.csv", salesCSV)
	}
	w.save(w.anna, "photo.png", chart(30, 20))
	_, answer := w.ask(w.anna, w.general, "what is this?", discordtest.File{Name: "sales.csv", Data: salesCSV})
	reply := must(w.anna.Reply(answer, "and that?", discordtest.File{Name: "message.txt", Data: []byte("long")}))(w)
	w.answerTo(reply)
	w.answerTo(must(w.anna.Forward(reply, w.anna.DM()))(w))
	thread := must(w.anna.StartThread(reply, "more"))(w)
	w.ask(w.anna, thread, w.Bot().Mention()+" go on")
	must(w.anna.Press(answer, "🔁 Retry"))(w)
	must(w.anna.Edit(reply, "and this?"))(w)

	m := w.run(w.anna, w.general, "files")
	it := must(w.anna.Press(m, "1 / 2"))(w)
	must(it.Await(w.ctx))(w)
	must(must(w.anna.Submit(it, map[string]string{"page": "2"}))(w).AwaitMessage(w.ctx))(w)
	m = w.choose(w.anna, w.run(w.anna, w.general, "files"), kindsMenu, "image (1)")
	m = w.choose(w.anna, m, fileMenu, "photo.png")
	w.press(w.anna, m, "⬇️ Download")
	m = w.press(w.anna, w.press(w.anna, m, "🗑️ Delete"), "⚠️ Yes, Delete")
	w.press(w.anna, m, "🔴 Click Again to Confirm")
	must(must(w.anna.Complete(w.general, "model", "name", discordtest.Opt("name", "t")))(w).Await(w.ctx))(w)
	w.run(w.anna, w.general, "model", discordtest.Opt("name", "default"))
	w.run(w.anna, w.general, "usage")
	w.run(w.anna, w.general, "reset")
	if err := w.AwaitQuiet(w.ctx, 100*time.Millisecond); err != nil {
		w.t.Fatal(err)
	}
	return stop()
}

func TestOption(t *testing.T) {
	var data dg.SlashCommandInteractionData
	if err := json.Unmarshal([]byte(`{"name":"model","options":[{"name":"a","type":3,"value":"x"},{"name":"b","type":5,"value":true},{"name":"c","type":3}]}`), &data); err != nil {
		t.Fatal(err)
	}
	if v, ok := option[string](data, "a"); v != "x" || !ok {
		t.Errorf("%q, %v", v, ok)
	}
	if v, ok := option[bool](data, "b"); !v || !ok {
		t.Errorf("%v, %v", v, ok)
	}
	for _, name := range []string{"b", "c", "d"} {
		if v, ok := option[string](data, name); v != "" || ok {
			t.Errorf("%s: %q, %v", name, v, ok)
		}
	}
}

// node is a place in a JSON document, with what sets it.
type node struct {
	set    func(any)
	remove func()
}

// nodes lists all places below v, in one order.
func nodes(v any) (all []node) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			all = append(all, node{func(x any) { v[k] = x }, func() { delete(v, k) }})
			all = append(all, nodes(v[k])...)
		}
	case []any:
		for i := range v {
			all = append(all, node{func(x any) { v[i] = x }, func() { v[i] = nil }})
			all = append(all, nodes(v[i])...)
		}
	}
	return all
}

// change puts a value, or nothing for "", in one place of a document.
func change(v any, at uint16, value string) {
	all := nodes(v)
	if len(all) == 0 {
		return
	}
	n := all[int(at)%len(all)]
	var x any
	switch {
	case value == "":
		n.remove()
		return
	case json.Unmarshal([]byte(value), &x) != nil:
		x = value
	}
	n.set(x)
}

// silent is an engine with next to nothing to say.
type silent struct{ assistant.Engine }

func (silent) Run(_ context.Context, t chat.Turn, emit func(chat.Event)) (chat.Result, error) {
	emit(chat.TextDelta{Text: t.Text})
	return chat.Result{Text: t.Text}, nil
}
func (silent) Claim(context.Context, string, files.UserID, string) error { return nil }
func (silent) Release(context.Context, string) error                     { return nil }
func (silent) Runs(context.Context, files.UserID, string) ([]llm.Run, error) {
	return []llm.Run{{Code: "1"}}, nil
}
func (silent) Reset(context.Context, files.UserID, string) error               { return nil }
func (silent) Models(context.Context) []string                                 { return []string{"a"} }
func (silent) SetModel(context.Context, files.UserID, string) error            { return nil }
func (silent) ModelOf(context.Context, files.UserID) (string, error)           { return "a", nil }
func (silent) Usage(context.Context, ledger.Query) ([]ledger.Usage, error)     { return nil, nil }
func (silent) Budget(context.Context, files.UserID) (b ledger.Budget, _ error) { return b, nil }

// crashes notes in a log what handlers crashed with.
type crashes struct {
	slog.Handler
	mu  *sync.Mutex
	all *[]string
}

func (c crashes) Enabled(context.Context, slog.Level) bool { return true }

func (c crashes) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "crashed") || r.Level >= slog.LevelError {
		text := r.Message
		r.Attrs(func(a slog.Attr) bool {
			text += " " + a.String()
			return true
		})
		c.mu.Lock()
		defer c.mu.Unlock()
		*c.all = append(*c.all, text)
	}
	return nil
}

// Whatever an event has in two of its places, decoding and handling it does
// not crash.
func FuzzEvents(f *testing.F) {
	w := newBench(f, setup{assistant: assistant.Options{BurstTime: 1}})
	all := realEvents(w)
	me, fs := w.bot.self(), w.files
	var seeds, before []rawEvent
	var sent []byte
	for _, e := range all {
		switch e.Type {
		case "GUILD_CREATE":
			before = append(before, e)
			seeds = append(seeds, e)
		case "MESSAGE_CREATE":
			sent = e.Data
			seeds = append(seeds, e)
		case "READY":
		default:
			seeds = append(seeds, e)
		}
	}
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/callback") || r.Method == http.MethodPut || r.Method == http.MethodDelete {
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(sent)
	}))
	f.Cleanup(web.Close)
	tune := tuning{settle: 1, edits: 1, status: 1, late: time.Hour, global: 1e6}.withDefaults()

	for i := range seeds {
		f.Add(uint16(i), uint16(0), "{}", uint16(0), "{}")
	}
	for i, value := range []string{"", "null", "0", "-1", `"x"`, "[]", "{}", "[null]", "true", "99999999999999999999"} {
		for at := range 40 {
			f.Add(uint16(7*at+i), uint16(11*at+i), value, uint16(at), value)
		}
	}
	f.Fuzz(func(t *testing.T, seed, at1 uint16, value1 string, at2 uint16, value2 string) {
		e := seeds[int(seed)%len(seeds)]
		var doc any
		if err := json.Unmarshal(e.Data, &doc); err != nil {
			t.Fatal(err)
		}
		change(doc, at1, value1)
		change(doc, at2, value2)
		data, err := json.Marshal(doc)
		if err != nil {
			t.Skip()
		}
		var crashed []string
		log := slog.New(crashes{slog.DiscardHandler, new(sync.Mutex), &crashed})
		b := newBot("token", assistant.New(silent{}, fs, assistant.Options{}), Options{Log: log, RESTURL: web.URL, tune: tune})
		b.me, b.app = me, snowflake.ID(1)
		b.places.SetBot(me)
		for _, g := range before {
			if d, err := gateway.UnmarshalEventData(g.Data, gateway.EventType(g.Type)); err != nil {
				t.Fatal(err)
			} else {
				b.handle(d)
			}
		}
		if d, err := gateway.UnmarshalEventData(data, gateway.EventType(e.Type)); err == nil {
			b.handle(d)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
		defer cancel()
		b.Close(ctx)
		for _, c := range crashed {
			t.Errorf("%s\n%s", c, data)
		}
	})
}
