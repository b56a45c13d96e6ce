"""One figure of totals, what is missing without a value, and one of two conditions."""

import numpy as np
import pandas as pd
import pytest

from attache.ask import ask_table


def _flights():
    rng = np.random.default_rng(5)
    n = 400
    return pd.DataFrame(
        {
            "flight": [f"F{i:04d}" for i in range(n)],
            "date": pd.to_datetime("2022-01-01") + pd.to_timedelta(rng.integers(0, 730, n), unit="D"),
            "carrier": rng.choice(["AA", "UA"], n),
            "crew": rng.choice([2, 3, 4, np.nan], n),
            "captain": rng.choice(["Ann", "Bob", "Cy", None], n),
            "passengers": rng.integers(0, 9, n),
            "delay": rng.normal(10, 4, n).round(1),
            "revenue": rng.integers(10, 900, n),
            "cancelled": rng.choice([True, False], n),
            "diverted": rng.choice([True, False], n, p=[0.1, 0.9]),
        }
    )


f = _flights()
month, year = f.date.dt.to_period("M"), f.date.dt.year
monthly = f.groupby(month).revenue.sum()
off = f.cancelled | f.diverted


@pytest.mark.parametrize(
    "question, want",
    [
        ("average monthly revenue", monthly.mean()),
        ("what is the average monthly revenue?", monthly.mean()),
        ("avg monthly revenue in 2022", monthly[:"2022-12"].mean()),
        ("median weekly revenue", f.groupby(f.date.dt.to_period("W")).revenue.sum().median()),
        ("average yearly revenue", f.groupby(year).revenue.sum().mean()),
        ("average monthly revenue by carrier", f.groupby(["carrier", month]).revenue.sum().groupby("carrier").mean().to_dict()),
        ("highest daily revenue", f.groupby("date").revenue.sum().max()),
        ("lowest monthly revenue", monthly.min()),
        ("highest revenue in one day", f.groupby("date").revenue.sum().max()),
        ("most flights in a single day", f.date.value_counts().max()),
        ("average number of flights per month", f.groupby(month).size().mean()),
        ("average flights per month", f.groupby(month).size().mean()),
        ("average number of flights per captain", f.captain.value_counts().mean()),
        ("average number of cancelled flights per month", f[f.cancelled].groupby(month).size().mean()),
        ("average revenue by captain", f.groupby("captain").revenue.mean().to_dict()),
        ("how many flights without crew", f.crew.isna().sum()),
        ("how many flights without a captain in 2022", (f.captain.isna() & (year == 2022)).sum()),
        ("how many have no captain", f.captain.isna().sum()),
        ("average revenue of flights without crew", f[f.crew.isna()].revenue.mean()),
        ("flights without crew by carrier", f[f.crew.isna()].groupby("carrier").size().to_dict()),
        ("how many flights without passengers", (f.passengers == 0).sum()),
        ("how many flights were cancelled or diverted", off.sum()),
        ("share of flights cancelled or diverted by carrier", off.groupby(f.carrier).mean().to_dict()),
        ("average revenue of cancelled or diverted flights", f[off].revenue.mean()),
        ("how many AA or cancelled flights", ((f.carrier == "AA") | f.cancelled).sum()),
        ("flights with revenue over 800 or passengers under 1", ((f.revenue > 800) | (f.passengers < 1)).sum()),
        ("revenue below 20 or above 890", ((f.revenue < 20) | (f.revenue > 890)).sum()),
    ],
)
def test_a_figure(question, want):
    answer = ask_table(None, f, question)
    assert answer["understood"], answer["text"]
    assert answer["value"] == pytest.approx(want), answer["text"]


def test_what_does_not_add_up_stays_a_mean_of_each_month():
    answer = ask_table(None, f, "average monthly delay")
    assert list(answer["value"].values()) == pytest.approx(list(f.groupby(month).delay.mean()))


def test_how_to_ask_for_one_figure_is_said():
    answer = ask_table(None, f, "average revenue per month")
    assert list(answer["value"].values()) == pytest.approx(list(f.groupby(month).revenue.mean())) and "`average monthly revenue`" in answer["text"]
    assert "one figure" not in ask_table(None, f, "average delay per month")["text"]


def test_a_level_of_a_column_of_that_name():
    own = f.rename(columns={"revenue": "Monthly revenue"})
    assert ask_table(None, own, "average monthly revenue")["value"] == pytest.approx(f.revenue.mean())


def test_days_without_rows_and_parts_of_months_are_said():
    some = f[(f.date > "2022-01-20") & ~f.date.dt.month.isin([5])]
    text = ask_table(None, some, "average monthly revenue")["text"]
    assert "begin on" in text and "2 months between" in text and "not counted" in text


def test_a_follow_up_of_totals():
    ask_table(None, f, "average monthly revenue")
    assert ask_table(None, f, "only UA")["value"] == pytest.approx(f[f.carrier == "UA"].groupby(month).revenue.sum().mean())
    ask_table(None, f, "average monthly revenue")
    assert ask_table(None, f, "and the median?")["value"] == pytest.approx(monthly.median())
    assert ask_table(None, f, "by carrier")["value"] == pytest.approx(f.groupby(["carrier", month]).revenue.sum().groupby("carrier").median().to_dict())


@pytest.mark.parametrize("question", ["how many flights not cancelled or diverted", "share of flights without cancelled or diverted"])
def test_which_of_two_is_asked_back(question):
    assert not ask_table(None, f, question)["understood"]
