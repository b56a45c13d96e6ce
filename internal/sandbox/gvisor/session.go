package gvisor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
)

// session is the Python of one user and conversation. It is live while it has
// a container, and then holds one of the host's slots; otherwise it may be
// stored on disk. All fields but the first group belong to the holder of its
// lock.
type session struct {
	h    *Host
	key  sandbox.Key
	sem  chan struct{}
	live atomic.Bool

	users int       // Runs under way or waiting; guarded by Host.mu
	used  time.Time // end of the last one; guarded by Host.mu
	busy  bool      // code was left running in threads; guarded by Host.mu

	c       *container.Container
	running atomic.Pointer[container.Container] // c, for the watcher

	dir    string   // where it is stored
	own    *os.File // lock of dir, while live
	number int64    // of the last cell
	stored stored   // what is or was last on disk
	stale  bool     // the image on disk is older than the variables
	cancel context.CancelCauseFunc

	packages atomic.Pointer[[]string] // stored.Packages, for the sweep
}

// sessionDir is a session's folder below the folder of all sessions. The
// conversation is hashed: it is an opaque text and must not become a path.
func sessionDir(k sandbox.Key) string {
	sum := sha256.Sum256([]byte(k.Conversation))
	return fmt.Sprintf("%d/%s", k.User, hex.EncodeToString(sum[:12]))
}

func newSession(h *Host, key sandbox.Key) *session {
	return &session{h: h, key: key, sem: make(chan struct{}, 1), dir: filepath.Join(h.dirs.sessions, sessionDir(key))}
}

