package terminal

import (
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/table"
)

// A table that the model was told is shown is printed, and fits the window.
func TestTableIsPrinted(t *testing.T) {
	var out, status strings.Builder
	p := &printer{out: &out, text: &out, status: &status, width: 40, spin: &spinner{}}
	row := []string{"Köln", "1234567", "München", "7654321", "日本語"}
	p.show(chat.TextDelta{Text: "Here is the table:"})
	p.show(chat.ToolEnded{Result: llm.ToolResult{Tables: []table.Table{{
		Columns: []string{"first city", "people", "second city", "people there", "script"}, Rows: [][]string{row}, TotalRows: 1000, TotalColumns: 5}}}})
	p.end()
	got := out.String()
	if !strings.HasPrefix(got, "Here is the table:\n") || !strings.Contains(got, "of 1,000 rows") {
		t.Errorf("%s", got)
	}
	for _, cell := range row {
		if !strings.Contains(got, cell) {
			t.Errorf("%q is missing in\n%s", cell, got)
		}
	}
	for line := range strings.Lines(got) {
		if table.Width(strings.TrimRight(line, "\n")) > 40 {
			t.Errorf("too wide: %q", line)
		}
	}
}
