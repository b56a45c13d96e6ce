package tokens

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// jargon and weather are the examples of OpenAI's cookbook, with the counts
// that its API gave.
const jargon = `{"messages": [
	{"role": "system", "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
	{"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
	{"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
	{"role": "system", "name": "example_user", "content": "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
	{"role": "system", "name": "example_assistant", "content": "Let's talk later when we're less busy about how to do better."},
	{"role": "user", "content": "This late pivot means we don't have time to boil the ocean for the client deliverable."}]}`

const weather = `{"messages": [
	{"role": "system", "content": "You are a helpful assistant that can answer to questions about the weather."},
	{"role": "user", "content": "What's the weather like in San Francisco?"}],
	"tools": [{"type": "function", "function": {
		"name": "get_current_weather",
		"description": "Get the current weather in a given location",
		"parameters": {"type": "object", "properties": {
			"location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
			"unit": {"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]}},
			"required": ["location"]}}}]}`

func parseRequest(t *testing.T, s string) Request {
	t.Helper()
	var r Request
	if err := json.Unmarshal([]byte(s), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCookbookExamples(t *testing.T) {
	for _, c := range []struct {
		model, request string
		want           int
	}{
		{"gpt-4", jargon, 129}, {"gpt-4-0613", jargon, 129}, {"gpt-3.5-turbo", jargon, 129}, {"gpt-3.5-turbo-0125", jargon, 129},
		{"gpt-4o", jargon, 124}, {"gpt-4o-mini", jargon, 124}, {"openai/gpt-4o-2024-08-06", jargon, 124},
		{"gpt-4", weather, 105}, {"gpt-3.5-turbo", weather, 105},
		{"gpt-4o", weather, 101}, {"gpt-4o-mini", weather, 101},
	} {
		b := ForModel(c.model).CountRequest(parseRequest(t, c.request))
		if got := b.Total(); got != (Amount{c.want, true}) {
			t.Errorf("%s: %+v, not exactly %d: %+v", c.model, got, c.want, b)
		}
		if len(b.Notes) > 0 {
			t.Errorf("%s: %q", c.model, b.Notes)
		}
	}
}

func TestBreakdown(t *testing.T) {
	req := parseRequest(t, `{"model": "gpt-4o", "max_tokens": 100, "messages": [
		{"role": "user", "content": [{"type": "text", "text": "hello world"}, {"type": "image_url", "image_url": {"url": "https://example.com/x.png", "width": 1024, "height": 1024, "detail": "high"}}]},
		{"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
		{"role": "tool", "tool_call_id": "a", "content": "hello"}]}`)
	if req.MaxOutput != 100 || req.Model != "gpt-4o" {
		t.Errorf("%+v", req)
	}
	b := ForModel("gpt-4o").CountRequest(req)
	want := Breakdown{
		Text:     Amount{2 + 1 + 1 + 1, true},
		Images:   Amount{765, true},
		Tools:    Amount{0, true},
		Overhead: Amount{3*(3+1) + 3 + 3, false},
		Notes:    []string{"what frames tool calls and their results is not documented"},
	}
	if fmt.Sprint(b) != fmt.Sprint(want) {
		t.Errorf("%+v, not %+v", b, want)
	}
	sum := 0
	m := ForModel("gpt-4o")
	for _, msg := range req.Messages {
		sum += m.CountMessage(msg).Total().Tokens
	}
	if sum+perReply != b.Total().Tokens {
		t.Errorf("the messages have %d, the request %d", sum, b.Total().Tokens)
	}
}

// What is not known for certain is never called exact, and is said.
func TestEstimatesAreMarked(t *testing.T) {
	hello := Request{Messages: []Message{Text("user", "hello")}}
	for _, c := range []struct {
		model string
		req   Request
		exact bool
		note  string
	}{
		{"gpt-4o", hello, true, ""},
		{"gpt-5.4", hello, false, "what frames messages"},
		{"gpt-6-sol", hello, false, "gpt-6-sol is not known"},
		{"some-model", hello, false, "some-model is not known"},
		{"gpt-4", Request{Messages: []Message{{Role: "user", Parts: []Part{{Image: &Image{Width: 10, Height: 10}}}}}}, false, "how images count"},
		{"gpt-4o", Request{Messages: []Message{{Role: "user", Parts: []Part{{Image: &Image{URL: "https://example.com/"}}}}}}, false, "size of an image"},
		{"gpt-4o", Request{Messages: []Message{{Role: "user", Parts: []Part{{Image: &Image{URL: "data:image/png;base64,AAAA"}}}}}}, false, "size of an image"},
		{"gpt-4o", Request{Tools: []Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(`{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"},"description":"x"}}}`)}}}, false, "how these tools"},
		{"gpt-4o", Request{Tools: []Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(`{"$defs":{}}`)}}}, false, "how these tools"},
		{"gpt-4o", Request{Tools: []Tool{{Name: "f", Description: "d"}}}, true, ""},
		{"gpt-4o", Request{Tools: []Tool{{Name: "f"}}}, false, "how these tools"},
	} {
		b := ForModel(c.model).CountRequest(c.req)
		if b.Total().Exact != c.exact || c.note != "" && !strings.Contains(strings.Join(b.Notes, "\n"), c.note) || c.exact && len(b.Notes) > 0 {
			t.Errorf("%s: %+v", c.model, b)
		}
		if c.exact != (len(b.Notes) == 0) {
			t.Errorf("%s: exact %v, notes %q", c.model, c.exact, b.Notes)
		}
	}
}

