package picture

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// allocated returns how many bytes do allocates.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What would take too much is refused before it takes anything.
func TestHostilePicturesCostNothing(t *testing.T) {
	huge := encodeAs(t, "png", quarters(4, 4))
	binary.BigEndian.PutUint32(huge[16:], 30_000)
	binary.BigEndian.PutUint32(huge[20:], 30_000)
	tall := encodeAs(t, "png", quarters(4, 4))
	binary.BigEndian.PutUint32(tall[16:], 1)
	binary.BigEndian.PutUint32(tall[20:], 50_000_000)
	for name, b := range map[string][]byte{
		"scans":          flatJPEG(3500, 3500, 1, 2000), // within the bound of memory
		"coefficients":   flatJPEG(4500, 4500, 1, 1),    // a baseline one of that size would do
		"CMYK":           flatJPEG(7070, 7070, 4, 1),
		"progressive":    flatJPEG(7000, 7000, 3, 1),
		"PNG":            withCRC(huge),
		"tall PNG":       withCRC(tall),
		"16-bit PNG":     encodeAs(t, "png", image.NewGray16(image.Rect(0, 0, 5000, 4000))),
		"lossless WebP":  []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\xff\xff\xff\x0f\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
		"claimed bytes":  []byte("RIFF\xf0\xff\xff\xffWEBPVP8 \x00\x00\xc0\x00\x10\x00\x00\x9d\x01\x2a\x30\x00\x30\x00" + strings.Repeat("0", 64)),
		"too many bytes": make([]byte, maxInput+1),
	} {
		var err error
		began := time.Now()
		n := allocated(func() { _, err = fitBytes(t, b, model) })
		if !errors.Is(err, ErrElsewhere) || n > uint64(5*len(b)+1<<20) || time.Since(began) > 10*time.Second {
			t.Errorf("%s, %d bytes: %v, %d bytes allocated in %v", name, len(b), err, n, time.Since(began))
		}
	}
}

// withCRC mends the checksum of a PNG's header.
func withCRC(b []byte) []byte {
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// The estimate is not below what decoding takes.
func TestMemoryIsKnownBefore(t *testing.T) {
	for name, b := range map[string][]byte{
		"progressive gray": flatJPEG(1000, 800, 1, 1),
		"progressive RGB":  flatJPEG(1000, 800, 3, 1),
		"progressive CMYK": flatJPEG(1000, 800, 4, 1),
		"baseline":         encodeAs(t, "jpeg", quarters(1000, 800)),
		"PNG":              encodeAs(t, "png", quarters(1000, 800)),
		"gray PNG":         encodeAs(t, "png", image.NewGray(image.Rect(0, 0, 1000, 800))),
		"16-bit PNG":       encodeAs(t, "png", image.NewNRGBA64(image.Rect(0, 0, 1000, 800))),
		"BMP":              encodeAs(t, "bmp", quarters(1000, 800)),
		"GIF":              encodeAs(t, "gif", quarters(1000, 800)),
	} {
		h, err := readHeader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(name, err)
		}
		n := allocated(func() {
			if _, err = h.decode(bytes.NewReader(b)); err != nil {
				t.Fatal(name, err)
			}
		})
		const tables = 1 << 20 // buffers and tables of decoders
		if most := h.most(); int64(n) > most+tables {
			t.Errorf("%s: %d bytes allocated, %d expected", name, n, most)
		}
	}
}

// A picture at the bound of work takes seconds, and ends with its context.
func TestDecodingIsCancelled(t *testing.T) {
	b := flatJPEG(3500, 3500, 1, 48)
	h, err := readHeader(bytes.NewReader(b))
	if err != nil || h.check() != nil || h.checkData(b) != nil {
		t.Fatal("this one is to be decoded:", err, h.check(), h.checkData(b))
	}
	began := time.Now()
	if _, err := fit(t.Context(), h, b, model); err != nil { // without the bound of time, which a busy machine reaches
		t.Error(err)
	}
	t.Logf("at the bound: %v", time.Since(began))

	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	asked := &askedContext{Context: ctx, left: len(b) / piece / 4, end: func() { cancel(stop) }}
	if _, err := h.decode(&reader{ctx: asked, r: bytes.NewReader(b)}); !errors.Is(err, stop) || asked.left < -10 {
		t.Errorf("got %v; asked %d times more", err, -asked.left)
	}
	if _, err := fit(ctx, h, b, model); err != stop {
		t.Errorf("got %v", err)
	}
}

