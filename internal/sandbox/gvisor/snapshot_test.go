package gvisor_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// A snapshot that no process has needed for a day is removed; a data folder
// that moved still has its own.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	dir := gvisortest.Dir(t)
	snapshots := filepath.Join(t.TempDir(), "snapshots")
	if err := os.Mkdir(snapshots, 0o700); err != nil {
		t.Fatal(err)
	}
	link := func(dir string) {
		t.Helper()
		os.Remove(filepath.Join(dir, "snapshots"))
		if err := os.Symlink(snapshots, filepath.Join(dir, "snapshots")); err != nil {
			t.Fatal(err)
		}
	}
	link(dir)
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "recent": 23 * time.Hour} {
		path := filepath.Join(snapshots, name)
		then := time.Now().Add(-age)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (all []string) {
		entries, _ := os.ReadDir(snapshots)
		for _, e := range entries {
			all = append(all, e.Name())
		}
		return all
	}
	gvisortest.OpenIn(t, dir, gvisor.Options{})
	for end := time.Now().Add(time.Minute); len(names()) != 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("snapshots: %q", names())
		}
	}
	for _, n := range names() {
		if n == "old" {
			t.Error("the old one is still there")
		}
	}
	moved := gvisortest.Dir(t)
	link(moved)
	gvisortest.OpenIn(t, moved, gvisor.Options{})
	if len(names()) != 2 {
		t.Errorf("another folder made another snapshot: %q", names())
	}
}

// An environment of packages that no process has used for a week is removed.
func TestOldEnvironments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	py := gvisortest.Python(t)
	own := filepath.Join(dir, filepath.Base(py.Env)) // whole as far as it is looked at
	if err := errors.Join(os.MkdirAll(filepath.Join(own, "bin"), 0o755), os.Symlink("python3", filepath.Join(own, "bin", "python"))); err != nil {
		t.Fatal(err)
	}
	for name, days := range map[string]int{filepath.Base(py.Env): 30, "env-old": 8, "env-recent": 6} {
		then := time.Now().AddDate(0, 0, -days)
		mark := filepath.Join(dir, name, "complete")
		if err := errors.Join(os.MkdirAll(filepath.Dir(mark), 0o755), os.WriteFile(mark, nil, 0o644), os.Chtimes(mark, then, then)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := wheels.PreparePython(t.Context(), dir, os.Getenv("PYTHON"), "", io.Discard); err != nil {
		t.Fatal(err)
	}
	got, _ := filepath.Glob(filepath.Join(dir, "env-*"))
	if want := []string{own, filepath.Join(dir, "env-recent")}; !slices.Equal(got, want) {
		t.Errorf("left: %q", got)
	}
}
