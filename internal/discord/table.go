package discord

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/dustin/go-humanize"
	"golang.org/x/text/width"

	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/llm"
)

const (
	phoneWidth = 42 // characters of a code block that a phone shows without wrapping
	maxRows    = 12 // of a table as text
	maxCell    = 24 // columns of the screen that a cell takes
	minCell    = 12 // to which cells are cut so that the table fits
)

// monospace writes the head of a table as a code block that fits a phone. It
// reports whether that is possible.
func monospace(t llm.Table) (string, bool) {
	g := newGrid(t, maxRows)
	if len(g.columns) == 0 || len(g.columns) < t.TotalColumns || !g.fit(phoneWidth) {
		return "", false
	}
	return g.block(t), true
}

// narrow writes as many columns as fit, and says how many there are.
func narrow(t llm.Table) string {
	for n := len(t.Columns); n > 0; n-- {
		part := llm.Table{Columns: t.Columns[:n], TotalRows: t.TotalRows, TotalColumns: max(t.TotalColumns, len(t.Columns))}
		for _, r := range t.Rows {
			part.Rows = append(part.Rows, r[:min(n, len(r))])
		}
		if g := newGrid(part, maxRows); g.fit(phoneWidth) || n == 1 {
			return g.block(part)
		}
	}
	return ""
}

// grid is a table made ready to be shown: clean cells, and how each column is
// aligned.
type grid struct {
	columns []string
	rows    [][]string
	right   []bool // numbers
	widths  []int
	gap     int // between two columns
}

func newGrid(t llm.Table, rows int) grid {
	g := grid{gap: 2, columns: make([]string, len(t.Columns)), right: make([]bool, len(t.Columns)), widths: make([]int, len(t.Columns))}
	for i, c := range t.Columns {
		g.columns[i] = cell(c)
		g.right[i] = true
		g.widths[i] = min(columnsOf(g.columns[i]), maxCell)
	}
	for _, r := range t.Rows[:min(len(t.Rows), rows)] {
		line := make([]string, len(t.Columns))
		for i := range line {
			if i < len(r) {
				line[i] = cell(r[i])
			}
			g.right[i] = g.right[i] && (line[i] == "" || isNumber(line[i]))
			g.widths[i] = max(g.widths[i], min(columnsOf(line[i]), maxCell))
		}
		g.rows = append(g.rows, line)
	}
	for i := range g.right {
		g.right[i] = g.right[i] && len(g.rows) > 0
	}
	return g
}

// fit makes the grid at most so wide, if that is possible: with narrower gaps,
// then with less of long texts.
func (g *grid) fit(limit int) bool {
	for {
		total, widest := -g.gap, -1
		for i, w := range g.widths {
			total += w + g.gap
			if !g.right[i] && w > minCell && (widest < 0 || w > g.widths[widest]) {
				widest = i
			}
		}
		switch {
		case total <= limit:
			return true
		case g.gap > 1:
			g.gap = 1
		case widest < 0:
			return false
		default:
			g.widths[widest]--
		}
	}
}

