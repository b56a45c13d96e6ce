package image

import (
	"encoding/binary"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// How the bytes of a block are in the file.
const (
	asTheyAre = iota
	zstandard
	lanes // the first bytes of all words of 8, then the second ones …, as S2 packs them
	codecs
)

// In tables of numbers the bytes that are alike stand 8 apart: as lanes they take less than
// half of what zstd makes of them (BenchmarkImage).
const laneStep = 64 // bytes that are sorted at once

// toLanes writes p, whose length is a multiple of laneStep, to dst as lanes.
func toLanes(dst, p []byte) {
	n := len(p) / 8
	for i := 0; i < n; i += 8 {
		var x [8]uint64
		for k := range x {
			x[k] = binary.LittleEndian.Uint64(p[i*8+k*8:])
		}
		transpose(&x)
		for k := range x {
			binary.LittleEndian.PutUint64(dst[k*n+i:], x[k])
		}
	}
}

// fromLanes is the inverse of toLanes.
func fromLanes(dst, p []byte) {
	n := len(p) / 8
	for i := 0; i < n; i += 8 {
		var x [8]uint64
		for k := range x {
			x[k] = binary.LittleEndian.Uint64(p[k*n+i:])
		}
		transpose(&x)
		for k := range x {
			binary.LittleEndian.PutUint64(dst[i*8+k*8:], x[k])
		}
	}
}

// transpose makes of 8 words of 8 bytes those of their first bytes, of their second ones …
// Twice is nothing.
func transpose(x *[8]uint64) {
	swap := func(i, j int, shift uint, low uint64) {
		x[i], x[j] = x[i]&low|x[j]<<shift&^low, x[i]>>shift&low|x[j]&^low
	}
	for i := range 4 {
		swap(i, i+4, 32, 0x00000000ffffffff)
	}
	for _, i := range [4]int{0, 1, 4, 5} {
		swap(i, i+2, 16, 0x0000ffff0000ffff)
	}
	for i := 0; i < 8; i += 2 {
		swap(i, i+1, 8, 0x00ff00ff00ff00ff)
	}
}

func newEncoder(dictionary []byte) (*zstd.Encoder, error) {
	options := []zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false)}
	if len(dictionary) > 0 {
		options = append(options, zstd.WithEncoderDictRaw(1, dictionary), zstd.WithWindowSize(1<<20))
	}
	return zstd.NewWriter(nil, options...)
}

// packer chooses how blocks of pages are packed, in one goroutine.
type packer struct {
	enc    *zstd.Encoder
	sorted []byte // as lanes
}

func newPacker() (*packer, error) {
	enc, err := newEncoder(nil)
	return &packer{enc: enc, sorted: make([]byte, blockBytes)}, err
}

// pack returns p as a codec has it, in out, which has room for it.
func (k *packer) pack(p, out []byte, codec int) []byte {
	if codec != lanes {
		return k.enc.EncodeAll(p, out[:0])
	}
	toLanes(k.sorted, p)
	return s2.Encode(out[:cap(out)], k.sorted[:len(p)])
}

// choose returns the codec for pages like these: asTheyAre if packing them saves little. It uses out.
func (k *packer) choose(sample, out []byte) int {
	plain := len(s2.Encode(out[:cap(out)], sample))
	sorted := len(k.pack(sample, out, lanes))
	switch {
	case sorted < plain && sorted < len(sample)*3/4: // it is fast, but not for nothing
		return lanes
	case worth(len(k.enc.EncodeAll(sample, out[:0])), len(sample)):
		return zstandard
	}
	return asTheyAre
}

// worth tells whether packing saves enough: it takes time, and later once more.
func worth(size, raw int) bool { return size < raw-raw/16 }
