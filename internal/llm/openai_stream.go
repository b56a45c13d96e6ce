package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/openai/openai-go/v3/packages/ssestream"
)

var (
	errCut     = errors.New("the stream ended before the answer did")
	errGarbled = errors.New("the answer is not what the API promises")
)

// completion is a piece of a streamed answer, or a whole one. It takes what
// servers write in practice, which is more than what the API documents.
type completion struct {
	Model   string          `json:"model"`
	Choices []choice        `json:"choices"`
	Usage   *usage          `json:"usage"`
	Error   json.RawMessage `json:"error"`
}

type choice struct {
	Index   int    `json:"index"`
	Delta   *piece `json:"delta"`
	Message *piece `json:"message"` // of an answer that is not streamed
	Finish  string `json:"finish_reason"`
}

type piece struct {
	Content content     `json:"content"`
	Refusal content     `json:"refusal"`
	Calls   []callPiece `json:"tool_calls"`
}

type callPiece struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments loose  `json:"arguments"`
	} `json:"function"`
}

type usage struct {
	Prompt        int `json:"prompt_tokens"`
	Completion    int `json:"completion_tokens"`
	PromptDetails struct {
		Cached  int `json:"cached_tokens"`
		Written int `json:"cache_write_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionDetails struct {
		Reasoning int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// content is a string, null, or a list of parts of which the text counts.
type content string

func (c *content) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*c = content(s)
		return nil
	}
	var parts []struct {
		Text string `json:"text"`
	}
	_ = json.Unmarshal(b, &parts)
	for _, p := range parts {
		*c += content(p.Text)
	}
	return nil
}

// loose is a string, or any other JSON value as it is written.
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	*l = loose(plain(b))
	if string(b) == "null" {
		*l = ""
	}
	return nil
}

// readReply reads a streamed or a whole answer. It returns what arrived, also
// with an error.
func readReply(res *http.Response, req Request, emit func(string)) (Reply, error) {
	a := &assembly{req: req, emit: emit}
	var err error
	if t, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); t == "application/json" {
		err = a.whole(res)
	} else {
		err = a.stream(res)
	}
	reply := a.reply()
	if err == nil && reply.Finish == "" {
		err = errCut
	}
	return reply, err
}

// assembly puts an answer together from its pieces.
type assembly struct {
	req    Request
	emit   func(string)
	text   strings.Builder
	think  thinkFilter
	calls  []*callParts
	finish string
	done   bool
	usage  Usage
	model  string
}

type callParts struct {
	index    int
	id, name string
	args     strings.Builder
}

func (a *assembly) whole(res *http.Response) error {
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", errCut, err)
	}
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("data:")) {
		res.Body = io.NopCloser(bytes.NewReader(b)) // a stream with the wrong label
		return a.stream(res)
	}
	if err := a.add(b); err != nil {
		return err
	}
	a.done = true
	return nil
}

func (a *assembly) stream(res *http.Response) error {
	dec := ssestream.NewDecoder(res)
	events := 0
	for ; dec.Next(); events++ {
		data := bytes.TrimSpace(dec.Event().Data)
		if bytes.Equal(data, []byte("[DONE]")) {
			a.done = true
			return nil
		}
		if len(data) == 0 {
			continue
		}
		if err := a.add(data); err != nil {
			return err
		}
	}
	err := dec.Err()
	switch {
	case errors.Is(err, errTooLong):
		return err
	case err != nil && a.finish == "":
		return fmt.Errorf("%w: %w", errCut, err)
	case events == 0:
		return fmt.Errorf("%w: %s without an event", errGarbled, res.Header.Get("Content-Type"))
	}
	return nil
}

func (a *assembly) add(data []byte) error {
	var c completion
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("%w: %v: %s", errGarbled, err, clip(string(data), 200))
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		e := parseAPIError(data)
		// Some gateways put the status where the code belongs.
		if _, err := fmt.Sscanf(e.code, "%d", &e.status); err != nil || e.status < 400 || e.status > 599 {
			e.status = http.StatusBadGateway
		}
		return e
	}
	if c.Model != "" {
		a.model = c.Model
	}
	if u := c.Usage; u != nil {
		a.usage = Usage{
			Input:     max(u.Prompt, 0),
			Cached:    min(max(u.PromptDetails.Cached, 0), max(u.Prompt, 0)),
			Written:   min(max(u.PromptDetails.Written, 0), max(u.Prompt, 0)),
			Output:    max(u.Completion, 0),
			Reasoning: min(max(u.CompletionDetails.Reasoning, 0), max(u.Completion, 0)),
		}
	}
	for _, ch := range c.Choices {
		if ch.Index != 0 {
			continue
		}
		p := ch.Delta
		if p == nil {
			p = ch.Message
		}
		if p != nil {
			a.say(a.think.add(string(p.Content + p.Refusal)))
			for _, call := range p.Calls {
				a.call(call)
			}
		}
		if ch.Finish != "" {
			a.finish = ch.Finish
		}
	}
	return nil
}

func (a *assembly) say(text string) {
	if text != "" {
		a.text.WriteString(text)
		a.emit(text)
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
		if sameID && sameIndex && (p.Index != nil || p.ID != "") {
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
	c.args.WriteString(string(p.Function.Arguments))
}

func (a *assembly) reply() Reply {
	a.say(a.think.rest())
	r := Reply{Message: Message{Role: Assistant}, Usage: a.usage, Model: a.model}
	if a.model == "" {
		r.Model = a.req.Model
	}
	if a.text.Len() > 0 {
		r.Message.Parts = []Part{{Text: a.text.String()}}
	}
	r.Message.Calls = a.finishCalls()
	switch a.finish {
	case "":
		if !a.done {
			return r
		}
		r.Finish = Stop
	case "length", "max_tokens":
		r.Finish = Length
	case "content_filter":
		r.Finish = Filtered
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
		name := notInName.ReplaceAllString(strings.TrimPrefix(c.name, "functions."), "_")
		if c.name == "" && len(a.req.Tools) == 1 {
			name = a.req.Tools[0].Name
		}
		if name == "" {
			name = "unnamed"
		}
		id := freeID(c.id, taken)
		taken[id] = true
		out = append(out, ToolCall{ID: id, Name: name[:min(len(name), 64)], Arguments: c.args.String()})
	}
	return out
}

// thinkFilter removes a <think> block at the start of an answer, as local
// reasoning models write it.
type thinkFilter struct {
	held  string
	state int // 0: at the start, 1: inside, 2: past it
}

func (f *thinkFilter) add(s string) string {
	const open, end = "<think>", "</think>"
	if f.state == 2 || s == "" {
		return s
	}
	f.held += s
	if f.state == 0 {
		t := strings.TrimLeft(f.held, " \r\n\t")
		switch {
		case strings.HasPrefix(t, open):
			f.state, f.held = 1, t[len(open):]
		case strings.HasPrefix(open, t):
			return "" // may become one
		default:
			f.state = 2
			return f.take()
		}
	}
	if i := strings.Index(f.held, end); i >= 0 {
		f.state, f.held = 2, strings.TrimLeft(f.held[i+len(end):], " \r\n\t")
		return f.take()
	}
	f.held = f.held[max(0, len(f.held)-len(end)):]
	return ""
}

func (f *thinkFilter) take() string {
	s := f.held
	f.held = ""
	return s
}

// rest returns what was held back at the end: nothing of a block.
func (f *thinkFilter) rest() string {
	if f.state == 1 {
		return ""
	}
	return f.take()
}
