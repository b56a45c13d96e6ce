package table

import (
	"strings"
	"unicode"
)

const (
	maxCell  = 24 // columns of the screen that a cell of text takes before it is wrapped
	minCell  = 12 // to which cells are wrapped so that the table fits
	maxLines = 4  // of a cell
)

// grid is a table made ready to be shown: clean cells, and how each column is
// aligned.
type grid struct {
	columns []string
	rows    [][]string
	right   []bool // numbers
	widths  []int
	gap     int // between two columns
	tall    int // lines that a cell has at most
}

func newGrid(t Table, rows int) grid {
	g := grid{gap: 2, tall: maxLines, columns: make([]string, len(t.Columns)), right: make([]bool, len(t.Columns)), widths: make([]int, len(t.Columns))}
	for i, c := range t.Columns {
		g.columns[i] = clean(c)
		g.right[i] = true
		g.widths[i] = min(Width(g.columns[i]), maxCell)
	}
	for _, r := range t.Rows[:min(len(t.Rows), rows)] {
		line := make([]string, len(t.Columns))
		for i := range line {
			if i < len(r) {
				line[i] = clean(r[i])
			}
			g.right[i] = g.right[i] && (line[i] == "" || isNumber(line[i]))
			g.widths[i] = max(g.widths[i], min(Width(line[i]), maxCell))
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

// cut makes a grid of one column at most so wide.
func (g *grid) cut(limit int) {
	for i := range g.widths {
		g.widths[i] = max(1, min(g.widths[i], limit))
	}
}

// whole tells whether all cells can be seen to their end, and
// numbers in one.
func (g *grid) whole() bool {
	for _, r := range append([][]string{g.columns}, g.rows...) {
		for i, c := range r {
			if n := len(wrap(c, g.widths[i], Width)); n > g.tall || n > 1 && g.right[i] && isNumber(c) {
				return false
			}
		}
	}
	return true
}

// lines writes the header, a rule and the rows. A cell that is wider than its
// column goes on below; what has no room there is cut.
func (g *grid) lines() string {
	var b strings.Builder
	begin, mark := "", func(c string) string { return c }
	if (Table{Columns: g.columns, Rows: g.rows}).RightToLeft() {
		begin, mark = leftToRight, func(c string) string { return c + leftToRight }
	}
	row := func(cells []string) {
		wrapped, height := make([][]string, len(cells)), 1
		for i, c := range cells {
			ls := wrap(c, g.widths[i], Width)
			if last := g.tall - 1; len(ls) > g.tall && last == 0 {
				ls = []string{cutWidth(c, g.widths[i])}
			} else if len(ls) > g.tall {
				ls = append(ls[:last:last], cutWidth(ls[last]+" …", g.widths[i]))
			}
			wrapped[i], height = ls, max(height, len(ls))
		}
		for n := range height {
			var l strings.Builder
			l.WriteString(begin)
			for i, ls := range wrapped {
				if i > 0 {
					l.WriteString(strings.Repeat(" ", g.gap))
				}
				c := ""
				if n < len(ls) {
					c = ls[n]
				}
				pad := strings.Repeat(" ", max(0, g.widths[i]-Width(c)))
				if c = mark(c); g.right[i] {
					l.WriteString(pad + c)
				} else {
					l.WriteString(c + pad)
				}
			}
			b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
		}
	}
	row(g.columns)
	rule := make([]string, len(g.widths))
	for i, w := range g.widths {
		rule[i] = strings.Repeat("─", w)
	}
	b.WriteString(strings.Join(rule, strings.Repeat(" ", g.gap)) + "\n")
	for _, r := range g.rows {
		row(r)
	}
	return b.String()
}

// wrap divides a text into lines of at most a width, between words where that
// is possible. Width measures a text. Nothing is lost but the blanks at which it is divided.
func wrap(s string, limit int, width func(string) int) (lines []string) {
	now := ""
	for _, word := range strings.Fields(s) {
		joined := word
		if now != "" {
			joined = now + " " + word
		}
		if width(joined) <= limit {
			now = joined
			continue
		}
		if now != "" && width(word) <= limit {
			lines, now = append(lines, now), word
			continue
		}
		if now != "" {
			lines, now = append(lines, now), ""
		}
		for _, r := range word {
			if now != "" && !unicode.In(r, unicode.M, unicode.Cf) && width(now+string(r)) > limit { // a mark stays with its letter
				lines, now = append(lines, now), ""
			}
			now += string(r)
		}
	}
	return append(lines, now)
}
