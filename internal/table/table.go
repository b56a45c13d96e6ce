// Package table holds the one type of a table that is shown, and lays it out:
// as text of a width, as a picture, as CSV, as HTML.
package table

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

// Table is a table to show: the head of a larger one when TotalRows or
// TotalColumns say so; they may be 0 otherwise. Rows may be shorter or longer
// than Columns: what is missing is empty, what is too much is not shown.
type Table struct {
	Columns      []string   `json:"columns"`
	Rows         [][]string `json:"rows"`
	TotalRows    int        `json:"total_rows"`
	TotalColumns int        `json:"total_columns"`
	File         string     `json:"file,omitempty"` // id of the user's file that has the whole table as CSV, if any
}

// Size returns how many rows and columns the whole table has.
func (t Table) Size() (rows, columns int) {
	return max(t.TotalRows, len(t.Rows)), max(t.TotalColumns, len(t.Columns))
}

// Map is the table with a function of each of its texts in place of it.
func (t Table) Map(f func(string) string) Table {
	row := func(texts []string) []string {
		out := make([]string, len(texts))
		for i, text := range texts {
			out[i] = f(text)
		}
		return out
	}
	t.Columns = row(t.Columns)
	rows := make([][]string, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = row(r)
	}
	t.Rows = rows
	return t
}

// Note tells what is missing where so many rows and columns are shown:
// "5 of 1,461 rows, 3 of 12 columns"; "" if nothing is.
func (t Table) Note(rows, columns int) string {
	var missing []string
	allRows, allColumns := t.Size()
	if allRows > rows {
		missing = append(missing, fmt.Sprintf("%s of %s rows", humanize.Comma(int64(rows)), humanize.Comma(int64(allRows))))
	}
	if allColumns > columns {
		missing = append(missing, fmt.Sprintf("%d of %d columns", columns, allColumns))
	}
	return strings.Join(missing, ", ")
}

// maxCellText is how many characters of a cell are looked at.
const maxCellText = 500

// clean makes a cell's text one line of printable characters.
func clean(s string) string {
	if utf8.RuneCountInString(s) > maxCellText {
		s = string([]rune(s)[:maxCellText-1]) + "…"
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(s)
}

var number = regexp.MustCompile(`^[-+−]?[$€£]?\d[\d,_' .]*(\.\d+)?([eE][-+]?\d+)?\s?%?$`)

func isNumber(s string) bool {
	return number.MatchString(s) || strings.EqualFold(s, "nan") || s == "-" || s == "<NA>" || s == "None"
}
