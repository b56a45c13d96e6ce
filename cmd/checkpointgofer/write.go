package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/sentry/memmap"
	"gvisor.dev/gvisor/pkg/sentry/state/stateio"

	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
)

// writing makes an image of the parts of a checkpoint. The image counts when its sum is
// in a file of its own.
type writing struct {
	e        *image.Encoder
	out, sum *os.File

	mu    sync.Mutex
	parts map[string]io.Writer // those that were not opened yet
	left  int                  // that are not whole
}

func newWriting(base *image.Base, order image.Order) (*writing, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	out, err := os.OpenFile(order.Image, flags, 0o600)
	if err != nil {
		return nil, err
	}
	sum, err := os.OpenFile(filepath.Join(filepath.Dir(order.Image), image.SumFile), flags, 0o600)
	if err != nil {
		return nil, err
	}
	e, err := base.Encode(out, order.Extra)
	if err != nil {
		return nil, err
	}
	w := &writing{e: e, out: out, sum: sum, parts: map[string]io.Writer{image.State: e.State, image.Meta: e.Meta, image.Pages: nil}}
	w.left = len(w.parts)
	return w, nil
}

// Destroy implements stateipc.AsyncFileServerImpl.
func (w *writing) Destroy() {}

// OpenRead implements stateipc.AsyncFileServerImpl.
func (w *writing) OpenRead(string) (stateio.AsyncReader, error) { return nil, errPart }

// writeBytes is what the sandbox is told to write at once.
const writeBytes = 1 << 20

// OpenWrite implements stateipc.AsyncFileServerImpl. Each part is written once.
func (w *writing) OpenWrite(part string) (stateio.AsyncWriter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	to, ok := w.parts[part]
	if !ok {
		return nil, errPart
	}
	delete(w.parts, part)
	if part == image.Pages {
		return &pages{w: w}, nil
	}
	return stateio.NewIOWriter(&stream{to, w}, writeBytes, 1, 2), nil
}

// whole is called when a part is. With the last one the image is on the disk.
func (w *writing) whole() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left--; w.left > 0 {
		return nil
	}
	sum, err := w.e.Close()
	if err != nil {
		return err
	}
	_, err = w.sum.WriteString(sum)
	return errors.Join(err, w.sum.Sync())
}

// stream is the file of a part that is written in its order.
type stream struct {
	io.Writer
	w *writing
}

// Close is called when all was written.
func (s *stream) Close() error { return s.w.whole() }

// pages takes the memory of the sandbox, whose code stands still meanwhile: what it is to
// write is read in its place, and may be until Finalize.
type pages struct {
	stateio.NoRegisterClientFD
	w    *writing
	done []stateio.Completion
}

// Close implements stateio.AsyncWriter.
func (p *pages) Close() error {
	p.w.e.EndPages() // the memory goes
	return nil
}

// MaxWriteBytes implements stateio.AsyncWriter.
func (p *pages) MaxWriteBytes() uint64 { return writeBytes }

// MaxRanges implements stateio.AsyncWriter.
func (p *pages) MaxRanges() int { return writeBytes / os.Getpagesize() }

// MaxParallel implements stateio.AsyncWriter.
func (p *pages) MaxParallel() int { return 64 }

// Reserve implements stateio.AsyncWriter.
func (p *pages) Reserve(uint64) {}

// AddWrite implements stateio.AsyncWriter.
func (p *pages) AddWrite(id int, _ stateio.SourceFile, _ memmap.FileRange, memory []byte) {
	p.add(id, stateio.LocalClientMapping(memory))
}

// AddWritev implements stateio.AsyncWriter.
func (p *pages) AddWritev(id int, _ uint64, _ stateio.SourceFile, _ []memmap.FileRange, memory []unix.Iovec) {
	p.add(id, stateio.LocalClientMappings(memory))
}

func (p *pages) add(id int, memory stateio.LocalClientRanges) {
	c := stateio.Completion{ID: id}
	for _, m := range memory.Mappings {
		if c.Err = p.w.e.Pages(m); c.Err != nil {
			break
		}
		c.N += uint64(len(m))
	}
	p.done = append(p.done, c)
}

// Wait implements stateio.AsyncWriter.
func (p *pages) Wait(done []stateio.Completion, _ int) ([]stateio.Completion, error) {
	done = append(done, p.done...)
	p.done = p.done[:0]
	return done, nil
}

// Finalize implements stateio.AsyncWriter.
func (p *pages) Finalize() error {
	if err := p.w.e.EndPages(); err != nil {
		return err
	}
	return p.w.whole()
}
