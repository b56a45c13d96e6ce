package cluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// Division divides numbered parts, such as the shards of a bot, among the
// processes that live: each holds the leases of its share. Close it after use.
type Division struct {
	store    Store
	prefix   string
	instance string
	ttl      time.Duration
	gone     func(instance string, life uint64)

	mu     sync.Mutex
	of     int // how many parts there are
	member *Held
	active bool // it takes parts: Run runs

	// Of Run alone:
	now     int // of how many the parts are
	parts   map[int]*Held
	there   map[string]uint64    // lives of instances that were seen, and are not gone
	missing map[string]time.Time // since when they are not there
	unsure  time.Time            // when the store did not answer the last time
	notes   map[string]string
}

// NewDivision joins those who divide what prefix names. It counts as one of them
// while Run runs. An instance is one process at a time: what an earlier life of it
// holds is free at once. Gone is called, by Run, when another instance is there no
// more, whether it left or died; several may be called for the same one. Its lives are
// numbered: a later one has a larger number.
//
// The parts of an instance that dies are taken ttl and a sixth of it after its last
// sign of life at most, and it is gone a sixth later. After a time without the
// store, in which all leases ended, nobody is gone for half of ttl: those who live
// come back first.
func NewDivision(ctx context.Context, store Store, prefix, instance string, ttl time.Duration, gone func(instance string, life uint64)) (*Division, error) {
	d := &Division{store: store, prefix: prefix + "/", instance: instance, ttl: ttl, gone: gone,
		parts: map[int]*Held{}, there: map[string]uint64{}, missing: map[string]time.Time{}, notes: map[string]string{}}
	leases, err := store.Leases(ctx, d.prefix)
	if err != nil {
		return nil, err
	}
	for _, l := range leases {
		if strings.HasPrefix(l.Holder, instance+" ") {
			d.notes[l.Name] = l.Note
			if err := store.Release(ctx, l); err != nil {
				return nil, err
			}
		}
	}
	return d, d.join(ctx)
}

const inactive = "inactive" // note of a member that takes no parts

