"""The report and the charts, on ordinary tables and on all the odd ones."""

import datetime
import decimal
import json
import os

import numpy as np
import pandas as pd
import pytest
from attache.analyze import PARTS, analyze_data_file
from attache.loaders.source import FileLoadError, NoTable
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
        red, green, blue = np.moveaxis(np.asarray(image.convert("RGB"), dtype=np.uint16), -1, 0)
    assert (np.minimum(np.minimum(red, green), blue) < 250).mean() > 0.01
    colours = (red >> 4) << 8 | (green >> 4) << 4 | blue >> 4
    assert np.count_nonzero(np.bincount(colours.ravel())) > 8


def test_a_real_table(analyze):
    r = analyze(os.path.join(DATA, "seattle-weather.csv"))
    assert (r["rows"], r["columns"]) == (1461, 6)
    assert r["date_range"] == {"column": "date", "start": "2012-01-01", "end": "2015-12-31"}
    assert "1,461 rows × 6 columns" in r.text
    assert "Time: **2012-01-01** to **2015-12-31** (`date`; daily, without gaps)" in r.text
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
    assert r["charts"] == [f"seattle-weather_{w}.png" for w in ("over_time", "categories", "distributions", "correlation")]
    assert repr(r).startswith("Analysis of seattle-weather.csv: 1,461 rows × 6 columns")


def test_parts(analyze, work):
    frame = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=50), "a": range(1, 51), "b": np.sqrt(range(50)), "c": list("xy") * 25})
    assert "**Columns**\n" in analyze(frame, "quick").text and not os.listdir(work)
    text = analyze(frame, "statistical").text
    assert "**Numbers**\n" in text and "**Categories**\n" in text and not os.listdir(work)
    assert analyze(frame, "correlation")["charts"] == ["table_correlation.png"]
    assert len(analyze(frame, "Visualization ")["charts"]) == 4
    with pytest.raises(ValueError, match="'deep' does not exist: use comprehensive, quick, statistical, correlation, visualization"):
        analyze(frame, "deep")


def test_missing_and_duplicates(analyze):
    frame = pd.DataFrame({"a": [1.0, None, 1.0, 2.0, None], "b": ["x", None, "x", "y", None], "c": [[1], [2], [1], [1], [2]]})
    r = analyze(frame)
    assert r["missing"] == {"a": 2, "b": 2}
    assert r["duplicates"] == 2
    assert "Missing values: **4** of 15 (26.7%): `a` 2, `b` 2" in r.text


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
        assert max(map(len, r.text.splitlines())) < 700 and set(r["alt"]) == set(r["charts"])
    pd.testing.assert_frame_equal(frame, before)
    assert not [str(w.message) for w in recwarn]


def test_what_the_odd_ones_say(analyze):
    assert analyze(ODD["one row"]).text.count("1 row ×") == 2
    assert "too little to draw" in analyze(ODD["no rows"]).text
    assert analyze(ODD["one row"])["date_range"]["start"] == "2024-05-01"
    assert analyze(ODD["index"])["date_range"] == {"column": "date", "start": "2024-01-01", "end": "2024-01-30"}
    assert "Always the same is in `a`, `b`, `c`" in analyze(ODD["constant"]).text
    assert "Nothing is in `a`, `b`, `c`" in analyze(ODD["all null"]).text
    assert analyze(ODD["decimals"])["numeric"]["a"]["mean"] == 2.0
    assert analyze(ODD["years"])["date_range"] == {"column": "year", "start": "2000", "end": "2019"}


def test_a_thousand_columns(analyze):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 1000)), columns=[f"c{i}" for i in range(1000)])
    r = analyze(frame)
    assert r["columns"] == 1000 and len(r["numeric"]) == 1000
    assert "and 975 more columns" in r.text and len(r.text) < 12_000


def test_ids_are_neither_dates_nor_measures(analyze):
    n = 200
    frame = pd.DataFrame({"customer_id": np.random.default_rng(0).permutation(n) + 20240101, "row": range(n), "amount": np.arange(n) * 1.5})
    r = analyze(frame)
    assert r["date_range"] is None and list(r["numeric"]) == ["amount"]


