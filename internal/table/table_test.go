package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image/png"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

var weather = Table{
	Columns:   []string{"", "city", "temp", "note"},
	Rows:      [][]string{{"0", "Zürich", "-3.5", "a long remark about snow on the roofs"}, {"1", "東京", "12", "x"}},
	TotalRows: 1461,
}

func TestFit(t *testing.T) {
	got, ok := weather.Fit(42, 12)
	want := strings.TrimLeft(`
   city    temp  note
─  ──────  ────  ────────────────────────
0  Zürich  -3.5  a long remark about snow
                 on the roofs
1  東京      12  x
`, "\n")
	if !ok || got.Lines != want || got.Note != "2 of 1,461 rows" {
		t.Errorf("got %v %q\n%s", ok, got.Note, got.Lines)
	}
	if got, ok := weather.Fit(20, 12); ok {
		t.Errorf("20 columns are too few, got\n%s", got.Lines)
	}
	cut := weather
	cut.TotalColumns = 9
	if _, ok := cut.Fit(80, 12); ok {
		t.Error("a table whose columns are not all here fits")
	}
	if _, ok := (Table{}).Fit(80, 12); ok {
		t.Error("no table fits")
	}
}

func TestHead(t *testing.T) {
	got := weather.Head(36, 1)
	want := "  city   temp note\n─ ────── ──── ──────────────────────\n0 Zürich -3.5 a long remark about s…\n"
	if got.Lines != want || got.Note != "1 of 1,461 rows" {
		t.Errorf("got %q\n%s", got.Note, got.Lines)
	}
	if got = weather.Head(12, 1); got.Lines != "   city\n─  ──────\n0  Zürich\n" || got.Note != "1 of 1,461 rows, 2 of 4 columns" {
		t.Errorf("got %q\n%s", got.Note, got.Lines)
	}
}

// Every column is shown; each block has the index of its rows.
func TestWrap(t *testing.T) {
	got := weather.Wrap(16, 1)
	want := strings.TrimLeft(`
   city    temp
─  ──────  ────
0  Zürich  -3.5

  note
─ ──────────────
0 a long remark
  about snow on
  the roofs
`, "\n")
	if got.Lines != want || got.Note != "1 of 1,461 rows" {
		t.Errorf("got %q\n%s", got.Note, got.Lines)
	}
	if got := weather.Wrap(80, 2).Lines; strings.Count(got, "\n\n") != 0 || !strings.Contains(got, "note") {
		t.Errorf("got\n%s", got)
	}
}

