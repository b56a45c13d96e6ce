package container

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/attachebot/attache/internal/fault"
)

// The hint is the switch that forbids, whichever others there are.
func TestNamespaceHint(t *testing.T) {
	const limit, appArmor, clone = "user/max_user_namespaces", "kernel/apparmor_restrict_unprivileged_userns", "kernel/unprivileged_userns_clone"
	fork := func(errno syscall.Errno) error { return fmt.Errorf("fork/exec /bin/runsc: %w", errno) }
	for _, test := range []struct {
		err      error
		switches map[string]string
		want     string
	}{
		{fork(syscall.ENOSPC), map[string]string{limit: "0"}, "`sysctl user.max_user_namespaces=15000`"},
		{fork(syscall.ENOSPC), map[string]string{limit: "10", appArmor: "1"}, "`sysctl user.max_user_namespaces=15000`"},
		{fork(syscall.EACCES), map[string]string{limit: "10", appArmor: "1", clone: "1"}, "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`"},
		{fork(syscall.EPERM), map[string]string{limit: "10", appArmor: "0", clone: "0"}, "`sysctl kernel.unprivileged_userns_clone=1`"},
		{fork(syscall.EPERM), map[string]string{limit: "10"}, "the seccomp profile that comes with Attaché"},
		{fork(syscall.EPERM), nil, "the seccomp profile that comes with Attaché"},
	} {
		if got := namespaceHint(test.err, 0, func(string) string { return "" }); !strings.Contains(got, "CAP_SETFCAP") {
			t.Errorf("root without capabilities: %q", got)
		}
		got := namespaceHint(test.err, 1500, func(name string) string { return test.switches[name] })
		if !strings.Contains(got, test.want) {
			t.Errorf("%v %v: %q, want %q", test.err, test.switches, got, test.want)
		}
	}
}

// What the command said is the cause, and in no sentence: it may name folders.
func TestStartError(t *testing.T) {
	for said, want := range map[string]string{
		"": "frame",
		"starting\nno platform in /srv/x/run/y.\n": "frame: no platform in /srv/x/run/y.",
	} {
		err := StartError(fmt.Errorf("frame"), said)
		if got := fault.Message(err); !fault.Is(err, fault.Unavailable) || got != "Code can't run here: the sandbox did not start. Check with `attache doctor`." {
			t.Errorf("%q: %q", said, got)
		}
		if !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: cause %v", said, err)
		}
	}
	const inner = "creating container: cannot create gofer process: gofer: fork/exec /proc/self/exe: no space left on device"
	if got := fault.Message(StartError(fmt.Errorf("the sandbox ended"), inner)); !strings.Contains(got, "namespaces is reached; run `sysctl user.max_") {
		t.Errorf("the limit of namespaces, as runsc says it: %q", got)
	}
	if got := namespaceLimit(func(name string) string { return map[string]string{"user/max_net_namespaces": "0"}[name] }); got != "user.max_net_namespaces" {
		t.Errorf("the limit is %s", got)
	}
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EPERM, syscall.EACCES} {
		got := fault.Message(StartError(fmt.Errorf("fork/exec /srv/x/runsc: %w", errno), "open /srv/x: operation not permitted"))
		if strings.Contains(got, "/srv") {
			t.Errorf("%v: %q", errno, got)
		}
	}
}

// Every command of gVisor confines what it runs, and nothing of our
// environment is near it.
func TestFlags(t *testing.T) {
	t.Setenv("ATTACHE_CANARY", "secret")
	cmd := (&Runsc{Path: "/bin/runsc", Root: "/state"}).command("run", "x")
	for _, flag := range []string{"--root=/state", "--network=none", "--platform=systrap", "--overlay2=none", "--host-settings=ignore", "--gofer-network-namespace=new"} {
		if !slices.Contains(cmd.Args, flag) {
			t.Errorf("no %s: %q", flag, cmd.Args)
		}
	}
	if len(cmd.Env) != 1 || !strings.HasPrefix(cmd.Env[0], "PATH=") {
		t.Errorf("environment %q", cmd.Env)
	}
	for _, a := range cmd.Args {
		if strings.Contains(a, "host-uds") || strings.Contains(a, "network=host") || strings.Contains(a, "TESTONLY") {
			t.Errorf("%s", a)
		}
	}
}
