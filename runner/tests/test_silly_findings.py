"""Findings that no one who knows the data would say."""

import numpy as np
import pandas as pd


def findings(frame):
    from attache.analyze import profile, findings

    return " ".join(f.text for f in findings.of(profile.Profile(frame)))


def test_amounts_in_several_currencies_are_not_compared():
    frame = pd.DataFrame({"currency": ["INR", "EUR"] * 30, "salary": [2e6, 5e4] * 30 + np.arange(60), "level": ["a", "b", "c"] * 20})
    assert "by `currency`" not in findings(frame)
    assert "by `team`" in findings(frame.rename(columns={"currency": "team"}))


def _panel(gap):
    rows = [(f"C{c}", y, 1000 + 10 * c) for y in range(2000, 2012) for c in range(20) if not gap or c < 8 + (y - 2000)]
    return pd.DataFrame(rows, columns=["country", "year", "total_sales"])


def test_places_that_are_missing_in_some_years_make_no_trend():
    assert "rose" not in findings(_panel(True)) and "highest in" not in findings(_panel(True))
    grown = _panel(False)
    grown["total_sales"] *= 1 + (grown.year - 2000) / 5
    assert "rose" in findings(grown)


def test_each_place_once_makes_no_trend():
    frame = pd.DataFrame({"country": [f"Land {chr(65 + i)}" for i in range(24)], "year": [2012 + i // 3 for i in range(24)], "turnout": np.linspace(40, 80, 24)})
    assert "rose" not in findings(frame)
    assert "rose" in findings(frame.rename(columns={"country": "film"}))


def test_a_level_of_places_that_are_there_once_is_of_all_of_them():
    from attache.ask import ask_table

    frame = pd.DataFrame({"country": [f"Land {chr(65 + i)}" for i in range(24)], "region": ["N", "S"] * 12, "year": [2012 + i // 3 for i in range(24)], "population": range(100, 124)})
    assert ask_table(None, frame, "total population")["value"] == frame.population.sum()


def test_shares_of_a_whole_make_no_trend():
    rows = [(y, f"M{m}", 100 / n) for y, n in zip(range(2000, 2012), range(30, 6, -2)) for m in range(n)]
    frame = pd.DataFrame(rows, columns=["year", "make", "pct"])
    assert "rose" not in findings(frame)
    assert "rose" in findings(frame.rename(columns={"pct": "weight"}))


def test_a_rank_and_numbered_rows_are_no_measure():
    from attache.analyze import profile

    frame = pd.DataFrame({"item": [f"Thing {chr(65 + i)}" for i in range(26)], "rank": np.random.default_rng(1).permutation(26) + 1, "count.x": range(1, 27), "size": np.arange(26) ** 2})
    roles = {c.name: c.role for c in profile.Profile(frame).columns}
    assert roles["rank"] == roles["count.x"] == "identifier" and roles["size"] == "measure"


def test_the_highest_is_named():
    frame = pd.DataFrame({"Number": [f"15{i:02}-{i:03}" for i in range(40)], "Peak Name": [f"Mount {chr(65 + i // 2)}{'ab'[i % 2]}" for i in range(40)], "Elev": np.arange(40) * 50.0})
    assert "`Mount Tb`" in findings(frame)


def test_dates_as_machines_write_them_among_others(check):
    days = "".join(f"{i % 12 + 1:02}/{i % 28 + 1:02}/1965,{i}\n" for i in range(300))
    check("day,v\n" + "1975-02-23T02:58:41.000Z,1\n" + days, {"day": ["1975-02-23T02:58:41", "1965-01-01T00:00:00"]}, unsaid=["read as missing"])


def test_a_dash_behind_an_apostrophe_is_missing(check):
    check("day,rain\n2024-01-01,'-\n" + "".join(f"2024-02-{i + 1:02},{i}.5\n" for i in range(20)), {"rain": [None, 0.5]}, said="'-")


def test_numbers_of_periods_are_no_measure():
    """Congresses of 1947 to 2013 (fivethirtyeight/data, congress-age): that their number rises says nothing."""
    from attache.analyze.profile import Profile

    n = np.arange(600)
    frame = pd.DataFrame({"congress": 80 + n // 20, "start": pd.Timestamp("1947-01-03") + pd.to_timedelta(n // 20 * 730, unit="D"), "age": 50 + n * 7 % 23})
    found = Profile(frame)
    assert {c.name: c.role for c in found.columns} == {"congress": "code", "start": "date", "age": "measure"}
    assert not any("congress" in text for text in found.findings)
    # What grows by more than one, or falls, is measured.
    for values in (80 + n // 20 * 2, 80 + n % 30, 80 - n // 20):
        assert Profile(frame.assign(congress=values)).columns[0].role == "measure"


def test_most_of_the_few_that_are_known_are_not_most_rows():
    from attache.analyze.profile import Profile

    frame = pd.DataFrame({"name": [f"Person {i}" for i in range(400)], "suffix": ["Jr."] * 45 + ["III"] * 5 + [None] * 350, "party": ["D"] * 390 + ["R"] * 10})
    found = [text for text in Profile(frame).findings if "of the rows" in text]
    assert found == ["`party` is `D` in **98%** of the rows."]
