// Package messages speaks Anthropic's Messages API.
package messages

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/packages/param"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/lenient"
	"github.com/attachebot/attache/internal/llm/protocol"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// DefaultOutput is the output limit where the request has none: Anthropic's API
// wants one.
const DefaultOutput = 16_000

type claudeBlock = anthropic.ContentBlockParamUnion

// Params renders a request for Anthropic's Messages API. What comes
// again in the next request is marked for the provider's cache: the tools, the
// instructions, the conversation before the latest question, and all of it.
func Params(req llm.Request, have refusal.Limits) any {
	p := anthropic.MessageNewParams{Model: req.Model, MaxTokens: int64(have.Output(req))}
	msgs := protocol.Render(req, have)
	for len(msgs) > 0 && msgs[0].Role == llm.System {
		if text := msgs[0].Text(); strings.TrimSpace(text) != "" {
			p.System = append(p.System, anthropic.TextBlockParam{Text: text})
		}
		msgs = msgs[1:]
	}
	if n := len(msgs); n == 0 || msgs[n-1].Role == llm.Assistant {
		msgs = append(msgs, llm.Text(llm.User, protocol.GoesOn)) // no answer may be begun for the model
	}
	question := 0
	for i, m := range msgs {
		if m.Role == llm.User {
			question = i
		}
	}
	for i, m := range msgs {
		if i == question && i > 0 {
			cacheMessage(p.Messages)
		}
		p.Messages = addBlocks(p.Messages, m)
	}
	cacheMessage(p.Messages)
	for _, t := range have.Tools(req) {
		f := anthropic.ToolParam{Name: t.Name, Description: param.NewOpt(t.Description)}
		if json.Valid(t.Parameters) { // what is none is the tool's bug: the server says so
			f.InputSchema = param.Override[anthropic.ToolInputSchemaParam](t.Parameters)
		}
		p.Tools = append(p.Tools, anthropic.ToolUnionParam{OfTool: &f})
	}
	if n := len(p.Tools); n > 0 {
		p.Tools[n-1].OfTool.CacheControl = anthropic.NewCacheControlEphemeralParam()
		if req.NoCalls && !have.Has(refusal.LackToolChoice) {
			p.ToolChoice.OfNone = &anthropic.ToolChoiceNoneParam{}
		}
	}
	if n := len(p.System); n > 0 {
		p.System[n-1].CacheControl = anthropic.NewCacheControlEphemeralParam()
	}
	if req.User != "" && !have.Has(refusal.LackUser) {
		p.Metadata.UserID = param.NewOpt(req.User)
	}
	if req.Effort != "" && !have.Has(refusal.LackEffort) {
		setThinking(&p, req.Effort, have)
	}
	if !have.Has(refusal.LackStream) {
		p.SetExtraFields(map[string]any{"stream": true})
	}
	return p
}

