package tokens

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// ErrImage means that something is no image whose size can be read: PNG, JPEG,
// GIF, WebP, BMP, TIFF, AVIF or HEIC.
var ErrImage = errors.New("tokens: not an image of a known format")

// formats by how their files begin; a dot stands for any byte.
var formats = []struct {
	magic  string
	config func(io.Reader) (image.Config, error)
}{
	{"\x89PNG\r\n\x1a\n", png.DecodeConfig},
	{"\xff\xd8\xff", jpeg.DecodeConfig},
	{"GIF8", gif.DecodeConfig},
	{"RIFF....WEBP", webp.DecodeConfig},
	{"BM", bmp.DecodeConfig},
	{"II*\x00", tiff.DecodeConfig},
	{"MM\x00*", tiff.DecodeConfig},
	{"....ftypavi", heifConfig},
	{"....ftyphei", heifConfig},
	{"....ftyphev", heifConfig},
	{"....ftypmif1", heifConfig},
	{"....ftypmsf1", heifConfig},
}

// ImageSize reads the width and the height of an image from the beginning of
// its file. The error is ErrImage, or what reading gave.
func ImageSize(r io.Reader) (width, height int, err error) {
	head := make([]byte, 12)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return 0, 0, err
	}
	head = head[:n]
	for _, f := range formats {
		if !begins(head, f.magic) {
			continue
		}
		whole := io.MultiReader(bytes.NewReader(head), r)
		if at, ok := r.(io.ReaderAt); ok {
			whole = io.NewSectionReader(at, 0, 1<<40) // TIFF's directory may be anywhere
		}
		c, err := f.config(whole)
		if err != nil {
			return 0, 0, fmt.Errorf("%w: %w", ErrImage, err)
		}
		if c.Width < 1 || c.Height < 1 || c.Width > maxSide || c.Height > maxSide {
			return 0, 0, fmt.Errorf("%w: %d by %d", ErrImage, c.Width, c.Height)
		}
		return c.Width, c.Height, nil
	}
	return 0, 0, ErrImage
}

func begins(b []byte, magic string) bool {
	if len(b) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '.' && b[i] != magic[i] {
			return false
		}
	}
	return true
}

// dataURLSize reads the size of an image that is in a data URL itself; false
// if the URL is of another kind.
func dataURLSize(url string) (width, height int, isData bool, err error) {
	if len(url) < 5 || !strings.EqualFold(url[:5], "data:") {
		return 0, 0, false, nil
	}
	meta, data, ok := strings.Cut(url[5:], ",")
	if !ok || !strings.HasSuffix(strings.ToLower(meta), ";base64") {
		return 0, 0, true, fmt.Errorf("%w: a data URL without base64", ErrImage)
	}
	width, height, err = ImageSize(base64.NewDecoder(base64.StdEncoding, strings.NewReader(data)))
	if err != nil && !errors.Is(err, ErrImage) {
		err = fmt.Errorf("%w: %w", ErrImage, err)
	}
	return width, height, true, err
}
