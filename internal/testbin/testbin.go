// Package testbin builds and runs the servers that tests talk to: real ones,
// from the Go module proxy, built once into .cache of the repository.
package testbin

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Missing skips a test because something that it needs is absent, or fails it
// if $REQUIRE, a comma-separated list, names that.
func Missing(t testing.TB, name, reason string) {
	t.Helper()
	if Required(name) {
		t.Fatalf("%s is required: %s", name, reason)
	}
	t.Skipf("no %s: %s", name, reason)
}

// Root returns the folder of the repository, in which the tests began.
func Root() string { return root() }

var root = sync.OnceValue(func() string {
	for dir := began; ; dir = filepath.Dir(dir) {
		mod, _ := os.ReadFile(filepath.Join(dir, "go.mod"))
		if strings.HasPrefix(string(mod), "module github.com/attachebot/attache\n") {
			return dir
		}
		if dir == filepath.Dir(dir) {
			panic("the tests do not run in the repository")
		}
	}
})

var began, _ = os.Getwd()

// Build returns a program in .cache that is named for the version given, which
// has to change whenever the program would. If it is not there yet, go runs
// with args and has to put it into the folder that "{out}" in args or env
// (NAME=value) stands for.
func Build(name, version string, env []string, args ...string) (string, error) {
	final := filepath.Join(Root(), ".cache", "bin", fmt.Sprintf("%s-%.6x", name, sha256.Sum256([]byte(version))))
	if _, err := os.Stat(final); err == nil {
		return final, nil
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return "", err
	}
	out, err := os.MkdirTemp(filepath.Dir(final), "build-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(out)
	replace := strings.NewReplacer("{out}", out)
	cmd := exec.Command("go")
	for _, a := range args {
		cmd.Args = append(cmd.Args, replace.Replace(a))
	}
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	for _, e := range env {
		cmd.Env = append(cmd.Env, replace.Replace(e))
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, text)
	}
	return final, os.Rename(filepath.Join(out, name), final)
}

// Start runs a program until the test ends, with an open standard input, and
// returns its standard output. What it writes to standard error is in the
// test's log if the test fails.
func Start(t testing.TB, path string, args ...string) io.Reader {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), filepath.Base(path)+".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool { // large packages start faster the second time
		return strings.HasPrefix(e, "PYTHONDONTWRITEBYTECODE=")
	})
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s:\n%s", path, text[max(0, len(text)-4000):])
		}
		log.Close()
	})
	return out
}
