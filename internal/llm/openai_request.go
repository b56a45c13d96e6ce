package llm

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
)

// params renders a request in the API's terms, without what the model lacks.
func params(req Request, lacks lack) any {
	p := openai.ChatCompletionNewParams{
		Model:    req.Model,
		Messages: renderMessages(req.Messages, lacks),
	}
	if lacks&lackTools == 0 && len(req.Tools) > 0 {
		for _, t := range req.Tools {
			f := shared.FunctionDefinitionParam{Name: t.Name, Description: param.NewOpt(t.Description)}
			// A schema that is no object is the tool's bug: the server says so.
			_ = json.Unmarshal(t.Parameters, &f.Parameters)
			p.Tools = append(p.Tools, openai.ChatCompletionFunctionTool(f))
		}
		if req.NoCalls && lacks&lackToolChoice == 0 {
			p.ToolChoice.OfAuto = param.NewOpt("none")
		}
	}
	if req.MaxOutput > 0 {
		switch lacks.limitParam() {
		case "max_tokens":
			p.MaxTokens = param.NewOpt(int64(req.MaxOutput))
		case "max_completion_tokens":
			p.MaxCompletionTokens = param.NewOpt(int64(req.MaxOutput))
		}
	}
	if req.User != "" && lacks&lackUser == 0 {
		p.User = param.NewOpt(req.User)
	}
	if lacks&lackStream == 0 {
		if lacks&lackStreamOptions == 0 {
			p.StreamOptions.IncludeUsage = param.NewOpt(true)
		}
		p.SetExtraFields(map[string]any{"stream": true})
	}
	return p
}

// renderMessages translates messages. Where the model lacks something, its
// content is kept as text: nothing of the conversation is lost on the model.
func renderMessages(msgs []Message, lacks lack) []openai.ChatCompletionMessageParamUnion {
	msgs = uniqueCalls(msgs)
	var out []openai.ChatCompletionMessageParamUnion
	var instructions []string // of system messages, for a model that knows no such role
	fold := func(m Message) Message {
		if len(instructions) > 0 {
			text := "[Instructions]\n" + strings.Join(instructions, "\n\n") + "\n[End of instructions]\n\n"
			m.Parts = append([]Part{{Text: text}}, m.Parts...)
			instructions = nil
		}
		return m
	}
	user := func(m Message) {
		m = fold(plainUser(m, lacks))
		// Models without a system role also want the roles to alternate.
		if n := len(out); lacks&lackSystem != 0 && n > 0 && out[n-1].OfUser != nil {
			prev := &out[n-1].OfUser.Content
			if text := m.Text(); prev.OfString.Valid() && !hasImages([]Message{m}) {
				prev.OfString = param.NewOpt(prev.OfString.Value + "\n\n" + text)
				return
			}
		}
		out = append(out, renderUser(m))
	}
	for _, m := range msgs {
		switch {
		case m.Role == System && lacks&lackSystem != 0:
			instructions = append(instructions, m.Text())
		case m.Role == System:
			out = append(out, openai.SystemMessage(m.Text()))
		case m.Role == User:
			user(m)
		case m.Role == FromTool && lacks&lackTools != 0:
			user(Text(User, "[Result of the call]\n"+m.Text()))
		case m.Role == FromTool:
			out = append(out, openai.ToolMessage(m.Text(), m.CallID))
		case m.Role == Assistant:
			if len(instructions) > 0 {
				user(Message{})
			}
			out = append(out, renderAssistant(m, lacks))
		}
	}
	if len(instructions) > 0 {
		user(Message{})
	}
	return out
}

