package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/testbin"
)

// liteLLM runs LiteLLM's proxy before the models of a list in its configuration,
// and returns its base URL.
func liteLLM(t *testing.T, models string) string {
	t.Helper()
	python := testbin.LargeVenv(t, "litellm", "litellm[proxy]==1.106.12")
	t.Setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True") // it asks nobody for prices
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := free.Addr().String()
	_, port, _ := net.SplitHostPort(host)
	free.Close()
	config := filepath.Join(t.TempDir(), "config.yaml")
	err = os.WriteFile(config, fmt.Appendf(nil, `
model_list:
%s
litellm_settings: {num_retries: 0, telemetry: false}
general_settings: {master_key: %q}
`, models, key), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	testbin.Start(t, python, "-c", "from litellm.proxy.proxy_cli import run_server; run_server()", "--config", config, "--host", "127.0.0.1", "--port", port)
	for end := time.Now().Add(10 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		res, err := http.Get("http://" + host + "/health/liveliness")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return "http://" + host
			}
		}
		if time.Now().After(end) {
			t.Fatal("LiteLLM's proxy does not start: ", err)
		}
	}
}

// LiteLLM's real proxy before two scripted providers, one of OpenAI's kind and
// one of Anthropic's: text and calls arrive, reasoning and its signatures survive
// both ways, refusals mean what they mean at the provider.
func TestLiteLLM(t *testing.T) {
	s := &llmtest.Server{Dialects: llmtest.Dialects()}
	provider := s.Start(t)
	base := liteLLM(t, fmt.Sprintf(`
  - model_name: chat
    litellm_params: {model: openai/deepseek-v4-flash, api_base: %q, api_key: x}
    model_info: {max_input_tokens: 30000}
  - model_name: claude
    litellm_params: {model: anthropic/claude-opus-5, api_base: %q, api_key: x}`, provider, strings.TrimSuffix(provider, "/v1")))
	s.Answer = func(r llmtest.Request) llmtest.Reply {
		switch {
		case r.LastUser() == "long":
			return llmtest.ContextExceeded()
		case r.LastUser() == "rate":
			return llmtest.RateLimited(time.Minute)
		case strings.Contains(r.Last().Text, "it printed 42"):
			return llmtest.Reply{Text: "It printed 41."}
		}
		return llmtest.Reply{Text: "I run it: é 漢字.", Calls: []llm.ToolCall{llmtest.Call("", "execute_python_code", map[string]string{"code": "print(41)  # é 🐍"})}}
	}
	for _, c := range []struct {
		model string
		api   llm.API
		kept  string // beside the answer
	}{
		{"chat", llm.Auto, "reasoning_content"},
		{"claude", llm.Auto, "thinking_blocks"},
		{"claude", llm.Messages, `"signature":"EqQB`},
		{"claude", llm.Responses, ""}, // it gives no signatures there: the call goes back as a report
	} {
		t.Run(c.model+" "+string(c.api), func(t *testing.T) {
			m := dial(t, client.Options{BaseURL: base, API: c.api, Retries: -1})
			req := llm.Request{Model: c.model, Tools: []llm.Tool{pythonTool}, MaxOutput: 2000, User: "u1",
				Messages: []llm.Message{llm.Text(llm.System, "Be brief."), llm.Text(llm.User, "Run it.")}}
			pieces := 0
			reply, err := m.Generate(t.Context(), req, func(string) { pieces++ })
			if err != nil || strings.TrimSpace(reply.Message.Text()) != "I run it: é 漢字." || pieces < 2 || reply.Finish != llm.Calls {
				t.Fatalf("%d pieces, %+v, %v", pieces, reply, err)
			}
			if args := reply.Message.Calls[0].Arguments; !strings.Contains(args, "print(41)  # é 🐍") {
				t.Errorf("arguments %s", args)
			}
			if b, _ := json.Marshal(reply.Message.Kept); !strings.Contains(string(b), c.kept) {
				t.Errorf("kept %s", b)
			}
			answer(&req, reply)
			if _, text, err := generate(t, m, req); err != nil || text != "It printed 41." {
				t.Errorf("second round: %q, %v; refused %+v", text, err, s.Refused())
			}
			req.Messages = []llm.Message{llm.Text(llm.User, "long")}
			if _, _, err := generate(t, m, req); !errors.Is(err, llm.ErrContext) {
				t.Errorf("too long: %v", err)
			}
			req.Messages = []llm.Message{llm.Text(llm.User, "rate")}
			if _, _, err := generate(t, m, req); fault.KindOf(err) != fault.Exhausted {
				t.Errorf("too many: %v", err)
			}
		})
	}
	m := dial(t, client.Options{BaseURL: base, Retries: -1})
	if n, err := m.Window(t.Context(), "chat"); err != nil || n != 30_000 {
		t.Errorf("window %d, %v", n, err)
	}
	if names, err := m.Models(t.Context()); err != nil || len(names) != 2 {
		t.Errorf("%q, %v", names, err)
	}
}

// A real model behind LiteLLM's proxy: llama.cpp's server writes the text and the
// call, the proxy passes them on, and both refuse what is too long.
func TestLiteLLMBeforeLlamaCpp(t *testing.T) {
	llama := llamaCpp(t, "calls")
	base := liteLLM(t, fmt.Sprintf(`
  - model_name: small
    litellm_params: {model: openai/smollm2, api_base: %q, api_key: x}`, llama+"/v1"))
	for api, demand := range demands {
		t.Run(string(api), func(t *testing.T) {
			callInTwoRounds(t, base, "small", api, demand)
			m := dial(t, client.Options{BaseURL: base, API: api, Retries: -1})
			long := ask(strings.Repeat("word ", 2*llamaWindow))
			long.Model = "small"
			_, _, err := generate(t, m, long)
			var tooLong *llm.ContextError
			if !errors.As(err, &tooLong) || tooLong.Window != llamaWindow {
				t.Errorf("window %+v: %v", tooLong, err)
			}
			long.Model, long.Messages = "no-such", long.Messages[:0]
			long.Messages = append(long.Messages, llm.Text(llm.User, "hi"))
			if _, _, err := generate(t, m, long); err == nil || fault.KindOf(err) != fault.Invalid {
				t.Errorf("an unknown model: %v", err)
			}
		})
	}
}
