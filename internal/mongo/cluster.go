package mongo

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// Cluster is a [cluster.Store]: the collections leases, sandbox_sessions and secrets.
// Its clock is the server's, asked before each change: what is compared with it
// is compared with a moment that is past, so that a lease is never taken too
// early, and its holder never believes that it lasts longer than it does. Where that
// clock is set forward, leases of before end by the one of before.
type Cluster struct {
	leases   *mongo.Collection
	sessions *mongo.Collection
	secrets  *mongo.Collection
	db       *mongo.Database
	clock    clock
}

var _ cluster.Store = (*Cluster)(nil)

// NewCluster returns the leases, session records and secrets of a database,
// and makes their indexes.
func NewCluster(ctx context.Context, db *DB) (*Cluster, error) {
	c := &Cluster{leases: db.db.Collection("leases"), sessions: db.db.Collection("sandbox_sessions"), secrets: db.db.Collection("secrets"), db: db.db}
	return c, db.index(ctx, c.sessions.Name(), index{"used", bson.D{{Key: "used_at", Value: 1}}, false})
}

// now is the clock of the server that takes the writes.
func (c *Cluster) now(ctx context.Context) (instant, error) {
	var hello struct {
		LocalTime time.Time `bson:"localTime"`
	}
	asked := cluster.SinceBoot()
	err := c.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello)
	if err == nil && hello.LocalTime.IsZero() {
		err = errors.New("the server does not tell its time")
	}
	if err != nil {
		return instant{}, translate(err)
	}
	return c.clock.take(hello.LocalTime, asked, cluster.SinceBoot()), nil
}

type lease struct {
	Name       string    `bson:"_id"`
	Holder     string    `bson:"holder"`
	Generation int64     `bson:"generation"`
	Ends       time.Time `bson:"ends"`
	TTL        int64     `bson:"ttl,omitempty"` // milliseconds
	Note       string    `bson:"note"`
}

// left is how long a lease lasts.
func (l lease) left(now instant) time.Duration {
	ttl := time.Duration(l.TTL) * time.Millisecond
	left := l.Ends.Sub(now.before(ttl))
	if ttl > 0 {
		left = min(left, ttl)
	}
	return left
}

func (l lease) decode(now instant) cluster.Lease {
	return cluster.Lease{Name: l.Name, Holder: l.Holder, Generation: uint64(l.Generation), Left: l.left(now), Note: l.Note}
}

// Acquire implements cluster.Store.
func (c *Cluster) Acquire(ctx context.Context, name, holder string, ttl time.Duration, note string) (cluster.Lease, error) {
	for range 10 { // until nobody comes in between
		now, err := c.now(ctx)
		if err != nil {
			return cluster.Lease{}, err
		}
		next := lease{name, holder, 1, now.Add(ttl), ttl.Milliseconds(), note}
		mine := bson.D{{Key: "_id", Value: name}, {Key: "holder", Value: holder}, {Key: "ends", Value: bson.D{{Key: "$gt", Value: now.before(ttl)}}}}
		prolong := set(bson.E{Key: "ends", Value: next.Ends}, bson.E{Key: "ttl", Value: next.TTL}, bson.E{Key: "note", Value: note})
		l, err := c.change(ctx, mine, prolong)
		if !errors.Is(err, mongo.ErrNoDocuments) {
			return l.decode(now), translate(err)
		}
		err = c.leases.FindOne(ctx, bson.D{{Key: "_id", Value: name}}).Decode(&l)
		switch {
		case errors.Is(err, mongo.ErrNoDocuments):
			_, err = c.leases.InsertOne(ctx, next)
			if !mongo.IsDuplicateKeyError(err) {
				return next.decode(now), translate(err)
			}
			continue
		case err != nil:
			return cluster.Lease{}, translate(err)
		case l.left(now) > 0 && l.Holder != holder:
			return l.decode(now), fault.New(fault.Exists, "Another process has this lease.")
		}
		asRead := bson.D{{Key: "_id", Value: name}, {Key: "generation", Value: l.Generation}, {Key: "ends", Value: l.Ends}}
		change := prolong
		if l.left(now) <= 0 {
			change = append(set(bson.E{Key: "holder", Value: holder}, bson.E{Key: "ends", Value: next.Ends}, bson.E{Key: "ttl", Value: next.TTL}, bson.E{Key: "note", Value: note}),
				bson.E{Key: "$inc", Value: bson.D{{Key: "generation", Value: int64(1)}}})
		}
		l, err = c.change(ctx, asRead, change)
		if !errors.Is(err, mongo.ErrNoDocuments) {
			return l.decode(now), translate(err)
		}
	}
	return cluster.Lease{}, fault.New(fault.Unavailable, "The database is not available right now.")
}

func (c *Cluster) change(ctx context.Context, filter, update bson.D) (l lease, err error) {
	err = c.leases.FindOneAndUpdate(ctx, filter, update, options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&l)
	return l, err
}

// Release implements cluster.Store. The document stays: generations never come
// again.
func (c *Cluster) Release(ctx context.Context, l cluster.Lease) error {
	_, err := c.leases.UpdateOne(ctx, bson.D{{Key: "_id", Value: l.Name}, {Key: "holder", Value: l.Holder}, {Key: "generation", Value: int64(l.Generation)}},
		set(bson.E{Key: "ends", Value: time.UnixMilli(0)}))
	return translate(err)
}

