package tokens

import (
	"encoding/binary"
	"errors"
	"image"
	"io"
)

// heifConfig reads the size of an AVIF or HEIC image: of its primary item, as
// the box meta tells it (ISO/IEC 23008-12).
func heifConfig(r io.Reader) (c image.Config, err error) {
	for range 16 { // boxes before meta; there are few
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return c, err
		}
		size := int64(binary.BigEndian.Uint32(head[:4])) - 8
		switch {
		case string(head[4:]) == "meta" && size >= 4 && size <= maxRead:
			meta := make([]byte, size)
			if _, err := io.ReadFull(r, meta); err != nil {
				return c, err
			}
			return heifSize(meta[4:])
		case size < 0 || size > maxRead:
			return c, errNoHEIF
		}
		if _, err := io.CopyN(io.Discard, r, size); err != nil {
			return c, err
		}
	}
	return c, errNoHEIF
}

var errNoHEIF = errors.New("no size of an image")

// boxes calls f for every box of b until it returns false.
func boxes(b []byte, f func(kind string, body []byte) bool) {
	for len(b) >= 8 {
		size := int64(binary.BigEndian.Uint32(b))
		if size == 0 {
			size = int64(len(b))
		}
		if size < 8 || size > int64(len(b)) || !f(string(b[4:8]), b[8:size]) {
			return
		}
		b = b[size:]
	}
}

// heifSize reads the boxes of meta: which item is the primary one, the
// properties of all items, and which of those are the item's.
func heifSize(meta []byte) (c image.Config, err error) {
	var primary uint32
	var properties [][]byte // kind and body
	var owners []byte
	boxes(meta, func(kind string, b []byte) bool {
		switch {
		case kind == "pitm" && len(b) >= 6 && b[0] == 0:
			primary = uint32(binary.BigEndian.Uint16(b[4:]))
		case kind == "pitm" && len(b) >= 8:
			primary = binary.BigEndian.Uint32(b[4:])
		case kind == "iprp":
			boxes(b, func(kind string, b []byte) bool {
				switch kind {
				case "ipco":
					boxes(b, func(kind string, b []byte) bool {
						properties = append(properties, append([]byte(kind), b...))
						return len(properties) < 1<<12
					})
				case "ipma":
					owners = b
				}
				return true
			})
		}
		return true
	})
	turned := false
	for _, k := range itemProperties(owners, primary) {
		if k < 1 || k > len(properties) {
			continue
		}
		switch p := properties[k-1]; string(p[:4]) {
		case "ispe":
			if len(p) >= 16 {
				c.Width, c.Height = int(binary.BigEndian.Uint32(p[8:])), int(binary.BigEndian.Uint32(p[12:]))
			}
		case "clap": // cut to so much, as fractions
			if len(p) >= 20 {
				w, wn, h, hn := binary.BigEndian.Uint32(p[4:]), binary.BigEndian.Uint32(p[8:]), binary.BigEndian.Uint32(p[12:]), binary.BigEndian.Uint32(p[16:])
				if wn > 0 && hn > 0 && w/wn > 0 && h/hn > 0 {
					c.Width, c.Height = min(c.Width, int(w/wn)), min(c.Height, int(h/hn))
				}
			}
		case "irot":
			turned = len(p) >= 5 && p[4]&1 == 1 // by 90 or 270 degrees
		}
	}
	if c.Width == 0 {
		return c, errNoHEIF
	}
	if turned {
		c.Width, c.Height = c.Height, c.Width
	}
	return c, nil
}

// itemProperties reads from the box ipma which properties an item has, counted
// from 1.
func itemProperties(b []byte, item uint32) (all []int) {
	if len(b) < 8 {
		return nil
	}
	long, wide := b[0] >= 1, b[3]&1 == 1
	entries := binary.BigEndian.Uint32(b[4:])
	b = b[8:]
	for ; entries > 0; entries-- {
		var id uint32
		switch {
		case long && len(b) >= 5:
			id, b = binary.BigEndian.Uint32(b), b[4:]
		case !long && len(b) >= 3:
			id, b = uint32(binary.BigEndian.Uint16(b)), b[2:]
		default:
			return nil
		}
		n := int(b[0])
		b = b[1:]
		for ; n > 0; n-- {
			k := 0
			switch {
			case wide && len(b) >= 2:
				k, b = int(binary.BigEndian.Uint16(b)&0x7fff), b[2:]
			case !wide && len(b) >= 1:
				k, b = int(b[0]&0x7f), b[1:]
			default:
				return nil
			}
			if id == item {
				all = append(all, k)
			}
		}
		if all != nil {
			return all
		}
	}
	return nil
}
