package gvisor

import (
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// TestSpec looks at every protection in the description of a sandbox.
// TestWeakened shows what each is good for.
func TestSpec(t *testing.T) {
	limits := sandbox.Limits{Processes: 64, Work: 512 << 20}
	b := &bundle{rootfs: "/root", python: &wheels.Python{Env: "/venv", Base: "/base"}, runner: "/runner", packages: "/pkgs", limits: limits}
	spec := b.spec("/theirs")
	from := map[string]string{}
	for _, m := range spec.Mounts {
		from[m.Destination] = m.Source
		want := []string{"nosuid", "nodev"}
		switch m.Type {
		case "bind":
			want = append(want, "ro")
		case "tmpfs":
			if !slices.ContainsFunc(m.Options, func(o string) bool { return strings.HasPrefix(o, "size=") }) {
				t.Errorf("%s has no bound: %q", m.Destination, m.Options)
			}
		case "proc":
			want = nil // gVisor's own
		default:
			t.Errorf("%s is a %s", m.Destination, m.Type)
		}
		for _, o := range want {
			if !slices.Contains(m.Options, o) {
				t.Errorf("%s lacks %s: %q", m.Destination, o, m.Options)
			}
		}
	}
	for _, dir := range append(operatorsOwn(), "/tmp", "/work", "/dev/shm") {
		if from[dir] != "tmpfs" {
			t.Errorf("%s is %q", dir, from[dir])
		}
	}
	for dir, source := range from {
		want := map[string]string{"/proc": "proc", "/usr": "/usr", "/env/lib": "/venv/lib", "/python": "/base", "/opt/attache": "/runner",
			"/packages": "/pkgs", "/files": "/theirs", "/opt/tools": "/root/opt/tools"}[dir]
		if source != "tmpfs" && source != want {
			t.Errorf("%s is %q of the host, want %q", dir, source, want)
		}
	}
	p := spec.Process
	if p.User.UID != 65534 || p.User.GID != 65534 || len(p.User.AdditionalGids) > 0 || !p.NoNewPrivileges || !spec.Root.Readonly || p.Terminal {
		t.Errorf("%+v %+v", p.User, spec.Root)
	}
	if c := p.Capabilities; c == nil || len(c.Bounding)+len(c.Effective)+len(c.Permitted)+len(c.Inheritable)+len(c.Ambient) > 0 {
		t.Errorf("capabilities %+v", c)
	}
	for _, l := range []specs.POSIXRlimit{{Type: "RLIMIT_NPROC", Hard: 64, Soft: 64}, {Type: "RLIMIT_NOFILE", Hard: 256, Soft: 256}, {Type: "RLIMIT_CORE"}} {
		if !slices.Contains(p.Rlimits, l) {
			t.Errorf("no %+v", l)
		}
	}
	for _, kind := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.NetworkNamespace, specs.IPCNamespace, specs.UTSNamespace, specs.MountNamespace} {
		if !slices.Contains(spec.Linux.Namespaces, specs.LinuxNamespace{Type: kind}) {
			t.Errorf("no namespace of its own: %s", kind)
		}
	}
	if len(spec.Linux.Devices) > 0 || spec.Hooks != nil {
		t.Errorf("%+v %+v", spec.Linux.Devices, spec.Hooks)
	}
}
