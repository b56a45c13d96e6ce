package tokens

import (
	"encoding/binary"
	"math/bits"
)

// vocab is a vocabulary as tables that are made for look-ups: bytes to id,
// pair of ids to merged id, id to bytes. Nothing changes once they
// are filled, but for what search needs, which it makes on first use.
type vocab struct {
	bytes  []byte   // of all tokens, by id, and some padding
	offset []uint32 // token id is bytes[offset[id]:offset[id+1]]

	// Tokens of up to maxShort bytes: an open-addressing table of keys with
	// the id in their unused bits, two to a bucket; a vacant slot is zero.
	// Lesser ids, which are the more frequent tokens, have the better places.
	short      [][2]key
	shortShift uint

	// Longer tokens: id in the low idBits, above it the top of the hash; a
	// vacant slot is 0.
	long      []uint64
	longShift uint

	// For every token the two tokens that merge into it: left, right and
	// merged, idBits each; a vacant slot is 0. A pair is only looked up if
	// its bit in the filter is set, for most pairs do not merge.
	pairs  []uint64
	filter [1 << filterBits / 64]uint64

	// split is the same by merged id: left<<32 | right. A single byte has
	// itself on both sides.
	split []uint64

	// takes has by token the continuation bytes, bit c&0x3f, that merge with
	// a part of the token before it is whole, and so can't stand behind it.
	takes []uint64

	matches  func() *matches // of search
	byteID   [256]uint32
	longest  int // length of the longest token
	early    early
	bytePair []uint32 // merge of two bytes: first<<8 | second
	digits   bool     // up to three digits are a token
}

const (
	idBits     = 18
	idMask     = 1<<idBits - 1
	maxShort   = 13
	filterBits = 21
	none       = 1<<26 - 1 // no token's id
)

// key is a string of up to maxShort bytes, padded with zeros, then its length
// in 4 bits, and in a table's slot the id in idBits above. No key is zero.
type key struct{ lo, hi uint64 }

const (
	keyIDShift = 44
	mixA       = 0x9e3779b97f4a7c15
	mixB       = 0xd6e8feb86659fd93
)

func (k key) hash() uint64 { return (k.lo ^ bits.RotateLeft64(k.hi*mixB, 32)) * mixA }

// equal reports whether a slot holds the key, which has no id.
func (k key) equal(slot *key) bool {
	return slot.lo == k.lo && (slot.hi^k.hi)<<(64-keyIDShift) == 0
}

// slot returns a key with an id.
func (k key) slot(id uint32) key { return key{k.lo, k.hi | uint64(id)<<keyIDShift} }

// keyMasks keep the first n bytes of 16 and add n.
var keyMasks = func() (t [16]struct{ lo, hi, tag uint64 }) {
	for n := range t {
		t[n].lo = 1<<(8*min(n, 8)) - 1
		t[n].hi = 1<<(8*max(n-8, 0)) - 1
		t[n].tag = uint64(n) << 40
	}
	return t
}()

// keyAt returns the key of b[i:i+n], for n <= maxShort.
func keyAt(b []byte, i, n int) key {
	m := &keyMasks[n&15]
	if i+16 <= len(b) {
		w := b[i : i+16]
		return key{binary.LittleEndian.Uint64(w) & m.lo, binary.LittleEndian.Uint64(w[8:])&m.hi | m.tag}
	}
	return keyAtEnd(b[i:i+n], m.tag)
}

// keyAtEnd is keyAt where 16 bytes cannot be read.
func keyAtEnd(b []byte, tag uint64) key {
	var w [16]byte
	copy(w[:], b)
	return key{binary.LittleEndian.Uint64(w[:]), binary.LittleEndian.Uint64(w[8:]) | tag}
}

// hashLong hashes a string of at least 8 bytes.
func hashLong(b []byte) uint64 {
	h := uint64(len(b)) * mixB
	if len(b) < 16 {
		hi, lo := bits.Mul64(binary.LittleEndian.Uint64(b)^h, binary.LittleEndian.Uint64(b[len(b)-8:])^mixA)
		return (hi ^ lo) * mixB
	}
	for len(b) > 16 {
		hi, lo := bits.Mul64(binary.LittleEndian.Uint64(b)^h, binary.LittleEndian.Uint64(b[8:])^mixA)
		h = hi ^ lo
		b = b[min(16, len(b)-16):]
	}
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(b)^h, binary.LittleEndian.Uint64(b[8:])^mixA)
	return (hi ^ lo) * mixB
}

