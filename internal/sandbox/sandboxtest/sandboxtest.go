// Package sandboxtest holds what every sandbox must do and withstand, run
// against real gVisor.
package sandboxtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/wheels"
	"github.com/attachebot/attache/internal/testbin"
)

// Base is where the environment, the snapshots and runsc of the tests are:
// ATTACHE_TEST_DATA, or .cache/data of the project, as `make test` prepares it.
func Base() string {
	if dir := os.Getenv("ATTACHE_TEST_DATA"); dir != "" {
		return dir
	}
	return filepath.Join(testbin.Root(), ".cache", "data")
}

// Runsc is gVisor's command for the tests.
func Runsc() string {
	if path := os.Getenv("ATTACHE_TEST_RUNSC"); path != "" {
		return path
	}
	return filepath.Join(testbin.Root(), "bin", "runsc")
}

// Python returns the environment of the tests. Where there is none and none
// can be made, the test is skipped, or fails if REQUIRE has runsc.
func Python(t testing.TB) *wheels.Python {
	t.Helper()
	if _, err := os.Stat(Runsc()); err != nil {
		testbin.Missing(t, "runsc", err.Error())
	}
	py, err := wheels.PreparePython(context.Background(), filepath.Join(Base(), "python"), os.Getenv("PYTHON"), os.Getenv("UV_DEFAULT_INDEX"), io.Discard)
	if err != nil {
		testbin.Missing(t, "runsc", err.Error())
	}
	return py
}

// Dir returns a new folder for a host, which shares the snapshots of all tests.
func Dir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	shared := filepath.Join(Base(), "sandbox", "snapshots")
	if err := os.MkdirAll(shared, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(shared, filepath.Join(dir, "snapshots")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Open opens a host in a folder of its own, and closes it with the test.
func Open(t testing.TB, o gvisor.Options) *gvisor.Host {
	t.Helper()
	return OpenIn(t, Dir(t), o)
}

// OpenIn opens a host in dir, and closes it with the test.
func OpenIn(t testing.TB, dir string, o gvisor.Options) *gvisor.Host {
	t.Helper()
	h, err := gvisor.Open(context.Background(), dir, Runsc(), Python(t), o)
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			testbin.Missing(t, "runsc", err.Error())
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := h.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return h
}

// Session runs cells in one session.
type Session struct {
	t    testing.TB
	h    *gvisor.Host
	Key  sandbox.Key
	Cell sandbox.Cell // what every cell has

	mu    sync.Mutex
	Saved map[string][]byte // files that came out, by name
	Order []string          // their names, as they came
}

// NewSession returns a session of a user of its own.
func NewSession(t testing.TB, h *gvisor.Host) *Session {
	return &Session{t: t, h: h, Key: sandbox.Key{User: 1, Conversation: t.Name()}}
}

// Run runs code and fails the test when it could not run at all.
func (s *Session) Run(code string) sandbox.Result {
	s.t.Helper()
	return s.RunContext(context.Background(), code)
}

// RunContext is Run with a context.
func (s *Session) RunContext(ctx context.Context, code string) sandbox.Result {
	s.t.Helper()
	s.Saved, s.Order = map[string][]byte{}, nil
	cell := s.Cell
	cell.Code = code
	if cell.Save == nil {
		cell.Save = func(_ context.Context, name string, r io.Reader) error {
			data, err := io.ReadAll(r)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.Saved[name] = data
			s.Order = append(s.Order, name)
			return err
		}
	}
	res, err := s.h.Run(ctx, s.Key, cell)
	if err != nil {
		s.t.Fatalf("run: %v", err)
	}
	return res
}

// Output runs code that must succeed and returns what it printed, or else
// showed, without space around it.
func (s *Session) Output(code string) string {
	s.t.Helper()
	res := s.Run(code)
	if res.Outcome != sandbox.OK {
		s.t.Fatalf("%s: %s\n%s", res.Outcome, res.Error, res.Output)
	}
	out := res.Output
	for _, v := range res.Shown {
		out += v.Text + "\n"
	}
	return strings.TrimSpace(out)
}

// Expect runs code and fails the test unless its output is want.
func (s *Session) Expect(code, want string) {
	s.t.Helper()
	if got := s.Output(code); got != want {
		s.t.Errorf("%s\ngot  %q\nwant %q", code, got, want)
	}
}

// Files is a user's files in memory.
type Files map[string]File

// File is one of them.
type File struct {
	Name, Kind, Ext string
	Data            []byte
}

var _ sandbox.Files = Files{}

// List lists them by id.
func (f Files) List(context.Context) ([]sandbox.FileInfo, error) {
	var list []sandbox.FileInfo
	for id := range f {
		info, _ := f.Stat(context.Background(), id)
		list = append(list, info)
	}
	slices.SortFunc(list, func(a, b sandbox.FileInfo) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

// Stat describes one.
func (f Files) Stat(_ context.Context, id string) (sandbox.FileInfo, error) {
	file, ok := f[id]
	if !ok {
		return sandbox.FileInfo{}, fault.New(fault.NotFound, "File not found or expired")
	}
	return sandbox.FileInfo{ID: id, Name: file.Name, Kind: file.Kind, Ext: file.Ext, Size: int64(len(file.Data)), UploadedAt: time.Unix(0, 0).UTC()}, nil
}

// Delete deletes one without asking anybody.
func (f Files) Delete(ctx context.Context, id string) (sandbox.FileInfo, bool, error) {
	info, err := f.Stat(ctx, id)
	delete(f, id)
	return info, err == nil, err
}

// Open opens one.
func (f Files) Open(ctx context.Context, id string) (sandbox.FileInfo, io.ReadCloser, error) {
	info, err := f.Stat(ctx, id)
	if err != nil {
		return info, nil, err
	}
	return info, io.NopCloser(bytes.NewReader(f[id].Data)), nil
}

// CSV returns a file of rows a,b with n rows.
func CSV(n int) File {
	var b strings.Builder
	b.WriteString("a,b\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,%d\n", i, i*i)
	}
	return File{Name: "numbers.csv", Kind: "csv", Ext: ".csv", Data: []byte(b.String())}
}

// NeedIndex skips the test where the package index can't be reached, or fails
// it if REQUIRE has index.
func NeedIndex(t testing.TB) {
	t.Helper()
	res, err := http.Get("https://pypi.org/simple/emoji/")
	if err != nil {
		testbin.Missing(t, "index", err.Error())
	}
	res.Body.Close()
}
