package trace

import (
	"context"
	"log/slog"
)

type requestKey struct{}

func withRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

func request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// Log is a handler that adds to each record the request that its context names.
func Log(h slog.Handler) slog.Handler { return requests{h} }

type requests struct{ slog.Handler }

func (h requests) Handle(ctx context.Context, r slog.Record) error {
	if id := request(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h requests) WithAttrs(a []slog.Attr) slog.Handler { return requests{h.Handler.WithAttrs(a)} }
func (h requests) WithGroup(n string) slog.Handler      { return requests{h.Handler.WithGroup(n)} }
