package tools_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/attachebot/attache/internal/bucket"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/sqlite"
	"github.com/attachebot/attache/internal/tools"
)

const alice, bob files.UserID = 111111111111111111, 222222222222222222

// TestMain runs the tests, or, started again by one of them, an MCP server.
func TestMain(m *testing.M) {
	if how := os.Getenv("ATTACHE_TEST_SERVER"); how != "" {
		serveTest(how)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newFiles returns a service on SQLite and a folder.
func newFiles(t testing.TB, opts files.Options) *files.Service {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "a.db"))
	must(t, err)
	t.Cleanup(func() { db.Close() })
	b, err := bucket.Open(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { b.Close() })
	opts.Dir, opts.Abort = b.Dir, b.Abort
	return files.New(sqlite.NewFiles(db, "me"), b.Bucket, opts)
}

func save(t testing.TB, fs *files.Service, user files.UserID, name, content string) files.File {
	t.Helper()
	s, err := fs.Save(t.Context(), files.Upload{User: user, Name: name, Size: int64(len(content)), Body: strings.NewReader(content)})
	must(t, err)
	return s.File
}

func content(t testing.TB, fs *files.Service, user files.UserID, id string) (files.File, []byte) {
	t.Helper()
	f, r, err := fs.Open(t.Context(), user, files.ID(id))
	must(t, err)
	defer r.Close()
	data, err := io.ReadAll(r)
	must(t, err)
	return f, data
}

// testLog keeps what is logged.
type testLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *testLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *testLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *testLog) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// await waits until ok holds.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// names of what a box offers a user.
func names(b *tools.Box, user files.UserID) string {
	var list []string
	for _, s := range b.Tools(context.Background(), user) {
		list = append(list, s.Name)
	}
	return strings.Join(list, " ")
}

func call(b *tools.Box, user files.UserID, name, arguments string) llm.ToolResult {
	return b.Call(context.Background(), user, "c", llm.ToolCall{ID: "1", Name: name, Arguments: arguments}, llm.ToolHooks{})
}

func succeed(t testing.TB, res llm.ToolResult, contains ...string) llm.ToolResult {
	t.Helper()
	if res.Failed {
		t.Errorf("failed: %s", res.ForModel())
	}
	for _, c := range contains {
		if !strings.Contains(res.ForModel(), c) {
			t.Errorf("%q is not in:\n%s", c, res.ForModel())
		}
	}
	return res
}

func fail(t testing.TB, res llm.ToolResult, want string) {
	t.Helper()
	if !res.Failed || !strings.Contains(res.ForModel(), want) {
		t.Errorf("failed: %v, want %q in:\n%s", res.Failed, want, res.ForModel())
	}
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

func specOf(t testing.TB, b *tools.Box, name string) llm.Tool {
	t.Helper()
	for _, s := range b.Tools(context.Background(), alice) {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no tool %s", name)
	panic(fmt.Sprint())
}
