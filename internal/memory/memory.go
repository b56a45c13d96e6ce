// Package memory lets work that takes much memory be done in turns.
package memory

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Queue lets work be done: within the memory for all, and one piece of an owner
// at a time, so that nobody waits for all the work of somebody else. It is safe for
// concurrent use.
type Queue struct {
	all, least int64
	memory     *semaphore.Weighted

	mu   sync.Mutex
	busy map[uint64]chan struct{} // by owner; closed when the work is done
}

// New returns a queue for work that takes so many bytes together, and at most atOnce
// pieces of it at the same time.
func New(bytes int64, atOnce int) *Queue {
	return &Queue{all: bytes, least: bytes / int64(atOnce), memory: semaphore.NewWeighted(bytes), busy: map[uint64]chan struct{}{}}
}

// Wait waits for a turn that takes so many bytes, of all at most. The caller releases it, once.
func (q *Queue) Wait(ctx context.Context, owner uint64, bytes int64) (release func(), err error) {
	for {
		q.mu.Lock()
		before := q.busy[owner]
		if before == nil {
			q.busy[owner] = make(chan struct{})
			q.mu.Unlock()
			break
		}
		q.mu.Unlock()
		select {
		case <-before:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	done := func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		close(q.busy[owner])
		delete(q.busy, owner)
	}
	bytes = min(max(bytes, q.least), q.all)
	if q.memory.Acquire(ctx, bytes) != nil {
		done()
		return nil, context.Cause(ctx)
	}
	return func() {
		q.memory.Release(bytes)
		done()
	}, nil
}
