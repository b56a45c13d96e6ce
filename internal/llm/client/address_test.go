package client_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
)

// asking returns what a client asks first: a proxy shows where that leads.
func asking(t *testing.T, o client.Options, req llm.Request) string {
	t.Helper()
	asked := ""
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked == "" {
			asked = r.URL.String()
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer proxy.Close()
	o.Retries = -1
	m := dial(t, o)
	client.ProxyForTest(m, proxy.URL)
	_, _ = m.Generate(t.Context(), req, nil)
	return asked
}

// Of known hosts the name is enough; the addresses of docs/models.md are good as
// they stand there.
func TestKnownHosts(t *testing.T) {
	for host, want := range map[string]string{
		"api.openai.com": "/v1/chat/completions", "openrouter.ai": "/api/v1/chat/completions", "api.groq.com": "/openai/v1/chat/completions",
		"generativelanguage.googleapis.com": "/v1beta/openai/chat/completions", "api.mistral.ai": "/v1/chat/completions", "api.deepseek.com": "/v1/chat/completions",
		"api.moonshot.ai": "/v1/chat/completions", "api.anthropic.com": "/v1/messages", "api.x.ai": "/v1/chat/completions", "api.perplexity.ai": "/chat/completions",
		"api.fireworks.ai": "/inference/v1/chat/completions", "dashscope.aliyuncs.com": "/compatible-mode/v1/chat/completions", "api.z.ai": "/api/paas/v4/chat/completions",
		"x.openai.azure.com": "/openai/v1/chat/completions", "models.example.org": "/v1/chat/completions",
	} {
		for _, end := range []string{"", "/"} {
			if got := asking(t, client.Options{BaseURL: "http://" + host + end}, ask("hi")); got != "http://"+host+want {
				t.Errorf("%s: asked %s", host, got)
			}
		}
	}
	doc, err := os.ReadFile("../../../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "Some servers and their base URLs:")
	table, _, _ = strings.Cut(table, "Of these hosts")
	seen := 0
	for _, m := range regexp.MustCompile("`https?(://[^`?]+)`").FindAllStringSubmatch(table, -1) {
		seen++
		base := "http" + strings.Replace(strings.TrimSuffix(m[1], "/"), "localhost", "model-server", 1)
		got := asking(t, client.Options{BaseURL: base}, ask("hi"))
		if !strings.HasPrefix(got, base) || !strings.HasSuffix(got, "/chat/completions") && !strings.HasSuffix(got, "anthropic.com/v1/messages") {
			t.Errorf("%s: asked %s", m[1], got)
		}
	}
	if seen < 12 {
		t.Errorf("only %d addresses in the table", seen)
	}
}

// Which models of OpenAI are asked through the Responses API at once, there and
// at Azure; others are, when their server says so.
func TestModelsThatNeedResponses(t *testing.T) {
	for _, base := range []string{"http://api.openai.com/v1", "http://x.openai.azure.com"} {
		for model, want := range map[string]bool{
			"gpt-5.5": true, "gpt-5.6-sol": true, "gpt-6-sol": true, "gpt-6.1-sol": true, "gpt-6.2-astra": true, "gpt-5-codex": true, "gpt-5.3-codex": true, "codex-mini-latest": true,
			"gpt-5-pro": true, "o3-pro": true, "gpt-5.2-pro": true, "o4-mini-deep-research": true,
			"gpt-5.4-mini": false, "gpt-5": false, "gpt-4.1": false, "gpt-4o": false, "o3": false, "gpt-oss-120b": false,
		} {
			req := ask("hi")
			req.Model, req.Tools = model, []llm.Tool{pythonTool}
			if got := asking(t, client.Options{BaseURL: base}, req); strings.HasSuffix(got, "/responses") != want {
				t.Errorf("%s: asked %s", model, got)
			}
			if got := asking(t, client.Options{BaseURL: base, API: llm.Chat}, req); !strings.HasSuffix(got, "/chat/completions") {
				t.Errorf("%s, told to chat: asked %s", model, got)
			}
		}
		req := ask("hi")
		req.Model, req.Tools = "gpt-5.2", []llm.Tool{pythonTool}
		if got := asking(t, client.Options{BaseURL: base, Effort: "high"}, req); !strings.HasSuffix(got, "/responses") {
			t.Errorf("an effort and tools: asked %s", got)
		}
	}
	req := ask("hi")
	req.Model = "gpt-5.6-sol"
	if got := asking(t, client.Options{BaseURL: "http://models.example.org"}, req); !strings.HasSuffix(got, "/chat/completions") {
		t.Errorf("elsewhere: asked %s", got)
	}
}

// Servers in a network of one's own read the whole prompt before they say a word.
func TestFirstByteByAddress(t *testing.T) {
	for host, want := range map[string]time.Duration{
		"localhost:11434": 30 * time.Minute, "127.0.0.1:8080": 30 * time.Minute, "[::1]:8080": 30 * time.Minute, "192.168.1.7": 30 * time.Minute, "10.0.0.2": 30 * time.Minute,
		"100.100.1.1": 30 * time.Minute, "ollama:11434": 30 * time.Minute, "gpu.local": 30 * time.Minute, "gpu.lan:8000": 30 * time.Minute,
		"api.openai.com": 3 * time.Minute, "8.8.8.8": 3 * time.Minute, "localhost.example.org": 3 * time.Minute,
	} {
		if got := client.FirstByteForTest(dial(t, client.Options{BaseURL: "http://" + host})); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
	if got := client.FirstByteForTest(dial(t, client.Options{BaseURL: "http://localhost", FirstByte: time.Second})); got != time.Second {
		t.Errorf("as set: %v", got)
	}
}
