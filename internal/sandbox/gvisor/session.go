package gvisor

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/mapped"
	"github.com/attachebot/attache/internal/sandbox/gvisor/stored"
	"github.com/attachebot/attache/internal/sandbox/turns"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// shared is what the sessions of a host use together, and all that they know of it.
type shared struct {
	opts      Options
	process   *cluster.Process
	zone      *time.Location // of times that are told
	log       *slog.Logger
	slots     *turns.Queue // a place for each container of a session
	makeRoom  func()       // called when a session waits for a place
	removals  sync.WaitGroup
	pool      *pool
	starter   *starter
	snapshots *snapshots
	images    *images
	shelf     *shelf
	wheels    *wheels.Store
	onStored  atomic.Pointer[func(sandbox.Key)]
}

// session is the Python of one user and conversation. It is live while it has
// a container, and then holds one of the slots; otherwise it may be stored on
// disk. Its states and all ways between them are in this file:
//
//	none, stored → live   bringUp: restoreImage, or freshContainer and the variables
//	live → live           run, keep
//	live → stored         hibernate
//	live → lost           lose: its container ended in a cell
//	any → none            forget
type session struct {
	*shared
	key sandbox.Key
	sem chan struct{} // the lock

	// For those who do not have the lock.
	live     atomic.Bool                         // it has a slot
	running  atomic.Pointer[container.Container] // c
	inCell   atomic.Bool
	busy     atomic.Bool                             // code was left computing after a cell
	cancel   atomic.Pointer[context.CancelCauseFunc] // of the newest run
	packages atomic.Pointer[[]string]                // stored.Packages
	users    int                                     // runs under way or waiting; guarded by Host.mu
	used     time.Time                               // end of the last one; guarded by Host.mu

	// For the holder of the lock.
	c      *container.Container
	dir    string         // where it is stored
	own    *cluster.Claim // while live
	number int64          // of the last cell
	stored stored.Session // what is or was last on disk
	stale  bool           // the image on disk is older than the variables
}

func newSession(sh *shared, key sandbox.Key) *session {
	return &session{shared: sh, key: key, sem: make(chan struct{}, 1), dir: sh.shelf.folder(key)}
}

// run executes a cell, in a container that it brings up first if need be.
func (s *session) run(ctx context.Context, cell sandbox.Cell) (sandbox.Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.cancel.Store(&cancel)
	if s.c != nil && s.c.Gone() { // between two cells: what is on disk comes back, and says so
		s.drop()
	}
	var notes []locale.Message
	if s.c == nil {
		var err error
		if notes, err = s.bringUp(ctx, cell); err != nil {
			return sandbox.Result{}, err
		}
	}
	s.number++
	cell.Status(sandbox.Status{State: sandbox.Running})
	s.inCell.Store(true)
	defer s.inCell.Store(false)
	res, busy, err := runCell(ctx, s.c, s.number, cell, s.opts.Limits, func(ctx context.Context, m *container.Message) (map[string]any, error) {
		return s.answer(ctx, cell, m)
	})
	res.Notes = append(notes, res.Notes...)
	if err != nil {
		s.lose(&res)
		return res, nil
	}
	if s.stale {
		s.stale = false
		s.stored.Behind = true // it stays, in case that this process dies
		s.keepStored()
	}
	s.busy.Store(busy)
	return res, nil
}

// lose drops a session whose container ended in a cell, and says in the cell's
// result what that costs.
func (s *session) lose(res *sandbox.Result) {
	if s.stale { // not run to an end since: what is on disk is what was before this cell
		res.Lost = false
		res.Error += " The variables are as before this code"
		s.stored.Live = false
	} else if s.stored.Image != "" || s.stored.Variables != "" {
		res.Error += " The session goes back to what it was on " + s.stored.SavedOn(s.zone) + "; what came after is lost"
		s.stored.Live = false
	} else {
		s.stored = stored.Session{Conversation: s.key.Conversation, SavedAt: time.Now().UTC(), Packages: s.stored.Packages, Files: s.stored.Files, Number: s.number}
		res.Error += " All variables are gone"
	}
	if res.Outcome == sandbox.OutOfMemory {
		res.Error += ": load less of the data at a time"
	}
	res.Error += "."
	s.keepStored()
	rest := s.detach()
	s.removals.Go(func() { // on a busy machine it takes as long as the grace of a stop
		s.opts.step("removing")
		rest()
	})
}

