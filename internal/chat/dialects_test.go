package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// addresses are two servers: Claude's own, and one for all other models.
type addresses struct {
	llm.Model
	claude llm.Model
}

func (a addresses) Generate(ctx context.Context, req llm.Request, delta func(string)) (llm.Reply, error) {
	if req.Model == "claude-opus-5" {
		return a.claude.Generate(ctx, req, delta)
	}
	return a.Model.Generate(ctx, req, delta)
}

// A conversation in which everybody has another model: each turn runs code, with
// reasoning between the rounds, and the history goes from each provider to each.
func TestModelsChangeInTheMiddleOfAConversation(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Dialects, w.server.Responses = llmtest.Dialects(), true
	claude, err := client.New("", client.Options{BaseURL: w.server.Start(t) + "/messages", Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { claude.Close() })
	w.model = addresses{w.model, claude}
	w.start()
	w.server.Models = slices.Sorted(maps.Keys(w.server.Dialects))
	turn := 0
	w.server.Answer = func(r llmtest.Request) llmtest.Reply {
		n := 0
		for i := len(r.Messages) - 1; i >= 0 && r.Messages[i].Role != "user"; i-- {
			if r.Messages[i].Role == "tool" {
				n++
			}
		}
		if n < 2 {
			return llmtest.Reply{Text: fmt.Sprintf("Step %d.%d.", turn, n), Calls: []llm.ToolCall{
				llmtest.Call("", "execute_python_code", map[string]string{"code": fmt.Sprintf("print('code %d.%d')", turn, n)})}}
		}
		return llmtest.Reply{Text: fmt.Sprintf("Answer %d.", turn)}
	}
	names := w.server.Models
	var order []string
	for len(order) < 30 {
		// Every model comes after every other, in time.
		k := len(order)
		order = append(order, names[(k+k/len(names)*3*(k%len(names)))%len(names)])
	}
	learned := 0
	for i, name := range order {
		turn = i + 1
		if err := w.SetModel(t.Context(), anna, name); err != nil {
			t.Fatal(err)
		}
		res, events := w.run(w.turn(fmt.Sprintf("Question %d?", turn)))
		if want := fmt.Sprintf("Step %d.0.\n\nStep %d.1.\n\nAnswer %d.", turn, turn, turn); res.Text != want || res.Model != name {
			t.Fatalf("turn %d, %s: %q by %q\n%s\nrefused: %+v", turn, name, res.Text, res.Model, events, w.server.Refused())
		}
		if strings.Contains(events, "notice:") || strings.Contains(strings.ToLower(res.Text), "thought") {
			t.Errorf("turn %d, %s: %s", turn, name, events)
		}
		body := string(w.last().Body)
		for k := range turn {
			for _, said := range []string{fmt.Sprintf("Question %d?", k+1), fmt.Sprintf("Step %d.1.", k+1), fmt.Sprintf("code %d.1", k+1), fmt.Sprintf("Answer %d.", k+1)} {
				if !strings.Contains(body, said) && (k+1 < turn || !strings.HasPrefix(said, "Answer")) {
					t.Fatalf("turn %d, %s: %q of turn %d is lost", turn, name, said, k+1)
				}
			}
		}
		// What was learned with a model's first turn is enough for all of its others.
		if refused := len(w.server.Refused()); refused > learned {
			// Only a server's failure (5xx) teaches nothing, and is met each time.
			if slices.Index(order, name) < i && w.server.Refused()[refused-1].Status < 500 {
				t.Errorf("turn %d, %s: refused again: %s", turn, name, w.server.Refused()[refused-1].Body)
			}
			learned = refused
		}
	}
	// The refusals are about parameters that no name tells; none is about what
	// was said before.
	for _, r := range w.server.Refused() {
		if !slices.ContainsFunc([]string{`"body","user"`, "/v1/responses", "must alternate", "property 'reasoning'"}, func(s string) bool { return strings.Contains(r.Body, s) }) {
			t.Errorf("refused: %s", r.Body)
		}
	}
	turns, err := w.store.History(t.Context(), "dm:anna", 100)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(turns)
	if err != nil || len(turns) != 30 {
		t.Fatalf("%d turns, %v", len(turns), err)
	}
	for _, kept := range []string{"reasoning_content", "thought_signature", "reasoning_details", `"signature":"EqQB`, "encrypted_content"} {
		if !strings.Contains(string(b), kept) {
			t.Errorf("no %s is kept", kept)
		}
	}
}
