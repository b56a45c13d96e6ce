package main

import (
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/assistant/assistanttest"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/files"
)

// A Discord account alone signs nobody in: only who uses the bot, or is named.
func TestWhoMaySignIn(t *testing.T) {
	w := assistanttest.New(t, assistant.Options{}, files.Options{})
	if _, err := w.Files.Save(t.Context(), files.Upload{User: 1, Name: "a.csv", Body: strings.NewReader("a\n1\n")}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config config.Config
		user   files.UserID
		may    bool
	}{
		"has files":                    {config.Config{}, 1, true},
		"a stranger":                   {config.Config{}, 2, false},
		"blocked, with files":          {config.Config{BlockedUsers: []uint64{1}}, 1, false},
		"an admin":                     {config.Config{AdminIDs: []uint64{2}}, 2, true},
		"allowed":                      {config.Config{AllowedUsers: []uint64{2}}, 2, true},
		"not allowed, with files":      {config.Config{AllowedUsers: []uint64{2}}, 1, false},
		"roles are allowed, has files": {config.Config{AllowedUsers: []uint64{2}, AllowedRoles: []uint64{9}}, 1, true},
		"blocked and allowed":          {config.Config{AllowedUsers: []uint64{2}, BlockedUsers: []uint64{2}}, 2, false},
	} {
		m := &Main{Config: c.config}
		if err := m.maySignIn(t.Context(), w.Assistant, c.user); (err == nil) != c.may {
			t.Errorf("%s: %v", name, err)
		}
	}
}
