package sandbox

import specs "github.com/opencontainers/runtime-spec/specs-go"

// Weaken returns options of a host whose sandboxes lack protections.
func Weaken(o Options, spec func(*specs.Spec), flags ...string) Options {
	o.weaken, o.flags = spec, flags
	return o
}

// Short returns options of a host on a machine that is short of memory when
// short says so.
func Short(o Options, short func() bool) Options {
	o.short = short
	return o
}

// Waiting counts the sandboxes in the pool.
func (h *Host) Waiting() int {
	h.pool.mu.Lock()
	defer h.pool.mu.Unlock()
	return len(h.pool.idle)
}

// NewCanary and its Close are what SelfTest looks for.
func NewCanary() (*Canary, error) { return newCanary() }
func (c *Canary) Close()          { c.close() }
