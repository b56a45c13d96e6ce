package gvisor

import (
	"context"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/processors"
)

const (
	busyEvery = 2 * time.Second
	busyShare = 0.1 // of a processor: what an idle sandbox stays far below
)

// watchIdle marks the sessions that compute although no cell runs: code left
// processes or threads behind. What the code says of itself is no evidence. It also
// shares the processors among the sessions.
func (h *Host) watchIdle(ctx context.Context) {
	tick := time.NewTicker(busyEvery)
	defer tick.Stop()
	var shares processors.Shares
	before, last := map[*container.Container]time.Duration{}, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		roots := map[int]bool{}
		idle := map[*container.Container]*session{}
		h.mu.Lock()
		for _, s := range h.sessions {
			if c := s.running.Load(); c != nil && c.PID > 0 {
				roots[c.PID] = true
				if s.users == 0 && s.used.Before(last) {
					idle[c] = s
				}
			}
		}
		h.mu.Unlock()
		var trees map[int]processors.Tree
		if len(roots) > 0 {
			trees = h.machine.Trees(roots)
		}
		shares.Adjust(trees)
		now := time.Now()
		used := map[*container.Container]time.Duration{}
		for c := range idle {
			if n, lives := shares.Used(c.PID); lives {
				used[c] = n
			}
		}
		h.mu.Lock()
		for c, n := range used {
			s := idle[c]
			if old, known := before[c]; known && float64(n-old) > busyShare*float64(now.Sub(last)) && s.users == 0 {
				s.busy.Store(true)
			}
		}
		h.mu.Unlock()
		before, last = used, now
	}
}
