package remote_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// report makes a driver believe that a worker is there; nobody takes its orders.
func (f *farm) report(r remote.Report) {
	f.t.Helper()
	body, err := json.Marshal(r)
	if err == nil {
		err = f.nc.Publish("att.r."+r.Name, body)
	}
	if err == nil {
		err = f.nc.Flush()
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// A call that nobody took is no session that was lost: not where it is tried again,
// and not for the next question.
func TestNothingLostBefore(t *testing.T) {
	for name, c := range map[string]struct {
		worker string // that comes then
		stop   bool   // the person stops before
	}{
		"the same worker": {"a", false}, "another worker": {"b", false},
		"stopped, the same worker": {"a", true}, "stopped, another worker": {"b", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := openFarm(t, nil)
			held := &heldStore{Store: f.store, saved: make(chan struct{}), release: make(chan struct{})}
			held.armed.Store(true)
			d, err := remote.Open(f.nc, held, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close(context.Background()) })
			f.report(remote.Report{Name: "a", Life: "before", Generation: 1, Max: 4})
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan error, 1)
			var res sandbox.Result
			go func() {
				var err error
				res, err = d.Run(ctx, key(1), sandbox.Cell{})
				ended <- err
			}()
			<-held.saved // the one that is not there has been chosen
			f.add(c.worker, 4)
			if c.stop {
				stop()
			}
			close(held.release)
			if err := <-ended; c.stop != fault.Is(err, fault.Canceled) || !c.stop && err != nil {
				t.Fatal(err)
			}
			if c.stop {
				res = f.run(1, "")
			}
			if res.Output != c.worker+" 1" || len(res.Notes) != 0 {
				t.Errorf("%+v", res)
			}
		})
	}
}

// A worker that could not begin has lost nothing.
func TestNothingLostByAFullDisk(t *testing.T) {
	f := openFarm(t, nil)
	dir, a := t.TempDir(), newCounting("a")
	t.Cleanup(startWorker(t, f.server, f.store, "a", dir, 4, func(context.Context) (remote.Local, error) { return a, nil }))
	f.run(2, "")
	epochs := filepath.Join(dir, "epochs")
	if err := os.Rename(epochs, epochs+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Run(t.Context(), key(1), sandbox.Cell{}); !fault.Is(err, fault.Unavailable) || a.ran.Load() != 1 {
		t.Errorf("it can't note whose session it has: %v, %d cells ran", err, a.ran.Load())
	}
	if all, err := remote.Workers(t.Context(), f.store); err != nil || len(all) != 1 || !f.Untouched(t.Context(), all[0], key(3)) || a.ran.Load() != 1 {
		t.Errorf("%+v %v: it does not say that it did nothing; %d cells ran", all, err, a.ran.Load())
	}
	if err := os.Rename(epochs+".away", epochs); err != nil {
		t.Fatal(err)
	}
	if res := f.run(1, ""); res.Output != "a 1" || len(res.Notes) != 0 {
		t.Errorf("%+v", res)
	}
}

// unsureStore does what it is asked for once, and says that it did not.
type unsureStore struct {
	cluster.Store
	unsure func(cluster.Session) bool
	says   error
}

func (u *unsureStore) SaveSession(ctx context.Context, s cluster.Session) (cluster.Session, error) {
	saved, err := u.Store.SaveSession(ctx, s)
	if err == nil && u.unsure(s) {
		return cluster.Session{}, u.says
	}
	return saved, err
}

// A record that was written although the database said that it failed is the call's
// own: nothing is lost, and no call is.
func TestRecordWrittenAllTheSame(t *testing.T) {
	f := openFarm(t, nil)
	f.add("a", 4)
	once := true
	d, err := remote.Open(f.nc, &unsureStore{f.store, func(cluster.Session) bool { was := once; once = false; return was }, fault.New(fault.Unavailable, "Not available.")}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close(context.Background()) })
	res, err := d.Run(t.Context(), key(1), sandbox.Cell{})
	if err != nil || res.Output != "a 1" || len(res.Notes) != 0 {
		t.Errorf("%+v, %v", res, err)
	}
}

// countingStore says when a record was read for the third time.
type countingStore struct {
	cluster.Store
	n     int
	third chan struct{}
}

func (c *countingStore) Session(ctx context.Context, k sandbox.Key) (cluster.Session, error) {
	if c.n++; c.n == 3 {
		close(c.third)
	}
	return c.Store.Session(ctx, k)
}

func (f *farm) lives(name string) {
	f.t.Helper()
	l, err := f.store.Acquire(context.Background(), "worker/"+name, "life", time.Hour, "{}")
	if err == nil {
		_, err = f.store.SaveSession(context.Background(), cluster.Session{Key: key(1), Worker: name, Generation: l.Generation, Epoch: "e", UsedAt: time.Now()})
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// A call that waits for a worker, or for room on one, ends when the driver's patience
// at its close does.
func TestCloseWhileWaiting(t *testing.T) {
	f := openFarm(t, nil)
	f.lives("late")
	store := &countingStore{Store: f.store, third: make(chan struct{})}
	late, err := remote.Open(f.nc, store, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	full, err := remote.Open(f.nc, f.store, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	quit := make(chan struct{})
	defer close(quit)
	go func() { // it never has room
		for {
			f.report(remote.Report{Name: "full", Life: "x", Generation: 1})
			select {
			case <-quit:
				return
			case <-time.After(time.Second):
			}
		}
	}()
	queued := make(chan struct{})
	for name, c := range map[string]struct {
		d     *remote.Driver
		n     int
		waits chan struct{}
	}{"for a worker": {late, 1, store.third}, "for room": {full, 2, queued}} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			go func() {
				_, err := c.d.Run(context.Background(), key(c.n), sandbox.Cell{Status: func(s sandbox.Status) {
					if s.State == sandbox.Queued {
						close(queued)
					}
				}})
				ended <- err
			}()
			<-c.waits
			ctx, now := context.WithCancel(t.Context())
			now()
			go c.d.Close(ctx)
			select {
			case err := <-ended:
				if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "shutting down") {
					t.Error(err)
				}
			case <-time.After(30 * time.Second):
				t.Error("the call does not end")
			}
		})
	}
}

