package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

func delta(d string) string {
	return `{"choices":[{"index":0,"delta":` + d + `}]}`
}

func finish(reason string) string {
	return `{"choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}`
}

// What servers send in practice, and what is made of it.
func TestStreamsAsServersWriteThem(t *testing.T) {
	const py = "execute_python_code"
	cases := []struct {
		name   string
		raw    []string
		text   string
		calls  string // "id name args" each, joined by " | "
		finish llm.Finish
	}{
		{"no finish reason but done", []string{delta(`{"content":"Hi"}`), `[DONE]`}, "Hi", "", llm.Stop},
		{"no done but a finish reason", []string{delta(`{"content":"Hi"}`), finish("stop")}, "Hi", "", llm.Stop},
		{"null content and error", []string{`{"error":null,"choices":[{"index":0,"delta":{"content":null}}]}`, delta(`{"content":"Hi"}`), finish("stop"), `[DONE]`}, "Hi", "", llm.Stop},
		{"a null chunk", []string{`null`, delta(`{"content":"Hi"}`), finish("stop"), `[DONE]`}, "Hi", "", llm.Stop},
		{"content in parts", []string{delta(`{"content":[{"type":"text","text":"H"},{"type":"text","text":"i"}]}`), `[DONE]`}, "Hi", "", llm.Stop},
		{"a second choice", []string{delta(`{"content":"Hi"}`), `{"choices":[{"index":1,"delta":{"content":"no"}}]}`, `[DONE]`}, "Hi", "", llm.Stop},
		{"length", []string{delta(`{"content":"Hi"}`), finish("length"), `[DONE]`}, "Hi", "", llm.Length},
		{"filter", []string{finish("content_filter"), `[DONE]`}, "", "", llm.Filtered},
		{"a refusal", []string{delta(`{"refusal":"I can't."}`), finish("stop"), `[DONE]`}, "I can't.", "", llm.Stop},
		{"thoughts", []string{delta(`{"content":"<thi"}`), delta(`{"content":"nk>hm, a < b"}`), delta(`{"content":"</thi"}`), delta(`{"content":"nk>\n\nHi"}`), `[DONE]`}, "Hi", "", llm.Stop},
		{"no thoughts", []string{delta(`{"content":"<"}`), delta(`{"content":"b>Hi"}`), `[DONE]`}, "<b>Hi", "", llm.Stop},
		{"a held beginning", []string{delta(`{"content":"<th"}`), `[DONE]`}, "<th", "", llm.Stop},
		{"thoughts in the middle", []string{delta(`{"content":"Use <think>x</think>"}`), `[DONE]`}, "Use <think>x</think>", "", llm.Stop},

		{"a call, but finish is stop", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"` + py + `","arguments":"{}"}}]}`), finish("stop"), `[DONE]`}, "", "a " + py + " {}", llm.Calls},
		{"no index", []string{delta(`{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}`), delta(`{"tool_calls":[{"function":{"arguments":":1}"}}]}`), `[DONE]`}, "", `a f {"x":1}`, llm.Calls},
		{"no ids", []string{delta(`{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}},{"index":1,"function":{"name":"g","arguments":"{}"}}]}`), `[DONE]`}, "", "call00000 f {} | call00001 g {}", llm.Calls},
		{"one id twice", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}`), delta(`{"tool_calls":[{"index":1,"id":"a","function":{"name":"g","arguments":"{}"}}]}`), `[DONE]`}, "", "a f {} | call00001 g {}", llm.Calls},
		{"one index twice", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"n\":"}}]}`), delta(`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`), delta(`{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{\"m\":"}}]}`), delta(`{"tool_calls":[{"index":0,"function":{"arguments":"2}"}}]}`), `[DONE]`}, "", `a f {"n":1} | b g {"m":2}`, llm.Calls},
		{"id and name in every piece", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}`), delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}]}`), `[DONE]`}, "", `a f {}`, llm.Calls},
		{"arguments as an object", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}]}`), `[DONE]`}, "", `a f {"x":1}`, llm.Calls},
		{"no name, one tool", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{\"code\":\"1\"}"}}]}`), `[DONE]`}, "", `a ` + py + ` {"code":"1"}`, llm.Calls},
		{"neither name nor arguments", []string{delta(`{"content":"Hi","tool_calls":[{"index":0}]}`), `[DONE]`}, "Hi", "", llm.Stop},
		{"a name with a prefix and spaces", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"functions.do it!","arguments":"{}"}}]}`), `[DONE]`}, "", "a do_it_ {}", llm.Calls},
		{"null arguments", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":null}}]}`), `[DONE]`}, "", "a f ", llm.Calls},

		{"usage beside no choices", []string{delta(`{"content":"Hi"}`), finish("stop"), `{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1}}`, `[DONE]`}, "Hi", "", llm.Stop},
		{"null choices", []string{`{"choices":null,"usage":null}`, delta(`{"content":"Hi"}`), finish("stop"), `{"choices":null,"usage":{"prompt_tokens":5}}`, `[DONE]`}, "Hi", "", llm.Stop},
		{"a null choice and call", []string{`{"choices":[null]}`, delta(`{"content":"Hi","tool_calls":[null]}`), finish("stop"), `[DONE]`}, "Hi", "", llm.Stop}, // github.com/odysseus-dev/odysseus/pull/2389
		{"an end without a delta", []string{delta(`{"content":"Hi"}`), `{"choices":[{"index":0,"finish_reason":"stop"}]}`, `[DONE]`}, "Hi", "", llm.Stop},       // github.com/osaurus-ai/osaurus/pull/2150
		{"a null delta", []string{`{"choices":[{"index":0,"delta":null,"finish_reason":null}]}`, delta(`{"content":"Hi"}`), finish("stop"), `[DONE]`}, "Hi", "", llm.Stop},
		{"numbers as they come", []string{`{"choices":[{"index":"0","delta":{"content":"Hi"}}]}`, finish("stop"), `{"choices":[],"usage":{"prompt_tokens":5.0,"completion_tokens":"1"}}`, `[DONE]`}, "Hi", "", llm.Stop},
		{"an index and an id of another type", []string{delta(`{"tool_calls":[{"index":"0","id":7,"function":{"name":"f","arguments":"{"}}]}`), delta(`{"tool_calls":[{"index":"0","id":7,"function":{"name":null,"arguments":"}"}}]}`), `[DONE]`}, "", "7 f {}", llm.Calls},
		{"calls announced and none", []string{delta(`{"content":"Hi"}`), finish("tool_calls"), `[DONE]`}, "Hi", "", llm.Stop},
		{"other words for the end", []string{delta(`{"content":"Hi"}`), finish("eos_token"), `[DONE]`}, "Hi", "", llm.Stop},
		{"other words for too long", []string{delta(`{"content":"Hi"}`), finish("MAX_TOKENS"), `[DONE]`}, "Hi", "", llm.Length},
		{"other words for going in circles", []string{delta(`{"content":"Hi"}`), finish("repetition_truncation"), `[DONE]`}, "Hi", "", llm.Repeated}, // MiMo
		{"other words for a filter", []string{delta(`{"content":"Hi"}`), finish("SAFETY"), `[DONE]`}, "Hi", "", llm.Filtered},
		{"the whole answer at the end again", []string{delta(`{"content":"Hi"}`), `{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hi"}}]}`, `[DONE]`}, "Hi", "", llm.Stop},
		{"the whole call at the end again", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}`), `{"choices":[{"index":0,"finish_reason":"tool_calls","message":{"content":"","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}`, `[DONE]`}, "", "a f {}", llm.Calls},
		{"a call as of old", []string{delta(`{"function_call":{"name":"f","arguments":"{\"x\""}}`), delta(`{"function_call":{"arguments":":1}"}}`), finish("function_call"), `[DONE]`}, "", `call00000 f {"x":1}`, llm.Calls},
		{"calls in one piece without index or id", []string{delta(`{"tool_calls":[{"function":{"name":"f","arguments":"{\"x\":1}"}},{"function":{"name":"f","arguments":"{\"x\":2}"}}]}`), `[DONE]`}, "", `call00000 f {"x":1} | call00001 f {"x":2}`, llm.Calls},
		{"calls in pieces without index or id", []string{delta(`{"tool_calls":[{"function":{"name":"f","arguments":"{\"x\":"}}]}`), delta(`{"tool_calls":[{"function":{"arguments":"1}"}}]}`), delta(`{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}`), `[DONE]`}, "", `call00000 f {"x":1} | call00001 f {}`, llm.Calls},
		{"an empty id in later pieces", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}`), delta(`{"tool_calls":[{"index":0,"id":"","function":{"name":"","arguments":"}"}}]}`), `[DONE]`}, "", `a f {}`, llm.Calls},
		{"an id of its own in every piece", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}`), delta(`{"tool_calls":[{"index":0,"id":"b","function":{"arguments":"\"x\":1"}}]}`), delta(`{"tool_calls":[{"index":0,"id":"c","function":{"arguments":"}"}}]}`), `[DONE]`}, "", `a f {"x":1}`, llm.Calls},
		{"indexes from one on", []string{delta(`{"tool_calls":[{"index":1,"id":"a","function":{"name":"f","arguments":"{}"}}]}`), delta(`{"tool_calls":[{"index":2,"id":"b","function":{"name":"g","arguments":"{}"}}]}`), `[DONE]`}, "", `a f {} | b g {}`, llm.Calls},
		{"two calls in turn", []string{delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}},{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}`), delta(`{"tool_calls":[{"index":1,"function":{"arguments":"}"}}]}`), delta(`{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}`), `[DONE]`}, "", `a f {} | b g {}`, llm.Calls},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := &llmtest.Server{}
			s.Push(llmtest.Reply{Raw: c.raw})
			req := ask("hi")
			req.Tools = []llm.Tool{pythonTool}
			reply, text, err := generate(t, connect(t, s, client.Options{Retries: -1}), req)
			if err != nil {
				t.Fatal(err)
			}
			var calls []string
			for _, k := range reply.Message.Calls {
				calls = append(calls, fmt.Sprintf("%s %s %s", k.ID, k.Name, k.Arguments))
			}
			if got := strings.Join(calls, " | "); text != c.text || got != c.calls || reply.Finish != c.finish {
				t.Errorf("text %q, calls %q, finish %q", text, got, reply.Finish)
			}
			// Whatever it was, it can be sent back.
			req.Messages = append(req.Messages, reply.Message)
			for _, k := range reply.Message.Calls {
				m := llm.Text(llm.FromTool, "done")
				m.CallID = k.ID
				req.Messages = append(req.Messages, m)
			}
			if text+c.calls != "" {
				if _, _, err := generate(t, connect(t, s, client.Options{}), req); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Ends of an answer that are failures: the request is made again.
func TestEndsThatAreFailures(t *testing.T) {
	for _, end := range []string{
		"error", "network_error", "abort", "insufficient_system_resource", // OpenRouter, GLM, vLLM, DeepSeek
		"function_call_filter: MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", // Gemini
	} {
		s := &llmtest.Server{}
		s.Push(llmtest.Reply{Raw: []string{finish(end), `[DONE]`}})
		if _, text, err := generate(t, connect(t, s, client.Options{}), ask("hi")); err != nil || text != "OK." || len(s.Requests()) != 2 {
			t.Errorf("%s: %q, %v after %d requests", end, text, err, len(s.Requests()))
		}
	}
	s := &llmtest.Server{}
	s.Push(llmtest.Reply{Raw: []string{delta(`{"content":"It begins"}`), finish("error")}})
	reply, _, err := generate(t, connect(t, s, client.Options{}), ask("hi"))
	if !fault.Is(err, fault.Unavailable) || reply.Message.Text() != "It begins" {
		t.Errorf("%+v, %v", reply, err)
	}
}

// A call's id comes back with its result: the same id in a later answer would
// name two calls.
func TestCallIDsAreUniqueInTheConversation(t *testing.T) {
	s := &llmtest.Server{}
	call := llmtest.Call("call_0", "execute_python_code", `{"code":"1"}`)
	s.Push(llmtest.Reply{Calls: []llm.ToolCall{call}}, llmtest.Reply{Calls: []llm.ToolCall{call}})
	m := connect(t, s, client.Options{})
	req := ask("hi")
	req.Tools = []llm.Tool{pythonTool}
	for range 3 {
		reply, _, err := generate(t, m, req)
		if err != nil {
			t.Fatal(err)
		}
		req.Messages = append(req.Messages, reply.Message)
		for _, c := range reply.Message.Calls {
			r := llm.Text(llm.FromTool, "done")
			r.CallID = c.ID
			req.Messages = append(req.Messages, r)
		}
	}
}

func TestWholeAnswers(t *testing.T) {
	s := &llmtest.Server{}
	s.Push(llmtest.Reply{Whole: true, Text: "Not streamed.", Calls: []llm.ToolCall{llmtest.Call("a", "f", `{}`)}, Usage: &llm.Usage{Input: 5, Output: 3}})
	reply, text, err := generate(t, connect(t, s, client.Options{}), ask("hi"))
	if err != nil || text != "Not streamed." || len(reply.Message.Calls) != 1 || reply.Usage.Input != 5 {
		t.Errorf("%+v, %v", reply, err)
	}
	// A stream that calls itself JSON.
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "data: %s\n\ndata: [DONE]\n\n", delta(`{"content":"Hi"}`))
	}))
	defer hs.Close()
	if _, text, err := generate(t, dial(t, client.Options{BaseURL: hs.URL}), ask("hi")); err != nil || text != "Hi" {
		t.Errorf("%q, %v", text, err)
	}
}

// The bytes of a stream as servers and what stands before them write it.
func TestFramesAsServersWriteThem(t *testing.T) {
	hi, end := delta(`{"content":"Hi"}`), finish("stop")
	whole := `{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}`
	for name, c := range map[string]struct{ label, body string }{
		"no space, CRLF":               {"text/event-stream", "data:" + hi + "\r\n\r\ndata:" + end + "\r\n\r\n"},
		"a mark before the first byte": {"text/event-stream", "\ufeffdata: " + hi + "\n\ndata: " + end + "\n\n"},
		"comments":                     {"text/event-stream", ": OPENROUTER PROCESSING\n\n: keep-alive\n\n:\ndata: " + hi + "\n\n: keep-alive\n\ndata: " + end + "\n\n"},
		"other fields":                 {"text/event-stream", "id: 1\nevent: completion\nretry: 3000\ndata: " + hi + "\n\nid: 2\ndata: " + end + "\n\n"},
		"no empty lines":               {"text/event-stream", "data: " + hi + "\ndata: " + end + "\ndata: [DONE]\n"},
		"an event in two lines":        {"text/event-stream", "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"Hi\"}}]}\n\ndata: " + end + "\n\n"},
		"no end of the last line":      {"text/event-stream", "data: " + hi + "\n\ndata: " + end},
		"no label":                     {"", "data: " + hi + "\n\ndata: [DONE]\n\n"},
		"empty lines first":            {"text/event-stream; charset=utf-8", "\n\n\n\ndata: " + hi + "\n\ndata: [DONE]\n\n"},
		"empty events":                 {"text/event-stream", "data:\n\ndata: \n\nevent: ping\ndata: {}\n\ndata: " + hi + "\n\ndata: [DONE]\n\n"},
		"lines of JSON":                {"application/x-ndjson", hi + "\n" + end + "\n"},
		"a document as text":           {"text/plain; charset=utf-8", whole},
		"a document as a stream":       {"text/event-stream", whole},
		"a document after empty lines": {"application/json", "\n\n\n" + whole},
		"a document with a mark":       {"application/json", "\ufeff" + whole},
	} {
		t.Run(name, func(t *testing.T) {
			hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = nil
				if c.label != "" {
					w.Header().Set("Content-Type", c.label)
				}
				for i := range len(c.body) { // wherever the packets are cut
					io.WriteString(w, c.body[i:i+1])
					if i%7 == 0 {
						w.(http.Flusher).Flush()
					}
				}
			}))
			defer hs.Close()
			reply, text, err := generate(t, dial(t, client.Options{BaseURL: hs.URL, Retries: -1}), ask("hi"))
			if err != nil || text != "Hi" || reply.Finish != llm.Stop {
				t.Errorf("%q, %q, %v", text, reply.Finish, err)
			}
		})
	}
}

// What ends before the answer does is no answer.
func TestCutStreams(t *testing.T) {
	hi := "data: " + delta(`{"content":"Hi"}`) + "\n\n"
	for name, body := range map[string]string{
		"after a piece": hi, "within an event": hi + `data: {"choices":[{"ind`, "within a call": hi + "data: " + delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}`) + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, body)
			}))
			defer hs.Close()
			reply, text, err := generate(t, dial(t, client.Options{BaseURL: hs.URL, Retries: -1}), ask("hi"))
			if !fault.Is(err, fault.Unavailable) || text != "Hi" || reply.Finish != "" {
				t.Errorf("%q, %q, %v", text, reply.Finish, err)
			}
		})
	}
}

func TestEndlessAnswerIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 64 MB")
	}
	var some strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&some, "and %d ", i*i)
	}
	piece := "data: " + delta(`{"content":"`+some.String()+`"}`) + "\n\n"
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			if _, err := io.WriteString(w, piece); err != nil {
				return
			}
		}
	}))
	defer hs.Close()
	_, _, err := generate(t, dial(t, client.Options{BaseURL: hs.URL}), ask("hi"))
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "endless") {
		t.Errorf("err = %v", err)
	}
}

func FuzzStream(f *testing.F) {
	f.Add(delta(`{"content":"Hi"}`), delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}`))
	f.Add(finish("stop"), `{"usage":{"prompt_tokens":-1}}`)
	f.Add(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":-5}]}}]}`, `{"error":{}}`)
	var answer func() []string
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, a := range answer() {
			fmt.Fprintf(w, "data: %s\n\n", a)
		}
	}))
	f.Cleanup(hs.Close)
	m, err := client.New("", client.Options{BaseURL: hs.URL, Retries: -1})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		answer = func() []string { return []string{a, b, "[DONE]"} }
		reply, err := m.Generate(t.Context(), ask("hi"), nil)
		if err == nil && reply.Finish == "" {
			t.Error("neither an end nor an error")
		}
		ids := map[string]bool{}
		for _, c := range reply.Message.Calls {
			if c.ID == "" || c.Name == "" || ids[c.ID] {
				t.Errorf("call %+v", c)
			}
			ids[c.ID] = true
		}
		if u := reply.Usage; u.Input < 0 || u.Output < 0 || u.Cached > u.Input || u.Reasoning > u.Output {
			t.Errorf("usage %+v", u)
		}
		if _, err := json.Marshal(reply.Message); err != nil {
			t.Error(err)
		}
	})
}
