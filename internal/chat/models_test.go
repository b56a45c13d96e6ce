package chat_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

func TestModelsToChooseFrom(t *testing.T) {
	provided := []string{"gpt-5-mini", "o3", "text-embedding-3-small", "tts-1", "whisper-1", "gpt-image-2", "gpt-3.5-turbo-instruct", "omni-moderation-latest"}
	for _, c := range []struct {
		model  string
		models []string
		want   string
	}{
		{"", nil, "gpt-5-mini o3"},
		{"o3", nil, "o3 gpt-5-mini"},
		{"o3", []string{"a", "b", "a"}, "a b"},
		{"o3", []string{"mine", "*"}, "mine gpt-5-mini o3"},
	} {
		w := newWorld(t, chat.Options{Model: c.model, Models: c.models})
		w.server.Models = provided
		if got := strings.Join(w.Models(t.Context()), " "); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// What is for chat is offered, whatever else its name says.
func TestModelsForChatAreOffered(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Models = []string{"gpt-5.3-codex", "gpt-5.2-pro", "Qwen/Qwen3-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", "kimi-k2-instruct", "codestral-latest", "claude-opus-5"}
	if got := w.Models(t.Context()); len(got) != len(w.server.Models) {
		t.Errorf("%q", got)
	}
}

func TestChosenModelIsUsedAndKept(t *testing.T) {
	w := newWorld(t, chat.Options{Model: "gpt-5-mini", Models: []string{"gpt-5-mini", "o3"}})
	w.run(w.turn("hi"))
	if m := w.last().Model; m != "gpt-5-mini" {
		t.Errorf("the default is %q", m)
	}
	if err := w.SetModel(t.Context(), anna, "gpt-9"); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if err := w.SetModel(t.Context(), anna, "o3"); err != nil {
		t.Fatal(err)
	}
	w.start()
	if res, _ := w.run(w.turn("hi")); res.Model != "o3" || w.last().Model != "o3" {
		t.Errorf("%q, %q", res.Model, w.last().Model)
	}
	b := w.turn("hi")
	b.User = bert
	if res, _ := w.run(b); res.Model != "gpt-5-mini" {
		t.Errorf("Bert's model is %q", res.Model)
	}
	// The operator takes it off the list.
	w.opts.Models = []string{"gpt-5-mini"}
	w.start()
	if m, err := w.ModelOf(t.Context(), anna); err != nil || m != "gpt-5-mini" {
		t.Errorf("%q, %v", m, err)
	}
	if err := w.SetModel(t.Context(), anna, ""); err != nil {
		t.Fatal(err)
	}
}

// slowList is a model whose list takes long.
type slowList struct {
	llm.Model
	names []string
	wait  time.Duration
	asked int
}

func (s *slowList) Models(ctx context.Context) ([]string, error) {
	s.asked++
	select {
	case <-time.After(s.wait):
		return s.names, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestProvidersListIsCached(t *testing.T) {
	now := time.Now()
	w := newWorld(t, chat.Options{Now: func() time.Time { return now }})
	list := &slowList{Model: w.model, names: []string{"a"}}
	w.model = list
	w.start()
	for range 5 {
		if got := strings.Join(w.Models(t.Context()), " "); got != "a" {
			t.Errorf("%q", got)
		}
	}
	if list.asked != 1 {
		t.Errorf("asked %d times", list.asked)
	}
	// A provider that hangs: the old list, soon, and not for each keystroke.
	now = now.Add(time.Hour)
	list.wait = time.Hour
	start := time.Now()
	for range 3 {
		if got := strings.Join(w.Models(t.Context()), " "); got != "a" {
			t.Errorf("%q", got)
		}
	}
	if d := time.Since(start); d > 4*time.Second || list.asked != 2 {
		t.Errorf("%v, asked %d times", d, list.asked)
	}
	now = now.Add(time.Minute)
	list.wait, list.names = 0, []string{"b"}
	if got := strings.Join(w.Models(t.Context()), " "); got != "b" {
		t.Errorf("%q", got)
	}
}

func TestWhatAModelLacksIsToldOnce(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Refuse = []string{"tools", "system"}
	res, events := w.run(w.turn("hi"))
	if res.Text != "OK." || strings.Count(events, "notice: The model test-model can't use tools") != 1 {
		t.Errorf("%+v\n%s", res, events)
	}
	w.server.Push(llmtest.Reply{Text: "Fine."})
	w.run(w.turn("again"))
}
