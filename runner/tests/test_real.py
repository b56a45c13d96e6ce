"""Files of other people's test suites (real/, testdata/SOURCES.md), against what a second reader says of them: VTK itself, pyfive,
R, rarfile, umsgpack, a reading of the specification. Found by tables/compare.py on some thousand such files."""

import datetime
import decimal
import os
import struct
import zipfile
import zlib

import numpy as np
import pandas as pd
import pytest
from attache import loaders
from attache.loaders.source import FileLoadError

REAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "real")


def load(name):
    return loaders.load(os.path.join(REAL, name), {"filename": name})


def refused(name):
    with pytest.raises(FileLoadError) as e:
        load(name)
    return str(e.value)


# As VTK reads it: hexahedron and voxel, strip of four triangles and one, line of two pieces and one.
CELLS = {"hexahedron": 2, "tetra": 1, "quad": 2, "polygon": 1, "triangle": 5, "line": 3, "vertex": 1}


@pytest.mark.parametrize(
    "name, points, cells, point_data, cell_data",
    [
        ("polyEx.vtk", 8, {"quad": 6}, {"my_scalars"}, {"cell_scalars", "cell_normals"}),  # polygons, in text
        ("t.vtk", 64, None, set(), set()),  # polygons, binary
        ("VTKCellTypes.vtk", 27, CELLS, {"scalars", "vectors"}, {"scalars"}),
        ("tensors.vtk", 8, {"hexahedron": 1}, {"scalars", "other_scalars", "tensors1"}, set()),  # a voxel
        ("matrix.vtk", 50, {"quad": 36}, {"values"}, set()),  # a picture, without cells in the file
        ("fieldfile.vtk", 18, None, set(), {"group", "material", "group_and_material"}),
    ],
)
def test_vtk(name, points, cells, point_data, cell_data):
    mesh = load(name)
    assert len(mesh.points) == points
    assert set(mesh.point_data) == point_data and set(mesh.cell_data) == cell_data
    if cells:
        found = {}
        for block in mesh.cells:
            found[block.type] = found.get(block.type, 0) + len(block.data)
        assert found == cells
    for values in mesh.cell_data.values():
        assert [len(v) for v in values] == [len(b.data) for b in mesh.cells]


def test_a_voxel_is_a_hexahedron_whose_points_go_around():
    (block,) = load("tensors.vtk").cells
    x = load("tensors.vtk").points[block.data[0]]
    around = [np.linalg.norm(x[a] - x[b]) for a, b in zip([0, 1, 2, 3], [1, 2, 3, 0])]
    assert np.allclose(around, around[0])  # four edges of one length, no diagonal


def test_colours_and_texts_of_vtk(tmp_path):
    colours = load("vecAnim1.vtk").point_data["texture"]  # written as parts of one
    assert colours.dtype == "u1" and colours[2].tolist() == [255, 64]
    path = tmp_path / "f.vtk"
    path.write_text("# vtk DataFile Version 3.0\nx\nASCII\nFIELD d 2\nname 1 2 string\nSome%20text\nb\nn 1 2 int\n1 2\n")
    assert loaders.load(str(path)).to_dict("list") == {"name": ["Some text", "b"], "n": [1, 2]}


def test_hdf5():
    frame = load("smpl_compound_chunked.h5")  # big-endian
    assert frame["a_name"].tolist() == list(range(6)) and frame["a_name"].sum() == 15
    assert frame["a_name"].astype("str").tolist() == list("012345")
    assert load("smpl_f64be.h5")["TestArray"][()].ravel()[:3].tolist() == [0.0, 1.0, 2.0]
    assert load("blosc_bigendian.h5")["i4"][()].tolist() == list(range(10))


def test_what_hdf5_has_and_python_not(capsys):
    assert "compressed by lzo" in refused("Tables_lzo1.h5")
    file = load("float.h5")
    assert "quadprecision (numbers of a type that Python has not)" in capsys.readouterr().err
    assert file["float32"][()].shape == (5, 10) or len(file) > 1


@pytest.mark.parametrize("name", ["joblib_0.10.0_zlib.pkl", "joblib_0.12.2_lz4.pkl"])
def test_joblib(name):
    first, second, third, *_ = load(name)
    assert first.tolist() == [0, 1, 2, 3, 4] and second.dtype == "float64" and third[1] == "abc"


