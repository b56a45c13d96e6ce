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

// next stores the ends of the next pieces and returns how many; 0 only at the
// end of the text. The first of them starts where the last call's last ended,
// or at 0.
func (s *splitter) next(ends *[batch]int) int {
	if s.pos >= s.wide {
		if n := s.window(ends); n > 0 {
			return n
		}
	}
	n := 0
	for n < batch && s.pos < len(s.text) {
		s.pos = s.pattern.pieceEnd(s.text, s.pos)
		ends[n] = s.pos
		n++
		if s.pos >= s.wide {
			break
		}
	}
	return n
}

// window is next for text that begins with ASCII; 0 means: use pieceEnd.
func (s *splitter) window(ends *[batch]int) int {
	rest := s.text[s.pos:]
	var p *[64]byte
	var padded [64]byte
	n := 64
	if len(rest) >= 64 {
		p = (*[64]byte)(rest)
	} else {
		p = &padded
		n = copy(padded[:], rest)
	}
	atEnd := n == len(rest)
	if k := firstWide(p); k < n {
		s.wide = s.pos + k + 1
		if k < 16 { // too little to be worth it
			s.wide += 32
			return 0
		}
		n, atEnd = k, false
	}
	if n == 0 {
		return 0
	}
	starts, limit := s.pattern.borders(p, n, atEnd)
	if limit <= 0 && !atEnd {
		return 0
	}
	starts &= 1<<(limit+1) - 1
	starts &^= 1
	k, base := 0, s.pos
	for ; starts != 0; starts &= starts - 1 {
		ends[k&(batch-1)] = base + bits.TrailingZeros64(starts)
		k++
	}
	if atEnd {
		ends[k&(batch-1)] = base + n
		k++
	}
	if k > 0 {
		s.pos = ends[k-1]
	}
	return k
}
