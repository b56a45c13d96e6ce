package tokens

import (
	"strings"
	"unicode/utf8"
)

// pattern names one of the regular expressions that split a text into
// pieces; tokens never cross a border of pieces.
type pattern uint8

const (
	patternCL100K pattern = iota
	patternO200K
	patternGPT2
	patternLlama3
	patternQwen2
	patternCustom // by a customSplit
)

// hasWindows reports whether borders knows the pattern.
func (p pattern) hasWindows() bool { return p != patternGPT2 && p != patternCustom }

// threes reports whether digits go in threes, not alone.
func (p pattern) threes() bool { return p != patternQwen2 }

// pieceEnd returns where the piece ends that starts at b[i], for i < len(b).
// It is the patterns written out, character by character, and the meaning
// that window is tested against. Every character starts some piece, so that
// pieces tile the text.
func (p pattern) pieceEnd(b []byte, i int) int {
	switch p {
	case patternO200K:
		return pieceEndO200K(b, i)
	case patternGPT2:
		return pieceEndGPT2(b, i)
	}
	return p.pieceEndCL100K(b, i)
}

// pieceEndCL100K matches, in this order,
//
//	'(?i:[sdmt]|ll|ve|re)
//	[^\r\n\p{L}\p{N}]?+\p{L}++
//	\p{N}{1,3}+
//	 ?[^\s\p{L}\p{N}]++[\r\n]*+
//	\s++$
//	\s*[\r\n]
//	\s+(?!\S)
//	\s
//
// Llama 3 has \s*[\r\n]+ instead of the fifth and the sixth, and Qwen \p{N} alone.
func (p pattern) pieceEndCL100K(b []byte, i int) int {
	endWhole := p == patternCL100K
	if n := contraction(b, i); n > 0 {
		return i + n
	}
	class, w := classAt(b, i)
	j := i
	if inPrefix>>class&1 != 0 {
		j += w
	}
	if end := skip(b, j, inLetter); end > j {
		return end
	}
	switch class {
	case number:
		if !p.threes() {
			return i + w
		}
		return digits(b, i)
	case space, newline:
		if b[i] != ' ' || j == len(b) {
			return whitespace(b, i, endWhole)
		}
		next, _ := classAt(b, j)
		if inSymbol>>next&1 == 0 {
			return whitespace(b, i, endWhole)
		}
	}
	j = skip(b, j, inSymbol)
	for j < len(b) && (b[j] == '\r' || b[j] == '\n') {
		j++
	}
	return j
}

// pieceEndO200K matches, in this order,
//
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	\p{N}{1,3}
//	 ?[^\s\p{L}\p{N}]+[\r\n/]*
//	\s*[\r\n]+
//	\s+(?!\S)
//	\s+
func pieceEndO200K(b []byte, i int) int {
	class, w := classAt(b, i)
	j := i
	if class == other || class == space {
		j += w
	}
	if end := word(b, j); end > j {
		return end + contraction(b, end)
	}
	switch class {
	case number:
		return digits(b, i)
	case space, newline:
		if b[i] != ' ' || j == len(b) {
			return whitespace(b, i, false)
		}
		// A mark after the space was a word.
		if next, _ := classAt(b, j); next != other {
			return whitespace(b, i, false)
		}
	}
	j = skip(b, j, inSymbol)
	for j < len(b) && (b[j] == '\r' || b[j] == '\n' || b[j] == '/') {
		j++
	}
	return j
}

// pieceEndGPT2 matches, in this order,
//
//	's|'t|'re|'ve|'m|'ll|'d
//	 ?\p{L}+
//	 ?\p{N}+
//	 ?[^\s\p{L}\p{N}]+
//	\s+(?!\S)
//	\s+
func pieceEndGPT2(b []byte, i int) int {
	if n := contraction(b, i); n > 0 && string(b[i:i+n]) == strings.ToLower(string(b[i:i+n])) && b[i+1] < utf8.RuneSelf {
		return i + n
	}
	class, w := classAt(b, i)
	j := i
	if b[i] == ' ' && i+1 < len(b) {
		j++
		class, w = classAt(b, j)
	}
	switch {
	case inLetter>>class&1 != 0:
		return skip(b, j+w, inLetter)
	case class == number:
		return skip(b, j+w, 1<<number)
	case inSymbol>>class&1 != 0:
		return skip(b, j+w, inSymbol)
	}
	// White space, but for the last character before something else.
	end := skip(b, i, inSpace)
	if end == len(b) {
		return end
	}
	_, last := utf8.DecodeLastRune(b[:end])
	if end-last > i {
		return end - last
	}
	return end
}

