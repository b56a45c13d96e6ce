package client_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// answer puts a reply and the results of its calls behind a conversation.
func answer(req *llm.Request, reply llm.Reply) {
	req.Messages = append(req.Messages, reply.Message)
	for _, c := range reply.Message.Calls {
		m := llm.Text(llm.FromTool, "it printed 42")
		m.CallID = c.ID
		req.Messages = append(req.Messages, m)
	}
}

// A model that calls tools only through the Responses API is asked through it:
// stateless, streamed, with images, and with its reasoning kept and given back.
func TestResponses(t *testing.T) {
	s := &llmtest.Server{Dialects: llmtest.Dialects(), Responses: true}
	s.Push(
		llmtest.Reply{Text: "I run it now.", Calls: []llm.ToolCall{llmtest.Call("", "execute_python_code", `{"code":"print(6*7)"}`)}, Usage: &llm.Usage{Input: 90, Cached: 64, Written: 20, Output: 12, Reasoning: 5}},
		llmtest.Reply{Text: "It prints 42."},
		llmtest.Reply{Text: "cut", Finish: "length"},
		llmtest.Reply{Finish: "content_filter"},
	)
	m := connect(t, s, client.Options{Retries: -1})
	req := everything(t)
	req.Model, req.Effort = "gpt-5.6-sol", "low"
	reply, text, err := generate(t, m, req)
	if err != nil || text != "I run it now." || reply.Finish != llm.Calls || reply.Model != "gpt-5.6-sol" {
		t.Fatalf("%+v, %v", reply, err)
	}
	if want := (llm.Usage{Input: 90, Cached: 64, Written: 20, Output: 12, Reasoning: 5}); reply.Usage != want {
		t.Errorf("usage %+v", reply.Usage)
	}
	if k := reply.Message.Kept; k == nil || len(k.Items) != 3 || k.Tokens != 5 || reply.Message.Model != "gpt-5.6-sol" {
		t.Fatalf("kept %+v", reply.Message)
	}
	// As the store keeps it.
	b, _ := json.Marshal(reply.Message)
	reply.Message = llm.Message{}
	if err := json.Unmarshal(b, &reply.Message); err != nil {
		t.Fatal(err)
	}
	answer(&req, reply)
	if _, text, err := generate(t, m, req); err != nil || text != "It prints 42." {
		t.Fatalf("%q, %v", text, err)
	}
	rs := s.Requests()
	if !rs[len(rs)-1].Responses || rs[0].Responses || len(rs) != 3 {
		t.Errorf("%d requests", len(rs))
	}
	last := rs[len(rs)-1]
	if last.Effort != "low" || !last.Stream || len(last.Tools) != 1 || len(last.Messages[len(last.Messages)-3].Images) != 1 {
		t.Errorf("sent %s", last.Body)
	}
	for want, says := range map[llm.Finish]string{llm.Length: "cut", llm.Filtered: ""} {
		if want == llm.Filtered {
			continue
		}
		if reply, text, err := generate(t, m, req); err != nil || reply.Finish != want || text != says {
			t.Errorf("%+v, %v", reply, err)
		}
	}
	if reply, _, err := generate(t, m, req); err != nil || reply.Finish != llm.Filtered {
		t.Errorf("%+v, %v", reply, err)
	}
	// The answer's limits and a call that was dropped.
	req.MaxOutput, req.NoCalls = 3, true
	reply.Message.Calls = nil
	req.Messages = append(everything(t).Messages, reply.Message, llm.Text(llm.User, "And?"))
	if _, _, err := generate(t, m, req); err != nil {
		t.Error(err)
	}
}

// Where a server has no Responses API, the model calls tools without reasoning,
// if it can; it is never said that it has no tools.
func TestToolsWithoutResponses(t *testing.T) {
	s := &llmtest.Server{Dialects: llmtest.Dialects()}
	m := connect(t, s, client.Options{Retries: -1})
	req := everything(t)
	req.Model = "gpt-5.6-sol"
	for range 2 {
		reply, text, err := generate(t, m, req)
		if err != nil || text != "OK." || len(reply.Unsupported) > 0 {
			t.Fatalf("%+v, %v", reply, err)
		}
	}
	last := s.Requests()[len(s.Requests())-1]
	if last.Effort != "none" || len(last.Tools) != 1 {
		t.Errorf("sent %s", last.Body)
	}
	// Those that need reasoning say where they answer.
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/responses") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte(`{"error":{"message":"This model is only supported in v1/responses and not in v1/chat/completions.","type":"invalid_request_error","param":"model","code":null}}`))
	}))
	defer hs.Close()
	_, _, err := generate(t, dial(t, client.Options{BaseURL: hs.URL}), req)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "Responses") || strings.Contains(fault.Message(err), "tools") {
		t.Errorf("%v", err)
	}
}

