package terminal

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext ä€😀 👩‍👩‍👧\r\n":        "plain\ttext ä€😀 👩‍👩‍👧\r\n",
		"\x1b[2J\x1b[31mred":               "␛[2J␛[31mred",
		"\x1b]0;title\x07":                 "␛]0;title␇",
		"\x1b]8;;http://evil\x1b\\click":   "␛]8;;http://evil␛\\click",
		"\x1b]52;c;aGk=\x07":               "␛]52;c;aGk=␇",
		"\x1bP+q544e\x1b\\":                "␛P+q544e␛\\",
		"\u009b31m\u009d0;t\u009c":         "\ufffd31m\ufffd0;t\ufffd",
		"\x9b31m":                          "\ufffd31m",
		"a\b\b\x7f\x00\x0e":                "a␈␈␡␀␎",
		"report\u202efdp.exe\u2066x\u2069": "report\ufffdfdp.exe\ufffdx\ufffd",
		"א ב":                              "א ב",
	} {
		for step := 1; step <= len(in); step++ { // in pieces of every size
			var out bytes.Buffer
			w := Clean(&out)
			for i := 0; i < len(in); i += step {
				piece := in[i:min(i+step, len(in))]
				if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatal(n, err)
				}
			}
			if out.String() != want {
				t.Errorf("%q in pieces of %d: %q, want %q", in, step, out.String(), want)
			}
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add([]byte("\x1b[31m\xc2"), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, at uint8) {
		var out bytes.Buffer
		w := Clean(&out)
		cut := int(at) % (len(in) + 1)
		w.Write(in[:cut])
		w.Write(in[cut:])
		if !utf8.Valid(out.Bytes()) {
			t.Errorf("%q is no UTF-8", out.String())
		}
		if i := strings.IndexFunc(out.String(), func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }); i >= 0 {
			t.Errorf("%q has a control character", out.String())
		}
	})
}
