package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// claude returns a client of a server that speaks Anthropic's Messages API.
func claude(t *testing.T, s *llmtest.Server, o client.Options) *client.Client {
	t.Helper()
	o.BaseURL = strings.TrimSuffix(s.Start(t), "/v1") + "/anthropic"
	return dial(t, o)
}

// claudeBody is what a request to the Messages API has beside its messages.
type claudeBody struct {
	System   []marked
	Tools    []marked
	Messages []struct{ Content []marked }
	Thinking struct {
		Type   string
		Budget int `json:"budget_tokens"`
	}
	Output struct{ Effort string } `json:"output_config"`
}

type marked struct {
	Type, Text, Signature string
	Cache                 *struct{ Type string } `json:"cache_control"`
}

// Claude is spoken to in its own API: streamed, with tools and images, its
// thoughts kept and given back as they were, and to no other model.
func TestMessages(t *testing.T) {
	s := &llmtest.Server{Key: key, Dialects: llmtest.Dialects()}
	s.Push(
		llmtest.Reply{Text: "I run it now.", Calls: []llm.ToolCall{llmtest.Call("", "execute_python_code", `{"code":"print(12345678901234567890)"}`)}, Usage: &llm.Usage{Input: 90, Cached: 64, Written: 20, Output: 12, Reasoning: 5}},
		llmtest.Reply{Text: "It prints 42."},
		llmtest.Reply{Text: "It prints 42, I think."},
	)
	m := claude(t, s, client.Options{Retries: -1})
	req := everything(t)
	req.Model = "claude-opus-5"
	req.Messages[2].Model = "gpt-5.6-sol" // a call of another model, without thoughts
	reply, text, err := generate(t, m, req)
	if err != nil || text != "I run it now." || reply.Finish != llm.Calls || reply.Model != "claude-opus-5" || len(reply.Unsupported) > 0 {
		t.Fatalf("%+v, %v", reply, err)
	}
	if want := (llm.Usage{Input: 90, Cached: 64, Written: 20, Output: 12, Reasoning: 5}); reply.Usage != want {
		t.Errorf("usage %+v", reply.Usage)
	}
	if k := reply.Message.Kept; k == nil || len(k.Blocks) != 3 || k.Tokens != 5 || reply.Message.Calls[0].Arguments != `{"code":"print(12345678901234567890)"}` {
		t.Fatalf("kept %+v", reply.Message)
	}
	// As the store keeps it.
	b, _ := json.Marshal(reply.Message)
	reply.Message = llm.Message{}
	if err := json.Unmarshal(b, &reply.Message); err != nil {
		t.Fatal(err)
	}
	answer(&req, reply)
	reply, text, err = generate(t, m, req)
	if err != nil || text != "It prints 42." || reply.Finish != llm.Stop {
		t.Fatalf("%q, %v", text, err)
	}
	last := s.Requests()[1]
	if !last.Claude || !last.Stream || last.User != "u1" || last.MaxTokens != 1000 || len(last.Tools) != 1 || len(s.Requests()) != 2 {
		t.Errorf("%d requests, the last %s", len(s.Requests()), last.Body)
	}
	if !slices.ContainsFunc(last.Messages, func(m llmtest.Message) bool { return len(m.Images) == 1 && strings.Contains(m.Text, "Anna: And this?") }) {
		t.Errorf("sent %s", last.Body)
	}
	// What comes again is marked for the cache: tools, instructions, the
	// conversation before the question, and all of it.
	var body claudeBody
	if err := json.Unmarshal(last.Body, &body); err != nil {
		t.Fatal(err)
	}
	var marks []string
	for i, m := range body.Messages {
		for _, b := range m.Content {
			if b.Cache != nil {
				marks = append(marks, b.Type+":"+b.Text)
				if want := []int{3, len(body.Messages) - 1}; !slices.Contains(want, i) {
					t.Errorf("message %d is marked", i)
				}
			}
		}
	}
	if len(marks) != 2 || marks[0] != "text:It prints 41." || marks[1] != "tool_result:" || body.Tools[0].Cache == nil || body.System[0].Cache == nil {
		t.Errorf("marked for the cache: %q, %s", marks, last.Body)
	}
	// Another model gets the call as a report and the thoughts not at all.
	answer(&req, reply)
	req.Messages = append(req.Messages, llm.Text(llm.User, "And you?"))
	req.Model = "claude-haiku-4-5"
	if _, _, err := generate(t, m, req); err != nil {
		t.Fatal(err)
	}
	sent := string(s.Requests()[2].Body)
	if strings.Contains(sent, `"thinking"`) || strings.Contains(sent, "tool_use") || !strings.Contains(sent, "print(12345678901234567890)") {
		t.Errorf("sent %s", sent)
	}
}

