package gvisor

import (
	"context"
	"io"
	"log/slog"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// Options bend a Host. All but Process may be zero.
type Options struct {
	Process   *cluster.Process // among those that share the folder
	Limits    sandbox.Limits
	Pool      int           // idle sandboxes kept ready; 0: none
	Max       int           // sandboxes at most, the idle ones of sessions included; 0: 8
	Idle      time.Duration // a session without use is checkpointed after this; 0: 10 min
	Keep      time.Duration // a checkpointed session is kept this long; 0: 48 h; <0: for ever
	Stored    int64         // bytes of all stored sessions, of which one user's may be a quarter; 0: 8 GiB
	Rewind    int64         // bytes of what sessions were after earlier answers, of which one user's may be a quarter; 0: nothing is kept
	Hibernate int64         // bytes of a session that is checkpointed whole; 0: 512 MiB
	TimeZone  string        // of the code; empty: UTC
	Packages  wheels.Policy // empty: wheels.Ask
	Index     string        // base URL of the package index; empty: PyPI
	Tools     string        // folder bound read-only at /opt/tools, for everybody's code to read; empty: none
	Log       *slog.Logger  // nil: discarded
	Progress  io.Writer     // told what takes seconds at the first start; nil: discarded

	weaken  func(*specs.Spec)                                           // takes protections away, for tests
	flags   []string                                                    // of runsc, likewise
	short   func() bool                                                 // whether the machine is short of memory; nil: memoryShort
	install wheels.Options                                              // bounds of installations, likewise
	free    func(dir string) int64                                      // bytes that its disk has free; nil: freeBytes
	raw     bool                                                        // images stay as gVisor writes them, for comparison
	step    func(string)                                                // told each step of a hibernation, of an adoption and of a loss; nil: not
	storing func(context.Context) (context.Context, context.CancelFunc) // bounds a hibernation; nil: 2 min
}

func (o Options) withDefaults() Options {
	o.Limits = o.Limits.WithDefaults()
	if o.Max == 0 {
		o.Max = 8
	}
	if o.Idle == 0 {
		o.Idle = 10 * time.Minute
	}
	if o.Keep == 0 {
		o.Keep = 48 * time.Hour
	}
	if o.Hibernate == 0 {
		o.Hibernate = 512 << 20
	}
	if o.Stored == 0 {
		o.Stored = 8 << 30
	}
	if o.TimeZone == "" {
		o.TimeZone = "UTC"
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.install.Policy, o.install.Index, o.install.Log = o.Packages, o.Index, o.Log
	if o.free == nil {
		o.free = freeBytes
	}
	if o.step == nil {
		o.step = func(string) {}
	}
	if o.storing == nil {
		o.storing = func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 2*time.Minute)
		}
	}
	if o.short == nil {
		o.short = memoryShort
	}
	return o
}
