package remote

import (
	"context"
	"time"
)

// SetLeaseTime is for all workers and drivers of this process from now on.
func SetLeaseTime(d time.Duration) { leaseTime = d }

// SetPatience is for all workers of this process from now on.
func SetPatience(d time.Duration) { patience = d }

// SweepAt sweeps as at a time.
func (d *Driver) SweepAt(ctx context.Context, now time.Time) error { return d.sweep(ctx, now) }
