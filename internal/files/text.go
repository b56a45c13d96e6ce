package files

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
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

// TextReader reads what DecodeText makes of a whole text, however long it is. It
// reads r from its start, twice.
func TextReader(r io.ReadSeeker) (io.Reader, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var head [3]byte
	n, err := io.ReadFull(r, head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	start := int64(0)
	switch mark := string(head[:n]); {
	case strings.HasPrefix(mark, "\xff\xfe"), strings.HasPrefix(mark, "\xfe\xff"):
		size, err := r.Seek(0, io.SeekEnd)
		if err == nil {
			_, err = r.Seek(0, io.SeekStart)
		}
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(io.LimitReader(r, size&^1)), err
	case mark == "\ufeff":
		start = int64(n)
	}
	if _, err := r.Seek(start, io.SeekStart); err != nil {
		return nil, err
	}
	_, invalid := io.Copy(io.Discard, transform.NewReader(r, encoding.UTF8Validator))
	if invalid != nil && !errors.Is(invalid, encoding.ErrInvalidUTF8) {
		return nil, invalid
	}
	if _, err := r.Seek(start, io.SeekStart); err != nil {
		return nil, err
	}
	if invalid != nil {
		return charmap.Windows1252.NewDecoder().Reader(r), nil
	}
	return r, nil
}
