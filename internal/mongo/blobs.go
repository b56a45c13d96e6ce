package mongo

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// blob is a document of user_file_blobs: some bytes in the bucket, and the
// files that hold them.
//
// A file comes and goes in two documents, its own and its blob's. Each change
// is noted in the blob first (open), then made in user_files, then taken over
// into refs, each in one step. So refs never lacks a file that is known;
// bytes are only shared where refs, in the same step, still has a file; and
// whoever finds an old note looks into user_files for what has become of it.
//
// A blob is loose, and part of the journal, while it has notes or no refs.
// Only then it has a time. The files of before have no blob; they hold their
// bytes alone.
type blob struct {
	Key   string     `bson:"_id"`
	Refs  []files.ID `bson:"refs"`
	Open  []string   `bson:"open"`  // "owner id": a change of the file that is not finished
	Owner string     `bson:"owner"` // who made the latest change
	At    time.Time  `bson:"at"`
}

var (
	loose = bson.D{{Key: "at", Value: bson.D{{Key: "$gt", Value: time.Unix(0, 0)}}}}
	none  = bson.A{}
)

func (s *Files) note(id files.ID) string { return s.owner + " " + string(id) }

// updated runs an update of one blob and tells whether it was there.
func (s *Files) updated(ctx context.Context, filter, update bson.D) (bool, error) {
	r, err := s.blobs.UpdateOne(ctx, filter, update)
	if err != nil {
		return false, err
	}
	return r.MatchedCount > 0, nil
}

func (s *Files) Begin(ctx context.Context, key string, at time.Time) error {
	// A file of before holds its bytes without a blob.
	id, _, _ := strings.Cut(path.Base(key), ".")
	held, err := s.pathOf(ctx, files.ID(id))
	if err == nil && held == key {
		err = fault.New(fault.Exists, "")
	}
	if err != nil {
		return translate(err)
	}
	_, err = s.blobs.InsertOne(ctx, blob{Key: key, Refs: []files.ID{}, Open: []string{}, Owner: s.owner, At: at})
	return translate(err)
}

func (s *Files) Commit(ctx context.Context, f files.File, admit func(files.Usage) error) (files.File, files.ID, error) {
	fail := func(err error) (files.File, files.ID, error) { return files.File{}, "", translate(err) }

	begun := bson.D{{Key: "_id", Value: f.Path}, {Key: "refs", Value: none}, {Key: "reclaimed", Value: bson.D{{Key: "$ne", Value: true}}}}
	if err := s.blobs.FindOne(ctx, begun).Err(); err != nil {
		return fail(err)
	}
	g, twin, err := s.share(ctx, f)
	if err != nil {
		return fail(err)
	}
	if twin == "" {
		ok, err := s.updated(ctx, begun, s.opens(f.ID, f.UploadedAt, true))
		if err != nil {
			return fail(err)
		}
		if !ok {
			return fail(mongo.ErrNoDocuments)
		}
	}
	if _, err := s.files.InsertOne(ctx, encode(g, s.iso)); err != nil {
		if !mongo.IsDuplicateKeyError(err) {
			return fail(err) // whether it is there or not, the note remains
		}
		if _, _, e := s.release(ctx, g.Path, f.ID, s.note(f.ID)); e != nil {
			return fail(e)
		}
		return fail(err)
	}
	if admit != nil {
		// Counted with this file, so that of two in a race not both are admitted.
		u, err := s.Usage(ctx, f.User, f.UploadedAt)
		if err != nil {
			return fail(err)
		}
		if u.Files, u.Bytes = u.Files-1, u.Bytes-f.Size; u.Kinds[f.Kind] <= 1 {
			delete(u.Kinds, f.Kind)
		} else {
			u.Kinds[f.Kind]--
		}
		if refused := admit(u); refused != nil {
			return s.undo(ctx, g, refused)
		}
	}
	if ok, err := s.confirm(ctx, g.Path, f.ID, s.note(f.ID)); err != nil {
		return fail(err)
	} else if !ok { // somebody took this program for dead
		return s.undo(ctx, g, fault.Wrap(mongo.ErrNoDocuments, fault.NotFound, ""))
	}
	return stored(g), twin, nil
}

