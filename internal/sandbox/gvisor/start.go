package gvisor

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
	"github.com/attachebot/attache/internal/sandbox/gvisor/mapped"
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
	resumed  bool         // the image is a session's own, and of no other session
	packages []string
	prepare  func(files string) error // fills the folder bound at /files first; may be nil
}

// starter brings up containers.
type starter struct {
	runsc    *container.Runsc
	bundle   *bundle
	dir      string // where their bundles are made
	images   *images
	raw      bool   // images stay as gVisor writes them
	timeZone string // of the code
}

// start brings up a container and waits until its runner is ready for cells,
// or, after a cold start, for a checkpoint.
func (st *starter) start(ctx context.Context, from origin) (_ *container.Container, err error) {
	id := newID()
	dir := filepath.Join(st.dir, id)
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
	if err := st.bundle.write(dir, files); err != nil {
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
		if err := from.packed.Order().Write(from.image); err != nil {
			return nil, err
		}
	}
	c, err := container.Start(st.runsc, id, dir, from.image)
	if err != nil {
		return nil, err
	}
	if from.image == "" {
		_, err = c.Await(ctx, "ready")
	} else {
		err = st.wake(ctx, c, from)
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

// margin keeps the limit of addresses below that of memory, so that a process
// that wants too much gets a MemoryError before the watcher ends the sandbox.
const margin = 40 << 20

// wake makes a restored runner ours: seeds, limits, time zone, packages.
func (st *starter) wake(ctx context.Context, c *container.Container, from origin) error {
	held := int64(0)
	if from.packed != nil {
		held = from.packed.Size(image.Pages)
	} else if info, err := os.Stat(filepath.Join(from.image, image.Pages)); err == nil {
		held = info.Size()
	}
	err := c.Send(map[string]any{
		"op": "wake", "new": !from.resumed, "timezone": st.timeZone,
		"limit": st.bundle.limits.Memory, "memory": max(st.bundle.limits.Memory-held-margin, margin), "packages": insidePaths(from.packages),
	})
	if err != nil {
		return err
	}
	_, err = c.Await(ctx, "awake")
	return err
}

// checkpoint writes a sandbox that went out from a snapshot to a folder, with what it
// maps, and ends it. Without an error the image can be restored as long as that stays
// the same.
func (st *starter) checkpoint(ctx context.Context, id string, pid int, snapshot, folder string) error {
	return st.write(pid, snapshot, folder, func() error { return st.runsc.Checkpoint(ctx, id, folder) })
}

// leave is checkpoint of a sandbox that goes on.
func (st *starter) leave(ctx context.Context, c *container.Container, folder string) error {
	return st.write(c.PID, c.Snapshot, folder, func() error { return st.runsc.Leave(ctx, c.ID, folder) })
}

func (st *starter) write(pid int, snapshot, folder string, checkpoint func() error) error {
	files, err := mapped.Of(pid, "/usr")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if st.raw {
		if err := files.Write(folder); err != nil {
			return err
		}
		return checkpoint()
	}
	list, err := files.Encode()
	if err != nil {
		return err
	}
	if err := st.images.order(folder, snapshot, list).Write(folder); err != nil {
		return err
	}
	if err := checkpoint(); err != nil {
		return err
	}
	_, err = image.Written(folder)
	return err
}
