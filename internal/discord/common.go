package discord

import (
	"context"
	"time"
)

// JSON of requests that disgo has no type for.
type (
	object = map[string]any
	list   = []any
)

// sleep waits, or returns the reason why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
