package gvisor_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/testbin"
)

// updated are libraries that a system's updates replace.
var updated = []string{"libssl.so.3", "libc.so.6"}

// An update of the system between a snapshot and its restore, under a bot that
// runs and between two runs of it: code goes on, in a snapshot that was made anew,
// and a session comes back as its variables with a line.
func TestSystemUpdate(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 || !container.Privileged() {
		testbin.Missing(t, "mounts", "only root replaces a library in a mount namespace of its own")
	}
	for _, library := range updated {
		t.Run(library, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSystemUpdateInside$", "-test.v")
			cmd.Env = append(os.Environ(), "ATTACHE_TEST_UPDATE="+library)
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "--- PASS: TestSystemUpdateInside") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestSystemUpdateInside runs in a mount namespace of its own, where it replaces a
// library by another build of it: the same code with other bytes behind.
func TestSystemUpdateInside(t *testing.T) {
	library := os.Getenv("ATTACHE_TEST_UPDATE")
	if library == "" {
		t.Skip("a helper of TestSystemUpdate")
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	path := find(t, library)
	dir := t.TempDir()
	h := gvisortest.OpenIn(t, dir, gvisor.Options{})
	run := func(h *gvisor.Host, conversation, code string) sandbox.Result {
		t.Helper()
		res, err := h.Run(t.Context(), sandbox.Key{User: 1, Conversation: conversation}, sandbox.Cell{Code: code})
		if err != nil || res.Outcome != sandbox.OK {
			t.Fatalf("%v %+v", err, res)
		}
		return res
	}
	const hash = "import hashlib, ssl; print(hashlib.sha256(b'x').hexdigest()[:8])"
	run(h, "stored", "x = 41")
	run(h, "live", "y = 41; "+hash)

	replace(t, path)
	if res := run(h, "new", hash); !strings.Contains(res.Output, "2d711642") {
		t.Errorf("a new session: %+v", res)
	}
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	h = gvisortest.OpenIn(t, dir, gvisor.Options{})
	for conversation, variable := range map[string]string{"stored": "x", "live": "y"} {
		res := run(h, conversation, "print("+variable+" + 1); "+hash)
		if !strings.Contains(res.Output, "42\n2d711642") || !strings.Contains(fmt.Sprint(res.Notes), "restored: "+variable) {
			t.Errorf("%s: %+v", conversation, res)
		}
	}
	if made, _ := filepath.Glob(filepath.Join(dir, "snapshots", "*", "mapped.json")); len(made) < 2 {
		t.Errorf("snapshots %q", made)
	}
	// Without another update the session is whole.
	run(h, "whole", "z = open('/tmp/x', 'w')")
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	h = gvisortest.OpenIn(t, dir, gvisor.Options{})
	if res := run(h, "whole", "print(z.name)"); !strings.Contains(res.Output, "/tmp/x") || len(res.Notes) > 0 {
		t.Errorf("%+v", res)
	}
}

// find returns where a library of the system lies.
func find(t *testing.T, library string) string {
	for _, pattern := range []string{"/usr/lib/*/" + library, "/usr/lib64/" + library, "/usr/lib/" + library} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			if path, err := filepath.EvalSymlinks(found[0]); err == nil {
				return path
			}
		}
	}
	testbin.Missing(t, "libssl", library+" is not there")
	return ""
}

// replace puts another file in a library's place.
func replace(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(other, append(data, fmt.Sprint("another build", os.Getpid())...), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(other, path, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
}
