package llm

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/attachebot/attache/internal/brief"
)

// claudeEvent is an event of a streamed message.
type claudeEvent struct {
	Type    string          `json:"type"`
	Message *claudeMessage  `json:"message"`
	Block   json.RawMessage `json:"content_block"`
	Delta   struct {
		Text      string `json:"text"`
		Thinking  string `json:"thinking"`
		Signature string `json:"signature"`
		Input     loose  `json:"partial_json"`
		Stop      string `json:"stop_reason"`
	} `json:"delta"`
	Usage *claudeUsage    `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type claudeMessage struct {
	Model   string            `json:"model"`
	Content []json.RawMessage `json:"content"`
	Stop    string            `json:"stop_reason"`
	Usage   *claudeUsage      `json:"usage"`
}

// claudeUsage counts what was neither read from the cache nor written to it
// apart from what was.
type claudeUsage struct {
	Input   int `json:"input_tokens"`
	Written int `json:"cache_creation_input_tokens"`
	Read    int `json:"cache_read_input_tokens"`
	Output  int `json:"output_tokens"`
	Details struct {
		Thinking int `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
}

// readMessage reads a streamed or a whole message into a.
func readMessage(res *http.Response, a *assembly) error {
	r := &messageReader{a: a}
	read := func() error {
		if t, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); t == "application/json" {
			return a.whole(res, r.document)
		}
		return a.stream(res, r.event)
	}
	err := read()
	r.close()
	// Thoughts that are cut have no signature, and nobody takes them back.
	if r.beside && err == nil && !a.ended && a.finish != "max_tokens" {
		a.kept.Blocks = r.blocks
	}
	return err
}

type messageReader struct {
	a      *assembly
	usage  claudeUsage
	open   *openBlock // the block that is arriving
	blocks []json.RawMessage
	beside bool // there are blocks of other kinds than text and calls
	spoke  bool
}

// openBlock is a block as far as it has arrived.
type openBlock struct {
	raw                       json.RawMessage
	kind                      string
	call                      *callParts
	text, thinking, signature strings.Builder
	input                     strings.Builder
}

func (r *messageReader) document(data []byte) error {
	var m claudeMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("%w: %v: %s", errGarbled, err, brief.Bytes(string(data), 200))
	}
	for _, raw := range m.Content {
		r.begin(raw)
		r.close()
	}
	r.a.model = cmpOr(m.Model, r.a.model)
	r.stop(m.Stop, m.Usage)
	return nil
}

func (r *messageReader) event(data []byte) error {
	var e claudeEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("%w: %v: %s", errGarbled, err, brief.Bytes(string(data), 200))
	}
	switch e.Type {
	case "message_start":
		if e.Message != nil {
			r.a.model = cmpOr(e.Message.Model, r.a.model)
			r.stop("", e.Message.Usage)
		}
	case "content_block_start":
		r.begin(e.Block)
	case "content_block_delta":
		r.piece(e)
	case "content_block_stop":
		r.close()
	case "message_delta":
		r.stop(e.Delta.Stop, e.Usage)
	case "message_stop":
		r.a.done = true
	case "error":
		return claudeError(data)
	case "":
		if len(e.Error) > 0 && string(e.Error) != "null" {
			return claudeError(data)
		}
	}
	return nil
}

// begin takes the beginning of a block, which is all of it in an answer that is
// not streamed.
func (r *messageReader) begin(raw json.RawMessage) {
	r.close()
	var b struct {
		Type  string          `json:"type"`
		Text  string          `json:"text"`
		ID    string          `json:"id"`
		Name  string          `json:"name"`
		Input json.RawMessage `json:"input"`
	}
	_ = json.Unmarshal(raw, &b)
	r.open = &openBlock{raw: raw, kind: b.Type}
	switch b.Type {
	case "text":
		if r.spoke {
			r.a.say("\n\n") // blocks are paragraphs
		}
		r.say(b.Text)
	case "tool_use":
		r.open.call = &callParts{index: -1, id: b.ID, name: b.Name}
		if s := string(b.Input); s != "{}" && s != "null" {
			r.open.input.WriteString(s)
		}
		r.a.calls = append(r.a.calls, r.open.call)
	default:
		r.beside = true
		r.a.think.apart()
	}
}

func (r *messageReader) say(text string) {
	if text != "" {
		r.spoke = true
		r.open.text.WriteString(text)
		r.a.say(text)
	}
}

// piece takes a piece of a block.
func (r *messageReader) piece(e claudeEvent) {
	if r.open == nil {
		r.begin(json.RawMessage(`{"type":"text","text":""}`)) // some servers begin none
	}
	d := e.Delta
	r.say(d.Text)
	r.open.thinking.WriteString(d.Thinking)
	r.open.signature.WriteString(d.Signature)
	r.open.input.WriteString(string(d.Input))
	if r.a.loop.add(d.Thinking + string(d.Input)) {
		r.a.repeated()
	}
}

// close ends the block that is arriving.
func (r *messageReader) close() {
	b := r.open
	if b == nil {
		return
	}
	r.open = nil
	fields := map[string]any{}
	for name, s := range map[string]*strings.Builder{"text": &b.text, "thinking": &b.thinking, "signature": &b.signature} {
		if s.Len() > 0 {
			fields[name] = s.String()
		}
	}
	if b.call != nil {
		b.call.args.WriteString(cmpOr(b.input.String(), "{}"))
		fields["input"] = objectArguments(b.input.String())
	}
	r.blocks = append(r.blocks, withFields(b.raw, fields))
}

// stop takes what the message says of itself. Later counts include those before.
func (r *messageReader) stop(reason string, u *claudeUsage) {
	if reason != "" {
		r.a.finish = reason
	}
	if u == nil {
		return
	}
	r.usage.Input = max(r.usage.Input, u.Input)
	r.usage.Read = max(r.usage.Read, u.Read)
	r.usage.Written = max(r.usage.Written, u.Written)
	r.usage.Output = max(r.usage.Output, u.Output)
	r.usage.Details.Thinking = max(r.usage.Details.Thinking, u.Details.Thinking)
	t := r.usage
	r.a.usage = usageOf(Usage{Input: t.Input + t.Read + t.Written, Cached: t.Read, Written: t.Written, Output: t.Output, Reasoning: t.Details.Thinking})
}

// claudeStatus is the status that goes with an error within a stream.
var claudeStatus = map[string]int{
	"invalid_request_error": http.StatusBadRequest,
	"authentication_error":  http.StatusUnauthorized,
	"billing_error":         http.StatusPaymentRequired,
	"permission_error":      http.StatusForbidden,
	"not_found_error":       http.StatusNotFound,
	"request_too_large":     http.StatusRequestEntityTooLarge,
	"rate_limit_error":      http.StatusTooManyRequests,
	"timeout_error":         http.StatusGatewayTimeout,
	"overloaded_error":      529,
}

func claudeError(data []byte) error {
	e := parseAPIError(data)
	if e.status = claudeStatus[e.kind]; e.status == 0 {
		e.status = http.StatusBadGateway
	}
	return e
}
