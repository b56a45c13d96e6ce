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

// Request is a chat request as it arrived.
type Request struct {
	Model        string
	Messages     []Message
	Tools        []string // names
	ToolChoice   string
	Stream       bool
	IncludeUsage bool
	MaxTokens    int // by either name
	User         string
	Effort       string
	Responses    bool // through that API
	Claude       bool // through Anthropic's Messages API
	Header       http.Header
	Body         []byte
}

// Message is one message of a request.
type Message struct {
	Role   string
	Text   string
	Images [][]byte
	Calls  []llm.ToolCall
	CallID string
}

// Last returns the last message.
func (r Request) Last() Message { return r.Messages[len(r.Messages)-1] }

// LastUser returns the text of the last user message, or "".
func (r Request) LastUser() string {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if r.Messages[i].Role == "user" {
			return r.Messages[i].Text
		}
	}
	return ""
}

// System returns the text of all system messages.
func (r Request) System() string {
	var s []string
	for _, m := range r.Messages {
		if m.Role == "system" || m.Role == "developer" {
			s = append(s, m.Text)
		}
	}
	return strings.Join(s, "\n")
}

type wireRequest struct {
	Model               string        `json:"model"`
	Messages            []wireMessage `json:"messages"`
	Tools               []wireTool    `json:"tools"`
	ToolChoice          any           `json:"tool_choice"`
	Stream              bool          `json:"stream"`
	MaxTokens           *int          `json:"max_tokens"`
	MaxCompletionTokens *int          `json:"max_completion_tokens"`
	User                string        `json:"user"`
	Effort              string        `json:"reasoning_effort"`
	StreamOptions       *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

type wireMessage struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

type wireTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Parameters  struct {
			Type string `json:"type"`
		} `json:"parameters"`
	} `json:"function"`
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// parse reads a request and says what the API would refuse in it.
func parse(body []byte) (Request, string) {
	var wire wireRequest
	if err := json.Unmarshal(body, &wire); err != nil {
		return Request{}, "not JSON: " + err.Error()
	}
	req := Request{Model: wire.Model, Stream: wire.Stream, User: wire.User, Effort: wire.Effort, Body: body}
	req.ToolChoice, _ = wire.ToolChoice.(string)
	req.IncludeUsage = wire.StreamOptions != nil && wire.StreamOptions.IncludeUsage
	switch {
	case wire.Model == "":
		return req, "no model"
	case len(wire.Messages) == 0:
		return req, "no messages"
	case wire.StreamOptions != nil && !wire.Stream:
		return req, "stream_options without stream"
	case wire.MaxTokens != nil && wire.MaxCompletionTokens != nil:
		return req, "both max_tokens and max_completion_tokens"
	case wire.ToolChoice != nil && len(wire.Tools) == 0:
		return req, "tool_choice without tools"
	}
	for _, n := range []*int{wire.MaxTokens, wire.MaxCompletionTokens} {
		if n != nil {
			if req.MaxTokens = *n; *n < 1 {
				return req, "an output limit below 1"
			}
		}
	}
	seen := map[string]bool{}
	for i, t := range wire.Tools {
		name := t.Function.Name
		if t.Type != "function" || !validName.MatchString(name) || seen[name] || t.Function.Parameters.Type != "object" {
			return req, fmt.Sprintf("tools[%d] is not well formed", i)
		}
		seen[name] = true
		req.Tools = append(req.Tools, name)
	}
	problem := req.addMessages(wire.Messages)
	return req, problem
}

// addMessages checks above all that each call is answered exactly once, by
// the messages that follow it at once.
func (r *Request) addMessages(msgs []wireMessage) string {
	ids := map[string]bool{}  // all calls so far
	open := map[string]bool{} // calls that wait for their answer
	for i, m := range msgs {
		at := func(format string, args ...any) string {
			return fmt.Sprintf("messages[%d] (%s): ", i, m.Role) + fmt.Sprintf(format, args...)
		}
		if m.Role != "tool" && len(open) > 0 {
			return at("calls without an answer: %v", open)
		}
		out := Message{Role: m.Role, CallID: m.ToolCallID}
		var problem string
		if out.Text, out.Images, problem = parseContent(m.Content); problem != "" {
			return at("%s", problem)
		}
		hasContent := out.Text != "" || len(out.Images) > 0
		switch m.Role {
		case "system", "developer", "user":
			if !hasContent {
				return at("empty")
			}
			if len(out.Images) > 0 && m.Role != "user" {
				return at("an image")
			}
		case "assistant":
			if !hasContent && len(m.ToolCalls) == 0 {
				return at("neither content nor tool_calls")
			}
			for _, c := range m.ToolCalls {
				switch {
				case c.ID == "" || ids[c.ID]:
					return at("the call id %q is empty or taken", c.ID)
				case c.Type != "function" || !validName.MatchString(c.Function.Name):
					return at("call %q has type %q and name %q", c.ID, c.Type, c.Function.Name)
				case !json.Valid([]byte(c.Function.Arguments)):
					return at("the arguments of %q are not JSON", c.ID)
				}
				ids[c.ID], open[c.ID] = true, true
				out.Calls = append(out.Calls, llm.ToolCall{ID: c.ID, Name: c.Function.Name, Arguments: c.Function.Arguments})
			}
		case "tool":
			if !open[m.ToolCallID] {
				return at("%q is not an open call", m.ToolCallID)
			}
			delete(open, m.ToolCallID)
		default:
			return at("unknown role")
		}
		if m.Role != "assistant" && len(m.ToolCalls) > 0 {
			return at("tool_calls")
		}
		r.Messages = append(r.Messages, out)
	}
	if len(open) > 0 {
		return fmt.Sprintf("calls without an answer at the end: %v", open)
	}
	return ""
}

func parseContent(raw json.RawMessage) (text string, images [][]byte, problem string) {
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &text) == nil {
		return text, nil, ""
	}
	var parts []struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		ImageURL struct {
			URL string `json:"url"`
		} `json:"image_url"`
	}
	if json.Unmarshal(raw, &parts) != nil || len(parts) == 0 {
		return "", nil, "content is neither a string nor a list of parts"
	}
	for _, p := range parts {
		switch p.Type {
		case "text":
			if p.Text == "" {
				return "", nil, "an empty text part"
			}
			text += p.Text
		case "image_url":
			mime, data, ok := strings.Cut(strings.TrimPrefix(p.ImageURL.URL, "data:"), ";base64,")
			b, err := base64.StdEncoding.DecodeString(data)
			if !ok || err != nil || len(b) == 0 || http.DetectContentType(b) != mime {
				return "", nil, fmt.Sprintf("an image that is not a data URL of what it says (%q)", mime)
			}
			images = append(images, b)
		default:
			return "", nil, "a part of type " + p.Type
		}
	}
	return text, images, ""
}
