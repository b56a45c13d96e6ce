"""The report and the charts, on ordinary tables and on all the odd ones."""

import datetime
import decimal
import json
import os

import numpy as np
import pandas as pd
import pytest
from attache.analyze import PARTS, analyze_data_file
from attache.loaders.source import FileLoadError
from PIL import Image

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata")


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def analyze(capsys):
    def run(table, kind="comprehensive", library=None):
        result = analyze_data_file(library, table, kind)
        result.text = capsys.readouterr().out
        for file in result["charts"]:
            assert_drawn(file)
        json.dumps(result, allow_nan=True)
        return result

    return run


def assert_drawn(file):
    """A chart has ink of several colours on a fair part of it."""
    with Image.open(file) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert (pixels < 250).any(axis=1).mean() > 0.01
    assert len(np.unique(pixels // 16, axis=0)) > 8


def test_a_real_table(analyze):
    r = analyze(os.path.join(DATA, "seattle-weather.csv"))
    assert (r["rows"], r["columns"]) == (1461, 6)
    assert r["date_range"] == {"column": "date", "start": "2012-01-01", "end": "2015-12-31"}
    assert "1,461 rows × 6 columns" in r.text
    assert "Date range: 2012-01-01 to 2015-12-31 (date; daily, without gaps)" in r.text
    assert r["types"] == {
        "date": "date", "precipitation": "number", "temp_max": "number", "temp_min": "number", "wind": "number", "weather": "text"
    }  # fmt: skip
    assert r["missing"] == {} and r["duplicates"] == 0
    frame = pd.read_csv(os.path.join(DATA, "seattle-weather.csv"))
    for name in ("precipitation", "temp_max", "temp_min", "wind"):
        d, s = frame[name].describe(), r["numeric"][name]
        assert [s[k] for k in ("count", "mean", "std", "min", "q25", "median", "q75", "max")] == pytest.approx(d.tolist())
        spread = d["75%"] - d["25%"]
        out = (frame[name] < d["25%"] - 1.5 * spread) | (frame[name] > d["75%"] + 1.5 * spread)
        assert s["outliers"] == out.sum()
    a, b, value = r["correlations"][0]
    assert {a, b} == {"temp_max", "temp_min"} and value == pytest.approx(frame["temp_max"].corr(frame["temp_min"]), abs=1e-4)
    assert r["categorical"]["weather"]["top"] == frame["weather"].value_counts().to_dict()
    assert r["charts"] == [f"seattle-weather_{w}.png" for w in ("over_time", "distributions", "categories", "correlation")]
    assert repr(r).startswith("Analysis of seattle-weather.csv: 1,461 rows × 6 columns")


def test_parts(analyze, work):
    frame = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=50), "a": range(1, 51), "b": np.sqrt(range(50)), "c": list("xy") * 25})
    assert "Columns\n" in analyze(frame, "quick").text and not os.listdir(work)
    text = analyze(frame, "statistical").text
    assert "Numbers\n" in text and "Categories\n" in text and not os.listdir(work)
    assert analyze(frame, "correlation")["charts"] == ["table_correlation.png"]
    assert len(analyze(frame, "Visualization ")["charts"]) == 4
    with pytest.raises(ValueError, match="'deep' does not exist: use comprehensive, quick, statistical, correlation, visualization"):
        analyze(frame, "deep")


def test_missing_and_duplicates(analyze):
    frame = pd.DataFrame({"a": [1.0, None, 1.0, 2.0, None], "b": ["x", None, "x", "y", None], "c": [[1], [2], [1], [1], [2]]})
    r = analyze(frame)
    assert r["missing"] == {"a": 2, "b": 2}
    assert r["duplicates"] == 2
    assert "Missing values: 4 of 15 (26.7%): a 2, b 2" in r.text


