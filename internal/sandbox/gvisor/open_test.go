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
		"no gofer": func() error {
			_, err := gvisor.Open(t.Context(), dir, self, &wheels.Python{Env: dir, Version: "3.11"}, o)
			if !strings.Contains(fault.Message(err), "gvisor-bin/checkpointgofer") {
				t.Errorf("no gofer: %v", err)
			}
			return err
		},
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
