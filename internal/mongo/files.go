package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Files is a [files.Store]: the files in user_files, and which files hold which
// bytes, with the journal, in user_file_blobs (see blobs.go); what people share
// in brought_files and sharing_words.
type Files struct {
	files   *mongo.Collection
	blobs   *mongo.Collection
	brought *mongo.Collection
	words   *mongo.Collection
	owner   string
	iso     bool // times are written as strings
}

var _ files.Store = (*Files)(nil)

// NewFiles returns the files of a database, and makes their indexes. The
// owner, noted in the journal, names one running program: the next start of the
// same one gives the same owner. It must not contain a space.
func NewFiles(ctx context.Context, db *DB, owner string) (*Files, error) {
	s := &Files{files: db.db.Collection("user_files"), blobs: db.db.Collection("user_file_blobs"),
		brought: db.db.Collection("brought_files"), words: db.db.Collection("sharing_words"), owner: owner}
	err := db.index(ctx, s.files.Name(),
		index{"file_id", bson.D{{Key: "file_id", Value: 1}}, true},
		index{"expiry", bson.D{{Key: "expires_at", Value: 1}}, false},
		index{"list", bson.D{{Key: "user_id", Value: 1}, {Key: "uploaded_at", Value: -1}, {Key: "file_id", Value: -1}}, false},
		index{"content", bson.D{{Key: "user_id", Value: 1}, {Key: "sha256", Value: 1}}, false})
	if err == nil {
		err = db.index(ctx, s.blobs.Name(), index{"loose", bson.D{{Key: "at", Value: 1}}, false})
	}
	if err == nil {
		err = db.index(ctx, s.brought.Name(),
			index{"file", bson.D{{Key: "file_id", Value: 1}}, false},
			index{"conversation", bson.D{{Key: "conversation", Value: 1}}, false},
			index{"user", bson.D{{Key: "user_id", Value: 1}}, false})
	}
	if err == nil {
		err = db.index(ctx, s.words.Name(), index{"user", bson.D{{Key: "user_id", Value: 1}}, false}, index{"conversation", bson.D{{Key: "conversation", Value: 1}}, false})
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// WriteISO makes the store write times as the ISO strings of the system before
// this one, for scripts that read them. Both are read, whatever is written. Call
// it before the store is used.
func (s *Files) WriteISO() *Files {
	s.iso = true
	return s
}

// byUser matches a user's files, of before too.
func byUser(u files.UserID) bson.E {
	return bson.E{Key: "user_id", Value: bson.D{{Key: "$in", Value: bson.A{int64(u), u.String()}}}}
}

// alive matches what has not expired: null, dates, and strings of before.
func alive(now time.Time) bson.E {
	return bson.E{Key: "$or", Value: bson.A{
		bson.D{{Key: "expires_at", Value: nil}},
		bson.D{{Key: "expires_at", Value: bson.D{{Key: "$gt", Value: now}}}},
		bson.D{{Key: "expires_at", Value: bson.D{{Key: "$gt", Value: now.UTC().Format(iso)}}}},
	}}
}

// dead matches the rest.
func dead(now time.Time) bson.D {
	return bson.D{{Key: "$or", Value: bson.A{
		bson.D{{Key: "expires_at", Value: bson.D{{Key: "$lte", Value: now}}}},
		bson.D{{Key: "expires_at", Value: bson.D{{Key: "$lte", Value: now.UTC().Format(iso)}}}},
	}}}
}

// find returns files. A document that is none, as somebody else may have put
// it there, is left out.
func (s *Files) find(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) ([]files.File, error) {
	cursor, err := s.files.Find(ctx, filter, opts)
	if err != nil {
		return nil, translate(err)
	}
	defer cursor.Close(ctx)
	var fs []files.File
	for cursor.Next(ctx) {
		var d document
		if cursor.Decode(&d) == nil && d.FileID.User() != 0 {
			fs = append(fs, d.decode())
		}
	}
	return fs, translate(cursor.Err())
}

func (s *Files) Get(ctx context.Context, user files.UserID, id files.ID, now time.Time) (files.File, error) {
	var d document
	err := s.files.FindOne(ctx, bson.D{{Key: "file_id", Value: id}, byUser(user), alive(now)}).Decode(&d)
	if err != nil {
		return files.File{}, translate(err)
	}
	return d.decode(), nil
}

func (s *Files) Keep(ctx context.Context, user files.UserID, id files.ID, expires, now time.Time, admit func(files.Usage) error) error {
	file := bson.D{{Key: "file_id", Value: id}, byUser(user), alive(now)}
	to := func(generated bool, expires time.Time) bson.D {
		set := bson.D{{Key: "generated", Value: generated}}
		for _, e := range encode(files.File{ExpiresAt: expires}, s.iso) {
			if e.Key == "expires_at" {
				set = append(set, e)
			}
		}
		return bson.D{{Key: "$set", Value: set}}
	}
	var d document
	err := s.files.FindOneAndUpdate(ctx, append(slices.Clone(file), bson.E{Key: "generated", Value: true}), to(false, expires)).Decode(&d)
	switch {
	case errors.Is(err, mongo.ErrNoDocuments): // code has not made it
		res, err := s.files.UpdateOne(ctx, file, to(false, expires))
		if err == nil && res.MatchedCount == 0 {
			return fault.New(fault.NotFound, "")
		}
		return translate(err)
	case err != nil || admit == nil:
		return translate(err)
	}
	// Counted as kept, so that of two in a race not both are admitted.
	was := d.decode()
	u, err := s.Usage(ctx, user, now)
	if err == nil {
		u.Generated, u.GeneratedBytes = u.Generated+1, u.GeneratedBytes+was.Size
		err = admit(u)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if _, e := s.files.UpdateOne(ctx, bson.D{{Key: "file_id", Value: id}, byUser(user)}, to(true, was.ExpiresAt)); e != nil {
			return translate(e)
		}
	}
	return err
}

func (s *Files) List(ctx context.Context, user files.UserID, q files.Query, now time.Time) (p files.Page, err error) {
	if p.Usage, err = s.Usage(ctx, user, now); err != nil {
		return p, err
	}
	filter := bson.D{byUser(user), alive(now)}
	p.Total = p.Usage.Files
	if q.Kind != "" {
		filter = append(filter, bson.E{Key: "file_type", Value: q.Kind})
		p.Total = p.Usage.Kinds[q.Kind]
	}
	// Dates sort behind strings, which are of before: the order of time.
	p.Files, err = s.find(ctx, filter, options.Find().SetSkip(int64(q.Offset)).SetLimit(int64(q.Limit)).
		SetSort(bson.D{{Key: "uploaded_at", Value: -1}, {Key: "file_id", Value: -1}}))
	return p, err
}

func (s *Files) Usage(ctx context.Context, user files.UserID, now time.Time) (files.Usage, error) {
	u := files.Usage{Kinds: map[files.Kind]int{}}
	// Each class is counted by itself: what comes or goes in one meanwhile makes the other
	// no smaller.
	class := func(of any, count *int, bytes *int64) error {
		match := bson.D{byUser(user), alive(now), {Key: "generated", Value: of}}
		err := s.sum(ctx, match, "$file_type", 1, func(kind any, n int64) {
			k, _ := kind.(string)
			u.Kinds[files.Kind(k)] += int(n)
			*count += int(n)
		})
		if err == nil {
			err = s.sum(ctx, match, nil, "$file_size", func(_ any, n int64) { *bytes = n })
		}
		return err
	}
	err := class(bson.D{{Key: "$ne", Value: true}}, &u.Files, &u.Bytes)
	if err == nil {
		err = class(true, &u.Generated, &u.GeneratedBytes)
	}
	u.Files, u.Bytes = u.Files+u.Generated, u.Bytes+u.GeneratedBytes
	return u, translate(err)
}

// sum adds up what of the files that match, by groups.
func (s *Files) sum(ctx context.Context, match bson.D, by, what any, do func(group any, sum int64)) error {
	return s.aggregate(ctx, do, bson.D{{Key: "$match", Value: match}}, group(by, what))
}

// group is a stage that adds up one thing. (FerretDB can't do two in one.)
func group(by, what any) bson.D {
	return bson.D{{Key: "$group", Value: bson.D{{Key: "_id", Value: by}, {Key: "sum", Value: bson.D{{Key: "$sum", Value: what}}}}}}
}

func (s *Files) aggregate(ctx context.Context, do func(group any, sum int64), stages ...bson.D) error {
	cursor, err := s.files.Aggregate(ctx, stages)
	if err != nil {
		return err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		var row struct {
			Group any `bson:"_id"`
			Sum   any `bson:"sum"`
		}
		if err := cursor.Decode(&row); err != nil {
			return err
		}
		do(row.Group, number(row.Sum))
	}
	return cursor.Err()
}

func (s *Files) Expired(ctx context.Context, now time.Time, limit int) ([]files.File, error) {
	return s.find(ctx, dead(now), options.Find().SetSort(bson.D{{Key: "expires_at", Value: 1}}).SetLimit(int64(limit)))
}

func (s *Files) Scan(ctx context.Context, after files.ID, limit int) ([]files.File, error) {
	return s.find(ctx, bson.D{{Key: "file_id", Value: bson.D{{Key: "$gt", Value: after}}}},
		options.Find().SetSort(bson.D{{Key: "file_id", Value: 1}}).SetLimit(int64(limit)))
}

// Totals asks the server for one document per user, and to go through all
// paths: it is for the operator, now and then.
func (s *Files) Totals(ctx context.Context, now time.Time) (files.Totals, error) {
	var t files.Totals
	users := map[string]bool{} // a number and a string may be the same user
	all := bson.D{}
	err := s.sum(ctx, all, "$user_id", 1, func(user any, n int64) {
		users[fmt.Sprint(user)] = true
		t.Files += int(n)
	})
	t.Users = len(users)
	if err == nil {
		err = s.sum(ctx, all, nil, "$file_size", func(_ any, n int64) { t.Bytes = n })
	}
	if err == nil {
		once := bson.D{{Key: "path", Value: "$file_path"}, {Key: "size", Value: "$file_size"}}
		err = s.aggregate(ctx, func(_ any, n int64) { t.Stored = n }, group(once, 1), group(nil, "$_id.size"))
	}
	if err != nil {
		return t, translate(err)
	}
	expired, err := s.files.CountDocuments(ctx, dead(now))
	if err != nil {
		return t, translate(err)
	}
	pending, err := s.blobs.CountDocuments(ctx, loose)
	t.Expired, t.Pending = int(expired), int(pending)
	return t, translate(err)
}

// stored is f as it comes back.
func stored(f files.File) files.File {
	f.UploadedAt = f.UploadedAt.UTC().Truncate(time.Millisecond)
	if !f.ExpiresAt.IsZero() {
		f.ExpiresAt = f.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	return f
}
