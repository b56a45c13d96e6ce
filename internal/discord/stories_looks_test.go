package discord

import (
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/table"
)

// shownFiles are the names of all files of messages, in their order.
func shownFiles(ms []discordtest.Message) (names []string) {
	for _, m := range ms {
		for _, f := range m.Files {
			names = append(names, f.Filename)
		}
	}
	return names
}

// Several charts are each in a gallery of their own, which Discord does not crop,
// and other files below them; one line tells of all.
func TestStorySeveralCharts(t *testing.T) {
	w := newBench(t, setup{})
	fs := []discordtest.File{{Name: "Umsätze 销售.csv", Data: salesCSV}}
	for i := range 11 {
		fs = append(fs, discordtest.File{Name: fmt.Sprintf("chart %d.png", i), Data: chart(60+i, 40)})
	}
	fs[3].Name = "chart 1.png" // twice the same name
	w.tools.Handle = w.makes(fs...)
	w.does("Here they are.")
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" draw"))(w)
	last := w.answerTo(q)
	all := w.after(w.general, q)
	if got := strings.Join(shownFiles(all), " "); got != "chart_0.png chart_1.png chart_1-2.png chart_3.png chart_4.png chart_5.png chart_6.png chart_7.png chart_8.png chart_9.png chart_10.png Umsatze_.csv" {
		t.Errorf("got %s", got)
	}
	if len(all) != 3 || all[0].Content != "Here they are.\n-# 📎 12 files, kept 48h" || last.ID != all[2].ID {
		t.Fatalf("%d messages, the first %q", len(all), all[0].Content)
	}
	for _, c := range all[1].Components {
		if c.Type != discordtest.MediaGallery || len(c.Items) != 1 || c.Items[0].Description == "" {
			t.Errorf("a chart is shown as %+v", c)
		}
	}
	// An edit of the question changes the buttons of the pictures' message.
	must(w.anna.Edit(q, w.Bot().Mention()+" draw again"))(w)
	m := w.await(w.general, discordtest.HasButton("✏️ Run the edited question"))
	if m.ID != last.ID || m.Components[0].Type != discordtest.ActionRow && len(m.Files) != len(last.Files) {
		t.Errorf("the files are gone: %+v", m)
	}
}

// One chart is attached to the text: Discord shows it whole.
func TestStoryOneChart(t *testing.T) {
	w := newBench(t, setup{})
	w.tools.Handle = w.makes(discordtest.File{Name: "chart.png", Data: chart(60, 40)}, discordtest.File{Name: "data.csv", Data: salesCSV})
	w.does("Here.")
	_, a := w.ask(w.anna, w.general, "draw")
	if len(a.Attachments) != 2 || a.Flags.Has(discordtest.FlagComponentsV2) || a.Attachments[0].Description == "" {
		t.Errorf("got %+v", a)
	}
}

func wideRows(n int, cell func(row, column int) string) (header string, rows []string) {
	header = "| Stadt | 人口 | Umsatz 2023 | Umsatz 2024 | Bemerkung | ratio | x \\| y | Ende |\n|---|---:|---|---|---|---|---|---|"
	for i := range n {
		var cells []string
		for c := range 8 {
			cells = append(cells, cell(i, c))
		}
		rows = append(rows, "| "+strings.Join(cells, " | ")+" |")
	}
	return header, rows
}

// A table that is too wide for a phone is a list while it is short, else a picture
// with its CSV. Nothing of it is lost, in any script.
func TestStoryWideTables(t *testing.T) {
	w := newBench(t, setup{})
	header, rows := wideRows(3, func(r, c int) string { return fmt.Sprintf("Zelle %d/%d a\\|b", r, c) })
	w.does("Before.\n\n" + header + "\n" + strings.Join(rows, "\n") + "\n\nAfter.")
	_, a := w.ask(w.anna, w.general, "short")
	w.contains(a, "Before.\n\n- **Stadt: Zelle 0/0 a|b** · 人口: Zelle 0/1 a|b · Umsatz 2023: Zelle 0/2", "x | y: Zelle 2/6 a|b · Ende: Zelle 2/7 a|b", "After.")

	header, rows = wideRows(60, func(r, c int) string { return fmt.Sprintf("cell %d/%d `a\\|b`", r, c) })
	header = strings.ReplaceAll(header, "人口", "people")
	w.does("Before.\n\n" + header + "\n" + strings.Join(rows, "\n") + "\n\nAfter.")
	_, a = w.ask(w.anna, w.general, "long")
	w.contains(a, "Before.\n\n-# 🖼️ Table 1 is a picture below.\n\nAfter.")
	if len(a.Attachments) != 1 || *a.Attachments[0].Height < 60*40 || !strings.HasPrefix(a.Attachments[0].Description, "A table of 60 rows and 8 columns.\nStadt | people | Umsatz 2023") {
		t.Fatalf("got %+v", a.Attachments)
	}
	got := must(w.press(w.bert, a, "⬇️ CSV").Attachments, nil)(w) // whoever can see the table
	if len(got) != 1 || got[0].Filename != "table-1.csv" {
		t.Fatalf("got %+v", got)
	}
	read := must(csv.NewReader(strings.NewReader(string(got[0].Bytes()))).ReadAll())(w)
	if len(read) != 61 || len(read[0]) != 8 || read[60][7] != "cell 59/7 a|b" {
		t.Errorf("%d rows, the last %q", len(read), read[len(read)-1])
	}

	header, rows = wideRows(60, func(r, c int) string { return fmt.Sprintf("خلية %d/%d", r, c) })
	w.does("Before.\n\n" + header + "\n" + strings.Join(rows, "\n") + "\n\nAfter.")
	_, a = w.ask(w.anna, w.general, "Arabic")
	w.contains(a, "- **\u2068Stadt\u2069: \u2068خلية 0/0\u2069** · ", "**table-1.csv**: all 60 rows", "After.")
	if len(a.Attachments) != 1 || !strings.Contains(string(a.Attachments[0].Bytes()), "خلية 59/7") {
		t.Fatalf("got %+v", a.Attachments)
	}
}

