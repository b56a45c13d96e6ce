package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/columnar"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/preview"
	"github.com/attachebot/attache/internal/testbin"
	"github.com/attachebot/attache/internal/tools"
)

// What the browser shows of files comes out of the sandbox: whole tables, pages of
// documents, and all rows of a table of which an answer shows the head.
func TestLookInTheSandbox(t *testing.T) {
	service, python := openPython(t)
	ctx := t.Context()
	views := preview.New(service, python, nil)
	save := func(name string) files.File {
		data, err := os.ReadFile(filepath.Join(testbin.Root(), "runner", "tests", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := service.Save(ctx, files.Upload{User: 1, Name: name, Size: -1, Body: bytes.NewReader(data)})
		if err != nil {
			t.Fatal(err)
		}
		return s.File
	}
	for name, want := range map[string]int{"deaths.xlsx": 14, "v0.7.1.parquet": 10, "iris.sav": 150} {
		tab, err := views.Whole(ctx, save(name))
		if err != nil || tab.Rows() != want || len(tab.Columns()) < 2 {
			t.Errorf("%s: %v, %v", name, tab, err)
		}
	}
	pdf := save("testPDF.pdf")
	jpeg, pages, err := views.Page(ctx, pdf, 1)
	if err != nil || pages < 1 || !bytes.HasPrefix(jpeg, []byte("\xff\xd8")) {
		t.Errorf("a page: %d bytes, %d pages, %v", len(jpeg), pages, err)
	}
	if _, _, err := views.Page(ctx, pdf, pages+1); err == nil || !strings.Contains(err.Error(), "no such page") {
		t.Errorf("behind the last page: %v", err)
	}

	png, drawn, err := views.Formulas(ctx, 1, []string{`x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}`, `\unknown{"x"}`, "\\begin{pmatrix} 1 & <2> \\\\ 3 & 4 \\end{pmatrix}"})
	if err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) || !slices.Equal(drawn, []int{0, 2}) {
		t.Errorf("formulas: %d bytes, %v, %v", len(png), drawn, err)
	}
	if png, drawn, err = views.Formulas(ctx, 1, []string{`\unknown`}); err != nil || len(png)+len(drawn) != 0 {
		t.Errorf("no formulas: %d bytes, %v, %v", len(png), drawn, err)
	}

	call := tools.Call{User: 1, Conversation: "c", Hooks: llm.ToolHooks{}.Filled()}
	res := python.Run(ctx, call, "import pandas as pd\ndisplay('x')\ndisplay(pd.DataFrame({'a': [1]}))\npd.DataFrame({'n': range(100_000), 'day': pd.Timestamp('2024-01-01')})")
	if len(res.Tables) != 2 || res.Tables[0].File != "" || res.Tables[1].File == "" || len(res.Files) != 0 {
		t.Fatalf("%+v", res)
	}
	f, err := service.Get(ctx, 1, files.ID(res.Tables[1].File))
	if err != nil {
		t.Fatal(err)
	}
	tab, err := views.Whole(ctx, f)
	if err != nil {
		t.Fatal(err)
	}
	if rows, total := tab.Page(columnar.View{Sort: 0, Desc: true}, 0, 1); total != 100_000 || rows[0][0] != "99999" || rows[0][1] != "2024-01-01" {
		t.Errorf("%q of %d", rows, total)
	}
	before, err := service.Usage(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := python.Table(ctx, 1, "preview", f, 5); err != nil {
		t.Error(err)
	}
	if after, err := service.Usage(ctx, 1); err != nil || after.Files != before.Files {
		t.Errorf("a preview made files: %d, %d, %v", before.Files, after.Files, err)
	}
}