def test_trend_and_no_trend(analyze):
    days = pd.date_range("2020-01-01", "2023-12-31")
    season = np.sin(np.arange(len(days)) / 365.25 * 2 * np.pi)
    r = analyze(pd.DataFrame({"day": days, "season": season + 3, "growth": np.arange(len(days)) + 100.0}))
    assert any(f.startswith("`growth` (daily mean) rose") or f.startswith("The weekly mean of `growth` rose") for f in r["findings"])
    assert not any("`season`" in f and (" rose" in f or " fell" in f) for f in r["findings"])


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
    assert any(f.startswith("The weekly total of `revenue` rose by **40%**: from") for f in r["findings"])
    assert any(f.startswith("`North` has **60%** of the total `revenue`") for f in r["findings"])
    assert "The total revenue by `region`" in r.text
    from attache.analyze import profile

    names = {c.name: c.additive for c in profile.Profile(frame).columns}
    assert names == {"date": "", "region": "", "discount": "", "units": "", "revenue": "flow"}


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
        ("iris.sav", (150, 5), "`setosa` 50"),
        ("iris.sas7bdat", (150, 5), "`setosa` 50"),
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
    with pytest.raises(NoTable, match="notes.txt is no table: load_file gives text"):
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


CASES = {
    # name of a column, its values: the role, and how it adds up
    "customer_id": (np.resize(range(40), 300), "code", ""),
    "order_id": (range(1000, 1300), "identifier", ""),
    "zip": (np.resize([60601, 10001, 94105], 300), "code", ""),
    "Zip Code": (np.resize(range(10001, 10201), 300), "code", ""),
    "county_fips": (np.resize(range(1001, 1101, 2), 300), "code", ""),
    "census tract": (np.resize(range(4001, 4041), 300), "code", ""),
    "Pclass": (np.resize([1, 2, 3], 300), "code", ""),
    "naics": (np.resize([1111, 2222], 300), "code", ""),
    "account_no": (range(70000, 70300), "identifier", ""),
    "Ward": (np.resize(range(1, 51), 300), "code", ""),
    "phone": (range(5551230000, 5551230300), "identifier", ""),
    "rating": (np.resize([1, 2, 3, 4, 5], 300), "ordinal", ""),
    "survived": (np.resize([0, 1], 300), "boolean", ""),
    "year": (np.resize(range(2000, 2024), 300), "year", ""),
    "YearBuilt": (np.resize(range(1950, 2024), 300), "year", ""),
    "month": (np.resize(range(1, 13), 300), "part", ""),
    "day_of_week": (np.resize(range(7), 300), "part", ""),
    "lat": (np.linspace(40, 41, 300), "latitude", ""),
    "longitude": (np.linspace(-75, -74, 300), "longitude", ""),
    "net_generation": (np.linspace(10, 99, 300), "measure", "flow"),
    "Passengers": (np.arange(300) + 100, "measure", "flow"),
    "number_of_children": (np.resize([0, 1, 2, 3], 300), "measure", "flow"),
    "total_bill": (np.linspace(3, 50, 300), "measure", "flow"),
    "population": (np.arange(300) * 1000, "measure", "stock"),
    "unit_price": (np.linspace(3, 50, 300), "measure", ""),
    "median_income": (np.linspace(3e4, 9e4, 300), "measure", ""),
    "h_income": (np.linspace(3e4, 9e4, 300), "measure", ""),
    "GDP per capita": (np.linspace(3e4, 9e4, 300), "measure", ""),
    "unemployment_rate": (np.linspace(3, 9, 300), "measure", ""),
    "percent of sales": (np.linspace(3, 9, 300), "measure", ""),
    "売上": (np.linspace(3, 9, 300), "measure", "flow"),
    "size": (np.resize(["small", "medium", "large"], 300), "ordinal", ""),
    "age group": (np.resize(["0-17", "18-64", "65+"], 300), "ordinal", ""),
    "region": (np.resize(["North", "South", "East"], 300), "category", ""),
    "sku": ([f"AB-{i:05}" for i in range(300)], "identifier", ""),
    "postcode": ([f"{i:05}" for i in np.resize(range(150), 300)], "code", ""),
    "comment": ([f"It was good, number {i} of many" for i in range(300)], "text", ""),
    "timestamp": (1704067200 + np.arange(300) * 3600, "date", ""),
    "date": (pd.date_range("2024-01-01", periods=300).strftime("%Y%m%d").astype(int), "date", ""),
    "created_at": ((1704067200 + np.arange(300) * 3600) * 1000, "date", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_roles(name):
    from attache.analyze import profile

    values, role, additive = CASES[name]
    c = profile.Profile(pd.DataFrame({name: values})).columns[0]
    assert (c.role, c.additive) == (role, additive)


def test_codes_are_never_averaged(analyze):
    r = analyze(pd.DataFrame({n: v for n, (v, _, _) in CASES.items()}))
    coded = {n for n, (_, role, _) in CASES.items() if role in ("code", "identifier", "year", "latitude", "longitude", "part", "date")}
    assert not coded & set(r["numeric"])
    for a, b, _ in r["correlations"]:
        assert not (coded - {"YearBuilt"}) & {a, b}
    assert not any(f"`{n}`: mean" in r.text or f"mean of `{n}`" in r.text for n in coded)


def test_year_and_month_are_one_time(analyze):
    frame = pd.DataFrame({"year": np.repeat(range(2019, 2024), 12), "month": np.tile(range(1, 13), 5), "sales": np.arange(60) + 100})
    for months in (frame["month"], pd.Series(np.tile(["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"], 5))):
        r = analyze(frame.assign(month=months))
        assert r["date_range"] == {"column": "year and month", "start": "2019-01-01", "end": "2023-12-01"}
        assert "monthly, without gaps" in r.text
        assert any("from **105.5** (2019) to **153.5** (2023)" in f for f in r["findings"])
        assert list(r["numeric"]) == ["sales"]


def test_record_years_are_no_time(analyze):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"year_built": rng.integers(1900, 2020, 200), "price": rng.normal(300, 50, 200), "birth date": pd.date_range("1950-01-01", periods=200)})
    assert analyze(frame)["charts"] == ["table_distributions.png"]


