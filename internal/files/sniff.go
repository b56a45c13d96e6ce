package files

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"
)

const (
	octets    = "application/octet-stream"
	plainText = "text/plain"
	mimeTIFF  = "image/tiff"
)

func init() {
	// Office documents tell what they are behind their first 4 KB.
	mimetype.SetLimit(64 << 10)
}

// signatures are formats of the table that mimetype does not know.
var signatures = []struct {
	mime   string
	offset int
	magic  string
}{
	{"application/x-hdf5", 0, "\x89HDF\r\n\x1a\n"},                     // docs.hdfgroup.org, File Format Specification, II.A
	{"application/x-netcdf", 0, "CDF\x01"},                             // docs.unidata.ucar.edu, NetCDF Classic Format
	{"application/x-netcdf", 0, "CDF\x02"},                             //
	{"application/x-netcdf", 0, "CDF\x05"},                             //
	{"application/x-npy", 0, "\x93NUMPY"},                              // numpy.org, NEP 1
	{"application/x-matlab", 0, "MATLAB 5.0 MAT-file"},                 // mathworks.com, MAT-File Format
	{"application/vnd.apache.arrow.file", 0, "ARROW1\x00\x00"},         // arrow.apache.org, IPC File Format
	{"application/vnd.apache.arrow.file", 0, "FEA1"},                   // Feather, version 1
	{"application/vnd.apache.avro", 0, "Obj\x01"},                      // avro.apache.org, Object Container Files
	{"application/vnd.apache.orc", 0, "ORC"},                           // orc.apache.org, ORC Specification
	{"application/x-spss-sav", 0, "$FL2"},                              // gnu.org, PSPP, System File Format
	{"application/x-spss-sav", 0, "$FL3"},                              //
	{"application/x-stata-dta", 0, "<stata_dta>"},                      // stata.com, help dta; from version 117 on
	{"application/x-sas-data", 12, "\xc2\xea\x81\x60\xb3\x14\x11\xcf"}, // the middle of sas7bdat's magic number
	{"application/x-sas-xport", 0, "HEADER RECORD*******LIB"},          // loc.gov, SAS Transport File Format
	{"application/x-nifti", 344, "n+1\x00"},                            // nifti.nimh.nih.gov, nifti1.h
	{"application/x-nifti", 4, "n+2\x00\r\n\x1a\n"},                    //
	{mimeTIFF, 0, "II+\x00"},                                           // libtiff.org, BigTIFF Design
	{mimeTIFF, 0, "MM\x00+"},
	{"application/dicom", 128, "DICM"},        // dicom.nema.org, PS3.10, 7.1; what comes before may look like a TIFF
	{"application/x-lzma", 0, "\x5d\x00\x00"}, // 7-zip.org, LZMA SDK
}

// detect returns what a content is, from the closest to the most general:
// xlsx, zip, octet-stream.
func detect(head []byte) []string {
	for _, s := range signatures {
		if len(head) > s.offset && bytes.HasPrefix(head[s.offset:], []byte(s.magic)) {
			return []string{s.mime, octets}
		}
	}
	return chain(mimetype.Detect(head))
}

func chain(m *mimetype.MIME) (c []string) {
	for ; m != nil; m = m.Parent() {
		mime, _, _ := strings.Cut(m.String(), ";")
		switch {
		case mime == "application/java-archive": // found in any zip with a manifest
		case mime == "video/mp4" && len(c) > 0 && strings.HasPrefix(c[0], "image/"): // a HEIC photograph is built as a video is, but it is none
		default:
			c = append(c, mime)
		}
	}
	return c
}

// classify finds out a file's kind and MIME type from its name and its first
// bytes. The name's extension counts unless it is missing, unknown or general,
// or contradicted by a content that is recognised for certain: then note is
// a sentence for the user.
func classify(name string, head []byte) (k Kind, mime, note string) {
	t := table()
	e := nameExt(name)
	claim, known := t.ext[e]
	if len(head) == 0 {
		if !known {
			return Binary, "", ""
		}
		return claim.kind, "", ""
	}
	found := detect(head)
	geo := func(k Kind) Kind {
		if i, ok := parseTIFF(bytes.NewReader(head)); k == Image && found[0] == mimeTIFF && ok && i.geo {
			return GeoTIFF
		}
		return k
	}
	if known && claim.kind != Binary && claim.admits(found) {
		return geo(claim.kind), found[0], ""
	}
	k, words := contentKind(found)
	switch {
	case known && claim.kind == Binary && k == Binary:
		return k, found[0], ""
	case e == "":
		note = fmt.Sprintf("%s has no extension; by its content it is %s.", name, words)
	case !known || claim.kind == Binary:
		note = fmt.Sprintf("The extension of %s does not tell what it is; by its content it is %s.", name, words)
	default:
		note = fmt.Sprintf("%s is not what its extension says; by its content it is %s.", name, words)
	}
	return geo(k), found[0], note
}

// admits tells whether a content that was found agrees with the extension: it
// is what the extension stands for, or a special form of it, or not recognised
// closely enough to contradict.
func (x ext) admits(found []string) bool {
	for _, m := range x.mimes {
		if slices.Contains(found, m) || slices.Contains(append(chain(mimetype.Lookup(m)), octets), found[0]) {
			return true
		}
	}
	isText := slices.Contains(found, plainText)
	form := rows[table().kind[x.kind]].text
	switch {
	case form == text:
		return isText || found[0] == octets
	case isText && (form == either || len(x.mimes) == 0):
		return true
	}
	k, _ := contentKind(found)
	return k == Binary
}

// contentKind returns the kind of a content that is recognised for certain, or
// Binary, and words for it.
func contentKind(found []string) (Kind, string) {
	t := table()
	for _, m := range found {
		if e, ok := t.mime[m]; ok {
			if k := t.ext[e].kind; k != Text {
				return k, fmt.Sprintf("%s (%s)", k, e)
			}
			return Text, "text"
		}
	}
	return Binary, "of an unknown kind"
}

// dimensions returns the width and height of an image in pixels, as its
// header says, or zeros.
func dimensions(mime string, head []byte) (w, h int) {
	if mime == mimeTIFF {
		i, _ := parseTIFF(bytes.NewReader(head))
		return i.width, i.height
	}
	if !strings.HasPrefix(mime, "image/") {
		return 0, 0
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(head))
	if err != nil {
		return 0, 0
	}
	return c.Width, c.Height
}
