package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/attachebot/attache/internal/apitoken"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox/wheels"
	"github.com/attachebot/attache/internal/terminal"
	"github.com/attachebot/attache/internal/web"
	"github.com/attachebot/attache/internal/web/sessions"
	"github.com/attachebot/attache/runner"
)

// openPage serves the page in the browser and prints the address that signs in.
func (m *Main) openPage(_ context.Context, s service) error {
	c, a := m.Config, s.assistant
	o := web.ServerOptions{
		Listen: c.WebListen, BaseURL: c.WebURL.Reveal(), Dir: c.DataDir, Log: s.log, Tokens: apitoken.New(m.notes), Sessions: sessions.New(m.notes),
		Example: func() (string, []byte) { return "seattle-weather.csv", runner.Example },
		Script: func(ctx context.Context, name string) ([]byte, error) {
			return wheels.Script(ctx, filepath.Join(c.DataDir, "python"), c.Index.Reveal(), name)
		},
	}
	if l, ok := locale.Find(c.Language); ok {
		o.Language = l
	}
	if c.ClientSecret != "" {
		o.Discord = &web.Discord{ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(),
			May: func(ctx context.Context, user files.UserID) error { return m.maySignIn(ctx, a, user) }, Stays: m.staysSignedIn}
	}
	page, err := web.OpenServer(a, o)
	if err != nil {
		return err
	}
	m.onStop(answersTime, func(ctx context.Context) error {
		page.Close(ctx)
		return nil
	})
	address := page.SignInURL()
	fmt.Fprintf(m.Stderr, "Attaché is open in the browser at\n\n  %s\n\nThe address signs in once, within 15 minutes. Ctrl-C stops Attaché.\n", address)
	terminal.OnDesktop(address)
	return nil
}

// staysSignedIn tells whether the settings of now let somebody in.
func (m *Main) staysSignedIn(user files.UserID) bool {
	c := m.now()
	switch {
	case slices.Contains(c.BlockedUsers, uint64(user)):
		return false
	case slices.Contains(c.AllowedUsers, uint64(user)), slices.Contains(c.AdminIDs, uint64(user)):
		return true
	}
	return len(c.AllowedUsers) == 0 || len(c.AllowedRoles) > 0 || len(c.AllowedChannels) > 0
}

// maySignIn lets in with Discord who uses the bot there: whoever ALLOWED_USERS or
// ADMIN_IDS name, or who has files or conversations. A Discord account alone, which
// anybody has, opens nothing.
func (m *Main) maySignIn(ctx context.Context, a *assistant.Assistant, user files.UserID) error {
	if !m.staysSignedIn(user) {
		return fault.New(fault.Denied, "You can't sign in here.")
	}
	if c := m.now(); slices.Contains(c.AllowedUsers, uint64(user)) || slices.Contains(c.AdminIDs, uint64(user)) {
		return nil
	}
	usage, err := a.Files().Usage(ctx, user)
	if err != nil || usage.Files > 0 {
		return err
	}
	known, err := a.Conversations(ctx, chat.ConversationQuery{User: user, Limit: 1})
	if err == nil && len(known) == 0 {
		err = fault.New(fault.Denied, "Ask the bot something in Discord first. Then you can sign in here.")
	}
	return err
}
