package picture

import (
	"bufio"
	"bytes"
	"errors"
)

// jpegHeader is what the frame header of a JPEG says.
type jpegHeader struct {
	width, height int
	components    []component
}

type component struct{ id, h, v byte }

var errJPEG = errors.New("no JPEG that is understood")

// readJPEGHeader finds the frame header as image/jpeg does, which takes the
// first one and refuses a second.
func readJPEGHeader(r *bufio.Reader) (h jpegHeader, err error) {
	var two [2]byte
	read := func() error {
		for i := range two {
			b, err := r.ReadByte()
			if err != nil {
				return err
			}
			two[i] = b
		}
		return nil
	}
	if err := read(); err != nil || two != [2]byte{0xff, 0xd8} {
		return h, errors.Join(errJPEG, err)
	}
	for {
		if err := read(); err != nil {
			return h, err
		}
		for two[0] != 0xff {
			two[0] = two[1]
			if two[1], err = r.ReadByte(); err != nil {
				return h, err
			}
		}
		marker := two[1]
		if marker == 0 {
			continue
		}
		for marker == 0xff {
			if marker, err = r.ReadByte(); err != nil {
				return h, err
			}
		}
		if marker >= 0xd0 && marker <= 0xd7 {
			continue
		}
		if marker == 0xd9 || marker == 0xda {
			return h, errJPEG // the end, or a scan, before any frame
		}
		if err := read(); err != nil {
			return h, err
		}
		n := int(two[0])<<8 + int(two[1]) - 2
		if n < 0 {
			return h, errJPEG
		}
		if marker >= 0xc0 && marker <= 0xc2 {
			return readFrame(r, n)
		}
		if _, err := r.Discard(n); err != nil {
			return h, err
		}
	}
}

func readFrame(r *bufio.Reader, n int) (h jpegHeader, err error) {
	if n < 9 || n > 6+3*4 || n%3 != 0 {
		return h, errJPEG
	}
	b := make([]byte, n)
	for i := range b {
		if b[i], err = r.ReadByte(); err != nil {
			return h, err
		}
	}
	h.height, h.width = int(b[1])<<8+int(b[2]), int(b[3])<<8+int(b[4])
	for c := b[6:]; len(c) >= 3; c = c[3:] {
		v := component{c[0], c[1] >> 4, c[1] & 15}
		if v.h < 1 || v.h > 4 || v.v < 1 || v.v > 4 {
			return h, errJPEG
		}
		h.components = append(h.components, v)
	}
	return h, nil
}

// samples is how many the decoder holds: whole blocks of each component.
func (h jpegHeader) samples() (n int64) {
	hmax, vmax := byte(1), byte(1)
	for _, c := range h.components {
		hmax, vmax = max(hmax, c.h), max(vmax, c.v)
	}
	across := (int64(h.width) + 8*int64(hmax) - 1) / (8 * int64(hmax))
	down := (int64(h.height) + 8*int64(vmax) - 1) / (8 * int64(vmax))
	for _, c := range h.components {
		n += across * down * int64(c.h) * int64(c.v) * 64
	}
	if len(h.components) == 1 { // whose factors do not count
		n = (int64(h.width) + 7) / 8 * ((int64(h.height) + 7) / 8) * 64
	}
	return n
}

func (h jpegHeader) blocks() int64 { return h.samples() / 64 }

// memory is how many bytes the decoder takes: the samples, the coefficients of
// a progressive one, and what it converts the colours to.
func (h jpegHeader) memory(progressive, rgb bool) int64 {
	pixels, n := int64(h.width)*int64(h.height), h.samples()
	if progressive {
		n *= 5
	}
	names := ""
	for _, c := range h.components {
		names += string(rune(c.id))
	}
	switch {
	case len(h.components) == 4:
		n += 8 * pixels
	case len(h.components) == 3 && (rgb || names == "RGB"):
		n += 4 * pixels
	}
	return n
}

// convertsToRGB tells whether data may have Adobe's mark for colours that are
// not transformed.
func convertsToRGB(data []byte) bool {
	for {
		i := bytes.Index(data, []byte("Adobe"))
		if i < 0 {
			return false
		}
		if data = data[i:]; len(data) < 12 || data[11] == 0 {
			return true
		}
		data = data[5:]
	}
}
