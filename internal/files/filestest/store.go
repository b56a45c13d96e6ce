// Package filestest is the contract of files.Store as tests: every store
// passes it.
package filestest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Database makes an empty database, and returns what opens a store on it in
// the name of an owner. The database ends with the test.
type Database func(t *testing.T) (open func(owner string) files.Store)

// Store runs the contract.
func Store(t *testing.T, db Database) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s suite)
	}{
		{"RoundTrip", testRoundTrip},
		{"Begin", testBegin},
		{"CommitRefuses", testCommitRefuses},
		{"CommitAdmits", testCommitAdmits},
		{"AdmitRace", testAdmitRace},
		{"Twins", testTwins},
		{"NoTwin", testNoTwin},
		{"GetIsOnlyForTheOwner", testGet},
		{"Keep", testKeep},
		{"ListOrderAndPages", testList},
		{"Usage", testUsage},
		{"RemoveTwice", testRemoveTwice},
		{"RemoveMany", testRemoveMany},
		{"Expired", testExpired},
		{"Scan", testScan},
		{"Reclaim", testReclaim},
		{"ReclaimStopsCommit", testReclaimStopsCommit},
		{"Forget", testForget},
		{"Committed", testCommitted},
		{"Totals", testTotals},
		{"Brought", testBrought},
		{"Words", testWords},
		{"Canceled", testCanceled},
		{"BytesOutliveTheirFiles", testHammer},
	} {
		t.Run(c.name, func(t *testing.T) {
			open := db(t)
			c.test(t, suite{Store: open("me"), open: open, ctx: t.Context()})
		})
	}
}

type suite struct {
	files.Store
	open func(owner string) files.Store
	ctx  context.Context
}

// noon is a time that a store does not keep exactly: it has nanoseconds and a zone.
var noon = time.Date(2024, 10, 1, 14, 0, 0, 123456789, time.FixedZone("CEST", 7200))

var serial struct {
	sync.Mutex
	n int
}

// file returns a file of a user's with an id and content of its own.
func file(user files.UserID, at time.Time, life time.Duration) files.File {
	serial.Lock()
	serial.n++
	n := serial.n
	serial.Unlock()
	f := files.File{
		ID:   files.ID(fmt.Sprintf("%d_%d_%08x", user, at.Unix(), n)),
		User: user, Name: "sales.csv", Kind: "csv", Size: int64(n), SHA256: fmt.Sprintf("%064x", n), MIME: "text/csv", UploadedAt: at,
	}
	if life != 0 {
		f.ExpiresAt = at.Add(life)
	}
	f.Path = fmt.Sprintf("%d/%s.csv", user, f.ID)
	return f
}

func (s suite) add(t *testing.T, f files.File) files.File {
	t.Helper()
	must(t, s.Begin(s.ctx, f.Path, f.UploadedAt))
	stored, _, err := s.Commit(s.ctx, f, nil)
	must(t, err)
	return stored
}

