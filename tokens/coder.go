package tokens

import (
	"encoding/binary"
	"unsafe"
)

// scratch is what counting and encoding need besides the vocabulary. It
// belongs to one goroutine at a time.
type scratch struct {
	spans spans     // of the pieces at hand
	tail  [256]byte // the end of a text, with something to read behind it

	lanes lanes
	unit  []uint32 // of windows
	part  []uint32 // tokens of windows
	dead  []uint64 // of search

	memo   memo
	forget bool // leave the memo empty
	custom *customSplit
}

// trim drops what grew beyond the usual.
func (s *scratch) trim() {
	const usual = 1 << 14
	if cap(s.unit) > usual {
		s.unit = nil
	}
	if cap(s.part) > usual {
		s.part = nil
	}
	if cap(s.dead) > usual {
		s.dead = nil
	}
}

// pieces are the pieces at hand, and what lookUp found out about them.
type pieces struct {
	text         []byte
	starts, ends []int // in text
	ids          [batch]uint32
	rest         [batch]uint8 // indices of the pieces that are not in ids
	n            int          // how many
}

// take makes p the first n pieces of s.spans, and sees to it that 16 bytes are
// there to read from the start of each; else it lists them all and returns false.
func (p *pieces) take(s *scratch, text []byte, n int) bool {
	p.text, p.starts, p.ends, p.n = text, s.spans.starts[:n], s.spans.ends[:n], 0
	if n == 0 {
		return true
	}
	if p.starts[n-1]+16 > cap(text) {
		start, end := p.starts[0], p.ends[n-1]
		if end-start > len(s.tail)-16 {
			p.n = n
			for k := range p.rest {
				p.rest[k] = uint8(k)
			}
			return false
		}
		copy(s.tail[:], text[start:end])
		p.text = s.tail[:end-start]
		for i := range n {
			p.starts[i] -= start
			p.ends[i] -= start
		}
	}
	return true
}

// lookUp finds those of the first n pieces of s.spans that are tokens.
func (v *vocab) lookUp(p *pieces, s *scratch, text []byte, n int) {
	if p.take(s, text, n) {
		v.lookUpFirst(p)
	}
}

// lookUpFirst looks in the first bucket that a piece hashes to, where nearly
// all tokens of up to maxShort bytes are. No branch depends on the text, and
// no memory access on the one before. From the start of every piece 16 bytes
// must be there to read.
func (v *vocab) lookUpFirst(p *pieces) {
	base := unsafe.Pointer(unsafe.SliceData(p.text))
	short, shift := v.short, v.shortShift&63
	n := 0
	starts := p.starts[:len(p.ends)]
	for k, end := range p.ends {
		start := starts[k]
		w := (*[16]byte)(unsafe.Add(base, start))
		length := end - start
		if length > 15 {
			length = 15 // no key has that
		}
		m := &keyMasks[length&15]
		lo := binary.LittleEndian.Uint64(w[:8]) & m.lo
		hi := binary.LittleEndian.Uint64(w[8:])&m.hi | m.tag
		b := &short[key{lo, hi}.hash()>>shift]
		x := (b[0].lo ^ lo) | (b[0].hi^hi)<<(64-keyIDShift)
		y := (b[1].lo ^ lo) | (b[1].hi^hi)<<(64-keyIDShift)
		x, y = (x|-x)>>63, (y|-y)>>63 // 0 if equal
		p.ids[k&(batch-1)] = uint32((b[0].hi&(x-1) | b[1].hi&(y-1)) >> keyIDShift)
		p.rest[n&(batch-1)] = uint8(k)
		n += int(x & y)
	}
	p.n = n
}

// count returns the number of tokens of the pieces of a text that end at until
// or before, and where the last of them ends. Once it is clear that there are
// more than limit, it returns some number above that.
func (v *vocab) count(s *scratch, pat pattern, text []byte, limit, until int) (total, end int) {
	sp := splitter{text: text, pattern: pat, custom: s.custom, unknown: !v.digits}
	var p pieces
	if !s.forget {
		s.memo.allocate()
	}
	for total <= limit && sp.pos < until {
		if !s.forget {
			total += v.countFound(s, &sp, &p, limit-total, until)
			end = sp.pos
		}
		n, skipped := sp.next(&s.spans, until)
		if n+skipped == 0 {
			break
		}
		end = sp.pos
		for n > 0 && s.spans.ends[n-1] > until {
			n--
			end = s.spans.starts[n]
		}
		total += skipped
		if s.forget {
			v.lookUp(&p, s, text, n)
			total += n - p.n
		} else if p.take(s, text, n) {
			total += s.memo.front.lookUp(&p)
			total += s.memo.front.lookUpSecond(&p)
		}
		for _, k := range p.rest[:p.n] {
			total += v.countPiece(s, p.text, p.starts[k], p.ends[k])
		}
	}
	return total + v.flush(s), end
}