// id returns the id of the token that is b[i:i+n].
func (v *vocab) id(b []byte, i, n int) (id uint32, ok bool) {
	if n <= maxShort {
		return v.shortID(keyAt(b, i, n))
	}
	return v.longID(b[i : i+n])
}

func (v *vocab) shortID(k key) (id uint32, ok bool) {
	mask := uint64(len(v.short) - 1)
	for h := k.hash() >> v.shortShift; ; h++ {
		b := &v.short[h&mask]
		if k.equal(&b[0]) {
			return uint32(b[0].hi >> keyIDShift), true
		}
		if k.equal(&b[1]) {
			return uint32(b[1].hi >> keyIDShift), true
		}
		if b[1].hi == 0 {
			return 0, false
		}
	}
}

// addShort is the inverse of shortID.
func (v *vocab) addShort(k key, id uint32) {
	mask := uint64(len(v.short) - 1)
	for h := k.hash() >> v.shortShift; ; h++ {
		b := &v.short[h&mask]
		for i := range b {
			if b[i].hi == 0 {
				b[i] = k.slot(id)
				return
			}
		}
	}
}

func (v *vocab) longID(b []byte) (id uint32, ok bool) {
	if len(b) > v.longest {
		return 0, false
	}
	hash := hashLong(b)
	mask := uint64(len(v.long) - 1)
	for h := hash >> v.longShift; ; h++ {
		slot := v.long[h&mask]
		if slot == 0 {
			return 0, false
		}
		if (slot^hash)>>idBits == 0 {
			if id := uint32(slot & idMask); string(v.token(id)) == string(b) {
				return id, true
			}
		}
	}
}

// token returns the bytes of a token.
func (v *vocab) token(id uint32) []byte { return v.bytes[v.offset[id]:v.offset[id+1]] }

func (v *vocab) length(id uint32) int { return int(v.offset[id+1] - v.offset[id]) }

// merge returns the token that a pair of tokens merges into, or none.
func (v *vocab) merge(left, right uint32) uint32 {
	k := pairKey(left, right)
	a, b := v.slots(k)
	return pick(k, a, b)
}

// merge in three parts, which compile to no call and no branch.

func pairKey(left, right uint32) uint64 { return uint64(left+1)<<idBits | uint64(right) }

// slots returns the two slots that may hold a pair; if the filter says that
// none does, slot 0 twice, which stays in the cache.
func (v *vocab) slots(k uint64) (a, b uint64) {
	h := k * mixA
	f := h >> (64 - filterBits)
	mask := uint64(len(v.pairs)-1) & -(v.filter[f>>6] >> (f & 63) & 1)
	return v.pairs[h>>40&mask], v.pairs[h>>20&mask]
}

func pick(k, a, b uint64) uint32 {
	id := uint32(none)
	if a>>idBits == k {
		id = uint32(a & idMask)
	}
	if b>>idBits == k {
		id = uint32(b & idMask)
	}
	return id
}

// addPair is the inverse of merge. It returns false if there is no place.
func (v *vocab) addPair(left, right, id uint32) bool {
	slot := pairKey(left, right)<<idBits | uint64(id)
	mask := uint64(len(v.pairs) - 1)
	h := slot >> idBits * mixA
	f := h >> (64 - filterBits)
	v.filter[f>>6] |= 1 << (f & 63)
	at := h >> 40 & mask
	for range 1000 {
		if v.pairs[at] == 0 {
			v.pairs[at] = slot
			return true
		}
		// Put out the tenant, which goes to its other place.
		slot, v.pairs[at] = v.pairs[at], slot
		h = slot >> idBits * mixA
		at ^= h>>40&mask ^ h>>20&mask
	}
	return false
}

// compatible reports whether two tokens may stand side by side: whether
// merging their bytes anew gives the two of them again. It undoes their
// merges, the latest first, and looks for a pair across the border that
// would have merged before.
func (v *vocab) compatible(left, right uint32) bool {
	limit := uint32(none)
	for {
		k := pairKey(left, right)
		a, b := v.slots(k)
		if pick(k, a, b) < limit {
			return false
		}
		latest := max(left, right)
		if latest < 256 {
			return true
		}
		parts := v.split[latest]
		if isRight := uint32(int32(left-right-1) >> 31); true { // all ones for left <= right
			limit = latest - isRight
			left = left&isRight | uint32(parts)&^isRight
			right = uint32(parts>>32)&isRight | right&^isRight
		}
	}
}