func (g *grid) block(t llm.Table) string {
	var b strings.Builder
	b.WriteString("```\n")
	line := func(cells []string) {
		var l strings.Builder
		for i, c := range cells {
			if i > 0 {
				l.WriteString(strings.Repeat(" ", g.gap))
			}
			c = cutColumns(c, g.widths[i])
			pad := strings.Repeat(" ", g.widths[i]-columnsOf(c))
			if g.right[i] {
				l.WriteString(pad + c)
			} else {
				l.WriteString(c + pad)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	line(g.columns)
	rule := make([]string, len(g.widths))
	for i, w := range g.widths {
		rule[i] = strings.Repeat("─", w)
	}
	line(rule)
	for _, r := range g.rows {
		line(r)
	}
	b.WriteString("```")
	if note := sizeNote(t, len(g.rows), len(g.columns)); note != "" {
		b.WriteString("\n-# " + note)
	}
	return b.String()
}

// sizeNote tells what is not shown of a table.
func sizeNote(t llm.Table, rows, columns int) string {
	allRows, allColumns := max(t.TotalRows, len(t.Rows)), max(t.TotalColumns, len(t.Columns))
	switch {
	case allRows > rows && allColumns > columns:
		return fmt.Sprintf("%s of %s rows, %d of %d columns", humanize.Comma(int64(rows)), humanize.Comma(int64(allRows)), columns, allColumns)
	case allRows > rows:
		return fmt.Sprintf("%s of %s rows", humanize.Comma(int64(rows)), humanize.Comma(int64(allRows)))
	case allColumns > columns:
		return fmt.Sprintf("%d of %d columns", columns, allColumns)
	}
	return ""
}

// cell makes a cell's text one clean line.
func cell(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '`':
			return '\''
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(clip(s, 500), "\uFFFD"))
	return strings.TrimSpace(s)
}

var number = regexp.MustCompile(`^[-+−]?[$€£]?\d[\d,_' .]*(\.\d+)?([eE][-+]?\d+)?\s?%?$`)

func isNumber(s string) bool {
	return number.MatchString(s) || strings.EqualFold(s, "nan") || s == "-" || s == "<NA>" || s == "None"
}

// columnsOf is how many columns of a terminal a text takes.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOfRune(r)
	}
	return n
}

func columnsOfRune(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r < 0x1100:
		return 1
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cutColumns cuts a text to so many columns.
func cutColumns(s string, n int) string {
	if columnsOf(s) <= n {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if n -= columnsOfRune(r); n < 1 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}

var tableRule = regexp.MustCompile(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$`)

// markdownTables turns the tables of Markdown, which Discord does not show, into
// code blocks, or into lists where they are too wide. Code is left alone.
func markdownTables(text string) string {
	in := strings.Split(text, "\n")
	var out []string
	fenced := ""
	for i := 0; i < len(in); i++ {
		if mark := markdown.Fence(in[i]); fenced == "" && mark != "" {
			fenced = mark
		} else if fenced != "" && strings.HasPrefix(strings.TrimSpace(in[i]), fenced) {
			fenced = ""
		}
		if fenced != "" || i+1 >= len(in) || !strings.Contains(in[i], "|") || !strings.Contains(in[i+1], "|") || !tableRule.MatchString(in[i+1]) {
			out = append(out, in[i])
			continue
		}
		t := llm.Table{Columns: tableCells(in[i])}
		i += 2
		for i < len(in) && strings.Contains(in[i], "|") && strings.TrimSpace(in[i]) != "" {
			t.Rows = append(t.Rows, tableCells(in[i]))
			i++
		}
		i--
		out = append(out, tableText(t))
	}
	return strings.Join(out, "\n")
}

func tableCells(line string) []string {
	line = strings.Trim(strings.TrimSpace(line), "|")
	cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
	for i, c := range cells {
		cells[i] = strings.TrimSpace(strings.ReplaceAll(c, "\x00", "|"))
	}
	return cells
}

// tableText writes a table that somebody wrote, with all its rows.
func tableText(t llm.Table) string {
	plain := llm.Table{}
	bare := strings.NewReplacer("**", "", "__", "", "`", "")
	for _, c := range t.Columns {
		plain.Columns = append(plain.Columns, bare.Replace(c))
	}
	for _, r := range t.Rows {
		var line []string
		for _, c := range r {
			line = append(line, bare.Replace(c))
		}
		plain.Rows = append(plain.Rows, line)
	}
	if g := newGrid(plain, len(plain.Rows)); g.fit(phoneWidth) {
		return g.block(plain)
	}
	var b strings.Builder
	for _, r := range t.Rows {
		for i, c := range r {
			switch {
			case c == "" || i >= len(t.Columns):
			case i == 0:
				b.WriteString("- **" + strings.Trim(c, "*") + "**")
			default:
				fmt.Fprintf(&b, "\n  %s: %s", t.Columns[i], c)
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n")
}
