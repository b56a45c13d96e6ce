package image

import (
	"encoding/binary"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// Image is an image file that was found to be the one that was written, as far as
// its index goes.
type Image struct {
	Extra []byte // what was given to Encode

	b   *Base
	f   *os.File
	sum string
	ix  *index

	mu     sync.Mutex
	blocks map[blockID]*opened

	readers, stateReaders sync.Pool // of *reader
}

// Open opens the image file at path. Its sum comes from a record that is trusted;
// the file need not be. The error is ErrBroken for a file that is another.
func (b *Base) Open(path, sum string) (_ *Image, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // nobody may write to a FIFO
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
	if !info.Mode().IsRegular() {
		return nil, broken("it is no file")
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
	return &Image{Extra: ix.extra, b: b, f: f, sum: sum, ix: ix, blocks: map[blockID]*opened{}}, nil
}

// Close closes the file.
func (i *Image) Close() error { return i.f.Close() }

// Size returns the bytes of a part of the image: State, Meta or Pages.
func (i *Image) Size(part string) int64 {
	switch part {
	case State:
		return int64(i.ix.stateBytes)
	case Meta:
		return int64(i.ix.metaBytes)
	}
	return int64(i.ix.pages) * page
}

// held is how many blocks are kept until all of them was read. gVisor reads the pages more or
// less in their order, some at once.
const held = 32

// opened is a block that somebody reads.
type opened struct {
	ready   chan struct{} // closed when data is there
	data    []byte
	lent    *[]byte // from buffers: what data is in
	err     error
	left    int // bytes that were not read yet
	readers int
}

// blockID is the number of a segment, or that of another part, and the number of the block
// there.
type blockID struct{ segment, block int }

const (
	ofState = -1
	ofMeta  = -2
)

// Read calls put with the n bytes of a part from off on, in pieces, which put may read until
// it returns. Many goroutines may read at once; it takes a bounded amount of memory.
func (i *Image) Read(part string, off int64, n int, put func(p []byte) error) error {
	if off < 0 || n < 0 || off > i.Size(part)-int64(n) {
		return broken("bytes are missing")
	}
	switch part {
	case State:
		return i.readBlocks(ofState, i.ix.state, int(off), n, put)
	case Meta:
		return i.readBlocks(ofMeta, i.ix.meta, int(off), n, put)
	}
	for number := int(off / segmentBytes); n > 0; number++ {
		from := int(off % segmentBytes)
		part := min(n, segmentBytes-from)
		if err := i.readSegment(number, from, part, put); err != nil {
			return err
		}
		off, n = off+int64(part), n-part
	}
	return nil
}

// readSegment is Read within a segment.
func (i *Image) readSegment(number, from, n int, put func(p []byte) error) error {
	s := i.ix.segments[number]
	own := 0 // where the own pages of the run begin, among those of the segment
	for _, run := range s.runs {
		size := run.n * page
		if from < size && n > 0 {
			part := min(n, size-from)
			read := func() error { return put(i.b.mapped[run.ref*page+from:][:part]) }
			if run.ref < 0 {
				read = func() error { return i.readBlocks(number, s.blocks, own+from, part, put) }
			}
			if err := guarded(read); err != nil {
				return err
			}
			from, n = size, n-part
		}
		from -= size
		if run.ref < 0 {
			own += size
		}
	}
	return nil
}

// readBlocks is Read for what is in blocks.
func (i *Image) readBlocks(segment int, blocks []block, from, n int, put func(p []byte) error) error {
	for k, l := range blocks {
		if from < l.raw && n > 0 {
			part := min(n, l.raw-from)
			id := blockID{segment, k}
			o := i.open(id, l)
			err := o.err
			if err == nil {
				err = put(o.data[from:][:part])
			}
			i.done(id, o, part)
			if err != nil {
				return err
			}
			from, n = l.raw, n-part
		}
		from -= l.raw
	}
	return nil
}

// open returns a block, decoded by whoever asks for it first.
func (i *Image) open(id blockID, l block) *opened {
	i.mu.Lock()
	o := i.blocks[id]
	if o != nil {
		o.readers++
		i.mu.Unlock()
		<-o.ready
		return o
	}
	o = &opened{ready: make(chan struct{}), lent: buffers.Get().(*[]byte), left: l.raw, readers: 1}
	if len(i.blocks) >= held {
		for other, b := range i.blocks {
			if b.readers == 0 {
				delete(i.blocks, other)
				buffers.Put(b.lent)
			}
		}
	}
	i.blocks[id] = o
	i.mu.Unlock()
	defer close(o.ready)
	idle := &i.readers
	var dictionary []byte
	if id.segment == ofState {
		idle, dictionary = &i.stateReaders, i.b.state
	}
	r, ok := idle.Get().(*reader)
	if !ok {
		r, o.err = newReader(i, dictionary)
	}
	if o.err == nil {
		o.data, o.err = r.read(l, (*o.lent)[:0])
		idle.Put(r)
	}
	return o
}

func (i *Image) done(id blockID, o *opened, n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	o.readers--
	if o.left -= n; o.left <= 0 && i.blocks[id] == o {
		delete(i.blocks, id)
	}
	if o.readers == 0 && i.blocks[id] != o {
		buffers.Put(o.lent)
	}
}

// reader reads blocks, in one goroutine.
type reader struct {
	i      *Image
	dec    *zstd.Decoder
	file   []byte // of a block as it is in the file
	sorted []byte // as lanes
}

func newReader(i *Image, dictionary []byte) (*reader, error) {
	options := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(blockBytes), zstd.WithDecoderMaxWindow(8 << 20)}
	if len(dictionary) > 0 {
		options = append(options, zstd.WithDecoderDictRaw(1, dictionary))
	}
	dec, err := zstd.NewReader(nil, options...)
	return &reader{i: i, dec: dec}, err
}

// read returns what a block holds, in to.
func (r *reader) read(l block, to []byte) ([]byte, error) {
	data := r.file
	if l.codec == asTheyAre {
		data = to
	}
	data = slices.Grow(data[:0], l.size)[:l.size]
	if err := r.at(data, l.at); err != nil {
		return nil, err
	}
	if update(0, data) != l.sum {
		return nil, errBlock
	}
	if l.codec == asTheyAre {
		return data, nil
	}
	r.file = data
	if l.codec == zstandard {
		raw, err := r.dec.DecodeAll(data, to[:0])
		if err != nil || len(raw) != l.raw {
			return nil, errDecode
		}
		return raw, nil
	}
	if n, err := s2.DecodedLen(data); err != nil || n != l.raw {
		return nil, errDecode
	}
	var err error
	if r.sorted, err = s2.Decode(r.sorted[:cap(r.sorted)], data); err != nil {
		return nil, errDecode
	}
	raw := slices.Grow(to[:0], l.raw)[:l.raw]
	fromLanes(raw, r.sorted)
	return raw, nil
}

var (
	errBlock  = broken("a block is another")
	errDecode = broken("a block does not decode")
)

func (r *reader) at(p []byte, at int64) error {
	_, err := r.i.f.ReadAt(p, at)
	if err == io.EOF {
		err = broken("it ends early")
	}
	return err
}
