package mongo_test

import (
	"testing"

	"github.com/attachebot/attache/internal/apitoken/apitokentest"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/mongo/mongotest"
	"github.com/attachebot/attache/internal/notes"
	"github.com/attachebot/attache/internal/notes/notestest"
	"github.com/attachebot/attache/internal/web/sessions/sessionstest"
)

func TestNotes(t *testing.T) {
	server := mongotest.Start(t)
	notestest.Notes(t, func(t *testing.T) notes.Store {
		return mongo.NewNotes(open(t, mongotest.Database(t, server)))
	})
}

func TestTokensOfScripts(t *testing.T) {
	server := mongotest.Start(t)
	apitokentest.Tokens(t, func(t *testing.T) (one, other notes.Store) {
		at := mongotest.Database(t, server)
		return mongo.NewNotes(open(t, at)), mongo.NewNotes(open(t, at))
	})
}

func TestSessionsOfTheBrowser(t *testing.T) {
	server := mongotest.Start(t)
	sessionstest.Sessions(t, func(t *testing.T) (one, other notes.Store) {
		at := mongotest.Database(t, server)
		return mongo.NewNotes(open(t, at)), mongo.NewNotes(open(t, at))
	})
}
