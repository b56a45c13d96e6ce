package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
