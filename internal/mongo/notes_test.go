package mongo_test

import (
	"testing"

	"github.com/attachebot/attache/internal/discord/places"
	"github.com/attachebot/attache/internal/discord/placestest"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/mongo/mongotest"
)

func TestNotes(t *testing.T) {
	server := mongotest.Start(t)
	placestest.Notes(t, func(t *testing.T) places.Notes {
		return mongo.NewNotes(open(t, mongotest.Database(t, server)))
	})
}
