package preview_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/attachebot/attache/internal/columnar"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/preview"
	"github.com/attachebot/attache/internal/sqlite"
	"github.com/attachebot/attache/internal/table"
)

const anna files.UserID = 7

type rig struct {
	*preview.Maker
	t     *testing.T
	files *files.Service
	code  *script
}

// script takes the place of the Python that looks at files.
type script struct {
	preview.Reader

	mu      sync.Mutex
	asked   []string
	err     error
	release chan struct{} // nil: at once
}

func (s *script) wait(ctx context.Context, f files.File) error {
	s.mu.Lock()
	s.asked = append(s.asked, f.Name)
	err := s.err
	s.mu.Unlock()
	if s.release != nil {
		select {
		case <-s.release:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return err
}

func (s *script) Table(ctx context.Context, _ files.UserID, _ string, f files.File, rows int) (table.Table, error) {
	t := table.Table{Columns: []string{"a"}, TotalRows: 40}
	for i := range rows {
		t.Rows = append(t.Rows, []string{fmt.Sprint(i)})
	}
	return t, s.wait(ctx, f)
}

func (s *script) Picture(ctx context.Context, _ files.UserID, _ string, f files.File) ([]byte, error) {
	return picturePNG(1600, 400), s.wait(ctx, f)
}

func (s *script) CSV(ctx context.Context, _ files.UserID, _ string, f files.File, w io.Writer) error {
	if err := s.wait(ctx, f); err != nil {
		return err
	}
	_, err := io.WriteString(w, "a,b\n2,x\n1,y\n")
	return err
}

func (s *script) Page(ctx context.Context, _ files.UserID, _ string, f files.File, page int) ([]byte, int, error) {
	if page > 3 {
		return nil, 3, fault.New(fault.NotFound, "There is no such page.")
	}
	return []byte{byte(page)}, 3, s.wait(ctx, f)
}

func picturePNG(w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func newRig(t *testing.T) *rig {
	db, err := sqlite.Open(t.Context(), t.TempDir()+"/a.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { bucket.Close() })
	r := &rig{t: t, files: files.New(sqlite.NewFiles(db, "me"), bucket, files.Options{}), code: &script{}}
	r.Maker = preview.New(r.files, r.code, nil)
	return r
}

func (r *rig) save(name string, content []byte) files.File {
	r.t.Helper()
	s, err := r.files.Save(r.t.Context(), files.Upload{User: anna, Name: name, Size: int64(len(content)), Body: bytes.NewReader(content)})
	if err != nil {
		r.t.Fatal(err)
	}
	return s.File
}

func TestNow(t *testing.T) {
	r := newRig(t)
	heic := []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
	for _, c := range []struct {
		name, content, want string
		later               bool
	}{
		{"a.csv", "x;y\n1;2\n", "[x y] [[1 2]]", false},
		{"a.txt", "\n\none\ttwo\x1b[31m\r\n\u202ethree\n\n", "one    two[31m|three", false},
		{"a.json", `{"a":[1]}`, `{| "a": [|  1| ]|}`, false},
		{"empty.txt", " ", "", false},
		{"a.png", string(picturePNG(1000, 10)), "800x8 png", false},
		{"a.parquet", "PAR1xxxxPAR1", "", true},
		{"a.heic", string(heic), "", true},
		{"a.zip", "PK\x05\x06" + strings.Repeat("\x00", 18), "", false},
	} {
		p, later := r.Now(t.Context(), r.save(c.name, []byte(c.content)))
		if p.String() != c.want || later != c.later {
			t.Errorf("%s: %s, later %v", c.name, p, later)
		}
	}
	if len(r.code.asked) != 0 {
		t.Errorf("code was asked for %v", r.code.asked)
	}
}

// Many who look at the same file make one preview; it stays.
func TestMadeOnce(t *testing.T) {
	r := newRig(t)
	f := r.save("a.parquet", []byte("PAR1xxxxPAR1"))
	r.code.release = make(chan struct{})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if p := r.Make(t.Context(), f); p.Table == nil {
				t.Error("no table")
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	close(r.code.release)
	all.Wait()
	if p, later := r.Now(t.Context(), f); p.Table == nil || later || len(r.code.asked) != 1 {
		t.Errorf("%s, later %v, asked %v", p, later, r.code.asked)
	}
}

// A file that can't be read is not tried again; a busy sandbox is.
func TestWhatIsRemembered(t *testing.T) {
	r := newRig(t)
	bad, busy := r.save("bad.parquet", []byte("PAR1bad PAR1")), r.save("busy.parquet", []byte("PAR1busyPAR1"))
	for f, err := range map[*files.File]error{&bad: fault.New(fault.Invalid, "It is damaged."), &busy: fault.New(fault.Unavailable, "All are busy.")} {
		r.code.err = err
		if p := r.Make(t.Context(), *f); !p.Empty() {
			t.Errorf("%s: %s", f.Name, p)
		}
	}
	if _, later := r.Now(t.Context(), bad); later {
		t.Error("a damaged file is tried again")
	}
	if _, later := r.Now(t.Context(), busy); !later {
		t.Error("a file is given up because the sandbox was busy")
	}
}

// The making ends with the last who waits for it, and not before.
func TestMakingEndsWithTheLast(t *testing.T) {
	r := newRig(t)
	r.code.release = make(chan struct{})
	f := r.save("a.parquet", []byte("PAR1xxxxPAR1"))
	first, leave := context.WithCancel(t.Context())
	var one, two sync.WaitGroup
	one.Go(func() { r.Make(first, f) })
	time.Sleep(50 * time.Millisecond)
	second, leaveToo := context.WithCancel(t.Context())
	two.Go(func() { r.Make(second, f) })
	time.Sleep(50 * time.Millisecond)
	leave()
	one.Wait()
	leaveToo()
	two.Wait()
	if len(r.code.asked) != 1 {
		t.Errorf("asked %v", r.code.asked)
	}
	close(r.code.release)
	if p := r.Make(t.Context(), f); p.Table == nil || len(r.code.asked) != 2 {
		t.Errorf("%s, asked %v", p, r.code.asked)
	}
}

// Another's file has no preview, whoever asks.
func TestAnothersFile(t *testing.T) {
	r := newRig(t)
	f := r.save("a.txt", []byte("secret"))
	f.User = 8
	if p, _ := r.Now(t.Context(), f); !p.Empty() {
		t.Errorf("got %s", p)
	}
}

// A decoder that crashes costs one preview.
func TestCrash(t *testing.T) {
	r := newRig(t)
	r.Maker = preview.New(r.files, crashing{}, nil)
	if p := r.Make(t.Context(), r.save("a.parquet", []byte("PAR1xxxxPAR1"))); !p.Empty() {
		t.Errorf("got %s", p)
	}
}

type crashing struct{ preview.Reader }

func (crashing) Table(context.Context, files.UserID, string, files.File, int) (table.Table, error) {
	panic(errors.New("broken"))
}

// A whole table is read once, by whatever can read it, and another's never.
func TestWhole(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct{ name, content, want string }{
		{"a.csv", "x;y\n2;b\n1;a\n", "[[1 a] [2 b]] 2"},
		{"b.tsv", "x\ty\n2\tb\n", "[[2 b]] 1"},
		{"utf16.csv", "\xff\xfex\x00,\x00y\x00\n\x001\x00,\x00\xe4\x00\n\x00", "[[1 ä]] 1"},
		{"a.parquet", "PAR1xxxxPAR1", "[[1 y] [2 x]] 2"},
		{"one.csv", "just a line\nanother\n", "[[1 y] [2 x]] 2"}, // code knows more than we do
	} {
		f := r.save(c.name, []byte(c.content))
		for range 2 {
			tab, err := r.Whole(t.Context(), f)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			rows, total := tab.Page(columnar.View{Sort: 0}, 0, 10)
			if got := fmt.Sprint(rows, total); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	}
	if len(r.code.asked) != 2 {
		t.Errorf("code was asked for %v", r.code.asked)
	}
	if _, err := r.Whole(t.Context(), r.save("a.txt", []byte("a,b\n1,2\n"))); !fault.Is(err, fault.Invalid) {
		t.Errorf("a text: %v", err)
	}
	theirs := r.save("secret.csv", []byte("a,b\n1,2\n"))
	theirs.User = 8
	if _, err := r.Whole(t.Context(), theirs); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's: %v", err)
	}
}

// A page is drawn once.
func TestPages(t *testing.T) {
	r := newRig(t)
	f := r.save("a.pdf", []byte("%PDF-1.4\n"))
	for range 2 {
		for n := 1; n <= 3; n++ {
			if data, of, err := r.Page(t.Context(), f, n); err != nil || of != 3 || data[0] != byte(n) {
				t.Errorf("page %d: %v of %d, %v", n, data, of, err)
			}
		}
	}
	if len(r.code.asked) != 3 {
		t.Errorf("code was asked for %v", r.code.asked)
	}
	if _, _, err := r.Page(t.Context(), f, 4); !fault.Is(err, fault.NotFound) {
		t.Errorf("page 4: %v", err)
	}
	if _, _, err := r.Page(t.Context(), r.save("a.txt", []byte("x")), 1); !fault.Is(err, fault.Invalid) {
		t.Errorf("a text: %v", err)
	}
}
