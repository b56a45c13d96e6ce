package files_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

func TestSaveAndRead(t *testing.T) {
	onEach(t, files.Options{}, func(t *testing.T, r *rig) {
		big := make([]byte, 13<<20+17) // several parts of an upload to S3
		rand.NewChaCha8([32]byte{}).Read(big)
		for _, content := range []string{"", "a,b\n1,2\n", string(big)} {
			s := r.save(t, alice, "sales.csv", content)
			sum := sha256.Sum256([]byte(content))
			if s.Size != int64(len(content)) || s.SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("saved %+v", s.File)
			}
			if got := r.read(t, alice, s.ID); got != content {
				t.Errorf("%d bytes came back of %d", len(got), len(content))
			}
			f, err := r.Get(r.ctx, alice, s.ID)
			must(t, err)
			if f != s.File {
				t.Errorf("Get  %+v\nSave %+v", f, s.File)
			}
		}
		p, err := r.List(r.ctx, alice, files.Query{})
		must(t, err)
		if p.Total != 3 || p.Usage.Bytes != int64(8+len(big)) {
			t.Errorf("list %+v", p)
		}
	})
}

func TestOpenSeeks(t *testing.T) {
	onEach(t, files.Options{}, func(t *testing.T, r *rig) {
		s := r.save(t, alice, "a.txt", "0123456789")
		_, body, err := r.Open(r.ctx, alice, s.ID)
		must(t, err)
		defer body.Close()
		for _, c := range []struct {
			offset int64
			whence int
			want   string
		}{{0, io.SeekStart, "012"}, {4, io.SeekStart, "456"}, {-2, io.SeekEnd, "89"}, {0, io.SeekStart, "012"}, {1, io.SeekCurrent, "456"}, {0, io.SeekEnd, ""}} {
			_, err := body.Seek(c.offset, c.whence)
			must(t, err)
			got := make([]byte, 3)
			n, err := io.ReadFull(body, got)
			if string(got[:n]) != c.want || (err != nil && n == 3) {
				t.Errorf("after Seek(%d, %d): %q, %v", c.offset, c.whence, got[:n], err)
			}
		}
	})
}

func TestExpiry(t *testing.T) {
	for _, c := range []struct {
		option, life time.Duration
	}{{0, 48 * time.Hour}, {time.Hour, time.Hour}, {-1, 0}} {
		r := onDisk(t, files.Options{Expiry: c.option})
		s := r.save(t, alice, "a.txt", "x")
		if c.life == 0 {
			if !s.ExpiresAt.IsZero() {
				t.Errorf("%v: expires at %v", c.option, s.ExpiresAt)
			}
			r.clock.add(1000000 * time.Hour)
			r.read(t, alice, s.ID)
			continue
		}
		if got := s.ExpiresAt.Sub(s.UploadedAt); got != c.life {
			t.Errorf("%v: kept for %v", c.option, got)
		}
		r.clock.add(c.life - time.Millisecond)
		r.read(t, alice, s.ID)
		r.clock.add(time.Millisecond)
		// From now on it is as if it had never been, swept or not.
		for range 2 {
			_, err := r.Get(r.ctx, alice, s.ID)
			wantGone(t, err)
			_, _, err = r.Open(r.ctx, alice, s.ID)
			wantGone(t, err)
			wantGone(t, r.Delete(r.ctx, alice, s.ID))
			p, err := r.List(r.ctx, alice, files.Query{})
			must(t, err)
			if len(p.Files)+p.Total+p.Usage.Files != 0 {
				t.Errorf("listed: %+v", p)
			}
			_, err = r.Sweep(r.ctx)
			must(t, err)
		}
		r.clean(t)
	}
}

func wantGone(t testing.TB, err error) {
	t.Helper()
	if !fault.Is(err, fault.NotFound) || fault.Message(err) != "File not found or expired" {
		t.Errorf("error %v, want the one answer", err)
	}
}

