// Package stored has what is on disk of a session beside its images: a record in
// the session's folder, which names all that is kept there.
package stored

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/durable"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
)

// Session describes a session on disk: an image of its sandbox, its variables
// as pickles, or both. The pickles are for when the image can't be restored:
// after an upgrade, on another machine.
type Session struct {
	Conversation string
	SavedAt      time.Time
	Image        string   `json:",omitempty"` // name of a file, or of a folder as gVisor wrote it
	Sum          string   `json:",omitempty"` // of the file
	Compatible   string   `json:",omitempty"` // key of the snapshot that the image came from
	Variables    string   `json:",omitempty"` // file name: frames of "var"
	Count        int      `json:",omitempty"` // of them
	Lost         []string `json:",omitempty"` // variables that could not be pickled
	Packages     []string `json:",omitempty"` // folder names, in the order of installation
	Files        []string `json:",omitempty"` // ids that were bound
	Number       int64    // of the last cell
	Live         bool     // a process has the session; after its death, what the session was
	Behind       bool     // and it has gone on from what is stored here
	Forked       bool     `json:",omitempty"` // the image is another session's, which went on too

	// Next is what a checkpoint that was begun will leave. Boot is that of the machine
	// at its beginning: nothing is known of one that a power cut ended.
	Next *Session `json:",omitempty"`
	Boot string   `json:",omitempty"`
	// Before is older and has an image. It is kept while this has none that is whole.
	Before *Session `json:",omitempty"`
}

// Empty tells whether nothing is stored, and nothing is known to be lost.
func (st Session) Empty() bool { return st.Image == "" && st.Variables == "" && len(st.Lost) == 0 }

// Names are the files and folders that are kept for it.
func (st Session) Names() []string {
	names := []string{st.Image, st.Variables}
	for _, other := range []*Session{st.Next, st.Before} {
		if other != nil {
			names = append(names, other.Names()...)
		}
	}
	return names
}

// Snapshots are the names of those that its images refer to.
func (st Session) Snapshots() (names []string) {
	for _, one := range []*Session{&st, st.Next, st.Before} {
		if one != nil && one.Image != "" && !slices.Contains(names, one.Compatible) {
			names = append(names, one.Compatible)
		}
	}
	return names
}

// Over returns what is kept of st, which has no image because that failed, and of
// what was stored before: an image that is whole stays until another is.
func (st Session) Over(old Session) Session {
	old.Next = nil
	if st.Variables == "" { // it had died already, or could not be stored
		if old.Image != "" || old.Variables != "" {
			return old
		}
		st.Live = true
		return st
	}
	if old.Image == "" {
		st.Before = old.Before
		return st
	}
	old.Before = nil
	st.Before = &old
	return st
}

// Settle finishes what a process that died has left in a session's folder: a
// checkpoint that was begun, which gVisor completes by itself, is waited for. It
// reports whether there was one, and it is whole now. The caller has the lock.
func Settle(ctx context.Context, dir string) (st Session, whole bool, err error) {
	st = Read(dir)
	if err := settleAnswers(ctx, dir); err != nil {
		return st, false, err
	}
	if st.Next == nil {
		return st, false, nil
	}
	next := *st.Next
	folder := filepath.Join(dir, next.Image)
	if next.Boot == BootID() {
		if err := awaitCheckpoint(ctx, folder); err != nil {
			return st, false, err
		}
		_, err := image.Written(folder)
		whole = err == nil && container.Complete(folder)
	}
	if !whole {
		next.Image, next.Compatible = "", ""
		next = next.Over(st)
	}
	return next, whole, next.Write(dir)
}

// awaitCheckpoint waits until no process writes an image into a folder any more.
func awaitCheckpoint(ctx context.Context, folder string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		busy := false
		files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, file := range files {
			args, _ := os.ReadFile(file)
			busy = busy || bytes.Contains(args, []byte(filepath.Base(folder))) && bytes.Contains(args, []byte("checkpoint"))
		}
		if !busy {
			return nil
		}
		select {
		case <-ctx.Done():
			return fault.Wrap(context.Cause(ctx), fault.Unavailable, "This session is being stored; please try again in a minute.")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// BootID names the time since the machine was started.
var BootID = sync.OnceValue(func() string {
	data, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data))
})

// Read returns the record in a session's folder: an empty one if there is none, and
// if it can't be read, one that says so.
func Read(dir string) Session {
	var st Session
	data, err := os.ReadFile(filepath.Join(dir, "session.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return st
	}
	if err != nil || json.Unmarshal(data, &st) != nil {
		return Session{Lost: []string{"all variables"}}
	}
	return st
}

// Write replaces what is on disk at once, and then removes what it no longer
// names.
func (st Session) Write(dir string) error {
	data, err := json.Marshal(st)
	if err != nil {
		return err
	}
	if err := durable.Write(filepath.Join(dir, "session.json"), data); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	kept := append(st.Names(), "session.json", answersFolder)
	var errs []error
	for _, e := range entries {
		if !slices.Contains(kept, e.Name()) {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// SavedOn is the time of it, for people.
func (st Session) SavedOn(zone *time.Location) string {
	return st.SavedAt.In(zone).Format("2006-01-02 15:04")
}

// AfterDeath says what is lost of a session whose process died with it: a power
// cut, or a machine out of memory.
func (st Session) AfterDeath(zone *time.Location) []locale.Message {
	switch {
	case !st.Live:
		return nil
	case st.Behind:
		return []locale.Message{locale.Later("the session is as it was on %s · lost: what came after, because its process ended without warning", st.SavedOn(zone))}
	case st.Empty():
		return []locale.Message{locale.Later("lost: all variables of this session, because its process ended without warning")}
	}
	return nil
}
