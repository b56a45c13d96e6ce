package gvisor_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// storedThenChanged returns a session that was stored with x = 'stored' and has
// gone on to x = 'newer'.
func storedThenChanged(t *testing.T, idle time.Duration) (*gvisor.Host, *sandboxtest.Session) {
	t.Helper()
	dir := gvisortest.Dir(t)
	t.Run("stored", func(t *testing.T) {
		s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
		s.Key.Conversation = "c"
		s.Run("x = 'stored'\nlocked = __import__('threading').Lock()") // one that only an image keeps
	})
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Idle: idle})
	s := sandboxtest.NewSession(t, h)
	s.Key.Conversation = "c"
	s.Run("x = 'newer'")
	return h, s
}

func killSandboxes(t *testing.T) {
	t.Helper()
	pids := gvisortest.Sandboxes()
	if len(pids) == 0 {
		t.Fatal("no sandbox to kill")
	}
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	gvisortest.AwaitNoSandboxes(t)
	time.Sleep(500 * time.Millisecond) // its parent ends after it
}

// expectStored runs a cell, which finds what was stored.
func expectStored(t *testing.T, s *sandboxtest.Session, said bool) {
	t.Helper()
	res := s.Run("print(x, type(locked).__name__)")
	if res.Outcome != sandbox.OK || res.Output != "stored lock\n" {
		t.Errorf("%+v", res)
	}
	if got := strings.Contains(fmt.Sprint(res.Notes), "the session is as it was on "); got != said {
		t.Errorf("notes %q", res.Notes)
	}
}

// A sandbox that is killed between two cells is noticed before the second one,
// which runs in what was stored before.
func TestKilledBetweenCells(t *testing.T) {
	_, s := storedThenChanged(t, time.Hour)
	killSandboxes(t)
	expectStored(t, s, true)
}

// A checkpoint of a sandbox that is dead leaves the older image.
func TestKilledBeforeHibernation(t *testing.T) {
	h, s := storedThenChanged(t, 3*time.Second)
	killSandboxes(t)
	sandboxtest.AwaitNoSessions(t, h)
	expectStored(t, s, true)
}

// A cell that ends its sandbox costs what came after the older image, and says so.
func TestKilledInACell(t *testing.T) {
	_, s := storedThenChanged(t, time.Hour)
	res := s.Run("import os\nos._exit(1)")
	if res.Outcome != sandbox.Crashed || !strings.Contains(res.Error, "goes back to what it was on ") || strings.Contains(res.Error, "gone") {
		t.Errorf("%+v", res)
	}
	expectStored(t, s, false)
}

// A host that is killed at any step of a hibernation loses nothing: gVisor goes on
// with a checkpoint that was begun, and the next host has the session as it was.
func TestHostKilledWhileStoring(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"dumped", "named", "checkpointing", "checkpointed", "packed", "written"} {
		t.Run(step, func(t *testing.T) {
			dir := gvisortest.Dir(t)
			killHost(t, dir, step, "")
			s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
			s.Key.Conversation = "c"
			res := s.Run("print(x, type(locked).__name__, open('made').read())")
			if res.Outcome != sandbox.OK || res.Output != "newer lock newer\n" || len(res.Notes) > 0 {
				t.Errorf("%+v", res)
			}
		})
	}
}

// A sandbox that is killed in its checkpoint leaves the older image and the newer
// variables and files; the person is told which is which.
func TestSandboxKilledWhileStoring(t *testing.T) {
	for _, with := range []string{"host", "alone"} {
		t.Run(with, func(t *testing.T) {
			dir := gvisortest.Dir(t)
			killHost(t, dir, "checkpointing", with)
			s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
			s.Key.Conversation = "c"
			res := s.Run("print(x, type(locked).__name__, open('made').read())")
			if res.Outcome != sandbox.OK || res.Output != "newer lock newer\n" {
				t.Errorf("%+v", res)
			}
			notes := strings.Trim(fmt.Sprint(res.Notes), "[]")
			if !strings.HasPrefix(notes, "the session is as it was on ") || !strings.HasSuffix(notes, ", but for these, which are newer: x, /work/made") {
				t.Errorf("%q", notes)
			}
		})
	}
}

