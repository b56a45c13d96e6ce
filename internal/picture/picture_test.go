package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image/jpeg"
	"testing"
)

var model = Spec{Side: 2048, Pixels: 2048 * 768}

func fitBytes(t testing.TB, b []byte, spec Spec) (Picture, error) {
	return Fit(t.Context(), 7, bytes.NewReader(b), int64(len(b)), spec)
}

func TestFit(t *testing.T) {
	for _, format := range []string{"png", "jpeg", "gif", "bmp"} {
		for _, size := range []struct{ w, h, toW, toH int }{
			{40, 30, 40, 30},
			{1600, 1200, 1448, 1086},
			{3000, 20, 2048, 13},
			{10, 5000, 4, 2048},
		} {
			got, err := fitBytes(t, encodeAs(t, format, quarters(size.w, size.h)), model)
			if err != nil {
				t.Errorf("%s %dx%d: %v", format, size.w, size.h, err)
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
			if got.MIME() != want {
				t.Errorf("%s became %s", format, got.MIME())
			}
		}
	}
}

func TestWebP(t *testing.T) {
	if got, err := fitBytes(t, webpSample(t), model); err != nil || got.Width != 8 || got.MIME() != "image/png" {
		t.Errorf("%dx%d %v", got.Width, got.Height, err)
	}
}

func TestFitRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "svg": []byte("<svg/>"),
		"cut png":  encodeAs(t, "png", quarters(400, 400))[:200],
		"cut jpeg": encodeAs(t, "jpeg", quarters(400, 400))[:300],
		"header":   encodeAs(t, "png", quarters(4, 4))[:40],
		"tiff":     encodeAs(t, "tiff", quarters(4, 4)),
	} {
		if got, err := fitBytes(t, b, model); !errors.Is(err, ErrElsewhere) {
			t.Errorf("%s: %dx%d, %v", name, got.Width, got.Height, err)
		}
	}
}

// What comes between the caller and the file is told as it is.
func TestFitTellsWhatReadingFailedWith(t *testing.T) {
	broken := errors.New("the bucket is away")
	if _, err := Fit(t.Context(), 7, failing{broken}, 100, model); !errors.Is(err, broken) || errors.Is(err, ErrElsewhere) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	if _, err := Fit(ctx, 7, bytes.NewReader(encodeAs(t, "png", quarters(4, 4))), 100, model); err != broken {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)       { return 0, f.err }
func (f failing) Seek(int64, int) (int64, error) { return 0, f.err }

// pngWith puts a chunk behind the header of a PNG.
func pngWith(b []byte, name string, data []byte) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	chunk = append(append(chunk, name...), data...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	const header = 8 + 12 + 13
	return append(append(bytes.Clone(b[:header]), chunk...), b[header:]...)
}

func TestPhotosStandUpright(t *testing.T) {
	photo, drawing := encodeAs(t, "jpeg", quarters(64, 32)), encodeAs(t, "png", quarters(64, 32))
	// What RGBW becomes when it is shown as each orientation asks.
	for o, want := range map[uint16]string{0: "RGBW", 1: "RGBW", 2: "GRWB", 3: "WBGR", 4: "BWRG", 5: "RBGW", 6: "BRWG", 7: "WGBR", 8: "GWRB", 9: "RGBW"} {
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			exif := exif(order, mark, o)
			for name, b := range map[string][]byte{"jpeg": withExif(photo, exif), "png": pngWith(drawing, "eXIf", exif)} {
				for _, spec := range []Spec{model, {Side: 32, Opaque: true}} {
					got, err := fitBytes(t, b, spec)
					if err != nil {
						t.Fatalf("%s, orientation %d: %v", name, o, err)
					}
					colors, size := look(t, got.Data)
					tall := o >= 5 && o <= 8
					if colors != want || (size.Y > size.X) != tall {
						t.Errorf("%s, orientation %d: %s %v, want %s", name, o, colors, size, want)
					}
					if bytes.Contains(got.Data, []byte("GPS!!!")) || bytes.Contains(got.Data, []byte("Exif")) || bytes.Contains(got.Data, []byte("eXIf")) {
						t.Error("metadata of the photo is left")
					}
				}
			}
		}
	}
}

func TestOrientationOfWebP(t *testing.T) {
	block := exif(binary.LittleEndian, "II", 6)
	for _, mark := range []string{"", "Exif\x00\x00"} {
		b := []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x000123456789EXIF")
		b = binary.LittleEndian.AppendUint32(b, uint32(len(mark)+len(block)))
		b = append(append(b, mark...), block...)
		if o := orientation("webp", b); o != 6 {
			t.Errorf("%q: %d", mark, o)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, quarters(4000, 3000), nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fitBytes(b, photo.Bytes(), model); err != nil {
			b.Fatal(err)
		}
	}
}
