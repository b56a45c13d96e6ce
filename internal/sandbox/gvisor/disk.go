package gvisor

import (
	"errors"
	"math"
	"syscall"

	"github.com/attachebot/attache/internal/fault"
)

// ofDisk gives an error its sentence where the cause is the disk of dir.
func ofDisk(err error, dir string) error {
	var fs syscall.Statfs_t
	switch {
	case err == nil || fault.Is(err, fault.Canceled):
	case errors.Is(err, syscall.EDQUOT), syscall.Statfs(dir, &fs) == nil && int64(fs.Bavail)*int64(fs.Bsize) < 1<<20:
		return fault.Wrap(err, fault.Unavailable, "Code can't run right now: the disk is full.")
	case errors.Is(err, syscall.ENOSPC) && fs.Files > 0 && fs.Ffree == 0:
		return fault.Wrap(err, fault.Unavailable, "Code can't run right now: the disk can't hold more files (`df -i`).")
	case errors.Is(err, syscall.EROFS):
		return fault.Wrap(err, fault.Unavailable, "Code can't run here: the file system of the data folder is read-only.")
	}
	return err
}

// freeBytes returns what a process may still write to the disk that dir is on.
func freeBytes(dir string) int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return math.MaxInt64 / 2 // the write will tell
	}
	return int64(st.Bavail) * st.Bsize
}