// budgets are tokens to think for, for the models that take no effort.
var budgets = map[string]int64{"low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_000, "max": 32_000}

// setThinking says how long to think: newer models take an effort, older ones a
// number of tokens, which are a part of the answer's.
func setThinking(p *anthropic.MessageNewParams, effort string, have refusal.Limits) {
	if effort == "minimal" {
		effort = "low"
	}
	budget := min(budgets[effort], p.MaxTokens*3/4)
	switch {
	case effort == "none":
		p.Thinking.OfDisabled = &anthropic.ThinkingConfigDisabledParam{}
	case !have.Has(refusal.LackAdaptive):
		p.Thinking.OfAdaptive = &anthropic.ThinkingConfigAdaptiveParam{}
		p.OutputConfig.Effort = anthropic.OutputConfigEffort(effort)
	case budget >= 1024:
		p.Thinking.OfEnabled = &anthropic.ThinkingConfigEnabledParam{BudgetTokens: budget}
	}
}

// addBlocks adds a message; results, and what follows from the same side, are
// one message with those before.
func addBlocks(msgs []anthropic.MessageParam, m llm.Message) []anthropic.MessageParam {
	role, blocks := anthropic.MessageParamRoleUser, userBlocks(m)
	if m.Role == llm.Assistant {
		role, blocks = anthropic.MessageParamRoleAssistant, assistantBlocks(m)
	}
	switch n := len(msgs); {
	case len(blocks) == 0:
	case n > 0 && msgs[n-1].Role == role:
		msgs[n-1].Content = append(msgs[n-1].Content, blocks...)
	default:
		msgs = append(msgs, anthropic.MessageParam{Role: role, Content: blocks})
	}
	return msgs
}

func userBlocks(m llm.Message) []claudeBlock {
	if m.Role == llm.FromTool {
		result := anthropic.ToolResultBlockParam{ToolUseID: claudeID(m.CallID)}
		if text := m.Text(); strings.TrimSpace(text) != "" {
			result.Content = []anthropic.ToolResultBlockParamContentUnion{{OfText: &anthropic.TextBlockParam{Text: text}}}
		}
		return []claudeBlock{{OfToolResult: &result}}
	}
	var out []claudeBlock
	for _, p := range protocol.Joined(m.Parts) {
		switch {
		case p.Image != nil:
			out = append(out, anthropic.NewImageBlockBase64(p.Image.MIME, base64.StdEncoding.EncodeToString(p.Image.Data)))
		case strings.TrimSpace(p.Text) != "":
			out = append(out, anthropic.NewTextBlock(p.Text))
		}
	}
	return out
}

// assistantBlocks are the blocks of an earlier answer: as they came, if they
// were kept, but for calls that were not made.
func assistantBlocks(m llm.Message) []claudeBlock {
	var out []claudeBlock
	calls := m.Calls
	use := func(c llm.ToolCall) map[string]any {
		return map[string]any{"type": "tool_use", "id": claudeID(c.ID), "name": c.Name, "input": objectArguments(c.Arguments)}
	}
	if m.Kept != nil && len(m.Kept.Blocks) > 0 {
		for _, raw := range m.Kept.Blocks {
			var b struct{ Type, Text string }
			_ = json.Unmarshal(raw, &b)
			switch b.Type {
			case "text":
				if strings.TrimSpace(b.Text) == "" {
					continue
				}
			case "tool_use":
				if len(calls) == 0 {
					continue
				}
				raw, calls = lenient.With(raw, use(calls[0])), calls[1:]
			}
			out = append(out, param.Override[claudeBlock](raw))
		}
	} else if text := m.Text(); strings.TrimSpace(text) != "" {
		out = append(out, anthropic.NewTextBlock(text))
	}
	for _, c := range calls {
		out = append(out, param.Override[claudeBlock](lenient.JSON(use(c))))
	}
	return out
}

// cacheMessage marks the conversation so far for the cache. Thoughts can't be
// marked.
func cacheMessage(msgs []anthropic.MessageParam) {
	if len(msgs) == 0 {
		return
	}
	blocks := msgs[len(msgs)-1].Content
	for i := len(blocks) - 1; i >= 0; i-- {
		if raw, ok := blocks[i].Overrides(); ok {
			raw, _ := raw.(json.RawMessage)
			var b struct{ Type string }
			if _ = json.Unmarshal(raw, &b); b.Type != "text" && b.Type != "tool_use" {
				continue
			}
			blocks[i] = param.Override[claudeBlock](lenient.With(raw, map[string]any{"cache_control": anthropic.NewCacheControlEphemeralParam()}))
			return
		}
		if c := blocks[i].GetCacheControl(); c != nil {
			*c = anthropic.NewCacheControlEphemeralParam()
			return
		}
	}
}

var claudeIDs = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// claudeID is an id that the API takes, the same for the same.
func claudeID(id string) string {
	if claudeIDs.MatchString(id) {
		return id
	}
	return protocol.ShortID(id)
}

// objectArguments are arguments as an object, whatever the model wrote.
func objectArguments(args string) json.RawMessage {
	if args = strings.TrimSpace(args); args == "" || args == "null" {
		args = "{}"
	}
	args = protocol.ValidArguments(args)
	if !strings.HasPrefix(args, "{") {
		return lenient.JSON(map[string]json.RawMessage{"malformed": json.RawMessage(args)})
	}
	return json.RawMessage(args)
}
