package tokens

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCountAll(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(2, 3)), vocab: O200KBase.vocab()}
	for _, n := range []int{0, 1, 2, 500} {
		texts := make([]string, n)
		for i := range texts {
			texts[i] = g.text()
		}
		counts := O200KBase.CountAll(texts)
		if len(counts) != n {
			t.Fatalf("%d counts of %d texts", len(counts), n)
		}
		for i, s := range texts {
			if want := len(O200KBase.Encode(s)); counts[i] != want {
				t.Errorf("%q has %d, not %d", s, counts[i], want)
			}
		}
	}
}

func TestPiecesTile(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(3, 3)), vocab: CL100KBase.vocab()}
	for range 500 {
		s := g.text()
		at := 0
		for p := range CL100KBase.Pieces(s) {
			if text, err := CL100KBase.Decode([]uint32{p.Token}); err != nil || p.Start != at || s[p.Start:p.End] != text {
				t.Fatalf("%q: %+v is %q, %v", s, p, text, err)
			}
			at = p.End
		}
		if at != len(s) {
			t.Fatalf("%q: the pieces end at %d", s, at)
		}
	}
	for p := range O200KBase.Pieces("hello world") {
		if p != (Piece{24912, 0, 5}) {
			t.Errorf("%+v", p)
		}
		break
	}
}

func BenchmarkCountAll(b *testing.B) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 2000)
	texts := make([]string, 16)
	for i := range texts {
		texts[i] = text
	}
	b.SetBytes(int64(len(texts) * len(text)))
	for b.Loop() {
		O200KBase.CountAll(texts)
	}
}