// Where this process alone has lost the message server, a call ends although the
// worker lives on.
func TestNotConnected(t *testing.T) {
	defer remote.SetNobodyFor(300 * time.Millisecond)()
	f := openFarm(t, nil)
	f.lives("far")
	f.server.Close()
	for f.nc.IsConnected() {
		time.Sleep(10 * time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := f.Run(ctx, key(1), sandbox.Cell{}); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "No machine") {
		t.Error(err)
	}
}

// An order that nobody confirms is repeated for a while only: a worker does not know
// for ever what it did, and no cell runs twice.
func TestOrderIsNotRepeatedForEver(t *testing.T) {
	defer remote.SetRepeatFor(0)()
	f := openFarm(t, nil)
	var orders atomic.Int64
	sub, err := f.nc.Subscribe("att.w.a.x.call", func(*natsgo.Msg) { orders.Add(1) })
	if err == nil {
		defer sub.Unsubscribe()
		_, err = f.nc.Subscribe("att.w.a.x.c.*", func(*natsgo.Msg) {})
	}
	if err != nil {
		t.Fatal(err)
	}
	f.report(remote.Report{Name: "a", Life: "x", Generation: 1, Max: 4})
	if res := f.run(1, ""); !res.Lost || !strings.Contains(res.Error, "not run again") {
		t.Errorf("%+v", res)
	}
	if n := orders.Load(); n != 1 {
		t.Errorf("it was ordered %d times", n)
	}
}

// A call ends also where this process does not reach the message server again.
func TestServerStaysAway(t *testing.T) {
	f := openFarm(t, nil)
	f.add("a", 4)
	running := make(chan struct{})
	ended := make(chan sandbox.Result, 1)
	go func() {
		res, err := f.Run(context.Background(), key(1), sandbox.Cell{Code: "sleep 10m", Status: func(sandbox.Status) { close(running) }})
		if err != nil {
			t.Error(err)
		}
		ended <- res
	}()
	<-running
	remote.SetLeaseTime(500 * time.Millisecond)
	t.Cleanup(func() { remote.SetLeaseTime(remote.LeaseTime) })
	f.server.Close()
	select {
	case res := <-ended:
		if !res.Lost {
			t.Errorf("%+v", res)
		}
	case <-time.After(30 * time.Second):
		t.Error("the call does not end")
	}
}

// An image that the record names stays, also where the database said that it was not
// written.
func TestImageNamedAllTheSame(t *testing.T) {
	for name, says := range map[string]error{"it failed": fault.New(fault.Unavailable, "Not available."), "it had been written": fault.New(fault.Exists, "Tried again.")} {
		t.Run(name, func(t *testing.T) {
			f, b := openMovingFarm(t, t.TempDir())
			c, _ := f.add("a", 4)
			unsure := &unsureStore{Store: f.store, says: says, unsure: func(s cluster.Session) bool { return s.Image != "" }}
			d, err := remote.Open(f.nc, unsure, remote.NewShelf(b, time.Hour, nil), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close(context.Background()) })
			if _, err := d.Run(t.Context(), key(1), sandbox.Cell{}); err != nil {
				t.Fatal(err)
			}
			c.mu.Lock()
			c.stored[key(1)] = 1
			c.mu.Unlock()
			if err := d.FetchStored(t.Context(), key(1)); fault.KindOf(says) == fault.Unavailable && !fault.Is(err, fault.Unavailable) {
				t.Errorf("nobody tries again: %v", err)
			}
			s := f.record(1)
			if there, err := b.Exists(t.Context(), s.Image); s.Image == "" || !there || err != nil {
				t.Errorf("the record names %q, which is there: %t, %v", s.Image, there, err)
			}
		})
	}
}

// A reset that failed leaves the image that the record still names.
func TestResetFails(t *testing.T) {
	f, b := openMovingFarm(t, t.TempDir())
	f.add("a", 4)
	f.run(1, "store")
	image := f.awaitImage(1, "")
	d, err := remote.Open(f.nc, noDelete{f.store}, remote.NewShelf(b, time.Hour, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close(context.Background()) })
	if err := d.Reset(t.Context(), key(1)); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if there, err := b.Exists(t.Context(), image); !there || err != nil {
		t.Errorf("the image is there: %t, %v", there, err)
	}
}

type noDelete struct{ cluster.Store }

func (noDelete) DeleteSession(context.Context, cluster.Session) error {
	return fault.New(fault.Unavailable, "Not available.")
}

// What a worker asks for is done until the driver is closed, and not after that.
func TestServesUntilClosed(t *testing.T) {
	f := openFarm(t, nil)
	n := 0
	f.Serve(func() { n++ })
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.Serve(func() { n++ })
	if n != 1 {
		t.Errorf("%d of 1 were done", n)
	}
}
