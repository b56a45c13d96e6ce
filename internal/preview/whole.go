package preview

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/columnar"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Bounds of the whole tables that are kept in memory.
const (
	maxWhole     = 100 << 20 // bytes of a text that becomes a table
	keptWhole    = 256 << 20 // bytes of all tables
	wholeTime    = 10 * time.Minute
	wholeReading = time.Minute
)

// HasTable tells whether a file may have a table that Whole reads.
func (m *Maker) HasTable(f files.File) bool {
	return f.Size > 0 && (delimitedKind(f.Kind) || m.code != nil && strings.Contains(f.Kind.Info().Loads, "DataFrame"))
}

func delimitedKind(k files.Kind) bool { return k == "csv" || k == "tsv" }

// Whole returns the first table of a file, all of it. It is kept for some minutes,
// for a person who sorts it. Kinds of errors: Invalid (the file has no table),
// TooLarge, Unavailable, Canceled.
func (m *Maker) Whole(ctx context.Context, f files.File) (*columnar.Table, error) {
	if t := m.wholes.get(f.ID); t != nil {
		return t, nil
	}
	if !m.HasTable(f) {
		return nil, fault.New(fault.Invalid, "There is no table in this file that I can read.")
	}
	m.wholes.reading.Lock() // one at a time: memory
	defer m.wholes.reading.Unlock()
	if t := m.wholes.get(f.ID); t != nil {
		return t, nil
	}
	ctx, cancel := context.WithTimeout(ctx, wholeReading)
	defer cancel()
	t, err := m.readWhole(ctx, f)
	if err != nil {
		return nil, err
	}
	m.wholes.put(f.ID, t)
	return t, nil
}

func (m *Maker) readWhole(ctx context.Context, f files.File) (*columnar.Table, error) {
	if delimitedKind(f.Kind) {
		t, err := m.local.whole(ctx, f)
		oneColumn := err == nil && len(t.Columns()) < 2
		if !oneColumn && !fault.Is(err, fault.Invalid) || m.code == nil {
			return t, err
		}
	}
	var b limited
	if err := m.code.reader.CSV(ctx, f.User, conversation, f, &b); err != nil {
		return nil, err
	}
	return columnar.ReadCSV(&b.Buffer, ',')
}

// whole reads a delimited text.
func (l local) whole(ctx context.Context, f files.File) (*columnar.Table, error) {
	_, r, err := l.files.Open(ctx, f.User, f.ID)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var b limited
	if _, err := io.Copy(&b, r); err != nil {
		return nil, err
	}
	text := files.DecodeText(b.Bytes(), true)
	return columnar.ReadCSV(strings.NewReader(text), delimiter(text, f.Kind == "tsv"))
}

// limited takes no more than a table may have.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxWhole {
		return 0, fault.New(fault.TooLarge, "This table is too large to be sorted here. Ask for the part of it that you need, or download it.")
	}
	return l.Buffer.Write(p)
}

// ReadFrom implements io.ReaderFrom, so that the bound holds there too.
func (l *limited) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{l}, r)
}

// wholes keeps the tables that people look at.
type wholes struct {
	reading sync.Mutex

	mu   sync.Mutex
	byID map[files.ID]*wholeEntry
}

type wholeEntry struct {
	table *columnar.Table
	used  time.Time
}

func (w *wholes) get(id files.ID) *columnar.Table {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.byID[id]
	if e == nil {
		return nil
	}
	e.used = time.Now()
	return e.table
}

// put keeps a table, and forgets those that nobody has used for a while or for
// which there is no room.
func (w *wholes) put(id files.ID, t *columnar.Table) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byID == nil {
		w.byID = map[files.ID]*wholeEntry{}
	}
	w.byID[id] = &wholeEntry{t, time.Now()}
	for {
		oldest, total := id, int64(0)
		for other, e := range w.byID {
			if total += e.table.Bytes(); e.used.Before(w.byID[oldest].used) {
				oldest = other
			}
		}
		if oldest == id || total <= keptWhole && time.Since(w.byID[oldest].used) < wholeTime {
			return
		}
		delete(w.byID, oldest)
	}
}
