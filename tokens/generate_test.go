package tokens

import (
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"
)

// generator makes texts of all kinds.
type generator struct {
	*rand.Rand
	vocab *vocab
}

// blocks are ranges of code points that texts are made of.
var blocks = [][2]rune{
	{0x20, 0x7e}, {'a', 'z'}, {'A', 'Z'}, {'0', '9'}, {0x00, 0x20}, {0x21, 0x2f}, {0x80, 0xff}, {0x100, 0x24f},
	{0x300, 0x36f}, {0x370, 0x3ff}, {0x400, 0x4ff}, {0x531, 0x586}, {0x5d0, 0x5ea}, {0x600, 0x6ff}, {0x905, 0x939}, {0x93e, 0x94d}, {0x985, 0x9b9},
	{0xb85, 0xbb9}, {0xe01, 0xe3a}, {0x10d0, 0x10ff}, {0x1780, 0x17b3}, {0x1000, 0x1049}, {0x2000, 0x206f},
	{0x2190, 0x21ff}, {0x2460, 0x24ff}, {0x2c80, 0x2ce3}, {0x3040, 0x30ff}, {0x4e00, 0x9fa5}, {0xac00, 0xd7a3}, {0xfe00, 0xfe0f},
	{0xff01, 0xff5e}, {0x10400, 0x1044f}, {0x1d400, 0x1d7ff}, {0x1f300, 0x1f5ff}, {0x1f1e6, 0x1f1ff}, {0x20000, 0x2a6d6}, {0xe0100, 0xe01ef},
}

// traps are strings that borders of pieces depend on.
var traps = []string{
	"'s", "'S", "'ll", "'LL", "'lL", "'re", "'ve", "'d", "'m", "'t", "'ſ", "'l", "'r", "'x", "’s", "''s",
	" ", "  ", "\n", "\r\n", "\n\n", " \n", "\n ", "\t", "\t\t", "\u00a0", "\u0085", "\u2028", "\u3000", "\ufeff", "\x7f", "\x00", "\x1c",
	"/", "//", "/\n/", "!\n", "!\n\n", "1", "12", "123", "1234", "½", "٣", "Ⅷ", "a", "A", "aA", "Aa", "AA", "ǅ", "ª", "ʰ", "中", "́", "e\u0301", "क्षि", "\u200d", "👨‍👩‍👧",
	"ß", "İ", "DŽ", "<|endoftext|>", ".", "...", "-", "_", "\"", "(", "http://", "éÉ", "中A", "A中a", "\ufffd",
}

func (g *generator) text() string {
	switch g.IntN(10) {
	case 0: // code points of all planes
		var b strings.Builder
		for range g.length(20) {
			b.WriteRune(g.anyRune())
		}
		return b.String()
	case 1: // of some blocks
		parts := make([][2]rune, 1+g.IntN(3))
		for i := range parts {
			parts[i] = blocks[g.IntN(len(blocks))]
		}
		var b strings.Builder
		for range g.length(30) {
			p := parts[g.IntN(len(parts))]
			b.WriteRune(p[0] + rune(g.IntN(int(p[1]-p[0]+1))))
		}
		return b.String()
	case 2: // traps
		var b strings.Builder
		for range g.length(10) {
			b.WriteString(traps[g.IntN(len(traps))])
		}
		return b.String()
	case 3: // tokens in a row
		var b strings.Builder
		for range g.length(8) {
			if s := g.vocab.token(uint32(g.IntN(len(g.vocab.offset) - 1))); utf8.Valid(s) {
				b.Write(s)
			}
		}
		return b.String()
	case 4: // frequent tokens in a row
		var b strings.Builder
		for range g.length(12) {
			if s := g.vocab.token(uint32(g.IntN(3000))); utf8.Valid(s) {
				b.Write(s)
			}
		}
		return b.String()
	case 5: // words of few letters
		return randomOf(g.Rand, []rune(alphabets[g.IntN(len(alphabets))]), g.length(40))
	case 6: // runs
		var b strings.Builder
		for range 1 + g.IntN(4) {
			b.WriteString(strings.Repeat(traps[g.IntN(len(traps))], 1+g.IntN(1+g.IntN(60))))
		}
		return b.String()
	case 7: // long words
		p := blocks[g.IntN(len(blocks))]
		n := 1 + g.IntN(int(p[1]-p[0]+1))
		var b strings.Builder
		for range g.length(60) {
			b.WriteRune(p[0] + rune(g.IntN(n)))
		}
		return b.String()
	}
	return g.text() + g.text()
}

// length is mostly small, at times up to 20 times the usual.
func (g *generator) length(usual int) int {
	if g.IntN(100) == 0 {
		usual *= 20
	}
	return g.IntN(usual + 1)
}

func (g *generator) anyRune() rune {
	for {
		r := rune(g.IntN(utf8.MaxRune + 1))
		if g.IntN(2) == 0 {
			r = rune(g.IntN(0x20000)) // where most that is assigned is
		}
		if utf8.ValidRune(r) {
			return r
		}
	}
}

// broken returns text with bytes that are not UTF-8.
func (g *generator) broken() string {
	var b []byte
	for range 1 + g.IntN(20) {
		switch g.IntN(4) {
		case 0:
			b = append(b, byte(0x80+g.IntN(0x80)))
		case 1:
			s := []byte(traps[g.IntN(len(traps))])
			b = append(b, s[:g.IntN(len(s)+1)]...)
		case 2:
			p := blocks[g.IntN(len(blocks)-6)]
			for range 1 + g.IntN(4) {
				b = utf8.AppendRune(b, p[0]+rune(g.IntN(int(p[1]-p[0]+1))))
			}
			b = b[:len(b)-min(len(b), g.IntN(2))]
		case 3:
			b = append(b, "the quick, \xf0\x9f\x98"[g.IntN(10):]...)
		}
	}
	// Python's regex, which judges, knows a later Unicode with more letters.
	for i := 0; i < len(b); {
		r, w := utf8.DecodeRune(b[i:])
		if w > 1 && !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf) {
			b = append(b[:i], b[i+w:]...)
			i = 0
			continue
		}
		i += w
	}
	return string(b)
}

func randomOf(r *rand.Rand, alphabet []rune, n int) string {
	out := make([]rune, n)
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}
