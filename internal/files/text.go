package files

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// DecodeText makes UTF-8 of a text's first bytes: of UTF-8, of UTF-16 with its
// mark, and of anything else as Windows-1252. What is not the whole text may end
// within a character, which is left out.
func DecodeText(b []byte, whole bool) string {
	if bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		// An odd byte is no character; the decoder replaces what else is none.
		text, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(b[:len(b)&^1])
		return string(text)
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	text := b
	for i := 0; !whole && i < utf8.UTFMax && len(text) > 0 && !utf8.Valid(text); i++ {
		text = text[:len(text)-1]
	}
	if utf8.Valid(text) {
		return string(text)
	}
	latin, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "")
	}
	return string(latin)
}
