package tokens

import (
	"math/bits"
	"unicode/utf8"
)

// splitter cuts a text into pieces, a batch at a time.
type splitter struct {
	text    []byte
	pos     int // start of the next piece
	wide    int // characters that window does not know were seen before here
	pattern pattern
	unknown bool // digits may not be tokens

	custom *customSplit // of patternCustom
	state  customState
}

// batch is how many pieces a call of next may return.
const batch = 128

// spans are where pieces start and end in a text.
type spans struct{ starts, ends [batch]int }

// next stores the next pieces, which lie between the last call's pos and this
// one's, and returns how many. Up to a position it leaves out pieces of one byte
// and of ASCII digits, which are tokens in every vocabulary, and returns how
// many.
// There are no more pieces if it returns 0 twice.
func (s *splitter) next(p *spans, until int) (n, skipped int) {
	skip := s.pos+64 <= until
	for n <= batch-64 && s.pos < len(s.text) && (s.pos+64 <= until) == skip {
		if s.pos >= s.wide && s.pattern.hasWindows() {
			f, known := s.window(skip)
			if f.todo != 0 || known > 0 {
				for skipped += known; f.todo != 0; n++ {
					p.starts[n&(batch-1)], p.ends[n&(batch-1)], f = f.first()
				}
				continue
			}
		}
		for n < batch && s.pos < len(s.text) {
			p.starts[n] = s.pos
			if s.custom != nil {
				s.pos = s.custom.pieceEnd(&s.state, s.text, s.pos)
			} else {
				s.pos = s.pattern.pieceEnd(s.text, s.pos)
			}
			p.ends[n] = s.pos
			n++
			if s.pos >= s.wide {
				break
			}
		}
	}
	return n, skipped
}

// found are pieces within 64 bytes of the text.
type found struct {
	base int    // of the bytes
	todo uint64 // where pieces start
	ends uint64 // where they end: each at the first bit above its start's
}

// window finds the pieces of what borders knows, from pos on, and how many were
// left out besides. None of both means: use pieceEnd.
func (s *splitter) window(skip bool) (f found, skipped int) {
	rest := s.text[s.pos:]
	var p *windowBytes
	var padded windowBytes
	size := 64
	if len(rest) >= len(padded) {
		p = (*windowBytes)(rest)
	} else {
		p = &padded
		size = copy(padded[:64], rest)
	}
	if size == 0 {
		return found{}, 0
	}
	atEnd := size == len(rest)
	if !atEnd && p[size-1] >= utf8.RuneSelf { // the window may end within a character
		k := size - 1
		for k > size-4 && p[k]&0xc0 == 0x80 {
			k--
		}
		if charLength(p[k]) > size-k {
			size = k
		}
	}
	starts, digit, limit, good := s.pattern.borders(p, size, atEnd)
	if good < size {
		s.wide = s.pos + good + 1
		if good < 16 { // too little to be worth it
			s.wide += 32
			return found{}, 0
		}
		size, atEnd = good, false
	}
	if limit <= 0 && !atEnd {
		s.wide = s.pos + 1
		if p[1] >= utf8.RuneSelf { // of long pieces more may follow
			s.wide += 256
		}
		return found{}, 0
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
	if bits.OnesCount64(todo) < 2 && p[size-1] >= utf8.RuneSelf {
		s.wide = s.pos + 256
	}
	if skip {
		if s.unknown {
			digit = 0
		}
		known := todo & (digit | starts>>1)
		skipped = bits.OnesCount64(known)
		todo &^= known
	}
	f = found{s.pos, todo, starts}
	s.pos += last
	return f, skipped
}

// first returns the first piece, and what is found without it.
func (f found) first() (start, end int, rest found) {
	above := f.todo ^ (f.todo - 1)
	start = f.base + bits.TrailingZeros64(f.todo)
	end = f.base + bits.TrailingZeros64(f.ends&^above)
	f.todo &= f.todo - 1
	return start, end, f
}
