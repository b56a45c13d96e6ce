package llmtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/attachebot/attache/internal/llm"
)

// The Responses API: stateless requests only, as the program makes them.

type responsesRequest struct {
	Model     string            `json:"model"`
	Input     []json.RawMessage `json:"input"`
	Store     *bool             `json:"store"`
	Stream    bool              `json:"stream"`
	Include   []string          `json:"include"`
	User      string            `json:"user"`
	MaxOutput *int              `json:"max_output_tokens"`
	Choice    any               `json:"tool_choice"`
	Reasoning struct {
		Effort string `json:"effort"`
	} `json:"reasoning"`
	Tools []struct {
		Type       string `json:"type"`
		Name       string `json:"name"`
		Strict     *bool  `json:"strict"`
		Parameters struct {
			Type string `json:"type"`
		} `json:"parameters"`
	} `json:"tools"`
}

type inputItem struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments string          `json:"arguments"`
	Output    string          `json:"output"`
	Encrypted string          `json:"encrypted_content"`
}

// parseResponses reads a request and says what the API would refuse in it.
func parseResponses(body []byte) (Request, string) {
	var wire responsesRequest
	if err := json.Unmarshal(body, &wire); err != nil {
		return Request{}, "not JSON: " + err.Error()
	}
	req := Request{Model: wire.Model, Stream: wire.Stream, IncludeUsage: true, User: wire.User, Body: body, Responses: true, Effort: wire.Reasoning.Effort}
	req.ToolChoice, _ = wire.Choice.(string)
	switch {
	case wire.Model == "":
		return req, "no model"
	case len(wire.Input) == 0:
		return req, "no input"
	case wire.Store == nil || *wire.Store:
		return req, "what people say would be stored"
	case wire.MaxOutput != nil && *wire.MaxOutput < 16:
		return req, "max_output_tokens below 16"
	case wire.Choice != nil && len(wire.Tools) == 0:
		return req, "tool_choice without tools"
	}
	if wire.MaxOutput != nil {
		req.MaxTokens = *wire.MaxOutput
	}
	for i, t := range wire.Tools {
		// A schema is strict unless the request says no, and ours are not.
		if t.Type != "function" || !validName.MatchString(t.Name) || t.Parameters.Type != "object" || t.Strict == nil || *t.Strict {
			return req, fmt.Sprintf("tools[%d] is not well formed", i)
		}
		req.Tools = append(req.Tools, t.Name)
	}
	problem := req.addItems(wire.Input)
	return req, problem
}

// addItems checks above all that each call has its result, and that calls come
// with the reasoning that they came with.
func (r *Request) addItems(items []json.RawMessage) string {
	open := map[string]bool{}
	reasoned := "" // the reasoning that the items after it belong to
	for i, raw := range items {
		var item inputItem
		if err := json.Unmarshal(raw, &item); err != nil {
			return fmt.Sprintf("input[%d]: %v", i, err)
		}
		at := func(format string, args ...any) string {
			return fmt.Sprintf("input[%d] (%s): ", i, item.Type) + fmt.Sprintf(format, args...)
		}
		switch item.Type {
		case "reasoning":
			if item.Encrypted == "" {
				return at("Item with id '%s' not found. Items are not persisted when `store` is set to false.", item.ID)
			}
			reasoned = item.ID
		case "function_call":
			if item.CallID == "" || open[item.CallID] || !validName.MatchString(item.Name) || !json.Valid([]byte(item.Arguments)) {
				return at("not well formed: %s", raw)
			}
			if strings.HasPrefix(item.ID, "fc_") && reasoned == "" {
				return at("Item '%s' of type 'function_call' was provided without its required 'reasoning' item.", item.ID)
			}
			open[item.CallID] = true
			if n := len(r.Messages); n == 0 || r.Messages[n-1].Role != "assistant" {
				r.Messages = append(r.Messages, Message{Role: "assistant"})
			}
			last := &r.Messages[len(r.Messages)-1]
			last.Calls = append(last.Calls, llm.ToolCall{ID: item.CallID, Name: item.Name, Arguments: item.Arguments})
		case "function_call_output":
			if !open[item.CallID] {
				return at("No tool call found for function call output with call_id %s.", item.CallID)
			}
			delete(open, item.CallID)
			reasoned = ""
			r.Messages = append(r.Messages, Message{Role: "tool", Text: item.Output, CallID: item.CallID})
		case "message", "":
			m := Message{Role: item.Role}
			var problem string
			if m.Text, m.Images, problem = parseInput(item.Content); problem != "" {
				return at("%s", problem)
			}
			if item.Role != "assistant" {
				if reasoned = ""; m.Text == "" && len(m.Images) == 0 {
					return at("empty")
				}
			}
			r.Messages = append(r.Messages, m)
		default:
			return at("unknown type")
		}
	}
	if len(open) > 0 {
		return fmt.Sprintf("No tool output found for function call %v.", open)
	}
	return ""
}

