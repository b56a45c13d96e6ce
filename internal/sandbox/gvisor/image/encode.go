package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/durable"
)

// Encoder writes an image file while a checkpoint comes: the kernel's state, where the pages
// belong, and the pages, in any order and side by side. It takes a bounded amount of
// memory, whatever the checkpoint's size.
type Encoder struct {
	State, Meta *Stream

	b    *Base
	out  *os.File
	w    *writer
	ix   index
	err  error // of the goroutine that writes, until done is closed
	done chan struct{}

	todo, order chan job
	filling     job // the segment that pages are added to
	work        sync.WaitGroup
	ended       sync.Once
}

// job is a segment on its way into the file.
type job struct {
	pieces [][]byte // of memory, in whole pages
	pages  int
	first  int // number of the first one
	ready  chan scanned
}

// Encode begins an image in an empty file, with extra in it.
func (b *Base) Encode(out *os.File, extra []byte) (*Encoder, error) {
	if len(extra) > maxExtra {
		return nil, errors.New("an image holds less beside the checkpoint")
	}
	w := &writer{to: durable.Early(out, out)}
	w.write([]byte(magic))
	e := &Encoder{b: b, out: out, w: w, ix: index{base: []byte(b.content), extra: extra}, done: make(chan struct{})}
	e.State, e.Meta = &Stream{w: w, dictionary: b.state, left: maxState}, &Stream{w: w, left: maxState}
	go b.hashes() // may take longer than gVisor takes until it writes pages
	workers := min(runtime.GOMAXPROCS(0), 4)
	e.todo, e.order = make(chan job), make(chan job, 2*workers)
	for range workers {
		e.work.Go(func() {
			s := &scanner{b: b}
			for j := range e.todo {
				var out scanned
				if err := guarded(func() error { out = s.scan(j); return out.err }); err != nil {
					out.err = err
				}
				j.ready <- out
			}
		})
	}
	go e.write()
	return e, nil
}

// write writes all segments in their order.
func (e *Encoder) write() {
	defer close(e.done)
	for j := range e.order {
		s := <-j.ready
		err := s.err
		if err == nil && e.err == nil {
			err = guarded(func() error {
				blocks, err := e.w.put(s.blocks)
				e.ix.segments = append(e.ix.segments, segment{s.runs, blocks})
				return err
			})
		}
		if e.err == nil {
			e.err = err
		}
	}
}

// Pages adds memory, in whole pages, which is read until EndPages and does not change before.
func (e *Encoder) Pages(p []byte) error {
	if len(p)%page != 0 || e.ix.pages+len(p)/page > maxPages {
		return errors.New("the checkpoint is not made of pages")
	}
	for len(p) > 0 {
		n := min(len(p)/page, segmentPages-e.filling.pages)
		e.filling.pieces = append(e.filling.pieces, p[:n*page])
		e.filling.pages += n
		e.ix.pages += n
		if p = p[n*page:]; e.filling.pages == segmentPages {
			e.submit()
		}
	}
	return nil
}

func (e *Encoder) submit() {
	j := e.filling
	j.ready = make(chan scanned, 1)
	e.order <- j
	e.todo <- j
	e.filling = job{first: e.ix.pages}
}

// EndPages waits until the memory that was added is not needed any more. No more is added.
func (e *Encoder) EndPages() error {
	e.ended.Do(func() {
		if e.filling.pages > 0 {
			e.submit()
		}
		close(e.order)
		close(e.todo)
		e.work.Wait()
		<-e.done
	})
	return e.err
}

// Close writes the rest. It returns the sum of the image, which is on the disk then.
func (e *Encoder) Close() (sum string, err error) {
	var errs [3]error
	errs[0] = e.EndPages()
	e.ix.state, errs[1] = e.State.end()
	e.ix.meta, errs[2] = e.Meta.end()
	encoded := e.ix.encode()
	e.w.write(encoded)
	e.w.write(binary.BigEndian.AppendUint64(nil, uint64(len(encoded))))
	if err := errors.Join(append(errs[:], e.w.err)...); err != nil {
		return "", err
	}
	return sumOf(encoded), e.out.Sync()
}

// writer puts blocks one after the other into a file.
type writer struct {
	mu  sync.Mutex
	to  io.Writer
	at  int64
	err error
}

