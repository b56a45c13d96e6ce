// Package protocol has what the APIs of models have in common. Render brings a
// conversation into the form that a model takes; an Answer is put together from
// the pieces that come back. Each API has a package of its own beside it.
package protocol

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/filter"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// Answer puts an answer together from its pieces, whatever the API.
type Answer struct {
	Finish string // why it ended, in the API's words
	Done   bool   // the stream said that it is at its end
	Usage  llm.Usage
	Model  string // as the API named it
	Kept   llm.Kept

	req   llm.Request
	have  refusal.Limits
	emit  func(string)
	text  strings.Builder
	think *filter.Filter
	loop  repetition
	calls []*callParts
	aside gathered // fields beside the text
	said  bool     // text has come
	ended bool     // it is not read on

	found   []refusal.Limits  // what the answer tells about the model
	trouble []llm.Unsupported // what could not be done with it
}

// CallPiece is a piece of a call as a stream brings it.
type CallPiece struct {
	Index     *int // nil: it is not said which
	ID        string
	Name      string
	Arguments string
	Beside    map[string]json.RawMessage // other fields
}

// callParts is a call as far as it has arrived.
type callParts struct {
	index    int
	id, name string
	args     strings.Builder
	beside   gathered
}

// New returns the answer to a request that was made with have. Each piece of
// text for the person goes to emit. Local tells that the server's parsers may be
// missing.
func New(req llm.Request, have refusal.Limits, emit func(string), local bool) *Answer {
	a := &Answer{req: req, have: have, emit: emit}
	a.think = filter.New(filter.Options{
		Model: req.Model, Local: local, Tools: len(have.Tools(req)) > 0,
		Unopened: have.Has(refusal.ThinksUnopened), Apart: have.Has(refusal.ThinksApart),
	})
	return a
}

// Say takes a piece of text as the model wrote it.
func (a *Answer) Say(text string) {
	a.said = a.said || text != ""
	a.show(a.think.Add(text))
	a.Watch(text)
}

// Began reports whether a piece of text or of a call has come.
func (a *Answer) Began() bool { return a.said || len(a.calls) > 0 }

func (a *Answer) show(text string) {
	if text != "" {
		a.text.WriteString(text)
		a.emit(text)
	}
}

// repeated ends an answer that goes in circles.
func (a *Answer) repeated() {
	a.Finish, a.ended, a.calls = string(llm.Repeated), true, nil
}

// Aside takes fields beside the text.
func (a *Answer) Aside(fields map[string]json.RawMessage) {
	if len(fields) == 0 {
		return
	}
	a.think.Apart()
	a.aside.add(fields)
	for _, v := range fields {
		var s string
		if json.Unmarshal(v, &s) == nil {
			a.Watch(s)
		}
	}
}

// Call adds a piece to the call that it belongs to. Servers repeat ids, repeat
// indexes, or leave either out: a piece begins a new call when one of the two
// says so, and else continues the latest that fits.
func (a *Answer) Call(p CallPiece) {
	var c *callParts
	for _, have := range a.calls {
		sameID := p.ID == "" || have.id == "" || p.ID == have.id
		sameIndex := p.Index == nil || have.index < 0 || *p.Index == have.index
		if sameID && sameIndex && (p.Index != nil || p.ID != "") && !have.startsAnew(p) {
			c = have
		}
	}
	if c == nil && p.Name == "" && len(a.calls) > 0 {
		// Not said which, or with an id of its own for each piece.
		if last := a.calls[len(a.calls)-1]; p.ID == "" && p.Index == nil || last.continues(p) {
			c = last
		}
	}
	if c == nil {
		c = &callParts{index: -1}
		if p.Index != nil {
			c.index = *p.Index
		}
		a.calls = append(a.calls, c)
	}
	if c.id == "" {
		c.id = p.ID
	}
	if c.name == "" {
		c.name = p.Name
	}
	c.beside.add(p.Beside)
	c.args.WriteString(p.Arguments)
	a.Watch(p.Arguments)
}

// Rescue takes the calls of an answer that its server could not read, if it is
// plain what the model meant.
func (a *Answer) Rescue(err error) bool {
	var refused *refusal.Error
	if !errors.As(err, &refused) || a.req.NoCalls {
		return false
	}
	calls := filter.FailedCalls(refused.Failed, a.have.Tools(a.req))
	if len(calls) == 0 {
		return false
	}
	a.calls, a.Finish = nil, "tool_calls"
	for _, c := range calls {
		a.AddCall("", c.Name, c.Arguments)
	}
	return true
}

// AddCall takes a call that is whole.
func (a *Answer) AddCall(id, name, args string) {
	if a.ended {
		return
	}
	c := &callParts{index: -1, id: id, name: name}
	c.args.WriteString(args)
	a.calls = append(a.calls, c)
}

// Watch looks at a piece of the answer that is not shown: one that goes in
// circles is ended.
func (a *Answer) Watch(s string) {
	if a.loop.add(s) {
		a.repeated()
	}
}

// Apart notes that the server sets thoughts apart.
func (a *Answer) Apart() { a.think.Apart() }