@pytest.mark.parametrize("seed", range(5))
def test_duplicates_are_those_of_pandas(analyze, seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "i": rng.integers(0, 4, 300),
            "f": rng.choice([0.0, -0.0, 1.5, np.nan], 300),
            "s": rng.choice(["a", "b", None], 300),
            "d": rng.choice(pd.to_datetime(["2024-01-01", "2024-01-02", None]), 300),
            "b": rng.choice([True, False], 300),
            "k": pd.Categorical(rng.choice(["u", "v"], 300)),
        }
    )
    assert analyze(frame, "quick")["duplicates"] == frame.duplicated().sum()


ODD = {
    "one row": pd.DataFrame({"a": [1], "b": ["x"], "t": pd.to_datetime(["2024-05-01"])}),
    "no rows": pd.DataFrame({"a": [], "b": []}),
    "no columns": pd.DataFrame(index=range(3)),
    "nothing": pd.DataFrame(),
    "all null": pd.DataFrame({"a": [None] * 5, "b": [np.nan] * 5, "c": [pd.NaT] * 5}),
    "constant": pd.DataFrame({"a": [3] * 30, "b": ["x"] * 30, "c": [2.5] * 30}),
    "mixed": pd.DataFrame({"a": [1, "two", 3.0, None] * 10, "b": [1, "x"] * 20}),
    "unhashable": pd.DataFrame({"a": [[1, 2], {"k": 1}, {3}, None] * 5, "n": range(20)}),
    "arrays": pd.DataFrame({"a": [np.arange(3)] * 12, "n": range(12)}),
    "zones": pd.DataFrame({"t": pd.date_range("2024-01-01", periods=60, tz="Europe/Paris"), "v": range(60)}),
    "booleans": pd.DataFrame({"a": [True, False] * 20, "b": pd.array([True, None] * 20, dtype="boolean")}),
    "infinite": pd.DataFrame({"a": [1.0, np.inf, -np.inf, 2.0] * 10, "b": range(40)}),
    "decimals": pd.DataFrame({"a": [decimal.Decimal("1.5"), decimal.Decimal("2.5"), None] * 10}),
    "date objects": pd.DataFrame({"d": [datetime.date(2024, 1, 1 + i) for i in range(20)], "v": range(20)}),
    "durations": pd.DataFrame({"d": pd.to_timedelta(range(20), unit="h"), "v": range(20)}),
    "periods": pd.DataFrame({"p": pd.period_range("2024-01", periods=24, freq="M"), "v": np.arange(24.0)}),
    "intervals": pd.DataFrame({"i": pd.cut(range(20), 4), "v": range(20)}),
    "complex": pd.DataFrame({"z": np.arange(20) * 1j, "v": range(20)}),
    "categories": pd.DataFrame({"k": pd.Categorical(list("ab") * 10), "n": pd.Categorical([1, 2] * 10)}),
    "nullable": pd.DataFrame({"i": pd.array([1, None, 3] * 9, dtype="Int64"), "f": pd.array([1.5, None, 3] * 9, dtype="Float64")}),
    "same names": pd.DataFrame([[1, 2, 3]] * 9, columns=["a", "a", "b"]),
    "names of all kinds": pd.DataFrame({1: range(9), None: range(9), ("x", 1): range(9), "": range(9)}),
    "levels": pd.DataFrame(np.arange(24).reshape(12, 2), columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])),
    "index": pd.DataFrame({"v": range(30)}, index=pd.date_range("2024-01-01", periods=30)),
    "unicode": pd.DataFrame({"売上": range(40), "Größe": np.arange(40.0) ** 2, "🚀": list("äß") * 20, "город": ["Москва", "Пермь"] * 20}),
    "formulas": pd.DataFrame({"cost ($)": range(20), "price $^2": [i * i for i in range(20)], "k": ["$a$", "$\\frac{"] * 10}),
    "long names": pd.DataFrame({"x" * 300: range(20), "y" * 300: range(20), "k": ["v" * 500, "w" * 500] * 10}),
    "lines in values": pd.DataFrame({"a\nb": ["x\ny", "z\tw"] * 10, "v": range(20)}),
    "ancient": pd.DataFrame({"t": np.array(["0500-01-01", "1500-06-01", "2500-01-01"] * 10, dtype="datetime64[s]"), "v": range(30)}),
    "huge numbers": pd.DataFrame({"a": [2**63 + 5, 2**64 - 1, 3] * 5, "b": [1e300, -1e300, 1.0] * 5}),
    "tiny numbers": pd.DataFrame({"a": np.linspace(1e-300, 2e-300, 20), "b": np.linspace(1, 1 + 1e-12, 20)}),
    "bytes": pd.DataFrame({"a": [b"x", b"y"] * 10, "v": range(20)}),
    "years": pd.DataFrame({"year": list(range(2000, 2020)) * 2, "k": ["a"] * 20 + ["b"] * 20, "v": np.arange(40.0)}),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables(analyze, name, recwarn):
    frame = ODD[name]
    before = frame.copy(deep=True)
    for kind in [k for k in PARTS if k != "visualization"]:
        r = analyze(frame, kind)
        assert r["rows"] == len(frame)
        assert len(r["charts"]) <= 4
        assert "nan" not in r.text.lower().replace("nanosecond", "")
    pd.testing.assert_frame_equal(frame, before)
    assert not [str(w.message) for w in recwarn]


