package chat

import (
	"cmp"
	"math"
	"time"

	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/builtin"
	"github.com/attachebot/attache/tokens"
)

const (
	unknownWindow = 32_000 // tokens: of a model of which nothing is known
	answerReserve = 16_000 // tokens left for the answer where it shares the window
	calibrateFrom = 500    // tokens of a request that tells how a server counts
	maxFactor     = 4
)

// meter counts and prices what a model takes.
type meter struct {
	name   string
	model  *tokens.Model
	factor float64 // the server's counts by ours: 1 or more
}

// meter returns the meter of a model.
func (e *Engine) meter(name string) meter {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := e.live().Catalog; now != e.catalog || len(e.meters) > 1000 { // names come from users
		e.catalog = now
		clear(e.meters)
	}
	m := e.meters[name]
	if m == nil {
		m = e.catalog.Model(name)
		e.meters[name] = m
	}
	return meter{name, m, max(e.factors[name], 1)}
}

// calibrate learns from what a server counted of a request that we counted as
// size: the tokenizers of most models are not ours. It rises at once and falls
// slowly, since what is counted too few is refused or cut, and never below our
// count, since some servers leave out what they had in their cache.
func (e *Engine) calibrate(model string, size int, u llm.Usage) {
	if size < calibrateFrom || u.Input <= 0 || u.Estimated {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.factors) > 1000 {
		clear(e.factors)
	}
	old := max(e.factors[model], 1)
	now := min(max(old*float64(u.Input)/float64(size), 1), maxFactor)
	if now < old {
		now = 0.9*old + 0.1*now
	}
	e.factors[model] = now
}

func (m meter) times(n int) int { return int(math.Ceil(float64(n) * m.factor)) }

// messages counts messages as the client sends them.
func (m meter) messages(ms []llm.Message) int {
	n := 0
	for _, msg := range ms {
		n += m.model.CountMessage(sent(msg)).Total().Tokens
		if msg.Kept != nil && msg.Model == m.name {
			n += msg.Kept.Tokens
		}
	}
	return m.times(n)
}

// text counts a text by itself.
func (m meter) text(s string) int { return m.times(m.model.Count(s)) }

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
	return m.times(m.model.CountRequest(tokens.Request{Tools: out}).Total().Tokens)
}

// known reports whether the catalog has the model.
func (m meter) known() bool { return m.name == builtin.Name || m.model.MaxInput > 0 }

// window returns the largest request in tokens. served is what the server says
// that it takes, answer included; 0 if it does not say.
func (m meter) window(served int) int {
	switch {
	case m.name == builtin.Name:
		return 1 << 20
	case m.model.MaxInput == 0 && served == 0:
		return unknownWindow
	}
	n := math.MaxInt
	if m.model.MaxInput > 0 {
		reserve := min(cmp.Or(m.model.MaxOutput, answerReserve), answerReserve, m.model.MaxInput/2)
		n = m.model.InputLimit(reserve)
	}
	if served > 0 {
		n = min(n, served-reserveOf(served))
	}
	return n
}

// reserveOf is what of a window is left for the answer.
func reserveOf(window int) int { return min(answerReserve, window/4) }

// cost prices a request made at a time; false if the model's price is unknown.
func (m meter) cost(u llm.Usage, at time.Time) (ledger.NanoDollars, bool) {
	if m.name == builtin.Name {
		return 0, true
	}
	return ledger.Cost(m.model, tokens.Usage{Input: u.Input, Cached: u.Cached, Write: u.Written, Output: u.Output}, at)
}
