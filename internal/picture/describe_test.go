package picture_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/picture"
)

// with puts a chunk behind the header of a PNG.
func with(kind, text string) []byte {
	var b bytes.Buffer
	png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2)))
	const header = 8 + 25
	chunk := append([]byte(kind), text...)
	out := append([]byte{}, b.Bytes()[:header]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(text)))
	out = append(out, chunk...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
	return append(out, b.Bytes()[header:]...)
}

func TestDescription(t *testing.T) {
	for what, c := range map[string]struct {
		data []byte
		want string
	}{
		"latin":       {with("tEXt", "Description\x00Ums\xe4tze by month"), "Umsätze by month"},
		"unicode":     {with("iTXt", "Description\x00\x00\x00en\x00Beschreibung\x00売上 by month"), "売上 by month"},
		"compressed":  {with("iTXt", "Description\x00\x01\x00\x00\x00xx"), ""},
		"another":     {with("tEXt", "Title\x00x"), ""},
		"bad UTF-8":   {with("iTXt", "Description\x00\x00\x00\x00\x00\xff"), ""},
		"none":        {with("teSt", ""), ""},
		"no PNG":      {[]byte("GIF89a"), ""},
		"a huge size": {append([]byte("\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt"), "Description\x00x"...), ""},
	} {
		if got := picture.Description(bytes.NewReader(c.data)); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
		for cut := range c.data { // cut off anywhere it is nothing, or whole
			if got := picture.Description(bytes.NewReader(c.data[:cut])); got != "" && got != c.want {
				t.Errorf("%s cut at %d: %q", what, cut, got)
			}
		}
	}
	if strings.Contains(picture.Description(bytes.NewReader(with("tEXt", "Description\x00"+strings.Repeat("x", 100_000)))), "x") {
		t.Error("a text without bound is read")
	}
}
