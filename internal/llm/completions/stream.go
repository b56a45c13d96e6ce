package completions

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/lenient"
	"github.com/attachebot/attache/internal/llm/protocol"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// completion is a piece of a streamed answer, or a whole one. It takes what
// servers write in practice, which is more than what the API documents.
type completion struct {
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage"`
}

type choice struct {
	Index   lenient.Int    `json:"index"`
	Delta   *piece         `json:"delta"`
	Message *piece         `json:"message"` // of an answer that is not streamed
	Finish  lenient.String `json:"finish_reason"`
}

type piece struct {
	Content content    `json:"content"`
	Refusal content    `json:"refusal"`
	Calls   []toolCall `json:"tool_calls"`
	Call    *function  `json:"function_call"` // of old: one call, without an id

	beside map[string]json.RawMessage // all other fields
}

func (p *piece) UnmarshalJSON(b []byte) error {
	type fields piece
	if err := json.Unmarshal(b, (*fields)(p)); err != nil {
		return err
	}
	p.beside = others(b, "content", "refusal", "tool_calls", "role", "name", "function_call", "audio", "annotations", "tool_call_id", "logprobs")
	return nil
}

type toolCall struct {
	Index    *lenient.Int   `json:"index"`
	ID       lenient.String `json:"id"`
	Function function       `json:"function"`

	beside map[string]json.RawMessage
}

type function struct {
	Name      string         `json:"name"`
	Arguments lenient.String `json:"arguments"`
}

func (c *toolCall) UnmarshalJSON(b []byte) error {
	type fields toolCall
	if err := json.Unmarshal(b, (*fields)(c)); err != nil {
		return err
	}
	c.beside = others(b, "index", "id", "function", "type")
	return nil
}

// others returns the fields of an object that are not named, without nulls and
// empty strings; nil if there are none.
func others(b []byte, known ...string) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(b, &all) != nil {
		return nil
	}
	for _, k := range known {
		delete(all, k)
	}
	for k, v := range all {
		if s := string(v); s == "null" || s == `""` || s == "[]" || s == "{}" {
			delete(all, k)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

type usage struct {
	Prompt        lenient.Int `json:"prompt_tokens"`
	Completion    lenient.Int `json:"completion_tokens"`
	CacheHit      lenient.Int `json:"prompt_cache_hit_tokens"` // DeepSeek
	PromptDetails struct {
		Cached  lenient.Int `json:"cached_tokens"`
		Written lenient.Int `json:"cache_write_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionDetails struct {
		Reasoning lenient.Int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// content is a string, null, or a list of parts of which the text counts.
type content string

func (c *content) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*c = content(s)
		return nil
	}
	var parts []struct {
		Text string `json:"text"`
	}
	_ = json.Unmarshal(b, &parts)
	for _, p := range parts {
		*c += content(p.Text)
	}
	return nil
}

// Read reads a streamed or a whole chat completion into a.
func Read(res *http.Response, a *protocol.Answer) error {
	read := func(data []byte) error { return takeCompletion(data, a) }
	return a.Read(res, read, read)
}

// failed are ends of an answer that are errors: OpenRouter's of the provider
// behind it, DashScope's, GLM's, DeepSeek's when it is full, an engine's that was
// stopped, and Gemini's when the model failed to word a call.
var failed = regexp.MustCompile(`error|^abort|insufficient_system_resource|malformed|unexpected_tool_call|too_many_tool_calls|missing_thought`)

// takeCompletion takes one piece of a chat completion.
func takeCompletion(data []byte, a *protocol.Answer) error {
	var c completion
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("%w: %v: %s", protocol.ErrGarbled, err, brief.Bytes(string(data), 200))
	}
	if c.Model != "" {
		a.Model = c.Model
	}
	if u := c.Usage; u != nil {
		cached := max(u.PromptDetails.Cached, u.CacheHit)
		a.Usage = protocol.UsageOf(llm.Usage{Input: int(u.Prompt), Cached: int(cached), Written: int(u.PromptDetails.Written), Output: int(u.Completion), Reasoning: int(u.CompletionDetails.Reasoning)})
	}
	for _, ch := range c.Choices {
		if ch.Index != 0 {
			continue
		}
		p := ch.Delta
		if p == nil && !a.Began() { // MiniMax ends a stream with all of the answer again
			p = ch.Message
		}
		if p != nil {
			a.Aside(p.beside)
			a.Say(string(p.Content + p.Refusal))
			for _, call := range p.Calls {
				a.Call(protocol.CallPiece{Index: (*int)(call.Index), ID: string(call.ID), Name: call.Function.Name, Arguments: string(call.Function.Arguments), Beside: call.beside})
			}
			if p.Call != nil {
				a.Call(protocol.CallPiece{Index: new(int), Name: p.Call.Name, Arguments: string(p.Call.Arguments)})
			}
		}
		if finish := strings.ToLower(string(ch.Finish)); failed.MatchString(finish) {
			return &refusal.Error{Status: http.StatusBadGateway, Message: "the answer ended with " + finish}
		} else if finish != "" {
			a.Finish, _, _ = strings.Cut(finish, ":") // Gemini: "content_filter: RECITATION"
		}
	}
	return nil
}
