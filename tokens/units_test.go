package tokens

import (
	"math/rand/v2"
	"testing"
)

// The table of units holds what merging gives, in broken UTF-8 too, and
// wherever a string starts and ends.
func TestUnits(t *testing.T) {
	for _, enc := range encodings[:2] {
		v := enc.vocab()
		g := &generator{Rand: rand.New(rand.NewPCG(5, 5)), vocab: v}
		for n := range 60_000 {
			text := g.text()
			switch n % 3 {
			case 1:
				text = g.broken()
			case 2: // lead and continuation bytes of all kinds
				b := make([]byte, 30)
				for i := range b {
					b[i] = "\xc2\xc3\xd0\xe0\xe3\xe4\xed\xf0\xf4\xf5\xff\x80\x81\x8f\x98\x9f\xa0\xb8\xbf\xbf a"[g.IntN(22)]
				}
				text = string(b)
			}
			b := []byte(text)
			start, end := 0, len(b)
			if end > 0 {
				start = g.IntN(end)
				end = start + 1 + g.IntN(end-start)
			}
			for i := start; i < end; i++ {
				u, next := v.unit(b, start, i, end)
				u2, next2 := v.unitByMerging(b, start, i, end)
				if u != u2 || next != next2 {
					t.Fatalf("%s: %q at %d: %d up to %d, not %d up to %d", enc.Name(), b[start:end], i-start, u, next, u2, next2)
				}
			}
		}
	}
}
