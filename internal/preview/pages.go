package preview

import (
	"context"
	"sync"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// HasPages tells whether a file has pages that Page can draw.
func (m *Maker) HasPages(f files.File) bool { return m.code != nil && f.Kind == "pdf" && f.Size > 0 }

// Page returns a page of a document as a JPEG, and how many pages there are. The
// first page is 1. Kinds of errors: Invalid (it can't be drawn), NotFound (there is
// no such page), Unavailable, Canceled.
func (m *Maker) Page(ctx context.Context, f files.File, page int) (jpeg []byte, pages int, err error) {
	if !m.HasPages(f) {
		return nil, 0, fault.New(fault.Invalid, "This file has no pages that I can draw.")
	}
	key := pageKey{f.ID, page}
	if p, ok := m.pages.get(key); ok {
		return p.jpeg, p.of, nil
	}
	jpeg, pages, err = m.code.reader.Page(ctx, f.User, conversation, f, page)
	if err == nil {
		m.pages.put(key, drawn{jpeg, pages})
	}
	return jpeg, pages, err
}

// maxPages is the bytes of pages that are kept.
const maxPages = 32 << 20

type pageKey struct {
	id   files.ID
	page int
}

type drawn struct {
	jpeg []byte
	of   int
}

// drawnPages keeps the pages that were drawn last.
type drawnPages struct {
	mu    sync.Mutex
	byKey map[pageKey]drawn
	order []pageKey
	bytes int
}

func (d *drawnPages) get(k pageKey) (drawn, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.byKey[k]
	return p, ok
}

func (d *drawnPages) put(k pageKey, p drawn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.byKey[k]; ok {
		return
	}
	if d.byKey == nil {
		d.byKey = map[pageKey]drawn{}
	}
	d.byKey[k], d.order, d.bytes = p, append(d.order, k), d.bytes+len(p.jpeg)
	for d.bytes > maxPages && len(d.order) > 1 {
		d.bytes -= len(d.byKey[d.order[0]].jpeg)
		delete(d.byKey, d.order[0])
		d.order = d.order[1:]
	}
}
