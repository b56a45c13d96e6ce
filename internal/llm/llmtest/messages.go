package llmtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/attachebot/attache/internal/llm"
)

// Anthropic's Messages API. Its refusals are worded as the API words them.

type claudeRequest struct {
	Model     string        `json:"model"`
	MaxTokens int           `json:"max_tokens"`
	Stream    bool          `json:"stream"`
	System    claudeContent `json:"system"`
	Messages  []struct {
		Role    string        `json:"role"`
		Content claudeContent `json:"content"`
	} `json:"messages"`
	Tools []struct {
		Name   string `json:"name"`
		Schema struct {
			Type string `json:"type"`
		} `json:"input_schema"`
		Cache any `json:"cache_control"`
	} `json:"tools"`
	Choice struct {
		Type string `json:"type"`
	} `json:"tool_choice"`
	Metadata struct {
		User string `json:"user_id"`
	} `json:"metadata"`
	Thinking struct {
		Type   string `json:"type"`
		Budget int    `json:"budget_tokens"`
	} `json:"thinking"`
	Output struct {
		Effort string `json:"effort"`
	} `json:"output_config"`
}

type claudeBlock struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	Signature string          `json:"signature"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	Answers   string          `json:"tool_use_id"`
	Content   claudeContent   `json:"content"`
	Cache     any             `json:"cache_control"`
	Source    struct {
		Type string `json:"type"`
		MIME string `json:"media_type"`
		Data string `json:"data"`
	} `json:"source"`
}

// claudeContent is a list of blocks, or a text that stands for one.
type claudeContent []claudeBlock

func (c *claudeContent) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*c = claudeContent{{Type: "text", Text: text}}
		return nil
	}
	return json.Unmarshal(b, (*[]claudeBlock)(c))
}

// parseMessages reads a request and says what the API would refuse in it.
func parseMessages(body []byte) (Request, string) {
	var wire claudeRequest
	if err := json.Unmarshal(body, &wire); err != nil {
		return Request{}, "not JSON: " + err.Error()
	}
	req := Request{Model: wire.Model, Stream: wire.Stream, IncludeUsage: true, User: wire.Metadata.User, Body: body, Claude: true,
		Effort: wire.Output.Effort, MaxTokens: wire.MaxTokens, ToolChoice: wire.Choice.Type}
	marks := 0
	mark := func(cache any) {
		if cache != nil {
			marks++
		}
	}
	switch {
	case wire.Model == "":
		return req, "model: Field required"
	case wire.MaxTokens < 1:
		return req, "max_tokens: Field required"
	case wire.Thinking.Budget > 0 && wire.Thinking.Budget >= wire.MaxTokens:
		return req, "`max_tokens` must be greater than `thinking.budget_tokens`."
	case wire.Thinking.Type == "enabled" && wire.Thinking.Budget < 1024:
		return req, "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
	case len(wire.Messages) == 0:
		return req, "messages: at least one message is required"
	case wire.Messages[0].Role != "user":
		return req, `messages: first message must use the "user" role`
	case wire.Messages[len(wire.Messages)-1].Role != "user":
		return req, "This model does not support assistant message prefill. The conversation must end with a user message."
	}
	for i, t := range wire.Tools {
		if !validName.MatchString(t.Name) || t.Schema.Type != "object" {
			return req, fmt.Sprintf("tools.%d.custom.input_schema: Field required", i)
		}
		mark(t.Cache)
		req.Tools = append(req.Tools, t.Name)
	}
	for i, b := range wire.System {
		if strings.TrimSpace(b.Text) == "" {
			return req, fmt.Sprintf("system.%d: text content blocks must be non-empty", i)
		}
		mark(b.Cache)
		req.Messages = append(req.Messages, Message{Role: "system", Text: b.Text})
	}
	open := map[string]bool{} // calls that wait for their result
	taken := map[string]bool{}
	for i, m := range wire.Messages {
		if i > 0 && wire.Messages[i-1].Role == m.Role {
			return req, fmt.Sprintf("messages: roles must alternate between \"user\" and \"assistant\", but found multiple %q roles in a row", m.Role)
		}
		out := Message{Role: m.Role}
		for k, b := range m.Content {
			mark(b.Cache)
			at := func(format string, args ...any) string {
				return fmt.Sprintf("messages.%d.content.%d: ", i, k) + fmt.Sprintf(format, args...)
			}
			if b.Type != "tool_result" && len(open) > 0 && m.Role == "user" {
				return req, at("`tool_use` ids were found without `tool_result` blocks immediately after: %v", open)
			}
			switch {
			case b.Type == "text":
				if strings.TrimSpace(b.Text) == "" {
					return req, at("text content blocks must contain non-whitespace text")
				}
				if out.Text != "" {
					out.Text += "\n\n"
				}
				out.Text += b.Text
			case b.Type == "image" && m.Role == "user":
				data, err := base64.StdEncoding.DecodeString(b.Source.Data)
				if err != nil || len(data) == 0 || http.DetectContentType(data) != b.Source.MIME {
					return req, at("Image does not match the provided media type %s", b.Source.MIME)
				}
				out.Images = append(out.Images, data)
			case b.Type == "tool_result" && m.Role == "user":
				if !open[b.Answers] {
					return req, at("unexpected `tool_use_id` found in `tool_result` blocks: %s. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.", b.Answers)
				}
				delete(open, b.Answers)
				result := Message{Role: "tool", CallID: b.Answers}
				for _, c := range b.Content {
					result.Text += c.Text
				}
				req.Messages = append(req.Messages, result)
			case b.Type == "tool_use" && m.Role == "assistant":
				if !claudeIDs.MatchString(b.ID) {
					return req, at("tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
				}
				if taken[b.ID] {
					return req, "messages: `tool_use` ids must be unique"
				}
				if !strings.HasPrefix(string(b.Input), "{") || !validName.MatchString(b.Name) {
					return req, at("tool_use.input: Input should be a valid dictionary")
				}
				open[b.ID], taken[b.ID] = true, true
				out.Calls = append(out.Calls, llm.ToolCall{ID: b.ID, Name: b.Name, Arguments: string(b.Input)})
			case (b.Type == "thinking" || b.Type == "redacted_thinking") && m.Role == "assistant":
				if b.Cache != nil {
					return req, at("cache_control: Extra inputs are not permitted")
				}
			default:
				return req, at("Input tag '%s' found using 'type' does not match any of the expected tags", b.Type)
			}
		}
		if len(m.Content) == 0 {
			return req, fmt.Sprintf("messages.%d: all messages must have non-empty content", i)
		}
		if m.Role == "user" && out.Text == "" && len(out.Images) == 0 {
			continue // only results
		}
		req.Messages = append(req.Messages, out)
	}
	switch {
	case len(open) > 0:
		return req, fmt.Sprintf("`tool_use` ids were found without `tool_result` blocks immediately after: %v", open)
	case marks > 4:
		return req, fmt.Sprintf("A maximum of 4 blocks with cache_control may be provided. Found %d.", marks)
	}
	return req, ""
}

var claudeIDs = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// message is a whole answer.
func (r Reply) message(req Request, n int) object {
	content := []object{}
	if r.Reasoning != "" {
		content = append(content, object{"type": "thinking", "thinking": "Thought: é 漢字", "signature": r.Reasoning})
	}
	if r.text() != "" {
		content = append(content, object{"type": "text", "text": r.text()})
	}
	for i, c := range r.Calls {
		id := c.ID
		if id == "" {
			id = fmt.Sprintf("toolu_%d_%d", n, i)
		}
		content = append(content, object{"type": "tool_use", "id": id, "name": c.Name, "input": json.RawMessage(c.Arguments)})
	}
	stop := map[string]string{"length": "max_tokens", "content_filter": "refusal"}[r.Finish]
	switch {
	case stop != "":
	case len(r.Calls) > 0:
		stop = "tool_use"
	default:
		stop = "end_turn"
	}
	u := r.count(req)
	return object{"id": fmt.Sprintf("msg_%d", n), "type": "message", "role": "assistant", "model": req.Model, "content": content,
		"stop_reason": stop, "stop_sequence": nil,
		"usage": object{"input_tokens": u.Input - u.Cached - u.Written, "cache_read_input_tokens": u.Cached, "cache_creation_input_tokens": u.Written,
			"output_tokens": u.Output, "output_tokens_details": object{"thinking_tokens": u.Reasoning}}}
}

// messageLines are the events of a streamed answer.
func (r Reply) messageLines(req Request, n int) []string {
	var lines []string
	add := func(kind string, fields object) {
		fields["type"] = kind
		b, err := json.Marshal(fields)
		if err != nil {
			panic(err)
		}
		lines = append(lines, string(b))
	}
	doc := r.message(req, n)
	usage, _ := doc["usage"].(object)
	first := object{}
	for k, v := range doc {
		first[k] = v
	}
	first["content"], first["stop_reason"] = []object{}, nil
	first["usage"] = object{"input_tokens": usage["input_tokens"], "cache_read_input_tokens": usage["cache_read_input_tokens"],
		"cache_creation_input_tokens": usage["cache_creation_input_tokens"], "output_tokens": 1}
	add("message_start", object{"message": first})
	add("ping", object{})
	for i, block := range doc["content"].([]object) {
		delta := func(kind, name string, pieces ...string) {
			for _, p := range pieces {
				add("content_block_delta", object{"index": i, "delta": object{"type": kind, name: p}})
			}
		}
		switch block["type"] {
		case "thinking":
			add("content_block_start", object{"index": i, "content_block": object{"type": "thinking", "thinking": "", "signature": ""}})
			delta("thinking_delta", "thinking", "Thought: ", "é 漢字")
			delta("signature_delta", "signature", r.Reasoning)
		case "text":
			add("content_block_start", object{"index": i, "content_block": object{"type": "text", "text": ""}})
			delta("text_delta", "text", r.pieces()...)
		case "tool_use":
			add("content_block_start", object{"index": i, "content_block": object{"type": "tool_use", "id": block["id"], "name": block["name"], "input": object{}}})
			args := string(block["input"].(json.RawMessage))
			delta("input_json_delta", "partial_json", "", args[:len(args)/2], args[len(args)/2:])
		}
		add("content_block_stop", object{"index": i})
	}
	if r.Hang {
		return lines
	}
	add("message_delta", object{"delta": object{"stop_reason": doc["stop_reason"], "stop_sequence": nil}, "usage": usage})
	add("message_stop", object{})
	return lines
}

// claudeError is a refusal as the API words it.
func claudeError(status int, message string) object {
	kind := map[int]string{400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
		413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}[status]
	if kind == "" {
		kind = "api_error"
	}
	return object{"type": "error", "error": object{"type": kind, "message": message}, "request_id": "req_011CZkZaBF1tNoB5wlCeusgy"}
}

// nativeClaude thinks, and wants back what it thought before a call: its own,
// as it was.
func nativeClaude() Dialect {
	var made issued
	return Dialect{
		check: func(req Request, messages []object) Reply {
			for i, m := range messages {
				blocks, _ := m["content"].([]any)
				thought, called := false, false
				for k, b := range blocks {
					block, _ := b.(object)
					switch block["type"] {
					case "thinking":
						thought = true
						if !made.has(block["signature"]) {
							return refusal(400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages.%d.content.%d: Invalid `signature` in `thinking` block\"},\"request_id\":\"req_1\"}", i, k)
						}
						if block["thinking"] != "Thought: é 漢字" {
							return refusal(400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages.%d.content.%d: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.\"}}", i, k)
						}
					case "tool_use":
						called = true
					}
				}
				if called && !thought {
					return refusal(400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages.%d.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.\"}}", i)
				}
			}
			return Reply{}
		},
		dress: func(r *Reply, n int) {
			r.Reasoning = made.make(fmt.Sprintf("EqQB%d==", n)).(string)
			for i := range r.Calls {
				r.Calls[i].ID = fmt.Sprintf("toolu_01%d_%d", n, i)
			}
		},
	}
}
