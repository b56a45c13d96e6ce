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
