package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// Each server tells its window in its own way; the documents are as they write
// them, shortened.
func TestWindowsAsServersTellThem(t *testing.T) {
	for name, c := range map[string]struct {
		paths map[string]string
		want  int
	}{
		"vLLM":               {map[string]string{"/v1/models": `{"object":"list","data":[{"id":"m","object":"model","owned_by":"vllm","max_model_len":40960}]}`}, 40960},
		"OpenRouter":         {map[string]string{"/v1/models": `{"data":[{"id":"other","context_length":1},{"id":"m","context_length":200000,"top_provider":{"context_length":163840,"max_completion_tokens":65536}}]}`}, 163840},
		"Groq":               {map[string]string{"/v1/models": `{"data":[{"id":"m","object":"model","active":true,"context_window":131072,"max_completion_tokens":65536}]}`}, 131072},
		"Mistral":            {map[string]string{"/v1/models": `{"data":[{"id":"m","max_context_length":262144}]}`}, 262144},
		"llama.cpp":          {map[string]string{"/v1/models": `{"data":[{"id":"/models/x.gguf","meta":{"n_ctx_train":131072}}]}`, "/props": `{"default_generation_settings":{"id":0,"n_ctx":8192},"total_slots":1,"model_path":"/models/x.gguf"}`}, 8192},
		"Ollama, loaded":     {map[string]string{"/v1/models": `{"data":[{"id":"m"}]}`, "/api/show": `{"model_info":{"general.architecture":"qwen3","qwen3.context_length":40960},"capabilities":["completion","tools"]}`, "/api/ps": `{"models":[{"name":"m:latest","model":"m:latest","context_length":16384}]}`}, 16384},
		"Ollama, not loaded": {map[string]string{"/api/show": `{"model_info":{"qwen3.context_length":40960}}`, "/api/ps": `{"models":[]}`}, 4096},
		"Ollama, num_ctx":    {map[string]string{"/api/show": `{"parameters":"num_ctx                        32768\nstop                           \"<|im_end|>\"","model_info":{"qwen3.context_length":40960}}`, "/api/ps": `{"models":[]}`}, 32768},
		"LM Studio":          {map[string]string{"/v1/models": `{"data":[{"id":"m"}]}`, "/api/v0/models/m": `{"id":"m","max_context_length":131072,"loaded_context_length":4096}`}, 4096},
		"LiteLLM":            {map[string]string{"/v1/models": `{"data":[{"id":"m"}]}`, "/model/info": `{"data":[{"model_name":"m","model_info":{"max_input_tokens":200000}}]}`}, 200000},
		"TGI":                {map[string]string{"/info": `{"model_id":"m","max_input_tokens":4095,"max_total_tokens":4096}`}, 4095},
		"nobody":             {nil, 0},
		"nonsense":           {map[string]string{"/props": `<html>`, "/v1/models": `[]`, "/info": `"x"`, "/api/show": `{"model_info":7}`}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v1/models" {
					asked++
				}
				if doc, ok := c.paths[r.URL.Path]; ok {
					w.Write([]byte(doc))
					return
				}
				http.NotFound(w, r)
			}))
			defer hs.Close()
			m := dial(t, client.Options{BaseURL: hs.URL + "/v1"})
			for range 3 {
				if n, err := m.Window(t.Context(), "m"); n != c.want || err != nil {
					t.Errorf("%d, %v", n, err)
				}
			}
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then is it seen that a client left
		<-r.Context().Done()
	}))
	defer hs.Close()
	began := time.Now()
	if n, err := dial(t, client.Options{BaseURL: hs.URL}).Window(t.Context(), "m"); n != 0 || err != nil || time.Since(began) > 30*time.Second {
		t.Errorf("a server that hangs: %d, %v after %v", n, err, time.Since(began))
	}
}

// Addresses as people give them.
func TestAddresses(t *testing.T) {
	var got []string
	var header http.Header
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, header = append(got, r.URL.RequestURI()), r.Header
		w.Header().Set("Content-Type", "text/event-stream")
		w.Write([]byte("data: " + delta(`{"content":"OK."}`) + "\n\ndata: [DONE]\n\n"))
	}))
	defer hs.Close()
	for given, want := range map[string]string{
		"":                               "/v1/chat/completions",
		"/":                              "/v1/chat/completions",
		"/v1":                            "/v1/chat/completions",
		"/v1/":                           "/v1/chat/completions",
		"/api/v1":                        "/api/v1/chat/completions",
		"/v1/chat/completions":           "/v1/chat/completions",
		"/openai?api-version=2025-01-01": "/openai/chat/completions?api-version=2025-01-01",
		"/openai/deployments/d/chat/completions?api-version=2025-01-01": "/openai/deployments/d/chat/completions?api-version=2025-01-01",
	} {
		if _, _, err := generate(t, dial(t, client.Options{BaseURL: hs.URL + given}), ask("hi")); err != nil || got[len(got)-1] != want {
			t.Errorf("%s: asked %s, %v", given, got[len(got)-1], err)
		}
	}
	if header.Get("Authorization") != "Bearer "+key || header.Get("Api-Key") != "" {
		t.Errorf("%v", header)
	}
}

