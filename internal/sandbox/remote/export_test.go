package remote

import (
	"context"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/sandbox"
)

// SetLeaseTime is for all workers and drivers of this process from now on.
func SetLeaseTime(d time.Duration) { leaseTime = d }

// SetPatience is for all workers of this process from now on.
func SetPatience(d time.Duration) { patience = d }

// SweepAt sweeps as at a time.
func (d *Driver) SweepAt(ctx context.Context, now time.Time) error { return d.sweep(ctx, now) }

// Order has a worker run a cell for a generation of its lease, and tells whether it
// refused.
func (d *Driver) Order(ctx context.Context, w Report, generation uint64, key sandbox.Key) (refused bool, err error) {
	out, err := d.call(ctx, w, order{Op: "run", Key: key, Generation: generation, First: true, New: true, Status: true}, sandbox.Cell{Code: "x"}, nil)
	return out.Refused, err
}

// Still tells whether what a call did counts.
func (d *Driver) Still(ctx context.Context, s cluster.Session) bool { return d.still(ctx, s) }
