package tools

import (
	"io"
	"strings"
	"testing"
)

// What programs leave beside their results is not kept: journals, caches, empty files.
func TestWorthKeeping(t *testing.T) {
	for name, want := range map[string]bool{
		"chart.png": true, "report.csv": true, "notes": true, "journal.txt": true, "lock.csv": true,
		"shop.db-journal": false, "shop.db-wal": false, "shop.db-SHM": false, "module.pyc": false, "a.lock": false, "upload.tmp": false,
	} {
		body, keep := worthKeeping(name, strings.NewReader("content"))
		if keep != want {
			t.Errorf("%s: %v", name, keep)
		}
		if data, err := io.ReadAll(body); keep && (err != nil || string(data) != "content") {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		if _, keep := worthKeeping(name, strings.NewReader("")); keep {
			t.Errorf("%s is kept though it is empty", name)
		}
	}
}
