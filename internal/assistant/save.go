package assistant

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Upload is a file to be saved for a user.
type Upload struct {
	Name string
	Size int64 // bytes, as announced; 0: not known
	// Key names where it comes from, such as the id of an attachment. The same
	// user's file of the same key is saved once. Empty: it has no such name.
	Key           string
	Width, Height int // of a picture, where they are known
	Open          func(ctx context.Context) (io.ReadCloser, error)
}

// Saving is what became of an upload.
type Saving struct {
	Name  string
	Saved files.Saved
	Known bool  // it was saved before
	Full  error // if not nil, why only a copy is kept: the user's room is used up
	Err   error // as of files.Service.Save, or of Upload.Open
}

type uploadKey struct {
	user files.UserID
	key  string
}

// parallelSaves is how many uploads of a message are read at a time.
const parallelSaves = 3

// Save saves uploads as the user's files. The results are in the order of the
// uploads.
func (a *Assistant) Save(ctx context.Context, user files.UserID, uploads []Upload) []Saving {
	out := make([]Saving, len(uploads))
	slots := make(chan struct{}, parallelSaves)
	var all sync.WaitGroup
	for i, u := range uploads {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			out[i] = a.saveOne(ctx, user, u)
		})
	}
	all.Wait()
	return out
}

func (a *Assistant) saveOne(ctx context.Context, user files.UserID, u Upload) (s Saving) {
	s.Name = files.SafeName(u.Name)
	defer func() {
		if p := recover(); p != nil {
			s.Err = fault.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()), fault.Internal, "")
		}
	}()
	key := uploadKey{user, u.Key}
	if f, ok := a.savedBefore(ctx, key); ok {
		s.Saved.File, s.Known = f, true
		return s
	}
	save := func(up files.Upload) (files.Saved, error) {
		body, err := u.Open(ctx)
		if err != nil {
			return files.Saved{}, err
		}
		defer body.Close()
		up.User, up.Name, up.Size, up.Width, up.Height, up.Body = user, u.Name, u.Size, u.Width, u.Height, body
		return a.files.Save(ctx, up)
	}
	s.Saved, s.Err = save(files.Upload{})
	if fault.Is(s.Err, fault.Exhausted) { // it is read all the same
		s.Full = s.Err
		// The copy lives as long as a Python session does, and has the room of what
		// code makes, where the oldest go first.
		s.Saved, s.Err = save(files.Upload{Generated: true, Life: max(a.files.Expiry(), 0)})
	}
	if t := s.Saved.Twin; s.Err == nil && t != nil && t.Name == s.Saved.Name && !t.Generated {
		if f, err := a.files.Keep(ctx, user, t.ID); err == nil { // the same file again
			if err := a.files.Delete(ctx, user, s.Saved.ID); err != nil {
				a.log.Warn("deleting the second copy of a file", "user", user, "file", s.Saved.ID, "error", err)
			}
			s.Saved, s.Full = files.Saved{File: f}, nil
		}
	}
	if s.Err == nil && u.Key != "" {
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.uploads) > 10_000 {
			clear(a.uploads)
		}
		a.uploads[key] = s.Saved.ID
	}
	return s
}

// savedBefore finds the file that an upload became earlier, if it is still there.
func (a *Assistant) savedBefore(ctx context.Context, key uploadKey) (files.File, bool) {
	a.mu.Lock()
	id, ok := a.uploads[key]
	a.mu.Unlock()
	if !ok || key.key == "" {
		return files.File{}, false
	}
	f, err := a.files.Get(ctx, key.user, id)
	return f, err == nil
}

// notSaved tells the model which attachments it can't have.
func notSaved(all []Saving) string {
	var lines []string
	for _, s := range all {
		if s.Err != nil {
			lines = append(lines, fmt.Sprintf("[The attachment %q was not saved: %s]", s.Name, fault.Message(s.Err)))
		}
	}
	return strings.Join(lines, "\n")
}
