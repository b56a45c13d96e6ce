package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// checkpoint writes files such as gVisor does.
func checkpoint(t testing.TB, state, meta, pages []byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{State: state, Meta: meta, Pages: pages} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func random(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, n)
	for i := 0; i+8 <= n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b
}

func base(t testing.TB, pages []byte) *Base {
	t.Helper()
	dir := checkpoint(t, random(1, 100_000), nil, pages)
	name, err := Content(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenBase(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// encode writes the checkpoint in a folder into the image at path.
func encode(b *Base, path, raw string, extra []byte) (sum string, err error) {
	out, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer out.Close()
	e, err := b.Encode(out, extra)
	if err != nil {
		return "", err
	}
	defer e.EndPages()
	for name, to := range map[string]io.Writer{State: e.State, Meta: e.Meta} {
		f, err := os.Open(filepath.Join(raw, name))
		if err != nil {
			return "", err
		}
		defer f.Close()
		if _, err := io.Copy(to, f); err != nil {
			return "", err
		}
	}
	f, err := os.Open(filepath.Join(raw, Pages))
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	pages, err := mapFile(f, info.Size())
	if err != nil {
		return "", err
	}
	defer unmap(pages)
	for piece := range slices.Chunk(pages, 77*page) { // as gVisor passes them: of any length
		if err := e.Pages(piece); err != nil {
			return "", err
		}
	}
	return e.Close()
}

// expand writes the files of a checkpoint to a folder, as gVisor wrote them. It reads them
// from several places at once, as gVisor does.
func expand(i *Image, dir string) error {
	var work sync.WaitGroup
	errs := make(chan error, 3)
	for _, part := range []string{State, Meta, Pages} {
		f, err := os.Create(filepath.Join(dir, part))
		if err != nil {
			return err
		}
		defer f.Close()
		at := make(chan int64)
		for range 4 {
			work.Go(func() {
				for off := range at {
					to := off
					err := i.Read(part, off, int(min(100_000, i.Size(part)-off)), func(p []byte) error {
						_, err := f.WriteAt(p, to)
						to += int64(len(p))
						return err
					})
					if err != nil {
						select {
						case errs <- err:
						default:
						}
					}
				}
			})
		}
		for off := int64(0); off < i.Size(part); off += 100_000 {
			at <- off
		}
		close(at)
	}
	work.Wait()
	close(errs)
	return <-errs
}

// through packs a checkpoint into the image at path, and returns a folder into which that
// is unpacked.
func through(t *testing.T, b *Base, path, raw string) string {
	t.Helper()
	i := written(t, b, path, raw, nil)
	out := t.TempDir()
	if err := expand(i, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// written packs a checkpoint into the image at path, which is open until the test ends.
func written(t *testing.T, b *Base, path, raw string, extra []byte) *Image {
	t.Helper()
	sum, err := encode(b, path, raw, extra)
	if err != nil {
		t.Fatal(err)
	}
	i, err := b.Open(path, sum)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

func equal(t *testing.T, a, b string) {
	t.Helper()
	for _, name := range []string{State, Meta, Pages} {
		x, err := os.ReadFile(filepath.Join(a, name))
		y, err2 := os.ReadFile(filepath.Join(b, name))
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x, y) {
			t.Errorf("%s differs: %d and %d bytes", name, len(x), len(y))
		}
	}
}

// What is decoded is what was encoded, bit by bit, however the pages relate to the
// snapshot's.
func TestRoundTrip(t *testing.T) {
	snapshot := random(2, 3000*page)
	changed := bytes.Clone(snapshot)
	for i := 0; i < len(changed); i += 7 * page {
		changed[i]++
	}
	moved := append(append(random(3, 500*page), snapshot[1000*page:]...), snapshot[:1000*page]...)
	shuffled := make([]byte, 0, len(snapshot))
	for _, i := range rand.New(rand.NewPCG(4, 0)).Perm(3000) {
		shuffled = append(shuffled, snapshot[i*page:][:page]...)
	}
	b := base(t, snapshot)
	for name, pages := range map[string][]byte{"none": nil, "one": snapshot[:page], "same": snapshot, "changed": changed, "moved": moved,
		"shuffled": shuffled, "other": random(5, 2500*page), "zeros": make([]byte, 2000*page)} {
		t.Run(name, func(t *testing.T) {
			raw := checkpoint(t, append(random(1, 90_000), random(6, 3<<20)...), random(7, 9000), pages)
			path := filepath.Join(t.TempDir(), "image")
			i := written(t, b, path, raw, []byte("beside"))
			out := t.TempDir()
			if err := expand(i, out); err != nil || string(i.Extra) != "beside" || i.Size(Pages) != int64(len(pages)) {
				t.Fatal(err, i.Extra, i.Size(Pages))
			}
			equal(t, raw, out)
			if info, _ := os.Stat(path); (name == "same" || name == "moved" || name == "shuffled") && info.Size() > 3_500_000+int64(len(pages)-len(snapshot)) {
				t.Errorf("%d bytes", info.Size())
			}
		})
	}
}

// A byte that was changed anywhere, and a file that was cut, are found before anything is
// restored; so are sectors that are empty or elsewhere, and the image of another snapshot
// or of an older format. Some blocks are compressed, one is as it is, in four pieces.
func TestBroken(t *testing.T) {
	snapshot := random(2, 100*page)
	b := base(t, snapshot)
	text := bytes.Repeat(random(11, 200), 50*page/200+1)[:50*page]
	own := slices.Concat(random(9, blockBytes), snapshot, text)
	raw := checkpoint(t, random(8, 1000), bytes.Repeat([]byte("meta"), 300), own)
	path := filepath.Join(t.TempDir(), "image")
	sum, err := encode(b, path, raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(b *Base, data []byte) error {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		i, err := b.Open(path, sum)
		if err != nil {
			return err
		}
		defer i.Close()
		return expand(i, t.TempDir())
	}
	if n := len(whole) - blockBytes; n < 1000 || n > 50*page/2 {
		t.Fatalf("%d bytes beside those that can't be compressed", n)
	}
	for at := 0; at < len(whole); at += 1 + at%(at/50+200) {
		data := bytes.Clone(whole)
		data[at] ^= 4
		if err := try(b, data); !errors.Is(err, ErrBroken) {
			t.Fatalf("byte %d of %d: %v", at, len(whole), err)
		}
	}
	const sector = 512
	for at := 0; at+2*sector < len(whole); at += 37 * sector {
		data := bytes.Clone(whole)
		clear(data[at:][:sector])
		if err := try(b, data); !errors.Is(err, ErrBroken) {
			t.Fatalf("empty at %d of %d: %v", at, len(whole), err)
		}
		data = slices.Concat(whole[:at], whole[at+sector:][:sector], whole[at:][:sector], whole[at+2*sector:])
		if err := try(b, data); !errors.Is(err, ErrBroken) {
			t.Fatalf("exchanged at %d of %d: %v", at, len(whole), err)
		}
	}
	older := bytes.Replace(whole, []byte(magic), []byte("attache image 1\n"), 1)
	if err := try(b, older); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "another format") {
		t.Errorf("an older format: %v", err)
	}
	for n := 0; n < len(whole); n += 1 + n%4999 {
		if err := try(b, whole[:n]); !errors.Is(err, ErrBroken) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if err := try(base(t, random(10, 100*page)), whole); !errors.Is(err, ErrBroken) {
		t.Errorf("another snapshot: %v", err)
	}
	if err := try(b, whole); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}

// What has taken the place of an image is no image, and nobody waits for it.
func TestNoFile(t *testing.T) {
	b := base(t, nil)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fifo, t.TempDir(), "/dev/zero"} {
		if _, err := b.Open(path, ""); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// What can't be compressed is there as it is, and what can is compressed.
func TestSizes(t *testing.T) {
	b := base(t, random(2, 10*page))
	text := bytes.Repeat(random(4, 200), 300*page/200)[:299*page]
	for name, c := range map[string]struct {
		pages []byte
		most  int
	}{
		"random":    {random(3, 300*page), 300*page + 300},
		"half":      {append(random(3, 300*page), make([]byte, 300*page)...), 300*page + 2000},
		"text":      {text, 20 * page},
		"two pages": {make([]byte, 2*page), 200},
	} {
		path := filepath.Join(t.TempDir(), "image")
		if _, err := encode(b, path, checkpoint(t, nil, nil, c.pages), nil); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() > int64(c.most) {
			t.Errorf("%s: %d bytes, more than %d", name, info.Size(), c.most)
		}
	}
}

// Encoding and decoding take a bounded amount of memory.
func TestConstantMemory(t *testing.T) {
	b := base(t, random(2, 1000*page))
	raw := checkpoint(t, nil, nil, nil)
	f, err := os.OpenFile(filepath.Join(raw, Pages), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if _, err := f.Write(random(uint64(i+10), 1000*page)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	held := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapSys - m.HeapReleased)
	}
	debug.FreeOSMemory()
	before := held()
	path := filepath.Join(t.TempDir(), "image")
	through(t, b, path, raw)
	n := (held() - before) >> 20
	t.Logf("%d MB more memory for an image of 245 MB", n)
	if n > 120 {
		t.Errorf("%d MB more memory for an image of 245 MB", n)
	}
}

// A session decides how large its kernel's state is. It passes through in pieces, and
// what can't be read again is not written.
func TestLargeState(t *testing.T) {
	b := base(t, nil)
	const size = 64 << 20
	raw := checkpoint(t, random(3, size), random(4, size), nil)
	path := filepath.Join(t.TempDir(), "image")
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	before := allocated()
	out := through(t, b, path, raw)
	n := allocated() - before
	t.Logf("%d MB were allocated", n>>20)
	if n > size/2 {
		t.Errorf("%d MB were allocated for a state of %d MB", n>>20, size>>20)
	}
	equal(t, raw, out)
	if err := os.Truncate(filepath.Join(raw, State), maxState+1); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "image")
	if _, err := encode(b, path, raw, nil); err == nil {
		t.Error("a state was written that is too large to be read")
	}
}

// FuzzImage opens and decodes files that anybody may have written: no panic, no
// endless work, and never more than the index promises.
func FuzzImage(f *testing.F) {
	snapshot := random(2, 20*page)
	b := base(f, snapshot)
	for _, pages := range [][]byte{nil, snapshot, append(make([]byte, 3*page), snapshot[5*page:]...)} {
		path := filepath.Join(f.TempDir(), "image")
		if _, err := encode(b, path, checkpoint(f, []byte("state"), []byte("meta"), pages), []byte("x")); err != nil {
			f.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		sum := ""
		if n := len(data) - 8; n >= 0 {
			if size := binary.BigEndian.Uint64(data[n:]); size <= uint64(n) {
				sum = sumOf(data[n-int(size) : n]) // as from somebody who can write the record too
			}
		}
		i, err := b.Open(path, sum)
		if err != nil {
			return
		}
		defer i.Close()
		if i.Size(Pages) > 1<<30 {
			return
		}
		expand(i, t.TempDir())
	})
}
