// Package pending is about what waits at a message of the bot: a confirmation that
// expires, a preview that is being made.
package pending

import (
	"context"
	"sync"
	"time"

	"github.com/disgoorg/snowflake/v2"
)

// Views are the previews that are being made, by the message that waits for
// them.
type Views struct {
	mu     sync.Mutex
	closed bool
	all    map[snowflake.ID]*pendingView
}

type pendingView struct {
	cancel context.CancelFunc // of the making, not of the showing
	done   chan struct{}
}

// Begin returns a context for making a preview, which ends when the message is
// used for something else; end is called when it is shown.
func (v *Views) Begin(ctx context.Context, message snowflake.ID, limit time.Duration) (_ context.Context, end func()) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	p := &pendingView{cancel, make(chan struct{})}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		v.all = map[snowflake.ID]*pendingView{}
	}
	if old := v.all[message]; old != nil {
		old.cancel()
	}
	v.all[message] = p
	if v.closed {
		cancel()
	}
	return ctx, func() {
		cancel()
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.all[message] == p {
			delete(v.all, message)
		}
		close(p.done)
	}
}

// Stop ends what is made for a message, and waits until nothing more of it can
// come, or ctx ends.
func (v *Views) Stop(ctx context.Context, message snowflake.ID) {
	v.mu.Lock()
	p := v.all[message]
	v.mu.Unlock()
	if p == nil {
		return
	}
	p.cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
	}
}

// StopAll ends what is made, from now on.
func (v *Views) StopAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	for _, p := range v.all {
		p.cancel()
	}
}
