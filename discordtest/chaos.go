package discordtest

import (
	"math/rand/v2"
	"strings"
	"time"
)

// Chaos makes everything fail at random. Each field is a probability for one request or event;
// the same seed gives the same sequence of decisions.
type Chaos struct {
	Seed uint64

	RateLimit   float64 // 429 of the bucket, for up to a second
	GlobalLimit float64 // 429 over all routes
	ServerError float64 // 500, 502 or 503
	Drop        float64 // connection cut before the request is handled
	LostAnswer  float64 // handled, but the answer is cut off
	Slow        float64 // answered up to half a second later
	CDNError    float64 // CDN: 5xx or cut off

	DropGateway float64 // an event cuts all gateway connections
	Outage      float64 // an event takes the gateway down for up to a second, and with it all sessions: not in DefaultChaos
	Duplicate   float64 // an event arrives twice
	Reorder     float64 // an event arrives after the next one
}

// DefaultChaos is bad weather: about one request in ten and one event in ten meets something.
func DefaultChaos(seed uint64) Chaos {
	return Chaos{Seed: seed, RateLimit: .02, GlobalLimit: .002, ServerError: .02, Drop: .01, LostAnswer: .01, Slow: .03,
		CDNError: .02, DropGateway: .005, Duplicate: .05, Reorder: .05}
}

// Unleash starts chaos; Heal ends it.
func (s *Server) Unleash(c Chaos) {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.chaos = &c
	s.faults.rand = rand.New(rand.NewPCG(c.Seed, c.Seed))
	s.faults.drop = func() { s.wg.Go(s.DropGateway) }
	s.faults.outage = func(d time.Duration) {
		s.wg.Go(func() {
			s.GatewayOutage(true)
			s.sleep(d)
			s.GatewayOutage(false)
		})
	}
}

func (c *Chaos) roll(what string, f *faults) *Fault {
	r := f.rand
	p := r.Float64()
	hit := func(chance float64) bool {
		p -= chance
		return p < 0
	}
	short := func(most time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))) + time.Millisecond }
	switch {
	case strings.HasPrefix(what, "GATEWAY READY"), strings.HasPrefix(what, "GATEWAY RESUMED"):
		return nil
	case strings.HasPrefix(what, "GATEWAY "):
		switch {
		case hit(c.DropGateway):
			f.drop()
		case hit(c.Duplicate):
			return &Fault{Duplicate: true}
		case hit(c.Reorder):
			return &Fault{Reorder: true}
		case hit(c.Outage):
			f.outage(short(time.Second))
		}
		return nil
	case strings.HasPrefix(what, "CDN "):
		switch {
		case hit(c.CDNError / 2):
			return &Fault{Status: 503}
		case hit(c.CDNError / 2):
			return &Fault{Drop: true, AfterHandling: true}
		case hit(c.Slow):
			return &Fault{Delay: short(500 * time.Millisecond)}
		}
		return nil
	}
	switch {
	case hit(c.RateLimit):
		return &Fault{RetryAfter: short(time.Second)}
	case hit(c.GlobalLimit):
		return &Fault{RetryAfter: short(time.Second), Global: true}
	case hit(c.ServerError):
		return &Fault{Status: []int{500, 502, 503}[r.IntN(3)]}
	case hit(c.Drop):
		return &Fault{Drop: true}
	case hit(c.LostAnswer):
		return &Fault{Drop: true, AfterHandling: true}
	case hit(c.Slow):
		return &Fault{Delay: short(500 * time.Millisecond)}
	}
	return nil
}
