package remote_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"gocloud.dev/blob"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/bucket/buckettest"
	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

const snapshot = "0a-0b-0c"

// OnStored, Publish and Fetch make counting a driver whose sessions can move:
// what is stored of one is its count. The cell "store" stores it.
func (c *counting) OnStored(f func(sandbox.Key)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onStored = f
}

func (c *counting) store(k sandbox.Key) {
	c.mu.Lock()
	c.stored[k] = c.n[k]
	f := c.onStored
	c.mu.Unlock()
	if f != nil {
		f(k)
	}
}

func (c *counting) Publish(ctx context.Context, k sandbox.Key, images sandbox.Images) error {
	c.mu.Lock()
	n := c.stored[k]
	c.mu.Unlock()
	if c.evil != nil {
		c.evil(ctx, images)
	}
	has, err := images.Has(ctx, "snapshot/"+snapshot)
	if err == nil && !has {
		err = images.Put(ctx, "snapshot/"+snapshot, io.LimitReader(pattern{}, 3<<20))
	}
	if err == nil {
		err = images.Put(ctx, "image", strings.NewReader(fmt.Sprint(n, strings.Repeat(" ", 1<<20))))
	}
	return err
}

func (c *counting) Fetch(ctx context.Context, k sandbox.Key, images sandbox.Images, behind bool) error {
	r, err := images.Get(ctx, "image")
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s, err := images.Get(ctx, "snapshot/"+snapshot); err != nil {
		return err
	} else if n, err := io.Copy(io.Discard, s); err != nil || n != 3<<20 {
		return fmt.Errorf("a snapshot of %d bytes: %v", n, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	if _, err := fmt.Sscan(string(data), &n); err != nil {
		return err
	}
	c.n[k] = n
	c.behind[k] = behind
	return nil
}

// openMovingFarm is a farm with a bucket for images.
func openMovingFarm(t *testing.T, url string) (*farm, *blob.Bucket) {
	b, err := bucket.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return openFarm(t, remote.NewShelf(b.Bucket, time.Hour, nil)), b.Bucket
}

// awaitImage waits until the record names another image than old, or only an image
// that is not behind.
func (f *farm) awaitImage(n int, old string) string {
	f.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		s, err := f.store.Session(context.Background(), key(n))
		if err != nil {
			f.t.Fatal(err)
		}
		if s.Image != old && !s.Behind {
			return s.Image
		}
		if time.Now().After(end) {
			f.t.Fatalf("no image is named: %+v", s)
		}
	}
}

// A stored session goes on elsewhere when its machine is gone, from the last image
// that is whole; what came after that is told to be lost, and nothing else.
func TestSessionsMove(t *testing.T) {
	for name, url := range map[string]func() string{"folder": t.TempDir, "S3": func() string { return buckettest.S3(t) }} {
		t.Run(name, func(t *testing.T) {
			f, b := openMovingFarm(t, url())
			kill := f.addProcess("a")
			f.run(1, "")
			f.run(1, "store")
			first := f.awaitImage(1, "")
			f.run(2, "store") // another user's
			f.awaitImage(2, "")
			kill()
			kill = f.addProcess("b")
			if res := f.run(1, ""); res.Output != "b 3" || len(res.Notes) != 0 {
				t.Errorf("after a loss of nothing: %+v", res)
			}
			if res := f.run(1, "store"); res.Output != "b 4" {
				t.Errorf("%+v", res)
			}
			second := f.awaitImage(1, first)
			for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
				if ok, err := b.Exists(t.Context(), first); !ok && err == nil {
					break
				} else if time.Now().After(end) {
					t.Fatalf("the older image is still there: %v, %v", ok, err)
				}
			}
			f.run(1, "") // 5: not stored
			_, stop := f.add("c", 4)
			kill()
			if res := f.run(1, ""); res.Output != "c 5" || len(res.Notes) != 1 || !strings.Contains(res.Notes[0].String(), "what came after") {
				t.Errorf("after a loss of one cell: %+v", res)
			}
			// A worker that leaves has what it stored at the end taken along.
			f.add("d", 4)
			stop()
			if res := f.run(1, ""); res.Output != "d 6" || len(res.Notes) != 0 {
				t.Errorf("from a worker that left: %+v", res)
			}
			if err := f.Reset(t.Context(), key(1)); err != nil {
				t.Fatal(err)
			}
			if ok, _ := b.Exists(t.Context(), second); ok {
				t.Error("a reset leaves an image")
			}
			if res := f.run(1, ""); res.Output != "d 1" || len(res.Notes) != 0 {
				t.Errorf("after a reset: %+v", res)
			}
		})
	}
}

