package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sqlite"
)

// A database of every schema that there was is migrated forward, with all that is
// in it, and then is like a new one.
func TestEverySchema(t *testing.T) {
	schemas, err := filepath.Glob("testdata/schemas/*.sql")
	if err != nil || len(schemas) < 10 {
		t.Fatalf("%q, %v", schemas, err)
	}
	fresh := shape(t, func() string {
		file := filepath.Join(t.TempDir(), "new.db")
		open(t, file).Close()
		return file
	}())
	for _, schema := range schemas {
		t.Run(filepath.Base(schema), func(t *testing.T) {
			text, err := os.ReadFile(schema)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "old.db")
			raw, err := sql.Open("sqlite", file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := raw.Exec(string(text)); err != nil {
				t.Fatal(err)
			}
			raw.Close()
			db, err := sqlite.Open(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if got := shape(t, file); got != fresh {
				t.Errorf("migrated:\n%s\nnew:\n%s", got, fresh)
			}
			if err := db.Check(t.Context()); err != nil {
				t.Error(err)
			}
			store := sqlite.NewFiles(db, "test")
			page, err := store.List(t.Context(), 7, files.Query{Limit: 10}, time.Now())
			if err != nil || page.Total != 2 || page.Files[0].Name != "copy.csv" || page.Files[1].Path != page.Files[0].Path || page.Files[1].Kind != "csv" {
				t.Fatalf("%+v, %v", page, err)
			}
			// Bytes that two files share stay until the second one goes.
			for i, want := range []int{0, 1} {
				if _, orphans, err := store.Remove(t.Context(), page.Files[i:i+1], time.Now()); err != nil || len(orphans) != want {
					t.Errorf("removing %d: %q, %v", i, orphans, err)
				}
			}
			if expired, err := store.Expired(t.Context(), time.Now(), 10); err != nil || len(expired) != 1 || expired[0].Name != "old.txt" {
				t.Errorf("%+v, %v", expired, err)
			}
			if strings.HasPrefix(filepath.Base(schema), "1") {
				return
			}
			if filepath.Base(schema) == "9.sql" {
				key := sandbox.Key{User: 7, Conversation: "discord/1"}
				want := cluster.Session{Key: key, Worker: "w", Generation: 3, Epoch: "e", Image: "images/7/A/none", Behind: true, UsedAt: time.UnixMilli(1700000000000).UTC(), Revision: 5}
				records, err := sqlite.NewCluster(db)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := records.Session(t.Context(), key); err != nil || got != want {
					t.Errorf("%+v, %v", got, err)
				}
			}
			chats := sqlite.NewChats(db)
			if model, err := chats.ModelOf(t.Context(), 7); err != nil || model != "gpt-4o" {
				t.Errorf("%q, %v", model, err)
			}
			list, err := chats.Conversations(t.Context(), chat.ConversationQuery{User: 7})
			if err != nil || len(list) != 1 || list[0].Title != "How many?" || list[0].Turns != 2 {
				t.Errorf("%+v, %v", list, err)
			}
			usage, err := chats.Usage(t.Context(), ledger.Query{User: 7, ByModel: true, ByConversation: true})
			if i := slices.IndexFunc(usage, func(u ledger.Usage) bool { return u.Model == "gpt-4o" }); err != nil || i < 0 || usage[i].Input != 1000 || usage[i].Cost != 3000000 || usage[i].Conversation != "" {
				t.Errorf("%+v, %v", usage, err)
			}
			if err := chats.AddUsage(t.Context(), ledger.Usage{User: 7, Day: "2023-11-14", Model: "gpt-4o", Conversation: "discord/1", Requests: 1, Input: 1}); err != nil {
				t.Error(err)
			}
			if usage, err = chats.Usage(t.Context(), ledger.Query{User: 7}); err != nil || len(usage) != 1 || usage[0].Input < 1001 {
				t.Errorf("%+v, %v", usage, err)
			}
		})
	}
}

// shape is the schema of a database, without comments and blanks.
func shape(t *testing.T, file string) string {
	t.Helper()
	raw, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	rows, err := raw.Query(`SELECT m.name || ' ' || coalesce((SELECT group_concat(c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk, ', ') FROM pragma_table_info(m.name) c), '') ||
		coalesce((SELECT group_concat(c.name, ', ') FROM pragma_index_info(m.name) c), '') FROM sqlite_schema m WHERE name NOT LIKE 'sqlite%' ORDER BY m.name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := ""
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out += line + "\n"
	}
	return out
}

// A copy is whole while others write, and has none of the journal.
func TestCopyWhileWriting(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "a.db"))
	chats := sqlite.NewChats(db)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 100000 {
			select {
			case <-stop:
				return
			default:
				chats.SetModel(t.Context(), files.UserID(i+1), "m")
			}
		}
	}()
	for n := range 3 {
		to := filepath.Join(dir, string(rune('b'+n))+".db")
		if err := db.CopyTo(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		copied := open(t, to)
		if err := copied.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := db.CopyTo(t.Context(), to); err == nil {
			t.Error("written over")
		}
	}
	close(stop)
	<-done
}
