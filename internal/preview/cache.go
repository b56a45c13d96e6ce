package preview

import (
	"container/list"
	"context"
	"sync"

	"github.com/attachebot/attache/internal/files"
)

const (
	maxCached  = 16 << 20 // bytes
	maxEntries = 1000
)

// cache keeps the previews that were used last.
type cache struct {
	mu    sync.Mutex
	order list.List // of entries, the one used last in front
	byID  map[files.ID]*list.Element
	bytes int
}

type entry struct {
	id files.ID
	p  Preview
}

func (c *cache) get(id files.ID) (Preview, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byID[id]
	if e == nil {
		return Preview{}, false
	}
	c.order.MoveToFront(e)
	return e.Value.(entry).p, true
}

func (c *cache) put(id files.ID, p Preview) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[files.ID]*list.Element{}
	}
	if old := c.byID[id]; old != nil {
		c.drop(old)
	}
	c.byID[id] = c.order.PushFront(entry{id, p})
	for c.bytes += p.size(); c.bytes > maxCached || c.order.Len() > maxEntries; {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	old := c.order.Remove(e).(entry)
	delete(c.byID, old.id)
	c.bytes -= old.p.size()
}

// flights are the previews that are being made.
type flights struct {
	mu   sync.Mutex
	byID map[files.ID]*flight
}

type flight struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{}
	p       Preview
}

// do makes a preview, or waits for the one that is being made for somebody
// else. The making ends with the last who waits, who leaves after it.
func (fs *flights) do(ctx context.Context, id files.ID, look func(context.Context) Preview) Preview {
	fs.mu.Lock()
	f := fs.byID[id]
	if f == nil {
		var making context.Context
		f = &flight{done: make(chan struct{})}
		making, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
		if fs.byID == nil {
			fs.byID = map[files.ID]*flight{}
		}
		fs.byID[id] = f
		go func() {
			f.p = look(making)
			fs.mu.Lock()
			if fs.byID[id] == f {
				delete(fs.byID, id)
			}
			fs.mu.Unlock()
			close(f.done)
		}()
	}
	f.waiting++
	fs.mu.Unlock()
	select {
	case <-f.done:
		f.cancel()
		return f.p
	case <-ctx.Done():
	}
	fs.mu.Lock()
	f.waiting--
	last := f.waiting == 0
	if last && fs.byID[id] == f {
		delete(fs.byID, id) // nobody joins what is being ended
	}
	fs.mu.Unlock()
	if last {
		f.cancel()
		<-f.done
	}
	return Preview{}
}
