package llmtest_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// Anthropic's own client understands the server as it does the real API.
func TestServerAsAnthropicsClientSeesIt(t *testing.T) {
	const key = "sk-ant-oracle-0123456789"
	s := &llmtest.Server{Key: key, Dialects: llmtest.Dialects()}
	s.Answer = func(r llmtest.Request) llmtest.Reply {
		switch r.LastUser() {
		case "rate":
			return llmtest.RateLimited(time.Second)
		case "overloaded":
			return llmtest.Reply{Status: 529, Message: "Overloaded"}
		case "cut":
			return llmtest.Reply{Text: "This breaks off somewhere", Cut: 6}
		}
		if r.Last().Role == "tool" {
			return llmtest.Reply{Text: "It printed 41."}
		}
		return llmtest.Reply{Text: "I run it: é 漢字 🐍.", Usage: &llm.Usage{Input: 90, Cached: 64, Written: 20, Output: 12, Reasoning: 5},
			Calls: []llm.ToolCall{llmtest.Call("", "execute_python_code", map[string]string{"code": "print(41)  # é 🐍"})}}
	}
	c := anthropic.NewClient(option.WithBaseURL(strings.TrimSuffix(startTolerant(t, s), "/v1")), option.WithAPIKey(key), option.WithMaxRetries(0))
	params := anthropic.MessageNewParams{
		Model: "claude-opus-5", MaxTokens: 100,
		System:   []anthropic.TextBlockParam{{Text: "Be brief.", CacheControl: anthropic.NewCacheControlEphemeralParam()}},
		Tools:    []anthropic.ToolUnionParam{anthropic.ToolUnionParamOfTool(anthropic.ToolInputSchemaParam{Properties: map[string]any{}}, "execute_python_code")},
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Run it."), anthropic.NewImageBlockBase64("image/gif", base64.StdEncoding.EncodeToString([]byte("GIF89a"))))},
	}
	stream := func() (anthropic.Message, error) {
		var m anthropic.Message
		events := c.Messages.NewStreaming(t.Context(), params)
		for events.Next() {
			if err := m.Accumulate(events.Current()); err != nil {
				return m, err
			}
		}
		return m, events.Err()
	}
	m, err := stream()
	if err != nil || m.StopReason != anthropic.StopReasonToolUse || len(m.Content) != 3 {
		t.Fatalf("%+v, %v", m, err)
	}
	if m.Content[0].Type != "thinking" || m.Content[0].Signature == "" || m.Content[1].Text != "I run it: é 漢字 🐍." || m.Content[2].Name != "execute_python_code" {
		t.Errorf("content %s", m.RawJSON())
	}
	var in map[string]string
	if err := json.Unmarshal(m.Content[2].Input, &in); err != nil || in["code"] != "print(41)  # é 🐍" {
		t.Errorf("%v, %v", in, err)
	}
	if u := m.Usage; u.InputTokens != 6 || u.CacheReadInputTokens != 64 || u.CacheCreationInputTokens != 20 || u.OutputTokens != 12 || u.OutputTokensDetails.ThinkingTokens != 5 {
		t.Errorf("usage %s", u.RawJSON())
	}
	params.Messages = append(params.Messages, m.ToParam(), anthropic.NewUserMessage(anthropic.NewToolResultBlock(m.Content[2].ID, "41", false)))
	whole, err := c.Messages.New(t.Context(), params)
	if err != nil || len(whole.Content) != 2 || whole.Content[1].Text != "It printed 41." || whole.StopReason != anthropic.StopReasonEndTurn {
		t.Fatalf("%+v, %v", whole, err)
	}
	for said, status := range map[string]int{"rate": 429, "overloaded": 529, "cut": 0} {
		params.Messages = []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(said))}
		_, err := stream()
		var refused *anthropic.Error
		if err == nil || errors.As(err, &refused) != (status > 0) || status > 0 && refused.StatusCode != status {
			t.Errorf("%s: %v", said, err)
		}
	}
	params.Messages = append(params.Messages, anthropic.NewAssistantMessage(anthropic.NewTextBlock("Begun ")))
	if _, err := stream(); err == nil || !strings.Contains(err.Error(), "must end with a user message") {
		t.Error(err)
	}
	if p := s.Problems(); len(p) != 1 {
		t.Errorf("malformed requests: %q", p)
	}
}