// Leases implements cluster.Store.
func (c *Cluster) Leases(ctx context.Context, prefix string) ([]cluster.Lease, error) {
	now, err := c.now(ctx)
	if err != nil {
		return nil, err
	}
	var found []lease
	if err := all(ctx, c.leases, bson.D{{Key: "_id", Value: bson.D{{Key: "$regex", Value: "^" + regexp.QuoteMeta(prefix)}}}},
		bson.D{{Key: "_id", Value: 1}}, 0, &found); err != nil {
		return nil, err
	}
	var living []cluster.Lease
	for _, l := range found {
		if l.left(now) > 0 {
			living = append(living, l.decode(now))
		}
	}
	return living, nil
}

func all(ctx context.Context, c *mongo.Collection, filter, sort bson.D, limit int64, into any) error {
	cursor, err := c.Find(ctx, filter, options.Find().SetSort(sort).SetLimit(limit))
	if err == nil {
		err = cursor.All(ctx, into)
	}
	return translate(err)
}

type session struct {
	ID           string    `bson:"_id"`
	User         int64     `bson:"user_id"`
	Conversation string    `bson:"conversation"`
	Worker       string    `bson:"worker"`
	Generation   int64     `bson:"generation"`
	Epoch        string    `bson:"epoch"`
	Image        string    `bson:"image"`
	ImageSum     string    `bson:"image_sum,omitempty"`
	Behind       bool      `bson:"behind,omitempty"`
	UsedAt       time.Time `bson:"used_at"`
	Revision     int64     `bson:"revision"`
}

func sessionID(k sandbox.Key) bson.E {
	return bson.E{Key: "_id", Value: fmt.Sprintf("%d %s", k.User, k.Conversation)}
}

func (s session) decode() cluster.Session {
	return cluster.Session{Key: sandbox.Key{User: uint64(s.User), Conversation: s.Conversation}, Worker: s.Worker,
		Generation: uint64(s.Generation), Epoch: s.Epoch, Image: s.Image, ImageSum: s.ImageSum, Behind: s.Behind, UsedAt: s.UsedAt.UTC(), Revision: uint64(s.Revision)}
}

// Session implements cluster.Store.
func (c *Cluster) Session(ctx context.Context, key sandbox.Key) (cluster.Session, error) {
	var s session
	switch err := c.sessions.FindOne(ctx, bson.D{sessionID(key)}).Decode(&s); {
	case errors.Is(err, mongo.ErrNoDocuments):
		return cluster.Session{Key: key}, nil
	case err != nil:
		return cluster.Session{}, translate(err)
	}
	return s.decode(), nil
}

// SaveSession implements cluster.Store.
func (c *Cluster) SaveSession(ctx context.Context, s cluster.Session) (cluster.Session, error) {
	id := sessionID(s.Key)
	next := cluster.NextRevision(s.Revision)
	doc := session{id.Value.(string), int64(s.User), s.Conversation, s.Worker, int64(s.Generation), s.Epoch, s.Image, s.ImageSum, s.Behind, s.UsedAt, int64(next)}
	if s.Revision == 0 {
		_, err := c.sessions.InsertOne(ctx, doc)
		if mongo.IsDuplicateKeyError(err) {
			return cluster.Session{}, errSessionChanged()
		} else if err != nil {
			return cluster.Session{}, translate(err)
		}
	} else {
		res, err := c.sessions.ReplaceOne(ctx, bson.D{id, {Key: "revision", Value: int64(s.Revision)}}, doc)
		if err != nil {
			return cluster.Session{}, translate(err)
		}
		if res.MatchedCount == 0 {
			return cluster.Session{}, errSessionChanged()
		}
	}
	s.UsedAt = s.UsedAt.UTC().Truncate(time.Millisecond)
	s.Revision = next
	return s, nil
}

func errSessionChanged() error {
	return fault.New(fault.Exists, "This session has gone on elsewhere.")
}

// DeleteSession implements cluster.Store.
func (c *Cluster) DeleteSession(ctx context.Context, s cluster.Session) error {
	res, err := c.sessions.DeleteOne(ctx, bson.D{sessionID(s.Key), {Key: "revision", Value: int64(s.Revision)}})
	if err != nil || res.DeletedCount == 1 {
		return translate(err)
	}
	left, err := c.sessions.CountDocuments(ctx, bson.D{sessionID(s.Key)})
	if err == nil && left > 0 {
		return errSessionChanged()
	}
	return translate(err)
}

// Sessions implements cluster.Store.
func (c *Cluster) Sessions(ctx context.Context, before time.Time, limit int) ([]cluster.Session, error) {
	var found []session
	err := all(ctx, c.sessions, bson.D{{Key: "used_at", Value: bson.D{{Key: "$lt", Value: before}}}},
		bson.D{{Key: "used_at", Value: 1}, {Key: "_id", Value: 1}}, int64(limit), &found)
	sessions := make([]cluster.Session, len(found))
	for i, s := range found {
		sessions[i] = s.decode()
	}
	return sessions, err
}

// Secret implements cluster.Store.
func (c *Cluster) Secret(ctx context.Context, name string, value []byte) ([]byte, error) {
	if len(value) > 0 {
		_, err := c.secrets.InsertOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "value", Value: value}})
		if err != nil && !mongo.IsDuplicateKeyError(err) {
			return nil, translate(err)
		}
	}
	var kept struct {
		Value []byte `bson:"value"`
	}
	err := c.secrets.FindOne(ctx, bson.D{{Key: "_id", Value: name}}).Decode(&kept)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, fault.New(fault.NotFound, "There is no such secret.")
	}
	return kept.Value, translate(err)
}

// DeleteSecrets implements cluster.Store.
func (c *Cluster) DeleteSecrets(ctx context.Context, prefix string, value []byte) (int, error) {
	res, err := c.secrets.DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$regex", Value: "^" + regexp.QuoteMeta(prefix)}}}, {Key: "value", Value: value}})
	if err != nil {
		return 0, translate(err)
	}
	return int(res.DeletedCount), nil
}
