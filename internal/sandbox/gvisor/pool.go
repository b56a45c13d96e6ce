package gvisor

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
)

// pool has containers without a past. It keeps some ready: restored from the
// snapshot, woken, and waiting for a session.
type pool struct {
	size  int
	start func(ctx context.Context) (*container.Container, error)
	room  func() int  // how many sandboxes there may be beside those of sessions
	short func() bool // whether the machine is short of memory
	log   *slog.Logger
	wake  chan struct{}

	mu     sync.Mutex
	idle   []*container.Container
	closed bool
}

// ready returns how many containers wait that a session can have.
func (p *pool) ready() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		if !c.Gone() {
			n++
		}
	}
	return n
}

// fresh returns a container: one that waits, or a new one.
func (p *pool) fresh(ctx context.Context) (*container.Container, error) {
	if c := p.take(); c != nil {
		return c, nil
	}
	for try := 1; ; try++ {
		c, err := p.start(ctx)
		if err == nil || ctx.Err() != nil || try == starts {
			return c, err
		}
		p.log.Warn("start of a sandbox", "try", try, "error", err)
	}
}

// starts is how often a sandbox is started for a session until one comes up: one that
// was killed while it started says nothing of the next, and where the machine is
// short of something, several are killed in a row.
const starts = 3

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
	if p.short() {
		return 0
	}
	return min(p.size, p.room())
}

// fill keeps the pool full until ctx ends.
func (p *pool) fill(ctx context.Context) {
	retry := time.Second
	for ctx.Err() == nil {
		if p.bury() {
			select { // what kills them may kill the next one
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			continue
		}
		p.mu.Lock()
		n := len(p.idle)
		p.mu.Unlock()
		want := p.want()
		if n > want {
			p.shrink(want)
		}
		if n < want {
			c, err := p.start(ctx)
			switch {
			case err == nil:
				retry = time.Second
				p.put(c)
				continue
			case ctx.Err() != nil:
				return
			}
			p.log.Warn("pool", "error", err)
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
	go func() { // its place is filled when it dies
		<-c.Ended()
		p.poke()
	}()
}

// bury removes the containers that died while they waited, and reports whether
// there were any.
func (p *pool) bury() bool {
	p.mu.Lock()
	var dead []*container.Container
	p.idle = slices.DeleteFunc(p.idle, func(c *container.Container) bool {
		gone := c.Gone()
		if gone {
			dead = append(dead, c)
		}
		return gone
	})
	p.mu.Unlock()
	for _, c := range dead {
		if err := c.Destroy(); err != nil {
			p.log.Warn("end of a sandbox that died", "id", c.ID, "error", err)
		}
	}
	return len(dead) > 0
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