def test_pickles_of_python_2(tmp_path):
    for name, data in {"text.pkl": b"(dp0\nS'name'\np1\nS'caf\\xc3\\xa9'\np2\ns.", "short.pkl": b"\x80\x02}q\x00U\x04nameq\x01U\x05caf\xc3\xa9q\x02s."}.items():
        (tmp_path / name).write_bytes(data)
        assert loaders.load(str(tmp_path / name)) == {"name": "café"}
    assert "in Python 2" in refused("joblib_0.10.0_pickle_py27_np17.pkl")


def test_what_r_saves():
    assert load("dataframe_rownames.rda").to_dict("list") == {"class": ["a", "b", "b"], "value": [1, 2, 3]}
    for name in ("test_ascii_v3.rds", "test_ascii_win_v3.rda"):
        number, whole, imaginary, missing, text = load(name)
        assert number.tolist() == [1.1] and whole.tolist() == [2] and imaginary.tolist() == [3 + 4j] and text.tolist() == ["aä"]


def _rds(kind, values, attributes):
    """An .rds in text: a vector of floats with attributes that are texts."""
    lines = ["A", "2", "262914", "131840", str(14 + 256 + 512), str(len(values)), *map(repr, values)]
    for name, texts in attributes.items():
        lines += ["1026", "1", "262153", str(len(name)), name, "16", str(len(texts))]
        for t in texts:
            lines += ["262153", str(len(t)), t]
    return "\n".join([*lines, "254", ""]).encode()


def test_dates_and_times_of_r(tmp_path):
    path = tmp_path / "x.rds"

    def of(values, **attributes):
        path.write_bytes(_rds("x", values, {("class" if k == "kind" else k): v for k, v in attributes.items()}))
        return pd.Series(loaders.load(str(path)))

    assert of([18262.0, 18262.5], kind=["Date"]).dt.date.astype("str").tolist() == ["2020-01-01", "2020-01-01"]
    assert of([1357034400.0], kind=["POSIXct", "POSIXt"], tzone=["UTC"]).tolist() == [pd.Timestamp("2013-01-01 10:00")]
    assert of([1357034400.0], kind=["POSIXct", "POSIXt"], tzone=["America/New_York"]).astype("str").tolist() == ["2013-01-01 05:00:00-05:00"]
    assert of([90.0], kind=["difftime"], units=["mins"]).tolist() == [pd.Timedelta(minutes=90)]


def test_places(capsys):
    assert load("twopoints.kml").geometry.x.round(1).tolist() == [-122.1, -120.1]  # beside one another, without a document
    assert load("linear_ring.kml").geometry.iloc[0].geom_type == "LineString"  # a bare ring
    assert load("timespan.kml").geometry.iloc[0].is_valid  # a ring that was not closed
    assert load("polygon.kml").geometry.iloc[0].bounds == (-1.5, 2.0, -1.0, 3.0)  # a shape alone
    assert "is a graph" in refused("fsm.gml")


def test_two_holes_in_one_boundary(tmp_path):
    ring = lambda *xy: "<LinearRing><coordinates>" + " ".join(f"{x},{y}" for x, y in xy) + "</coordinates></LinearRing>"
    square = lambda a, b: ring((a, a), (b, a), (b, b), (a, b), (a, a))
    path = tmp_path / "holes.kml"
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><Polygon><outerBoundaryIs>' + square(0, 10) + "</outerBoundaryIs><innerBoundaryIs>"
        + square(1, 2) + square(3, 4) + "</innerBoundaryIs></Polygon></Placemark></Document></kml>"
    )  # fmt: skip
    assert loaders.load(str(path)).geometry.iloc[0].area == 98


def test_books(tmp_path):
    for name in ("lorem-ipsum.epub", "lorem-ipsum.mobi", "lorem-ipsum.azw3.mobi"):
        text = load(name)
        assert "Lorem ipsum dolor sit amet, consectetur adipiscing elit" in text, name
        assert "<" not in text and "\x00" not in text
    palm = tmp_path / "old.mobi"
    words = b"Call me Ishmael. " * 10
    head = struct.pack(">HHIHHI", 1, 0, len(words), 1, 4096, 0)
    palm.write_bytes(b"old".ljust(32, b"\0") + bytes(28) + b"TEXtREAd" + bytes(8) + struct.pack(">H", 2) + struct.pack(">II", 96, 0) + struct.pack(">II", 96 + len(head), 1) + bytes(2) + head + words)
    assert loaders.load(str(palm)).startswith("Call me Ishmael.")


