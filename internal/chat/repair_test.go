package chat

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

var codeSchema = json.RawMessage(`{"type":"object","properties":{"code":{"type":"string"},"timeout":{"type":"number"}},"required":["code"]}`)

func TestRepairArguments(t *testing.T) {
	const fence = "```"
	cases := []struct{ name, in, want string }{
		{"valid", `{"code":"print(1)"}`, `{"code":"print(1)"}`},
		{"white space", " \n{\"code\": \"1\"}\n", `{"code": "1"}`},
		{"nothing", "", `{}`},
		{"null", "null", `{}`},
		{"trailing comma", `{"code":"1",}`, `{"code":"1"}`},
		{"trailing comma in a list", `{"code":"1","x":[1,2,],}`, `{"code":"1","x":[1,2]}`},
		{"raw line breaks", "{\"code\":\"a = 1\n\tprint(a)\r\n\"}", `{"code":"a = 1\n\tprint(a)\r\n"}`},
		{"fenced", fence + "json\n{\"code\":\"1\"}\n" + fence, `{"code":"1"}`},
		{"fenced and raw", fence + "\n{\"code\":\"1\n2\",}" + fence, `{"code":"1\n2"}`},
		{"double-encoded", `"{\"code\":\"print(\\\"a\\\")\"}"`, `{"code":"print(\"a\")"}`},
		{"triple-encoded", `"\"{\\\"code\\\":\\\"1\\\"}\""`, `{"code":"1"}`},
		{"single quotes", `{'code': 'print("a")'}`, `{"code":"print(\"a\")"}`},
		{"bare key", `{code: "1"}`, `{"code":"1"}`},
		{"Python constants", `{"code":"1","a":True,"b":None,"c":False}`, `{"code":"1","a":true,"b":null,"c":false}`},
		{"numbers", `{"code":"1","timeout":.5,"n":+1,"e":1e3}`, `{"code":"1","timeout":0.5,"n":1,"e":1e3}`},
		{"comments", "{\n// first\n\"code\":\"1\" /* x */, # y\n}", `{"code":"1"}`},
		{"regular expression", `{"code":"re.findall('\d+\.\w', s)"}`, `{"code":"re.findall('\\d+\\.\\w', s)"}`},
		{"escaped single quote", `{"code":"print(\'a\')"}`, `{"code":"print('a')"}`},
		{"unescaped quotes", `{"code":"print("hello")"}`, `{"code":"print(\"hello\")"}`},
		{"unescaped quotes in a dict", "{\"code\":\"d = {\"a\": \"b\"}\nprint(d)\"}", `{"code":"d = {\"a\": \"b\"}\nprint(d)"}`},
		{"three quotes", "{\"code\": \"\"\"\nprint(\"a\")\n\"\"\"}", `{"code":"\nprint(\"a\")\n"}`},
		{"missing brace", `{"code":"print(1)"`, `{"code":"print(1)"}`},
		{"brace too many", `{"code":"print(1)"}}`, `{"code":"print(1)"}`},
		{"in a list", `[{"code":"1",}]`, `{"code":"1"}`},
		{"the whole call", `{"name":"execute_python_code","arguments":{"code":"1"}}`, `{"code":"1"}`},
		{"the whole call, encoded", `{"name":"x","arguments":"{\"code\":\"1\"}"}`, `{"code":"1"}`},
		{"bare code", "import pandas\nprint(1)", `{"code":"import pandas\nprint(1)"}`},
		{"fenced code", fence + "python\nprint(1)\n" + fence, `{"code":"print(1)"}`},
		{"emoji in surrogates", `{"code":"\ud83d\udc0d",}`, `{"code":"🐍"}`},
		{"half a surrogate", `{"code":"\ud83d x",}`, "{\"code\":\"\uFFFD x\"}"},
		{"a list of strings", `{"code":"1","x":["a","b",],}`, `{"code":"1","x":["a","b"]}`},
		{"byte order mark", "\uFEFF{\"code\":\"1\"}", `{"code":"1"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := repairArguments(c.in, codeSchema)
			if !ok || got != c.want {
				t.Errorf("%q, %v; want %q", got, ok, c.want)
			}
		})
	}
}

// What can't be mended without a guess goes back to the model.
func TestRepairRefusesToGuess(t *testing.T) {
	for _, in := range []string{
		`{"code":"print(1`, `{"code":`, `{"code"`, `{`, `[`, `{"code":"1"}{"code":"2"}`, `{"code":"1"} and more`,
		`{"code":nonsense}`, `{"code":"""print(1)`, "{\"code\":1 2}", `["a","b"]`, `"just text"`, `{"a" "b"}`, strings.Repeat("[", 10000),
	} {
		if got, ok := repairArguments(in, codeSchema); ok {
			t.Errorf("%.50q became %.50q", in, got)
		}
	}
	if got, ok := repairArguments("bare text", json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a","b"]}`)); ok {
		t.Errorf("bare text for two properties became %q", got)
	}
}

func FuzzRepairArguments(f *testing.F) {
	for _, s := range []string{
		`{"code":"print(1)"}`, `{'a': [1, 2,], }`, "```json\n{}\n```", `"{\"a\":1}"`, `{"code":"print("x")"}`, "{\"a\":\"\"\"x\"\"\"}", `{a:True,/*`,
		`{"\u0000":-.5e-3}`, "import os", `{"x":"\ud800"}`,
	} {
		f.Add(s, "x = 1\nprint(\"a\", 'b')")
	}
	f.Fuzz(func(t *testing.T, s, code string) {
		if got, ok := repairArguments(s, codeSchema); ok {
			var m map[string]any
			if err := json.Unmarshal([]byte(got), &m); err != nil {
				t.Fatalf("%q became %q: %v", s, got, err)
			}
		}
		// What is valid is not touched, and what was mangled comes back.
		want := map[string]any{"code": strings.ToValidUTF8(code, "?"), "timeout": 1.5}
		valid := string(encode(want))
		for name, mangled := range map[string]string{
			"valid":          valid,
			"fenced":         "```json\n" + valid + "\n```",
			"encoded":        string(encode(valid)),
			"trailing comma": strings.TrimSuffix(valid, "}") + ",}",
			"raw breaks":     rawBreaks(valid),
			"missing brace":  strings.TrimSuffix(valid, "}"),
		} {
			got, ok := repairArguments(mangled, codeSchema)
			var m map[string]any
			if !ok || json.Unmarshal([]byte(got), &m) != nil || !reflect.DeepEqual(m, want) {
				t.Fatalf("%s: %q became %q, %v", name, mangled, got, ok)
			}
		}
	})
}

// rawBreaks writes line breaks and tabs of strings as they are.
func rawBreaks(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			default:
				b.WriteString(s[i : i+2])
			}
			i++
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// The arguments are the model's: no text of them may take long.
func TestRepairIsLinear(t *testing.T) {
	const n = 200_000
	for _, part := range []string{`",`, `"`, `"}`, `",[`, `" `, `"\n`, `",{"a":`, `\`, `\u`, `'`, "```", `"a",`, `/*`, "#", "[", `{"a":`, `"]},`, `," `, `"#`, `"//`} {
		s := `{"code":"` + strings.Repeat(part, n/len(part))
		for _, in := range []string{s, s + `"}`, strings.Repeat(part, n/len(part)), string(encode(s))} {
			start := time.Now()
			repairArguments(in, codeSchema)
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("%d times %q takes %v", n/len(part), part, d)
			}
		}
	}
}