func parseInput(raw json.RawMessage) (text string, images [][]byte, problem string) {
	if json.Unmarshal(raw, &text) == nil {
		return text, nil, ""
	}
	var parts []struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		ImageURL string `json:"image_url"`
	}
	if json.Unmarshal(raw, &parts) != nil || len(parts) == 0 {
		return "", nil, "content is neither a string nor a list of parts"
	}
	for _, p := range parts {
		switch p.Type {
		case "input_text", "output_text":
			text += p.Text
		case "input_image":
			mime, data, ok := strings.Cut(strings.TrimPrefix(p.ImageURL, "data:"), ";base64,")
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

// responseLines are the events of a streamed response.
func (r Reply) responseLines(req Request, n int) []string {
	var lines []string
	add := func(kind string, fields object) {
		fields["type"], fields["sequence_number"] = kind, len(lines)
		b, err := json.Marshal(fields)
		if err != nil {
			panic(err)
		}
		lines = append(lines, string(b))
	}
	doc := r.response(req, n)
	begun := maps.Clone(doc)
	maps.Copy(begun, object{"status": "in_progress", "output": []object{}, "usage": nil, "incomplete_details": nil})
	add("response.created", object{"response": begun})
	add("response.in_progress", object{"response": begun})
	for i, item := range doc["output"].([]object) {
		begun := maps.Clone(item)
		switch item["type"] {
		case "message":
			begun["status"], begun["content"] = "in_progress", []object{}
		case "function_call":
			begun["status"], begun["arguments"] = "in_progress", ""
		}
		add("response.output_item.added", object{"output_index": i, "item": begun})
		switch item["type"] {
		case "message":
			part := func(text string) object {
				return object{"item_id": item["id"], "output_index": i, "content_index": 0,
					"part": object{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}}}
			}
			add("response.content_part.added", part(""))
			for _, p := range r.pieces() {
				add("response.output_text.delta", object{"item_id": item["id"], "output_index": i, "content_index": 0, "delta": p, "logprobs": []any{}})
			}
			add("response.output_text.done", object{"item_id": item["id"], "output_index": i, "content_index": 0, "text": r.text(), "logprobs": []any{}})
			add("response.content_part.done", part(r.text()))
		case "function_call":
			add("response.function_call_arguments.delta", object{"item_id": item["id"], "output_index": i, "delta": item["arguments"]})
			add("response.function_call_arguments.done", object{"item_id": item["id"], "output_index": i, "name": item["name"], "arguments": item["arguments"]})
		}
		add("response.output_item.done", object{"output_index": i, "item": item})
	}
	if r.Hang {
		return lines
	}
	kind := "response.completed"
	if doc["status"] == "incomplete" {
		kind = "response.incomplete"
	}
	add(kind, object{"response": doc})
	return lines
}

func (r Reply) response(req Request, n int) object {
	items := []object{}
	if r.Reasoning != "" {
		items = append(items, object{"type": "reasoning", "id": fmt.Sprintf("rs_%d", n), "summary": []object{}, "encrypted_content": r.Reasoning})
	}
	if r.text() != "" {
		items = append(items, object{"type": "message", "id": fmt.Sprintf("msg_%d", n), "status": "completed", "role": "assistant", "phase": "final_answer",
			"content": []object{{"type": "output_text", "text": r.text(), "annotations": []any{}, "logprobs": []any{}}}})
	}
	for i, c := range r.Calls {
		items = append(items, object{"type": "function_call", "id": fmt.Sprintf("fc_%d_%d", n, i), "status": "completed", "call_id": c.ID, "name": c.Name, "arguments": c.Arguments})
	}
	doc := object{"id": fmt.Sprintf("resp_%d", n), "object": "response", "created_at": 1, "status": "completed", "model": req.Model, "output": items,
		"parallel_tool_calls": true, "tool_choice": "auto", "tools": []any{}, "error": nil, "incomplete_details": nil}
	switch r.Finish {
	case "length":
		doc["status"], doc["incomplete_details"] = "incomplete", object{"reason": "max_output_tokens"}
	case "content_filter":
		doc["status"], doc["incomplete_details"] = "incomplete", object{"reason": "content_filter"}
	}
	if !r.NoUsage {
		u := r.count(req)
		doc["usage"] = object{"input_tokens": u.Input, "output_tokens": u.Output, "total_tokens": u.Input + u.Output,
			"input_tokens_details":  object{"cached_tokens": u.Cached, "cache_write_tokens": u.Written},
			"output_tokens_details": object{"reasoning_tokens": u.Reasoning}}
	}
	return doc
}
