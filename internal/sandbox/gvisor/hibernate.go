package gvisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/mapped"
)

// hibernate stores a live session and frees its container. What could not be
// stored is remembered, so that the next run can say so; what was stored before
// stays until something newer is whole.
func (s *session) hibernate(ctx context.Context) error {
	if s.c == nil {
		return nil
	}
	defer s.drop()
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	st := stored{Conversation: s.key.Conversation, SavedAt: time.Now().UTC(), Number: s.number,
		Packages: s.stored.Packages, Files: s.stored.Files}
	names, err := tidy(ctx, s.c)
	if err != nil {
		// It does not answer, but its memory may be sound all the same.
		s.h.log.Warn("session does not answer", "user", s.key.User, "error", err)
	}
	size := s.c.Measure()
	free := s.h.opts.free(s.dir) - spareBytes
	whole := size <= s.h.opts.Hibernate
	room := size <= free
	id := newID()
	if err == nil && len(names) > 0 {
		limit, seconds := s.h.opts.Hibernate, float64(aloneSeconds)
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
	s.h.opts.step("dumped")
	if whole {
		next := st
		next.Image, next.Compatible = "image-"+id, s.c.Snapshot
		ferr := errDiskFull
		if room {
			ferr = s.checkpoint(ctx, next)
		}
		if ferr == nil {
			st = s.pack(next)
		} else {
			s.h.log.Warn("checkpoint", "user", s.key.User, "error", ferr)
			err = ferr
		}
	}
	if st.Image == "" && err != nil {
		st = st.over(s.stored)
	}
	s.stored, s.stale = st, false
	err = st.write(s.dir)
	s.h.opts.step("written")
	s.h.boundStored()
	s.h.log.Info("session hibernated", "user", s.key.User, "bytes", size, "image", st.Image != "", "variables", st.Count,
		"ms", time.Since(began).Milliseconds())
	return err
}

// spareBytes of the disk stay free: the rest of the bot needs some too.
const spareBytes = 64 << 20

var errDiskFull = errors.New("the disk has no room for it")

// checkpoint writes the session's sandbox to the image that next names, and ends
// it. What is on disk names next before that begins: gVisor goes on with it when
// this process dies, and settle finds it.
func (s *session) checkpoint(ctx context.Context, next stored) error {
	begun := s.stored
	begun.Next, next.Boot = &next, bootID()
	if err := begun.write(s.dir); err != nil {
		return err
	}
	s.h.opts.step("named")
	err := s.h.checkpoint(ctx, s.c.ID, s.c.PID, filepath.Join(s.dir, next.Image))
	s.h.opts.step("checkpointed")
	return err
}

// pack returns what is stored with the image packed, or left as it is.
func (s *session) pack(st stored) stored {
	if s.h.opts.raw {
		return st
	}
	packed, err := s.h.images.pack(s.dir, st)
	if err != nil {
		s.h.log.Warn("pack the image of a session", "user", s.key.User, "error", err)
	}
	s.h.opts.step("packed")
	return packed
}

// checkpoint writes a sandbox to folder image, with what it maps, and ends it.
// Without an error the image can be restored as long as that stays the same.
func (h *Host) checkpoint(ctx context.Context, id string, pid int, image string) error {
	files, err := mapped.Of(pid, "/usr")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(image, 0o700); err != nil {
		return err
	}
	if err := files.Write(image); err != nil {
		return err
	}
	return h.runsc.Checkpoint(ctx, id, image)
}

// tidy has freed memory returned, and lists the variables.
func tidy(ctx context.Context, c *container.Container) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := c.Send(map[string]any{"op": "tidy"}); err != nil {
		return nil, err
	}
	m, err := c.Await(ctx, "tidied")
	if err != nil {
		return nil, err
	}
	return clip(m.Names, 1000), nil
}

// restoreImage brings the session back from an image of its own and reports whether
// that worked. Its files are bound again first: the code may hold their paths.
func (s *session) restoreImage(ctx context.Context, st stored, files sandbox.Files) bool {
	snapshot, err := s.h.current(ctx)
	if err != nil || keyOf(st.Compatible) != keyOf(filepath.Base(snapshot)) {
		return false
	}
	from := origin{image: filepath.Join(s.dir, st.Image)}
	if st.Sum == "" {
		if !mapped.ImageFits(from.image) {
			return false
		}
	} else {
		if from.packed, err = s.h.images.openPacked(s.dir, st); err != nil {
			s.h.log.Warn("image of a session", "user", s.key.User, "error", err)
			return false
		}
		defer from.packed.Close()
	}
	if err := s.h.wheels.Restore(ctx, st.Packages); err != nil {
		s.h.log.Warn("packages of a session", "user", s.key.User, "error", err)
	}
	from.snapshot, from.resumed, from.packages = st.Compatible, true, st.Packages
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
	c, err := s.h.start(ctx, from)
	if err != nil {
		s.h.log.Warn("session not restored", "user", s.key.User, "error", err)
		return false
	}
	s.attach(c)
	s.stale = true
	return true
}
