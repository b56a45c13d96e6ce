package mongo

import "time"

// Jump sets the server's clock forward or back, as the leases see it.
func (c *Cluster) Jump(d time.Duration) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	c.clock.set += d
}

// Pass lets time go on, everywhere.
func (c *Cluster) Pass(d time.Duration) {
	c.Jump(d)
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	if !c.clock.last.IsZero() {
		c.clock.last = c.clock.last.Add(d)
	}
	c.clock.jumped -= d
}
