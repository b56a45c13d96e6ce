package discord

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/table"
)

const (
	phoneWidth = 42 // characters of a code block that a phone shows without wrapping
	maxRows    = 12 // of a table as text
)

// monospace writes the head of a table as a code block that fits a phone. It
// reports whether that is possible.
func monospace(t table.Table) (string, bool) {
	text, ok := t.Fit(phoneWidth, maxRows)
	return tableBlock(text), ok
}

// narrow writes as many columns as fit, and says how many there are.
func narrow(t table.Table) string { return tableBlock(t.Narrow(phoneWidth, maxRows)) }

// tableBlock writes a table as a code block, and below it what is not shown.
func tableBlock(t table.Text) string {
	if t.Lines == "" {
		return ""
	}
	block := "```\n" + strings.ReplaceAll(t.Lines, "`", "'") + "```"
	if t.Note != "" {
		block += "\n-# " + t.Note
	}
	return block
}

// tablePicture draws the head of a table. It fails for a text in a script that
// the font does not have.
func tablePicture(t table.Table) (client.Upload, error) {
	picture, alt, err := t.Picture()
	if err != nil {
		return client.Upload{}, err
	}
	u := client.NewUpload("table.png", picture)
	u.Alt = alt
	return u, nil
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
		t := table.Table{Columns: tableCells(in[i])}
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

// rendered is a text of the model as Discord can show it.
func rendered(text string) string { return markdownTables(markdown.Render(text)) }

func tableCells(line string) []string {
	line = strings.Trim(strings.TrimSpace(line), "|")
	cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
	for i, c := range cells {
		cells[i] = strings.TrimSpace(strings.ReplaceAll(c, "\x00", "|"))
	}
	return cells
}

// tableText writes a table that somebody wrote, with all its rows.
func tableText(t table.Table) string {
	plain := table.Table{}
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
	if text, ok := plain.Fit(phoneWidth, len(plain.Rows)); ok {
		return tableBlock(text)
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
