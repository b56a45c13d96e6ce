// Package output holds what a cell prints, within bounds.
package output

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Output keeps the head and the tail of a text that may be endless, in
// bounded memory, and passes it on as it comes.
type Output struct {
	limit int // characters kept in all
	head  []byte
	tail  []byte // at most 2*limit bytes, cut back to the last half
	runes int    // characters seen
	rest  []byte // an incomplete character at the end of the last write
	sink  func(string)
}

// New returns an empty Output that keeps limit characters. Sink, which may be nil,
// gets all of it.
func New(limit int, sink func(string)) *Output {
	return &Output{limit: limit, sink: sink}
}

// Write adds what was printed. Invalid UTF-8 becomes U+FFFD.
func (o *Output) Write(p []byte) {
	if len(o.rest) > 0 {
		p = append(o.rest, p...)
		o.rest = nil
	}
	if n := incomplete(p); n > 0 {
		o.rest = append([]byte(nil), p[len(p)-n:]...)
		p = p[:len(p)-n]
	}
	o.add(toValid(p))
}

// End flushes an incomplete character.
func (o *Output) End() {
	if len(o.rest) > 0 {
		p := o.rest
		o.rest = nil
		o.add(toValid(p))
	}
}

func (o *Output) add(s string) {
	if s == "" {
		return
	}
	if o.sink != nil {
		o.sink(s)
	}
	half := o.limit / 2
	n := utf8.RuneCountInString(s)
	if room := half - o.runes; room > 0 {
		cut := len(s)
		if n > room {
			cut = byteOfRune(s, room)
		}
		o.head = append(o.head, s[:cut]...)
		o.tail = append(o.tail, s[cut:]...)
	} else {
		o.tail = append(o.tail, s...)
	}
	o.runes += n
	if len(o.tail) > 8*o.limit {
		o.tail = append([]byte(nil), lastRunes(o.tail, half)...)
	}
}

// String returns the text, with a line that says how much is missing between
// head and tail.
func (o *Output) String() string {
	half := o.limit / 2
	if o.runes <= o.limit {
		return string(o.head) + string(o.tail)
	}
	return string(o.head) + fmt.Sprintf("\n… %d characters left out …\n", o.runes-2*half) + string(lastRunes(o.tail, half))
}

// incomplete returns how many bytes at the end of p begin a character that
// goes on in the next write.
func incomplete(p []byte) int {
	for n := 1; n <= utf8.UTFMax-1 && n <= len(p); n++ {
		b := p[len(p)-n]
		if utf8.RuneStart(b) {
			if !utf8.FullRune(p[len(p)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

func toValid(p []byte) string {
	if utf8.Valid(p) {
		return string(p)
	}
	return string([]rune(string(p)))
}

func byteOfRune(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

func lastRunes(p []byte, n int) []byte {
	i := len(p)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRune(p[:i])
		i -= size
	}
	return p[i:]
}

// Tidy makes of a terminal's output what stands there at the end:
// a line that was overwritten (progress bars do) keeps its last form.
func Tidy(s string) string {
	if !strings.ContainsRune(s, '\r') {
		return s
	}
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		if cut := strings.LastIndexByte(strings.TrimRight(l, "\r"), '\r'); cut >= 0 {
			lines[i] = strings.TrimRight(l, "\r")[cut+1:]
		} else {
			lines[i] = strings.TrimRight(l, "\r")
		}
	}
	return strings.Join(lines, "\n")
}