// Reasoning that the provider can't read any more costs the reasoning, not the
// conversation.
func TestReasoningThatIsRefused(t *testing.T) {
	for _, model := range []string{"gpt-5.6-sol", "deepseek-v4-flash", "kimi-k2.5", "gemini-3.5-flash", "anthropic/claude-opus-5"} {
		t.Run(model, func(t *testing.T) {
			req := ask("What is 6*7?")
			req.Model, req.Tools = model, []llm.Tool{pythonTool}
			s := &llmtest.Server{Dialects: llmtest.Dialects(), Responses: true}
			s.Push(llmtest.Reply{Text: "I run it.", Calls: []llm.ToolCall{llmtest.Call("", "execute_python_code", `{"code":"print(6*7)"}`)}})
			reply, _, err := generate(t, connect(t, s, client.Options{Retries: -1}), req)
			if err != nil {
				t.Fatal(err)
			}
			answer(&req, reply)
			// Another account, another key: nothing of it was made there.
			other := &llmtest.Server{Dialects: llmtest.Dialects(), Responses: true}
			m := connect(t, other, client.Options{Retries: -1})
			if _, text, err := generate(t, m, req); err != nil || text != "OK." {
				t.Fatalf("%q, %v", text, err)
			}
			body := string(other.Requests()[len(other.Requests())-1].Body)
			for _, said := range []string{"What is 6*7?", "I run it.", "print(6*7)", "it printed 42"} {
				if !strings.Contains(body, said) {
					t.Errorf("%q is lost in %s", said, body)
				}
			}
			// It was about that message: the next ones keep theirs.
			other.Push(llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("", "execute_python_code", `{"code":"1"}`)}})
			req = ask("Again.")
			req.Model, req.Tools = model, []llm.Tool{pythonTool}
			if reply, _, err = generate(t, m, req); err != nil || len(reply.Message.Calls) != 1 {
				t.Fatalf("%+v, %v", reply, err)
			}
			answer(&req, reply)
			before := len(other.Refused())
			if _, _, err := generate(t, m, req); err != nil {
				t.Fatal(err)
			}
			if r := other.Refused(); len(r) > before {
				t.Errorf("refused: %s", r[len(r)-1].Body)
			}
		})
	}
}

