package remote

import (
	"maps"
	"slices"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
)

// runs is what a life knows of the runs of a session's epoch.
//
// The record of a session says that a run may begin before its order is sent. If who
// sends it dies in between, the session has not gone on, and only its worker knows: so
// a worker that gives an image lets no run begin any more that the record told of then.
type runs struct {
	epoch string
	now   int    // that are under way
	ended uint64 // revision of the last one that has ended
	shut  uint64 // runs up to this revision do not begin any more
	again bool   // an image was given while one was under way: whether it has that run is not known
	at    time.Time
}

// Beyond mostRuns sessions, what is older than an order can be on its way is forgotten.
const (
	mostRuns = 10_000
	keepRuns = time.Hour
)

// runsOf returns those of an order's session. l.mu is held.
func (l *life) runsOf(o order) *runs {
	r := l.runs[o.Key]
	if r == nil || r.epoch != o.Epoch {
		if len(l.runs) >= mostRuns {
			maps.DeleteFunc(l.runs, func(_ sandbox.Key, r *runs) bool { return r.now == 0 && time.Since(r.at) > keepRuns })
		}
		r = &runs{epoch: o.Epoch}
		l.runs[o.Key] = r
	}
	r.at = time.Now()
	return r
}

// begin notes that a run begins, if it still may.
func (l *life) begin(o order) (ended func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.runsOf(o)
	if r.shut > 0 && o.Revision <= r.shut {
		return nil, false
	}
	r.now++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		r.now, r.ended = r.now-1, o.Revision
		if r.again && r.now == 0 {
			r.again = false
			l.offers.add(o.Key)
		}
	}, true
}

// shut is called before an image is given, and returns the revision of the last run that
// it has: unless one is under way, all that the record tells of.
func (l *life) shut(o order) (ran uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.runsOf(o)
	if r.now > 0 {
		r.again = true
		return r.ended
	}
	r.shut = max(r.shut, o.Revision)
	return max(r.ended, r.shut)
}

func (l *life) forgetRuns(k sandbox.Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.runs, k)
}

// ranBut returns the sessions that had runs in this life, but for some.
func (l *life) ranBut(some []sandbox.Key) []sandbox.Key {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Keys(l.runs)), func(k sandbox.Key) bool { return slices.Contains(some, k) })
}
