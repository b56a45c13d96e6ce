package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/discord"
)

// stopTime is how long running answers may take to finish when the program is
// told to stop.
const stopTime = 20 * time.Second

// serve connects to Discord. Without a token it opens a conversation in the
// terminal.
func (m *Main) serve(ctx context.Context, args []string) error {
	if _, err := parse(m.flags("serve"), args); err != nil {
		return err
	}
	if m.Config.DiscordToken == "" {
		fmt.Fprintln(m.Stderr, "DISCORD_TOKEN is not set, so this is a conversation in the terminal.")
		return m.chat(ctx, []string{"--conversation", "default"})
	}
	return m.serveDiscord(ctx)
}

func (m *Main) serveDiscord(ctx context.Context) error {
	log := m.log(m.Config.Level())
	slog.SetDefault(log)
	if unknown, err := config.Unknown(m.EnvFile); err == nil {
		for _, line := range unknown {
			log.Warn(line, "file", filepath.Base(m.EnvFile))
		}
	}
	if _, err := m.openDataDir(); err != nil {
		return err
	}
	if err := m.lockServe(); err != nil {
		return err
	}
	m.serving = true
	a, tools, err := m.openAssistant(ctx, log, m.Stderr)
	if err != nil {
		return err
	}
	o := m.discord // what tests bend
	o.Log, o.Location, o.MaxDownload = log, m.Config.Location(), int64(m.Config.MaxSend)<<20
	o.Allowed = discord.Who{Users: m.Config.AllowedUsers, Roles: m.Config.AllowedRoles, Channels: m.Config.AllowedChannels}
	o.Blocked = discord.Who{Users: m.Config.BlockedUsers, Roles: m.Config.BlockedRoles, Channels: m.Config.BlockedChannels}
	o.Threads = discord.Threads(m.Config.Threads)
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
	fmt.Fprintln(m.Stderr, "Attaché is connected to Discord. Ctrl-C stops it.")
	if m.connected != nil {
		m.connected()
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(m.Stderr, "Stopping; running answers may finish.")
		return nil
	case <-bot.Done():
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

// discordCheck is doctor's row on Discord.
func (d *diagnosis) discord() {
	if d.m.Config.DiscordToken == "" {
		d.add("Discord", true, "no DISCORD_TOKEN; serve opens a conversation in the terminal")
		return
	}
	d.add("Discord", true, "a token is set")
}
