"""Arrays and grids of MATLAB, IDL, R, netCDF and SPSS: values that are easily read as something else."""

import importlib
import struct

import numpy as np
import pandas as pd
import pytest


def load(path, **options):
    from attache.loaders import load

    return load(path, None, options)


def _mat(path, kind, flags=0, value=None):
    """A variable v of .mat that is stored in bytes, of MATLAB's type with this number."""
    from scipy.io import savemat

    savemat(path, {"v": np.array([[200, 100]], "u1") if value is None else value}, do_compression=False)
    data = bytearray(path.read_bytes())
    data[144:146] = bytes([kind, data[145] | flags])
    path.write_bytes(data)
    return path


def test_matlab_numbers_have_their_type(tmp_path):
    got = load(_mat(tmp_path / "double.mat", 6))["v"]
    assert got.dtype == "f8" and (got * 2).tolist() == [400, 200]  # not 144, as in bytes
    assert load(_mat(tmp_path / "bytes.mat", 9))["v"].dtype == "u1"
    assert load(_mat(tmp_path / "logical.mat", 9, 2, np.array([[1, 0]], "u1")))["v"].tolist() == [True, False]
    assert load(_mat(tmp_path / "complex.mat", 6, 0, np.array([[1 + 2j, 3]])))["v"].tolist() == [1 + 2j, 3]


def test_matlab_objects_are_named(tmp_path, capsys):
    from scipy.io import savemat

    path = tmp_path / "t.mat"
    savemat(path, {"a": 1.5}, do_compression=False)

    def element(kind, data):
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)

    number = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack("<ii", 1, 1)) + element(1, b"") + element(9, struct.pack("<d", 1))
    for name in (b"day", b"words"):
        what = b"datetime" if name == b"day" else b"string"
        parts = element(6, struct.pack("<II", 17, 0)) + element(1, name) + element(1, b"MCOS") + element(1, what) + element(14, number)
        with open(path, "ab") as f:
            f.write(element(14, parts))
    assert sorted(load(path)) == ["a", "day", "words"]
    assert "day (datetime), words (string) can't be read" in capsys.readouterr().err


def test_idl(tmp_path):
    text = lambda b: struct.pack(">i", len(b)) + b + bytes(-len(b) % 4)
    variable = text(b"SIZE") + struct.pack(">iiiii", 3, 0, 7, -5, 0)[:16]
    word = text(b"NAME") + struct.pack(">iiii", 7, 0, 7, 6) + text(b"cheese")
    out, at = b"SR\0\4", 4
    for kind, record in ((2, variable), (2, word), (6, b"")):
        at += 16 + len(record)
        out += struct.pack(">iIII", kind, at, 0, 0) + record
    (tmp_path / "t.sav").write_bytes(out)
    assert load(tmp_path / "t.sav") == {"size": -5, "name": "cheese"}


def _r(body):
    """What R writes as text (saveRDS with ascii = TRUE)."""
    return "A\n2\n197888\n131840\n" + body


def _texts(*values):
    return f"{len(values)}\n" + "".join(f"262153\n{len(v)}\n{v}\n" for v in values)


def _attribute(name, value):
    return f"1026\n1\n262153\n{len(name)}\n{name}\n{value}"


def test_r_keeps_names_and_shapes(tmp_path):
    path = tmp_path / "t.rds"
    path.write_text(_r("528\n" + _texts(*"abcdef") + _attribute("dim", "13\n2\n3\n2\n") + "254\n"))
    assert load(path).tolist() == [["a", "d"], ["b", "e"], ["c", "f"]]
    path.write_text(_r("528\n" + _texts("one", "two") + _attribute("names", "16\n" + _texts("x", "y")) + "254\n"))
    assert load(path).to_dict() == {"x": "one", "y": "two"}


@pytest.mark.parametrize(("frequency", "want"), [(12, ["1949-03", "1949-04"]), (4, ["1949Q1", "1949Q2"]), (1, ["1949", "1950"])])
def test_r_time_series(tmp_path, capsys, frequency, want):
    start = 1949 + 2 / 12 * (frequency == 12)
    tsp = f"14\n3\n{start}\n{start + 1 / frequency}\n{frequency}\n"
    (tmp_path / "t.rds").write_text(_r("782\n2\n112\n118\n" + _attribute("tsp", tsp) + _attribute("class", "16\n" + _texts("ts")) + "254\n"))
    got = load(tmp_path / "t.rds")
    assert got.tolist() == [112, 118] and [str(i) for i in got.index] == want