// word returns where the first two alternatives of o200k, without their
// prefix and contraction, end from b[i]; i if they do not match.
//
// A mark as prefix is no case of its own: it belongs to both classes, so that
// the match without a prefix is the same or the longer one.
func word(b []byte, i int) int {
	j := i
	last := i // behind the last letter or mark without case among the capitals
	var class uint
	for w := 0; j < len(b); j += w {
		class, w = classAt(b, j)
		if inCapital>>class&1 == 0 {
			break
		}
		if class != upper {
			last = j + w
		}
	}
	if j < len(b) && class == lower {
		return skip(b, j, inSmall)
	}
	if last > i { // [small]+ took what [capital]* gave back
		return last
	}
	return j
}

// skip returns the end of the run of characters from b[i] on whose classes
// are in the set.
func skip(b []byte, i int, set uint) int {
	for near := min(i+16, len(b)); i < near; {
		class, w := classAt(b, i)
		if set>>class&1 == 0 {
			return i
		}
		i += w
	}
	return skipLong(b, i, set)
}

// skipLong is skip, made for long runs of ASCII.
func skipLong(b []byte, i int, set uint) int {
	for i < len(b) {
		for ; i+8 <= len(b); i += 8 {
			c := (*[8]byte)(b[i:])
			if (classBit[c[0]]|classBit[c[1]]|classBit[c[2]]|classBit[c[3]]|
				classBit[c[4]]|classBit[c[5]]|classBit[c[6]]|classBit[c[7]])&^uint16(set) != 0 {
				break
			}
		}
		for range 8 {
			if i == len(b) {
				break
			}
			class, w := classAt(b, i)
			if set>>class&1 == 0 {
				return i
			}
			i += w
		}
	}
	return i
}

// digits returns the end of up to three characters of class number.
func digits(b []byte, i int) int {
	for range 3 {
		if i == len(b) {
			break
		}
		class, w := classAt(b, i)
		if class != number {
			break
		}
		i += w
	}
	return i
}

// whitespace returns the end of the piece that starts with the white space
// at b[i]: behind the last line break of the run; without one, before the
// run's last character, which goes with what follows; a run that ends the
// text is whole, and with endWhole so is one that has line breaks.
func whitespace(b []byte, i int, endWhole bool) int {
	afterNewline, last := 0, i
	j := i
	for len(b)-j >= 8 && string(b[j:j+8]) == "        " {
		j += 8
		last = j - 1
	}
	for j < len(b) {
		class, w := classAt(b, j)
		if inSpace>>class&1 == 0 {
			break
		}
		last = j
		j += w
		if class == newline {
			afterNewline = j
		}
	}
	switch {
	case endWhole && j == len(b):
		return j
	case afterNewline > 0:
		return afterNewline
	case j == len(b) || last == i:
		return j
	}
	return last
}

// contraction returns the length of '(?i:s|t|re|ve|m|ll|d) at b[i], or 0.
// Without regard to case, U+017F is an s.
func contraction(b []byte, i int) int {
	if i+1 >= len(b) || b[i] != '\'' {
		return 0
	}
	switch b[i+1] | 0x20 {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if i+2 < len(b) && b[i+2]|0x20 == 'e' {
			return 3
		}
	case 'l':
		if i+2 < len(b) && b[i+2]|0x20 == 'l' {
			return 3
		}
	case 0xc5 | 0x20:
		if i+2 < len(b) && b[i+1] == 0xc5 && b[i+2] == 0xbf {
			return 3
		}
	}
	return 0
}
