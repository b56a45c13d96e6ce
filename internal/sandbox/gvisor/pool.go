package gvisor

import (
	"context"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
)

// pool keeps containers ready that have no past: restored from the snapshot,
// woken, and waiting for a session.
type pool struct {
	h    *Host
	size int
	wake chan struct{}

	mu     sync.Mutex
	idle   []*container.Container
	closed bool
}

func newPool(h *Host, size int) *pool {
	return &pool{h: h, size: size, wake: make(chan struct{}, 1)}
}

// ready returns how many containers wait.
func (p *pool) ready() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

// take returns a waiting container, or nil. It never waits.
func (p *pool) take() *container.Container {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.poke()
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if !c.Gone() {
			return c
		}
		go c.Destroy() // died while it waited
	}
	return nil
}

func (p *pool) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// want returns how many should wait now: fewer when the machine is short of
// memory or the sessions need the places.
func (p *pool) want() int {
	if p.h.opts.short() {
		return 0
	}
	return min(p.size, p.h.slots.Available())
}

// fill keeps the pool full until ctx ends.
func (p *pool) fill(ctx context.Context) {
	retry := time.Second
	for ctx.Err() == nil {
		p.mu.Lock()
		n := len(p.idle)
		p.mu.Unlock()
		want := p.want()
		if n > want {
			p.shrink(want)
		}
		if n < want {
			c, err := p.h.startFresh(ctx)
			switch {
			case err == nil:
				retry = time.Second
				p.put(c)
				continue
			case ctx.Err() != nil:
				return
			}
			p.h.log.Warn("pool", "error", err)
			retry = min(2*retry, time.Minute)
		}
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-time.After(retry):
		}
	}
}

func (p *pool) put(c *container.Container) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		go c.Destroy()
		return
	}
	p.idle = append(p.idle, c)
}

// shrink ends waiting containers beyond n.
func (p *pool) shrink(n int) {
	p.mu.Lock()
	var drop []*container.Container
	for len(p.idle) > n {
		drop = append(drop, p.idle[0])
		p.idle = p.idle[1:]
	}
	p.mu.Unlock()
	for _, c := range drop {
		c.Destroy()
	}
}

// close ends all of them.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.shrink(0)
}
