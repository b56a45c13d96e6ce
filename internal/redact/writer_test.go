package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// A secret that is cut by two writes or more does not come through, wherever it
// is cut and however it is written.
func TestWriterAcrossWrites(t *testing.T) {
	const secret = `sk-proj/w"o rd-1234567`
	quoted, _ := json.Marshal(secret)
	twice, _ := json.Marshal(string(quoted))
	for _, form := range []string{secret, string(quoted), string(twice), url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte("me:" + secret))} {
		text := "before\n" + form + " after\n"
		for a := 0; a <= len(text); a++ {
			for _, b := range []int{a, a + 1, a + 5, len(text)} {
				b = min(b, len(text))
				var out bytes.Buffer
				w := New(secret).Writer(&out)
				for _, piece := range []string{text[:a], text[a:b], text[b:]} {
					if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
						t.Fatal(n, err)
					}
				}
				// A begin that is too short to be known may be out.
				got := out.String()
				rest := strings.TrimSuffix(strings.TrimPrefix(got, "before\n"), " after\n")
				if len(got)-len(rest) != len("before\n after\n") || !strings.Contains(rest, Mark) || len(strings.ReplaceAll(rest, Mark, "")) > 12 {
					t.Fatalf("%q, cut at %d and %d: %q", form, a, b, got)
				}
			}
		}
	}
}

// What is no secret comes through as it is, at the latest when it is known to be
// none, and at the end.
func TestWriterHoldsLittle(t *testing.T) {
	var out bytes.Buffer
	w := New("hunter2").Writer(&out)
	for _, step := range [][2]string{
		{"May I? [y/n] ", "May I? [y/n] "}, {"the hunt", "May I? [y/n] the "}, {"\n", "May I? [y/n] the hunt\n"},
		{"hunter2 hunte", "May I? [y/n] the hunt\n[redacted] "}, {"d", "May I? [y/n] the hunt\n[redacted] hunted"}, {" hunt", "May I? [y/n] the hunt\n[redacted] hunted "},
	} {
		w.Write([]byte(step[0]))
		if out.String() != step[1] {
			t.Errorf("after %q: %q", step[0], out.String())
		}
	}
	Flush(w)
	if !strings.HasSuffix(out.String(), "hunted hunt") {
		t.Errorf("%q", out.String())
	}
	Flush(&out) // what holds nothing
}

// However a text is cut, what comes out is what it would be in one.
func FuzzWriter(f *testing.F) {
	f.Add("hunter2", "a hunter2 b", uint8(5))
	f.Add("a%20b&c;", `x\u0061%20b&amp;c;`, uint8(9))
	f.Fuzz(func(t *testing.T, secret, text string, at uint8) {
		if len(secret) < Shortest || len(secret) > 200 || strings.Contains(Mark, secret) {
			return
		}
		var out bytes.Buffer
		w := New(secret).Writer(&out)
		i := int(at) % (len(text) + 1)
		w.Write([]byte(text[:i]))
		w.Write([]byte(text[i:]))
		Flush(w)
		if strings.Contains(out.String(), secret) && !strings.Contains(strings.ReplaceAll(text, secret, Mark), secret) && !strings.Contains(strings.ReplaceAll(text, secret, ""), secret) {
			t.Errorf("%q in %q, cut at %d: %q", secret, text, i, out.String())
		}
	})
}