def test_levels_are_summed_over_places_only(analyze):
    frame = pd.DataFrame({"year": np.repeat([2000, 2010, 2020], 4), "country": np.tile(list("ABCD"), 3), "population": [1, 2, 3, 4, 2, 4, 6, 8, 10, 20, 30, 40]})
    r = analyze(frame)
    assert "The total population in 2020 by `country`: `D` has the highest with **40**" in r.text
    assert any("`D` has **40%** of the total `population`" in f for f in r["findings"])


def test_equal_groups_show_the_measure(analyze):
    frame = pd.DataFrame({"species": np.repeat(["a", "b", "c"], 50), "width": np.r_[np.linspace(1, 2, 50), np.linspace(3, 4, 50), np.linspace(5, 6, 50)], "noise": np.resize([1.5, 2.5], 150)})
    r = analyze(frame)
    assert "The mean width by `species`: `c` has the highest with **5.5**, `a` the lowest with **1.5**" in r.text
    counted = analyze(frame.iloc[20:])
    assert "The number of rows by `species`: `b` is the most frequent with **50** (38%)" in counted.text


@pytest.mark.parametrize(
    "columns, kind, first",
    [
        ([str(y) for y in range(1990, 2000)], "year", 1990),
        ([y for y in range(1990, 2000)], "year", 1990),
        ([f"{y} [YR{y}]" for y in range(1990, 2000)], "year", 1990),
        (["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], "month", None),
        ([f"2020-{m:02}" for m in range(1, 13)], "date", "2020-01-01"),
        ([f"Q{q} {y}" for y in (2020, 2021) for q in (1, 2, 3, 4)], "date", "2020-01-01"),
        (["1/22/20", "1/23/20", "1/24/20"], "date", "2020-01-22"),
    ],
)
def test_times_as_columns_become_rows(analyze, columns, kind, first):
    rows = [[c, *(i * 10 + j for j in range(len(columns)))] for i, c in enumerate(("Chad", "Peru", "Fiji"))]
    frame = pd.DataFrame(rows, columns=["country", *columns])
    r = analyze(frame)
    assert (r["rows"], r["columns"]) == frame.shape
    assert f"The {len(columns)} columns {columns[0]} … {columns[-1]} were made rows" in r.text
    assert list(r["roles"]) == ["country", kind, "value"]
    if first:
        assert r["date_range"]["start"] == str(first)
    assert r["numeric"]["value"]["count"] == 3 * len(columns)


def test_indicators_get_a_column_each(analyze):
    frame = pd.DataFrame(
        [["Chad", n, code, *range(k, k + 5)] for n, code, k in (("Population", "P", 100), ("Life expectancy", "L", 40))],
        columns=["Country", "Indicator Name", "Indicator Code", *map(str, range(2000, 2005))],
    )
    r = analyze(frame)
    assert {"Population", "Life expectancy"} <= set(r["numeric"]) and r["numeric"]["Population"]["mean"] == 102


def test_totals_are_left_out(analyze):
    frame = pd.DataFrame({"region": ["North", "South", "East", "Total"], "sales": [10, 20, 30, 60]})
    r = analyze(frame)
    assert r["rows"] == 4 and r["numeric"]["sales"]["mean"] == 20
    assert "1 row of totals (Total) is left out of the analysis" in r.text
    for word in ("Grand Total", "TOTAL:", "Gesamt", "Summe", "合計", "Итого", "Total général"):
        assert analyze(frame.replace("Total", word))["numeric"]["sales"]["mean"] == 20, word
    world = pd.DataFrame({"place": ["World", "A", "B", "C"], "population": [60, 10, 20, 30]})
    assert analyze(world)["numeric"]["population"]["mean"] == 20
    assert analyze(world.assign(population=[5, 10, 20, 30]))["numeric"]["population"]["mean"] == 16.25
    assert analyze(pd.DataFrame({"name": ["Total Recall", "Total Eclipse", "Alien"], "sales": [1, 2, 6]}))["numeric"]["sales"]["mean"] == 3


def test_sheets_of_one_shape_are_joined(analyze, work):
    with pd.ExcelWriter(work / "b.xlsx") as book:
        for year in (2021, 2022, 2023):
            pd.DataFrame({"region": ["N", "S"], "sales": [year - 2020, 5]}).to_excel(book, sheet_name=f"FY{year}", index=False)
        pd.DataFrame({"note": ["made by hand"]}).to_excel(book, sheet_name="about", index=False)
    r = analyze(work / "b.xlsx")
    assert r["rows"] == 6 and "sheet" in r["roles"] and r["numeric"]["sales"]["mean"] == 3.5
    assert "3 tables of the same columns were joined (FY2021, FY2022, FY2023): the column `sheet` names them. Left out: about." in r.text


@pytest.mark.parametrize(
    "names, sep",
    [(["a;b;c"], ";"), (["id	name	qty"], "	"), (["date|amount|city"], "|"), (["Name, first;Town", "Country;x"], ";"), (["a,b,c"], ",")],
)
def test_a_failed_load_is_said(analyze, names, sep):
    rows = [n.replace("a", "1") for n in names]
    r = analyze(pd.DataFrame([rows] * 20, columns=names))
    assert "read wrong" in r.text and f"sep={sep!r}" in r.text and r["charts"] == [] and "**Columns**" not in r.text


def test_no_failed_load(analyze):
    assert "read wrong" not in analyze(pd.DataFrame({"Name, first": ["x, y", "z"] * 9, "n": range(18)})).text
    assert "read wrong" not in analyze(pd.DataFrame({"text": ["Well; it was, so; they said; x"] + ["none"] * 20})).text


def test_places_are_a_map(analyze):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"latitude": rng.uniform(30, 50, 300), "longitude": rng.uniform(-120, -70, 300), "magnitude": rng.uniform(2, 7, 300)})
    r = analyze(frame)
    assert r["charts"][0] == "table_places.png"
    assert "**300** points between latitude" in r.text


