package llmtest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Dialect is what one provider's models want of requests, beyond what all want,
// and what they put beside their answers. The zero Dialect wants nothing.
type Dialect struct {
	check func(req Request, messages []object) Reply // a refusal, or a Reply without a Status
	dress func(r *Reply, n int)
}

func (d Dialect) refuse(req Request) (Reply, bool) {
	if d.check == nil {
		return Reply{}, false
	}
	var body struct {
		Messages []object `json:"messages"`
	}
	_ = json.Unmarshal(req.Body, &body)
	r := d.check(req, body.Messages)
	return r, r.Status >= 400
}

func (d Dialect) word(r Reply, n int) Reply {
	if d.dress != nil && r.Status < 400 && r.Raw == nil {
		r.Calls = slices.Clone(r.Calls)
		d.dress(&r, n)
	}
	return r
}

// issued remembers what a model put beside its answers: nothing else comes from
// it.
type issued struct {
	mu   sync.Mutex
	made []any
}

func (i *issued) make(v any) any {
	i.mu.Lock()
	defer i.mu.Unlock()
	b, _ := json.Marshal(v)
	var plain any
	_ = json.Unmarshal(b, &plain)
	i.made = append(i.made, plain)
	return v
}

func (i *issued) has(v any) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.ContainsFunc(i.made, func(m any) bool { return reflect.DeepEqual(m, v) })
}

func refusal(status int, format string, args ...any) Reply {
	return Reply{Status: status, Body: fmt.Sprintf(format, args...)}
}

// calling returns the assistant's messages that call tools, by position.
func calling(messages []object) map[int]object {
	out := map[int]object{}
	for i, m := range messages {
		if calls, _ := m["tool_calls"].([]any); m["role"] == "assistant" && len(calls) > 0 {
			out[i] = m
		}
	}
	return out
}

func firstCall(m object) object {
	c, _ := m["tool_calls"].([]any)[0].(object)
	return c
}

var nineAlphanumerics = regexp.MustCompile(`^[a-zA-Z0-9]{9}$`)

// Dialects returns the habits of ten providers' models, by the name of a model;
// Claude's both of its native address and of the compatible one.
// The refusals are in the providers' words; docs/models.md names the sources.
func Dialects() map[string]Dialect {
	return map[string]Dialect{
		"gpt-5.6-sol": openAI(), "deepseek-v4-flash": deepSeek(), "kimi-k2.5": kimi(), "gemini-3.5-flash": gemini(), "mistral-large": mistral(),
		"claude-sonnet-5": claude(), "claude-opus-5": nativeClaude(), "anthropic/claude-opus-5": openRouter(), "qwen3:8b": ollama(), "gemma-3": llamaCpp(), "gpt-oss-120b": groq(),
	}
}

// openAI calls tools through the Responses API alone, and takes back encrypted
// reasoning that it made.
func openAI() Dialect {
	var made issued
	return Dialect{
		check: func(req Request, _ []object) Reply {
			if !req.Responses {
				if len(req.Tools) == 0 || req.Effort == "none" {
					return Reply{}
				}
				return refusal(400, `{"error":{"message":"Function tools with reasoning_effort are not supported for %s in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.","type":"invalid_request_error","param":"reasoning_effort","code":null}}`, req.Model)
			}
			var body responsesRequest
			_ = json.Unmarshal(req.Body, &body)
			for _, raw := range body.Input {
				var item inputItem
				_ = json.Unmarshal(raw, &item)
				if item.Type == "reasoning" && !made.has(item.Encrypted) {
					return refusal(400, `{"error":{"message":"The encrypted content %.4s... could not be verified. Reason: Encrypted content could not be decrypted or parsed.","type":"invalid_request_error","param":null,"code":"invalid_encrypted_content"}}`, item.Encrypted)
				}
			}
			return Reply{}
		},
		dress: func(r *Reply, n int) {
			r.Reasoning = made.make(fmt.Sprintf("gAAAA%d==", n)).(string)
			for i := range r.Calls {
				r.Calls[i].ID = fmt.Sprintf("call_%024d", 100*n+i)
			}
		},
	}
}

