package markdown

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// words are the parts of a text that must survive a split, in order.
var words = regexp.MustCompile(`[\pL\pN]+`)

func checkSplit(t *testing.T, text string, limit int) []string {
	t.Helper()
	parts := Split(text, limit)
	for i, p := range parts {
		if Length(p) > limit || strings.TrimSpace(p) == "" {
			t.Fatalf("part %d of %d has %d characters: %q", i, len(parts), Length(p), p)
		}
		if !utf8.ValidString(p) && utf8.ValidString(text) {
			t.Fatalf("part %d is no UTF-8: %q", i, p)
		}
	}
	return parts
}

func TestSplit(t *testing.T) {
	list := "Steps:\n\n" + strings.Repeat("- an item of some length\n  with a second line\n", 20)
	code := "Code:\n\n```python\n" + strings.Repeat("print('a line of code')\n", 30) + "```"
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"short":             {"Hello\n\nWorld", 1},
		"empty":             {" \n \n", 0},
		"paragraphs":        {strings.Repeat("A sentence that is here. ", 30) + "\n\n" + strings.Repeat("Another one. ", 30), 2},
		"one long line":     {strings.Repeat("x", 2500), 3},
		"astral characters": {strings.Repeat("📊", 600), 2},
		"list stays whole":  {strings.Repeat("Intro. ", 60) + "\n\n" + list[:900], 2},
		"code stays whole":  {strings.Repeat("Intro. ", 80) + "\n\n" + code, 2},
		"code too long":     {"```python\n" + strings.Repeat("print('a line of code')\n", 90) + "```", 3},
	} {
		t.Run(name, func(t *testing.T) {
			parts := checkSplit(t, c.text, 1000)
			if len(parts) != c.want {
				t.Fatalf("%d parts: %q", len(parts), parts)
			}
			for _, p := range parts {
				if strings.Count(p, "```")%2 != 0 {
					t.Errorf("a fence is open in %q", p)
				}
			}
		})
	}
}

func TestSplitKeepsBlocksWhole(t *testing.T) {
	table := "```\nname   count\n" + strings.Repeat("anna      12\n", 40) + "```"
	text := strings.Repeat("Some words before it. ", 30) + "\n\n## The table\n" + table + "\n\nAnd after."
	parts := checkSplit(t, text, 1000)
	if len(parts) != 2 || !strings.HasPrefix(parts[1], "## The table\n```\nname") || !strings.HasSuffix(parts[1], "And after.") {
		t.Errorf("got %q", parts)
	}
	long := "```go\n" + strings.Repeat("x := 1 // a line\n", 200) + "```\nafter"
	parts = checkSplit(t, long, 1000)
	for i, p := range parts {
		if !strings.HasPrefix(p, "```go\n") || i < len(parts)-1 && !strings.HasSuffix(p, "line\n```") {
			t.Errorf("part %d: %q", i, p)
		}
	}
	if got := strings.Count(strings.Join(parts, ""), "x := 1"); got != 200 {
		t.Errorf("%d lines of 200", got)
	}
}

// A text that is still being written shows whole blocks.
func TestSplitClosesWhatIsOpen(t *testing.T) {
	parts := Split("Look:\n```python\nprint(1)\n", 1000)
	if len(parts) != 1 || parts[0] != "Look:\n```python\nprint(1)\n\n```" {
		t.Errorf("got %q", parts)
	}
}

// A mark of a code block that is as long as a message is no mark: each piece of the
// block would begin and end with it.
func TestSplitLongMarks(t *testing.T) {
	for _, mark := range []string{"`", "~"} {
		for _, n := range []int{20, 21, 400, 999, 1000, 4500} {
			text := strings.Repeat(mark, n) + "\n" + strings.Repeat("a\n", 1000)
			if parts := checkSplit(t, text, 1000); len(parts) > 2*len(text)/1000 {
				t.Errorf("%d parts of %d characters, after %d times %s", len(parts), len(text), n, mark)
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("# A\n\n- b\n- c\n\n```\nd\n```\n> e\n|f|g|\n|-|-|\n", 50)
	f.Add("~~~\n```\n~~~\n", 60)
	f.Add(strings.Repeat("`", 900)+"\na", 400)
	f.Add(strings.Repeat("# h\n", 30), 100)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 400 || limit > 4000 || len(text) > 10_000 || !utf8.ValidString(text) {
			t.Skip()
		}
		parts := checkSplit(t, text, limit)
		if strings.Contains(text, "```") || strings.Contains(text, "~~~") {
			return // a language is repeated
		}
		got, want := fmt.Sprint(words.FindAllString(strings.Join(parts, ""), -1)), fmt.Sprint(words.FindAllString(text, -1))
		if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("words are lost:\n%s\n%s", got, want)
		}
	})
}

// No letter as people see it is cut where a text goes on in another message.
func TestSplitKeepsLettersWhole(t *testing.T) {
	for _, letter := range []string{"👩\u200d👩\u200d👧\u200d👦", "🇩🇪", "กี่", "e\u0301", "क्षि", "👍🏽"} {
		for _, text := range []string{strings.Repeat(letter, 1500), "```\n" + strings.Repeat(letter, 1500) + "\n```"} {
			for _, part := range Split(text, 1999) {
				if rest := strings.Trim(strings.ReplaceAll(part, letter, ""), "`\n"); rest != "" {
					t.Errorf("%q is left of a message of %q", rest, letter)
				}
			}
		}
	}
}