// An image in the bucket that is not the one whose sum the record has never comes back,
// whoever wrote it there: a good one of another session, an older one, one that was changed.
func TestImageReplaced(t *testing.T) {
	f, b := openMovingFarm(t, t.TempDir())
	kill := f.addProcess("a")
	f.run(1, "store")
	first := f.awaitImage(1, "")
	older, err := b.ReadAll(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	f.run(1, "store")
	image := f.awaitImage(1, first)
	f.run(2, "")
	f.run(2, "")
	f.run(2, "store")
	another, err := b.ReadAll(t.Context(), f.awaitImage(2, ""))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := b.ReadAll(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	kill()
	changed := slices.Clone(whole)
	changed[len(changed)-1] ^= 4
	n := 0
	for name, data := range map[string][]byte{"an older one": older, "another session's": another, "one byte": changed, "cut off": whole[:len(whole)-1], "longer": append(slices.Clone(whole), ' '), "empty": nil} {
		if err := b.WriteAll(t.Context(), image, data, nil); err != nil {
			t.Fatal(err)
		}
		before, err := f.store.Session(t.Context(), key(1))
		if err != nil {
			t.Fatal(err)
		}
		n++
		worker := fmt.Sprint("b", n)
		kill := f.addProcess(worker)
		if res := f.run(1, ""); res.Output != worker+" 1" || len(res.Notes) != 1 || !strings.Contains(res.Notes[0].String(), "lost: all variables") {
			t.Errorf("%s: %+v", name, res)
		}
		kill()
		now, err := f.store.Session(t.Context(), key(1))
		if err != nil {
			t.Fatal(err)
		}
		if now.Image != before.Image || now.ImageSum != before.ImageSum {
			t.Fatalf("%s: the record has another image: %+v", name, now)
		}
	}
	if err := b.WriteAll(t.Context(), image, whole, nil); err != nil {
		t.Fatal(err)
	}
	f.addProcess("c")
	if res := f.run(1, ""); res.Output != "c 3" {
		t.Errorf("the one that was stored: %+v", res)
	}
}

// heldStore keeps who writes the next record of a run waiting, after it is written. An image
// that is fetched once more, since its worker did not hear that it was, is no run.
type heldStore struct {
	cluster.Store
	armed          atomic.Bool
	saved, release chan struct{}
}

func (h *heldStore) SaveSession(ctx context.Context, s cluster.Session) (cluster.Session, error) {
	s, err := h.Store.SaveSession(ctx, s)
	if err == nil && s.Behind && h.armed.CompareAndSwap(true, false) {
		close(h.saved)
		<-h.release
	}
	return s, err
}

// A run whose record is written, and whose order comes to the worker only after an
// image of before was fetched, does not begin by that order, but by a new one, whose
// record says that it is not in the image.
func TestImageOvertakesARun(t *testing.T) {
	f, b := openMovingFarm(t, t.TempDir())
	held := &heldStore{Store: f.store, saved: make(chan struct{}), release: make(chan struct{})}
	slow, err := remote.Open(f.nc, held, remote.NewShelf(b, time.Hour, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slow.Close(context.Background()) })
	c, _ := f.add("a", 4)
	f.run(1, "store")
	first := f.awaitImage(1, "")

	held.armed.Store(true)
	ended := make(chan error, 1)
	go func() {
		res, err := slow.Run(context.Background(), key(1), sandbox.Cell{})
		if err == nil && res.Output != "a 2" {
			err = errors.New(res.Output)
		}
		ended <- err
	}()
	<-held.saved
	c.store(key(1))
	record := func() cluster.Session {
		s, err := f.store.Session(t.Context(), key(1))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for end := time.Now().Add(time.Minute); record().Image == first; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the image was not fetched")
		}
	}
	second := record()
	close(held.release)
	if err := <-ended; err != nil { // the worker refuses the order, and gets another
		t.Fatal(err)
	}
	if second.Behind || !record().Behind || record().Image != second.Image {
		t.Errorf("the image of before the run counts as that of after it: %+v, then %+v", second, record())
	}
	f.run(1, "store")
	f.awaitImage(1, second.Image)
}

// A run that begins while an image is given is not in that image, and the record says so.
func TestRunWhileAnImageIsGiven(t *testing.T) {
	f, _ := openMovingFarm(t, t.TempDir())
	c := newCounting("a")
	once := sync.OnceFunc(func() { f.run(1, "") })
	c.evil = func(context.Context, sandbox.Images) { once() }
	t.Cleanup(startWorker(t, f.server, f.store, "a", t.TempDir(), 4, func(context.Context) (remote.Local, error) { return c, nil }))
	f.run(1, "")
	if err := f.FetchStored(t.Context(), key(1)); err != nil {
		t.Fatal(err)
	}
	if s, err := f.store.Session(t.Context(), key(1)); err != nil || s.Image == "" || !s.Behind {
		t.Errorf("%+v %v", s, err)
	}
}

// An image that was on its way for longer does not take the place of a newer one.
func TestOlderImageComesLater(t *testing.T) {
	f, b := openMovingFarm(t, t.TempDir())
	c := newCounting("a")
	began, release := make(chan struct{}), make(chan struct{})
	var second atomic.Bool
	c.evil = func(context.Context, sandbox.Images) {
		if !second.Swap(true) {
			close(began)
			<-release
		}
	}
	t.Cleanup(startWorker(t, f.server, f.store, "a", t.TempDir(), 4, func(context.Context) (remote.Local, error) { return c, nil }))
	f.run(1, "")
	c.mu.Lock()
	c.stored[key(1)] = 1
	c.mu.Unlock()
	older := make(chan error, 1)
	go func() { older <- f.FetchStored(context.Background(), key(1)) }()
	<-began
	f.run(1, "")
	c.mu.Lock()
	c.stored[key(1)] = 2
	c.mu.Unlock()
	if err := f.FetchStored(t.Context(), key(1)); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := <-older; !fault.Is(err, fault.Unavailable) {
		t.Errorf("the older image: %v", err) // the worker tries it again
	}
	s, err := f.store.Session(t.Context(), key(1))
	if err != nil {
		t.Fatal(err)
	}
	data, err := b.ReadAll(t.Context(), s.Image)
	if got := strings.TrimSpace(string(data)); err != nil || got != "2" {
		t.Errorf("the record names an image of %q cells, %v", got, err)
	}
}

// Who took an offer of a stored session and is gone keeps nobody from having it.
func TestFetcherGone(t *testing.T) {
	remote.SetPatience(time.Second)
	t.Cleanup(func() { remote.SetPatience(10 * time.Second) })
	f, _ := openMovingFarm(t, t.TempDir())
	f.add("a", 4)
	took := make(chan struct{}, 100)
	var gone []*natsgo.Subscription
	for range 50 { // one of many in the group: most likely one of these
		s, err := f.nc.QueueSubscribe("att.s.a", "attache", func(*natsgo.Msg) { took <- struct{}{} })
		if err != nil {
			t.Fatal(err)
		}
		gone = append(gone, s)
	}
	if err := f.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	f.run(1, "")
	for len(took) == 0 {
		f.run(1, "store")
	}
	for _, s := range gone {
		s.Unsubscribe()
	}
	f.awaitImage(1, "")
}

// While the bucket is down, the record keeps the older image; when it is back, the
// newest is kept by itself. A session whose image can't be reached waits for it.
func TestBucketDown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bucket")
	f, _ := openMovingFarm(t, dir)
	down := func() {
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(dir, nil, 0o600)
	}
	up := func() {
		os.Remove(dir)
		if err := os.Rename(dir+".away", dir); err != nil {
			t.Fatal(err)
		}
	}
	kill := f.addProcess("a")
	f.run(1, "store")
	first := f.awaitImage(1, "")
	down()
	f.run(1, "store")
	told := func() bool {
		all, err := remote.Workers(t.Context(), f.store)
		return err == nil && slices.ContainsFunc(all, func(r remote.Report) bool { return strings.Contains(r.Error, "bucket") })
	}
	for end := time.Now().Add(time.Minute); !told(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody is told of it")
		}
	}
	if s, err := f.store.Session(t.Context(), key(1)); err != nil || s.Image != first || !s.Behind {
		t.Errorf("%+v, %v", s, err)
	}
	up()
	f.awaitImage(1, first)
	down()
	f.add("b", 4)
	kill()
	if _, err := f.Run(t.Context(), key(1), sandbox.Cell{}); err == nil || !strings.Contains(err.Error(), "try again") {
		t.Errorf("without its image: %v", err)
	}
	up()
	if res := f.run(1, ""); res.Output != "b 3" || len(res.Notes) != 0 {
		t.Errorf("with its image again: %+v", res)
	}
}

