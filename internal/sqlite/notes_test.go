package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/attachebot/attache/internal/discord/places"
	"github.com/attachebot/attache/internal/discord/placestest"
	"github.com/attachebot/attache/internal/sqlite"
)

func TestNotes(t *testing.T) {
	placestest.Notes(t, func(t *testing.T) places.Notes {
		db := open(t, filepath.Join(t.TempDir(), "attache.db"))
		t.Cleanup(func() { db.Close() })
		return sqlite.NewNotes(db)
	})
}
