package gvisor_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// No sentence of a host that does not open names a folder of this machine.
func TestOpenErrorsNameNoFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := gvisor.Options{Process: gvisortest.Process(t, dir)}
	for what, open := range map[string]func() error{
		"a file for a folder": func() error {
			_, err := gvisor.Open(t.Context(), filepath.Join(file, "sandbox"), self, &wheels.Python{Env: dir, Version: "3.11"}, o)
			return err
		},
		"no runsc": func() error {
			_, err := gvisor.Open(t.Context(), dir, filepath.Join(dir, "runsc"), &wheels.Python{Env: dir, Version: "3.11"}, o)
			return err
		},
		"no gofer":      func() error { return openBeside(t, "", o) },
		"another gofer": func() error { return openBeside(t, self, o) },
		"no Python": func() error {
			_, err := wheels.PreparePython(t.Context(), dir, filepath.Join(dir, "python"), "", io.Discard)
			return err
		},
		"no index": func() error {
			_, err := wheels.PreparePython(t.Context(), dir, "", "http://user:password@127.0.0.1:1/simple", io.Discard)
			return err
		},
	} {
		err := open()
		if got := fault.Message(err); !fault.Is(err, fault.Unavailable) || strings.Contains(got, dir) || strings.Contains(got, "password") || strings.Contains(got, "went wrong") {
			t.Errorf("%s: %q (%v)", what, got, err)
		}
	}
}

// openBeside opens a host whose runsc has a copy of a program for the gofer, or none.
func openBeside(t *testing.T, program string, o gvisor.Options) error {
	dir := t.TempDir()
	if program != "" {
		if err := os.Mkdir(filepath.Join(dir, "gvisor-bin"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(dir, "gvisor-bin", "checkpointgofer")); err != nil {
			t.Fatal(err)
		}
	}
	runsc := filepath.Join(dir, "runsc")
	if err := os.WriteFile(runsc, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := gvisor.Open(t.Context(), dir, runsc, &wheels.Python{Env: dir, Version: "3.11"}, o)
	if !strings.Contains(fault.Message(err), "gvisor-bin/checkpointgofer") {
		t.Errorf("%q: %v", program, err)
	}
	return err
}
