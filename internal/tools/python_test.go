package tools_test

import (
	"context"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/table"
	"github.com/attachebot/attache/internal/tools"
)

// cellOf is a sandbox whose code sends these files, and shows these values.
type cellOf struct {
	tools.NoInterpreter
	files map[string]string
	shown []sandbox.Shown
}

func (s cellOf) Run(ctx context.Context, _ sandbox.Key, c sandbox.Cell) (sandbox.Result, error) {
	for name, content := range s.files {
		if err := c.Save(ctx, name, strings.NewReader(content)); err != nil {
			return sandbox.Result{}, err
		}
	}
	return sandbox.Result{Outcome: sandbox.OK, Shown: s.shown}, nil
}

// The file that has all rows of a table is the one that was saved with it. What code
// says of that is not believed: a page makes an address of it.
func TestFileOfATable(t *testing.T) {
	fs := newFiles(t, files.Options{})
	shown := func(file string) sandbox.Shown {
		return sandbox.Shown{Text: "t", Table: &table.Table{Columns: []string{"a"}, Rows: [][]string{{"1"}}, File: file}}
	}
	python := tools.NewPython(cellOf{
		files: map[string]string{".table-1.csv": "a\n1\n2\n", ".table-9.csv": "a\n", ".table--1.csv": "a\n"},
		shown: []sandbox.Shown{shown("../out?x="), shown("1_2_0123abcd"), {Text: "no table"}},
	}, fs)
	res := python.Run(t.Context(), tools.Call{User: alice, Conversation: "c", Hooks: llm.ToolHooks{}.Filled()}, "1")
	if res.Failed || len(res.Tables) != 2 || res.Tables[0].File != "" || len(res.Files) != 1 {
		t.Fatalf("%+v", res)
	}
	if f, data := content(t, fs, alice, res.Tables[1].File); string(data) != "a\n1\n2\n" || !f.Generated {
		t.Errorf("%+v: %q", f, data)
	}
}
