package preview

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/columnar"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/memory"
)

// Bounds of the whole tables that are kept in memory.
const (
	maxWhole     = 64 << 20  // bytes of a text that becomes a table
	keptWhole    = 128 << 20 // bytes of all tables
	keptReading  = 64 << 20  // the same, while another is read
	wholeTime    = 10 * time.Minute
	wholeReading = time.Minute
	atOnce       = 4 // texts that are fetched at the same time
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
	done, err := m.wholes.texts.Wait(ctx, uint64(f.User), maxWhole)
	if err != nil {
		return nil, err
	}
	defer done()
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
		t, err := m.table(ctx, func(w io.Writer) error { return m.local.copy(ctx, f, w) }, func(text *bufio.Reader) rune {
			head, _ := text.Peek(textHead)
			return delimiter(string(head), f.Kind == "tsv")
		})
		oneColumn := err == nil && len(t.Columns()) < 2
		if !oneColumn && !fault.Is(err, fault.Invalid) || m.code == nil {
			return t, err
		}
	}
	return m.table(ctx, func(w io.Writer) error { return m.code.reader.CSV(ctx, f.User, conversation, f, w) }, func(*bufio.Reader) rune { return ',' })
}

// table reads a delimited text that write writes. The text is on the disk first: it
// may come slowly, and the tables of all are read one after the other.
func (m *Maker) table(ctx context.Context, write func(io.Writer) error, comma func(*bufio.Reader) rune) (*columnar.Table, error) {
	tmp, err := os.CreateTemp("", "attache-table-")
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "It can't be fetched right now.")
	}
	defer tmp.Close()
	if err := os.Remove(tmp.Name()); err != nil { // it lives until it is closed
		return nil, fault.Wrap(err, fault.Unavailable, "It can't be fetched right now.")
	}
	if err := write(&limited{w: tmp}); err != nil {
		return nil, err
	}
	select {
	case m.wholes.reading <- struct{}{}:
		defer func() { <-m.wholes.reading }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	m.wholes.bound("", keptReading)
	r, err := files.TextReader(tmp)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "It can't be fetched right now.")
	}
	text := bufio.NewReaderSize(untilDone{ctx, r}, textHead)
	return columnar.ReadCSV(text, comma(text))
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}

// copy writes the bytes of a file.
func (l local) copy(ctx context.Context, f files.File, w io.Writer) error {
	_, r, err := l.files.Open(ctx, f.User, f.ID)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(struct{ io.Writer }{w}, r)
	return err
}

// limited takes no more than a table may have.
type limited struct {
	w io.Writer
	n int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.n += len(p); l.n > maxWhole {
		return 0, fault.New(fault.TooLarge, "This table is too large to be sorted here. Ask for the part of it that you need, or download it.")
	}
	n, err := l.w.Write(p)
	return n, fault.Wrap(err, fault.Unavailable, "It can't be fetched right now.")
}

// wholes keeps the tables that people look at.
type wholes struct {
	texts   *memory.Queue
	reading chan struct{} // has what is read into memory

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

func (w *wholes) put(id files.ID, t *columnar.Table) {
	w.mu.Lock()
	if w.byID == nil {
		w.byID = map[files.ID]*wholeEntry{}
	}
	w.byID[id] = &wholeEntry{t, time.Now()}
	w.mu.Unlock()
	w.bound(id, keptWhole)
}

// bound forgets the tables that nobody has used for a while or for which there is
// no room, the oldest first, but not the newest.
func (w *wholes) bound(newest files.ID, room int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		var oldest files.ID
		total := int64(0)
		for id, e := range w.byID {
			if total += e.table.Bytes(); id != newest && (oldest == "" || e.used.Before(w.byID[oldest].used)) {
				oldest = id
			}
		}
		if oldest == "" || total <= room && time.Since(w.byID[oldest].used) < wholeTime {
			return
		}
		delete(w.byID, oldest)
	}
}
