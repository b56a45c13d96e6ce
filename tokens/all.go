package tokens

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// CountAll returns the number of tokens of each text, counted on as many
// processors as the program may use.
func (e *Encoding) CountAll(texts []string) []int {
	counts := make([]int, len(texts))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(texts)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(texts) {
					return
				}
				counts[i] = e.Count(texts[i])
			}
		})
	}
	wg.Wait()
	return counts
}

// Piece is a token in its text: text[Start:End]. Both may lie within a character.
type Piece struct {
	Token      uint32
	Start, End int
}

// Pieces yields the tokens of a text, as Encode finds them, with where they
// are. With an encoding that brings text to NFC they are in that form of it.
func (e *Encoding) Pieces(text string) iter.Seq[Piece] {
	return func(yield func(Piece) bool) {
		at := 0
		for _, id := range e.Encode(text) {
			own, _ := e.own(id)
			end := at + e.vocab().length(own)
			if !yield(Piece{id, at, end}) {
				return
			}
			at = end
		}
	}
}
