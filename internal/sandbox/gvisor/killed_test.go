package gvisor_test

import (
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
	if got := strings.Contains(strings.Join(res.Notes, "\n"), "the session is as it was on "); got != said {
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
