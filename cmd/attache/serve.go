package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/metrics"
	"github.com/attachebot/attache/internal/trace"
)

// After a stop, running answers may finish within answersTime, and everything else
// is asked to end within stopTime: `docker stop` waits for ten seconds.
const (
	answersTime = 6 * time.Second
	stopTime    = 8 * time.Second
)

func (m *Main) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "connect to Discord, or without DISCORD_TOKEN open a page in the browser", Args: exactly(0, ""),
		Long: "Connects to Discord with DISCORD_TOKEN. Without it, a page opens in the browser, for the person at this terminal;\n" +
			"where there is no terminal, WEB_LISTEN says that the page is wanted. Ctrl-C and SIGTERM stop it gracefully.",
		RunE: m.with(m.serve),
	}
}

// errNothingToServe is said where nobody would see the page's address.
var errNothingToServe = fault.New(fault.Invalid, "There is nothing to serve: DISCORD_TOKEN is not set, and there is no terminal to show the address of the page in the browser.\n"+
	"Set DISCORD_TOKEN for Discord, or WEB_LISTEN (such as 127.0.0.1:8080) for the page.")

// serve connects to Discord, and serves the page in the browser: without a token
// that alone.
func (m *Main) serve(ctx context.Context, _ []string) error {
	fronts := m.frontEnds()
	if len(fronts) == 0 {
		return errNothingToServe
	}
	m.level.Set(logLevel(m.Config))
	log := m.log(&m.level)
	slog.SetDefault(log)
	if _, err := m.openDataDir(ctx); err != nil {
		return err
	}
	if unknown, err := config.Unknown(m.EnvFile); err == nil {
		for _, line := range unknown {
			fmt.Fprintf(m.Stderr, "%s: %s\n", filepath.Base(m.EnvFile), line)
		}
	}
	if line := m.wrongClock(time.Now()); line != "" {
		fmt.Fprintln(m.Stderr, line)
	}
	if err := m.serveAlone(ctx); err != nil {
		return err
	}
	m.serving = true
	if m.Config.MetricsListen != "" {
		m.metrics = metrics.New(version(), log)
	}
	log = m.metrics.Log(log, "attache")
	var err error
	if m.tracer, err = trace.Open(ctx, version(), log); err != nil {
		return err
	}
	m.onClose(m.tracer.Close)
	a, tools, err := m.openAssistant(ctx, log, m.Stderr)
	if fault.Is(err, fault.Canceled) && ctx.Err() != nil {
		return nil // stopped before it was ready
	}
	if err != nil {
		return err
	}
	m.background(func(ctx context.Context) { m.watchSettings(ctx, m.log(m.Config.Level())) })
	up, err := m.openMetrics(a, tools, fronts)
	if err != nil {
		return err
	}
	ended := make(chan error, len(fronts))
	for _, f := range fronts {
		end := func(err error) {
			up[f.name].Store(false)
			ended <- err
		}
		if err := f.open(m, ctx, service{a, tools, log, end}); err != nil {
			return err
		}
		up[f.name].Store(true)
	}
	if m.connected != nil {
		m.connected()
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(m.Stderr, "Stopping; running answers may finish.")
		a.Withdraw() // no answer of a person is waited for
		return nil
	case err := <-ended:
		return err
	}
}

// openMetrics serves what tells how the program does, if that is wanted, and
// returns for each front end what tells that it is open.
func (m *Main) openMetrics(a *assistant.Assistant, tb *toolbox, fronts []frontEnd) (up map[string]*atomic.Bool, err error) {
	checks := []metrics.Check{
		{Name: "storage", Try: func(ctx context.Context) error { _, err := a.Files().Totals(ctx); return err }},
		{Name: "sandbox", Try: func(context.Context) error {
			if tb.starts.failed.Load() {
				return fault.New(fault.Unavailable, "No sandbox could start.")
			}
			return nil
		}}}
	up = map[string]*atomic.Bool{}
	for _, f := range fronts {
		open := new(atomic.Bool)
		up[f.name] = open
		checks = append(checks, metrics.Check{Name: f.name, Try: func(context.Context) error {
			if !open.Load() {
				return fault.New(fault.Unavailable, "It is not connected.")
			}
			return nil
		}})
	}
	if m.metrics == nil {
		return up, nil
	}
	s, err := m.metrics.Open(m.Config.MetricsListen, checks...)
	if err == nil {
		m.onClose(s.Close)
	}
	return up, err
}

// background runs f until Close.
func (m *Main) background(f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	m.onClose(func() error {
		cancel()
		<-done
		return nil
	})
}