// uniqueCalls renames calls whose id an earlier call has: a server that gives
// each of its answers the same ids does not take them back so.
func uniqueCalls(msgs []Message) []Message {
	taken := map[string]bool{}
	var renamed map[string]string // of the latest calls
	out := slices.Clone(msgs)
	for i, m := range out {
		switch {
		case m.Role == FromTool:
			if id, ok := renamed[m.CallID]; ok {
				out[i].CallID = id
			}
		case len(m.Calls) > 0:
			renamed = map[string]string{}
			out[i].Calls = slices.Clone(m.Calls)
			for k, c := range m.Calls {
				id := freeID(c.ID, taken)
				taken[id] = true
				out[i].Calls[k].ID, renamed[c.ID] = id, id
			}
		}
	}
	return out
}

// freeID returns id, or one like it that servers accept and that is not taken.
func freeID(id string, taken map[string]bool) string {
	for n := len(taken); id == "" || len(id) > 64 || taken[id]; n++ {
		id = fmt.Sprintf("call_%d", n)
	}
	return id
}

// plainUser writes the speaker's name before the text, and names the images
// that the model cannot see.
func plainUser(m Message, lacks lack) Message {
	var parts []Part
	if m.Name != "" {
		parts = append(parts, Part{Text: m.Name + ": "})
	}
	for _, p := range m.Parts {
		if p.Image != nil && lacks&lackImages != 0 {
			p = Part{Text: fmt.Sprintf("\n[An image that you cannot see: %s]\n", p.Image.FileID)}
		}
		parts = append(parts, p)
	}
	return Message{Role: User, Parts: parts}
}

func renderUser(m Message) openai.ChatCompletionMessageParamUnion {
	if !hasImages([]Message{m}) {
		return openai.UserMessage(m.Text())
	}
	var parts []openai.ChatCompletionContentPartUnionParam
	text := ""
	flush := func() {
		if text != "" {
			parts = append(parts, openai.TextContentPart(text))
		}
		text = ""
	}
	for _, p := range m.Parts {
		text += p.Text
		if p.Image != nil && len(p.Image.Data) > 0 {
			flush()
			parts = append(parts, openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{
				URL: "data:" + p.Image.MIME + ";base64," + base64.StdEncoding.EncodeToString(p.Image.Data),
			}))
		}
	}
	flush()
	return openai.UserMessage(parts)
}

func renderAssistant(m Message, lacks lack) openai.ChatCompletionMessageParamUnion {
	text := m.Text()
	if lacks&lackTools != 0 {
		for _, c := range m.Calls {
			text += fmt.Sprintf("\n[Call of %s]\n%s", c.Name, c.Arguments)
		}
		return openai.AssistantMessage(strings.TrimPrefix(text, "\n"))
	}
	if len(m.Calls) == 0 {
		return openai.AssistantMessage(text)
	}
	a := openai.ChatCompletionAssistantMessageParam{}
	if text != "" {
		a.Content.OfString = param.NewOpt(text)
	}
	for _, c := range m.Calls {
		args := c.Arguments
		if !json.Valid([]byte(args)) {
			// Servers parse the arguments of old calls, and refuse what they cannot.
			b, _ := json.Marshal(map[string]string{"malformed": args})
			args = string(b)
		}
		a.ToolCalls = append(a.ToolCalls, openai.ChatCompletionMessageToolCallUnionParam{
			OfFunction: &openai.ChatCompletionMessageFunctionToolCallParam{
				ID:       c.ID,
				Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: c.Name, Arguments: args},
			},
		})
	}
	return openai.ChatCompletionMessageParamUnion{OfAssistant: &a}
}

func hasImages(msgs []Message) bool {
	for _, m := range msgs {
		for _, p := range m.Parts {
			if p.Image != nil && len(p.Image.Data) > 0 {
				return true
			}
		}
	}
	return false
}

func hasCalls(msgs []Message) bool {
	for _, m := range msgs {
		if len(m.Calls) > 0 || m.Role == FromTool {
			return true
		}
	}
	return false
}

func hasRole(msgs []Message, r Role) bool {
	for _, m := range msgs {
		if m.Role == r {
			return true
		}
	}
	return false
}