// User B gets nothing of user A by any id. The answer to a foreign id is that
// to a wrong one, to the letter.
func TestOnlyTheOwner(t *testing.T) {
	r := onDisk(t, files.Options{})
	s := r.save(t, alice, "secret.csv", "a,b\n")
	forged := strings.Replace(string(s.ID), alice.String(), bob.String(), 1)
	for _, c := range []struct {
		user files.UserID
		id   string
	}{
		{bob, string(s.ID)}, {0, string(s.ID)}, {bob, forged}, {alice, forged},
		{alice, ""}, {alice, "*"}, {alice, "../" + string(s.ID)}, {alice, string(s.ID) + "\x00"}, {alice, string(s.ID) + ".csv"},
		{alice, " " + string(s.ID)}, {alice, strings.ToUpper(string(s.ID))}, {alice, s.Path}, {alice, alice.String() + "_1_00000000"},
		{alice, "0" + string(s.ID)}, {alice, "+" + string(s.ID)}, {alice, strings.Repeat("9", 400) + "_1_00000000"},
	} {
		id := files.ID(c.id)
		if id == s.ID && c.user == alice {
			continue
		}
		_, errGet := r.Get(r.ctx, c.user, id)
		_, _, errOpen := r.Open(r.ctx, c.user, id)
		_, _, errDownload := r.Download(r.ctx, c.user, id)
		for _, err := range []error{errGet, errOpen, errDownload, r.Delete(r.ctx, c.user, id)} {
			if !fault.Is(err, fault.NotFound) || fault.Message(err) != "File not found or expired" {
				t.Errorf("user %d, id %q: %v", c.user, c.id, err)
			}
		}
	}
	p, err := r.List(r.ctx, bob, files.Query{})
	must(t, err)
	if len(p.Files)+p.Total+p.Usage.Files != 0 {
		t.Errorf("Bob sees %+v", p)
	}
	// The same bytes are not shared, nor is their existence told.
	if twin := r.save(t, bob, "secret.csv", "a,b\n"); twin.Twin != nil || twin.Path == s.Path {
		t.Errorf("Bob's upload met Alice's: %+v", twin)
	}
	r.read(t, alice, s.ID)
}

func TestTwins(t *testing.T) {
	onEach(t, files.Options{Expiry: time.Hour}, func(t *testing.T, r *rig) {
		a := r.save(t, alice, "a.csv", "x,y\n1,2\n")
		r.clock.add(time.Minute)
		b := r.save(t, alice, "b.csv", "x,y\n1,2\n")
		if b.Twin == nil || *b.Twin != a.File || b.ID == a.ID || b.Name != "b.csv" {
			t.Fatalf("second upload %+v", b)
		}
		r.clean(t, a.Path)
		c := r.save(t, alice, "a.csv", "x,y\n1,3\n") // the same name is no twin
		if c.Twin != nil {
			t.Errorf("other bytes are a twin: %+v", c)
		}
		must(t, r.Delete(r.ctx, alice, a.ID))
		if got := r.read(t, alice, b.ID); got != "x,y\n1,2\n" {
			t.Errorf("the twin reads %q", got)
		}
		must(t, r.Delete(r.ctx, alice, b.ID))
		r.clean(t, c.Path)

		// Expiry of one leaves the other.
		d := r.save(t, alice, "d", "d")
		r.clock.add(30 * time.Minute)
		e := r.save(t, alice, "e", "d")
		r.clock.add(30 * time.Minute)
		_, err := r.Sweep(r.ctx)
		must(t, err)
		_, err = r.Get(r.ctx, alice, d.ID)
		wantGone(t, err)
		if got := r.read(t, alice, e.ID); got != "d" {
			t.Errorf("the twin of an expired file reads %q", got)
		}
		r.clean(t, e.Path)
	})
}

