package markdown

import (
	"strings"
	"unicode"
)

// Escape takes the meaning of Markdown and mentions out of a text, such as a
// file's name, that stands between other text. An underscore between letters
// has none.
func Escape(s string) string {
	var out strings.Builder
	rs := []rune(s)
	inWord := func(i int) bool { return i >= 0 && i < len(rs) && (unicode.IsLetter(rs[i]) || unicode.IsDigit(rs[i])) }
	for i, r := range rs {
		if strings.ContainsRune("\\*~`|<>[]#", r) || r == '_' && !(inWord(i-1) && inWord(i+1)) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}
