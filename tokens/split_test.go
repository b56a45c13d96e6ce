package tokens

import (
	"math/rand/v2"
	"testing"
)

// splitAll returns the ends of all pieces of text by way of splitter.
func splitAll(p pattern, text []byte) []int {
	var all []int
	var ends [batch]int
	s := splitter{text: text, pattern: p}
	for {
		n := s.next(&ends)
		if n == 0 {
			return all
		}
		all = append(all, ends[:n]...)
	}
}

// checkSplit fails unless splitter finds the pieces that pieceEnd defines.
func checkSplit(t *testing.T, p pattern, text []byte) {
	t.Helper()
	got := splitAll(p, text)
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
	for range 200_000 {
		text := randomText(r)
		checkSplit(t, patternCL100K, text)
		checkSplit(t, patternO200K, text)
	}
}