// share finds a file of the same bytes and adds f to those that hold them. The
// file returned has their path. Without one, f comes back as it is.
func (s *Files) share(ctx context.Context, f files.File) (files.File, files.ID, error) {
	if f.SHA256 == "" {
		return f, "", nil
	}
	filter := bson.D{byUser(f.User), {Key: "sha256", Value: f.SHA256}, {Key: "file_size", Value: f.Size}, alive(f.UploadedAt)}
	for range 3 { // a twin may be deleted at this moment, and there may be another
		var d document
		err := s.files.FindOne(ctx, filter, options.FindOne().SetSort(bson.D{{Key: "uploaded_at", Value: 1}, {Key: "file_id", Value: 1}})).Decode(&d)
		if errors.Is(err, mongo.ErrNoDocuments) {
			break
		}
		if err != nil {
			return f, "", err
		}
		twin := d.decode()
		ok, err := s.updated(ctx, bson.D{{Key: "_id", Value: twin.Path}, {Key: "refs", Value: twin.ID}}, s.opens(f.ID, f.UploadedAt, true))
		if err != nil {
			return f, "", err
		}
		if ok {
			f.Path = twin.Path
			return f, twin.ID, nil
		}
	}
	return f, "", nil
}

// opens is the update that notes a change of a file, and adds the file to
// those that hold the bytes if it is to come.
func (s *Files) opens(id files.ID, at time.Time, add bool) bson.D {
	sets := bson.D{{Key: "open", Value: s.note(id)}}
	if add {
		sets = append(sets, bson.E{Key: "refs", Value: id})
	}
	return bson.D{
		{Key: "$addToSet", Value: sets},
		{Key: "$set", Value: bson.D{{Key: "owner", Value: s.owner}, {Key: "at", Value: at}}},
	}
}

// confirm takes back the note of a file that is known. It tells whether the
// file still held its bytes.
func (s *Files) confirm(ctx context.Context, key string, id files.ID, note string) (bool, error) {
	ok, err := s.updated(ctx, bson.D{{Key: "_id", Value: key}, {Key: "refs", Value: id}},
		bson.D{{Key: "$pull", Value: bson.D{{Key: "open", Value: note}}}})
	if err != nil || !ok {
		return false, err
	}
	return true, s.settled(ctx, key)
}

// settled takes a blob without notes, held by a file, out of the journal.
func (s *Files) settled(ctx context.Context, key string) error {
	_, err := s.updated(ctx, bson.D{{Key: "_id", Value: key}, {Key: "open", Value: none}, {Key: "refs", Value: bson.D{{Key: "$ne", Value: none}}}},
		bson.D{{Key: "$unset", Value: bson.D{{Key: "at", Value: ""}}}})
	return err
}

// release takes a file that is not known (any more) from those that hold the
// bytes, with its note. It tells whether the blob is there, and whether nobody
// holds it now.
func (s *Files) release(ctx context.Context, key string, id files.ID, note string) (found, orphan bool, err error) {
	var b blob
	err = s.blobs.FindOneAndUpdate(ctx, bson.D{{Key: "_id", Value: key}},
		bson.D{{Key: "$pull", Value: bson.D{{Key: "refs", Value: id}, {Key: "open", Value: note}}}},
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&b)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	return true, len(b.Refs) == 0, s.settled(ctx, key)
}

// undo takes back a file that was inserted, and returns why.
func (s *Files) undo(ctx context.Context, f files.File, why error) (files.File, files.ID, error) {
	if _, err := s.files.DeleteOne(ctx, bson.D{{Key: "file_id", Value: f.ID}}); err != nil {
		return files.File{}, "", translate(err)
	}
	if _, _, err := s.release(ctx, f.Path, f.ID, s.note(f.ID)); err != nil {
		return files.File{}, "", translate(err)
	}
	return files.File{}, "", why
}

