package chat

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// quarters is a picture with a colour in each quarter: red, green, blue, white.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := [4]color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}
			i := 0
			if x >= w/2 {
				i++
			}
			if y >= h/2 {
				i += 2
			}
			img.Set(x, y, c[i])
		}
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

func encodeAs(t *testing.T, format string, img image.Image) []byte {
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

func TestPrepareImage(t *testing.T) {
	for _, format := range []string{"png", "jpeg", "gif", "bmp", "tiff"} {
		for _, size := range []struct{ w, h, toW, toH int }{
			{40, 30, 40, 30},
			{2400, 1800, 1448, 1086},
			{3000, 20, 2048, 13},
			{10, 5000, 4, 2048},
		} {
			got := prepareImage(encodeAs(t, format, quarters(size.w, size.h)))
			if got == nil {
				t.Errorf("%s %dx%d: none", format, size.w, size.h)
				continue
			}
			colors, real := look(t, got.Data)
			if colors != "RGBW" || real.X != size.toW || real.Y != size.toH || got.Width != real.X || got.Height != real.Y {
				t.Errorf("%s %dx%d: %s %v, said %dx%d", format, size.w, size.h, colors, real, got.Width, got.Height)
			}
			want := "image/png"
			if format == "jpeg" {
				want = "image/jpeg"
			}
			if got.MIME != want {
				t.Errorf("%s became %s", format, got.MIME)
			}
		}
	}
}

func TestPrepareImageRefuses(t *testing.T) {
	// A PNG that claims to be enormous.
	bomb := encodeAs(t, "png", quarters(4, 4))
	binary.BigEndian.PutUint32(bomb[16:], 60000)
	binary.BigEndian.PutUint32(bomb[20:], 60000)
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "svg": []byte("<svg/>"), "bomb": bomb,
		"cut png":  encodeAs(t, "png", quarters(400, 400))[:200],
		"cut jpeg": encodeAs(t, "jpeg", quarters(400, 400))[:300],
		"header":   encodeAs(t, "png", quarters(4, 4))[:40],
	} {
		if got := prepareImage(b); got != nil {
			t.Errorf("%s: %dx%d", name, got.Width, got.Height)
		}
	}
}

// withExif puts an orientation into a JPEG.
func withExif(b []byte, order binary.AppendByteOrder, mark string, o uint16) []byte {
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
	tags = append([]byte("Exif\x00\x00"), tags...)
	out := append([]byte{}, b[:2]...)
	out = append(out, 0xFF, 0xE1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(tags)+2))
	out = append(out, tags...)
	out = append(out, []byte{0xFF, 0xFE, 0, 8, 'G', 'P', 'S', '!', '!', '!'}...) // a comment
	return append(out, b[2:]...)
}

func TestPhotosStandUpright(t *testing.T) {
	b := encodeAs(t, "jpeg", quarters(64, 32))
	// What RGBW becomes when it is shown as each orientation asks.
	for o, want := range map[uint16]string{0: "RGBW", 1: "RGBW", 2: "GRWB", 3: "WBGR", 4: "BWRG", 5: "RBGW", 6: "BRWG", 7: "WGBR", 8: "GWRB", 9: "RGBW"} {
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			got := prepareImage(withExif(b, order, mark, o))
			if got == nil {
				t.Fatalf("orientation %d: none", o)
			}
			colors, size := look(t, got.Data)
			tall := o >= 5 && o <= 8
			if colors != want || (size.Y > size.X) != tall {
				t.Errorf("orientation %d: %s %v, want %s", o, colors, size, want)
			}
			if bytes.Contains(got.Data, []byte("GPS!!!")) || bytes.Contains(got.Data, []byte("Exif")) {
				t.Error("metadata of the photo is left")
			}
		}
	}
}

func TestImageCacheIsBounded(t *testing.T) {
	var c imageCache
	for i := range 100 {
		img := *prepareImage(encodeAs(t, "png", quarters(4, 4)))
		img.FileID, img.Data = strings.Repeat("x", i+1), make([]byte, 1<<20)
		c.put(&img)
		c.get("x") // stays fresh
	}
	first, _ := c.get("x")
	second, _ := c.get("xx")
	if first == nil || second != nil || c.bytes > maxCache || len(c.images) > 20 {
		t.Errorf("%d images, %d bytes", len(c.images), c.bytes)
	}
}

func FuzzPrepareImage(f *testing.F) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, quarters(8, 8), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(withExif(b.Bytes(), binary.LittleEndian, "II", 6))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		orientation(b)
		if cfg, _, err := image.DecodeConfig(bytes.NewReader(b)); err != nil || cfg.Width*cfg.Height > 1e6 {
			return
		}
		if img := prepareImage(b); img != nil && (img.Width < 1 || len(img.Data) == 0) {
			t.Errorf("%+v", img)
		}
	})
}

func BenchmarkPrepareImage(b *testing.B) {
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, quarters(4000, 3000), nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		prepareImage(photo.Bytes())
	}
}
