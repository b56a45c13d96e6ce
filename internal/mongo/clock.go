package mongo

import (
	"sync"
	"time"
)

// clock is the server's, as this process has read it. It notices by this machine's
// clock of boot that the server's was set forward.
type clock struct {
	mu         sync.Mutex
	last       time.Time     // that was read
	asked, got time.Duration // since boot: when it was
	jump       time.Duration // by which it was set forward of late
	jumped     time.Duration // since boot: when that was noticed
	set        time.Duration // by tests
}

// instant is the server's time, and what is known of it.
type instant struct {
	time.Time
	jump, ago time.Duration // it was set forward
}

// unlike is how much two clocks may differ after a time.
func unlike(passed time.Duration) time.Duration { return 500*time.Millisecond + passed/1000 }

// take notes what the server said between two moments since boot.
func (c *clock) take(now time.Time, asked, read time.Duration) instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	now = now.Add(c.set)
	if !c.last.IsZero() && asked >= c.asked {
		gone := now.Sub(c.last)
		if most := read - c.asked; gone-most > unlike(most) {
			c.jump, c.jumped = gone-(asked-c.got)+c.recent(read), read
		}
	}
	if asked >= c.asked {
		c.last, c.asked, c.got = now, asked, read
	}
	return instant{now, c.recent(read), read - c.jumped}
}

// recent is the jump, if leases of before may still be alive that nobody has prolonged
// since.
func (c *clock) recent(now time.Duration) time.Duration {
	if now-c.jumped > time.Hour {
		c.jump = 0
	}
	return c.jump
}

// before returns what the clock would say that was not set forward, for as long as
// leases of before may last that are as long as ttl; after that, what it says.
func (m instant) before(ttl time.Duration) time.Time {
	if m.ago < ttl {
		return m.Add(-m.jump)
	}
	return m.Time
}
