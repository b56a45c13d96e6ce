package markdown

import (
	"regexp"
	"strings"

	"github.com/attachebot/attache/internal/table"
)

// Piece is a part of what a model wrote: a table, a block of code, or other text,
// rendered. One of the three is set.
type Piece struct {
	Text  string
	Table *table.Table // its cells are Markdown
	Code  *Code
}

// Code is a block of code.
type Code struct {
	Language string // as written behind the fence
	Text     string
	Source   string // the block with its fences, which may lack the last one
}

var tableTag = regexp.MustCompile(`(?i)<table[\s>]`)

var tableRule = regexp.MustCompile(`^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$`)

// Pieces divides what a model wrote. Each piece stands on lines of its own. Behind
// the formulas of Formulas, in LaTeX, stand their numbers, for those that have one.
func Pieces(text string, numbers map[string]int) []Piece {
	return (&renderer{numbers: numbers}).pieces(text)
}

// Formulas are those in a text that stand on lines of their own and that Unicode
// does not say well, in LaTeX, each once.
func Formulas(text string) []string {
	r := new(renderer)
	r.pieces(text)
	return r.hard
}

func (r *renderer) pieces(text string) (out []Piece) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	var prose []string
	flush := func() {
		if t := strings.Trim(strings.Join(prose, "\n"), "\n"); strings.TrimSpace(t) != "" {
			out = append(out, Piece{Text: r.render(t)})
		}
		prose = nil
	}
	for i := 0; i < len(lines); {
		if mark := Fence(lines[i]); mark != "" {
			flush()
			end := i + 1
			for end < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[end]), mark) {
				end++
			}
			language, _, _ := strings.Cut(strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(lines[i]), "`~")), " ")
			c := &Code{Language: language, Text: strings.Join(lines[i+1:end], "\n")}
			c.Source = strings.Join(lines[i:min(end+1, len(lines))], "\n")
			out = append(out, Piece{Code: c})
			i = end + 1
			continue
		}
		if t, n := readTable(lines[i:]); n > 0 {
			flush()
			out = append(out, Piece{Table: t})
			i += n
			continue
		}
		if at := tableTag.FindStringIndex(lines[i]); at != nil && !strings.Contains(lines[i][:at[0]], "`") {
			before := lines[i][:at[0]]
			if t, n, rest := htmlTable(append([]string{lines[i][at[0]:]}, lines[i+1:]...)); n > 0 {
				if strings.TrimSpace(before) != "" {
					prose = append(prose, before)
				}
				flush()
				out = append(out, Piece{Table: t})
				if i += n; strings.TrimSpace(rest) != "" {
					i--
					lines[i] = rest
				}
				continue
			}
		}
		prose = append(prose, lines[i])
		i++
	}
	flush()
	return out
}

// readTable reads a table that the lines begin with, and returns how many lines
// it has; 0 if there is none.
func readTable(lines []string) (*table.Table, int) {
	if len(lines) < 2 || !strings.Contains(lines[0], "|") || !strings.Contains(lines[1], "|") || !tableRule.MatchString(lines[1]) {
		return nil, 0
	}
	t := &table.Table{Columns: cells(lines[0], 0)}
	n := 2
	for ; n < len(lines) && strings.Contains(lines[n], "|") && strings.TrimSpace(lines[n]) != ""; n++ {
		row := cells(lines[n], len(t.Columns))
		t.Rows = append(t.Rows, row)
	}
	for _, r := range t.Rows { // cells without a column are shown as well
		for len(t.Columns) < len(r) {
			t.Columns = append(t.Columns, "")
		}
	}
	return t, n
}

var breakTag = regexp.MustCompile(`(?i)\s*<br\s*/?>\s*`)

// cells reads a line of a table that should have so many columns; 0: not known.
// A bar may stand in a cell behind a backslash, and in code where the line has
// the right number of cells only then.
func cells(line string, columns int) []string {
	out := splitCells(line, false)
	if columns > 0 && len(out) > columns {
		if other := splitCells(line, true); len(other) == columns {
			out = other
		}
	}
	for i, c := range out {
		out[i] = Render(breakTag.ReplaceAllString(c, " / "))
	}
	return out
}

func splitCells(line string, code bool) []string {
	line = strings.TrimSpace(line)
	line = strings.TrimPrefix(line, "|")
	var out []string
	var cell strings.Builder
	inCode, open := false, true
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && line[i+1] == '|':
			cell.WriteByte('|')
			i++
		case c == '|' && !(code && inCode):
			out = append(out, strings.TrimSpace(cell.String()))
			cell.Reset()
			open = false
			continue
		default:
			if c == '`' {
				inCode = !inCode
			}
			cell.WriteByte(c)
		}
		open = true
	}
	if last := strings.TrimSpace(cell.String()); last != "" || open {
		out = append(out, last)
	}
	return out
}

// Plain takes the marks of Markdown out of a text of one line, which is to be
// shown in letters of one width or in a picture.
func Plain(s string) string {
	s = link.ReplaceAllStringFunc(s, func(s string) string {
		m := link.FindStringSubmatch(s)
		if m[1] == m[2] {
			return m[1]
		}
		return m[1] + " (" + m[2] + ")"
	})
	s = strings.NewReplacer("**", "", "__", "", "~~", "", "`", "").Replace(s)
	s = emphasis.ReplaceAllString(s, "$1")
	return strings.NewReplacer(`\*`, "*", `\_`, "_", `\|`, "|", `\~`, "~").Replace(s)
}

var (
	link     = regexp.MustCompile(`\[([^\]]+)\]\(<?([^)>\s]+)>?\)`)
	emphasis = regexp.MustCompile(`(?:^|\b)\*([^*\s](?:[^*]*[^*\s])?)\*`)
)
