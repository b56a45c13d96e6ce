package markdown

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/attachebot/attache/internal/table"
)

const (
	maxTableLines = 2000 // of a table in HTML: a longer one is text
	maxSpan       = 30   // columns that one cell takes
)

// htmlTable reads a table in HTML that the first line begins. It returns how many
// lines it has, 0 if there is none, and what stands behind it in the last one.
func htmlTable(lines []string) (t *table.Table, n int, rest string) {
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(lines[0])), "<table") {
		return nil, 0, ""
	}
	for n < len(lines) && n < maxTableLines {
		end := strings.Index(strings.ToLower(lines[n]), "</table>")
		n++
		if end < 0 {
			continue
		}
		last := lines[n-1]
		end += len("</table>")
		if end > len(last) { // a letter that is longer in small
			return nil, 0, ""
		}
		source := strings.Join(append(lines[:n-1:n-1], last[:end]), "\n")
		if t = parseTable(source); t == nil {
			return nil, 0, ""
		}
		return t, n, last[end:]
	}
	return nil, 0, ""
}

// parseTable reads the cells; nil if there are none. The first row names the
// columns.
func parseTable(source string) *table.Table {
	var rows [][]string
	var cell strings.Builder
	inCell, span := false, 1
	end := func() {
		if !inCell {
			return
		}
		row := &rows[len(rows)-1]
		*row = append(*row, Render(strings.Join(strings.Fields(cell.String()), " ")))
		*row = append(*row, make([]string, span-1)...)
		cell.Reset()
		inCell = false
	}
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		opens := kind == html.StartTagToken || kind == html.SelfClosingTagToken
		switch {
		case kind == html.TextToken && inCell:
			cell.WriteString(strings.ReplaceAll(token.Data, "|", `\|`))
		case token.DataAtom == atom.Tr && opens:
			end()
			rows = append(rows, nil)
		case (token.DataAtom == atom.Td || token.DataAtom == atom.Th) && opens:
			end()
			if len(rows) == 0 {
				rows = append(rows, nil)
			}
			inCell, span = true, 1
			for _, a := range token.Attr {
				if v, err := strconv.Atoi(a.Val); a.Key == "colspan" && err == nil && v > 1 {
					span = min(v, maxSpan)
				}
			}
		case token.DataAtom == atom.Td, token.DataAtom == atom.Th, token.DataAtom == atom.Tr:
			end()
		case token.DataAtom == atom.Br && inCell:
			cell.WriteString(" / ")
		case inCell && marks[token.DataAtom] != "":
			cell.WriteString(marks[token.DataAtom])
		}
	}
	end()
	var t table.Table
	for _, r := range rows {
		switch {
		case len(r) == 0:
		case t.Columns == nil:
			t.Columns = r
		default:
			t.Rows = append(t.Rows, r)
		}
	}
	if t.Columns == nil {
		return nil
	}
	for _, r := range t.Rows { // cells without a column are shown as well
		for len(t.Columns) < len(r) {
			t.Columns = append(t.Columns, "")
		}
	}
	return &t
}

// marks are what HTML's tags within a cell are in Markdown.
var marks = map[atom.Atom]string{atom.B: "**", atom.Strong: "**", atom.I: "*", atom.Em: "*", atom.S: "~~", atom.Del: "~~", atom.Code: "`"}
