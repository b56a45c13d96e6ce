package picture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation reads how a camera was held: 1 to 8, and 1 if the file does not
// say. See the EXIF 2.32 specification, tag 0x0112. Browsers turn PNG and WebP
// by it as well as JPEG.
func orientation(format string, data []byte) int {
	switch format {
	case "jpeg":
		return exifOrientation(jpegExif(data))
	case "png":
		return exifOrientation(pngExif(data))
	case "webp":
		return exifOrientation(webpExif(data))
	}
	return 1
}

// jpegExif returns the EXIF block before the first scan.
func jpegExif(b []byte) []byte {
	for i := 2; i+4 <= len(b) && b[i] == 0xFF; {
		marker, size := b[i+1], int(binary.BigEndian.Uint16(b[i+2:]))
		if marker == 0xDA || size < 2 || i+2+size > len(b) {
			return nil
		}
		seg := b[i+4 : i+2+size]
		if exif, ok := bytes.CutPrefix(seg, []byte("Exif\x00\x00")); marker == 0xE1 && ok {
			return exif
		}
		i += 2 + size
	}
	return nil
}

// pngExif returns the content of the chunk eXIf, wherever it stands.
func pngExif(b []byte) []byte {
	for i := 8; i+12 <= len(b); {
		n := int64(binary.BigEndian.Uint32(b[i:]))
		if n > int64(len(b)-i-12) {
			return nil
		}
		if string(b[i+4:i+8]) == "eXIf" {
			return b[i+8 : i+8+int(n)]
		}
		i += 12 + int(n)
	}
	return nil
}

// webpExif returns the content of the chunk EXIF. Some writers put the mark of
// JPEG's before it.
func webpExif(b []byte) []byte {
	for i := 12; i+8 <= len(b); {
		n := int64(binary.LittleEndian.Uint32(b[i+4:]))
		if n > int64(len(b)-i-8) {
			return nil
		}
		if string(b[i:i+4]) == "EXIF" {
			return bytes.TrimPrefix(b[i+8:i+8+int(n)], []byte("Exif\x00\x00"))
		}
		i += 8 + int(n+n&1)
	}
	return nil
}

// exifOrientation reads the tag in a block of EXIF, which is a small TIFF.
func exifOrientation(b []byte) int {
	var order binary.ByteOrder = binary.LittleEndian
	if bytes.HasPrefix(b, []byte("MM")) {
		order = binary.BigEndian
	}
	if len(b) < 8 {
		return 1
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	for n := int64(order.Uint16(b[at:])); n > 0 && at+14 <= int64(len(b)); n-- {
		entry := b[at+2:]
		if order.Uint16(entry) == 0x0112 {
			if o := int(order.Uint16(entry[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		at += 12
	}
	return 1
}

// upright turns and mirrors a picture as its orientation says.
func upright(src image.Image, o int) image.Image {
	if o == 1 {
		return src
	}
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if o >= 5 {
		w, h = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := x, y
			switch o {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, w-1-x
			case 7:
				sx, sy = h-1-y, w-1-x
			case 8:
				sx, sy = h-1-y, x
			}
			dst.Set(x, y, src.At(b.Min.X+sx, b.Min.Y+sy))
		}
	}
	return dst
}
