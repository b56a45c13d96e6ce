package chat_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/chat/chattest"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

// results returns the texts of the tool messages of a request.
func results(r llmtest.Request) (texts []string) {
	for _, m := range r.Messages {
		if m.Role == "tool" {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

func TestArgumentsAreRepairedOrReported(t *testing.T) {
	cases := []struct{ name, tool, args, finish, ran, told string }{
		{"repaired", "execute_python_code", "```json\n{\"code\":\"print(1)\",}\n```", "", `{"code":"print(1)"}`, "ran"},
		{"by the name it was trained with", "python", `{"code":"print(1)"}`, "", `{"code":"print(1)"}`, "ran"},
		{"by gpt-oss's name", "container.python", `{"code":"print(1)"}`, "", `{"code":"print(1)"}`, "ran"},
		{"not repairable", "execute_python_code", `{"code":"print(1`, "", "", "not a JSON object"},
		{"cut at the limit", "execute_python_code", `{"code":"print(1`, "length", "", "cut off at your output limit"},
		{"unknown tool", "browse", `{}`, "", "", `There is no tool named "browse". The tools are: execute_python_code.`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, chat.Options{})
			w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("a", c.tool, c.args)}, Finish: c.finish}, llmtest.Reply{Text: "Done."})
			w.run(w.turn("go"))
			var ran string
			if calls := w.tools.Calls(); len(calls) > 0 {
				ran = strings.SplitN(calls[0], " ", 4)[3]
			}
			if ran != c.ran {
				t.Errorf("ran %q", ran)
			}
			if got := results(w.last()); len(got) != 1 || !strings.Contains(got[0], c.told) {
				t.Errorf("told %q", got)
			}
		})
	}
}

func TestCallsRunAtTheSameTimeButInOrderWhereAsked(t *testing.T) {
	w := newWorld(t, chat.Options{})
	fetch := llm.Tool{Name: "fetch", Parameters: []byte(`{"type":"object","properties":{"n":{"type":"number"}}}`)}
	w.tools.List = []llm.Tool{chattest.Python, fetch}
	var order []string
	var mu sync.Mutex
	meet := make(chan struct{}, 3) // all three fetches are under way at once
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, c llm.ToolCall, _ llm.ToolHooks) llm.ToolResult {
		if c.Name == "fetch" {
			meet <- struct{}{}
			for len(meet) < 3 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			return llm.ToolResult{Output: "fetched " + c.Arguments}
		}
		mu.Lock()
		order = append(order, c.ID)
		running := len(order)
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		if len(order) != running {
			t.Error("two Python calls ran at the same time")
		}
		return llm.ToolResult{Output: "python " + c.ID}
	}
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{
		python("p1", "1"), llmtest.Call("f1", "fetch", `{"n":1}`), python("p2", "2"),
		llmtest.Call("f2", "fetch", `{"n":2}`), python("p3", "3"), llmtest.Call("f3", "fetch", `{"n":3}`),
	}}, llmtest.Reply{Text: "Done."})
	w.run(w.turn("go"))
	if got := strings.Join(order, " "); got != "p1 p2 p3" {
		t.Errorf("order %q", got)
	}
	want := `python p1|fetched {"n":1}|python p2|fetched {"n":2}|python p3|fetched {"n":3}`
	if got := strings.Join(results(w.last()), "|"); got != want {
		t.Errorf("results %q", got)
	}
}

func TestOneReplyMayNotCallWithoutEnd(t *testing.T) {
	w := newWorld(t, chat.Options{})
	var calls []llm.ToolCall
	for i := range 100 {
		calls = append(calls, python(fmt.Sprint("c", i), "1"))
	}
	w.server.Push(llmtest.Reply{Calls: calls}, llmtest.Reply{Text: "Done."})
	w.run(w.turn("go"))
	if n := len(w.tools.Calls()); n > 20 {
		t.Errorf("%d calls ran", n)
	}
	if got := results(w.last()); len(got) != 100 || !strings.Contains(got[99], "at most") {
		t.Errorf("%d results, the last one %q", len(got), got[len(got)-1])
	}
}

func TestRoundsAreBounded(t *testing.T) {
	w := newWorld(t, chat.Options{MaxRounds: 4})
	w.server.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.ToolChoice == "none" {
			return llmtest.Reply{Text: "This is what I have."}
		}
		return llmtest.Reply{Calls: []llm.ToolCall{python(fmt.Sprint("c", len(r.Messages)), "again")}}
	}
	res, events := w.run(w.turn("loop"))
	if res.Text != "This is what I have." || len(w.tools.Calls()) != 4 || len(w.server.Requests()) != 5 {
		t.Errorf("%q, %d calls, %d requests", res.Text, len(w.tools.Calls()), len(w.server.Requests()))
	}
	if !strings.Contains(events, "notice: I stopped after the largest number of steps") {
		t.Errorf("events:\n%s", events)
	}
	// A model that calls although it may not is not obeyed.
	w.server.Answer = func(r llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Text: "x", Calls: []llm.ToolCall{python(fmt.Sprint("c", len(r.Messages)), "again")}}
	}
	w.run(w.turn("loop"))
	if n := len(w.tools.Calls()); n != 8 {
		t.Errorf("%d calls", n)
	}
	w.run(w.turn("and now?")) // the history is still well formed
}

