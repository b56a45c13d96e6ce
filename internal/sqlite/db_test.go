package sqlite_test

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sqlite"
)

func TestOpenAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a b?c#d%41.db") // a name that a URI must escape
	for range 3 {
		db, err := sqlite.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Error("second Close:", err)
		}
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	newer := filepath.Join(dir, "newer.db")
	open(t, newer)
	raw, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Exec("PRAGMA user_version = 999"); err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, kind := range map[string]fault.Kind{
		newer:                                 fault.Invalid,
		garbage:                               fault.Unavailable,
		filepath.Join(dir, "missing", "a.db"): fault.Unavailable,
		dir:                                   fault.Unavailable,
	} {
		db, err := sqlite.Open(t.Context(), file)
		if !fault.Is(err, kind) || db != nil {
			t.Errorf("Open(%s) = %v, %v; want kind %v", file, db, err, kind)
		}
	}
	if b, _ := os.ReadFile(garbage); !strings.HasPrefix(string(b), "this is no database") {
		t.Error("a file that is no database was changed")
	}
}

// Each cause has its sentence, none is replaced in silence, and nobody else reads
// the database.
func TestOpenSaysWhy(t *testing.T) {
	dir := t.TempDir()
	path := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := filepath.Join(dir, "good.db")
	db, err := sqlite.Open(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(good + part); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", good+part, info.Mode(), err)
		}
	}
	db.Close()
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte(nil), content...)
	for i := 100; i < 4096; i++ {
		damaged[i] = 0xaa
	}
	for file, want := range map[string]string{
		path("empty.db", ""):                            "is an empty file",
		path("text.db", strings.Repeat("no data ", 99)): "is damaged",
		path("damaged.db", string(damaged)):             "is damaged",
	} {
		before, _ := os.ReadFile(file)
		_, err := sqlite.Open(t.Context(), file)
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), want) {
			t.Errorf("%s: %v, want %q", file, fault.Message(err), want)
		}
		if after, _ := os.ReadFile(file); string(after) != string(before) {
			t.Errorf("%s was changed", file)
		}
	}
	folder := t.TempDir()
	if _, err := sqlite.Open(t.Context(), folder); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "is no file") {
		t.Errorf("a folder: %v", err)
	}
	holder, err := sql.Open("sqlite", good)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	holder.SetMaxOpenConns(1)
	if _, err := holder.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), good); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "is locked") {
		t.Errorf("locked: %v", err)
	}
}

// Two authors must not take the same number, and a release must not lose one:
// Open checks the order, this checks that there is no other file.
func TestMigrationsAreNumbered(t *testing.T) {
	names, err := fs.Glob(os.DirFS("migrations"), "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if !strings.HasSuffix(n, ".sql") {
			t.Errorf("migrations/%s is not a migration", n)
		}
	}
	open(t, filepath.Join(t.TempDir(), "a.db"))
}

func TestDurability(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	open(t, file)
	raw, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var mode string
	if err := raw.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal_mode %q, %v", mode, err)
	}
}
