package tokens

import (
	"math/bits"
	"unsafe"
)

// memo remembers the tokens of pieces that are none themselves, and of pieces
// of more than maxRemembered bytes only how many they are. It is of fixed size,
// about 5.5 MB: a new piece displaces an old one. A zero memo is empty.
type memo struct {
	// Pieces of up to maxShort bytes, two to a set, the newer one first. The
	// key's bits for an id hold the number of tokens; the tokens are in
	// shortTokens, if they are not more than that holds.
	short       [][2]key
	shortTokens [][2][4]uint32

	long []longMemo

	ring ring // of still longer ones
}

const (
	shortMemoBits = 15 // sets
	longMemoBits  = 14
	maxRemembered = 62 // bytes
)

// longMemo is a longer piece: two cache lines, the second one for its tokens.
type longMemo struct {
	length, count uint8
	piece         [maxRemembered]byte
	tokens        [16]uint32
}

var _ = [1]int{}[unsafe.Sizeof(longMemo{})-128]

func (m *memo) allocate() {
	m.short = make([][2]key, 1<<shortMemoBits)
	m.shortTokens = make([][2][4]uint32, 1<<shortMemoBits)
	m.long = make([]longMemo, 1<<longMemoBits)
}

// countShort returns the number of tokens of a piece, 0 if it is not there.
func (m *memo) countShort(k key) int {
	if m.short == nil {
		return 0
	}
	set := &m.short[k.hash()>>(64-shortMemoBits)]
	for i := range set {
		if k.equal(&set[i]) {
			return int(set[i].hi >> keyIDShift)
		}
	}
	return 0
}

// appendShort appends the tokens of a piece, if they are there.
func (m *memo) appendShort(dst []uint32, k key) ([]uint32, bool) {
	if m.short == nil {
		return dst, false
	}
	at := k.hash() >> (64 - shortMemoBits)
	set := &m.short[at]
	for i := range set {
		if k.equal(&set[i]) {
			tokens := &m.shortTokens[at][i]
			if n := int(set[i].hi >> keyIDShift); n <= len(tokens) {
				return append(dst, tokens[:n]...), true
			}
		}
	}
	return dst, false
}

// addShort adds the piece of a finished lane.
func (m *memo) addShort(l *lane) {
	if m.short == nil {
		m.allocate()
	}
	at := l.key.hash() >> (64 - shortMemoBits)
	set, tokens := &m.short[at], &m.shortTokens[at]
	set[1], tokens[1] = set[0], tokens[0]
	set[0] = key{l.key.lo, l.key.hi | uint64(l.count())<<keyIDShift}
	l.copyTokens(tokens[0][:])
}

// find returns the place of a piece of more than maxShort bytes, and whether
// the piece is there; it never is if it has more than maxRemembered bytes.
func (m *memo) find(piece []byte) (l *longMemo, found bool) {
	if len(piece) > maxRemembered {
		return nil, false
	}
	if m.long == nil {
		m.allocate()
	}
	l = &m.long[hashLong(piece)>>(64-longMemoBits)]
	return l, int(l.length) == len(piece) && string(l.piece[:l.length]) == string(piece)
}

// set puts the piece of a finished lane into a place.
func (m *longMemo) set(l *lane) {
	m.length, m.count = uint8(len(l.piece)), uint8(l.count())
	copy(m.piece[:], l.piece)
	l.copyTokens(m.tokens[:])
}

// copyTokens copies the first tokens of a finished lane.
func (l *lane) copyTokens(dst []uint32) {
	starts := l.all()
	for i := range dst {
		if starts == 0 {
			break
		}
		dst[i] = l.token[(bits.TrailingZeros64(starts)+1)&63]
		starts &= starts - 1
	}
}