// A nested schema counts all that it has.
func TestNestedTools(t *testing.T) {
	m := ForModel("gpt-4o")
	flat := m.CountTools([]Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(`{"type":"object","properties":{"p":{"type":"object","description":"a point"}}}`)}}).Total()
	nested := m.CountTools([]Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(`{"type":"object","properties":{"p":{"type":"object","description":"a point",
		"properties":{"x":{"type":"number","description":"abscissa"},"y":{"type":"array","items":{"type":"integer","enum":[1,2]},"minItems":3}},"required":["x"]}}}`)}}).Total()
	if flat.Exact || nested.Exact || nested.Tokens < flat.Tokens+20 {
		t.Errorf("flat %+v, nested %+v", flat, nested)
	}
	for _, broken := range []string{`[1]`, `{"properties":[1]}`, `{"properties":{"a":[1,2,3]}}`, `nonsense`, `{"properties":{"a":{"type":["string","null"],"enum":"x"}}}`} {
		if a := m.CountTools([]Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(broken)}}).Total(); a.Exact || a.Tokens < 20 {
			t.Errorf("%s: %+v", broken, a)
		}
	}
}

func TestRequestCountsWhatJSONCarries(t *testing.T) {
	m := ForModel("gpt-4o")
	b := m.CountRequest(Request{Messages: []Message{Text("user", "a\xff\xfeb")}})
	if want := m.Count("a\ufffd\ufffdb"); b.Text.Tokens != want {
		t.Errorf("%d, not %d", b.Text.Tokens, want)
	}
}

func TestRequestJSON(t *testing.T) {
	r := parseRequest(t, `{"messages": [
		{"role": "developer", "content": "x"},
		{"role": "user", "content": [{"type": "input_image", "image_url": "data:,", "detail": "low"}, {"type": "image_url", "image_url": {"url": "u"}}]},
		{"role": "assistant", "refusal": "no"},
		{"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
		{"role": "assistant", "tool_calls": [{"id": "1", "type": "custom", "custom": {"name": "g", "input": "in"}}]}],
		"functions": [{"name": "h"}], "max_completion_tokens": 7}`)
	want := Request{
		Messages: []Message{
			Text("developer", "x"),
			{Role: "user", Parts: []Part{{Image: &Image{URL: "data:,", Detail: Low}}, {Image: &Image{URL: "u"}}}},
			Text("assistant", "no"),
			{Role: "assistant", ToolCalls: []ToolCall{{Name: "f", Arguments: "{}"}}},
			{Role: "assistant", ToolCalls: []ToolCall{{ID: "1", Name: "g", Arguments: "in"}}},
		},
		Tools: []Tool{{Name: "h"}}, MaxOutput: 7,
	}
	got, _ := json.Marshal(r)
	expected, _ := json.Marshal(want)
	if string(got) != string(expected) {
		t.Errorf("%s\nnot %s", got, expected)
	}
	for _, bad := range []string{`{}`, `[]`, `{"messages": [{"content": 1}]}`, `{"messages": [{"content": [{"type": "input_audio"}]}]}`,
		`{"messages": [{"content": [{"type": "image_url"}]}]}`, `{"messages": [{"content": [{"type": "image_url", "image_url": {"detail": "huge"}}]}]}`} {
		var r Request
		if err := json.Unmarshal([]byte(bad), &r); err == nil {
			t.Errorf("%s is %+v", bad, r)
		}
	}
}

