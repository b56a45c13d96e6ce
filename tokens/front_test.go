package tokens

import (
	"fmt"
	"testing"
)

// take2 looks pieces up in a front table, at both places.
func take2(t *testing.T, f front, texts ...string) (total, missing int) {
	t.Helper()
	var s scratch
	var text []byte
	for i, piece := range texts {
		s.spans.starts[i] = len(text)
		text = append(text, piece...)
		s.spans.ends[i] = len(text)
	}
	var p pieces
	if !p.take(&s, text, len(texts)) {
		t.Fatal("nothing is there to read behind the pieces")
	}
	total = f.lookUp(&p)
	total += f.lookUpSecond(&p)
	return total, p.n
}

// Two pieces with one place are both found, again and again; what is not there is
// listed, and nothing is found that was not added.
func TestFrontKeepsWhatIsDisplaced(t *testing.T) {
	f := make(front, 1<<frontBits)
	byPlace := map[uint64][]string{}
	var two []string
	for i := 0; two == nil; i++ {
		piece := fmt.Sprint(" piece", i)
		first := frontKey([]byte(piece)).place()
		if byPlace[first] = append(byPlace[first], piece); len(byPlace[first]) == 2 {
			two = byPlace[first]
		}
	}
	f.add(frontKey([]byte(two[0])), 3)
	if n, missing := take2(t, f, two...); n != 3 || missing != 1 {
		t.Errorf("%d tokens, %d missing", n, missing)
	}
	f.add(frontKey([]byte(two[1])), 4)
	for range 3 {
		if n, missing := take2(t, f, two[0], two[1], two[0], two[0], two[1]); n != 17 || missing != 0 {
			t.Errorf("both added: %d tokens, %d missing", n, missing)
		}
	}
	if n, missing := take2(t, f, two[0]+"x", " ", two[1][:5]); n != 0 || missing != 3 {
		t.Errorf("none of them was added: %d tokens, %d missing", n, missing)
	}
}

// Of 16,000 pieces, more than a language's usual words, nine of ten stay even when
// each comes as often as the others.
func TestFrontHoldsTheWordsOfALanguage(t *testing.T) {
	f := make(front, 1<<frontBits)
	lost := 0
	for range 2 {
		lost = 0
		for i := range 16_000 {
			piece := fmt.Sprintf(" w%d", i*7919)
			n, missing := take2(t, f, piece)
			if lost += missing; missing == 1 {
				f.add(frontKey([]byte(piece)), i%15+1)
			} else if n != i%15+1 {
				t.Fatalf("%s: %d tokens", piece, n)
			}
		}
	}
	if lost > 1_600 {
		t.Errorf("%d of 16,000 were displaced", lost)
	}
	t.Log(lost, "displaced")
}
