package gvisor_test

import (
	"context"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// Sandboxes that are killed while they wait are replaced, and leave nothing open.
func TestPoolReplacesTheDead(t *testing.T) {
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Pool: 2})
	awaitRest(t, h, 2)
	before, killed := measure(t, dir), gvisortest.Sandboxes()
	if len(killed) != 2 {
		t.Fatalf("%d sandboxes", len(killed))
	}
	for _, pid := range killed {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		now := gvisortest.Sandboxes()
		if h.Stats().Ready == 2 && len(now) == 2 && !slices.ContainsFunc(now, func(pid int) bool { return slices.Contains(killed, pid) }) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d are ready; %v were killed, %v live", h.Stats().Ready, killed, now)
		}
	}
	after := measure(t, dir)
	for end := time.Now().Add(time.Minute); after.fds > before.fds && time.Now().Before(end); {
		after = measure(t, dir)
	}
	if after.fds > before.fds {
		t.Errorf("%d descriptors, %d before", after.fds, before.fds)
	}
}

// A machine that is short of memory keeps no sandbox that nobody uses, and has
// its pool again when the shortage is over.
func TestMemoryPressure(t *testing.T) {
	var short atomic.Bool
	h := gvisortest.Open(t, gvisor.Short(gvisor.Options{Pool: 2}, short.Load))
	wait := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %d wait, %d live", what, h.Stats().Ready, h.Stats().Live)
			}
		}
	}
	wait("the pool is full", func() bool { return h.Stats().Ready == 2 })
	s := sandboxtest.NewSession(t, h)
	s.Expect("x = 41\nx", "41")
	wait("the pool is full again", func() bool { return h.Stats().Ready == 2 && h.Stats().Live == 1 })

	short.Store(true)
	wait("nothing waits, the unused session is on disk", func() bool { return h.Stats().Ready == 0 && h.Stats().Live == 0 })
	s.Expect("x + 1", "42") // still works

	short.Store(false)
	wait("the pool is back", func() bool { return h.Stats().Ready == 2 })
	if res, err := h.Run(context.Background(), s.Key, sandbox.Cell{Code: "print(x)"}); err != nil || res.Output != "41\n" {
		t.Errorf("%+v %v", res, err)
	}
}
