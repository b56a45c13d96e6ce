package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// quarters is a picture with a colour in each quarter: red, green, blue, white.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, c := range []color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}} {
		part := image.Rect(i%2*(w/2), i/2*(h/2), w, h)
		draw.Draw(img, part, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

// look names the colours of the quarters of an encoded picture.
func look(t *testing.T, b []byte) (string, image.Point) {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	size := img.Bounds().Size()
	var s string
	for _, p := range []image.Point{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
		r, g, b, _ := img.At(size.X*p.X/4, size.Y*p.Y/4).RGBA()
		switch {
		case r > 0xC000 && g > 0xC000 && b > 0xC000:
			s += "W"
		case r > 0xC000:
			s += "R"
		case g > 0xC000:
			s += "G"
		case b > 0xC000:
			s += "B"
		default:
			s += "?"
		}
	}
	return s, size
}

func encodeAs(t testing.TB, format string, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch format {
	case "png":
		err = png.Encode(&b, img)
	case "jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "gif":
		err = gif.Encode(&b, img, nil)
	case "bmp":
		err = bmp.Encode(&b, img)
	case "tiff":
		err = tiff.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif is a block of EXIF that says how the camera was held.
func exif(order binary.AppendByteOrder, mark string, o uint16) []byte {
	tags := []byte(mark)
	tags = order.AppendUint16(tags, 42)
	tags = order.AppendUint32(tags, 8)
	tags = order.AppendUint16(tags, 2) // entries
	for _, e := range []struct{ tag, value uint16 }{{0x0100, 7}, {0x0112, o}} {
		tags = order.AppendUint16(tags, e.tag)
		tags = order.AppendUint16(tags, 3) // SHORT
		tags = order.AppendUint32(tags, 1)
		tags = order.AppendUint16(tags, e.value)
		tags = order.AppendUint16(tags, 0)
	}
	return tags
}

// withExif puts EXIF and a comment into a JPEG.
func withExif(b, exif []byte) []byte {
	tags := append([]byte("Exif\x00\x00"), exif...)
	out := append([]byte{}, b[:2]...)
	out = append(out, 0xFF, 0xE1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(tags)+2))
	out = append(out, tags...)
	out = append(out, []byte{0xFF, 0xFE, 0, 8, 'G', 'P', 'S', '!', '!', '!'}...) // a comment
	return append(out, b[2:]...)
}

// bits writes the entropy-coded part of a scan.
type bits struct {
	out  []byte
	acc  uint32
	left int
}

func (b *bits) write(v uint32, n int) {
	for n--; n >= 0; n-- {
		b.acc = b.acc<<1 | v>>n&1
		if b.left++; b.left == 8 {
			b.out = append(b.out, byte(b.acc))
			if byte(b.acc) == 0xff {
				b.out = append(b.out, 0)
			}
			b.acc, b.left = 0, 0
		}
	}
}

func (b *bits) bytes() []byte {
	for b.left != 0 {
		b.write(1, 1)
	}
	return b.out
}

// flatJPEG is a progressive JPEG of one colour with so many more scans, each of
// which means a walk over all blocks and takes few bytes.
func flatJPEG(w, h, components, scans int) []byte {
	out := []byte{0xff, 0xd8}
	segment := func(marker byte, data ...byte) {
		out = append(out, 0xff, marker)
		out = binary.BigEndian.AppendUint16(out, uint16(len(data)+2))
		out = append(out, data...)
	}
	segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00")...)
	quant := make([]byte, 65)
	for i := range quant[1:] {
		quant[1+i] = 1
	}
	segment(0xdb, quant...)
	frame := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(components)}
	for i := range components {
		frame = append(frame, byte(i+1), 0x11, 0)
	}
	segment(0xc2, frame...)
	table := make([]byte, 18)
	table[1] = 1 // one code, of one bit: 0
	segment(0xc4, table...)
	ac := append([]byte{0x10}, table[1:]...)
	ac[17] = 0xe0 // the end of 1<<14 blocks and more, by 14 bits that follow
	segment(0xc4, ac...)

	blocks := (w + 7) / 8 * ((h + 7) / 8)
	for i := range components { // DC: no difference
		segment(0xda, 1, byte(i+1), 0, 0, 0, 0)
		var b bits
		for range blocks {
			b.write(0, 1)
		}
		out = append(out, b.bytes()...)
	}
	var b bits
	for left := blocks; left > 0; left -= 1<<15 - 1 {
		b.write(0, 1)
		b.write(1<<14-1, 14)
	}
	scan := b.bytes()
	for range scans {
		segment(0xda, 1, 1, 0, 1, 63, 0)
		out = append(out, scan...)
	}
	return append(out, 0xff, 0xd9)
}
