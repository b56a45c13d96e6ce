package files

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Files that other software wrote, more than 160 of them, are what their names
// say they are.
func TestKindsOfRealFiles(t *testing.T) {
	paths, err := filepath.Glob("../../runner/tests/testdata/*")
	if err != nil || len(paths) < 160 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	kinds := map[Kind]bool{}
	sizeless := []string{"image/x-icon", "image/svg+xml", "image/heic", "image/avif"} // nothing here reads how large they are
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		name, head := filepath.Base(p), b[:min(len(b), bufferSize)]
		kind, mime, note := classify(name, head)
		f := File{Name: name, Kind: kind, MIME: mime}
		kinds[kind] = true
		switch named := KindByName(name); {
		case filepath.Ext(name) == ".dat" || named == "": // tells nothing
		case note != "" || kind != named && kind != GeoTIFF || f.Ext() != nameExt(name):
			t.Errorf("%s: %s, %s, %q, %q", name, kind, mime, f.Ext(), note)
		}
		if w, h := dimensions(mime, head); !slices.Contains(sizeless, mime) && strings.HasPrefix(mime, "image/") && (w <= 0 || h <= 0) {
			t.Errorf("%s has %d×%d pixels", name, w, h)
		}
		// Without its extension, a file that is no text is known by its content,
		// or not at all, but hardly ever taken for something else.
		bare, _, _ := classify("x", head)
		alike := map[Kind][]Kind{ // containers, and formats of the same form
			"archive": {"numpy", "rdata", "nifti", "excel", "ebook"}, "feather": {"arrow"}, "hdf5": {"netcdf", "matlab"},
			"audio": {"video"}, "xml": {"gpx", "kml", "gml", "excel"}, "html": {"excel"}, "image": {"geotiff"},
		}
		if bare != kind && bare != Binary && !kind.Info().Text && !slices.Contains(alike[bare], kind) && !(bare == Text && kind == "pickle") {
			t.Errorf("%s without its name is %s", name, bare)
		}
	}
	if len(kinds) < 70 {
		t.Errorf("%d kinds", len(kinds))
	}
}

// What the table says that kinds need is what the Python inside installs.
func TestNeedsOfLoaders(t *testing.T) {
	paths, err := filepath.Glob("../../runner/loaders/*.py")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no loaders: %v", err)
	}
	var want, got []string
	call := regexp.MustCompile(`(?:need|located)\("([^"]+)"(?:, "([^"]+)")?\)`)
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			if m[2] == "" {
				m[2] = m[1]
			}
			want = append(want, m[2])
		}
	}
	for _, k := range Kinds() {
		got = append(got, k.Needs...)
	}
	slices.Sort(want)
	slices.Sort(got)
	if want, got = slices.Compact(want), slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("the table needs %q, the loaders %q", got, want)
	}
}
