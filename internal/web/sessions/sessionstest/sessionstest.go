// Package sessionstest holds sessions of the browser against each store of notes.
package sessionstest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/notes"
	"github.com/attachebot/attache/internal/web/sessions"
)

// Sessions runs the suite. Open returns two programs' views of one empty store.
func Sessions(t *testing.T, open func(t *testing.T) (one, other notes.Store)) {
	t.Run("Keeps", func(t *testing.T) { t.Parallel(); one, other := open(t); keeps(t, one, other) })
	t.Run("AtOnce", func(t *testing.T) { t.Parallel(); one, _ := open(t); atOnce(t, one) })
	t.Run("Sweep", func(t *testing.T) { t.Parallel(); one, other := open(t); sweep(t, one, other) })
}

func hash(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func commit(t *testing.T, s *sessions.Store, cookie, user string, until time.Time) {
	t.Helper()
	data, err := scs.GobCodec{}.Encode(until, map[string]any{"user": user, "id": "id of " + cookie})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CommitCtx(t.Context(), hash(cookie), data, until); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, s *sessions.Store, cookie string) bool {
	t.Helper()
	data, ok, err := s.FindCtx(t.Context(), hash(cookie))
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		if _, values, err := (scs.GobCodec{}).Decode(data); err != nil || values["id"] != "id of "+cookie {
			t.Errorf("%s: %v %v", cookie, values, err)
		}
	}
	return ok
}

func keeps(t *testing.T, one, other notes.Store) {
	here, there := sessions.New(one), sessions.New(other)
	later := time.Now().Add(time.Hour)
	for cookie, user := range map[string]string{"a": "1", "b": "1", "c": "2"} {
		commit(t, here, cookie, user, later)
	}
	for _, cookie := range []string{"a", "b", "c"} {
		if !has(t, here, cookie) || !has(t, there, cookie) {
			t.Errorf("%s is not kept", cookie)
		}
	}
	for _, wrong := range []string{"", "a", hash("a")[:42], hash("a") + "x", hash("x"), "%" + hash("a")[1:], "_" + hash("a")[1:], "." + hash("a")[1:]} {
		if _, ok, err := here.FindCtx(t.Context(), wrong); ok || err != nil {
			t.Errorf("%q is found: %v", wrong, err)
		}
	}
	// Ended here: at once here, soon there.
	if err := here.DeleteCtx(t.Context(), hash("a")); err != nil || has(t, here, "a") {
		t.Errorf("a deleted session is found: %v", err)
	}
	gone(t, there, "a")
	ended, err := there.End(t.Context(), func(s sessions.Session) bool { return s.User == "1" })
	if err != nil || len(ended) != 1 || ended[0].ID != "id of b" || has(t, there, "b") {
		t.Errorf("%v %v", ended, err)
	}
	gone(t, here, "b")
	if !has(t, here, "c") || !has(t, there, "c") {
		t.Error("another's session ended")
	}
	if err := here.DeleteCtx(t.Context(), hash("a")); err != nil {
		t.Errorf("deleted twice: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := sessions.New(one).FindCtx(ctx, hash("c")); err == nil || fault.Is(err, fault.Internal) && ctx.Err() == nil {
		t.Errorf("canceled: %v", err)
	}
}

// gone waits for the end of a session that another program has ended.
func gone(t *testing.T, s *sessions.Store, cookie string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); has(t, s, cookie); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s goes on at the other program", cookie)
		}
	}
}

// counted counts how often notes are read, and can hold a reading up.
type counted struct {
	notes.Store
	reads atomic.Int64
	hold  atomic.Pointer[chan struct{}]
}

func (c *counted) Notes(ctx context.Context, prefix string, limit int) ([]notes.Note, error) {
	c.reads.Add(1)
	all, err := c.Store.Notes(ctx, prefix, limit)
	if hold := c.hold.Load(); hold != nil {
		<-*hold
	}
	return all, err
}

// Many who ask at once read once. Who reads while a session ends brings it not back.
func atOnce(t *testing.T, store notes.Store) {
	c := &counted{Store: store}
	s := sessions.New(c)
	commit(t, s, "a", "1", time.Now().Add(time.Hour))
	hold := make(chan struct{})
	c.hold.Store(&hold)
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if _, ok, err := s.FindCtx(t.Context(), hash("a")); !ok || err != nil {
				t.Errorf("%v %v", ok, err)
			}
		})
	}
	for c.reads.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	all.Wait()
	// As many as the life of what was read allows: on a slow machine, some.
	if n := c.reads.Load(); n > 20 {
		t.Errorf("%d readings", n)
	}

	hold = make(chan struct{})
	c.hold.Store(&hold)
	c.reads.Store(0)
	s = sessions.New(c)
	all.Go(func() { _, _, _ = s.FindCtx(t.Context(), hash("a")) })
	for c.reads.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := s.DeleteCtx(t.Context(), hash("a")); err != nil {
		t.Fatal(err)
	}
	c.hold.Store(nil)
	if has(t, s, "a") {
		t.Error("who asks after the end joins a reading of before it")
	}
	close(hold)
	all.Wait()
	if has(t, s, "a") {
		t.Error("a reading of before the end brought the session back")
	}
}

func sweep(t *testing.T, one, other notes.Store) {
	here, there := sessions.New(one), sessions.New(other)
	commit(t, here, "old", "1", time.Now().Add(-time.Second))
	commit(t, here, "new", "1", time.Now().Add(time.Hour))
	if has(t, here, "old") || has(t, there, "old") {
		t.Error("an expired session is found")
	}
	if err := one.SetNote(t.Context(), "other/"+hash("old"), "x"); err != nil {
		t.Fatal(err)
	}
	swept, err := there.Sweep(t.Context())
	if err != nil || len(swept) != 1 || swept[0].ID != "id of old" {
		t.Errorf("%v %v", swept, err)
	}
	left, err := one.Notes(t.Context(), "", 10)
	if err != nil || len(left) != 2 || !has(t, here, "new") {
		t.Errorf("left: %v %v", left, err)
	}
}
