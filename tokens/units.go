package tokens

// Byte pair encoding starts from bytes. Where a character takes several, most
// of its merges can be told beforehand: a token u and the byte c behind it
// will merge if no merge of a lower rank can take u to its left nor c to its
// right. Which merges could do that depends on the byte before u and the one
// behind c alone, because ranks grow: what merges later has a higher rank
// than its parts. So encoding may start from units that are bytes or, mostly,
// characters, and ends the same.

// early tells which merges can come in between.
type early struct {
	// left[c&0x3f][n] is the lowest id of a token that a continuation byte c
	// makes as the left part with a right part that starts with n; 0: none.
	left [64][256]uint32

	// right is a table of the lowest ids of tokens that the beginning u of a
	// character makes as the right part with a left part that ends with p:
	// u<<8 | p and that id. Bit p of rightStarts[c] tells that there is such a
	// u that starts with byte c.
	right       [1 << 12]struct{ key, id uint32 }
	rightStarts [256][4]uint64

	// units holds what becomes of a character of several bytes if nothing
	// before or behind it has a say: its first unit's id<<3 | length. They are
	// in pages of 64 by the last byte; pages2 to pages4 have the page for the
	// bytes before that, in characters of 2 to 4 bytes.
	units  [][64]uint32
	pages2 [32]uint16
	pages3 [16 << 6]uint16
	pages4 [8 << 12]uint16
}

// add adds the merge of left and right, whose bytes are l and r.
func (e *early) add(left, right uint32, l, r []byte, id uint32) {
	if left < 256 && l[0]&0xc0 == 0x80 {
		if p := &e.left[l[0]&0x3f][r[0]]; *p == 0 {
			*p = id
		}
	}
	if r[0] >= 0xc2 && len(r) < charLength(r[0]) {
		key := right<<8 | uint32(l[len(l)-1])
		h := key * 0x9e3779b1 >> 20
		for e.right[h].id != 0 && e.right[h].key != key {
			h = (h + 1) % uint32(len(e.right))
		}
		if e.right[h].id == 0 {
			e.right[h].key, e.right[h].id = key, id
		}
		p := l[len(l)-1]
		e.rightStarts[r[0]][p>>6] |= 1 << (p & 63)
	}
}

// addUnits fills the table of units, once all pairs are there.
func (v *vocab) addUnits() {
	e := &v.early
	some, more := unitPages{v: v}, unitPages{v: v}
	both(func() {
		for c := range byte(32) {
			e.pages2[c] = some.page(0xc0 | c)
		}
		for i := range uint(len(e.pages3)) {
			e.pages3[i] = some.page(0xe0|byte(i>>6), 0x80|byte(i&63))
		}
	}, func() {
		for i := range uint(5 << 12) {
			e.pages4[i] = more.page(0xf0|byte(i>>12), 0x80|byte(i>>6&63), 0x80|byte(i&63))
		}
	})
	for i := range e.pages4[:5<<12] {
		e.pages4[i] += uint16(len(some.units))
	}
	e.units = append(some.units, more.units...)
}

// unitPages makes pages of units.
type unitPages struct {
	v     *vocab
	units [][64]uint32
	same  map[uint32]uint16 // pages of one unit
}

// page makes the page of the characters that begin so, if it is not there.
func (p *unitPages) page(begin ...byte) uint16 {
	begin = append(make([]byte, 0, 4), begin...)
	at := uint16(len(p.units))
	u, length := p.v.joinBytes(begin)
	if unit := u<<3 | uint32(length); length < len(begin) {
		if at, ok := p.same[unit]; ok {
			return at
		}
		if p.same == nil {
			p.same = map[uint32]uint16{}
		}
		p.same[unit] = at
		p.units = append(p.units, [64]uint32{})
		for i := range p.units[at] {
			p.units[at][i] = unit
		}
		return at
	}
	var all [64]uint32
	for i := range all {
		u, length := p.v.joinBytes(append(begin, 0x80|byte(i)))
		all[i] = u<<3 | uint32(length)
	}
	p.units = append(p.units, all)
	return at
}

