package main

import (
	"context"
	"fmt"

	"github.com/attachebot/attache/internal/fault"
)

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
	return fault.New(fault.Unavailable, "attache.serve", "No front end for Discord is built in.")
}
