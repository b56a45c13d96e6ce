package brief

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBrief(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Chars("äbc", 3), "äbc"}, {Chars("äbcd", 3), "äb…"}, {Chars("日本語", 2), "日…"}, {Chars("ab", 1), "…"}, {Chars("a", 1), "a"}, {Chars("", 0), ""}, {Chars("a", 0), ""},
		{Chars("👩\u200d👧👩\u200d👧", 5), "👩\u200d👧…"}, {Chars("e\u0301e\u0301e", 4), "e\u0301…"}, {Chars("🇩🇪🇫🇷🇩🇪", 4), "🇩🇪…"}, {Chars("👍🏽👍🏽x", 4), "👍🏽…"}, {Chars("क्षक्ष", 5), "क्ष…"},
		{Bytes("abc", 3), "abc"}, {Bytes("abcd", 3), "…"}, {Bytes("äääää", 6), "ä…"}, {Bytes("a\xff", 9), "a\uFFFD"}, {Bytes("abc", 2), "ab"}, {Bytes("abc", -1), ""},
		{Line(" a\n\tb  c\r\n"), "a b c"}, {Line(""), ""},
		{LastLine("a\n b \n\n"), "b"}, {LastLine("a"), "a"}, {LastLine(""), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func FuzzBrief(f *testing.F) {
	f.Add("aä\xff\u202e", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n %= 1000
		if b := Bytes(s, n); len(b) > max(n, 0) || !utf8.ValidString(b) {
			t.Errorf("%q", b)
		}
		if c := Chars(s, n); utf8.RuneCountInString(c) > max(n, 0) {
			t.Errorf("%q", c)
		}
		if strings.ContainsAny(Line(s)+LastLine(s), "\n") {
			t.Errorf("%q", s)
		}
	})
}
