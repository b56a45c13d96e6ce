package remote_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/nats"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// counting is a driver whose sessions count their cells: what it answers tells
// whether a session went on, began anew, or lived twice.
type counting struct {
	name string
	mu   sync.Mutex
	n    map[sandbox.Key]int
	ran  *atomic.Int64

	onStored func(sandbox.Key)
	stored   map[sandbox.Key]int
	behind   map[sandbox.Key]bool // it was, and the next cell says so
	evil     func(context.Context, sandbox.Images)
}

func newCounting(name string) *counting {
	return &counting{name: name, n: map[sandbox.Key]int{}, ran: new(atomic.Int64), stored: map[sandbox.Key]int{}, behind: map[sandbox.Key]bool{}}
}

// Close stores the sessions that have gone on since they were stored.
func (c *counting) Close(context.Context) error {
	c.mu.Lock()
	all := slices.DeleteFunc(slices.Collect(maps.Keys(c.n)), func(k sandbox.Key) bool { return c.stored[k] == c.n[k] })
	c.mu.Unlock()
	for _, k := range all {
		c.store(k)
	}
	return nil
}

func (c *counting) Stats() sandbox.Stats { return sandbox.Stats{Live: len(c.n)} }
func (c *counting) Reset(_ context.Context, k sandbox.Key) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.n, k)
	return nil
}

func (c *counting) Run(ctx context.Context, k sandbox.Key, cell sandbox.Cell) (sandbox.Result, error) {
	c.ran.Add(1)
	c.mu.Lock()
	c.n[k]++
	n := c.n[k]
	var notes []locale.Message
	if c.behind[k] {
		notes = []locale.Message{locale.Plain("lost: what came after")}
		delete(c.behind, k)
	}
	c.mu.Unlock()
	cell.Status(sandbox.Status{State: sandbox.Running})
	what, arg, _ := strings.Cut(cell.Code, " ")
	switch what {
	case "sleep":
		d, _ := time.ParseDuration(arg)
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return sandbox.Result{Outcome: sandbox.Interrupted}, nil
		}
	case "print":
		count, _ := strconv.Atoi(arg)
		for i := range count {
			cell.Output(fmt.Sprintf("%d\n", i))
		}
	case "save":
		size, _ := strconv.ParseInt(arg, 10, 64)
		if err := cell.Save(ctx, "big.bin", io.LimitReader(pattern{}, size)); err != nil {
			return sandbox.Result{}, err
		}
	case "cut":
		return sandbox.Result{Outcome: sandbox.OK}, cell.Save(ctx, "cut.bin", cut{})
	case "load":
		_, r, err := cell.Files.Open(ctx, arg)
		if err != nil {
			return sandbox.Result{}, err
		}
		defer r.Close()
		h := sha256.New()
		if _, err := io.Copy(h, r); err != nil {
			return sandbox.Result{}, err
		}
		return sandbox.Result{Outcome: sandbox.OK, Output: fmt.Sprintf("%x", h.Sum(nil))}, nil
	case "long":
		return sandbox.Result{Outcome: sandbox.OK, Output: strings.Repeat("ü", 2<<20)}, nil
	}
	if what == "store" {
		defer c.store(k)
	}
	return sandbox.Result{Outcome: sandbox.OK, Output: fmt.Sprintf("%s %d", c.name, n), Notes: notes}, nil
}

type pattern struct{}

func (pattern) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i)
	}
	return len(p), nil
}

type farm struct {
	*remote.Driver
	server *nats.Server
	nc     *natsgo.Conn
	store  cluster.Store
	t      testing.TB
}

func openFarm(t testing.TB, shelf *remote.Shelf) *farm {
	return openFarmOn(t, openStore(t, t.TempDir()), shelf)
}

func openFarmOn(t testing.TB, store cluster.Store, shelf *remote.Shelf) *farm {
	return openFarmAt(t, "test", store, shelf)
}

// openFarmAt opens a farm whose message server has a name.
func openFarmAt(t testing.TB, name string, store cluster.Store, shelf *remote.Shelf) *farm {
	server, err := nats.Serve(context.Background(), "127.0.0.1:0", name, store)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := server.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	d, err := remote.Open(nc, store, shelf, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close(context.Background()); nc.Close(); server.Close() })
	return &farm{d, server, nc, store, t}
}

// add starts a worker with a counting driver.
func (f *farm) add(name string, max int) (*counting, func()) {
	c := newCounting(name)
	stop := startWorker(f.t, f.server, f.store, name, f.t.TempDir(), max, func(context.Context) (remote.Local, error) { return c, nil })
	f.t.Cleanup(stop)
	return c, stop
}

