package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/attachebot/attache/internal/apitoken/apitokentest"
	"github.com/attachebot/attache/internal/notes"
	"github.com/attachebot/attache/internal/notes/notestest"
	"github.com/attachebot/attache/internal/sqlite"
	"github.com/attachebot/attache/internal/web/sessions/sessionstest"
)

func TestNotes(t *testing.T) {
	notestest.Notes(t, func(t *testing.T) notes.Store {
		db := open(t, filepath.Join(t.TempDir(), "attache.db"))
		t.Cleanup(func() { db.Close() })
		return sqlite.NewNotes(db)
	})
}

func TestTokensOfScripts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "attache.db")
	apitokentest.Tokens(t, func(t *testing.T) (one, other notes.Store) {
		a, b := open(t, path), open(t, path)
		t.Cleanup(func() { a.Close(); b.Close() })
		return sqlite.NewNotes(a), sqlite.NewNotes(b)
	})
}

func TestSessionsOfTheBrowser(t *testing.T) {
	sessionstest.Sessions(t, func(t *testing.T) (one, other notes.Store) {
		path := filepath.Join(t.TempDir(), "attache.db")
		a, b := open(t, path), open(t, path)
		t.Cleanup(func() { a.Close(); b.Close() })
		return sqlite.NewNotes(a), sqlite.NewNotes(b)
	})
}
