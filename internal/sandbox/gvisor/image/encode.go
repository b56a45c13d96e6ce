package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/attachebot/attache/internal/durable"
)

// Encode writes the checkpoint in folder raw to the file dst, which appears whole
// or not at all, with extra beside it. It returns the image's sum. It takes a
// bounded amount of memory, whatever the checkpoint's size.
func (b *Base) Encode(dst, raw string, extra []byte) (sum string, err error) {
	defer b.release()
	hashes, err := b.index()
	if err != nil {
		return "", err
	}
	pages, err := os.Open(filepath.Join(raw, Pages))
	if err != nil {
		return "", err
	}
	defer pages.Close()
	info, err := pages.Stat()
	if err != nil {
		return "", err
	}
	if info.Size()%page != 0 || info.Size()/page > maxPages || len(extra) > maxExtra {
		return "", errors.New("the checkpoint is not made of pages")
	}
	mapped, err := mapFile(pages, info.Size())
	if err != nil {
		return "", err
	}
	defer unmap(mapped)
	tmp := dst + ".new"
	out, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err == nil {
			err = os.Rename(tmp, dst)
		}
		if err != nil {
			os.Remove(tmp)
			sum = ""
		}
	}()
	w := &writer{to: durable.Early(out, out), ix: index{base: []byte(b.content), extra: extra, pages: int(info.Size() / page)}}
	w.write([]byte(magic))
	if w.ix.state, err = w.file(filepath.Join(raw, State), b.state); err != nil {
		return "", err
	}
	if w.ix.meta, err = w.file(filepath.Join(raw, Meta), nil); err != nil {
		return "", err
	}
	if err := w.segments(b, hashes, mapped); err != nil {
		return "", err
	}
	encoded := w.ix.encode()
	w.write(encoded)
	w.write(binary.BigEndian.AppendUint64(nil, uint64(len(encoded))))
	return sumOf(encoded), errors.Join(w.err, out.Sync())
}

// writer puts blocks one after the other into a file.
type writer struct {
	to  io.Writer
	ix  index
	err error
}

func (w *writer) write(p []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(p)
	}
}

// packed is a block with its bytes as they are in the file, in pieces. It gets its size
// and its sum when it is written.
type packed struct {
	block
	data [][]byte
	lent *[]byte // from buffers: what data is in; nil: it is elsewhere
}

// buffers are for the bytes of blocks.
var buffers = sync.Pool{New: func() any { return new(make([]byte, 0, blockBytes+1<<10)) }}

// atOnce is how much is summed and then written, so that it is still in the cache.
const atOnce = 256 << 10

func (w *writer) put(blocks []packed) (list []block) {
	for _, p := range blocks {
		for _, data := range p.data {
			for part := range slices.Chunk(data, atOnce) {
				p.sum = update(p.sum, part)
				p.size += len(part)
				w.write(part)
			}
		}
		list = append(list, p.block)
		if p.lent != nil {
			buffers.Put(p.lent)
		}
	}
	return list
}

func newEncoder(dictionary []byte) (*zstd.Encoder, error) {
	options := []zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false)}
	if len(dictionary) > 0 {
		options = append(options, zstd.WithEncoderDictRaw(1, dictionary), zstd.WithWindowSize(1<<20))
	}
	return zstd.NewWriter(nil, options...)
}

// file writes a whole file, in blocks.
func (w *writer) file(path string, dictionary []byte) (list []block, err error) {
	enc, err := newEncoder(dictionary)
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buf, out := make([]byte, blockBytes), make([]byte, 0, blockBytes+1<<10)
	for left := maxState; ; {
		n, err := io.ReadFull(f, buf)
		if left -= n; left < 0 {
			return nil, errors.New("the kernel's state is larger than an image may have it")
		}
		if n > 0 {
			p := packed{block: block{raw: n}, data: [][]byte{enc.EncodeAll(buf[:n], out)}}
			if len(p.data[0]) >= n {
				p.data[0] = buf[:n]
			}
			list = append(list, w.put([]packed{p})...)
		}
		switch {
		case err == io.EOF, err == io.ErrUnexpectedEOF:
			return list, w.err
		case err != nil:
			return nil, err
		}
	}
}

// scanned is a segment that is ready to be written.
type scanned struct {
	runs   []run
	blocks []packed
	err    error
}

