package gvisor

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/archive"
	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
	"github.com/attachebot/attache/internal/sandbox/gvisor/mapped"
	"github.com/attachebot/attache/internal/sandbox/gvisor/stored"
)

// Names of what is kept of sessions elsewhere. An image is of one session; a
// snapshot's name, which ends with that of its content, follows the prefix.
const (
	movedImage    = "image"
	movedSnapshot = "snapshot/"
)

// fetchedFolder has, in that of the host, snapshots that were made elsewhere.
const fetchedFolder = "fetched"

// OnStored has f called with each session that was stored, by whoever stored
// it: f does not wait.
func (h *Host) OnStored(f func(sandbox.Key)) { h.onStored.Store(&f) }

func (s *session) tellStored() {
	if f := s.onStored.Load(); f != nil {
		(*f)(s.key)
	}
}

// Publish puts what is stored of a session into images, and before it the
// snapshots that it needs. The error is NotFound if nothing is stored, and
// Exists if the session lives, now: it is stored again later.
func (h *Host) Publish(ctx context.Context, key sandbox.Key, images sandbox.Images) error {
	st, files, err := h.openStored(ctx, key)
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for _, name := range st.Snapshots() {
		if err := h.publishSnapshot(ctx, name, images); err != nil {
			return err
		}
	}
	return archive.Put(ctx, images, movedImage, func(w *tar.Writer) error {
		data, err := json.Marshal(st)
		if err == nil {
			err = archive.Add(w, "session.json", int64(len(data)), strings.NewReader(string(data)))
		}
		for i := 0; err == nil && i < len(files); i++ {
			err = archive.AddFile(w, files[i])
		}
		return err
	})
}

// openStored opens all that is stored of a session and can be restored elsewhere.
// What is open stays as it is, whatever becomes of its names.
func (h *Host) openStored(ctx context.Context, key sandbox.Key) (st stored.Session, files []*os.File, err error) {
	dir := h.shelf.folder(key)
	if _, err := os.Stat(dir); err != nil {
		return st, nil, fault.Wrap(err, fault.NotFound, "Nothing is stored of this session.")
	}
	own, err := h.process.Claim(ctx, key)
	if err != nil {
		return st, nil, err
	}
	defer h.shelf.release(own)
	st = stored.Read(dir)
	st.Next = nil
	if st.Sum == "" { // a folder as gVisor wrote it
		st.Image, st.Compatible = "", ""
	}
	if st.Before != nil && st.Before.Sum == "" {
		st.Before = nil
	}
	if st.Empty() && st.Before == nil {
		return st, nil, fault.New(fault.NotFound, "Nothing is stored of this session.")
	}
	for _, name := range st.Names() {
		if name == "" {
			continue
		}
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			return st, nil, err
		}
		files = append(files, f)
	}
	return st, files, nil
}

func (h *Host) publishSnapshot(ctx context.Context, name string, images sandbox.Images) error {
	has, err := images.Has(ctx, movedSnapshot+name)
	if has || err != nil {
		return err
	}
	dir := h.images.folder(name)
	return archive.Put(ctx, images, movedSnapshot+name, func(w *tar.Writer) error {
		for _, part := range snapshotFiles {
			f, err := os.Open(filepath.Join(dir, part))
			if err == nil {
				err = errors.Join(archive.AddFile(w, f), f.Close())
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

var snapshotFiles = []string{image.State, image.Meta, image.Pages, mapped.Name}

// Fetch makes what images have of a session what is stored of it here, in place of
// anything that is. Behind says that the session went on after that; its
// next run tells so.
func (h *Host) Fetch(ctx context.Context, key sandbox.Key, images sandbox.Images, behind bool) error {
	dir := h.shelf.folder(key)
	own, err := h.shelf.own(ctx, key)
	if err != nil {
		return err
	}
	defer h.shelf.release(own)
	var st stored.Session
	err = archive.Get(ctx, images, movedImage, func(r *tar.Reader) error {
		first, err := r.Next()
		if err != nil || first.Name != "session.json" {
			return errors.Join(archive.ErrDamaged, err)
		}
		data, err := io.ReadAll(io.LimitReader(r, 8<<20))
		if err == nil {
			err = json.Unmarshal(data, &st)
		}
		if err != nil {
			return err
		}
		return archive.Extract(r, dir, 3*h.opts.Hibernate, func(name string) bool {
			return slices.Contains(st.Names(), name) && name != "session.json"
		})
	})
	if err != nil {
		return err
	}
	current, err := h.snapshots.current(ctx)
	if err != nil {
		return err
	}
	for _, name := range st.Snapshots() {
		if keyOf(name) != keyOf(filepath.Base(current)) {
			continue // its images can't be restored here
		}
		if err := h.fetchSnapshot(ctx, name, images); err != nil {
			return err
		}
	}
	st.Next, st.Boot, st.Conversation = nil, "", key.Conversation
	st.Live, st.Behind = true, behind
	return st.Write(dir)
}

// fetchSnapshot gets a snapshot that is not here. It stands apart from those that
// were made here: new sessions never start from it.
func (h *Host) fetchSnapshot(ctx context.Context, name string, images sandbox.Images) error {
	name = filepath.Base(name)
	if _, err := os.Stat(h.images.folder(name)); err == nil {
		return nil
	}
	tmp := filepath.Join(h.images.fetched, "new."+newID())
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	err := archive.Get(ctx, images, movedSnapshot+name, func(r *tar.Reader) error {
		return archive.Extract(r, tmp, 4<<30, func(name string) bool { return slices.Contains(snapshotFiles, name) })
	})
	if fault.Is(err, fault.NotFound) {
		return nil // the variables come back
	}
	if err != nil {
		return err
	}
	found, err := image.Content(tmp)
	if err == nil && found != content(name) {
		err = archive.ErrDamaged
	}
	if err == nil {
		err = image.WriteHashes(tmp)
	}
	if err == nil {
		err = os.Rename(tmp, filepath.Join(h.images.fetched, name))
	}
	if errors.Is(err, os.ErrExist) { // somebody else was faster
		err = nil
	}
	return err
}
