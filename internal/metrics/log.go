package metrics

import (
	"context"
	"log/slog"
)

// Log returns a logger that counts warnings and errors as those of a part of the
// program, also those that are not shown.
func (m *Metrics) Log(log *slog.Logger, part string) *slog.Logger {
	if m == nil {
		return log
	}
	return slog.New(counting{log.Handler(), m, part})
}

type counting struct {
	slog.Handler
	m    *Metrics
	part string
}

func (h counting) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn || h.Handler.Enabled(ctx, l)
}

func (h counting) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		level := slog.LevelWarn
		if r.Level >= slog.LevelError {
			level = slog.LevelError
		}
		h.m.problems.WithLabelValues(h.part, level.String()).Inc()
	}
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h counting) WithAttrs(a []slog.Attr) slog.Handler {
	return counting{h.Handler.WithAttrs(a), h.m, h.part}
}
func (h counting) WithGroup(n string) slog.Handler {
	return counting{h.Handler.WithGroup(n), h.m, h.part}
}

// Denied counts what a service refuses for want of a permission, one of known; nil if
// nothing is counted.
func (m *Metrics) Denied(known []string) func(permission string) {
	if m == nil {
		return nil
	}
	for _, permission := range known { // an alert needs a zero to rise from
		m.denied.WithLabelValues(permission)
	}
	return func(permission string) { m.denied.WithLabelValues(permission).Inc() }
}
