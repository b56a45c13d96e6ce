package gvisor

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Snapshots go when nobody needs them, and those unused for longest when all take
// too much, but none that a process uses.
func TestSnapshotsAreBounded(t *testing.T) {
	dir, sessions := t.TempDir(), t.TempDir()
	m := &snapshots{dir: dir, base: t.TempDir(), shelf: &shelf{dir: sessions}, bound: 250 << 10, log: slog.New(slog.DiscardHandler)}
	make := func(name string, age time.Duration, needed bool) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "checkpoint.img"), make([]byte, 90<<10), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(dir, name), then, then); err != nil {
			t.Fatal(err)
		}
		if needed {
			session := filepath.Join(sessions, "1", name)
			if err := os.MkdirAll(session, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(session, "session.json"), []byte(`{"compatible":"`+name+`","image":"image"}`), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := func(want ...string) {
		t.Helper()
		m.use(filepath.Join(dir, "now"))
		var names []string
		for _, s := range m.all() {
			names = append(names, filepath.Base(s.path))
		}
		if !slices.Equal(names, want) {
			t.Errorf("left %q, want %q", names, want)
		}
	}
	make("now", 30*time.Hour, false)
	make("unused", 25*time.Hour, false)
	make("needed", 100*time.Hour, true)
	left("needed", "now")
	make("needed too", 90*time.Hour, true)
	left("needed too", "now")
	make("of another process", time.Hour, false)
	make("of a third", time.Minute, false)
	left("of another process", "of a third", "now")
}
