package image

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// An image file: the magic word, the blocks in any order, the index, the length of the
// index in 8 bytes.
//
//	index:   base, extra, state, meta, number of pages, segments
//	segment: runs of pages, blocks with the pages that the base has not
const (
	magic = "attache image 3\n"

	segmentPages = 1024
	segmentBytes = segmentPages * page
	blockBytes   = 1 << 20
	maxState     = 256 << 20 // bytes of the kernel's state, and of the meta file
	maxIndex     = 64 << 20
	maxExtra     = 1 << 20
	maxPages     = 1 << 24 // 64 GiB
)

// ErrBroken says that an image is not what was written, or not of this base.
var ErrBroken = errors.New("the image is broken")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(format, args...))
}

type index struct {
	base, extra []byte
	state, meta []block
	pages       int
	segments    []segment

	stateBytes, metaBytes int // that the blocks hold
}

// segment is a stretch of segmentPages pages; the last one may be shorter.
type segment struct {
	runs   []run
	blocks []block
}

// run is n pages: those of the base from ref on, or for ref < 0 the next of the
// blocks.
type run struct{ ref, n int }

type block struct {
	at    int64 // in the file
	size  int   // there
	codec int
	raw   int // bytes that it holds
	sum   uint64
}

// The sum of a block is a CRC of 64 bits, whose polynomial is the product of two that
// processors are fast at. It finds what a disk or a line does to bytes; the bytes of
// somebody who means harm are those of an archive, which has a sum of its own.
func update(sum uint64, p []byte) uint64 {
	return uint64(crc32.Update(uint32(sum>>32), castagnoli, p))<<32 | uint64(crc32.Update(uint32(sum), crc32.IEEETable, p))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (ix *index) encode() []byte {
	var b []byte
	number := func(n int) { b = binary.AppendUvarint(b, uint64(n)) }
	text := func(s []byte) { number(len(s)); b = append(b, s...) }
	blocks := func(list []block) {
		number(len(list))
		for _, l := range list {
			number(int(l.at))
			number(l.size)
			number(l.codec)
			number(l.raw)
			b = binary.BigEndian.AppendUint64(b, l.sum)
		}
	}
	text(ix.base)
	text(ix.extra)
	blocks(ix.state)
	blocks(ix.meta)
	number(ix.pages)
	for _, s := range ix.segments {
		number(len(s.runs))
		for _, r := range s.runs {
			number(r.ref + 1)
			number(r.n)
		}
		blocks(s.blocks)
	}
	return b
}

func sumOf(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

// parser reads an index that may hold anything. After an error it reads zeros.
type parser struct {
	b    []byte
	end  int64 // of the blocks in the file
	left int64 // bytes that no block was found to have
	err  error
}

func (p *parser) number(most int) int {
	n, size := binary.Uvarint(p.b)
	if size <= 0 || n > uint64(most) {
		p.fail("a number is missing or too large")
		return 0
	}
	p.b = p.b[size:]
	return int(n)
}

func (p *parser) fail(why string) {
	if p.err == nil {
		p.err = broken("%s", why)
	}
	p.b = nil
}

func (p *parser) take(n int) []byte {
	if n > len(p.b) {
		p.fail("the index ends early")
		return make([]byte, min(n, 8))
	}
	part := p.b[:n]
	p.b = p.b[n:]
	return part
}

// blocks reads a list of blocks that hold most bytes at most, and each as many as
// it may.
func (p *parser) blocks(most int) (list []block, raw int) {
	for range p.number(most/blockBytes + 1) {
		l := block{at: int64(p.number(math.MaxInt)), size: p.number(blockBytes), codec: p.number(codecs - 1), raw: p.number(blockBytes)}
		l.sum = binary.BigEndian.Uint64(p.take(8))
		if l.size > l.raw || l.codec == asTheyAre && l.size != l.raw || l.codec == lanes && l.raw%laneStep != 0 {
			p.fail("a block that can't be as long as it is")
		}
		if l.at < int64(len(magic)) || l.at > p.end-int64(l.size) {
			p.fail("a block that is not in the file")
		}
		if p.err != nil {
			return nil, 0
		}
		p.left -= int64(l.size)
		raw += l.raw
		list = append(list, l)
	}
	if raw > most {
		p.fail("more bytes than there may be")
	}
	return list, raw
}

// parse reads an index for a base with so many pages, whose blocks fill the file
// from the magic word to the byte end.
func parse(b []byte, basePages int, end int64) (*index, error) {
	p := &parser{b: b, end: end, left: end - int64(len(magic))}
	ix := &index{base: p.take(p.number(1000)), extra: p.take(p.number(maxExtra))}
	ix.state, ix.stateBytes = p.blocks(maxState)
	ix.meta, ix.metaBytes = p.blocks(maxState)
	ix.pages = p.number(maxPages)
	for left := ix.pages; left > 0 && p.err == nil; left -= segmentPages {
		s, pages, own := segment{}, 0, 0
		for range p.number(segmentPages) {
			r := run{p.number(basePages) - 1, p.number(segmentPages)}
			if pages += r.n; r.n == 0 || r.ref >= 0 && r.ref+r.n > basePages {
				p.fail("a run of pages that are not there")
			}
			if r.ref < 0 {
				own += r.n
			}
			s.runs = append(s.runs, r)
		}
		var raw int
		if s.blocks, raw = p.blocks(segmentPages * page); p.err == nil && (raw != own*page || pages != min(left, segmentPages)) {
			p.fail("a segment that is not whole")
		}
		ix.segments = append(ix.segments, s)
	}
	if p.err == nil && (len(p.b) > 0 || p.left != 0) {
		p.fail("bytes that belong to nothing")
	}
	return ix, p.err
}
