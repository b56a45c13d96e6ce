package clustertest

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
)

// worker is one instance of a division.
type worker struct {
	name  string
	store *Mortal
	stop  context.CancelFunc
	done  chan struct{}
	gone  chan string
	owner *owners
	dies  bool // as soon as it has a part

	mu    sync.Mutex
	among int
	parts map[string]func() bool // valid, by part
	notes map[string]string      // that it got with a part
	of    int
}

// owners notes who works for a part, and fails the test if two may.
type owners struct {
	t  *testing.T
	mu sync.Mutex
	by map[string]*worker
}

func (w *worker) Among(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.among = n
}

func (w *worker) Start(part, of int, note string, valid func() bool) {
	key := fmt.Sprint(part, "/", of)
	w.owner.mu.Lock()
	defer w.owner.mu.Unlock()
	if other := w.owner.by[key]; other != nil {
		other.mu.Lock()
		if v := other.parts[key]; v != nil && v() {
			w.owner.t.Errorf("%s has part %s, and so has %s", w.name, key, other.name)
		}
		other.mu.Unlock()
	}
	w.owner.by[key] = w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parts[key], w.notes[key], w.of = valid, note, of
	w.store.Dead.Store(w.store.Dead.Load() || w.dies)
}

func (w *worker) Stop(part int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.parts, fmt.Sprint(part, "/", w.of))
}

func (w *worker) Note(part int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.parts[fmt.Sprint(part, "/", w.of)] == nil {
		return "nothing is known"
	}
	return fmt.Sprint(w.name, " had ", part)
}

func (w *worker) has() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, valid := range w.parts {
		if valid() {
			n++
		}
	}
	return n
}

func (w *worker) mates() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.among
}

const divisionTTL = 3 * time.Second

func join(t *testing.T, s cluster.Store, o *owners, name string) *worker {
	return joinMortal(t, s, o, name, false)
}

func joinMortal(t *testing.T, s cluster.Store, o *owners, name string, dies bool) *worker {
	w := &worker{name: name, dies: dies, owner: o, store: &Mortal{Store: s}, parts: map[string]func() bool{}, notes: map[string]string{},
		done: make(chan struct{}), gone: make(chan string, 10)}
	d, err := cluster.NewDivision(t.Context(), w.store, "parts", name, divisionTTL, func(instance string, _ uint64) { w.gone <- instance })
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(t.Context())
	go func() {
		defer close(w.done)
		d.Run(ctx, 16, w)
		d.Close()
	}()
	t.Cleanup(func() { w.stop(); <-w.done })
	return w
}

func awaitParts(t *testing.T, what string, ws map[*worker]int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		ok := true
		for w, n := range ws {
			ok = ok && w.has() == n
		}
		if ok {
			return
		}
		if time.Now().After(end) {
			for w, n := range ws {
				t.Errorf("%s: %s has %d parts instead of %d", what, w.name, w.has(), n)
			}
			t.FailNow()
		}
	}
}

func awaitGone(t *testing.T, w *worker, name string) {
	t.Helper()
	select {
	case got := <-w.gone:
		if got != name {
			t.Errorf("%s is gone instead of %s", got, name)
		}
	case <-time.After(30 * time.Second):
		t.Errorf("nobody tells %s that %s is gone", w.name, name)
	}
}

// Parts are divided evenly; those of who died or left are taken by the others, with
// what was noted of them, and a new life of the same instance need not wait.
func divides(t *testing.T, s Opened) {
	o := &owners{t: t, by: map[string]*worker{}}
	a := join(t, s, o, "a")
	awaitParts(t, "alone", map[*worker]int{a: 16})
	b := join(t, s, o, "b")
	awaitParts(t, "two", map[*worker]int{a: 8, b: 8})

	a.store.Dead.Store(true)
	awaitParts(t, "a died", map[*worker]int{a: 0, b: 16})
	awaitGone(t, b, "a")
	b.mu.Lock()
	told := 0
	for key, note := range b.notes {
		var part int
		fmt.Sscan(key, &part)
		if note == fmt.Sprint("a had ", part) {
			told++
		}
	}
	b.mu.Unlock()
	if told < 8 {
		t.Errorf("a's notes of %d parts came to b", told)
	}

	c := join(t, s, o, "c")
	awaitParts(t, "c joined", map[*worker]int{b: 8, c: 8})
	c.stop()
	<-c.done
	awaitParts(t, "c left", map[*worker]int{b: 16})
	awaitGone(t, b, "c")

	// Without the store for longer than a lease, nobody is gone: all come back.
	d := join(t, s, o, "d")
	awaitParts(t, "d joined", map[*worker]int{b: 8, d: 8})
	b.store.Dead.Store(true)
	d.store.Dead.Store(true)
	awaitParts(t, "the store is away", map[*worker]int{b: 0, d: 0})
	b.store.Dead.Store(false)
	d.store.Dead.Store(false)
	awaitParts(t, "the store is back", map[*worker]int{b: 8, d: 8})
	time.Sleep(divisionTTL)
	select {
	case who := <-b.gone:
		t.Errorf("%s is gone for b", who)
	case who := <-d.gone:
		t.Errorf("%s is gone for d", who)
	default:
	}
	if b.mates() != 2 || d.mates() != 2 {
		t.Errorf("%d and %d share the parts", b.mates(), d.mates())
	}
	d.stop()
	<-d.done
	awaitParts(t, "d left", map[*worker]int{b: 16})

	b.store.Dead.Store(true)
	b.stop()
	<-b.done
	again := join(t, s, o, "b")
	leases, err := s.Leases(t.Context(), "parts/member/")
	if err != nil || len(leases) != 1 {
		t.Errorf("members after a restart: %v, %v", leases, err)
	}
	awaitParts(t, "b again", map[*worker]int{again: 16})
}

