package chat

import (
	"time"

	"github.com/attachebot/attache/internal/llm"
)

// meter counts and prices what a model takes.
type meter struct{ model string }

func (e *Engine) meter(model string) meter { return meter{model} }

func (m meter) text(s string) int { return (len(s) + 2) / 3 }

func (m meter) messages(ms []llm.Message) int {
	n := 0
	for _, msg := range ms {
		n += 4
		for _, p := range msg.Parts {
			n += m.text(p.Text)
			if p.Image != nil {
				n += 765
			}
		}
		for _, c := range msg.Calls {
			n += 8 + m.text(c.Name) + m.text(c.Arguments)
		}
	}
	return n
}

func (m meter) tools(ts []llm.Tool) int {
	n := 0
	for _, t := range ts {
		n += 16 + m.text(t.Name) + m.text(t.Description) + m.text(string(t.Parameters))
	}
	return n
}

// window returns the largest input in tokens.
func (m meter) window() int { return 100_000 }

// cost prices a request made at a time; false if the model's price is unknown.
func (m meter) cost(u llm.Usage, at time.Time) (Nano, bool) { return 0, m.model == llm.BuiltinName }
