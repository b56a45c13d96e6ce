package chat

import (
	"testing"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/builtin"
)

func TestMeter(t *testing.T) {
	e := New(builtin.Model{}, nil, nil, nil, Options{})
	// 3 around each message, 1 for its role, and what is in it.
	gpt4o := e.meter("gpt-4o")
	two := []llm.Message{llm.Text(llm.System, "You are a helpful assistant."), {Role: llm.User, Name: "Anna", Parts: []llm.Part{{Text: "hi"}}}}
	if got, want := gpt4o.messages(two), 2*4+gpt4o.model.Count("You are a helpful assistant.")+gpt4o.model.Count("Anna: ")+1; got != want {
		t.Errorf("two messages have %d tokens, want %d", got, want)
	}
	if got := gpt4o.tools(nil); got != 3 {
		t.Errorf("a request of nothing has %d tokens", got)
	}
	img := []llm.Message{{Role: llm.User, Parts: []llm.Part{{Image: &llm.Image{Width: 1024, Height: 1024}}}}}
	if n := e.meter("gpt-4o").messages(img); n != 765+4 {
		t.Errorf("an image has %d tokens", n)
	}
	for model, want := range map[string]int{
		"gpt-4o": 128_000 - 16_000, "gpt-5.4-mini": 272_000, "gpt-5.4": 922_000, "llama3.2": unknownWindow, builtin.Name: 1 << 20,
	} {
		if got := e.meter(model).window(0); got != want {
			t.Errorf("%s: %d tokens", model, got)
		}
	}
	if got, _ := e.window(t.Context(), "gpt-5.4"); got != 250_000 {
		t.Errorf("a request of one half of a turn's bound has %d tokens", got)
	}
}
