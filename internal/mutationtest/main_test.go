package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/testbin"
)

// Every mutation still has its text in the source, once, and its test. `make
// mutations` tries them, which takes half an hour.
func TestMutationsFit(t *testing.T) {
	all, err := parse(list)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 60 {
		t.Errorf("only %d mutations", len(all))
	}
	names := map[string]bool{}
	for _, m := range all {
		if names[m.name] {
			t.Errorf("there are two of %q", m.name)
		}
		names[m.name] = true
		data, err := m.apply(testbin.Root())
		if err != nil {
			t.Error(err)
			continue
		}
		if strings.HasSuffix(m.file, ".go") {
			if _, err := parser.ParseFile(token.NewFileSet(), m.file, data, 0); err != nil {
				t.Errorf("%s: %v", m.name, err)
			}
		}
		top, _, _ := strings.Cut(m.test, "/")
		if !declares(t, filepath.Join(testbin.Root(), m.pkg), top) {
			t.Errorf("%s: %s has no %s", m.name, m.pkg, top)
		}
	}
}

// declares reports whether a package has a test.
func declares(t *testing.T, dir, test string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	is := regexp.MustCompile(`(?m)^func ` + test + `\(`)
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if is.Match(data) {
			return true
		}
	}
	return false
}

func TestParse(t *testing.T) {
	got, err := parse("for the reader\n\n== a bound\nin a.go\nnoticed by ./x TestX/a b\n-if n > 1 {\n-\treturn\n+if false {\n+\treturn\n\n== a line\nin b.go\nnoticed by ./y TestY\n-\tcheck()\n")
	if err != nil || len(got) != 2 || got[0] != (mutation{"a bound", "a.go", "./x", "TestX/a b", "if n > 1 {\n\treturn", "if false {\n\treturn"}) ||
		got[1] != (mutation{"a line", "b.go", "./y", "TestY", "\tcheck()", ""}) {
		t.Errorf("%q %v", got, err)
	}
	for _, bad := range []string{"== x\nin a.go\n-a\n+b", "== x\nin a.go\nnoticed by ./x TestX\n+b", "== x\nin a.go\nnoticed by ./x TestX\n-a\n+a", "== x\nwhat"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// A text that is not there any more, or twice, is an error and no skip.
func TestApply(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("one two two"), 0o600); err != nil {
		t.Fatal(err)
	}
	for old, want := range map[string]string{"one": "X two two", "two": "", "three": ""} {
		got, err := mutation{file: "a", old: old, new: "X"}.apply(dir)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q %v", old, got, err)
		}
	}
}

// Every row of docs/security.md names tests, and each of them exists.
func TestSecurityTable(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testbin.Root(), "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:internal|cmd|runner)[^ `]*) ((?:Test|Fuzz)[A-Za-z]+)[^`]*`")
	python := regexp.MustCompile("`(runner/tests/[a-z_]+\\.py) (test_[a-z_]+)`")
	rows := 0
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what happened") {
			continue
		}
		rows++
		tests := named.FindAllStringSubmatch(line, -1)
		inPython := python.FindAllStringSubmatch(line, -1)
		if len(tests)+len(inPython) == 0 {
			t.Errorf("no test: %s", line)
		}
		for _, m := range inPython {
			code, err := os.ReadFile(filepath.Join(testbin.Root(), m[1]))
			if err != nil || !strings.Contains(string(code), "\ndef "+m[2]+"(") {
				t.Errorf("%s has no %s, %v", m[1], m[2], err)
			}
		}
		for _, m := range tests {
			if !declares(t, filepath.Join(testbin.Root(), m[1]), m[2]) {
				t.Errorf("%s has no %s", m[1], m[2])
			}
		}
	}
	if rows < 28 {
		t.Errorf("%d rows", rows)
	}
}
