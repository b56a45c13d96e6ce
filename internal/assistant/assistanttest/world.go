// Package assistanttest has an assistant with everything behind it, for tests of
// the assistant and of front ends.
package assistanttest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/chat/chattest"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/notes"
	"github.com/attachebot/attache/internal/sqlite"
)

// World is an assistant on SQLite, with files in memory, a scripted model and
// scripted tools.
type World struct {
	*assistant.Assistant
	Model *llmtest.Server
	Tools *chattest.Tools
	Files *files.Service
	Chats chat.Store
	Notes notes.Store
}

// New opens a world that ends with the test. Its files are in memory, or in the
// folder fo.Dir.
func New(t testing.TB, o assistant.Options, fo files.Options) *World {
	t.Helper()
	w := &World{Model: &llmtest.Server{}, Tools: &chattest.Tools{}}
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "attache.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	bucket := memblob.OpenBucket(nil)
	if fo.Dir != "" {
		if bucket, err = fileblob.OpenBucket(fo.Dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { bucket.Close() })
	model, err := client.New("", client.Options{BaseURL: w.Model.Start(t), Model: "test-model", Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { model.Close() })
	w.Files, w.Chats, w.Notes = files.New(sqlite.NewFiles(db, "test"), bucket, fo), sqlite.NewChats(db), sqlite.NewNotes(db)
	engine := chat.New(model, w.Chats, w.Files, w.Tools, chat.Options{})
	w.Assistant = assistant.New(engine, w.Files, o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		w.Close(ctx)
		engine.Close(ctx)
	})
	return w
}
