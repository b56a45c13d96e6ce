package gvisor_test

import (
	"bytes"
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
	t.Parallel()
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Idle: 200 * time.Millisecond})
	s := sandboxtest.NewSession(t, h)
	s.Run("import socket\nkept = {'a': 1}\nconn = socket.socket()")
	sandboxtest.AwaitNoSessions(t, h)
	images, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "image-*"))
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

// A record that can't be read any more is a loss that is told, once.
func TestRecordUnusable(t *testing.T) {
	t.Parallel()
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Idle: 200 * time.Millisecond})
	s := sandboxtest.NewSession(t, h)
	for name, data := range map[string]string{"cut": `{"Conversation":"c","Im`, "empty": "", "of another kind": `{"Count":"4"}`} {
		s.Run("x = 1")
		sandboxtest.AwaitNoSessions(t, h)
		records, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "session.json"))
		if len(records) != 1 {
			t.Fatalf("records: %q", records)
		}
		if err := os.WriteFile(records[0], []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if res := s.Run("'x' in globals()"); res.Outcome != sandbox.OK || res.Shown[0].Text != "False" || fmt.Sprint(res.Notes) != "[lost: all variables]" {
			t.Errorf("%s: %+v", name, res)
		}
		if res := s.Run("1"); len(res.Notes) > 0 {
			t.Errorf("%s, once more: %v", name, res.Notes)
		}
	}
}

// A stored session takes little room beside the snapshot that it came from. Where a byte
// of it was changed, or an older program wrote it, the pickles are left.
func TestPacked(t *testing.T) {
	t.Parallel()
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Idle: 200 * time.Millisecond})
	s := sandboxtest.NewSession(t, h)
	store := func(code string) string {
		s.Run(code)
		sandboxtest.AwaitNoSessions(t, h)
		files, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "image-*"))
		if len(files) != 1 {
			t.Fatalf("images: %q", files)
		}
		return files[0]
	}
	file := store("x = list(range(1000))\nlocked = __import__('threading').Lock()")
	if info, err := os.Stat(file); err != nil || info.Size() > 2<<20 {
		t.Errorf("%v %v", info.Size(), err)
	}
	first := []byte("attache image ") // and the number of the format
	for name, change := range map[string]func(data []byte){
		"a changed byte":  func(data []byte) { data[len(data)/2] ^= 1 },
		"an older format": func(data []byte) { data[len(first)] = '1' },
	} {
		file = store("locked = __import__('threading').Lock()\nassert sum(x) == 499500")
		data, err := os.ReadFile(file)
		if err != nil || !bytes.HasPrefix(data, first) {
			t.Fatalf("%.20q %v", data, err)
		}
		before := bytes.Clone(data)
		if change(data); bytes.Equal(data, before) {
			t.Fatal("nothing has changed")
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		res := s.Run("print(sum(x))")
		if res.Output != "499500\n" || fmt.Sprint(res.Notes) != "[restored: x · lost: locked]" {
			t.Errorf("%s: %+v", name, res)
		}
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
	records := gvisortest.Records(t, dir)
	record, err := records.Session(t.Context(), sandbox.Key{User: 1, Conversation: "c"})
	if err != nil || record.Worker != "" {
		t.Fatalf("%+v %v", record, err)
	}
	record.UsedAt = time.Now().Add(-2 * time.Hour)
	if record, err = records.SaveSession(t.Context(), record); err != nil {
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
	if record, err = records.Session(t.Context(), record.Key); err != nil || record.Revision != 0 {
		t.Errorf("its record is there: %+v %v", record, err)
	}
}