// joinBytes merges bytes from the left as long as none of the bytes has another
// merge before, and returns the token and its length.
func (v *vocab) joinBytes(b []byte) (u uint32, length int) {
	u = v.byteID[b[0]]
	for i := 1; i < len(b); i++ {
		id := v.merge(u, v.byteID[b[i]])
		if id == none || i+1 < len(b) && id > v.early.takesRight(b[i], b[i+1]) {
			return u, i
		}
		u = id
	}
	return u, len(b)
}

// takesLeft returns the lowest id of a token that takes u to its left, where p
// is the byte before, or none.
func (e *early) takesLeft(u uint32, p byte) uint32 {
	key := u<<8 | uint32(p)
	for h := key * 0x9e3779b1 >> 20; ; h = (h + 1) % uint32(len(e.right)) {
		switch s := &e.right[h]; {
		case s.id == 0:
			return none
		case s.key == key:
			return s.id
		}
	}
}

// takesRight is takesLeft for the continuation byte c before the byte n.
func (e *early) takesRight(c, n byte) uint32 {
	if id := e.left[c&0x3f][n]; id != 0 {
		return id
	}
	return none
}

// charLength returns the number of bytes of a character by its first one.
func charLength(first byte) int {
	switch {
	case first < 0xc2:
		return 1
	case first < 0xe0:
		return 2
	case first < 0xf0:
		return 3
	case first < 0xf5:
		return 4
	}
	return 1
}

// unit returns the unit at text[i] of the string text[start:end], and where
// the next one starts.
func (v *vocab) unit(text []byte, start, i, end int) (u uint32, next int) {
	c := text[i]
	if c < 0xc2 {
		return v.byteID[c], i + 1
	}
	if i+4 > end {
		return v.unitByMerging(text, start, i, end)
	}
	e := &v.early
	w := text[i : i+4]
	var unit uint32
	n := 2
	switch c1, c2, c3 := w[1]^0x80, w[2]^0x80, w[3]^0x80; {
	case c < 0xe0 && c1 < 0x40:
		unit = e.units[e.pages2[c&0x1f]][c1&0x3f]
	case c < 0xf0 && c1|c2 < 0x40:
		unit = e.units[e.pages3[uint(c&0x0f)<<6|uint(c1)]][c2&0x3f]
		n = 3
	case c < 0xf5 && c1|c2|c3 < 0x40:
		unit = e.units[e.pages4[uint(c&7)<<12|uint(c1)<<6|uint(c2)]][c3&0x3f]
		n = 4
	default: // not UTF-8
		return v.unitByMerging(text, start, i, end)
	}
	u, next = unit>>3, i+int(unit&7)
	if next == i+n && next < end && u > e.takesRight(text[next-1], text[next]) {
		return v.unitByMerging(text, start, i, end)
	}
	if i > start {
		if p := text[i-1]; e.rightStarts[c][p>>6]>>(p&63)&1 != 0 {
			return v.unitByMerging(text, start, i, end)
		}
	}
	return u, next
}

// unitByMerging is unit without the table of units.
func (v *vocab) unitByMerging(text []byte, start, i, end int) (u uint32, next int) {
	c := text[i]
	u = v.byteID[c]
	last := min(i+charLength(c), end)
	for next = i + 1; next < last; next++ {
		c := text[next]
		if c&0xc0 != 0x80 {
			break
		}
		var id uint32
		if next == i+1 {
			id = v.bytePair[int(text[i])<<8|int(c)]
		} else {
			id = v.merge(u, v.byteID[c])
		}
		if id == none {
			break
		}
		if next+1 < end && id > v.early.takesRight(c, text[next+1]) {
			break
		}
		if i > start && id > v.early.takesLeft(u, text[i-1]) {
			break
		}
		u = id
	}
	return u, next
}

// units appends up to limit units of text[start:end] from text[i] on, and
// returns them and where they end.
func (v *vocab) units(dst []uint32, text []byte, start, i, end, limit int) ([]uint32, int) {
	for len(dst) < limit && i < end {
		var u uint32
		u, i = v.unit(text, start, i, end)
		dst = append(dst, u)
	}
	return dst, i
}
