package tokens

import (
	"encoding/binary"
	"math/bits"
)

// window finds the borders of pieces in up to 64 bytes of ASCII at once: one
// bit mask a class, one bit a byte, and the patterns as operations on masks.
// It is pieceEnd for plain text, several times as fast.

// windowBytes are the bytes of a window, and some to read behind it.
type windowBytes [68]byte

// Masks of one window. Bit i stands for the window's byte i.
type masks struct {
	letter, capital, digit, white, newline, blank, quote, slash uint64
}

// asciiBits holds for each byte one bit a mask: bit 8k for the k-th field of
// masks. Shifted by 0 to 7, eight entries make eight bits of every mask.
var asciiBits = func() (t [256]uint64) {
	for c := range t[:128] {
		class := uint(asciiClass[c])
		for field, in := range [8]bool{
			inLetter>>class&1 != 0,
			class == upper,
			class == number,
			inSpace>>class&1 != 0,
			class == newline,
			c == ' ',
			c == '\'',
			c == '/',
		} {
			if in {
				t[c] |= 1 << (8 * field)
			}
		}
	}
	return t
}()

// classify makes the masks of a window. Bytes from 0x80 up are in none.
func classify(p *windowBytes) (m masks) {
	t := &asciiBits
	a0 := t[p[0]] | t[p[1]]<<1 | t[p[2]]<<2 | t[p[3]]<<3 | t[p[4]]<<4 | t[p[5]]<<5 | t[p[6]]<<6 | t[p[7]]<<7
	a1 := t[p[8]] | t[p[9]]<<1 | t[p[10]]<<2 | t[p[11]]<<3 | t[p[12]]<<4 | t[p[13]]<<5 | t[p[14]]<<6 | t[p[15]]<<7
	a2 := t[p[16]] | t[p[17]]<<1 | t[p[18]]<<2 | t[p[19]]<<3 | t[p[20]]<<4 | t[p[21]]<<5 | t[p[22]]<<6 | t[p[23]]<<7
	a3 := t[p[24]] | t[p[25]]<<1 | t[p[26]]<<2 | t[p[27]]<<3 | t[p[28]]<<4 | t[p[29]]<<5 | t[p[30]]<<6 | t[p[31]]<<7
	a4 := t[p[32]] | t[p[33]]<<1 | t[p[34]]<<2 | t[p[35]]<<3 | t[p[36]]<<4 | t[p[37]]<<5 | t[p[38]]<<6 | t[p[39]]<<7
	a5 := t[p[40]] | t[p[41]]<<1 | t[p[42]]<<2 | t[p[43]]<<3 | t[p[44]]<<4 | t[p[45]]<<5 | t[p[46]]<<6 | t[p[47]]<<7
	a6 := t[p[48]] | t[p[49]]<<1 | t[p[50]]<<2 | t[p[51]]<<3 | t[p[52]]<<4 | t[p[53]]<<5 | t[p[54]]<<6 | t[p[55]]<<7
	a7 := t[p[56]] | t[p[57]]<<1 | t[p[58]]<<2 | t[p[59]]<<3 | t[p[60]]<<4 | t[p[61]]<<5 | t[p[62]]<<6 | t[p[63]]<<7

	// Transpose the 8 by 8 bytes, so that word k is the mask of field k.
	const lo4, lo2, lo1 = 1<<32 - 1, 0x0000ffff0000ffff, 0x00ff00ff00ff00ff
	x := (a0>>32 ^ a4) & lo4
	a0, a4 = a0^x<<32, a4^x
	x = (a1>>32 ^ a5) & lo4
	a1, a5 = a1^x<<32, a5^x
	x = (a2>>32 ^ a6) & lo4
	a2, a6 = a2^x<<32, a6^x
	x = (a3>>32 ^ a7) & lo4
	a3, a7 = a3^x<<32, a7^x
	x = (a0>>16 ^ a2) & lo2
	a0, a2 = a0^x<<16, a2^x
	x = (a1>>16 ^ a3) & lo2
	a1, a3 = a1^x<<16, a3^x
	x = (a4>>16 ^ a6) & lo2
	a4, a6 = a4^x<<16, a6^x
	x = (a5>>16 ^ a7) & lo2
	a5, a7 = a5^x<<16, a7^x
	x = (a0>>8 ^ a1) & lo1
	a0, a1 = a0^x<<8, a1^x
	x = (a2>>8 ^ a3) & lo1
	a2, a3 = a2^x<<8, a3^x
	x = (a4>>8 ^ a5) & lo1
	a4, a5 = a4^x<<8, a5^x
	x = (a6>>8 ^ a7) & lo1
	a6, a7 = a6^x<<8, a7^x
	return masks{a0, a1, a2, a3, a4, a5, a6, a7}
}

