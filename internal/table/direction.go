package table

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/bidi"
)

// Where a line has letters that are written from the right to the left, whoever shows
// it reorders all that stands beside them: numbers change their columns, 2024-01-05
// becomes 05-01-2024. Marks without width keep each cell in its place.
const (
	leftToRight = "\u200e" // a letter of no width
	isolate     = "\u2068" // what follows is shown by itself, up to the end of the isolation
	isolated    = "\u2069"
)

// RightToLeft tells whether a text has letters that are written from the right to the left.
func RightToLeft(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		if r < 0x590 {
			return false
		}
		p, _ := bidi.LookupRune(r)
		return p.Class() == bidi.R || p.Class() == bidi.AL
	}) >= 0
}

// startsRightToLeft tells whether the first letter of a text is one that is written from the right to the left.
func startsRightToLeft(s string) bool {
	for _, r := range s {
		switch p, _ := bidi.LookupRune(r); p.Class() {
		case bidi.R, bidi.AL:
			return true
		case bidi.L:
			return false
		}
	}
	return false
}

// Isolate keeps a text together, and what is beside it out of it, in a line that
// may be reordered.
func Isolate(s string) string { return isolate + s + isolated }

// RightToLeft tells whether a cell or the name of a column has such letters.
func (t Table) RightToLeft() bool {
	return slices.ContainsFunc(t.Columns, RightToLeft) || slices.ContainsFunc(t.Rows, func(r []string) bool { return slices.ContainsFunc(r, RightToLeft) })
}
