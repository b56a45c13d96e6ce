package gvisor

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
)

// How long a sandbox may take to come up. A cold start imports everything.
const (
	coldStart    = 3 * time.Minute
	restoreStart = 30 * time.Second
)

// origin says what a container is made from.
type origin struct {
	image    string       // folder of a checkpoint; empty: a cold start
	packed   *image.Image // or a file of one
	snapshot string       // name of the snapshot that it goes back to
	resumed  bool         // the image is a session's own, and not the snapshot
	packages []string
	prepare  func(files string) error // fills the folder bound at /files first; may be nil
}

// start brings up a container and waits until its runner is ready for cells,
// or, after a cold start, for a checkpoint.
func (h *Host) start(ctx context.Context, from origin) (_ *container.Container, err error) {
	id := newID()
	dir := filepath.Join(h.dirs.mine, id)
	files := filepath.Join(dir, "files")
	if err := os.MkdirAll(files, 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(files, 0o755); err != nil { // whatever the umask is
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	if err := h.bundle.write(dir, files); err != nil {
		return nil, err
	}
	if from.prepare != nil {
		if err := from.prepare(files); err != nil {
			return nil, err
		}
	}
	limit := restoreStart
	if from.image == "" {
		limit = coldStart
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if from.packed != nil {
		from.image = filepath.Join(dir, "image")
		unpacking, stop := context.WithCancel(ctx)
		unpacked, err := unpack(unpacking, from.packed, from.image)
		if err != nil {
			stop()
			return nil, err
		}
		var fail context.CancelCauseFunc
		ctx, fail = context.WithCancelCause(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := <-unpacked; err != nil {
				fail(err)
			}
		}()
		defer func() {
			stop()
			<-ended
			fail(nil)
			os.RemoveAll(from.image)
		}()
	}
	c, err := container.Start(h.runsc, id, dir, from.image)
	if err != nil {
		return nil, err
	}
	if from.image == "" {
		_, err = c.Await(ctx, "ready")
	} else {
		err = h.wake(ctx, c, from)
	}
	if err == nil {
		err = c.Account()
	}
	c.Snapshot = from.snapshot
	if err != nil {
		said := c.Said()
		c.Destroy()
		if ctx.Err() == context.Canceled {
			return nil, context.Cause(ctx)
		}
		return nil, container.StartError(err, said)
	}
	return c, nil
}

// fresh returns a container without a past: one from the pool, or a new one.
func (h *Host) fresh(ctx context.Context) (*container.Container, error) {
	if c := h.pool.take(); c != nil {
		return c, nil
	}
	c, err := h.startFresh(ctx)
	if err != nil && ctx.Err() == nil { // a sandbox that was killed while it started says nothing of the next
		c, err = h.startFresh(ctx)
	}
	return c, err
}

// startFresh restores the snapshot.
func (h *Host) startFresh(ctx context.Context) (*container.Container, error) {
	image, err := h.current(ctx)
	if err != nil {
		return nil, err
	}
	return h.start(ctx, origin{image: image, snapshot: filepath.Base(image)})
}

// margin keeps the limit of addresses below that of memory, so that a process
// that wants too much gets a MemoryError before the watcher ends the sandbox.
const margin = 40 << 20

// wake makes a restored runner ours: seeds, limits, time zone, packages.
func (h *Host) wake(ctx context.Context, c *container.Container, from origin) error {
	held := int64(0)
	if info, err := os.Stat(filepath.Join(from.image, "pages.img")); err == nil {
		held = info.Size()
	}
	err := c.Send(map[string]any{
		"op": "wake", "new": !from.resumed, "timezone": h.opts.TimeZone,
		"limit": h.opts.Limits.Memory, "memory": max(h.opts.Limits.Memory-held-margin, margin), "packages": insidePaths(from.packages),
	})
	if err != nil {
		return err
	}
	_, err = c.Await(ctx, "awake")
	return err
}

// insidePaths returns where the folders of installed packages are inside.
func insidePaths(packages []string) []string {
	paths := make([]string, len(packages))
	for i, p := range packages {
		paths[i] = insidePackages + "/" + p
	}
	return paths
}
