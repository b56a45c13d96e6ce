"""Lines over time are broken where times are missing; months written as parts of a year; seasons apart from a trend."""

import numpy as np
import pandas as pd
import pytest
from attache.analyze import findings, series
from attache.analyze.profile import Profile

rng = np.random.default_rng(6)


def parts(x, y):
    """How many pieces a line is drawn in, and how many points."""
    _, values, _ = series.broken(x, y)
    there = np.isfinite(values)
    return int((there & ~np.concatenate([[False], there[:-1]])).sum()), int(there.sum())


@pytest.mark.parametrize(
    "x, want",
    [
        ([1900, *range(1963, 1990)], 2),
        ([*range(1950, 1960), *range(1965, 1980)], 2),
        ([*range(1950, 1960), 1962, *range(1965, 1980)], 3),
        (list(range(1950, 1980)), 1),
        ([1896, 1900, 1904, 1908, 1912, 1920, 1924, 1928, 1932, 1936, 1948, 1952, 1956], 3),  # games every four years
        (list(pd.date_range("2020-01-01", periods=24, freq="MS")), 1),
        ([*pd.date_range("2020-01-01", periods=12, freq="MS"), *pd.date_range("2022-01-01", periods=12, freq="MS")], 2),
        ([*pd.date_range("2020-01-01", periods=30), *pd.date_range("2020-03-15", periods=30)], 2),
        (list(pd.to_datetime("2020-01-01") + pd.to_timedelta([0, 3, 4, 9, 11, 12, 15, 20, 22], unit="D")), 1),  # irregular
    ],
)
def test_a_line_is_broken_where_times_are_missing(x, want):
    y = np.arange(len(x), dtype=float)
    assert parts(x, y) == (want, len(x))


def test_what_stands_alone_is_a_dot():
    from matplotlib.figure import Figure

    x = [1900, *range(1963, 2010)]
    _, _, alone = series.broken(x, np.arange(len(x)))
    assert alone == [0]
    ax = Figure().subplots()
    series.line(ax, x, np.arange(len(x), dtype=float))
    assert len(ax.lines) == 2 and list(ax.lines[1].get_xdata()) == [1900]


@pytest.mark.parametrize("name", ["time", "date", "decimal date", "Year"])
def test_months_as_parts_of_a_year(name):
    months = 1949 + np.arange(60) / 12
    frame = pd.DataFrame({name: months.round(3), "passengers": rng.integers(100, 600, 60)})
    p = Profile(frame)
    assert p.time is not None and p.time.type == "date" and str(p.time.series.iloc[1].date()) == "1949-02-01" and [c.name for c in p.measures] == ["passengers"]


@pytest.mark.parametrize("values", [rng.uniform(1600, 2100, 60), np.linspace(1700, 1900, 60), np.repeat([1850.5, 1900.5], 30)])
def test_other_numbers_are_no_months(values):
    assert Profile(pd.DataFrame({"time": values, "score": rng.normal(0, 1, 60)})).time is None


months = pd.date_range("2005-07-01", "2015-04-01", freq="MS")
level = 200_000 * 1.001 ** np.arange(len(months))


@pytest.mark.parametrize(
    "values, want",
    [
        (level, False),
        (level + 40 * np.cos((months.month - 7) / 6 * np.pi), False),  # too little to tell
        (level * (1 + 0.2 * np.cos((months.month - 7) / 6 * np.pi)), True),
        (level + rng.normal(0, 20_000, len(months)), False),
    ],
)
def test_a_season_is_no_trend(values, want):
    found = [f for f in findings.of(Profile(pd.DataFrame({"date": months, "level": values}))) if f.kind == "season"]
    assert bool(found) == want
    assert not found or "July" in found[0].text.partition("lowest")[0]


def test_years_since_then_say_nothing_over_time():
    years = rng.integers(1963, 2016, 120)
    p = Profile(pd.DataFrame({"Year": years, "Years since joining": 2015 - years, "Appearances": rng.integers(1, 4000, 120)}))
    assert [panel.measure.name for panel in series.plan(p).panels] == ["Appearances"]
    assert not any(f.kind == "trend" and "since" in f.text for f in p.evidence)


@pytest.mark.parametrize("name, adds", [("Discount Amount", "flow"), ("discount", ""), ("Subtotal", "flow"), ("Story Points", "flow"), ("points", ""), ("sleep_total", ""), ("Budget", "flow"), ("stolen_bases", "flow"), ("FTE", "stock")])
def test_what_adds_up(name, adds):
    from attache.analyze import words

    assert words.additive(name) == adds


def test_a_category_that_says_what_the_measure_does():
    """Those who are alone have nobody with them, by what it means; fares of the classes do differ."""
    ties = rng.poisson(0.8, 300)
    frame = pd.DataFrame({"relatives": ties, "alone": ties == 0, "fare": np.where(np.arange(300) % 2, 80, 20) + rng.normal(0, 5, 300), "deck": np.where(np.arange(300) % 2, "A", "B")})
    found = [f.figures for f in findings.of(Profile(frame)) if f.kind == "difference"]
    assert [(f["column"], f["by"]) for f in found] == [("fare", "deck")]
