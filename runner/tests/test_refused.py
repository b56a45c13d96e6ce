"""Valid files that look like damaged or foreign ones at first."""

import gzip
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from attache.loaders import load
from attache.loaders.source import FileLoadError

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})


def avro(codec):
    """An Avro container with a block that is compressed by Arrow."""
    import pyarrow as pa
    from attache.loaders.avro import _long

    body = b"".join(_long(a) + _long(len(b)) + b.encode() for a, b in FRAME.itertuples(index=False))
    if codec == "snappy":
        import zlib

        block = pa.Codec("snappy").compress(body, asbytes=True) + zlib.crc32(body).to_bytes(4, "big")
    else:
        block = pa.Codec("zstd").compress(body, asbytes=True)
    schema = json.dumps({"type": "record", "name": "r", "fields": [{"name": "a", "type": "long"}, {"name": "b", "type": "string"}]}).encode()
    text = lambda b: _long(len(b)) + b
    mark = bytes(range(16))
    return b"Obj\x01" + _long(2) + text(b"avro.schema") + text(schema) + text(b"avro.codec") + text(codec.encode()) + _long(0) + mark + _long(3) + _long(len(block)) + block + mark


@pytest.mark.parametrize("codec", ["snappy", "zstandard"])
def test_avro_in_snappy_and_zstandard(tmp_path, codec):
    (tmp_path / "t.avro").write_bytes(avro(codec))
    assert load(tmp_path / "t.avro").equals(FRAME.astype({"b": "str"}))
    (tmp_path / "cut.avro").write_bytes(avro(codec)[:-20])
    with pytest.raises(FileLoadError):
        load(tmp_path / "cut.avro")


