package durable

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Early returns a writer to a file through w, which has the disk begin with what is
// written meanwhile: the sync at the end then finds little left to do.
func Early(w io.Writer, file *os.File) io.Writer { return &earlyWriter{w: w, file: file} }

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
