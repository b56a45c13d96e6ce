package gvisor

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// ofDisk gives an error its sentence where the cause is the disk of dir.
func ofDisk(err error, dir string) error {
	var fs syscall.Statfs_t
	switch {
	case err == nil || fault.Is(err, fault.Canceled):
	case errors.Is(err, syscall.EDQUOT), syscall.Statfs(dir, &fs) == nil && int64(fs.Bavail)*int64(fs.Bsize) < 1<<20:
		return fault.Wrap(err, fault.Unavailable, "Code can't run right now: the disk is full.")
	case errors.Is(err, syscall.EROFS):
		return fault.Wrap(err, fault.Unavailable, "Code can't run here: the file system of the data folder is read-only.")
	}
	return err
}

// onDisk is a session's folder.
type onDisk struct {
	dir, user string
	bytes     int64
	saved     time.Time
}

// Stored returns how many bytes the stored sessions take, and may take.
func (h *Host) Stored() (bytes, bound int64) {
	for _, s := range h.onDisk() {
		bytes += s.bytes
	}
	return bytes, h.opts.Stored
}

// onDisk returns all sessions on disk, the oldest first.
func (h *Host) onDisk() []onDisk {
	var all []onDisk
	dirs, _ := filepath.Glob(filepath.Join(h.dirs.sessions, "*", "*"))
	for _, dir := range dirs {
		s := onDisk{dir: dir, user: filepath.Base(filepath.Dir(dir))}
		filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return nil
			}
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				s.bytes += st.Blocks * 512
			}
			if d.Name() == "session.json" {
				s.saved = info.ModTime()
			}
			return nil
		})
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b onDisk) int { return a.saved.Compare(b.saved) })
	return all
}

// boundStored removes stored sessions, the oldest first, until those of each
// user and all together take no more than they may. One that is in use stays.
func (h *Host) boundStored() {
	all := h.onDisk()
	users, total := map[string]int64{}, int64(0)
	for _, s := range all {
		users[s.user] += s.bytes
		total += s.bytes
	}
	for _, s := range all {
		if users[s.user] <= h.opts.Stored/4 && total <= h.opts.Stored {
			continue
		}
		own, err := lockFile(filepath.Join(s.dir, "lock"))
		if err != nil {
			continue // live
		}
		err = removeSession(s.dir)
		own.Close()
		if err != nil {
			h.log.Warn("remove a stored session over the bound", "error", err)
			continue
		}
		h.log.Info("stored session removed: over the bound of bytes", "user", s.user, "bytes", s.bytes)
		users[s.user] -= s.bytes
		total -= s.bytes
	}
}

// freeBytes returns what a process may still write to the disk that dir is on.
func freeBytes(dir string) int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return math.MaxInt64 / 2 // the write will tell
	}
	return int64(st.Bavail) * st.Bsize
}
