package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/attachebot/attache/internal/sqlite"
)

// What a closed database leaves beside it is an empty log: one with content
// would be played into whatever file takes the database's place.
func TestLogAfterClose(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	for range 2 {
		db, err := sqlite.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error("twice:", err)
		}
		if info, err := os.Stat(file + "-wal"); err != nil || info.Size() != 0 {
			t.Errorf("the log: %v", err)
		}
	}
}
