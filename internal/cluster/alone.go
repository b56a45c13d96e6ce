package cluster

import (
	"context"
	"crypto/rand"
	"time"
)

// Alone runs f in one of many processes at a time: in the one that holds the
// lease of a name. Its context ends when the lease is lost, and another process
// runs its own f then. Alone returns when ctx ended, or f returned by itself.
func Alone(ctx context.Context, store Store, name string, ttl time.Duration, f func(context.Context)) {
	for {
		if h, err := Hold(ctx, store, name, rand.Text(), ttl, nil); err == nil {
			held, cancel := context.WithCancel(ctx)
			stop := make(chan struct{})
			go func() {
				defer close(stop)
				select {
				case <-h.Lost():
				case <-held.Done():
				}
				cancel()
			}()
			f(held)
			lost := held.Err() != nil
			cancel()
			<-stop
			release(ctx, h, 5*time.Second)
			if !lost {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(ttl / 3):
		}
	}
}

// release gives a lease back although ctx has ended. If that fails within a time,
// the lease ends by itself.
func release(ctx context.Context, h *Held, within time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	h.Release(ctx) //nolint:errcheck // see above
}
