package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
)

// function is a function of a Python file in a [Folder], as a tool. It runs
// in the session of the asking user and conversation.
type function struct {
	Stateless // what it keeps is in the session of Python

	py      *Python
	spec    llm.Tool
	schema  *schema
	file    string // its name in the folder
	version string // of the folder, as described
}

var _ Tool = (*function)(nil)

// Spec implements Tool.
func (f *function) Spec() llm.Tool { return f.spec }

// Call implements Tool. Arguments that don't fit are refused before anything runs.
func (f *function) Call(ctx context.Context, c Call) llm.ToolResult {
	args, err := f.schema.check(f.spec.Name, c.Arguments)
	if err != nil {
		return Failure(err)
	}
	return f.py.run(ctx, c, runnerCall("call", f.file, f.spec.Name, string(args), f.version),
		pythonCall(f.spec.Name, args)+"  # "+f.file, f.spec.Name)
}

// runnerCall is the code of a call of the runner's own module, whose arguments are texts.
func runnerCall(name string, args ...string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = quote(a)
	}
	return fmt.Sprintf("__import__('attache.tools', fromlist=['x']).%s(%s)", name, strings.Join(quoted, ", "))
}

// quote writes a text as a Python literal: a JSON string is one.
func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil { // a string always encodes
		panic(err)
	}
	return string(text)
}

// pythonCall writes a call with these arguments, a JSON object, as a person
// would in Python.
func pythonCall(name string, args json.RawMessage) string {
	var values map[string]any
	if err := unmarshalNumbers(args, &values); err != nil {
		return name + "(…)"
	}
	var parts []string
	for _, k := range sortedKeys(values) {
		parts = append(parts, k+"="+literal(values[k]))
	}
	return name + "(" + strings.Join(parts, ", ") + ")"
}

// literal writes a JSON value in Python.
func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = literal(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, k := range sortedKeys(v) {
			parts = append(parts, quote(k)+": "+literal(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case string:
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.Encode(v)
		return strings.TrimSuffix(b.String(), "\n")
	}
	return fmt.Sprint(v)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// unmarshalNumbers decodes one JSON value and keeps its numbers as written.
func unmarshalNumbers(data []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return fault.New(fault.Invalid, "More than one JSON value.")
	}
	return nil
}
