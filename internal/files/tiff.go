package files

import (
	"context"
	"encoding/binary"
	"io"

	"gocloud.dev/blob"
)

// tiffInfo is what the first directory of a TIFF file tells.
type tiffInfo struct {
	width, height int  // pixels
	geo           bool // has the tags of GeoTIFF
}

// parseTIFF reads the first directory of a TIFF or BigTIFF file, which may be
// anywhere in it. Sources: TIFF Revision 6.0, section 2; BigTIFF Design
// (libtiff); OGC GeoTIFF 1.1, table 1.
func parseTIFF(r io.ReaderAt) (info tiffInfo, ok bool) {
	var head [16]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return info, false
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'M' {
		order = binary.BigEndian
	}
	start, count, size := int64(order.Uint32(head[4:])), int64(2), int64(12)
	big := order.Uint16(head[2:]) == 43
	if big {
		start, count, size = int64(order.Uint64(head[8:])), 8, 20
	}
	var number [8]byte
	if _, err := r.ReadAt(number[:count], start); start <= 0 || err != nil {
		return info, false
	}
	n := int64(order.Uint16(number[:]))
	if big {
		n = int64(order.Uint64(number[:]))
	}
	if n <= 0 || n > 4096 {
		return info, false
	}
	entries := make([]byte, n*size)
	if _, err := r.ReadAt(entries, start+count); err != nil {
		return info, false
	}
	for ; len(entries) > 0; entries = entries[size:] {
		value := entries[size-(size-4)/2:]
		var v uint32
		switch order.Uint16(entries[2:]) {
		case 3: // SHORT
			v = uint32(order.Uint16(value))
		case 4: // LONG
			v = order.Uint32(value)
		case 16: // LONG8
			v = uint32(order.Uint64(value))
		}
		switch order.Uint16(entries) {
		case 256: // ImageWidth
			info.width = int(v)
		case 257: // ImageLength
			info.height = int(v)
		case 33550, 33922, 34264, 34735: // ModelPixelScale, ModelTiepoint, ModelTransformation, GeoKeyDirectory
			info.geo = true
		}
	}
	return info, true
}

// inspectTIFF looks at the directory of a TIFF file that was just written,
// which is often at its end. A damaged one is no error.
func (s *Service) inspectTIFF(ctx context.Context, f *File) error {
	at := &blobReaderAt{ctx: ctx, bucket: s.bucket, key: f.Path}
	info, ok := parseTIFF(at)
	switch {
	case at.err != nil:
		return unavailable(at.err)
	case !ok:
		return nil
	}
	f.Width, f.Height = info.width, info.height
	if info.geo && f.Kind == Image {
		f.Kind = GeoTIFF
	}
	return nil
}

type blobReaderAt struct {
	ctx    context.Context
	bucket *blob.Bucket
	key    string
	err    error // of the bucket
}

func (b *blobReaderAt) ReadAt(p []byte, off int64) (int, error) {
	r, err := b.bucket.NewRangeReader(b.ctx, b.key, off, int64(len(p)), nil)
	if err != nil {
		// Behind the end of the file S3 answers with an error, a disk with nothing.
		if size, aerr := b.bucket.Attributes(b.ctx, b.key); aerr == nil && off >= size.Size {
			return 0, io.EOF
		}
		b.err = err
		return 0, err
	}
	defer r.Close()
	return io.ReadFull(r, p)
}
