package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"
)

// kept keeps one archive.
type kept struct {
	data []byte
	err  error // at its end
}

func (k *kept) Has(context.Context, string) (bool, error) { return k.data != nil, nil }

func (k *kept) Put(_ context.Context, _ string, r io.Reader) (err error) {
	k.data, err = io.ReadAll(r)
	return err
}

func (k *kept) Get(context.Context, string) (io.ReadCloser, error) {
	r := io.Reader(bytes.NewReader(k.data))
	if k.err != nil {
		r = io.MultiReader(r, iotest.ErrReader(k.err))
	}
	return io.NopCloser(r), nil
}

func all(string) bool { return true }

// write keeps two files, of which one does not compress.
func write(t *testing.T) (k *kept, files map[string][]byte) {
	t.Helper()
	noise := make([]byte, 20_000)
	rand.NewChaCha8([32]byte{}).Read(noise)
	k, files = new(kept), map[string][]byte{"a": []byte("text"), "b": noise}
	err := Put(t.Context(), k, "x", func(w *tar.Writer) error {
		return errors.Join(Add(w, "a", 4, bytes.NewReader(files["a"])), Add(w, "b", int64(len(noise)), bytes.NewReader(noise)))
	})
	if err != nil {
		t.Fatal(err)
	}
	return k, files
}

func extract(t *testing.T, k *kept, dir string, most int64, wanted func(string) bool) error {
	return Get(t.Context(), k, "x", func(r *tar.Reader) error { return Extract(r, dir, most, wanted) })
}

func TestArchive(t *testing.T) {
	k, files := write(t)
	dir := t.TempDir()
	if err := extract(t, k, dir, 1<<20, all); err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(data, want) {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
	if err := extract(t, k, t.TempDir(), 20_003, all); !errors.Is(err, ErrDamaged) {
		t.Errorf("too large: %v", err)
	}
	if err := extract(t, k, t.TempDir(), 1<<20, func(name string) bool { return name == "a" }); !errors.Is(err, ErrDamaged) {
		t.Errorf("a file that does not belong there: %v", err)
	}
	k.err = errors.New("the network is down")
	if err := extract(t, k, t.TempDir(), 1<<20, all); err != k.err {
		t.Errorf("an error on the way: %v", err)
	}
}

// Whatever byte is missing, is another one or is too much. One bit of zstd's header
// means nothing.
func TestDamage(t *testing.T) {
	const unused = 4
	whole, _ := write(t)
	dir := t.TempDir()
	damaged := func(what string, at int, data []byte) {
		t.Helper()
		if err := extract(t, &kept{data: data}, dir, 1<<20, all); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%s %d of %d: %v", what, at, len(whole.data), err)
		}
	}
	for at := range whole.data {
		if at > 200 && at < len(whole.data)-200 && at%97 != 0 {
			continue
		}
		damaged("cut at byte", at, whole.data[:at])
		other := slices.Clone(whole.data)
		bit := at % 8
		if at == unused {
			bit = 2
		}
		other[at] ^= 1 << bit
		damaged("another byte", at, other)
	}
	damaged("one more after", 0, append(slices.Clone(whole.data), 0))
	damaged("twice", 0, slices.Concat(whole.data, whole.data))
}
