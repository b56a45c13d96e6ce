package files_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/bucket/buckettest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/sqlite"
)

const alice, bob files.UserID = 111111111111111111, 222222222222222222

// A rig is a service on SQLite and a real bucket, with a clock that stands.
type rig struct {
	*files.Service
	store  files.Store
	bucket *bucket.Bucket
	log    *bytes.Buffer
	clock  *clock
	ctx    context.Context
}

type clock struct {
	sync.Mutex
	t time.Time
}

func (c *clock) now() time.Time {
	c.Lock()
	defer c.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.t = c.t.Add(d)
}

// onEach runs a test on a bucket of each sort.
func onEach(t *testing.T, opts files.Options, test func(t *testing.T, r *rig)) {
	t.Run("disk", func(t *testing.T) { test(t, newRig(t, opts, t.TempDir())) })
	t.Run("s3", func(t *testing.T) { test(t, newRig(t, opts, buckettest.S3(t))) })
}

func onDisk(t testing.TB, opts files.Options) *rig { return newRig(t, opts, t.TempDir()) }

func newRig(t testing.TB, opts files.Options, url string) *rig {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "a.db"))
	must(t, err)
	t.Cleanup(func() { db.Close() })
	b, err := bucket.Open(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { b.Close() })
	r := &rig{
		store: sqlite.NewFiles(db, "me"), bucket: b, log: new(bytes.Buffer), ctx: t.Context(),
		clock: &clock{t: time.Date(2024, 10, 1, 10, 30, 0, 123456789, time.UTC)},
	}
	opts.Dir, opts.Abort, opts.Now = b.Dir, b.Abort, r.clock.now
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewJSONHandler(r.log, nil))
	}
	r.Service = files.New(r.store, b.Bucket, opts)
	return r
}

func (r *rig) save(t testing.TB, user files.UserID, name, content string) files.Saved {
	t.Helper()
	s, err := r.Save(r.ctx, files.Upload{User: user, Name: name, Size: int64(len(content)), Body: strings.NewReader(content)})
	must(t, err)
	return s
}

// keys lists everything that is in the bucket, temporary files too.
func (r *rig) keys(t testing.TB) []string {
	t.Helper()
	keys, err := list(r.ctx, r.bucket.Bucket)
	must(t, err)
	return keys
}

func list(ctx context.Context, b *blob.Bucket) (keys []string, err error) {
	for it := b.List(nil); ; {
		o, err := it.Next(ctx)
		if err == io.EOF {
			slices.Sort(keys)
			return keys, nil
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, o.Key)
	}
}

// clean fails unless the bucket has exactly these keys and the journal is empty.
func (r *rig) clean(t testing.TB, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := r.keys(t); !slices.Equal(got, want) {
		t.Errorf("the bucket has %q, want %q", got, want)
	}
	if parts := buckettest.Parts(t, r.bucket.Bucket); len(parts) > 0 {
		t.Errorf("there are parts of broken uploads: %q", parts)
	}
	totals, err := r.Totals(r.ctx)
	must(t, err)
	if totals.Pending != 0 {
		t.Errorf("the journal has %d entries", totals.Pending)
	}
}

func (r *rig) read(t testing.TB, user files.UserID, id files.ID) string {
	t.Helper()
	_, body, err := r.Open(r.ctx, user, id)
	must(t, err)
	defer body.Close()
	b, err := io.ReadAll(body)
	must(t, err)
	return string(b)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t testing.TB, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("error %v, want kind %v", err, k)
	}
}
