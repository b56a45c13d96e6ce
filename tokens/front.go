package tokens

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// front remembers how many tokens recent pieces of up to maxFront bytes have,
// be they one or several. It is small enough to stay in the processor's cache,
// and comes before the tables of the vocabulary and of the memo. Every piece has
// two places side by side: it was the last of the pair to be used while it is at
// its first. A zero front is empty.
type front []frontSlot

// frontSlot is a piece, padded with zeros, then its length and its number of
// tokens, 4 bits each. A vacant one is zero.
type frontSlot struct{ lo, hi uint64 }

const (
	frontBits   = 16 // slots
	maxFront    = 15 // bytes
	frontLength = 56
	frontCount  = 60
)

// frontMasks keep the first n bytes of 16 and add n; of longer pieces nothing.
var frontMasks = func() (t [32]struct{ lo, hi, tag uint64 }) {
	for n := range maxFront + 1 {
		t[n].lo = 1<<(8*min(n, 8)) - 1
		t[n].hi = 1<<(8*max(n-8, 0)) - 1
		t[n].tag = uint64(n) << frontLength
	}
	return t
}()

func (s frontSlot) mix() uint64 { return (s.lo ^ s.hi*mixB) * mixA }

// place returns the first place of a piece; the second is beside it.
func (s frontSlot) place() uint64 { return s.mix() >> (64 - frontBits) }

// frontKey returns the slot of a piece of up to maxFront bytes without its
// number of tokens.
func frontKey(piece []byte) frontSlot {
	var w [16]byte
	copy(w[:], piece)
	return frontSlot{binary.LittleEndian.Uint64(w[:8]), binary.LittleEndian.Uint64(w[8:]) | uint64(len(piece))<<frontLength}
}

// front is frontKey for the piece of a key.
func (k key) front() frontSlot {
	return frontSlot{k.lo, k.hi&(1<<40-1) | k.hi>>40&15<<frontLength}
}

// add remembers a piece of up to maxFront bytes, at its first place. What stands
// there goes beside it.
func (f front) add(key frontSlot, count int) {
	slots := (*[1 << frontBits]frontSlot)(f)
	first := key.place()
	at := &slots[first]
	if at.hi != 0 && (at.lo != key.lo || at.hi&(1<<frontCount-1) != key.hi) {
		slots[first^1] = *at
	}
	*at = frontSlot{key.lo, key.hi | uint64(count)<<frontCount}
}

// lookUp returns the number of tokens of the pieces that are at their first
// place, and lists the others. No branch depends on the text, and no memory access on the one
// before. From the start of every piece 16 bytes must be there to read.
func (f front) lookUp(p *pieces) (total int) {
	base := unsafe.Pointer(unsafe.SliceData(p.text))
	slots := (*[1 << frontBits]frontSlot)(f)
	n := 0
	starts := p.starts[:len(p.ends)]
	for k, end := range p.ends {
		start := starts[k]
		w := (*[16]byte)(unsafe.Add(base, start))
		m := &frontMasks[min(end-start, maxFront+1)&31]
		key := frontSlot{binary.LittleEndian.Uint64(w[:8]) & m.lo, binary.LittleEndian.Uint64(w[8:])&m.hi | m.tag}
		s := &slots[key.mix()>>(64-frontBits)]
		differs := (s.lo ^ key.lo) | (s.hi^key.hi)<<(64-frontCount)
		differs = (differs | -differs) >> 63
		count := s.hi >> frontCount & (differs - 1)
		total += int(count)
		p.rest[n&(batch-1)] = uint8(k)
		n += int((count - 1) >> 63)
	}
	p.n = n
	return total
}

// gapMasks are frontMasks by the bytes between the first bytes of two pieces, 64
// where the second is not in sight. What is longer has a key that no piece has.
var gapMasks = func() (t [128]struct{ lo, hi, tag, _ uint64 }) {
	for gap := range t {
		if t[gap].tag = 1; gap < maxFront {
			m := frontMasks[gap+1]
			t[gap].lo, t[gap].hi, t[gap].tag = m.lo, m.hi, m.tag
		}
	}
	return t
}()

// lookUpFound is lookUp for pieces that are not listed yet: those that are not at
// their first place are added to p and to spans. Nearly all are there, so a branch
// costs less here than to compute both ways.
func (f front) lookUpFound(text []byte, fd found, p *pieces, to *spans) (total int) {
	base := unsafe.Add(unsafe.Pointer(unsafe.SliceData(text)), fd.base)
	slots := (*[1 << frontBits]frontSlot)(f)
	missing := uint64(0) // where pieces start that are not there
	for todo := fd.todo; todo != 0; todo &= todo - 1 {
		start := bits.TrailingZeros64(todo) & 63
		m := &gapMasks[bits.TrailingZeros64(fd.ends>>start>>1)&127]
		w := (*[16]byte)(unsafe.Add(base, start))
		key := frontSlot{binary.LittleEndian.Uint64(w[:8]) & m.lo, binary.LittleEndian.Uint64(w[8:])&m.hi | m.tag}
		s := &slots[key.mix()>>(64-frontBits)]
		if (s.lo^key.lo)|(s.hi^key.hi)<<(64-frontCount) == 0 {
			total += int(s.hi >> frontCount)
		} else {
			missing |= todo & -todo
		}
	}
	for n := p.n; missing != 0; missing &= missing - 1 {
		start := bits.TrailingZeros64(missing)
		to.starts[n&(batch-1)] = fd.base + start
		to.ends[n&(batch-1)] = fd.base + bits.TrailingZeros64(fd.ends&^(missing^(missing-1)))
		n++
		p.n = n
	}
	return total
}

// lookUpSecond returns the number of tokens of those listed that are at their
// second place, which become first, and keeps the others listed.
func (f front) lookUpSecond(p *pieces) (total int) {
	base := unsafe.Pointer(unsafe.SliceData(p.text))
	slots := (*[1 << frontBits]frontSlot)(f)
	n := 0
	for _, k := range p.rest[:p.n] {
		start := p.starts[k]
		w := (*[16]byte)(unsafe.Add(base, start))
		m := &frontMasks[min(p.ends[k]-start, maxFront+1)&31]
		key := frontSlot{binary.LittleEndian.Uint64(w[:8]) & m.lo, binary.LittleEndian.Uint64(w[8:])&m.hi | m.tag}
		first := key.place()
		a, b := &slots[first], &slots[first^1]
		differs := (b.lo ^ key.lo) | (b.hi^key.hi)<<(64-frontCount)
		same := (differs|-differs)>>63 - 1
		lo, hi := (a.lo^b.lo)&same, (a.hi^b.hi)&same
		a.lo, a.hi, b.lo, b.hi = a.lo^lo, a.hi^hi, b.lo^lo, b.hi^hi
		differs = (a.lo ^ key.lo) | (a.hi^key.hi)<<(64-frontCount) // an earlier one may have brought it here
		count := a.hi >> frontCount & ((differs|-differs)>>63 - 1)
		total += int(count)
		p.rest[n&(batch-1)] = k
		n += int((count - 1) >> 63)
	}
	p.n = n
	return total
}