// askedContext ends when it was asked so many times whether it has.
type askedContext struct {
	context.Context
	left int
	end  func()
}

func (c *askedContext) Err() error {
	if c.left--; c.left == 0 {
		c.end()
	}
	return c.Context.Err()
}

// All that are decoded at once stay within the bound.
func TestMemoryOfManyPictures(t *testing.T) {
	b := encodeAs(t, "png", image.NewGray(image.Rect(0, 0, 4800, 4800)))
	var all sync.WaitGroup
	var most uint64
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	for owner := range uint64(8) {
		all.Go(func() {
			if _, err := Fit(t.Context(), owner+1, bytes.NewReader(b), int64(len(b)), model); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	close(stop)
	watch.Wait()
	if most > 3*maxMemory {
		t.Errorf("the heap took %d MB", most>>20)
	}
}

// The frame header that bounds are taken from is the one that the decoder uses.
func FuzzJPEGHeader(f *testing.F) {
	f.Add(flatJPEG(16, 8, 1, 1))
	f.Add(flatJPEG(16, 8, 4, 0))
	f.Add(withExif(encodeAs(f, "jpeg", quarters(8, 8)), exif(binary.LittleEndian, "II", 6)))
	f.Add([]byte("\xff\xd8\xff\xff\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		want, err := jpeg.DecodeConfig(bytes.NewReader(b))
		if err != nil || want.Width == 0 && want.Height == 0 {
			return
		}
		got, err := readJPEGHeader(bufio.NewReader(bytes.NewReader(b)))
		if err != nil || got.width != want.Width || got.height != want.Height {
			t.Errorf("%d×%d %v, the decoder sees %d×%d", got.width, got.height, err, want.Width, want.Height)
		}
	})
}

// fuzzDecoder gives one decoder files that begin as it expects: none takes more
// memory than was known, and none crashes.
func fuzzDecoder(f *testing.F, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	format := ""
	if h, err := readHeader(bytes.NewReader(seeds[0])); err == nil {
		format = h.format
	} else {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHeader(bytes.NewReader(b))
		if err != nil || h.format != format || h.check() != nil || h.width*h.height > 1e6 || h.checkData(b) != nil {
			return
		}
		n := allocated(func() { _, err = h.decode(bytes.NewReader(b)) })
		if most := h.most() + int64(8*len(b)) + 2<<20; int64(n) > most {
			t.Errorf("%s %d×%d: %d bytes allocated, %d expected", h.format, h.width, h.height, n, most)
		}
		if p, err := fitBytes(t, b, Spec{Side: 50}); err == nil && (p.Width < 1 || p.Height < 1 || len(p.Data) == 0) {
			t.Errorf("%+v", p)
		}
		orientation(h.format, b)
	})
}

func FuzzPNG(f *testing.F) {
	b := encodeAs(f, "png", quarters(8, 8))
	f.Add(pngWith(b, "eXIf", exif(binary.BigEndian, "MM", 3)))
	fuzzDecoder(f, b, encodeAs(f, "png", image.NewGray16(image.Rect(0, 0, 9, 9))))
}

func FuzzJPEG(f *testing.F) {
	b := encodeAs(f, "jpeg", quarters(8, 8))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*\xff\xff\xff\xff"))
	fuzzDecoder(f, b, withExif(b, exif(binary.LittleEndian, "II", 6)), flatJPEG(16, 16, 1, 2), flatJPEG(16, 16, 4, 1))
}

func FuzzGIF(f *testing.F) { fuzzDecoder(f, encodeAs(f, "gif", quarters(8, 8))) }

func FuzzBMP(f *testing.F) { fuzzDecoder(f, encodeAs(f, "bmp", quarters(8, 8))) }

// webpSample is lossy, red with a blue dot.
func webpSample(t testing.TB) []byte {
	b, err := base64.StdEncoding.DecodeString("UklGRjoAAABXRUJQVlA4IC4AAACQAQCdASoIAAgABABoJbACdLoAA5gA/us51gh5wNlEql/9CT/4JP/gk/gGAAAA")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzWebP(f *testing.F) { fuzzDecoder(f, webpSample(f)) }
