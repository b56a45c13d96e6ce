package compose

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/table"
)

func content(t *testing.T, u client.Upload) string {
	r, err := u.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// everything is all that a body says, with breaks and blanks taken out.
func everything(t *testing.T, b Body) string {
	all := b.Text
	for _, d := range b.Tables {
		all += string(d.CSV)
	}
	for _, f := range b.Files {
		all += content(t, f)
	}
	return all
}

var scripts = []string{"revenue", "выручка", "销售额", "イベント", "매출", "إيرادات", "הכנסה", "राजस्व", "รายได้", "έσοδα", "😀✅", "a\\|b", "`x`", "**bold**", "x_1", "1,234.5", "[text](https://e.org/a_b)"}

// Whatever a table's size and script, and whatever stands in its cells, each cell
// is in the message, or in a file that comes with it.
func TestNoCellIsLost(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	forms := map[string]int{}
	for range 40 {
		columns, rows := 1+r.IntN(12), r.IntN(61)
		script := scripts[r.IntN(len(scripts))]
		var want []string
		cell := func() string {
			c := fmt.Sprintf("%s %d", script, r.IntN(1e6))
			if r.IntN(4) == 0 {
				c = strings.Repeat(c+" ", 1+r.IntN(12)) + "end"
			}
			want = append(want, c)
			return c
		}
		var b strings.Builder
		line := func(n int) {
			for range n {
				b.WriteString("| " + cell() + " ")
			}
			b.WriteString("|\n")
		}
		b.WriteString("Before the table.\n\n")
		line(columns)
		b.WriteString(strings.Repeat("|---", columns) + "|\n")
		for range rows {
			line(columns + r.IntN(8)/7) // some have a cell too many
		}
		b.WriteString("\nAfter the table.\n")
		body := Whole([]Part{{Text: b.String()}}, Options{})
		switch {
		case len(body.Tables) > 0:
			forms["picture"]++
		case len(body.Files) > 0:
			forms["file"]++
		case strings.Contains(body.Text, "```"):
			forms["block"]++
		default:
			forms["list"]++
		}
		bare := func(s string) string {
			return strings.Join(strings.Fields(strings.NewReplacer("`", "", "'", "", "*", "", "│", "", "\"", "").Replace(s)), "")
		}
		got := bare(everything(t, body))
		if !strings.Contains(body.Text, "Before the table.") || !strings.Contains(body.Text, "After the table.") {
			t.Fatalf("the text around a table is lost: %s", body.Text)
		}
		for _, c := range want {
			// In a code block a cell may go on below, between those beside it.
			words := []string{bare(markdown.Plain(strings.ReplaceAll(c, `\|`, "|")))}
			if !strings.Contains(got, words[0]) {
				words = strings.Fields(markdown.Plain(strings.ReplaceAll(c, `\|`, "|")))
				for i := range words {
					words[i] = bare(words[i])
				}
			}
			for _, w := range words {
				if !strings.Contains(got, w) && !strings.Contains(got, bare(c)) && !pieced(body.Text, w) {
					t.Fatalf("%q of cell %q (%d columns, %d rows) is lost in\n%s", w, c, columns, rows, everything(t, body))
				}
			}
		}
	}
	if len(forms) != 4 {
		t.Errorf("only these forms were tried: %v", forms)
	}
}

// pieced tells whether a word is there in pieces that are on lines below one
// another: all its letters are.
func pieced(text, word string) bool {
	for _, r := range word {
		if !strings.ContainsRune(text, r) {
			return false
		}
	}
	return true
}

func TestWhole(t *testing.T) {
	for name, c := range map[string][2]string{
		"a bar in code":       {"| a | b |\n|--|--|\n| `x|y` | 2 |", "```\na    b\n───  ─\nx|y  2\n```"},
		"an empty first cell": {"|  | n |\n|--|--|\n| a | 1 |\n|| 2 |", "```\n   n\n─  ─\na  1\n   2\n```"},
		"no outer bars":       {"a | b\n--|--\n1 | 2", "```\na  b\n─  ─\n1  2\n```"},
		"a break in a cell":   {"| a | b |\n|--|--|\n| x<br>y | 1 |", "```\na      b\n─────  ─\nx / y  1\n```"},
		"in a code block":     {"```\n| a | b |\n|--|--|\n| 1 | 2 |\n```", "```\n| a | b |\n|--|--|\n| 1 | 2 |\n```"},
		"no table":            {"a | b\nc | d", "a | b\nc | d"},
		"text around":         {"Hello\n| a | b |\n|--|--|\n| 1 | 2 |\nworld", "Hello\n\n```\na  b\n─  ─\n1  2\n```\n\nworld"},
		"in HTML":             {"Here:\n<table>\n<tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>x|y &amp; z</td></tr>\n</table>\nDone.", "Here:\n\n```\na  b\n─  ───────\n1  x|y & z\n```\n\nDone."},
		"in HTML, one line":   {"So <table><thead><tr><td>a<td>b<tbody><tr><td><b>1</b><td>2<br>3</table> it is.", "So \n\n```\na  b\n─  ─────\n1  2 / 3\n```\n\n it is."},
		"HTML without an end": {"<table><tr><td>a", "<table><tr><td>a"},
		"HTML in code":        {"Write `<table>`: </table>", "Write `<table>`: </table>"},
		"the rest":            {"#### Deep\n\n- [x] done", "**Deep**\n\n- ☑ done"},
	} {
		if got := Whole([]Part{{Text: c[0]}}, Options{}).Text; got != c[1] {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c[1])
		}
	}
}

// While it is written, an answer is text alone, whatever is missing at its end.
func FuzzDraft(f *testing.F) {
	f.Add("a\n\n| b | c |\n|---|---|\n| d | e |\n\nf", 3)
	f.Add("```python\nx = 1\n", 0)
	f.Add("| b |\n|--|\n", 60)
	f.Fuzz(func(t *testing.T, text string, rows int) {
		tab := table.Table{Columns: strings.Split(text, "|"), TotalRows: rows}
		parts := []Part{{Text: text}, {Table: &tab}}
		_ = Draft(parts)
		Whole(parts, Options{})
		if p := Preview(tab); strings.Count(p, "```") != 2 {
			t.Errorf("got %q", p)
		}
		if !strings.Contains(text, "|") && markdown.Render(text) == text && strings.TrimSpace(text) == text && !strings.ContainsAny(text, "\r`~") {
			if got := Draft(parts[:1]); got != text {
				t.Errorf("%q became %q", text, got)
			}
		}
	})
}

// In a list of a table in Arabic, each name and each value stands by itself: a date is
// not read from its end.
func TestListFromTheRightToTheLeft(t *testing.T) {
	wide := "| المدينة | الإيرادات في السنة الماضية | التاريخ | ملاحظات طويلة عن المدينة |\n|---|---|---|---|\n| القاهرة | 1234.50 | 2024-01-05 | " + strings.Repeat("نمو جيد ", 6) + "|\n"
	text := Whole([]Part{{Text: wide}}, Options{}).Text
	if !strings.Contains(text, "\u2068التاريخ\u2069: \u20682024-01-05\u2069") {
		t.Errorf("got %q", text)
	}
}
