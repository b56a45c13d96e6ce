package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// doctor tells what the configured model can do, from one small call of a tool.
func TestDoctorAsksTheModel(t *testing.T) {
	call := llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c", "execute_python_code", `{"code":"print(6*7)"}`)}}
	for name, c := range map[string]struct {
		server *llmtest.Server
		says   string
		failed int
	}{
		"calls": {&llmtest.Server{Answer: func(r llmtest.Request) llmtest.Reply {
			return map[bool]llmtest.Reply{false: call, true: {Text: "42"}}[r.Last().Role == "tool"]
		}}, "ok    model: a call of a tool  called after", 0},
		"no tools":      {&llmtest.Server{Refuse: []string{"tools"}}, "warn  model: a call of a tool  it can't use tools, so it can't run code: registry.ollama.ai", 0},
		"does not call": {&llmtest.Server{}, "without a call", 0},
		"refuses": {&llmtest.Server{Answer: func(llmtest.Request) llmtest.Reply {
			return llmtest.Reply{Status: 402, Message: "Insufficient Balance"}
		}}, "FAIL  model: a call of a tool  The account", 1},
		"another model": {&llmtest.Server{Models: []string{"a", "b"}}, "warn  model  test-model is not among the 2 that the server lists", 0},
		"no list":       {&llmtest.Server{NoList: true}, "warn  model  test-model; its server has no list of models", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			m := &Main{Stdout: &out, Config: config.Config{OpenAIBaseURL: config.URL(c.server.Start(t)), OpenAIModel: "test-model", ModelAPI: "auto", Effort: "default"}}
			d := &diagnosis{m: m}
			d.model(t.Context())
			d.print()
			if text := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(text, strings.Join(strings.Fields(c.says), " ")) || d.failed != c.failed {
				t.Errorf("%s", out.String())
			}
		})
	}
}
