package tokens

// ring remembers how many tokens long pieces have: up to ringSize bytes of
// pieces, and one piece for each slot. A new piece displaces the oldest ones.
// It is of fixed size, about 1.2 MB. A zero ring is empty.
type ring struct {
	slots []ringSlot
	data  []byte // the pieces, each in one part, round and round
	head  uint64 // where the next one starts, if data had no end
}

// ringSlot is a piece, which is there if less than ringSize bytes were added
// since; of length 0 it is none.
type ringSlot struct {
	start         uint64 // as ring.head was
	length, count uint32
}

const (
	ringBits  = 13 // slots
	ringSize  = 1 << 20
	maxRinged = ringSize / 2 // longer pieces are not kept
)

// ringHash hashes a piece of more than maxRemembered bytes: its length, and 48
// bytes each of its beginning, middle and end, for which it takes as long
// however long the piece is. Pieces that differ elsewhere displace one another.
func ringHash(piece []byte) uint64 {
	const part = 48
	n := len(piece)
	h := hashLong(piece[:part]) + uint64(n)
	h = h*mixB + hashLong(piece[(n-part)/2:][:part])
	return (h*mixB + hashLong(piece[n-part:])) * mixA
}

// find returns the slot of a piece and its number of tokens, 0 if it is not
// there; nil if the piece is too long to be kept.
func (r *ring) find(piece []byte) (slot *ringSlot, count int) {
	if len(piece) > maxRinged {
		return nil, 0
	}
	if r.slots == nil {
		r.slots = make([]ringSlot, 1<<ringBits)
		r.data = make([]byte, ringSize)
	}
	slot = &r.slots[ringHash(piece)>>(64-ringBits)]
	if int(slot.length) != len(piece) || r.head-slot.start > ringSize {
		return slot, 0
	}
	if at := slot.start % ringSize; string(r.data[at:at+uint64(len(piece))]) != string(piece) {
		return slot, 0
	}
	return slot, int(slot.count)
}

// set puts a piece into the slot that find returned for it.
func (r *ring) set(slot *ringSlot, piece []byte, count int) {
	at := r.head % ringSize
	if at+uint64(len(piece)) > ringSize {
		r.head += ringSize - at
		at = 0
	}
	copy(r.data[at:], piece)
	*slot = ringSlot{r.head, uint32(len(piece)), uint32(count)}
	r.head += uint64(len(piece))
}
