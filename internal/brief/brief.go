// Package brief makes texts short: for a line, a list, a log.
package brief

import (
	"strings"
	"unicode/utf8"
)

const ellipsis = "…"

// Chars cuts s to at most n characters; where it is cut, the last one is an
// ellipsis.
func Chars(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count++; count == n {
			return s[:i] + ellipsis
		}
	}
	return ""
}

// Bytes makes s valid UTF-8 of at most n bytes; where it is cut, an ellipsis is
// the end of these, if n has room for one.
func Bytes(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	switch {
	case len(s) <= n:
		return s
	case n < len(ellipsis):
		return strings.ToValidUTF8(s[:max(n, 0)], "")
	}
	return strings.ToValidUTF8(s[:n-len(ellipsis)], "") + ellipsis
}

// Line makes one line of s: every run of space is one blank.
func Line(s string) string { return strings.Join(strings.Fields(s), " ") }

// LastLine returns the last line of s that is not empty.
func LastLine(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
}

// Escape takes the meaning of Markdown out of a name that stands between other
// text.
func Escape(name string) string { return escapes.Replace(name) }

var escapes = strings.NewReplacer("*", `\*`, "`", "\\`", "~", `\~`, "|", `\|`, "<", `\<`, "[", `\[`)