func TestMessagesEnd(t *testing.T) {
	s := &llmtest.Server{}
	m := claude(t, s, client.Options{Retries: -1})
	for _, c := range []struct {
		reply  llmtest.Reply
		finish llm.Finish
		text   string
	}{
		{llmtest.Reply{Text: "cut", Finish: "length"}, llm.Length, "cut"},
		{llmtest.Reply{Finish: "content_filter"}, llm.Filtered, ""},
		{llmtest.Reply{Text: "Whole.", Whole: true}, llm.Stop, "Whole."},
		{llmtest.Reply{Raw: []string{ // two texts around thoughts, and no beginning of the first: as gateways write it
			`{"type":"message_start","message":{"model":"m","usage":{"input_tokens":3}}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"One."}}`,
			`{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"EmwK"}}`,
			`{"type":"content_block_start","index":2,"content_block":{"type":"text","text":"Two."}}`,
			`{"type":"message_delta","delta":{"stop_reason":"model_context_window_exceeded"},"usage":{"output_tokens":7}}`,
			`{"type":"message_stop"}`}}, llm.Length, "One.\n\nTwo."},
	} {
		s.Push(c.reply)
		reply, text, err := generate(t, m, ask("Go on."))
		if err != nil || reply.Finish != c.finish || text != c.text {
			t.Errorf("%q, %+v, %v", text, reply, err)
		}
	}
	s.Push(llmtest.Reply{Text: "This breaks off here", Cut: 5})
	if reply, text, err := generate(t, m, ask("Go on.")); fault.KindOf(err) != fault.Unavailable || text == "" || reply.Finish != "" {
		t.Errorf("%q, %+v, %v", text, reply, err)
	}
	// Without text yet, an overload in mid-stream is tried again.
	m = claude(t, s, client.Options{})
	s.Push(llmtest.Reply{Raw: []string{`{"type":"message_start","message":{"model":"m"}}`, `{"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"}}`}},
		llmtest.Reply{Text: "The second time."})
	if _, text, err := generate(t, m, ask("Go on.")); err != nil || text != "The second time." {
		t.Errorf("%q, %v", text, err)
	}
}

// How long to think is said in the way that the model takes.
func TestClaudeEffort(t *testing.T) {
	const head = `{"type":"error","error":{"type":"invalid_request_error","message":"`
	for _, c := range []struct {
		name, effort, refuses, says string
		think                       string // as the last request says it
		budget                      int
	}{
		{"new", "high", "", "", "adaptive", 0},
		{"new", "none", "", "", "disabled", 0},
		{"old", "high", `"adaptive"`, "adaptive thinking is not supported on this model", "enabled", 12_000},
		{"old", "minimal", `"adaptive"`, "adaptive thinking is not supported on this model", "enabled", 2048},
		{"no effort", "medium", `"effort"`, "This model does not support the effort parameter.", "enabled", 8192},
		{"always thinks", "none", `"disabled"`, `\"thinking.type.disabled\" is not supported for this model.`, "", 0},
		{"never thinks", "low", `"thinking"`, "This model does not support thinking.", "", 0},
	} {
		t.Run(c.name+" "+c.effort, func(t *testing.T) {
			var last string
			hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if last = string(b); c.refuses != "" && strings.Contains(last, c.refuses) {
					w.WriteHeader(400)
					io.WriteString(w, head+c.says+`"}}`)
					return
				}
				io.WriteString(w, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n")
			}))
			defer hs.Close()
			m := dial(t, client.Options{BaseURL: hs.URL + "/v1/messages", Effort: c.effort, Retries: -1})
			if _, err := m.Generate(t.Context(), ask("Hi"), nil); err != nil {
				t.Fatal(err)
			}
			var body claudeBody
			if err := json.Unmarshal([]byte(last), &body); err != nil {
				t.Fatal(err)
			}
			if body.Thinking.Type != c.think || body.Thinking.Budget != c.budget || (body.Output.Effort != "") != (c.think == "adaptive") {
				t.Errorf("sent %s", last)
			}
		})
	}
}

// The key goes into the header that Anthropic's API takes, and to nobody else's
// in that of another.
func TestClaudeKey(t *testing.T) {
	var got http.Header
	var path string
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, path = r.Header, r.URL.String()
		io.WriteString(w, `{"data":[{"id":"claude-opus-5","type":"model","max_input_tokens":1000000}],"has_more":false}`)
	}))
	defer hs.Close()
	m := dial(t, client.Options{BaseURL: hs.URL + "/anthropic"})
	names, err := m.Models(t.Context())
	if err != nil || len(names) != 1 || path != "/anthropic/v1/models?limit=1000" || got.Get("x-api-key") != key || got.Get("anthropic-version") == "" {
		t.Errorf("%v, %v, %s, %v", names, err, path, got)
	}
	if n, err := m.Window(t.Context(), "claude-opus-5"); err != nil || n != 1_000_000 {
		t.Errorf("window %d, %v", n, err)
	}
	m = dial(t, client.Options{BaseURL: hs.URL + "/anthropic", API: llm.Chat})
	if _, err := m.Models(t.Context()); err != nil || got.Get("x-api-key") != "" || got.Get("anthropic-version") != "" {
		t.Errorf("%v, %v", err, got)
	}
}

// An answer ends a conversation where a question should: one is put behind it.
func TestClaudeIsNotPrefilled(t *testing.T) {
	s := &llmtest.Server{}
	m := claude(t, s, client.Options{})
	req := ask("Hi")
	req.Messages = append(req.Messages, llm.Text(llm.Assistant, "Hello "), llm.Message{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "functions.run:0", Name: "run", Arguments: "[1"}}},
		llm.Message{Role: llm.FromTool, CallID: "functions.run:0"}, llm.Text(llm.Assistant, "  "))
	if _, _, err := generate(t, m, req); err != nil && !errors.Is(err, llm.ErrContext) {
		t.Error(err)
	}
}
