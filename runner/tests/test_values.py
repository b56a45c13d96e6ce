"""What the values of a table mean: numbers, identifiers, missing ones, dates."""

import pandas as pd
import pytest
from attache.loaders import load

N = 60


@pytest.fixture
def column(tmp_path):
    """Load values as the column v of a file and return it."""

    def read(values, name="v", header="n", first=lambda i: i, sep=";", **options):
        quoted = ['"%s"' % v if sep in v else v for v in values]
        path = tmp_path / "t.csv"
        path.write_text("".join([f"{header}{sep}{name}\n", *(f"{first(i)}{sep}{v}\n" for i, v in enumerate(quoted))]), encoding="utf-8")
        return load(path, None, options)[name]

    return read


@pytest.mark.parametrize(
    "values, numbers, said",
    [
        (["$1,001.50", "$2.00"], [1001.5, 2.0], "in $"),
        (["1.234,50 €", "0,99 €"], [1234.5, 0.99], "in €"),
        (["CHF 1'234.50", "CHF 99.10"], [1234.5, 99.1], "in CHF"),
        (["3.5%", "12%"], [3.5, 12.0], "per cents"),
        (["(33.25)", "44.25"], [-33.25, 44.25], ""),
        (["100-", "200"], [-100, 200], ""),
        (["-$5.00", "$6.00"], [-5.0, 6.0], "in $"),
        (["\u22125", "7"], [-5, 7], ""),
        (["1 234,50", "12 345,75", "99,10"], [1234.5, 12345.75, 99.1], ""),
        (["1'234.50", "12'345.75", "99.10"], [1234.5, 12345.75, 99.1], ""),
        (["12,34,567", "1,23,456", "45,678"], [1234567, 123456, 45678], ""),
        (["1,234", "56", "7,890,123"], [1234, 56, 7890123], ""),
        (["5 kg", "12 kg"], [5, 12], "the unit kg"),
        (["1", "-", "3"], [1, None, 3], "'-'"),
        (["1", "?", "3"], [1, None, 3], "'?'"),
        (["1.5", "*****", "3"], [1.5, None, 3], "'*****'"),
        (["1", ".", "3"], [1, None, 3], "'.'"),
        (["1", "\\N", "3"], [1, None, 3], "missing"),
        (["1", "Unknown", "3"], [1, None, 3], "'Unknown'"),
    ],
)
def test_numbers(column, capsys, values, numbers, said):
    got = column(values * 30)
    assert pd.api.types.is_numeric_dtype(got)
    assert [None if pd.isna(v) else v for v in got[: len(values)]] == numbers
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("values, numbers", [(["1,11", "2,12"], [1.11, 2.12]), (["1,037", "2,074"], [1.037, 2.074])])
def test_days_with_dots_make_commas_decimal(column, values, numbers):
    got = column(values * 30, header="Datum", first=lambda i: f"{i % 28 + 1:02}.01.2024", sep=",")
    assert got[:2].tolist() == numbers


@pytest.mark.parametrize(
    "values",
    [
        ["1E5", "2E3", "3E10"],
        ["007.1", "250.00", "401.9"],
        ["+4917012345678", "+4930123456"],
        ["12345678901234567", "", "12345678901234569"],
        ["$5", "€6"],
        ["12A", "13"],
        ["5%", "0.05", "7"],
        ["192.168.100.200", "192.168.100.201"],
    ],
)
def test_names_stay_text(column, values):
    got = column(values * 20)
    assert got.fillna("").tolist() == values * 20


@pytest.mark.parametrize("at", [3, 5_000, 39_999])
def test_a_leading_zero_anywhere_in_a_column(tmp_path, at):
    path = tmp_path / "t.csv"
    path.write_text("id,zip,x\n" + "".join(f"{i},{'01234' if i == at else 90000 + i % 999},{i}.5\n" for i in range(40_000)))
    frame = load(path)
    assert frame["zip"].iloc[at] == "01234" and frame["zip"].iloc[at - 1].startswith("90")
    assert frame["id"].dtype == "int64" and frame["x"].dtype == "float64"


def test_na_among_codes_is_a_code(column, capsys):
    assert column(["NA", "FR", "NO", "DE"])[0] == "NA"
    assert "NA was kept" in capsys.readouterr().err
    assert column(["NA", "EU", "AS", "NA"])[3] == "NA"
    assert column(["NA", "red", "blue"]).isna()[0]
    assert column(["NA", "1", "2"]).isna()[0]


def test_truth_values_with_gaps(column):
    got = column(["True", "", "False"])
    assert str(got.dtype) == "boolean" and got.isna()[1]


@pytest.mark.parametrize(
    "values, first",
    [
        (["2014-7-1", "2014-10-12"], "2014-07-01"),
        (["Jul-75", "Aug-75"], "1975-07-01"),
        (["20-JUN-11", "21-JUL-11"], "2011-06-20"),
        (["Sun Feb 08 10:00:00 +0000 2015", "Mon Feb 09 11:00:00 +0000 2015"], "2015-02-08 10:00+00:00"),
        (["Mon, 01 Jan 2024", "Tue, 02 Jan 2024"], "2024-01-01"),
        (["Mon, 01 Jan 2024 10:00:00 GMT", "Tue, 02 Jan 2024 10:00:00 GMT"], "2024-01-01 10:00+00:00"),
        (["1. Januar 2024", "2. März 2024"], "2024-01-01"),
        (["3 février 2024", "1 août 2024"], "2024-02-03"),
        (["5 de mayo de 2024", "6 de junio de 2024"], "2024-05-05"),
        (["2019Q1", "2019Q2"], "2019-01-01"),
        (["2019-Q3", "2019-Q4"], "2019-07-01"),
        (["Q2 2020", "Q3 2020"], "2020-04-01"),
        (["01/2024", "02/2024"], "2024-01-01"),
        (["8 February 2015", "9 March 2015"], "2015-02-08"),
        (["[10/Oct/2000:13:55:36 +0000]", "[11/Oct/2000:13:55:36 +0000]"], "2000-10-10 13:55:36+00:00"),
    ],
)
def test_forms_of_dates(column, values, first):
    got = column(values * 30)
    assert pd.api.types.is_datetime64_any_dtype(got)
    assert got[0] == pd.Timestamp(first)


@pytest.mark.parametrize(
    "name, value, date",
    [("date", "20240131", "2024-01-31"), ("timestamp", "1704067200", "2024-01-01"), ("created_at", "1704067200000", "2024-01-01"), ("orderDate", "20240131", "2024-01-31")],
)
def test_numbers_that_are_dates_by_their_name(column, capsys, name, value, date):
    got = column([str(int(value))] * N, name)
    assert got[0] == pd.Timestamp(date) and "numbers were read as dates" in capsys.readouterr().err
    assert column([value] * N, "amount").dtype == "int64"


def test_one_order_of_day_and_month_in_a_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "".join(f"0{i % 9 + 1}/03/2024,{i % 28 + 1}/04/2024\n" for i in range(N)))
    frame = load(path)
    assert frame["a"].iloc[0] == pd.Timestamp("2024-03-01") and frame["b"].iloc[0] == pd.Timestamp("2024-04-01")


def test_a_few_values_that_are_no_dates(column, capsys):
    got = column([f"2024-01-{i % 28 + 1:02}" for i in range(199)] + ["not known"], "day")
    assert pd.api.types.is_datetime64_any_dtype(got) and got.isna().sum() == 1
    assert "1 value(s) that are no dates were read as missing ('not known')" in capsys.readouterr().err
