package llmtest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"reflect"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/testbin"
)

// openaiPython is OpenAI's client on PyPI, which judges the server.
const openaiPython = "openai==3.54.0"

// encrypted is the reasoning of an answer, in the API that has it.
func encrypted(r llmtest.Request) string {
	if r.Responses {
		return "gAAAA=="
	}
	return ""
}

// OpenAI's own client understands the server as it does the real API.
func TestServerAsOpenAIsClientSeesIt(t *testing.T) {
	py := testbin.Venv(t, "openai-python", openaiPython)
	const key = "sk-oracle-0123456789"
	s := &llmtest.Server{Key: key, Models: []string{"test-model", "another"}, Responses: true}
	tried := false
	s.Answer = func(r llmtest.Request) llmtest.Reply {
		switch r.LastUser() {
		case "whole":
			return llmtest.Reply{Text: "All of it.", Usage: &llm.Usage{Input: 7, Output: 3}}
		case "stream":
			return llmtest.Reply{Text: "One piece after another, é 漢字 🐍.", Usage: &llm.Usage{Input: 9, Cached: 4, Output: 12}}
		case "tools":
			if r.Last().Role == "tool" {
				return llmtest.Reply{Text: "It printed 41."}
			}
			return llmtest.Reply{Text: "I run it.", Calls: []llm.ToolCall{
				llmtest.Call("call_a", "execute_python_code", map[string]string{"code": "print(41)  # é 🐍"}),
				llmtest.Call("call_b", "execute_python_code", `{"code":"2"}`)},
				Usage: &llm.Usage{Input: 9, Cached: 4, Output: 12}, Reasoning: encrypted(r)}
		case "length":
			return llmtest.Reply{Text: "This is cut", Finish: "length"}
		case "rate":
			return llmtest.RateLimited(time.Second)
		case "server":
			return llmtest.Reply{Status: 503, Message: "overloaded"}
		case "context":
			return llmtest.ContextExceeded()
		case "down":
			return llmtest.Reply{Down: true}
		case "cut":
			return llmtest.Reply{Text: "This breaks off somewhere", Cut: 2}
		case "retry":
			if !tried {
				tried = true
				return llmtest.RateLimited(10 * time.Millisecond)
			}
			return llmtest.Reply{Text: "The second time."}
		}
		return llmtest.Reply{}
	}
	// Not Start: the oracle sends a malformed request on purpose.
	base := startTolerant(t, s)

	cmd := exec.CommandContext(t.Context(), py, "testdata/oracle.py", base, key)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	want := map[string]any{
		"models": []any{"test-model", "another"},
		"whole":  []any{"All of it.", "stop", 10.},
		"stream": "One piece after another, é 漢字 🐍.",
		"chunks": got["chunks"],
		"usage":  []any{9., 4., 12.},
		"calls": []any{
			[]any{"call_a", "execute_python_code", `{"code":"print(41)  # é 🐍"}`},
			[]any{"call_b", "execute_python_code", `{"code":"2"}`}},
		"finish": "tool_calls",
		"responses": map[string]any{
			"text": "I run it.", "whole": "I run it.", "reasoning": []any{"gAAAA=="}, "after": "It printed 41.", "usage": []any{9., 4., 12.},
			"cut": []any{"incomplete", "max_output_tokens"},
			"kinds": []any{"response.completed", "response.content_part.added", "response.content_part.done", "response.created", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.in_progress",
				"response.output_item.added", "response.output_item.done", "response.output_text.delta", "response.output_text.done"},
			"calls": []any{
				[]any{"call_a", "execute_python_code", `{"code":"print(41)  # é 🐍"}`},
				[]any{"call_b", "execute_python_code", `{"code":"2"}`}},
		},
		"after": "It printed 41.",
		"errors": []any{
			[]any{"rate", "RateLimitError", "rate_limit_exceeded"},
			[]any{"server", "InternalServerError", nil},
			[]any{"context", "BadRequestError", "context_length_exceeded"},
			[]any{"down", "APIConnectionError", nil},
			[]any{"cut", "APIConnectionError", nil},
			[]any{"orphan", "BadRequestError", "invalid_request_error"},
			[]any{"key", "AuthenticationError", "invalid_api_key"},
		},
		"retried": "The second time.",
	}
	for k, w := range want {
		if !reflect.DeepEqual(got[k], w) {
			t.Errorf("%s: %v, want %v", k, got[k], w)
		}
	}
	if n, _ := got["chunks"].(float64); n < 5 {
		t.Errorf("%v chunks", got["chunks"])
	}
	if p := s.Problems(); len(p) != 1 {
		t.Errorf("malformed requests: %q", p)
	}
}
