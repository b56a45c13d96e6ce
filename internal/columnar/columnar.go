// Package columnar holds a large table in memory, column by column, to be
// sorted, filtered and read a page at a time.
package columnar

import (
	"encoding/csv"
	"errors"
	"io"
	"math"
	"strings"
	"sync"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/table"
)

// Kind is what the cells of a column are. It decides how they are compared.
type Kind string

const (
	Text   Kind = "text"
	Number Kind = "number"
	Time   Kind = "time"
)

// Column describes a column.
type Column struct {
	Name  string `json:"name"`
	Kind  Kind   `json:"kind"`
	Width int    `json:"width"` // characters of the widest of its first cells
}

// Bounds of one table.
const (
	maxColumns = 2000
	maxCells   = 10_000_000
	maxText    = 64 << 20 // bytes of all cells
	maxRow     = 2 << 20  // bytes of one row
)

// Table is a table that does not change. It is safe for concurrent use.
type Table struct {
	columns []Column
	cells   []column
	rows    int

	mu    sync.Mutex
	views []view // the orders that were asked for last, the newest at the end
}

// column has its cells as they are written, one after the other, and what they
// are compared by.
type column struct {
	text   []byte
	ends   []uint32  // of cell i in text
	values []float64 // of numbers and times; NaN for an empty cell; nil for text

	once  sync.Once
	ranks []int32 // of text, in the order of people; -1 for an empty cell
}

func (c *column) cell(i int) []byte {
	if i == 0 {
		return c.text[:c.ends[0]]
	}
	return c.text[c.ends[i-1]:c.ends[i]]
}

func (c *column) add(cell string) {
	c.text = append(c.text, cell...)
	c.ends = append(c.ends, uint32(len(c.text)))
}

// Rows returns how many rows there are.
func (t *Table) Rows() int { return t.rows }

// Columns returns what the columns are. The caller must not change it.
func (t *Table) Columns() []Column { return t.columns }

// Bytes returns about how much memory the table takes.
func (t *Table) Bytes() int64 {
	n := int64(0)
	for i := range t.cells {
		c := &t.cells[i]
		n += int64(cap(c.text) + 4*cap(c.ends) + 8*cap(c.values) + 4*t.rows)
	}
	return n
}

// errTooLarge says what to do with a table that memory is too small for.
func errTooLarge() error {
	return fault.New(fault.TooLarge, "This table is too large to be sorted here. Ask for the part of it that you need, or download it.")
}

// ReadCSV reads a delimited text with a header. Rows may be of any length. Kinds
// of errors: Invalid (there is no table in it), TooLarge, and those of r.
func ReadCSV(r io.Reader, comma rune) (*Table, error) {
	row := &rowReader{r: r}
	in := csv.NewReader(row)
	in.Comma, in.LazyQuotes, in.FieldsPerRecord, in.ReuseRecord = comma, true, -1, true
	head, err := in.Read()
	if err != nil {
		return nil, unreadable(err)
	}
	if len(head) > maxColumns {
		return nil, errTooLarge()
	}
	t := &Table{}
	for _, name := range head {
		t.column(name)
	}
	size := 0
	for {
		row.read = 0
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, unreadable(err)
		}
		columns := max(len(t.cells), len(rec))
		if columns > maxColumns || (t.rows+1)*columns > maxCells { // a new column costs something in all rows
			return nil, errTooLarge()
		}
		for len(t.cells) < columns {
			t.column("")
		}
		for i := range t.cells {
			cell := ""
			if i < len(rec) {
				cell = rec[i]
			}
			size += len(cell)
			t.cells[i].add(cell)
		}
		if t.rows++; size > maxText {
			return nil, errTooLarge()
		}
	}
	t.finish()
	return t, nil
}

// rowReader reads no more than a row may have.
type rowReader struct {
	r    io.Reader
	read int // bytes, set to 0 where a row begins
}

func (r *rowReader) Read(p []byte) (int, error) {
	if r.read > maxRow {
		return 0, errTooLarge()
	}
	n, err := r.r.Read(p)
	r.read += n
	return n, err
}

func unreadable(err error) error {
	var parse *csv.ParseError
	if errors.Is(err, io.EOF) || errors.As(err, &parse) {
		return fault.Wrap(err, fault.Invalid, "There is no table in this file that I can read.")
	}
	return err
}

// Of returns the rows that a small table holds.
func Of(from table.Table) *Table {
	t := &Table{rows: len(from.Rows)}
	for i, name := range from.Columns {
		t.column(name)
		t.cells[i].ends = nil
		for _, r := range from.Rows {
			cell := ""
			if i < len(r) {
				cell = r[i]
			}
			t.cells[i].add(cell)
		}
	}
	t.finish()
	return t
}

// column adds a column that is empty in the rows that are there.
func (t *Table) column(name string) {
	t.columns = append(t.columns, Column{Name: strings.TrimPrefix(name, "\ufeff")})
	t.cells = append(t.cells, column{ends: make([]uint32, t.rows)})
}

// measured is how many rows the width of a column is taken from.
const measured = 100

// finish finds out what the columns are.
func (t *Table) finish() {
	for i := range t.cells {
		c := &t.cells[i]
		t.columns[i].Kind, c.values = typed(c, t.rows)
		width := table.Width(t.columns[i].Name)
		for r := range min(t.rows, measured) {
			width = max(width, table.Width(string(c.cell(r))))
		}
		t.columns[i].Width = width
	}
}

// empty tells whether there is nothing in a cell of a column to compare.
func (c *column) empty(i int) bool {
	if c.values != nil {
		return math.IsNaN(c.values[i])
	}
	return len(c.cell(i)) == 0
}