def _book(path, algorithm, pages):
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("mimetype", "application/epub+zip")
        z.writestr("META-INF/container.xml", '<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>')
        items = "".join(f'<item id="{i}" href="{n}" media-type="{t}"/>' for i, (n, t, _) in enumerate(pages))
        z.writestr("a.opf", f"<package><manifest>{items}</manifest><spine>" + "".join(f'<itemref idref="{i}"/>' for i in range(len(pages))) + "</spine></package>")
        z.writestr(
            "META-INF/encryption.xml",
            f'<e><EncryptedData><EncryptionMethod Algorithm="{algorithm}"/><CipherData><CipherReference URI="{pages[0][0] if "aes" in algorithm else "a.otf"}"/></CipherData></EncryptedData></e>',
        )
        for name, _, content in pages:
            z.writestr(name, content)


def test_a_book_is_not_encrypted_because_its_fonts_are(tmp_path):
    pages = [("1.xhtml", "application/xhtml+xml", "<p>One<b>fine</b> day</p>"), ("2.jpg", "image/jpeg", b"\xff\xd8\xff\xe0<p>no"), ("3.svg", "image/svg+xml", "<svg><text>drawn</text></svg>")]
    _book(tmp_path / "a.epub", "http://www.idpf.org/2008/embedding", pages)
    assert loaders.load(str(tmp_path / "a.epub")) == "Onefine day\n\ndrawn"  # and a picture is no text
    _book(tmp_path / "b.epub", "http://www.w3.org/2001/04/xmlenc#aes128-cbc", pages)
    with pytest.raises(FileLoadError, match="is encrypted"):
        loaders.load(str(tmp_path / "b.epub"))


def test_slides_of_openoffice():
    assert any("item" in s.lower() or s for s in load("ol.odp"))


def test_archives_of_rar(capsys):
    assert "one part of an archive" in refused("rar5-vols.part3.rar")
    box = load("unicode.rar")
    assert box.names == ["уииоотивл.txt", "𝐀𝐁𝐁𝐂.txt"]
    assert {n: zlib.crc32(load("rar5-blake.rar").read(n)) for n in load("rar5-blake.rar").names} == {"stest1.txt": 3317163682, "stest2.txt": 3317163682}


def test_documents_of_mongodb():
    (frame,) = [load("all_types.bson")]
    assert len(frame) >= 1
    nested = load("deep_nested.bson")
    depth = 0
    while isinstance(nested, dict) and nested:
        nested, depth = next((v for v in nested.values() if isinstance(v, dict)), None), depth + 1
    assert depth > 50


def test_messagepack(tmp_path):
    assert load("basic.msgpack") is not None
    path = tmp_path / "far.msgpack"
    path.write_bytes(bytes.fromhex("c70cff00000000000000ffffffffff"))  # a time beyond the year 9999
    assert loaders.load(str(path)).seconds == 0xFFFFFFFFFF


def test_messagepack_that_reads_as_text():
    """Its bytes are letters but for the marks between them; the kind of its name is believed, as it is no UTF-8."""
    value = load("base64-str.msgpack")
    assert value["string"] == "The quick brown fox jumps over the lazy dog" and value["empty"] == "" and value["short"] == "Lg=="
    assert len(value) == 7


@pytest.mark.parametrize("data, value", [(b"\xa5hello", "hello"), (b"\x81\xa1a\xa1b", {"a": "b"}), (b"\x93\xa1a\xa1b\xa1c", ["a", "b", "c"]), (b"A", 65), (b"\x91\x80", [{}])])
def test_small_messagepack(data, value, tmp_path):
    path = tmp_path / "x.msgpack"
    path.write_bytes(data)
    assert loaders.load(str(path)) == value


@pytest.mark.parametrize("text, value", [("Straße und Weg", "Straße und Weg"), ("€uro, naïve", "€uro, naïve"), ('{"a": 1}', {"a": 1})])
def test_text_named_messagepack_is_text(text, value, tmp_path):
    path = tmp_path / "x.msgpack"
    path.write_text(text, encoding="utf-8")
    assert loaders.load(str(path)) == value


