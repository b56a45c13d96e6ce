package gvisor_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// TestLeftovers is what code leaves behind after its cell: it takes neither the
// processors nor the disk of others.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	t.Run("busy children", func(t *testing.T) {
		h := gvisortest.Open(t, gvisor.Options{Idle: time.Hour})
		s := sandboxtest.NewSession(t, h)
		s.Run("import os, attache.session\nattache.session._kill_children = lambda: None\nattache.session._threads = lambda: 0\nfor i in range(6):\n    if os.fork() == 0:\n        while True: pass\nx = 1")
		idle := sandboxtest.NewSession(t, h)
		idle.Key.User = 2
		idle.Run("y = 1")
		end := time.Now().Add(time.Minute)
		for h.Stats().Live > 1 && time.Now().Before(end) {
			time.Sleep(50 * time.Millisecond)
		}
		if n := h.Stats().Live; n != 1 {
			t.Errorf("%d sessions live; the busy one should be stored, the idle one should not", n)
		}
		s.Expect("x", "1")
	})
	t.Run("stored sessions", func(t *testing.T) {
		dir := gvisortest.Dir(t)
		h := gvisortest.OpenIn(t, dir, gvisor.Options{Idle: 100 * time.Millisecond, Stored: 160 << 20}) // 40 MB of one user: one image
		for _, conversation := range []string{"old", "new"} {
			s := sandboxtest.NewSession(t, h)
			s.Key.Conversation = conversation
			s.Run("import os; x = os.urandom(10 << 20)")
			for h.Stats().Live > 0 {
				time.Sleep(20 * time.Millisecond)
			}
		}
		if r := h.Rooms()[0]; r.Bytes > r.Bound/4 || r.Bytes < 10<<20 {
			t.Errorf("%d MB are stored", r.Bytes>>20)
		}
		s := sandboxtest.NewSession(t, h)
		s.Key.Conversation = "new"
		s.Expect("len(x) >> 20", "10")
		s.Key.Conversation = "old"
		s.Expect("'x' in globals()", "False")
	})
	t.Run("names of variables", func(t *testing.T) {
		dir := gvisortest.Dir(t)
		h := gvisortest.OpenIn(t, dir, gvisor.Options{Idle: 100 * time.Millisecond})
		s := sandboxtest.NewSession(t, h)
		s.Run(`
import attache.state, json, os, struct
def dump(link, ns, provided, max_bytes, seconds):
    p = json.dumps({'op': 'var', 'name': '<' * 900_000, 'size': 1}).encode()
    for i in range(500):
        v = memoryview(struct.pack('>I', len(p) + 1) + b'J' + p)
        while v: v = v[os.write(link.wfd, v):]
    link.send('dumped', lost=[])
attache.state.dump = dump
x = 1`)
		for most := int64(0); h.Stats().Live > 0; time.Sleep(2 * time.Millisecond) {
			files, _ := filepath.Glob(filepath.Join(dir, "sessions", "*", "*", "variables-*"))
			for _, f := range files {
				if info, err := os.Stat(f); err == nil && info.Size() > max(most, 80<<20) {
					most = info.Size()
					t.Errorf("%d MB of variables", most>>20)
				}
			}
		}
		s.Expect("'alive'", "'alive'")
	})
}
