// Package gvisor runs the sandboxes of one machine in gVisor.
//
// A [Host] restores a session from a snapshot that has pandas and its kin
// imported already. A session that is not used is checkpointed to disk and
// freed; the next Run restores it, also after a restart.
package gvisor

import (
	"cmp"
	"context"
	"crypto/rand"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/processors"
	"github.com/attachebot/attache/internal/sandbox/gvisor/stored"
	"github.com/attachebot/attache/internal/sandbox/gvisor/watchdog"
	"github.com/attachebot/attache/internal/sandbox/turns"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

var _ sandbox.Sandbox = (*Host)(nil)

// Host owns the sandboxes of one process. Several processes may share a
// folder; a session is live in one of them at a time.
type Host struct {
	*shared
	dirs   dirs
	python *wheels.Python

	mu       sync.Mutex
	sessions map[sandbox.Key]*session // those with a container, or with a Run under way
	closed   bool

	watchdog *watchdog.Watchdog
	machine  processors.Machine

	stop context.CancelFunc
	work sync.WaitGroup // background loops
}

// dirs are the places below the folder of a Host.
type dirs struct{ base, run, mine, state, sessions, snapshots, packages string }

// Open prepares a host in folder dir: it takes over what a process that died
// has left, makes the snapshot if this system and environment have none yet
// (some seconds), and fills the pool. An error of kind Unavailable says why no
// sandbox can be started here.
func Open(ctx context.Context, dir, runscPath string, python *wheels.Python, options Options) (_ *Host, err error) {
	opts := options.withDefaults()
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	defer func() { err = ofDisk(err, dir) }()
	// gVisor's helper does not follow links in the paths of what it binds.
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder of the sandbox can't be made. Check with `attache doctor`.")
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	if runscPath, err = filepath.Abs(runscPath); err != nil {
		return nil, err
	}
	if info, err := os.Stat(runscPath); err != nil || !info.Mode().IsRegular() {
		return nil, fault.Wrap(fmt.Errorf("no program at %s", runscPath), fault.Unavailable, "Code can't run here: runsc (gVisor) is missing; build it with `make build`, or set RUNSC.")
	}
	if err := unix.Access(runscPath, unix.X_OK); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "Code can't run here: runsc (gVisor) may not be executed; make it executable, in a file system that is not mounted noexec.")
	}
	if err := ourGofer(filepath.Join(filepath.Dir(runscPath), "gvisor-bin", "checkpointgofer")); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "Code can't run here: Attaché's gvisor-bin/checkpointgofer is missing beside runsc (gVisor), or may not be executed; build it with `make build`.")
	}
	if err := wheels.MayExecute(dir); err != nil {
		return nil, err
	}
	h := &Host{shared: &shared{opts: opts, process: opts.Process, log: opts.Log, slots: turns.New(opts.Max)}, python: python, sessions: map[sandbox.Key]*session{}}
	h.dirs = dirs{base: dir, run: filepath.Join(dir, "run"), state: filepath.Join(dir, "state"),
		sessions: filepath.Join(dir, "sessions"), snapshots: filepath.Join(dir, "snapshots"),
		packages: filepath.Join(dir, "packages", "python"+python.Version)}
	h.dirs.mine = filepath.Join(h.dirs.run, opts.Process.Life()+"."+newID())
	for _, d := range []string{h.dirs.mine, h.dirs.state, h.dirs.sessions, h.dirs.snapshots, h.dirs.packages} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "The folder of the sandbox can't be made. Check with `attache doctor`.")
		}
	}
	// What runs inside as nobody must be readable to it.
	for _, d := range []string{h.dirs.packages, filepath.Dir(h.dirs.packages)} {
		if err := os.Chmod(d, 0o755); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			os.RemoveAll(h.dirs.mine)
			if h.watchdog != nil {
				h.watchdog.Close()
			}
		}
	}()
	if h.zone, err = time.LoadLocation(opts.TimeZone); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "There is no time zone %q.", opts.TimeZone)
	}
	if err := h.prepare(runscPath); err != nil {
		return nil, err
	}
	if h.watchdog, err = watchdog.Start(h.dirs.mine, filepath.Join(python.Env, "bin", "python"), opts.Limits, h.log); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "Code can't run here: the environment's Python does not start.")
	}
	if err := h.shelf.note(ctx); err != nil {
		return nil, err
	}
	h.adopt(ctx)
	if _, err = h.snapshots.current(ctx); err != nil {
		return nil, err
	}
	bg, stop := context.WithCancel(context.Background())
	h.stop = stop
	h.work.Go(func() { h.pool.fill(bg) })
	h.work.Go(func() { h.watch(bg) })
	h.work.Go(func() { h.watchTables(bg) })
	h.work.Go(func() { h.keep(bg) })
	h.work.Go(func() { h.watchIdle(bg) })
	return h, nil
}

