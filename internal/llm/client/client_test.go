package client_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-test-0123456789abcdef"

// connect returns a client of s that waits for nothing longer than needed.
func connect(t *testing.T, s *llmtest.Server, o client.Options) *client.Client {
	t.Helper()
	o.BaseURL = s.Start(t)
	return dial(t, o)
}

func dial(t *testing.T, o client.Options) *client.Client {
	t.Helper()
	if o.Backoff == 0 {
		o.Backoff = time.Millisecond
	}
	m, err := client.New(key, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

var pythonTool = llm.Tool{
	Name: "execute_python_code", Description: "Runs Python.",
	Parameters: []byte(`{"type":"object","properties":{"code":{"type":"string"}},"required":["code"]}`),
}

func ask(text string) llm.Request {
	return llm.Request{Model: "test-model", Messages: []llm.Message{llm.Text(llm.User, text)}}
}

// generate runs a request and returns the reply with the deltas joined.
func generate(t *testing.T, m llm.Model, req llm.Request) (llm.Reply, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var b strings.Builder
	reply, err := m.Generate(ctx, req, func(s string) { b.WriteString(s) })
	if got := reply.Message.Text(); got != b.String() {
		t.Errorf("the deltas %q are not the text %q", b.String(), got)
	}
	return reply, b.String(), err
}

func TestStreamsTextAndUsage(t *testing.T) {
	s := &llmtest.Server{Key: key}
	s.Push(llmtest.Reply{Text: "The mean is 4.2, the median 4.", Usage: &llm.Usage{Input: 90, Cached: 64, Written: 20, Output: 12, Reasoning: 5}})
	m := connect(t, s, client.Options{})
	pieces := 0
	reply, err := m.Generate(t.Context(), ask("What is the mean?"), func(string) { pieces++ })
	if err != nil {
		t.Fatal(err)
	}
	if reply.Message.Text() != "The mean is 4.2, the median 4." || pieces < 3 {
		t.Errorf("text %q in %d pieces", reply.Message.Text(), pieces)
	}
	if reply.Message.Role != llm.Assistant || reply.Finish != llm.Stop || reply.Model != "test-model" {
		t.Errorf("reply = %+v", reply)
	}
	if want := (llm.Usage{Input: 90, Cached: 64, Written: 20, Output: 12, Reasoning: 5}); reply.Usage != want {
		t.Errorf("usage = %+v", reply.Usage)
	}
}

func TestToolRoundTrip(t *testing.T) {
	s := &llmtest.Server{}
	s.Push(
		llmtest.Reply{Text: "Let me look.", Calls: []llm.ToolCall{
			llmtest.Call("call_a", "execute_python_code", map[string]string{"code": "print('é 漢字 🐍')\nprint(1)"}),
			llmtest.Call("call_b", "execute_python_code", map[string]string{"code": "print(2)"}),
		}},
		llmtest.Reply{Text: "Both ran."},
	)
	m := connect(t, s, client.Options{})
	req := ask("Run it.")
	req.Tools = []llm.Tool{pythonTool}
	reply, _, err := generate(t, m, req)
	if err != nil || reply.Finish != llm.Calls || len(reply.Message.Calls) != 2 {
		t.Fatalf("reply = %+v, %v", reply, err)
	}
	if c := reply.Message.Calls[0]; c.ID != "call_a" || c.Name != "execute_python_code" || c.Arguments != `{"code":"print('é 漢字 🐍')\nprint(1)"}` {
		t.Errorf("call = %+v", c)
	}
	req.Messages = append(req.Messages, reply.Message)
	for _, c := range reply.Message.Calls {
		r := llm.Text(llm.FromTool, "ok")
		r.CallID = c.ID
		req.Messages = append(req.Messages, r)
	}
	if _, text, err := generate(t, m, req); err != nil || text != "Both ran." {
		t.Errorf("%q, %v", text, err)
	}
	last := s.Requests()[1]
	if got := last.Messages[1].Calls; len(got) != 2 || got[0] != reply.Message.Calls[0] {
		t.Errorf("calls sent back: %+v", got)
	}
}

func TestRetriesBeforeTheFirstText(t *testing.T) {
	for name, faults := range map[string][]llmtest.Reply{
		"down":           {{Down: true}, {Down: true}},
		"500, 503":       {{Status: 500}, {Status: 503}},
		"rate limit":     {llmtest.RateLimited(2 * time.Millisecond)},
		"cut at once":    {{Text: "x", Cut: -1}},
		"garbled":        {{Raw: []string{`<html>`}}},
		"error event":    {{Raw: []string{`{"error":{"message":"overloaded"}}`}}},
		"cut in a call":  {{Calls: []llm.ToolCall{llmtest.Call("c", "f", `{"a":"0123456789012345678901234567890"}`)}, Cut: 2}},
		"nothing at all": {{Raw: []string{}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &llmtest.Server{}
			s.Push(faults...)
			reply, text, err := generate(t, connect(t, s, client.Options{}), ask("hi"))
			if err != nil || text != "OK." || len(reply.Message.Calls) != 0 {
				t.Errorf("%+v, %v", reply, err)
			}
			if got := len(s.Requests()); got != len(faults)+1 {
				t.Errorf("%d requests", got)
			}
		})
	}
}

func TestRetryAfterIsRespected(t *testing.T) {
	s := &llmtest.Server{}
	s.Push(llmtest.RateLimited(time.Second))
	m := connect(t, s, client.Options{})
	start := time.Now()
	if _, _, err := generate(t, m, ask("hi")); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d < time.Second {
		t.Errorf("tried again after %v", d)
	}
	// A wait that is too long for a chat is told at once.
	s.Push(llmtest.RateLimited(90 * time.Second))
	_, _, err := generate(t, m, ask("hi"))
	if !fault.Is(err, fault.Exhausted) || !strings.Contains(fault.Message(err), "1m30s") {
		t.Errorf("err = %v", err)
	}
}

func TestErrorsHaveKindsAndSentences(t *testing.T) {
	cases := []struct {
		name  string
		reply llmtest.Reply
		kind  fault.Kind
		says  string
		tries int
	}{
		{"bad key", llmtest.Reply{Status: 401, Message: "Incorrect API key provided: " + key}, fault.Denied, "API key", 1},
		{"forbidden", llmtest.Reply{Status: 403, Message: "Project proj_abcdef123 does not have access"}, fault.Denied, "denied", 1},
		{"no model", llmtest.Reply{Status: 404, Code: "model_not_found", Message: "The model `x` does not exist"}, fault.Invalid, `"test-model"`, 1},
		{"no credit", llmtest.Reply{Status: 429, Code: "insufficient_quota", Message: "You exceeded your current quota"}, fault.Exhausted, "credit", 1},
		{"payment", llmtest.Reply{Status: 402, Message: "Insufficient credits"}, fault.Exhausted, "credit", 1},
		{"context", llmtest.ContextExceeded(), fault.Invalid, "too long", 1},
		{"invalid", llmtest.Reply{Status: 400, Message: "Invalid schema for function 'x' by " + key}, fault.Invalid, "Invalid schema for function 'x'", 1},
		{"busy", llmtest.Reply{Status: 503, Message: "overloaded"}, fault.Unavailable, "try again", 3},
		{"rate", llmtest.RateLimited(time.Millisecond), fault.Exhausted, "too many requests", 3},
		{"down", llmtest.Reply{Down: true}, fault.Unavailable, "try again", 3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := &llmtest.Server{Answer: func(llmtest.Request) llmtest.Reply { return c.reply }}
			_, _, err := generate(t, connect(t, s, client.Options{Retries: 2}), ask("hi"))
			if !fault.Is(err, c.kind) || !strings.Contains(fault.Message(err), c.says) {
				t.Errorf("err = %v, message %q", err, fault.Message(err))
			}
			if got := len(s.Requests()); got != c.tries {
				t.Errorf("%d requests, want %d", got, c.tries)
			}
			for _, secret := range []string{key, "org-a1b2c3d4e5", "proj_abcdef123"} {
				if strings.Contains(err.Error()+fault.Message(err), secret) {
					t.Errorf("%q is in %v", secret, err)
				}
			}
			if got := errors.Is(err, llm.ErrContext); got != (c.name == "context") {
				t.Errorf("errors.Is(err, ErrContext) = %v", got)
			}
		})
	}
}

func TestErrorBodiesOfOtherServers(t *testing.T) {
	for _, body := range []string{
		`{"error":"model 'x' not found"}`, `{"detail":[{"msg":"field required"}]}`, `{"message":"no"}`,
		`{"error":{"message":null}}`, `{"error":null}`, `{"error":[]}`, `null`, `[1]`, `"text"`, ``, `<html><h1>400</h1></html>`,
		strings.Repeat("x", 1<<20),
	} {
		hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			w.Write([]byte(body))
		}))
		_, _, err := generate(t, dial(t, client.Options{BaseURL: hs.URL}), ask("hi"))
		if !fault.Is(err, fault.Invalid) || len(fault.Message(err)) > 400 {
			t.Errorf("%.40s: %.200v", body, err)
		}
		hs.Close()
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, c := range []struct{ url, says string }{
		{"http://" + l.Addr().String() + "/v1", "cannot be reached"},
		{"http://no-such-host.invalid/v1", "cannot be found"},
	} {
		_, _, err = generate(t, dial(t, client.Options{BaseURL: c.url, Retries: 1}), ask("hi"))
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), c.says) {
			t.Errorf("%s: %v", c.url, err)
		}
	}
}

