package table

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/bidi"
)

// turned are the pieces of a line that are shown from the right to the left, by Unicode's
// rules.
func turned(t *testing.T, line string) (out []string) {
	var p bidi.Paragraph
	if _, err := p.SetString(line, bidi.DefaultDirection(bidi.LeftToRight)); err != nil {
		t.Fatal(err)
	}
	order, err := p.Order()
	if err != nil {
		t.Fatal(err)
	}
	for i := range order.NumRuns() {
		if run := order.Run(i); run.Direction() == bidi.RightToLeft {
			out = append(out, run.String())
		}
	}
	return out
}

// Tables in Arabic and Hebrew have their columns below one another wherever they are
// shown, and numbers and dates read as they were written.
func TestRightToLeft(t *testing.T) {
	for name, table := range map[string]Table{
		"Arabic": {Columns: []string{"المدينة", "الإيرادات", "التاريخ"}, Rows: [][]string{{"القاهرة", "1234.50", "2024-01-05"}, {"دبي (2)", "987.00", "2024-11-06"}}, TotalRows: 2, TotalColumns: 3},
		"Hebrew": {Columns: []string{"עיר", "sales", "תאריך"}, Rows: [][]string{{"תל אביב", "12.5", "2024-01-05"}, {"Haifa", "-7.0", "2024-11-06"}}, TotalRows: 2, TotalColumns: 3},
	} {
		text, ok := table.Fit(60, 10)
		if !ok {
			t.Fatal("it does not fit")
		}
		cells := append([]string{}, table.Columns...)
		for _, r := range table.Rows {
			cells = append(cells, r...)
		}
		for _, line := range strings.Split(text.Lines, "\n") {
			for _, piece := range turned(t, line) {
				if !slices.ContainsFunc(cells, func(c string) bool { return strings.Contains(c, piece) }) {
					t.Errorf("%s: %q is turned round in %q", name, piece, line)
				}
			}
		}
	}
	plain, _ := Table{Columns: []string{"a", "b"}, Rows: [][]string{{"é", "😀"}}, TotalRows: 1, TotalColumns: 2}.Fit(60, 10)
	if strings.Contains(plain.Lines, leftToRight) {
		t.Errorf("marks in %q", plain.Lines)
	}
}