func (s *Files) Committed(ctx context.Context, f files.File) (bool, error) {
	path, err := s.pathOf(ctx, f.ID)
	if err != nil {
		return false, translate(err)
	}
	if path != "" {
		_, err := s.confirm(ctx, path, f.ID, s.note(f.ID))
		return true, translate(err)
	}
	var b blob
	err = s.blobs.FindOneAndUpdate(ctx, bson.D{{Key: "_id", Value: f.Path}, {Key: "refs", Value: none}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "reclaimed", Value: true}}}}).Decode(&b)
	if !errors.Is(err, mongo.ErrNoDocuments) {
		return false, translate(err)
	}
	if n, err := s.blobs.CountDocuments(ctx, bson.D{{Key: "_id", Value: f.Path}}); err != nil || n > 0 {
		// The insertion may still be on its way. When the note is old, it is not.
		return false, fault.Wrap(errors.Join(err, errors.New("an insertion is in doubt")), fault.Unavailable, "")
	}
	return false, nil
}

// pathOf returns the key of the bytes that a file holds, or "" for none.
func (s *Files) pathOf(ctx context.Context, id files.ID) (string, error) {
	var d document
	err := s.files.FindOne(ctx, bson.D{{Key: "file_id", Value: id}}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return "", nil
	}
	return d.decode().Path, err
}

func (s *Files) Remove(ctx context.Context, fs []files.File, at time.Time) (removed []files.File, orphans []string, err error) {
	for _, f := range fs {
		gone, orphan, err := s.remove(ctx, f, at)
		if gone {
			removed = append(removed, f)
		}
		if orphan {
			orphans = append(orphans, f.Path)
		}
		if err != nil {
			return removed, orphans, translate(err)
		}
	}
	return removed, orphans, nil
}

func (s *Files) remove(ctx context.Context, f files.File, at time.Time) (removed, orphan bool, err error) {
	if path, err := s.pathOf(ctx, f.ID); err != nil || path == "" {
		return false, false, err
	}
	// A file of before gets its blob now.
	update := append(s.opens(f.ID, at, false), bson.E{Key: "$setOnInsert", Value: bson.D{{Key: "refs", Value: bson.A{f.ID}}}})
	if _, err := s.blobs.UpdateOne(ctx, bson.D{{Key: "_id", Value: f.Path}}, update, options.UpdateOne().SetUpsert(true)); err != nil {
		return false, false, err
	}
	r, err := s.files.DeleteOne(ctx, bson.D{{Key: "file_id", Value: f.ID}})
	if err == nil { // what a crash leaves here names no file, and is never returned
		_, err = s.brought.DeleteMany(ctx, bson.D{{Key: "file_id", Value: f.ID}})
	}
	if err != nil {
		return false, false, err
	}
	_, orphan, err = s.release(ctx, f.Path, f.ID, s.note(f.ID))
	return r.DeletedCount > 0, orphan, err
}

func (s *Files) Reclaim(ctx context.Context, before time.Time, own bool, limit int) (keys []string, err error) {
	before = before.Truncate(time.Millisecond)
	cursor, err := s.blobs.Find(ctx, loose, options.Find().SetSort(bson.D{{Key: "at", Value: 1}}))
	if err != nil {
		return nil, translate(err)
	}
	defer cursor.Close(ctx)
	for len(keys) < limit && cursor.Next(ctx) {
		var b blob
		if err := cursor.Decode(&b); err != nil {
			return keys, translate(err)
		}
		dead := func(owner string) bool { return b.At.Before(before) || own && owner == s.owner }
		for _, note := range b.Open {
			owner, id, _ := strings.Cut(note, " ")
			if !dead(owner) {
				continue
			}
			path, err := s.pathOf(ctx, files.ID(id))
			if err == nil && path == b.Key {
				_, err = s.confirm(ctx, b.Key, files.ID(id), note)
			} else if err == nil {
				_, _, err = s.release(ctx, b.Key, files.ID(id), note)
			}
			if err != nil {
				return keys, translate(err)
			}
		}
		if !dead(b.Owner) {
			continue
		}
		ok, err := s.updated(ctx, bson.D{{Key: "_id", Value: b.Key}, {Key: "refs", Value: none}, {Key: "at", Value: b.At}},
			bson.D{{Key: "$set", Value: bson.D{{Key: "reclaimed", Value: true}}}})
		if err != nil {
			return keys, translate(err)
		}
		if ok {
			keys = append(keys, b.Key)
		} else if err := s.settled(ctx, b.Key); err != nil {
			return keys, translate(err)
		}
	}
	return keys, translate(cursor.Err())
}

func (s *Files) Forget(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	_, err := s.blobs.DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: keys}}}, {Key: "refs", Value: none}})
	return translate(err)
}