// segments has all segments scanned and compressed by as many goroutines as there
// are processors, and writes them in their order.
func (w *writer) segments(b *Base, hashes map[uint64]uint32, mapped []byte) error {
	type job struct {
		pages []byte
		first int
		done  chan scanned
	}
	workers := min(runtime.GOMAXPROCS(0), 4)
	todo, order, stop := make(chan job), make(chan job, 2*workers), make(chan struct{})
	var work sync.WaitGroup
	defer work.Wait()
	defer close(stop)
	work.Go(func() {
		defer close(todo)
		defer close(order)
		for first := 0; first < w.ix.pages; first += segmentPages {
			pages := mapped[first*page : min(first+segmentPages, w.ix.pages)*page]
			j := job{pages, first, make(chan scanned, 1)}
			for _, c := range []chan job{order, todo} {
				select {
				case c <- j:
				case <-stop:
					return
				}
			}
		}
	})
	for range workers {
		work.Go(func() {
			s := &scanner{b: b, hashes: hashes}
			for j := range todo {
				var out scanned
				err := guarded(func() error {
					out = s.scan(j.pages, j.first)
					return out.err
				})
				out.err = err
				j.done <- out
			}
		})
	}
	for j := range order {
		s := <-j.done
		if s.err != nil {
			return s.err
		}
		err := guarded(func() error {
			w.ix.segments = append(w.ix.segments, segment{s.runs, w.put(s.blocks)})
			return w.err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// scanner finds the pages of segments in the base.
type scanner struct {
	b      *Base
	hashes map[uint64]uint32
	enc    *zstd.Encoder
	own    [][]byte // pages that the base has not, neighbours as one
	size   int      // bytes of them
	buf    []byte
}

// scan describes the pages of a segment, whose first one has the number given.
func (s *scanner) scan(pages []byte, first int) (out scanned) {
	if s.enc == nil {
		if s.enc, out.err = newEncoder(nil); out.err != nil {
			return out
		}
		s.buf = make([]byte, 0, blockBytes)
	}
	guess, before := first, -page // before: where the last of own is
	for at := 0; at < len(pages); at += page {
		p := pages[at:][:page]
		ref := s.find(p, guess)
		if ref < 0 {
			if k := len(s.own) - 1; k >= 0 && before == at-page {
				s.own[k] = pages[at-len(s.own[k]):][:len(s.own[k])+page]
			} else {
				s.own = append(s.own, p)
			}
			before, s.size = at, s.size+page
			guess++ // a changed page stands where the old one stood
		} else {
			guess = ref + 1
		}
		if s.size == blockBytes {
			out.blocks = append(out.blocks, s.pack())
		}
		k := len(out.runs) - 1
		if k >= 0 && (ref < 0 && out.runs[k].ref < 0 || ref >= 0 && out.runs[k].ref >= 0 && out.runs[k].ref+out.runs[k].n == ref) {
			out.runs[k].n++
		} else {
			out.runs = append(out.runs, run{ref, 1})
		}
	}
	if s.size > 0 {
		out.blocks = append(out.blocks, s.pack())
	}
	return out
}

const (
	sampled   = 32 // pages of which one tells whether a block is worth compressing
	scattered = 16 // pieces of a block from which on they are written as one
)

// worth tells whether compressing saves enough: it takes time, and later once more.
func worth(size, raw int) bool { return size < raw-raw/16 }

// pack makes a block of the pages in own.
func (s *scanner) pack() packed {
	own, size := s.own, s.size
	s.own, s.size = nil, 0
	p := packed{block: block{raw: size}, data: own}
	lent := buffers.Get().(*[]byte)
	if size <= sampled*page || s.shrinks(own, lent) {
		whole := own[0]
		if len(own) > 1 {
			s.buf = join(s.buf, own)
			whole = s.buf
		}
		*lent = s.enc.EncodeAll(whole, (*lent)[:0])
		if worth(len(*lent), size) {
			p.data, p.lent = [][]byte{*lent}, lent
			return p
		}
	}
	if len(own) > scattered {
		*lent = join(*lent, own)
		p.data, p.lent = [][]byte{*lent}, lent
		return p
	}
	buffers.Put(lent)
	return p
}

// shrinks compresses a sample of pages, into lent.
func (s *scanner) shrinks(own [][]byte, lent *[]byte) bool {
	s.buf = s.buf[:0]
	i := 0
	for _, pages := range own {
		for at := 0; at < len(pages); at += page {
			if i%sampled == 0 {
				s.buf = append(s.buf, pages[at:][:page]...)
			}
			i++
		}
	}
	*lent = s.enc.EncodeAll(s.buf, (*lent)[:0])
	return worth(len(*lent), len(s.buf))
}

// join puts pieces together in buf.
func join(buf []byte, pieces [][]byte) []byte {
	buf = buf[:0]
	for _, p := range pieces {
		buf = append(buf, p...)
	}
	return buf
}

// find returns a page of the base that has the same content, or -1.
func (s *scanner) find(p []byte, guess int) int {
	if guess < s.b.count && bytes.Equal(s.b.page(guess), p) {
		return guess
	}
	at, ok := s.hashes[maphash.Bytes(s.b.seed, p)]
	if !ok || !bytes.Equal(s.b.page(int(at)), p) {
		return -1
	}
	return int(at)
}
