package assistant_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

const carl = files.UserID(9)

var names = map[files.UserID]string{anna: "anna", bert: "bert", carl: "carl"}

// says lets somebody write in a conversation of several people, with files.
func (w *world) says(who files.UserID, conversation string, with assistant.Company, fs ...files.File) *assistant.Turn {
	return w.ask(assistant.Request{ID: fmt.Sprint("test/", w.n.Add(1)), User: who, UserName: names[who], Conversation: conversation,
		Message: assistant.Message{Text: "go on", Files: fs, Company: with}})
}

// uses lets somebody's code use files in a conversation: which errors it got, in
// whose session it ran, and what it saw listed.
func (w *world) uses(who files.UserID, conversation string, with assistant.Company, fs ...files.File) used {
	w.t.Helper()
	var u used
	w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		if user != who {
			return llm.ToolResult{}
		}
		u.session = files.UserID(h.Sharing.Session)
		for _, f := range fs {
			u.errs = append(u.errs, h.Sharing.Use(ctx, string(f.ID)))
		}
		u.listed, u.all, _ = h.Sharing.Listed(ctx)
		return llm.ToolResult{}
	}
	w.model.Push(llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c1", llm.PythonTool, map[string]string{"code": "1"})}})
	w.wait(w.says(who, conversation, with))
	return u
}

type used struct {
	errs    []error
	session files.UserID
	listed  []string
	all     bool
}

// replies answers the questions of a person as they come, and counts them.
func (w *world) replies(who files.UserID, yes bool) (stop func() []string) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan []string)
	go func() {
		var texts []string
		for ctx.Err() == nil {
			for _, q := range w.Questions(who) {
				texts = append(texts, q.Text.String())
				if err := w.Answer(bert, q.ID, true); who != bert && !fault.Is(err, fault.Denied) {
					w.t.Errorf("somebody else's answer: %v", err)
				}
				if err := w.Answer(who, q.ID, yes); err != nil {
					w.t.Error(err)
				}
			}
			time.Sleep(time.Millisecond)
		}
		done <- texts
	}()
	return func() []string {
		cancel()
		return <-done
	}
}

func (w *world) file(who files.UserID, name string) files.File {
	w.t.Helper()
	s, err := w.files.Save(w.t.Context(), files.Upload{User: who, Name: name, Size: -1, Body: strings.NewReader(name + ",b\n1,2\n")})
	if err != nil {
		w.t.Fatal(err)
	}
	return s.File
}

// Who joins a conversation with the assistant uses what was brought into it, and
// that alone, there and nowhere else; no question is asked.
func TestJoiningSharesWhatWasBrought(t *testing.T) {
	w := newWorld(t, assistant.Options{Burst: 100})
	stop := w.replies(anna, true)
	sales, secret := w.file(anna, "sales.csv"), w.file(anna, "secret.csv")
	w.wait(w.says(anna, "c", assistant.Joining, sales))
	if u := w.uses(anna, "c", assistant.Joining, sales); u.errs[0] != nil || u.session != 0 || !u.all {
		t.Errorf("alone so far: %+v", u)
	}
	u := w.uses(bert, "c", assistant.Joining, sales, secret)
	if u.errs[0] != nil || !fault.Is(u.errs[1], fault.NotFound) || u.session != anna || u.all || len(u.listed) != 0 {
		t.Errorf("bert: %+v", u)
	}
	if u := w.uses(bert, "elsewhere", assistant.Joining, sales); !fault.Is(u.errs[0], fault.NotFound) || u.session != 0 {
		t.Errorf("elsewhere: %+v", u)
	}
	if err := w.files.Delete(t.Context(), bert, sales.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("bert deletes: %v", err)
	}
	if n := len(stop()); n > 0 {
		t.Errorf("%d questions", n)
	}

	// From now on the session is everybody's: anna's other files need her yes.
	stop = w.replies(anna, false)
	if u := w.uses(anna, "c", assistant.Joining, secret); !fault.Is(u.errs[0], fault.Denied) || u.all || len(u.listed) != 1 {
		t.Errorf("anna, no: %+v", u)
	}
	if asked := stop(); len(asked) != 1 || !strings.Contains(asked[0], "secret.csv") {
		t.Errorf("asked %q", asked)
	}
	stop = w.replies(anna, true)
	w.uses(anna, "c", assistant.Joining, secret)
	stop()
	if u := w.uses(bert, "c", assistant.Joining, secret); u.errs[0] != nil {
		t.Errorf("after anna's yes: %v", u.errs)
	}
	if err := w.Reset(t.Context(), anna, "c"); err != nil {
		t.Fatal(err)
	}
	if u := w.uses(bert, "c", assistant.Joining, sales); !fault.Is(u.errs[0], fault.NotFound) {
		t.Errorf("after a reset: %+v", u)
	}
}

