package filestest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// How files go: removed, expired, and what a crash left of them.

func testRemoveTwice(t *testing.T, s suite) {
	for range 10 {
		f := s.add(t, file(1, noon, time.Hour))
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := 0
		for _, store := range []files.Store{s.Store, s.open("you"), s.Store} {
			wg.Go(func() {
				removed, _, err := store.Remove(s.ctx, []files.File{f}, noon)
				mu.Lock()
				defer mu.Unlock()
				if got += len(removed); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got != 1 {
			t.Fatalf("%d of 3 calls removed the file", got)
		}
		_, err := s.Get(s.ctx, 1, f.ID, noon)
		wantKind(t, err, fault.NotFound)
		equal(t, "journal", s.journal(t), []string{f.Path})
		must(t, s.Forget(s.ctx, []string{f.Path}))
	}
}

func testRemoveMany(t *testing.T, s suite) {
	a, b, c := s.add(t, file(1, noon, 0)), s.add(t, file(2, noon, 0)), s.add(t, file(1, noon, 0))
	removed, orphans, err := s.Remove(s.ctx, []files.File{a, file(1, noon, 0), b}, noon)
	must(t, err)
	equal(t, "removed", removed, []files.File{a, b})
	equal(t, "orphans", orphans, []string{a.Path, b.Path})
	_, err = s.Get(s.ctx, 1, c.ID, noon)
	must(t, err)
	removed, orphans, err = s.Remove(s.ctx, nil, noon)
	must(t, err)
	equal(t, "nothing", len(removed)+len(orphans), 0)
}

func testExpired(t *testing.T, s suite) {
	var want []files.ID
	for i := range 5 {
		want = append(want, s.add(t, file(files.UserID(5-i), noon.Add(time.Duration(-i)*time.Hour), time.Duration(2*i+1)*time.Hour)).ID)
	}
	s.add(t, file(1, noon, 0))
	for n, now := range []time.Time{noon, noon.Add(time.Hour), noon.Add(2 * time.Hour), noon.Add(3*time.Hour - time.Millisecond)} {
		fs, err := s.Expired(s.ctx, now, 10)
		must(t, err)
		if !slices.Equal(ids(fs), want[:min(n, 2)]) {
			t.Errorf("expired at %v: %v, want %v", now, ids(fs), want[:min(n, 2)])
		}
	}
	fs, err := s.Expired(s.ctx, noon.Add(100*time.Hour), 3)
	must(t, err)
	equal(t, "the oldest three", ids(fs), want[:3])
}

func testScan(t *testing.T, s suite) {
	var want []files.ID
	for i := range 10 {
		want = append(want, s.add(t, file([]files.UserID{1, 11, 111}[i%3], noon, time.Duration(i%2)*time.Hour)).ID)
	}
	var got []files.ID
	for after := files.ID(""); ; after = got[len(got)-1] {
		fs, err := s.Scan(s.ctx, after, 3)
		must(t, err)
		if len(fs) == 0 {
			break
		}
		got = append(got, ids(fs)...)
	}
	done := map[files.UserID]bool{}
	for i, id := range got {
		if i > 0 && got[i-1].User() == id.User() && got[i-1] >= id || done[id.User()] {
			t.Errorf("the order is %v", got)
		}
		if i+1 < len(got) && got[i+1].User() != id.User() {
			done[id.User()] = true
		}
	}
	fs, err := s.Scan(s.ctx, "11_", 2) // from the first of a user
	must(t, err)
	slices.Sort(want)
	first := slices.IndexFunc(want, func(id files.ID) bool { return id.User() == 11 })
	equal(t, "the first two of user 11", ids(fs), want[first:first+2])
	slices.Sort(got)
	equal(t, "all files", got, want)
}

func testReclaim(t *testing.T, s suite) {
	you := s.open("you")
	must(t, s.Begin(s.ctx, "1/mine", noon))
	must(t, you.Begin(s.ctx, "1/yours", noon.Add(time.Second)))
	must(t, s.open("they").Begin(s.ctx, "1/old", noon.Add(-time.Hour)))
	reclaim := func(before time.Time, own bool, limit int, want ...string) {
		t.Helper()
		keys, err := s.Reclaim(s.ctx, before, own, limit)
		must(t, err)
		slices.Sort(keys)
		if !slices.Equal(keys, want) {
			t.Errorf("reclaimed %q, want %q", keys, want)
		}
	}
	reclaim(noon.Add(-2*time.Hour), false, 10)
	reclaim(noon, false, 10, "1/old")
	reclaim(noon, true, 10, "1/mine", "1/old")
	reclaim(noon, true, 10, "1/mine", "1/old") // until they are forgotten
	reclaim(noon.Add(time.Hour), true, 10, "1/mine", "1/old", "1/yours")
	if keys, err := s.Reclaim(s.ctx, noon.Add(time.Hour), true, 2); err != nil || len(keys) != 2 {
		t.Errorf("two of three: %q, %v", keys, err)
	}
	must(t, s.Forget(s.ctx, []string{"1/mine", "1/old"}))
	reclaim(noon.Add(time.Hour), true, 10, "1/yours")
}

func testReclaimStopsCommit(t *testing.T, s suite) {
	f := file(1, noon, 0)
	must(t, s.Begin(s.ctx, f.Path, noon))
	equal(t, "journal", s.journal(t), []string{f.Path})
	_, _, err := s.Commit(s.ctx, f, nil)
	wantKind(t, err, fault.NotFound)
	_, err = s.Get(s.ctx, 1, f.ID, noon)
	wantKind(t, err, fault.NotFound)
	must(t, s.Forget(s.ctx, []string{f.Path}))
	_, _, err = s.Commit(s.ctx, f, nil)
	wantKind(t, err, fault.NotFound)
	// Nor may its bytes count as a twin's.
	g := twinOf(f, noon, 0)
	equal(t, "a later upload of the same bytes", s.add(t, g), stored(g))
}

func testForget(t *testing.T, s suite) {
	f := s.add(t, file(1, noon, 0))
	must(t, s.Begin(s.ctx, "1/a", noon))
	must(t, s.Forget(s.ctx, []string{"1/a", f.Path, "1/nothing"}))
	must(t, s.Forget(s.ctx, []string{"1/a"}))
	must(t, s.Forget(s.ctx, nil))
	equal(t, "journal", len(s.journal(t)), 0)
	_, err := s.Get(s.ctx, 1, f.ID, noon)
	must(t, err)
	_, orphans, err := s.Remove(s.ctx, []files.File{f}, noon)
	must(t, err)
	equal(t, "orphans", orphans, []string{f.Path})
}

func testCommitted(t *testing.T, s suite) {
	f := s.add(t, file(1, noon, 0))
	twin, begun, never := twinOf(f, noon, 0), file(1, noon, 0), file(1, noon, 0)
	s.add(t, twin)
	must(t, s.Forget(s.ctx, []string{twin.Path}))
	must(t, s.Begin(s.ctx, begun.Path, noon))
	for _, c := range []struct {
		f    files.File
		want bool
	}{{f, true}, {twin, true}, {begun, false}, {never, false}} {
		known, err := s.Committed(s.ctx, c.f)
		must(t, err)
		equal(t, "known "+string(c.f.ID), known, c.want)
	}
	equal(t, "journal", s.journal(t), []string{begun.Path})
}
