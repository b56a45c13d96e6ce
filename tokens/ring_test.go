package tokens

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// What the ring says of a piece is what was said last of it, or nothing,
// however many pieces came in between; and it grows no larger for them.
func TestRing(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	var g ring
	want := map[string]int{}
	var pieces []string
	hits := 0
	for i := range 60_000 {
		var piece []byte
		if len(pieces) > 0 && r.IntN(2) == 0 { // one of the last, or any
			k := r.IntN(len(pieces))
			if r.IntN(2) == 0 {
				k = max(len(pieces)-1-r.IntN(40), 0)
			}
			piece = []byte(pieces[k])
			if r.IntN(4) == 0 { // and of another content, in the same slot
				piece[50] ^= 1
			}
		} else {
			n := maxRemembered + 1 + r.IntN(1+1<<r.IntN(12))
			if i%1000 == 0 {
				n = maxRinged - r.IntN(3) + 1
			}
			piece = bytes.Repeat([]byte{byte(r.Uint32())}, n)
			for range 8 {
				piece[r.IntN(n)] = byte(r.Uint32())
			}
		}
		slot, count := g.find(piece)
		if slot == nil != (len(piece) > maxRinged) {
			t.Fatalf("a piece of %d bytes has the slot %v", len(piece), slot)
		}
		if count != 0 {
			if hits++; count != want[string(piece)] {
				t.Fatalf("%d tokens, not %d", count, want[string(piece)])
			}
		} else if slot != nil {
			g.set(slot, piece, i+1)
			if _, count := g.find(piece); count != i+1 {
				t.Fatalf("%d tokens are remembered, not %d", count, i+1)
			}
			want[string(piece)] = i + 1
			pieces = append(pieces, string(piece))
		}
	}
	if hits < 5_000 || g.head < 20*ringSize {
		t.Errorf("%d hits, %d bytes: too little is tried", hits, g.head)
	}
	if size := cap(g.slots)*int(unsafe.Sizeof(ringSlot{})) + cap(g.data); size > 1_200_000 {
		t.Errorf("the ring has %d bytes", size)
	}
}

// Long pieces count the same when they come again, whatever came in between.
func TestLongPiecesAgain(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 11))
	alphabets := []string{"a", " ", "qxz", "abcdefghijklmnopqrstuvwxyz", "!#$%&()*", "กขคงจฉชซ", "ກຂຄງຈ", "កខគឃង", "中文字", "😀🎉👍🏽"}
	for _, enc := range encodings[:2] {
		v := enc.vocab()
		s, plain := &scratch{}, &scratch{forget: true}
		var pieces []string
		var want []int
		for range 3_000 {
			k := r.IntN(len(pieces) + 1)
			if k == len(pieces) || r.IntN(3) == 0 {
				alphabet := []rune(alphabets[r.IntN(len(alphabets))])
				n := 20 + r.IntN(1+1<<r.IntN(17))
				var b strings.Builder
				for b.Len() < n {
					b.WriteRune(alphabet[r.IntN(len(alphabet))])
				}
				k = len(pieces)
				pieces = append(pieces, b.String())
				n, _ = v.count(plain, enc.pattern, []byte(b.String()), 1<<62, b.Len())
				want = append(want, n)
			}
			text := pieces[k]
			if n, _ := v.count(s, enc.pattern, []byte(text), 1<<62, len(text)); n != want[k] {
				t.Fatalf("%s: %q: %d tokens, not %d", enc.Name(), text, n, want[k])
			}
		}
		if s.memo.ring.head < 2*ringSize {
			t.Errorf("%s: %d bytes displace nothing", enc.Name(), s.memo.ring.head)
		}
	}
}
