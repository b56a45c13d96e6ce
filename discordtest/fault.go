package discordtest

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// A Fault makes something go wrong. Inject it, or return it from Server.OnRequest.
type Fault struct {
	// On chooses what it applies to: anything that contains this text. Requests are written
	// "POST /channels/{channel_id}/messages", CDN requests "CDN /attachments/…", events "GATEWAY MESSAGE_CREATE".
	// Empty means every REST request.
	On string
	// Times is how often it happens; 0 means once, negative without end.
	Times int
	// Chance, if not 0, is the probability with which it happens each time.
	Chance float64
	// Over, if not 0, limits it to requests of more bytes.
	Over int64

	Status        int           // answer with this status instead of handling the request
	Code          int           // and this error code
	RetryAfter    time.Duration // answer 429 and block the bucket for so long
	Global        bool          // with RetryAfter: the global limit
	Shared        bool          // with RetryAfter: the scope is shared, which does not count as invalid
	Drop          bool          // cut the connection before the request is handled
	AfterHandling bool          // with Drop: handle it, then cut the connection in the middle of the answer
	Delay         time.Duration // answer so much later
	LoseFiles     int           // handle it as if so many of its uploads, the last ones, were not there

	Duplicate bool // events: deliver twice
	Reorder   bool // events: deliver after the next one
	Corrupt   bool // events: deliver something that cannot be decoded
}

func (f *Fault) message() string {
	switch {
	case f.Code == 40005:
		return errTooLarge.message
	case f.Status >= 500:
		return itoa(f.Status) + ": " + http.StatusText(f.Status)
	}
	return http.StatusText(f.Status)
}

func (f *Fault) matches(what string) bool {
	if f.On == "" {
		return !strings.HasPrefix(what, "CDN ") && !strings.HasPrefix(what, "GATEWAY ")
	}
	return strings.Contains(what, f.On)
}

type faults struct {
	list   []*Fault
	chaos  *Chaos
	rand   *rand.Rand
	drop   func()              // cuts the gateway, later
	outage func(time.Duration) // takes it down for so long
}

// Inject adds faults. Of several that match, the first injected happens.
func (s *Server) Inject(list ...Fault) {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range list {
		f.Times = orDefault(f.Times, 1)
		s.faults.list = append(s.faults.list, &f)
	}
}

// Heal removes all faults and ends chaos. What they delayed still arrives.
func (s *Server) Heal() {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults{}
}

// faultFor decides what goes wrong with a request or event (q is nil). The lock is held.
func (s *Server) faultFor(what string, q *Request) *Fault {
	if s.OnRequest != nil && q != nil {
		if f := s.OnRequest(q); f != nil {
			return f
		}
	}
	for i, f := range s.faults.list {
		if !f.matches(what) || f.Over > 0 && (q == nil || q.Bytes <= f.Over) || f.Chance > 0 && s.random() >= f.Chance {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults.list = append(s.faults.list[:i:i], s.faults.list[i+1:]...)
			}
		}
		return f
	}
	if s.faults.chaos != nil {
		return s.faults.chaos.roll(what, &s.faults)
	}
	return nil
}

func (s *Server) random() float64 {
	if s.faults.rand == nil {
		s.faults.rand = rand.New(rand.NewPCG(1, 1))
	}
	return s.faults.rand.Float64()
}
