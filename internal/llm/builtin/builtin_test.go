package builtin_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/builtin"
)

var pythonTool = llm.Tool{Name: llm.PythonTool, Description: "Runs Python.", Parameters: []byte(`{"type":"object"}`)}

func ask(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{llm.Text(llm.User, text)}}
}

// generate runs a request and returns the reply with the deltas joined.
func generate(t *testing.T, req llm.Request) (llm.Reply, string, error) {
	t.Helper()
	var b strings.Builder
	reply, err := builtin.Model{}.Generate(t.Context(), req, func(s string) { b.WriteString(s) })
	if got := reply.Message.Text(); got != b.String() {
		t.Errorf("the deltas %q are not the text %q", b.String(), got)
	}
	return reply, b.String(), err
}

// converse lets the built-in model answer with a tool that returns res, and
// returns the code of the calls and the whole text.
func converse(t *testing.T, prompt string, res llm.ToolResult, tools ...llm.Tool) (codes []string, text string) {
	t.Helper()
	req := ask(prompt)
	req.Tools = tools
	for range 5 {
		reply, streamed, err := generate(t, req)
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

func TestSaysHowToSetAModel(t *testing.T) {
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

const noTable = "except Exception as problem:\n    if type(problem).__name__ != 'NoTable':\n        raise\n" +
	"    print('~~~\\n' + str(load_file('ID'))[:1500].replace('~~~', '') + '\\n~~~')\n"

// call is the arguments of a call with code about a file.
func call(id, code string) string {
	b, _ := json.Marshal(map[string]string{"code": strings.ReplaceAll(code+noTable, "ID", id)})
	return string(b)
}

// report is the call that analyses a file.
func report(id string) string {
	return call(id, "try:\n    analysis = analyze_data_file('ID', 'comprehensive')\n")
}

func TestAnalysesFilesAndRunsBlocks(t *testing.T) {
	const id, id2 = "42_1700000000_0123abcd", "42_1700000001_89abcdef"
	cases := []struct {
		name, prompt string
		want         []string
	}{
		{"an attachment", "Analyze this\n\n[Attached: sales.csv, id " + id + "]", []string{report(id)}},
		{"two ids, one twice", id + " and " + id2 + ", " + id, []string{report(id), report(id2)}},
		{"a question with a file", "mean \"tip\" by day?\n\n[Attached: id " + id + ": \"tips.csv\", csv, 8 KB]",
			[]string{call(id, "try:\n    answer = ask_table('ID', \"mean \\\"tip\\\" by day?\")\n    if not answer['understood']:\n        analysis = analyze_data_file('ID', 'comprehensive')\n")}},
		{"no word but the file", "[Attached: id " + id + ": \"tips.csv\", csv, 8 KB]", []string{report(id)}},
		{"a report in other words", "what is in this file?\n[Attached: id " + id + ": \"tips.csv\", csv, 8 KB]", []string{report(id)}},
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
			blocks := strings.Count(c.prompt, "```") / 2
			if strings.Count(text, "Rows: 1,461") != len(c.want) || len(c.want) > 0 && strings.Count(text, "```\nRows") != blocks || !strings.Contains(text, "OPENAI_API_KEY") {
				t.Errorf("text = %q", text)
			}
		})
	}
}

// What a program prints is shown whole, whatever it says.
func TestDoesNotReadOutput(t *testing.T) {
	const said = "one\n\nSaved for the user and sent: nothing\ntwo"
	for _, res := range []llm.ToolResult{{Output: said}, {Values: []string{said}}, {Output: said, Files: []string{"1_2_00000000"}}, {Error: said, Failed: true}} {
		_, text := converse(t, "```python\n1\n```", res, pythonTool)
		if !strings.Contains(text, "```\n"+said+"\n```") || strings.Contains(text, "1_2_0") {
			t.Errorf("%+v: %q", res, text)
		}
	}
}

func TestWithoutPython(t *testing.T) {
	codes, text := converse(t, "42_1700000000_0123abcd", llm.ToolResult{})
	if len(codes) != 0 || !strings.Contains(text, "attache doctor") {
		t.Errorf("%q %q", codes, text)
	}
}

func TestIntroducesItselfOnce(t *testing.T) {
	req := ask("hi")
	first, text, err := generate(t, req)
	if err != nil {
		t.Fatal(err)
	}
	req.Messages = append(req.Messages, first.Message, llm.Text(llm.User, "again"))
	_, again, err := generate(t, req)
	if err != nil || len(again) >= len(text)-100 || !strings.Contains(again, "OPENAI_API_KEY") {
		t.Errorf("%q, %v", again, err)
	}
}

func TestIsBounded(t *testing.T) {
	codes, text := converse(t, strings.Repeat("```python\nprint(1)\n```\n", 100), llm.ToolResult{Output: strings.Repeat("line of output\n", 10000) + "```"}, pythonTool)
	if len(codes) > 10 || len(text) > 40000 || !strings.Contains(text, "more lines") {
		t.Errorf("%d calls, %d bytes", len(codes), len(text))
	}
	if strings.Count(text, "```")%2 != 0 {
		t.Error("a block is left open")
	}
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := builtin.Model{}.Generate(ctx, ask("hi"), func(string) { cancel() })
	if !fault.Is(err, fault.Canceled) {
		t.Errorf("err = %v", err)
	}
	names, err := builtin.Model{}.Models(t.Context())
	if err != nil || len(names) != 1 || names[0] != builtin.Name {
		t.Errorf("%q, %v", names, err)
	}
}

// TestAnswersAboutTheFileBefore says that a question without a file is
// about the last one of the conversation, and that its answer is no block.
func TestAnswersAboutTheFileBefore(t *testing.T) {
	const id, picture = "42_1700000000_0123abcd", "42_1700000001_89abcdef"
	req := ask("Analyze this\n\n[Attached: id " + id + ": \"sales.csv\", csv, 8 KB]\n[Attached: id " + picture + ": \"a.png\", image, 8 KB]")
	req.Tools = []llm.Tool{pythonTool}
	for _, c := range []struct{ prompt, code string }{
		{"and the mean by region?", call(id, "try:\n    answer = ask_table('ID', \"and the mean by region?\")\n")},
		{"as a bar chart", call(id, "try:\n    answer = ask_table('ID', \"as a bar chart\")\n")},
		{"Analyze it again", report(id)},
	} {
		next := req
		next.Messages = append(slices.Clone(req.Messages), llm.Text(llm.Assistant, "Rows: 3"), llm.Text(llm.User, c.prompt))
		reply, _, err := generate(t, next)
		if err != nil || len(reply.Message.Calls) != 1 || reply.Message.Calls[0].Arguments != c.code {
			t.Fatalf("%s: %+v, %v", c.prompt, reply.Message.Calls, err)
		}
		result := llm.Text(llm.FromTool, "")
		result.CallID = reply.Message.Calls[0].ID
		result.Result = &llm.ToolResult{Output: "The mean is **3**.\n", Files: []string{"1_2_00000000"}}
		next.Messages = append(next.Messages, reply.Message, result)
		if _, text, err := generate(t, next); err != nil || text != "The mean is **3**." {
			t.Errorf("%s: %q, %v", c.prompt, text, err)
		}
		result.Result = &llm.ToolResult{Error: "MemoryError", Failed: true}
		next.Messages[len(next.Messages)-1] = result
		if _, text, err := generate(t, next); err != nil || text != "```\nMemoryError\n```" {
			t.Errorf("%s: %q, %v", c.prompt, text, err)
		}
	}
}
