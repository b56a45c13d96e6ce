package chat

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/files"
)

// turnSet is the set of the turns that run.
type turnSet struct {
	mu      sync.Mutex
	idle    *sync.Cond
	closing bool
	next    int
	running map[int]context.CancelCauseFunc
}

func (s *turnSet) enter(ctx context.Context) (context.Context, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, nil, errClosing
	}
	ctx, cancel := context.WithCancelCause(ctx)
	if s.running == nil {
		s.running = map[int]context.CancelCauseFunc{}
	}
	s.next++
	n := s.next
	s.running[n] = cancel
	return ctx, func() {
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, n)
		s.idle.Broadcast()
	}, nil
}

// close waits for the running turns, and stops them when ctx ends. It returns
// how many it stopped.
func (s *turnSet) close(ctx context.Context) (stopped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		stopped = len(s.running)
		for _, cancel := range s.running {
			cancel(errStopping)
		}
	})
	defer stop()
	for len(s.running) > 0 {
		s.idle.Wait()
	}
	return stopped
}

// queues are places in lines, by name. Whoever enters waits for those before them
// that they depend on, and for nobody who comes later.
type queues struct {
	mu  sync.Mutex
	all map[string][]*place
}

type place struct {
	user files.UserID
	left chan struct{}
}

// enter takes a place, and waits until those before it have left: all, or the
// user's own. It calls waiting before and after it waits, and not at all if it need
// not. The place is given up by leave, or when ctx ends before it was reached.
func (q *queues) enter(ctx context.Context, name string, user files.UserID, all bool, waiting func(bool)) (leave func(), err error) {
	own := &place{user, make(chan struct{})}
	leave = func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		close(own.left)
		if q.all[name] = slices.DeleteFunc(q.all[name], func(p *place) bool { return p == own }); len(q.all[name]) == 0 {
			delete(q.all, name)
		}
	}
	q.mu.Lock()
	var before []*place
	for _, p := range q.all[name] {
		if all || p.user == user {
			before = append(before, p)
		}
	}
	q.all[name] = append(q.all[name], own)
	q.mu.Unlock()
	if len(before) == 0 {
		return leave, nil
	}
	waiting(true)
	for _, p := range before {
		select {
		case <-p.left:
		case <-ctx.Done():
			leave()
			return nil, context.Cause(ctx)
		}
	}
	waiting(false)
	return leave, nil
}

// clock gives times that never repeat: they order the turns.
type clock struct {
	mu   sync.Mutex
	now  func() time.Time
	last time.Time
}

func (c *clock) next() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.now().UTC().Truncate(time.Microsecond)
	if !t.After(c.last) {
		t = c.last.Add(time.Microsecond)
	}
	c.last = t
	return t
}
