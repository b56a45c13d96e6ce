"""Second readers: what another program says is in a file, in a form that can be compared.

    of(kind, path) → (what, content)

what is "rows" (lists of cells, the names of the columns first; several tables follow one another), "words" (a bag of characters), "members"
(name to checksum), "numbers" (a sorted list), "arrays" (name to a bag of values), "fields" (number to how many) or "tree" (nested plain values).
ours(what, loaded) puts what load_file gave into the same form. A kind that no second reader is
installed for raises ModuleNotFoundError; one that has none, Unknown.
"""

import collections
import datetime
import io
import os
import re
import struct
import zipfile
import zlib

import numpy as np
import pandas as pd


class Unknown(Exception):
    pass


def of(kind, path):
    ext = os.path.splitext(path)[1].lower()
    reader = READERS.get(kind)
    if reader is None:
        raise Unknown(kind)
    return reader(path, ext)


def ours(what, loaded):
    if what == "rows":
        frames = loaded.items() if isinstance(loaded, dict) else [(0, loaded)]
        return [r for name, f in frames for r in _rows(_framed(f).rename(columns={0: name}))]  # a vector of R is named as a whole
    if what == "words":
        return _bag(" ".join(loaded) if isinstance(loaded, list) else loaded)
    if what == "members":
        return {m.name.replace("\\", "/"): zlib.crc32(loaded.read(m.name)) for m in loaded.members if not m.link and not m.encrypted and m.size < 32 << 20}
    if what == "numbers":
        return _coordinates(loaded)
    if what == "arrays":
        return _arrays(loaded)
    if what == "fields":
        return {n: len(v) if isinstance(v, list) else 1 for n, v in loaded.items()}
    return _tree(loaded.to_dict("records") if isinstance(loaded, pd.DataFrame) else loaded)


def cell(v):
    """A cell as text: 1.0 as 1, a date without its midnight, nothing for what is missing."""
    if v is None or v is pd.NaT or v is pd.NA or isinstance(v, (float, np.floating)) and v != v:
        return ""
    if isinstance(v, (bool, np.bool_)):
        return str(bool(v))
    if isinstance(v, (int, np.integer)):
        return str(int(v))
    if isinstance(v, (float, np.floating)):
        return str(v) if abs(v) == float("inf") else str(int(v)) if v == int(v) and abs(v) < 2**53 else f"{v:.12g}"
    if isinstance(v, bytes):
        return v.decode("utf-8", "replace").rstrip()
    if hasattr(v, "isoformat"):
        if getattr(v, "tzinfo", None) is not None and hasattr(v, "year"):
            v = v.astimezone(datetime.timezone.utc)
        text = v.replace(tzinfo=None).isoformat(" ") if hasattr(v, "year") and hasattr(v, "hour") else v.isoformat()
        return re.sub(r"(\.\d+?)0+$", r"\1", text).removesuffix(" 00:00:00").removesuffix(".0")
    if isinstance(v, (list, tuple, np.ndarray)):
        if len(v) and all(isinstance(x, tuple) and len(x) == 2 for x in v):
            return cell(dict(v))  # a map of Arrow
        return "[" + ", ".join(map(cell, v)) + "]"
    if isinstance(v, dict):
        return "[]" if not v else "{" + ", ".join(f"{k}: {cell(x)}" for k, x in v.items()) + "}"
    return " ".join(str(v).split())


def _framed(value):
    """A table; a vector or a matrix of R as one."""
    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, (pd.Series, np.ndarray)) or type(value).__name__ == "DataArray":
        data = np.ma.asarray(getattr(value, "values", value))
        if 0 < data.ndim < 3 and data.dtype.names is None:
            return pd.DataFrame(data.astype(object).tolist(), dtype=object)
    raise Unknown(f"no table: {type(value).__name__}")


def _rows(frame):
    names = [str(c) for c in frame.columns]
    if not isinstance(frame.index, pd.RangeIndex) and frame.index.name is not None:
        frame = frame.reset_index()
        names = [str(c) for c in frame.columns]
    return [names, *([cell(v) for v in row] for row in frame.astype(object).itertuples(index=False, name=None))]


