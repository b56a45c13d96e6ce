package messages

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/lenient"
	"github.com/attachebot/attache/internal/llm/protocol"
)

// claudeEvent is an event of a streamed message.
type claudeEvent struct {
	Type    string          `json:"type"`
	Message *claudeMessage  `json:"message"`
	Block   json.RawMessage `json:"content_block"`
	Delta   struct {
		Text      string         `json:"text"`
		Thinking  string         `json:"thinking"`
		Signature string         `json:"signature"`
		Input     lenient.String `json:"partial_json"`
		Stop      string         `json:"stop_reason"`
	} `json:"delta"`
	Usage *claudeUsage `json:"usage"`
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
	Input   lenient.Int `json:"input_tokens"`
	Written lenient.Int `json:"cache_creation_input_tokens"`
	Read    lenient.Int `json:"cache_read_input_tokens"`
	Output  lenient.Int `json:"output_tokens"`
	Details struct {
		Thinking lenient.Int `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
}

// Read reads a streamed or a whole message into a.
func Read(res *http.Response, a *protocol.Answer) error {
	r := &messageReader{a: a}
	err := a.Read(res, r.event, r.document)
	r.close()
	// Thoughts that are cut have no signature, and nobody takes them back.
	if r.beside && err == nil && !a.Ended() && a.Finish != "max_tokens" {
		a.Kept.Blocks = r.blocks
	}
	return err
}

type messageReader struct {
	a      *protocol.Answer
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
	id, name                  string // of a call
	text, thinking, signature strings.Builder
	input                     strings.Builder
}

func (r *messageReader) document(data []byte) error {
	var m claudeMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("%w: %v: %s", protocol.ErrGarbled, err, brief.Bytes(string(data), 200))
	}
	for _, raw := range m.Content {
		r.begin(raw)
		r.close()
	}
	r.a.Model = cmp.Or(m.Model, r.a.Model)
	r.stop(m.Stop, m.Usage)
	return nil
}

func (r *messageReader) event(data []byte) error {
	var e claudeEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("%w: %v: %s", protocol.ErrGarbled, err, brief.Bytes(string(data), 200))
	}
	switch e.Type {
	case "message_start":
		if e.Message != nil {
			r.a.Model = cmp.Or(e.Message.Model, r.a.Model)
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
		r.a.Done = true
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
			r.a.Say("\n\n") // blocks are paragraphs
		}
		r.say(b.Text)
	case "tool_use":
		r.open.id, r.open.name = b.ID, b.Name
		if s := string(b.Input); s != "{}" && s != "null" {
			r.open.input.WriteString(s)
		}
	default:
		r.beside = true
		r.a.Apart()
	}
}

func (r *messageReader) say(text string) {
	if text != "" {
		r.spoke = true
		r.open.text.WriteString(text)
		r.a.Say(text)
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
	r.a.Watch(d.Thinking + string(d.Input))
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
	if b.kind == "tool_use" {
		r.a.AddCall(b.id, b.name, cmp.Or(b.input.String(), "{}"))
		fields["input"] = objectArguments(b.input.String())
	}
	r.blocks = append(r.blocks, lenient.With(b.raw, fields))
}

// stop takes what the message says of itself. Later counts include those before.
func (r *messageReader) stop(reason string, u *claudeUsage) {
	if reason != "" {
		r.a.Finish = reason
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
	r.a.Usage = protocol.UsageOf(llm.Usage{Input: int(t.Input + t.Read + t.Written), Cached: int(t.Read), Written: int(t.Written), Output: int(t.Output), Reasoning: int(t.Details.Thinking)})
}