def test_r_without_words_of_a_library(tmp_path, capsys):
    (tmp_path / "t.rds").write_text(_r("782\n2\n1\n2\n" + _attribute("class", "16\n" + _texts("money")) + "254\n"))
    assert load(tmp_path / "t.rds").tolist() == [1, 2] and not capsys.readouterr().err


def _grid(path, calendar):
    import h5netcdf

    with h5netcdf.File(path, "w") as f:
        f.dimensions = {"time": 2}
        time = f.create_variable("time", ("time",), "f8", data=np.array([0.0, 59.0]))
        time.attrs["units"], time.attrs["calendar"] = "days since 2001-01-01", calendar
        f.create_group("ice/deep").create_variable("depth", ("time",), "f8", data=np.array([1.0, 2.0]))


def test_netcdf_of_another_calendar(tmp_path, capsys, monkeypatch):
    _grid(tmp_path / "t.nc", "360_day")
    got = load(tmp_path / "t.nc")
    assert str(got.time.values[1]).startswith("2001-02-30")
    import xarray
    from attache.loaders import science

    def need(module):
        if module == "cftime":
            raise ModuleNotFoundError(module)
        return importlib.import_module(module)

    read = xarray.open_dataset

    def without(path, **options):
        if options.get("decode_times", True):
            raise ValueError("unable to decode time units 'days since 2001-01-01' with \"calendar '360_day'\"")
        return read(path, **options)

    monkeypatch.setattr(science, "need", need)
    monkeypatch.setattr(xarray, "open_dataset", without)
    assert load(tmp_path / "t.nc").time.values.tolist() == [0, 59] and "the numbers that are stored" in capsys.readouterr().err


def test_netcdf_groups_are_named(tmp_path, capsys):
    _grid(tmp_path / "t.nc", "standard")
    assert list(load(tmp_path / "t.nc").sizes) == ["time"]
    assert "group='ice/deep'" in capsys.readouterr().err
    assert load(tmp_path / "t.nc", group="ice/deep").depth.values.tolist() == [1, 2]


def test_spss_quarters(tmp_path):
    import pyreadstat

    pyreadstat.write_sav(pd.DataFrame({"q": [13_631_500_800.0, np.nan], "n": [1.0, 2.0]}), tmp_path / "t.sav", variable_format={"q": "QYR8"})
    got = load(tmp_path / "t.sav")
    assert got.q.tolist() == [pd.Timestamp(2014, 10, 1), pd.NaT] and got.n.tolist() == [1, 2]


def test_gpx_pulse(tmp_path, capsys):
    point = '<trkpt lat="37.5" lon="-122.5"><ele>3.5</ele><extensions><d:TrackPointExtension><d:hr>{}</d:hr><d:cad>80</d:cad></d:TrackPointExtension></extensions></trkpt>'
    bare = '<trkpt lat="37.5" lon="-122.5"/>'
    (tmp_path / "t.gpx").write_text(
        '<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1" xmlns:d="http://www.garmin.com/xmlschemas/TrackPointExtension/v1"><trk><trkseg>'
        + point.format(171) + bare + point.format(165) + "</trkseg></trk></gpx>"
    )
    got = load(tmp_path / "t.gpx")
    assert got.hr.tolist()[::2] == [171, 165] and got.hr.isna().tolist() == [False, True, False] and got.cad[0] == 80
    assert not [c for c in got.columns if "Extension" in c] and not capsys.readouterr().err


def test_a_map_whose_name_has_an_exclamation_mark(tmp_path):
    (tmp_path / "Sales!.geojson").write_text('{"type": "Point", "coordinates": [1, 2]}')
    assert load(tmp_path / "Sales!.geojson").geometry.x.tolist() == [1]


