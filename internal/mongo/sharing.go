package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/attachebot/attache/internal/files"
)

// brought is a document of brought_files. Its id is the conversation and the
// file, so that twice is once.
type brought struct {
	ID           string   `bson:"_id"`
	Conversation string   `bson:"conversation"`
	File         files.ID `bson:"file_id"`
	User         int64    `bson:"user_id"`
	Owner        string   `bson:"owner"`
}

// word is a document of sharing_words.
type word struct {
	ID           string     `bson:"_id"`
	Conversation string     `bson:"conversation"`
	User         int64      `bson:"user_id"`
	Word         files.Word `bson:"word"`
}

func (s *Files) Bring(ctx context.Context, conversation string, id files.ID, owner string) error {
	b := brought{string(id) + " " + conversation, conversation, id, int64(id.User()), owner}
	_, err := s.brought.ReplaceOne(ctx, bson.D{{Key: "_id", Value: b.ID}}, b, options.Replace().SetUpsert(true))
	return translate(err)
}

func (s *Files) Brought(ctx context.Context, conversation string, now time.Time, limit int) ([]files.Brought, error) {
	cursor, err := s.brought.Find(ctx, bson.D{{Key: "conversation", Value: conversation}})
	if err != nil {
		return nil, translate(err)
	}
	var there []brought
	if err := cursor.All(ctx, &there); err != nil || len(there) == 0 {
		return nil, translate(err)
	}
	ids, owners := bson.A{}, map[files.ID]string{}
	for _, b := range there {
		ids, owners[b.File] = append(ids, b.File), b.Owner
	}
	fs, err := s.find(ctx, bson.D{{Key: "file_id", Value: bson.D{{Key: "$in", Value: ids}}}, alive(now)}, options.Find().SetLimit(int64(limit)).
		SetSort(bson.D{{Key: "uploaded_at", Value: -1}, {Key: "file_id", Value: -1}}))
	var out []files.Brought
	for _, f := range fs {
		out = append(out, files.Brought{File: f, Owner: owners[f.ID]})
	}
	return out, err
}

func (s *Files) SetWord(ctx context.Context, conversation string, user files.UserID, w files.Word) error {
	d := word{user.String() + " " + conversation, conversation, int64(user), w}
	_, err := s.words.ReplaceOne(ctx, bson.D{{Key: "_id", Value: d.ID}}, d, options.Replace().SetUpsert(true))
	return translate(err)
}

func (s *Files) WordOf(ctx context.Context, conversation string, user files.UserID) (files.Word, error) {
	var d word
	err := s.words.FindOne(ctx, bson.D{{Key: "_id", Value: user.String() + " " + conversation}}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return files.Unasked, nil
	}
	return d.Word, translate(err)
}

func (s *Files) Unshare(ctx context.Context, conversation string, user files.UserID) error {
	filter := bson.D{{Key: "conversation", Value: conversation}}
	if conversation == "" {
		filter = bson.D{{Key: "user_id", Value: int64(user)}}
	}
	_, err := s.brought.DeleteMany(ctx, filter)
	if err == nil {
		_, err = s.words.DeleteMany(ctx, filter)
	}
	return translate(err)
}
