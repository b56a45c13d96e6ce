// Package completions speaks OpenAI's chat completions, as all compatible
// servers have them.
package completions

import (
	"encoding/json"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/protocol"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// object is one of JSON.
type object = map[string]any

// params are a request for chat completions.
type params struct {
	Model               string   `json:"model"`
	Messages            []object `json:"messages"`
	Tools               []object `json:"tools,omitempty"`
	ToolChoice          string   `json:"tool_choice,omitempty"`
	MaxTokens           int      `json:"max_tokens,omitempty"`
	MaxCompletionTokens int      `json:"max_completion_tokens,omitempty"`
	User                string   `json:"user,omitempty"`
	ReasoningEffort     string   `json:"reasoning_effort,omitempty"`
	Stream              bool     `json:"stream,omitempty"`
	StreamOptions       object   `json:"stream_options,omitempty"`
}

// Params renders a request for chat completions.
func Params(req llm.Request, have refusal.Limits) any {
	p := params{Model: req.Model}
	for _, m := range protocol.Render(req, have) {
		p.Messages = append(p.Messages, chatMessage(m))
	}
	for _, t := range have.Tools(req) {
		f := object{"name": t.Name, "description": t.Description}
		protocol.SetSchema(f, t)
		p.Tools = append(p.Tools, object{"type": "function", "function": f})
	}
	if len(p.Tools) > 0 && req.NoCalls && !have.Has(refusal.LackToolChoice) {
		p.ToolChoice = "none"
	}
	if n := have.Output(req); n > 0 {
		switch have.LimitParam() {
		case "max_tokens":
			p.MaxTokens = n
		case "max_completion_tokens":
			p.MaxCompletionTokens = n
		}
	}
	if req.User != "" && !have.Has(refusal.LackUser) {
		p.User = req.User
	}
	switch {
	case len(p.Tools) > 0 && have.Has(refusal.LackReasoning):
		p.ReasoningEffort = "none"
	case req.Effort != "" && !have.Has(refusal.LackEffort):
		p.ReasoningEffort = req.Effort
	}
	if p.Stream = !have.Has(refusal.LackStream); p.Stream && !have.Has(refusal.LackStreamOptions) {
		p.StreamOptions = object{"include_usage": true}
	}
	return p
}

func chatMessage(m llm.Message) object {
	switch m.Role {
	case llm.System:
		return object{"role": "system", "content": m.Text()}
	case llm.FromTool:
		return object{"role": "tool", "content": m.Text(), "tool_call_id": m.CallID}
	case llm.Assistant:
		return chatAssistant(m)
	}
	if !m.HasImages() {
		return object{"role": "user", "content": m.Text()}
	}
	var parts []object
	for _, p := range protocol.Joined(m.Parts) {
		if p.Image == nil {
			parts = append(parts, object{"type": "text", "text": p.Text})
			continue
		}
		parts = append(parts, object{"type": "image_url", "image_url": object{"url": protocol.DataURL(p.Image)}})
	}
	return object{"role": "user", "content": parts}
}

func chatAssistant(m llm.Message) object {
	a := object{"role": "assistant"}
	if text := m.Text(); text != "" || len(m.Calls) == 0 {
		a["content"] = text
	}
	var calls []object
	for i, c := range m.Calls {
		call := object{"id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": protocol.ValidArguments(c.Arguments)}}
		if m.Kept != nil && i < len(m.Kept.Calls) {
			keep(call, m.Kept.Calls[i])
		}
		calls = append(calls, call)
	}
	if len(calls) > 0 {
		a["tool_calls"] = calls
	}
	if m.Kept != nil {
		keep(a, m.Kept.Fields)
	}
	return a
}

// keep gives back to the server what it wants to have again.
func keep(o object, fields map[string]json.RawMessage) {
	for name, value := range fields {
		o[name] = value
	}
}
