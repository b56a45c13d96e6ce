package picture

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

const (
	maxInput  = 24 << 20  // bytes of a file
	maxDecode = 96 << 20  // bytes that decoding may take besides
	maxMemory = 128 << 20 // bytes of all that are decoded at the same time
	maxAtOnce = 4         // pictures that are decoded at the same time
)

// turns are those of the whole process: so is its memory.
var turns = queue{memory: semaphore.NewWeighted(maxMemory), busy: map[uint64]chan struct{}{}}

// queue lets pictures be decoded: within the memory for all, and one of an
// owner at a time, so that nobody waits for all pictures of somebody else.
type queue struct {
	memory *semaphore.Weighted

	mu   sync.Mutex
	busy map[uint64]chan struct{} // by owner; closed when the picture is done
}

// wait waits for a turn that takes so much memory.
func (q *queue) wait(ctx context.Context, owner uint64, memory int64) (release func(), err error) {
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
	memory = max(memory, maxMemory/maxAtOnce)
	if q.memory.Acquire(ctx, memory) != nil {
		done()
		return nil, context.Cause(ctx)
	}
	return func() {
		q.memory.Release(memory)
		done()
	}, nil
}
