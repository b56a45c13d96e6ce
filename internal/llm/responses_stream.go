package llm

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/attachebot/attache/internal/brief"
)

// responseEvent is an event of a streamed response. It takes what servers write
// in practice: many have a part of this API.
type responseEvent struct {
	Type     string          `json:"type"`
	Delta    loose           `json:"delta"`
	ItemID   string          `json:"item_id"`
	Item     json.RawMessage `json:"item"`
	Response *response       `json:"response"`
	Error    json.RawMessage `json:"error"`
	Message  string          `json:"message"`
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
	Type      string `json:"type"`
	ID        string `json:"id"`
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments loose  `json:"arguments"`
	Content   []struct {
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	} `json:"content"`
}

// readResponse reads a streamed or a whole response into a.
func readResponse(res *http.Response, a *assembly) error {
	r := &responseReader{a: a, said: map[string]bool{}}
	if t, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); t == "application/json" {
		return a.whole(res, r.document)
	}
	return a.stream(res, r.event)
}

type responseReader struct {
	a     *assembly
	said  map[string]bool // items of which text came
	last  string          // the item that spoke last
	spoke bool
}

func (r *responseReader) document(data []byte) error {
	var doc response
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("%w: %v: %s", errGarbled, err, brief.Bytes(string(data), 200))
	}
	return r.end(doc)
}

func (r *responseReader) event(data []byte) error {
	var e responseEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("%w: %v: %s", errGarbled, err, brief.Bytes(string(data), 200))
	}
	switch e.Type {
	case "response.output_text.delta", "response.refusal.delta":
		r.say(e.ItemID, string(e.Delta))
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta", "response.function_call_arguments.delta":
		if r.a.think.apart(); r.a.loop.add(string(e.Delta)) {
			r.a.repeated()
		}
	case "response.output_item.done":
		r.item(e.Item)
	case "response.completed", "response.incomplete", "response.failed", "response.done", "response.cancelled":
		if e.Response == nil {
			return fmt.Errorf("%w: %s without a response", errGarbled, e.Type)
		}
		r.a.done = true
		return r.end(*e.Response)
	case "error":
		return responseError(data)
	case "":
		if len(e.Error) > 0 && string(e.Error) != "null" {
			return responseError(data)
		}
	}
	return nil
}

// say shows text; messages of one answer are paragraphs.
func (r *responseReader) say(item, text string) {
	if text == "" {
		return
	}
	if r.spoke && item != r.last {
		r.a.say("\n\n")
	}
	r.said[item], r.last, r.spoke = true, item, true
	r.a.say(text)
}

// item takes a piece of the output that is whole.
func (r *responseReader) item(raw json.RawMessage) {
	var item outputItem
	if json.Unmarshal(raw, &item) != nil || item.Type == "" {
		return
	}
	r.a.kept.Items = append(r.a.kept.Items, raw)
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
		c := &callParts{index: -1, id: item.CallID, name: item.Name}
		c.args.WriteString(string(item.Arguments))
		r.a.calls = append(r.a.calls, c)
	}
}

func (r *responseReader) end(doc response) error {
	if len(doc.Error) > 0 && string(doc.Error) != "null" {
		return responseError(asJSON(map[string]json.RawMessage{"error": doc.Error}))
	}
	if len(r.a.kept.Items) == 0 {
		for _, raw := range doc.Output {
			r.item(raw)
		}
	}
	if doc.Model != "" {
		r.a.model = doc.Model
	}
	if u := doc.Usage; u != nil {
		r.a.usage = usageOf(Usage{Input: u.Input, Cached: u.InputDetails.Cached, Written: u.InputDetails.Written, Output: u.Output, Reasoning: u.OutputDetails.Reasoning})
	}
	switch {
	case doc.Status == "incomplete" && doc.Incomplete.Reason == "content_filter":
		r.a.finish = "content_filter"
	case doc.Status == "incomplete":
		r.a.finish = "length"
	case doc.Status == "failed", doc.Status == "cancelled":
		return &apiError{status: http.StatusBadGateway, message: "the response " + doc.Status}
	default:
		r.a.finish = "stop"
	}
	return nil
}

// responseError reads an error within a stream: its code says what kind it is.
func responseError(data []byte) error {
	e := parseAPIError(data)
	switch {
	case strings.Contains(e.code, "rate_limit"):
		e.status = http.StatusTooManyRequests
	case e.tooLong(), strings.HasPrefix(e.code, "invalid"), e.kind == "invalid_request_error", strings.HasSuffix(e.code, "_image"), strings.HasPrefix(e.code, "image_"):
		e.status = http.StatusBadRequest
	default:
		e.status = http.StatusBadGateway
	}
	return e
}
