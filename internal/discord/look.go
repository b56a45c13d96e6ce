package discord

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/table"
)

// Viewer shows files that Go can't read. Its errors mean that there is no
// preview. See *tools.Python.
type Viewer interface {
	// Table returns the first rows of the first table of a file.
	Table(ctx context.Context, user files.UserID, conversation string, f files.File, rows int) (table.Table, error)
	// Picture returns an image as PNG or JPEG.
	Picture(ctx context.Context, user files.UserID, conversation string, f files.File) ([]byte, error)
}

// viewing is the conversation in which files are looked at: code of people's
// own conversations does not meet it.
const viewing = "preview"

// viewable tells whether a file may have a preview that only the viewer makes.
func (b *Bot) viewable(f files.File) bool {
	return b.opts.Viewer != nil && f.Size > 0 && (f.Kind == files.Image || strings.Contains(f.Kind.Info().Loads, "DataFrame"))
}

// view makes a preview by the viewer. It may take as long as tuning.view.
func (b *Bot) view(ctx context.Context, f files.File) preview {
	if f.Kind != files.Image {
		t, err := b.opts.Viewer.Table(ctx, f.User, viewing, f, previewRows)
		if err != nil {
			return preview{}
		}
		return preview{text: narrow(t)}
	}
	p, err := b.opts.Viewer.Picture(ctx, f.User, viewing, f)
	if err != nil {
		return preview{}
	}
	return thumbnail(ctx, f, bytes.NewReader(p), int64(len(p)))
}

// views are the previews that are being made, by the message that waits for
// them.
type views struct {
	mu  sync.Mutex
	all map[snowflake.ID]*pendingView
}

type pendingView struct {
	cancel context.CancelFunc // of the making, not of the showing
	done   chan struct{}
}

// begin returns a context for making a preview, which ends when the message is
// used for something else; end is called when it is shown.
func (v *views) begin(ctx context.Context, message snowflake.ID, limit time.Duration) (_ context.Context, end func()) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	p := &pendingView{cancel, make(chan struct{})}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		v.all = map[snowflake.ID]*pendingView{}
	}
	if old := v.all[message]; old != nil {
		old.cancel()
	}
	v.all[message] = p
	return ctx, func() {
		cancel()
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.all[message] == p {
			delete(v.all, message)
		}
		close(p.done)
	}
}

// stop ends what is made for a message, and waits until nothing more of it can
// come, or ctx ends.
func (v *views) stop(ctx context.Context, message snowflake.ID) {
	v.mu.Lock()
	p := v.all[message]
	v.mu.Unlock()
	if p == nil {
		return
	}
	p.cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
	}
}
