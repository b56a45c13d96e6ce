package table

import "strings"

const (
	maxCell = 24 // columns of the screen that a cell of text takes
	minCell = 12 // to which cells are cut so that the table fits
)

// grid is a table made ready to be shown: clean cells, and how each column is
// aligned.
type grid struct {
	columns []string
	rows    [][]string
	right   []bool // numbers
	widths  []int
	gap     int // between two columns
}

func newGrid(t Table, rows int) grid {
	g := grid{gap: 2, columns: make([]string, len(t.Columns)), right: make([]bool, len(t.Columns)), widths: make([]int, len(t.Columns))}
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

// lines writes the header, a rule and the rows.
func (g *grid) lines() string {
	var b strings.Builder
	line := func(cells []string) {
		var l strings.Builder
		for i, c := range cells {
			if i > 0 {
				l.WriteString(strings.Repeat(" ", g.gap))
			}
			c = cutWidth(c, g.widths[i])
			pad := strings.Repeat(" ", max(0, g.widths[i]-Width(c)))
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
	return b.String()
}
