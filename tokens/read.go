package tokens

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// mergeSize is the length of a merge in a vocabulary's file, a little-endian
// number: the two tokens that make a token, idBits each, and its place.
const mergeSize = 5

// newVocab reads a vocabulary as data/README.md describes it: the 256 single
// bytes, then a merge for each token more.
func newVocab(file string) (*vocab, error) {
	if len(file) < 256 || (len(file)-256)%mergeSize != 0 {
		return nil, fmt.Errorf("a file of %d bytes", len(file))
	}
	data := stringBytes(file)
	n := 256 + (len(data)-256)/mergeSize
	if n >= idMask {
		return nil, fmt.Errorf("%d tokens", n)
	}
	v := &vocab{offset: make([]uint32, n+1), split: make([]uint64, n)}
	places := make([]place, n)
	var seen [256]bool
	for i, c := range data[:256] {
		v.byteID[c] = uint32(i)
		seen[c] = true
		v.offset[i+1] = uint32(i + 1)
		v.split[i] = uint64(i)<<32 | uint64(i)
	}
	if seen != allSeen {
		return nil, errors.New("the first tokens are not the single bytes")
	}
	for id := 256; id < n; id++ {
		m := data[256+(id-256)*mergeSize:][:mergeSize]
		parts := uint64(binary.LittleEndian.Uint32(m)) | uint64(m[4])<<32
		left, right := uint32(parts&idMask), uint32(parts>>idBits&idMask)
		if max(left, right) >= uint32(id) {
			return nil, fmt.Errorf("token %d is made of later ones", id)
		}
		places[id] = place(parts >> (2 * idBits))
		v.split[id] = uint64(left)<<32 | uint64(right)
		length := uint64(v.length(left)) + uint64(v.length(right))
		if length > maxToken {
			return nil, fmt.Errorf("token %d has %d bytes", id, length)
		}
		v.offset[id+1] = v.offset[id] + uint32(length)
	}
	// Of most parts 16 bytes are copied, more than they are, which the next ones
	// write over.
	const more = 32
	v.bytes = make([]byte, int(v.offset[n])+more)
	copy(v.bytes, data[:256])
	for id := 256; id < n; id++ {
		left, right := uint32(v.split[id]>>32), uint32(v.split[id])
		dst := v.bytes[v.offset[id]:]
		dst = dst[v.copyToken(dst, left):]
		v.copyToken(dst, right)
	}
	v.bytes = v.bytes[:v.offset[n]]
	return v, v.fill(places)
}

// maxToken is more than any token has bytes.
const maxToken = 1 << 10

var allSeen = func() (t [256]bool) {
	for i := range t {
		t[i] = true
	}
	return t
}()

// copyToken copies a token to dst, and maybe what is behind it, and returns its
// length.
func (v *vocab) copyToken(dst []byte, id uint32) int {
	at, n := v.offset[id], v.length(id)
	if n > 16 {
		return copy(dst, v.token(id))
	}
	*(*[16]byte)(dst) = [16]byte(v.bytes[at:])
	return n
}