def test_a_compressed_picture_in_fits(tmp_path):
    from astropy.io import fits

    picture = np.arange(10000, dtype="int16").reshape(100, 100) % 7
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(picture)]).writeto(tmp_path / "t.fits")
    assert (load(tmp_path / "t.fits")[1].data == picture).all()
    data = (tmp_path / "t.fits").read_bytes()
    (tmp_path / "cut.fits").write_bytes(data[: len(data) // 2])
    with pytest.raises(FileLoadError, match="cut off"):
        load(tmp_path / "cut.fits")


def dicom(path, pixels, photometric="MONOCHROME2", samples=1):
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = meta.MediaStorageSOPClassUID, "1.2.3", "OT"
    ds.Rows = ds.Columns = 4
    ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = samples, 8, 8, 7, 0
    ds.PhotometricInterpretation = photometric
    if pixels:
        ds.PixelData = bytes(pixels)
    ds.save_as(path, enforce_file_format=True)


def test_dicom_of_shared_colours_and_without_a_picture(tmp_path, capsys):
    dicom(tmp_path / "ybr.dcm", 32, "YBR_FULL_422", 3)
    assert load(tmp_path / "ybr.dcm").PhotometricInterpretation == "YBR_FULL_422"
    dicom(tmp_path / "none.dcm", 0)
    assert load(tmp_path / "none.dcm").Rows == 4
    assert "no picture" in capsys.readouterr().err
    dicom(tmp_path / "short.dcm", 8)
    with pytest.raises(FileLoadError, match="cut off"):
        load(tmp_path / "short.dcm")


def test_spss_with_a_date_of_no_year(tmp_path, capsys):
    import pyreadstat

    frame = pd.DataFrame({"day": [1.4e10, 1e15, np.nan], "n": [1.0, 2.0, 3.0]})
    pyreadstat.write_sav(frame, tmp_path / "t.sav", variable_format={"day": "DATE11"})
    got = load(tmp_path / "t.sav")
    assert got["day"].isna().tolist() == [False, True, True] and got["day"].iloc[0].year == 2026
    assert "1 date(s) beyond the year 9999" in capsys.readouterr().err


def test_spss_portable(tmp_path):
    import pyreadstat

    pyreadstat.write_por(FRAME.rename(columns=str.upper), str(tmp_path / "t.por"))
    assert load(tmp_path / "t.por")["A"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("version", [5, 8])
def test_sas_transport_with_dates(tmp_path, version):
    import datetime

    import pyreadstat

    frame = pd.DataFrame({"DAY": [datetime.date(2018, 5, 6)] * 3, "N": [1.0, 2.0, 3.0]})
    pyreadstat.write_xport(frame, str(tmp_path / "t.xpt"), file_format_version=version)
    got = load(tmp_path / "t.xpt")
    assert str(got["DAY"].iloc[0])[:10] == "2018-05-06" and got["N"].tolist() == [1, 2, 3]


def test_a_workbook_whose_parts_lie_elsewhere(tmp_path):
    FRAME.to_excel(tmp_path / "plain.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as z, zipfile.ZipFile(tmp_path / "t.xlsx", "w") as out:
        for name in z.namelist():
            data = z.read(name)
            if name.endswith((".rels", "[Content_Types].xml")):
                data = data.replace(b"xl/", b"book/")
            out.writestr(name.replace("xl/", "book/"), data)
    assert load(tmp_path / "t.xlsx")["a"].tolist() == [1, 2, 3]


def test_a_sheet_of_opendocument_without_its_type(tmp_path):
    import os

    source = os.path.join(os.path.dirname(__file__), "testdata", "pythagoras.ods")
    with zipfile.ZipFile(source) as z, zipfile.ZipFile(tmp_path / "t.ods", "w") as out:
        for name in z.namelist():
            if name != "mimetype":
                out.writestr(name, z.read(name))
    assert load(tmp_path / "t.ods").equals(load(source))


def test_encrypted_workbooks_need_a_password(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr("META-INF/manifest.xml", '<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>')
        z.writestr("content.xml", b"\x00\x01")
    with pytest.raises(FileLoadError, match="protected by a password"):
        load(tmp_path / "t.ods")


@pytest.mark.parametrize("name", ["t.txt", "t.psv", "t.unknown"])
def test_tables_by_other_names(tmp_path, name):
    d = "|" if name == "t.psv" else "\t"
    (tmp_path / name).write_text(f"id{d}name\n" + "".join(f"{i}{d}n{i}\n" for i in range(50)))
    assert load(tmp_path / name).shape == (50, 2)


def test_texts_stay_texts(tmp_path):
    (tmp_path / "t.txt").write_text("Dear all,\nI write, as you know,\nbecause of it,\nand so on,\nyours, me\n")
    assert isinstance(load(tmp_path / "t.txt"), str)


def test_features_in_json(tmp_path):
    place = {"type": "Feature", "properties": {"n": 1}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    (tmp_path / "t.json").write_text(json.dumps({"type": "FeatureCollection", "features": [place]}))
    assert load(tmp_path / "t.json").geometry.iloc[0].x == 1


def test_records_in_an_answer(tmp_path, capsys):
    (tmp_path / "t.json").write_text(json.dumps({"status": "ok", "count": 2, "data": [{"a": 1}, {"a": 2}]}))
    assert load(tmp_path / "t.json")["a"].tolist() == [1, 2]
    assert "status, count" in capsys.readouterr().err
    assert load(tmp_path / "t.json", None, {"raw": True})["status"] == "ok"


def test_a_zip_with_one_table(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as z:
        z.writestr("sub/t.csv", "a,b\n1,2\n")
    assert load(tmp_path / "t.zip").shape == (1, 2)
    assert "one table" in capsys.readouterr().err


def test_gzip_by_another_name(tmp_path):
    (tmp_path / "t.csv").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert load(tmp_path / "t.csv").shape == (1, 2)


def test_orc_with_a_time_zone(tmp_path, monkeypatch):
    """Without the system's own zones, as in the sandbox."""
    import os

    import pyarrow as pa
    from pyarrow import orc

    table = pa.table({"t": pa.array([pd.Timestamp("2024-01-31 10:00")], pa.timestamp("ns"))})
    orc.write_table(table, tmp_path / "t.orc")
    there = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda p: p not in ("/usr/share/zoneinfo/UTC", "/etc/localtime") and there(p))
    monkeypatch.delenv("TZDIR", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    assert load(tmp_path / "t.orc")["t"].iloc[0] == pd.Timestamp("2024-01-31 10:00")
    assert there(os.path.join(os.environ["TZDIR"], "Europe", "Berlin"))
    os.environ.pop("TZDIR")


def test_a_duckdb_database_is_called_so(tmp_path):
    (tmp_path / "t.db").write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 4000)
    with pytest.raises(FileLoadError, match="DuckDB"):
        load(tmp_path / "t.db")