// deepSeek wants the reasoning back that its calls came with.
func deepSeek() Dialect {
	var made issued
	return Dialect{
		check: func(req Request, messages []object) Reply {
			for _, m := range calling(messages) {
				if !made.has(m["reasoning_content"]) {
					return refusal(400, "{\"error\":{\"message\":\"The `reasoning_content` in the thinking mode must be passed back to the API.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_request_error\"}}")
				}
			}
			return Reply{}
		},
		dress: func(r *Reply, n int) {
			r.Beside = object{"reasoning_content": made.make(fmt.Sprintf("Thought %d: é 漢字", n))}
			for i := range r.Calls {
				r.Calls[i].ID = fmt.Sprintf("call_%02d_%d", i, n)
			}
		},
	}
}

func kimi() Dialect {
	d := deepSeek()
	inner := d.check
	return Dialect{
		check: func(req Request, messages []object) Reply {
			if inner(req, messages).Status == 0 {
				return Reply{}
			}
			return refusal(400, `{"error":{"message":"thinking is enabled but reasoning_content is missing in assistant tool call message at index 2","type":"invalid_request_error"}}`)
		},
		dress: func(r *Reply, n int) {
			d.dress(r, n)
			for i := range r.Calls {
				r.Calls[i].ID = fmt.Sprintf("functions.%s:%d", r.Calls[i].Name, 10*n+i)
			}
		},
	}
}

// gemini signs the first call of an answer and wants the signature back; its
// refusals are in an array.
func gemini() Dialect {
	var made issued
	return Dialect{
		check: func(req Request, messages []object) Reply {
			for i, m := range calling(messages) {
				if !made.has(firstCall(m)["extra_content"]) {
					return refusal(400, "[{\"error\":{\"code\":400,\"message\":\"Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:%v` , position %d. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.\",\"status\":\"INVALID_ARGUMENT\"}}]", firstCall(m)["id"], i)
				}
				if i == 0 || messages[i-1]["role"] != "user" && messages[i-1]["role"] != "tool" && messages[i-1]["role"] != "system" {
					return refusal(400, `[{"error":{"code":400,"message":"Please ensure that function call turn comes immediately after a user turn or after a function response turn.","status":"INVALID_ARGUMENT"}}]`)
				}
			}
			return Reply{}
		},
		dress: func(r *Reply, n int) {
			if r.Finish == "" {
				r.Finish = "stop" // with calls, too
			}
			if len(r.Calls) > 0 {
				r.CallBeside = object{"extra_content": made.make(object{"google": object{"thought_signature": fmt.Sprintf("EjQK%d==", n)}})}
			}
			for i := range r.Calls {
				r.Calls[i].ID = fmt.Sprintf("jm4ow%d%d", n, i)
			}
		},
	}
}

// mistral takes ids of nine letters and digits, no user, and roles in its order.
func mistral() Dialect {
	return Dialect{
		check: func(req Request, messages []object) Reply {
			if req.User != "" {
				return refusal(422, `{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","user"],"msg":"Extra inputs are not permitted","input":"x"}]},"type":"invalid_request_error","param":null,"code":null}`)
			}
			for i, m := range req.Messages {
				ids := []string{m.CallID}
				for _, c := range m.Calls {
					ids = append(ids, c.ID)
				}
				for _, id := range ids {
					if id != "" && !nineAlphanumerics.MatchString(id) {
						return refusal(400, `{"object":"error","message":"Tool call id was %s but must be a-z, A-Z, 0-9, with a length of 9.","type":"invalid_function_call","param":null,"code":"3280"}`, id)
					}
				}
				if i > 0 && req.Messages[i-1].Role == "tool" && (m.Role == "user" || m.Role == "system") {
					return refusal(400, `{"object":"error","message":"Unexpected role '%s' after role 'tool'","type":"invalid_request_message_order","param":null,"code":"3230"}`, m.Role)
				}
			}
			for _, m := range messages {
				for k := range m {
					if !slices.Contains([]string{"role", "content", "tool_calls", "tool_call_id", "name", "prefix"}, k) {
						return refusal(422, `{"detail":[{"type":"extra_forbidden","loc":["body","messages",1,"assistant","%s"],"msg":"Extra inputs are not permitted","input":"x"}]}`, k)
					}
				}
			}
			return Reply{}
		},
		dress: func(r *Reply, n int) {
			for i := range r.Calls {
				r.Calls[i].ID = fmt.Sprintf("D%07d%d", n, i)
			}
		},
	}
}

