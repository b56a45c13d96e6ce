package terminal

import (
	"io"
	"unicode"
	"unicode/utf8"
)

// Clean returns a writer that passes text on to a terminal without what commands
// it: every control character but the ends of lines and tabs is shown as a
// symbol, and so is what turns the direction of text. Names of files, models'
// answers and what code prints can't clear, hide or forge anything then.
//
// Bytes that are no UTF-8 become U+FFFD. A character may come in pieces.
func Clean(w io.Writer) io.Writer { return &cleaner{w: w} }

type cleaner struct {
	w    io.Writer
	rest []byte // the beginning of a character
}

// Unwrap returns the writer below.
func (c *cleaner) Unwrap() io.Writer { return c.w }

func (c *cleaner) Write(p []byte) (int, error) {
	in := append(c.rest, p...)
	out := make([]byte, 0, len(in)+16)
	for len(in) > 0 && (utf8.FullRune(in) || len(in) >= utf8.UTFMax) {
		r, n := utf8.DecodeRune(in)
		out = utf8.AppendRune(out, shown(r))
		in = in[n:]
	}
	c.rest = append([]byte(nil), in...)
	if len(out) == 0 {
		return len(p), nil
	}
	if _, err := c.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// shown is the character that is shown for one.
func shown(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || r == '\r':
		return r
	case r < ' ':
		return '␀' + r // its picture: ␛ for ESC
	case r == 0x7f:
		return '␡'
	case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029:
		return utf8.RuneError
	}
	return r
}
