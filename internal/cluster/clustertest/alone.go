package clustertest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
)

// A Mortal store fails for good once it is dead: what a process that was killed
// sees and leaves.
type Mortal struct {
	cluster.Store
	Dead atomic.Bool
}

func (m *Mortal) err() error {
	if m.Dead.Load() {
		return fault.New(fault.Unavailable, "This process is dead.")
	}
	return nil
}

func (m *Mortal) Acquire(ctx context.Context, name, holder string, ttl time.Duration, note string) (cluster.Lease, error) {
	if err := m.err(); err != nil {
		return cluster.Lease{}, err
	}
	return m.Store.Acquire(ctx, name, holder, ttl, note)
}

func (m *Mortal) Release(ctx context.Context, l cluster.Lease) error {
	if err := m.err(); err != nil {
		return err
	}
	return m.Store.Release(ctx, l)
}

func (m *Mortal) Leases(ctx context.Context, prefix string) ([]cluster.Lease, error) {
	if err := m.err(); err != nil {
		return nil, err
	}
	return m.Store.Leases(ctx, prefix)
}

const aloneTTL = 3 * time.Second

// What runs alone runs in one process, and elsewhere when that one is gone.
func alone(t *testing.T, s Opened) {
	first := &Mortal{Store: s}
	ran := make(chan string, 10)
	run := func(ctx context.Context, store cluster.Store, name string) <-chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			cluster.Alone(ctx, store, "sweeps", aloneTTL, func(ctx context.Context) {
				ran <- name
				<-ctx.Done()
			})
		}()
		return done
	}
	ctx, cancel := context.WithCancel(t.Context())
	a := run(ctx, first, "a")
	if who := <-ran; who != "a" {
		t.Fatal(who)
	}
	b := run(ctx, s, "b")
	select {
	case who := <-ran:
		t.Errorf("%s runs beside a", who)
	case <-time.After(aloneTTL):
	}
	first.Dead.Store(true)
	select {
	case who := <-ran:
		if who != "b" {
			t.Errorf("%s runs after a's end", who)
		}
	case <-time.After(30 * time.Second):
		t.Error("nobody runs after a's end")
	}
	cancel()
	<-a
	<-b
	if leases, err := s.Leases(t.Context(), "sweeps"); err != nil || len(leases) != 0 {
		t.Errorf("left behind: %v, %v", leases, err)
	}
}
