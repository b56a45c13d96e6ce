package gvisor_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// A machine that is short of memory keeps no sandbox that nobody uses, and has
// its pool again when the shortage is over.
func TestMemoryPressure(t *testing.T) {
	var short atomic.Bool
	h := gvisortest.Open(t, gvisor.Short(gvisor.Options{Pool: 2}, short.Load))
	wait := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
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
