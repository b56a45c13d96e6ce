package mongo_test

import (
	"testing"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/chat/chattest"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/ledger/ledgertest"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/mongo/mongotest"
)

func TestChats(t *testing.T) {
	server := mongotest.Start(t)
	chattest.Store(t, func(t *testing.T) chat.Store {
		c, err := mongo.NewChats(t.Context(), open(t, mongotest.Database(t, server)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
}

func TestUsage(t *testing.T) {
	server := mongotest.Start(t)
	ledgertest.Store(t, func(t *testing.T) ledger.Store {
		c, err := mongo.NewChats(t.Context(), open(t, mongotest.Database(t, server)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
}
