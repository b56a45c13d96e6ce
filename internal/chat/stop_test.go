package chat_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

func TestStoppedByTheUser(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Push(llmtest.Reply{Text: "One two three four five six", Hang: true})
	ctx, stop := context.WithCancelCause(t.Context())
	turn := w.turn("count")
	res, err := w.Run(ctx, turn, func(ev chat.Event) {
		if d, ok := ev.(chat.TextDelta); ok && strings.Contains(d.Text, "three") {
			stop(errors.New("pressed Stop"))
		}
	})
	if !fault.Is(err, fault.Canceled) || !strings.HasPrefix(res.Text, "One two three") {
		t.Errorf("%+v, %v", res, err)
	}
	w.run(w.turn("go on"))
	if got := said(w.last()); !strings.Contains(got, "One two three") || !strings.Contains(got, "[This answer was interrupted here. The user stopped it.]") {
		t.Errorf("history: %q", got)
	}
	if _, err := w.Run(t.Context(), turn, nil); !fault.Is(err, fault.Exists) {
		t.Errorf("answered again: %v", err)
	}
}

func TestStoppedWhileAToolRuns(t *testing.T) {
	w := newWorld(t, chat.Options{})
	ctx, stop := context.WithCancel(t.Context())
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, c llm.ToolCall, _ llm.ToolHooks) llm.ToolResult {
		stop()
		<-ctx.Done()
		return llm.ToolResult{Failed: true, Error: "KeyboardInterrupt"}
	}
	w.server.Push(llmtest.Reply{Text: "I run it.", Calls: []llm.ToolCall{python("a", "1"), python("b", "2")}})
	_, err := w.Run(ctx, w.turn("go"), nil)
	if !fault.Is(err, fault.Canceled) || len(w.tools.Calls()) != 1 {
		t.Errorf("%v, %d calls", err, len(w.tools.Calls()))
	}
	w.run(w.turn("and?")) // the history is well formed: llmtest checks it
	if got := strings.Join(results(w.last()), "|"); got != "KeyboardInterrupt|Not run: the user stopped the answer." {
		t.Errorf("results %q", got)
	}
}

func TestFailuresAreToldAndRemembered(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Push(llmtest.Reply{Text: "The answer begins but then it breaks", Cut: 3})
	res, err := w.Run(t.Context(), w.turn("first"), nil)
	if !fault.Is(err, fault.Unavailable) || res.Text == "" {
		t.Errorf("%+v, %v", res, err)
	}
	w.server.Push(llmtest.Reply{Status: 401, Message: "no"})
	if _, err := w.Run(t.Context(), w.turn("second"), nil); !fault.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
	w.run(w.turn("third"))
	got := said(w.last())
	if !strings.Contains(got, "first / The answer begins") || !strings.Contains(got, "interrupted here. The language model's answer broke off.]") || strings.Contains(got, "second") {
		t.Errorf("history: %q", got)
	}
	// What was never answered can be run again.
	again := w.turn("fourth")
	w.server.Push(llmtest.Reply{Status: 401, Message: "no"})
	if _, err := w.Run(t.Context(), again, nil); err == nil {
		t.Fatal("no error")
	}
	retry := w.turn("")
	retry.Replaces = again.ID
	if res, _ := w.run(retry); res.Text != "OK." || w.last().LastUser() != "fourth" {
		t.Errorf("%+v, %q", res, w.last().LastUser())
	}
}

func TestEmptyAnswers(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Push(llmtest.Reply{}, llmtest.Reply{Text: "There."})
	if res, _ := w.run(w.turn("one")); res.Text != "There." {
		t.Errorf("%+v", res)
	}
	w.server.Push(llmtest.Reply{}, llmtest.Reply{})
	if _, err := w.Run(t.Context(), w.turn("two"), nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	// After a tool, silence is an answer: what the tool made.
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}}, llmtest.Reply{}, llmtest.Reply{})
	w.run(w.turn("three"))
	w.server.Push(llmtest.Reply{Finish: "content_filter"})
	if _, events := w.run(w.turn("four")); !strings.Contains(events, "filtered") {
		t.Errorf("%s", events)
	}
	w.server.Push(llmtest.Reply{Text: "Long, lon", Finish: "length"})
	if _, events := w.run(w.turn("five")); !strings.Contains(events, "cut at the model's output limit") {
		t.Errorf("%s", events)
	}
	w.run(w.turn("six"))
}

