// Package picture makes pictures of people's files ready to be shown: upright,
// scaled down, without the metadata of a photo.
//
// A file is hostile. What its decoding takes is known before it begins, from
// its header and its markers; it can be cancelled at any point; and it takes its
// turn, so that the whole process never holds more than a known amount of
// memory for pictures. What is not decoded here by these rules is for the
// sandbox.
package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"time"
)

// Picture is one that is ready to be shown.
type Picture struct {
	Format        string // "png" or "jpg"
	Width, Height int
	Data          []byte
}

// MIME returns the picture's type.
func (p Picture) MIME() string {
	if p.Format == "jpg" {
		return "image/jpeg"
	}
	return "image/png"
}

// Spec says what a picture is made ready for.
type Spec struct {
	Side   int  // of the longer side at most, in pixels
	Pixels int  // of the whole at most; 0: only Side counts
	Opaque bool // transparent parts become white
}

// ErrElsewhere means that a file is no picture that is decoded here: not one of
// the formats PNG, JPEG, GIF, BMP and lossy WebP, damaged, or beyond the bounds.
var ErrElsewhere = errors.New("no picture that is decoded in this process")

const (
	maxPNG  = 1 << 20          // bytes, beyond which a picture becomes a JPEG
	maxTime = 10 * time.Second // of one decoding, waiting excluded
)

// Fit makes the picture of a file of so many bytes ready. The owner is whose
// file it is: one of an owner is decoded at a time, the others wait. The error
// is ErrElsewhere, possibly wrapped, or the cause of ctx's end, or what reading
// failed with.
func Fit(ctx context.Context, owner uint64, src io.ReadSeeker, size int64, spec Spec) (Picture, error) {
	if size > maxInput {
		return Picture{}, fmt.Errorf("%w: the file has %d bytes", ErrElsewhere, size)
	}
	h, err := readHeader(&reader{ctx: ctx, r: src})
	if err != nil {
		return Picture{}, elsewhere(ctx, err)
	}
	if err := h.check(); err != nil {
		return Picture{}, err
	}
	release, err := turns.Wait(ctx, owner, size+h.most())
	if err != nil {
		return Picture{}, err
	}
	defer release()
	ctx, cancel := context.WithTimeoutCause(ctx, maxTime, fmt.Errorf("%w: it took more than %v", ErrElsewhere, maxTime))
	defer cancel()
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return Picture{}, err
	}
	data, err := io.ReadAll(io.LimitReader(&reader{ctx: ctx, r: src}, maxInput))
	if err != nil {
		return Picture{}, err
	}
	if err := h.checkData(data); err != nil {
		return Picture{}, err
	}
	return fit(ctx, h, data, spec)
}

// elsewhere is ErrElsewhere for what a decoder says, but the end of ctx, or of
// reading, as it is.
func elsewhere(ctx context.Context, err error) error {
	var read *readError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &read):
		return read.err
	}
	return fmt.Errorf("%w: %w", ErrElsewhere, err)
}

func fit(ctx context.Context, h header, data []byte, spec Spec) (_ Picture, err error) {
	defer func() {
		if p := recover(); p != nil { // a decoder met something that it does not expect
			err = fmt.Errorf("%w: the decoder crashed: %v", ErrElsewhere, p)
		}
	}()
	scale := min(1, float64(spec.Side)/float64(max(h.width, h.height)))
	if spec.Pixels > 0 {
		scale = min(scale, math.Sqrt(float64(spec.Pixels)/(float64(h.width)*float64(h.height))))
	}
	src, err := h.decode(&reader{ctx: ctx, r: bytes.NewReader(data)})
	if err != nil {
		return Picture{}, elsewhere(ctx, err)
	}
	turn := orientation(h.format, data)
	// What is small enough stays as it is, if it can't hold metadata of a photo.
	if h.format == "png" && scale == 1 && !spec.Opaque && len(data) <= maxPNG && !bytes.Contains(data, []byte("eXIf")) {
		return Picture{"png", h.width, h.height, data}, nil
	}
	if src, err = shrink(ctx, src, scale); err != nil {
		return Picture{}, err
	}
	src = upright(src, turn)
	if spec.Opaque {
		src = onWhite(src)
	}
	return encode(src, h.format == "jpeg")
}

// encode writes a picture as PNG, or a photo and what would be too large as
// JPEG.
func encode(src image.Image, photo bool) (Picture, error) {
	p := Picture{"png", src.Bounds().Dx(), src.Bounds().Dy(), nil}
	var buf bytes.Buffer
	if !photo {
		if err := png.Encode(&buf, src); err == nil && buf.Len() <= maxPNG {
			p.Data = buf.Bytes()
			return p, nil
		}
		buf.Reset()
	}
	// JPEG has no transparency.
	if err := jpeg.Encode(&buf, onWhite(src), &jpeg.Options{Quality: 85}); err != nil {
		return Picture{}, fmt.Errorf("%w: %w", ErrElsewhere, err)
	}
	p.Format, p.Data = "jpg", buf.Bytes()
	return p, nil
}

// onWhite lays a picture on white, as a chat shows it.
func onWhite(src image.Image) image.Image {
	if o, ok := src.(interface{ Opaque() bool }); ok && o.Opaque() {
		return src
	}
	flat := image.NewRGBA(image.Rect(0, 0, src.Bounds().Dx(), src.Bounds().Dy()))
	draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), src, src.Bounds().Min, draw.Over)
	return flat
}

// reader reads in small pieces and ends with its context, so that a decoder
// notices that soon: some bytes of a JPEG can mean a walk over the whole picture.
type reader struct {
	ctx context.Context
	r   io.Reader
}

// readError is a failure of reading, not of decoding.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

const piece = 512

func (r *reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, &readError{context.Cause(r.ctx)}
	}
	n, err := r.r.Read(p[:min(len(p), piece)])
	if err != nil && err != io.EOF {
		err = &readError{err}
	}
	return n, err
}
