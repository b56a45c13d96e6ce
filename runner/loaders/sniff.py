"""What a file is by its content: signatures first, then what a text looks like."""

import re
import zipfile

from attache.loaders import packed

_MAGIC = [  # offset, bytes, kind
    (128, b"DICM", "dicom"),
    (0, b"%PDF-", "pdf"),
    (0, b"PAR1", "parquet"),
    (0, b"ARROW1", "arrow"),
    (0, b"FEA1", "feather"),
    (0, b"ORC", "orc"),
    (0, b"Obj\x01", "avro"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"CDF\x01", "netcdf"),
    (0, b"CDF\x02", "netcdf"),
    (0, b"CDF\x05", "netcdf"),
    (0, b"\x93NUMPY", "numpy"),
    (0, b"MATLAB 5.0", "matlab"),
    (0, b"$FL2", "spss"),
    (0, b"$FL3", "spss"),
    (0, b"<stata_dta>", "stata"),
    (0, b"HEADER RECORD*******", "sas"),
    (12, b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00\x09\xc7\x31\x8c", "sas"),
    (0, b"SQLite format 3\x00", "database"),
    (0, b"\x89PNG\r\n\x1a\n", "image"),
    (0, b"\xff\xd8\xff", "image"),
    (0, b"GIF8", "image"),
    (0, b"II*\x00", "image"),
    (0, b"MM\x00*", "image"),
    (0, b"\x00\x00\x01\x00", "image"),
    (0, b"\x1f\x8b\x08", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\xfd7zXZ\x00", "archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "archive"),
    (0, b"Rar!\x1a\x07", "archive"),
    (0, b"\x28\xb5\x2f\xfd", "archive"),
    (0, b"LZIP", "archive"),
    (257, b"ustar", "archive"),
    (0, b"fLaC", "audio"),
    (0, b"OggS", "audio"),
    (0, b"ID3", "audio"),
    (0, b"\x1aE\xdf\xa3", "video"),
    (0, b"FLV\x01", "video"),
    (0, b"\x00\x00\x01\xba", "video"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "video"),
    (0, b"SIMPLE  =", "fits"),
    (344, b"n+1\x00", "nifti"),
    (344, b"ni1\x00", "nifti"),
    (60, b"BOOKMOBI", "ebook"),
    (60, b"TEXtREAd", "ebook"),
    (0, b"{\\rtf", "richtext"),
    (0, b"# vtk DataFile", "vtk"),
    (0, b"RDX2\n", "rdata"),
    (0, b"RDX3\n", "rdata"),
    (0, b"RDA2\nA\n", "rdata"),
    (0, b"RDA3\nA\n", "rdata"),
    (0, b"A\n2\n", "rdata"),
    (0, b"A\n3\n", "rdata"),
    (0, b"A\r\n2\r\n", "rdata"),
    (0, b"A\r\n3\r\n", "rdata"),
]

# Pickles of protocol 0, which are text: what a dict, list, tuple or object begins with.
_TEXT_PICKLE = re.compile(rb"\([dlti](p\d+)?\n|\(dp|\(lp|c[\w.]+\n[\w.]+\n|\(c[\w.]+\n|\([SVIFNL]")

# The major brands of pictures that are boxed as videos are: mp4ra.org, and
# ISO/IEC 23008-12, 10.
_PICTURES = (b"avif", b"avis", b"avci", b"avcs", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")

# What is packed as a zip, by name.
_PACKED = (".xlsx", ".xlsm", ".xlsb", ".docx", ".pptx", ".pptm", ".ppsx", ".ods", ".odt", ".odp", ".epub", ".npz", ".kmz")

# Kinds whose content a signature can't tell apart from another's: a file
# named as the first may be found to be any of the others.
_ALIKE = {
    "feather": {"arrow"},
    "joblib": {"archive", "pickle"},
    "pickle": {"archive"},
    "excel": {"html", "xml"},
    "netcdf": {"hdf5"},
    "matlab": {"hdf5"},
    "geotiff": {"image"},
    "image": {"geotiff", "xml"},
    "shapefile": {"archive"},
    "numpy": {"archive"},
    "kml": {"archive", "xml"},
    "gpx": {"xml"},
    "gml": {"xml"},
    "ebook": {"archive"},
    "video": {"audio"},
    "audio": {"video"},
    "rdata": {"archive"},
    "nifti": {"archive"},
    "vtk": {"xml"},
    "archive": {"shapefile", "numpy"},
    "tsv": {"csv"},
    "jupyter": {"json"},
    "geojson": {"json"},
    "jsonl": {"json"},
    "json": {"jsonl"},
}


def content(src):
    """Return the kind that the content has by its signature, or None."""
    head = src.head
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset):
            return "geotiff" if magic in (b"II*\x00", b"MM\x00*") and _has_place(src) else kind
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(src)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _compound(src)
    if packed.skippable(head):
        return "archive"
    if head.startswith(b"RIFF"):
        return {b"WAVE": "audio", b"AVI ": "video", b"WEBP": "image"}.get(head[8:12])
    if head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC"):
        return "audio"
    if head[4:8] == b"ftyp":
        return "audio" if head[8:11] in (b"M4A", b"M4B") else "image" if head[8:12] in _PICTURES else "video"
    if b"SPSS PORT FILE" in head[:600].replace(b"\r", b"").replace(b"\n", b""):
        return "spss"
    if head[:2] == b"BM" and len(head) > 26 and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 108, 124):
        return "image"
    if re.match(rb"\x80[\x02-\x05]", head) and src.bytes_at_end(1) == b".":
        return "pickle"
    if src.ext in (".pkl", ".pickle") and _TEXT_PICKLE.match(head) and src.bytes_at_end(2).rstrip().endswith(b"."):
        return "pickle"
    if b'"urn:schemas-microsoft-com:office:spreadsheet"' in head[:5000] and re.match(rb"(\xef\xbb\xbf)?\s*<", head):
        return "excel"
    if b'office:mimetype="application/vnd.oasis.opendocument.spreadsheet"' in head[:10_000] and re.match(rb"(\xef\xbb\xbf)?\s*<", head):
        return "spreadsheet"  # an OpenDocument as one file of XML
    return None