// ourGofer looks whether a checkpoint gofer is that of this project: gVisor has one of
// the same name.
func ourGofer(path string) error {
	info, err := buildinfo.ReadFile(path)
	if err == nil && info.Path != "github.com/attachebot/attache/cmd/checkpointgofer" {
		err = errors.New("the checkpoint gofer is another program")
	}
	return cmp.Or(err, unix.Access(path, unix.X_OK))
}

// prepare puts together what sessions share.
func (h *Host) prepare(runscPath string) error {
	runner, err := extractRunner(h.dirs.base)
	if err != nil {
		return err
	}
	rootfs := filepath.Join(h.dirs.base, "rootfs"+strings.TrimPrefix(filepath.Base(h.python.Env), "env"))
	if err := writeRootfs(rootfs, h.python); err != nil {
		return err
	}
	for _, d := range []string{rootfs, runner} { // whatever the umask is, or was
		if err := wheels.Readable(d); err != nil {
			return err
		}
	}
	tools := h.opts.Tools
	if tools != "" {
		if tools, err = filepath.Abs(tools); err != nil {
			return err
		}
	}
	h.shelf = &shelf{process: h.process, dir: h.dirs.sessions, keep: h.opts.Keep, bound: h.opts.Stored, rewind: h.opts.Rewind, log: h.log}
	h.opts.install.InUse = h.inUse
	h.wheels = wheels.New(h.dirs.packages, h.python, h.opts.install)
	h.images = &images{snapshots: h.dirs.snapshots, fetched: filepath.Join(h.dirs.base, fetchedFolder)}
	h.starter = &starter{
		runsc:  &container.Runsc{Path: runscPath, Root: h.dirs.state, Flags: h.opts.flags},
		bundle: &bundle{rootfs: rootfs, python: h.python, runner: runner, packages: h.dirs.packages, tools: tools, limits: h.opts.Limits, weaken: h.opts.weaken},
		dir:    h.dirs.mine, images: h.images, raw: h.opts.raw, timeZone: h.opts.TimeZone,
	}
	h.snapshots = &snapshots{dir: h.dirs.snapshots, base: h.dirs.base, starter: h.starter, shelf: h.shelf, bound: snapshotBytes,
		updated: func() { h.pool.shrink(0) }, log: h.log, progress: h.opts.Progress}
	h.pool = &pool{size: h.opts.Pool, start: h.snapshots.start, room: h.slots.Available, short: h.opts.short, log: h.log, wake: make(chan struct{}, 1)}
	h.makeRoom = func() { h.work.Go(h.giveRoom) }
	return nil
}

// Run executes a cell in the session of key. Calls for one key run one after
// the other. What the code does wrong is in the Result; an error says that it
// could not run at all: Unavailable when no sandbox starts, Exhausted when the
// host is closing, Canceled when ctx ended before the code began.
func (h *Host) Run(ctx context.Context, key sandbox.Key, cell sandbox.Cell) (sandbox.Result, error) {
	cell = serial(cell)
	s, err := h.enter(ctx, key)
	if err != nil {
		return sandbox.Result{}, err
	}
	defer h.leave(s)
	res, err := s.run(ctx, cell)
	if err != nil {
		return sandbox.Result{}, ofDisk(err, h.dirs.base)
	}
	return res, nil
}

// Reset ends the session of key and forgets its variables. A session that is
// not there is no error. It waits for a running cell.
func (h *Host) Reset(ctx context.Context, key sandbox.Key) error {
	s, err := h.enter(ctx, key)
	if err != nil {
		return err
	}
	defer h.leave(s)
	return s.forget(ctx)
}

// Stats returns what the host holds now.
func (h *Host) Stats() sandbox.Stats {
	all := h.containers()
	st := sandbox.Stats{Live: len(all), Running: h.inCells(), Queued: h.slots.Queued(), Ready: h.pool.ready()}
	for _, c := range all {
		st.Memory += c.Memory()
	}
	return st
}

