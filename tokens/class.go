package tokens

//go:generate go run gen_unicode.go

import (
	"encoding/binary"
	"unicode/utf8"
)

// The character classes that the encodings' patterns tell apart, in Unicode
// 16.0 as in the reference. A byte that is not part of valid UTF-8 is a
// character of its own, of class other, as U+FFFD is.
const (
	other   = iota // everything else: punctuation, symbols, controls, unassigned
	upper          // \p{Lu} \p{Lt}
	lower          // \p{Ll}
	letter         // \p{Lm} \p{Lo}
	mark           // \p{M}
	number         // \p{N}
	space          // \s but for CR and LF
	newline        // CR and LF
)

// Sets of classes, to be tested as set>>class&1.
const (
	inCapital = 1<<upper | 1<<letter | 1<<mark  // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
	inSmall   = 1<<lower | 1<<letter | 1<<mark  // [\p{Ll}\p{Lm}\p{Lo}\p{M}]
	inLetter  = 1<<upper | 1<<lower | 1<<letter // \p{L}
	inSpace   = 1<<space | 1<<newline           // \s
	inSymbol  = 1<<other | 1<<mark              // [^\s\p{L}\p{N}]
	inPrefix  = 1<<other | 1<<mark | 1<<space   // [^\r\n\p{L}\p{N}]
	pageMask  = 1<<7 - 1                        // as gen_unicode.go has it
)

// classOf returns the class of a code point up to unicode.MaxRune.
func classOf(r rune) uint {
	return uint(classPages[int(classIndex[r>>7])<<7|int(r&pageMask)] & 7)
}

// asciiClass is classOf for the bytes below utf8.RuneSelf.
var asciiClass = func() (t [utf8.RuneSelf]uint8) {
	for r := range t {
		t[r] = uint8(classOf(rune(r)))
	}
	return t
}()

// classBit is the set of a byte's class alone; of no class from utf8.RuneSelf
// on.
var classBit = func() (t [256]uint16) {
	for c := range t {
		if t[c] = 1 << 8; c < utf8.RuneSelf {
			t[c] = 1 << asciiClass[c]
		}
	}
	return t
}()

// classAt returns the class and the width of the character at b[i].
func classAt(b []byte, i int) (class uint, width int) {
	c := b[i]
	if c < utf8.RuneSelf {
		return uint(asciiClass[c]), 1
	}
	return classAtWide(b, i)
}

// classAtWide is classAt for a byte from utf8.RuneSelf up.
func classAtWide(b []byte, i int) (class uint, width int) {
	if i+4 <= len(b) {
		x := binary.LittleEndian.Uint32(b[i:])
		if r, ok := threeBytes(x); ok {
			return classOf(r), 3
		}
		if r, ok := twoBytes(x); ok {
			return classOf(r), 2
		}
		if r, ok := fourBytes(x); ok {
			return classOf(r), 4
		}
	}
	r, w := utf8.DecodeRune(b[i:])
	return classOf(r), w // RuneError is of class other, in valid text too
}

// threeBytes returns the character of three bytes that x, four bytes in little
// endian, starts with.
func threeBytes(x uint32) (r rune, ok bool) {
	r = rune(x&0x0f<<12 | x>>8&0x3f<<6 | x>>16&0x3f)
	return r, x&0xc0c0f0 == 0x8080e0 && r >= 0x800 && r>>11 != 0xd800>>11
}

// twoBytes is threeBytes for two.
func twoBytes(x uint32) (r rune, ok bool) {
	return rune(x&0x1f<<6 | x>>8&0x3f), x&0xc0e0 == 0x80c0 && x&0x1e != 0
}

// fourBytes is threeBytes for four.
func fourBytes(x uint32) (r rune, ok bool) {
	r = rune(x&0x07<<18 | x>>8&0x3f<<12 | x>>16&0x3f<<6 | x>>24&0x3f)
	return r, x&0xc0c0c0f8 == 0x808080f0 && r >= 0x10000 && r <= utf8.MaxRune
}