def agree(named, found):
    """Whether a file named as one kind may have content found to be another."""
    return named == found or found in _ALIKE.get(named, ()) or (named == "image" and found == "geotiff")


def sharper(named, found):
    """Of two kinds that agree, the one to load as."""
    return found if (named, found) in {("archive", "shapefile"), ("image", "geotiff")} else named


def is_text(src):
    """Whether the beginning of a file reads as text in some encoding."""
    head = src.head
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    if b"\x00" in head:
        # UTF-16 without a mark: every other byte of plain text is zero.
        even, odd = head[0::2].count(0), head[1::2].count(0)
        return max(even, odd) > 0.4 * len(head) / 2 and min(even, odd) < 0.02 * len(head)
    control = sum(head.count(c) for c in range(32) if c not in (7, 8, 9, 10, 12, 13, 26, 27))
    return control <= len(head) // 500


def may_be(named, src):
    """Whether a file whose bytes read as text may still be of a kind that has no signature: MessagePack begins with a byte
    that UTF-8 does not begin with, or is a single small number; a message of Protocol Buffers is whole by its lengths."""
    if named == "msgpack":
        try:
            src.head[:400].decode("utf-8")
        except UnicodeDecodeError as e:
            return e.start < 2 and not src.head.startswith((b"\xff\xfe", b"\xfe\xff"))
        return src.size == 1
    if named == "protobuf" and src.size < 1 << 20 and not src.head.lstrip().startswith((b"{", b"[", b"<")):
        from attache.loaders import protobuf

        return protobuf.whole(src.bytes())
    return False


_RECORDS = re.compile(  # lines of a name and a value, which are no columns: LDIF, subtitles, GEDCOM, BibTeX, RIS, mail
    r"(?:version: \d\s+)?(?:#[^\n]*\s+)*dn:|WEBVTT\b|\d+\s*\n\d\d:\d\d:\d\d,\d{3} --> |0 HEAD\b|@\w+\s*\{|TY  - |From \S+ +\w{3} \w{3} "
    r"|(?:Return-Path|Received|Delivered-To|Message-ID|MIME-Version|DKIM-Signature|From|To|Subject|Date|X-[\w-]+): [^\n]*\n(?:[ \t][^\n]*\n)*(?:[\w-]+:|[ \t])",
    re.I,
)


_BRACKETED = re.compile(r"<[^<>\n]+>([;,\t| ])<[^<>\n]+>(\1<[^<>\n]+>)*[ \t]*\r?\n(?!\s*<)")  # <DATE>,<CLOSE>: names of columns, as programs of traders write them


def _no_json(start):
    """Whether the first of several lines shows that a text is no JSON, though it begins so: [10.0.0.1]; {"a": 1},x."""
    import json

    first, more, _ = start.partition("\n")
    try:
        json.loads(first)
    except json.JSONDecodeError as e:
        return bool(more) and e.pos < len(first.rstrip()) and "Unterminated" not in e.msg
    return False


def text_kind(src):
    """Return the kind of a text by how it begins."""
    from attache.loaders import delimited, encoding

    start = encoding.head(src).lstrip()[:4096]
    low = start.lower()
    if low.startswith(("<!doctype html", "<html", "<table")) or ("<html" in low[:1000] and "<body" in low):
        return "html"
    if low.startswith("<?xml") or re.match(r"<[a-z_][\w:.-]*[\s>]", low) and not _BRACKETED.match(start):
        return "xml"
    if start[:1] in "{[" and re.match(r'\[\s*[\[{"\d\-tfn\]]|\{\s*["}]', start) and not _no_json(start):
        return "json"
    if low.startswith(("begin:vcalendar", "begin:vcard", "begin:vevent", "begin:vtodo")) or _RECORDS.match(start):
        return "text"
    return "csv" if delimited.looks_like_table(src) else "text"