def test_what_a_chart_shows_is_in_its_file(analyze):
    r = analyze(os.path.join(DATA, "seattle-weather.csv"))
    for file in r["charts"]:
        with Image.open(file) as image:
            assert image.text["Description"] == r["alt"][file]
        assert "`" not in r["alt"][file] and "**" not in r["alt"][file] and len(r["alt"][file]) < 1000


def test_long_titles_wrap(analyze):
    frame = pd.DataFrame({"What is your current level of satisfaction with the services of the municipality?": np.linspace(0, 5, 60), "k": list("abc") * 20})
    analyze(frame)


def test_findings_come_first(analyze):
    text = analyze(os.path.join(DATA, "seattle-weather.csv")).text
    assert text.index("What stands out") < text.index("**Charts**") < text.index("**Columns**") < text.index("**Numbers**")


def test_a_few_rows_have_no_distribution_and_no_mean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"nation": ["South Korea", "China", "Canada"], "gold": [24, 10, 9], "silver": [13, 15, 12]})
    a = analyze_data_file(None, frame)
    assert not any("distributions" in c for c in a["charts"])
    assert 'The gold by nation: South Korea has the highest with 24' in next(v for k, v in a["alt"].items() if "categories" in k), a["alt"]


def test_findings_say_no_more_than_there_is(analyze):
    rng = np.random.default_rng(4)
    n = 60
    growth = np.linspace(2, 50, n)
    r = analyze(pd.DataFrame({"day": pd.date_range("2024-01-01", periods=n), "sale_price": growth, "south": np.where(np.arange(n) == 7, np.nan, rng.choice([0.0, 1.0], n)), "kind": ["a", "b"] * 30, "level": [5.0, 5.0] * 29 + [5.0, 90.0]}))
    assert r["roles"]["south"] == "boolean"
    assert any("rose to **" in f and "times**" in f for f in r["findings"])
    assert not any("outliers" in f for f in r["findings"])  # one value is not many


