package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/attachebot/attache/internal/sandbox"
)

// driver opens sandboxes, here or elsewhere. Main.Close closes them.
type driver struct {
	wanted func(*Main) bool
	open   func(*Main, context.Context, *slog.Logger, io.Writer) (sandbox.Sandbox, error)
}

// drivers: the first that is wanted is used.
var drivers = []driver{
	{func(m *Main) bool {
		return m.serving && (m.Config.ClusterListen != "" || m.Config.NATSURL != "" || m.Config.SessionsURL != "")
	}, (*Main).openCluster},
	{func(*Main) bool { return true }, func(m *Main, ctx context.Context, log *slog.Logger, progress io.Writer) (sandbox.Sandbox, error) {
		return m.openPython(ctx, log, progress)
	}},
}

// openSandbox opens the sandboxes that the settings want.
func (m *Main) openSandbox(ctx context.Context, log *slog.Logger, progress io.Writer) (sandbox.Sandbox, error) {
	for _, d := range drivers {
		if d.wanted(m) {
			return d.open(m, ctx, log, progress)
		}
	}
	panic("the last driver is always wanted")
}