def _bag(text):
    """The characters: where a word ends is a matter of taste."""
    return collections.Counter("".join(text.split()))


# Workbooks


def _workbook(path, ext):
    if ext == ".xls":
        import xlrd

        book = xlrd.open_workbook(path, logfile=io.StringIO())
        rows = [[_xlrd(book, c) for c in s.row(r)] for s in book.sheets() for r in range(s.nrows)]
    elif ext == ".ods":
        book = pd.ExcelFile(path, engine="odf")
        rows = [list(r) for n in book.sheet_names for r in book.parse(n, header=None, dtype=object, keep_default_na=False).itertuples(index=False)]
    else:
        import openpyxl

        book = openpyxl.load_workbook(path, data_only=True)
        rows = [list(r) for s in book.worksheets for r in s.iter_rows(values_only=True)]
    return "rows", [[cell(v) for v in r] for r in rows]


def _xlrd(book, c):
    import xlrd

    if c.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate.xldate_as_datetime(c.value, book.datemode)
    return bool(c.value) if c.ctype == xlrd.XL_CELL_BOOLEAN else xlrd.error_text_from_code.get(c.value) if c.ctype == xlrd.XL_CELL_ERROR else c.value


# Tables in binary form


def _polars(path, ext):
    import polars as pl

    read = {".parquet": pl.read_parquet, ".avro": pl.read_avro}.get(ext, pl.read_ipc)
    try:
        frame = read(path)
    except Exception:
        if ext != ".parquet":
            raise
        return _duckdb(path)
    except BaseException as e:
        raise Unknown(f"polars: {e}") from None  # a panic
    return "rows", [frame.columns, *([cell(v) for v in r] for r in frame.iter_rows())]


def _duckdb(path):
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute("SELECT * FROM read_parquet(?)", [path])
        return "rows", [[d[0] for d in found.description], *([cell(v) for v in r] for r in found.fetchall())]


def _orc(path, ext):
    import pyorc

    with open(path, "rb") as f:
        try:
            reader = pyorc.Reader(f, struct_repr=pyorc.StructRepr.DICT)
        except pyorc.errors.ParseError as e:
            raise Unknown(f"pyorc: {e}") from None
        if reader.schema.kind != pyorc.TypeKind.STRUCT:
            raise Unknown("no table")
        names = list(reader.schema.fields)
        return "rows", [names, *([cell(row[n]) for n in names] for row in reader)]


def _statistics(path, ext):
    import pyreadstat

    if ext == ".xpt":
        frame = pd.read_sas(path, format="xport", encoding="utf-8")
        for name in frame.select_dtypes("float"):
            frame.loc[frame[name].abs() < 1e-70, name] = 0  # which pandas reads as 5.4e-79
        for name, form in pyreadstat.read_xport(path, metadataonly=True)[1].original_variable_types.items():
            if re.match("DATE|TIME|[DMY]{6}|E8601", form or "") and frame[name].dtype == float:
                unit = "s" if re.match("DATETIME|TIME|E8601DT", form) else "D"
                frame[name] = np.datetime64("1960-01-01", "s") + (frame[name] * (86_400 if unit == "D" else 1)).astype("timedelta64[s]")
                if form.startswith("TIME"):
                    frame[name] = [None if pd.isna(v) else v.time() for v in frame[name]]
        return "rows", _rows(frame)
    read = {".dta": pyreadstat.read_dta, ".sas7bdat": pyreadstat.read_sas7bdat}.get(ext)
    if read is None:
        raise Unknown(ext)
    frame, meta = read(path, apply_value_formats=True) if ext == ".dta" else read(path)
    for name, form in meta.original_variable_types.items():
        if ext == ".sas7bdat" and (form or "").rstrip("0123456789.") in ("YEAR", "MMYY") and frame[name].dtype == float:
            frame[name] = pd.Timestamp(1960, 1, 1) + pd.to_timedelta(frame[name], unit="D")  # dates that are shown in part
    return "rows", _rows(frame)


