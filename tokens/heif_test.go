package tokens

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"
)

func TestHEIFSize(t *testing.T) {
	for file, want := range map[string][2]int{"plain.avif": {1234, 567}, "plain.heic": {1234, 567}, "turned.avif": {567, 1234}} {
		data, err := os.ReadFile("testdata/images/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if w, h, err := ImageSize(bytes.NewReader(data)); err != nil || [2]int{w, h} != want {
			t.Errorf("%s: %d by %d, %v", file, w, h, err)
		}
		for n := range data[:200] {
			if w, h, err := ImageSize(bytes.NewReader(data[:n])); err == nil || !errors.Is(err, ErrImage) {
				t.Errorf("the first %d bytes of %s: %d by %d, %v", n, file, w, h, err)
			}
		}
	}
}

func box(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

func numbers(n ...uint32) (b []byte) {
	for _, n := range n {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// A telephone's picture is a grid of tiles, which have sizes of their own.
func TestHEIFGrid(t *testing.T) {
	for _, long := range []byte{0, 1} {
		ids := func(id uint32) []byte {
			b := numbers(id)
			if long == 0 {
				return b[2:]
			}
			return b
		}
		meta := box("meta", numbers(0),
			box("hdlr", numbers(0, 0), []byte("pict")),
			box("pitm", []byte{long, 0, 0, 0}, ids(49)),
			box("iprp",
				box("ipco", box("ispe", numbers(0, 512, 512)), box("colr"), box("ispe", numbers(0, 4032, 3024)), box("irot", []byte{3})),
				box("ipma", []byte{long, 0, 0, 0}, numbers(2), ids(1), []byte{2, 1, 0x82}, ids(49), []byte{3, 0x83, 2, 4})))
		file := append(box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), meta...)
		if w, h, err := ImageSize(bytes.NewReader(file)); err != nil || w != 3024 || h != 4032 {
			t.Errorf("%d by %d, %v", w, h, err)
		}
	}
	// A film is no image.
	if _, _, err := ImageSize(bytes.NewReader(box("ftyp", []byte("isom\x00\x00\x02\x00isomiso2")))); !errors.Is(err, ErrImage) {
		t.Error(err)
	}
}