// A wide table of code is a picture with all its columns, and its head as CSV.
func TestStoryWideTableOfCode(t *testing.T) {
	w := newBench(t, setup{})
	tab := table.Table{TotalRows: 1461, TotalColumns: 30}
	for i := range 30 {
		tab.Columns = append(tab.Columns, fmt.Sprintf("a column %d", i))
	}
	tab.Rows = [][]string{make([]string, 30)}
	tab.Rows[0][29] = "the last cell"
	w.tools.Handle = func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Output: "a table", Tables: []table.Table{tab, tab}}
	}
	w.does("Two tables.")
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" show"))(w)
	last := w.answerTo(q)
	if got := strings.Join(shownFiles(w.after(w.general, q)), " "); got != "table-1.png table-2.png" {
		t.Errorf("got %s", got)
	}
	if got := w.press(w.anna, last, "⬇️ CSV 2"); len(got.Attachments) != 1 || !strings.Contains(string(got.Attachments[0].Bytes()), "the last cell") {
		t.Errorf("got %+v", got.Attachments)
	}
}

// Long code is a file, and what is said around it stays in the message.
func TestStoryLongCode(t *testing.T) {
	w := newBench(t, setup{})
	code := ""
	for i := range 300 {
		code += fmt.Sprintf("def f%d(x):\n    return x * %d\n\n", i, i*i)
	}
	w.does("Here is the module.\n\n```python\n" + code + "```\n\nAnd its test:\n\n```sh\npytest\n```\n\nRun it twice.")
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" write"))(w)
	a := w.answerTo(q)
	if err := w.AwaitQuiet(w.ctx, 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if n := len(w.after(w.general, q)); n != 1 {
		t.Errorf("%d messages", n)
	}
	w.contains(a, "Here is the module.", "**code.py**: 900 lines", "```sh\npytest\n```", "Run it twice.")
	if len(a.Attachments) != 1 || a.Attachments[0].Filename != "code.py" || strings.TrimSpace(string(a.Attachments[0].Bytes())) != strings.TrimSpace(code) {
		t.Errorf("got %+v", a.Attachments)
	}
}

// Ten uploads are confirmed in ten lines.
func TestStoryTenUploads(t *testing.T) {
	w := newBench(t, setup{})
	var fs []discordtest.File
	for i := range 10 {
		fs = append(fs, discordtest.File{Name: fmt.Sprintf("part %d.csv", i), Data: append(salesCSV[:len(salesCSV):len(salesCSV)], byte('0'+i))})
	}
	q := must(w.anna.Send(w.anna.DM(), "", fs...))(w)
	m := w.await(w.anna.DM(), discordtest.ReplyTo(q))
	lines := strings.Split(m.Content, "\n")
	if len(lines) != 11 || !strings.HasPrefix(lines[10], "-# ⏰ Expires <t:") || strings.Count(m.Content, "File saved! ID: `") != 10 {
		t.Errorf("got %s", m.Content)
	}
}

// Formulas that Unicode does not say well are one picture below, with numbers where
// there are several; the text says all of them, and the picture's description too.
func TestStoryFormulas(t *testing.T) {
	w := newBench(t, setup{assistant: assistant.Options{Viewer: &viewer{}}})
	w.does("The roots:\n\n$$x = \\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}$$\n\nThat is all.")
	_, a := w.ask(w.anna, w.general, "one")
	w.contains(a, "The roots:\n\n**x = (-b ± √(b²-4ac))/(2a)**\n\nThat is all.")
	if len(a.Attachments) != 1 || a.Attachments[0].Filename != "formulas.png" || a.Attachments[0].Description != "x = (-b ± √(b²-4ac))/(2a)" {
		t.Fatalf("got %+v", a.Attachments)
	}
	w.does("$$A = \\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}$$\nthen $$\\unknown{y}$$ and\n\\[E = mc^2\\]\n$\\frac{a+b}{c}$\nand `$$\\frac{a}{b+c}$$`")
	_, a = w.ask(w.anna, w.general, "several")
	w.contains(a, "**A = ( 1 2; 3 4 )** (1)", "**unknown y**", "**E = mc²**", "**(a+b)/c** (2)", "`$$\\frac{a}{b+c}$$`")
	if len(a.Attachments) != 1 || a.Attachments[0].Description != "(1) A = ( 1 2; 3 4 )\n(2) (a+b)/c" {
		t.Fatalf("got %q, %+v", a.Content, a.Attachments)
	}
	w.does("Mass and energy: $$E = mc^2$$")
	if _, a = w.ask(w.anna, w.general, "simple"); len(a.Attachments) != 0 {
		t.Errorf("got %+v", a.Attachments)
	}
}