def _r(path, ext):
    import pyreadr

    try:
        found = pyreadr.read_r(path)
    except pyreadr.custom_errors.LibrdataError as e:
        raise Unknown(str(e)) from None
    if not found:
        raise Unknown("no table to pyreadr")
    return "rows", [r for f in found.values() for r in _rows(f.reset_index(drop=True))]


# Trees


def _json(path, ext):
    import json

    with open(path, encoding="utf-8-sig") as f:
        value = json.load(f)
    if isinstance(value, dict) and value.get("type") == "FeatureCollection" or ext == ".geojson":
        return "numbers", sorted(f"{float(v):.5g}" for v in _positions(value))
    return "tree", _tree(value)


def _positions(value):
    """The first two numbers of each position of GeoJSON."""
    if isinstance(value, list):
        if value and all(isinstance(v, (int, float)) for v in value):
            yield from value[:2]
        else:
            for v in value:
                yield from _positions(v)
    elif isinstance(value, dict):
        for k in ("features", "geometry", "geometries", "coordinates"):
            if k in value:
                yield from _positions(value[k])


def _msgpack(path, ext):
    import umsgpack

    found = []
    with open(path, "rb") as f:
        while f.peek(1):
            found.append(umsgpack.unpack(f))
    return "tree", _tree(found[0] if len(found) == 1 else found)


def _bson(path, ext):
    with open(path, "rb") as f:
        data = f.read()
    found, at = [], 0
    while at < len(data):
        size = struct.unpack_from("<i", data, at)[0]
        found.append(_document(data[at + 4 : at + size - 1]))
        at += size
    return "tree", _tree(found[0] if len(found) == 1 else found)


def _document(data, array=False):
    """A document by the specification (bsonspec.org); a value of a rare type is its bytes."""
    out, at = {}, 0
    while at < len(data):
        kind, end = data[at], data.index(b"\0", at + 1)
        name, at = data[at + 1 : end].decode(), end + 1
        size = {1: 8, 7: 12, 8: 1, 9: 8, 16: 4, 17: 8, 18: 8, 19: 16}.get(kind, 0)
        if kind in (2, 13, 14):
            size = 4 + struct.unpack_from("<i", data, at)[0]
        elif kind in (3, 4, 15):
            size = struct.unpack_from("<i", data, at)[0]
        elif kind == 5:
            size = 5 + struct.unpack_from("<i", data, at)[0]
        raw, at = data[at : at + size], at + size
        if kind in (2, 13, 14):
            value = raw[4:-1].decode()
        elif kind in (3, 4):
            value = _document(raw[4:-1], kind == 4)
        elif kind in (1, 16, 18):
            value = struct.unpack({1: "<d", 16: "<i", 18: "<q"}[kind], raw)[0]
        elif kind == 8:
            value = bool(raw[0])
        elif kind == 9:
            value = pd.Timestamp(struct.unpack("<q", raw)[0], unit="ms")
        else:
            value = None if kind in (6, 10) else raw.hex() if kind == 7 else "…"
            if kind not in (5, 6, 7, 10, 17):
                raise Unknown(f"a value of type {kind}")
        out[name] = value
    return list(out.values()) if array else out


def _tree(v):
    """Plain values; a missing key and a null are the same, as they are in a table."""
    if isinstance(v, dict):
        flat = {}
        for k, x in v.items():
            x = _tree(x)
            if isinstance(x, dict):
                flat |= {f"{k}.{n}": y for n, y in x.items()}
            elif x != "":
                flat[str(k)] = x
        return flat
    if type(v).__name__ == "Ext" and v.type < 0:
        return [cell(v.type), "…"]  # kept for the format; in msgpack's reader a pair
    if type(v).__name__ in ("Ext", "ExtType") or isinstance(v, bytes) or not isinstance(v, int) and type(v).__module__.startswith(("bson", "uuid", "re")) and type(v).__name__ != "ObjectId":
        return "…"
    if isinstance(v, (list, tuple, np.ndarray)):
        return [_tree(x) for x in v]
    return cell(v)


