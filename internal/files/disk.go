package files

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// earlyWriter writes to a file through w, and has the kernel begin to write to
// the disk meanwhile, so that the sync at the end finds little left to do.
type earlyWriter struct {
	w          io.Writer
	file       *os.File
	begun, end int64
}

func (e *earlyWriter) Write(p []byte) (int, error) {
	n, err := e.w.Write(p)
	if e.end += int64(n); e.end-e.begun >= 4<<20 {
		// A hint: if it fails, the sync tells.
		unix.SyncFileRange(int(e.file.Fd()), e.begun, e.end-e.begun, unix.SYNC_FILE_RANGE_WRITE)
		e.begun = e.end
	}
	return n, err
}

// syncFS puts all of the file system that a folder is on, on the disk.
func syncFS(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}

// isFull tells whether a disk, a disk quota or a file's allowed size is used up.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
