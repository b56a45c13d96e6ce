package remote

import (
	"context"
	"time"
)

// SweepAt sweeps as at a time.
func (d *Driver) SweepAt(ctx context.Context, now time.Time) error { return d.sweep(ctx, now) }
