package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/testbin"
)

const (
	maxFileLines    = 600
	maxPackageLines = 4000 // of a package's own code, tests apart
)

// larger are packages with another bound, 0 for none: tokens is a public library.
var larger = map[string]int{"tokens": 0}

// A file is one idea, and a package that grows past its bound holds another one.
// Public libraries are imported whole.
func TestSizes(t *testing.T) {
	packages := map[string]int{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != "../.." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || name == "bin" || name == "data") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		lines := bytes.Count(data, []byte("\n"))
		if lines > maxFileLines && !bytes.Contains(data, []byte("DO NOT EDIT")) {
			t.Errorf("%s has %d lines: look for the second idea in it", path, lines)
		}
		dir, _ := filepath.Rel("../..", filepath.Dir(path))
		if !strings.HasSuffix(name, "_test.go") && !apart(filepath.ToSlash(dir)) {
			packages[filepath.ToSlash(dir)] += lines
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 10 {
		t.Fatalf("only %d packages were read", len(packages))
	}
	for dir, lines := range packages {
		bound, apart := larger[dir]
		if !apart {
			bound = maxPackageLines
		}
		if bound > 0 && lines > bound {
			t.Errorf("%s has %d lines: look for the package inside it", dir, lines)
		}
	}
}

// What others built is fetched when it is needed, and not kept here.
func TestNoProgramsOfOthers(t *testing.T) {
	needsClone(t)
	out, err := exec.Command("git", "-C", testbin.Root(), "ls-files", "-z").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Split(strings.Trim(string(out), "\x00"), "\x00")
	if len(names) < 500 {
		t.Fatalf("only %d files were found", len(names))
	}
	built := []string{".whl", ".egg", ".jar", ".class", ".pyc", ".so", ".a", ".o", ".dll", ".dylib", ".exe", ".deb", ".wasm"}
	for _, name := range names {
		path := filepath.Join(testbin.Root(), name)
		head := make([]byte, 4)
		f, err := os.Open(path)
		if err != nil {
			continue // deleted, and not committed yet
		}
		io.ReadFull(f, head)
		f.Close()
		if slices.Contains(built, strings.ToLower(filepath.Ext(name))) || string(head) == "\x7fELF" || string(head[:2]) == "MZ" {
			t.Errorf("%s is a program or a package that others built", name)
		}
	}
}
