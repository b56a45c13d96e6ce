package client_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The table of docs/models.md has the rows and columns of TestProviders, names
// tests that there are, and words that the recorded refusals have.
func TestDocumentedTests(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile("testdata/refusals.json")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, dir := range []string{".", "../filter", "../../chat"} {
		files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(b)
		}
	}
	_, section, _ := strings.Cut(string(doc), "## Tested with each provider's words")
	section, _, _ = strings.Cut(section, "\n## ")
	columns := []string{"provider"}
	for _, a := range aspects {
		columns = append(columns, a.name)
	}
	rows := [][]string{columns}
	for _, p := range providers {
		rows = append(rows, []string{p.name})
	}
	n := 0
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		if n >= len(rows) || !slices.Equal(cells[:len(rows[n])], rows[n]) || len(cells) != len(columns) {
			t.Errorf("row %d has no test, or another one: %q", n, cells)
		}
		if n > 0 && n < len(rows) {
			for i, words := range []string{4: providers[n-1].pictures, 6: providers[n-1].long} {
				if words != "" && !strings.Contains(cells[i], `"`+words+`"`) {
					t.Errorf("%s: the test answers %q", cells[0], words)
				}
			}
		}
		n++
	}
	if n != len(rows) {
		t.Errorf("%d rows, %d are tested", n, len(rows))
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(section, -1)
	words := 0
	for _, m := range named {
		if !strings.Contains(tests.String(), "func "+m[1]+"(t *testing.T)") {
			t.Errorf("there is no %s", m[1])
		}
	}
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(line, -1) {
			if words++; !strings.Contains(string(recorded), m[1]) {
				t.Errorf("no refusal says %q", m[1])
			}
		}
	}
	if len(named) < 10 || words < 20 {
		t.Errorf("only %d tests and %d quotations were read", len(named), words)
	}
}
