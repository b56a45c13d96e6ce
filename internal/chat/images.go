package chat

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	_ "image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"slices"
	"sync"

	"golang.org/x/image/draw"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

const (
	maxImages     = 8        // in one prompt, the latest ones
	imageTurns    = 2        // earlier turns whose images are shown again
	maxImageBytes = 50 << 20 // of a file that is shown
	maxSource     = 50e6     // pixels of an image that is decoded
	maxPNG        = 1 << 20  // bytes, beyond which a picture is sent as JPEG

	// What models look at: both sides of at most 2048, and as many pixels as
	// 2048×768 (tiles) or 1536 patches of 32×32. More is shrunk by the provider.
	maxSide   = 2048
	maxPixels = 2048 * 768
)

func isImage(f files.File) bool { return f.Kind == "image" }

// loadImages reads the images of this turn and of the last ones before, of
// those that the prompt shows. What can't be read is not shown; of this turn's
// images the person is told so.
func (r *run) loadImages(ctx context.Context, history []Record) {
	r.images = map[string]*llm.Image{}
	load := func(owner files.UserID, ms []llm.Message, asked bool) {
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
					r.notice(f.Name + " can't be shown to the model: " + fault.Message(err))
				}
			}
		}
	}
	load(r.turn.User, r.rec.Messages, true)
	for i, h := range slices.Backward(history) {
		if i < len(history)-imageTurns {
			break
		}
		// An image was shown to the conversation by its owner.
		load(h.User, h.Messages, false)
	}
}

// image returns a picture ready for a model. What can't be decoded here is read
// in the sandbox of its owner.
func (e *Engine) image(ctx context.Context, f files.File, conversation string) (*llm.Image, error) {
	if f.Size > maxImageBytes {
		return nil, fault.New(fault.TooLarge, "It has more than %s.", files.Size(maxImageBytes))
	}
	img, err := e.images.get(f.ID)
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
		e.images.refuse(f.ID, err)
	}
	return img, err
}

// decodeImage returns an image that Go can decode, or nil.
func (e *Engine) decodeImage(ctx context.Context, f files.File) (*llm.Image, error) {
	// One at a time: a decoded picture is large.
	e.images.decode.Lock()
	defer e.images.decode.Unlock()
	_, body, err := e.files.Open(ctx, f.User, f.ID)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, maxImageBytes))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "It can't be fetched right now.")
	}
	return prepareImage(b), nil
}

// drawImage returns an image that only code can read.
func (e *Engine) drawImage(ctx context.Context, f files.File, conversation string) (*llm.Image, error) {
	unreadable := fault.New(fault.Invalid, "It is not a picture that can be read.")
	if e.opts.Documents == nil {
		return nil, unreadable
	}
	ctx, cancel := context.WithTimeoutCause(ctx, documentTime, fault.New(fault.Unavailable, "It took more than %v.", documentTime))
	defer cancel()
	b, err := e.opts.Documents.Picture(ctx, f.User, conversation, f)
	if err != nil {
		return nil, err
	}
	e.images.decode.Lock()
	defer e.images.decode.Unlock()
	if img := prepareImage(b); img != nil {
		return img, nil
	}
	return nil, unreadable
}

// prepareImage scales a picture down to what models look at, upright, and
// without the metadata of a photo. It returns nil for what is no picture, or
// too large a one.
func prepareImage(b []byte) *llm.Image {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || cfg.Width < 1 || cfg.Height < 1 || float64(cfg.Width)*float64(cfg.Height) > maxSource {
		return nil
	}
	scale := min(1, maxSide/float64(max(cfg.Width, cfg.Height)), math.Sqrt(maxPixels/(float64(cfg.Width)*float64(cfg.Height))))
	if format == "png" && scale == 1 && len(b) <= maxPNG {
		if _, err := png.Decode(bytes.NewReader(b)); err != nil {
			return nil
		}
		return &llm.Image{MIME: "image/png", Width: cfg.Width, Height: cfg.Height, Data: b}
	}
	src, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	src = shrink(src, scale)
	if format == "jpeg" {
		src = upright(src, orientation(b))
	}
	out := &llm.Image{MIME: "image/png", Width: src.Bounds().Dx(), Height: src.Bounds().Dy()}
	var buf bytes.Buffer
	if format != "jpeg" {
		if err := png.Encode(&buf, src); err == nil && buf.Len() <= maxPNG {
			out.Data = buf.Bytes()
			return out
		}
		buf.Reset()
	}
	// JPEG has no transparency: on white, as a chat shows it.
	flat := image.NewRGBA(image.Rect(0, 0, out.Width, out.Height))
	draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), src, src.Bounds().Min, draw.Over)
	if jpeg.Encode(&buf, flat, &jpeg.Options{Quality: 85}) != nil {
		return nil
	}
	out.MIME, out.Data = "image/jpeg", buf.Bytes()
	return out
}

