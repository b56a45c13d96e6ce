package tokens

import (
	"math/bits"
)

// splitter cuts a text into pieces, a batch at a time.
type splitter struct {
	text    []byte
	pos     int // start of the next piece
	wide    int // characters other than ASCII were seen before here
	pattern pattern
}

// batch is how many pieces a call of next may return.
const batch = 64

// spans are where pieces start and end in a text.
type spans struct{ starts, ends [batch]int }

// next stores the next pieces, which lie between the last call's pos and this
// one's, and returns how many. With skip it leaves out pieces of one byte and
// of ASCII digits, which are tokens in every vocabulary, and returns how many.
// There are no more pieces if it returns 0 twice.
func (s *splitter) next(p *spans, skip bool) (n, skipped int) {
	if s.pos >= s.wide {
		if n, skipped = s.window(p, skip); n+skipped > 0 {
			return n, skipped
		}
	}
	for n < batch && s.pos < len(s.text) {
		p.starts[n] = s.pos
		s.pos = s.pattern.pieceEnd(s.text, s.pos)
		p.ends[n] = s.pos
		n++
		if s.pos >= s.wide {
			break
		}
	}
	return n, 0
}

// window is next for text that begins with ASCII; 0 twice means: use pieceEnd.
func (s *splitter) window(to *spans, skip bool) (n, skipped int) {
	rest := s.text[s.pos:]
	var p *[64]byte
	var padded [64]byte
	size := 64
	if len(rest) >= 64 {
		p = (*[64]byte)(rest)
	} else {
		p = &padded
		size = copy(padded[:], rest)
	}
	atEnd := size == len(rest)
	if k := firstWide(p); k < size {
		s.wide = s.pos + k + 1
		if k < 16 { // too little to be worth it
			s.wide += 32
			return 0, 0
		}
		size, atEnd = k, false
	}
	if size == 0 {
		return 0, 0
	}
	starts, digit, limit := s.pattern.borders(p, size, atEnd)
	if limit <= 0 && !atEnd {
		return 0, 0
	}
	starts = starts&(1<<(limit+1)-1) | 1
	last := 63 - bits.LeadingZeros64(starts)
	todo := starts
	if atEnd {
		last = size
		starts |= 1 << size
	} else {
		todo &^= 1 << last
	}
	if skip {
		known := todo & (digit | starts>>1)
		skipped = bits.OnesCount64(known)
		todo &^= known
	}
	base := s.pos
	for ; todo != 0; todo &= todo - 1 {
		above := todo ^ (todo - 1)
		to.starts[n&(batch-1)] = base + bits.TrailingZeros64(todo)
		to.ends[n&(batch-1)] = base + bits.TrailingZeros64(starts&^above)
		n++
	}
	s.pos = base + last
	return n, skipped
}
