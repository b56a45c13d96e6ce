// Package preview makes what can be seen of a file without code: the first rows
// of a table, the first lines of a text, a small picture. Each is made once.
package preview

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/memory"
	"github.com/attachebot/attache/internal/picture"
	"github.com/attachebot/attache/internal/table"
)

const (
	maxRows  = 5
	maxLines = 12
	maxLine  = 500 // characters
	side     = 800 // pixels of a picture
)

// Preview is what can be seen of a file: one of a table, a text and a picture,
// or nothing. It is shared: nobody changes it.
type Preview struct {
	Table   *table.Table
	Text    []string // lines without control characters
	Whole   bool     // Text is the whole file
	JSON    bool     // Text is JSON
	Picture *picture.Picture
}

// Empty tells whether there is nothing to see.
func (p Preview) Empty() bool { return p.Table == nil && len(p.Text) == 0 && p.Picture == nil }

func (p Preview) size() int {
	n := 200
	for _, l := range p.Text {
		n += len(l)
	}
	if p.Table != nil {
		for _, r := range append(p.Table.Rows, p.Table.Columns) {
			for _, c := range r {
				n += len(c) + 16
			}
		}
	}
	if p.Picture != nil {
		n += len(p.Picture.Data)
	}
	return n
}

// Reader looks at files with code, in a sandbox. See *tools.Python.
type Reader interface {
	// Table returns the first rows of the first table of a file.
	Table(ctx context.Context, user files.UserID, conversation string, f files.File, rows int) (table.Table, error)
	// Picture returns an image as PNG or JPEG. The error's sentence is for the
	// person who asked.
	Picture(ctx context.Context, user files.UserID, conversation string, f files.File) ([]byte, error)
	// CSV writes the whole first table of a file.
	CSV(ctx context.Context, user files.UserID, conversation string, f files.File, w io.Writer) error
	// Page returns a page of a PDF as JPEG, the first is 1, and how many it has.
	Page(ctx context.Context, user files.UserID, conversation string, f files.File, page int) (jpeg []byte, pages int, err error)
	// Document returns the first limit characters of the text of a document, and
	// how many it has. The error's sentence is for the model.
	Document(ctx context.Context, user files.UserID, conversation string, f files.File, limit int) (text string, size int, err error)
	// Formulas draws formulas in LaTeX below one another as one PNG, with numbers if
	// there are several, and tells which could be drawn.
	Formulas(ctx context.Context, user files.UserID, conversation string, tex []string) (png []byte, drawn []int, err error)
}

// conversation is the one in which files are looked at: code of people's own
// conversations does not meet it.
const conversation = "preview"

// Maker makes previews. It is safe for concurrent use.
type Maker struct {
	local  local
	code   *code // nil: no files that only code reads
	log    *slog.Logger
	cached cache
	making flights
	wholes wholes
	pages  drawnPages
}

// New returns a maker. A nil reader means that files which only code reads have
// no preview; a nil log, that nothing is logged.
func New(fs *files.Service, reader Reader, log *slog.Logger) *Maker {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	m := &Maker{local: local{fs}, log: log}
	m.wholes.texts, m.wholes.reading = memory.New(atOnce*maxWhole, atOnce), make(chan struct{}, 1)
	if reader != nil {
		m.code = &code{reader}
	}
	return m
}

// Now returns the preview of a file if it is there or is made in this process,
// which takes a moment. Later tells that Make may find one where Now has none.
func (m *Maker) Now(ctx context.Context, f files.File) (p Preview, later bool) {
	if p, ok := m.cached.get(f.ID); ok {
		return p, false
	}
	if m.local.reads(f) {
		var err error
		if p, err = m.look(ctx, m.local, f); err == nil && !p.Empty() {
			return p, false
		}
	}
	return p, m.code != nil && m.code.reads(f)
}

// Make returns the preview that Now told of, or none if the file can't be seen
// or ctx ends before. Several callers wait for the same making, which ends when
// the last of them leaves.
func (m *Maker) Make(ctx context.Context, f files.File) Preview {
	if p, ok := m.cached.get(f.ID); ok || m.code == nil {
		return p
	}
	return m.making.do(ctx, f.ID, func(ctx context.Context) Preview {
		p, _ := m.look(ctx, m.code, f)
		return p
	})
}

// reader is one way to look at a file.
type reader interface {
	reads(f files.File) bool
	read(ctx context.Context, f files.File) (Preview, error)
}

// look reads a file, and keeps what comes of it: also that there is nothing to
// see, when that is the file's fault.
func (m *Maker) look(ctx context.Context, r reader, f files.File) (p Preview, err error) {
	defer func() {
		if v := recover(); v != nil { // a decoder met something that it does not expect
			m.log.Warn("looking at a file", "file", f.ID, "kind", f.Kind, "error", v)
			p, err = Preview{}, fault.New(fault.Invalid, "It can't be read.")
		}
	}()
	p, err = r.read(ctx, f)
	_, isLocal := r.(local)
	if err == nil && !p.Empty() || !isLocal && fault.Is(err, fault.Invalid) {
		m.cached.put(f.ID, p)
	}
	return p, err
}

// code reads with code.
type code struct{ reader Reader }

var _ reader = (*code)(nil)

func (c *code) reads(f files.File) bool {
	return f.Size > 0 && (f.Kind == files.Image || strings.Contains(f.Kind.Info().Loads, "DataFrame"))
}

func (c *code) read(ctx context.Context, f files.File) (Preview, error) {
	if f.Kind == files.Image {
		b, err := c.reader.Picture(ctx, f.User, conversation, f)
		if err != nil {
			return Preview{}, err
		}
		return thumbnail(ctx, f, bytes.NewReader(b), int64(len(b)))
	}
	t, err := c.reader.Table(ctx, f.User, conversation, f, maxRows)
	if err != nil || len(t.Columns) == 0 {
		return Preview{}, err
	}
	return Preview{Table: &t}, nil
}

// Formulas draws formulas in LaTeX below one another as one PNG, with numbers if
// there are several, and tells which could be drawn: none without a reader.
func (m *Maker) Formulas(ctx context.Context, user files.UserID, tex []string) (png []byte, drawn []int, err error) {
	if m.code == nil {
		return nil, nil, nil
	}
	return m.code.reader.Formulas(ctx, user, conversation, tex)
}
