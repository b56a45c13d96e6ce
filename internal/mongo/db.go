// Package mongo keeps metadata, conversations and usage in MongoDB, for more
// than one machine. It needs no transactions and so no replica set: what has
// to change in two documents is done in an order that every reader, and
// a crash in between, can live with.
package mongo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"

	"github.com/attachebot/attache/internal/fault"
)

// DB is a connected database.
type DB struct {
	db *mongo.Database
}

// Open connects to the server and the database that a URI names, "attache" if
// it names none. Kinds: Invalid for the URI, Unavailable for the server.
// Close it after use.
func Open(ctx context.Context, uri string) (*DB, error) {
	cs, err := connstring.ParseAndValidate(uri)
	if err != nil { // it may quote the password
		return nil, fault.New(fault.Invalid, "The URI of MongoDB is not valid: it looks like mongodb://user:password@host:27017/attache.")
	}
	name := cs.Database
	if name == "" {
		name = "attache"
	}
	concern := writeconcern.Majority()
	journal := true
	concern.Journal = &journal
	client, err := mongo.Connect(options.Client().SetServerSelectionTimeout(10 * time.Second).SetAppName("attache").
		ApplyURI(uri).SetWriteConcern(concern))
	if err != nil {
		return nil, fault.New(fault.Invalid, "The URI of MongoDB can't be used.")
	}
	if err := client.Ping(ctx, nil); err != nil {
		client.Disconnect(context.WithoutCancel(ctx))
		return nil, fault.Wrap(err, fault.Unavailable, "MongoDB at %s does not answer.", strings.Join(cs.Hosts, ", "))
	}
	return &DB{client.Database(name)}, nil
}

// Close disconnects, and waits up to ten seconds for calls that are under way.
// A second Close does nothing.
func (db *DB) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := db.db.Client().Disconnect(ctx); !errors.Is(err, mongo.ErrClientDisconnected) {
		return err
	}
	return nil
}

// index makes the indexes of a collection that are not there yet. An index is
// known by its name: one whose keys change gets a new name.
func (db *DB) index(ctx context.Context, collection string, indexes ...index) error {
	view := db.db.Collection(collection).Indexes()
	there, err := view.ListSpecifications(ctx)
	if err != nil {
		return translate(err)
	}
	for _, i := range indexes {
		if slices.ContainsFunc(there, func(s mongo.IndexSpecification) bool { return s.Name == i.name }) {
			continue
		}
		model := mongo.IndexModel{Keys: i.keys, Options: options.Index().SetName(i.name).SetUnique(i.unique)}
		if _, err := view.CreateOne(ctx, model); err != nil {
			return translate(err)
		}
	}
	return nil
}

type index struct {
	name   string
	keys   bson.D
	unique bool
}

// translate gives an error of the driver its kind and its sentence: a violated
// unique index is Exists, no document is NotFound, whatever else the server can't
// do is Unavailable. Errors that have a kind keep it.
func translate(err error) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case mongo.IsDuplicateKeyError(err):
		return fault.Wrap(err, fault.Exists, "")
	case errors.Is(err, mongo.ErrNoDocuments):
		return fault.Wrap(err, fault.NotFound, "")
	}
	return fault.Wrap(err, fault.Unavailable, "The database is not available right now.")
}