func (s *session) lock(ctx context.Context) error {
	select {
	case s.sem <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.sem <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *session) tryLock() bool {
	select {
	case s.sem <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s *session) unlock() { <-s.sem }

// abort cancels the running cell, from outside the lock.
func (s *session) abort() {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	if s.cancel != nil {
		s.cancel(errClosed)
	}
}

// lockToClose is lock for the host's end. A cell that runs on when ctx has ended
// is interrupted; what does not end by that is killed.
func (s *session) lockToClose(ctx context.Context) error {
	if s.lock(ctx) == nil {
		return nil
	}
	s.abort()
	for _, wait := range []time.Duration{grace + 2*time.Second, 2 * time.Second} {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
		err := s.lock(ctx)
		cancel()
		if err == nil {
			return nil
		}
		if c := s.running.Load(); c != nil {
			c.Kill()
		}
	}
	return fault.New(fault.Unavailable, "A session did not end.")
}

// run executes a cell, in a container that it brings up first if need be.
func (s *session) run(ctx context.Context, cell sandbox.Cell) (sandbox.Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.h.mu.Lock()
	s.cancel = cancel
	s.h.mu.Unlock()

	if s.c != nil && s.c.Gone() { // between two cells: what is on disk comes back, and says so
		s.drop()
	}
	var notes []string
	if s.c == nil {
		var err error
		if notes, err = s.bringUp(ctx, cell); err != nil {
			return sandbox.Result{}, err
		}
	}
	s.number++
	cell.Status(sandbox.Status{State: sandbox.Running})
	s.h.running.Add(1)
	defer s.h.running.Add(-1)
	res, busy, err := runCell(ctx, s.c, s.number, cell, s.h.opts.Limits, func(ctx context.Context, m *container.Message) (map[string]any, error) {
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
	s.h.mu.Lock()
	s.busy = busy
	s.h.mu.Unlock()
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
		res.Error += " The session goes back to what it was on " + s.stored.savedAt(s.h.zone) + "; what came after is lost"
		s.stored.Live = false
	} else {
		s.stored = stored{Conversation: s.key.Conversation, SavedAt: time.Now().UTC(), Packages: s.stored.Packages, Files: s.stored.Files, Number: s.number}
		res.Error += " All variables are gone"
	}
	if res.Outcome == sandbox.OutOfMemory {
		res.Error += ": load less of the data at a time"
	}
	res.Error += "."
	s.keepStored()
	s.drop()
}

// bringUp gives the session a slot and a container: restored from its own
// image, or a fresh one with the variables that were saved. It says what came
// back.
func (s *session) bringUp(ctx context.Context, cell sandbox.Cell) (notes []string, err error) {
	err = s.h.slots.Acquire(ctx, s.key.User, s.h.makeRoomSoon, func(place int) {
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
	if s.own, err = lockDir(ctx, s.dir); err != nil {
		return nil, err
	}
	if s.stored, _, err = settle(ctx, s.dir); err != nil {
		return nil, err
	}
	s.notePackages()
	s.number = s.stored.Number
	notes = s.stored.afterDeath(s.h.zone)
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
	if !s.stored.empty() {
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
	c, err := s.h.fresh(ctx)
	if err == nil {
		s.attach(c)
	}
	return err
}

func (s *session) attach(c *container.Container) {
	s.c = c
	s.running.Store(c)
}

// end ends the container, if there is one.
func (s *session) end() {
	c := s.running.Swap(nil)
	s.c = nil
	if c == nil {
		return
	}
	if err := c.Destroy(); err != nil {
		s.h.log.Warn("end of a sandbox", "id", c.ID, "error", err)
	}
}

// claim writes whose container it is, for a process that takes over after us.
func (s *session) claim() error {
	return containerInfo{User: s.key.User, Conversation: s.key.Conversation,
		Packages: s.stored.Packages, Files: s.stored.Files, Number: s.number, Snapshot: s.c.Snapshot}.write(s.c.Dir)
}

// drop ends the container and gives its slot and its folder's lock back.
func (s *session) drop() {
	s.end()
	if s.own != nil {
		s.own.Close()
		s.own = nil
	}
	if s.live.Swap(false) {
		s.h.slots.Release()
	}
}

// forget ends the session and removes what is stored of it.
func (s *session) forget(ctx context.Context) error {
	if s.own == nil {
		if _, err := os.Stat(s.dir); os.IsNotExist(err) {
			return nil
		}
		own, err := lockDir(ctx, s.dir)
		if err != nil {
			return err
		}
		defer own.Close()
	}
	s.drop()
	s.stored, s.stale, s.number = stored{}, false, 0
	return removeSession(s.dir)
}

// lockDir makes the folder of a session and locks it. It waits for a short
// while: for the compression of its image, or a process that is closing.
func lockDir(ctx context.Context, dir string) (*os.File, error) {
	for end := time.Now().Add(3 * time.Second); ; {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "The session folder can't be written.")
		}
		f, err := lockFile(filepath.Join(dir, "lock"))
		switch {
		case err == nil:
			return f, nil
		case errors.Is(err, os.ErrNotExist): // removed together with another session of the user
		case time.Now().After(end):
			return nil, fault.Wrap(err, fault.Unavailable, "This session is in use by another Attaché process right now.")
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// removeSession removes what is stored of a session, and the user's folder if
// it was the last one.
func removeSession(dir string) error {
	err := os.RemoveAll(dir)
	os.Remove(filepath.Dir(dir)) // fails while there are others
	return err
}

// answer gives the code what it asks for.
func (s *session) answer(ctx context.Context, cell sandbox.Cell, m *container.Message) (map[string]any, error) {
	if cell.Files == nil && (m.What == "list" || m.What == "stat" || m.What == "file" || m.What == "delete") {
		return nil, fault.New(fault.NotFound, "There are no files here.")
	}
	switch m.What {
	case "list":
		list, err := cell.Files.List(ctx)
		if list == nil {
			list = []sandbox.FileInfo{}
		}
		return map[string]any{"files": list}, err
	case "stat":
		info, err := cell.Files.Stat(ctx, m.File)
		return map[string]any{"file": info}, err
	case "file":
		info, path, err := s.bindFile(ctx, cell.Files, m.File)
		return map[string]any{"file": info, "path": path}, err
	case "delete":
		info, deleted, err := cell.Files.Delete(ctx, m.File)
		return map[string]any{"file": info, "deleted": deleted}, err
	case "import", "install":
		return s.provide(ctx, cell, m)
	}
	return nil, fault.New(fault.Invalid, "Unknown request.")
}

// bindFile puts one of the user's files into the session's folder and returns
// its path inside. Asked again, it is there already, unless it is gone for its
// user: then it is refused.
func (s *session) bindFile(ctx context.Context, files sandbox.Files, id string) (sandbox.FileInfo, string, error) {
	info, err := files.Stat(ctx, id)
	if err != nil {
		return sandbox.FileInfo{}, "", err
	}
	if st, err := os.Lstat(filepath.Join(s.c.Files, info.ID+info.Ext)); err != nil || st.Size() != info.Size {
		if info, err = copyFile(ctx, files, id, s.c.Files); err != nil {
			return sandbox.FileInfo{}, "", err
		}
	}
	inside := insideFiles + "/" + info.ID + info.Ext
	if slices.Contains(s.stored.Files, info.ID) {
		return info, inside, nil
	}
	s.stored.Files = append(s.stored.Files, info.ID)
	return info, inside, s.claim()
}

var safeName = regexp.MustCompile(`^[0-9A-Za-z_-]{1,100}(\.[0-9A-Za-z.]{1,16})?$`)

// copyFile writes a user's file to dir under its id. It appears there whole,
// and everybody may read it.
func copyFile(ctx context.Context, files sandbox.Files, id, dir string) (sandbox.FileInfo, error) {
	info, body, err := files.Open(ctx, id)
	if err != nil {
		return sandbox.FileInfo{}, err
	}
	defer body.Close()
	name := info.ID + info.Ext
	if !safeName.MatchString(name) {
		return sandbox.FileInfo{}, fault.New(fault.Internal, "This file has an unusable id.")
	}
	tmp, err := os.CreateTemp(filepath.Dir(dir), "incoming")
	if err == nil {
		defer os.Remove(tmp.Name())
		_, err = io.Copy(tmp, body)
		err = errors.Join(err, tmp.Chmod(0o444), tmp.Close())
	}
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, name))
	}
	return info, fault.Wrap(err, fault.Unavailable, "The file could not be read right now.")
}

func (h *Host) makeRoomSoon() { h.work.Go(h.makeRoom) }