def json_lines(src):
    """Whether each line of a text is an object of JSON, and there are at least three."""
    import json

    if not src.head.lstrip()[:1] == b"{":
        return False
    lines = src.head.splitlines()
    lines = [line for line in (lines[:-1] if src.size > len(src.head) else lines) if line.strip()][:200]
    try:
        return len(lines) > 2 and all(isinstance(json.loads(line), dict) for line in lines)
    except ValueError:
        return False


def clear_table(src, headed=False):
    """Whether a text is a table without a doubt: the same few fields in each of its lines, under names if it must be headed."""
    from attache.loaders import below, encoding, fixed, headers
    from attache.loaders.look import Look

    look = Look(src, {})
    if look.fields and look.width > 1:
        return True
    if look.width < 2 or look.dialect.words or look.dialect.score < 0.85:
        cells = fixed.rows(encoding.head(src).splitlines()[: -1 if src.size > len(src.head) else None])
        if cells and len(cells[0]) > 2:
            return True
    rows = [r for r in look.rows if any(map(str.strip, r)) and not headers.is_rule(r)]
    rows = rows[: len(rows) - below.count(rows, look.width)]
    tabs = look.delimiter == "\t" and look.width > 2  # which no prose has
    if look.width < 2 or len(rows) < 4 - tabs or not tabs and sum(len(c) > 60 for r in rows for c in r) >= 0.1 * sum(map(len, rows)):
        return False
    if look.row_names():
        rows[0] = ["", *rows[0]]
    if not all(len(r) == look.width for r in rows):
        return False
    named = look.width > 2 and all(map(headers.is_name, rows[0][1:])) and any(headers.usual_form(rows[1:], i) in ("n", "d", "c") for i in range(1, look.width))
    if headed and not named:
        return False
    if look.delimiter not in ",;\t|\u2502" and not look.dialect.words and not named and not look.doubled or look.dialect.score < 0.9 and not named:
        return False
    return look.delimiter != "," or look.width > 2


def _has_place(src):
    """Whether a TIFF says where on Earth it lies: the tags GeoKeyDirectory or ModelPixelScale."""
    from PIL import Image

    try:
        with Image.open(src.path) as picture:
            return 34735 in picture.tag_v2 or 33550 in picture.tag_v2
    except Exception:
        return False


def _zip(src):
    try:
        with zipfile.ZipFile(src.path) as z:
            names = z.namelist()
            types = z.read("[Content_Types].xml") if "[Content_Types].xml" in names and z.getinfo("[Content_Types].xml").file_size < 1 << 20 else b""
            mimetype = z.read("mimetype")[:100] if "mimetype" in names and z.getinfo("mimetype").file_size < 200 else b""
    except Exception:
        return None if src.ext in _PACKED else "archive"  # damaged, and what its name says
    if "[Content_Types].xml" in names:
        for start, kind in (("xl/", "excel"), ("word/", "word"), ("ppt/", "presentation")):
            if any(n.startswith(start) for n in names):
                return kind
        for part, kind in ((b"spreadsheetml", "excel"), (b"wordprocessingml", "word"), (b"presentationml", "presentation")):
            if part in types:
                return kind
    for part, kind in (
        (b"opendocument.spreadsheet", "spreadsheet"),
        (b"opendocument.text", "document"),
        (b"opendocument.presentation", "presentation"),
        (b"epub", "ebook"),
    ):
        if part in mimetype:
            return kind
    if "content.xml" in names and not mimetype:
        with zipfile.ZipFile(src.path) as z, z.open("content.xml") as f:
            start = f.read(64 << 10)
        for part, kind in ((b"office:spreadsheet", "spreadsheet"), (b"office:text", "document"), (b"office:presentation", "presentation")):
            if part in start:
                return kind
    plain = [n for n in names if not n.endswith("/") and not n.startswith("__MACOSX/")]
    if sum(n.lower().endswith(".shp") for n in plain) == 1:
        return "shapefile"
    if plain and all(n.endswith(".npy") for n in plain):
        return "numpy"
    return "archive"


def _compound(src):
    """Microsoft's container of before 2007, and of what is encrypted today."""
    data = src.bytes()
    has = lambda name: name.encode("utf-16-le") in data
    if src.ext.startswith(".xl") and (has("Workbook") or has("Book")):
        return "excel"  # which may hold documents of Word
    if has("WordDocument"):
        return "word"
    if has("EncryptedPackage"):
        return "word" if src.ext.startswith(".doc") else "presentation" if src.ext.startswith(".pp") else "excel"
    if has("PowerPoint Document") and not has("Workbook"):
        return "presentation"
    return "excel" if has("Workbook") or has("Book") else None
