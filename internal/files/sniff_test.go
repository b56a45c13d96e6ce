package files

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// Every type that the table names is one that can be found in a content.
func TestTableNamesTypesThatAreFound(t *testing.T) {
	for e, x := range table().ext {
		for _, m := range x.mimes {
			known := slices.ContainsFunc(signatures, func(s struct {
				mime   string
				offset int
				magic  string
			}) bool {
				return s.mime == m
			})
			if l := mimetype.Lookup(m); !known && (l == nil || chain(l)[0] != m) {
				t.Errorf("%s: nothing is ever found to be %s", e, m)
			}
		}
	}
}

func zipOf(names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		f, _ := w.Create(n)
		f.Write([]byte(strings.Repeat("<x/>", 100)))
	}
	w.Close()
	return b.Bytes()
}

// storedOf is a zip whose first entry is not compressed, as OpenDocument asks for.
func storedOf(name, content string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, _ := w.CreateRaw(&zip.FileHeader{Name: name, CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content)), CRC32: crc32.ChecksumIEEE([]byte(content))})
	f.Write([]byte(content))
	w.Close()
	return b.Bytes()
}

// boxOf is how a file with the brands begins, ISO/IEC 14496-12, 4.3.
func boxOf(major, compatible string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(16+len(compatible)))
	b = append(b, "ftyp"+major+"\x00\x00\x00\x00"+compatible...)
	return append(b, "\x00\x00\x00\x08meta"...)
}

func gzipOf(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func picture(encode func(*bytes.Buffer, image.Image) error) []byte {
	m := image.NewPaletted(image.Rect(0, 0, 31, 17), color.Palette{color.Black, color.White})
	var b bytes.Buffer
	if err := encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

var (
	pngFile  = picture(func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
	jpgFile  = picture(func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) })
	gifFile  = picture(func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) })
	bmpFile  = picture(func(b *bytes.Buffer, m image.Image) error { return bmp.Encode(b, m) })
	tiffFile = picture(func(b *bytes.Buffer, m image.Image) error { return tiff.Encode(b, m, nil) })
	webpFile = append([]byte("RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x1e\x00\x00\x10\x00\x00"), make([]byte, 16)...)
	xlsxFile = zipOf("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml")
	docxFile = zipOf("[Content_Types].xml", "_rels/.rels", "word/document.xml")
	pptxFile = zipOf("[Content_Types].xml", "_rels/.rels", "ppt/presentation.xml")
	odpFile  = storedOf("mimetype", "application/vnd.oasis.opendocument.presentation")
	zipFile  = zipOf("a.txt", "b.txt")
	heicFile = boxOf("heic", "mif1heicmiaf")
	heifFile = boxOf("mif1", "heicmif1")
	hevcFile = boxOf("hevc", "msf1hevc")
	avifFile = boxOf("avif", "avifmif1miaf")
	mp4File  = boxOf("isom", "isomiso2avc1mp41")
	pdfFile  = []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")
	oleFile  = append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...)
	noise    = []byte("\x00\x01\x02\x03\xf0\x9f\xff\xfe\x00\x00\x13\x37 garbage \x00\x00")
	csvText  = []byte("name,amount\nanna,1\nben,2\n")
)

