package sandbox

import specs "github.com/opencontainers/runtime-spec/specs-go"

// Weaken returns options of a host whose sandboxes lack protections.
func Weaken(o Options, spec func(*specs.Spec), flags ...string) Options {
	o.weaken, o.flags = spec, flags
	return o
}

// NewCanary and its Close are what SelfTest looks for.
func NewCanary() (*Canary, error) { return newCanary() }
func (c *Canary) Close()          { c.close() }