def _protobuf(path, ext):
    import subprocess
    import sys

    with open(path, "rb") as f:
        out = subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "--decode_raw"], stdin=f, capture_output=True, check=True).stdout.decode("latin-1")
    return "fields", collections.Counter(int(n) for n in re.findall(r"(?m)^(\d+)\b", out))


# Texts


_PAGE = re.compile(r'(?s)<p:sp>(?:(?!</p:sp>).)*type="(?:sldNum|dt|ftr|hdr)".*?</p:sp>|<presentation:(?:footer|header|date-time)-decl.*?</presentation:[a-z-]+>')


def _slides(path, ext):
    with zipfile.ZipFile(path) as z:
        text = _PAGE.sub("", z.read("content.xml").decode()) if ext == ".odp" else " ".join(
            " ".join(re.findall(r"<a:t>([^<]*)</a:t>", _PAGE.sub("", z.read(n).decode()))) for n in z.namelist() if re.fullmatch(r"ppt/slides/slide\d+\.xml", n)
        )
    import html

    return "words", _bag(html.unescape(re.sub(r"<[^>]+>", " ", text)))


def _book(path, ext):
    import html

    if ext != ".epub":
        raise Unknown(ext)
    words = collections.Counter()
    with zipfile.ZipFile(path) as z:
        opf = next(n for n in z.namelist() if n.endswith(".opf"))
        package = z.read(opf).decode("utf-8")
        items = {}
        for tag in re.findall(r"<(?:\w+:)?item\s[^>]*>", package):
            a = dict(re.findall(r"""([\w-]+)\s*=\s*["']([^"']*)["']""", tag))
            items[a.get("id")] = a.get("href")
        for tag in re.findall(r"<(?:\w+:)?itemref\s[^>]*>", package):
            href = items.get(re.search(r"""idref\s*=\s*["']([^"']*)""", tag)[1], "")
            name = os.path.normpath(os.path.join(os.path.dirname(opf), href))
            if name in z.namelist() and not re.search(r"\.(jpe?g|png|gif|webp|mp[34])$", name):
                text = re.sub(r"(?s)<(script|style|head)\b.*?</\1>|<!--.*?-->|<!DOCTYPE[^>]*>|<\?[^>]*>", " ", z.read(name).decode("utf-8", "replace"))
                words += _bag(html.unescape(re.sub(r"<[^>]+>", " ", text)))
    return "words", words


# Archives


def _members(path, ext):
    if ext == ".7z":
        import py7zr

        with py7zr.SevenZipFile(path) as z:
            if z.needs_password():
                raise Unknown("encrypted")
            return "members", {f.filename.replace("\\", "/"): f.crc32 or 0 for f in z.list() if not f.is_directory and not f.is_symlink}
    if ext == ".rar":
        import rarfile

        try:
            book = rarfile.RarFile(path)
        except (rarfile.RarCannotExec, rarfile.NeedFirstVolume) as e:
            raise Unknown(str(e)) from None
        with book as r:
            return "members", {i.filename: i.CRC for i in r.infolist() if i.is_file() and not i.needs_password() and i.file_redir is None and i.CRC is not None}
    raise Unknown(ext)


# Shapes


def _coordinates(loaded):
    import shapely

    found = shapely.get_coordinates(loaded.geometry.values) if hasattr(loaded, "geometry") else np.asarray(loaded.points, "f8")
    return sorted(f"{v:.5g}" for v in np.asarray(found, "f8").ravel() if v == v)