// What no record names goes, and what is over the bounds or was not used for long.
func TestSweepOfImages(t *testing.T) {
	f, b := openMovingFarm(t, t.TempDir())
	f.add("a", 4)
	for n := range 3 {
		f.run(n+1, "store")
		f.awaitImage(n+1, "")
	}
	for _, path := range []string{"images/9/LOST/" + snapshot, "snapshots/01-02-03", "other"} {
		if err := b.WriteAll(t.Context(), path, []byte("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func(after time.Duration, want int, also ...string) {
		t.Helper()
		if err := f.SweepAt(t.Context(), time.Now().Add(after)); err != nil {
			t.Fatal(err)
		}
		images := 0
		var others []string
		for list := b.List(nil); ; {
			o, err := list.Next(t.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if user, _, _ := strings.Cut(strings.TrimPrefix(o.Key, "images/"), "/"); strings.HasPrefix(o.Key, "images/") && user != "9" {
				images++
			} else {
				others = append(others, o.Key)
			}
		}
		if images != want || !slices.Equal(others, also) {
			t.Errorf("after %s: %d images and %q, want %d and %q", after, images, others, want, also)
		}
	}
	lost, mine, other := "images/9/LOST/"+snapshot, "snapshots/"+snapshot, "snapshots/01-02-03"
	sweep(0, 3, lost, "other", other, mine)
	sweep(59*time.Minute, 3, lost, "other", other, mine) // it may be on its way
	s, err := f.store.Session(t.Context(), key(2))
	if err != nil {
		t.Fatal(err)
	}
	s.UsedAt = time.Now().Add(100 * time.Hour)
	if _, err := f.store.SaveSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	sweep(61*time.Minute, 1, "other", other, mine)
	sweep(25*time.Hour, 1, "other", mine)
	if s, err := f.store.Session(t.Context(), key(1)); err != nil || s.Revision != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// A worker may read what it is given and write what it is asked for, nothing else.
func TestShelfBounds(t *testing.T) {
	f, b := openMovingFarm(t, t.TempDir())
	if err := b.WriteAll(t.Context(), "images/1/X/"+snapshot, []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	var errs []error
	evil := newCounting("a")
	evil.evil = func(ctx context.Context, images sandbox.Images) {
		for _, name := range []string{"images/1/X/" + snapshot, "snapshot/../images/1/X/" + snapshot, "", "..", "snapshot/", "snapshot/x"} {
			_, err := images.Get(ctx, name)
			errs = append(errs, err, images.Put(ctx, name, strings.NewReader("evil")))
		}
	}
	defer startWorker(t, f.server, f.store, "a", t.TempDir(), 4, func(context.Context) (remote.Local, error) { return evil, nil })()
	f.run(1, "store")
	f.awaitImage(1, "")
	if len(errs) != 12 || slices.Contains(errs, nil) {
		t.Errorf("%v", errs)
	}
	if data, err := b.ReadAll(t.Context(), "images/1/X/"+snapshot); err != nil || string(data) != "x" {
		t.Errorf("%q, %v", data, err)
	}
}

// A worker that writes several images in one call, one after the other and at once, leaves
// one in the bucket: the one whose sum the record has.
func TestOneImageOfACall(t *testing.T) {
	f, b := openMovingFarm(t, t.TempDir())
	a := newCounting("a")
	a.evil = func(ctx context.Context, images sandbox.Images) {
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				images.Has(ctx, "snapshot/"+snapshot)
				if err := images.Put(ctx, "image", strings.NewReader(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	t.Cleanup(startWorker(t, f.server, f.store, "a", t.TempDir(), 4, func(context.Context) (remote.Local, error) { return a, nil }))
	f.run(1, "store")
	image := f.awaitImage(1, "")
	data, err := b.ReadAll(t.Context(), image)
	if sum := fmt.Sprintf("%x", sha256.Sum256(data)); err != nil || sum != f.record(1).ImageSum {
		t.Errorf("the record has the sum of another image: %v", err)
	}
	list := b.List(&blob.ListOptions{Prefix: "images/"})
	for {
		o, err := list.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil || o.Key != image {
			t.Errorf("%+v, %v", o, err)
		}
	}
}

// A worker that is lost while its session is being fetched leaves no half image, and
// its record as it was.
func TestImageNeverHalf(t *testing.T) {
	for name, fails := range map[string]func(context.Context, sandbox.Images){
		"it breaks off": func(ctx context.Context, images sandbox.Images) {
			images.Put(ctx, "image", io.MultiReader(io.LimitReader(pattern{}, 1<<20), broken{}))
		},
		"it is canceled": func(ctx context.Context, images sandbox.Images) {
			ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			defer cancel()
			images.Put(ctx, "image", pattern{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, b := openMovingFarm(t, buckettest.S3(t))
			a := newCounting("a")
			tried := make(chan struct{})
			looked := make(chan struct{})
			var once sync.Once
			a.evil = func(ctx context.Context, images sandbox.Images) {
				fails(ctx, images)
				once.Do(func() { close(tried) })
				<-looked
			}
			f.t.Cleanup(startWorker(t, f.server, f.store, "a", t.TempDir(), 4, func(context.Context) (remote.Local, error) { return a, nil }))
			f.run(1, "store")
			<-tried
			defer close(looked)
			if s, err := f.store.Session(t.Context(), key(1)); err != nil || s.Image != "" {
				t.Errorf("%+v, %v", s, err)
			}
			list := b.List(&blob.ListOptions{Prefix: "images/"})
			if o, err := list.Next(t.Context()); err != io.EOF {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk is broken") }