// Two people in one conversation are answered side by side, but where one goes on
// from what the other waits for, and where both run code in one session.
func TestSideBySide(t *testing.T) {
	w := newWorld(t, chat.Options{})
	release := make(chan bool)
	w.server.Answer = func(r llmtest.Request) llmtest.Reply {
		if strings.Contains(r.LastUser(), "slow") {
			<-release
			return llmtest.Reply{Text: "slow answer"}
		}
		return llmtest.Reply{Text: "quick answer"}
	}
	const bert = 8
	run := func(turn chat.Turn, order chan<- string) (waiting chan bool) {
		waiting = make(chan bool, 10)
		go func() {
			if _, err := w.Run(t.Context(), turn, func(e chat.Event) {
				if _, ok := e.(chat.Waiting); ok {
					waiting <- true
				}
			}); err != nil {
				t.Error(err)
			}
			order <- turn.ID
		}()
		return waiting
	}
	for _, after := range []bool{false, true} {
		order := make(chan string, 2)
		first, second := w.turn("slow one"), w.turn("mine")
		second.User, second.UserName, second.After = bert, "Bert", after
		requests := len(w.server.Requests())
		run(first, order)
		w.server.Await(t.Context(), requests+1)
		waiting := run(second, order)
		var ended []string
		waited := false
		select {
		case waited = <-waiting:
		case id := <-order:
			ended = append(ended, id)
		}
		release <- true
		for len(ended) < 2 {
			ended = append(ended, <-order)
		}
		if inOrder := ended[0] == first.ID; inOrder != after || waited != after {
			t.Errorf("after %v: %q; waited %v", after, ended, waited)
		}
	}
	// What is read of the conversation is what had ended.
	order := make(chan string, 1)
	run(w.turn("and?"), order)
	<-order
	rs := w.server.Requests()
	if got := rs[len(rs)-1].Messages; len(got) != 1+2*4+1 && len(got) != 2+2*4+1 {
		t.Errorf("%d messages: %+v", len(got), got)
	}
}

func TestTurnsOfOneConversationQueue(t *testing.T) {
	w := newWorld(t, chat.Options{})
	release := make(chan bool)
	w.server.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.LastUser() == "first" {
			<-release
			return llmtest.Reply{Text: "slow"}
		}
		return llmtest.Reply{Text: "OK."}
	}
	var all sync.WaitGroup
	first, second := w.turn("first"), w.turn("second")
	all.Go(func() {
		if _, err := w.Run(t.Context(), first, nil); err != nil {
			t.Error(err)
		}
	})
	w.server.Await(t.Context(), 1)
	all.Go(func() {
		if _, err := w.Run(t.Context(), second, nil); err != nil {
			t.Error(err)
		}
	})
	// One that gives up its place leaves the others theirs.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := w.Run(ctx, w.turn("third"), nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	other := w.turn("elsewhere")
	other.Conversation = "dm:bert"
	w.run(other) // another conversation does not wait
	if n := len(w.server.Requests()); n != 2 {
		t.Errorf("%d requests while the first turn ran", n)
	}
	close(release)
	all.Wait()
	if got := said(w.last()); got != "first / slow / second" {
		t.Errorf("prompt: %q", got)
	}
}

func TestCloseLetsTurnsFinish(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Push(llmtest.Reply{Text: "This takes a moment to be said.", Pause: 20 * time.Millisecond})
	done := make(chan error, 1)
	go func() {
		_, err := w.Run(t.Context(), w.turn("hi"), nil)
		done <- err
	}()
	w.server.Await(t.Context(), 1)
	if err := w.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("the turn that ran: %v", err)
	}
	late := chat.Turn{ID: "late", User: anna, Conversation: "dm:anna", Text: "hi"}
	if _, err := w.Run(t.Context(), late, nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after Close: %v", err)
	}
	if err := w.Close(t.Context()); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	// What was refused is not answered yet: after the restart it can be.
	w.start()
	w.run(late)
}

