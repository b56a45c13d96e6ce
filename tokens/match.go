package tokens

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// matches tells which lengths of tokens begin like this.
type matches struct {
	lengths4  [1 << 17]uint8
	lengths8  [1 << 17]uint32
	lengths12 [1 << 16]uint32
	lengths   []int // from 39 up, descending
}

func newMatches(v *vocab) *matches {
	t := &matches{}
	for id := range uint32(len(v.offset) - 1) {
		start, length := int(v.offset[id]), v.length(id)
		switch {
		case length >= 8:
			bit := uint(length - 8)
			if bit >= 31 {
				bit = 31
				t.lengths = append(t.lengths, length)
			}
			t.lengths8[prefix8(v.bytes[start:])] |= 1 << bit
			if length >= 12 {
				t.lengths12[prefix12(v.bytes[start:])] |= 1 << bit
			}
			t.lengths4[prefix4(v.bytes[start:])] |= 1 << 4
		case length >= 4:
			t.lengths4[prefix4(v.bytes[start:])] |= 1 << (length - 4)
		}
	}
	slices.Sort(t.lengths)
	t.lengths = slices.Compact(t.lengths)
	slices.Reverse(t.lengths)
	return t
}

func prefix4(b []byte) uint32 {
	return binary.LittleEndian.Uint32(b) * 0x9e3779b1 >> 15
}

func prefix12(b []byte) uint32 {
	return uint32((binary.LittleEndian.Uint64(b)*mixB ^ uint64(binary.LittleEndian.Uint32(b[8:]))) * mixA >> 48)
}

func prefix8(b []byte) uint32 {
	return uint32(binary.LittleEndian.Uint64(b) * mixA >> 47)
}

// match returns the longest token of up to limit bytes that b has at i.
func (v *vocab) match(t *matches, b []byte, i, limit int) (id uint32, length int) {
	if limit >= 4 {
		m4 := t.lengths4[prefix4(b[i:])]
		if limit >= 8 && m4>>4 != 0 {
			m := t.lengths8[prefix8(b[i:])]
			if m>>4 != 0 {
				if limit >= 12 {
					m &= t.lengths12[prefix12(b[i:])] | 15
				} else {
					m &= 15
				}
			}
			if limit >= 39 && m>>31 != 0 {
				for _, n := range t.lengths {
					if n <= limit {
						if id, ok := v.longID(b[i : i+n]); ok {
							return id, n
						}
					}
				}
			}
			m &= 1<<min(limit-7, 31) - 1
			for m != 0 {
				bit := 31 - bits.LeadingZeros32(m)
				m &^= 1 << bit
				if id, ok := v.id(b, i, bit+8); ok {
					return id, bit + 8
				}
			}
		}
		m4 &= 1<<(min(limit, 7)-3) - 1
		for m4 != 0 {
			bit := 7 - bits.LeadingZeros8(m4)
			m4 &^= 1 << bit
			if id, ok := v.id(b, i, bit+4); ok {
				return id, bit + 4
			}
		}
		limit = 3
	}
	for ; limit > 1; limit-- {
		if id, ok := v.id(b, i, limit); ok {
			return id, limit
		}
	}
	return v.byteID[b[i]], 1
}
