package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/discord"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/metrics"
	"github.com/attachebot/attache/internal/terminal"
)

// stopTime is how long running answers may take to finish when the program is
// told to stop.
const stopTime = 20 * time.Second

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
	if m.Config.DiscordToken == "" && m.Config.WebListen == "" && !terminal.IsTerminal(m.Stderr) {
		return errNothingToServe
	}
	log := m.log(m.Config.Level())
	if m.Config.DiscordToken == "" {
		log = m.log(m.quiet())
	}
	slog.SetDefault(log)
	if _, err := m.openDataDir(); err != nil {
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
	if err := m.lockServe(); err != nil {
		return err
	}
	m.serving = true
	if m.Config.MetricsListen != "" {
		m.metrics = metrics.New(version(), log)
	}
	log = m.metrics.Log(log, "attache")
	a, tools, err := m.openAssistant(ctx, log, m.Stderr)
	if err != nil {
		return err
	}
	var discordDown atomic.Bool
	discordDown.Store(m.Config.DiscordToken != "")
	if err := m.openMetrics(a, tools, &discordDown); err != nil {
		return err
	}
	if m.Config.DiscordToken == "" || m.Config.WebListen != "" {
		if err := m.openPage(a, log); err != nil {
			return err
		}
	}
	if m.Config.DiscordToken == "" {
		if m.connected != nil {
			m.connected()
		}
		<-ctx.Done()
		fmt.Fprintln(m.Stderr, "Stopping; running answers may finish.")
		return nil
	}
	return m.serveDiscord(ctx, a, tools, log, &discordDown)
}

// openMetrics serves what tells how the program does, if that is wanted.
func (m *Main) openMetrics(a *assistant.Assistant, tb *toolbox, discordDown *atomic.Bool) error {
	if m.metrics == nil {
		return nil
	}
	s, err := m.metrics.Open(m.Config.MetricsListen,
		metrics.Check{Name: "storage", Try: func(ctx context.Context) error { _, err := a.Files().Totals(ctx); return err }},
		metrics.Check{Name: "sandbox", Try: func(context.Context) error {
			if tb.starts.failed.Load() {
				return fault.New(fault.Unavailable, "No sandbox could start.")
			}
			return nil
		}},
		metrics.Check{Name: "discord", Try: func(context.Context) error {
			if discordDown.Load() {
				return fault.New(fault.Unavailable, "Discord is not connected.")
			}
			return nil
		}})
	if err == nil {
		m.onClose(s.Close)
	}
	return err
}

func (m *Main) serveDiscord(ctx context.Context, a *assistant.Assistant, tools *toolbox, log *slog.Logger, down *atomic.Bool) error {
	o := m.discord // what tests bend
	o.Log, o.Location, o.MaxDownload = m.metrics.Log(m.log(m.Config.Level()), "discord"), m.Config.Location(), int64(m.Config.MaxSend)<<20
	o.Allowed = discord.Who{Users: m.Config.AllowedUsers, Roles: m.Config.AllowedRoles, Channels: m.Config.AllowedChannels}
	o.Blocked = discord.Who{Users: m.Config.BlockedUsers, Roles: m.Config.BlockedRoles, Channels: m.Config.BlockedChannels}
	o.Language = m.Config.Language
	o.Threads, o.Notes = discord.Threads(m.Config.Threads), m.notes
	o.PingAfter, o.Instance = m.Config.PingAfter, m.instance
	if m.Config.PublicURL != "" {
		o.Link = tools.download
	}
	bot, err := discord.Open(ctx, m.Config.DiscordToken.Reveal(), a, o)
	if err != nil {
		return err
	}
	m.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		return bot.Close(ctx)
	})
	down.Store(false)
	fmt.Fprintln(m.Stderr, "Attaché is connected to Discord. Ctrl-C stops it.")
	if m.connected != nil {
		m.connected()
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(m.Stderr, "Stopping; running answers may finish.")
		return nil
	case <-bot.Done():
		down.Store(true)
		return bot.Err()
	}
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

// discord is doctor's row on Discord, which is asked without connecting to it.
func (d *diagnosis) discord(ctx context.Context) {
	if d.m.Config.DiscordToken == "" {
		d.add("Discord", true, "no DISCORD_TOKEN; serve opens a page in the browser")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	app, err := client.Check(ctx, cmp.Or(d.m.discord.RESTURL, discord.DefaultRESTURL), d.m.Config.DiscordToken.Reveal())
	switch {
	case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Canceled):
		d.warn("Discord", "it can't be asked now: "+fault.Message(err))
	case err != nil:
		d.add("Discord", false, fault.Message(err))
	case app.Servers == 0:
		d.warn("Discord", app.Name+" may read messages. It is in no server yet. Invite it: "+client.Invite(app.ID))
	default:
		d.add("Discord", true, fmt.Sprintf("%s may read messages, and is in %s; %s invites it into another", app.Name, plural(app.Servers, "server"), client.Invite(app.ID)))
	}
}
