package tokens

import (
	"encoding/binary"
	"math/bits"
)

// maxUnits is the length of the longest string that a lane takes.
const maxUnits = 62

// lane is byte pair encoding under way, by its definition: as long as there
// is one, merge the pair that makes the token of the lowest rank, the leftmost
// of several. One merge waits for the memory accesses of the one before, so
// that several lanes side by side take hardly longer than one.
type lane struct {
	token      [64]uint32 // by position; the string's first unit is at 1
	candidate  [64]uint32 // the merge with the next token: id<<6 | position
	next, prev [64]uint8  // positions of the neighbours
	starts     uint64     // bit i: a token starts at the string's unit i, or the string ends
	length     int        // of the string, in units
	most       int        // merges that may be left to do

	// The piece, if it is to be remembered: its key, or all of it, and the
	// slot if that is in the ring.
	key   key
	piece []byte
	slot  *ringSlot
}

// nextUnit and prevUnit are neighbours before the first merge.
var nextUnit, prevUnit = func() (next, prev [64]uint8) {
	for i := range next {
		next[i], prev[i] = uint8(i+1), uint8(i-1)
	}
	return next, prev
}()

const (
	border  = idMask // stands before and behind the string; no pair has it
	noMerge = none << 6
)

// loadWord starts the encoding of text[start:end], 1 to 8 bytes, without a
// branch that depends on how many. 8 bytes must be there to read.
func (v *vocab) loadWord(l *lane, text []byte, start, end int) {
	n := end - start
	l.length = n
	l.most = n - 2 // no token itself, a piece keeps two
	l.starts = 1<<(n+1) - 1
	*(*[16]uint8)(l.next[:]) = [16]uint8(nextUnit[:])
	*(*[16]uint8)(l.prev[:]) = [16]uint8(prevUnit[:])
	l.token[0], l.candidate[0] = border, noMerge
	pairs := (*[1 << 16]uint32)(v.bytePair)
	w := binary.LittleEndian.Uint64(text[start:])
	l.token[1] = v.byteID[byte(w)]
	for i := range 7 {
		past := uint32((n - i - 2) >> 63) // all ones from position n on
		l.candidate[i+1] = pairs[bits.ReverseBytes16(uint16(w))]<<6 | uint32(i+1) | past&noMerge
		w >>= 8
		l.token[i+2] = v.byteID[byte(w)]
	}
	l.token[n+1] = border
}

// loadBytes starts the encoding of 1 to maxUnits bytes.
func (v *vocab) loadBytes(l *lane, s []byte) {
	pairs := (*[1 << 16]uint32)(v.bytePair)
	prev := s[0]
	l.token[1] = v.byteID[prev]
	for i := 1; i < len(s); i++ {
		c := s[i]
		l.candidate[i&63] = pairs[int(prev)<<8|int(c)]<<6 | uint32(i)
		l.token[(i+1)&63] = v.byteID[c]
		prev = c
	}
	l.begin(len(s))
}

// loadUnits starts the encoding of 1 to maxUnits units.
func (v *vocab) loadUnits(l *lane, units []uint32) {
	prev := units[0]
	l.token[1] = prev
	for i := 1; i < len(units); i++ {
		u := units[i]
		k := pairKey(prev, u)
		a, b := v.slots(k)
		l.candidate[i&63] = pick(k, a, b)<<6 | uint32(i)
		l.token[(i+1)&63] = u
		prev = u
	}
	l.begin(len(units))
}

// begin is what all loads of n units have in common.
func (l *lane) begin(n int) {
	l.length = n
	l.most = n - 2 // no token itself, a piece keeps two
	l.starts = 1<<(n+1) - 1
	l.next, l.prev = nextUnit, prevUnit
	l.token[0], l.candidate[0] = border, noMerge
	l.token[(n+1)&63] = border
	for i := n; i < (n+7)&^7; i++ {
		l.candidate[i&63] = noMerge
	}
}

// step does one merge, if there is one to do, and reports whether there may be
// more.
func (v *vocab) step(l *lane) bool {
	best := uint64(least8((*[8]uint32)(l.candidate[0:8])))
	for i := 8; i < l.length; i += 8 {
		best = least(best, uint64(least8((*[8]uint32)(l.candidate[i&56:]))))
	}
	if best >= noMerge {
		return false
	}
	i := best & 63
	id := uint32(best >> 6)
	gone, prev := l.next[i]&63, l.prev[i]&63
	next := l.next[gone] & 63
	l.next[i] = next
	l.prev[next] = uint8(i)
	l.starts &^= 1 << (gone - 1)
	l.token[i] = id
	l.candidate[gone] = noMerge
	if l.most--; l.most == 0 {
		l.candidate[i], l.candidate[prev] = noMerge, noMerge
		return false
	}
	k1, k2 := pairKey(id, l.token[next]), pairKey(l.token[prev], id)
	a1, b1 := v.slots(k1)
	a2, b2 := v.slots(k2)
	l.candidate[i] = pick(k1, a1, b1)<<6 | uint32(i)
	l.candidate[prev] = pick(k2, a2, b2)<<6 | uint32(prev)
	return true
}

const maxLanes = 4

// lanes are lanes under way: all but the free one, up to the busy'th.
type lanes struct {
	lane       [maxLanes]lane
	free, busy int
}

// next returns the free lane.
func (l *lanes) next() *lane { return &l.lane[l.free&(maxLanes-1)] }

// push starts the encoding of what was loaded into the free lane, and returns
// the number of tokens of a lane that is finished, or 0.
func (v *vocab) push(s *scratch) int {
	l := &s.lanes
	if l.busy < maxLanes-1 {
		l.busy++
		l.free = l.busy
		return 0
	}
	for i := l.free; ; {
		i = (i + 1) & (maxLanes - 1)
		if done := &l.lane[i]; !v.step(done) {
			l.free = i
			s.remember(done)
			return done.count()
		}
	}
}

// flush finishes all lanes and returns the number of their tokens.
func (v *vocab) flush(s *scratch) (n int) {
	l := &s.lanes
	for more := l.busy > 0; more; {
		more = false
		for i := range l.lane {
			if i != l.free && i <= l.busy && v.step(&l.lane[i]) {
				more = true
			}
		}
	}
	for i := range l.lane {
		if i != l.free && i <= l.busy {
			n += l.lane[i].count()
			s.remember(&l.lane[i])
		}
	}
	l.free, l.busy = 0, 0
	return n
}

// count returns the number of tokens that are left.
func (l *lane) count() int { return bits.OnesCount64(l.starts) - 1 }

// appendTokens appends the tokens that start at the bytes of a mask.
func (l *lane) appendTokens(dst []uint32, starts uint64) []uint32 {
	for ; starts != 0; starts &= starts - 1 {
		dst = append(dst, l.token[(bits.TrailingZeros64(starts)+1)&63])
	}
	return dst
}

// all is the mask of all tokens that are left.
func (l *lane) all() uint64 { return l.starts &^ (1 << l.length) }

func least8(c *[8]uint32) uint32 {
	return least32(
		least32(least32(c[0], c[1]), least32(c[2], c[3])),
		least32(least32(c[4], c[5]), least32(c[6], c[7])))
}

// least32 compiles to a conditional move, in straight-line code; min does not.
func least32(a, b uint32) uint32 {
	if b < a {
		a = b
	}
	return a
}

// least is min without a branch, in loops too, for less than 1<<63.
func least(a, b uint64) uint64 {
	d := a - b
	return b + d&uint64(int64(d)>>63)
}
