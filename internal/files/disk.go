package files

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

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