// Ended reports whether the answer is not to be read on.
func (a *Answer) Ended() bool { return a.ended }

// Learned returns what a whole answer tells about the model.
func (a *Answer) Learned() []refusal.Limits { return a.found }

// startsAnew reports whether a piece without an id begins another call although
// its index is this one's: it names a tool again after whole arguments.
func (c *callParts) startsAnew(p CallPiece) bool {
	return p.ID == "" && c.id == "" && p.Name != "" && c.args.Len() > 0 && json.Valid([]byte(c.args.String()))
}

// continues reports whether a piece without a name goes on with a call that is
// not whole, although its id is another.
func (c *callParts) continues(p CallPiece) bool {
	return (p.Index == nil || *p.Index == c.index) && c.name != "" && c.args.Len() > 0 && !json.Valid([]byte(c.args.String()))
}

// Reply returns the answer as it is; ok tells that it was read without an error.
func (a *Answer) Reply(ok bool) llm.Reply {
	whole := ok && (a.Finish != "" || a.Done)
	rest, calls, trouble := a.think.End(whole, a.req.Tools, len(a.calls) > 0)
	a.show(rest)
	for _, c := range calls {
		a.AddCall("", c.Name, c.Arguments)
	}
	a.trouble = append(a.trouble, trouble...)
	if whole {
		switch unopened, apart := a.think.Habit(); {
		case unopened:
			a.found = append(a.found, refusal.Limits{Lack: refusal.ThinksUnopened})
		case apart:
			a.found = append(a.found, refusal.Limits{Lack: refusal.ThinksApart})
		}
	}
	r := llm.Reply{Message: llm.Message{Role: llm.Assistant, Model: a.req.Model}, Usage: a.Usage, Model: a.Model, Unsupported: a.trouble}
	if a.Model == "" {
		r.Model = a.req.Model
	}
	text := a.text.String()
	if n := a.think.Late(); n > 0 && n <= len(text) {
		text = strings.TrimLeft(text[n:], " \r\n\t")
	}
	if text != "" {
		r.Message.Parts = []llm.Part{{Text: text}}
	}
	r.Message.Calls = a.finishCalls()
	r.Message.Kept = a.keptOf(r)
	switch a.Finish {
	case "":
		if !a.Done {
			return r
		}
		r.Finish = llm.Stop
	case "length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded":
		r.Finish = llm.Length
	case "content_filter", "refusal", "safety", "sensitive", "recitation", "prohibited_content", "blocklist":
		r.Finish = llm.Filtered
	case string(llm.Repeated), "repetition_truncation":
		r.Finish = llm.Repeated
	default:
		r.Finish = llm.Stop
	}
	// Servers say "stop" with calls as well.
	if r.Finish == llm.Stop && len(r.Message.Calls) > 0 {
		r.Finish = llm.Calls
	}
	return r
}

// finishCalls gives each call a name that servers accept and an id that is
// unique in the conversation: both come back to them with the result.
func (a *Answer) finishCalls() []llm.ToolCall {
	taken := map[string]bool{}
	for _, m := range a.req.Messages {
		for _, c := range m.Calls {
			taken[c.ID] = true
		}
	}
	var out []llm.ToolCall
	for _, c := range a.calls {
		if c.name == "" && c.args.Len() == 0 {
			continue
		}
		// Llama at Groq: all of the call as its name.
		if name, args, ok := filter.SplitCall(c.name); ok && c.args.Len() == 0 {
			c.name = name
			c.args.WriteString(args)
		}
		name := filter.CallName(c.name)
		if c.name == "" && len(a.req.Tools) == 1 {
			name = a.req.Tools[0].Name
		}
		if name == "" {
			name = "unnamed"
		}
		id := freeID(c.id, taken)
		taken[id] = true
		if fields := c.beside.fields(); fields != nil {
			for len(a.Kept.Calls) < len(out) {
				a.Kept.Calls = append(a.Kept.Calls, nil)
			}
			a.Kept.Calls = append(a.Kept.Calls, fields)
		}
		out = append(out, llm.ToolCall{ID: id, Name: name[:min(len(name), 64)], Arguments: c.args.String()})
	}
	return out
}

// maxKept bounds what is kept beside one answer, in bytes.
const maxKept = 1 << 20

// keptOf returns what is kept with the reply, or nil.
func (a *Answer) keptOf(r llm.Reply) *llm.Kept {
	k := a.Kept
	k.Fields = a.aside.fields()
	size := 0
	for _, v := range k.Fields {
		size += len(v)
	}
	for _, c := range k.Calls {
		for _, v := range c {
			size += len(v)
		}
	}
	for _, list := range [][]json.RawMessage{k.Items, k.Blocks} {
		for _, v := range list {
			size += len(v)
		}
	}
	if size == 0 || size > maxKept {
		return nil
	}
	if k.Tokens = r.Usage.Reasoning; k.Tokens == 0 {
		k.Tokens = (size - len(r.Message.Text())) / 4
	}
	k.Tokens = max(k.Tokens, 0)
	return &k
}
