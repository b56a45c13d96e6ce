package client

import (
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/fault"
)

// Requests stop before Discord bans the address.
func TestLimiterCountsInvalid(t *testing.T) {
	w := newBench(t, nil)
	l := w.client.limits
	l.mu.Lock()
	for range maxInvalid {
		l.invalid = append(l.invalid, l.now())
	}
	l.mu.Unlock()
	err := w.client.Typing(w.ctx, w.general)
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	later := time.Now().Add(invalidWindow + time.Second)
	l.mu.Lock()
	l.now = func() time.Time { return later }
	l.mu.Unlock()
	if err := w.client.Typing(w.ctx, w.general); err != nil {
		t.Error(err)
	}
}

// Many requests at once to one bucket: none is refused, and they don't crawl.
func TestLimiterUnderLoad(t *testing.T) {
	w := newBench(t, func(s *discordtest.Server) {
		s.RateLimit = func(route string) (int, time.Duration) {
			if route == "POST /channels/{channel_id}/typing" {
				return 10, 300 * time.Millisecond
			}
			return 0, 0
		}
	})
	began := time.Now()
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			if err := w.client.Typing(w.ctx, w.general); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.InvalidRequests(); n != 0 {
		t.Errorf("%d requests were refused", n)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("60 requests took %v", took)
	}
}
