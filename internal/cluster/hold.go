package cluster

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/fault"
)

// Held is a lease that this process keeps. It renews itself until it is lost or
// released, and is then over for good.
type Held struct {
	store Store
	ttl   time.Duration
	note  func() string

	mu    sync.Mutex
	lease Lease
	until time.Duration // of the clock of boot

	lost   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}
}

// Hold takes the lease of a name and keeps it. While another holds it, the
// error is Exists. Note is called before each renewal and may be nil.
func Hold(ctx context.Context, store Store, name, holder string, ttl time.Duration, note func() string) (*Held, error) {
	if note == nil {
		note = func() string { return "" }
	}
	h := &Held{store: store, ttl: ttl, note: note, lost: make(chan struct{}), done: make(chan struct{})}
	began := SinceBoot()
	l, err := store.Acquire(ctx, name, holder, ttl, note())
	if err != nil {
		return nil, err
	}
	h.lease, h.until = l, began+ttl
	ctx, h.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go h.keep(ctx)
	return h, nil
}

// keep renews three times in the life of a lease. A database that does not
// answer costs nothing until the lease ends.
func (h *Held) keep(ctx context.Context) {
	defer close(h.done)
	tick := time.NewTicker(h.ttl / 3)
	defer tick.Stop()
	for h.Valid() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !h.renew(ctx) {
			break
		}
	}
	if ctx.Err() == nil {
		h.end()
		close(h.lost)
	}
}

// renew prolongs the lease once. It is false if the lease has gone to another.
func (h *Held) renew(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, h.ttl/3)
	defer cancel()
	h.mu.Lock()
	old := h.lease
	h.mu.Unlock()
	began := SinceBoot()
	l, err := h.store.Acquire(ctx, old.Name, old.Holder, h.ttl, h.note())
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case fault.Is(err, fault.Exists):
		return false
	case err != nil:
		return true
	case l.Generation != old.Generation:
		// It ended, and is ours again: what was done under it may be another's by now.
		h.lease, h.until = l, 0
		return false
	}
	h.lease, h.until = l, began+h.ttl
	return true
}

func (h *Held) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.until = 0
}

// Generation is the fencing token of the lease.
func (h *Held) Generation() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lease.Generation
}

// Valid tells whether the lease is certainly ours now, as far as this machine's
// clock of boot can tell, which counts while the process or the machine
// sleeps. It is asked before each action; the generation guards the rest.
func (h *Held) Valid() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return SinceBoot() < h.until
}

// Lost is closed when the lease has ended without Release.
func (h *Held) Lost() <-chan struct{} { return h.lost }

// Release stops renewing and gives the lease back. Twice is once.
func (h *Held) Release(ctx context.Context) error {
	h.cancel()
	<-h.done
	h.mu.Lock()
	l := h.lease
	h.until = 0
	h.mu.Unlock()
	return h.store.Release(ctx, l)
}

// SinceBoot is the time since the machine started, its sleep included. No setting
// of the wall clock moves it, and a stopped process finds it gone on.
func SinceBoot() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic(err) // every Linux since 2.6.39 has it
	}
	return time.Duration(ts.Nano())
}