// Azure's addresses, through a proxy that shows where they lead.
func TestAzure(t *testing.T) {
	var asked string
	var header http.Header
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, header = r.URL.String(), r.Header
		w.Header().Set("Content-Type", "text/event-stream")
		w.Write([]byte("data: " + delta(`{"content":"OK."}`) + "\n\ndata: [DONE]\n\n"))
	}))
	defer proxy.Close()
	for given, want := range map[string]string{
		"http://x.openai.azure.com":                                    "http://x.openai.azure.com/openai/v1/chat/completions",
		"http://x.openai.azure.com/openai/v1/":                         "http://x.openai.azure.com/openai/v1/chat/completions",
		"http://x.openai.azure.com?api-version=2024-10-21":             "http://x.openai.azure.com/openai/deployments/test-model/chat/completions?api-version=2024-10-21",
		"http://x.openai.azure.com/openai/?api-version=2024-10-21":     "http://x.openai.azure.com/openai/deployments/test-model/chat/completions?api-version=2024-10-21",
		"http://x.services.ai.azure.com/openai/v1?api-version=preview": "http://x.services.ai.azure.com/openai/v1/chat/completions?api-version=preview",
	} {
		m := dial(t, client.Options{BaseURL: given})
		client.ProxyForTest(m, proxy.URL)
		if _, _, err := generate(t, m, ask("hi")); err != nil || asked != want || header.Get("Api-Key") != key {
			t.Errorf("%s: asked %s, key %q, %v", given, asked, header.Get("Api-Key"), err)
		}
	}
}

// A 404 that is no API says that the address is wrong; one of a model names it.
func TestNotFound(t *testing.T) {
	for body, says := range map[string]string{
		"404 page not found":              "OPENAI_BASE_URL",
		"<html><h1>Not Found</h1></html>": "OPENAI_BASE_URL",
		`{"detail":"Not Found"}`:          "OPENAI_BASE_URL",
		`{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}`:                                                  "OPENAI_BASE_URL",
		`{"error":{"message":"Invalid URL (POST /v1/v1/chat/completions)","type":"invalid_request_error","param":null,"code":null}}`:  "OPENAI_BASE_URL",
		`{"error":{"message":"model \"x\" not found, try pulling it first","type":"api_error","param":null,"code":null}}`:             "no model named",
		`{"error":{"message":"The model x does not exist or you do not have access to it.","code":"model_not_found"}}`:                "no model named",
		`{"type":"error","error":{"type":"not_found_error","message":"model: claude-9"}}`:                                             "no model named",
		`[{"error":{"code":404,"message":"models/x is not found for API version v1main, or is not supported","status":"NOT_FOUND"}}]`: "no model named",
	} {
		hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(404)
			w.Write([]byte(body))
		}))
		_, _, err := generate(t, dial(t, client.Options{BaseURL: hs.URL, Retries: -1}), ask("hi"))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), says) {
			t.Errorf("%s: %v", body, err)
		}
		hs.Close()
	}
}

// A model that is being loaded is waited for; Groq's failure to read a call is
// tried again in both of its forms.
func TestPatience(t *testing.T) {
	loading := llmtest.Reply{Status: 503, Body: `{"error":{"message":"Loading model","type":"unavailable_error","code":503}}`}
	s := &llmtest.Server{}
	for range 8 {
		s.Push(loading)
	}
	if _, text, err := generate(t, connect(t, s, client.Options{Backoff: time.Millisecond}), ask("hi")); err != nil || text != "OK." {
		t.Errorf("%q, %v", text, err)
	}
	s = &llmtest.Server{Answer: func(llmtest.Request) llmtest.Reply { return loading }}
	if _, _, err := generate(t, connect(t, s, client.Options{FirstByte: 50 * time.Millisecond}), ask("hi")); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "loaded") {
		t.Errorf("%v", err)
	}
	const unread = `{"error":{"message":"Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"Tool use failed: JSON does not match the expected schema for tool calls","status_code":400}}`
	s = &llmtest.Server{}
	s.Push(llmtest.Reply{Status: 400, Body: unread}, llmtest.Reply{Raw: []string{unread}})
	req := ask("hi")
	req.Tools = []llm.Tool{pythonTool}
	if reply, text, err := generate(t, connect(t, s, client.Options{}), req); err != nil || text != "OK." || len(reply.Unsupported) > 0 {
		t.Errorf("%q, %v", text, err)
	}
	// Ollama's failure of the moment takes nothing away.
	s = &llmtest.Server{}
	s.Push(llmtest.Reply{Status: 500, Body: `{"error":{"message":"error parsing tool call: raw='{\"code\": \"print(1)\"', err=unexpected end of JSON input","type":"api_error"}}`})
	m := connect(t, s, client.Options{})
	for range 2 {
		if _, _, err := generate(t, m, req); err != nil || len(s.Requests()[len(s.Requests())-1].Tools) != 1 {
			t.Errorf("%v", err)
		}
	}
}
