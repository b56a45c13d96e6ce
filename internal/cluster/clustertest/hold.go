package clustertest

import (
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
)

func hold(t *testing.T, s cluster.Store, holder string, ttl time.Duration) *cluster.Held {
	t.Helper()
	h, err := cluster.Hold(t.Context(), s, "x", holder, ttl, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Release(t.Context()) })
	return h
}

// A lease that is held outlives its first length by far, and is free at once
// when it is released.
func holds(t *testing.T, s Opened) {
	h := hold(t, s, "a", 2*time.Second)
	time.Sleep(3 * time.Second)
	if !h.Valid() {
		t.Error("it is not held any more")
	}
	refused(t, s, "x", "b", "a")
	for range 2 {
		if err := h.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if h.Valid() {
		t.Error("it is valid after its release")
	}
	select {
	case <-h.Lost():
		t.Error("a release is no loss")
	default:
	}
	if l := acquire(t, s, "x", "b"); l.Generation != h.Generation()+1 {
		t.Errorf("generation %d after %d", l.Generation, h.Generation())
	}
}

// A holder whose lease another took learns of it, and so does one that took the
// lease again itself after its end: what it did in between may not count.
func holdLost(t *testing.T, s Opened) {
	for _, next := range []string{"b", ""} {
		h := hold(t, s, "a", 2*time.Second)
		s.Pass(time.Minute)
		if next != "" {
			s.Release(t.Context(), acquire(t, s, "x", next))
		}
		select {
		case <-h.Lost():
		case <-time.After(10 * time.Second):
			t.Error("the loss is not noticed")
		}
		if h.Valid() {
			t.Error("it is valid after its loss")
		}
		h.Release(t.Context())
	}
}
