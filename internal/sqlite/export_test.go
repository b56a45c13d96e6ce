package sqlite

import "time"

// Pass lets time go on.
func (c *Cluster) Pass(d time.Duration) { c.jump.Add(int64(d)) }

// Reboot makes the store one of another boot, whose clock begins at zero.
func (c *Cluster) Reboot() { c.boot = "another"; c.jump.Store(-c.now() * int64(time.Millisecond)) }
