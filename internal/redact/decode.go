package redact

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// view is a text as it is after decoding, and where its bytes stood before.
type view struct {
	text string
	at   []int32 // of each byte, and of the end, in the source; nil: the text is the source
}

func (v view) source(i int) int {
	if v.at == nil {
		return i
	}
	return int(v.at[i])
}

// decode undoes one level of what URLs, JSON, quoted strings and HTML do to
// characters.
func (v view) decode() view {
	out := make([]byte, 0, len(v.text))
	at := make([]int32, 0, len(v.text)+1)
	for i := 0; i < len(v.text); {
		char, n := unescape(v.text[i:])
		for range len(char) {
			at = append(at, int32(v.source(i)))
		}
		out = append(out, char...)
		i += n
	}
	return view{string(out), append(at, int32(v.source(len(v.text))))}
}

// unescape returns what s begins with, decoded, and how many bytes that takes.
func unescape(s string) (char string, n int) {
	switch s[0] {
	case '%':
		if c, ok := number(s, 1, 2); ok {
			return string([]byte{byte(c)}), 3
		}
	case '\\':
		return unquote(s)
	case '&':
		if end := strings.IndexByte(s[:min(len(s), 12)], ';'); end > 0 {
			if text := html.UnescapeString(s[:end+1]); text != s[:end+1] {
				return text, end + 1
			}
		}
	}
	return s[:1], 1
}

// unquote is unescape for what begins with a backslash.
func unquote(s string) (char string, n int) {
	if len(s) < 2 {
		return s, 1
	}
	switch s[1] {
	case 'x':
		if c, ok := number(s, 2, 2); ok {
			return string([]byte{byte(c)}), 4
		}
	case 'u':
		c, ok := number(s, 2, 4)
		if !ok {
			break
		}
		if utf16.IsSurrogate(c) && strings.HasPrefix(s[6:], `\u`) {
			if low, ok := number(s, 8, 4); ok {
				return string(utf16.DecodeRune(c, low)), 12
			}
		}
		return string(c), 6
	case 'U':
		if c, ok := number(s, 2, 8); ok && utf8.ValidRune(c) {
			return string(c), 10
		}
	case 'n':
		return "\n", 2
	case 't':
		return "\t", 2
	case 'r':
		return "\r", 2
	case '\\', '"', '\'', '/':
		return s[1:2], 2
	}
	return s[:1], 1
}

// number reads hexadecimal digits.
func number(s string, from, digits int) (rune, bool) {
	if len(s) < from+digits {
		return 0, false
	}
	n, err := strconv.ParseUint(s[from:from+digits], 16, 31)
	return rune(n), err == nil
}
