package gvisor

import (
	"context"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

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

// Bounded returns options of a host with other bounds for installations.
func Bounded(o Options, bytes int64, limit time.Duration) Options {
	o.install.Bytes, o.install.Time = bytes, limit
	return o
}

// Counting returns options of a host that asks for downloads at another place.
func Counting(o Options, statistics string) Options {
	o.install.Statistics = statistics
	return o
}

// Statistics is where a host of these options asks for downloads.
func Statistics(o Options) string { return o.withDefaults().install.WithDefaults().Statistics }

// Building returns options of a host that installs source distributions too.
func Building(o Options) Options {
	o.install.Build = true
	return o
}

// Stepping returns options of a host that tells of each step of a hibernation.
func Stepping(o Options, step func(string)) Options {
	o.step = step
	return o
}

// Raw returns options of a host that keeps images as gVisor writes them.
func Raw(o Options) Options {
	o.raw = true
	return o
}

// Free returns options of a host on a disk with so many bytes free.
func Free(o Options, free func(dir string) int64) Options {
	o.free = free
	return o
}

// Storing bounds a hibernation.
func Storing(o Options, bound func(context.Context) (context.Context, context.CancelFunc)) Options {
	o.storing = bound
	return o
}
