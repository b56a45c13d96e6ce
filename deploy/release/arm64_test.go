package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/testbin"
)

// The programs for arm64 run as far as an emulator of its processor goes (qemu-user):
// all but the sandbox, whose processes trace one another, which it does not emulate.
func TestArm64(t *testing.T) {
	if !testbin.Required("release") && os.Getenv("ATTACHE_RELEASE") == "" {
		testbin.Missing(t, "release", "a build of everything takes minutes: ATTACHE_RELEASE=1 runs it")
	}
	qemu := "qemu-aarch64-static"
	if runtime.GOARCH == "arm64" {
		qemu = "env"
	} else if _, err := exec.LookPath(qemu); err != nil {
		testbin.Missing(t, "qemu", "it is in Debian's package qemu-user-static")
	}
	bin, work := t.TempDir(), t.TempDir()
	for program, args := range map[string][]string{
		"attache":         {"./cmd/attache"},
		"runsc":           {"gvisor.dev/gvisor/runsc"},
		"checkpointgofer": {"./cmd/checkpointgofer"},
	} {
		build := exec.Command("go", append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(bin, program)}, args...)...)
		build.Dir, build.Env = testbin.Root(), append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(work, "a.csv"), []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(want string, args ...string) {
		t.Helper()
		cmd := exec.Command(qemu, append([]string{filepath.Join(bin, args[0])}, args[1:]...)...)
		cmd.Dir = work
		cmd.Env = []string{"HOME=" + work, "PATH=" + os.Getenv("PATH"), "DATA_DIR=" + filepath.Join(work, "data"), "SANDBOX_POOL=0", "PYTHON=/nowhere/python3"}
		out, err := cmd.CombinedOutput()
		if !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, and no %q in\n%s", strings.Join(args, " "), err, want, out)
		}
	}
	run("linux/arm64", "attache", "--version")
	run("runsc version", "runsc", "--version")
	run("tokens", "attache", "tokens", "--model", "gpt-4o", "a.csv")
	run("1_", "attache", "files", "put", "a.csv") // an ID of user 1
	run("a.csv  csv", "attache", "files", "list")
	run("Backup made", "attache", "backup", "all.tar")
	run("Everything else works", "attache", "chat", "--attach", "a.csv", "Analyze this data")
}