// countFound is count for windows that end at until or before, with enough of the
// text behind them: their pieces are looked up as they are found. It ends before
// the first one that borders does not know.
func (v *vocab) countFound(s *scratch, sp *splitter, p *pieces, limit, until int) (total int) {
	if !sp.pattern.hasWindows() {
		return 0
	}
	front, text := s.memo.front, sp.text
	p.text, p.starts, p.ends, p.n = text, s.spans.starts[:], s.spans.ends[:], 0
	rest := func() {
		for k := range p.n {
			p.rest[k] = uint8(k)
		}
		total += front.lookUpSecond(p)
		for _, k := range p.rest[:p.n] {
			total += v.countPiece(s, text, p.starts[k], p.ends[k])
		}
		p.n = 0
	}
	for total <= limit && sp.pos >= sp.wide && sp.pos+64 <= until && sp.pos+80 <= len(text) {
		f, skipped := sp.window(true)
		if f.todo == 0 && skipped == 0 {
			break
		}
		total += skipped + front.lookUpFound(text, f, p, &s.spans)
		if p.n > batch-64 {
			rest()
		}
	}
	rest()
	return total
}

// encode appends the tokens of a text to dst.
func (v *vocab) encode(s *scratch, pat pattern, text []byte, dst []uint32) []uint32 {
	sp := splitter{text: text, pattern: pat, custom: s.custom}
	var p pieces
	if !s.forget {
		s.memo.allocateTokens()
	}
	for {
		n, _ := sp.next(&s.spans, 0)
		if n == 0 {
			return dst
		}
		v.lookUp(&p, s, text, n)
		k := 0
		for _, r := range p.rest[:p.n] {
			dst = append(dst, p.ids[k:r]...)
			dst = v.encodePiece(s, p.text, p.starts[r], p.ends[r], dst)
			k = int(r) + 1
		}
		dst = append(dst, p.ids[k:n]...)
	}
}

// countPiece returns the number of tokens of a piece that lookUp did not find.
// It may put the piece into a lane and return the number of another one's
// that is finished, or 0.
func (v *vocab) countPiece(s *scratch, text []byte, start, end int) int {
	n := end - start
	if n <= maxShort {
		k := keyAt(text, start, n)
		if _, ok := v.shortID(k); ok {
			s.front(text[start:end], 1)
			return 1
		}
		if count := s.memo.countShort(k); count > 0 {
			s.front(text[start:end], count)
			return count
		}
		if s.forget && n <= 8 && text[end-1]&0xc0 == 0x80 && v.isTokenAndByte(text, start, end) {
			return 2
		}
		l := s.lanes.next()
		if v.load(l, s, text, start, end); !s.forget {
			l.key = k
		}
		return v.push(s)
	}
	piece := text[start:end]
	var slot *ringSlot
	if s.forget {
	} else if n > maxRemembered {
		var count int
		if slot, count = s.memo.ring.find(piece); count > 0 {
			return count
		}
	} else if count := s.memo.countLong(piece); count > 0 {
		s.front(piece, count)
		return count
	}
	if _, ok := v.longID(piece); ok {
		s.front(piece, 1)
		return 1
	}
	l := s.lanes.next()
	if v.load(l, s, text, start, end) {
		if !s.forget {
			l.piece = append(l.piece[:0], piece...)
			l.slot = slot
		}
		return v.push(s)
	}
	total := v.flush(s)
	_, count := v.encodeLong(s, piece, nil, true)
	if slot != nil {
		s.memo.ring.set(slot, piece, count)
	}
	return total + count
}

// isTokenAndByte reports whether the tokens of text[start:end], no token itself
// and ending with a continuation byte, are this byte and one before it.
func (v *vocab) isTokenAndByte(text []byte, start, end int) bool {
	id, ok := v.shortID(keyAt(text, start, end-1-start))
	return ok && v.takes[id]>>(text[end-1]&0x3f)&1 == 0
}

// encodePiece appends the tokens of a piece that lookUp did not find.
func (v *vocab) encodePiece(s *scratch, text []byte, start, end int, dst []uint32) []uint32 {
	n := end - start
	var k key
	piece := text[start:end]
	if n <= maxShort {
		k = keyAt(text, start, n)
		if !s.forget {
			if dst, ok := s.memo.appendShort(dst, k); ok {
				return dst
			}
		}
		if id, ok := v.shortID(k); ok {
			return append(dst, id)
		}
	} else {
		if !s.forget && n <= maxRemembered {
			if dst, ok := s.memo.appendLong(dst, piece); ok {
				return dst
			}
		}
		if id, ok := v.longID(piece); ok {
			return append(dst, id)
		}
	}
	l := s.lanes.next()
	if !v.load(l, s, text, start, end) {
		dst, _ = v.encodeLong(s, piece, dst, false)
		return dst
	}
	for v.step(l) {
	}
	if !s.forget {
		l.key = k
		if n > maxShort && n <= maxRemembered {
			l.piece = append(l.piece[:0], piece...)
		}
		s.remember(l)
	}
	return l.appendTokens(dst, l.all())
}

// front puts a piece into the front table, if it is one for that.
func (s *scratch) front(piece []byte, count int) {
	if len(piece) <= maxFront && !s.forget {
		s.memo.front.add(frontKey(piece), count)
	}
}

// remember puts a finished lane's piece into the memo, and forgets it there.
func (s *scratch) remember(l *lane) {
	if l.slot != nil {
		s.memo.ring.set(l.slot, l.piece, l.count())
		l.piece, l.slot = l.piece[:0], nil
	} else if len(l.piece) > 0 {
		s.front(l.piece, l.count())
		s.memo.addLong(l)
		l.piece = l.piece[:0]
	} else if l.key != (key{}) {
		s.memo.addShort(l)
		s.memo.front.add(l.key.front(), l.count())
		l.key = key{}
	}
}
