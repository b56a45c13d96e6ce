package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/creack/pty"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/assistant/assistanttest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

// screen is what a person sees.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	keys io.Writer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// await waits until the screen has shown a text n times.
func (s *screen) await(t *testing.T, text string, n int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		seen := s.text.String()
		s.mu.Unlock()
		if strings.Count(seen, text) >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%q did not come %d times:\n%s", text, n, seen)
		}
	}
}

// A question is answered by what is typed while it is open, and by nothing else:
// a line typed before it is no consent, and a line typed after it has timed out is
// the next question to the model.
func TestQuestionTakesItsOwnAnswer(t *testing.T) {
	for term, prompt := range map[string]string{"xterm": "[?2004h", "dumb": "> "} { // with the editor, and without
		t.Run(term, func(t *testing.T) {
			t.Setenv("TERM", term)
			keys, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer keys.Close()
			defer tty.Close()
			s := &screen{keys: keys}
			go io.Copy(s, keys)

			w := assistanttest.New(t, assistant.Options{AskTime: 2 * time.Second}, files.Options{})
			typed, answers := make(chan struct{}), make(chan string, 3)
			w.Tools.Handle = func(ctx context.Context, _ files.UserID, _ string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
				if c.ID == "first" {
					<-typed
				}
				yes, err := h.Ask(ctx, locale.Later("May I?"))
				answers <- fmt.Sprint(yes, " ", fault.Message(err))
				return llm.ToolResult{}
			}
			call := func(id string) llmtest.Reply {
				return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call(id, "execute_python_code", `{"code":"1"}`)}}
			}
			w.Model.Push(call("first"), llmtest.Reply{Text: "first done"}, call("second"), llmtest.Reply{Text: "second done"})

			talk := New(w.Assistant, Options{In: tty, Out: Clean(tty), Status: Clean(tty), User: 1, Conversation: "c"})
			left := make(chan error, 1)
			go func() { left <- talk.Converse(t.Context()) }()
			s.await(t, prompt, 1)
			io.WriteString(keys, "Do it.\r")
			s.await(t, "Running Python", 1)
			io.WriteString(keys, "yes, and quickly\r") // before it is asked
			s.await(t, "yes, and quickly", 1)
			close(typed)
			s.await(t, "Nobody answered the question in time.", 1)
			if got := <-answers; got != "false Nobody answered the question in time." {
				t.Errorf("a line typed before the question answered it: %q", got)
			}
			s.await(t, "first done", 1)
			s.await(t, prompt, 2)
			io.WriteString(keys, "How many rows?\r")
			s.await(t, "May I?", 2)
			io.WriteString(keys, "y\r")
			if got := <-answers; got != "true " {
				t.Errorf("an answer in time: %q", got)
			}
			s.await(t, "second done", 1)
			if all := w.Model.Requests(); len(all) < 3 || !strings.Contains(fmt.Sprint(all[2]), "How many rows?") {
				t.Errorf("what was typed after the question did not come to the model")
			}
			s.await(t, prompt, 3)
			io.WriteString(keys, "/quit\r")
			if err := <-left; err != nil {
				t.Error(err)
			}
		})
	}
}

// Standard input is read when it is asked for; who stops waiting has taken nothing.
func TestInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	next := Input(r)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got, err := next(ctx); !errors.Is(err, context.DeadlineExceeded) || got != nil {
		t.Errorf("%q, %v", got, err)
	}
	io.WriteString(w, "one\ntwo")
	w.Close()
	for _, want := range []string{"one\ntwo", "", ""} {
		if got, err := next(t.Context()); err != nil || string(got) != want {
			t.Errorf("%q, %v instead of %q", got, err, want)
		}
	}
	for _, in := range []io.Reader{strings.NewReader("text"), iotest.DataErrReader(strings.NewReader("text"))} {
		next := Input(in)
		for _, want := range []string{"text", ""} {
			if got, err := next(t.Context()); err != nil || string(got) != want {
				t.Errorf("%q, %v instead of %q", got, err, want)
			}
		}
	}
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if got, err := Input(folder)(t.Context()); fault.Message(err) != "Standard input can't be read: is a directory." {
		t.Errorf("%q, %v", got, err)
	}
}
