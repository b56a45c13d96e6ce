package discord

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/discord/client"
)

// docs/discord.md names the permissions of the code and all pictures, and no others.
func TestDocs(t *testing.T) {
	dir := filepath.Join("..", "..", "docs")
	b, err := os.ReadFile(filepath.Join(dir, "discord.md"))
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	if !strings.Contains(doc, fmt.Sprintf("permissions=%d\n", client.Permissions)) {
		t.Errorf("the invitation does not ask for permissions %d", client.Permissions)
	}
	for name := range commands {
		if !strings.Contains(doc, "/"+name) {
			t.Errorf("/%s is not in the document", name)
		}
	}
	source, err := os.ReadFile("pictures_test.go")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[string]bool{}
	for _, m := range regexp.MustCompile(`w\.picture\("([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		drawn[m[1]] = true
		if !strings.Contains(doc, "(pictures/"+m[1]+".png)") {
			t.Errorf("the picture %s is not in the document", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\(pictures/([^)]+)\.png\)`).FindAllStringSubmatch(doc, -1) {
		if _, err := os.Stat(filepath.Join(dir, "pictures", m[1]+".png")); err != nil || !drawn[m[1]] {
			t.Errorf("the picture %s is not drawn: %v", m[1], err)
		}
	}
}
