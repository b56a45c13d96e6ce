// Package image stores what gVisor writes at a checkpoint as the difference to a
// snapshot: pages of memory that the snapshot has too are references to it.
//
// An image is one file. Its name in a record is not enough to restore it: the
// record also has its sum, over an index that has the sum of everything else. So
// bytes that were changed, on a disk or in a bucket, are an error and never a
// restored process.
package image

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	"golang.org/x/sys/unix"
)

// The files of a checkpoint.
const (
	State = "checkpoint.img" // of the kernel; of much the same size whatever the session holds
	Meta  = "pages_meta.img" // where the pages belong
	Pages = "pages.img"      // the memory
)

const page = 4096

// Base is the snapshot that images refer to. It may be used by many goroutines.
type Base struct {
	dir     string
	content string
	state   []byte // the dictionary of the states of its sessions
	pages   *os.File
	mapped  []byte // pages
	count   int    // of them

	hashes func() (hashes, error)
}

// Content names what a snapshot's folder holds.
func Content(dir string) (string, error) {
	sum := sha256.New()
	for _, name := range []string{State, Pages} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		n, err := io.Copy(sum, f)
		f.Close()
		if err != nil {
			return "", err
		}
		fmt.Fprintln(sum, n)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// OpenBase opens the snapshot in a folder, whose content has the name given.
func OpenBase(dir, content string) (*Base, error) {
	state, err := os.ReadFile(filepath.Join(dir, State))
	if err != nil {
		return nil, err
	}
	pages, err := os.Open(filepath.Join(dir, Pages))
	if err != nil {
		return nil, err
	}
	info, err := pages.Stat()
	if err == nil && (info.Size()%page != 0 || info.Size()/page > 1<<31) {
		err = errors.New("the snapshot is not made of pages")
	}
	var mapped []byte
	if err == nil {
		mapped, err = mapFile(pages, info.Size())
	}
	if err != nil {
		pages.Close()
		return nil, err
	}
	b := &Base{dir: dir, content: content, state: state, pages: pages, mapped: mapped, count: int(info.Size() / page)}
	b.hashes = sync.OnceValues(b.readHashes)
	return b, nil
}

// Close is called when no image is written or read any more.
func (b *Base) Close() error { return errors.Join(unmap(b.mapped), b.pages.Close()) }

func (b *Base) page(i int) []byte { return b.mapped[i*page:][:page] }

func mapFile(f *os.File, size int64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

func unmap(mapped []byte) error {
	if mapped == nil {
		return nil
	}
	return unix.Munmap(mapped)
}

// guarded runs f, which reads files that are mapped. A disk that fails then is a
// fault of memory: it becomes an error.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("read of a mapped file: %v", r)
		}
	}()
	return f()
}
