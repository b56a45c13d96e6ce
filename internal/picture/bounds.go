package picture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"

	"github.com/attachebot/attache/internal/memory"
)

const (
	maxInput  = 24 << 20  // bytes of a file
	maxDecode = 96 << 20  // bytes that decoding may take besides
	maxMemory = 128 << 20 // bytes of all that are decoded at the same time
	maxAtOnce = 4         // pictures that are decoded at the same time
	maxPixels = 50_000_000
	maxSide   = 1 << 16
	// maxWork bounds the visits of blocks of 8×8 in the scans of a JPEG. A usual
	// progressive photo of 12 million pixels needs 3 million; 10 million take a second.
	maxWork = 10_000_000
)

// turns are those of the whole process: so is its memory.
var turns = memory.New(maxMemory, maxAtOnce)

// header is what is known of a picture before it is decoded.
type header struct {
	format        string
	width, height int
	perPixel      int64      // bytes that decoding takes at most; JPEG: see jpeg
	jpeg          jpegHeader // of a JPEG
}

// readHeader reads so much of a picture as tells what it will take.
func readHeader(r io.Reader) (header, error) {
	b := bufio.NewReaderSize(r, 4096)
	head, err := b.Peek(32)
	if len(head) == 0 {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return header{}, err
	}
	begins := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	var cfg image.Config
	h := header{}
	switch {
	case begins("\x89PNG\r\n\x1a\n") && len(head) >= 29:
		h.format, h.perPixel = "png", pngBytes(head[24], head[25], head[28])
		cfg, err = png.DecodeConfig(b)
	case begins("\xff\xd8"):
		h.format = "jpeg"
		if h.jpeg, err = readJPEGHeader(b); err == nil {
			cfg.Width, cfg.Height = h.jpeg.width, h.jpeg.height
		}
	case begins("GIF8"):
		h.format, h.perPixel = "gif", 2
		cfg, err = gif.DecodeConfig(b)
	case begins("BM"):
		h.format, h.perPixel = "bmp", 4
		cfg, err = bmp.DecodeConfig(b)
	case begins("RIFF") && len(head) >= 16 && string(head[8:12]) == "WEBP":
		h.format, h.perPixel = "webp", 2
		cfg, err = webp.DecodeConfig(b)
	default:
		return header{}, fmt.Errorf("an unknown format")
	}
	h.width, h.height = cfg.Width, cfg.Height
	return h, err
}

// pngBytes is how many bytes the decoder takes for a pixel at most, by the
// fields of the header.
func pngBytes(depth, colour, interlace byte) int64 {
	n := int64(4)
	if colour == 3 { // palette
		n = 1
	}
	if depth == 16 {
		n *= 2
	}
	if interlace != 0 { // a pass has a picture of its own
		n *= 2
	}
	return n
}

// check refuses a picture by its header.
func (h header) check() error {
	if h.width < 1 || h.height < 1 || h.width > maxSide || h.height > maxSide || int64(h.width)*int64(h.height) > maxPixels || h.least() > maxDecode {
		return fmt.Errorf("%w: %s of %d×%d pixels", ErrElsewhere, h.format, h.width, h.height)
	}
	return nil
}

// least and most are how many bytes decoding takes, as far as the header tells.
func (h header) least() int64 {
	if h.format == "jpeg" {
		return h.jpeg.memory(false, false)
	}
	return h.perPixel * int64(h.width) * int64(h.height)
}

func (h header) most() int64 {
	if h.format == "jpeg" {
		return min(h.jpeg.memory(true, true), maxDecode)
	}
	return h.least()
}

// checkData refuses a picture by its whole content. It overestimates: markers
// may be found where they are none.
func (h header) checkData(data []byte) error {
	switch h.format {
	case "jpeg":
		if n := h.jpeg.memory(bytes.Contains(data, []byte("\xff\xc2")), convertsToRGB(data)); n > maxDecode {
			return fmt.Errorf("%w: a JPEG that takes %d bytes", ErrElsewhere, n)
		}
		if n := h.jpeg.blocks() * int64(bytes.Count(data, []byte("\xff\xda"))); n > maxWork {
			return fmt.Errorf("%w: a JPEG of %d visits of blocks", ErrElsewhere, n)
		}
	case "webp":
		// The decoder makes room for what a chunk claims to have.
		if n := int64(binary.LittleEndian.Uint32(data[4:])); n > int64(len(data)) {
			return fmt.Errorf("%w: a WebP of %d bytes that claims %d", ErrElsewhere, len(data), n)
		}
		// What is lossless has up to 65,536 groups of tables, of some kB each.
		if bytes.Contains(data, []byte("VP8L")) || bytes.Contains(data, []byte("ALPH")) {
			return fmt.Errorf("%w: lossless WebP", ErrElsewhere)
		}
	}
	return nil
}

// decode reads the picture that the header belongs to; of an animation the
// first one.
func (h header) decode(r io.Reader) (image.Image, error) {
	switch h.format {
	case "png":
		return png.Decode(r)
	case "jpeg":
		return jpeg.Decode(r)
	case "gif":
		return gif.Decode(r)
	case "bmp":
		return bmp.Decode(r)
	}
	return webp.Decode(r)
}
