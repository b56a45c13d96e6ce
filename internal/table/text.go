package table

import "strings"

// Text is a table as lines of text for letters of one width. Each line ends
// with a line feed.
type Text struct {
	Lines string
	Note  string // what the lines don't show: "5 of 1,461 rows", or ""
}

// Fit lays out all columns and at most so many rows for a screen of a width, each
// cell to its end. It is false when that is not possible, also because t lacks
// columns.
func (t Table) Fit(width, rows int) (Text, bool) {
	g := newGrid(t, rows)
	if len(g.columns) == 0 || len(g.columns) < t.TotalColumns || !g.fit(width) || !g.whole() {
		return Text{}, false
	}
	return t.text(g.lines(), len(g.rows), len(g.columns)), true
}

// Head lays out as many columns as fit the width, the first one in any case, and a
// line for each row: a glance at the table, in which long cells are cut.
func (t Table) Head(width, rows int) Text {
	for n := len(t.Columns); n > 0; n-- {
		g := newGrid(t.slice(0, n, false), rows)
		g.tall = 1
		fits := g.fit(width)
		if !fits && n == 1 {
			g.cut(width)
		}
		if fits || n == 1 {
			return t.text(g.lines(), len(g.rows), n)
		}
	}
	return Text{}
}

// Wrap lays out all columns: those that do not fit the width follow below, in
// blocks. Each block begins with the first column where that has no name: it
// is the index of the rows.
func (t Table) Wrap(width, rows int) Text {
	index := len(t.Columns) > 1 && strings.TrimSpace(t.Columns[0]) == ""
	var blocks []string
	for at := 0; at < len(t.Columns); {
		for n := len(t.Columns) - at; n > 0; n-- {
			g := newGrid(t.slice(at, at+n, index && at > 0), rows)
			fits := g.fit(width)
			if !fits && n == 1 {
				g = newGrid(t.slice(at, at+1, false), rows)
				g.cut(width)
			}
			if fits || n == 1 {
				blocks = append(blocks, g.lines())
				at += n
				break
			}
		}
	}
	return t.text(strings.Join(blocks, "\n"), min(len(t.Rows), rows), len(t.Columns))
}

// slice returns the columns from one to another, behind the first one if asked.
func (t Table) slice(from, to int, first bool) Table {
	pick := func(r []string) []string {
		var out []string
		if first {
			out = append(out, strings.Join(r[:min(len(r), 1)], ""))
		}
		return append(out, r[min(from, len(r)):min(to, len(r))]...)
	}
	part := Table{Columns: pick(t.Columns)}
	for _, r := range t.Rows {
		part.Rows = append(part.Rows, pick(r))
	}
	return part
}

func (t Table) text(lines string, rows, columns int) Text {
	return Text{lines, t.Note(rows, columns)}
}