// killHost runs a host in a process of its own, which stores a session, goes on in
// it, and is killed at a step of storing it again. Sandbox says that its sandbox is
// killed too ("host"), or alone.
func killHost(t *testing.T, dir, step, sandbox string) {
	t.Helper()
	gvisortest.Python(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestHostToKill$", "-test.v")
	cmd.Env = append(os.Environ(), "ATTACHE_TEST_KILL="+step, "ATTACHE_TEST_KILL_DIR="+dir, "ATTACHE_TEST_KILL_SANDBOX="+sandbox)
	out, err := cmd.CombinedOutput()
	if killed := strings.Contains(fmt.Sprint(err), "killed"); killed == (sandbox == "alone") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestHostToKill(t *testing.T) {
	dir, step := os.Getenv("ATTACHE_TEST_KILL_DIR"), os.Getenv("ATTACHE_TEST_KILL")
	if dir == "" {
		t.Skip("a helper of TestHostKilledWhileStoring")
	}
	run := func(h *gvisor.Host, code string) {
		t.Helper()
		res, err := h.Run(t.Context(), sandbox.Key{User: 1, Conversation: "c"}, sandbox.Cell{Code: code})
		if err != nil || res.Outcome != sandbox.OK {
			t.Fatalf("%v %+v", err, res)
		}
	}
	h := gvisortest.OpenIn(t, dir, gvisor.Options{})
	run(h, "x = 'stored'\nlocked = __import__('threading').Lock()\nopen('made', 'w').write('stored')")
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	h = gvisortest.OpenIn(t, dir, gvisor.Stepping(gvisor.Options{Log: log}, func(now string) {
		which := os.Getenv("ATTACHE_TEST_KILL_SANDBOX")
		kill := func() {
			for _, pid := range gvisortest.Sandboxes() {
				if which != "" {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			if which != "alone" {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}
		switch {
		case now == step:
			kill()
		case now == "named" && step == "checkpointing":
			time.AfterFunc(20*time.Millisecond, kill)
		}
	}))
	run(h, "x = 'newer'; open('made', 'w').write('newer')")
	t.Log("not killed: ", h.Close(t.Context()))
}

// A hibernation that runs into its bound of time leaves the older image, and what it
// had written of the newer variables.
func TestStoringTakesTooLong(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]string{"named": "newer lock\n", "begun": "stored lock\n"} {
		t.Run(step, func(t *testing.T) {
			dir := gvisortest.Dir(t)
			in := func(name string, o gvisor.Options, code string) (res sandbox.Result) {
				t.Run(name, func(t *testing.T) { // its host ends with it
					s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, o))
					s.Key.Conversation = "c"
					res = s.Run(code)
				})
				return res
			}
			in("stored", gvisor.Options{}, "x = 'stored'\nlocked = __import__('threading').Lock()")
			end := func() {}
			o := gvisor.Storing(gvisor.Options{}, func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(ctx)
				end = func() { cancel(context.DeadlineExceeded) }
				if step == "begun" {
					end()
				}
				return ctx, end
			})
			in("too long", gvisor.Stepping(o, func(now string) {
				if now == step {
					end()
				}
			}), "x = 'newer'")
			res := in("after it", gvisor.Options{}, "print(x, type(locked).__name__)")
			if res.Outcome != sandbox.OK || res.Output != want || !strings.Contains(fmt.Sprint(res.Notes), "the session is as it was on ") {
				t.Errorf("%+v", res)
			}
		})
	}
}

// A disk without room for an image takes the variables, and what was stored stays.
func TestDiskFull(t *testing.T) {
	dir := gvisortest.Dir(t)
	t.Run("stored", func(t *testing.T) {
		s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
		s.Key.Conversation = "c"
		s.Run("x = 'stored'\nlocked = __import__('threading').Lock()")
	})
	t.Run("full", func(t *testing.T) {
		s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Free(gvisor.Options{}, func(string) int64 { return 100 << 20 })))
		s.Key.Conversation = "c"
		s.Run("x = 'newer'")
	})
	s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
	s.Key.Conversation = "c"
	res := s.Run("print(x, type(locked).__name__)")
	if res.Output != "newer lock\n" || !strings.Contains(fmt.Sprint(res.Notes), ", but for these, which are newer: x") {
		t.Errorf("%+v", res)
	}
}
