// Package clustertest is the contract of cluster.Store: a suite that every
// implementation passes, and a race of processes.
package clustertest

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// Opened is a store and the means to set its clock forward or back, and to let time
// pass.
type Opened struct {
	cluster.Store
	Jump, Pass func(time.Duration)
}

// Store runs the suite. Open returns an empty store.
func Store(t *testing.T, open func(t *testing.T) Opened) {
	for name, test := range map[string]func(*testing.T, Opened){
		"Lease":         leases,
		"LeaseRace":     leaseRace,
		"Prefix":        prefixes,
		"ClockJumps":    clockJumps,
		"Session":       sessions,
		"SessionRace":   sessionRace,
		"Sessions":      oldSessions,
		"Secret":        secrets,
		"DeleteSecrets": deletedSecrets,
		"Canceled":      canceled,
		"Hold":          holds,
		"HoldLost":      holdLost,
		"Alone":         alone,
		"Division":      divides,
		"DivisionBound": dividesInTime,
		"DivisionClock": dividesOn,
		"HandsDown":     handsDown,
		"Pace":          paces,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

const long = time.Hour

func acquire(t *testing.T, s cluster.Store, name, holder string) cluster.Lease {
	t.Helper()
	l, err := s.Acquire(t.Context(), name, holder, long, "note of "+holder)
	if err != nil {
		t.Fatal(err)
	}
	if l.Name != name || l.Holder != holder || l.Note != "note of "+holder || l.Left <= 0 || l.Left > long {
		t.Errorf("%+v", l)
	}
	return l
}

func refused(t *testing.T, s cluster.Store, name, holder, by string) {
	t.Helper()
	l, err := s.Acquire(t.Context(), name, holder, long, "")
	if !fault.Is(err, fault.Exists) || l.Holder != by {
		t.Errorf("%s of %s: %v, and it is %q's", name, holder, err, l.Holder)
	}
}

func leases(t *testing.T, s Opened) {
	first := acquire(t, s, "x", "a")
	if first.Generation != 1 {
		t.Errorf("generation %d", first.Generation)
	}
	refused(t, s, "x", "b", "a")
	if again := acquire(t, s, "x", "a"); again.Generation != first.Generation {
		t.Errorf("prolonged, generation %d became %d", first.Generation, again.Generation)
	}
	if other := acquire(t, s, "y", "b"); other.Generation != 1 {
		t.Errorf("another name's generation %d", other.Generation)
	}
	if err := s.Release(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := acquire(t, s, "x", "b") // at once
	if second.Generation != 2 {
		t.Errorf("after a release, generation %d", second.Generation)
	}
	for _, stale := range []cluster.Lease{first, {Name: "x", Holder: "b", Generation: 1}, {Name: "none", Holder: "b", Generation: 1}} {
		if err := s.Release(t.Context(), stale); err != nil {
			t.Error(err)
		}
	}
	refused(t, s, "x", "a", "b")
	s.Pass(long + time.Second)
	refusedNot := acquire(t, s, "x", "b") // it ended: another life
	if refusedNot.Generation != 3 {
		t.Errorf("taken again after its end, generation %d", refusedNot.Generation)
	}
	s.Pass(long + time.Second)
	if l := acquire(t, s, "x", "a"); l.Generation != 4 {
		t.Errorf("taken over after its end, generation %d", l.Generation)
	}
	refused(t, s, "x", "b", "a")
}

func leaseRace(t *testing.T, s Opened) {
	for round := range 5 {
		var mu sync.Mutex
		var won []uint64
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				l, err := s.Acquire(t.Context(), "x", fmt.Sprintf("%d-%d", round, i), long, "")
				switch {
				case err == nil:
					mu.Lock()
					won = append(won, l.Generation)
					mu.Unlock()
				case !fault.Is(err, fault.Exists):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 || won[0] != uint64(round+1) {
			t.Errorf("round %d was won with the generations %d", round, won)
		}
		s.Pass(long + time.Second)
	}
}

func prefixes(t *testing.T, s Opened) {
	for _, name := range []string{"w/b", "w/a", "w.c", "wxa", "w%", "W/a", "w_d", "w*", "other"} {
		acquire(t, s, name, "h")
	}
	s.Release(t.Context(), acquire(t, s, "w/gone", "h"))
	for prefix, want := range map[string]string{"w/": "w/a w/b", "w.": "w.c", "w%": "w%", "w_": "w_d", "w*": "w*", "none": "", "": "W/a other w% w* w.c w/a w/b w_d wxa"} {
		all, err := s.Leases(t.Context(), prefix)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, l := range all {
			names = append(names, l.Name)
			if l.Holder != "h" || l.Generation != 1 || l.Left <= 0 || l.Note != "note of h" {
				t.Errorf("%+v", l)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: got %q, want %q", prefix, got, want)
		}
	}
}

// A clock that is set forward ends no lease earlier for that, and one that is set back
// may end it late. It never gives it to two: what the first one does counts no more.
func clockJumps(t *testing.T, s Opened) {
	first, dead := acquire(t, s, "x", "a"), acquire(t, s, "y", "a")
	for range 2 {
		s.Jump(100 * long)
		refused(t, s, "x", "b", "a")
		if all, err := s.Leases(t.Context(), ""); err != nil || len(all) != 2 {
			t.Errorf("set forward, the leases %v live, %v", all, err)
		}
		if again := acquire(t, s, "x", "a"); again.Generation != first.Generation {
			t.Errorf("set forward, generation %d became %d", first.Generation, again.Generation)
		}
	}
	s.Pass(long + time.Second)
	if next := acquire(t, s, "y", "b"); next.Generation != dead.Generation+1 {
		t.Errorf("taken over after its end, generation %d", next.Generation)
	}
	second := acquire(t, s, "x", "b")
	if second.Generation <= first.Generation {
		t.Errorf("generation %d after %d", second.Generation, first.Generation)
	}
	s.Jump(-200 * long)
	refused(t, s, "x", "a", "b")
	if again := acquire(t, s, "x", "b"); again.Generation != second.Generation {
		t.Errorf("set back, generation %d became %d", second.Generation, again.Generation)
	}
	refused(t, s, "x", "a", "b")
	if err := s.Release(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if third := acquire(t, s, "x", "a"); third.Generation != second.Generation+1 {
		t.Errorf("generation %d after %d", third.Generation, second.Generation)
	}
}

func save(t *testing.T, s cluster.Store, r cluster.Session) cluster.Session {
	t.Helper()
	saved, err := s.SaveSession(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Session(t.Context(), r.Key)
	if err != nil || got != saved {
		t.Errorf("saved %+v, read %+v, %v", saved, got, err)
	}
	return saved
}

func conflict(t *testing.T, s cluster.Store, r cluster.Session) {
	t.Helper()
	before, err := s.Session(t.Context(), r.Key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveSession(t.Context(), r); !fault.Is(err, fault.Exists) {
		t.Errorf("saved over revision %d: %v", r.Revision, err)
	}
	if after, err := s.Session(t.Context(), r.Key); err != nil || after != before {
		t.Errorf("a refused change changed %+v to %+v, %v", before, after, err)
	}
}

func sessions(t *testing.T, s Opened) {
	for _, key := range []sandbox.Key{{User: 1, Conversation: "a"}, {User: math.MaxUint64, Conversation: "a b/ü\n'\"$"}, {User: 1, Conversation: ""}, {User: 11, Conversation: ""}} {
		none, err := s.Session(t.Context(), key)
		if err != nil || none != (cluster.Session{Key: key}) {
			t.Errorf("%v: %+v, %v", key, none, err)
		}
		r := cluster.Session{Key: key, Worker: "w1", Generation: 7, Epoch: "e", Image: "i", ImageSum: "s", Behind: true, UsedAt: time.Now().UTC()}
		conflict(t, s, cluster.Session{Key: key, Revision: 1})
		first := save(t, s, r)
		if first.Revision == 0 || first.UsedAt != r.UsedAt.Truncate(time.Millisecond) || first.Worker != "w1" || first.Generation != 7 || first.Epoch != "e" || first.Image != "i" || first.ImageSum != "s" || !first.Behind {
			t.Errorf("%+v", first)
		}
		conflict(t, s, r) // as if there were none
		first.Worker, first.Generation = "w2", 0
		second := save(t, s, first)
		if second.Revision == first.Revision || second.Worker != "w2" {
			t.Errorf("%+v", second)
		}
		conflict(t, s, first)
		if err := s.DeleteSession(t.Context(), first); !fault.Is(err, fault.Exists) {
			t.Errorf("deleted by an old revision: %v", err)
		}
		for range 2 {
			if err := s.DeleteSession(t.Context(), second); err != nil {
				t.Error(err)
			}
		}
		conflict(t, s, second)
		again := save(t, s, r)
		for range 2 { // who knows the record of before does not mistake this one for it
			for _, old := range []cluster.Session{first, second} {
				conflict(t, s, old)
				if err := s.DeleteSession(t.Context(), old); !fault.Is(err, fault.Exists) {
					t.Errorf("deleted by a revision of a record before: %v", err)
				}
			}
			again = save(t, s, again)
		}
	}
}

func sessionRace(t *testing.T, s Opened) {
	r := cluster.Session{Key: sandbox.Key{User: 1, Conversation: "c"}, UsedAt: time.UnixMilli(0)}
	revisions := map[uint64]bool{0: true}
	for round := range 5 {
		var mu sync.Mutex
		var won []string
		var wg sync.WaitGroup
		for i := range 16 {
			mine := r
			mine.Worker = fmt.Sprint("w", i)
			wg.Go(func() {
				_, err := s.SaveSession(t.Context(), mine)
				switch {
				case err == nil:
					mu.Lock()
					won = append(won, mine.Worker)
					mu.Unlock()
				case !fault.Is(err, fault.Exists):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var err error
		if r, err = s.Session(t.Context(), r.Key); err != nil {
			t.Fatal(err)
		}
		if len(won) != 1 || r.Worker != won[0] || revisions[r.Revision] {
			t.Errorf("round %d was won by %q and is %+v", round, won, r)
		}
		revisions[r.Revision] = true
	}
}

func oldSessions(t *testing.T, s Opened) {
	at := time.UnixMilli(1_700_000_000_000)
	for i := range 5 {
		save(t, s, cluster.Session{Key: sandbox.Key{User: 1, Conversation: fmt.Sprint(i)}, UsedAt: at.Add(time.Duration(-i) * time.Minute)})
	}
	for _, c := range []struct {
		before time.Time
		limit  int
		want   string
	}{{at, 10, "[4 3 2 1]"}, {at.Add(time.Millisecond), 10, "[4 3 2 1 0]"}, {at, 2, "[4 3]"}, {at.Add(-time.Hour), 10, "[]"}} {
		all, err := s.Sessions(t.Context(), c.before, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, r := range all {
			got = append(got, r.Conversation)
			if r.Revision == 0 || r.User != 1 {
				t.Errorf("%+v", r)
			}
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("got %v, want %s", got, c.want)
		}
	}
}

func secrets(t *testing.T, s Opened) {
	if _, err := s.Secret(t.Context(), "k", nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("a secret that is not there: %v", err)
	}
	got := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = s.Secret(t.Context(), "k", []byte{byte(i), 0, 0xff}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	kept, err := s.Secret(t.Context(), "k", nil)
	if err != nil || len(kept) != 3 {
		t.Errorf("%x, %v", kept, err)
	}
	for _, g := range got {
		if !bytes.Equal(g, kept) {
			t.Errorf("one got %x, another %x", g, kept)
		}
	}
}

func deletedSecrets(t *testing.T, s Opened) {
	all := map[string]string{"w/1": "a", "w/2": "b", "w/3": "a", "W/4": "a", "wx5": "a", "w/": "a", "w%": "a", "w/6": "aa", "w.7": "a"}
	for name, value := range all {
		if _, err := s.Secret(t.Context(), name, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{3, 0} {
		if n, err := s.DeleteSecrets(t.Context(), "w/", []byte("a")); err != nil || n != want {
			t.Errorf("%d were deleted, %v, want %d", n, err, want)
		}
	}
	for name, value := range all {
		got, err := s.Secret(t.Context(), name, nil)
		if gone := strings.HasPrefix(name, "w/") && value == "a"; gone != fault.Is(err, fault.NotFound) || !gone && string(got) != value {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func canceled(t *testing.T, s Opened) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, e1 := s.Acquire(ctx, "x", "a", long, "")
	_, e2 := s.SaveSession(ctx, cluster.Session{})
	_, e3 := s.Leases(ctx, "")
	for _, err := range []error{e1, e2, e3} {
		if !fault.Is(err, fault.Canceled) {
			t.Errorf("%v", err)
		}
	}
	acquire(t, s, "x", "b")
}
