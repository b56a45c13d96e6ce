package files_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/files"
)

// The types of files that people know from before, extension by extension.
const promised = `csv .csv | tsv .tsv | excel .xlsx .xls .xlsm .xlsb | spreadsheet .ods | json .json | jsonl .jsonl .ndjson | xml .xml | yaml .yaml .yml | toml .toml | ini .ini | config .cfg .conf | database .db .sqlite .sqlite3 | sql .sql | text .txt | markdown .md .markdown | restructuredtext .rst | richtext .rtf | word .doc .docx | document .odt | pdf .pdf | parquet .parquet | feather .feather | arrow .arrow | hdf5 .hdf .hdf5 .h5 | netcdf .nc | pickle .pickle .pkl | joblib .joblib | numpy .npy .npz | matlab .mat | spss .sav | stata .dta | sas .sas7bdat .xpt | image .png .jpg .jpeg .gif .bmp .tiff .tif .webp .svg .ico | python .py .pyw | jupyter .ipynb | r .r .rmd | javascript .js .jsx | typescript .ts .tsx | java .java | c .c | cpp .cpp | header .h .hpp | csharp .cs | go .go | rust .rs | ruby .rb | php .php | swift .swift | kotlin .kt | scala .scala | html .html .htm | css .css .scss .sass .less | archive .zip .tar .gz .bz2 .xz .7z .rar .tgz .tbz .lz .lzma .zst | log .log .out .err | geojson .geojson | shapefile .shp .shx .dbf | kml .kml .kmz | gpx .gpx | gml .gml | geotiff .tif .tiff .geotiff | audio .mp3 .wav .flac .ogg .aac .m4a .wma .opus .aiff | video .mp4 .avi .mkv .mov .wmv .flv .webm .m4v .mpg .mpeg | fits .fits .fts | dicom .dicom .dcm | nifti .nii | vtk .vtk | stl .stl | 3dmodel .obj .ply | avro .avro | orc .orc | protobuf .protobuf .pb | msgpack .msgpack | bson .bson | rdata .rda .rds | shell .sh .bash .zsh | powershell .ps1 | lua .lua | julia .jl | ebook .epub .mobi | latex .tex | asciidoc .adoc | org .org | binary .bin .dat`

// What the table has beyond these: kinds, and extensions of the kinds above.
const added = `tsv .tab | text .text | netcdf .nc4 | javascript .mjs | cpp .cc .cxx | header .hh | archive .tbz2 .txz | audio .aif | nifti .nii.gz | asciidoc .asciidoc | presentation .pptx .pptm .ppsx .odp | image .heic .heif .avif`

func TestTableHasAllThatWasPromised(t *testing.T) {
	for row := range strings.SplitSeq(promised+" | "+added, " | ") {
		words := strings.Fields(row)
		info := files.Kind(words[0]).Info()
		if info.Kind != files.Kind(words[0]) {
			t.Errorf("kind %s is missing", words[0])
		}
		for _, e := range words[1:] {
			if !slices.Contains(info.Extensions, e) {
				t.Errorf("%s does not have %s", words[0], e)
			}
			if k := files.KindByName("A.B" + strings.ToUpper(e)); k != info.Kind && info.Kind != files.GeoTIFF {
				t.Errorf("a name with %s is of kind %q, want %s", e, k, words[0])
			}
		}
	}
}

// The table has nothing that is in neither list.
func TestTableHasNothingElse(t *testing.T) {
	listed := map[string]bool{}
	for row := range strings.SplitSeq(promised+" | "+added, " | ") {
		words := strings.Fields(row)
		for _, e := range words[1:] {
			listed[words[0]+e] = true
		}
	}
	for _, info := range files.Kinds() {
		for _, e := range info.Extensions {
			if !listed[string(info.Kind)+e] {
				t.Errorf("%s %s is in no list", info.Kind, e)
			}
		}
	}
}

func TestTableIsWhole(t *testing.T) {
	owner := map[string]files.Kind{}
	for _, info := range files.Kinds() {
		if info.Kind == "" || info.Emoji == "" || info.Loads == "" || len(info.Extensions) == 0 || info.Needs == nil {
			t.Errorf("row %+v", info)
		}
		for _, e := range info.Extensions {
			if e != strings.ToLower(e) || e[0] != '.' || len(e) > 20 {
				t.Errorf("extension %q", e)
			}
			if other := owner[e]; other != "" && other != files.Image {
				t.Errorf("%s is of %s and of %s", e, other, info.Kind)
			}
			owner[e] = info.Kind
		}
	}
	if len(owner) <= 160 {
		t.Errorf("%d extensions, more than 160 were promised", len(owner))
	}
	for _, k := range []files.Kind{files.Text, files.Image, files.GeoTIFF, files.Binary} {
		if k.Info().Kind != k {
			t.Errorf("no row for %s", k)
		}
	}
	if k := files.Kind("nonsense").Info().Kind; k != files.Binary {
		t.Errorf("an unknown kind has the row of %s", k)
	}
	var back []files.KindInfo
	if err := json.Unmarshal(files.KindsJSON(), &back); err != nil || len(back) != len(files.Kinds()) {
		t.Errorf("KindsJSON: %d rows, %v", len(back), err)
	}
}

func TestKindByName(t *testing.T) {
	for name, want := range map[string]files.Kind{
		"a.csv": "csv", "A.CSV": "csv", "brain.nii.gz": "nifti", "brain.NII": "nifti", "x.tar.gz": "archive", "a.b.c.json": "json",
		"csv": "", ".csv": "", "a.": "", "": "", ".": "", "a.csv.exe": "", "a.tif": files.Image, "a..csv": "csv", ".a.csv": "csv",
	} {
		if got := files.KindByName(name); got != want {
			t.Errorf("KindByName(%q) = %q, want %q", name, got, want)
		}
	}
}