// Room is what something takes of the disk, and may take, in bytes.
type Room struct {
	What         string
	Bytes, Bound int64
}

// Rooms tells what the sandbox keeps on the disk: in each, the oldest goes first.
func (h *Host) Rooms() []Room {
	rooms := []Room{{What: "stored sessions", Bound: h.shelf.bound}, {What: "packages"}, {What: "snapshots", Bound: h.snapshots.bound}}
	for _, s := range h.shelf.all(context.Background()) {
		rooms[0].Bytes += s.bytes
	}
	rooms[1].Bytes, rooms[1].Bound = h.wheels.Room()
	for _, s := range h.snapshots.all() {
		rooms[2].Bytes += s.bytes
	}
	if h.shelf.rewind > 0 {
		answers := Room{What: "earlier answers", Bound: h.shelf.rewind}
		for _, a := range stored.AllAnswers(h.shelf.dir) {
			answers.Bytes += a.Bytes
		}
		rooms = append(rooms, answers)
	}
	return rooms
}

// Close checkpoints the sessions that live and ends everything. Cells that
// still run when ctx ends are interrupted. Close twice is once.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	all := make([]*session, 0, len(h.sessions))
	for _, s := range h.sessions {
		all = append(all, s)
	}
	h.mu.Unlock()
	h.stop()
	h.work.Wait()
	h.pool.close()
	var wg sync.WaitGroup
	errs := make([]error, len(all))
	for i, s := range all {
		wg.Go(func() {
			if err := s.lockToClose(ctx); err != nil {
				errs[i] = err
				return
			}
			defer s.unlock()
			errs[i] = s.hibernate(context.WithoutCancel(ctx))
		})
	}
	wg.Wait()
	h.removals.Wait()
	h.images.close()
	errs = append(errs, os.RemoveAll(h.dirs.mine))
	h.watchdog.Close()
	return errors.Join(errs...)
}

var errClosed = fault.New(fault.Unavailable, "I am shutting down; please try again in a minute.")

// enter returns the session of key, locked.
func (h *Host) enter(ctx context.Context, key sandbox.Key) (*session, error) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, errClosed
	}
	s := h.sessions[key]
	if s == nil {
		s = newSession(h.shared, key)
		h.sessions[key] = s
	}
	s.users++
	h.mu.Unlock()
	if err := s.lock(ctx); err != nil {
		h.release(s)
		return nil, err
	}
	return s, nil
}

func (h *Host) leave(s *session) {
	h.mu.Lock()
	s.used = time.Now()
	h.mu.Unlock()
	s.unlock()
	h.release(s)
	if h.slots.Waits() {
		h.makeRoom()
	}
}

func (h *Host) release(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.users--
	if s.users == 0 && !s.live.Load() {
		delete(h.sessions, s.key)
	}
}

// giveRoom hibernates the session that was unused for the longest time, if
// somebody waits for its place.
func (h *Host) giveRoom() {
	for h.slots.Waits() {
		s := h.idlest()
		if s == nil {
			return // all of them run: a place comes when one ends
		}
		if err := s.hibernate(context.Background()); err != nil {
			h.log.Warn("hibernate", "user", s.key.User, "error", err)
		}
		s.unlock()
		h.release(s)
	}
}

// idlest returns the least recently used live session that nobody uses,
// locked and held, or nil.
func (h *Host) idlest() *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	var best *session
	for _, s := range h.sessions {
		if s.users == 0 && s.live.Load() && (best == nil || s.used.Before(best.used)) {
			best = s
		}
	}
	if best == nil || !best.tryLock() {
		return nil
	}
	best.users++
	return best
}

// serial returns the cell with its funcs never called at the same time.
func serial(c sandbox.Cell) sandbox.Cell {
	var mu sync.Mutex
	if f := c.Output; f != nil {
		c.Output = func(s string) { mu.Lock(); defer mu.Unlock(); f(s) }
	}
	if f := c.Status; f != nil {
		c.Status = func(s sandbox.Status) { mu.Lock(); defer mu.Unlock(); f(s) }
	} else {
		c.Status = func(sandbox.Status) {}
	}
	return c
}

func newID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// inUse tells whether a session needs a folder of packages.
func (h *Host) inUse(folder string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		if list := s.packages.Load(); list != nil && slices.Contains(*list, folder) {
			return true
		}
	}
	return false
}