// stored is f as it comes back.
func stored(f files.File) files.File {
	f.UploadedAt = f.UploadedAt.UTC().Truncate(time.Millisecond)
	if !f.ExpiresAt.IsZero() {
		f.ExpiresAt = f.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	return f
}

func ids(fs []files.File) (out []files.ID) {
	for _, f := range fs {
		out = append(out, f.ID)
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("error %v, want kind %v", err, k)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %+v\nwant %+v", what, got, want)
	}
}

// journal returns all keys of the journal without taking anything out of it.
// Uploads that are under way are stopped by it.
func (s suite) journal(t *testing.T) []string {
	t.Helper()
	keys, err := s.Reclaim(s.ctx, noon.Add(1000*time.Hour), true, 1000)
	must(t, err)
	slices.Sort(keys)
	return keys
}

func testRoundTrip(t *testing.T, s suite) {
	plain := file(1, noon, time.Hour)
	full := file(1<<63-1, noon.Add(time.Second), 0)
	full.Name = "r\x00ésumé \"q\" '); DROP TABLE files;-- \u202e😀.tiff"
	full.Kind, full.MIME, full.Width, full.Height, full.Generated = "geotiff", "image/tiff", 12345, 678, true
	full.Size = 1 << 40
	old := file(2, noon, time.Hour)
	old.SHA256, old.MIME, old.Size = "", "", 0
	for _, f := range []files.File{plain, full, old} {
		equal(t, "Commit", s.add(t, f), stored(f))
		got, err := s.Get(s.ctx, f.User, f.ID, noon.Add(2*time.Second))
		must(t, err)
		equal(t, "Get", got, stored(f))
		equal(t, "another connection", func() files.File {
			f, err := s.open("you").Get(s.ctx, f.User, f.ID, noon.Add(2*time.Second))
			must(t, err)
			return f
		}(), stored(f))
	}
	equal(t, "journal", len(s.journal(t)), 0)
}

func testBegin(t *testing.T, s suite) {
	must(t, s.Begin(s.ctx, "1/a", noon))
	wantKind(t, s.Begin(s.ctx, "1/a", noon), fault.Exists)
	wantKind(t, s.open("you").Begin(s.ctx, "1/a", noon), fault.Exists)
	must(t, s.Begin(s.ctx, "1/b", noon))
	f := s.add(t, file(1, noon, 0))
	wantKind(t, s.Begin(s.ctx, f.Path, noon), fault.Exists) // its bytes would be overwritten
	equal(t, "journal", s.journal(t), []string{"1/a", "1/b"})
}

func testCommitRefuses(t *testing.T, s suite) {
	f := file(1, noon, time.Hour)
	_, _, err := s.Commit(s.ctx, f, nil) // never begun
	wantKind(t, err, fault.NotFound)
	s.add(t, f)
	again := file(1, noon, time.Hour)
	again.ID = f.ID
	must(t, s.Begin(s.ctx, again.Path, noon))
	_, _, err = s.Commit(s.ctx, again, nil)
	wantKind(t, err, fault.Exists)

	got, err := s.Get(s.ctx, 1, f.ID, noon)
	must(t, err)
	equal(t, "the first file", got, stored(f))
	equal(t, "journal", s.journal(t), []string{again.Path})
}

func testCommitAdmits(t *testing.T, s suite) {
	a, b := file(1, noon, time.Minute), file(1, noon, time.Hour)
	s.add(t, file(2, noon, 0))
	s.add(t, a)
	s.add(t, b)
	late := file(1, noon.Add(time.Minute), 0) // a is gone by then
	must(t, s.Begin(s.ctx, late.Path, late.UploadedAt))
	refusal := fault.New(fault.Exhausted, "no more")
	_, _, err := s.Commit(s.ctx, late, func(u files.Usage) error {
		equal(t, "usage", u, files.Usage{Files: 1, Bytes: b.Size, Kinds: map[files.Kind]int{"csv": 1}})
		return refusal
	})
	if err != refusal {
		t.Errorf("error %v, want admit's own", err)
	}
	_, err = s.Get(s.ctx, 1, late.ID, late.UploadedAt)
	wantKind(t, err, fault.NotFound)

	_, _, err = s.Commit(s.ctx, late, func(files.Usage) error { return nil }) // the key is still begun
	must(t, err)
	must(t, s.Begin(s.ctx, "1/x", noon))
	twin := late
	twin.ID, twin.Path = "1_1727784060_ffffffff", "1/x"
	_, _, err = s.Commit(s.ctx, twin, func(files.Usage) error { return refusal }) // one that would share bytes
	if err != refusal {
		t.Errorf("error %v, want admit's own", err)
	}
	removed, orphans, err := s.Remove(s.ctx, []files.File{late}, noon)
	must(t, err)
	equal(t, "removed", ids(removed), []files.ID{late.ID})
	equal(t, "no trace of the refused twin", orphans, []string{late.Path})
	equal(t, "journal", s.journal(t), []string{late.Path, "1/x"})
}

func testAdmitRace(t *testing.T, s suite) {
	const limit, tries = 5, 12
	var wg sync.WaitGroup
	var mu sync.Mutex
	admitted := 0
	stores := []files.Store{s.Store, s.open("you")}
	for i := range tries {
		f := file(1, noon, time.Hour)
		store := stores[i%2]
		wg.Go(func() {
			if err := store.Begin(s.ctx, f.Path, noon); err != nil {
				t.Error(err)
			}
			_, _, err := store.Commit(s.ctx, f, func(u files.Usage) error {
				if u.Files >= limit {
					return fault.New(fault.Exhausted, "full")
				}
				return nil
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				admitted++
			} else if !fault.Is(err, fault.Exhausted) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	u, err := s.Usage(s.ctx, 1, noon)
	must(t, err)
	if u.Files != admitted || admitted > limit {
		t.Errorf("%d files are there, %d were admitted, at most %d may be", u.Files, admitted, limit)
	}
	equal(t, "journal keeps the refused", len(s.journal(t)), tries-admitted)
}

// twinOf returns another upload of the same bytes.
func twinOf(f files.File, at time.Time, life time.Duration) files.File {
	g := file(f.User, at, life)
	g.SHA256, g.Size = f.SHA256, f.Size
	return g
}

func testTwins(t *testing.T, s suite) {
	a := file(1, noon, time.Hour)
	b, c := twinOf(a, noon.Add(time.Second), 2*time.Hour), twinOf(a, noon.Add(2*time.Second), 0)
	b.Name, b.Kind, b.Width = "other.txt", "text", 7
	s.add(t, a)
	for _, f := range []files.File{b, c} {
		must(t, s.Begin(s.ctx, f.Path, noon))
		got, twin, err := s.Commit(s.ctx, f, nil)
		must(t, err)
		want := stored(f)
		want.Path = a.Path
		equal(t, "Commit", got, want)
		if twin != a.ID && twin != b.ID {
			t.Errorf("twin %q, want %q or %q", twin, a.ID, b.ID)
		}
		got, err = s.Get(s.ctx, 1, f.ID, noon)
		must(t, err)
		equal(t, "Get", got, want)
	}
	equal(t, "the keys of the copies wait for removal", s.journal(t), []string{b.Path, c.Path})
	must(t, s.Forget(s.ctx, []string{b.Path, c.Path}))

	remove := func(orphans []string, fs ...files.File) {
		t.Helper()
		removed, got, err := s.Remove(s.ctx, fs, noon)
		must(t, err)
		equal(t, "removed", ids(removed), ids(fs))
		equal(t, "orphans", got, orphans)
		equal(t, "journal", s.journal(t), orphans)
	}
	b.Path, c.Path = a.Path, a.Path
	remove(nil, a)
	remove([]string{a.Path}, b, c)
	must(t, s.Forget(s.ctx, []string{a.Path}))
	equal(t, "journal", len(s.journal(t)), 0)
}

func testNoTwin(t *testing.T, s suite) {
	a := s.add(t, file(1, noon, time.Hour))
	foreign := twinOf(a, noon, 0)
	foreign.User, foreign.ID, foreign.Path = 2, "2_1727784000_00000000", "2/2_1727784000_00000000"
	late := twinOf(a, noon.Add(time.Hour), 0)
	longer := twinOf(a, noon, 0)
	longer.Size++
	unknown, unknown2 := file(1, noon, 0), file(1, noon, 0)
	unknown.SHA256, unknown2.SHA256, unknown2.Size = "", "", unknown.Size
	for _, f := range []files.File{foreign, late, longer, unknown, unknown2} {
		must(t, s.Begin(s.ctx, f.Path, noon))
		got, twin, err := s.Commit(s.ctx, f, nil)
		must(t, err)
		if twin != "" || got.Path != f.Path {
			t.Errorf("%s shares %s with %s", f.ID, got.Path, twin)
		}
	}
}

func testGet(t *testing.T, s suite) {
	f := s.add(t, file(1, noon, time.Hour))
	for _, c := range []struct {
		user files.UserID
		id   files.ID
		now  time.Time
		ok   bool
	}{
		{1, f.ID, noon, true},
		{1, f.ID, f.ExpiresAt.Add(-time.Millisecond), true},
		{1, f.ID, f.ExpiresAt, false},
		{2, f.ID, noon, false},
		{0, f.ID, noon, false},
		{1, f.ID + "0", noon, false},
		{1, files.ID(strings.ToUpper(string(f.ID))), noon, files.ID(strings.ToUpper(string(f.ID))) == f.ID},
		{1, "", noon, false},
		{1, "1_%", noon, false},
		{1, `{"$gt":""}`, noon, false},
	} {
		_, err := s.Get(s.ctx, c.user, c.id, c.now)
		if c.ok && err != nil || !c.ok && !fault.Is(err, fault.NotFound) {
			t.Errorf("Get(%d, %q, %v): %v", c.user, c.id, c.now, err)
		}
	}
}

func testKeep(t *testing.T, s suite) {
	f := file(1, noon, time.Hour)
	f.Generated = true
	f = s.add(t, f)
	later := noon.Add(100 * time.Hour)
	wantKind(t, s.Keep(s.ctx, 2, f.ID, later, noon, nil), fault.NotFound)
	wantKind(t, s.Keep(s.ctx, 1, f.ID, later, f.ExpiresAt, nil), fault.NotFound)
	must(t, s.Keep(s.ctx, 1, f.ID, later, noon, nil))
	want := f
	want.Generated, want.ExpiresAt = false, later.UTC().Truncate(time.Millisecond)
	got, err := s.Get(s.ctx, 1, f.ID, noon.Add(99*time.Hour))
	must(t, err)
	equal(t, "a kept file", got, want)
	u, err := s.Usage(s.ctx, 1, noon)
	must(t, err)
	equal(t, "its usage", u.Generated, 0)
	must(t, s.Keep(s.ctx, 1, f.ID, time.Time{}, noon, nil))
	got, err = s.Get(s.ctx, 1, f.ID, noon.Add(9999*time.Hour))
	must(t, err)
	equal(t, "when it expires", got.ExpiresAt, time.Time{})

	// What code made counts from now on, unless it is refused. Of many that race, as
	// many are admitted as there may be.
	no := errors.New("no")
	wantRefused := func(f files.File) {
		t.Helper()
		if err := s.Keep(s.ctx, 1, f.ID, later, noon, func(files.Usage) error { return no }); !errors.Is(err, no) {
			t.Errorf("error %v, want admit's own", err)
		}
	}
	must(t, s.Keep(s.ctx, 1, f.ID, later, noon, func(files.Usage) error { return no })) // it counts already
	const tries, limit = 8, 4
	var wg sync.WaitGroup
	var kept atomic.Int64
	for range tries {
		f := file(1, noon, time.Hour)
		f.Generated = true
		f = s.add(t, f)
		wantRefused(f)
		got, err := s.Get(s.ctx, 1, f.ID, noon)
		must(t, err)
		equal(t, "a refused file", got, f)
		wg.Go(func() {
			err := s.Keep(s.ctx, 1, f.ID, later, noon, func(u files.Usage) error {
				if u.Files-u.Generated >= limit {
					return no
				}
				return nil
			})
			if err == nil {
				kept.Add(1)
			} else if !errors.Is(err, no) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	u, err = s.Usage(s.ctx, 1, noon)
	must(t, err)
	if n := u.Files - u.Generated; n != int(kept.Load())+1 || n > limit {
		t.Errorf("%d files count, %d were kept beside one, at most %d may be", n, kept.Load(), limit)
	}
}

func testList(t *testing.T, s suite) {
	var want []files.ID
	for i := range 30 {
		f := file(1, noon.Add(time.Duration(i/3)*time.Millisecond), 0) // three at each time
		f.Kind = files.Kind([]string{"csv", "image"}[i%2])
		s.add(t, f)
		want = append(want, f.ID)
	}
	slices.Reverse(want) // the ids grow, so this is latest first, greatest id first
	s.add(t, file(2, noon, 0))
	s.add(t, file(1, noon.Add(-time.Hour), time.Hour)) // expired
	for _, c := range []struct{ offset, limit int }{{0, 30}, {0, 7}, {7, 7}, {28, 7}, {30, 7}, {1000, 7}} {
		p, err := s.List(s.ctx, 1, files.Query{Offset: c.offset, Limit: c.limit}, noon)
		must(t, err)
		lo, hi := min(c.offset, 30), min(c.offset+c.limit, 30)
		if !slices.Equal(ids(p.Files), want[lo:hi]) {
			t.Errorf("offset %d: %v, want %v", c.offset, ids(p.Files), want[lo:hi])
		}
		equal(t, "total", p.Total, 30)
		equal(t, "usage", p.Usage.Files, 30)
	}
	p, err := s.List(s.ctx, 1, files.Query{Kind: "image", Offset: 1, Limit: 3}, noon)
	must(t, err)
	equal(t, "images", ids(p.Files), []files.ID{want[2], want[4], want[6]})
	equal(t, "total of images", p.Total, 15)
	equal(t, "kinds", p.Usage.Kinds, map[files.Kind]int{"csv": 15, "image": 15})
	p, err = s.List(s.ctx, 3, files.Query{Limit: 10}, noon)
	must(t, err)
	equal(t, "of nobody", []int{len(p.Files), p.Total, p.Usage.Files}, []int{0, 0, 0})
}

func testUsage(t *testing.T, s suite) {
	a, b := file(1, noon, time.Hour), file(1, noon, 0)
	a.Size, b.Size, b.Kind, b.Generated = 1<<40, 5, "pdf", true
	s.add(t, a)
	s.add(t, b)
	s.add(t, twinOf(stored(a), noon, 0)) // counts in full
	for _, c := range []struct {
		now  time.Time
		want files.Usage
	}{
		{noon, files.Usage{Files: 3, Bytes: 2<<40 + 5, Kinds: map[files.Kind]int{"csv": 2, "pdf": 1}, Generated: 1, GeneratedBytes: 5}},
		{noon.Add(time.Hour), files.Usage{Files: 2, Bytes: 1<<40 + 5, Kinds: map[files.Kind]int{"csv": 1, "pdf": 1}, Generated: 1, GeneratedBytes: 5}},
	} {
		u, err := s.Usage(s.ctx, 1, c.now)
		must(t, err)
		equal(t, "usage", u, c.want)
	}
	u, err := s.Usage(s.ctx, 9, noon)
	must(t, err)
	equal(t, "of nobody", u, files.Usage{Kinds: map[files.Kind]int{}})
}

func testTotals(t *testing.T, s suite) {
	got, err := s.Totals(s.ctx, noon)
	must(t, err)
	equal(t, "nothing", got, files.Totals{})
	a := s.add(t, file(1, noon, time.Hour))
	b := s.add(t, twinOf(a, noon, 0))
	c := s.add(t, file(2, noon, 0))
	must(t, s.Begin(s.ctx, "1/x", noon))
	got, err = s.Totals(s.ctx, noon.Add(time.Hour))
	must(t, err)
	equal(t, "totals", got, files.Totals{
		Users: 2, Files: 3, Bytes: 2*a.Size + c.Size, Stored: a.Size + c.Size, Expired: 1, Pending: 2, // 1/x and the copy of a
	})
	_ = b
}

func testCanceled(t *testing.T, s suite) {
	f := s.add(t, file(1, noon, 0))
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	_, errGet := s.Get(ctx, 1, f.ID, noon)
	_, errList := s.List(ctx, 1, files.Query{Limit: 1}, noon)
	_, _, errRemove := s.Remove(ctx, []files.File{f}, noon)
	for _, err := range []error{errGet, errList, errRemove, s.Begin(ctx, "1/x", noon), s.Forget(ctx, []string{"1/y"})} {
		wantKind(t, err, fault.Canceled)
	}
	_, err := s.Get(s.ctx, 1, f.ID, noon)
	must(t, err)
}

// testHammer lets many write, share and remove the same few contents at once,
// in the names of two owners, and holds what a service does of a bucket: no
// file may ever be without its bytes, and at the end no bytes without a file.
func testHammer(t *testing.T, s suite) {
	var mu sync.Mutex
	bucket := map[string]bool{}
	var live []files.File
	erase := func(store files.Store, keys []string) error {
		mu.Lock()
		for _, k := range keys {
			delete(bucket, k)
		}
		mu.Unlock()
		if len(keys) > 0 { // the longer it takes, the more can come in between
			time.Sleep(rand.N(5 * time.Millisecond))
		}
		return store.Forget(s.ctx, keys)
	}
	save := func(store files.Store, content int) error {
		f := file(1, noon, 0)
		f.SHA256, f.Size = fmt.Sprintf("%064x", content), 1
		if err := store.Begin(s.ctx, f.Path, noon); err != nil {
			return err
		}
		mu.Lock()
		bucket[f.Path] = true
		mu.Unlock()
		got, twin, err := store.Commit(s.ctx, f, nil)
		if err != nil {
			return err
		}
		mu.Lock()
		live = append(live, got)
		mu.Unlock()
		if twin != "" {
			return erase(store, []string{f.Path})
		}
		return nil
	}
	remove := func(store files.Store) error {
		mu.Lock()
		if len(live) == 0 {
			mu.Unlock()
			return nil
		}
		i := rand.IntN(len(live))
		f := live[i]
		if !bucket[f.Path] {
			t.Errorf("%s is known, but its bytes %s are gone", f.ID, f.Path)
		}
		live = slices.Delete(live, i, i+1)
		mu.Unlock()
		_, orphans, err := store.Remove(s.ctx, []files.File{f}, noon)
		return errors.Join(err, erase(store, orphans))
	}
	var wg sync.WaitGroup
	for w := range 6 {
		store := s.open([]string{"me", "you"}[w%2])
		wg.Go(func() {
			for range 60 {
				var err error
				if rand.IntN(2) == 0 {
					err = save(store, rand.IntN(3))
				} else {
					err = remove(store)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	held := map[string]bool{}
	for _, f := range live {
		held[f.Path] = true
	}
	equal(t, "bytes and files", bucket, held)
	equal(t, "journal", len(s.journal(t)), 0)
}