func key(n int) sandbox.Key { return sandbox.Key{User: uint64(n), Conversation: "c"} }

func (f *farm) run(n int, code string) sandbox.Result {
	f.t.Helper()
	res, err := f.Run(context.Background(), key(n), sandbox.Cell{Code: code})
	if err != nil {
		f.t.Fatalf("%s: %v", code, err)
	}
	return res
}

// A session stays on its worker; when that leaves, it begins anew elsewhere, and
// the person is told what is lost.
func TestAffinity(t *testing.T) {
	f := openFarm(t, nil)
	_, stop := f.add("a", 4)
	for i := range 3 {
		if got := f.run(1, "").Output; got != fmt.Sprint("a ", i+1) {
			t.Errorf("got %q", got)
		}
	}
	f.add("b", 4)
	if got := f.run(1, "").Output; got != "a 4" {
		t.Errorf("got %q", got)
	}
	stop()
	began := time.Now()
	res := f.run(1, "")
	if res.Output != "b 1" || len(res.Notes) != 1 || !strings.HasPrefix(res.Notes[0].String(), "lost: ") {
		t.Errorf("%+v", res)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to take over from a worker that left", took)
	}
	if err := f.Reset(t.Context(), key(1)); err != nil {
		t.Fatal(err)
	}
	if res := f.run(1, ""); res.Output != "b 1" || len(res.Notes) != 0 {
		t.Errorf("after a reset: %+v", res)
	}
}

// A worker does nothing for another life of its lease, and what a call did counts
// only while the session's record says the same.
func TestOnlyItsOwnGeneration(t *testing.T) {
	f := openFarm(t, nil)
	a, _ := f.add("a", 4)
	f.run(1, "")
	all, err := remote.Workers(t.Context(), f.store)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	w := all[0]
	for generation, want := range map[uint64]bool{w.Generation - 1: true, w.Generation + 1: true, 0: true, w.Generation: false} {
		if refused, err := f.Order(t.Context(), w, generation, key(2)); err != nil || refused != want {
			t.Errorf("an order for generation %d, of %d: refused %v, %v", generation, w.Generation, refused, err)
		}
	}
	if n := a.Stats().Live; n != 2 {
		t.Errorf("%d sessions; the refused ones made some", n)
	}
	s, err := f.store.Session(t.Context(), key(1))
	if err != nil || !f.Still(t.Context(), s) {
		t.Fatalf("%+v %v", s, err)
	}
	for name, other := range map[string]cluster.Session{
		"another worker": {Key: s.Key, Worker: "b", Generation: s.Generation, Epoch: s.Epoch}, "another life": {Key: s.Key, Worker: s.Worker, Generation: s.Generation + 1, Epoch: s.Epoch},
		"after a reset": {Key: s.Key, Worker: s.Worker, Generation: s.Generation, Epoch: s.Epoch + "x"},
	} {
		if f.Still(t.Context(), other) {
			t.Errorf("%s: it counts", name)
		}
	}
}

// A worker does nothing after the end of its lease, also before it has noticed
// that: others may have its sessions.
func TestNothingAfterTheLease(t *testing.T) {
	f := openFarm(t, nil)
	for left, want := range map[time.Duration]bool{time.Hour: false, 0: true, -time.Second: true} {
		local := newCounting("holding")
		w, err := remote.Holding(f.nc, local, filepath.Join(t.TempDir(), "epochs"), 7, left)
		if err != nil {
			t.Fatal(err)
		}
		if refused, err := f.Order(t.Context(), w, 7, key(1)); err != nil || refused != want || (local.ran.Load() == 0) != want {
			t.Errorf("%s before the end: refused %v, %d cells ran, %v", left, refused, local.ran.Load(), err)
		}
	}
}

// What a worker still has of a session that went on elsewhere is never used.
func TestOldStateIsDropped(t *testing.T) {
	f := openFarm(t, nil)
	dir := t.TempDir()
	a := newCounting("a")
	start := func() func() {
		return startWorker(t, f.server, f.store, "a", dir, 4, func(context.Context) (remote.Local, error) { return a, nil })
	}
	stop := start()
	f.run(1, "")
	f.run(1, "")
	stop()
	stop = start() // the same disk, and nobody else had it
	if res := f.run(1, ""); res.Output != "a 3" || len(res.Notes) != 0 {
		t.Errorf("after a restart of its worker: %+v", res)
	}
	stop()
	_, stopB := f.add("b", 4)
	if res := f.run(1, ""); res.Output != "b 1" {
		t.Errorf("%+v", res)
	}
	stop = start()
	defer stop()
	stopB()
	if res := f.run(1, ""); res.Output != "a 1" || len(res.Notes) != 1 {
		t.Errorf("back at a worker that has an old state: %+v", res)
	}
}

