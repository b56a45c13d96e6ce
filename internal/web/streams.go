package web

import (
	"sync"

	"github.com/attachebot/attache/internal/files"
)

// streams are the open ones of events, at most maxStreams. While there are as many, who
// has fewer than another one gets a place of theirs: one person shuts nobody out.
type streams struct {
	mu sync.Mutex
	n  int
	of map[files.UserID][]chan struct{} // the oldest first
}

// enter opens a stream of a user until leave is called. Over is closed when another one
// gets its place. It is not ok where there is none.
func (s *streams) enter(user files.UserID) (over <-chan struct{}, leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[files.UserID][]chan struct{}{}
	}
	if s.n >= maxStreams {
		most := user
		for other, all := range s.of {
			if len(all) > len(s.of[most]) {
				most = other
			}
		}
		if len(s.of[most]) <= len(s.of[user])+1 {
			return nil, nil, false
		}
		close(s.of[most][0])
		s.remove(most, 0)
	}
	mine := make(chan struct{})
	s.of[user] = append(s.of[user], mine)
	s.n++
	return mine, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, c := range s.of[user] {
			if c == mine {
				s.remove(user, i)
				return
			}
		}
	}, true
}

// remove takes a stream out. s.mu is held.
func (s *streams) remove(user files.UserID, i int) {
	s.of[user] = append(s.of[user][:i:i], s.of[user][i+1:]...)
	if s.n--; len(s.of[user]) == 0 {
		delete(s.of, user)
	}
}

func (s *streams) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}
