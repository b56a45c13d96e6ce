package client_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The table of docs/models.md names tests that there are, and words that the
// recorded refusals have.
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
	for _, dir := range []string{".", "../../chat"} {
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
	if len(named) < 20 || words < 15 {
		t.Errorf("only %d tests and %d quotations were read", len(named), words)
	}
}
