// Package responses speaks OpenAI's Responses API.
package responses

import (
	"encoding/json"
	"slices"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/lenient"
	"github.com/attachebot/attache/internal/llm/protocol"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// object is one of JSON.
type object = map[string]any

// params are a request for the Responses API.
type params struct {
	Model      string   `json:"model"`
	Input      []any    `json:"input"`
	Tools      []object `json:"tools,omitempty"`
	ToolChoice string   `json:"tool_choice,omitempty"`
	MaxOutput  int      `json:"max_output_tokens,omitempty"`
	User       string   `json:"user,omitempty"`
	Reasoning  object   `json:"reasoning,omitempty"`
	Include    []string `json:"include,omitempty"`
	Store      bool     `json:"store"`
	Stream     bool     `json:"stream,omitempty"`
}

// Params renders a request for the Responses API. Nothing is stored at
// the provider: what the model reasoned comes encrypted, is kept with the
// message, and goes back to it.
func Params(req llm.Request, have refusal.Limits) any {
	p := params{Model: req.Model}
	for _, m := range protocol.Render(req, have) {
		p.Input = append(p.Input, inputItems(m)...)
	}
	for _, t := range have.Tools(req) {
		f := object{"type": "function", "name": t.Name, "description": t.Description, "strict": false}
		protocol.SetSchema(f, t)
		p.Tools = append(p.Tools, f)
	}
	if len(p.Tools) > 0 && req.NoCalls && !have.Has(refusal.LackToolChoice) {
		p.ToolChoice = "none"
	}
	if n := have.Output(req); n > 0 {
		p.MaxOutput = max(n, 16) // fewer are refused
	}
	if req.User != "" && !have.Has(refusal.LackUser) {
		p.User = req.User
	}
	if req.Effort != "" && !have.Has(refusal.LackEffort) {
		p.Reasoning = object{"effort": req.Effort}
	}
	if !have.Has(refusal.LackInclude) {
		p.Include = []string{"reasoning.encrypted_content"}
	}
	p.Stream = !have.Has(refusal.LackStream)
	return p
}

func inputItems(m llm.Message) []any {
	switch m.Role {
	case llm.System:
		return []any{inputMessage("system", m.Text())}
	case llm.FromTool:
		return []any{object{"type": "function_call_output", "call_id": m.CallID, "output": m.Text()}}
	case llm.Assistant:
		return outputItems(m)
	}
	if !m.HasImages() {
		return []any{inputMessage("user", m.Text())}
	}
	var parts []object
	for _, p := range protocol.Joined(m.Parts) {
		if p.Image == nil {
			parts = append(parts, object{"type": "input_text", "text": p.Text})
			continue
		}
		parts = append(parts, object{"type": "input_image", "detail": "auto", "image_url": protocol.DataURL(p.Image)})
	}
	return []any{inputMessage("user", parts)}
}

// inputMessage is a message that says that it is one: llama.cpp's server wants
// to be told.
func inputMessage(role string, content any) object {
	return object{"type": "message", "role": role, "content": content}
}

// outputItems are the items of an earlier answer: as they came, if they were
// kept.
func outputItems(m llm.Message) (out []any) {
	if m.Kept != nil && len(m.Kept.Items) > 0 {
		for _, item := range keptItems(m) {
			out = append(out, item)
		}
		return out
	}
	if text := m.Text(); text != "" || len(m.Calls) == 0 {
		out = append(out, inputMessage("assistant", text))
	}
	for _, c := range m.Calls {
		out = append(out, object{"type": "function_call", "call_id": c.ID, "name": c.Name, "arguments": protocol.ValidArguments(c.Arguments)})
	}
	return out
}

// keptItems are the items that the server takes back: reasoning only if it is
// there in encrypted form, since nothing is stored, and calls only if they were
// made. Without all of the reasoning, items lose the ids that tie them to it.
func keptItems(m llm.Message) []json.RawMessage {
	var out []json.RawMessage
	calls := 0
	whole := true
	for _, raw := range m.Kept.Items {
		var item struct {
			Type      string `json:"type"`
			Encrypted string `json:"encrypted_content"`
		}
		_ = json.Unmarshal(raw, &item)
		switch item.Type {
		case "reasoning":
			if item.Encrypted == "" {
				whole = false
				continue
			}
		case "function_call":
			if calls == len(m.Calls) {
				continue
			}
			c := m.Calls[calls]
			calls++
			raw = lenient.With(raw, map[string]any{"call_id": c.ID, "name": c.Name, "arguments": protocol.ValidArguments(c.Arguments)})
		}
		out = append(out, raw)
	}
	if !whole {
		for i := range out {
			out[i] = lenient.With(out[i], map[string]any{"id": nil})
		}
	}
	for _, c := range m.Calls[min(calls, len(m.Calls)):] {
		out = append(out, lenient.JSON(map[string]string{"type": "function_call", "call_id": c.ID, "name": c.Name, "arguments": protocol.ValidArguments(c.Arguments)}))
	}
	return slices.Clip(out)
}
