package output

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOutputKeepsHeadAndTail(t *testing.T) {
	var streamed strings.Builder
	o := New(100, func(s string) { streamed.WriteString(s) })
	var whole strings.Builder
	for i := range 1000 {
		s := strings.Repeat(string(rune('a'+i%26)), i%7) + "ä"
		whole.WriteString(s)
		for _, b := range []byte(s) {
			o.Write([]byte{b}) // characters arrive in pieces
		}
	}
	o.End()
	if streamed.String() != whole.String() {
		t.Error("what is streamed is not what came")
	}
	all := []rune(whole.String())
	got := o.String()
	head, tail := string(all[:50]), string(all[len(all)-50:])
	if !strings.HasPrefix(got, head+"\n") || !strings.HasSuffix(got, "\n"+tail) || !strings.Contains(got, "… 3") {
		t.Errorf("%q", got)
	}
	if cap(o.tail) > 100*100 {
		t.Errorf("the tail takes %d bytes", cap(o.tail))
	}
}

func TestOutputWithinLimit(t *testing.T) {
	for _, n := range []int{0, 1, 49, 50, 51, 99, 100} {
		o := New(100, nil)
		s := strings.Repeat("é", n)
		o.Write([]byte(s))
		o.End()
		if o.String() != s {
			t.Errorf("%d characters: %q", n, o.String())
		}
	}
}

func FuzzOutput(f *testing.F) {
	f.Add([]byte("hello\xff\xc3"), 3)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		step = max(1, step%50)
		var streamed strings.Builder
		o := New(64, func(s string) { streamed.WriteString(s) })
		for rest := data; len(rest) > 0; rest = rest[min(step, len(rest)):] {
			o.Write(rest[:min(step, len(rest))])
		}
		o.End()
		if want := string([]rune(string(data))); streamed.String() != want {
			t.Fatalf("%q, want %q", streamed.String(), want)
		}
		if s := o.String(); !utf8.ValidString(s) || utf8.RuneCountInString(s) > 64+50 {
			t.Fatalf("%q", s)
		}
	})
}

func TestTidy(t *testing.T) {
	for in, want := range map[string]string{
		"plain\n":               "plain\n",
		"1%\r50%\r100%\ndone\n": "100%\ndone\n",
		"a\r\nb\r\n":            "a\nb\n",
		"progress\r":            "progress",
		"x\rab\r\ny":            "ab\ny",
		"":                      "",
	} {
		if got := Tidy(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