func TestBrokenToolsStopNothing(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.tools.Handle = func(_ context.Context, _ files.UserID, _ string, c llm.ToolCall, _ llm.ToolHooks) llm.ToolResult {
		switch c.ID {
		case "panics":
			panic("a bug")
		case "fails":
			return llm.ToolResult{Failed: true, Error: "ZeroDivisionError: division by zero"}
		}
		return llm.ToolResult{}
	}
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{python("panics", "1"), python("fails", "1/0"), python("silent", "x = 1")}}, llmtest.Reply{Text: "Fine."})
	res, events := w.run(w.turn("go"))
	got := strings.Join(results(w.last()), "|")
	if res.Text != "Fine." || got != "Note: The tool execute_python_code crashed.|ZeroDivisionError: division by zero|(The tool ran and returned nothing.)" {
		t.Errorf("%q, results %q", res.Text, got)
	}
	if strings.Count(events, "end: true") != 2 || strings.Contains(events+got, "a bug") {
		t.Errorf("events:\n%s", events)
	}
}

func TestLongOutputIsShortenedForTheModel(t *testing.T) {
	w := newWorld(t, chat.Options{})
	out := "HEAD" + strings.Repeat("é漢🐍", 20_000) + "TAIL\xff"
	w.tools.Handle = func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Output: out}
	}
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}}, llmtest.Reply{Text: "Long."})
	w.run(w.turn("go"))
	got := results(w.last())[0]
	if len(got) > 20_300 || !strings.HasPrefix(got, "HEAD") || !strings.HasSuffix(got, "TAIL\uFFFD") || !strings.Contains(got, "at most 20000 are shown") {
		t.Errorf("%d bytes: %.100q … %q", len(got), got, got[len(got)-100:])
	}
	// In the next turn it matters less.
	w.run(w.turn("and?"))
	if got := results(w.last())[0]; len(got) > 2_300 || !strings.HasSuffix(got, "TAIL\uFFFD") {
		t.Errorf("%d bytes in the next turn", len(got))
	}
}

func TestToolsActForTheUserAndAsk(t *testing.T) {
	w := newWorld(t, chat.Options{})
	secret := w.save(bert, "secret.csv", []byte("x\n1\n"))
	w.tools.Handle = func(ctx context.Context, user files.UserID, conversation string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		yes, err := h.Ask(ctx, locale.Later("Install evil?"))
		return llm.ToolResult{Output: fmt.Sprint(user, conversation, yes, err), Files: []string{string(secret.ID)}}
	}
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}}, llmtest.Reply{Text: "Done."})
	turn := w.turn("go")
	turn.Ask = func(_ context.Context, q locale.Message) (bool, error) { return q.Key == "Install evil?", nil }
	res, _ := w.run(turn)
	if got := results(w.last())[0]; got != "4242 dm:anna true <nil>" && got != "4242dm:annatrue<nil>" && !strings.Contains(got, "dm:anna") {
		t.Errorf("%q", got)
	}
	if len(res.Files) != 0 {
		t.Errorf("Anna got Bert's file: %+v", res.Files)
	}
}

func TestToolThatSpeaksAfterItsEndIsNotHeard(t *testing.T) {
	w := newWorld(t, chat.Options{})
	var late sync.WaitGroup
	release := make(chan struct{})
	w.tools.Handle = func(_ context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		late.Go(func() {
			<-release
			h.Status(llm.ToolStatus{State: llm.ToolWorking, Detail: "still here"})
		})
		return llm.ToolResult{Output: "ok"}
	}
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}})
	var over atomic.Bool
	_, err := w.Run(t.Context(), w.turn("go"), func(chat.Event) {
		if over.Load() {
			t.Error("an event after the end")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	over.Store(true)
	close(release)
	late.Wait()
}

// The tables of a run stay with the conversation, as far as there is room, each in
// its place.
func TestTablesAreKept(t *testing.T) {
	w := newWorld(t, chat.Options{})
	row := []string{strings.Repeat("x", 1000)}
	large := table.Table{Columns: []string{"a"}, Rows: slices.Repeat([][]string{row}, 50), TotalRows: 900, File: "1_1_0123abcd"}
	w.tools.Handle = func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Run: &llm.Run{Code: "1"}, Failed: true, Error: strings.Repeat("e", 20_000),
			Tables: []table.Table{{Columns: []string{"n"}, Rows: [][]string{{"1"}}}, large, large, {Columns: []string{"z"}, Rows: [][]string{{"2"}}}}}
	}
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}}, llmtest.Reply{Text: "Done."})
	turn := w.turn("go")
	w.run(turn)
	rec, err := w.store.Get(t.Context(), turn.ID)
	if err != nil {
		t.Fatal(err)
	}
	run := rec.Messages[2].Run
	var got []string
	for _, one := range run.Tables {
		got = append(got, fmt.Sprint(one.Columns, " ", len(one.Rows), " ", one.TotalRows, one.File))
	}
	if want := "[n] 1 1|[a] 50 9001_1_0123abcd|[a] 13 9001_1_0123abcd|[] 0 1"; strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
	if !run.Failed || len(run.Error) > 16_200 {
		t.Errorf("%v, %d bytes", run.Failed, len(run.Error))
	}
	if text := results(w.last())[0]; strings.Contains(text, "xxx") {
		t.Errorf("the model got the rows: %.100s", text)
	}
}
