package llm_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
)

// converse lets the built-in model answer with a tool that returns res, and
// returns the code of the calls and the whole text.
func converse(t *testing.T, prompt string, res llm.ToolResult, tools ...llm.Tool) (codes []string, text string) {
	t.Helper()
	req := ask(prompt)
	req.Tools = tools
	for range 5 {
		reply, streamed, err := generate(t, llm.Builtin{}, req)
		if err != nil {
			t.Fatal(err)
		}
		text += streamed
		if reply.Finish != llm.Calls {
			return codes, text
		}
		req.Messages = append(req.Messages, reply.Message)
		for _, c := range reply.Message.Calls {
			codes = append(codes, c.Arguments)
			m := llm.Text(llm.FromTool, res.ForModel())
			m.CallID, m.Result = c.ID, &res
			req.Messages = append(req.Messages, m)
		}
	}
	t.Fatal("the built-in model calls without end")
	return nil, ""
}

func TestBuiltinSaysHowToSetAModel(t *testing.T) {
	codes, text := converse(t, "Hello, who are you?", llm.ToolResult{}, pythonTool)
	for _, want := range []string{"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "No language model is configured"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %q", want, text)
		}
	}
	if len(codes) != 0 {
		t.Errorf("called %q", codes)
	}
}

// report is the call that analyses a file.
func report(id string) string {
	code := "try:\n    analysis = analyze_data_file('ID', 'comprehensive')\nexcept Exception as problem:\n" +
		"    if 'is no table' not in str(problem):\n        raise\n    print(str(load_file('ID'))[:1500])\n"
	b, _ := json.Marshal(map[string]string{"code": strings.ReplaceAll(code, "ID", id)})
	return string(b)
}

func TestBuiltinAnalysesFilesAndRunsBlocks(t *testing.T) {
	const id, id2 = "42_1700000000_0123abcd", "42_1700000001_89abcdef"
	cases := []struct {
		name, prompt string
		want         []string
	}{
		{"an attachment", "Analyze this\n\n[Attached: sales.csv, id " + id + "]", []string{report(id)}},
		{"two ids, one twice", id + " and " + id2 + ", " + id, []string{report(id), report(id2)}},
		{"a block", "Run\n```python\nprint('a')\n\nx = 1\n```\nplease", []string{`{"code":"print('a')\n\nx = 1\n"}`}},
		{"two blocks, CRLF, py", "```py\r\n1\r\n```\n```Python3\n2\n```", []string{`{"code":"1\r\n"}`, `{"code":"2\n"}`}},
		{"an id inside of code only", "```python\nload_file('" + id + "')\n```", []string{`{"code":"load_file('` + id + `')\n"}`}},
		{"another language", "```sql\nselect 1\n```", nil},
		{"no end", "```python\nprint(1)", nil},
		{"an empty block", "```python\n\n```", nil},
		{"no id", "42_1700000000_0123ABCD 1_2 x42_1700000000_0123abcd1", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			codes, text := converse(t, c.prompt, llm.ToolResult{Output: "Rows: 1,461", Files: []string{"1_2_00000000"}}, pythonTool)
			if strings.Join(codes, "|") != strings.Join(c.want, "|") {
				t.Errorf("codes = %q", codes)
			}
			if (strings.Count(text, "```\nRows: 1,461\n```") != len(c.want)) || !strings.Contains(text, "OPENAI_API_KEY") {
				t.Errorf("text = %q", text)
			}
		})
	}
}

// What a program prints is shown whole, whatever it says.
func TestBuiltinDoesNotReadOutput(t *testing.T) {
	const said = "one\n\nSaved for the user and sent: nothing\ntwo"
	for _, res := range []llm.ToolResult{{Output: said}, {Values: []string{said}}, {Output: said, Files: []string{"1_2_00000000"}}, {Error: said, Failed: true}} {
		_, text := converse(t, "```python\n1\n```", res, pythonTool)
		if !strings.Contains(text, "```\n"+said+"\n```") || strings.Contains(text, "1_2_0") {
			t.Errorf("%+v: %q", res, text)
		}
	}
}

func TestBuiltinWithoutPython(t *testing.T) {
	codes, text := converse(t, "42_1700000000_0123abcd", llm.ToolResult{})
	if len(codes) != 0 || !strings.Contains(text, "attache doctor") {
		t.Errorf("%q %q", codes, text)
	}
}

func TestBuiltinIntroducesItselfOnce(t *testing.T) {
	req := ask("hi")
	first, text, err := generate(t, llm.Builtin{}, req)
	if err != nil {
		t.Fatal(err)
	}
	req.Messages = append(req.Messages, first.Message, llm.Text(llm.User, "again"))
	_, again, err := generate(t, llm.Builtin{}, req)
	if err != nil || len(again) >= len(text)-100 || !strings.Contains(again, "OPENAI_API_KEY") {
		t.Errorf("%q, %v", again, err)
	}
}

func TestBuiltinIsBounded(t *testing.T) {
	codes, text := converse(t, strings.Repeat("```python\nprint(1)\n```\n", 100), llm.ToolResult{Output: strings.Repeat("line of output\n", 10000) + "```"}, pythonTool)
	if len(codes) > 10 || len(text) > 40000 || !strings.Contains(text, "more lines") {
		t.Errorf("%d calls, %d bytes", len(codes), len(text))
	}
	if strings.Count(text, "```")%2 != 0 {
		t.Error("a block is left open")
	}
}

func TestBuiltinStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := llm.Builtin{}.Generate(ctx, ask("hi"), func(string) { cancel() })
	if !fault.Is(err, fault.Canceled) {
		t.Errorf("err = %v", err)
	}
	names, err := llm.Builtin{}.Models(t.Context())
	if err != nil || len(names) != 1 || names[0] != llm.BuiltinName {
		t.Errorf("%q, %v", names, err)
	}
}
