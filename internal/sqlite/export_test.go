package sqlite

import "time"

// Jump sets the clock of the leases forward or back.
func (c *Cluster) Jump(d time.Duration) { c.jump.Add(int64(d)) }

// Reboot makes the store one of another boot, whose clock begins at zero.
func (c *Cluster) Reboot() { c.boot = "another"; c.jump.Store(-c.now() * int64(time.Millisecond)) }
