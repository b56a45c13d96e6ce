"""Numbers and dates as people write them: 1.2M, CR and DR, other scripts' digits, years of two digits; and bytes that are no text."""

import pandas as pd
import pytest
from attache.loaders import load

N = 60


@pytest.fixture
def column(tmp_path, capsys):
    """(the values of a column made of these, repeated; what was told)."""

    def column(values, header="v"):
        path = tmp_path / "t.csv"
        path.write_text(f"n;{header}\n" + "".join(f"{i};{v}\n" for i, v in enumerate(values * 20)))
        frame = load(path)
        return frame[header], capsys.readouterr().err

    return column


@pytest.mark.parametrize(
    "values, want, said",
    [
        (["$1.2M", "$300K", "$1B"], [1_200_000, 300_000, 1_000_000_000], "B is 1,000,000,000"),
        (["12k", "3.4k", "900"], [12_000, 3_400, 900], "k is 1,000"),
        (["3.4 bn", "1.2 bn"], [3_400_000_000, 1_200_000_000], "bn is"),
        (["1,2 Mio. €", "3,4 Mio. €"], [1_200_000, 3_400_000], "Mio. is 1,000,000"),
        (["($1.2M)", "-$4.5M", "$3M"], [-1_200_000, -4_500_000, 3_000_000], "multiplied out"),
        (["19M", "8.7M", "201k"], [19_000_000, 8_700_000, 201_000], "k is 1,000"),
        (["₹ 12.5 Cr", "₹ 3 Cr"], [125_000_000, 30_000_000], "Cr is 10,000,000"),
        (["12.5 lakh", "3 lakh"], [1_250_000, 300_000], "lakh is 100,000"),
        (["1,000.50 DR", "20.00 CR"], [-1000.5, 20.0], "marked DR were read as negative"),
        (["12.50-", "7.25"], [-12.5, 7.25], ""),
        (["٣٤٥", "١٢"], [345, 12], ""),
        (["३४५.५", "१२.५"], [345.5, 12.5], ""),
        (["１２％", "３％"], [12, 3], "per cents"),
    ],
)
def test_numbers(column, values, want, said):
    got, notes = column(values)
    assert got.tolist()[: len(want)] == want and said in notes


@pytest.mark.parametrize("values", [["4K", "8K", "2K"], ["12m", "5m"], ["2B", "3B"], ["500G", "1T", "2T"], ["-001", "-002"], ["-0500", "+0100"], ["12k", "n. 5"], ["5 CR", "6 CR"], ["०१२", "०१३"]])
def test_what_may_be_a_unit_or_a_name_stays_text(column, values):
    assert column(values)[0].tolist()[: len(values)] == values


def test_a_gap_among_millions(column):
    got, _ = column(["$1.2M", "-", "$3M"])
    assert got[0] == 1_200_000 and got.isna()[1]


def test_a_leading_zero_behind_a_minus_far_below(tmp_path):
    (tmp_path / "t.csv").write_text("id,v\n" + "".join(f"{'-007' if i == 39_000 else -1000 - i},{-0.5 * i}\n" for i in range(40_000)))
    frame = load(tmp_path / "t.csv")
    assert frame["id"].iloc[39_000] == "-007" and frame["v"].dtype == "float64"


@pytest.mark.parametrize(
    "header, values, want",
    [
        ("dob", ["01/02/45", "13/02/88"], ["1945-02-01", "1988-02-13"]),
        ("date", ["13/01/29", "14/01/30", "15/01/68"], ["2029-01-13", "2030-01-14", "1968-01-15"]),
        ("maturity", ["13/01/55", "14/01/60"], ["2055-01-13", "2060-01-14"]),
        ("birthday", ["29/02/48", "29/02/52"], ["1948-02-29", "1952-02-29"]),
        ("t", ["2024-03-01 10:00:00 CET", "2024-07-01 10:00:00 CEST"], ["2024-03-01 09:00+00:00", "2024-07-01 08:00+00:00"]),
        ("t", ["2024-03-01 10:00 EST", "2024-03-02 10:00 EST"], ["2024-03-01 15:00+00:00", "2024-03-02 15:00+00:00"]),
        ("d", ["२०२४-०१-३१", "२०२४-०२-०१"], ["2024-01-31", "2024-02-01"]),
    ],
)
def test_dates(column, header, values, want):
    got, notes = column(values, header)
    assert got.tolist()[: len(want)] == list(map(pd.Timestamp, want))
    assert ("were read as 19.." in notes) == any(w < "1970" or w.startswith("1988") for w in want)


@pytest.mark.parametrize("at", [20, 900, 2999])
def test_a_quotation_mark_that_is_never_closed_takes_no_line_in(tmp_path, capsys, at):
    (tmp_path / "t.csv").write_text("id,t,v\n" + "".join(f'{i},"t{i}{"" if i == at else chr(34)},{i}\n' for i in range(3000)))
    frame = load(tmp_path / "t.csv")
    assert frame["id"].tolist() == list(range(3000)) and frame["t"].tolist() == [f"t{i}" for i in range(3000)]
    assert "never closed in 1 line(s)" in capsys.readouterr().err


def test_lines_within_cells_are_kept(tmp_path):
    (tmp_path / "t.csv").write_text("id,t,v\n" + "".join(f'{i},"a {i}\nb, ""c"" d",{i}\n' for i in range(N)))
    assert load(tmp_path / "t.csv")["t"].tolist() == [f'a {i}\nb, "c" d' for i in range(N)]


def test_bytes_of_0_are_no_text(tmp_path, capsys):
    (tmp_path / "t.csv").write_bytes(b"id,v,w\n" + b"".join(b"%d,\0\0,y\0%d\n" % (i, i) for i in range(N)))
    frame = load(tmp_path / "t.csv")
    assert frame["w"].tolist()[:2] == ["y0", "y1"] and frame["v"].isna().all()
    assert "180 byte(s) of 0 were left out" in capsys.readouterr().err
