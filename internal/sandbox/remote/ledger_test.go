package remote

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
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
	inFile := &ledger{dir: file}
	_, opened := openLedger(filepath.Join(file, "epochs"))
	full := &ledger{dir: dir}
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
	if err := (&ledger{dir: dir}).forget(sandbox.Key{User: 2}); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	if err := (&ledger{dir: dir}).set(sandbox.Key{User: 2}, seen{Epoch: "e"}); err != nil || (&ledger{dir: dir}).epoch(sandbox.Key{User: 2}) != "e" {
		t.Error(err)
	}
}

// A call that hears late that its person was told takes nothing from what came after
// it: neither what another one is to be told, nor the epoch of a session that began
// anew.
func TestLedgerToldLate(t *testing.T) {
	l, err := openLedger(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k := sandbox.Key{User: 1, Conversation: "c"}
	first := seen{"one", []locale.Message{locale.Plain("1"), locale.Later("%s files", "3")}}
	for name, now := range map[string]seen{
		"another note":  {"one", append(slices.Clone(first.Notes), locale.Plain("2"))},
		"another epoch": {Epoch: "two"},
		"both":          {"two", first.Notes},
		"nothing since": first,
	} {
		want := now
		if name == "nothing since" {
			want.Notes = nil
		}
		if err := errors.Join(l.set(k, now), l.told(k, first)); err != nil {
			t.Fatal(err)
		}
		if got := l.read(k); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
