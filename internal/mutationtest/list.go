package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mutation takes one protection away: in a file, a text becomes another one.
// The test named must fail then.
type mutation struct {
	name     string
	file     string // in the repository
	pkg      string // of the test: "./internal/web"
	test     string // may name a subtest: TestBombs/memory of children
	old, new string
}

// parse reads a list. Each mutation is
//
//	== what is taken away
//	in FILE
//	noticed by PACKAGE TEST
//	-the text as it is
//	+the text as it becomes; without such lines it is removed
//
// The texts may have several lines. What stands before the first one is for
// the reader.
func parse(list string) ([]mutation, error) {
	var all []mutation
	var errs []error
	for _, block := range strings.Split("\n"+list, "\n== ")[1:] {
		lines := strings.Split(block, "\n")
		m := mutation{name: lines[0]}
		var old, changed []string
		for _, line := range lines[1:] {
			switch {
			case line == "" || line[0] == '#':
			case strings.HasPrefix(line, "in "):
				m.file = line[3:]
			case strings.HasPrefix(line, "noticed by "):
				m.pkg, m.test, _ = strings.Cut(line[len("noticed by "):], " ")
			case line[0] == '-':
				old = append(old, line[1:])
			case line[0] == '+':
				changed = append(changed, line[1:])
			default:
				errs = append(errs, fmt.Errorf("%s: %q is no line of a mutation", m.name, line))
			}
		}
		m.old, m.new = strings.Join(old, "\n"), strings.Join(changed, "\n")
		if m.file == "" || m.pkg == "" || m.test == "" || m.old == "" || m.old == m.new {
			errs = append(errs, fmt.Errorf("%s: it must name a file, a package and a test, and change something", m.name))
		}
		all = append(all, m)
	}
	return all, errors.Join(errs...)
}

// apply returns the file with the mutation. The text must stand there once.
func (m mutation) apply(root string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(data, []byte(m.old)); n != 1 {
		return nil, fmt.Errorf("%s: the text to change stands %d times in %s, not once: %q", m.name, n, m.file, m.old)
	}
	return bytes.Replace(data, []byte(m.old), []byte(m.new), 1), nil
}
