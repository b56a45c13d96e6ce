package preview

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/attachebot/attache/internal/columnar"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/table"
)

// String is what the tests compare.
func (p Preview) String() string {
	switch {
	case p.Picture != nil:
		return fmt.Sprintf("%dx%d %s", p.Picture.Width, p.Picture.Height, p.Picture.Format)
	case p.Table != nil:
		return fmt.Sprint(p.Table.Columns, p.Table.Rows)
	}
	return strings.Join(p.Text, "|")
}

func TestCacheIsBounded(t *testing.T) {
	var c cache
	line := strings.Repeat("x", 100_000)
	for i := range 500 {
		c.put(files.ID(fmt.Sprint(i)), Preview{Text: []string{line}})
		c.get("0")
	}
	if _, ok := c.get("0"); !ok || c.bytes > maxCached || c.order.Len() != len(c.byID) || c.order.Len() > 170 {
		t.Errorf("%d entries, %d bytes", c.order.Len(), c.bytes)
	}
	for i := range 3000 {
		c.put(files.ID(fmt.Sprint("e", i)), Preview{})
	}
	if len(c.byID) > maxEntries {
		t.Errorf("%d entries", len(c.byID))
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"), uint8(0))
	f.Add([]byte("{\"a\":[1,\n2]}"), uint8(2))
	f.Add([]byte{0xff, 0xfe, 0, 0xd8}, uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		p := textPreview([]files.Kind{"csv", "text", "json", "tsv"}[kind%4], b, kind < 128)
		if len(p.Text) > maxLines {
			t.Errorf("%d lines", len(p.Text))
		}
		for _, l := range p.Text {
			if !utf8.ValidString(l) || strings.ContainsAny(l, "\n\x1b\r") || utf8.RuneCountInString(l) > maxLine {
				t.Errorf("%q", l)
			}
		}
	})
}

// A small text costs little, whatever stands in it.
func TestHostileTextsCostLittle(t *testing.T) {
	nested := func(n int, inside string) string {
		return strings.Repeat("[", n) + inside + strings.Repeat("]", n)
	}
	many := strings.Repeat("1,", 20_000) + "1"
	for name, c := range map[string]struct {
		kind  files.Kind
		text  string
		lines int
	}{
		"nested JSON":           {"json", nested(9990, many), 1},
		"JSON that is indented": {"json", nested(maxDepth, many), maxLines},
		"nested objects":        {"geojson", strings.Repeat(`{"a":`, 9000) + many[:1] + strings.Repeat("}", 9000), 1},
		"brackets in a text":    {"json", `{"a":"\"` + strings.Repeat("[", 60_000) + `"}`, 3},
		"no JSON":               {"json", strings.Repeat("[", textHead), 1},
		"columns":               {"csv", strings.Repeat(",", textHead), 1},
		"lines":                 {"text", "x" + strings.Repeat("\n", textHead-2) + "x", 1},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p := textPreview(c.kind, []byte(c.text), true)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 || len(p.Text) != c.lines {
			t.Errorf("%s: %d MB for %d kB, %d lines", name, n>>20, len(c.text)>>10, len(p.Text))
		}
	}
}

func TestTextIsCut(t *testing.T) {
	p := textPreview("text", []byte(strings.Repeat(strings.Repeat("é", 600)+"\n", 20)), true)
	if len(p.Text) != maxLines || p.Whole || utf8.RuneCountInString(p.Text[0]) != maxLine || !strings.HasSuffix(p.Text[0], "é…") {
		t.Errorf("%d lines, whole %v", len(p.Text), p.Whole)
	}
}

func TestPagesAreBounded(t *testing.T) {
	var d drawnPages
	for i := range 40 {
		d.put(pageKey{"x", i}, drawn{make([]byte, 1<<20), 40})
	}
	if d.bytes > maxPages || len(d.byKey) != len(d.order) || len(d.order) != 32 {
		t.Errorf("%d pages, %d bytes", len(d.order), d.bytes)
	}
}

func TestWholesAreBounded(t *testing.T) {
	var w wholes
	big := columnar.Of(table.Table{Columns: []string{"a"}, Rows: [][]string{{strings.Repeat("x", keptWhole/3)}}})
	for i := range 9 {
		w.put(files.ID(fmt.Sprint(i)), big)
	}
	if len(w.byID) > 3 || w.get("8") == nil {
		t.Errorf("%d tables are kept", len(w.byID))
	}
	w.byID["8"].used = time.Now().Add(-2 * wholeTime)
	w.put("9", columnar.Of(table.Table{Columns: []string{"a"}}))
	if w.get("8") != nil {
		t.Error("a table that nobody uses is kept")
	}
	l := limited{w: io.Discard}
	if _, err := io.Copy(&l, io.LimitReader(zeros{}, maxWhole+1)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("%d bytes, %v", l.n, err)
	}
}

// The text of a table is never in memory as a whole, and tables that are kept make
// room for one that is read.
func TestTablesAreReadInLittleMemory(t *testing.T) {
	m := New(nil, nil, nil)
	m.wholes.put("kept", columnar.Of(table.Table{Columns: []string{"a"}, Rows: [][]string{{strings.Repeat("x", keptReading+1)}}}))
	const rows = 60_000
	row := strings.Repeat("\"\",", 99) + strings.Repeat(" ", 700) + "\n" // 60 MB of text
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tab, err := m.table(t.Context(), func(w io.Writer) error {
		for range rows {
			if _, err := io.WriteString(w, row); err != nil {
				return err
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&now)
		return nil
	}, func(*bufio.Reader) rune { return ',' })
	if err != nil || tab.Rows() != rows-1 {
		t.Fatalf("%v", err)
	}
	if grown := int64(now.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d MB of text are in memory", grown>>20)
	}
	if m.wholes.get("kept") != nil {
		t.Error("what was kept made no room")
	}
}

// Whoever waits for another's table leaves when ctx ends.
func TestWaitingForATableEnds(t *testing.T) {
	m := New(nil, nil, nil)
	m.wholes.reading <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := m.table(ctx, func(w io.Writer) error { cancel(); return nil }, func(*bufio.Reader) rune { return ',' })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
