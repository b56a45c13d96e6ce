package gvisor_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/probe"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// Each probe and each limit is seen to fail when its protection is taken away.
// What the runner does inside is in the reach of the code, which takes it away.
// A snapshot depends on what is taken away, so each host makes one of its own.
func TestWeakened(t *testing.T) {
	t.Parallel()
	canary, err := probe.NewCanary()
	if err != nil {
		t.Fatal(err)
	}
	defer canary.Close()
	weak := func(t *testing.T, limits sandbox.Limits, f func(*specs.Spec), flags ...string) *sandboxtest.Session {
		dir := t.TempDir() // no shared snapshots
		h := gvisortest.OpenIn(t, dir, gvisor.Weaken(gvisor.Options{Limits: limits}, f, flags...))
		return sandboxtest.NewSession(t, h)
	}
	open := func(t *testing.T, o gvisor.Options) *sandboxtest.Session {
		return sandboxtest.NewSession(t, gvisortest.Open(t, o))
	}
	bind := func(s *specs.Spec, dir string) {
		s.Mounts = append(s.Mounts, specs.Mount{Destination: dir, Source: dir, Type: "bind", Options: []string{"rbind", "rw"}})
	}
	reached := func(t *testing.T, s *sandboxtest.Session, names ...string) {
		t.Helper()
		for _, p := range probe.Probes() {
			if !slices.Contains(names, p.Name) {
				continue
			}
			// chroot harms the runner: what counts is what was printed.
			if res := s.Run(canary.Code(p.Code)); strings.TrimSpace(res.Output) == probe.Confined || res.Output == "" {
				t.Errorf("%q still holds: %+v", p.Name, res)
			}
		}
	}
	t.Run("mounts, environment and network", func(t *testing.T) {
		s := weak(t, sandbox.Limits{}, func(s *specs.Spec) {
			// /tmp of the sandbox would hide it.
			s.Mounts = slices.DeleteFunc(s.Mounts, func(m specs.Mount) bool { return m.Destination == "/tmp" })
			bind(s, filepath.Dir(canary.File))
			s.Process.Env = append(s.Process.Env, "ATTACHE_CANARY="+canary.Secret, "DISCORD_TOKEN=x")
			s.Linux.Namespaces = slices.DeleteFunc(s.Linux.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == specs.NetworkNamespace })
		}, "--network=host")
		before := canary.Calls()
		reached(t, s, "no file of the host", "no environment of the host", "no network")
		if canary.Calls() < before+2 { // TCP and UDP
			t.Errorf("the sink saw nothing")
		}
	})
	t.Run("user and root", func(t *testing.T) {
		s := weak(t, sandbox.Limits{}, func(s *specs.Spec) {
			s.Process.User = specs.User{}
			all := []string{"CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SETUID", "CAP_MKNOD", "CAP_DAC_OVERRIDE"}
			s.Process.Capabilities = &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all}
			s.Root.Readonly = false
		}, "--overlay2=root:memory")
		reached(t, s, "no privileges", "nothing of the system can be changed")
	})
	t.Run("processes, memory and disk", func(t *testing.T) {
		s := weak(t, sandbox.Limits{Processes: 300, Memory: 4 << 30, Work: 1 << 30}, nil)
		for _, code := range []string{
			"import subprocess\nfor i in range(100): subprocess.Popen(['sleep', '60'])\nprint('ok')",
			"b = bytearray(1300 << 20)\nwith open('/work/.fill', 'wb') as f:\n    for i in range(600): f.write(bytes(1 << 20))\nprint('ok')",
		} {
			if got := s.Output(code); got != "ok" {
				t.Errorf("%s", got)
			}
		}
	})
	t.Run("output", func(t *testing.T) {
		code := "print('x' * 300_000)"
		if got := open(t, gvisor.Options{}).Output(code); len(got) > 110_000 || !strings.Contains(got, "characters left out") {
			t.Errorf("%d characters with a limit", len(got))
		}
		if got := open(t, gvisor.Options{Limits: sandbox.Limits{Output: 1 << 20}}).Output(code); len(got) != 300_000 {
			t.Errorf("%d characters without a limit", len(got))
		}
	})
	t.Run("time", func(t *testing.T) {
		code := "import time\ntime.sleep(2)"
		if res := open(t, gvisor.Options{Limits: sandbox.Limits{Time: time.Second}}).Run(code); res.Outcome != sandbox.TimedOut {
			t.Errorf("with a limit: %+v", res)
		}
		if res := open(t, gvisor.Options{}).Run(code); res.Outcome != sandbox.OK {
			t.Errorf("without a limit: %+v", res)
		}
	})
	t.Run("children", func(t *testing.T) {
		s := open(t, gvisor.Options{})
		for weakened, want := range []string{"1", "2"} {
			if weakened == 1 {
				s.Run("import attache.session\nattache.session._kill_children = lambda: None")
			}
			s.Run("import subprocess\nsubprocess.Popen(['setsid', 'sleep', '1000'])")
			s.Expect("import glob, time\ntime.sleep(.2)\nprint(len(glob.glob('/proc/[0-9]*')))", want)
		}
	})
	t.Run("plants", func(t *testing.T) {
		s := open(t, gvisor.Options{})
		plant := func(want string) {
			t.Helper()
			// A FIFO with a writer, so that what reads it gets something and an end.
			s.Run(`
import os, shutil, threading
for name in os.listdir():
    os.remove(name)
os.symlink('/etc/passwd', 'passwd.txt')
os.mkfifo('pipe.txt')
r = os.open('pipe.txt', os.O_RDONLY | os.O_NONBLOCK)
w = os.open('pipe.txt', os.O_WRONLY)
os.write(w, b'through the pipe'); os.close(w)
`)
			if got := strings.Join(slices.Sorted(maps.Keys(s.Saved)), " "); got != want {
				t.Errorf("sent: %q, want %q", got, want)
			}
			for name, content := range s.Saved {
				if !strings.Contains(string(content), map[string]string{"passwd.txt": "root:", "pipe.txt": "through the pipe"}[name]) {
					t.Errorf("%s: %q", name, content)
				}
			}
		}
		plant("")
		// The look at the folder takes all for files: what opens them refuses still.
		s.Run(`
import attache.outputs, os
def walk(self):
    for name in os.listdir(self.folder):
        yield os.path.join(self.folder, name), (0, 0, os.lstat(name).st_ino)
attache.outputs.Outputs._walk = walk`)
		plant("")
		// A link is followed, and must be to a file.
		s.Run("os.O_NOFOLLOW = 0")
		plant("passwd.txt")
		s.Run("attache.outputs.stat.S_ISREG = lambda mode: True")
		plant("passwd.txt pipe.txt")
	})
	t.Run("wheels only", func(t *testing.T) {
		for _, weakened := range []bool{false, true} {
			marker := filepath.Join(t.TempDir(), "ran")
			ix := sandboxtest.NewIndex(t, map[string][]byte{"built-1.0.tar.gz": sandboxtest.Sdist("built", fmt.Sprintf("open(%q, 'w')\n", marker))})
			o := gvisor.Options{Packages: wheels.Any, Index: ix.URL()}
			if weakened {
				o = gvisor.Building(o)
			}
			if res := open(t, o).Run("import built"); res.Outcome != sandbox.Failed {
				t.Errorf("%+v", res)
			}
			if _, err := os.Stat(marker); (err == nil) != weakened {
				t.Errorf("weakened: %v, and code of the package on the host: %v", weakened, err)
			}
		}
	})
	t.Run("the sandbox itself", func(t *testing.T) {
		for _, p := range probe.Probes() {
			if os.Geteuid() != 0 && (p.Name == "no privileges" || strings.HasPrefix(p.Name, "nothing of the system")) {
				continue // an ordinary user has none
			}
			cmd := exec.Command(filepath.Join(gvisortest.Python(t).Env, "bin", "python"), "-c", canary.Code(p.Code))
			cmd.Env = append(os.Environ(), "ATTACHE_CANARY="+canary.Secret)
			out, err := cmd.CombinedOutput()
			if err != nil || strings.TrimSpace(string(out)) == probe.Confined {
				t.Errorf("%q holds without a sandbox: %v %s", p.Name, err, out)
			}
		}
	})
}
