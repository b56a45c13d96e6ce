package metrics

import (
	"context"
	"log/slog"
)

type requestKey struct{}

// WithRequest names what is being done, for the log.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// Requests is a handler that adds to each record the request that its context
// names.
func Requests(h slog.Handler) slog.Handler { return requests{h} }

type requests struct{ slog.Handler }

func (h requests) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(requestKey{}).(string); ok {
		r = r.Clone()
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h requests) WithAttrs(a []slog.Attr) slog.Handler { return requests{h.Handler.WithAttrs(a)} }
func (h requests) WithGroup(n string) slog.Handler      { return requests{h.Handler.WithGroup(n)} }

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
