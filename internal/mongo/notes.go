package mongo

import (
	"context"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/attachebot/attache/internal/notes"
)

// Notes is a [notes.Store]: the collection notes.
type Notes struct{ notes *mongo.Collection }

var _ notes.Store = (*Notes)(nil)

// NewNotes returns the notes of a database.
func NewNotes(db *DB) *Notes { return &Notes{db.db.Collection("notes")} }

type note struct {
	Name string `bson:"_id"`
	Text string `bson:"text"`
	Set  int64  `bson:"set_at"` // Unix nanoseconds
}

// SetNote implements notes.Store.
func (n *Notes) SetNote(ctx context.Context, name, text string) error {
	filter := bson.D{{Key: "_id", Value: name}}
	if text == "" {
		_, err := n.notes.DeleteOne(ctx, filter)
		return translate(err)
	}
	// Of two that insert at the same moment, one is refused, and then updates.
	for try := 0; ; try++ {
		_, err := n.notes.ReplaceOne(ctx, filter, note{name, text, time.Now().UnixNano()}, options.Replace().SetUpsert(true))
		if err == nil || try == 3 || !mongo.IsDuplicateKeyError(err) {
			return translate(err)
		}
	}
}

// Notes implements notes.Store.
func (n *Notes) Notes(ctx context.Context, prefix string, limit int) ([]notes.Note, error) {
	cursor, err := n.notes.Find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$regex", Value: "^" + regexp.QuoteMeta(prefix)}}}},
		options.Find().SetSort(bson.D{{Key: "set_at", Value: -1}}).SetLimit(int64(limit)))
	if err != nil {
		return nil, translate(err)
	}
	var found []note
	if err := cursor.All(ctx, &found); err != nil {
		return nil, translate(err)
	}
	var all []notes.Note
	for _, f := range found {
		all = append(all, notes.Note{Name: f.Name, Text: f.Text})
	}
	return all, nil
}
