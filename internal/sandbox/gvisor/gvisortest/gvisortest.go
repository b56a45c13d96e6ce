// Package gvisortest opens real gVisor sandboxes for tests, and looks at their
// processes and folders.
package gvisortest

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
	"github.com/attachebot/attache/internal/sqlite"
	"github.com/attachebot/attache/internal/testbin"
)

// Base is where the environment, the snapshots and runsc of the tests are:
// ATTACHE_TEST_DATA, or .cache/data of the project, as `make test` prepares it.
func Base() string {
	if dir := os.Getenv("ATTACHE_TEST_DATA"); dir != "" {
		return dir
	}
	return filepath.Join(testbin.Root(), ".cache", "data")
}

// Runsc is gVisor's command for the tests.
func Runsc() string {
	if path := os.Getenv("ATTACHE_TEST_RUNSC"); path != "" {
		return path
	}
	return filepath.Join(testbin.Root(), "bin", "runsc")
}

// Python returns the environment of the tests. Where there is none and none
// can be made, the test is skipped, or fails if REQUIRE has runsc.
func Python(t testing.TB) *wheels.Python {
	t.Helper()
	if _, err := os.Stat(Runsc()); err != nil {
		testbin.Missing(t, "runsc", err.Error())
	}
	py, err := wheels.PreparePython(context.Background(), filepath.Join(Base(), "python"), os.Getenv("PYTHON"), os.Getenv("UV_DEFAULT_INDEX"), io.Discard)
	if err != nil {
		testbin.Missing(t, "runsc", err.Error())
	}
	return py
}

// Dir returns a new folder for a host, which shares the snapshots of all tests.
func Dir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	shareSnapshots(t, dir)
	return dir
}

func shareSnapshots(t testing.TB, dir string) {
	t.Helper()
	shared := filepath.Join(Base(), "sandbox", "snapshots")
	if err := os.MkdirAll(shared, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(shared, filepath.Join(dir, "snapshots")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
}

// Open opens a host in a folder of its own, and closes it with the test.
func Open(t testing.TB, o gvisor.Options) *gvisor.Host {
	t.Helper()
	return OpenIn(t, Dir(t), o)
}

// Records is the store of the processes that share dir.
func Records(t testing.TB, dir string) cluster.Store {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "owners"), 0o700); err != nil {
		t.Fatal(err)
	}
	return Store(t, filepath.Join(dir, "owners", "owners.db"))
}

// Store opens the leases and records in a database file, until the test ends.
func Store(t testing.TB, path string) cluster.Store {
	t.Helper()
	db, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := sqlite.NewCluster(db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Process is one of those that share dir, until the test ends.
func Process(t testing.TB, dir string) *cluster.Process {
	t.Helper()
	p, err := cluster.NewProcess(context.Background(), Records(t, dir), filepath.Join(dir, "owners"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// OpenIn opens a host in dir, as a process of its own, and closes it with the test.
func OpenIn(t testing.TB, dir string, o gvisor.Options) *gvisor.Host {
	t.Helper()
	o.Process = Process(t, dir)
	h, err := gvisor.Open(context.Background(), dir, Runsc(), Python(t), o)
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			testbin.Missing(t, "runsc", err.Error())
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := h.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return h
}

// Driver opens a host for the suites of package sandboxtest.
func Driver(t testing.TB, dir string, o sandboxtest.Options) sandboxtest.Driver {
	t.Helper()
	shareSnapshots(t, dir)
	return OpenIn(t, dir, gvisor.Options{Limits: o.Limits, Pool: o.Pool, Max: o.Max, Idle: o.Idle, Hibernate: o.Hibernate, Rewind: o.Rewind, Packages: o.Packages, Index: o.Index})
}

// Installed returns the names of what is in the folder of packages of a host
// in dir, half-made things included.
func Installed(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "packages", "python*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%q %v", found, err)
	}
	entries, err := os.ReadDir(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// OnlyFiles fails the test when there is anything but folders and regular
// files among the packages of a host in dir, or anything half-made.
func OnlyFiles(t testing.TB, dir string) {
	t.Helper()
	for _, name := range Installed(t, dir) {
		if strings.HasPrefix(name, ".") {
			t.Errorf("left: %q", name)
		}
	}
	err := filepath.WalkDir(filepath.Join(dir, "packages"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !d.Type().IsRegular() {
			t.Errorf("%s is a %s", path, d.Type())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