def test_days_are_dates_in_each_format(tmp_path):
    """The libraries give them as objects of Python, which have no .dt."""
    import datetime

    import fastavro
    import pandas as pd
    import pyreadstat

    from attache.loaders import load

    days = [datetime.date(1583, 1, 1), None, datetime.date(2024, 2, 29)]
    frame = pd.DataFrame({"day": days, "n": [1.0, 2.0, 3.0]})
    pyreadstat.write_sav(frame, str(tmp_path / "t.sav"))
    pyreadstat.write_xport(frame, str(tmp_path / "t.xpt"))
    schema = {"type": "record", "name": "r", "fields": [{"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}]}]}
    with open(tmp_path / "t.avro", "wb") as f:
        fastavro.writer(f, fastavro.parse_schema(schema), [{"day": d} for d in days])
    for name in ("t.sav", "t.xpt", "t.avro"):
        loaded = load(tmp_path / name)["day"]
        assert loaded.dt.year.tolist()[::2] == [1583, 2024] and pd.isna(loaded[1])


def test_an_end_of_line_behind_an_avro_container(tmp_path):
    """As in Avro's lang/js/test/dat/person-10.no-codec.avro; a container that is cut off is refused."""
    import io

    import fastavro
    import pytest

    from attache.loaders import FileLoadError, load

    out = io.BytesIO()
    schema = {"type": "record", "name": "r", "fields": [{"name": "n", "type": "int"}]}
    fastavro.writer(out, fastavro.parse_schema(schema), [{"n": k} for k in range(3)])
    (tmp_path / "t.avro").write_bytes(out.getvalue() + b"\n")
    assert load(tmp_path / "t.avro").n.tolist() == [0, 1, 2]
    (tmp_path / "t.avro").write_bytes(out.getvalue()[:-1])
    with pytest.raises(FileLoadError):
        load(tmp_path / "t.avro")


def test_long_numbers_with_gaps_keep_their_digits(tmp_path):
    """Identifiers of 64 bits would be rounded as floats."""
    import bson
    import fastavro

    from attache.loaders import load

    ids = [2**60 + 1, None, 2**60 + 3]
    rows = [{"id": n, "ok": n and n % 4 == 1} for n in ids]
    schema = {"type": "record", "name": "r", "fields": [{"name": "id", "type": ["null", "long"]}, {"name": "ok", "type": ["null", "boolean"]}]}
    with open(tmp_path / "t.avro", "wb") as f:
        fastavro.writer(f, fastavro.parse_schema(schema), rows)
    (tmp_path / "t.bson").write_bytes(b"".join(bson.encode({"id": r["id"] and bson.Int64(r["id"])}) for r in rows))
    frame = load(tmp_path / "t.avro")
    assert frame["id"].dropna().tolist() == ids[::2] and str(frame["ok"].dtype) == "boolean"
    assert load(tmp_path / "t.bson")["id"].dropna().tolist() == [str(n) for n in ids[::2]]


def test_parquet_with_one_name_twice_and_times_beyond_a_day(tmp_path, capsys):
    """As DuckDB's bug13053-2.parquet and negative-timetz.parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from attache.loaders import load

    pq.write_table(pa.table([pa.array([1, 2]), pa.array([3, 4]), pa.array([5, 6])], ["a", "b", "a"]), tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet").to_dict("list") == {"a": [1, 2], "b": [3, 4], "a.1": [5, 6]}
    assert "a, a.1" in capsys.readouterr().err
    times = pa.array([-60_000, 90_000_000, None], pa.int32()).cast(pa.time32("ms"))
    pq.write_table(pa.table({"t": times, "u": pa.array([1000, 2000, None], pa.int32()).cast(pa.time32("ms"))}), tmp_path / "t.parquet")
    frame = load(tmp_path / "t.parquet")
    assert frame["t"].dropna().dt.total_seconds().tolist() == [-60, 90_000] and str(frame["u"][0]) == "00:00:01"


def test_encrypted_parquet_is_said(tmp_path):
    import base64

    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyarrow.parquet.encryption as pe
    import pytest

    from attache.loaders import FileLoadError, load

    class Plain(pe.KmsClient):
        def __init__(self, config):
            pe.KmsClient.__init__(self)

        def wrap_key(self, key, name):
            return base64.b64encode(key)

    factory = pe.CryptoFactory(Plain)
    for plaintext in (True, False):
        settings = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["a"]}, plaintext_footer=plaintext)
        how = factory.file_encryption_properties(pe.KmsConnectionConfig(), settings)
        with pq.ParquetWriter(tmp_path / "t.parquet", pa.schema([("a", pa.int64())]), encryption_properties=how) as writer:
            writer.write_table(pa.table({"a": [1]}))
        with pytest.raises(FileLoadError, match="is encrypted"):
            load(tmp_path / "t.parquet")