def test_what_the_odd_ones_say(analyze):
    assert analyze(ODD["one row"]).text.count("1 row ×") == 2
    assert "too little to draw" in analyze(ODD["no rows"]).text
    assert analyze(ODD["one row"])["date_range"]["start"] == "2024-05-01"
    assert analyze(ODD["index"])["date_range"] == {"column": "date", "start": "2024-01-01", "end": "2024-01-30"}
    assert "Always the same is in a, b, c" in analyze(ODD["constant"]).text
    assert "Nothing is in a, b, c" in analyze(ODD["all null"]).text
    assert analyze(ODD["decimals"])["numeric"]["a"]["mean"] == 2.0
    assert analyze(ODD["years"])["date_range"] == {"column": "year", "start": "2000", "end": "2019"}


def test_a_thousand_columns(analyze):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 1000)), columns=[f"c{i}" for i in range(1000)])
    r = analyze(frame)
    assert r["columns"] == 1000 and len(r["numeric"]) == 1000
    assert "and 960 more columns" in r.text and len(r.text) < 12_000


def test_ids_are_neither_dates_nor_measures(analyze):
    n = 200
    frame = pd.DataFrame({"customer_id": np.random.default_rng(0).permutation(n) + 20240101, "row": range(n), "amount": np.arange(n) * 1.5})
    r = analyze(frame)
    assert r["date_range"] is None and list(r["numeric"]) == ["amount"]


def test_trend_and_no_trend(analyze):
    days = pd.date_range("2020-01-01", "2023-12-31")
    season = np.sin(np.arange(len(days)) / 365.25 * 2 * np.pi)
    r = analyze(pd.DataFrame({"day": days, "season": season + 3, "growth": np.arange(len(days)) + 100.0}))
    assert any(f.startswith("growth rose") for f in r["findings"])
    assert not any(f.startswith("season") for f in r["findings"])


def test_totals_of_what_adds_up(analyze):
    n = 4000
    frame = pd.DataFrame(
        {
            "date": pd.date_range("2023-01-01", "2024-12-31", periods=n).normalize(),
            "region": np.resize(["North", "North", "South", "East", "North"], n),
            "discount": 0.1,
            "units": 2,
            "revenue": np.linspace(100, 200, n) * np.resize([0.2, 1.8], n),
        }
    )
    frame.loc[0, "discount"] = 0.2
    r = analyze(frame)
    assert any(f.startswith("The weekly total of revenue rose (+7") for f in r["findings"])
    assert any(f.startswith("North has 60% of the total revenue") for f in r["findings"])
    assert "total revenue by region" in r.text
    from attache.analyze import profile, series

    names = {c.name: series.adds_up(c) for c in profile.Profile(frame).columns}
    assert names == {"date": False, "region": False, "discount": False, "units": True, "revenue": True}


