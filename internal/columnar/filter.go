package columnar

import (
	"bytes"
	"math"
	"strings"
	"unicode/utf8"
)

// word is one wish of a filter: a text in any cell, or a comparison of a column.
type word struct {
	text   string // in lower case
	column int    // -1: any
	op     string
	value  float64 // of a number's or a time's column; NaN: it is none
}

// maxWords is how many wishes of a filter count.
const maxWords = 20

// parse takes a filter apart. What names no column is a text.
func (t *Table) parse(filter string) []word {
	var out []word
	for _, w := range split(filter) {
		if len(out) == maxWords {
			break
		}
		out = append(out, t.word(w))
	}
	return out
}

func (t *Table) word(w string) word {
	at := strings.IndexAny(w, "<>=!")
	if at > 0 {
		op := w[at : at+1]
		if strings.HasPrefix(w[at+1:], "=") {
			op += "="
		}
		c := t.named(strings.Trim(w[:at], `"`))
		if c >= 0 && op != "!" && op != "==" {
			text := strings.ToLower(strings.Trim(w[at+len(op):], `"`))
			return word{text, c, op, t.valueOf(c, text)}
		}
	}
	return word{text: strings.ToLower(strings.Trim(w, `"`)), column: -1}
}

func (t *Table) named(name string) int {
	for i, c := range t.columns {
		if strings.EqualFold(strings.TrimSpace(c.Name), name) {
			return i
		}
	}
	return -1
}

// valueOf reads a text as the column's cells are read.
func (t *Table) valueOf(c int, text string) float64 {
	if t.columns[c].Kind == Text {
		return math.NaN()
	}
	one := &column{}
	one.add(strings.ToUpper(text)) // T and Z of a time
	if kind, values := typed(one, 1); kind == t.columns[c].Kind {
		return values[0]
	}
	return math.NaN()
}

// split cuts at blanks that are not between quotes.
func split(s string) (out []string) {
	quoted, from := false, 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i == len(s) || s[i] == ' ' && !quoted:
			if strings.Trim(s[from:i], `"`) != "" {
				out = append(out, s[from:i])
			}
			from = i + 1
		case s[i] == '"':
			quoted = !quoted
		}
	}
	return out
}

// needle finds a text in cells, whatever the case.
type needle struct {
	lower []byte
	ascii bool
	first [2]byte // the first byte in lower and upper case
}

func newNeedle(lower string) needle {
	n := needle{lower: []byte(lower), ascii: true}
	for i := range len(lower) {
		n.ascii = n.ascii && lower[i] < utf8.RuneSelf
	}
	if len(lower) > 0 {
		n.first = [2]byte{lower[0], lower[0]}
		if 'a' <= lower[0] && lower[0] <= 'z' {
			n.first[1] -= 'a' - 'A'
		}
	}
	return n
}

func (n needle) in(cell []byte) bool {
	if len(cell) < len(n.lower) && n.ascii {
		return false
	}
	if !n.ascii {
		for _, b := range cell {
			if b >= utf8.RuneSelf {
				return bytes.Contains(bytes.ToLower(cell), n.lower)
			}
		}
		return false
	}
	for i := 0; i+len(n.lower) <= len(cell); i++ {
		if b := cell[i]; (b == n.first[0] || b == n.first[1]) && equalFold(cell[i:i+len(n.lower)], n.lower) {
			return true
		}
	}
	return len(n.lower) == 0
}

func equalFold(cell, lower []byte) bool {
	for i, b := range cell {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}
