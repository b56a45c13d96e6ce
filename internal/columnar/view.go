package columnar

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// View is how a table is looked at.
type View struct {
	Sort   int    // column; beyond the columns or negative: as the table is
	Desc   bool   // the greatest first; empty cells are last in any case
	Filter string // see [Table.Page]
}

// view is a View and the rows it shows, in order.
type view struct {
	of   View
	rows []int32
}

// keptViews is how many orders a table remembers: those of people who scroll.
const keptViews = 4

// CutCell is how many characters of a cell a page shows.
const CutCell = 200

// Page returns rows of a view from a place on, and how many the view has.
//
// A row is in the view if it has every word of the filter in one of its cells,
// whatever the case. A word like price>10, city=Bonn, city!=Bonn or day<=2024-05-01
// compares a column's cells. Quotes hold words together: "New York", "unit price">5.
func (t *Table) Page(v View, at, n int) (rows [][]string, total int) {
	all := t.view(v)
	at = max(0, min(at, len(all)))
	for _, r := range all[at:min(len(all), at+max(n, 0))] {
		row := make([]string, len(t.cells))
		for c := range t.cells {
			row[c] = cut(t.cells[c].cell(int(r)))
		}
		rows = append(rows, row)
	}
	return rows, len(all)
}

func cut(cell []byte) string {
	if len(cell) <= CutCell || utf8.RuneCount(cell) <= CutCell {
		return strings.ToValidUTF8(string(cell), "�")
	}
	return string([]rune(string(cell[:min(len(cell), CutCell*utf8.UTFMax)]))[:CutCell-1]) + "…"
}

// WriteCSV writes the first n rows of a view, with a header, every cell whole.
func (t *Table) WriteCSV(w io.Writer, v View, comma rune, n int) error {
	b := bufio.NewWriter(w)
	out := csv.NewWriter(b)
	out.Comma, out.UseCRLF = comma, comma == ','
	line := make([]string, len(t.columns))
	for i, c := range t.columns {
		line[i] = c.Name
	}
	if err := out.Write(line); err != nil {
		return err
	}
	rows := t.view(v)
	for _, r := range rows[:min(n, len(rows))] {
		for c := range t.cells {
			line[c] = string(t.cells[c].cell(int(r)))
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return b.Flush()
}

// view returns the rows of a view. Nobody changes them.
func (t *Table) view(v View) []int32 {
	if v.Filter = strings.TrimSpace(v.Filter); v.Sort < 0 || v.Sort >= len(t.cells) {
		v.Sort, v.Desc = -1, false
	}
	t.mu.Lock()
	for _, known := range t.views {
		if known.of == v {
			t.mu.Unlock()
			return known.rows
		}
	}
	t.mu.Unlock()
	rows := t.matching(v.Filter)
	if v.Sort >= 0 {
		t.sort(rows, &t.cells[v.Sort], v.Desc)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.views = append(t.views, view{v, rows})
	if len(t.views) > keptViews {
		t.views = slices.Delete(t.views, 0, 1)
	}
	return rows
}

// sort sorts rows by a column; equal ones stay in their order.
func (t *Table) sort(rows []int32, c *column, desc bool) {
	full := slices.Clone(rows[:0:0])
	var empty []int32
	for _, r := range rows {
		if c.empty(int(r)) {
			empty = append(empty, r)
		} else {
			full = append(full, r)
		}
	}
	sign := 1
	if desc {
		sign = -1
	}
	if c.values != nil {
		slices.SortStableFunc(full, func(a, b int32) int { return sign * cmp.Compare(c.values[a], c.values[b]) })
	} else {
		c.once.Do(func() { c.ranks = rank(c, t.rows) })
		slices.SortStableFunc(full, func(a, b int32) int { return sign * cmp.Compare(c.ranks[a], c.ranks[b]) })
	}
	copy(rows[copy(rows, full):], empty)
}

// rank gives each text its place in the order of people: "ä" beside "a", and
// "file 2" before "file 10". The order is that of all languages together.
func rank(c *column, rows int) []int32 {
	by := collate.New(language.Und, collate.IgnoreCase, collate.Numeric)
	type key struct {
		head uint64 // the first bytes of key
		key  []byte
		row  int32
	}
	var buf collate.Buffer
	keys := make([]key, rows)
	for i := range rows {
		text := c.cell(i)
		k := by.Key(&buf, text[:min(len(text), CutCell)])
		var head [8]byte
		copy(head[:], k)
		keys[i] = key{binary.BigEndian.Uint64(head[:]), k, int32(i)}
	}
	order := func(a, b key) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return cmp.Or(bytes.Compare(a.key, b.key), bytes.Compare(c.cell(int(a.row)), c.cell(int(b.row))))
	}
	slices.SortFunc(keys, order)
	ranks := make([]int32, rows)
	place := int32(0)
	for i, k := range keys {
		if i > 0 && order(keys[i-1], k) != 0 {
			place++
		}
		ranks[k.row] = place
	}
	return ranks
}

// matching returns the rows that have what a filter wants, in their order.
func (t *Table) matching(filter string) []int32 {
	in := make([]bool, t.rows)
	for i := range in {
		in[i] = true
	}
	for _, want := range t.parse(filter) {
		if want.column >= 0 {
			t.compare(in, want)
		} else {
			t.search(in, want.text)
		}
	}
	rows := make([]int32, 0, t.rows)
	for i, yes := range in {
		if yes {
			rows = append(rows, int32(i))
		}
	}
	return rows
}

// search leaves the rows in that have a text in one of their cells.
func (t *Table) search(in []bool, text string) {
	hit := make([]bool, t.rows)
	n := newNeedle(text)
	for c := range t.cells {
		col := &t.cells[c]
		start := uint32(0)
		for i, end := range col.ends {
			if in[i] && !hit[i] && n.in(col.text[start:end]) {
				hit[i] = true
			}
			start = end
		}
	}
	for i := range in {
		in[i] = in[i] && hit[i]
	}
}

// compare leaves the rows in whose cell of a column is as wanted.
func (t *Table) compare(in []bool, want word) {
	c := &t.cells[want.column]
	for i := range in {
		if !in[i] {
			continue
		}
		var order int
		switch {
		case c.empty(i):
			in[i] = want.op == "!="
			continue
		case c.values != nil && !math.IsNaN(want.value):
			order = cmp.Compare(c.values[i], want.value)
		default:
			order = strings.Compare(strings.ToLower(string(c.cell(i))), want.text)
		}
		switch want.op {
		case "=":
			in[i] = order == 0
		case "!=":
			in[i] = order != 0
		case "<":
			in[i] = order < 0
		case "<=":
			in[i] = order <= 0
		case ">":
			in[i] = order > 0
		case ">=":
			in[i] = order >= 0
		}
	}
}