// A session that holds more than what was brought into the conversation stays
// its user's own.
func TestPrivateSessionIsNotShared(t *testing.T) {
	w := newWorld(t, assistant.Options{Burst: 100})
	sales, secret := w.file(anna, "sales.csv"), w.file(anna, "secret.csv")
	w.wait(w.says(anna, "c", assistant.Joining, sales))
	if u := w.uses(anna, "c", assistant.Joining, secret); u.errs[0] != nil {
		t.Fatal(u.errs)
	}
	if u := w.uses(bert, "c", assistant.Joining, sales); u.errs[0] != nil || u.session != 0 || !u.all {
		t.Errorf("bert: %+v", u)
	}
}

// Among people the owner of a file is asked, once; nobody else can answer.
func TestOwnerIsAsked(t *testing.T) {
	now := time.Now()
	w := newWorld(t, assistant.Options{Now: func() time.Time { return now }, Burst: 100, AskTime: 300 * time.Millisecond})
	sales, more := w.file(anna, "sales*.csv"), w.file(anna, "more.csv")
	w.wait(w.says(anna, "c", assistant.Among, sales))

	u := w.uses(bert, "c", assistant.Among, sales, sales)
	if m := fault.Message(u.errs[0]); !strings.Contains(m, "anna") || !strings.Contains(m, "ask again") || u.errs[1] != u.errs[0] && u.errs[1].Error() != u.errs[0].Error() {
		t.Errorf("anna is away: %v", u.errs)
	}
	stop := w.replies(anna, false)
	if u := w.uses(bert, "c", assistant.Among, sales); !strings.Contains(fault.Message(u.errs[0]), "anna, who said no") {
		t.Errorf("anna says no: %v", u.errs)
	}
	w.uses(carl, "c", assistant.Among, sales)
	if asked := stop(); len(asked) != 1 || !strings.Contains(asked[0], `Let people in this thread use **sales\*.csv**?`) {
		t.Errorf("asked %q", asked)
	}
	now = now.Add(2 * time.Hour)
	stop = w.replies(anna, true)
	if u := w.uses(bert, "c", assistant.Among, sales); u.errs[0] != nil || u.session != 0 {
		t.Errorf("anna says yes: %+v", u)
	}
	w.wait(w.says(anna, "c", assistant.Among, more))
	if u := w.uses(carl, "c", assistant.Among, more, sales); u.errs[0] != nil || u.errs[1] != nil || u.session != anna {
		t.Errorf("after her yes: %+v", u)
	}
	if asked := stop(); len(asked) != 1 {
		t.Errorf("asked %q", asked)
	}
	if u := w.uses(carl, "d", assistant.Among, more); !fault.Is(u.errs[0], fault.NotFound) {
		t.Errorf("in another thread: %v", u.errs)
	}
}

// Two who ask at the same time are one question.
func TestOneQuestionForTwo(t *testing.T) {
	w := newWorld(t, assistant.Options{Burst: 100})
	sales := w.file(anna, "sales.csv")
	for _, c := range []string{"c", "d"} {
		w.wait(w.says(anna, c, assistant.Among, sales))
	}
	errs := make(chan error, 4)
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		errs <- h.Sharing.Use(ctx, string(sales.ID))
		return llm.ToolResult{}
	}
	w.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.Last().Role == "tool" {
			return llmtest.Reply{Text: "Done."}
		}
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c1", llm.PythonTool, map[string]string{"code": "1"})}}
	}
	turns := []*assistant.Turn{w.says(bert, "c", assistant.Among), w.says(carl, "c", assistant.Among)}
	deadline := time.Now().Add(10 * time.Second)
	for len(w.Questions(anna)) == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	qs := w.Questions(anna)
	if len(qs) != 1 || qs[0].Conversation != "c" {
		t.Fatalf("questions: %+v", qs)
	}
	if err := w.Answer(anna, qs[0].ID, true); err != nil {
		t.Fatal(err)
	}
	for _, turn := range turns {
		w.wait(turn)
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
