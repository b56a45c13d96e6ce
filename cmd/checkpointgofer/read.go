package main

import (
	"io"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/sentry/memmap"
	"gvisor.dev/gvisor/pkg/sentry/state/stateio"

	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
)

// reading serves the parts of an image.
type reading struct{ i *image.Image }

// Destroy implements stateipc.AsyncFileServerImpl.
func (reading) Destroy() {}

// OpenWrite implements stateipc.AsyncFileServerImpl.
func (reading) OpenWrite(string) (stateio.AsyncWriter, error) { return nil, errPart }

// OpenRead implements stateipc.AsyncFileServerImpl.
func (r reading) OpenRead(part string) (stateio.AsyncReader, error) {
	switch part {
	case image.State, image.Meta, image.Pages:
		return newReader(r.i, part), nil
	}
	return nil, errPart
}

// What the sandbox is told to read at once.
const (
	readBytes = 1 << 20
	reads     = 16
)

// reader writes what is read of a part into the memory of the sandbox.
type reader struct {
	i    *image.Image
	part string
	todo chan read
	done chan stateio.Completion
	work sync.WaitGroup

	mu    sync.Mutex
	files []*os.File // memory
}

type read struct {
	id   int
	from int64
	to   *os.File
	at   []memmap.FileRange
}

func newReader(i *image.Image, part string) *reader {
	r := &reader{i: i, part: part, todo: make(chan read, reads), done: make(chan stateio.Completion, reads)}
	for range min(2*runtime.GOMAXPROCS(0), 8) {
		r.work.Go(func() {
			for t := range r.todo {
				r.done <- r.read(t)
			}
		})
	}
	return r
}

func (r *reader) read(t read) stateio.Completion {
	c := stateio.Completion{ID: t.id}
	for _, to := range t.at {
		at, size := int64(to.Start), int64(to.Length())
		n := min(size, r.i.Size(r.part)-t.from)
		if n <= 0 {
			c.Err = io.EOF
			break
		}
		c.Err = r.i.Read(r.part, t.from, int(n), func(p []byte) error {
			// Not into the mapping of it: each page that is new there would be cleared first.
			_, err := t.to.WriteAt(p, at)
			at += int64(len(p))
			return err
		})
		if c.Err != nil {
			break
		}
		c.N += uint64(n)
		if t.from += n; n < size {
			c.Err = io.EOF
			break
		}
	}
	return c
}

// Close implements stateio.AsyncReader.
func (r *reader) Close() error {
	close(r.todo)
	r.work.Wait()
	for _, f := range r.files {
		f.Close()
	}
	return nil
}

// MaxReadBytes implements stateio.AsyncReader.
func (r *reader) MaxReadBytes() uint64 { return readBytes }

// MaxRanges implements stateio.AsyncReader.
func (r *reader) MaxRanges() int { return readBytes / os.Getpagesize() }

// MaxParallel implements stateio.AsyncReader.
func (r *reader) MaxParallel() int { return reads }

// NeedRegisterDestinationFD implements stateio.AsyncReader.
func (r *reader) NeedRegisterDestinationFD() bool { return true }

// RegisterDestinationFD implements stateio.AsyncReader.
func (r *reader) RegisterDestinationFD(fd int32, _ uint64, _ []stateio.ClientFileRangeSetting) (stateio.DestinationFile, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(own), "memory")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = append(r.files, f)
	return f, nil
}

// AddRead implements stateio.AsyncReader.
func (r *reader) AddRead(id int, off int64, to stateio.DestinationFile, at memmap.FileRange, _ []byte) {
	r.todo <- read{id, off, to.(*os.File), []memmap.FileRange{at}}
}

// AddReadv implements stateio.AsyncReader.
func (r *reader) AddReadv(id int, off int64, _ uint64, to stateio.DestinationFile, at []memmap.FileRange, _ []unix.Iovec) {
	r.todo <- read{id, off, to.(*os.File), at}
}

// Wait implements stateio.AsyncReader.
func (r *reader) Wait(done []stateio.Completion, least int) ([]stateio.Completion, error) {
	return stateio.CompletionChanWait(r.done, done, least)
}
