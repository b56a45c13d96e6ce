package tokens

import (
	"fmt"
	"math/bits"
	"sync"
)

// place tells where a token goes in the tables, so that filling them waits for
// no memory access: how many slots behind its own it is in vocab.short, or
// farPlace for a look; and from secondPlace on that its pair is at the second of
// its two places.
type place = uint8

const (
	farPlace    = 7
	secondPlace = 8
)

// fill makes the tables of a vocabulary that has its bytes, offset, split and
// byteID. Of tokens without places it finds them.
func (v *vocab) fill(places []place) error {
	v.bytes = append(v.bytes, make([]byte, 16)...) // so that keyAt may read on
	v.matches = sync.OnceValue(func() *matches { return newMatches(v) })
	var err error
	both(func() { err = v.fillPairs(places) }, func() { v.fillIDs(places); v.fillEarly() })
	if err != nil {
		return err
	}
	v.addUnits()
	v.digits = v.hasDigits()
	return nil
}

// tableSize returns the least power of two that leaves a fifth of the slots
// of a table of n vacant, and the shift that makes a hash an index.
func tableSize(n int) (size int, shift uint) {
	b := bits.Len(uint(n + n/4))
	return 1 << b, uint(64 - b)
}

// fillIDs fills the tables of bytes to id.
func (v *vocab) fillIDs(places []place) {
	n := len(v.offset) - 1
	short := 0
	for id := range uint32(n) {
		length := v.length(id)
		v.longest = max(v.longest, length)
		if length <= maxShort {
			short++
		}
	}
	size, shift := tableSize(short)
	v.short, v.shortShift = make([][2]key, size/2), shift+1
	size, shift = tableSize(n - short)
	v.long, v.longShift = make([]uint64, size), shift
	mask := uint64(size - 1)
	var far []uint32
	for id := range uint32(n) {
		if length := v.length(id); length <= maxShort {
			k := keyAt(v.bytes, int(v.offset[id]), length)
			if places == nil {
				v.addShort(k, id)
			} else if p := places[id] % secondPlace; p == farPlace {
				far = append(far, id)
			} else {
				h := k.hash()>>v.shortShift*2 + uint64(p)
				v.short[h/2&uint64(len(v.short)-1)][h%2] = k.slot(id)
			}
			continue
		}
		hash := hashLong(v.token(id))
		h := hash >> v.longShift
		for v.long[h&mask] != 0 {
			h++
		}
		v.long[h&mask] = hash&^idMask | uint64(id)
	}
	for _, id := range far {
		v.addShort(keyAt(v.bytes, int(v.offset[id]), v.length(id)), id)
	}
}

// sizePairs makes the table of pairs, for n tokens, and empties it.
func (v *vocab) sizePairs(n int) {
	v.pairs = make([]uint64, 1<<bits.Len(uint(2*n)))
	clear(v.filter[:])
}

func (v *vocab) fillPairs(places []place) error {
	v.sizePairs(len(v.split))
	mask := uint64(len(v.pairs) - 1)
	for id, parts := range v.split {
		left, right := uint32(parts>>32), uint32(parts)
		if left == uint32(id) {
			continue
		}
		if places == nil {
			if !v.addPair(left, right, uint32(id)) {
				return fmt.Errorf("no place for token %d", id)
			}
			continue
		}
		k := pairKey(left, right)
		h := k * mixA
		f := h >> (64 - filterBits)
		v.filter[f>>6] |= 1 << (f & 63)
		v.pairs[h>>(40-places[id]/secondPlace%2*20)&mask] = k<<idBits | uint64(id)
	}
	return nil
}

// fillEarly fills what tells about merges without a look-up.
func (v *vocab) fillEarly() {
	v.takes = make([]uint64, len(v.split))
	merges := make([]uint64, len(v.split)) // the bytes that a token merges with, up to here
	v.bytePair = make([]uint32, 1<<16)
	for i := range v.bytePair {
		v.bytePair[i] = none
	}
	for i, parts := range v.split {
		id, left, right := uint32(i), uint32(parts>>32), uint32(parts)
		if left == id {
			continue
		}
		token := v.token(id)
		cut := v.length(left)
		v.early.add(left, right, token[:cut], token[cut:], id)
		v.takes[id] = v.takes[right] | merges[right]
		if right >= 256 {
			continue
		}
		last := token[len(token)-1]
		if last&0xc0 == 0x80 {
			merges[left] |= 1 << (last & 0x3f)
		}
		if left < 256 {
			v.bytePair[int(token[0])<<8|int(last)] = id
		}
	}
}

// hasDigits reports whether up to three digits are a token.
func (v *vocab) hasDigits() bool {
	for n := range 1000 {
		digits := []byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)}
		for i := range digits {
			if _, ok := v.id(digits, i, len(digits)-i); !ok {
				return false
			}
		}
	}
	return true
}

// both calls two functions at the same time.
func both(f, g func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		g()
	}()
	f()
	<-done
}