def test_sampling_is_said(analyze):
    n = 1_000_000
    frame = pd.DataFrame({"x": np.arange(n) * 0.5, "y": np.arange(n) * 0.25 + np.resize([0, 1, 5], n)})
    r = analyze(frame, "correlation")
    assert "a sample of 200,000 rows" in r.text and "3,000 of 200,000 rows" not in r.text


@pytest.mark.parametrize(
    "name, content, shape",
    [
        ("t.txt", b"a\tb\n1\t2\n3\t4\n", (2, 2)),
        ("t.html", b"<html><body><table><tr><th>a</th></tr><tr><td>1</td></tr><tr><td>2</td></tr></table></body></html>", (2, 1)),
        ("t.json", b'{"meta": 1, "rows": [{"a": 1}, {"a": 2}, {"a": 3}]}', (3, 1)),
        ("t.json", b'{"a": [1, 2], "b": [3, 4]}', (2, 2)),
    ],
)
def test_tables_in_other_kinds(analyze, work, name, content, shape):
    (work / name).write_bytes(content)
    r = analyze(work / name)
    assert (r["rows"], r["columns"]) == shape


@pytest.mark.parametrize(
    "file, shape, text",
    [
        ("cities.db", (2, 2), "This is the table cities; there are also big (1 rows)."),
        ("box.zip", (2, 2), "This is box/cities.csv of 2 files in the archive."),
        ("plain.csv.gz", (2, 2), ""),
        ("two.hdf5", (3, 2), "This is areas; there are also numbers (4 × 1)."),
        ("cities.geojson", (2, 4), "latitude"),
        ("squares.shp.zip", (2, 1), "The geometry (Polygon) is left out."),
        ("tb.fits", (2, 4), ""),
        ("example_1.nc", (200, 6), "temp"),
        ("height.tif", (12, 4), ""),
        ("teststruct_7.4_GLNX86.mat", None, ""),
        ("testhdf5_7.4_GLNX86.mat", (9, 1), ""),
        ("python3.npy", (2, 1), ""),
        ("iris.sav", (150, 5), "setosa 50"),
        ("iris.sas7bdat", (150, 5), "setosa 50"),
        ("people.bson", (2, 3), ""),
        ("test4.ipynb", None, ""),
        ("flag.png", None, ""),
    ],
)
def test_files_of_other_kinds(analyze, file, shape, text):
    if shape is None:
        with pytest.raises(FileLoadError, match=f"{file} is no table: load_file gives an? "):
            analyze(os.path.join(DATA, file))
        return
    r = analyze(os.path.join(DATA, file))
    assert (r["rows"], r["columns"]) == shape and text in r.text


def test_several_sheets(analyze, work):
    with pd.ExcelWriter(work / "b.xlsx") as book:
        pd.DataFrame({"a": range(3)}).to_excel(book, sheet_name="small", index=False)
        pd.DataFrame({"a": range(30), "b": range(30)}).to_excel(book, sheet_name="large", index=False)
    r = analyze(work / "b.xlsx")
    assert r["rows"] == 30
    assert "This is large; there are also small (3 × 1)." in r.text


def test_no_table(analyze, work):
    (work / "notes.txt").write_text("Dear all,\nthis is a letter.\n")
    with pytest.raises(FileLoadError, match="notes.txt is no table: load_file gives text"):
        analyze(work / "notes.txt")


def test_an_id_is_asked_from_the_library(analyze, work):
    (work / "stored").write_text("a,b\n1,2\n")

    class Library:
        def get_file_metadata(self, file_id):
            assert file_id == "7_1_abc"
            return {"file_id": file_id, "filename": "sales.csv", "file_type": "csv"}

        def get_file_path(self, file_id):
            return str(work / "stored")

    r = analyze("7_1_abc", library=Library())
    assert r["name"] == "sales.csv" and r["rows"] == 1


def test_the_figures_of_the_user_stay(analyze):
    import matplotlib.pyplot as plt

    figure = plt.figure()
    style = dict(plt.rcParams)
    analyze(ODD["zones"])
    assert plt.get_fignums() == [figure.number] and dict(plt.rcParams) == style
    plt.close(figure)
