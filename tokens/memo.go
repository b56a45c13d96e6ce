package tokens

import (
	"math/bits"
	"unsafe"
)

// memo remembers the tokens of pieces that are none themselves, and of pieces
// of more than maxRemembered bytes only how many they are. It is of fixed size,
// 5 MB, and 3 MB more once tokens were asked for: a new piece displaces an old
// one. A zero memo is empty.
type memo struct {
	front front // before all others

	// Pieces of up to maxShort bytes, two to a set, the newer one first. The
	// key's bits for an id hold the number of tokens; the tokens are in
	// shortTokens, if they are not more than that holds.
	short       [][2]key
	shortTokens [][2][4]uint32

	// The same for longer ones.
	long       [][2]longMemo
	longTokens [][2][16]uint32

	ring ring // of still longer ones
}

const (
	shortMemoBits = 14 // sets
	longMemoBits  = 14
	maxRemembered = 62 // bytes
)

// longMemo is a longer piece: a cache line.
type longMemo struct {
	length, count uint8
	piece         [maxRemembered]byte
}

var _ = [1]int{}[unsafe.Sizeof(longMemo{})-64]

func (m *memo) allocate() {
	if m.front == nil {
		m.front = make(front, 1<<frontBits)
		m.short = make([][2]key, 1<<shortMemoBits)
		m.long = make([][2]longMemo, 1<<longMemoBits)
	}
}

// allocateTokens makes the memo one that remembers tokens, not only how many.
func (m *memo) allocateTokens() {
	if m.shortTokens == nil {
		m.allocate()
		clear(m.short)
		clear(m.long)
		m.shortTokens = make([][2][4]uint32, 1<<shortMemoBits)
		m.longTokens = make([][2][16]uint32, 1<<longMemoBits)
	}
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
	at := l.key.hash() >> (64 - shortMemoBits)
	set := &m.short[at]
	set[1] = set[0]
	set[0] = key{l.key.lo, l.key.hi | uint64(l.count())<<keyIDShift}
	if m.shortTokens != nil {
		tokens := &m.shortTokens[at]
		tokens[1] = tokens[0]
		l.copyTokens(tokens[0][:])
	}
}

// countLong returns the number of tokens of a piece of maxShort to
// maxRemembered bytes, 0 if it is not there.
func (m *memo) countLong(piece []byte) int {
	set := &m.long[hashLong(piece)>>(64-longMemoBits)]
	for i := range set {
		if l := &set[i]; l.is(piece) {
			return int(l.count)
		}
	}
	return 0
}

// appendLong is appendShort for such a piece.
func (m *memo) appendLong(dst []uint32, piece []byte) ([]uint32, bool) {
	at := hashLong(piece) >> (64 - longMemoBits)
	set := &m.long[at]
	for i := range set {
		if l := &set[i]; l.is(piece) && int(l.count) <= len(m.longTokens[at][i]) {
			return append(dst, m.longTokens[at][i][:l.count]...), true
		}
	}
	return dst, false
}

// addLong adds the piece of a finished lane.
func (m *memo) addLong(l *lane) {
	at := hashLong(l.piece) >> (64 - longMemoBits)
	set := &m.long[at]
	if set[0].is(l.piece) {
		return
	}
	set[1] = set[0]
	set[0].length, set[0].count = uint8(len(l.piece)), uint8(l.count())
	copy(set[0].piece[:], l.piece)
	if m.longTokens != nil {
		tokens := &m.longTokens[at]
		tokens[1] = tokens[0]
		l.copyTokens(tokens[0][:])
	}
}

func (l *longMemo) is(piece []byte) bool {
	return int(l.length) == len(piece) && string(l.piece[:l.length]) == string(piece)
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
