package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/chat/chattest"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/ledger/ledgertest"
	"github.com/attachebot/attache/internal/sqlite"
)

func TestChats(t *testing.T) {
	chattest.Store(t, func(t *testing.T) chat.Store {
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "attache.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return sqlite.NewChats(db)
	})
}

func TestUsage(t *testing.T) {
	ledgertest.Store(t, func(t *testing.T) ledger.Store {
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "attache.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return sqlite.NewChats(db)
	})
}
