package chat

import (
	"context"
	"sync"
	"time"
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

// locks are mutexes by name that can be waited for with a context. Whoever
// comes first is served first. Acquire calls waiting before and after it waits,
// and not at all if it need not.
type locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct{ waiting []chan struct{} }

func (l *locks) acquire(ctx context.Context, name string, waiting func(bool)) error {
	l.mu.Lock()
	k := l.held[name]
	if k == nil {
		l.held[name] = &lock{}
		l.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	k.waiting = append(k.waiting, turn)
	l.mu.Unlock()
	waiting(true)
	select {
	case <-turn:
		waiting(false)
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	for i, w := range k.waiting {
		if w == turn {
			k.waiting = append(k.waiting[:i], k.waiting[i+1:]...)
			l.mu.Unlock()
			return context.Cause(ctx)
		}
	}
	l.mu.Unlock()
	l.release(name) // it was handed over in the meantime
	return context.Cause(ctx)
}

func (l *locks) release(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.held[name]
	if len(k.waiting) == 0 {
		delete(l.held, name)
		return
	}
	close(k.waiting[0])
	k.waiting = k.waiting[1:]
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
