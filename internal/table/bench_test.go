package table

import (
	"fmt"
	"testing"
)

// A picture of 60 rows and 8 columns.
func BenchmarkPicture(b *testing.B) {
	t := Table{Columns: make([]string, 8)}
	for i := range 60 {
		var row []string
		for c := range 8 {
			row = append(row, fmt.Sprintf("cell %d/%d with some text", i, c))
		}
		t.Rows = append(t.Rows, row)
	}
	for b.Loop() {
		if _, _, err := t.Picture(); err != nil {
			b.Fatal(err)
		}
	}
}
