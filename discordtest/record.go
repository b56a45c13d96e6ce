package discordtest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A Request is one REST or CDN request, as it was answered.
type Request struct {
	Time      time.Time
	Method    string
	Path      string
	Query     string
	Route     string // "POST /channels/{channel_id}/messages"; "CDN" for the CDN
	UserAgent string
	Body      []byte // JSON
	Bytes     int64  // of the whole body
	Files     []UploadedFile

	Status int // of the answer
	Code   int // Discord's error code, if any
	Took   time.Duration
}

// An UploadedFile is a file that came with a request.
type UploadedFile struct {
	Name   string // as sent
	Size   int64
	SHA256 string
}

type recorder struct {
	requests   []Request
	counts     map[string]int
	violations []string
	inFlight   int
	last       time.Time // real time of the latest request's begin or end
}

// Requests are the requests so far that have been answered, oldest first; none with Forget.
func (s *Server) Requests() []Request {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log.requests)
}

// CountRequests is how many requests of a route were answered, such as "POST /channels/{channel_id}/typing"; also with Forget.
func (s *Server) CountRequests(route string) int {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.counts[route]
}

// Violations tells what the client did that it must not: bodies that Discord would refuse or ignore parts of,
// rate limits that were known and not obeyed, routes and opcodes that the server does not model.
// Errors that a correct client meets (50007, 40005, 10008 and so on) are not among them.
func (s *Server) Violations() []string {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log.violations)
}

// ForgetViolations clears the list, after a test that provoked some.
func (s *Server) ForgetViolations() {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.violations = nil
}

func (s *Server) violate(where, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violateLocked(where, format, args...)
}

func (s *Server) violateLocked(where, format string, args ...any) {
	v := where + ": " + fmt.Sprintf(format, args...)
	s.logf("violation: %s", v)
	if len(s.log.violations) < 1000 {
		s.log.violations = append(s.log.violations, v)
	}
}

func (s *Server) began() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.inFlight++
	s.log.last = time.Now()
}

func (s *Server) ended(q *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.inFlight--
	s.log.last = time.Now()
	s.log.counts[q.Route]++
	if !s.Forget {
		s.log.requests = append(s.log.requests, *q)
	}
	s.wake(0)
}

// AwaitRequest returns the first request, also one answered before the call, for which match is true.
func (s *Server) AwaitRequest(ctx context.Context, match func(Request) bool) (Request, error) {
	var found Request
	seen := 0
	err := s.wait(ctx, 0, func() bool {
		for ; seen < len(s.log.requests); seen++ {
			if match(s.log.requests[seen]) {
				found = s.log.requests[seen]
				return true
			}
		}
		return false
	})
	if err != nil {
		return found, fmt.Errorf("discordtest: none of %d requests matches: %w", seen, err)
	}
	return found, nil
}

// AwaitQuiet returns when no request has been under way for as long as quiet.
// With it a test shows that something did not happen.
func (s *Server) AwaitQuiet(ctx context.Context, quiet time.Duration) error {
	s.init()
	for {
		s.mu.Lock()
		busy, since := s.log.inFlight > 0, time.Since(s.log.last)
		s.mu.Unlock()
		if !busy && since >= quiet {
			return nil
		}
		select {
		case <-time.After(max(quiet-since, quiet/10, time.Millisecond)):
		case <-ctx.Done():
			return fmt.Errorf("discordtest: requests keep coming: %w", context.Cause(ctx))
		}
	}
}

// remember keeps a body for the log, unless the server forgets.
func (s *Server) remember(b []byte) []byte {
	if s.Forget {
		return nil
	}
	return b
}

func (s *Server) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
