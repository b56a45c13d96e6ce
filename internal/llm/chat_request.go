package llm

import (
	"encoding/base64"
	"encoding/json"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
)

// chatParams renders a request for chat completions.
func chatParams(req Request, have limits) any {
	p := openai.ChatCompletionNewParams{Model: req.Model}
	for _, m := range render(req, have) {
		p.Messages = append(p.Messages, chatMessage(m))
	}
	for _, t := range have.tools(req) {
		f := shared.FunctionDefinitionParam{Name: t.Name, Description: param.NewOpt(t.Description)}
		// A schema that is no object is the tool's bug: the server says so.
		_ = json.Unmarshal(t.Parameters, &f.Parameters)
		p.Tools = append(p.Tools, openai.ChatCompletionFunctionTool(f))
	}
	if len(p.Tools) > 0 && req.NoCalls && !have.has(lackToolChoice) {
		p.ToolChoice.OfAuto = param.NewOpt("none")
	}
	if n := have.output(req); n > 0 {
		switch have.limitParam() {
		case "max_tokens":
			p.MaxTokens = param.NewOpt(int64(n))
		case "max_completion_tokens":
			p.MaxCompletionTokens = param.NewOpt(int64(n))
		}
	}
	if req.User != "" && !have.has(lackUser) {
		p.User = param.NewOpt(req.User)
	}
	switch {
	case len(p.Tools) > 0 && have.has(lackReasoning):
		p.ReasoningEffort = "none"
	case req.Effort != "" && !have.has(lackEffort):
		p.ReasoningEffort = shared.ReasoningEffort(req.Effort)
	}
	if !have.has(lackStream) {
		if !have.has(lackStreamOptions) {
			p.StreamOptions.IncludeUsage = param.NewOpt(true)
		}
		p.SetExtraFields(map[string]any{"stream": true})
	}
	return p
}

func chatMessage(m Message) openai.ChatCompletionMessageParamUnion {
	switch m.Role {
	case System:
		return openai.SystemMessage(m.Text())
	case FromTool:
		return openai.ToolMessage(m.Text(), m.CallID)
	case Assistant:
		return chatAssistant(m)
	}
	return chatUser(m)
}

func chatUser(m Message) openai.ChatCompletionMessageParamUnion {
	if !hasImages([]Message{m}) {
		return openai.UserMessage(m.Text())
	}
	var parts []openai.ChatCompletionContentPartUnionParam
	for _, p := range joined(m.Parts) {
		if p.Image == nil {
			parts = append(parts, openai.TextContentPart(p.Text))
			continue
		}
		parts = append(parts, openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: dataURL(p.Image)}))
	}
	return openai.UserMessage(parts)
}

// joined returns parts with each run of texts as one; empty ones and images
// without data are left out.
func joined(parts []Part) []Part {
	var out []Part
	for _, p := range parts {
		switch n := len(out); {
		case p.Image != nil && len(p.Image.Data) > 0:
			out = append(out, Part{Image: p.Image})
		case p.Image != nil || p.Text == "":
		case n > 0 && out[n-1].Image == nil:
			out[n-1].Text += p.Text
		default:
			out = append(out, Part{Text: p.Text})
		}
	}
	return out
}

func dataURL(i *Image) string {
	return "data:" + i.MIME + ";base64," + base64.StdEncoding.EncodeToString(i.Data)
}

func chatAssistant(m Message) openai.ChatCompletionMessageParamUnion {
	a := openai.ChatCompletionAssistantMessageParam{}
	if text := m.Text(); text != "" || len(m.Calls) == 0 {
		a.Content.OfString = param.NewOpt(text)
	}
	for i, c := range m.Calls {
		call := openai.ChatCompletionMessageFunctionToolCallParam{
			ID:       c.ID,
			Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: c.Name, Arguments: validArguments(c.Arguments)},
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

// validArguments returns arguments that a server can parse: they parse those of
// old calls, and refuse what they cannot.
func validArguments(args string) string {
	if json.Valid([]byte(args)) {
		return args
	}
	b, _ := json.Marshal(map[string]string{"malformed": args})
	return string(b)
}