def test_messagepack_with_types_of_the_format():
    value = load("base64-bin-ext.msgpack")
    assert value["ext -128 sha512"][0] == -128 and len(value["ext -128 sha512"][1]) == 64
    assert value["ext 127 md5"].code == 127


def test_protobuf_that_reads_as_text(tmp_path):
    """Field 1 and field 2, ten and twelve letters each: tags and lengths are line breaks and blanks to a reader of text."""
    path = tmp_path / "x.pb"
    path.write_bytes(b"\x0a\x0aabcdefghij\x0a\x0cabcdefghijkl")
    assert loaders.load(str(path)) == {1: ["abcdefghij", "abcdefghijkl"]}


def test_times_of_sas():
    """As pyreadstat reads them; a year or a month and year are the dates that are stored."""
    frame = load("date_test.sas7bdat.gz")
    first = frame.iloc[0]
    assert first["tm1"] == datetime.time(11, 20, 10) and first["dt1"] == pd.Timestamp("2020-12-09 14:05")
    assert [str(first[c].date()) for c in ("dtc1", "dtc2", "dtc3", "dtc4", "yr")] == ["2022-01-01", "1970-11-14", "1999-12-31", "2023-07-01", "2023-01-01"]
    assert frame["patno"].tolist() == [1001.0 + i for i in range(20)]


def test_times_of_stata(tmp_path):
    path = tmp_path / "t.dta"
    days = pd.to_datetime(["1960-01-01 10:10:10", None, "1960-01-01 23:59:59"])
    pd.DataFrame({"clock": days, "stamp": days}).to_stata(path, convert_dates={"clock": "tc", "stamp": "tc"}, write_index=False, version=118)
    data = path.read_bytes()
    assert data.count(b"%tc" + bytes(9)) == 2
    path.write_bytes(data.replace(b"%tc" + bytes(9), b"%tcHH:MM:SS" + bytes(1), 1))
    frame = loaders.load(str(path))
    assert frame["clock"].tolist() == [datetime.time(10, 10, 10), None, datetime.time(23, 59, 59)]
    assert frame["stamp"].tolist()[0] == pd.Timestamp("1960-01-01 10:10:10")


def test_times_that_orc_cannot_hold(capsys):
    assert load("overflowing_timestamps.orc")["id"].tolist()[0] == 1
    assert "left out timestamp" in capsys.readouterr().err


def test_a_union_of_arrow(tmp_path):
    import pyarrow as pa

    kinds = pa.array([0, 1, 0], pa.int8())
    either = pa.UnionArray.from_sparse(kinds, [pa.array([1, None, 3]), pa.array([None, "b", None])])
    path = tmp_path / "u.arrow"
    table = pa.table({"a": [1, 2, 3], "u": either, "z": ["x", "y", "z"]})
    with pa.OSFile(str(path), "wb") as f, pa.ipc.new_file(f, table.schema) as w:
        w.write_table(table)
    frame = loaders.load(str(path))
    assert frame.to_dict("list") == {"a": [1, 2, 3], "u": [1, "b", 3], "z": ["x", "y", "z"]}


def test_columns_of_one_name(tmp_path):
    fields = [(b"ID", b"N", 3), (b"V", b"N", 3), (b"V", b"N", 3), (b"STREET", b"C", 12)]
    records = [(1, 10, 20, "Straße"), (2, 11, 21, "Weg")]
    head = bytes([3, 24, 1, 1]) + struct.pack("<IHH", len(records), 33 + 32 * len(fields), 1 + sum(f[2] for f in fields)) + bytes(16) + b"\x03\0\0\0"[:4]
    data = head[:29] + b"\x57" + bytes(2)
    for name, kind, size in fields:
        data += name.ljust(11, b"\0") + kind + bytes(4) + bytes([size, 0]) + bytes(14)
    data += b"\r" + b"".join(b" " + b"".join(str(v).encode().rjust(f[2]) if f[1] == b"N" else v.encode().ljust(f[2]) for v, f in zip(r, fields)) for r in records) + b"\x1a"
    path = tmp_path / "two.dbf"
    path.write_bytes(data)
    frame = loaders.load(str(path))
    assert frame.to_dict("list") == {"ID": [1, 2], "V": [10, 11], "V.1": [20, 21], "STREET": ["Straße", "Weg"]}


