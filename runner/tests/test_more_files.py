"""Valid files of other kinds than text that were once refused or read as something else."""

import io
import struct

import pytest
from attache.loaders import load


def loaded(tmp_path, name, data):
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return load(tmp_path / name, None, {})


RECORDS = {
    "people.ldif": "dn: cn=a\ncn: a\nsn: b\n\ndn: cn=b\ncn: b\nsn: c\n",
    "film.srt": "1\n00:00:01,000 --> 00:00:04,000\nHello, you\n\n2\n00:00:05,000 --> 00:00:06,500\nWorld, too\n",
    "film.vtt": "WEBVTT\n\n00:01.000 --> 00:04.000\nHello, you\n\n00:05.000 --> 00:06.000\nWorld, too\n",
    "family.ged": "0 HEAD\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME A /B/\n0 TRLR\n",
    "books.ris": "TY  - JOUR\nTI  - X, Y\nPY  - 2020\nER  - \n",
    "letter.eml": "Return-Path: <a@b.c>\nReceived: from x\n\tby y; today\nSubject: Hi\n\nBody: 1\nBody: 2\n",
    "box.mbox": "From a@b.c Tue Nov  5 10:00:00 2024\nSubject: Hi\nDate: today\n\nBody\n",
}


@pytest.mark.parametrize("name", RECORDS)
def test_names_and_values_are_text(tmp_path, name):
    assert loaded(tmp_path, name, RECORDS[name]) == RECORDS[name]


def riff(form, bits, samples, order="<", channels=1):
    wide = (bits + 7) // 8
    data = b"".join((v << (8 * wide - bits)).to_bytes(wide, "little" if order == "<" else "big", signed=True) for v in samples)
    fmt = struct.pack(order + "IHHIIHH", 16, 1, channels, 8000, 8000 * wide * channels, wide * channels, bits)
    return form + struct.pack(order + "I", 4 + 8 + 16 + 8 + len(data)) + b"WAVEfmt " + fmt + b"data" + struct.pack(order + "I", len(data)) + data


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_sound_with_the_high_byte_first(tmp_path, bits):
    found = loaded(tmp_path, "a.wav", riff(b"RIFX", bits, [0, 1 << (bits - 2), -(1 << (bits - 1)), 5], ">"))
    assert found["waveform"][:3].tolist() == [0.0, 0.5, -1.0] and found["sample_rate"] == 8000 and found["channels"] == 1 and found["duration"] == 0.001


@pytest.mark.parametrize("bits", [36, 45, 64])
def test_sound_of_a_rare_width(tmp_path, bits):
    found = loaded(tmp_path, "a.wav", riff(b"RIFF", bits, [0, 0, 1 << (bits - 2), 0, -(1 << (bits - 1)), 0], channels=2))
    assert found["waveform"].tolist() == [[0.0, 0.0], [0.5, 0.0], [-1.0, 0.0]] and found["channels"] == 2


def test_metadata_of_avro_that_are_bytes(tmp_path):
    import fastavro

    out = io.BytesIO()
    fastavro.writer(out, {"type": "record", "name": "r", "fields": [{"name": "n", "type": "long"}]}, [{"n": 1}, {"n": 2}], codec="deflate")
    data = out.getvalue()
    assert data[:4] == b"Obj\x01" and data[4] == 4  # two entries follow
    entry = bytes([2 * 9]) + b"avro.sync" + bytes([2 * 4]) + b"\xd7\x51\x98\x05"
    assert loaded(tmp_path, "a.avro", data[:4] + bytes([6]) + entry + data[5:])["n"].tolist() == [1, 2]


def test_frames_that_are_no_number(tmp_path, capsys):
    import pydicom

    with open(__file__.replace("test_more_files.py", "testdata/MR_small.dcm"), "rb") as f:
        data = pydicom.dcmread(f)
    element = struct.pack("<HH2sH", 0x28, 8, b"IS", 2) + b"1A"
    out = io.BytesIO()
    data.save_as(out)
    bare = out.getvalue()
    at = bare.index(struct.pack("<HH2s", 0x28, 0x10, b"US"))  # Rows, which follow
    found = loaded(tmp_path, "a.dcm", bare[:at] + element + bare[at:])
    assert found.Rows == data.Rows and found.PixelData == data.PixelData and "no number" in capsys.readouterr().err


def test_places_in_parquet(tmp_path):
    geopandas = pytest.importorskip("geopandas")
    from shapely.geometry import Point

    frame = geopandas.GeoDataFrame({"n": [1, 2]}, geometry=[Point(11.5, 48.1), None], crs="EPSG:4326")
    frame.to_parquet(tmp_path / "a.parquet")
    found = load(tmp_path / "a.parquet", None, {})
    assert (found.geometry.iloc[0].x, found.geometry.iloc[0].y, found.geometry.iloc[1]) == (11.5, 48.1, None) and found.crs.to_epsg() == 4326 and found["n"].tolist() == [1, 2]


HEAD = b"X\n" + struct.pack(">iii", 2, 0x30500, 0x20300)
BYTES = struct.pack(">ii", 24, 3) + bytes([7, 0, 255])


def test_bytes_of_r(tmp_path):
    assert loaded(tmp_path, "a.rds", HEAD + BYTES).tolist() == [7, 0, 255]
    pair = loaded(tmp_path, "b.rds", HEAD + struct.pack(">ii", 19, 2) + BYTES + struct.pack(">iid", 14, 1, 1.5))
    assert [list(v) for v in pair] == [[7, 0, 255], [1.5]]


STATEMENTS = [
    ("Account,DE1\nPeriod,01.2024\n\nDate;Text;Amount\nNo transactions found\n", ["Date", "Text", "Amount"]),
    ("Date,Text,Amount\nNo transactions found,,\n", ["Date", "Text", "Amount"]),
    ("Konto;DE1\n\nBuchungstag;Zweck;Betrag\nEs sind keine Umsätze vorhanden.\n", ["Buchungstag", "Zweck", "Betrag"]),
    ("Дата;Описание;Сумма\nНет операций за период\n", ["Дата", "Описание", "Сумма"]),
]


@pytest.mark.parametrize("text, names", STATEMENTS)
def test_a_statement_that_says_there_is_nothing(tmp_path, capsys, text, names):
    frame = loaded(tmp_path, "a.csv", text)
    assert list(frame.columns) == names and len(frame) == 0 and "has no rows" in capsys.readouterr().err


def test_such_a_statement_in_a_workbook(tmp_path, capsys):
    import openpyxl

    book = openpyxl.Workbook()
    for row in [["Account", "DE1"], [], ["Date", "Text", "Amount"], ["No transactions found"]]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    frame = load(tmp_path / "a.xlsx", None, {})
    assert list(frame.columns) == ["Date", "Text", "Amount"] and len(frame) == 0 and "has no rows" in capsys.readouterr().err


def test_a_row_that_only_sounds_so(tmp_path):
    frame = loaded(tmp_path, "a.csv", "what,n,v\nNo data for it,2,3\n")
    assert frame["what"].tolist() == ["No data for it"] and frame["v"].tolist() == [3]