func TestTrim(t *testing.T) {
	m := ForModel("gpt-4o")
	call := func(id string) Message {
		return Message{Role: "assistant", ToolCalls: []ToolCall{{ID: id, Name: "f", Arguments: "{}"}}}
	}
	result := func(id string) Message {
		return Message{Role: "tool", ToolCallID: id, Parts: []Part{{Text: "result of " + id}}}
	}
	req := Request{Messages: []Message{
		Text("system", "rules"),
		Text("user", "first"),
		call("a"), result("a"),
		Text("developer", "more rules"),
		Text("user", "second"),
		{Role: "assistant", ToolCalls: []ToolCall{{ID: "b"}, {ID: "c"}}},
		result("c"), Text("user", "between"), result("b"),
		Text("user", "last"),
	}}
	names := func(r Request) (s string) {
		for _, m := range r.Messages {
			switch {
			case len(m.ToolCalls) > 0:
				s += "(" + m.ToolCalls[0].ID
			case m.Role == "tool":
				s += m.ToolCallID + ")"
			default:
				s += m.Parts[0].Text[:1]
			}
		}
		return s
	}
	whole := m.CountRequest(req).Total().Tokens
	var got []string
	for limit := whole; limit > 0; limit-- {
		r, ok := m.Trim(req, limit)
		n := m.CountRequest(r).Total().Tokens
		if ok != (n <= limit) {
			t.Fatalf("limit %d: %v with %d tokens", limit, ok, n)
		}
		if s := names(r); !slices.Contains(got, s) {
			got = append(got, s)
		}
		if !ok && names(r) != "rml" {
			t.Fatalf("limit %d: %s could be shorter", limit, names(r))
		}
	}
	want := []string{"rf(aa)ms(bc)bb)l", "r(aa)ms(bc)bb)l", "rms(bc)bb)l", "rm(bc)bb)l", "rmbl", "rml"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nnot %q", got, want)
	}
	if names(req) != want[0] {
		t.Error("the request was changed")
	}

	// The last result keeps its call.
	req.Messages = req.Messages[:10]
	if r, ok := m.Trim(req, 1); ok || names(r) != "rm(bc)b)" {
		t.Errorf("%s, %v", names(r), ok)
	}
	if _, ok := m.Trim(Request{}, 1); ok {
		t.Error("nothing fits into 1 token")
	}
}

func TestTrimNeverSplits(t *testing.T) {
	m := ForModel("gpt-4o")
	r := rand.New(rand.NewPCG(4, 4))
	for range 300 {
		var req Request
		var open []string
		for i := range r.IntN(20) {
			switch k := r.IntN(4); {
			case k == 0 && len(open) > 0:
				req.Messages = append(req.Messages, Message{Role: "tool", ToolCallID: open[0]})
				open = open[1:]
			case k == 1:
				msg := Message{Role: "assistant"}
				for n := range 1 + r.IntN(2) {
					id := fmt.Sprint(i, "-", n)
					msg.ToolCalls = append(msg.ToolCalls, ToolCall{ID: id})
					open = append(open, id)
				}
				req.Messages = append(req.Messages, msg)
			default:
				req.Messages = append(req.Messages, Text([]string{"user", "assistant", "system"}[r.IntN(3)], "text"))
			}
		}
		whole := m.CountRequest(req).Total().Tokens
		trimmed, _ := m.Trim(req, r.IntN(whole+1))
		calls, results := map[string]bool{}, map[string]bool{}
		for _, msg := range trimmed.Messages {
			for _, c := range msg.ToolCalls {
				calls[c.ID] = true
			}
			if msg.Role == "tool" {
				if results[msg.ToolCallID] = true; !calls[msg.ToolCallID] {
					t.Fatalf("%+v has a result without its call", trimmed)
				}
			}
		}
		for _, msg := range req.Messages {
			if msg.Role == "tool" && calls[msg.ToolCallID] && !results[msg.ToolCallID] {
				t.Fatalf("%+v has a call without its result", trimmed)
			}
		}
	}
}

func TestFit(t *testing.T) {
	m := ForModel("gpt-4")
	req := Request{Messages: []Message{Text("user", strings.Repeat("word ", 8000))}, MaxOutput: 1000}
	if f := m.Fit(req); f.Fits || f.Limit != 7192 || !f.Request.Exact {
		t.Errorf("%+v", f)
	}
	req.MaxOutput = 100
	if f := m.Fit(req); !f.Fits {
		t.Errorf("%+v", f)
	}
	if f := ForModel("unknown").Fit(req); !f.Fits || f.Limit != 0 || f.Request.Exact {
		t.Errorf("%+v", f)
	}
	if n := ForModel("gpt-5.4").InputLimit(128000); n != 922000 {
		t.Errorf("%d", n)
	}
	if n := ForModel("gpt-5.4").InputLimit(200000); n != 850000 {
		t.Errorf("%d", n)
	}
	if n := m.InputLimit(10000); n != 1 {
		t.Errorf("%d", n)
	}
}
