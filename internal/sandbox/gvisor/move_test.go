package gvisor_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
)

// A session goes on on another machine, which has another snapshot: as it was, or as
// its variables where its image or snapshot is not whole.
func TestSessionMoves(t *testing.T) {
	t.Parallel()
	key := sandbox.Key{User: 1, Conversation: "c"}
	images := folderImages(t.TempDir())
	dir := t.TempDir() // with a snapshot of its own
	a, err := gvisor.Open(t.Context(), dir, gvisortest.Runsc(), gvisortest.Python(t), gvisor.Options{Process: gvisortest.Process(t, dir)})
	if err != nil {
		t.Fatal(err)
	}
	var told []sandbox.Key
	a.OnStored(func(k sandbox.Key) { told = append(told, k) })
	if err := a.Publish(t.Context(), key, images); !fault.Is(err, fault.NotFound) {
		t.Errorf("nothing is stored: %v", err)
	}
	run := func(h *gvisor.Host, code string) sandbox.Result {
		t.Helper()
		res, err := h.Run(t.Context(), key, sandbox.Cell{Code: code})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	run(a, "x = 41\ndef f():\n    yield x + 1\ng = f()\nopen('note.txt', 'w').write('kept')")
	if err := a.Publish(t.Context(), key, images); !fault.Is(err, fault.Exists) {
		t.Errorf("it lives: %v", err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0] != key {
		t.Errorf("told of %v", told)
	}
	for range 2 { // the snapshot is there the second time
		if err := a.Publish(t.Context(), key, images); err != nil {
			t.Fatal(err)
		}
	}
	os.RemoveAll(dir)
	snapshots, err := filepath.Glob(filepath.Join(string(images), "snapshot", "*"))
	if err != nil || len(snapshots) != 1 {
		t.Fatalf("%q, %v", snapshots, err)
	}

	b := gvisortest.Open(t, gvisor.Options{})
	fetch := func(behind bool) {
		t.Helper()
		if err := b.Reset(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if err := b.Fetch(t.Context(), key, images, behind); err != nil {
			t.Fatal(err)
		}
	}
	fetch(false)
	// A generator is in no pickle: the image itself came.
	if res := run(b, "print(next(g), open('note.txt').read())"); res.Output != "42 kept\n" || len(res.Notes) != 0 {
		t.Errorf("%+v", res)
	}
	var now int64
	if _, err := fmt.Sscan(run(b, "import time\nprint(int(time.time()))").Output, &now); err != nil || time.Since(time.Unix(now, 0)).Abs() > time.Minute {
		t.Errorf("the clock says %s: %v", time.Unix(now, 0), err)
	}
	fetch(true)
	if res := run(b, "print(x)"); res.Output != "41\n" || !strings.Contains(fmt.Sprint(res.Notes), "lost: what came after") {
		t.Errorf("behind: %+v", res)
	}
	if err := b.Reset(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(string(images), "image")
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(whole, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.Fetch(t.Context(), key, images, false); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	n := len(data)
	for _, cut := range []int{0, 1, n / 2, n - 2000, n - 1000, n - 100, n - 5, n - 4, n - 3, n - 2, n - 1} {
		damaged(fmt.Sprintf("%d of %d bytes", cut, n), data[:cut])
	}
	for _, at := range []int{0, 4, n / 3, n / 2, n - 1000, n - 10, n - 2, n - 1} {
		other := slices.Clone(data)
		other[at] ^= 4
		damaged(fmt.Sprintf("byte %d of %d is another", at, n), other)
	}
	damaged("something follows", append(slices.Clone(data), "more"...))
	damaged("it is there twice", slices.Concat(data, data))
	t.Logf("image: %d bytes", len(data))
}

// folderImages keeps images in a folder.
type folderImages string

func (f folderImages) path(name string) string {
	return filepath.Join(string(f), filepath.FromSlash(name))
}

func (f folderImages) Has(_ context.Context, name string) (bool, error) {
	_, err := os.Stat(f.path(name))
	return err == nil, nil
}

func (f folderImages) Put(_ context.Context, name string, r io.Reader) error {
	data, err := io.ReadAll(r)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(f.path(name)), 0o700)
	}
	if err == nil {
		err = os.WriteFile(f.path(name), data, 0o600)
	}
	return err
}

func (f folderImages) Get(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := os.Open(f.path(name))
	if err != nil {
		return nil, fault.Wrap(err, fault.NotFound, "It is not there.")
	}
	return file, nil
}
