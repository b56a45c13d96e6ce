"""What a table says of levels, of whole numbers that are floats, of names that are alike at their beginning, and of hours."""

import numpy as np
import pandas as pd
import pytest
from attache.analyze import analyze_data_file, profile, style, words

rng = np.random.default_rng(2)


def _places(n=300):
    """Events, each with the population of where it happened."""
    days = pd.to_datetime("2015-01-01") + pd.to_timedelta(rng.integers(0, 150, n), unit="D")
    return pd.DataFrame({"name": [f"P{i}" for i in range(n)], "date": days, "state": rng.choice([f"S{i}" for i in range(40)], n), "gender": rng.choice(["m", "f"], n, p=[0.9, 0.1]), "zone": rng.choice([1, 2, 3, np.nan], n), "pop": rng.integers(100, 9000, n)})


def _panel():
    """Countries over years."""
    return pd.DataFrame([(y, c, 1000 * (i + 1) + y) for y in range(2000, 2015) for i, c in enumerate(["Chile", "Peru", "Cuba", "Oman"])], columns=["year", "country", "population"])


def _parts():
    """Countries by sex over years."""
    return pd.DataFrame([(y, c, s, 1000 * (i + 1) + y) for y in range(2000, 2015) for i, c in enumerate(["Chile", "Peru", "Cuba"]) for s in "mf"], columns=["year", "country", "sex", "population"])


@pytest.mark.parametrize("frame, want", [(_places(), ""), (_panel(), "stock"), (_parts(), "stock"), (_panel().drop(columns="year"), "stock"), (_panel()[lambda f: f.country == "Peru"], "stock")])
def test_a_level_of_events_is_not_summed(frame, want):
    assert profile.Profile(frame).columns[-1].additive == want


def test_events_have_no_total_population(capsys):
    analyze_data_file(None, _places())
    out = capsys.readouterr().out
    assert "otal pop" not in out and "otal of `pop`" not in out
    assert "`1` " in out and "1.0`" not in out


def test_the_ends_of_names_are_shown(capsys):
    long = "Percentage Of Drivers Involved In Fatal Collisions Who Were "
    frame = pd.DataFrame({long + end: rng.normal(50, 9, 60) for end in ("Speeding", "Alcohol-Impaired", "Not Distracted")})
    analyze_data_file(None, frame)
    out = capsys.readouterr().out
    assert "Speeding`" in out and "Impaired`" in out and "Distracted`" in out
    for width in range(5, 60):
        assert len(style.cut("Baltimore Orioles VS Minnesota Twins", width)) <= width


def test_what_fell_to_almost_nothing_did_not_fall_by_all(capsys):
    weeks = pd.date_range("2012-01-01", periods=120, freq="W")
    frame = pd.DataFrame({"date": weeks, "calls": np.r_[np.full(60, 20_000), np.full(60, 30)] + rng.integers(0, 9, 120)})
    analyze_data_file(None, frame)
    out = capsys.readouterr().out
    assert "fell" in out and "100%" not in out


def test_hours_are_told_by_their_beginning(capsys):
    when = pd.to_datetime("2019-03-01") + pd.to_timedelta(rng.integers(0, 31 * 86400, 3000), unit="s")
    frame = pd.DataFrame({"pickup": when, "fee": np.where(when.hour < 6, 1, 30) * rng.uniform(1, 2, 3000)})
    analyze_data_file(None, frame)
    out = capsys.readouterr().out
    peak = next(line for line in out.splitlines() if "was highest" in line)
    assert peak.count("the 6 hours from") == 2 and peak.count(":00") == 2


@pytest.mark.parametrize("name, want", [("minutes_in", ""), ("minutes", "flow"), ("checked in at", ""), ("orders", "flow")])
def test_where_is_not_how_many(name, want):
    assert words.additive(name) == want
