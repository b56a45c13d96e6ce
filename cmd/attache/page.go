package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
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
	fmt.Fprintf(m.Stderr, "Attaché is open in the browser at\n\n  %s\n\nThe address signs in once, within 15 minutes. Ctrl-C stops Attaché.\n", page.SignInURL())
	if terminal.Desktop() != "" {
		m.openOnDesktop(page.SignInURL())
	}
	return nil
}

// openOnDesktop opens an address that signs in. Everybody on the machine sees what
// programs are called with, so the browser is given a file, which this user alone can
// read and which leads there.
func (m *Main) openOnDesktop(address string) {
	way, err := filepath.Abs(filepath.Join(m.Config.DataDir, "open.html"))
	if err == nil {
		err = writePrivate(way, []byte(`<!doctype html><meta http-equiv="refresh" content="0;url=`+html.EscapeString(address)+`">`))
	}
	if err != nil {
		return // the person opens what was printed
	}
	m.onStop(answersTime, func(context.Context) error { return os.Remove(way) })
	terminal.OnDesktop(way)
}

// writePrivate writes a file that nobody else can read, whatever was there.
func writePrivate(path string, data []byte) error {
	_ = os.Remove(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
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