func TestCSVIsReadBack(t *testing.T) {
	in := Table{Columns: []string{"a", "b"}, Rows: [][]string{{"1,5", "line\nbreak"}, {`"q"`}, {"x", "y", "too much"}}}
	got, err := csv.NewReader(bytes.NewReader(in.CSV())).ReadAll()
	want := [][]string{{"a", "b"}, {"1,5", "line\nbreak"}, {`"q"`, ""}, {"x", "y"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q %v", got, err)
	}
}

// Nothing in a cell becomes markup.
func TestHTMLIsText(t *testing.T) {
	evil := `<img src=x onerror=alert(1)>"'&`
	in := Table{Columns: []string{evil, "n"}, Rows: [][]string{{evil, "1"}, {"</td></table><script>", "2"}}, TotalRows: 3}
	doc, err := html.Parse(strings.NewReader(in.HTML(10)))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	var text []string
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.ElementNode:
			count[n.Data]++
		case n.Type == html.TextNode && strings.TrimSpace(n.Data) != "":
			text = append(text, n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	if count["img"]+count["script"] != 0 || count["td"] != 4 || count["th"] != 2 || count["table"] != 1 {
		t.Errorf("got elements %v", count)
	}
	if want := []string{"2 of 3 rows", evil, "n", evil, "1", "</td></table><script>", "2"}; !reflect.DeepEqual(text, want) {
		t.Errorf("got %q", text)
	}
	if n := strings.Count(in.HTML(10), `class="number"`); n != 3 {
		t.Errorf("%d cells are numbers", n)
	}
}

// Every column of a table is in its picture, whatever its width, and each cell to
// its end.
func TestPicture(t *testing.T) {
	wide := Table{TotalRows: 90, TotalColumns: 40}
	for i := range 40 {
		wide.Columns = append(wide.Columns, fmt.Sprintf("column %d", i))
	}
	wide.Rows = [][]string{make([]string, 40), make([]string, 40), make([]string, 40)}
	narrow := Table{Columns: wide.Columns[:2], Rows: wide.Rows}
	long := narrow
	long.Rows = [][]string{{strings.Repeat("a long text ", 20), "1"}}
	height := map[string]int{}
	for name, tab := range map[string]Table{"wide": wide, "narrow": narrow, "long": long} {
		data, _, err := tab.Picture()
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil || img.Bounds().Dx() > maxPicture {
			t.Errorf("%s: got %v %v", name, img.Bounds(), err)
		}
		height[name] = img.Bounds().Dy()
	}
	if height["wide"] < 3*height["narrow"] || height["long"] < 6*lineHeight {
		t.Errorf("columns or lines are missing: %v", height)
	}
	_, alt, _ := wide.Picture()
	if want := "A table of 90 rows and 40 columns.\ncolumn 0 | column 1"; !strings.HasPrefix(alt, want) {
		t.Errorf("the description is %q", alt)
	}
	if _, alt, _ = long.Picture(); !strings.HasSuffix(alt, "a long text | 1") {
		t.Errorf("the description is %q", alt)
	}
	for _, s := range []string{"東京", "مرحبا", "नमस्ते"} {
		if _, _, err := (Table{Columns: []string{s}}).Picture(); err != errNoGlyph {
			t.Errorf("a script that the font lacks: got %v", err)
		}
	}
}

// A cell is divided between words, and a word where it must be.
func TestWrapCells(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"one two three", 7, "one two/three"}, {"abcdefgh", 3, "abc/def/gh"}, {"", 5, ""}, {"a bcdef", 3, "a/bcd/ef"},
		{"東京都港区", 4, "東京/都港/区"}, {"no loss", 100, "no loss"},
	} {
		if got := strings.Join(wrap(c.in, c.width, Width), "/"); got != c.want {
			t.Errorf("%q: got %q", c.in, got)
		}
	}
	if _, ok := (Table{Columns: []string{"n"}, Rows: [][]string{{strings.Repeat("1", 30)}}}).Fit(42, 5); ok {
		t.Error("a number is divided")
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		" a\tb\r\nc ": "a b  c", "\x1b[31mred": "[31mred", "\xff": "\uFFFD", "abc\u202Edef": "abcdef",
		strings.Repeat("ä", 600): strings.Repeat("ä", maxCellText-1) + "…",
		strings.Repeat("ä", 500): strings.Repeat("ä", 500),
	} {
		if got := clean(in); got != want {
			t.Errorf("%.20q gives %q", in, got)
		}
	}
}

// Any table is laid out within the width.
func FuzzTable(f *testing.F) {
	f.Add("a|b", "1|2", 3, 42)
	f.Add("`|```", "日本語|é", 1, 3)
	f.Add("|b|c", "0|x|y", 1, 12)
	f.Add("|b|c", "1234567|1234567890123456|12345678901234567", 1, 10)
	f.Fuzz(func(t *testing.T, columns, row string, rows, width int) {
		width = 2 + max(width, -width)%200
		tab := Table{Columns: strings.Split(columns, "|"), TotalRows: rows}
		for range min(max(rows, 0), 20) {
			tab.Rows = append(tab.Rows, strings.Split(row, "|"))
		}
		fit, _ := tab.Fit(width, 12)
		for _, text := range []Text{fit, tab.Head(width, 12), tab.Wrap(width, 12)} {
			for line := range strings.SplitSeq(text.Lines, "\n") {
				if w := Width(line); w > width {
					t.Errorf("%d columns of %d: %q", w, width, line)
				}
			}
		}
		if _, _, err := tab.Picture(); err != nil && err != errNoGlyph && len(tab.Columns) > 0 {
			t.Error(err)
		}
		tab.HTML(5)
		if _, err := csv.NewReader(bytes.NewReader(tab.CSV())).ReadAll(); err != nil && len(tab.Columns) > 0 {
			t.Error(err)
		}
	})
}
