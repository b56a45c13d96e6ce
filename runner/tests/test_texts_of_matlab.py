"""Texts in files of MATLAB and Octave: every width, letters beyond two bytes, several rows. The files are put together by the format's
description (MAT-File Format, 1-15 to 1-24), as no program at hand writes them all; Octave counts bytes where MATLAB counts halves of letters."""

import struct
import zlib

import h5py
import numpy as np
import pytest
from attache import loaders

TEXT = "Grüße 𝐀😀"
UNITS = len(TEXT.encode("utf-16-le")) // 2
ROWS = ["abc", "de😀"]


def element(kind, data, order):
    return struct.pack(order + "II", kind, len(data)) + data + bytes(-len(data) % 8)


def chars(name, kind, data, sizes, order="<"):
    parts = [(6, struct.pack(order + "II", 4, 0)), (5, struct.pack(f"{order}{len(sizes)}i", *sizes)), (1, name), (kind, data)]
    return element(14, b"".join(element(k, d, order) for k, d in parts), order)


def within(name, cells, order="<"):
    """A cell array of arrays."""
    parts = [(6, struct.pack(order + "II", 1, 0)), (5, struct.pack(order + "ii", 1, len(cells))), (1, name)]
    return element(14, b"".join(element(k, d, order) for k, d in parts) + b"".join(cells), order)


def load(path, *variables, order="<"):
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(order + "HH", 0x0100, 0x4D49) + b"".join(variables))
    return loaders.load(str(path))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "kind, codec, count", [(16, "utf-8", UNITS), (16, "utf-8", len(TEXT)), (16, "utf-8", len(TEXT.encode())), (4, "utf-16", UNITS), (17, "utf-16", UNITS), (18, "utf-32", len(TEXT)), (6, "utf-32", len(TEXT)), (18, "utf-32", UNITS), (2, "utf-8", len(TEXT.encode()))]
)
def test_widths(kind, codec, count, order, tmp_path):
    data = TEXT.encode(codec + ({"<": "-le", ">": "-be"}[order] if codec != "utf-8" else ""))
    one = lambda name: chars(name, kind, data, (1, count), order)
    found = load(tmp_path / "a.mat", one(b"text"), within(b"cell", [one(b""), chars(b"", 2, b"plain", (1, 5), order)], order), order=order)
    assert found["text"] == TEXT
    assert list(found["cell"]) == [TEXT, "plain"]


def test_packed(tmp_path):
    packed = zlib.compress(chars(b"text", 17, TEXT.encode("utf-16-le"), (1, UNITS)))
    found = load(tmp_path / "a.mat", struct.pack("<II", 15, len(packed)) + packed, chars(b"other", 2, b"abc", (1, 3)))
    assert found == {"text": TEXT, "other": "abc"}


def test_bytes_of_a_code_page(tmp_path):
    assert load(tmp_path / "a.mat", chars(b"t", 1, "Grüße".encode("cp1252"), (1, 5)))["t"] == "Grüße"


def test_rows(tmp_path):
    wide = "".join(c for column in zip(*ROWS) for c in column)
    assert load(tmp_path / "a.mat", chars(b"t", 18, wide.encode("utf-32-le"), (2, 3)))["t"].tolist() == ROWS
    octave = bytes(b for column in zip("äb".encode(), b"cde") for b in column)
    assert load(tmp_path / "b.mat", chars(b"t", 16, octave, (2, 3)))["t"].tolist() == ["äb ", "cde"]


def test_version_73(tmp_path):
    path = tmp_path / "a.mat"
    wide = np.array([[ord(c) for c in r] for r in ROWS], "u4")
    values = {
        "halves": np.frombuffer(TEXT.encode("utf-16-le"), "u2").reshape(-1, 1),
        "letters": np.frombuffer(TEXT.encode("utf-32-le"), "u4").reshape(-1, 1),
        "bytes": np.frombuffer("Grüße".encode(), "u1").reshape(-1, 1),
        "rows": wide.T,
        "old": np.array([[ord(c) for c in r] for r in ("abc", "def")], "u2").T,
    }
    with h5py.File(path, "w", userblock_size=512) as f:
        for name, v in values.items():
            f.create_dataset(name, data=v).attrs["MATLAB_class"] = np.bytes_("char")
        empty = f.create_dataset("none", data=np.zeros(2, "u8"))
        empty.attrs["MATLAB_class"], empty.attrs["MATLAB_empty"] = np.bytes_("char"), np.uint8(1)
        f.create_dataset("n", data=np.array([[1.0, 2.0]]).T).attrs["MATLAB_class"] = np.bytes_("double")
    with open(path, "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    found = loaders.load(str(path))
    assert (found["halves"], found["letters"], found["bytes"], found["none"]) == (TEXT, TEXT, "Grüße", "")
    assert found["rows"].tolist() == ROWS and found["old"].tolist() == ["abc", "def"]
    assert found["n"].tolist() == [1.0, 2.0]