def _kml(path, ext):
    if ext == ".kmz":
        with zipfile.ZipFile(path) as z:
            text = "".join(z.read(n).decode("utf-8", "replace") for n in z.namelist() if n.endswith(".kml"))
    else:
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
    text = re.sub(r"(?s)<!--.*?-->", "", text)
    if re.search("<gx:|<(Model|NetworkLink|GroundOverlay|PhotoOverlay|ScreenOverlay)", text):
        raise Unknown("KML of more than places")
    return "numbers", sorted(f"{float(v):.5g}" for c in re.findall(r"<(?:\w+:)?coordinates[^>]*>([^<]*)<", text) for t in c.split() for v in t.split(",")[:2])


def _gml(path, ext):
    """The coordinates in its text, of lines that are not arcs; the third of each is left out where its geometry says that there are three."""
    from lxml import etree

    found = []

    def walk(e, wide):
        name = etree.QName(e).localname if isinstance(e.tag, str) else ""
        wide = int(e.get("srsDimension") or wide)
        if name in ("Envelope", "Box", "boundedBy"):
            return
        if name in ("Arc", "ArcString", "Circle", "CircleByCenterPoint", "ArcByCenterPoint"):
            raise Unknown("arcs")
        if name in ("posList", "pos", "coordinates"):
            text = e.text or ""
            if name == "coordinates":
                found.extend(v for t in text.split() for v in t.split(",")[:2])
            else:
                flat = text.split()
                wide = len(flat) if name == "pos" else wide
                found.extend(v for i, v in enumerate(flat) if i % wide < 2)
        for child in e:
            walk(child, wide)

    walk(etree.parse(path).getroot(), 2)
    return "numbers", sorted(f"{float(v):.5g}" for v in found)


def _shape(path, ext):
    import shapefile

    if ext == ".dbf":
        with open(path, "rb") as f:
            r = shapefile.Reader(dbf=f)
            return "rows", [[x[0] for x in r.fields[1:]], *([cell(v) for v in rec] for rec in r.iterRecords())]
    with open(path, "rb") as f:
        r = shapefile.Reader(shp=f)
        return "numbers", sorted(f"{v:.5g}" for s in r.iterShapes() for p in s.points for v in p)


def _vtk(path, ext):
    import vtkmodules.vtkCommonDataModel  # noqa: F401
    from vtkmodules.vtkIOLegacy import vtkGenericDataObjectReader

    reader = vtkGenericDataObjectReader()
    reader.SetFileName(path)
    reader.Update()
    out = reader.GetOutput()
    if not hasattr(out, "GetNumberOfPoints"):
        raise Unknown("no points")
    return "numbers", sorted(f"{v:.5g}" for i in range(out.GetNumberOfPoints()) for v in out.GetPoint(i))


# HDF5


def _hdf5(path, ext):
    import pyfive

    found = {}

    def visit(group, at):
        for name in group:
            item = group[name]
            if isinstance(item, pyfive.Dataset):
                found[at + name] = _values(item[()])
            elif hasattr(item, "keys"):
                visit(item, f"{at}{name}/")

    visit(pyfive.File(path), "")
    return "arrays", found


def _arrays(loaded):
    found = {}
    if not hasattr(loaded, "visititems"):
        raise Unknown("tables of HDF5")

    def visit(group, at):
        for name in group:
            item = group.get(name)
            if hasattr(item, "keys"):
                visit(item, f"{at}{name}/")
            elif hasattr(item, "shape"):
                found[at + name] = _values(item[()])

    visit(loaded, "")
    return found


def _values(data):
    flat = np.asarray(data)
    return collections.Counter(cell(v) for v in (flat.ravel().tolist() if flat.dtype.kind in "iufbSUO" else []))


READERS = {
    "excel": _workbook, "spreadsheet": _workbook, "parquet": _polars, "avro": _polars, "orc": _orc, "feather": _polars, "arrow": _polars,
    "stata": _statistics, "sas": _statistics, "rdata": _r, "json": _json, "msgpack": _msgpack, "bson": _bson, "presentation": _slides,
    "ebook": _book, "archive": _members, "kml": _kml, "gml": _gml, "geojson": _json, "shapefile": _shape, "vtk": _vtk, "protobuf": _protobuf, "hdf5": _hdf5,
}  # fmt: skip
