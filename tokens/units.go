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
	// makes as the left part with a right part that starts with n.
	left [64][256]uint32

	// right is a table of the lowest ids of tokens that the beginning u of a
	// character makes as the right part with a left part that ends with p:
	// u<<8 | p and that id.
	right [1 << 12]struct{ key, id uint32 }
	n     int
}

func (e *early) add(v *vocab, left, right, id uint32) {
	l, r := v.token(left), v.token(right)
	if len(l) == 1 && l[0]&0xc0 == 0x80 {
		if p := &e.left[l[0]&0x3f][r[0]]; *p == 0 {
			*p = id
		}
	}
	if len(r) < charLength(r[0]) {
		key := right<<8 | uint32(l[len(l)-1])
		h := key * 0x9e3779b1 >> 20
		for e.right[h].id != 0 && e.right[h].key != key {
			h = (h + 1) % uint32(len(e.right))
		}
		if e.right[h].id == 0 {
			e.right[h].key, e.right[h].id = key, id
			e.n++
		}
	}
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
