package gvisor

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// shelf is the folder of the stored sessions, which bounds them.
type shelf struct {
	dir   string
	keep  time.Duration // how long one is kept; <0: for ever
	bound int64         // bytes of all, of which one user's may be a quarter
	log   *slog.Logger
}

// folder is that of a session. The conversation is hashed: it is an opaque text
// and must not become a path.
func (f *shelf) folder(k sandbox.Key) string {
	sum := sha256.Sum256([]byte(k.Conversation))
	return filepath.Join(f.dir, fmt.Sprint(k.User), hex.EncodeToString(sum[:12]))
}

// snapshots are the names of those that stored sessions need.
func (f *shelf) snapshots() map[string]bool {
	needed := map[string]bool{}
	records, _ := filepath.Glob(filepath.Join(f.dir, "*", "*", "session.json"))
	for _, record := range records {
		st := readStored(filepath.Dir(record))
		for _, one := range []*stored{&st, st.Next, st.Before} {
			if one != nil {
				needed[one.Compatible] = true
			}
		}
	}
	return needed
}

// sweep removes the sessions that were stored longer ago than they are kept.
func (f *shelf) sweep() {
	if f.keep < 0 {
		return
	}
	filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "session.json" {
			return nil
		}
		info, err := d.Info()
		if err != nil || time.Since(info.ModTime()) < f.keep {
			return nil
		}
		dir := filepath.Dir(path)
		own, err := lockFile(filepath.Join(dir, "lock"))
		if err != nil {
			return nil // live
		}
		defer own.Close()
		if err := removeSession(dir); err != nil {
			f.log.Warn("sweep of a session", "error", err)
		}
		return fs.SkipDir
	})
}

// onDisk is a session's folder.
type onDisk struct {
	dir, user string
	bytes     int64
	saved     time.Time
}

// all returns the sessions on disk, the oldest first.
func (f *shelf) all() []onDisk {
	var all []onDisk
	dirs, _ := filepath.Glob(filepath.Join(f.dir, "*", "*"))
	for _, dir := range dirs {
		s := onDisk{dir: dir, user: filepath.Base(filepath.Dir(dir)), bytes: wheels.DiskBytes(dir)}
		if info, err := os.Stat(filepath.Join(dir, "session.json")); err == nil {
			s.saved = info.ModTime()
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b onDisk) int { return a.saved.Compare(b.saved) })
	return all
}

// keepBound removes stored sessions, the oldest first, until those of each
// user and all together take no more than they may. One that is in use stays.
func (f *shelf) keepBound() {
	all := f.all()
	users, total := map[string]int64{}, int64(0)
	for _, s := range all {
		users[s.user] += s.bytes
		total += s.bytes
	}
	for _, s := range all {
		if users[s.user] <= f.bound/4 && total <= f.bound {
			continue
		}
		own, err := lockFile(filepath.Join(s.dir, "lock"))
		if err != nil {
			continue // live
		}
		err = removeSession(s.dir)
		own.Close()
		if err != nil {
			f.log.Warn("remove a stored session over the bound", "error", err)
			continue
		}
		f.log.Info("stored session removed: over the bound of bytes", "user", s.user, "bytes", s.bytes)
		users[s.user] -= s.bytes
		total -= s.bytes
	}
}

// removeSession removes what is stored of a session, and the user's folder if
// it was the last one.
func removeSession(dir string) error {
	err := os.RemoveAll(dir)
	os.Remove(filepath.Dir(dir)) // fails while there are others
	return err
}