// bringUp gives the session a slot and a container: restored from its own
// image, or a fresh one with the variables that were saved. It says what came
// back.
func (s *session) bringUp(ctx context.Context, cell sandbox.Cell) (notes []locale.Message, err error) {
	err = s.slots.Acquire(ctx, s.key.User, s.makeRoom, func(place int) {
		cell.Status(sandbox.Status{State: sandbox.Queued, Place: place})
	})
	if err != nil {
		return nil, err
	}
	s.live.Store(true)
	defer func() {
		if err != nil {
			s.drop()
		}
	}()
	if s.own, err = s.shelf.own(ctx, s.key); err != nil {
		return nil, err
	}
	var whole bool
	if s.stored, whole, err = stored.Settle(ctx, s.dir); err != nil {
		return nil, err
	}
	if whole {
		s.stored = s.taken(s.stored)
	}
	s.notePackages()
	s.number = s.stored.Number
	notes = s.stored.AfterDeath(s.zone)
	if s.stored.Image != "" || s.stored.Before != nil {
		cell.Status(sandbox.Status{State: sandbox.Restoring})
	} else {
		cell.Status(sandbox.Status{State: sandbox.Starting})
	}
	if s.stored.Image != "" && s.restoreImage(ctx, s.stored, cell.Files) {
		return notes, s.take()
	}
	if before := s.stored.Before; before != nil && ctx.Err() == nil && s.restoreImage(ctx, *before, cell.Files) {
		said := s.loadNewer(ctx)
		if s.c != nil {
			return append(notes, said...), s.take()
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := s.freshContainer(ctx); err != nil {
		return nil, err
	}
	if !s.stored.Empty() {
		notes = append(notes, s.loadVariables(ctx)...)
		s.stale = true
		if s.c == nil { // the load itself broke it
			if err := s.freshContainer(ctx); err != nil {
				return nil, err
			}
		}
	}
	return notes, s.take()
}

// take notes that the session lives in this process now.
func (s *session) take() error {
	s.stored.Conversation, s.stored.Live, s.stored.Behind = s.key.Conversation, true, false
	if s.stored.SavedAt.IsZero() {
		s.stored.SavedAt = time.Now().UTC()
	}
	s.keepStored()
	return s.claim()
}

func (s *session) freshContainer(ctx context.Context) error {
	c, err := s.pool.fresh(ctx)
	if err == nil {
		s.attach(c)
	}
	return err
}

func (s *session) attach(c *container.Container) {
	s.c = c
	s.running.Store(c)
}

// kill ends the container, if there is one, and returns what removes it.
func (s *session) kill() (remove func()) {
	c := s.running.Swap(nil)
	s.c = nil
	if c == nil {
		return func() {}
	}
	c.Kill()
	return func() {
		if err := c.Destroy(); err != nil {
			s.log.Warn("end of a sandbox", "id", c.ID, "error", err)
		}
	}
}

// claim writes whose container it is, for a process that takes over after us.
func (s *session) claim() error {
	return containerInfo{User: s.key.User, Conversation: s.key.Conversation, Revision: s.own.Revision(),
		Packages: s.stored.Packages, Files: s.stored.Files, Number: s.number, Snapshot: s.c.Snapshot}.write(s.c.Dir)
}

// forget ends the session and removes what is stored of it.
func (s *session) forget(ctx context.Context) (err error) {
	if s.own == nil {
		if _, err := os.Stat(s.dir); os.IsNotExist(err) {
			return nil
		}
		if s.own, err = s.shelf.own(ctx, s.key); err != nil {
			return err
		}
	}
	own := s.own
	s.own = nil
	s.drop()
	s.stored, s.stale, s.number = stored.Session{}, false, 0
	return s.shelf.remove(ctx, own, s.dir)
}

// hibernate stores a live session and frees its container. What could not be
// stored is remembered, so that the next run can say so; what was stored before
// stays until something newer is whole.
func (s *session) hibernate(ctx context.Context) error {
	if s.c == nil {
		return nil
	}
	defer func() {
		s.drop()
		s.tellStored()
	}()
	began := time.Now()
	ctx, cancel := s.opts.storing(ctx)
	defer cancel()
	st := stored.Session{Conversation: s.key.Conversation, SavedAt: time.Now().UTC(), Number: s.number,
		Packages: s.stored.Packages, Files: s.stored.Files}
	names, err := tidy(ctx, s.c)
	if err != nil {
		// It does not answer, but its memory may be sound all the same.
		s.log.Warn("session does not answer", "user", s.key.User, "error", err)
	}
	size := s.c.Measure()
	free := s.opts.free(s.dir) - spareBytes
	whole := size <= s.opts.Hibernate
	room := size <= free
	id := newID()
	if err == nil && len(names) > 0 {
		limit, seconds := s.opts.Hibernate, float64(aloneSeconds)
		if whole && room {
			limit, seconds = min(limit, besideBytes), besideSeconds
		}
		variables := "variables-" + id
		st.Count, st.Lost, err = dumpVariables(ctx, s.c, filepath.Join(s.dir, variables), max(min(limit, free), 1), seconds)
		if err == nil && st.Count > 0 {
			st.Variables = variables
		}
	}
	if err != nil {
		st.Lost = names
	}
	s.opts.step("dumped")
	if whole {
		next := st
		next.Image, next.Compatible = "image-"+id, s.c.Snapshot
		ferr := errDiskFull
		if room {
			ferr = s.checkpoint(ctx, next)
		}
		if ferr == nil {
			if err != nil && len(names) == 0 { // it may not answer after this either
				next.Lost = []string{"all variables"}
			}
			st = s.taken(next)
		} else {
			s.log.Warn("checkpoint", "user", s.key.User, "error", ferr)
			err = ferr
		}
	}
	if st.Image == "" && err != nil {
		st = st.Over(s.stored)
	}
	s.stored, s.stale = st, false
	err = st.Write(s.dir)
	s.opts.step("written")
	s.shelf.keepBound(ctx)
	s.log.Info("session hibernated", "user", s.key.User, "bytes", size, "image", st.Image != "", "variables", st.Count,
		"ms", time.Since(began).Milliseconds())
	return err
}

// restoreImage brings the session back from an image of its own and reports whether
// that worked. Its files are bound again first: the code may hold their paths.
func (s *session) restoreImage(ctx context.Context, st stored.Session, files sandbox.Files) bool {
	snapshot, err := s.snapshots.current(ctx)
	if err != nil || keyOf(st.Compatible) != keyOf(filepath.Base(snapshot)) {
		return false
	}
	from := origin{image: filepath.Join(s.dir, st.Image)}
	if st.Sum == "" {
		if !mapped.ImageFits(from.image) {
			return false
		}
	} else {
		if from.packed, err = s.images.openPacked(s.dir, st); err != nil {
			s.log.Warn("image of a session", "user", s.key.User, "error", err)
			return false
		}
		defer from.packed.Close()
	}
	if err := s.wheels.Restore(ctx, st.Packages); err != nil {
		s.log.Warn("packages of a session", "user", s.key.User, "error", err)
	}
	from.snapshot, from.resumed, from.packages = st.Compatible, !st.Forked, st.Packages
	from.prepare = func(dir string) error {
		for _, id := range st.Files {
			if files == nil {
				break
			}
			if _, err := copyFile(ctx, files, id, dir); err != nil && !fault.Is(err, fault.NotFound) {
				return err
			} // what is gone for its user is gone here too
		}
		return nil
	}
	c, err := s.starter.start(ctx, from)
	if err != nil {
		s.log.Warn("session not restored", "user", s.key.User, "error", err)
		return false
	}
	s.attach(c)
	s.stale = true
	return true
}

// drop ends the container and gives its slot and the session back.
func (s *session) drop() { s.detach()() }

// detach is drop without what may take seconds: it returns that.
func (s *session) detach() (rest func()) {
	remove, live := s.kill(), s.live.Swap(false)
	if s.own != nil {
		s.shelf.release(s.own)
		s.own = nil
	}
	return func() {
		remove()
		if live {
			s.slots.Release()
		}
	}
}

// keepStored writes what is stored of the session.
func (s *session) keepStored() {
	if err := s.stored.Write(s.dir); err != nil {
		s.log.Warn("session folder", "user", s.key.User, "error", err)
	}
}
