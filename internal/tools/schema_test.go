package tools_test

import (
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/tools"
)

const parameters = `{"type":"object","additionalProperties":false,"required":["region"],"properties":{
	"region":{"type":"string","enum":["north","south"]},
	"top":{"type":"integer","default":5},
	"share":{"anyOf":[{"type":"number"},{"type":"null"}],"default":null},
	"names":{"type":"array","items":{"type":"string"}},
	"either":{"anyOf":[{"type":"integer"},{"type":"array","items":{"type":"string"}}]},
	"any":{}}}`

func TestArguments(t *testing.T) {
	for args, want := range map[string]string{
		`{"region":"north"}`:                                     `{"region":"north"}`,
		`{"region":"north","top":3}`:                             `{"region":"north","top":3}`,
		`{"region":"north","top":3.0}`:                           `{"region":"north","top":3.0}`,
		`{"region":"north","top":12345678901234567890}`:          `{"region":"north","top":12345678901234567890}`,
		`{"region":"north","top":null,"names":null}`:             `{"region":"north"}`,
		`{"region":"north","share":null,"any":null}`:             `{"any":null,"region":"north","share":null}`,
		`{"region":"south","either":["a"],"names":[],"share":1}`: `{"either":["a"],"names":[],"region":"south","share":1}`,
	} {
		got, err := tools.CheckArguments(parameters, args)
		if err != nil || got != want {
			t.Errorf("%s\ngot  %s (%v)\nwant %s", args, got, err, want)
		}
	}
}

// What is wrong is said in one sentence that names the argument and what it may be.
func TestWrongArguments(t *testing.T) {
	for args, want := range map[string]string{
		`[]`:                                      "The arguments of f must be a JSON object.",
		`{"region":`:                              "must be a JSON object",
		`{}`:                                      "The arguments of f are wrong: region is missing.",
		`{"region":null}`:                         `region must be`,
		`{"region":"east"}`:                       `region must be one of "north", "south"`,
		`{"region":"north","top":"5"}`:            "top must be of type integer and is string",
		`{"region":"north","top":1.5}`:            "top must be of type integer and is number",
		`{"region":"north","share":"x"}`:          "share must be of type number or null",
		`{"region":"north","names":[1]}`:          "names.0 must be of type string and is number",
		`{"region":"north","either":[1]}`:         "either",
		`{"region":"north","tops":5}`:             "there is no argument tops (there are any, either, names, region, share, top)",
		`{"region":"north","top":1e999999}`:       "the number 1e999999 is too large",
		`{"region":"north","any":[{"x":-1e400}]}`: "the number -1e400 is too large",
		`{"region":"north","top":` + strings.Repeat("9", 5000) + `}`: "is too large",
		`{"top":"5","names":1,"x":2}`:                                "; ",
		`{"region":"north","any":1} {"x":1}`:                         "must be a JSON object",
	} {
		_, err := tools.CheckArguments(parameters, args)
		msg := fault.Message(err)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(msg, want) || strings.Contains(msg, "\n") || !strings.HasSuffix(msg, ".") {
			t.Errorf("%s\ngot  %q\nwant %q", args, msg, want)
		}
	}
}

// A schema can't make the program read anything.
func TestSchemasAreClosed(t *testing.T) {
	for _, s := range []string{
		`{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd"}}}`,
		`{"type":"object","properties":{"a":{"$ref":"http://127.0.0.1:1/x"}}}`,
		`{"type":"object","$schema":"http://127.0.0.1:1/schema"}`,
		`{"type":"string"}`, `{"type":["object","null"]}`, `{}`, `true`, `[]`, `"x"`, ``, `{"type":"object"`,
		`{"type":"object","properties":{"a":{"pattern":"("}}}`,
		`{"type":"object","description":"` + strings.Repeat("x", 40_000) + `"}`,
	} {
		if _, err := tools.CheckArguments(s, `{"a":"x"}`); err == nil || fault.Is(err, fault.Invalid) {
			t.Errorf("%.80s: %v", s, err)
		}
	}
}

func TestPythonCall(t *testing.T) {
	got := tools.PythonCall("f", []byte(`{"b":[1,2.50,null,true],"a":"it's \"<x>\" \n ü","c":{"k":false}}`))
	want := `f(a="it's \"<x>\" \n ü", b=[1, 2.50, None, True], c={"k": False})`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Whatever a model writes as arguments is refused or passes as a JSON object.
func FuzzArguments(f *testing.F) {
	for _, s := range []string{`{"region":"north"}`, `{"region":"north","top":null}`, `[]`, `{"region":{"a":[{}]}}`, `{"a":1e999}`, "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, args string) {
		out, err := tools.CheckArguments(parameters, args)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || strings.Contains(fault.Message(err), "\n") {
				t.Errorf("%q: %v", args, err)
			}
			return
		}
		if again, err := tools.CheckArguments(parameters, out); err != nil || again != out {
			t.Errorf("%q → %s → %s (%v)", args, out, again, err)
		}
		tools.PythonCall("f", []byte(out))
	})
}
