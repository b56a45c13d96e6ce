package mongo_test

import (
	"testing"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/files/filestest"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/mongo/mongotest"
)

func TestFiles(t *testing.T) {
	server := mongotest.Start(t)
	filestest.Store(t, func(t *testing.T) func(string) files.Store {
		uri := mongotest.Database(t, server)
		return func(owner string) files.Store {
			s, err := mongo.NewFiles(t.Context(), open(t, uri), owner)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

// The same with times as strings.
func TestFilesWithISOTimes(t *testing.T) {
	server := mongotest.Start(t)
	filestest.Store(t, func(t *testing.T) func(string) files.Store {
		uri := mongotest.Database(t, server)
		return func(owner string) files.Store {
			s, err := mongo.NewFiles(t.Context(), open(t, uri), owner)
			if err != nil {
				t.Fatal(err)
			}
			return s.WriteISO()
		}
	})
}

// open connects until the test ends.
func open(t testing.TB, uri string) *mongo.DB {
	t.Helper()
	db, err := mongo.Open(t.Context(), uri)
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