func TestClassify(t *testing.T) {
	const (
		quiet = ""
		lies  = "is not what its extension says"
		bare  = "has no extension"
		vague = "does not tell what it is"
	)
	for _, c := range []struct {
		name string
		head []byte
		kind Kind
		note string
	}{
		// What the name says.
		{"a.csv", csvText, "csv", quiet},
		{"a.csv", []byte("one column\n1\n"), "csv", quiet},
		{"a.csv", []byte("<html><body>"), "csv", quiet}, // text is text
		{"a.csv", []byte("\xff\xfea\x00,\x00b\x00\n\x00"), "csv", quiet},
		{"a.csv", []byte("a\x00,\x00b\x00\n\x00c\x00"), "csv", quiet}, // UTF-16 without a mark
		{"a.csv", []byte("n\xe9 latin1;caf\xe9\n"), "csv", quiet},
		{"a.csv", nil, "csv", quiet},
		{"a.json", []byte(`{"a":1}`), "json", quiet},
		{"a.json", []byte("{\"a\":1}\n{\"a\":2}\n"), "json", quiet},
		{"a.geojson", []byte(`{"type":"FeatureCollection","features":[]}`), "geojson", quiet},
		{"a.ipynb", []byte(`{"cells":[]}`), "jupyter", quiet},
		{"a.py", []byte("print(1)\n"), "python", quiet},
		{"a.py", []byte("#!/bin/sh\n"), "python", quiet},
		{"a.kml", []byte("<?xml version=\"1.0\"?><kml xmlns=\"http://www.opengis.net/kml/2.2\">"), "kml", quiet},
		{"a.svg", []byte("<?xml version=\"1.0\"?>\n<!-- a long comment -->\n<g/>"), "image", quiet},
		{"a.svg", []byte("<svg xmlns=\"http://www.w3.org/2000/svg\">"), "image", quiet},
		{"a.xlsx", xlsxFile, "excel", quiet},
		{"a.xlsm", xlsxFile, "excel", quiet},
		{"a.xlsb", xlsxFile, "excel", quiet},
		{"a.xlsx", zipFile, "excel", quiet}, // an odd one, maybe
		{"a.xls", oleFile, "excel", quiet},
		{"a.doc", oleFile, "word", quiet},
		{"a.zip", xlsxFile, "archive", quiet}, // it is a zip
		{"a.npz", zipOf("arr_0.npy"), "numpy", quiet},
		{"a.npy", []byte("\x93NUMPY\x01\x00"), "numpy", quiet},
		{"a.nc", []byte("\x89HDF\r\n\x1a\n"), "netcdf", quiet},
		{"a.nc", []byte("CDF\x02rest"), "netcdf", quiet},
		{"a.mat", []byte("\x89HDF\r\n\x1a\n"), "matlab", quiet},
		{"a.mat", []byte("MATLAB 5.0 MAT-file, Platform"), "matlab", quiet},
		{"a.nii.gz", gzipOf(noise), "nifti", quiet},
		{"a.rds", gzipOf(noise), "rdata", quiet},
		{"a.pkl", []byte("\x80\x04\x95\x10"), "pickle", quiet},
		{"a.pkl", []byte("(dp0\nS'a'\n."), "pickle", quiet}, // protocol 0 is text
		{"a.stl", []byte("solid cube\nfacet normal 0 0 1\n"), "stl", quiet},
		{"a.stl", append(make([]byte, 80), 12, 0, 0, 0), "stl", quiet},
		{"a.ply", []byte("ply\nformat ascii 1.0\n"), "3dmodel", quiet},
		{"a.png", noise, "image", quiet}, // damaged, but nothing else either
		{"a.png", nil, "image", quiet},
		{"a.tif", tiffFile, "image", quiet},
		{"a.feather", []byte("ARROW1\x00\x00"), "feather", quiet},
		{"a.bin", noise, "binary", quiet},
		{"a.log", []byte("12:00 started\n"), "log", quiet},
		{"a.ts", []byte("const x: number = 1\n"), "typescript", quiet},
		{"a.pptx", pptxFile, "presentation", quiet},
		{"a.pptm", pptxFile, "presentation", quiet},
		{"a.ppsx", pptxFile, "presentation", quiet},
		{"a.odp", odpFile, "presentation", quiet},
		{"a.pptx", oleFile, "presentation", quiet}, // protected by a password
		{"a.zip", pptxFile, "archive", quiet},
		{"a.heic", heicFile, "image", quiet},
		{"a.heic", heifFile, "image", quiet}, // as other cameras than Apple's write it
		{"a.heic", hevcFile, "image", quiet},
		{"a.heif", heicFile, "image", quiet},
		{"a.heif", heifFile, "image", quiet},
		{"a.avif", avifFile, "image", quiet},
		{"a.avif", heifFile, "image", quiet}, // the brands behind the first one may be AVIF's
		{"a.mp4", mp4File, "video", quiet},
		{"a.heic", noise, "image", quiet},

		// The content decides.
		{"a.csv", pngFile, "image", lies},
		{"a.csv", xlsxFile, "excel", lies},
		{"a.csv", gzipOf(csvText), "archive", lies},
		{"a.txt", pdfFile, "pdf", lies},
		{"a.py", zipFile, "archive", lies},
		{"a.png", csvText, "csv", lies},
		{"a.png", []byte("just words here\n"), "text", lies},
		{"a.png", pdfFile, "pdf", lies},
		{"a.jpg", pngFile, "image", lies},
		{"a.xlsx", docxFile, "word", lies},
		{"a.xlsx", []byte("<html><table>"), "html", lies},
		{"a.xls", []byte("<html><table>"), "excel", quiet}, // as many programs make it
		{"a.xls", xlsxFile, "excel", lies},
		{"a.xls", csvText, "csv", lies},
		{"a.docx", oleFile, "word", quiet}, // an unknown document of the old form
		{"a.parquet", csvText, "csv", lies},
		{"a.feather", []byte("PAR1xxxxPAR1"), "parquet", lies},
		{"a.pkl", pngFile, "image", lies},
		{"a.npz", []byte("\x93NUMPY\x01\x00"), "numpy", lies},
		{"a.mp3", []byte("fLaC\x00\x00\x00\x22"), "audio", lies},
		{"a.out", []byte("\x7fELF\x02\x01\x01\x00"), "binary", lies},
		{"a.nii.gz", pngFile, "image", lies},
		{"a.jpg", heicFile, "image", lies},
		{"a.heic", jpgFile, "image", lies},
		{"a.heic", avifFile, "image", lies},
		{"a.avif", heicFile, "image", lies},
		{"a.heic", mp4File, "video", lies},
		{"a.avif", mp4File, "video", lies},
		{"a.mp4", heicFile, "image", lies},
		{"a.mov", avifFile, "image", lies},
		{"a.heif", csvText, "csv", lies},
		{"a.pptx", xlsxFile, "excel", lies},
		{"a.docx", pptxFile, "presentation", lies},
		{"a.pptx", odpFile, "presentation", lies},
		{"a.odt", odpFile, "presentation", lies},
		{"a.pptx", pdfFile, "pdf", lies},
		{"data", csvText, "csv", bare},
		{"README", []byte("Read this first.\n"), "text", bare},
		{"photo", jpgFile, "image", bare},
		{"blob", noise, "binary", bare},
		{"array", []byte("\x93NUMPY\x01\x00"), "numpy", bare},
		{"table", []byte("Obj\x01\x04\x14"), "avro", bare},
		{"a.xyz", csvText, "csv", vague},
		{"a.xyz", noise, "binary", vague},
		{"a.dat", pngFile, "image", vague},
		{"a.dat", []byte("1 2 3\n4 5 6\n"), "text", vague},
		{"a.ppsm", pptxFile, "presentation", vague},
		{"photo", heicFile, "image", bare},
		{"deck", pptxFile, "presentation", bare},
		{"a.rss", []byte("<?xml version=\"1.0\"?><rss version=\"2.0\">"), "xml", vague},
		{"empty", nil, "binary", quiet},
	} {
		kind, mime, note := classify(c.name, c.head)
		if kind != c.kind || (c.note == "") != (note == "") || !strings.Contains(note, c.note) {
			t.Errorf("classify(%s, %.20q) = %s, %s, %q; want %s, %q", c.name, c.head, kind, mime, note, c.kind, c.note)
		}
		if note != "" && !strings.Contains(note, c.name) {
			t.Errorf("the note does not name the file: %q", note)
		}
		if strings.ContainsAny(mime, "; ") {
			t.Errorf("type %q has parameters", mime)
		}
	}
}

