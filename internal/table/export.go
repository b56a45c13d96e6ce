package table

import (
	"encoding/csv"
	"html"
	"strings"
)

// CSV writes the rows that t holds as RFC 4180 with a header, every row as
// long as the header. Cells are as they are, line breaks included.
func (t Table) CSV() []byte {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	line := make([]string, len(t.Columns))
	for _, r := range append([][]string{t.Columns}, t.Rows...) {
		clear(line)
		copy(line, r)
		_ = w.Write(line) // a strings.Builder takes everything
	}
	w.Flush()
	return []byte(b.String())
}

// HTML writes at most so many rows as a <table>. Cells are text: nothing in
// them is markup. Columns of numbers have the class "number"; what is not
// shown is said in the <caption>.
func (t Table) HTML(rows int) string {
	g := newGrid(t, rows)
	var b strings.Builder
	line := func(tag string, cells []string) {
		b.WriteString("<tr>")
		for i, c := range cells {
			b.WriteString("<" + tag)
			if g.right[i] {
				b.WriteString(` class="number"`)
			}
			b.WriteString(">" + html.EscapeString(c) + "</" + tag + ">")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("<table>\n")
	if note := t.Note(len(g.rows), len(g.columns)); note != "" {
		b.WriteString("<caption>" + html.EscapeString(note) + "</caption>\n")
	}
	b.WriteString("<thead>\n")
	line("th", g.columns)
	b.WriteString("</thead>\n<tbody>\n")
	for _, r := range g.rows {
		line("td", r)
	}
	b.WriteString("</tbody>\n</table>\n")
	return b.String()
}
