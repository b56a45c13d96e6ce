package mongo

import "time"

// Jump sets the server's clock forward or back, as the leases see it.
func (c *Cluster) Jump(d time.Duration) { c.jump.Add(int64(d)) }
