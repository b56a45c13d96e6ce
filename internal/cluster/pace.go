package cluster

import (
	"context"
	"crypto/rand"
	"time"
)

// Pace waits until it is the turn of the caller, of all processes that use a
// name: at most one in a time. It fails when ctx ends, and goes on trying while
// the database does not answer.
func Pace(ctx context.Context, store Store, name string, every time.Duration) error {
	for {
		l, err := store.Acquire(ctx, name, rand.Text(), every, "")
		if err == nil {
			return nil
		}
		pause := every / 4
		if l.Left > 0 {
			pause = l.Left + time.Millisecond
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}
