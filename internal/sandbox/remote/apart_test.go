package remote_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// apart opens two farms on one database, whose message servers do not know each other.
func apart(t *testing.T, shelf *remote.Shelf) (one, two *farm) {
	remote.SetLeaseTime(5 * time.Minute) // no worker asks for it again meanwhile
	t.Cleanup(func() { remote.SetLeaseTime(remote.LeaseTime) })
	store := openStore(t, t.TempDir())
	one, two = openFarmAt(t, "one", store, shelf), openFarmAt(t, "two", store, shelf)
	one.add("a", 4)
	two.add("b", 4)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if all, err := remote.Workers(t.Context(), store); err != nil || time.Now().After(end) {
			t.Fatalf("the workers did not come: %v", err)
		} else if len(all) == 2 {
			if all[0].Server != "attache-one" || all[1].Server != "attache-two" {
				t.Errorf("%+v", all)
			}
			one.run(101, "")
			two.run(102, "")
			t.Cleanup(remote.SetNobodyFor(0)) // from now on no worker is late after a start
			return one, two
		}
	}
}

func (f *farm) record(n int) cluster.Session {
	f.t.Helper()
	s, err := f.store.Session(context.Background(), key(n))
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// A worker that lives at a message server that can't be asked is not taken for dead:
// its session goes on elsewhere when it has been stored, and who asks before is told so.
func TestApart(t *testing.T) {
	b, err := bucket.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	one, two := apart(t, remote.NewShelf(b.Bucket, time.Hour, nil))
	away := func(f *farm) {
		t.Helper()
		before := f.record(1)
		if _, err := f.Run(t.Context(), key(1), sandbox.Cell{}); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "can't be asked from here") {
			t.Errorf("of a session that lives elsewhere: %v", err)
		}
		if now := f.record(1); now != before {
			t.Errorf("its record is changed: %+v", now)
		}
	}
	one.run(1, "")
	away(two)
	if res := one.run(1, "store"); res.Output != "a 2" || len(res.Notes) != 0 {
		t.Errorf("%+v", res)
	}
	first := one.awaitImage(1, "")
	if res := two.run(1, ""); res.Output != "b 3" || len(res.Notes) != 0 {
		t.Errorf("after it was stored: %+v", res)
	}
	away(one)
	two.run(1, "store")
	one.awaitImage(1, first)
	if res := one.run(1, ""); res.Output != "a 5" || len(res.Notes) != 0 {
		t.Errorf("and back: %+v", res)
	}

	// One that is not stored for long goes on from what there is, and says so.
	s := one.record(1)
	s.UsedAt = s.UsedAt.Add(-2 * time.Hour)
	if _, err := one.store.SaveSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if res := two.run(1, ""); res.Output != "b 5" || !strings.Contains(fmt.Sprint(res.Notes), "what came after") {
		t.Errorf("it was not stored for long: %+v", res)
	}
	two.run(1, "store")
	two.awaitImage(1, s.Image)
	two.run(1, "")

	// The end of its lease counts everywhere.
	for _, l := range leasesOf(t, two.store, "worker/b") {
		if err := two.store.Release(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if res := one.run(1, ""); res.Output != "a 7" || !strings.Contains(fmt.Sprint(res.Notes), "what came after") {
		t.Errorf("after the end of the lease: %+v", res)
	}
}

func leasesOf(t *testing.T, store cluster.Store, name string) []cluster.Lease {
	t.Helper()
	all, err := store.Leases(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Without a bucket, a session of a worker that can't be asked begins anew, and the
// line is true.
func TestApartWithoutBucket(t *testing.T) {
	one, two := apart(t, nil)
	one.run(1, "")
	if res := two.run(1, ""); res.Output != "b 1" || len(res.Notes) != 1 || !strings.Contains(res.Notes[0].String(), "can't be asked from here") {
		t.Errorf("%+v", res)
	}
	if res := two.run(1, ""); res.Output != "b 2" || len(res.Notes) != 0 {
		t.Errorf("%+v", res)
	}
}

// A worker that can't be asked keeps its name: another life of it is not let in at
// once because nobody hears it.
func TestApartLease(t *testing.T) {
	one, two := apart(t, nil)
	two.add("a", 4)
	told := func() bool {
		all, err := remote.Workers(t.Context(), one.store)
		if err != nil {
			t.Fatal(err)
		}
		return len(all) > 0 && all[0].Name == "a" && all[0].Server == "attache-one"
	}
	for range 30 { // longer than a dead one is listened for
		if !told() {
			t.Fatal("a living worker lost its lease")
		}
		time.Sleep(100 * time.Millisecond)
	}
}