func TestExt(t *testing.T) {
	for _, c := range []struct {
		name string
		head []byte
		ext  string
	}{
		{"a.csv", csvText, ".csv"}, {"a.CSV", csvText, ".csv"}, {"a.xlsx", xlsxFile, ".xlsx"}, {"a.xlsm", xlsxFile, ".xlsm"},
		{"a.xls", xlsxFile, ".xlsx"}, {"a.csv", pngFile, ".png"}, {"a.jpg", pngFile, ".png"}, {"a.jpeg", jpgFile, ".jpeg"},
		{"a", csvText, ".csv"}, {"a", []byte("words\n"), ".txt"}, {"a", noise, ""}, {"a.xyz", noise, ""}, {"a.bin", noise, ".bin"},
		{"a.nii.gz", gzipOf(noise), ".nii.gz"}, {"a.tar.gz", gzipOf(noise), ".gz"}, {"a.zip", gzipOf(noise), ".gz"}, {"a.txt", docxFile, ".docx"},
		{"a.tif", tiffFile, ".tif"}, {"a.attrs", noise, ""}, {"a.tmp", csvText, ".csv"}, {"a.py", []byte("#!/bin/sh\n"), ".py"}, {"a.png", noise, ".png"},
		{"a.jpg", heicFile, ".heic"}, {"a.heif", heicFile, ".heif"}, {"a", heifFile, ".heif"}, {"a.jpeg", avifFile, ".avif"},
		{"a", pptxFile, ".pptx"}, {"a.ppsx", pptxFile, ".ppsx"}, {"a.pptx", odpFile, ".odp"}, {"a.ppsm", pptxFile, ".pptx"},
	} {
		f := File{Name: c.name}
		f.Kind, f.MIME, _ = classify(c.name, c.head)
		if got := f.Ext(); got != c.ext {
			t.Errorf("%s, %.10q: extension %q, want %q", c.name, c.head, got, c.ext)
		}
	}
}

