// Package completions speaks OpenAI's chat completions, as all compatible
// servers have them.
package completions

import (
	"encoding/json"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/protocol"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// Params renders a request for chat completions.
func Params(req llm.Request, have refusal.Limits) any {
	p := openai.ChatCompletionNewParams{Model: req.Model}
	for _, m := range protocol.Render(req, have) {
		p.Messages = append(p.Messages, chatMessage(m))
	}
	for _, t := range have.Tools(req) {
		f := shared.FunctionDefinitionParam{Name: t.Name, Description: param.NewOpt(t.Description)}
		// A schema that is no object is the tool's bug: the server says so.
		_ = json.Unmarshal(t.Parameters, &f.Parameters)
		p.Tools = append(p.Tools, openai.ChatCompletionFunctionTool(f))
	}
	if len(p.Tools) > 0 && req.NoCalls && !have.Has(refusal.LackToolChoice) {
		p.ToolChoice.OfAuto = param.NewOpt("none")
	}
	if n := have.Output(req); n > 0 {
		switch have.LimitParam() {
		case "max_tokens":
			p.MaxTokens = param.NewOpt(int64(n))
		case "max_completion_tokens":
			p.MaxCompletionTokens = param.NewOpt(int64(n))
		}
	}
	if req.User != "" && !have.Has(refusal.LackUser) {
		p.User = param.NewOpt(req.User)
	}
	switch {
	case len(p.Tools) > 0 && have.Has(refusal.LackReasoning):
		p.ReasoningEffort = "none"
	case req.Effort != "" && !have.Has(refusal.LackEffort):
		p.ReasoningEffort = shared.ReasoningEffort(req.Effort)
	}
	if !have.Has(refusal.LackStream) {
		if !have.Has(refusal.LackStreamOptions) {
			p.StreamOptions.IncludeUsage = param.NewOpt(true)
		}
		p.SetExtraFields(map[string]any{"stream": true})
	}
	return p
}

func chatMessage(m llm.Message) openai.ChatCompletionMessageParamUnion {
	switch m.Role {
	case llm.System:
		return openai.SystemMessage(m.Text())
	case llm.FromTool:
		return openai.ToolMessage(m.Text(), m.CallID)
	case llm.Assistant:
		return chatAssistant(m)
	}
	return chatUser(m)
}

func chatUser(m llm.Message) openai.ChatCompletionMessageParamUnion {
	if !m.HasImages() {
		return openai.UserMessage(m.Text())
	}
	var parts []openai.ChatCompletionContentPartUnionParam
	for _, p := range protocol.Joined(m.Parts) {
		if p.Image == nil {
			parts = append(parts, openai.TextContentPart(p.Text))
			continue
		}
		parts = append(parts, openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: protocol.DataURL(p.Image)}))
	}
	return openai.UserMessage(parts)
}

func chatAssistant(m llm.Message) openai.ChatCompletionMessageParamUnion {
	a := openai.ChatCompletionAssistantMessageParam{}
	if text := m.Text(); text != "" || len(m.Calls) == 0 {
		a.Content.OfString = param.NewOpt(text)
	}
	for i, c := range m.Calls {
		call := openai.ChatCompletionMessageFunctionToolCallParam{
			ID:       c.ID,
			Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: c.Name, Arguments: protocol.ValidArguments(c.Arguments)},
		}
		if m.Kept != nil && i < len(m.Kept.Calls) {
			call.SetExtraFields(extra(m.Kept.Calls[i]))
		}
		a.ToolCalls = append(a.ToolCalls, openai.ChatCompletionMessageToolCallUnionParam{OfFunction: &call})
	}
	if m.Kept != nil {
		a.SetExtraFields(extra(m.Kept.Fields))
	}
	return openai.ChatCompletionMessageParamUnion{OfAssistant: &a}
}

func extra(fields map[string]json.RawMessage) map[string]any {
	if len(fields) == 0 {
		return nil
	}
	out := map[string]any{}
	for k, v := range fields {
		out[k] = v
	}
	return out
}
