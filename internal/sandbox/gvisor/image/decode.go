package image

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Image is an image file that was found to be the one that was written, as far as
// its index goes.
type Image struct {
	Extra []byte // what was given to Encode

	b  *Base
	f  *os.File
	ix *index
}

// Open opens the image file at path. Its sum comes from a record that is trusted;
// the file need not be. The error is ErrBroken for a file that is another.
func (b *Base) Open(path, sum string) (_ *Image, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var tail [8]byte
	if info.Size() < int64(len(magic)+len(tail)) {
		return nil, broken("it is too short")
	}
	head := make([]byte, len(magic))
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, err
	}
	if string(head) != magic {
		return nil, broken("it has another format")
	}
	if _, err := f.ReadAt(tail[:], info.Size()-int64(len(tail))); err != nil {
		return nil, err
	}
	end := info.Size() - int64(len(tail))
	n := binary.BigEndian.Uint64(tail[:])
	if n > maxIndex || int64(n) > end-int64(len(magic)) {
		return nil, broken("the index is too long")
	}
	encoded := make([]byte, n)
	if _, err := f.ReadAt(encoded, end-int64(n)); err != nil {
		return nil, err
	}
	if sumOf(encoded) != sum {
		return nil, broken("the index is another")
	}
	ix, err := parse(encoded, b.count, end-int64(n))
	if err != nil {
		return nil, err
	}
	if string(ix.base) != b.content {
		return nil, broken("it belongs to another snapshot")
	}
	return &Image{Extra: ix.extra, b: b, f: f, ix: ix}, nil
}

// Close closes the file.
func (i *Image) Close() error { return i.f.Close() }

// Size returns the bytes of memory that the image holds.
func (i *Image) Size() int64 { return int64(i.ix.pages) * page }

// State writes the kernel's state to w. After an error what w has got is of no use.
func (i *Image) State(w io.Writer) error { return i.write(w, i.ix.state, i.b.state) }

// Meta is State for the description of the pages.
func (i *Image) Meta(w io.Writer) error { return i.write(w, i.ix.meta, nil) }

func (i *Image) write(w io.Writer, blocks []block, dictionary []byte) error {
	r, err := newReader(i, dictionary)
	if err != nil {
		return err
	}
	defer r.close()
	for _, l := range blocks {
		data, err := r.read(l)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// StateFile writes the kernel's state to its file in a folder.
func (i *Image) StateFile(dir string) error { return create(filepath.Join(dir, State), i.State) }

func create(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// Pages writes all pages to f, which is empty and has its full size at once. It
// takes a bounded amount of memory. After an error f is of no use.
func (i *Image) Pages(ctx context.Context, f *os.File) error {
	if err := f.Truncate(i.Size()); err != nil {
		return err
	}
	defer i.b.release()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan int)
	var work sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 4) {
		work.Go(func() {
			r, err := newReader(i, nil)
			if err != nil {
				cancel(err)
				return
			}
			defer r.close()
			for n := range todo {
				if err := r.segment(f, n); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for n := range i.ix.segments {
		select {
		case todo <- n:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(todo)
	work.Wait()
	return context.Cause(ctx)
}

// Expand writes the files of the checkpoint to a folder, as gVisor wrote them.
func (i *Image) Expand(ctx context.Context, dir string) error {
	err := errors.Join(i.StateFile(dir), create(filepath.Join(dir, Meta), i.Meta))
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, Pages), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(i.Pages(ctx, f), f.Close())
}

// reader reads blocks, in one goroutine.
type reader struct {
	i    *Image
	dec  *zstd.Decoder
	file []byte // of a block as it is in the file
	raw  []byte

	rest block  // what was not read yet of a block that is not compressed
	sum  uint64 // of what was
}

func newReader(i *Image, dictionary []byte) (*reader, error) {
	options := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(blockBytes), zstd.WithDecoderMaxWindow(8 << 20)}
	if len(dictionary) > 0 {
		options = append(options, zstd.WithDecoderDictRaw(1, dictionary))
	}
	dec, err := zstd.NewReader(nil, options...)
	return &reader{i: i, dec: dec}, err
}

func (r *reader) close() { r.dec.Close() }

// read returns what a block holds, until the next call.
func (r *reader) read(l block) ([]byte, error) {
	if cap(r.file) < l.size {
		r.file = make([]byte, max(l.size, blockBytes))
	}
	data := r.file[:l.size]
	if err := r.at(data, l.at); err != nil {
		return nil, err
	}
	if update(0, data) != l.sum {
		return nil, errBlock
	}
	if l.size == l.raw {
		return data, nil
	}
	raw, err := r.dec.DecodeAll(data, r.raw[:0])
	if err != nil || len(raw) != l.raw {
		return nil, broken("a block does not decode")
	}
	r.raw = raw
	return raw, nil
}

var errBlock = broken("a block is another")

func (r *reader) at(p []byte, at int64) error {
	_, err := r.i.f.ReadAt(p, at)
	if err == io.EOF {
		err = broken("it ends early")
	}
	return err
}

// next returns further bytes of a segment's blocks. Those that are not compressed come
// in pieces that stay in the cache; what they are is known with the last one.
func (r *reader) next(s *segment) ([]byte, error) {
	if r.rest.size == 0 {
		if len(s.blocks) == 0 {
			return nil, broken("pages are missing")
		}
		l := s.blocks[0]
		s.blocks = s.blocks[1:]
		if l.size != l.raw {
			return r.read(l)
		}
		r.rest, r.sum = l, 0
	}
	if cap(r.file) < atOnce {
		r.file = make([]byte, blockBytes)
	}
	piece := r.file[:min(r.rest.size, atOnce)]
	if err := r.at(piece, r.rest.at); err != nil {
		return nil, err
	}
	r.sum = update(r.sum, piece)
	r.rest.at += int64(len(piece))
	if r.rest.size -= len(piece); r.rest.size == 0 && r.sum != r.rest.sum {
		return nil, errBlock
	}
	return piece, nil
}

// segment writes the pages of a segment to their places.
func (r *reader) segment(f *os.File, n int) error {
	s := r.i.ix.segments[n]
	at := int64(n) * segmentPages * page
	var own []byte
	for _, run := range s.runs {
		size := run.n * page
		if run.ref >= 0 {
			if _, err := f.WriteAt(r.i.b.mapped[run.ref*page:][:size], at); err != nil {
				return err
			}
			at += int64(size)
			continue
		}
		for size > 0 {
			if len(own) == 0 {
				var err error
				if own, err = r.next(&s); err != nil {
					return err
				}
				continue
			}
			part := own[:min(size, len(own))]
			if _, err := f.WriteAt(part, at); err != nil {
				return err
			}
			own = own[len(part):]
			at, size = at+int64(len(part)), size-len(part)
		}
	}
	return nil
}
