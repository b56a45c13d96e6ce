package sandbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// Each probe and each limit is seen to fail when its protection is taken away.
// A snapshot depends on what is taken away, so each host makes one of its own.
func TestWeakened(t *testing.T) {
	canary, err := sandbox.NewCanary()
	if err != nil {
		t.Fatal(err)
	}
	defer canary.Close()
	weak := func(t *testing.T, limits sandbox.Limits, f func(*specs.Spec), flags ...string) *sandboxtest.Session {
		dir := t.TempDir() // no shared snapshots
		h := sandboxtest.OpenIn(t, dir, sandbox.Weaken(sandbox.Options{Limits: limits}, f, flags...))
		return sandboxtest.NewSession(t, h)
	}
	bind := func(s *specs.Spec, dir string) {
		s.Mounts = append(s.Mounts, specs.Mount{Destination: dir, Source: dir, Type: "bind", Options: []string{"rbind", "rw"}})
	}
	reached := func(t *testing.T, s *sandboxtest.Session, names ...string) {
		t.Helper()
		for _, p := range sandbox.Probes() {
			if !slices.Contains(names, p.Name) {
				continue
			}
			// chroot harms the runner: what counts is what was printed.
			if res := s.Run(canary.Code(p.Code)); strings.TrimSpace(res.Output) == sandbox.Confined || res.Output == "" {
				t.Errorf("%q still holds: %+v", p.Name, res)
			}
		}
	}
	t.Run("mounts", func(t *testing.T) {
		s := weak(t, sandbox.Limits{}, func(s *specs.Spec) {
			// /tmp of the sandbox would hide it.
			s.Mounts = slices.DeleteFunc(s.Mounts, func(m specs.Mount) bool { return m.Destination == "/tmp" })
			bind(s, filepath.Dir(canary.File))
		})
		reached(t, s, "no file of the host")
	})
	t.Run("environment", func(t *testing.T) {
		s := weak(t, sandbox.Limits{}, func(s *specs.Spec) {
			s.Process.Env = append(s.Process.Env, "ATTACHE_CANARY="+canary.Secret, "DISCORD_TOKEN=x")
		})
		reached(t, s, "no environment of the host")
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
	t.Run("network", func(t *testing.T) {
		s := weak(t, sandbox.Limits{}, func(s *specs.Spec) {
			s.Linux.Namespaces = slices.DeleteFunc(s.Linux.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == specs.NetworkNamespace })
		}, "--network=host")
		before := canary.Calls()
		reached(t, s, "no network")
		if canary.Calls() < before+2 { // TCP and UDP
			t.Errorf("the sink saw nothing")
		}
	})
	t.Run("processes", func(t *testing.T) {
		s := weak(t, sandbox.Limits{Processes: 300}, nil)
		if got := s.Output("import subprocess\nfor i in range(100): subprocess.Popen(['sleep', '60'])\nprint('ok')"); got != "ok" {
			t.Errorf("%s", got)
		}
	})
	t.Run("memory and disk", func(t *testing.T) {
		s := weak(t, sandbox.Limits{Memory: 4 << 30, Work: 1 << 30}, nil)
		if got := s.Output("b = bytearray(1300 << 20)\nwith open('/work/.fill', 'wb') as f:\n    for i in range(600): f.write(bytes(1 << 20))\nprint('ok')"); got != "ok" {
			t.Errorf("%s", got)
		}
	})
	t.Run("the sandbox itself", func(t *testing.T) {
		t.Setenv("ATTACHE_CANARY", canary.Secret)
		for _, p := range sandbox.Probes() {
			if os.Geteuid() != 0 && (p.Name == "no privileges" || strings.HasPrefix(p.Name, "nothing of the system")) {
				continue // an ordinary user has none
			}
			cmd := exec.Command(filepath.Join(sandboxtest.Python(t).Env, "bin", "python"), "-c", canary.Code(p.Code))
			out, err := cmd.CombinedOutput()
			if err != nil || strings.TrimSpace(string(out)) == sandbox.Confined {
				t.Errorf("%q holds without a sandbox: %v %s", p.Name, err, out)
			}
		}
	})
}
