package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/testbin"
)

// Where an ordinary user may not create user namespaces, code is refused with
// the reason and what to do, and everything else works.
func TestUserNamespacesForbidden(t *testing.T) {
	data := dataDir(t)
	note := filepath.Join(t.TempDir(), "note.txt")
	hello := filepath.Join(t.TempDir(), "hello.py")
	for path, content := range map[string]string{note: "some words\n", hello: "print('hello')\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// attache runs the program in a user namespace that allows no other one.
	// The user in it is an ordinary one, and owns what we own.
	attache := func(args ...string) (stdout, stderr string, err error) {
		t.Helper()
		const forbid = `echo 0 > /proc/sys/user/max_user_namespaces || exit 77; exec "$0" "$@"`
		cmd := exec.Command("sh", append([]string{"-c", forbid, filepath.Join(t.TempDir(), "attache")}, args...)...)
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(self, cmd.Args[3]); err != nil {
			t.Fatal(err)
		}
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + data, "PYTHON=" + os.Getenv("PYTHON"), "DATA_DIR=" + data, "RUNSC=" + gvisortest.Runsc()}
		cmd.Dir = data
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Geteuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getegid(), Size: 1}},
			AmbientCaps: []uintptr{unix.CAP_SYS_RESOURCE}, // to forbid
		}
		var out, said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &said
		err = cmd.Run()
		if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() == 77) {
			testbin.Missing(t, "userns", err.Error()+said.String())
		}
		return out.String(), said.String(), err
	}
	const (
		reason = "Code can't run here: the sandbox did not start: this user may not create user namespaces (the limit of their number is reached);"
		todo   = " run `sysctl user.max_user_namespaces=15000`. Check with `attache doctor`."
	)
	has := func(what, text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: there is no %q in\n%s", what, want, text)
			}
		}
	}
	// Both where code has run before and where it never has.
	for _, snapshots := range []bool{true, false} {
		if !snapshots {
			if err := os.Remove(filepath.Join(data, "sandbox", "snapshots")); err != nil {
				t.Fatal(err)
			}
		}
		out, said, err := attache("exec", hello)
		if err == nil || strings.Contains(out, "hello") {
			t.Errorf("exec: %v %s", err, out)
		}
		has("exec", said, reason+todo)
		out, said, err = attache("doctor")
		if err == nil {
			t.Error("doctor: all is well")
		}
		has("doctor", out+said, "FAIL  sandbox ", reason+todo, "ok    data folder and database")
		out, said, err = attache("chat", "--attach", note, "Analyze this data")
		if err == nil {
			t.Error("chat: all is well")
		}
		has("chat", said, "File saved! ID:")
		has("chat", out, reason+todo)
		if !snapshots {
			has("chat", said, reason+todo, "Everything else works.")
		}
		out, said, err = attache("chat", "What can you do?")
		if out == "" || (err == nil) != snapshots { // where code has run before, it is seen when code is to run
			t.Errorf("chat: %v\n%s\n%s", err, out, said)
		}
	}
	if out, said, err := attache("files", "list"); err != nil || strings.Count(out, "note.txt") != 2 {
		t.Errorf("files: %v\n%s\n%s", err, out, said)
	}
}
