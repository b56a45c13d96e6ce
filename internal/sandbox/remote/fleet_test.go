package remote

import (
	"testing"

	"github.com/attachebot/attache/internal/sandbox"
)

// What a worker has to do is what it said last, which a call that ended does not
// change: it is not in there any more, and one that never began was never in there.
func TestLoadAfterCalls(t *testing.T) {
	f := newFleet()
	said := func(running int) sandbox.Stats { return sandbox.Stats{Running: running} }
	f.heard(Report{Name: "a", Life: "x", Generation: 1, Max: 4})
	enter := func() (Report, func()) {
		w, leave, err := f.enter(t.Context(), 1, "a", func(int) {})
		if err != nil {
			t.Fatal(err)
		}
		return w, leave
	}
	w, leave := enter()
	f.heard(Report{Name: "a", Life: "x", Generation: 1, Max: 4, Stats: said(3)}) // two of another process too
	f.count(w, said(2))
	leave()
	if n := f.workers["a"].load(); n != 2 {
		t.Errorf("%d cells after a call, of 2", n)
	}
	_, leave = enter()
	leave()
	if n := f.workers["a"].load(); n != 2 {
		t.Errorf("%d cells after a call that did not begin, of 2", n)
	}
}
