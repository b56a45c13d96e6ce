package responses

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
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
	Text     lenient.String  `json:"text"`      // what is done: all of it
	Refusal  lenient.String  `json:"refusal"`   // the same
	Args     lenient.String  `json:"arguments"` // the same
	Part     outputPart      `json:"part"`
	ItemID   string          `json:"item_id"`
	Index    *lenient.Int    `json:"output_index"`
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
		Input        lenient.Int `json:"input_tokens"`
		Output       lenient.Int `json:"output_tokens"`
		InputDetails struct {
			Cached  lenient.Int `json:"cached_tokens"`
			Written lenient.Int `json:"cache_write_tokens"`
		} `json:"input_tokens_details"`
		OutputDetails struct {
			Reasoning lenient.Int `json:"reasoning_tokens"`
		} `json:"output_tokens_details"`
	} `json:"usage"`
}

type outputItem struct {
	Type      string         `json:"type"`
	ID        string         `json:"id"`
	CallID    string         `json:"call_id"`
	Name      string         `json:"name"`
	Arguments lenient.String `json:"arguments"`
	Content   []outputPart   `json:"content"`
}

type outputPart struct {
	Type    string         `json:"type"`
	Text    lenient.String `json:"text"`
	Refusal lenient.String `json:"refusal"`
}

// Read reads a streamed or a whole response into a.
func Read(res *http.Response, a *protocol.Answer) error {
	r := &responseReader{a: a, said: map[string]bool{}, begun: map[string]json.RawMessage{}}
	return a.Read(res, r.event, r.document)
}

type responseReader struct {
	a     *protocol.Answer
	said  map[string]bool            // items of which text came: each by its id and its place
	begun map[string]json.RawMessage // calls that were announced
	last  string                     // the item that spoke last
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
		r.say(e, string(e.Delta))
	case "response.output_text.done", "response.refusal.done":
		r.sayOnce(e, string(e.Text+e.Refusal))
	case "response.content_part.done":
		if e.Part.Type == "output_text" || e.Part.Type == "refusal" {
			r.sayOnce(e, string(e.Part.Text+e.Part.Refusal))
		}
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta", "response.function_call_arguments.delta":
		r.a.Apart()
		r.a.Watch(string(e.Delta))
	case "response.output_item.added":
		r.begun[e.place()] = e.Item
	case "response.function_call_arguments.done":
		if item, ok := r.begun[e.place()]; ok {
			r.begun[e.place()] = lenient.With(item, map[string]any{"arguments": e.Args})
		}
	case "response.output_item.done":
		delete(r.begun, e.place())
		r.item(e, e.Item)
	case "response.completed", "response.incomplete", "response.failed", "response.done", "response.cancelled":
		if e.Response == nil {
			return fmt.Errorf("%w: %s without a response", protocol.ErrGarbled, e.Type)
		}
		r.a.Done = true
		e.Response.Status = cmp.Or(e.Response.Status, strings.TrimPrefix(e.Type, "response."))
		return r.end(*e.Response)
	}
	return nil
}

// place names an item by where it stands, or by its id.
func (e responseEvent) place() string {
	if e.Index != nil {
		return fmt.Sprint(*e.Index)
	}
	var item outputItem
	_ = json.Unmarshal(e.Item, &item)
	return cmp.Or(e.ItemID, item.ID)
}

// say shows text; messages of one answer are paragraphs.
func (r *responseReader) say(e responseEvent, text string) {
	if text == "" {
		return
	}
	item := e.place()
	if r.spoke && item != r.last {
		r.a.Say("\n\n")
	}
	r.said[item], r.said[e.ItemID], r.last, r.spoke = true, true, item, true
	r.a.Say(text)
}

// sayOnce shows the text of an item of which none came in pieces.
func (r *responseReader) sayOnce(e responseEvent, text string) {
	if !r.said[e.place()] && !r.said[e.ItemID] && !r.said[""] {
		r.say(e, text)
	}
}

// item takes a piece of the output that is whole.
func (r *responseReader) item(e responseEvent, raw json.RawMessage) {
	var item outputItem
	if json.Unmarshal(raw, &item) != nil || item.Type == "" {
		return
	}
	r.a.Kept.Items = append(r.a.Kept.Items, raw)
	switch item.Type {
	case "message":
		var text strings.Builder
		for _, c := range item.Content {
			text.WriteString(string(c.Text + c.Refusal))
		}
		e.ItemID = cmp.Or(e.ItemID, item.ID)
		r.sayOnce(e, text.String())
	case "function_call":
		r.a.AddCall(item.CallID, item.Name, string(item.Arguments))
	}
}

func (r *responseReader) end(doc response) error {
	if len(doc.Error) > 0 && string(doc.Error) != "null" {
		return refusal.InAnswer("error", lenient.JSON(map[string]json.RawMessage{"error": doc.Error}))
	}
	if len(r.a.Kept.Items) == 0 {
		for i, raw := range doc.Output {
			at := lenient.Int(i)
			delete(r.begun, fmt.Sprint(i))
			r.item(responseEvent{Index: &at}, raw)
		}
	}
	for _, place := range slices.Sorted(maps.Keys(r.begun)) { // announced, and never said to be done
		var item outputItem
		if raw := r.begun[place]; json.Unmarshal(raw, &item) == nil && item.Type == "function_call" {
			r.item(responseEvent{ItemID: place}, raw)
		}
	}
	if doc.Model != "" {
		r.a.Model = doc.Model
	}
	if u := doc.Usage; u != nil {
		r.a.Usage = protocol.UsageOf(llm.Usage{Input: int(u.Input), Cached: int(u.InputDetails.Cached), Written: int(u.InputDetails.Written), Output: int(u.Output), Reasoning: int(u.OutputDetails.Reasoning)})
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
