package chat

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/picture"
)

const (
	maxImages     = 8                // in one prompt, the latest ones
	imageTurns    = 2                // earlier turns whose images are shown again
	maxImageBytes = 50 << 20         // of a file that is shown
	earlierTime   = 5 * time.Second  // for all images of earlier turns, which may be other people's
	slowMemory    = 10 * time.Minute // how long it is remembered that an image takes too long
)

func isImage(f files.File) bool { return f.Kind == "image" }

// loadImages reads the images of this turn and of the last ones before, of
// those that the prompt shows. What can't be read is not shown; of this turn's
// images the person is told so.
func (r *run) loadImages(ctx context.Context, history []Record) {
	r.images = map[string]*llm.Image{}
	load := func(ctx context.Context, owner files.UserID, ms []llm.Message, asked bool) {
		for _, m := range slices.Backward(ms) {
			for _, p := range slices.Backward(m.Parts) {
				if p.Image == nil || len(r.images) >= maxImages || r.images[p.Image.FileID] != nil {
					continue
				}
				f, err := r.e.files.Get(ctx, owner, files.ID(p.Image.FileID))
				if err != nil || !isImage(f) {
					continue
				}
				img, err := r.e.image(ctx, f, r.turn.Conversation)
				switch {
				case err == nil:
					r.images[p.Image.FileID] = img
				case asked && ctx.Err() == nil:
					r.notice("%s can't be shown to the model: %s", f.Name, fault.In(err, r.turn.FrontEnd.T))
				}
			}
		}
	}
	load(ctx, r.turn.User, r.rec.Messages, true)
	ctx, cancel := context.WithTimeout(ctx, earlierTime)
	defer cancel()
	for i, h := range slices.Backward(history) {
		if i < len(history)-imageTurns {
			break
		}
		// An image was shown to the conversation by its owner.
		load(ctx, h.User, h.Messages, false)
	}
}

// image returns a picture ready for a model. What can't be decoded here is read
// in the sandbox of its owner.
func (e *Engine) image(ctx context.Context, f files.File, conversation string) (*llm.Image, error) {
	if f.Size > maxImageBytes {
		return nil, fault.New(fault.TooLarge, "It has more than %s.", files.Size(maxImageBytes))
	}
	img, err := e.images.get(f.ID, e.opts.Now())
	if img != nil || err != nil {
		return img, err
	}
	if img, err = e.decodeImage(ctx, f); err != nil {
		return nil, err
	}
	if img == nil {
		img, err = e.drawImage(ctx, f, conversation)
	}
	switch {
	case img != nil:
		img.FileID = string(f.ID)
		e.images.put(img)
	case fault.Is(err, fault.Invalid):
		e.images.refuse(f.ID, err, time.Time{})
	case errors.Is(err, errSlowImage):
		e.images.refuse(f.ID, err, e.opts.Now().Add(slowMemory))
	}
	return img, err
}

// decodeImage returns an image that is decoded in this process, or nil.
func (e *Engine) decodeImage(ctx context.Context, f files.File) (*llm.Image, error) {
	_, body, err := e.files.Open(ctx, f.User, f.ID)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return fitImage(ctx, f, body, f.Size)
}

var errSlowImage = fault.New(fault.Unavailable, "It took more than %v.", documentTime)

// drawImage returns an image that only code can read.
func (e *Engine) drawImage(ctx context.Context, f files.File, conversation string) (*llm.Image, error) {
	unreadable := fault.New(fault.Invalid, "It is not a picture that can be read.")
	if e.opts.Reader == nil {
		return nil, unreadable
	}
	outer := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, documentTime, errSlowImage)
	defer cancel()
	b, err := e.opts.Reader.Picture(ctx, f.User, conversation, f)
	if err != nil && ctx.Err() != nil && outer.Err() == nil {
		return nil, errSlowImage
	}
	if err != nil {
		return nil, err
	}
	img, err := fitImage(ctx, f, bytes.NewReader(b), int64(len(b)))
	if img == nil && err == nil {
		err = unreadable
	}
	return img, err
}

// What models look at: both sides of at most 2048, and as many pixels as
// 2048×768 (tiles) or 1536 patches of 32×32. More is shrunk by the provider.
var forModels = picture.Spec{Side: 2048, Pixels: 2048 * 768}

// fitImage makes a picture ready for a model; nil if it is not decoded in this
// process.
func fitImage(ctx context.Context, f files.File, src io.ReadSeeker, size int64) (*llm.Image, error) {
	p, err := picture.Fit(ctx, uint64(f.User), src, size, forModels)
	switch {
	case errors.Is(err, picture.ErrElsewhere):
		return nil, nil
	case fault.Is(err, fault.Internal):
		return nil, fault.Wrap(err, fault.Unavailable, "It can't be fetched right now.")
	case err != nil:
		return nil, err
	}
	return &llm.Image{MIME: p.MIME(), Width: p.Width, Height: p.Height, Data: p.Data}, nil
}

// imageCache keeps the latest prepared pictures: a conversation shows the
// same ones again and again.
type imageCache struct {
	mu     sync.Mutex
	images []*llm.Image // least recently used first
	bytes  int
	bad    map[files.ID]badImage
}

// badImage is why an image can't be shown, and how long that counts: for ever
// if until is zero.
type badImage struct {
	why   error
	until time.Time
}

const (
	maxCache = 16 << 20 // bytes
	maxBad   = 1000
)

// get returns a picture, or why there can't be one, or neither.
func (c *imageCache) get(id files.ID, now time.Time) (*llm.Image, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, img := range c.images {
		if img.FileID == string(id) {
			c.images = append(slices.Delete(c.images, i, i+1), img)
			return img, nil
		}
	}
	if b := c.bad[id]; b.until.IsZero() || now.Before(b.until) {
		return nil, b.why
	}
	return nil, nil
}

// refuse remembers that there is no picture, so that it is not tried again with
// each turn that shows it.
func (c *imageCache) refuse(id files.ID, why error, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bad == nil || len(c.bad) >= maxBad {
		c.bad = map[files.ID]badImage{}
	}
	c.bad[id] = badImage{why, until}
}

func (c *imageCache) put(img *llm.Image) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.images = append(c.images, img)
	for c.bytes += len(img.Data); c.bytes > maxCache && len(c.images) > 1; c.images = c.images[1:] {
		c.bytes -= len(c.images[0].Data)
	}
}