// highBits returns the mask of the bytes from 0x80 up.
func highBits(p *windowBytes) (mask uint64) {
	const high = 0x8080808080808080
	w0, w1 := binary.LittleEndian.Uint64(p[0:8]), binary.LittleEndian.Uint64(p[8:16])
	w2, w3 := binary.LittleEndian.Uint64(p[16:24]), binary.LittleEndian.Uint64(p[24:32])
	w4, w5 := binary.LittleEndian.Uint64(p[32:40]), binary.LittleEndian.Uint64(p[40:48])
	w6, w7 := binary.LittleEndian.Uint64(p[48:56]), binary.LittleEndian.Uint64(p[56:64])
	if (w0|w1|w2|w3|w4|w5|w6|w7)&high == 0 {
		return 0
	}
	const gather = 0x0002040810204081 // the eight high bits to the highest byte
	for i, w := range [8]uint64{w0, w1, w2, w3, w4, w5, w6, w7} {
		mask |= (w & high) >> 7 * gather >> 49 & 0xff << (8 * i)
	}
	return mask
}

// wide are the characters of several bytes in a window: every byte of one is in
// the masks.
type wide struct {
	class [8]uint64
	rest  uint64 // their bytes but the first
}

// classify makes the masks of the characters of several bytes, whose bytes are
// the high ones given. It returns the bytes up to which that is good: up to white
// space, a number, or what is not UTF-8; 64 if it is for all.
func (w *wide) classify(p *windowBytes, high uint64) (good int) {
	good = 64
	var rest uint64
	for high != 0 {
		i := bits.TrailingZeros64(high) & 63
		x := binary.LittleEndian.Uint32(p[i : i+4])
		all := uint64(7) << i
		r, ok := threeBytes(x)
		if !ok {
			all = 3 << i
			if r, ok = twoBytes(x); !ok {
				all = 15 << i
				if r, ok = fourBytes(x); !ok {
					good = i
					break
				}
			}
		}
		w.class[classOf(r)&7] |= all
		rest |= all & (all << 1)
		high &^= all
	}
	w.rest = rest
	return min(good, bits.TrailingZeros64(w.class[number]|w.class[space]))
}

