package files_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/files"
)

var update = flag.Bool("update", false, "write what is generated from the table of kinds")

// What is generated from the table of kinds is as the table is. go generate
// runs this test with -update.
func TestGenerated(t *testing.T) {
	const begin, end = "<!-- kinds: begin -->\n", "<!-- kinds: end -->\n"
	docs := "../../docs/files.md"
	old, err := os.ReadFile(docs)
	must(t, err)
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks %q and %q", docs, begin, end)
	}
	for path, want := range map[string][]byte{
		docs:                      []byte(before + begin + kindsTable() + end + after),
		"../../runner/kinds.json": files.KindsJSON(),
	} {
		if *update {
			must(t, os.WriteFile(path, want, 0o644))
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not as the table of kinds is (%v): run go generate ./internal/files", path, err)
		}
	}
}

// kindsTable is the table for the documentation.
func kindsTable() string {
	var b strings.Builder
	n := map[string]bool{}
	for _, k := range files.Kinds() {
		for _, e := range k.Extensions {
			n[e] = true
		}
	}
	fmt.Fprintf(&b, "%d kinds, %d extensions.\n\n| kind | extensions | `load_file` gives | installed on first use |\n|---|---|---|---|\n", len(files.Kinds()), len(n))
	for _, k := range files.Kinds() {
		fmt.Fprintf(&b, "| %s %s | `%s` | %s | %s |\n", k.Emoji, k.Kind, strings.Join(k.Extensions, "` `"), k.Loads, strings.Join(k.Needs, ", "))
	}
	return b.String()
}
