package chat

import (
	"cmp"
	"time"

	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/tokens"
)

const (
	unknownWindow = 32_000 // tokens: of a model of which nothing is known
	answerReserve = 16_000 // tokens left for the answer where it shares the window
)

// meter counts and prices what a model takes.
type meter struct {
	name  string
	model *tokens.Model
}

// meter returns the meter of a model.
func (e *Engine) meter(name string) meter {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.meters[name]
	if m == nil {
		if len(e.meters) > 1000 { // names come from users
			clear(e.meters)
		}
		m = e.opts.Catalog.Model(name)
		e.meters[name] = m
	}
	return meter{name, m}
}

// messages counts messages as the client sends them.
func (m meter) messages(ms []llm.Message) int {
	n := 0
	for _, msg := range ms {
		n += m.model.CountMessage(sent(msg)).Total().Tokens
	}
	return n
}

// sent is a message in the form that tokens counts.
func sent(m llm.Message) tokens.Message {
	out := tokens.Message{Role: string(m.Role), ToolCallID: m.CallID}
	if m.Name != "" {
		out.Parts = append(out.Parts, tokens.Part{Text: m.Name + ": "})
	}
	for _, p := range m.Parts {
		part := tokens.Part{Text: p.Text}
		if p.Image != nil {
			part.Image = &tokens.Image{Width: p.Image.Width, Height: p.Image.Height}
		}
		out.Parts = append(out.Parts, part)
	}
	for _, c := range m.Calls {
		out.ToolCalls = append(out.ToolCalls, tokens.ToolCall{ID: c.ID, Name: c.Name, Arguments: c.Arguments})
	}
	return out
}

// tools counts the definitions of tools, and what begins the answer.
func (m meter) tools(ts []llm.Tool) int {
	var out []tokens.Tool
	for _, t := range ts {
		out = append(out, tokens.Tool{Name: t.Name, Description: t.Description, Parameters: t.Parameters})
	}
	return m.model.CountRequest(tokens.Request{Tools: out}).Total().Tokens
}

// window returns the largest request in tokens.
func (m meter) window() int {
	switch {
	case m.name == llm.BuiltinName:
		return 1 << 20
	case m.model.MaxInput == 0:
		return unknownWindow
	}
	reserve := min(cmp.Or(m.model.MaxOutput, answerReserve), answerReserve, m.model.MaxInput/2)
	return m.model.InputLimit(reserve)
}

// cost prices a request made at a time; false if the model's price is unknown.
func (m meter) cost(u llm.Usage, at time.Time) (Nano, bool) {
	if m.name == llm.BuiltinName {
		return 0, true
	}
	return ledger.Cost(m.model, tokens.Usage{Input: u.Input, Cached: u.Cached, Write: u.Written, Output: u.Output}, at)
}
