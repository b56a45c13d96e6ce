package metrics

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/attachebot/attache/internal/sandbox"
)

type box struct {
	sandbox.Sandbox
	m *Metrics
}

// Sandbox counts what runs in a driver, and shows what it holds.
func (m *Metrics) Sandbox(s sandbox.Sandbox) sandbox.Sandbox {
	if m == nil {
		return s
	}
	for name, g := range map[string]struct {
		help string
		of   func(sandbox.Stats) float64
	}{
		"attache_sandbox_live":         {"Sessions that have a sandbox.", func(s sandbox.Stats) float64 { return float64(s.Live) }},
		"attache_sandbox_running":      {"Pieces of code that run.", func(s sandbox.Stats) float64 { return float64(s.Running) }},
		"attache_sandbox_queued":       {"Pieces of code that wait for a free sandbox.", func(s sandbox.Stats) float64 { return float64(s.Queued) }},
		"attache_sandbox_ready":        {"Sandboxes without a session, started in advance.", func(s sandbox.Stats) float64 { return float64(s.Ready) }},
		"attache_sandbox_memory_bytes": {"Memory of the sessions that have a sandbox, as last measured.", func(s sandbox.Stats) float64 { return float64(s.Memory) }},
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: g.help}, func() float64 { return g.of(s.Stats()) }))
	}
	return &box{s, m}
}

func (b *box) Run(ctx context.Context, key sandbox.Key, cell sandbox.Cell) (sandbox.Result, error) {
	m := b.m
	began := time.Now()
	var ran atomic.Bool // its wait is over
	running := func() {
		if !ran.Swap(true) {
			m.wait.Observe(time.Since(began).Seconds())
		}
	}
	status := cell.Status
	cell.Status = func(s sandbox.Status) {
		switch s.State {
		case sandbox.Starting:
			m.starts.WithLabelValues("started").Inc()
		case sandbox.Restoring:
			m.starts.WithLabelValues("restored").Inc()
		case sandbox.Installing:
			m.installs.Inc()
		case sandbox.Running:
			running()
		}
		if status != nil {
			status(s)
		}
	}
	res, err := b.Sandbox.Run(ctx, key, cell)
	if err != nil {
		m.cells.WithLabelValues("refused").Inc()
		m.log.DebugContext(ctx, "code refused", "user", key.User, "error", err)
		return res, err
	}
	running()
	m.cells.WithLabelValues(string(res.Outcome)).Inc()
	m.cell.Observe(res.Elapsed.Seconds())
	m.log.DebugContext(ctx, "code ran", "user", key.User, "outcome", res.Outcome, "ms", res.Elapsed.Milliseconds(), "packages", len(res.Packages))
	return res, nil
}
