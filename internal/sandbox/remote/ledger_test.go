package remote

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// A folder that can't be written is told with the reason, and without its path.
func TestLedgerTellsWhy(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k := sandbox.Key{User: 1, Conversation: "c"}
	inFile := &ledger{file}
	_, opened := openLedger(filepath.Join(file, "epochs"))
	full := &ledger{dir}
	if err := os.MkdirAll(filepath.Join(full.path(k), "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		err    error
		reason string
	}{
		"open":            {opened, "not a directory"},
		"set":             {inFile.set(k, seen{}), "not a directory"},
		"set over":        {full.set(k, seen{}), "file exists"},
		"forget":          {inFile.forget(k), "not a directory"},
		"forget a folder": {full.forget(k), "directory not empty"},
	} {
		want := "The data folder can't be written: " + c.reason + "."
		if got := fault.Message(c.err); !fault.Is(c.err, fault.Unavailable) || got != want || strings.Contains(got, dir) {
			t.Errorf("%s: %q (%v), want %q", what, got, c.err, want)
		}
	}
	if err := (&ledger{dir}).forget(sandbox.Key{User: 2}); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	if err := (&ledger{dir}).set(sandbox.Key{User: 2}, seen{Epoch: "e"}); err != nil || (&ledger{dir}).epoch(sandbox.Key{User: 2}) != "e" {
		t.Error(err)
	}
}
