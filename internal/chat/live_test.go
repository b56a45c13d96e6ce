package chat_test

import (
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/tokens"
)

// What may change while the engine runs is taken by the next turn: models, prices,
// instructions, budgets. What may not stays.
func TestOptionsAreLive(t *testing.T) {
	priced, err := tokens.BuiltIn().With([]byte(`{"house":{"input_cost_per_token":0.000001,"output_cost_per_token":0.000001,"max_input_tokens":100000}}`))
	if err != nil {
		t.Fatal(err)
	}
	now := chat.Options{Model: "house", Models: []string{"house"}, Instructions: "Speak like a pirate."}
	w := newWorld(t, chat.Options{Model: "never", Live: func() chat.Options { return now }})
	reply := llmtest.Reply{Text: "Done.", Usage: &llm.Usage{Input: 100, Output: 10}}
	w.server.Push(reply, reply)
	ask := func() (chat.Result, error) {
		t.Helper()
		return w.Run(t.Context(), w.turn("hi"), func(chat.Event) {})
	}
	res, err := ask()
	if err != nil || res.Model != "house" || res.Cost != 0 {
		t.Errorf("%+v, %v", res, err)
	}
	if s := w.last().System(); !strings.Contains(s, "pirate") {
		t.Errorf("the instructions are not taken: %s", s)
	}
	now.Catalog, now.Instructions = priced, ""
	if res, err = ask(); err != nil || res.Cost != 110*ledger.Dollar/1_000_000 {
		t.Errorf("with a price: %v, %v", res.Cost, err)
	}
	if s := w.last().System(); strings.Contains(s, "pirate") {
		t.Error("the old instructions stay")
	}
	now.UserDailyTokens = 200
	if _, err := ask(); !fault.Is(err, fault.Exhausted) {
		t.Errorf("over the new budget: %v", err)
	}
	now.UserDailyTokens = 0
	w.server.Push(reply)
	if _, err := ask(); err != nil {
		t.Errorf("without one: %v", err)
	}
}
