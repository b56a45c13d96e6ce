// Package brief makes texts short: for a line, a list, a log.
package brief

import (
	"strings"
	"unicode"
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
			return s[:Letter(s, i)] + ellipsis
		}
	}
	return ""
}

// Letter is the greatest index of s up to i at which no letter as people see it is
// cut: its accents and vowel signs stay with it, and the parts of an emoji together.
// It is i where a letter has more than a few dozen parts.
func Letter(s string, i int) int {
	at := i
	for range 40 {
		before, size := utf8.DecodeLastRuneInString(s[:at])
		after, _ := utf8.DecodeRuneInString(s[at:])
		if at == 0 || at == len(s) || !joined(before, after) && !(flag(after) && flags(s[:at])%2 == 1) {
			return at
		}
		at -= size
	}
	return i
}

const joiner = '\u200d' // of emoji

func joined(before, after rune) bool {
	return before == joiner || after == joiner || unicode.In(after, unicode.Mn, unicode.Mc, unicode.Me) ||
		after >= 0x1F3FB && after <= 0x1F3FF || after >= 0xE0020 && after <= 0xE007F || // skins, and flags of regions
		before > 0x900 && before < 0xD80 && before&0x7F == 0x4D && unicode.IsLetter(after) // a consonant without its vowel, in India's scripts
}

func flag(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// flags counts the letters of flags at the end of s.
func flags(s string) (n int) {
	for {
		r, size := utf8.DecodeLastRuneInString(s)
		if !flag(r) {
			return n
		}
		s, n = s[:len(s)-size], n+1
	}
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
