package main

import (
	"context"
	"log/slog"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/terminal"
)

// frontEnd is a way in which people reach the program that serves.
type frontEnd struct {
	name   string                                      // in /readyz
	wanted func(c config.Config) bool                  // by the settings
	open   func(*Main, context.Context, service) error // returns when it is open; Main.Close closes it
}

// service is what front ends are opened with.
type service struct {
	assistant *assistant.Assistant
	tools     *toolbox
	log       *slog.Logger
	end       func(error) // called once by a front end that can't go on: the program ends with the error
}

var page = frontEnd{"page", func(c config.Config) bool { return c.WebListen != "" }, (*Main).openPage}

// allFrontEnds are opened in this order. chat is apart: it serves one person, and
// ends with them.
var allFrontEnds = []frontEnd{
	page,
	{"discord", func(c config.Config) bool { return c.DiscordToken != "" }, (*Main).openDiscord},
}

// frontEnds are those that are wanted: if none is, the page, for a person at a
// terminal.
func (m *Main) frontEnds() (wanted []frontEnd) {
	for _, f := range allFrontEnds {
		if f.wanted(m.Config) {
			wanted = append(wanted, f)
		}
	}
	if len(wanted) == 0 && terminal.IsTerminal(m.Stderr) {
		wanted = append(wanted, page)
	}
	return wanted
}
