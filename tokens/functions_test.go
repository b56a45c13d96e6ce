package tokens

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Every request whose tokens somebody asked the API for has that number, and
// it is called exact.
func TestRecordedRequests(t *testing.T) {
	data, err := os.ReadFile("testdata/chat_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	withFunctions := 0
	for _, r := range raw {
		var want struct {
			Tokens int `json:"prompt_tokens"`
		}
		if err := json.Unmarshal(r, &want); err != nil {
			t.Fatal(err)
		}
		req := parseRequest(t, string(r))
		if len(req.Tools) > 0 {
			withFunctions++
		}
		b := ForModel("gpt-3.5-turbo").CountRequest(req)
		if b.Total() != (Amount{want.Tokens, true}) || len(b.Notes) > 0 {
			t.Errorf("%s\nis %+v, not exactly %d", r, b, want.Tokens)
		}
		// Nobody asked for the newer models.
		newer := ForModel("gpt-4o").CountRequest(req)
		nested := len(req.Tools) > 0 || strings.Contains(string(r), `"function"`) || strings.Contains(string(r), "function_call")
		if newer.Total().Exact == nested || newer.Total().Tokens == 0 {
			t.Errorf("%s\nwith gpt-4o is %+v", r, newer)
		}
	}
	if withFunctions != 8 || len(raw) != 17 {
		t.Errorf("%d of %d have functions", withFunctions, len(raw))
	}
}

func TestSketch(t *testing.T) {
	for _, c := range []struct {
		tool, want  string
		known, flat bool
	}{
		{`{"name": "f"}`, "type f = () => any;\n", true, false},
		{`{"name": "f", "description": "Does."}`, "// Does.\ntype f = () => any;\n", true, true},
		{`{"name": "f", "description": "a\nb"}`, "// a\n// b\ntype f = () => any;\n", false, false},
		{`{"name": "f", "description": "d", "parameters": {"type": "object", "properties": {
			"z": {"type": "string", "description": "last"}, "a": {"type": "string", "description": "first", "enum": ["x", "y"]}}, "required": ["a"]}}`,
			"// d\ntype f = (_: {\n// last\nz?: string,\n// first\na: \"x\" | \"y\",\n}) => any;\n", true, true},
		{`{"name": "f", "parameters": {"type": "object", "properties": {"p": {"type": "object", "properties": {
			"q": {"type": "array", "items": {"type": "boolean"}}, "r": {"type": "number"}}, "required": ["r"]}}}}`,
			"type f = (_: {\np?: {\n  q?: boolean[],\n  r: number,\n},\n}) => any;\n", true, false},
		{`{"name": "f", "parameters": {"type": "object", "properties": {"p": {"type": "integer", "enum": [1, 2]}}}}`,
			"type f = (_: {\np?: 1 | 2,\n}) => any;\n", false, false},
		{`{"name": "f", "parameters": {"type": "object", "properties": {"p": {"anyOf": [{"type": "string"}]}}}}`,
			"type f = (_: {\np?: any,\n}) => any;\n\n} // namespace functions\n[{\"type\":\"string\"}]", false, false},
		{`{"name": "f", "parameters": {"type": "object", "properties": {"p": {"type": "object", "properties": {"q": {"type": "string", "description": "deep"}}}}}}`,
			"type f = (_: {\np?: {\n  // deep\n  q?: string,\n},\n}) => any;\n", false, false},
	} {
		var tool Tool
		if err := json.Unmarshal([]byte(c.tool), &tool); err != nil {
			t.Fatal(err)
		}
		s := sketchTools([]Tool{tool})
		got := s.String()
		body, ok := strings.CutPrefix(got, "namespace functions {\n\n")
		if !ok || !strings.HasPrefix(body, c.want) || s.known != c.known || s.flat != c.flat {
			t.Errorf("%s\nknown %v, flat %v:\n%s", c.tool, s.known, s.flat, got)
		}
	}
}

// Whatever a schema holds is counted, and not called exact.
func TestOddTools(t *testing.T) {
	m := ForModel("gpt-3.5-turbo")
	tool := func(parameters string) Amount {
		return m.CountTools([]Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(parameters)}}).Total()
	}
	plain := tool(`{"type":"object","properties":{"a":{"type":"string","description":"x"}}}`)
	if !plain.Exact {
		t.Errorf("%+v", plain)
	}
	for _, odd := range []string{
		`{"type":"object","properties":{"a":{"type":"string","description":"x","default":"something long"}}}`,
		`{"type":"object","properties":{"a":{"type":"string","description":"x","pattern":"^[a-z]+$"}}}`,
		`{"type":"object","properties":{"a":{"type":["string","null"],"description":"x","minLength":7}}}`,
		`{"type":"object","properties":{"a":{"type":"string","description":["x"]}}}`,
		`{"type":"object","properties":{"a":{"type":"string","description":"x","items":{"type":"string"}}}}`,
		`{"type":"object","$defs":{"b":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/b"}}}`,
		`{"type":"array","properties":{"a":{"type":"string","description":"x"}}}`,
	} {
		if a := tool(odd); a.Exact || a.Tokens <= plain.Tokens {
			t.Errorf("%s: %+v, and %+v without", odd, a, plain)
		}
	}
	// What surely is not shown may count nothing, but is not exact either.
	for _, odd := range []string{
		`{"type":"object","additionalProperties":false,"properties":{"a":{"type":"string","description":"x"}}}`,
		`{"type":"object","title":"F","properties":{"a":{"type":"string","description":"x","title":"A"}}}`,
	} {
		if a := tool(odd); a.Exact || a.Tokens < plain.Tokens {
			t.Errorf("%s: %+v", odd, a)
		}
	}
	if a := m.CountTools([]Tool{{}}).Total(); a.Exact {
		t.Errorf("a tool without a name: %+v", a)
	}
}

// What a request says besides messages and tools is counted as an estimate.
func TestChoiceAndFormat(t *testing.T) {
	const head = `{"messages": [{"role": "user", "content": "hello"}], "tools": [{"function": {"name": "foo"}}]`
	m := ForModel("gpt-4")
	plain := m.CountRequest(parseRequest(t, head+`}`)).Total()
	if !plain.Exact {
		t.Errorf("%+v", plain)
	}
	for more, want := range map[string]int{
		`"tool_choice": "auto"`: 0,
		`"tool_choice": "none"`: 1,
		`"tool_choice": {"type": "function", "function": {"name": "foo"}}`: 5,
		`"function_call": {"name": "foo"}`:                                 5,
		`"response_format": {"type": "json_object"}`:                       0,
	} {
		a := m.CountRequest(parseRequest(t, head+", "+more+`}`)).Total()
		if a.Tokens != plain.Tokens+want || a.Exact != (want == 0) {
			t.Errorf("%s: %+v, and %+v without", more, a, plain)
		}
	}
	b := m.CountRequest(parseRequest(t, head+`, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}}`))
	if a := b.Total(); a.Exact || a.Tokens < plain.Tokens+10 || len(b.Notes) != 1 {
		t.Errorf("%+v", b)
	}
}