// What servers send as a response in practice.
func TestResponseStreamsAsServersWriteThem(t *testing.T) {
	const done = `{"type":"response.completed","response":{"status":"completed"}}`
	for name, c := range map[string]struct {
		lines  []string
		text   string
		calls  int
		finish llm.Finish
		kind   fault.Kind
	}{
		"items without deltas":   {[]string{`{"type":"response.output_item.done","item":{"type":"message","id":"m","content":[{"type":"output_text","text":"Hi"}]}}`, done}, "Hi", 0, llm.Stop, 0},
		"only the end":           {[]string{`{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","id":"m","content":[{"type":"output_text","text":"Hi"}]},{"type":"function_call","call_id":"c","name":"execute_python_code","arguments":"{}"}]}}`}, "Hi", 1, llm.Calls, 0},
		"two messages":           {[]string{`{"type":"response.output_text.delta","item_id":"a","delta":"One."}`, `{"type":"response.output_text.delta","item_id":"b","delta":"Two."}`, done}, "One.\n\nTwo.", 0, llm.Stop, 0},
		"a refusal":              {[]string{`{"type":"response.refusal.delta","item_id":"a","delta":"No."}`, done}, "No.", 0, llm.Stop, 0},
		"unknown events":         {[]string{`{"type":"response.in_progress"}`, `{"type":"keepalive"}`, `{"type":"response.output_text.delta","item_id":"a","delta":"Hi"}`, done}, "Hi", 0, llm.Stop, 0},
		"reasoning is not text":  {[]string{`{"type":"response.reasoning_text.delta","item_id":"r","delta":"HIDDEN"}`, `{"type":"response.reasoning_summary_text.delta","item_id":"r","delta":"HIDDEN"}`, `{"type":"response.output_text.delta","item_id":"a","delta":"Hi"}`, done}, "Hi", 0, llm.Stop, 0},
		"cut off":                {[]string{`{"type":"response.output_text.delta","item_id":"a","delta":"Hi"}`}, "Hi", 0, "", fault.Unavailable},
		"failed":                 {[]string{`{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"The model failed"}}}`}, "", 0, "", fault.Unavailable},
		"failed, too fast":       {[]string{`{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"Rate limit reached for gpt-5.6 on tokens per min (TPM): Limit 30000"}}}`}, "", 0, "", fault.Exhausted},
		"failed, too long":       {[]string{`{"type":"response.failed","response":{"status":"failed","error":{"code":"context_length_exceeded","message":"Your input exceeds the context window of this model. Please adjust your input and try again."}}}`}, "", 0, "", fault.Invalid},
		"failed without words":   {[]string{`{"type":"response.failed","response":{"status":"failed","error":null}}`}, "", 0, "", fault.Unavailable},
		"incomplete":             {[]string{`{"type":"response.output_text.delta","item_id":"a","delta":"Hi"}`, `{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}`}, "Hi", 0, llm.Length, 0},
		"incomplete, no status":  {[]string{`{"type":"response.output_text.delta","item_id":"a","delta":"Hi"}`, `{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}`}, "Hi", 0, llm.Length, 0},
		"incomplete, filtered":   {[]string{`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}}`}, "", 0, llm.Filtered, 0},
		"a refusal as a part":    {[]string{`{"type":"response.output_item.done","item":{"type":"message","id":"m","content":[{"type":"refusal","refusal":"No."}]}}`, done}, "No.", 0, llm.Stop, 0},
		"only text that is done": {[]string{`{"type":"response.created","response":{"status":"in_progress"}}`, `{"type":"response.output_text.done","item_id":"m","text":"Hi"}`, done}, "Hi", 0, llm.Stop, 0}, // github.com/Sophomoresty/gemini-web2api/pull/57
		"a part that is done":    {[]string{`{"type":"response.content_part.done","item_id":"m","part":{"type":"output_text","text":"Hi"}}`, done}, "Hi", 0, llm.Stop, 0},
		"text without an id":     {[]string{`{"type":"response.output_text.delta","delta":"H"}`, `{"type":"response.output_text.delta","delta":"i"}`, `{"type":"response.output_item.done","item":{"type":"message","id":"m","content":[{"type":"output_text","text":"Hi"}]}}`, done}, "Hi", 0, llm.Stop, 0},
		"ids that change":        {[]string{`{"type":"response.output_text.delta","item_id":"x","output_index":0,"delta":"Hi"}`, `{"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"y","content":[{"type":"output_text","text":"Hi"}]}}`, done}, "Hi", 0, llm.Stop, 0},
		"a call in pieces":       {[]string{`{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc","call_id":"c","name":"execute_python_code","arguments":""}}`, `{"type":"response.function_call_arguments.delta","item_id":"fc","output_index":0,"delta":"{"}`, `{"type":"response.function_call_arguments.done","item_id":"fc","output_index":0,"arguments":"{}"}`, done}, "", 1, llm.Calls, 0},
		"a call twice":           {[]string{`{"type":"response.output_item.done","item":{"type":"function_call","call_id":"c","name":"execute_python_code","arguments":"{}"}}`, `{"type":"response.completed","response":{"status":"completed","output":[{"type":"function_call","call_id":"c","name":"execute_python_code","arguments":"{}"}]}}`}, "", 1, llm.Calls, 0},
		"a summary":              {[]string{`{"type":"response.reasoning_summary_part.added","item_id":"r","part":{"type":"summary_text","text":""}}`, `{"type":"response.reasoning_summary_text.done","item_id":"r","text":"HIDDEN"}`, `{"type":"response.output_item.done","item":{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"HIDDEN"}]}}`, `{"type":"response.output_text.delta","item_id":"a","delta":"Hi"}`, done}, "Hi", 0, llm.Stop, 0},
		"a null response":        {[]string{`{"type":"response.output_text.delta","item_id":"a","delta":"Hi"}`, `{"type":"response.completed","response":null}`}, "Hi", 0, "", fault.Unavailable},
		"rate limit":             {[]string{`{"type":"error","code":"rate_limit_exceeded","message":"Slow down"}`}, "", 0, "", fault.Exhausted},
		"too long":               {[]string{`{"type":"error","code":"context_length_exceeded","message":"Your input exceeds the context window of this model."}`}, "", 0, "", fault.Invalid},
		"garbage":                {[]string{`{"type":`}, "", 0, "", fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := &llmtest.Server{Responses: true, Dialects: llmtest.Dialects()}
			s.Push(llmtest.Reply{Raw: c.lines})
			req := ask("hi")
			req.Model, req.Tools = "gpt-5.6-sol", []llm.Tool{pythonTool}
			reply, text, err := generate(t, connect(t, s, client.Options{Retries: -1}), req)
			if text != c.text || len(reply.Message.Calls) != c.calls || reply.Finish != c.finish || (err != nil) != (c.kind != 0) || err != nil && !fault.Is(err, c.kind) {
				t.Errorf("%q, %+v, %v", text, reply, err)
			}
		})
	}
}