// borders returns the mask of the bytes that start a piece, of a window that
// starts with one. Only the first n bytes count, 0 < n <= 64. With atEnd the
// text ends behind them; without, bits above the returned limit may be wrong.
// Besides it returns the mask of the digits, and how many bytes it looked at: up
// to a character that it does not know, where it is as if the text went on.
func (pat pattern) borders(p *windowBytes, n int, atEnd bool) (starts, digit uint64, limit, size int) {
	m := classify(p)
	var rest, uncased uint64 // bytes of characters but the first; of letters
	if high := highBits(p) & (^uint64(0) >> (64 - uint(n))); high != 0 {
		var w wide
		good := w.classify(p, high)
		if pat == patternO200K {
			uncased = w.class[letter] | w.class[mark]
			// A capital behind a letter without case, or a mark behind a symbol,
			// depend on more than their neighbour.
			symbols := w.class[other] | ^(m.letter | m.digit | m.white | high)
			odd := (m.capital|w.class[upper])&^w.rest&(uncased<<1) | w.class[mark]&^w.rest&(symbols<<1)
			good = min(good, bits.TrailingZeros64(odd))
		}
		if good < n {
			n, atEnd = good, false
			if n == 0 {
				return 0, 0, 0, 0
			}
		}
		rest = w.rest
		m.capital |= w.class[upper]
		m.letter |= w.class[upper] | w.class[lower] | w.class[letter] | uncased
	}
	valid := ^uint64(0) >> (64 - uint(n))
	m.letter &= valid
	m.capital &= valid
	m.digit &= valid
	m.white &= valid
	m.newline &= valid
	m.blank &= valid
	m.quote &= valid
	m.slash &= valid
	symbol := valid &^ (m.letter | m.digit | m.white)

	// Line breaks right behind symbols, with o200k also slashes after them,
	// belong to the symbols' piece: the carry of an addition runs along.
	trailer := m.newline
	if pat == patternO200K {
		trailer |= m.slash
	}
	var tail uint64
	if first := m.newline & (symbol << 1); first != 0 {
		tail = trailer&^(trailer+first) | first
		symbol &^= tail
	}
	white := m.white &^ tail

	// Symbols start a piece, unless after a blank, which then starts it. One
	// symbol alone goes with the letters that follow; so does the last
	// character of white space if it is not a line break.
	symbolStart := symbol &^ (symbol << 1) &^ (m.blank << 1)
	spaces := white &^ m.newline
	behind := (spaces | symbolStart) << 1
	behind = behind&^rest | (rest+rest&behind)&^rest // the whole character
	starts = symbolStart | m.letter&^(m.letter<<1)&^behind

	// White space starts a piece at its beginning, behind its last line
	// break, and at its last character before something else.
	nonWhite := valid &^ m.white
	starts |= white&^(white<<1) | spaces&(nonWhite>>1)
	if rest := spaces & (m.newline << 1); rest != 0 {
		starts |= rest
		// Not behind a line break that another one follows in the same run.
		follows := (spaces + rest) &^ spaces & white & m.newline
		for ; follows != 0; follows &= follows - 1 {
			k := bits.TrailingZeros64(follows)
			last := 63 - bits.LeadingZeros64(rest&(1<<k-1))
			if tail>>(last-1)&1 == 0 {
				starts &^= 1 << last
			}
		}
	}

	// Digits go in threes, or alone.
	first := m.digit &^ (m.digit << 1)
	if !pat.threes() {
		first = m.digit
	}
	if third := m.digit & (m.digit << 1) & (m.digit << 2) & (m.digit << 3); third != 0 {
		for next := first << 3 & third; next != 0; next = next << 3 & third {
			first |= next
		}
	}
	starts |= first

	if pat == patternO200K {
		small := m.letter &^ m.capital &^ uncased
		starts |= m.capital & (small << 1)
		quotes := m.quote & (m.letter << 1) & (m.letter >> 1)
		for end := -1; quotes != 0; quotes &= quotes - 1 {
			k := bits.TrailingZeros64(quotes)
			if k == end {
				continue // the letter before belongs to a contraction
			}
			if length := contraction(p[:n], k); length > 0 {
				end = k + length
				starts = starts&^((1<<length-1)<<k) | m.letter&(1<<end)
			}
		}
	} else {
		for quotes := m.quote & symbolStart & (m.letter >> 1); quotes != 0; quotes &= quotes - 1 {
			k := bits.TrailingZeros64(quotes)
			if length := contraction(p[:n], k); length > 0 {
				starts |= m.letter & (1 << (k + length))
			}
		}
	}

	whiteTail := bits.LeadingZeros64(^(white << (64 - uint(n))))
	if atEnd {
		if pat == patternCL100K && whiteTail > 0 {
			starts &= 1<<(n-whiteTail+1) - 1
		}
		return starts, m.digit, n - 1, n
	}
	return starts, m.digit, min(n-3, n-whiteTail), n
}
