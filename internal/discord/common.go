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

// clip cuts s to n characters; an ellipsis is the last one then.
func clip(s string, n int) string {
	count := 0
	for i := range s {
		if count++; count == n {
			if rest := s[i:]; len([]rune(rest)) > 1 {
				return s[:i] + "…"
			}
		}
	}
	return s
}

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
