package tokens

import (
	"math"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Counter counts the tokens of a text that arrives in parts, as if it were
// counted whole: tokens and pieces may span them, and so may characters. It
// holds on to no more of the text than the parts to come have a say in. It
// belongs to one goroutine at a time.
type Counter struct {
	encoding *Encoding
	settled  int    // tokens of text that is done with
	raw      []byte // text that is not in its normal form yet, if it is to be
	rest     []byte // text that is not done with
	next     int    // length of the rest from which on it is worth a look
	tokens   int    // of the rest; -1: not known
}

// NewCounter returns a counter of no text yet.
func (e *Encoding) NewCounter() *Counter { return &Counter{encoding: e} }

// Write adds text. It never fails.
func (c *Counter) Write(p []byte) (int, error) {
	if c.encoding.composed {
		c.raw = append(c.raw, p...)
		c.compose()
	} else {
		c.rest = append(c.rest, p...)
	}
	c.added(len(p))
	return len(p), nil
}

// WriteString is Write for a string.
func (c *Counter) WriteString(s string) (int, error) {
	if c.encoding.composed {
		return c.Write([]byte(s))
	}
	c.rest = append(c.rest, s...)
	c.added(len(s))
	return len(s), nil
}

// Count returns the number of tokens of what was written so far.
func (c *Counter) Count() int {
	if c.tokens < 0 {
		c.settle()
		c.tokens = c.encoding.Count(string(append(c.rest, c.raw...)))
	}
	return c.settled + c.tokens
}

// Reset makes the counter one of no text.
func (c *Counter) Reset() { *c = Counter{encoding: c.encoding} }

// compose brings to its normal form what the parts to come have no say in.
func (c *Counter) compose() {
	if end := norm.NFC.LastBoundary(c.raw); end > 0 {
		c.rest = append(c.rest, c.encoding.compose(string(c.raw[:end]))...)
		c.raw = append(c.raw[:0], c.raw[end:]...)
	}
}

func (c *Counter) added(n int) {
	if n > 0 {
		c.tokens = -1
	}
	if len(c.rest) >= max(c.next, 4096) {
		c.settle()
	}
}

// settle counts the pieces that will stay as they are, and drops them.
func (c *Counter) settle() {
	n, end := c.encoding.count(c.rest, math.MaxInt, c.encoding.pattern.settled(c.rest))
	c.settled += n
	c.rest = append(c.rest[:0], c.rest[end:]...)
	c.next = 2 * len(c.rest) // so that a long piece is not looked at too often
	if cap(c.rest) > 1<<16 && len(c.rest) < cap(c.rest)/4 {
		c.rest = append([]byte(nil), c.rest...)
	}
}

// settled returns up to where pieces of a text end the same whatever follows
// the text. A piece's end depends on the next few bytes; with white space, and
// with letters that are no small ones, on the whole run of them.
func (p pattern) settled(b []byte) int {
	if p == patternCustom {
		return 0
	}
	i := len(b) - 8
	for i > 0 && !utf8.RuneStart(b[i]) {
		i--
	}
	for _, set := range [...]uint{inSpace, inCapital} {
		for i > 0 {
			r, w := utf8.DecodeLastRune(b[:i])
			if set>>classOf(r)&1 == 0 {
				break
			}
			i -= w
		}
	}
	return i
}