func (d *Division) join(ctx context.Context) error {
	h, err := Hold(ctx, d.store, d.prefix+"member/"+d.instance, d.instance+" "+rand.Text(), d.ttl, func() string {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.active {
			return ""
		}
		return inactive
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.member = h
	d.mu.Unlock()
	return nil
}

// Close leaves: the others then take what this instance has not finished for
// theirs. Call it after that.
func (d *Division) Close() {
	d.mu.Lock()
	h := d.member
	d.mu.Unlock()
	release(context.Background(), h, d.ttl/2)
}

// Grow asks for at least n parts. All are given up, and divided anew.
func (d *Division) Grow(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.of = max(d.of, n)
}

// Work is what is done for parts.
type Work interface {
	// Among tells how many instances share the parts, this one included.
	Among(n int)
	// Start begins with a part of so many, and returns at once. Note is what the one
	// who had it before said of it last. While valid is false, the part may be
	// another's: nothing is done for it then.
	Start(part, of int, note string, valid func() bool)
	// Stop ends it.
	Stop(part int)
	// Note is what the next one should know; before Start, of a part of which nothing
	// is known. Any goroutine calls it.
	Note(part int) string
}

// Run holds this instance's share of the parts until ctx ends: as many as each of
// the others has. All have the same number of parts, the largest that one of them
// asks for. Call it once.
func (d *Division) Run(ctx context.Context, of int, w Work) {
	d.Grow(of)
	d.activate(true)
	defer func() {
		d.activate(false)
		d.give(ctx, w, every)
	}()
	tick := time.NewTicker(max(d.ttl/6, time.Millisecond))
	defer tick.Stop()
	for ; ctx.Err() == nil; wait(ctx, tick) {
		d.step(ctx, w)
	}
}

// step does what is to do now. It waits half of ttl for the store, so that it goes
// on soon after the store is back.
func (d *Division) step(ctx context.Context, w Work) {
	ctx, cancel := context.WithTimeout(ctx, d.ttl/2)
	defer cancel()
	if !d.member.Valid() { // its parts are another's, by and by
		d.give(ctx, w, every)
		release(ctx, d.member, d.ttl/2)
		if d.join(ctx) != nil {
			return
		}
	}
	d.give(ctx, w, func(h *Held) bool { return !h.Valid() })
	v, err := d.look(ctx)
	if err != nil {
		d.unsure = time.Now()
		return
	}
	w.Among(v.members)
	d.Grow(v.of)
	d.mu.Lock()
	want := d.of
	d.mu.Unlock()
	if d.now != want {
		d.give(ctx, w, every)
		d.now = want
	}
	d.share(ctx, v, w)
	d.miss(v.there)
}

func (d *Division) activate(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.active = on
}

func wait(ctx context.Context, tick *time.Ticker) {
	select {
	case <-ctx.Done():
	case <-tick.C:
	}
}

// view is what the leases say.
type view struct {
	of      int
	held    map[string]bool   // names of leases of parts
	there   map[string]uint64 // lives of instances
	members int               // that take parts, this one included
}

// look reads the leases.
func (d *Division) look(ctx context.Context) (view, error) {
	v := view{held: map[string]bool{}, there: map[string]uint64{d.instance: 0}, members: 1}
	leases, err := d.store.Leases(ctx, d.prefix)
	if err != nil {
		return v, err
	}
	for _, l := range leases {
		name := strings.TrimPrefix(l.Name, d.prefix)
		if instance, ok := strings.CutPrefix(name, "member/"); ok {
			v.there[instance] = l.Generation
			if l.Note != inactive && instance != d.instance {
				v.members++
			}
			continue
		}
		var of, part int
		if n, _ := fmt.Sscanf(name, "part/%d/%d", &of, &part); n == 2 {
			v.of = max(v.of, of)
			v.held[l.Name] = true
			d.notes[l.Name] = l.Note
		}
	}
	return v, nil
}

// miss tells who is gone: whoever was there, and is missing for a while.
func (d *Division) miss(there map[string]uint64) {
	now := time.Now()
	for instance, life := range there {
		d.there[instance] = life
		delete(d.missing, instance)
	}
	for instance, life := range d.there {
		if _, ok := there[instance]; ok {
			continue
		}
		since, known := d.missing[instance]
		if !known {
			d.missing[instance] = now
		}
		if known && now.Sub(since) >= d.ttl/12 && now.Sub(d.unsure) > d.ttl/2 {
			delete(d.there, instance)
			delete(d.missing, instance)
			d.gone(instance, life)
		}
	}
}

// share gives up what is more than this instance's share, and takes what is free
// of it.
func (d *Division) share(ctx context.Context, v view, w Work) {
	of := d.now
	share := (of + v.members - 1) / v.members
	more := len(d.parts) - share
	d.give(ctx, w, func(*Held) bool { more--; return more >= 0 })
	for part := 0; part < of && len(d.parts) < share && ctx.Err() == nil; part++ {
		name := fmt.Sprintf("%spart/%d/%d", d.prefix, of, part)
		if v.held[name] || d.parts[part] != nil {
			continue
		}
		before := d.notes[name] // stays true until Start has it
		if before == "" {
			before = w.Note(part)
		}
		var started atomic.Bool
		h, err := Hold(ctx, d.store, name, d.instance+" "+rand.Text(), d.ttl, func() string {
			if !started.Load() {
				return before
			}
			return w.Note(part)
		})
		if fault.Is(err, fault.Exists) {
			continue // another was faster
		}
		if err != nil {
			return
		}
		d.parts[part] = h
		w.Start(part, of, d.notes[name], h.Valid)
		started.Store(true)
	}
}

// give gives the parts up of which so is true, all at once: a store that does not
// answer is waited for once.
func (d *Division) give(ctx context.Context, w Work, so func(*Held) bool) {
	var all sync.WaitGroup
	defer all.Wait()
	for part, h := range d.parts {
		if so(h) {
			delete(d.parts, part)
			w.Stop(part)
			all.Go(func() { release(ctx, h, d.ttl/2) })
		}
	}
}

func every(*Held) bool { return true }
