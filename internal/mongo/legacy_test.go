package mongo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/mongo"
	"github.com/attachebot/attache/internal/mongo/mongotest"
)

// Documents of the system before this one, as it wrote them, beside new ones.
func TestFilesOfBefore(t *testing.T) {
	uri := mongotest.Database(t, mongotest.Start(t))
	ctx := t.Context()
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	must(t, err)
	defer client.Disconnect(ctx)
	db := open(t, uri)
	name := uri[len(uri)-len("attache_")-12:]
	now := time.Date(2024, 10, 1, 12, 0, 0, 0, time.UTC)
	doc := func(id any, filename, path string, user, size, uploaded, expires any) bson.D {
		return bson.D{
			{Key: "file_id", Value: id}, {Key: "user_id", Value: user}, {Key: "filename", Value: filename}, {Key: "file_path", Value: path},
			{Key: "file_size", Value: size}, {Key: "file_type", Value: "csv"}, {Key: "uploaded_at", Value: uploaded}, {Key: "expires_at", Value: expires},
		}
	}
	_, err = client.Database(name).Collection("user_files").InsertMany(ctx, []any{
		doc("7_1727780400_00000001", "a.csv", "user_files/7/7_1727780400_00000001.csv", int64(7), int32(1), "2024-10-01T11:00:00.123456", "2024-10-03T11:00:00.123456"),
		doc("7_1727780400_00000002", "b.csv", "/srv/bot/data/user_files/7/7_1727780400_00000002.csv", "7", int64(2), "2024-10-01T11:00:01", "2024-10-01T12:00:01"),
		doc("7_1727780400_00000003", "c.csv", `C:\bot\user_files\7\7_1727780400_00000003.csv`, int32(7), 4.0, bson.NewDateTimeFromTime(now.Add(-time.Minute)), nil),
		doc("7_1727780400_00000004", "gone.csv", "user_files/7/7_1727780400_00000004.csv", "7", 8, "2024-09-29T11:00:00.123456", "2024-10-01T11:59:59.999999"),
		doc("7_1727780400_00000005", "now.csv", "user_files/7/7_1727780400_00000005.csv", 7, 16, "2024-09-29T12:00:00", "2024-10-01T12:00:00"),
		doc("7_1727780400_00000006", "../../e\r\nvil.csv", "../../../etc/passwd", 7, 32, "2024-10-01T10:00:00", nil),
		doc("8_1727780400_00000007", "other.csv", "user_files/8/8_1727780400_00000007.csv", "8", 64, "2024-10-01T10:00:00", nil),
	})
	must(t, err)
	_, err = client.Database(name).Collection("user_files").InsertOne(ctx, doc(17, "no file", "x", int64(9), 0, true, now)) // not in the way
	must(t, err)

	s, err := mongo.NewFiles(ctx, db, "me")
	must(t, err)
	fresh := files.File{ID: "7_1727784000_00000008", User: 7, Name: "new.csv", Kind: "csv", Size: 128, SHA256: "aa", UploadedAt: now.Add(-time.Second), Path: "7/7_1727784000_00000008.csv"}
	must(t, s.Begin(ctx, fresh.Path, now))
	_, _, err = s.Commit(ctx, fresh, nil)
	must(t, err)

	p, err := s.List(ctx, 7, files.Query{Limit: 10}, now)
	must(t, err)
	want := []files.File{
		fresh,
		{ID: "7_1727780400_00000003", Name: "c.csv", Size: 4, UploadedAt: now.Add(-time.Minute)},
		{ID: "7_1727780400_00000002", Name: "b.csv", Size: 2, UploadedAt: now.Add(-time.Hour + time.Second), ExpiresAt: now.Add(time.Second)},
		{ID: "7_1727780400_00000001", Name: "a.csv", Size: 1, UploadedAt: now.Add(-time.Hour + 123*time.Millisecond), ExpiresAt: now.Add(47*time.Hour + 123*time.Millisecond)},
		{ID: "7_1727780400_00000006", Name: ".._.._e  vil.csv", Size: 32, UploadedAt: now.Add(-2 * time.Hour)},
	}
	for i := range want[1:] {
		f := &want[1+i]
		f.User, f.Kind, f.Path = 7, "csv", "7/"+string(f.ID)+".csv"
	}
	if !slices.Equal(p.Files, want) {
		t.Errorf("files\n got %+v\nwant %+v", p.Files, want)
	}
	if p.Usage.Files != 5 || p.Usage.Bytes != 167 || p.Total != 5 {
		t.Errorf("usage %+v", p.Usage)
	}
	for _, f := range want {
		if got, err := s.Get(ctx, 7, f.ID, now); err != nil || got != f {
			t.Errorf("Get = %+v, %v", got, err)
		}
		_, err := s.Get(ctx, 8, f.ID, now)
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("user 8 gets %s: %v", f.ID, err)
		}
	}
	totals, err := s.Totals(ctx, now)
	must(t, err)
	if totals != (files.Totals{Users: 3, Files: 9, Bytes: 255, Stored: 255, Expired: 3}) {
		t.Errorf("totals %+v", totals)
	}
	expired, err := s.Expired(ctx, now, 10)
	must(t, err)
	if len(expired) != 2 || expired[0].Name != "gone.csv" || expired[1].Name != "now.csv" {
		t.Errorf("expired %+v", expired)
	}
	removed, orphans, err := s.Remove(ctx, append(expired, want[1]), now)
	must(t, err)
	if len(removed) != 3 || !slices.Equal(orphans, []string{expired[0].Path, expired[1].Path, want[1].Path}) {
		t.Errorf("removed %v, orphans %q", removed, orphans)
	}
	must(t, s.Forget(ctx, orphans))
	if totals, err = s.Totals(ctx, now); err != nil || totals.Pending != 0 || totals.Files != 6 {
		t.Errorf("totals %+v, %v", totals, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for uri, kind := range map[string]fault.Kind{
		"":                             fault.Invalid,
		"localhost:27017":              fault.Invalid,
		"mongodb://u:hunter2@":         fault.Invalid,
		"mongodb://u:hunter2@h/x?w=-1": fault.Invalid,
		"mongodb://u:hunter2@127.0.0.1:1/x?serverSelectionTimeoutMS=100": fault.Unavailable,
	} {
		db, err := mongo.Open(t.Context(), uri)
		if !fault.Is(err, kind) || db != nil {
			t.Errorf("Open(%q): %v", uri, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is in %v", err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Usage that was kept before there were sums by conversation counts on, and belongs
// to none.
func TestUsageOfBefore(t *testing.T) {
	uri := mongotest.Database(t, mongotest.Start(t))
	ctx := t.Context()
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	must(t, err)
	defer client.Disconnect(ctx)
	row := func(id string, user int64) bson.D {
		return bson.D{{Key: "_id", Value: id}, {Key: "day", Value: "2026-03-01"}, {Key: "user_id", Value: user}, {Key: "model", Value: "a"}, {Key: "requests", Value: int64(2)},
			{Key: "estimated", Value: int64(0)}, {Key: "unpriced", Value: int64(0)}, {Key: "input", Value: int64(10)}, {Key: "cached", Value: int64(0)},
			{Key: "output", Value: int64(0)}, {Key: "reasoning", Value: int64(0)}, {Key: "cost", Value: int64(5)}}
	}
	_, err = client.Database(uri[len(uri)-len("attache_")-12:]).Collection("usage").InsertMany(ctx, []any{row("2026-03-01 7 a", 7), row("2026-03-01 0 a", 0)})
	must(t, err)
	c, err := mongo.NewChats(ctx, open(t, uri))
	must(t, err)
	must(t, c.AddUsage(ctx, ledger.Usage{User: 7, Day: "2026-03-01", Model: "a", Requests: 1, Input: 1}))
	must(t, c.AddUsage(ctx, ledger.Usage{User: 7, Day: "2026-03-01", Model: "a", Conversation: "web/7/x", Requests: 1, Input: 100}))
	for _, q := range []ledger.Query{{User: 7}, {}, {ByUser: true}} {
		if us, err := c.Usage(ctx, q); err != nil || len(us) != 1 || us[0].Requests != 4 || us[0].Input != 111 {
			t.Errorf("%+v: %+v %v", q, us, err)
		}
	}
	us, err := c.Usage(ctx, ledger.Query{User: 7, ByConversation: true})
	if err != nil || len(us) != 2 || us[0].Conversation != "" || us[0].Input != 11 || us[1].Conversation != "web/7/x" || us[1].Input != 100 {
		t.Errorf("%+v %v", us, err)
	}
}
