package tokens

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// The table of models in the documentation is the catalog's.
func TestModelTable(t *testing.T) {
	const file, begin, end = "../docs/tokens.md", "<!-- models -->\n", "<!-- end of models -->\n"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(b), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	want := head + begin + modelTable() + end + tail
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(b) {
		t.Errorf("the table of models in %s is out of date: go generate ./tokens", file)
	}
}

func modelTable() string {
	var s strings.Builder
	s.WriteString("| model | encoding | window | longest answer | input | cached | written | output | images |\n|---|---|---:|---:|---:|---:|---:|---:|---|\n")
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	for _, name := range BuiltIn().Names() {
		m := ForModel(name)
		encoding := m.Encoding.Name()
		if !m.Exact {
			encoding += " (guessed)"
		}
		window := number(m.Window)
		if m.MaxInput < m.Window {
			window += fmt.Sprintf(" (%d of input)", m.MaxInput)
		}
		var in, cached, written, out, images string
		if p, ok := m.Price(BuiltIn().Date()); ok {
			in, out = p.Input.String(), p.Output.String()
			if p.Cached != nil {
				cached = p.Cached.String()
			}
			if p.Write != nil {
				written = p.Write.String()
			}
			if p.Long != nil {
				in, out = in+" ¹", out+" ¹"
			}
		}
		switch r := m.entry.Images; {
		case r == nil:
		case r.Tile != nil:
			images = fmt.Sprintf("tiles, %d + %d each", r.Tile[0], r.Tile[1])
		default:
			images = fmt.Sprintf("patches, × %s", r.Patch)
		}
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", name, encoding, window, number(m.MaxOutput), in, cached, written, out, images)
	}
	return s.String()
}
