package llm

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
)

// assembly puts an answer together from its pieces, whatever the API.
type assembly struct {
	req   Request
	have  limits
	emit  func(string)
	text  strings.Builder
	think *filter
	loop  repetition
	calls []*callParts
	kept  Kept
	aside gathered // fields beside the text

	finish string
	done   bool // the stream said that it is at its end
	ended  bool // it is not read on
	usage  Usage
	model  string

	found   []limits      // what the answer tells about the model
	trouble []Unsupported // what could not be done with it
}

type callParts struct {
	index    int
	id, name string
	args     strings.Builder
	beside   gathered
}

func newAssembly(req Request, have limits, emit func(string), local bool) *assembly {
	a := &assembly{req: req, have: have, emit: emit}
	a.think = newFilter(req.Model, have, local, len(have.tools(req)) > 0)
	return a
}

// say takes a piece of text as the model wrote it.
func (a *assembly) say(text string) {
	a.show(a.think.add(text))
	if a.loop.add(text) {
		a.repeated()
	}
}

func (a *assembly) show(text string) {
	if text != "" {
		a.text.WriteString(text)
		a.emit(text)
	}
}

// repeated ends an answer that goes in circles.
func (a *assembly) repeated() {
	a.finish, a.ended, a.calls = string(Repeated), true, nil
}

// keep takes fields beside the text.
func (a *assembly) keep(fields map[string]json.RawMessage) {
	if len(fields) == 0 {
		return
	}
	a.think.apart()
	a.aside.add(fields)
	for _, v := range fields {
		var s string
		if json.Unmarshal(v, &s) == nil && a.loop.add(s) {
			a.repeated()
		}
	}
}

// call adds a piece to the call that it belongs to. Servers repeat ids, repeat
// indexes, or leave either out: a piece begins a new call when one of the two
// says so, and else continues the latest that fits.
func (a *assembly) call(p callPiece) {
	var c *callParts
	for _, have := range a.calls {
		sameID := p.ID == "" || have.id == "" || p.ID == have.id
		sameIndex := p.Index == nil || have.index < 0 || *p.Index == have.index
		if sameID && sameIndex && (p.Index != nil || p.ID != "") && !have.startsAnew(p) {
			c = have
		}
	}
	if c == nil && p.ID == "" && p.Index == nil && p.Function.Name == "" && len(a.calls) > 0 {
		c = a.calls[len(a.calls)-1]
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
		c.name = p.Function.Name
	}
	c.beside.add(p.beside)
	c.args.WriteString(string(p.Function.Arguments))
	if a.loop.add(string(p.Function.Arguments)) {
		a.repeated()
	}
}

// rescue takes the calls of an answer that its server could not read, if it is
// plain what the model meant.
func (a *assembly) rescue(err error) bool {
	var refused *apiError
	if !errors.As(err, &refused) || a.req.NoCalls {
		return false
	}
	calls := failedCalls(refused.failed, a.have.tools(a.req))
	if len(calls) == 0 {
		return false
	}
	a.calls, a.finish = nil, "tool_calls"
	for _, c := range calls {
		p := &callParts{index: -1, name: c.Name}
		p.args.WriteString(c.Arguments)
		a.calls = append(a.calls, p)
	}
	return true
}

// startsAnew reports whether a piece without an id begins another call although
// its index is this one's: it names a tool again after whole arguments.
func (c *callParts) startsAnew(p callPiece) bool {
	return p.ID == "" && c.id == "" && p.Function.Name != "" && c.args.Len() > 0 && json.Valid([]byte(c.args.String()))
}

// reply returns the answer as it is; whole tells that nothing is missing.
func (a *assembly) reply(whole bool) Reply {
	rest, calls, trouble := a.think.end(whole, a.req.Tools, len(a.calls) > 0)
	a.show(rest)
	for _, c := range calls {
		p := &callParts{index: -1, name: c.Name}
		p.args.WriteString(c.Arguments)
		a.calls = append(a.calls, p)
	}
	a.trouble = append(a.trouble, trouble...)
	if whole {
		a.found = append(a.found, a.think.habit()...)
	}
	r := Reply{Message: Message{Role: Assistant, Model: a.req.Model}, Usage: a.usage, Model: a.model}
	if a.model == "" {
		r.Model = a.req.Model
	}
	text := a.text.String()
	if a.think.shown > 0 && a.think.shown <= len(text) {
		text = strings.TrimLeft(text[a.think.shown:], " \r\n\t") // thoughts that were shown before it was known
	}
	if text != "" {
		r.Message.Parts = []Part{{Text: text}}
	}
	r.Message.Calls = a.finishCalls()
	r.Message.Kept = a.keptOf(r)
	switch a.finish {
	case "":
		if !a.done {
			return r
		}
		r.Finish = Stop
	case "length", "max_tokens", "model_context_window_exceeded":
		r.Finish = Length
	case "content_filter", "refusal":
		r.Finish = Filtered
	case string(Repeated):
		r.Finish = Repeated
	default:
		r.Finish = Stop
	}
	// Servers say "stop" with calls as well.
	if r.Finish == Stop && len(r.Message.Calls) > 0 {
		r.Finish = Calls
	}
	return r
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// finishCalls gives each call a name that servers accept and an id that is
// unique in the conversation: both come back to them with the result.
func (a *assembly) finishCalls() []ToolCall {
	taken := map[string]bool{}
	for _, m := range a.req.Messages {
		for _, c := range m.Calls {
			taken[c.ID] = true
		}
	}
	var out []ToolCall
	for _, c := range a.calls {
		if c.name == "" && c.args.Len() == 0 {
			continue
		}
		// Llama at Groq: all of the call as its name.
		if m := groqCall.FindStringSubmatch(c.name); m != nil && c.args.Len() == 0 && json.Valid([]byte(m[2])) {
			c.name = m[1]
			c.args.WriteString(m[2])
		}
		name := callName(c.name)
		if c.name == "" && len(a.req.Tools) == 1 {
			name = a.req.Tools[0].Name
		}
		if name == "" {
			name = "unnamed"
		}
		id := freeID(c.id, taken)
		taken[id] = true
		if fields := c.beside.fields(); fields != nil {
			for len(a.kept.Calls) < len(out) {
				a.kept.Calls = append(a.kept.Calls, nil)
			}
			a.kept.Calls = append(a.kept.Calls, fields)
		}
		out = append(out, ToolCall{ID: id, Name: name[:min(len(name), 64)], Arguments: c.args.String()})
	}
	return out
}

var (
	callPrefix = regexp.MustCompile(`^(functions?|tools?|default_api)[.:]`)
	callNumber = regexp.MustCompile(`:\d+$`)
)

// callName is the name of a tool in what a model wrote: "functions.run:0".
func callName(s string) string {
	return notInName.ReplaceAllString(callNumber.ReplaceAllString(callPrefix.ReplaceAllString(s, ""), ""), "_")
}

// maxKept bounds what is kept beside one answer, in bytes.
const maxKept = 1 << 20

// keptOf returns what is kept with the reply, or nil.
func (a *assembly) keptOf(r Reply) *Kept {
	k := a.kept
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
