// Package turns hands out a number of places to users who wait.
package turns

import (
	"context"
	"sync"
)

// Queue hands out a number of places to users who wait, fairly: the users take
// turns, and within a user the order is that of coming.
type Queue struct {
	mu      sync.Mutex
	free    int
	users   []uint64 // with waiters, in the order of their next turn
	waiting map[uint64][]*waiter
}

type waiter struct {
	ready chan struct{} // closed when the place is theirs
	place chan int      // the newest place in the queue, from 1
}

// New returns a queue for n places.
func New(n int) *Queue {
	return &Queue{free: n, waiting: map[uint64][]*waiter{}}
}

// Acquire waits for a place. onPlace is called, from this goroutine, with the
// number of turns until it comes, whenever that changes. full is called when
// there is no free place, before waiting.
func (s *Queue) Acquire(ctx context.Context, user uint64, full func(), onPlace func(int)) error {
	s.mu.Lock()
	if s.free > 0 && len(s.users) == 0 {
		s.free--
		s.mu.Unlock()
		return nil
	}
	w := &waiter{ready: make(chan struct{}), place: make(chan int, 1)}
	if len(s.waiting[user]) == 0 {
		s.users = append(s.users, user)
	}
	s.waiting[user] = append(s.waiting[user], w)
	s.tell()
	s.mu.Unlock()
	full()
	for {
		select {
		case <-w.ready:
			return nil
		case n := <-w.place:
			onPlace(n)
		case <-ctx.Done():
			s.mu.Lock()
			defer s.mu.Unlock()
			select {
			case <-w.ready: // it came at the same moment: pass it on
				s.free++
				s.next()
			default:
				s.remove(user, w)
			}
			return context.Cause(ctx)
		}
	}
}

// Release gives a place back.
func (s *Queue) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free++
	s.next()
}

// Available returns how many places are free.
func (s *Queue) Available() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free
}

// Queued returns how many wait.
func (s *Queue) Queued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, list := range s.waiting {
		n += len(list)
	}
	return n
}

// Waits reports whether anybody waits.
func (s *Queue) Waits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.users) > 0
}

func (s *Queue) next() {
	for s.free > 0 && len(s.users) > 0 {
		user := s.users[0]
		list := s.waiting[user]
		s.users = s.users[1:]
		if len(list) > 1 {
			s.users = append(s.users, user)
			s.waiting[user] = list[1:]
		} else {
			delete(s.waiting, user)
		}
		s.free--
		close(list[0].ready)
	}
	s.tell()
}

func (s *Queue) remove(user uint64, w *waiter) {
	list := s.waiting[user]
	for i := range list {
		if list[i] == w {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) > 0 {
		s.waiting[user] = list
	} else {
		delete(s.waiting, user)
		for i, u := range s.users {
			if u == user {
				s.users = append(s.users[:i:i], s.users[i+1:]...)
				break
			}
		}
	}
	s.tell()
}

// tell gives every waiter its place: the rounds of the users in turn.
func (s *Queue) tell() {
	place := 0
	for round, more := 0, true; more; round++ {
		more = false
		for _, u := range s.users {
			if list := s.waiting[u]; round < len(list) {
				more = true
				place++
				w := list[round]
				select {
				case <-w.place: // nobody read the old one
				default:
				}
				w.place <- place
			}
		}
	}
}
