package gvisor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// stored describes a session on disk: an image of its sandbox, its variables
// as pickles, or both. The pickles are for when the image can't be restored:
// after an upgrade, on another machine.
type stored struct {
	Conversation string
	SavedAt      time.Time
	Image        string   `json:",omitempty"` // folder name
	Compatible   string   `json:",omitempty"` // key of the snapshot that the image came from
	Variables    string   `json:",omitempty"` // file name: frames of "var"
	Count        int      `json:",omitempty"` // of them
	Lost         []string `json:",omitempty"` // variables that could not be pickled
	Packages     []string `json:",omitempty"` // folder names, in the order of installation
	Files        []string `json:",omitempty"` // ids that were bound
	Number       int64    // of the last cell
	Live         bool     // a process has the session; after its death, what the session was
	Behind       bool     // and it has gone on from what is stored here
}

func (s stored) empty() bool { return s.Image == "" && s.Variables == "" && len(s.Lost) == 0 }

func readStored(dir string) stored {
	var st stored
	data, err := os.ReadFile(filepath.Join(dir, "session.json"))
	if err != nil || json.Unmarshal(data, &st) != nil {
		return stored{}
	}
	return st
}

// write replaces what is on disk at once, and then removes what it no longer
// names.
func (st stored) write(dir string) error {
	data, err := json.Marshal(st)
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, "session.json.new")
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, "session.json")); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		switch e.Name() {
		case "session.json", "lock", st.Image, st.Variables:
		default:
			errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// Bounds of the pickles that accompany an image, so that they cost little
// beside it. Without an image, they may be as large as an image.
const (
	besideBytes   = 64 << 20
	besideSeconds = 0.2
	aloneSeconds  = 60
)

// Bounds of one saved variable beside its bytes.
const (
	maxName   = 1000 // bytes of a variable's name; the runner sends none that are longer
	frameCost = 256  // what a frame counts for in the bound of bytes, above its own
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
	names, err := s.c.tidy(ctx)
	if err != nil {
		// It does not answer, but its memory may be sound all the same.
		s.h.log.Warn("session does not answer", "user", s.key.User, "error", err)
	}
	size := s.c.measure()
	whole := size <= s.h.opts.Hibernate
	id := newID()
	if err == nil && len(names) > 0 {
		limit, seconds := s.h.opts.Hibernate, float64(aloneSeconds)
		if whole {
			limit, seconds = min(limit, besideBytes), besideSeconds
		}
		variables := "variables-" + id
		st.Count, st.Lost, err = s.c.dumpVariables(ctx, filepath.Join(s.dir, variables), limit, seconds)
		if err == nil && st.Count > 0 {
			st.Variables = variables
		}
	}
	if err != nil {
		st.Lost = names
	}
	failed := err
	if whole {
		image := "image-" + id
		if err := s.h.checkpoint(ctx, s.c, filepath.Join(s.dir, image)); err == nil {
			st.Image, st.Compatible = image, s.c.snapshot
		} else {
			s.h.log.Warn("checkpoint", "user", s.key.User, "error", err)
			failed = err
		}
	}
	if st.Image == "" && st.Variables == "" && failed != nil {
		st.Live = true // it had died already, or could not be stored
		if s.stored.Image != "" || s.stored.Variables != "" {
			st = s.stored // older, but whole
		}
	}
	s.stored, s.stale = st, false
	err = st.write(s.dir)
	s.h.boundStored()
	s.h.log.Info("session hibernated", "user", s.key.User, "bytes", size, "image", st.Image != "", "variables", st.Count,
		"ms", time.Since(began).Milliseconds())
	return err
}

// checkpoint writes a container to folder image, with what it maps, and ends it.
// Without an error the image can be restored as long as that stays the same.
func (h *Host) checkpoint(ctx context.Context, c *container, image string) error {
	mapped, err := h.mapping(c)
	if err != nil {
		return err
	}
	if err := c.checkpoint(ctx, image); err != nil {
		return err
	}
	return mapped.write(image)
}

// tidy has freed memory returned, and lists the variables.
func (c *container) tidy(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := c.send(map[string]any{"op": "tidy"}); err != nil {
		return nil, err
	}
	m, err := c.await(ctx, "tidied")
	if err != nil {
		return nil, err
	}
	return clip(m.Names, 1000), nil
}

// dumpVariables writes the variables that can be pickled to path, as frames
// that can be sent back as they are.
func (c *container) dumpVariables(ctx context.Context, path string, limit int64, seconds float64) (count int, lost []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration((seconds+5)*float64(time.Second)))
	defer cancel()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 256<<10)
	if err := c.send(map[string]any{"op": "dump", "max_bytes": limit, "seconds": seconds}); err != nil {
		return 0, nil, err
	}
	for left := limit + 4<<20; ; { // what goes with 10,000 small variables
		fr, err := c.receive(ctx)
		if err != nil {
			return 0, nil, err
		}
		if left -= int64(fr.size) + frameCost; left < 0 {
			return 0, nil, errProtocol
		}
		switch m := fr.msg; {
		case m == nil:
			err = writeFrame(w, frameBytes, fr.data)
		case m.Op == "var":
			if count++; count > 10_000 || m.Size < 0 || m.Size > limit || len(m.Name) > maxName {
				return 0, nil, errProtocol
			}
			err = writeJSON(w, map[string]any{"op": "var", "name": m.Name, "module_var": m.IsModule, "size": m.Size})
		case m.Op == "dumped":
			return count, clip(m.Lost, 1000), w.Flush()
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// restoreImage brings the session back from its own image and reports whether
// that worked. Its files are bound again first: the code may hold their paths.
func (s *session) restoreImage(ctx context.Context, files sandbox.Files) bool {
	image := filepath.Join(s.dir, s.stored.Image)
	snapshot, err := s.h.current(ctx)
	if err != nil || s.stored.Compatible != filepath.Base(snapshot) || !imageFits(image) {
		return false
	}
	if err := expand(image); err != nil {
		s.h.log.Warn("image of a session", "user", s.key.User, "error", err)
		return false
	}
	if err := s.h.wheels.Restore(ctx, s.stored.Packages); err != nil {
		s.h.log.Warn("packages of a session", "user", s.key.User, "error", err)
	}
	c, err := s.h.start(ctx, origin{
		image: image, snapshot: s.stored.Compatible, resumed: true, packages: s.stored.Packages,
		prepare: func(dir string) error {
			for _, id := range s.stored.Files {
				if files == nil {
					break
				}
				if _, err := copyFile(ctx, files, id, dir); err != nil && !fault.Is(err, fault.NotFound) {
					return err
				} // what is gone for its user is gone here too
			}
			return nil
		},
	})
	if err != nil {
		s.h.log.Warn("session not restored", "user", s.key.User, "error", err)
		return false
	}
	s.attach(c)
	s.stale = true
	return true
}

// loadVariables gives a fresh container the variables that were saved, and
// says in one line what came back.
func (s *session) loadVariables(ctx context.Context) []string {
	kept, lost, err := s.sendVariables(ctx)
	if err != nil {
		s.h.log.Warn("variables not restored", "user", s.key.User, "error", err)
		lost = append(lost, "all that were saved")
		s.end()
	}
	lost = append(lost, s.stored.Lost...)
	var parts []string
	if len(kept) > 0 {
		parts = append(parts, "restored: "+strings.Join(kept, ", "))
	}
	if len(lost) > 0 {
		parts = append(parts, "lost: "+strings.Join(lost, ", "))
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{brief.Bytes(brief.Line(strings.Join(parts, " · ")), 600)}
}

func (s *session) sendVariables(ctx context.Context) (kept, lost []string, err error) {
	if s.stored.Variables == "" {
		return nil, nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	f, err := os.Open(filepath.Join(s.dir, s.stored.Variables))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if err := s.c.send(map[string]any{"op": "load", "count": s.stored.Count, "packages": insidePaths(s.stored.Packages)}); err != nil {
		return nil, nil, err
	}
	end, _ := ctx.Deadline()
	if err := s.c.stdin.SetWriteDeadline(end); err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { s.c.stdin.SetWriteDeadline(time.Now()) })
	defer stop()
	if _, err := io.Copy(s.c.stdin, f); err != nil {
		return nil, nil, err
	}
	m, err := s.c.await(ctx, "loaded")
	if err != nil {
		return nil, nil, err
	}
	return clip(m.Kept, 1000), clip(m.Lost, 1000), nil
}

// keepStored writes what is stored of the session.
func (s *session) keepStored() {
	if err := s.stored.write(s.dir); err != nil {
		s.h.log.Warn("session folder", "user", s.key.User, "error", err)
	}
}

func (st stored) savedAt(zone *time.Location) string {
	return st.SavedAt.In(zone).Format("2006-01-02 at 15:04")
}

// afterDeath says what is lost of a session whose process died with it: a power
// cut, or a machine out of memory.
func (st stored) afterDeath(zone *time.Location) []string {
	switch {
	case !st.Live:
		return nil
	case st.Behind:
		return []string{"the session is as it was on " + st.savedAt(zone) + " · lost: what came after, because its process ended without warning"}
	case st.empty():
		return []string{"lost: all variables of this session, because its process ended without warning"}
	}
	return nil
}

// sweep removes the sessions that were stored longer ago than they are kept.
func (h *Host) sweep() {
	if h.opts.Keep < 0 {
		return
	}
	filepath.WalkDir(h.dirs.sessions, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "session.json" {
			return nil
		}
		info, err := d.Info()
		if err != nil || time.Since(info.ModTime()) < h.opts.Keep {
			return nil
		}
		dir := filepath.Dir(path)
		own, err := lockFile(filepath.Join(dir, "lock"))
		if err != nil {
			return nil // live
		}
		defer own.Close()
		if err := removeSession(dir); err != nil {
			h.log.Warn("sweep of a session", "error", err)
		}
		return fs.SkipDir
	})
}
