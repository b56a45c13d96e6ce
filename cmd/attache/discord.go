package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/discord"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/fault"
)

// openDiscord connects to Discord.
func (m *Main) openDiscord(ctx context.Context, s service) error {
	c := m.Config
	o := m.discord // what tests bend
	o.Log, o.Location, o.Language = m.metrics.Log(m.log(&m.level), "discord"), c.Location(), c.Language
	o.Denied = m.metrics.Denied(client.PermissionNames)
	o.Notes, o.Instance, o.Live = m.notes, m.instance, m.discordOptions
	if c.PublicURL != "" {
		o.Link = s.tools.download
	}
	if c.WebURL != "" && c.ClientSecret != "" {
		o.Page = func(path string) string { return strings.TrimSuffix(c.WebURL.Reveal(), "/") + path }
	}
	m.divide(&o)
	bot, err := discord.Open(ctx, c.DiscordToken.Reveal(), s.assistant, o)
	if err != nil {
		return err
	}
	m.onStop(answersTime, bot.Close)
	m.background(func(ctx context.Context) {
		select {
		case <-bot.Done():
			s.end(bot.Err())
		case <-ctx.Done():
		}
	})
	fmt.Fprintln(m.Stderr, "Attaché is connected to Discord. Ctrl-C stops it.")
	return nil
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
