// Package responses speaks OpenAI's Responses API.
package responses

import (
	"encoding/json"
	"slices"

	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/lenient"
	"github.com/attachebot/attache/internal/llm/protocol"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// Params renders a request for the Responses API. Nothing is stored at
// the provider: what the model reasoned comes encrypted, is kept with the
// message, and goes back to it.
func Params(req llm.Request, have refusal.Limits) any {
	p := responses.ResponseNewParams{Model: req.Model, Store: param.NewOpt(false)}
	for _, m := range protocol.Render(req, have) {
		p.Input.OfInputItemList = append(p.Input.OfInputItemList, inputItems(m)...)
	}
	for _, t := range have.Tools(req) {
		f := responses.FunctionToolParam{Name: t.Name, Description: param.NewOpt(t.Description), Strict: param.NewOpt(false)}
		// A schema that is no object is the tool's bug: the server says so.
		_ = json.Unmarshal(t.Parameters, &f.Parameters)
		p.Tools = append(p.Tools, responses.ToolUnionParam{OfFunction: &f})
	}
	if len(p.Tools) > 0 && req.NoCalls && !have.Has(refusal.LackToolChoice) {
		p.ToolChoice.OfToolChoiceMode = param.NewOpt(responses.ToolChoiceOptionsNone)
	}
	if n := have.Output(req); n > 0 {
		p.MaxOutputTokens = param.NewOpt(int64(max(n, 16))) // fewer are refused
	}
	if req.User != "" && !have.Has(refusal.LackUser) {
		p.User = param.NewOpt(req.User)
	}
	if req.Effort != "" && !have.Has(refusal.LackEffort) {
		p.Reasoning.Effort = shared.ReasoningEffort(req.Effort)
	}
	if !have.Has(refusal.LackInclude) {
		p.Include = []responses.ResponseIncludable{responses.ResponseIncludableReasoningEncryptedContent}
	}
	if !have.Has(refusal.LackStream) {
		p.SetExtraFields(map[string]any{"stream": true})
	}
	return p
}

func inputItems(m llm.Message) []responses.ResponseInputItemUnionParam {
	switch m.Role {
	case llm.System:
		return []responses.ResponseInputItemUnionParam{inputMessage(m.Text(), responses.EasyInputMessageRoleSystem)}
	case llm.FromTool:
		out := responses.ResponseInputItemParamOfFunctionCallOutput(m.Text())
		out.OfFunctionCallOutput.CallID = param.NewOpt(m.CallID)
		return []responses.ResponseInputItemUnionParam{out}
	case llm.Assistant:
		return outputItems(m)
	}
	if !m.HasImages() {
		return []responses.ResponseInputItemUnionParam{inputMessage(m.Text(), responses.EasyInputMessageRoleUser)}
	}
	var parts responses.ResponseInputMessageContentListParam
	for _, p := range protocol.Joined(m.Parts) {
		if p.Image == nil {
			parts = append(parts, responses.ResponseInputContentParamOfInputText(p.Text))
			continue
		}
		parts = append(parts, responses.ResponseInputContentUnionParam{OfInputImage: &responses.ResponseInputImageParam{
			Detail: responses.ResponseInputImageDetailAuto, ImageURL: param.NewOpt(protocol.DataURL(p.Image)),
		}})
	}
	return []responses.ResponseInputItemUnionParam{inputMessage(parts, responses.EasyInputMessageRoleUser)}
}

// inputMessage is a message that says that it is one: llama.cpp's server wants
// to be told.
func inputMessage[T string | responses.ResponseInputMessageContentListParam](content T, role responses.EasyInputMessageRole) responses.ResponseInputItemUnionParam {
	item := responses.ResponseInputItemParamOfMessage(content, role)
	item.OfMessage.Type = responses.EasyInputMessageTypeMessage
	return item
}

// outputItems are the items of an earlier answer: as they came, if they were
// kept.
func outputItems(m llm.Message) []responses.ResponseInputItemUnionParam {
	var out []responses.ResponseInputItemUnionParam
	if m.Kept != nil && len(m.Kept.Items) > 0 {
		for _, item := range keptItems(m) {
			out = append(out, param.Override[responses.ResponseInputItemUnionParam](item))
		}
		return out
	}
	if text := m.Text(); text != "" || len(m.Calls) == 0 {
		out = append(out, inputMessage(text, responses.EasyInputMessageRoleAssistant))
	}
	for _, c := range m.Calls {
		out = append(out, responses.ResponseInputItemParamOfFunctionCall(protocol.ValidArguments(c.Arguments), c.ID, c.Name))
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
