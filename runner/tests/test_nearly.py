"""Columns that are dates or numbers but for a few values: what is no date is missing and said, and what keeps a column text is said."""

import datetime as dt
import random

import pytest

from attache import loaders


def table(tmp_path, values, name="when"):
    path = tmp_path / "t.csv"
    path.write_text(f"n,{name},x\n" + "".join(f'{i},"{v}",{i % 7}\n' for i, v in enumerate(values)))
    return path


def days(n, form="%Y-%m-%d"):
    return [(dt.date(2021, 1, 5) + dt.timedelta(days=13 * i)).strftime(form) for i in range(n)]


def among(values, others):
    values = list(values)
    for k, v in enumerate(others):
        values[3 + 4 * k] = v
    return values


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%B %d, %Y", "%Y-%m-%d %H:%M"])
@pytest.mark.parametrize("n, others", [(12, ["soon"]), (20, ["soon"]), (30, ["2024-02-30"]), (40, ["see notes", "31/31/2024"]), (60, ["later", "tomorrow", "0000"]), (300, ["Reagan admin"] * 9)])
def test_a_few_that_are_no_dates(tmp_path, capsys, form, n, others):
    frame = loaders.load(table(tmp_path, among(days(n, form), others)))
    assert frame.when.dtype.kind == "M"
    assert int(frame.when.isna().sum()) == len(others)
    assert frame.when.dropna().dt.date.tolist() == [d for i, d in enumerate(dt.date(2021, 1, 5) + dt.timedelta(days=13 * i) for i in range(n)) if i not in {3 + 4 * k for k in range(len(others))}]
    assert f"{len(others)} value(s) that are no dates were read as missing ({others[0]!r}" in capsys.readouterr().err


@pytest.mark.parametrize("n, others", [(8, ["soon"]), (20, ["soon", "later", "never"]), (100, ["still open"] * 9)])
def test_too_many_that_are_no_dates(tmp_path, capsys, n, others):
    frame = loaders.load(table(tmp_path, among(days(n), others)))
    assert frame.when.dtype.kind != "M" and not frame.when.isna().any()
    assert ("values are no dates" in capsys.readouterr().err) == (n >= 20 and len(others) < 0.15 * n)


@pytest.mark.parametrize("n", [40, 100, 400])
@pytest.mark.parametrize("form, proof", [("%d/%m/%Y", "25/04/2021"), ("%m/%d/%Y", "04/25/2021")])
def test_one_day_shows_the_order(tmp_path, capsys, n, form, proof):
    values = [dt.date(2018 + i % 5, 1 + i * 7 % 12, 1 + i * 5 % 12) for i in range(n)]
    frame = loaders.load(table(tmp_path, among([v.strftime(form) for v in values], [proof])))
    values[3] = dt.date(2021, 4, 25)
    assert frame.when.dt.date.tolist() == values
    assert "nothing in the table shows" not in capsys.readouterr().err


@pytest.mark.parametrize("others", [["12O"], ["about 10", "1.2.3"], ["977 combined"] * 4])
def test_what_keeps_numbers_text_is_said(tmp_path, capsys, others):
    frame = loaders.load(table(tmp_path, among(range(100, 200), others), "length"))
    assert frame.length[3] == others[0] and frame.length[0] == "100"
    assert f"length: {len(others)} of 100 values are no numbers ({others[0]!r}" in capsys.readouterr().err


@pytest.mark.parametrize("name, others", [("room", ["12a"]), ("sku", ["A1"]), ("flight no", ["7X"]), ("length", [f"{i}x" for i in range(10)]), ("length", ["0123"])])
def test_codes_are_text_without_a_word(tmp_path, capsys, name, others):
    frame = loaders.load(table(tmp_path, among(range(100, 200), others), name))
    assert frame[name][3] == others[0]
    assert "no numbers" not in capsys.readouterr().err


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%b %d, %Y", "%d %B %Y", "%Y/%m/%d"])
@pytest.mark.parametrize("which", [lambda i: i % 2, lambda i: i % 5 == 1, lambda i: i % 5 != 1, lambda i: i > 150, lambda i: i < 60], ids=["half", "few", "most", "later ones", "first ones"])
def test_days_written_in_two_ways(tmp_path, capsys, form, which):
    n = 300
    iso, other = days(n), days(n, form)
    frame = loaders.load(table(tmp_path, [other[i] if which(i) else iso[i] for i in range(n)]))
    assert frame.when.dt.strftime("%Y-%m-%d").tolist() == iso
    k = next(i for i in range(n) if which(i))
    if form[:2] + form[3:5] in ("%d%m", "%m%d"):  # the others can be meant one way only
        assert "dates are written in two ways: " in (said := capsys.readouterr().err) and f"{other[k]} as {iso[k]}" in said


def test_two_ways_that_are_none(tmp_path, capsys):
    """Where what stands beside the dates are none, or may be meant either way, nothing is read in silence."""
    n = 60
    frame = loaders.load(table(tmp_path, [f"1{i % 9}/{i % 50}" if i % 2 else d for i, d in enumerate(days(n))]))
    assert frame.when.dtype.kind != "M" and not frame.when.isna().any()
    clocks = [f"{d}T10:00:00+02:00" if i % 2 else f"{d[8:]}/{d[5:7]}/{d[:4]}" for i, d in enumerate(days(n))]
    frame = loaders.load(table(tmp_path, clocks))
    assert frame.when.tolist() == clocks
    capsys.readouterr()
    early = [d for d in days(400) if int(d[8:]) <= 12][:n]
    random.Random(1).shuffle(early)
    frame = loaders.load(table(tmp_path, [f"{d[8:]}/{d[5:7]}/{d[:4]}" if i % 2 else d for i, d in enumerate(early)]))
    said = capsys.readouterr().err
    assert frame.when.dtype.kind == "M" and "two ways" in said and "month" in said and "first" in said
