package remote

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/sandbox"
)

// SetLeaseTime is for all workers and drivers of this process from now on.
func SetLeaseTime(d time.Duration) { leaseTime = d }

// SetNobodyFor is for all calls of this process from now on.
func SetNobodyFor(d time.Duration) (back func()) {
	old := nobodyFor
	nobodyFor = d
	return func() { nobodyFor = old }
}

// SetRepeatFor is for all calls of this process from now on.
func SetRepeatFor(d time.Duration) (back func()) {
	old := repeatFor
	repeatFor = d
	return func() { repeatFor = old }
}

// SetPatience is for all workers of this process from now on.
func SetPatience(d time.Duration) { patience = d }

// SetStallTime is for all transfers of this process from now on.
func SetStallTime(d time.Duration) (back func()) {
	old := stallTime
	stallTime = d
	return func() { stallTime = old }
}

// FetchStored fetches what a worker has stored of a session, as its record says.
func (d *Driver) FetchStored(ctx context.Context, key sandbox.Key) error {
	s, err := d.store.Session(ctx, key)
	if err != nil {
		return err
	}
	w, _ := d.fleet.get(s.Worker)
	return d.fetch(ctx, s.Worker, storedRequest{w.Life, s.Generation, key, s.Epoch, false})
}

// SweepAt sweeps as at a time.
func (d *Driver) SweepAt(ctx context.Context, now time.Time) error { return d.sweep(ctx, now) }

// Order has a worker run a cell for a generation of its lease, and tells whether it
// refused.
func (d *Driver) Order(ctx context.Context, w Report, generation uint64, key sandbox.Key) (refused bool, err error) {
	out, err := d.call(ctx, w, order{Op: "run", Key: key, Generation: generation, First: true, New: true, Status: true}, sandbox.Cell{Code: "x"}, nil)
	return out.Refused, err
}

// Untouched has a worker run a cell of a session that it was not told to enter before, and
// tells whether it failed and left the session as it was.
func (d *Driver) Untouched(ctx context.Context, w Report, key sandbox.Key) bool {
	out, err := d.call(ctx, w, order{Op: "run", Key: key, Generation: w.Generation, Epoch: "new", First: true, New: true, Status: true}, sandbox.Cell{Code: "x"}, nil)
	return err == nil && out.Err != nil && out.Untouched
}

// Holding has a worker listen that holds a generation of its lease for a while, and
// neither asks for more nor notices its end.
func Holding(nc *nats.Conn, local Local, dir string, generation uint64, left time.Duration) (Report, error) {
	w, err := NewWorker(nc, "holding", dir, nil, WorkerOptions{})
	if err != nil {
		return Report{}, err
	}
	l := &life{w: w, id: rand.Text(), local: local, calls: map[string]*callee{}, done: map[string]time.Time{}, offers: newOffers(), runs: map[sandbox.Key]*runs{},
		lease: cluster.Lease{Generation: generation}, until: cluster.SinceBoot() + left}
	mine := subjectWorker + w.name + "." + l.id + "."
	_, err = nc.Subscribe(mine+">", func(m *nats.Msg) { l.receive(context.Background(), strings.TrimPrefix(m.Subject, mine), m) })
	return l.state(), err
}

// Serve does what a worker asks for, and waits for it.
func (d *Driver) Serve(f func()) {
	d.serve(f)
	d.work.Wait()
}

// Still tells whether what a call did counts.
func (d *Driver) Still(ctx context.Context, s cluster.Session) bool { return d.still(ctx, s) }
