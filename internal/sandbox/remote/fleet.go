package remote

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/sandbox"
)

// fleet is what a process knows of the workers, and its queue in front of them:
// nobody sends a worker more cells than it runs at once, and while all of them
// are full, users take turns.
type fleet struct {
	mu      sync.Mutex
	workers map[string]*known
	waiting []*waiter // in the order of arrival
	running map[uint64]int
}

type known struct {
	Report
	at    time.Duration // since boot: when it was heard last
	calls int           // ours
	met   bool          // it was heard with a lease
}

type waiter struct {
	user  uint64
	want  string // worker; empty: any
	place func(int)
	told  int
	got   chan Report
}

func newFleet() *fleet { return &fleet{workers: map[string]*known{}, running: map[uint64]int{}} }

func (k *known) lives() bool {
	return k.Generation != 0 && cluster.SinceBoot()-k.at < silent
}

// load is how many cells a worker has to do, as far as we know.
func (k *known) load() int { return max(k.calls, k.Stats.Running+k.Stats.Queued) }

// heard takes a report.
func (f *fleet) heard(r Report) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.workers[r.Name]
	if k == nil {
		k = &known{}
		f.workers[r.Name] = k
	}
	if k.lives() && k.Life != r.Life && r.Generation < k.Generation {
		return // of a life before
	}
	k.Report, k.at = r, cluster.SinceBoot()
	k.met = k.met || r.Generation != 0
	f.grant()
}

// count takes what a worker has after a call, which is newer than its report.
func (f *fleet) count(w Report, s sandbox.Stats) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := f.workers[w.Name]; k != nil && k.Life == w.Life {
		k.Stats = s
	}
}

// doubt forgets a worker until it is heard again.
func (f *fleet) doubt(w Report) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := f.workers[w.Name]; k != nil && k.Life == w.Life {
		k.at = -silent
	}
}

// get returns a worker that lives.
func (f *fleet) get(name string) (Report, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.workers[name]
	if k == nil || !k.lives() {
		return Report{}, false
	}
	return k.Report, true
}

// met tells whether a worker was ever heard with a lease. One that begins has none yet.
func (f *fleet) met(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.workers[name]
	return k != nil && k.met
}

func (f *fleet) stats() (sum sandbox.Stats) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range f.workers {
		if k.lives() {
			sum.Live += k.Stats.Live
			sum.Running += k.Stats.Running
			sum.Queued += k.Stats.Queued
			sum.Ready += k.Stats.Ready
			sum.Memory += k.Stats.Memory
		}
	}
	sum.Queued += len(f.waiting)
	return sum
}

// enter waits for room on the worker that is wanted, or on any. It tells the
// place in the queue when it changes.
func (f *fleet) enter(ctx context.Context, user uint64, want string, place func(int)) (Report, func(), error) {
	w := &waiter{user: user, want: want, place: place, got: make(chan Report, 1)}
	f.mu.Lock()
	f.waiting = append(f.waiting, w)
	f.grant()
	f.mu.Unlock()
	tick := time.NewTicker(100 * time.Millisecond) // a worker may be silent by now
	defer tick.Stop()
	for began := time.Now(); ; {
		select {
		case r := <-w.got:
			return r, func() { f.leave(user, r.Name) }, nil
		case <-ctx.Done():
			return Report{}, nil, f.giveUp(w, canceled(ctx))
		case <-tick.C:
		}
		f.mu.Lock()
		f.grant()
		lives, someone := false, false
		for name, k := range f.workers {
			someone = someone || k.lives()
			lives = lives || k.lives() && (want == "" || name == want)
		}
		at := f.placeOf(w)
		f.mu.Unlock()
		if want != "" && !lives {
			return Report{}, nil, f.giveUp(w, errNobody)
		}
		if !someone && time.Since(began) > nobodyFor {
			return Report{}, nil, f.giveUp(w, errNobody)
		}
		if lives && at > 0 && at != w.told {
			w.told = at
			place(at)
		}
	}
}

// giveUp takes a waiter out of the queue. What it was given meanwhile goes back.
func (f *fleet) giveUp(w *waiter, err error) error {
	f.mu.Lock()
	f.waiting = slices.DeleteFunc(f.waiting, func(o *waiter) bool { return o == w })
	f.mu.Unlock()
	select {
	case r := <-w.got:
		f.leave(w.user, r.Name)
	default:
	}
	return err
}

func (f *fleet) leave(user uint64, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[user]--; f.running[user] <= 0 {
		delete(f.running, user)
	}
	if k := f.workers[name]; k != nil {
		k.calls--
	}
	f.grant()
}

// inTurn returns the waiters in the order in which they are served: who has the
// fewest cells running comes first, then who came first.
func (f *fleet) inTurn() []*waiter {
	more := map[uint64]int{}
	rank := make(map[*waiter]int, len(f.waiting))
	for _, w := range f.waiting {
		rank[w] = f.running[w.user] + more[w.user]
		more[w.user]++
	}
	order := slices.Clone(f.waiting)
	slices.SortStableFunc(order, func(a, b *waiter) int { return rank[a] - rank[b] })
	return order
}

func (f *fleet) placeOf(w *waiter) int { return slices.Index(f.inTurn(), w) + 1 }

// grant gives room to those whose turn it is.
func (f *fleet) grant() {
	if len(f.waiting) == 0 {
		return
	}
	for _, w := range f.inTurn() {
		k := f.roomiest(w.want)
		if k == nil {
			continue
		}
		f.waiting = slices.DeleteFunc(f.waiting, func(o *waiter) bool { return o == w })
		k.calls++
		f.running[w.user]++
		w.got <- k.Report
	}
}

// roomiest returns the worker with the most room, or nil if all are full.
func (f *fleet) roomiest(want string) (best *known) {
	for name, k := range f.workers {
		if want != "" && name != want || !k.lives() || k.Draining && want == "" || k.load() >= k.Max {
			continue
		}
		if best == nil || k.load()*best.Max < best.load()*k.Max ||
			k.load()*best.Max == best.load()*k.Max && (k.Stats.Live < best.Stats.Live || k.Stats.Live == best.Stats.Live && k.Name < best.Name) {
			best = k
		}
	}
	return best
}
