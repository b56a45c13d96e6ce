package client

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/attachebot/attache/internal/fault"
)

// Discreet returns a log that writes of an error only the kind and the cause: the
// sentences for users may have the names of their files.
func Discreet(log *slog.Logger) *slog.Logger { return slog.New(discreet{log.Handler()}) }

// discreet is a log that gets to know of an error what [scrub] leaves of it.
type discreet struct{ slog.Handler }

func (d discreet) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(discreetly(a))
		return true
	})
	return d.Handler.Handle(ctx, out)
}

func (d discreet) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = discreetly(a)
	}
	return discreet{d.Handler.WithAttrs(out)}
}

func (d discreet) WithGroup(name string) slog.Handler { return discreet{d.Handler.WithGroup(name)} }

func discreetly(a slog.Attr) slog.Attr {
	if err, ok := a.Value.Any().(error); ok && err != nil {
		return slog.String(a.Key, scrub(err))
	}
	return a
}

var links = regexp.MustCompile(`([a-z]+://[^\s/?#"']+)[/?#][^\s"']*`)

// scrub writes an error for the log: what was being done, the kind, and the
// cause. Sentences for users are left out, as they may have the names of files;
// so is what comes after the host in a URL: the path of an attachment ends with
// its name, its query is a signature, and the path of a webhook has its token.
func scrub(err error) string {
	return links.ReplaceAllString(causes(err), "$1/…")
}

func causes(err error) string {
	if e, ok := err.(*fault.Error); ok {
		s := e.Kind.String()
		if e.Err != nil {
			s += ": " + causes(e.Err)
		}
		return s
	}
	text := err.Error()
	if !errors.As(err, new(*fault.Error)) {
		return text
	}
	var inner []error
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		inner = []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		inner = e.Unwrap()
	}
	for _, i := range inner {
		if i != nil {
			text = strings.ReplaceAll(text, i.Error(), causes(i))
		}
	}
	return text
}

// Rescue, deferred, keeps a panic of a handler from taking the program down.
func Rescue(log *slog.Logger, handler string) {
	if p := recover(); p != nil {
		log.Error("a handler crashed", "handler", handler, "panic", p, "stack", string(debug.Stack()))
	}
}
