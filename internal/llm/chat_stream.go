package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/openai/openai-go/v3/packages/ssestream"

	"github.com/attachebot/attache/internal/brief"
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

	beside map[string]json.RawMessage // all other fields
}

func (p *piece) UnmarshalJSON(b []byte) error {
	type fields piece
	if err := json.Unmarshal(b, (*fields)(p)); err != nil {
		return err
	}
	p.beside = others(b, "content", "refusal", "tool_calls", "role", "name", "function_call", "audio", "annotations", "tool_call_id", "logprobs")
	return nil
}

type callPiece struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments loose  `json:"arguments"`
	} `json:"function"`

	beside map[string]json.RawMessage
}

func (c *callPiece) UnmarshalJSON(b []byte) error {
	type fields callPiece
	if err := json.Unmarshal(b, (*fields)(c)); err != nil {
		return err
	}
	c.beside = others(b, "index", "id", "function", "type")
	return nil
}

// others returns the fields of an object that are not named, without nulls and
// empty strings; nil if there are none.
func others(b []byte, known ...string) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(b, &all) != nil {
		return nil
	}
	for _, k := range known {
		delete(all, k)
	}
	for k, v := range all {
		if s := string(v); s == "null" || s == `""` || s == "[]" || s == "{}" {
			delete(all, k)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

type usage struct {
	Prompt        int `json:"prompt_tokens"`
	Completion    int `json:"completion_tokens"`
	CacheHit      int `json:"prompt_cache_hit_tokens"` // DeepSeek
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

// readChat reads a streamed or a whole chat completion into a.
func readChat(res *http.Response, a *assembly) error {
	if t, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); t == "application/json" {
		return a.whole(res, a.completion)
	}
	return a.stream(res, a.completion)
}

// whole reads an answer that is one document, with the function for an event.
func (a *assembly) whole(res *http.Response, event func([]byte) error) error {
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", errCut, err)
	}
	if t := bytes.TrimSpace(b); bytes.HasPrefix(t, []byte("data:")) || bytes.HasPrefix(t, []byte("event:")) {
		res.Body = io.NopCloser(bytes.NewReader(b)) // a stream with the wrong label
		return a.stream(res, event)
	}
	if err := event(b); err != nil {
		return err
	}
	a.done = true
	return nil
}

// stream reads an answer event by event.
func (a *assembly) stream(res *http.Response, event func([]byte) error) error {
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
		if err := event(data); err != nil || a.ended {
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

// completion takes one piece of a chat completion.
func (a *assembly) completion(data []byte) error {
	var c completion
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("%w: %v: %s", errGarbled, err, brief.Bytes(string(data), 200))
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return streamError(data)
	}
	if c.Model != "" {
		a.model = c.Model
	}
	if u := c.Usage; u != nil {
		cached := max(u.PromptDetails.Cached, u.CacheHit)
		a.usage = usageOf(Usage{Input: u.Prompt, Cached: cached, Written: u.PromptDetails.Written, Output: u.Completion, Reasoning: u.CompletionDetails.Reasoning})
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
			a.keep(p.beside)
			a.say(string(p.Content + p.Refusal))
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

// usageOf returns counts that hold together, whatever the server says.
func usageOf(u Usage) Usage {
	u.Input, u.Output = max(u.Input, 0), max(u.Output, 0)
	u.Cached = min(max(u.Cached, 0), u.Input)
	u.Written = min(max(u.Written, 0), u.Input)
	u.Reasoning = min(max(u.Reasoning, 0), u.Output)
	return u
}

// streamError reads an error within a stream.
func streamError(data []byte) error {
	e := parseAPIError(data)
	// Some gateways put the status where the code belongs, or beside it.
	var beside struct {
		Error struct {
			Status int `json:"status_code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(data, &beside)
	valid := func(n int) bool { return n >= 400 && n <= 599 }
	if _, err := fmt.Sscanf(e.code, "%d", &e.status); err != nil || !valid(e.status) {
		e.status = beside.Error.Status
	}
	if !valid(e.status) {
		e.status = http.StatusBadGateway
	}
	return e
}
