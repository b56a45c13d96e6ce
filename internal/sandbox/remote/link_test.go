package remote

import (
	"testing"
)

// Frames that come after one that was lost do not have it sent again each by itself.
func TestAskedAgainOnce(t *testing.T) {
	asked := map[uint32]int{}
	l := newLink(func(b []byte) error { // under the link's lock
		if f, err := decode(b); err != nil {
			t.Error(err)
		} else if f.kind == again {
			asked[f.seq]++
		}
		return nil
	}, func() bool { return true })
	defer l.close()
	receive := func(k kind, seq uint32) { l.receive(frame{kind: k, seq: seq}.encode()) }
	for seq := uint32(2); seq <= window; seq++ { // the first was lost
		receive(output, seq)
	}
	look := func(what string, seq uint32, want int) {
		t.Helper()
		l.mu.Lock()
		defer l.mu.Unlock()
		if asked[seq] != want {
			t.Errorf("%s: frame %d is asked for %d times, want %d", what, seq, asked[seq], want)
		}
	}
	look("after the loss", 1, 1)
	receive(beat, window) // that was lost too
	look("at a beat", 1, 2)
	receive(output, 1)
	receive(output, 3)
	receive(output, 4)
	look("after the next loss", 2, 1)
	receive(output, 2)
	if n := len(l.in); n != 2 {
		t.Errorf("%d frames came, want 2", n)
	}
}
