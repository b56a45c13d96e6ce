// Package sandboxtest holds what every driver of sandboxes must do and
// withstand: suites that take the driver's Open, and sessions that run cells.
package sandboxtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/wheels"
	"github.com/attachebot/attache/internal/testbin"
)

// Driver is what the suites run against.
type Driver interface {
	sandbox.Sandbox
	// Close stores the sessions, within the context's time, and ends all.
	Close(ctx context.Context) error
}

// Options are what a suite asks of a driver. Zero fields are the driver's own.
type Options struct {
	Limits    sandbox.Limits
	Pool, Max int           // sandboxes kept ready, and at most
	Idle      time.Duration // without use, until a session is stored
	Hibernate int64         // bytes of a session that is stored whole
	Rewind    int64         // bytes of what sessions were after earlier answers; 0: nothing is kept
	Packages  wheels.Policy // what code may install
	Index     string        // address of the package index; empty: PyPI
}

// Open opens a driver that keeps what lasts in dir, and closes it with the
// test. A driver opened later in the same folder finds the sessions stored there.
type Open func(t testing.TB, dir string, o Options) Driver

// AwaitNoSessions waits until every session is stored.
func AwaitNoSessions(t testing.TB, d Driver) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); d.Stats().Live > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d sessions live", d.Stats().Live)
		}
	}
}

// Session runs cells in one session.
type Session struct {
	T    testing.TB
	d    Driver
	Key  sandbox.Key
	Cell sandbox.Cell // what every cell has

	mu    sync.Mutex
	Saved map[string][]byte // files that came out, by name
	Order []string          // their names, as they came
}

// NewSession returns a session of a user of its own.
func NewSession(t testing.TB, d Driver) *Session {
	return &Session{T: t, d: d, Key: sandbox.Key{User: 1, Conversation: t.Name()}}
}

// Run runs code and fails the test when it could not run at all.
func (s *Session) Run(code string) sandbox.Result {
	s.T.Helper()
	return s.RunContext(context.Background(), code)
}

// RunContext is Run with a context. Code that was stopped before it was given to anybody
// is Interrupted too.
func (s *Session) RunContext(ctx context.Context, code string) sandbox.Result {
	s.T.Helper()
	s.Saved, s.Order = map[string][]byte{}, nil
	cell := s.Cell
	cell.Code = code
	if cell.Save == nil {
		cell.Save = func(_ context.Context, name string, r io.Reader) error {
			data, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.Saved[name] = data
			s.Order = append(s.Order, name)
			return nil
		}
	}
	res, err := s.d.Run(ctx, s.Key, cell)
	if ctx.Err() != nil && fault.Is(err, fault.Canceled) { // before there was anything to stop
		return sandbox.Result{Outcome: sandbox.Interrupted}
	}
	if err != nil {
		s.T.Fatalf("run: %v", err)
	}
	return res
}

// Output runs code that must succeed and returns what it printed, or else
// showed, without space around it.
func (s *Session) Output(code string) string {
	s.T.Helper()
	res := s.Run(code)
	if res.Outcome != sandbox.OK {
		s.T.Fatalf("%s: %s\n%s", res.Outcome, res.Error, res.Output)
	}
	out := res.Output
	for _, v := range res.Shown {
		out += v.Text + "\n"
	}
	return strings.TrimSpace(out)
}

// Expect runs code and fails the test unless its output is want.
func (s *Session) Expect(code, want string) {
	s.T.Helper()
	if got := s.Output(code); got != want {
		s.T.Errorf("%s\ngot  %q\nwant %q", code, got, want)
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