func TestCloseStopsWhatTakesTooLong(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Push(llmtest.Reply{Text: "Half of the answer", Hang: true})
	turn := w.turn("hi")
	type end struct {
		res chat.Result
		err error
	}
	done := make(chan end, 1)
	half := make(chan struct{})
	var once sync.Once
	go func() {
		res, err := w.Run(t.Context(), turn, func(chat.Event) { once.Do(func() { close(half) }) })
		done <- end{res, err}
	}()
	<-half
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := w.Close(ctx); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Close: %v", err)
	}
	got := <-done
	if !fault.Is(got.err, fault.Unavailable) || !strings.Contains(fault.Message(got.err), "I have to stop for a moment") || got.res.Text == "" {
		t.Errorf("%+v", got)
	}
	w.start()
	if turns, err := w.Recover(t.Context()); err != nil || len(turns) != 0 {
		t.Errorf("a turn that was told is told again: %+v, %v", turns, err)
	}
	if _, err := w.Run(t.Context(), turn, nil); !fault.Is(err, fault.Exists) {
		t.Errorf("answered again: %v", err)
	}
	w.run(w.turn("go on"))
	if got := said(w.last()); !strings.Contains(got, "interrupted here. I have to stop for a moment") {
		t.Errorf("history: %q", got)
	}
}

// A crash leaves a turn that runs for ever: the next start finds it.
func TestRecoverAfterACrash(t *testing.T) {
	w := newWorld(t, chat.Options{})
	turn := w.turn("hi")
	crashed := chat.Record{ID: turn.ID, Conversation: turn.Conversation, User: turn.User, State: chat.Running,
		Started: time.Now().Add(-time.Minute).UTC(), Messages: []llm.Message{llm.Text(llm.User, "hi")}}
	if err := w.store.Begin(t.Context(), crashed, ""); err != nil {
		t.Fatal(err)
	}
	w.start()
	turns, err := w.Recover(t.Context())
	if err != nil || len(turns) != 1 || turns[0].ID != turn.ID || turns[0].Conversation != turn.Conversation {
		t.Fatalf("%+v, %v", turns, err)
	}
	if _, err := w.Run(t.Context(), turn, nil); !fault.Is(err, fault.Exists) {
		t.Errorf("an event that came twice: %v", err)
	}
	retry := w.turn("")
	retry.Replaces = turn.ID
	if res, _ := w.run(retry); res.Text != "OK." {
		t.Errorf("%+v", res)
	}

	// One that had begun to work is in the history, with a mark.
	crashed.ID, crashed.Started = "crashed", time.Now().UTC()
	result := llm.Text(llm.FromTool, "42")
	result.CallID = "a"
	crashed.Messages = []llm.Message{llm.Text(llm.User, "compute"), {Role: llm.Assistant, Calls: []llm.ToolCall{python("a", "42")}}, result}
	if err := w.store.Begin(t.Context(), crashed, ""); err != nil {
		t.Fatal(err)
	}
	w.start()
	if turns, err := w.Recover(t.Context()); err != nil || len(turns) != 1 {
		t.Fatalf("%+v, %v", turns, err)
	}
	w.run(w.turn("go on"))
	if got := said(w.last()); !strings.Contains(got, "compute /  / [This answer was interrupted.] / go on") {
		t.Errorf("history: %q", got)
	}
}

func TestTurnsHaveATimeLimit(t *testing.T) {
	w := newWorld(t, chat.Options{MaxTurn: 50 * time.Millisecond})
	w.server.Push(llmtest.Reply{Text: "Half", Hang: true})
	_, err := w.Run(t.Context(), w.turn("hi"), nil)
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "longer than 50ms") {
		t.Errorf("%v", err)
	}
}

func TestRefusedTurns(t *testing.T) {
	w := newWorld(t, chat.Options{})
	good := w.turn("hi")
	for _, c := range []struct {
		name string
		bend func(*chat.Turn)
		kind fault.Kind
	}{
		{"no text", func(t *chat.Turn) { t.Text = " \n" }, fault.Invalid},
		{"no id", func(t *chat.Turn) { t.ID = "" }, fault.Internal},
		{"no user", func(t *chat.Turn) { t.User = 0 }, fault.Internal},
		{"no conversation", func(t *chat.Turn) { t.Conversation = "" }, fault.Internal},
		{"a long conversation", func(t *chat.Turn) { t.Conversation = strings.Repeat("x", 201) }, fault.Internal},
	} {
		turn := good
		c.bend(&turn)
		if _, err := w.Run(t.Context(), turn, nil); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	w.run(good)
}