// After a restart of all, a session waits for its worker, which comes a little later
// than another one.
func TestAllRestart(t *testing.T) {
	f := openFarm(t, nil)
	dir, a := t.TempDir(), newCounting("a")
	start := func(f *farm) func() {
		return startWorker(t, f.server, f.store, "a", dir, 4, func(context.Context) (remote.Local, error) { return a, nil })
	}
	stop := start(f)
	f.run(1, "")
	stop()
	after := openFarmOn(t, f.store, nil)
	after.add("b", 4)
	after.run(2, "") // it is there
	ended := make(chan sandbox.Result)
	go func() { ended <- after.run(1, "") }()
	select {
	case res := <-ended:
		t.Fatalf("its worker is not waited for: %+v", res)
	case <-time.After(500 * time.Millisecond):
	}
	defer start(after)()
	if res := <-ended; res.Output != "a 2" || len(res.Notes) != 0 {
		t.Errorf("%+v", res)
	}
}

// Files of any size pass both ways in the memory of a few pieces.
func TestFiles(t *testing.T) {
	f := openFarm(t, nil)
	f.add("a", 4)
	const size = 20<<20 + 7
	whole, _ := io.ReadAll(io.LimitReader(pattern{}, size))
	var got []byte
	res, err := f.Run(t.Context(), key(1), sandbox.Cell{Code: fmt.Sprint("save ", size), Save: func(_ context.Context, name string, r io.Reader) (err error) {
		got, err = io.ReadAll(r)
		return err
	}})
	if err != nil || res.Outcome != sandbox.OK || len(got) != size {
		t.Fatalf("%+v, %v, %d bytes", res, err, len(got))
	}
	_, err = f.Run(t.Context(), key(1), sandbox.Cell{Code: fmt.Sprint("save ", size), Save: func(context.Context, string, io.Reader) error { return nil }})
	if err != nil {
		t.Errorf("a file that nobody reads: %v", err)
	}
	res, err = f.Run(t.Context(), key(1), sandbox.Cell{Code: "load x", Files: oneFile{whole}})
	if want := fmt.Sprintf("%x", sha256.Sum256(whole)); err != nil || res.Output != want {
		t.Errorf("%+v, %v", res, err)
	}
	if res := f.run(1, "long"); len(res.Output) != 4<<20 {
		t.Errorf("a result of %d bytes", len(res.Output))
	}
}

type oneFile struct{ data []byte }

func (o oneFile) List(context.Context) ([]sandbox.FileInfo, error) { return nil, nil }
func (o oneFile) Stat(context.Context, string) (sandbox.FileInfo, error) {
	return sandbox.FileInfo{}, nil
}
func (o oneFile) Open(context.Context, string) (sandbox.FileInfo, io.ReadCloser, error) {
	return sandbox.FileInfo{Size: int64(len(o.data))}, io.NopCloser(bytes.NewReader(o.data)), nil
}
func (o oneFile) Delete(context.Context, string) (sandbox.FileInfo, bool, error) {
	return sandbox.FileInfo{}, false, nil
}

// cut is a file of which a part is missing.
type cut struct{ oneFile }

func (cut) Open(context.Context, string) (sandbox.FileInfo, io.ReadCloser, error) {
	return sandbox.FileInfo{}, io.NopCloser(cut{}), nil
}

func (cut) Read(p []byte) (int, error) { return copy(p, "a part"), io.ErrUnexpectedEOF }

// A file that ends early is not taken for the whole one, whichever way it goes.
func TestFileIsCut(t *testing.T) {
	f := openFarm(t, nil)
	f.add("a", 4)
	saved := false
	_, err := f.Run(t.Context(), key(1), sandbox.Cell{Code: "cut", Save: func(_ context.Context, _ string, r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		saved = err == nil
		return err
	}})
	if err == nil || saved {
		t.Errorf("saved: %t, %v", saved, err)
	}
	if res, err := f.Run(t.Context(), key(1), sandbox.Cell{Code: "load x", Files: cut{}}); err == nil {
		t.Errorf("loaded: %+v", res)
	}
}

