package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/files/filestest"
	"github.com/attachebot/attache/internal/sqlite"
)

func TestFiles(t *testing.T) {
	filestest.Store(t, func(t *testing.T) func(string) files.Store {
		file := filepath.Join(t.TempDir(), "attache.db")
		return func(owner string) files.Store { return sqlite.NewFiles(open(t, file), owner) }
	})
}

// open opens a database until the test ends.
func open(t testing.TB, file string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
