package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/attachebot/attache/internal/apitoken"
	"github.com/attachebot/attache/internal/sqlite"
	"github.com/attachebot/attache/internal/web/sessions"
)

// Who signed out after a backup was made is not in again with what is restored of
// it; tokens of scripts are there, and said to be.
func TestRestoreEndsSessions(t *testing.T) {
	dir, hash := t.TempDir(), strings.Repeat("a", 43)
	archive := filepath.Join(t.TempDir(), "all.tar")
	data, err := scs.GobCodec{}.Encode(time.Now().Add(time.Hour), map[string]any{"user": "7", "id": "x"})
	if err != nil {
		t.Fatal(err)
	}
	signedIn := func() (bool, []apitoken.Token) {
		t.Helper()
		db, err := sqlite.Open(t.Context(), filepath.Join(dir, "attache.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		_, in, err := sessions.New(sqlite.NewNotes(db)).FindCtx(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := apitoken.New(sqlite.NewNotes(db)).List(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		return in, tokens
	}
	t.Setenv("DATA_DIR", dir)
	if in, _ := signedIn(); in {
		t.Fatal("somebody is in already")
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "attache.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sessions.New(sqlite.NewNotes(db)).CommitCtx(t.Context(), hash, data, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := apitoken.New(sqlite.NewNotes(db)).Make(t.Context(), 7, "laptop"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if out, err := command(t, "backup", archive); err != nil {
		t.Fatal(out, err)
	}
	if in, _ := signedIn(); !in {
		t.Error("the backup ended a session of the program that goes on")
	}
	dir = t.TempDir()
	t.Setenv("DATA_DIR", dir)
	out, err := command(t, "restore", archive)
	if err != nil || !strings.Contains(out, "It has 1 token for scripts") {
		t.Fatal(out, err)
	}
	if in, tokens := signedIn(); in || len(tokens) != 1 {
		t.Errorf("signed in: %v; tokens: %v", in, tokens)
	}
}
