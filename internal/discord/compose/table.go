package compose

import (
	"strings"

	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/table"
)

// monospace writes a table as a code block that fits a phone, and reports whether
// that is possible. Of one that code showed it is the head.
func monospace(t table.Table, shown bool) (string, bool) {
	rows := shownRows
	if !shown {
		t, rows = plainTable(t), len(t.Rows)
	}
	text, ok := t.Fit(phoneWidth, rows)
	if !ok {
		return "", false
	}
	return block(text.Lines, text.Note), true
}

func block(lines, note string) string {
	b := "```\n" + strings.ReplaceAll(lines, "`", "'") + "```"
	if note != "" {
		b += "\n-# " + note
	}
	return b
}

// Preview writes a glance at a table as a code block that fits an embed on a phone: all
// columns, those that have no room below the others, or of many the first ones.
func Preview(t table.Table) string {
	text := t.Wrap(embedWidth, shownRows)
	if strings.Count(text.Lines, "\n") > previewLines {
		text = t.Head(embedWidth, shownRows)
	}
	return block(text.Lines, text.Note)
}

// list writes a table as a list, an item for each row: the first cell, and the
// others with the names of their columns.
func list(t table.Table, shown bool) string {
	text := func(s string) string { return s }
	rows := t.Rows
	if shown {
		text = func(s string) string { return markdown.Escape(strings.Join(strings.Fields(s), " ")) }
		rows = rows[:min(len(rows), shownRows)]
	}
	own := text
	if t.RightToLeft() {
		own = func(s string) string { return table.Isolate(text(s)) }
	}
	var b strings.Builder
	said := make([]bool, len(t.Columns))
	for _, r := range rows {
		var parts []string
		for i, c := range r {
			if c = strings.TrimSpace(c); c == "" {
				continue
			}
			c = own(c)
			if i < len(t.Columns) && strings.TrimSpace(t.Columns[i]) != "" {
				c, said[i] = own(strings.Trim(t.Columns[i], "*"))+": "+c, true
			}
			if len(parts) == 0 {
				c = "**" + strings.ReplaceAll(c, "**", "") + "**"
			}
			parts = append(parts, c)
		}
		if len(parts) > 0 {
			b.WriteString("- " + strings.Join(parts, " · ") + "\n")
		}
	}
	var empty []string
	for i, c := range t.Columns {
		if c = text(strings.TrimSpace(c)); c != "" && !said[i] {
			empty = append(empty, c)
		}
	}
	if len(empty) > 0 {
		b.WriteString("- " + strings.Join(empty, " · ") + ": –\n")
	}
	if note := t.Note(len(rows), len(t.Columns)); note != "" {
		b.WriteString("-# " + note + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// plainTable is a table of Markdown without its marks.
func plainTable(t table.Table) table.Table {
	plain := table.Table{TotalRows: t.TotalRows, TotalColumns: t.TotalColumns}
	bare := func(cells []string) (out []string) {
		for _, c := range cells {
			out = append(out, markdown.Plain(c))
		}
		return out
	}
	plain.Columns = bare(t.Columns)
	for _, r := range t.Rows {
		plain.Rows = append(plain.Rows, bare(r))
	}
	return plain
}
