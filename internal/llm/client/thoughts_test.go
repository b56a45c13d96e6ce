package client_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// pieces are the lines of a stream that brings text n characters at a time.
func pieces(text string, n int) []string {
	var lines []string
	r := []rune(text)
	for len(r) > 0 {
		k := min(n, len(r))
		b, _ := json.Marshal(string(r[:k]))
		lines = append(lines, delta(`{"content":`+string(b)+`}`))
		r = r[k:]
	}
	return append(lines, finish("stop"), "[DONE]")
}

// What models think and how they call tools, where their server sets neither
// apart. Thoughts are neither shown nor kept, however the stream is cut.
func TestHiddenReasoningAndCallsInText(t *testing.T) {
	const code = `{"code": "print(6*7)"}`
	cases := []struct {
		name, raw, text string
		calls           string // names and arguments
	}{
		{"DeepSeek R1", "<think>\nHIDDEN </b> stuff\n</think>\n\nvisible", "visible", ""},
		{"Qwen 3, not thinking", "<think>\n\n</think>\n\nvisible", "visible", ""},
		{"no opening", "Okay, the user wants something. HIDDEN\n</think>\n\nvisible answer", "visible answer", ""},
		{"no opening, Chinese", "好的，用户想要 HIDDEN。\n</think>\n\n你好", "你好", ""},
		{"no opening, analysis", "We need to HIDDEN.</think>visible", "visible", ""},
		{"Magistral", "[THINK]HIDDEN[/THINK]visible answer", "visible answer", ""},
		{"Gemma", "<thought>HIDDEN</thought>visible answer", "visible answer", ""},
		{"Gemma 4", "<|channel>thought\nHIDDEN<channel|>visible", "visible", ""},
		{"Seed", "<seed:think>HIDDEN</seed:think>visible", "visible", ""},
		{"Kimi", "◁think▷HIDDEN◁/think▷visible", "visible", ""},
		{"thoughts twice", "<think>HIDDEN</think>\n<think>HIDDEN</think>visible", "visible", ""},
		{"thoughts between", "First.\n<think>HIDDEN</think>\nSecond.", "First.\nSecond.", ""},
		{"gpt-oss", "<|channel|>analysis<|message|>HIDDEN<|end|><|start|>assistant<|channel|>final<|message|>visible answer", "visible answer", ""},
		{"gpt-oss, all tokens", "<|start|>assistant<|channel|>analysis<|message|>HIDDEN<|end|><|start|>assistant<|channel|>final<|message|>visible<|return|>", "visible", ""},
		{"gpt-oss calls", "<|channel|>analysis<|message|>HIDDEN<|end|><|start|>assistant<|channel|>commentary to=functions.execute_python_code <|constrain|>json<|message|>" + code + "<|call|>", "", "execute_python_code " + code},

		{"about the tags", "The tag `<think>` opens, and `</think>` closes.", "The tag `<think>` opens, and `</think>` closes.", ""},
		{"code with tags", "Here:\n```html\n<think>a</think>\n<tool_call>\n```\nDone.", "Here:\n```html\n<think>a</think>\n<tool_call>\n```\nDone.", ""},
		{"less than", "a < b, [x] and <b>bold</b>", "a < b, [x] and <b>bold</b>", ""},
		{"Okay as a word", "Okay, here it is: 42.", "Okay, here it is: 42.", ""},
		{"JSON as an answer", `{"name": "Ada", "born": 1815}`, `{"name": "Ada", "born": 1815}`, ""},

		{"Hermes", "<tool_call>\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}\n</tool_call>", "", "execute_python_code " + code},
		{"Hermes after text", "I run it.\n<tool_call>\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}\n</tool_call>", "I run it.\n", "execute_python_code " + code},
		{"Hermes twice", "<tool_call>{\"name\": \"execute_python_code\", \"arguments\": " + code + "}</tool_call>\n<tool_call>{\"name\": \"execute_python_code\", \"arguments\": {}}</tool_call>", "", "execute_python_code " + code + " execute_python_code {}"},
		{"Hermes, no end", "<tool_call>\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}", "", "execute_python_code " + code},
		{"after thoughts", "<think>HIDDEN</think>\n<tool_call>\n{\"name\": \"execute_python_code\", \"arguments\": " + code + "}\n</tool_call>", "", "execute_python_code " + code},
		{"Qwen Coder", "<tool_call>\n<function=execute_python_code>\n<parameter=code>\nprint(6*7)\nx = 1\n</parameter>\n</function>\n</tool_call>", "", `execute_python_code {"code":"print(6*7)\nx = 1"}`},
		{"Llama", "<function=execute_python_code>" + code + "</function>", "", "execute_python_code " + code},
		{"Llama's Python", "<|python_tag|>print(6*7)", "", `execute_python_code {"code":"print(6*7)"}`},
		{"GLM", "<tool_call>execute_python_code\n<arg_key>code</arg_key>\n<arg_value>print(6*7)</arg_value>\n</tool_call>", "", `execute_python_code {"code":"print(6*7)"}`},
		{"Mistral", "[TOOL_CALLS]execute_python_code[ARGS]" + code, "", "execute_python_code " + code},
		{"Mistral 7B", "[TOOL_CALLS] [{\"name\": \"execute_python_code\", \"arguments\": " + code + "}]", "", "execute_python_code " + code},
		{"Kimi K2", "<|tool_calls_section_begin|><|tool_call_begin|>functions.execute_python_code:0<|tool_call_argument_begin|>" + code + "<|tool_call_end|><|tool_calls_section_end|>", "", "execute_python_code " + code},
		{"DeepSeek V3", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>execute_python_code\n```json\n" + code + "\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "", "execute_python_code " + code},
		{"DeepSeek V3.1", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>execute_python_code<｜tool▁sep｜>" + code + "<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "", "execute_python_code " + code},
		// The chat templates of nvidia/NVIDIA-Nemotron-Nano-9B-v2 and CohereLabs/c4ai-command-r7b-12-2024.
		{"Nemotron", "<TOOLCALL>[{\"name\": \"execute_python_code\", \"arguments\": " + code + "}]</TOOLCALL>", "", "execute_python_code " + code},
		{"Command R7B", "<|START_THINKING|>HIDDEN<|END_THINKING|><|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"execute_python_code\", \"parameters\": " + code + "}\n]<|END_ACTION|>", "", "execute_python_code " + code},
		// LiquidAI/LFM2-1.2B's template; github.com/ggml-org/llama.cpp/pull/16763.
		{"LFM2", "<|tool_call_start|>[execute_python_code(code=\"print(6*7)\")]<|tool_call_end|>", "", `execute_python_code {"code":"print(6*7)"}`},
		{"LFM2 twice, after text", "I run it.\n<|tool_call_start|>[execute_python_code(code='x = \"]\"\\nprint(x)'), execute_python_code(code=\"\"\"a\nb\"\"\", n=[1, -2.5, {'k': None}], x=True,)]<|tool_call_end|>", "I run it.\n",
			`execute_python_code {"code":"x = \"]\"\nprint(x)"} execute_python_code {"code":"a\nb","n":[1,-2.5,{"k":null}],"x":true}`},
		{"LFM2 as JSON", "<|tool_call_start|>[{\"name\": \"execute_python_code\", \"arguments\": " + code + "}]<|tool_call_end|>", "", "execute_python_code " + code},
		{"Granite", "<|tool_call|>[{\"name\": \"execute_python_code\", \"arguments\": " + code + "}]", "", "execute_python_code " + code},
		{"MiniMax", "<minimax:tool_call>\n<invoke name=\"execute_python_code\">\n<parameter name=\"code\">print(6*7)</parameter>\n</invoke>\n</minimax:tool_call>", "", `execute_python_code {"code":"print(6*7)"}`},
		{"bare JSON", `{"name": "execute_python_code", "arguments": ` + code + `}`, "", "execute_python_code " + code},
		{"bare JSON of Llama", `{"type": "function", "name": "execute_python_code", "parameters": ` + code + `}`, "", "execute_python_code " + code},
	}
	for _, c := range cases {
		for _, n := range []int{1, 3, 7, 10_000} {
			t.Run(fmt.Sprint(c.name, " by ", n), func(t *testing.T) {
				s := &llmtest.Server{}
				s.Push(llmtest.Reply{Raw: pieces(c.raw, n)})
				req := ask("hi")
				req.Tools = []llm.Tool{pythonTool}
				reply, text, err := generate(t, connect(t, s, client.Options{Retries: -1}), req)
				if err != nil {
					t.Fatal(err)
				}
				var calls []string
				for _, k := range reply.Message.Calls {
					calls = append(calls, k.Name+" "+k.Arguments)
				}
				if text != c.text || strings.Join(calls, " ") != c.calls {
					t.Errorf("text %q, calls %q", text, calls)
				}
			})
		}
	}
}

// A call that is not plain stays text, and it is said what the server lacks.
func TestCallsInTextThatAreNotPlain(t *testing.T) {
	for _, raw := range []string{
		"<tool_call>\n{\"name\": \"no_such_tool\", \"arguments\": {}}\n</tool_call>",
		"<tool_call>\nprint(1)\n</tool_call>",
		"[TOOL_CALLS] who knows",
		"<|tool_call_start|>[execute_python_code(code=open)]<|tool_call_end|>",
		"<|tool_call_start|>[execute_python_code(code=\"print(1)",
		"<|tool_call_start|>[no_such_tool(code=\"1\")]<|tool_call_end|>",
	} {
		s := &llmtest.Server{}
		s.Push(llmtest.Reply{Raw: pieces(raw, 5)})
		req := ask("hi")
		req.Tools = []llm.Tool{pythonTool}
		reply, text, err := generate(t, connect(t, s, client.Options{Retries: -1}), req)
		if err != nil || text != raw || len(reply.Message.Calls) > 0 || len(reply.Unsupported) != 1 || reply.Unsupported[0].What != llm.CallsAsText {
			t.Errorf("%q: %+v, %v", text, reply, err)
		}
	}
}

// A model whose thoughts were noticed too late once is not shown early again.
func TestThoughtsThatBeginUnseen(t *testing.T) {
	s := &llmtest.Server{}
	raw := "Interesting question about primes. HIDDEN\n</think>\n\nvisible"
	s.Push(llmtest.Reply{Raw: pieces(raw, 7)}, llmtest.Reply{Raw: pieces(raw, 7)}, llmtest.Reply{Raw: pieces(raw[:30], 7)[:4]})
	m := connect(t, s, client.Options{Retries: -1})
	reply, err := m.Generate(t.Context(), ask("hi"), nil)
	if err != nil || reply.Message.Text() != "visible" {
		t.Fatalf("kept %q, %v", reply.Message.Text(), err)
	}
	if _, text, err := generate(t, m, ask("hi")); err != nil || text != "visible" {
		t.Errorf("shown %q, %v", text, err)
	}
	if _, text, err := generate(t, m, ask("hi")); err == nil || text != "" {
		t.Errorf("of a broken answer %q, %v", text, err)
	}
}

func TestRepetitionIsStopped(t *testing.T) {
	for name, unit := range map[string]string{"text": "and so on, ", "a line": strings.Repeat("word ", 60) + "\n", "reasoning": ""} {
		t.Run(name, func(t *testing.T) {
			raw := []string{delta(`{"content":"It begins well. "}`)}
			for range 5000 {
				b, _ := json.Marshal(unit)
				line := delta(`{"content":` + string(b) + `}`)
				if unit == "" {
					line = delta(`{"reasoning_content":"Wait, no. "}`)
				}
				raw = append(raw, line)
			}
			s := &llmtest.Server{}
			s.Push(llmtest.Reply{Raw: append(raw, finish("stop"))})
			reply, text, err := generate(t, connect(t, s, client.Options{}), ask("hi"))
			if err != nil || reply.Finish != llm.Repeated || len(text) > 40_000 {
				t.Errorf("%d bytes, %q, %v", len(text), reply.Finish, err)
			}
		})
	}
	// Long and regular, but not the same.
	var rows strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&rows, "| %d | 0 |\n", i)
	}
	s := &llmtest.Server{}
	s.Push(llmtest.Reply{Raw: pieces(rows.String(), 50)})
	if reply, text, err := generate(t, connect(t, s, client.Options{}), ask("hi")); err != nil || reply.Finish != llm.Stop || text != rows.String() {
		t.Errorf("%d bytes, %q, %v", len(text), reply.Finish, err)
	}
}

// What Groq could not read is run where it is plain what the model meant, and
// else asked for again.
func TestCallsThatGroqCouldNotRead(t *testing.T) {
	for _, c := range []struct{ failed, args string }{
		{`<function=execute_python_code>{"code": "print(1)"}</function>`, `{"code": "print(1)"}`}, // github.com/langchain-ai/langchain/pull/31440
		{`execute_python_code{"code": "print(1)"}</function>`, `{"code": "print(1)"}`},            // github.com/huggingface/smolagents/issues/1119
		{`<function=execute_python_code{"code": "print(1)"}</function>`, `{"code": "print(1)"}`},
		{"```\n{\n  \"tool_calls\": [{\"name\": \"execute_python_code\", \"parameters\": {\"code\": \"print(1)\"}}]}\n```", `{"code": "print(1)"}`}, // github.com/groq/groq-typescript/issues/28
		{`{"name": "execute_python_code", "arguments": {"code": "print(1)"}}`, `{"code": "print(1)"}`},
		{`<function=delete_everything>{"all": true}</function>`, ""},
		{`I could run execute_python_code{"code": "print(1)"} for you.`, ""},
		{`Tool use failed: JSON does not match the expected schema for tool calls`, ""}, // github.com/anomalyco/opencode/issues/1018
		{"", ""},
	} {
		body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
			"type": "invalid_request_error", "code": "tool_use_failed", "failed_generation": c.failed, "status_code": 400}})
		for name, reply := range map[string]llmtest.Reply{"refused": {Status: 400, Body: string(body)}, "in the stream": {Raw: []string{`{"choices":[{"delta":{"content":""}}]}`, string(body)}}} {
			s := &llmtest.Server{}
			s.Push(reply)
			req := ask("hi")
			req.Tools = []llm.Tool{pythonTool}
			reply, text, err := generate(t, connect(t, s, client.Options{}), req)
			switch {
			case err != nil:
				t.Errorf("%s, %s: %v", c.failed, name, err)
			case c.args == "":
				if text != "OK." || len(s.Requests()) != 2 {
					t.Errorf("%s, %s: %q after %d requests", c.failed, name, text, len(s.Requests()))
				}
			case reply.Finish != llm.Calls || len(reply.Message.Calls) != 1 || reply.Message.Calls[0].Arguments != c.args || reply.Message.Calls[0].ID == "" || len(s.Requests()) != 1:
				t.Errorf("%s, %s: %+v", c.failed, name, reply)
			}
		}
	}
	// github.com/prism-php/prism/issues/983
	s := &llmtest.Server{}
	s.Push(llmtest.Reply{Calls: []llm.ToolCall{{ID: "a", Name: `execute_python_code,{"code":"print(1)"}`}}})
	reply, _, err := generate(t, connect(t, s, client.Options{}), ask("hi"))
	if err != nil || reply.Message.Calls[0].Name != "execute_python_code" || reply.Message.Calls[0].Arguments != `{"code":"print(1)"}` {
		t.Errorf("%+v, %v", reply.Message, err)
	}
}
