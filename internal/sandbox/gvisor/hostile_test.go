package gvisor

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
)

// scripted says what a hostile runner would, again and again, and then the end.
type scripted struct {
	frames []container.Frame
	times  int
}

func (s *scripted) Send(any) error { return nil }

func (s *scripted) Receive(context.Context) (container.Frame, error) {
	if s.times == 0 {
		return container.Frame{Msg: &container.Message{Op: "dumped", Lost: []string{strings.Repeat("n", 5000) + "\n"}}}, nil
	}
	s.times--
	return s.frames[s.times%len(s.frames)], nil
}

// What a session writes to the disk as its variables is bounded by bytes, by
// number, by the names and by the frames.
func TestDumpIsBounded(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	v := func(name string, size int64) container.Frame {
		return container.Frame{Msg: &container.Message{Op: "var", Name: name, Size: size}}
	}
	data := func(n int) container.Frame { return container.Frame{Data: make([]byte, n), Size: n} }
	for name, c := range map[string]struct {
		scripted
		ok bool
	}{
		"what is usual":         {scripted{[]container.Frame{data(100), v("x", 100)}, 2000}, true},
		"as many as there are":  {scripted{[]container.Frame{v("x", 0)}, 11_000}, true},
		"too many":              {scripted{[]container.Frame{v("x", 0)}, 11_001}, false},
		"too many bytes":        {scripted{[]container.Frame{data(1 << 20)}, 6}, false},
		"frames without bytes":  {scripted{[]container.Frame{data(0)}, 30_000}, false},
		"a long name":           {scripted{[]container.Frame{v(strings.Repeat("n", 1001), 1)}, 1}, false},
		"a size that is a lie":  {scripted{[]container.Frame{v("x", limit+1)}, 1}, false},
		"a size below zero":     {scripted{[]container.Frame{v("x", -1)}, 1}, false},
		"a name within its own": {scripted{[]container.Frame{v(strings.Repeat("n", 1000), 1)}, 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "variables")
			_, lost, err := dumpVariables(context.Background(), &c.scripted, path, limit, 1)
			if c.ok != (err == nil) || !c.ok && !errors.Is(err, errProtocol) {
				t.Errorf("%v", err)
			}
			if info, err := os.Stat(path); err != nil || info.Size() > limit+5<<20 {
				t.Errorf("%d bytes, %v", info.Size(), err)
			}
			for _, n := range lost {
				if len(n) > 1010 || strings.Contains(n, "\n") {
					t.Errorf("a name of %d bytes", len(n))
				}
			}
		})
	}
}

// What the code says of its end is short, whatever it says.
func TestWhatCodeSaysIsClipped(t *testing.T) {
	t.Parallel()
	long := make([]string, 1000)
	left := make([]container.LeftFile, 1000)
	for i := range long {
		long[i] = strings.Repeat("n", 5000) + "\nx"
		left[i] = container.LeftFile{Name: long[i], Why: strings.Repeat("w", 5000) + "\r\n"}
	}
	r := &cellRun{}
	r.take(&container.Message{Op: "done", Status: "weird", Exit: 1 << 40, Warnings: long, Left: left, LeftCount: -5})
	var notes []string
	for _, n := range r.res.Notes {
		notes = append(notes, n.String())
	}
	for what, list := range map[string][]string{"warnings": r.res.Warnings, "notes": notes} {
		if len(list) == 0 || len(list) > 20 {
			t.Errorf("%d %s", len(list), what)
		}
		for _, s := range list {
			if len(s) > 1200 || strings.ContainsAny(s, "\r\n") {
				t.Errorf("%s: %d bytes: %.100q", what, len(s), s)
			}
		}
	}
	if strings.Contains(strings.Join(notes, ""), "w") {
		t.Errorf("the code's reason: %.100q", notes)
	}
	if r.res.Outcome != sandbox.Failed || r.res.Exit > 255 {
		t.Errorf("%s, status %d", r.res.Outcome, r.res.Exit)
	}
}

// named are files whose ids and endings are what the test says.
type named struct{ sandbox.Files }

func (n named) Open(_ context.Context, id string) (sandbox.FileInfo, io.ReadCloser, error) {
	return sandbox.FileInfo{ID: id, Ext: ".csv"}, io.NopCloser(strings.NewReader("x")), nil
}

// An id never becomes a path, even if the store of files made one of it.
func TestIdIsNoPath(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "files")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"../evil", "/etc/evil", "a/b", "..", "", "a\x00b", "a b", strings.Repeat("a", 200)} {
		if _, err := copyFile(context.Background(), named{}, id, dir); !fault.Is(err, fault.Internal) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := copyFile(context.Background(), named{}, "1_2_0a", dir); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(base, "*")); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}
