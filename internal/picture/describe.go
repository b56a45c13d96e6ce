package picture

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf8"
)

// maxText is how far into a PNG its text is looked for, and how long it may be.
const maxText = 64 << 10

// Description returns what a PNG says of itself under "Description", in a chunk
// tEXt or iTXt before its pixels; "" if it says nothing. See
// https://www.w3.org/TR/png-3/#11keywords.
func Description(r io.Reader) string {
	head, _ := io.ReadAll(io.LimitReader(r, maxText))
	data, ok := bytes.CutPrefix(head, []byte("\x89PNG\r\n\x1a\n"))
	for ok && len(data) >= 12 {
		size, kind := binary.BigEndian.Uint32(data), string(data[4:8])
		if kind == "IDAT" || uint64(size) > uint64(len(data)-12) {
			break
		}
		chunk := data[8 : 8+size]
		data = data[12+size:]
		text, ok := bytes.CutPrefix(chunk, []byte("Description\x00"))
		switch {
		case ok && kind == "tEXt":
			return latin1(text)
		case ok && kind == "iTXt" && len(text) >= 2 && text[0] == 0: // not compressed
			_, rest, _ := bytes.Cut(text[2:], []byte{0}) // the language
			_, rest, _ = bytes.Cut(rest, []byte{0})      // the keyword in it
			if utf8.Valid(rest) {
				return string(rest)
			}
		}
	}
	return ""
}

func latin1(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}
