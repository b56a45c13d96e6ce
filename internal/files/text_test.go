package files

import (
	"io"
	"strings"
	"testing"
)

func TestDecodeText(t *testing.T) {
	for _, c := range []struct {
		bytes string
		whole bool
		want  string
	}{
		{"", true, ""},
		{"größe", true, "größe"},
		{"\ufeffa", true, "a"},
		{"gr\xc3", false, "gr"}, // the text goes on within ö
		{"gr\xc3", true, "grÃ"}, // Windows-1252, to its end
		{"caf\xe9", true, "café"},
		{"\ufeffcaf\xe9", true, "café"},
		{strings.Repeat("é", 10_000) + "\xe9", true, strings.Repeat("Ã©", 10_000) + "é"},
		{strings.Repeat("é", 10_000), true, strings.Repeat("é", 10_000)},
		{"\xfe\xff\x00h\x00i\x01", true, "hi"},
		{"\x80 5 caf\xe9 ol\xe9 x", false, "€ 5 café olé x"},
		{"🙂🙂"[:7], false, "🙂"},
		{"\xff\xfeh\x00i\x00", true, "hi"},
		{"\xfe\xff\x00h\x00i\x01", false, "hi"},
		{"\xff\xfe\x3d\xd8\x42\xde", true, "🙂"},
		{"\xff\xfe\x3d\xd8", false, "\ufffd"},
	} {
		if got := DecodeText([]byte(c.bytes), c.whole); got != c.want {
			t.Errorf("%q, whole %v: %q, not %q", c.bytes, c.whole, got, c.want)
		}
		if !c.whole {
			continue
		}
		r, err := TextReader(strings.NewReader(c.bytes))
		if err != nil {
			t.Errorf("%q: %v", c.bytes, err)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != c.want {
			t.Errorf("%q, read: %q, not %q: %v", c.bytes, got, c.want, err)
		}
	}
}

// Read in pieces, a text is what it is as a whole.
func FuzzTextReader(f *testing.F) {
	f.Add([]byte("\ufeffgr\xc3"))
	f.Add([]byte("\xff\xfe\x3d\xd8\x42\xde\x00"))
	f.Add([]byte("caf\xe9"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := TextReader(strings.NewReader(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != DecodeText(b, true) {
			t.Errorf("%q: %q, not %q: %v", b, got, DecodeText(b, true), err)
		}
	})
}
