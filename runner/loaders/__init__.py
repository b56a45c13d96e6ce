"""load_file: a file becomes what fits its kind.

kinds.json, generated from the one table of kinds, knows the extensions and
the packages; LOADERS names the function that loads a kind. It gets a Source
and the caller's options and may raise anything: load makes it one sentence.
"""

import errno
import importlib
import inspect
import json
import os
import re

from attache.loaders.source import TOO_LARGE, FileLoadError, Source, note, xml_problem

# Kinds that are not here are text.
LOADERS = {
    "csv": "delimited.csv",
    "tsv": "delimited.csv",
    "excel": "sheets.workbook",
    "spreadsheet": "sheets.workbook",
    "json": "structured.json_file",
    "jsonl": "structured.jsonl",
    "xml": "structured.xml",
    "yaml": "structured.yaml_file",
    "toml": "structured.toml",
    "ini": "structured.ini",
    "config": "structured.config",
    "database": "objects.database",
    "richtext": "documents.rtf",
    "word": "documents.word",
    "document": "documents.odt",
    "presentation": "slides.presentation",
    "pdf": "documents.pdf",
    "parquet": "columnar.parquet",
    "feather": "columnar.feather",
    "arrow": "columnar.arrow",
    "hdf5": "hdf5.hdf5",
    "netcdf": "science.netcdf",
    "pickle": "objects.pickled",
    "joblib": "objects.joblib_file",
    "numpy": "science.numpy_file",
    "matlab": "matlab.matlab",
    "spss": "columnar.spss",
    "stata": "columnar.stata",
    "sas": "columnar.sas",
    "image": "images.image",
    "jupyter": "documents.notebook",
    "archive": "archives.archive",
    "geojson": "geo.vector",
    "shapefile": "geo.shapefile",
    "kml": "geo.vector",
    "gpx": "geo.gpx",
    "gml": "geo.vector",
    "geotiff": "geo.raster",
    "audio": "media.audio",
    "video": "media.video",
    "fits": "science.fits",
    "dicom": "science.dicom",
    "nifti": "science.nifti",
    "vtk": "vtk.vtk",
    "stl": "science.mesh",
    "3dmodel": "science.mesh",
    "avro": "columnar.avro",
    "orc": "columnar.orc",
    "protobuf": "protobuf.protobuf",
    "msgpack": "objects.msgpack",
    "bson": "objects.bson",
    "rdata": "rdata.rdata",
    "ebook": "ebooks.ebook",
    "binary": "objects.binary",
}
_TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "kinds.json")


class Kinds:
    """The table of kinds, by name and by extension."""

    def __init__(self, rows):
        self.rows = {row["kind"]: row for row in rows}
        self.extensions = {}
        for row in rows:
            for ext in row["extensions"]:
                self.extensions.setdefault(ext, row["kind"])

    def of(self, name):
        """The kind that a file's name claims, or None."""
        parts = os.path.basename(name).lower().split(".")[1:]
        for n in (2, 1):
            kind = self.extensions.get("." + ".".join(parts[-n:])) if len(parts) >= n else None
            if kind:
                return kind
        return None

    def loader(self, kind):
        return LOADERS.get(kind, "documents.text")


with open(_TABLE, encoding="utf-8") as _f:
    KINDS = Kinds(json.load(_f))


def load(path, file=None, options=None):
    """Return the content of a file as what fits its kind.

    file is the host's description (filename, file_type), None for a path of
    the work folder. Options go to the reader. What can't be loaded raises
    FileLoadError with one sentence; an option that the reader does not have
    is a TypeError, a package that can't be had a ModuleNotFoundError.
    """
    try:
        src = _open(path, file)
        return run(decide(src), src, options or {})
    except (FileLoadError, TypeError, ModuleNotFoundError) as e:
        problem = e
    # Raised outside of the handler, so that the traceback is this line.
    raise problem.with_traceback(None) from None


def run(kind, src, options):
    """Load src as a kind, with every failure explained."""
    module, _, function = KINDS.loader(kind).partition(".")
    loader = getattr(importlib.import_module(f"attache.loaders.{module}"), function)
    src.kind = kind
    if "raw" in options and "raw" not in inspect.signature(loader).parameters:
        options = {k: v for k, v in options.items() if k != "raw"}  # nothing is changed in kinds that are no tables
    try:
        return loader(src, **options)
    except (FileLoadError, ModuleNotFoundError):
        raise
    except MemoryError:
        raise src.fail(TOO_LARGE) from None
    except TypeError as e:
        if options and "unexpected keyword" in str(e):
            what = str(e).split("() ", 1)[-1]
            raise TypeError(f"{src.name}: {what}; options go to the reader of {kind} files") from None
        raise src.fail(explain(e, kind)) from None
    except Exception as e:
        raise src.fail(explain(e, kind)) from None
    except BaseException as e:
        if type(e).__name__ == "PanicException":  # of a library in Rust
            raise src.fail(explain(e, kind)) from None
        raise


def decide(src):
    """Return the kind to load src as: what its name says, unless its content
    is evidently something else, which is said."""
    from attache.loaders import sniff

    if src.size == 0:
        raise src.fail("is empty (0 bytes)")
    named = KINDS.of(src.name)
    if src.kind in KINDS.rows and (named is None or KINDS.loader(src.kind) != KINDS.loader(named)):
        named = src.kind
    found = sniff.content(src)
    if named is None:
        return found or (sniff.text_kind(src) if sniff.is_text(src) else "binary")
    if found and sniff.agree(named, found):
        return sniff.sharper(named, found)
    if not found:
        if named in ("text", "log") and sniff.json_lines(src):
            note(f"{src.name} holds a JSON object on each of its lines; it was loaded as a table of them.")
            return "jsonl"
        if named in ("text", "log", "binary") and sniff.is_text(src) and sniff.clear_table(src, headed=named == "log"):
            note(src.by_path(f"{src.name} is a table; load_file(…, raw=True) gives its cells as text, open(get_file_path(id)) its lines."))
            return "csv"
        markup = named in ("csv", "tsv") and src.head.lstrip()[:1] in (b"<", b"{", b"[")
        if (KINDS.rows[named]["text"] and not markup) or not sniff.is_text(src) or sniff.may_be(named, src):
            return named
        found = sniff.text_kind(src)
        if sniff.agree(named, found):
            return named
        if named == "geotiff":
            return "image"
    note(f"{src.name} is named like {_article(named)} file, but its content is {found}: it was loaded as {found}.")
    return found


def explain(error, kind):
    """Return what went wrong as the end of a sentence that starts with the name."""
    if type(error).__name__ == "XMLSyntaxError":
        return f"could not be read as {kind}: {xml_problem(error)}"
    text = " ".join(str(error).split()) or type(error).__name__
    text = re.sub(r"\s*[('\"]*(?:/files|/tmp|/work)/[^\s'\")]+[)'\"]*", "", text)
    if len(text) > 200:
        text = text[:199] + "…"
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        return f"could not be read as {kind}: there is no room left for what it unpacks to"
    if isinstance(error, NotImplementedError):
        return f"uses what the reader of {kind} files can not do: {text.rstrip(' .:')}"
    return f"could not be read as {kind}, it may be damaged or cut off: {text.rstrip(' .:')}"


def _article(kind):
    return ("an " if kind[0] in "aeiou" else "a ") + kind


def _open(path, file):
    try:
        return Source(path, file)
    except OSError as e:
        raise FileLoadError(f"{os.path.basename(str(path))} could not be opened: {e.strerror}") from None
