package tokens

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// splitAll returns the ends of all pieces of text by way of splitter.
func splitAll(t *testing.T, p pattern, text []byte) []int {
	var all, long []int
	var to spans
	s := splitter{text: text, pattern: p}
	for {
		end := s.pos
		n, _ := s.next(&to, 0)
		if n == 0 {
			break
		}
		for k, start := range to.starts[:n] {
			if start != end {
				t.Fatalf("pattern %d, text %q: a piece starts at %d, not %d", p, text, start, end)
			}
			end = to.ends[k]
			digits := strings.Trim(string(text[start:end]), "0123456789") == ""
			if end-start > 1 && !digits {
				long = append(long, end)
			}
		}
		if end != s.pos {
			t.Fatalf("pattern %d, text %q: the pieces end at %d, not %d", p, text, end, s.pos)
		}
		all = append(all, to.ends[:n]...)
	}
	// The same, leaving some out up to some position.
	for _, until := range []int{len(text), len(text) / 2} {
		skipping := splitter{text: text, pattern: p}
		var left, behind []int
		number := 0
		for {
			n, skipped := skipping.next(&to, until)
			if n+skipped == 0 {
				break
			}
			number += n + skipped
			for _, end := range to.ends[:n] {
				if slices.Contains(long, end) {
					left = append(left, end)
				}
				if end > until {
					behind = append(behind, end)
				}
			}
		}
		at, _ := slices.BinarySearch(all, until+1)
		if !slices.Equal(behind, all[at:]) {
			t.Fatalf("pattern %d, text %q: behind %d pieces are left out: %v, not %v", p, text, until, behind, all[at:])
		}
		if number != len(all) || !slices.Equal(left, long) {
			t.Fatalf("pattern %d, text %q: %d pieces, not %d, and of the long ones %v, not %v", p, text, number, len(all), left, long)
		}
	}
	return all
}

// Pieces that a splitter may skip are tokens.
func TestSkippedPiecesAreTokens(t *testing.T) {
	for _, enc := range encodings[:2] {
		for n := range 1000 {
			for _, piece := range []string{fmt.Sprintf("%d", n), fmt.Sprintf("%02d", n), fmt.Sprintf("%03d", n)} {
				if ids := enc.Encode(piece); len(ids) != 1 {
					t.Errorf("%s: %s has the tokens %v", enc.Name(), piece, ids)
				}
			}
		}
	}
}

// checkSplit fails unless splitter finds the pieces that pieceEnd defines.
func checkSplit(t *testing.T, p pattern, text []byte) {
	t.Helper()
	got := splitAll(t, p, text)
	pos := 0
	for k := 0; pos < len(text); k++ {
		end := p.pieceEnd(text, pos)
		if end <= pos || end > len(text) {
			t.Fatalf("pattern %d: piece %d..%d of %q", p, pos, end, text)
		}
		if k >= len(got) || got[k] != end {
			t.Fatalf("pattern %d, text %q:\npiece %d starts at %d and ends at %d; splitter has %v", p, text, k, pos, end, got)
		}
		pos = end
	}
	if n := len(got); n > 0 && got[n-1] != len(text) {
		t.Fatalf("pattern %d, text %q: splitter ends at %d", p, text, got[n-1])
	}
}

var alphabets = []string{
	"aB ' \n", "ab'strevmld STREVMLD", "x1 \t\r\n/.!", "!/\n", "a \n", "09a ", "AbC'd' ",
	" aé中́١ſ'\u00a0\u0085", "don't WE'LL i'd've 'tis ", "//\n\t// x\n\n  func(){}\n", "  \n \t\r\n!?",
	"ab “”’—é Üñ", "Жби ЯД — «»", "中文AB ab。，", "กขค เ ", "कि\u094d\u093f !", "e\u0301E\u0301 '", "ﬁǅ¿a 😀\ufe0f", "１２a ² \u3000", "اب ت،١", "\U00010400\U00010428 aA",
}

func randomText(r *rand.Rand) []byte {
	alphabet := []rune(alphabets[r.IntN(len(alphabets))])
	n := r.IntN(200)
	var out []rune
	for len(out) < n {
		c := alphabet[r.IntN(len(alphabet))]
		for range 1 + r.IntN(1+r.IntN(1+r.IntN(6))) {
			out = append(out, c)
		}
	}
	return []byte(string(out))
}

func TestWindowMatchesDefinition(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		text := randomText(r)
		checkSplit(t, patternCL100K, text)
		checkSplit(t, patternO200K, text)
	}
}

// Long runs end where they do character by character.
func TestLongRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	one := func(b []byte, i int, set uint) int {
		for i < len(b) {
			class, w := classAt(b, i)
			if set>>class&1 == 0 {
				break
			}
			i += w
		}
		return i
	}
	hits := 0
	for range 100_000 {
		run := []string{"a", "A", " ", "#", "aZ", "中", "é", "a中", "e\u0301", "1", "\xff", "\n", "\t "}[r.IntN(13)]
		text := []byte(strings.Repeat(run, 1+r.IntN(60)) + []string{"", "b", "é", "Z", " ", "!", "7", "\n", "\xc3"}[r.IntN(9)] + string(randomText(r)))
		set := []uint{inCapital, inSmall, inLetter, inSpace, inSymbol}[r.IntN(5)]
		i := r.IntN(4) % len(text)
		end := skip(text, i, set)
		if want := one(text, i, set); end != want {
			t.Fatalf("%q from %d: the run of %b ends at %d, not %d", text, i, set, end, want)
		}
		if end > i+16 {
			hits++
		}
		checkSplit(t, patternCL100K, text)
		checkSplit(t, patternO200K, text)
	}
	if hits < 10_000 {
		t.Errorf("%d long runs", hits)
	}
}

func TestLongWhiteSpace(t *testing.T) {
	for n := range 100 {
		for _, c := range []struct {
			behind        string
			cl100k, o200k int // of the first piece, beyond the spaces
		}{{"", 0, 0}, {"a", -1, -1}, {"\n", 1, 1}, {"\n  ", 3, 1}, {"\n a", 1, 1}, {"\u00a0", 2, 2}, {"\u00a0b", 0, 0}, {"1", -1, -1}} {
			text := []byte(strings.Repeat(" ", n+2) + c.behind)
			if end := patternCL100K.pieceEnd(text, 0); end != n+2+c.cl100k {
				t.Errorf("cl100k: %q: %d", text, end)
			}
			if end := patternO200K.pieceEnd(text, 0); end != n+2+c.o200k {
				t.Errorf("o200k: %q: %d", text, end)
			}
		}
	}
}
