"""Files as other test suites have them: KMZ of several documents (OGC's KML 2.3, 2.2), BSON (the specification's corpus), 7z (py7zr)."""

import zipfile

import pytest
from attache import loaders
from attache.loaders.source import FileLoadError

SPACE = 'xmlns="http://www.opengis.net/kml/2.2"'
POINTS = "<Folder><name>Points</name>{}</Folder>"
PLACE = "<Placemark><name>{}</name><Point><coordinates>{},0</coordinates></Point></Placemark>"


def places(*names):
    return "".join(PLACE.format(n, i) for i, n in enumerate(names))


def test_several_documents_of_a_kmz_with_layers_of_one_name(tmp_path):
    path = tmp_path / "a.kmz"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("0.kml", f"<kml {SPACE}><NetworkLink><Link><href>doc.kml</href></Link></NetworkLink></kml>")
        for name, inner in {"doc.kml": POINTS.format(places("a")) + POINTS.format(places("b", "c")), "more.kml": POINTS.format(places("d", "e")), "files/third.kml": POINTS.format(places("f"))}.items():
            z.writestr(name, f"<kml {SPACE}><Document>{inner}</Document></kml>")
    frame = loaders.load(str(path))
    assert sorted(frame["Name"]) == list("abcdef")
    assert frame["layer"].nunique() == 4


@pytest.mark.parametrize(
    "inner, words",
    [
        ("<NetworkLinkControl><minRefreshPeriod>43200</minRefreshPeriod></NetworkLinkControl>", "holds no places, only how maps are shown or fetched"),
        ("<Document><NetworkLink><Link><href>https://example.org/a.kml</href></Link></NetworkLink></Document>", "holds no places, but a link to where they are: https://example.org/a.kml"),
    ],
)
def test_a_kml_without_places(inner, words, tmp_path):
    path = tmp_path / "a.kml"
    path.write_text(f"<kml {SPACE}>{inner}</kml>")
    with pytest.raises(FileLoadError, match=words):
        loaders.load(str(path))


@pytest.mark.parametrize("documents", [1, 2])
def test_times_of_bson_beyond_the_year_9999(documents, tmp_path):
    """datetime.json, "Y10K", beside an ordinary one."""
    path = tmp_path / "a.bson"
    path.write_bytes(bytes.fromhex("1000000009610000DC1FD277E6000000") + bytes.fromhex("10000000096100C5D8D6CC3B01000000") * (documents - 1))
    found = loaders.load(str(path))
    first = found["a"] if documents == 1 else found["a"][0]
    assert int(first) == 253402300800000
    if documents == 2:
        assert str(found["a"][1])[:19] == "2012-12-24 12:15:30"


@pytest.mark.parametrize("flag", [0, 0x800])
def test_a_zip_whose_members_have_two_names(flag, tmp_path):
    """As libarchive's test_read_format_zip_7075_utf8_paths.zip: the name before the data is in another code page."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as z:
        z.writestr("xx.txt", "one")
        z.writestr("b.txt", "two")
    data = (tmp_path / "a.zip").read_bytes().replace(b"xx.txt", b"\xf6\x84.txt", 1)  # in the first place alone
    at = data.index(b"PK\x01\x02") + 8
    data = data[:at] + flag.to_bytes(2, "little") + data[at + 2 :]
    (tmp_path / "a.zip").write_bytes(data)
    box = loaders.load(str(tmp_path / "a.zip"))
    assert {n: box.read(n) for n in box.names} == {"xx.txt": b"one", "b.txt": b"two"}


@pytest.mark.parametrize("first", [0x50, 0x5F])
def test_zstandard_that_begins_with_what_is_skipped(first, tmp_path):
    """As libarchive's test_compat_zstd_2.tar.zst."""
    import pyarrow

    packed = pyarrow.compress(b"n,name\n1,a\n2,b\n", codec="zstd", asbytes=True)
    (tmp_path / "a.csv.zst").write_bytes(bytes([first]) + b"\x2a\x4d\x18\x04\x00\x00\x00abcd" + packed)
    assert loaders.load(str(tmp_path / "a.csv.zst")).to_dict("list") == {"n": [1, 2], "name": ["a", "b"]}


def test_missing_values_in_the_dictionaries_of_arrow(tmp_path):
    """As generated_dictionary and generated_nested_dictionary of arrow-testing; pandas has no category for what is missing."""
    import pandas as pd
    import pyarrow as pa

    coded = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1], pa.int8()), pa.array(["a", None]))
    lists = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1, None], pa.int8()), pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(["x", None]))))
    table = pa.table({"n": [1, 2, 3, 4], "coded": coded, "lists": lists, "whole": pa.array(["u", "v", "u", "v"]).dictionary_encode()})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as f, pa.ipc.new_file(f, table.schema) as w:
        w.write_table(table)
    frame = loaders.load(str(tmp_path / "a.arrow"))
    assert list(frame.columns) == ["n", "coded", "lists", "whole"] and frame["n"].tolist() == [1, 2, 3, 4]
    assert frame["coded"][0] == "a" and frame["coded"].isna().tolist() == [False, True, True, True]
    assert [None if v is None or v is pd.NA else list(v) for v in frame["lists"].astype(object)] == [["x"], [None], [None], None]
    assert isinstance(frame["whole"].dtype, pd.CategoricalDtype)


def test_times_finer_than_those_of_python(tmp_path):
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    fine = pa.array([52_938_200_013_189, None, 1000], pa.time64("ns"))
    parquet.write_table(pa.table({"fine": fine, "usual": pa.array([1000, 2000, None], pa.time64("ns"))}), tmp_path / "a.parquet")
    frame = loaders.load(str(tmp_path / "a.parquet"))
    assert frame["fine"][0] == pd.Timedelta(52_938_200_013_189, unit="ns") and frame["fine"][2] == pd.Timedelta(1000, unit="ns") and pd.isna(frame["fine"][1])
    assert frame["usual"][0].microsecond == 1
