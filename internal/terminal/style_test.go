package terminal

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

var escapes = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// Markdown is shown, however it comes in pieces, and no word of it is lost.
func TestStyler(t *testing.T) {
	for _, c := range []struct{ markdown, want string }{
		{"plain\n", "plain\n"},
		{"## Result\ntext\n", bold + "Result" + everythingOff + "\ntext\n"},
		{"a **bold** word\n", "a " + bold + "bold" + notBold + " word\n"},
		{"2**10 and 2 ** 3 and *one*\n", "2**10 and 2 ** 3 and *one*\n"},
		{"**open\n", bold + "open" + everythingOff + "\n"},
		{"say `x**2` now\n", "say " + colour + "x**2" + noColour + " now\n"},
		{"```python\n# no heading\nx = 2**3\n```\nafter\n", dim + "```python" + everythingOff + "\n" + colour + "# no heading" + everythingOff + "\n" +
			colour + "x = 2**3" + everythingOff + "\n" + dim + "```" + everythingOff + "\nafter\n"},
		{"- item\n---\n#hash\n", "- item\n" + dim + rule + everythingOff + "\n#hash\n"},
		{"-1 is less\n#\n", "-1 is less\n#\n"},
		{"", ""},
		{"no end", "no end"},
		{"**no end**", bold + "no end" + notBold},
		{"**no", bold + "no" + everythingOff},
		{"`no", colour + "no" + everythingOff},
		{"# no", bold + "no" + everythingOff},
		{"| a | b |\n|---|--:|\n| Köln | 1 |\n| **日本** | x\\|y |\n\nafter\n", ""},
		{"| a | b |\n|---|--:|\n| 1 | 2 | 3 |\n", "| a | b |\n|---|--:|\n| 1 | 2 | 3 |\n"},
		{"| a pipe alone\n", "| a pipe alone\n"},
	} {
		for _, size := range []int{1, 3, 1000} {
			var out bytes.Buffer
			s := &styler{w: &out, width: 40}
			for rest := []rune(c.markdown); len(rest) > 0; {
				n := min(size, len(rest))
				s.Write([]byte(string(rest[:n])))
				rest = rest[n:]
			}
			s.close()
			if c.want == "" && c.markdown != "" {
				for _, cell := range []string{"Köln", "日本", "x|y", "after"} {
					if !strings.Contains(out.String(), cell) {
						t.Errorf("%q is missing in\n%s", cell, out.String())
					}
				}
				if strings.Contains(out.String(), "---|") {
					t.Errorf("not laid out:\n%s", out.String())
				}
			} else if got := out.String(); got != c.want {
				t.Errorf("%q in pieces of %d:\n%q, want\n%q", c.markdown, size, got, c.want)
			}
		}
	}
}

// What a tool interrupts goes on at the beginning of a line.
func TestStylerGoesOn(t *testing.T) {
	var out bytes.Buffer
	s := &styler{w: &out, width: 40}
	for range 2 {
		s.Write([]byte("# A\n**b"))
		s.close()
		s.close()
	}
	part := bold + "A" + everythingOff + "\n" + bold + "b" + everythingOff
	if got := out.String(); got != part+part {
		t.Errorf("%q, want twice\n%q", got, part)
	}
}

// Whatever the text is, its words come through.
func FuzzStyler(f *testing.F) {
	f.Add("# a\n**b** `c`\n| d | e |\n|-|-|\n| f | g |\n```\nh\n```\n***i\n---\n- j")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x1b", ""), "")
		var out bytes.Buffer
		s := &styler{w: &out, width: 60}
		s.Write([]byte(text))
		s.close()
		letters := regexp.MustCompile(`[\pL\pN]`)
		want := strings.Join(letters.FindAllString(text, -1), "")
		got := strings.Join(letters.FindAllString(escapes.ReplaceAllString(out.String(), ""), -1), "")
		if !strings.Contains(text, "|") && got != want { // a table that is wrapped has its letters in another order
			t.Errorf("%q is shown as %q", text, out.String())
		}
	})
}

func TestNoColour(t *testing.T) {
	var out bytes.Buffer
	w, end := styled(&out, 80)
	w.Write([]byte("**as it is**"))
	end()
	if out.String() != "**as it is**" {
		t.Errorf("%q", out.String())
	}
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want protocol
	}{
		{map[string]string{"TERM": "xterm-kitty"}, kitty},
		{map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, kitty},
		{map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, iterm},
		{map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, iterm},
		{map[string]string{"TERM": "tmux-256color", "TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/x"}, noPictures},
		{map[string]string{"TERM": "xterm-256color"}, noPictures},
	} {
		if got := pictures(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %d, want %d", c.env, got, c.want)
		}
	}
	png := bytes.Repeat([]byte("picture"), 2000)
	var all string
	sent := regexp.MustCompile(`\x1b_G([^;]*);([^\x1b]*)\x1b\\`).FindAllStringSubmatch(encodePicture(kitty, png, 0), -1)
	for i, piece := range sent {
		if len(piece[2]) > 4096 || strings.Contains(piece[1], "m=1") == (i == len(sent)-1) || strings.Contains(piece[1], "f=100") != (i == 0) {
			t.Errorf("piece %d of %d: %s with %d bytes", i, len(sent), piece[1], len(piece[2]))
		}
		all += piece[2]
	}
	if got, err := base64.StdEncoding.DecodeString(all); err != nil || !bytes.Equal(got, png) {
		t.Errorf("the picture does not come through: %v", err)
	}
	if text := encodePicture(iterm, png, 0); !strings.HasPrefix(text, "\x1b]1337;File=inline=1;size=14000;") || !strings.HasSuffix(text, "\a\n") {
		t.Errorf("%.60q", text)
	}
}