def test_shares_are_not_rounded_to_all_or_nothing(analyze):
    frame = pd.DataFrame({"country": ["US"] * 3372 + ["FR", "DE", "IT", "ES"], "x": range(3376)})
    r = analyze(frame)
    assert any("`US` in **99.9%** of the rows" in f for f in r["findings"])
    assert "100%" not in r.text and "0.0%" not in r.text


def test_a_column_named_total_is_summed_in_words(analyze):
    frame = pd.DataFrame({"winner": list("AABBBC") * 5, "total": [5.5, 6, 1, 2, 3, 4] * 5})
    assert "The sum of total by `winner`: `A` has the highest with **57.5**" in analyze(frame).text


def test_a_level_names_its_moment(analyze):
    for last, words in (("2015-12-01", "in Dec 2015"), ("2015-12-31", "on 2015-12-31")):
        times = pd.to_datetime(["2015-10-01", "2015-11-01", last])
        frame = pd.DataFrame({"month": times.repeat(3), "region": list("ABC") * 3, "inventory": [1, 2, 3, 4, 5, 6, 7, 8, 90]})
        assert f"The total inventory {words} by `region`: `C` has the highest with **90**" in analyze(frame).text


def test_errors_are_no_totals_and_hours_no_measures(analyze):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"area error": rng.uniform(1, 9, 90), "kind": list("xyz") * 30, "peak_hour": rng.integers(0, 24, 90)})
    r = analyze(frame)
    assert "Total area error" not in r.text and "total area error" not in r.text
    assert r["roles"]["peak_hour"] == "part"


def test_a_cross_table_shows_all_of_its_columns(analyze):
    frame = pd.DataFrame({"nation": ["South Korea", "China", "Canada"], "gold": [24, 10, 9], "silver": [13, 15, 12], "bronze": [11, 8, 12]})
    r = analyze(frame)
    assert r["charts"] == ["table_categories.png"]
    assert "The gold by `nation`: `South Korea` has the highest with **24**" in r.text


def test_quarters_without_gaps_are_said_so(capsys):
    frame = pd.DataFrame({"year": np.repeat(np.arange(1959, 2010), 4)[:203], "quarter": np.tile([1, 2, 3, 4], 51)[:203], "gdp": np.linspace(2710, 13415, 203)})
    analyze_data_file(None, frame, "quick")
    assert "quarterly, without gaps" in capsys.readouterr().out


def test_codes_that_a_program_wrote_as_floats(capsys):
    frame = pd.DataFrame({"mode": np.tile([1.0, 2.0, 3.0, 4.0], 60), "chosen": np.tile([0.0, 0.0, 0.0, 1.0], 60), "minutes": np.random.default_rng(1).gamma(2, 20, 240)})
    analysis = analyze_data_file(None, frame)
    assert analysis["roles"]["chosen"] == "boolean" and not [f for f in analysis["findings"] if "chosen" in f and "outliers" in f]


def test_a_scale_has_no_outliers():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"rating": np.where(rng.random(300) < 0.08, 1, rng.choice([4, 5], 300)), "affairs": rng.gamma(0.3, 3, 300)})
    assert not [f for f in analyze_data_file(None, frame)["findings"] if "rating" in f and "outliers" in f]