func TestSizeLimit(t *testing.T) {
	onEach(t, files.Options{MaxUpload: 1 << 20}, func(t *testing.T, r *rig) {
		exact := r.save(t, alice, "a.bin", strings.Repeat("x", 1<<20))
		for _, u := range []files.Upload{
			{Size: 1<<20 + 1, Body: iotest.ErrReader(errors.New("read although the size was announced"))},
			{Size: 0, Body: strings.NewReader(strings.Repeat("y", 1<<20+1))},
			{Size: 5, Body: strings.NewReader(strings.Repeat("z", 1<<20+1))},
			{Size: 0, Body: io.LimitReader(endless{}, 64<<20)},
		} {
			u.User, u.Name = alice, "big.bin"
			_, err := r.Save(r.ctx, u)
			wantKind(t, err, fault.TooLarge)
			if m := fault.Message(err); m != "big.bin is too large: a file may have at most 1 MB." {
				t.Errorf("message %q", m)
			}
		}
		r.clean(t, exact.Path)
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestQuota(t *testing.T) {
	r := onDisk(t, files.Options{MaxFiles: 3, MaxBytes: 100, Expiry: time.Hour})
	first := r.save(t, alice, "1", strings.Repeat("1", 60))
	_, err := r.Save(r.ctx, files.Upload{User: alice, Name: "2", Body: strings.NewReader(strings.Repeat("2", 41))}) // not announced
	wantKind(t, err, fault.Exhausted)
	_, err = r.Save(r.ctx, files.Upload{User: alice, Name: "2", Size: 41, Body: iotest.ErrReader(errors.New("read"))})
	wantKind(t, err, fault.Exhausted)
	if m := fault.Message(err); !strings.Contains(m, "60 B of 100 B") || fault.HintOf(err) != fault.FreeSpace {
		t.Errorf("message %q", m)
	}
	r.clean(t, first.Path)
	second := r.save(t, alice, "2", strings.Repeat("2", 40))
	must(t, r.Delete(r.ctx, alice, first.ID))
	third, err := r.Save(r.ctx, files.Upload{User: alice, Name: "chart.png", Body: strings.NewReader("x"), Generated: true}) // is of another class
	must(t, err)
	fourth := r.save(t, alice, "4", "4")
	r.save(t, alice, "4b", "4")
	_, err = r.Save(r.ctx, files.Upload{User: alice, Name: "5", Body: strings.NewReader("5")})
	wantKind(t, err, fault.Exhausted)
	if m := fault.Message(err); !strings.Contains(m, "3 of 3 files") || fault.HintOf(err) != fault.FreeSpace {
		t.Errorf("message %q", m)
	}
	r.save(t, bob, "b", "b") // has a quota of his own
	for _, f := range []files.Saved{second, third, fourth} {
		r.read(t, alice, f.ID) // nothing was evicted
	}
	r.clock.add(time.Hour) // what is expired makes room, swept or not
	r.save(t, alice, "6", strings.Repeat("6", 100))
}

// However many uploads run at once, the quota holds.
func TestQuotaRace(t *testing.T) {
	r := onDisk(t, files.Options{MaxFiles: 5})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := r.Save(r.ctx, files.Upload{User: alice, Name: "a", Body: strings.NewReader(fmt.Sprint(i))})
			if err != nil && !fault.Is(err, fault.Exhausted) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p, err := r.List(r.ctx, alice, files.Query{})
	must(t, err)
	var want []string
	for _, f := range p.Files {
		want = append(want, f.Path)
	}
	if p.Total != 5 {
		t.Errorf("%d files are there", p.Total)
	}
	r.clean(t, want...)
}

// An upload that comes to nothing leaves nothing.
func TestBrokenUploads(t *testing.T) {
	onEach(t, files.Options{}, func(t *testing.T, r *rig) {
		far := func(err error) io.Reader { // an error after some parts of an upload to S3
			return io.MultiReader(io.LimitReader(endless{}, 12<<20), iotest.ErrReader(err))
		}
		canceled, cancel := context.WithCancel(r.ctx)
		defer cancel()
		own := fault.New(fault.NotFound, "The attachment is gone.")
		for name, c := range map[string]struct {
			ctx  context.Context
			body io.Reader
			size int64
			kind fault.Kind
			msg  string
		}{
			"at once":     {r.ctx, iotest.ErrReader(errors.New("reset")), 0, fault.Unavailable, "broke off"},
			"late":        {r.ctx, far(errors.New("reset")), 0, fault.Unavailable, "broke off"},
			"cut":         {r.ctx, strings.NewReader("half"), 8, fault.Unavailable, "broke off"},
			"cut late":    {r.ctx, io.LimitReader(endless{}, 12<<20), 13 << 20, fault.Unavailable, "broke off"},
			"cut inside":  {r.ctx, far(io.ErrUnexpectedEOF), 0, fault.Unavailable, "broke off"}, // as of an HTTP response
			"cut at once": {r.ctx, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF)), 0, fault.Unavailable, "broke off"},
			"no progress": {r.ctx, idle{}, 0, fault.Unavailable, "broke off"},
			"own kind":    {r.ctx, far(own), 0, fault.NotFound, "The attachment is gone."},
			"caller left": {canceled, io.MultiReader(io.LimitReader(endless{}, 12<<20), call(cancel), endless{}), 0, fault.Canceled, ""},
		} {
			_, err := r.Save(c.ctx, files.Upload{User: alice, Name: "a.bin", Body: c.body, Size: c.size})
			if !fault.Is(err, c.kind) || !strings.Contains(fault.Message(err), c.msg) {
				t.Errorf("%s: error %v (%s)", name, err, fault.Message(err))
			}
			r.clean(t)
		}
		_, err := r.Save(r.ctx, files.Upload{Name: "nobody's", Body: strings.NewReader("x")})
		wantKind(t, err, fault.Invalid)
	})
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

type call func()

func (c call) Read([]byte) (int, error) { c(); return 0, io.EOF }

// A store whose answer to Commit is lost on the way.
type lossy struct {
	files.Store
	before, after, asked error // what Commit fails with, before or after it commits; what Committed fails with
}

func (l lossy) Commit(ctx context.Context, f files.File, admit func(files.Usage) error) (files.File, files.ID, error) {
	if l.before != nil {
		return files.File{}, "", l.before
	}
	g, twin, err := l.Store.Commit(ctx, f, admit)
	if err == nil && l.after != nil {
		return files.File{}, "", l.after
	}
	return g, twin, err
}

func (l lossy) Committed(ctx context.Context, f files.File) (bool, error) {
	if l.asked != nil {
		return false, l.asked
	}
	return l.Store.Committed(ctx, f)
}

func TestLostAnswers(t *testing.T) {
	lost := fault.New(fault.Unavailable, "The database is gone.")
	for name, c := range map[string]struct {
		store lossy
		saved bool // as far as the caller knows
		files int  // as far as the store knows
		left  int  // keys in the bucket without a file, until they are old
	}{
		"before":              {lossy{before: lost}, false, 0, 0},
		"after":               {lossy{after: lost}, true, 1, 0},
		"in doubt, not there": {lossy{before: lost, asked: lost}, false, 0, 1},
		"in doubt, there":     {lossy{after: lost, asked: lost}, false, 1, 0},
		"refused":             {lossy{before: fault.New(fault.NotFound, "")}, false, 0, 0},
	} {
		r := onDisk(t, files.Options{})
		c.store.Store = r.store
		s := files.New(c.store, r.bucket.Bucket, files.Options{Now: r.clock.now, Dir: r.bucket.Dir})
		_, err := s.Save(r.ctx, files.Upload{User: alice, Name: "a", Body: strings.NewReader("a")})
		if c.saved != (err == nil) || err != nil && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		p, err := r.List(r.ctx, alice, files.Query{})
		must(t, err)
		if p.Total != c.files || len(r.keys(t)) != c.files+c.left {
			t.Errorf("%s: %d files, bucket %q", name, p.Total, r.keys(t))
		}
		for _, f := range p.Files {
			r.read(t, alice, f.ID)
		}
		r.clock.add(2 * time.Hour)
		_, err = r.Sweep(r.ctx)
		must(t, err)
		if len(r.keys(t)) != c.files {
			t.Errorf("%s: after a sweep the bucket has %q", name, r.keys(t))
		}
	}
}

func TestDeleteTwice(t *testing.T) {
	onEach(t, files.Options{}, func(t *testing.T, r *rig) {
		s := r.save(t, alice, "a", "a")
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() { errs <- r.Delete(r.ctx, alice, s.ID) }()
		}
		deleted := 0
		for range cap(errs) {
			if err := <-errs; err == nil {
				deleted++
			} else {
				wantGone(t, err)
			}
		}
		if deleted != 1 {
			t.Errorf("%d of %d calls deleted the file", deleted, cap(errs))
		}
		r.clean(t)
	})
}

func TestMissingBytes(t *testing.T) {
	r := onDisk(t, files.Options{})
	s := r.save(t, alice, "a", "a")
	must(t, r.bucket.Delete(r.ctx, s.Path))
	_, _, err := r.Open(r.ctx, alice, s.ID)
	wantKind(t, err, fault.Internal)
	must(t, r.Delete(r.ctx, alice, s.ID)) // can still be got rid of
	r.clean(t)
}

func TestSweepAndRecover(t *testing.T) {
	onEach(t, files.Options{Expiry: time.Hour}, func(t *testing.T, r *rig) {
		for i := range 5 {
			r.save(t, alice, "old", fmt.Sprint("old", i))
		}
		r.clock.add(30 * time.Minute)
		kept := r.save(t, bob, "new", "new")
		r.clock.add(30 * time.Minute)
		n, err := r.Sweep(r.ctx)
		must(t, err)
		if n != 5 {
			t.Errorf("%d files swept", n)
		}
		r.clean(t, kept.Path)

		// What a killed upload leaves: a begun key, its bytes, a temporary file.
		leave := func(owner string) {
			key := "111111111111111111/111111111111111111_1727778600_" + owner
			must(t, r.bucket.WriteAll(r.ctx, key, []byte("x"), nil))
			must(t, r.bucket.WriteAll(r.ctx, key+".18a1b2c3.tmp", []byte("x"), nil))
			must(t, r.bucket.WriteAll(r.ctx, key+"0.18a1b2c3.txt", []byte("other"), nil)) // not its own
			must(t, r.bucket.WriteAll(r.ctx, key+"0.tmp", []byte("other"), nil))
			must(t, r.store.Begin(r.ctx, key, r.clock.now()))
		}
		leave("aaaaaaaa")
		must(t, r.Recover(r.ctx))
		others := []string{"111111111111111111/111111111111111111_1727778600_aaaaaaaa0.18a1b2c3.txt", "111111111111111111/111111111111111111_1727778600_aaaaaaaa0.tmp"}
		r.clean(t, append(others, kept.Path)...)
		for _, k := range others {
			must(t, r.bucket.Delete(r.ctx, k))
		}
		// A sweep leaves alone what may be under way, and takes what is too old.
		must(t, r.store.Begin(r.ctx, "1/1_1_00000000", r.clock.now()))
		must(t, r.bucket.WriteAll(r.ctx, "1/1_1_00000000", []byte("x"), nil))
		_, err = r.Sweep(r.ctx)
		must(t, err)
		if len(r.keys(t)) != 2 {
			t.Errorf("after a sweep: %q", r.keys(t))
		}
		r.clock.add(61 * time.Minute)
		_, err = r.Sweep(r.ctx)
		must(t, err)
		r.clean(t)
	})
}

// When the bytes can't be removed, the metadata is gone all the same, and the
// next sweep finds the bytes.
func TestDeleteWhileBucketFails(t *testing.T) {
	r := onDisk(t, files.Options{})
	s := r.save(t, alice, "a", "a")
	// Something that os.Remove can't remove stands where the file was.
	path := filepath.Join(r.bucket.Dir, s.Path)
	must(t, os.Remove(path))
	must(t, os.MkdirAll(filepath.Join(path, "x"), 0o700))
	must(t, r.Delete(r.ctx, alice, s.ID))
	_, err := r.Get(r.ctx, alice, s.ID)
	wantGone(t, err)
	if !strings.Contains(r.log.String(), "left to the sweep") {
		t.Errorf("log: %s", r.log)
	}
	if totals, err := r.Totals(r.ctx); err != nil || totals.Pending != 1 {
		t.Errorf("totals %+v, %v", totals, err)
	}
	must(t, os.RemoveAll(path))
	must(t, os.WriteFile(path, []byte("a"), 0o600))
	r.clock.add(2 * time.Hour)
	_, err = r.Sweep(r.ctx)
	must(t, err)
	r.clean(t)
}

func TestReconcile(t *testing.T) {
	onEach(t, files.Options{Expiry: -1}, func(t *testing.T, r *rig) {
		r.clock.add(time.Since(r.clock.now())) // objects have the time of the machine
		a := r.save(t, alice, "a.csv", "a")
		b := r.save(t, alice, "b.nii.gz", "a")
		c := r.save(t, bob, "c", "c")
		must(t, r.Delete(r.ctx, alice, a.ID)) // b holds its bytes
		id := alice.String() + "/" + alice.String() + "_1727778600_0000000"
		begun := id + "5.csv"
		must(t, r.store.Begin(r.ctx, begun, r.clock.now()))
		orphans := []string{id + "1.csv", id + "2", id + "3.nii.gz", id + "4.csv.18a1b2c3d4.tmp"}
		foreign := []string{
			"readme.txt", "backup/1_2_00000000", alice.String() + "/notes.txt", alice.String() + "/" + string(c.ID), id + "1.CSV",
			"0" + id + "1", id + "1/x", "x/" + id + "1", alice.String() + "/" + alice.String() + "_1_0000000g",
		}
		for _, k := range slices.Concat(orphans, foreign, []string{begun}) {
			must(t, r.bucket.WriteAll(r.ctx, k, []byte("x"), nil))
		}
		if n, err := r.Reconcile(r.ctx); err != nil || n != 0 { // nothing is old enough
			t.Errorf("%d keys, %v", n, err)
		}
		r.clock.add(61 * time.Minute)
		if n, err := r.Reconcile(r.ctx); err != nil || n != len(orphans) {
			t.Errorf("%d keys, %v", n, err)
		}
		want := append(foreign, begun, b.Path, c.Path)
		slices.Sort(want)
		if got := r.keys(t); !slices.Equal(got, want) {
			t.Errorf("left\n got %q\nwant %q", got, want)
		}
		r.read(t, alice, b.ID)
		if n, err := r.Reconcile(r.ctx); err != nil || n != 0 {
			t.Errorf("a second time: %d keys, %v", n, err)
		}
	})
}

func TestLog(t *testing.T) {
	r := onDisk(t, files.Options{Expiry: time.Hour})
	a := r.save(t, alice, "very private name.csv", "very,private,content\n")
	_, body, err := r.Download(r.ctx, alice, a.ID)
	must(t, err)
	body.Close()
	r.read(t, alice, a.ID) // the program's own use is no download
	must(t, r.Delete(r.ctx, alice, a.ID))
	r.save(t, alice, "b.csv", "1\n")
	r.clock.add(time.Hour)
	_, err = r.Sweep(r.ctx)
	must(t, err)
	if strings.Contains(r.log.String(), "private") {
		t.Errorf("the log has content or name: %s", r.log)
	}
	var got []string
	for line := range bytes.Lines(r.log.Bytes()) {
		var l struct {
			Msg  string
			User files.UserID
			ID   files.ID
			Kind files.Kind
			Size int64
		}
		must(t, json.Unmarshal(line, &l))
		got = append(got, l.Msg)
		if l.User != alice || l.ID.User() != alice || l.Kind != "csv" || l.Size == 0 {
			t.Errorf("line %s", line)
		}
	}
	want := []string{"file saved", "file downloaded", "file deleted", "file saved", "file expired"}
	if !slices.Equal(got, want) {
		t.Errorf("log %q, want %q", got, want)
	}
}

func TestRunSweeps(t *testing.T) {
	r := onDisk(t, files.Options{Expiry: time.Hour})
	r.save(t, alice, "a", "a")
	must(t, r.store.Begin(r.ctx, "1/left", r.clock.now()))
	r.clock.add(time.Hour)
	ctx, cancel := context.WithCancel(r.ctx)
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	for len(r.keys(t)) > 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	must(t, r.Recover(r.ctx)) // if Run was stopped in between
	r.clean(t)
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1 KB", 1536: "1.5 KB", 2621440: "2.5 MB", 50 << 20: "50 MB", 1<<20 - 1: "1 MB", 1 << 30: "1 GB", 1<<63 - 1: "8 EB",
	} {
		if got := files.Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}