// claude, at its compatible address, takes no empty text.
func claude() Dialect {
	return Dialect{
		check: func(req Request, messages []object) Reply {
			for i, m := range messages {
				if text, ok := m["content"].(string); ok && strings.TrimSpace(text) == "" {
					return refusal(400, `{"error":{"code":"invalid_request_error","message":"messages.%d: text content blocks must be non-empty","type":"invalid_request_error","param":null}}`, i)
				}
			}
			return Reply{}
		},
		dress: func(r *Reply, n int) {
			for i := range r.Calls {
				r.Calls[i].ID = fmt.Sprintf("toolu_%d_%d", n, i)
			}
		},
	}
}

// openRouter has details of reasoning, which a call must come back with as they
// were.
func openRouter() Dialect {
	var made issued
	return Dialect{
		check: func(req Request, messages []object) Reply {
			for _, m := range calling(messages) {
				if !made.has(m["reasoning_details"]) {
					return refusal(400, `{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages.1.content.0.type: Expected `+"`thinking` or `redacted_thinking`, but found `tool_use`"+`. When thinking is enabled, a final assistant message must start with a thinking block.\"}}","provider_name":"Anthropic"}}}`)
				}
			}
			return Reply{}
		},
		dress: func(r *Reply, n int) {
			r.Beside = object{
				"reasoning":         fmt.Sprintf("Thought %d", n),
				"reasoning_details": made.make([]object{{"type": "reasoning.text", "text": fmt.Sprintf("Thought %d", n), "signature": fmt.Sprintf("sig%d", n), "format": "anthropic-claude-v1", "index": 0}}),
			}
			for i := range r.Calls {
				r.Calls[i].ID = fmt.Sprintf("toolu_bdrk_%d_%d", n, i)
			}
		},
	}
}

// ollama sets thoughts apart and gives every call the same index.
func ollama() Dialect {
	return Dialect{dress: func(r *Reply, n int) {
		r.Beside = object{"reasoning": "Okay, let me see."}
		for i := range r.Calls {
			r.Calls[i].ID = fmt.Sprintf("call_%08d", 10*n+i)
		}
	}}
}

// llamaCpp has a template that wants the roles in turn and no system message.
func llamaCpp() Dialect {
	return Dialect{check: func(req Request, messages []object) Reply {
		last := "assistant"
		for _, m := range req.Messages {
			if m.Role == "system" || m.Role == last && m.Role != "tool" {
				return refusal(500, `{"error":{"code":500,"message":"Conversation roles must alternate user/assistant/user/assistant/...","type":"server_error"}}`)
			}
			if last = m.Role; m.Role == "tool" {
				last = "user"
			}
		}
		return Reply{}
	}}
}

// groq takes no fields that it does not know.
func groq() Dialect {
	return Dialect{
		check: func(req Request, messages []object) Reply {
			for i, m := range messages {
				if m["reasoning_content"] != nil || m["reasoning_details"] != nil || m["reasoning"] != nil {
					return refusal(400, `{"error":{"message":"'messages.%d' : for 'role:assistant' the following must be satisfied[('messages.%d' : property 'reasoning' is unsupported)]","type":"invalid_request_error"}}`, i, i)
				}
			}
			return Reply{}
		},
		dress: func(r *Reply, n int) {
			r.Beside = object{"reasoning": "We need to run code.", "channel": "analysis"}
			for i := range r.Calls {
				r.Calls[i].ID = fmt.Sprintf("fc_%d-%d", n, i)
			}
		},
	}
}