func TestBaseURL(t *testing.T) {
	for _, u := range []string{"api.openai.com/v1", "ftp://x/v1", "http://", "://", "sk-oops"} {
		if _, err := client.New("", client.Options{BaseURL: u}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", u, err)
		}
	}
	// With and without a slash at the end, and in a folder.
	s := &llmtest.Server{}
	base := s.Start(t)
	for _, u := range []string{base, base + "/", base + "/folder"} {
		if _, _, err := generate(t, dial(t, client.Options{BaseURL: u}), ask("hi")); err != nil {
			t.Errorf("%q: %v", u, err)
		}
	}
}

// A credential of the environment must not go to another server than its own.
func TestOnlyTheGivenKeyIsSent(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-env-key-000000")
	t.Setenv("OPENAI_ADMIN_KEY", "sk-admin-000000")
	s := &llmtest.Server{}
	m, err := client.New("", client.Options{BaseURL: s.Start(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, _, err := generate(t, m, ask("hi")); err != nil {
		t.Fatal(err)
	}
	if a := s.Requests()[0].Header.Get("Authorization"); a != "" {
		t.Errorf("sent %q", a)
	}
}

func TestBrokenStreamsKeepWhatArrived(t *testing.T) {
	text := "One two three four five six seven eight nine ten."
	for name, r := range map[string]llmtest.Reply{
		"cut":         {Text: text, Cut: 3},
		"stalled":     {Text: text, Hang: true},
		"garbled":     {Raw: []string{`{"choices":[{"index":0,"delta":{"content":"One two"}}]}`, `{"choices":[{"ind`}},
		"error event": {Raw: []string{`{"choices":[{"index":0,"delta":{"content":"One two"}}]}`, `{"error":{"message":"upstream","code":502}}`}},
		"no end":      {Raw: []string{`{"choices":[{"index":0,"delta":{"content":"One two"}}]}`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &llmtest.Server{}
			s.Push(r)
			reply, got, err := generate(t, connect(t, s, client.Options{Idle: 50 * time.Millisecond}), ask("count"))
			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("err = %v", err)
			}
			if got == "" || !strings.HasPrefix(text, got) || reply.Finish != "" {
				t.Errorf("kept %q, finish %q", got, reply.Finish)
			}
			if n := len(s.Requests()); n != 1 {
				t.Errorf("%d requests: text was shown already", n)
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	s := &llmtest.Server{}
	s.Push(llmtest.Reply{Text: "late", Wait: time.Minute})
	m := connect(t, s, client.Options{FirstByte: 50 * time.Millisecond})
	start := time.Now()
	_, _, err := generate(t, m, ask("hi"))
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "too long") || time.Since(start) > 30*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	// Slow but steady is fine, for longer than any one limit.
	s.Push(llmtest.Reply{Text: strings.Repeat("steady and ", 10), Pause: 150 * time.Millisecond})
	m = connect(t, s, client.Options{FirstByte: 30 * time.Second, Idle: 2 * time.Second})
	if _, _, err := generate(t, m, ask("hi")); err != nil {
		t.Error(err)
	}
}

func TestCanceled(t *testing.T) {
	s := &llmtest.Server{}
	s.Push(llmtest.Reply{Text: "One two three four five", Hang: true})
	m := connect(t, s, client.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	reply, err := m.Generate(ctx, ask("hi"), func(string) { cancel() })
	if !fault.Is(err, fault.Canceled) || reply.Message.Text() == "" {
		t.Errorf("%+v, %v", reply, err)
	}
	if _, err := m.Generate(ctx, ask("hi"), nil); !fault.Is(err, fault.Canceled) {
		t.Errorf("a canceled context: %v", err)
	}
	dead, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	s.Push(llmtest.Reply{Wait: 5 * time.Second})
	if _, err := m.Generate(dead, ask("hi"), nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a deadline: %v", err)
	}
}

func pixel(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// everything is a request that has all that a model may lack.
func everything(t *testing.T) llm.Request {
	result := llm.Text(llm.FromTool, "it printed 41")
	result.CallID = "call_1"
	return llm.Request{
		Model: "test-model", User: "u1", MaxOutput: 1000, Tools: []llm.Tool{pythonTool},
		Messages: []llm.Message{
			llm.Text(llm.System, "Be brief."),
			llm.Text(llm.User, "What does it print?"),
			{Role: llm.Assistant, Parts: []llm.Part{{Text: "I run it."}}, Calls: []llm.ToolCall{{ID: "call_1", Name: "execute_python_code", Arguments: `{"code":"print(41)"}`}}},
			result,
			llm.Text(llm.Assistant, "It prints 41."),
			llm.Text(llm.System, "It is noon."),
			{Role: llm.User, Name: "Anna", Parts: []llm.Part{{Text: "And this?"}, {Image: &llm.Image{FileID: "7_1_00000000", MIME: "image/png", Data: pixel(t)}}}},
		},
	}
}

func TestWhatAModelLacksIsFoundOutOnce(t *testing.T) {
	all := []string{"stream_options", "max_tokens", "max_completion_tokens", "tools", "images", "system", "stream", "user"}
	cases := map[string][]string{"all": all}
	for _, c := range all {
		cases[c] = []string{c}
	}
	for name, refuse := range cases {
		t.Run(name, func(t *testing.T) {
			s := &llmtest.Server{Refuse: refuse}
			m := connect(t, s, client.Options{Retries: -1})
			reply, text, err := generate(t, m, everything(t))
			if err != nil || text != "OK." {
				t.Fatalf("%q, %v", text, err)
			}
			first := len(s.Requests())
			if max := 2 * len(refuse); first > max || first < 1 {
				t.Errorf("%d requests for %d lacks", first, len(refuse))
			}
			if _, _, err := generate(t, m, everything(t)); err != nil {
				t.Fatal(err)
			}
			if got := len(s.Requests()); got != first+1 {
				t.Errorf("the second time took %d requests", got-first)
			}
			want := ""
			for _, l := range []string{"tools", "images"} {
				if strings.Contains(strings.Join(refuse, " "), l) {
					want += l
				}
			}
			got := ""
			for _, u := range reply.Unsupported {
				got += string(u.What)
			}
			if got != want {
				t.Errorf("Unsupported = %q, want %q", got, want)
			}
			// Nothing of what was said is lost, in whatever form it goes.
			body := string(s.Requests()[first].Body)
			for _, said := range []string{"Be brief.", "What does it print?", "print(41)", "it printed 41", "It is noon.", "Anna: And this?"} {
				if !strings.Contains(body, said) {
					t.Errorf("%q is missing in %s", said, body)
				}
			}
		})
	}
}

func TestRefusalsInTheWordsOfRealServers(t *testing.T) {
	// Collected from the documentation and issue trackers of the servers named.
	cases := []struct {
		server, message string
		status          int
		lacks           string // in the repeated request
	}{
		{"vLLM", `"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set`, 400, "tools"},
		{"OpenRouter", "No endpoints found that support tool use. To learn more about provider routing, visit: https://openrouter.ai/docs", 404, "tools"},
		{"Ollama", "registry.ollama.ai/library/gemma:2b does not support tools", 400, "tools"},
		{"OpenAI", "tools is not supported in this model. For a list of supported models, refer to ...", 400, "tools"},
		{"Perplexity", "Tool calling is not supported for this model", 400, "tools"},
		{"vLLM", "At most 0 image(s) may be provided in one request.", 400, "image"},
		{"vLLM", "llama-3 is not a multimodal model", 400, "image"},
		{"OpenRouter", "No endpoints found that support image input", 404, "image"},
		{"DeepSeek", "Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`, expected `text`", 400, "image"},
		{"Groq", "'messages.1' : for 'role:user' the following must be satisfied[('messages.1.content' : value must be a string)]", 400, "image"},
		{"llama.cpp", "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj", 500, "image"},
		{"Gemma template", "System role not supported", 400, `"role":"system"`},
		{"Qwen template", "System message must be at the beginning.", 500, `It is noon.","role":"system`},
		{"Mistral template", "Conversation roles must alternate user/assistant/user/assistant/...", 400, `It is noon.","role":"system`},
		{"Gemini", "Developer instruction is not enabled for models/gemma-3-27b-it", 400, `"role":"system"`},
	}
	for _, c := range cases {
		t.Run(c.server+" "+c.lacks, func(t *testing.T) {
			s := &llmtest.Server{}
			s.Push(llmtest.Reply{Status: c.status, Message: c.message})
			req := everything(t)
			if _, _, err := generate(t, connect(t, s, client.Options{Retries: -1}), req); err != nil {
				t.Fatal(err)
			}
			got := s.Requests()
			if !bytes.Contains(got[0].Body, []byte(c.lacks)) || bytes.Contains(got[1].Body, []byte(`"`+strings.Trim(c.lacks, `"`)+`"`)) {
				t.Errorf("repeated as %s", got[1].Body)
			}
		})
	}
}

func TestModels(t *testing.T) {
	s := &llmtest.Server{Key: key, Models: []string{"zeta", "alpha", "", "alpha"}}
	names, err := connect(t, s, client.Options{}).Models(t.Context())
	if err != nil || strings.Join(names, " ") != "alpha zeta" {
		t.Errorf("%q, %v", names, err)
	}
	for body, want := range map[string]string{
		`[{"id":"a"},{"id":"b"}]`: "a b", `{"data":[]}`: "", `{"data":null}`: "",
	} {
		hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(body)) }))
		names, err := dial(t, client.Options{BaseURL: hs.URL}).Models(t.Context())
		if err != nil || strings.Join(names, " ") != want {
			t.Errorf("%s: %q, %v", body, names, err)
		}
		hs.Close()
	}
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<html>")) }))
	defer hs.Close()
	if _, err := dial(t, client.Options{BaseURL: hs.URL}).Models(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("HTML: %v", err)
	}
	m, _ := client.New("wrong", client.Options{BaseURL: s.Start(t)})
	defer m.Close()
	if _, err := m.Models(t.Context()); !fault.Is(err, fault.Denied) {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	addrs := map[string]bool{}
	s := &llmtest.Server{}
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addrs[r.RemoteAddr] = true
		s.ServeHTTP(w, r)
	}))
	defer hs.Close()
	m := dial(t, client.Options{BaseURL: hs.URL})
	for range 5 {
		if _, _, err := generate(t, m, ask("hi")); err != nil {
			t.Fatal(err)
		}
	}
	if len(addrs) != 1 {
		t.Errorf("%d connections for 5 requests in sequence", len(addrs))
	}
}
