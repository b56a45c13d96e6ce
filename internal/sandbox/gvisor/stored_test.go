package gvisor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// An image that can't be restored (here, it is damaged) leaves the pickles.
func TestImageUnusable(t *testing.T) {
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Idle: 200 * time.Millisecond})
	s := sandboxtest.NewSession(t, h)
	s.Run("import socket\nkept = {'a': 1}\nconn = socket.socket()")
	gvisortest.AwaitNoSandboxes(t)
	images, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "image-*", "checkpoint.img"))
	if len(images) != 1 {
		t.Fatalf("images: %q", images)
	}
	if err := os.Truncate(images[0], 1000); err != nil {
		t.Fatal(err)
	}
	res := s.Run("kept['a']")
	if res.Outcome != sandbox.OK || fmt.Sprint(res.Notes) != "[restored: kept · lost: conn]" {
		t.Errorf("%+v", res)
	}
}

// A stored session that is not used for some minutes takes less room, and
// comes back all the same.
func TestCompressed(t *testing.T) {
	dir := gvisortest.Dir(t)
	t.Run("first", func(t *testing.T) {
		s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
		s.Key.Conversation = "c"
		s.Run("x = list(range(1000))")
	})
	images, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "image-*", "pages.img"))
	if len(images) != 1 {
		t.Fatalf("images: %q", images)
	}
	before, _ := os.Stat(images[0])
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(images[0], old, old); err != nil {
		t.Fatal(err)
	}
	s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
	s.Key.Conversation = "c"
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if after, err := os.Stat(images[0] + ".zst"); err == nil {
			if after.Size() > before.Size()/3 {
				t.Errorf("from %d to %d bytes", before.Size(), after.Size())
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("not compressed")
		}
	}
	res := s.Run("sum(x)")
	if res.Outcome != sandbox.OK || len(res.Shown) != 1 || res.Shown[0].Text != "499500" || len(res.Notes) != 0 {
		t.Errorf("%+v", res)
	}
}

func TestSessionExpiry(t *testing.T) {
	dir := gvisortest.Dir(t)
	t.Run("first", func(t *testing.T) {
		s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
		s.Key.Conversation = "c"
		s.Run("x = 1")
	})
	stored, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "session.json"))
	if len(stored) != 1 {
		t.Fatalf("stored: %q", stored)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(stored[0], old, old); err != nil {
		t.Fatal(err)
	}
	t.Run("kept", func(t *testing.T) { gvisortest.OpenIn(t, dir, gvisor.Options{Keep: 3 * time.Hour}) })
	if _, err := os.Stat(stored[0]); err != nil {
		t.Error("swept too early")
	}
	t.Run("swept", func(t *testing.T) {
		gvisortest.OpenIn(t, dir, gvisor.Options{Keep: time.Hour})
		time.Sleep(200 * time.Millisecond)
	})
	if _, err := os.Stat(filepath.Dir(stored[0])); !os.IsNotExist(err) {
		t.Errorf("not swept: %v", err)
	}
}