// A cell that runs much longer than any time-out of messages runs once, and all
// that it prints arrives once and in order, also over a restart of the message
// server.
func TestLongCellOverRestart(t *testing.T) {
	store := openStore(t, t.TempDir())
	server, err := nats.Serve(t.Context(), "127.0.0.1:0", "test", store)
	if err != nil {
		t.Fatal(err)
	}
	addr := server.Addr()
	nc, err := nats.Connect(t.Context(), "tls://"+addr, store)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	d, err := remote.Open(nc, store, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(context.Background())
	a := newCounting("a")
	defer startWorker(t, server, store, "a", t.TempDir(), 4, func(context.Context) (remote.Local, error) { return a, nil })()
	var mu sync.Mutex
	var out strings.Builder
	done := make(chan sandbox.Result)
	for i, code := range []string{"sleep 5s", "print 3000"} {
		go func() {
			time.Sleep(time.Duration(i) * 900 * time.Millisecond)
			res, err := d.Run(context.Background(), key(i), sandbox.Cell{Code: code, Output: func(s string) {
				time.Sleep(time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				out.WriteString(s)
			}})
			if err != nil {
				t.Error(err)
			}
			done <- res
		}()
	}
	time.Sleep(2 * time.Second)
	server.Close()
	if server, err = nats.Serve(t.Context(), addr, "test", store); err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for range 2 {
		if res := <-done; res.Outcome != sandbox.OK || !strings.HasPrefix(res.Output, "a 1") {
			t.Errorf("%+v", res)
		}
	}
	var want strings.Builder
	for i := range 3000 {
		fmt.Fprintln(&want, i)
	}
	if out.String() != want.String() {
		t.Errorf("%d bytes of output came, not the %d that were printed", out.Len(), want.Len())
	}
	if n := a.ran.Load(); n != 2 {
		t.Errorf("%d cells ran", n)
	}
}

// While all workers are full, users take turns and are told their places, and
// no worker gets more than it runs at once.
func TestQueue(t *testing.T) {
	f := openFarm(t, nil)
	f.add("a", 1)
	f.add("b", 1)
	f.run(100, "")
	time.Sleep(1200 * time.Millisecond) // both have reported
	var mu sync.Mutex
	var order []int
	var places []int
	var wg sync.WaitGroup
	start := func(user int, conversation string) {
		wg.Go(func() {
			k := sandbox.Key{User: uint64(user), Conversation: conversation}
			_, err := f.Run(context.Background(), k, sandbox.Cell{Code: "sleep 400ms", Status: func(s sandbox.Status) {
				mu.Lock()
				defer mu.Unlock()
				switch s.State {
				case sandbox.Running:
					order = append(order, user)
				case sandbox.Queued:
					places = append(places, s.Place)
				}
			}})
			if err != nil {
				t.Error(err)
			}
		})
		time.Sleep(20 * time.Millisecond)
	}
	for i := range 6 {
		start(1, fmt.Sprint(i))
	}
	start(2, "x")
	wg.Wait()
	if at := slices.Index(order, 2); at > 3 {
		t.Errorf("one cell of another user came after %d: %v", at, order)
	}
	if len(places) == 0 || slices.Min(places) < 1 || slices.Max(places) > 5 {
		t.Errorf("places %v", places)
	}
}

// A worker may speak and listen for itself alone, and nobody joins without a
// key or with another server's certificate.
func TestPermissions(t *testing.T) {
	f := openFarm(t, nil)
	line, err := nats.Invite(t.Context(), f.store, "evil", f.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"att.w.a.>", ">", "att.g.>", "att.l.*", "_INBOX.>", "att.w.*.x.call"} {
		nc, _, err := nats.Join(line, nil)
		if err != nil {
			t.Fatal(err)
		}
		sub, err := nc.SubscribeSync(subject)
		if err == nil {
			err = nc.Flush()
		}
		if err == nil {
			if _, err = sub.NextMsg(300 * time.Millisecond); err == nil {
				t.Errorf("%s: it got a message", subject)
			}
		}
		if nc.LastError() == nil || !strings.Contains(strings.ToLower(nc.LastError().Error()), "permissions violation") {
			t.Errorf("%s is allowed: %v", subject, nc.LastError())
		}
		nc.Close()
	}
	other, err := nats.Invite(t.Context(), openStore(t, t.TempDir()), "evil", f.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{other, line[:len(line)-3], "attache://x", ""} {
		nc, _, err := nats.Join(wrong, nil)
		if err == nil {
			time.Sleep(500 * time.Millisecond)
			if nc.IsConnected() {
				t.Errorf("%.40s… has joined", wrong)
			}
			nc.Close()
		}
	}
}

// Latency of an empty cell over the message server, beside the store's part.
func BenchmarkCell(b *testing.B) {
	f := openFarm(b, nil)
	f.add("a", 4)
	f.run(1, "")
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		began := time.Now()
		f.run(1, "")
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*9/10].Microseconds()), "p90-µs")
}