// shrink scales a picture by a factor of at most 1. It averages blocks first,
// a few rows at a time, so that fine lines survive and memory stays small.
func shrink(src image.Image, scale float64) image.Image {
	if scale >= 1 {
		return src
	}
	b := src.Bounds()
	w, h := max(1, int(float64(b.Dx())*scale)), max(1, int(float64(b.Dy())*scale))
	if k := int(1 / scale); k >= 2 {
		src = average(src, k)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return dst
}

// average makes one pixel of each k by k.
func average(src image.Image, k int) image.Image {
	b := src.Bounds()
	w, h := max(1, b.Dx()/k), max(1, b.Dy()/k)
	k2x, k2y := min(k, b.Dx()), min(k, b.Dy())
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), k2y))
	sums := make([]uint32, 4*w)
	for y := range h {
		draw.Draw(strip, strip.Bounds(), src, image.Pt(b.Min.X, b.Min.Y+y*k2y), draw.Src)
		clear(sums)
		for row := range k2y {
			line := strip.Pix[row*strip.Stride:]
			for x := range w {
				for i := x * k2x * 4; i < (x+1)*k2x*4; i += 4 {
					sums[4*x] += uint32(line[i])
					sums[4*x+1] += uint32(line[i+1])
					sums[4*x+2] += uint32(line[i+2])
					sums[4*x+3] += uint32(line[i+3])
				}
			}
		}
		out, n := dst.Pix[y*dst.Stride:], uint32(k2x*k2y)
		for i, s := range sums {
			out[i] = uint8((s + n/2) / n)
		}
	}
	return dst
}

// orientation reads how a camera was held from a JPEG's EXIF: 1 to 8, and 1 if
// it says nothing. See the EXIF 2.32 specification, tag 0x0112.
func orientation(b []byte) int {
	for i := 2; i+4 <= len(b) && b[i] == 0xFF; {
		marker, size := b[i+1], int(binary.BigEndian.Uint16(b[i+2:]))
		if marker == 0xDA || size < 2 || i+2+size > len(b) {
			return 1
		}
		seg := b[i+4 : i+2+size]
		i += 2 + size
		if marker != 0xE1 || !bytes.HasPrefix(seg, []byte("Exif\x00\x00")) {
			continue
		}
		seg = seg[6:]
		var order binary.ByteOrder = binary.LittleEndian
		if bytes.HasPrefix(seg, []byte("MM")) {
			order = binary.BigEndian
		}
		if len(seg) < 8 {
			return 1
		}
		at := int64(order.Uint32(seg[4:]))
		if at+2 > int64(len(seg)) {
			return 1
		}
		for n := int64(order.Uint16(seg[at:])); n > 0 && at+14 <= int64(len(seg)); n-- {
			entry := seg[at+2:]
			if order.Uint16(entry) == 0x0112 {
				if o := int(order.Uint16(entry[8:])); o >= 1 && o <= 8 {
					return o
				}
				return 1
			}
			at += 12
		}
	}
	return 1
}

// upright turns and mirrors a picture as its orientation says.
func upright(src image.Image, o int) image.Image {
	if o == 1 {
		return src
	}
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if o >= 5 {
		w, h = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := x, y
			switch o {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, w-1-x
			case 7:
				sx, sy = h-1-y, w-1-x
			case 8:
				sx, sy = h-1-y, x
			}
			dst.Set(x, y, src.At(b.Min.X+sx, b.Min.Y+sy))
		}
	}
	return dst
}

// imageCache keeps the latest prepared pictures: a conversation shows the
// same ones again and again.
type imageCache struct {
	decode sync.Mutex

	mu     sync.Mutex
	images []*llm.Image // least recently used first
	bytes  int
	bad    map[files.ID]error // that can't be read, and why
}

const (
	maxCache = 16 << 20 // bytes
	maxBad   = 1000
)

// get returns a picture, or why there can't be one, or neither.
func (c *imageCache) get(id files.ID) (*llm.Image, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, img := range c.images {
		if img.FileID == string(id) {
			c.images = append(slices.Delete(c.images, i, i+1), img)
			return img, nil
		}
	}
	return nil, c.bad[id]
}

// refuse remembers that there is no picture, so that it is not tried again with
// each turn that shows it.
func (c *imageCache) refuse(id files.ID, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bad == nil || len(c.bad) >= maxBad {
		c.bad = map[files.ID]error{}
	}
	c.bad[id] = err
}

func (c *imageCache) put(img *llm.Image) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.images = append(c.images, img)
	for c.bytes += len(img.Data); c.bytes > maxCache && len(c.images) > 1; c.images = c.images[1:] {
		c.bytes -= len(c.images[0].Data)
	}
}
