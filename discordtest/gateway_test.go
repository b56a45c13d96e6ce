package discordtest

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
)

// A peer is a bare gateway client.
type peer struct {
	t      *testing.T
	ctx    context.Context
	ws     *websocket.Conn
	decode func(io.Reader) io.Reader // nil: plain
	in     io.Reader
	buf    *bytes.Buffer
	seq    int

	session string // of connect
}

type packet struct {
	Op int             `json:"op"`
	S  int             `json:"s"`
	T  string          `json:"t"`
	D  json.RawMessage `json:"d"`
}

func (sc *scene) dial(url, compress string) *peer {
	sc.t.Helper()
	p := &peer{t: sc.t, ctx: Context(sc.t), buf: &bytes.Buffer{}}
	query := "?v=10&encoding=json"
	if compress != "" {
		query += "&compress=" + compress
	}
	ws, _, err := websocket.Dial(p.ctx, url+query, nil)
	if err != nil {
		sc.t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	p.ws = ws
	sc.t.Cleanup(func() { ws.CloseNow() })
	switch compress {
	case "zlib-stream":
		p.decode = func(r io.Reader) io.Reader {
			z, err := zlib.NewReader(r)
			if err != nil {
				sc.t.Fatal(err)
			}
			return z
		}
	case "zstd-stream":
		p.decode = func(r io.Reader) io.Reader {
			z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
			if err != nil {
				sc.t.Fatal(err)
			}
			sc.t.Cleanup(z.Close)
			return z
		}
	}
	if hello := p.next(); hello.Op != opHello {
		sc.t.Fatalf("no HELLO: %+v", hello)
	}
	return p
}

// next is the next packet.
func (p *peer) next() packet {
	p.t.Helper()
	k, err := p.read()
	if err != nil {
		p.t.Fatal(err)
	}
	return k
}

// noEOF makes an empty buffer a pause and not the end.
type noEOF struct{ *bytes.Buffer }

func (r noEOF) Read(b []byte) (int, error) {
	n, err := r.Buffer.Read(b)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (p *peer) read() (packet, error) {
	_, data, err := p.ws.Read(p.ctx)
	if err != nil {
		return packet{}, err
	}
	var k packet
	if p.decode == nil {
		err = json.Unmarshal(data, &k)
	} else {
		p.buf.Write(data)
		if p.in == nil {
			p.in = p.decode(struct{ io.Reader }{noEOF{p.buf}})
		}
		err = json.NewDecoder(p.in).Decode(&k)
	}
	if k.Op == opDispatch {
		p.seq = k.S
	}
	return k, err
}

// event skips to the next event of that name.
func (p *peer) event(name string) packet {
	p.t.Helper()
	for {
		if k := p.next(); k.T == name {
			return k
		}
	}
}

func (p *peer) send(op int, d any) {
	p.t.Helper()
	data, _ := json.Marshal(map[string]any{"op": op, "d": d})
	if err := p.ws.Write(p.ctx, websocket.MessageText, data); err != nil {
		p.t.Fatal(err)
	}
}

// closed expects the connection to end with a code.
func (p *peer) closed(code int) {
	p.t.Helper()
	for {
		if _, err := p.read(); err != nil {
			if got := websocket.CloseStatus(err); int(got) != code {
				p.t.Errorf("closed with %v, want %d", err, code)
			}
			return
		}
	}
}

func (sc *scene) identify(p *peer, intents Intents, shard ...int) {
	d := map[string]any{"token": sc.Token(), "intents": intents, "properties": map[string]string{"os": "test"}}
	if len(shard) > 0 {
		d["shard"] = shard
	}
	p.send(opIdentify, d)
}

type ready struct {
	SessionID string `json:"session_id"`
	Resume    string `json:"resume_gateway_url"`
}

func (p *peer) ready() ready {
	p.t.Helper()
	var r ready
	if err := json.Unmarshal(p.event("READY").D, &r); err != nil {
		p.t.Fatal(err)
	}
	return r
}

// connect is a client that is ready.
func (sc *scene) connect(intents Intents) *peer {
	sc.t.Helper()
	p := sc.dial(sc.GatewayURL(), "")
	sc.identify(p, intents)
	p.session = p.ready().SessionID
	return p
}

// until skips to the next event of that name and reads it.
func (p *peer) until(name string) map[string]any {
	p.t.Helper()
	var e map[string]any
	if err := json.Unmarshal(p.event(name).D, &e); err != nil {
		p.t.Fatal(err)
	}
	return e
}

const everything = IntentGuilds | IntentGuildMessages | IntentDirectMessages | IntentMessageContent

func TestGatewayCompression(t *testing.T) {
	t.Parallel()
	for _, compress := range []string{"", "zlib-stream", "zstd-stream"} {
		sc := newScene(t)
		p := sc.dial(sc.GatewayURL(), compress)
		sc.identify(p, everything)
		p.ready()
		p.event("GUILD_CREATE")
		for i := range 3 {
			must(sc.anna.Send(sc.general, fmt.Sprint("message ", i)))(t)
			var m Message
			if err := json.Unmarshal(p.event("MESSAGE_CREATE").D, &m); err != nil || m.Content != fmt.Sprint("message ", i) || m.GuildID != sc.guild.ID {
				t.Errorf("%q: %+v %v", compress, m, err)
			}
		}
		p.send(opHeartbeat, p.seq)
		if k := p.next(); k.Op != opHeartbeatAck {
			t.Errorf("%q: %+v instead of an acknowledgement", compress, k)
		}
	}
}

func TestCloseCodes(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.DisallowedIntents = IntentMessageContent
	s.GuildsPerShard = 2
	sc := sceneOn(t, s)
	sc.AddGuild("second")
	identify := func(change map[string]any) map[string]any {
		d := map[string]any{"token": sc.Token(), "intents": IntentGuilds, "properties": map[string]string{}, "shard": []int{0, 2}}
		for k, v := range change {
			d[k] = v
		}
		return d
	}
	for name, test := range map[string]struct {
		op   int
		d    any
		code int
	}{
		"bad token":          {opIdentify, identify(map[string]any{"token": "x"}), 4004},
		"invalid intents":    {opIdentify, identify(map[string]any{"intents": 1 << 30}), 4013},
		"disallowed intents": {opIdentify, identify(map[string]any{"intents": everything}), 4014},
		"invalid shard":      {opIdentify, identify(map[string]any{"shard": []int{2, 2}}), 4010},
		"sharding required":  {opIdentify, identify(map[string]any{"shard": []int{0, 1}}), 4011},
		"not authenticated":  {opPresence, map[string]any{}, 4003},
	} {
		p := sc.dial(sc.GatewayURL(), "")
		p.send(test.op, test.d)
		p.closed(test.code)
		if started, _ := sc.Sessions(); started != 0 {
			t.Errorf("%s: a session started", name)
		}
	}
	p := sc.dial(sc.GatewayURL(), "")
	p.send(opIdentify, map[string]any{"token": sc.Token()})
	p.closed(4002)
	sc.forgive("IDENTIFY without")
	p = sc.dial(sc.GatewayURL(), "")
	sc.identify(p, IntentGuilds, 0, 2)
	p.ready()
	p.send(99, nil)
	p.closed(4001)
	sc.forgive("opcode 99")
}

func TestResume(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	p := sc.dial(sc.GatewayURL(), "")
	sc.identify(p, everything)
	r := p.ready()
	p.event("GUILD_CREATE")
	must(sc.anna.Send(sc.general, "seen"))(t)
	p.event("MESSAGE_CREATE")
	p.send(opHeartbeat, p.seq)
	p.next()
	sc.DropGateway()
	p.closed(-1)
	must(sc.anna.Send(sc.general, "missed 1"))(t)
	must(sc.anna.Send(sc.general, "missed 2"))(t)

	resume := func(session string, seq int) *peer {
		q := sc.dial(r.Resume, "zlib-stream")
		q.send(opResume, map[string]any{"token": sc.Token(), "session_id": session, "seq": seq})
		return q
	}
	q := resume(r.SessionID, p.seq)
	for i := 1; i <= 2; i++ {
		var m Message
		json.Unmarshal(q.event("MESSAGE_CREATE").D, &m)
		if m.Content != fmt.Sprint("missed ", i) || q.seq != p.seq+i {
			t.Errorf("replayed %q as %d", m.Content, q.seq)
		}
	}
	if k := q.next(); k.T != "RESUMED" {
		t.Errorf("%+v instead of RESUMED", k)
	}
	must(sc.anna.Send(sc.general, "live"))(t)
	q.event("MESSAGE_CREATE")
	if err := sc.AwaitResumed(q.ctx, 1); err != nil {
		t.Error(err)
	}

	if k := resume("nonsense", 1).next(); k.Op != opInvalidSession || string(k.D) != "false" {
		t.Errorf("unknown session: %+v", k)
	}
	if k := resume(r.SessionID, 1).next(); k.Op != opInvalidSession {
		t.Errorf("before what a heartbeat acknowledged: %+v", k)
	}
	resume(r.SessionID, 1000).closed(4007)

	// who says goodbye cannot come back
	p = sc.dial(sc.GatewayURL(), "")
	sc.identify(p, everything)
	r = p.ready()
	p.ws.Close(websocket.StatusNormalClosure, "bye")
	if err := sc.wait(p.ctx, 0, func() bool { return sc.gateway.sessions[r.SessionID] == nil }); err != nil {
		t.Fatal(err)
	}
	if k := resume(r.SessionID, p.seq).next(); k.Op != opInvalidSession {
		t.Errorf("after goodbye: %+v", k)
	}
}

func TestReconnectAndInvalidate(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	p := sc.dial(sc.GatewayURL(), "")
	sc.identify(p, everything)
	p.ready()
	p.event("GUILD_CREATE")
	sc.RequestReconnect()
	if k := p.next(); k.Op != opReconnect {
		t.Errorf("%+v", k)
	}
	sc.InvalidateSessions(false)
	if k := p.next(); k.Op != opInvalidSession || string(k.D) != "false" {
		t.Errorf("%+v", k)
	}
	sc.CloseGateway(4000, "bye")
	p.closed(4000)
}

func TestFreeze(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Heartbeat = 100 * time.Millisecond
	sc := sceneOn(t, s)
	p := sc.dial(sc.GatewayURL(), "")
	sc.identify(p, everything)
	p.ready()
	p.event("GUILD_CREATE")
	sc.FreezeGateway(true)
	must(sc.anna.Send(sc.general, "later"))(t)
	p.send(opHeartbeat, 1)
	short, cancel := context.WithTimeout(p.ctx, 30*time.Millisecond)
	defer cancel()
	got := make(chan packet, 2)
	go func() {
		for range 2 {
			k, _ := p.read()
			got <- k
		}
	}()
	select {
	case k := <-got:
		t.Fatalf("frozen gateway sent %+v", k)
	case <-short.Done():
	}
	sc.FreezeGateway(false)
	if a, b := <-got, <-got; a.T != "MESSAGE_CREATE" || b.Op != opHeartbeatAck {
		t.Errorf("%+v %+v", a, b)
	}
	// a client that goes silent is cut off
	if _, err := p.read(); err == nil {
		t.Error("still connected without heartbeats")
	}
}

func TestContentIntent(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	full, bare, none := sc.dial(sc.GatewayURL(), ""), sc.dial(sc.GatewayURL(), ""), sc.dial(sc.GatewayURL(), "")
	sc.identify(full, everything)
	full.event("GUILD_CREATE")
	sc.identify(bare, everything&^IntentMessageContent)
	bare.event("GUILD_CREATE")
	sc.identify(none, 0)
	none.ready()
	file := File{Name: "a.txt", Data: []byte("x")}
	bot := sc.post(`{"content":"by the bot"}`).message(t)
	for _, test := range []struct {
		send    func() (Message, error)
		visible bool
	}{
		{func() (Message, error) { return sc.anna.Send(sc.general, "to all", file) }, false},
		{func() (Message, error) { return sc.anna.Send(sc.general, sc.Bot().Mention()+" you", file) }, true},
		{func() (Message, error) { return sc.anna.Reply(bot, "answer", file) }, true},
		{func() (Message, error) { return sc.anna.ReplyQuietly(bot, "quiet answer", file) }, false},
		{func() (Message, error) { return sc.anna.Send(sc.anna.DM(), "direct", file) }, true},
	} {
		sent := must(test.send())(t)
		for p, visible := range map[*peer]bool{full: true, bare: test.visible} {
			var m Message
			for m.ID != sent.ID {
				json.Unmarshal(p.event("MESSAGE_CREATE").D, &m)
			}
			if (m.Content != "") != visible || (len(m.Attachments) == 1) != visible {
				t.Errorf("%q visible %v, want %v", sent.Content, !visible, visible)
			}
		}
	}
	none.send(opHeartbeat, 1)
	if k := none.next(); k.Op != opHeartbeatAck {
		t.Errorf("a session without intents got %s", k.T)
	}
	// with the privileged intent off, REST does not tell either
	sc.DisallowedIntents = IntentMessageContent
	hidden := must(sc.anna.Send(sc.general, "hidden"))(t)
	if m := sc.do("GET", fmt.Sprintf("/channels/%d/messages/%d", sc.general.ID, hidden.ID), nil).message(t); m.Content != "" {
		t.Errorf("REST told %q", m.Content)
	}
}

func TestEphemeralEvents(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.commands()
	p := sc.dial(sc.GatewayURL(), "")
	sc.identify(p, everything)
	p.event("GUILD_CREATE")
	it := must(sc.anna.Command(sc.general, "files"))(t)
	k := p.event("INTERACTION_CREATE")
	var payload map[string]any
	json.Unmarshal(k.D, &payload)
	if payload["attachment_size_limit"] != float64(10<<20) || payload["guild_id"] != sc.guild.ID.String() || payload["member"] == nil || payload["user"] != nil {
		t.Errorf("payload: %s", k.D)
	}
	sc.answer(it, `{"type":4,"data":{"content":"secret","flags":64}}`)
	var m map[string]any
	json.Unmarshal(p.event("MESSAGE_CREATE").D, &m)
	if m["guild_id"] != nil || m["member"] != nil || m["flags"] != float64(64) {
		t.Errorf("ephemeral messages count as direct ones: %v", m)
	}
}

func TestSharding(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.Shards, s.MaxConcurrency = 2, 1
	sc := sceneOn(t, s)
	guilds := []*Guild{sc.guild, sc.AddGuild("second")}
	if sc.shardOf(guilds[0], 2) == sc.shardOf(guilds[1], 2) {
		t.Fatal("both guilds are on one shard")
	}
	var peers []*peer
	for shard := range 2 {
		p := sc.dial(sc.GatewayURL(), "")
		sc.identify(p, everything, shard, 2)
		if shard == 1 {
			if k := p.next(); k.Op != opInvalidSession {
				t.Fatalf("max_concurrency 1: second identify got %+v", k)
			}
			sc.Advance(5 * time.Second)
			sc.identify(p, everything, shard, 2)
		}
		p.event("GUILD_CREATE")
		peers = append(peers, p)
	}
	if err := sc.AwaitConnected(peers[0].ctx); err != nil {
		t.Fatal(err)
	}
	guilds[1].AddMember(sc.anna)
	for _, g := range guilds {
		must(sc.anna.Send(g.Channel("general"), g.Name))(t)
		var m Message
		json.Unmarshal(peers[sc.shardOf(g, 2)].event("MESSAGE_CREATE").D, &m)
		if m.Content != g.Name {
			t.Errorf("shard of %s got %q", g.Name, m.Content)
		}
	}
	must(sc.anna.Send(sc.anna.DM(), "direct"))(t)
	var m Message
	json.Unmarshal(peers[0].event("MESSAGE_CREATE").D, &m)
	if m.Content != "direct" {
		t.Errorf("shard 0 got %q", m.Content)
	}
}

func TestEventFaults(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	p := sc.dial(sc.GatewayURL(), "")
	sc.identify(p, everything)
	p.event("GUILD_CREATE")
	content := func() string {
		var m Message
		json.Unmarshal(p.event("MESSAGE_CREATE").D, &m)
		return m.Content
	}
	sc.Inject(Fault{On: "GATEWAY MESSAGE_CREATE", Duplicate: true})
	must(sc.anna.Send(sc.general, "twice"))(t)
	if a, b := content(), content(); a != "twice" || b != "twice" {
		t.Errorf("%q %q", a, b)
	}
	sc.Inject(Fault{On: "GATEWAY MESSAGE_CREATE", Reorder: true})
	must(sc.anna.Send(sc.general, "first"))(t)
	must(sc.anna.Send(sc.general, "second"))(t)
	if a, b := content(), content(); a != "second" || b != "first" {
		t.Errorf("%q %q", a, b)
	}
	sc.Inject(Fault{On: "GATEWAY MESSAGE_CREATE", Reorder: true})
	must(sc.anna.Send(sc.general, "alone"))(t)
	if a := content(); a != "alone" {
		t.Errorf("%q", a)
	}
	sc.Inject(Fault{On: "GATEWAY MESSAGE_CREATE", Corrupt: true})
	must(sc.anna.Send(sc.general, "broken"))(t)
	var m Message
	if err := json.Unmarshal(p.event("MESSAGE_CREATE").D, &m); err == nil {
		t.Error("decodable")
	}
	sc.SendEvent("SOMETHING_NEW", map[string]any{"a": 1})
	p.event("SOMETHING_NEW")
}
