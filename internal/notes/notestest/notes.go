// Package notestest is the contract of notes.Store: a suite that every
// implementation passes.
package notestest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/notes"
)

// Notes runs the suite. Open returns an empty store.
func Notes(t *testing.T, open func(t *testing.T) notes.Store) {
	t.Run("Keeps", func(t *testing.T) { t.Parallel(); keeps(t, open(t)) })
	t.Run("AtOnce", func(t *testing.T) { t.Parallel(); atOnce(t, open(t)) })
	t.Run("Canceled", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.SetNote(ctx, "a", "1"); err == nil {
			t.Error("a canceled note was kept")
		}
		if _, err := s.Notes(ctx, "", 1); err == nil || fault.Is(err, fault.Internal) {
			t.Errorf("got %v", err)
		}
	})
}

func set(t *testing.T, s notes.Store, name, text string) {
	t.Helper()
	if err := s.SetNote(t.Context(), name, text); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s notes.Store, prefix string, limit int) string {
	t.Helper()
	all, err := s.Notes(t.Context(), prefix, limit)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, n := range all {
		out = append(out, n.Name+"="+n.Text)
	}
	return strings.Join(out, " ")
}

func keeps(t *testing.T, s notes.Store) {
	for _, n := range []string{"a/1", "a/2", "a/3", "b", "a%", "a_1", "A/1"} {
		set(t, s, n, "x")
	}
	set(t, s, "a/1", "漢字'; --")
	set(t, s, "a/2", "")
	set(t, s, "absent", "")
	for _, c := range []struct {
		prefix string
		limit  int
		want   string
	}{
		{"a/", 10, "a/1=漢字'; -- a/3=x"},
		{"a/", 1, "a/1=漢字'; --"},
		{"b", 10, "b=x"},
		{"c", 10, ""},
		{"a_", 10, "a_1=x"},
		{"a%", 10, "a%=x"},
		{"", 2, "a/1=漢字'; -- A/1=x"},
	} {
		if got := get(t, s, c.prefix, c.limit); got != c.want {
			t.Errorf("%q: %q, want %q", c.prefix, got, c.want)
		}
	}
}

func atOnce(t *testing.T, s notes.Store) {
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := s.SetNote(t.Context(), "n", fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	set(t, s, "n", "last")
	if got := get(t, s, "n", 10); got != "n=last" {
		t.Errorf("%q", got)
	}
}