// A store that gives no answer is waited for no longer than a lease lasts, whatever
// is asked, so that all goes on soon after it is back.
func dividesInTime(t *testing.T, s Opened) {
	o := &owners{t: t, by: map[string]*worker{}}
	store := &bounded{Store: s, t: t}
	a := join(t, store, o, "a")
	store.on.Store(true)
	awaitParts(t, "alone", map[*worker]int{a: 16})
	b := join(t, s, o, "b")
	awaitParts(t, "two", map[*worker]int{a: 8, b: 8})
	a.store.Dead.Store(true)
	awaitParts(t, "without the store", map[*worker]int{a: 0, b: 16})
	a.store.Dead.Store(false)
	awaitParts(t, "with it again", map[*worker]int{a: 8, b: 8})
	a.stop()
	<-a.done
}

// bounded fails the test when it is asked by one who would wait for long.
type bounded struct {
	cluster.Store
	t  *testing.T
	on atomic.Bool
}

func (b *bounded) look(ctx context.Context, what string) {
	end, ok := ctx.Deadline()
	if b.on.Load() && (!ok || time.Until(end) > divisionTTL) {
		b.t.Errorf("%s is waited for %v, %v", what, time.Until(end), ok)
	}
}

func (b *bounded) Acquire(ctx context.Context, name, holder string, ttl time.Duration, note string) (cluster.Lease, error) {
	b.look(ctx, "a lease")
	return b.Store.Acquire(ctx, name, holder, ttl, note)
}

func (b *bounded) Release(ctx context.Context, l cluster.Lease) error {
	b.look(ctx, "the end of a lease")
	return b.Store.Release(ctx, l)
}

func (b *bounded) Leases(ctx context.Context, prefix string) ([]cluster.Lease, error) {
	b.look(ctx, "the list of leases")
	return b.Store.Leases(ctx, prefix)
}

// Where the database's clock is set forward, nobody is gone, and all parts stay.
func dividesOn(t *testing.T, s Opened) {
	o := &owners{t: t, by: map[string]*worker{}}
	a, b := join(t, s, o, "a"), join(t, s, o, "b")
	awaitParts(t, "two", map[*worker]int{a: 8, b: 8})
	generations := func() map[string]uint64 {
		all, err := s.Leases(t.Context(), "parts/")
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]uint64{}
		for _, l := range all {
			by[l.Name] = l.Generation
		}
		return by
	}
	var before, after map[string]uint64
	for range 3 { // a lease may end by itself where the machine has no time for its holder
		before = generations()
		for range 2 {
			s.Jump(time.Hour)
			time.Sleep(3 * divisionTTL / 2)
		}
		if after = generations(); maps.Equal(before, after) {
			break
		}
		awaitParts(t, "two", map[*worker]int{a: 8, b: 8})
	}
	if len(before) != 18 || !maps.Equal(before, after) {
		t.Errorf("the leases %v became %v", before, after)
	}
	if len(a.gone)+len(b.gone) > 0 {
		t.Error("one who lives is gone")
	}
}

// What was noted of a part outlives one who dies as soon as it has it.
func handsDown(t *testing.T, s Opened) {
	o := &owners{t: t, by: map[string]*worker{}}
	noted := func(text string) (n int) {
		leases, err := s.Leases(t.Context(), "parts/part/")
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range leases {
			if strings.HasPrefix(l.Note, text) {
				n++
			}
		}
		return n
	}
	await := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("in vain: ", what)
			}
		}
	}
	a := join(t, s, o, "a")
	awaitParts(t, "alone", map[*worker]int{a: 16})
	if n := noted("nothing is known"); n != 16 {
		t.Errorf("%d parts have a note from the begin", n)
	}
	await("a's notes", func() bool { return noted("a had") == 16 })
	b := joinMortal(t, s, o, "b", true)
	a.store.Dead.Store(true)
	taken := func() (key string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for key = range b.parts {
		}
		return key
	}
	await("a part for b", func() bool { return taken() != "" })
	key := taken()
	c := join(t, s, o, "c")
	awaitParts(t, "a and b died", map[*worker]int{c: 16})
	c.mu.Lock()
	defer c.mu.Unlock()
	var part int
	fmt.Sscan(key, &part)
	if got, want := c.notes[key], fmt.Sprint("a had ", part); got != want {
		t.Errorf("of part %d, c is told %q instead of %q", part, got, want)
	}
}

// Of several processes, one at a time gets its turn.
func paces(t *testing.T, s Opened) {
	const every = 500 * time.Millisecond
	begun := time.Now()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := cluster.Pace(t.Context(), s, "pace", every); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if took := time.Since(begun); took < 3*every-50*time.Millisecond {
		t.Errorf("four turns took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := cluster.Pace(ctx, s, "pace", time.Minute); err == nil {
		t.Error("a turn after the end")
	}
}