func (w *writer) write(p []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(p)
	}
	w.at += int64(len(p))
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

func (w *writer) put(blocks []packed) (list []block, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range blocks {
		p.at = w.at
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
	return list, w.err
}

// Stream takes a whole file of a checkpoint.
type Stream struct {
	w          *writer
	dictionary []byte
	enc        *zstd.Encoder
	buf, out   []byte
	left       int // bytes that it takes
	blocks     []block
}

// Write adds to the file. One goroutine may write.
func (s *Stream) Write(p []byte) (n int, err error) {
	if s.left -= len(p); s.left < 0 {
		return 0, errors.New("the kernel's state is larger than an image may have it")
	}
	for n = len(p); err == nil && len(p) > 0; {
		part := min(len(p), blockBytes-len(s.buf))
		s.buf = append(s.buf, p[:part]...)
		if p = p[part:]; len(s.buf) == blockBytes {
			err = s.flush()
		}
	}
	return n, err
}

func (s *Stream) flush() (err error) {
	if s.enc == nil {
		if s.enc, err = newEncoder(s.dictionary); err != nil {
			return err
		}
		s.out = make([]byte, 0, blockBytes+1<<10)
	}
	p := packed{block: block{raw: len(s.buf), codec: zstandard}, data: [][]byte{s.enc.EncodeAll(s.buf, s.out)}}
	if len(p.data[0]) >= len(s.buf) {
		p.data[0], p.codec = s.buf, asTheyAre
	}
	blocks, err := s.w.put([]packed{p})
	s.blocks, s.buf = append(s.blocks, blocks...), s.buf[:0]
	return err
}

func (s *Stream) end() (blocks []block, err error) {
	if len(s.buf) > 0 {
		err = s.flush()
	}
	if s.enc != nil {
		err = errors.Join(err, s.enc.Close())
	}
	return s.blocks, err
}

// scanned is a segment that is ready to be written.
type scanned struct {
	runs   []run
	blocks []packed
	err    error
}

// scanner finds the pages of segments in the base.
type scanner struct {
	b      *Base
	hashes hashes
	packer *packer
	own    [][]byte // pages that the base has not, neighbours as one
	size   int      // bytes of them
	buf    []byte
}

// scan describes the pages of a segment.
func (s *scanner) scan(j job) (out scanned) {
	if s.packer == nil {
		if s.packer, out.err = newPacker(); out.err != nil {
			return out
		}
		s.buf = make([]byte, 0, blockBytes)
	}
	if s.hashes == nil {
		if s.hashes, out.err = s.b.hashes(); out.err != nil {
			return out
		}
	}
	guess := j.first
	for _, pages := range j.pieces {
		unix.Madvise(pages, unix.MADV_POPULATE_READ)
		before := -2 * page // where the last of own is, in these
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
	}
	if s.size > 0 {
		out.blocks = append(out.blocks, s.pack())
	}
	return out
}

const (
	sampled   = 32 // pages of which one tells how a block is packed
	scattered = 16 // pieces of a block from which on they are written as one
)

// pack makes a block of the pages in own.
func (s *scanner) pack() packed {
	own, size := s.own, s.size
	s.own, s.size = nil, 0
	p := packed{block: block{raw: size}, data: own}
	lent := buffers.Get().(*[]byte)
	if p.codec = s.packer.choose(s.sample(own), *lent); p.codec != asTheyAre {
		whole := own[0]
		if len(own) > 1 {
			s.buf = join(s.buf, own)
			whole = s.buf
		}
		*lent = s.packer.pack(whole, (*lent)[:0], p.codec)
		if worth(len(*lent), size) {
			p.data, p.lent = [][]byte{*lent}, lent
			return p
		}
		p.codec = asTheyAre
	}
	if len(own) > scattered {
		*lent = join(*lent, own)
		p.data, p.lent = [][]byte{*lent}, lent
		return p
	}
	buffers.Put(lent)
	return p
}

// sample returns some of the pages.
func (s *scanner) sample(own [][]byte) []byte {
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
	return s.buf
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
	at := s.hashes.find(hashOf(p))
	if at < 0 || at >= s.b.count || !bytes.Equal(s.b.page(at), p) {
		return -1
	}
	return at
}
