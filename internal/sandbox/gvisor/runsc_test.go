package gvisor

import (
	"fmt"
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
		{fork(syscall.EPERM), map[string]string{limit: "10"}, "--security-opt seccomp=unconfined"},
		{fork(syscall.EPERM), nil, "--security-opt seccomp=unconfined"},
	} {
		got := namespaceHint(test.err, func(name string) string { return test.switches[name] })
		if !strings.Contains(got, test.want) {
			t.Errorf("%v %v: %q, want %q", test.err, test.switches, got, test.want)
		}
	}
}

// What the command said last is the reason, or else the error.
func TestStartError(t *testing.T) {
	for said, want := range map[string]string{
		"":                              "the sandbox did not start: frame.",
		"starting\nno such platform.\n": "the sandbox did not start: no such platform.",
	} {
		err := startError(fmt.Errorf("frame"), said)
		if got := fault.Message(err); !fault.Is(err, fault.Unavailable) || got != "Code can't run here: "+want+" Check with `attache doctor`." {
			t.Errorf("%q: %q", said, got)
		}
	}
}
