package mongo_test

import (
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/mongo/mongotest"
)

// A commit has just read a twin; before its next step the twin is deleted, and
// its bytes are about to be removed: they must not be shared any more.
func TestTwinThatIsJustDeleted(t *testing.T) {
	uri := mongotest.Database(t, mongotest.Start(t))
	ctx := t.Context()
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	must(t, err)
	defer client.Disconnect(ctx)
	raw := client.Database(uri[strings.LastIndex(uri, "/")+1:])
	s, err := mongo.NewFiles(ctx, open(t, uri), "me")
	must(t, err)
	now := time.Date(2024, 10, 1, 12, 0, 0, 0, time.UTC)
	save := func(id files.ID) files.File {
		f := files.File{ID: id, User: 7, Name: "a.csv", Kind: "csv", Size: 1, SHA256: strings.Repeat("a", 64), UploadedAt: now, Path: "7/" + string(id)}
		must(t, s.Begin(ctx, f.Path, now))
		f, _, err := s.Commit(ctx, f, nil)
		must(t, err)
		return f
	}
	a := save("7_1727784000_00000001")
	var read bson.M // what the commit sees
	must(t, raw.Collection("user_files").FindOne(ctx, bson.D{}).Decode(&read))
	_, orphans, err := s.Remove(ctx, []files.File{a}, now)
	must(t, err)
	_, err = raw.Collection("user_files").InsertOne(ctx, read)
	must(t, err)
	if b := save("7_1727784000_00000002"); len(orphans) != 1 || b.Path == orphans[0] {
		t.Errorf("the file has the bytes %s, which are being removed: %q", b.Path, orphans)
	}
}