def test_decimal_commas_of_dbf(tmp_path, capsys):
    """Written by ArcGIS under a European locale; GDAL reads 79,68 as 79."""
    fields = [(b"NAME", b"C", 6, 0), (b"LENGTH", b"N", 8, 3), (b"AREA", b"N", 8, 3)]
    records = [("Italy", "79,684", "33.5"), ("Malta", "-0,25", "1.25"), ("Nauru", "", "7")]
    head = bytes([3, 124, 1, 1]) + struct.pack("<IHH", len(records), 33 + 32 * len(fields), 1 + sum(f[2] for f in fields)) + bytes(20)
    head += b"".join(name.ljust(11, b"\0") + kind + bytes(4) + bytes([width, digits]) + bytes(14) for name, kind, width, digits in fields) + b"\r"
    rows = b"".join(b" " + a.encode().ljust(6) + b.encode().rjust(8) + c.encode().rjust(8) for a, b, c in records)
    path = tmp_path / "x.dbf"
    path.write_bytes(head + rows + b"\x1a")
    frame = loaders.load(str(path))
    assert frame["LENGTH"].tolist()[:2] == [79.684, -0.25] and pd.isna(frame["LENGTH"][2])
    assert frame["AREA"].tolist() == [33.5, 1.25, 7.0] and frame["NAME"].tolist() == ["Italy", "Malta", "Nauru"]
    assert "LENGTH has decimal commas" in capsys.readouterr().err


@pytest.mark.parametrize("before", [b"", b" ", b"\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00"])
def test_dicom_that_begins_within_its_header(before, tmp_path, capsys):
    """As pydicom's no_meta.dcm, which begins with the last byte of its header."""
    import pydicom

    whole = pydicom.dcmread(os.path.join(REAL, "..", "testdata", "MR_small.dcm"))
    with open(os.path.join(REAL, "..", "testdata", "MR_small.dcm"), "rb") as f:
        data = f.read()
    path = tmp_path / "x.dcm"
    path.write_bytes(before + data[data.index(b"\x08\x00\x08\x00CS") :])
    found = loaders.load(str(path))
    assert found.Modality == "MR" and (found.pixel_array == whole.pixel_array).all()
    assert ("left out" in capsys.readouterr().err) == bool(before)
    path.write_bytes(b"no picture at all, but text of some length\x00\x01" * 20)
    with pytest.raises(FileLoadError, match="is not DICOM"):
        loaders.load(str(path))


def test_decimals_longer_than_those_of_arrow(tmp_path):
    """BIGNUMERIC of BigQuery; the values are those of DuckDB's test of this file."""
    frame = load("bigdecimal.parquet")
    assert frame["bigdec"][0] == decimal.Decimal("0.5") and frame["bigdec"][1] == decimal.Decimal("-0.5")
    assert str(frame["bigdec"][2]).startswith("123456789123456789123456789.123456789") and frame["bigdec"][2].copy_negate() == frame["bigdec"][3]
    assert frame["bigdec"][4] == decimal.Decimal(2**255 - 1).scaleb(-38, decimal.Context(prec=100))
    assert load("byte_array_decimal_empty_value.parquet")["value"].tolist() == [decimal.Decimal(n) for n in [*range(1, 24), 0]]


def test_maps_whose_keys_may_be_missing():
    """Which Arrow refuses; DuckDB reads it as {parent=another, name=report}."""
    assert load("incorrect_map_schema.parquet")["my_map"].tolist() == [[("parent", "another"), ("name", "report")]]


def test_decimals_beside_other_columns(tmp_path):
    """The schema is written anew, and all that stands beside such a column stays as it is."""
    import pyarrow as pa
    from pyarrow import parquet

    from attache.loaders import parquet_schema

    long = pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-7.25")], pa.decimal128(30, 2))
    table = pa.table({"n": [1, None, 3], "long": long, "when": pa.array([1, 2, None], pa.timestamp("us", "UTC")), "list": [[1], [], [2, 3]], "text": ["a", "b", None], **{f"c{i}": [i] * 3 for i in range(20)}})
    parquet.write_table(table, tmp_path / "a.parquet")
    scales, file = parquet_schema.reader(tmp_path / "a.parquet", parquet)
    read = file.read()
    assert scales == {"long": 2} and read.drop_columns(["long"]).equals(table.drop_columns(["long"]))
    assert parquet_schema.numbers(read.column("long").to_pylist(), 2) == long.to_pylist()