func TestDimensions(t *testing.T) {
	for mime, b := range map[string][]byte{
		"image/png": pngFile, "image/jpeg": jpgFile, "image/gif": gifFile, "image/bmp": bmpFile, "image/tiff": tiffFile, "image/webp": webpFile,
	} {
		if found := detect(b)[0]; found != mime {
			t.Errorf("%s is found to be %s", mime, found)
		}
		if w, h := dimensions(mime, b); w != 31 || h != 17 {
			t.Errorf("%s: %d×%d", mime, w, h)
		}
		for i := range b { // cut anywhere: no panic, no wrong answer
			if w, h := dimensions(mime, b[:i]); w != 0 && w != 31 || h != 0 && h != 17 {
				t.Errorf("%s cut at %d: %d×%d", mime, i, w, h)
			}
		}
	}
}

// A picture that nothing here decodes has no dimensions.
func TestDimensionsUnknown(t *testing.T) {
	for _, b := range [][]byte{heicFile, heifFile, avifFile, pptxFile} {
		if w, h := dimensions(detect(b)[0], b); w != 0 || h != 0 {
			t.Errorf("%.20q: %d×%d", b, w, h)
		}
	}
}

// tiffOf writes the directory of a TIFF file: width 640, height 480, and one
// tag more.
func tiffOf(order binary.AppendByteOrder, big bool, at int, tag uint16) []byte {
	b := []byte("II")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM")
	}
	entry := func(tag uint16, v uint32) {
		b = order.AppendUint16(order.AppendUint16(b, tag), 4)
		if big {
			b = order.AppendUint64(b, 1)
			b = order.AppendUint32(b, v)
			b = order.AppendUint32(b, 0)
		} else {
			b = order.AppendUint32(order.AppendUint32(b, 1), v)
		}
	}
	if big {
		b = order.AppendUint16(order.AppendUint16(order.AppendUint16(b, 43), 8), 0)
		b = order.AppendUint64(b, uint64(at))
	} else {
		b = order.AppendUint32(order.AppendUint16(b, 42), uint32(at))
	}
	b = append(b, make([]byte, at-len(b))...)
	if big {
		b = order.AppendUint64(b, 3)
	} else {
		b = order.AppendUint16(b, 3)
	}
	entry(256, 640)
	entry(257, 480)
	entry(tag, 1)
	return append(b, make([]byte, 16)...)
}

func TestParseTIFF(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, big := range []bool{false, true} {
			for tag, geo := range map[uint16]bool{259: false, 33550: true, 33922: true, 34264: true, 34735: true} {
				name := fmt.Sprint(order, big, tag)
				b := tiffOf(order, big, 1000, tag)
				info, ok := parseTIFF(bytes.NewReader(b))
				if !ok || info != (tiffInfo{640, 480, geo}) {
					t.Errorf("%s: %+v, %v", name, info, ok)
				}
				want := Image
				if geo {
					want = GeoTIFF
				}
				if k, _, note := classify("a.tif", b); k != want || note != "" {
					t.Errorf("%s: kind %s, %q", name, k, note)
				}
				if k, _, note := classify("a", b); k != want || note == "" {
					t.Errorf("%s without a name: kind %s, %q", name, k, note)
				}
			}
		}
	}
	for _, b := range [][]byte{nil, []byte("II*\x00"), append([]byte("II*\x00\xff\xff\xff\xff"), make([]byte, 100)...), append([]byte("II+\x00\x08\x00\x00\x00"), bytes.Repeat([]byte{0xff}, 100)...)} {
		if info, ok := parseTIFF(bytes.NewReader(b)); ok || info != (tiffInfo{}) {
			t.Errorf("%q: %+v, %v", b, info, ok)
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, b := range [][]byte{csvText, pngFile, tiffFile, xlsxFile, webpFile, bmpFile, tiffOf(binary.BigEndian, true, 64, 34735), noise} {
		f.Add("a.csv", b)
		f.Add("a.tif", b)
		f.Add("a", b)
	}
	f.Fuzz(func(t *testing.T, name string, head []byte) {
		file := File{Name: name}
		file.Kind, file.MIME, _ = classify(name, head)
		dimensions(file.MIME, head)
		if _, ok := table().kind[file.Kind]; !ok {
			t.Errorf("kind %q", file.Kind)
		}
		if e := file.Ext(); e != "" && !slices.Contains(file.Kind.Info().Extensions, e) {
			t.Errorf("extension %q of kind %s", e, file.Kind)
		}
	})
}
