package gvisor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/stored"
)

var _ sandbox.Rewinder = (*Host)(nil)

var errNotKept = fault.New(fault.NotFound, "What the session was after this answer is not kept.")

// Keep implements sandbox.Rewinder.
func (h *Host) Keep(ctx context.Context, key sandbox.Key, answer string) error {
	if h.shelf.rewind == 0 {
		return fault.New(fault.Unavailable, "Earlier answers are not kept: REWIND_MB is 0.")
	}
	s, err := h.enter(ctx, key)
	if err != nil {
		return err
	}
	defer h.leave(s)
	if err := s.keep(ctx, answer); err != nil {
		return ofDisk(err, h.dirs.base)
	}
	h.shelf.boundAnswers()
	if _, err := h.answer(key, answer); err != nil {
		return fault.New(fault.Exhausted, "The session is too large to be kept after each answer (REWIND_MB).")
	}
	return nil
}

// Answers implements sandbox.Rewinder.
func (h *Host) Answers(_ context.Context, key sandbox.Key) (all []sandbox.Answer, _ error) {
	for _, a := range stored.Answers(h.shelf.folder(key)) {
		all = append(all, sandbox.Answer{Name: a.Name, At: a.Session.SavedAt, Bytes: a.Bytes})
	}
	return all, nil
}

func (h *Host) answer(key sandbox.Key, name string) (stored.Answer, error) {
	for _, a := range stored.Answers(h.shelf.folder(key)) {
		if a.Name == name {
			return a, nil
		}
	}
	return stored.Answer{}, errNotKept
}

// Fork implements sandbox.Rewinder. What it makes is a stored session like any
// other: its first run restores it.
func (h *Host) Fork(ctx context.Context, key sandbox.Key, answer string, to sandbox.Key) error {
	if key == to || key.User != to.User {
		return fault.New(fault.Invalid, "An earlier answer goes on in another conversation of the same person.")
	}
	a, err := h.answer(key, answer)
	if err != nil {
		return err
	}
	snapshot, err := h.snapshots.current(ctx)
	if err != nil {
		return err
	}
	if err := h.images.fits(a.Dir, a.Session, snapshot); err != nil {
		return fault.Wrap(err, fault.NotFound, "What the session was after this answer can't be restored any more.")
	}
	s, err := h.enter(ctx, to)
	if err != nil {
		return err
	}
	defer h.leave(s)
	if s.c != nil {
		return errSessionThere
	}
	if s.own, err = h.shelf.own(ctx, to); err != nil {
		return err
	}
	defer s.drop()
	was, _, err := stored.Settle(ctx, s.dir)
	if err != nil {
		return err
	}
	if !was.Empty() || was.Before != nil {
		return errSessionThere
	}
	st := a.Session
	st.Conversation, st.Forked, st.Image = to.Conversation, true, "image-"+newID()+packedImage
	st.Lost = []string{"all variables"} // should the system change before its first run
	if err := os.Link(filepath.Join(a.Dir, a.Session.Image), filepath.Join(s.dir, st.Image)); errors.Is(err, fs.ErrNotExist) {
		return errNotKept // it was the oldest, just now
	} else if err != nil {
		return ofDisk(err, h.dirs.base)
	}
	return st.Write(s.dir)
}

var errSessionThere = fault.New(fault.Exists, "This conversation has a Python session already.")

// keep keeps what the session is now as an answer: the image that is stored of it,
// or that of its sandbox, which goes on.
func (s *session) keep(ctx context.Context, name string) error {
	if s.c != nil && s.c.Gone() {
		s.drop()
	}
	if s.c == nil {
		return s.keepStoredImage(ctx, name)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute) // one that is begun is not given up
	defer cancel()
	if _, err := tidy(ctx, s.c); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The session does not answer.")
	}
	size := s.c.Measure()
	if size > s.opts.Hibernate {
		return fault.New(fault.Exhausted, "The session is too large to be kept after each answer (SANDBOX_HIBERNATE_MB).")
	}
	if size > s.opts.free(s.dir)-spareBytes {
		return fault.Wrap(errDiskFull, fault.Unavailable, "The disk has no room for what the session is now.")
	}
	id := "answer-" + newID()
	a, err := stored.NewAnswer(s.dir, id, name)
	if err != nil {
		return err
	}
	st := stored.Session{SavedAt: time.Now().UTC(), Number: s.number, Image: id, Compatible: s.c.Snapshot,
		Packages: s.stored.Packages, Files: s.stored.Files}
	s.opts.step("leaving")
	image := filepath.Join(a.Dir, id)
	defer os.RemoveAll(image)
	if err := s.starter.leave(ctx, s.c, image); err != nil {
		return err
	}
	s.opts.step("left")
	if a.Session, err = s.images.take(a.Dir, st); err != nil {
		return err
	}
	s.opts.step("answer packed")
	err = a.Keep()
	s.opts.step("answer kept")
	return err
}

// keepStoredImage keeps a session that has just been stored.
func (s *session) keepStoredImage(ctx context.Context, name string) (err error) {
	if _, err := os.Stat(s.dir); err != nil {
		return errNotKept
	}
	if s.own, err = s.shelf.own(ctx, s.key); err != nil {
		return err
	}
	defer s.drop()
	st, _, err := stored.Settle(ctx, s.dir)
	if err != nil {
		return err
	}
	if st.Live || st.Image == "" || st.Sum == "" {
		return errNotKept
	}
	id := "answer-" + newID()
	a, err := stored.NewAnswer(s.dir, id, name)
	if err != nil {
		return err
	}
	a.Session = st
	a.Session.Image, a.Session.Variables, a.Session.Count, a.Session.Before = id+packedImage, "", 0, nil
	if err := os.Link(filepath.Join(s.dir, st.Image), filepath.Join(a.Dir, a.Session.Image)); err != nil {
		return err
	}
	return a.Keep()
}
