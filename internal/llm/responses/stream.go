package responses

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/lenient"
	"github.com/attachebot/attache/internal/llm/protocol"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// responseEvent is an event of a streamed response. It takes what servers write
// in practice: many have a part of this API.
type responseEvent struct {
	Type     string          `json:"type"`
	Delta    lenient.String  `json:"delta"`
	ItemID   string          `json:"item_id"`
	Item     json.RawMessage `json:"item"`
	Response *response       `json:"response"`
}

type response struct {
	Object     string            `json:"object"`
	Model      string            `json:"model"`
	Status     string            `json:"status"`
	Error      json.RawMessage   `json:"error"`
	Output     []json.RawMessage `json:"output"`
	Incomplete struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
	Usage *struct {
		Input        int `json:"input_tokens"`
		Output       int `json:"output_tokens"`
		InputDetails struct {
			Cached  int `json:"cached_tokens"`
			Written int `json:"cache_write_tokens"`
		} `json:"input_tokens_details"`
		OutputDetails struct {
			Reasoning int `json:"reasoning_tokens"`
		} `json:"output_tokens_details"`
	} `json:"usage"`
}

type outputItem struct {
	Type      string         `json:"type"`
	ID        string         `json:"id"`
	CallID    string         `json:"call_id"`
	Name      string         `json:"name"`
	Arguments lenient.String `json:"arguments"`
	Content   []struct {
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	} `json:"content"`
}

// Read reads a streamed or a whole response into a.
func Read(res *http.Response, a *protocol.Answer) error {
	r := &responseReader{a: a, said: map[string]bool{}}
	return a.Read(res, r.event, r.document)
}

type responseReader struct {
	a     *protocol.Answer
	said  map[string]bool // items of which text came
	last  string          // the item that spoke last
	spoke bool
}

func (r *responseReader) document(data []byte) error {
	var doc response
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("%w: %v: %s", protocol.ErrGarbled, err, brief.Bytes(string(data), 200))
	}
	return r.end(doc)
}

func (r *responseReader) event(data []byte) error {
	var e responseEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("%w: %v: %s", protocol.ErrGarbled, err, brief.Bytes(string(data), 200))
	}
	switch e.Type {
	case "response.output_text.delta", "response.refusal.delta":
		r.say(e.ItemID, string(e.Delta))
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta", "response.function_call_arguments.delta":
		r.a.Apart()
		r.a.Watch(string(e.Delta))
	case "response.output_item.done":
		r.item(e.Item)
	case "response.completed", "response.incomplete", "response.failed", "response.done", "response.cancelled":
		if e.Response == nil {
			return fmt.Errorf("%w: %s without a response", protocol.ErrGarbled, e.Type)
		}
		r.a.Done = true
		return r.end(*e.Response)
	}
	return nil
}

// say shows text; messages of one answer are paragraphs.
func (r *responseReader) say(item, text string) {
	if text == "" {
		return
	}
	if r.spoke && item != r.last {
		r.a.Say("\n\n")
	}
	r.said[item], r.last, r.spoke = true, item, true
	r.a.Say(text)
}

// item takes a piece of the output that is whole.
func (r *responseReader) item(raw json.RawMessage) {
	var item outputItem
	if json.Unmarshal(raw, &item) != nil || item.Type == "" {
		return
	}
	r.a.Kept.Items = append(r.a.Kept.Items, raw)
	switch item.Type {
	case "message":
		if !r.said[item.ID] {
			var text strings.Builder
			for _, c := range item.Content {
				text.WriteString(c.Text + c.Refusal)
			}
			r.say(item.ID, text.String())
		}
	case "function_call":
		r.a.AddCall(item.CallID, item.Name, string(item.Arguments))
	}
}

func (r *responseReader) end(doc response) error {
	if len(doc.Error) > 0 && string(doc.Error) != "null" {
		return refusal.InAnswer("error", lenient.JSON(map[string]json.RawMessage{"error": doc.Error}))
	}
	if len(r.a.Kept.Items) == 0 {
		for _, raw := range doc.Output {
			r.item(raw)
		}
	}
	if doc.Model != "" {
		r.a.Model = doc.Model
	}
	if u := doc.Usage; u != nil {
		r.a.Usage = protocol.UsageOf(llm.Usage{Input: u.Input, Cached: u.InputDetails.Cached, Written: u.InputDetails.Written, Output: u.Output, Reasoning: u.OutputDetails.Reasoning})
	}
	switch {
	case doc.Status == "incomplete" && doc.Incomplete.Reason == "content_filter":
		r.a.Finish = "content_filter"
	case doc.Status == "incomplete":
		r.a.Finish = "length"
	case doc.Status == "failed", doc.Status == "cancelled":
		return &refusal.Error{Status: http.StatusBadGateway, Message: "the response " + doc.Status}
	default:
		r.a.Finish = "stop"
	}
	return nil
}
