"""Questions of growth, and of what an order is worth, against figures computed another way."""

import numpy as np
import pandas as pd
import pytest
from attache import ask


@pytest.fixture(scope="module")
def orders():
    rng = np.random.default_rng(1)
    n = 400
    return pd.DataFrame(
        {
            "order_id": range(1000, 1000 + n),
            "date": pd.to_datetime("2019-01-01") + pd.to_timedelta([*rng.integers(0, 3 * 365, n - 2), 0, 3 * 365], unit="D"),
            "region": rng.choice(["North", "South", "East"], n),
            "revenue": rng.integers(50, 900, n) * 1.0,
            "units": rng.integers(1, 9, n),
        }
    )


@pytest.fixture
def answer(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    return lambda frame, question: ask.ask_table(None, frame, question)


def yearly(frame, column="revenue"):
    return frame.groupby(frame["date"].dt.year)[column].sum()


@pytest.mark.parametrize("question, column, first, last", [
    ("how did revenue grow from 2019 to 2021", "revenue", 2019, 2021),
    ("revenue growth from 2019 to 2021", "revenue", 2019, 2021),
    ("what is the growth of units between 2019 and 2020?", "units", 2019, 2020),
    ("by how much did units grow from 2019 to 2021", "units", 2019, 2021),
    ("how much did revenue increase between 2019 and 2020", "revenue", 2019, 2020),
    ("percentage change in revenue from 2019 to 2020", "revenue", 2019, 2020),
    ("did revenue grow in 2021", "revenue", 2020, 2021),
    ("cagr of revenue", "revenue", 2019, 2021),
])  # fmt: skip
def test_from_one_time_to_another(answer, orders, question, column, first, last):
    y = yearly(orders, column)
    got = answer(orders, question)
    assert got["understood"] and got["value"] == pytest.approx(y[last] / y[first] - 1), got["text"]
    assert ("grew by" in got["text"]) == (y[last] >= y[first])
    if last - first > 1:
        assert f"{(y[last] / y[first]) ** (1 / (last - first)) - 1:+.1%} a year" in got["text"]


@pytest.mark.parametrize("question, code", [("revenue growth rate per year", "Y"), ("year over year growth of revenue", "Y"), ("yoy growth in revenue", "Y"), ("monthly growth of revenue", "M"), ("month over month revenue growth", "M"), ("quarter over quarter growth of revenue", "Q")])
def test_from_each_period_to_the_next(answer, orders, question, code):
    y = orders.groupby(orders["date"].dt.to_period(code))["revenue"].sum().pct_change().dropna()
    got = answer(orders, question)
    assert list(got["value"].values()) == pytest.approx(y.tolist()), got["text"]


def test_by_groups_strongest_first(answer, orders):
    y = orders.pivot_table(index=orders["date"].dt.year, columns="region", values="revenue", aggfunc="sum")
    want = (y.iloc[-1] / y.iloc[0] - 1).sort_values(ascending=False)
    got = answer(orders, "yoy growth of revenue by region")
    assert list(got["value"]) == list(want.index) and list(got["value"].values()) == pytest.approx(want.tolist())
    assert list(answer(orders, "which region's revenue grew the most from 2019 to 2021")["value"])[0] == want.index[0]


def test_with_a_condition(answer, orders):
    y = yearly(orders[orders["region"] == "North"])
    assert answer(orders, "revenue growth from 2019 to 2021 for North")["value"] == pytest.approx(y[2021] / y[2019] - 1)


def test_years_and_levels(answer):
    frame = pd.DataFrame({"year": [2018, 2019, 2020, 2021] * 2, "country": ["Norway"] * 4 + ["Sweden"] * 4, "population": [10, 11, 12, 13, 20, 21, 22, 23]})
    assert answer(frame, "population growth from 2018 to 2021")["value"] == pytest.approx(36 / 30 - 1)
    assert answer(frame, "population growth per year in Sweden")["value"] == {"2019": pytest.approx(0.05), "2020": pytest.approx(1 / 21), "2021": pytest.approx(1 / 22)}


def test_a_year_that_is_not_whole_is_said(answer, orders):
    got = answer(orders[orders["date"] < "2021-05-10"], "revenue growth per year")
    assert "that year is not whole" in got["text"]
    assert "not whole" not in answer(orders, "revenue growth per year")["text"]


def test_nothing_is_guessed(answer, orders):
    assert not answer(orders, "year over year growth")["understood"]
    assert not answer(orders.drop(columns="date"), "revenue growth")["understood"]
    zero = pd.DataFrame({"year": [2019, 2020], "profit": [0, 5]})
    assert np.isnan(answer(zero, "profit growth from 2019 to 2020")["value"])


def test_a_column_of_growth_is_that_column(answer):
    frame = pd.DataFrame({"year": range(2000, 2020), "country": list("abcd") * 5, "gdp_growth": np.linspace(0, 5, 20), "gdp": range(20)})
    assert answer(frame, "average gdp growth")["value"] == pytest.approx(2.5)


@pytest.mark.parametrize("question", ["average order value", "what is the average order value?", "AOV", "revenue per order", "average transaction value", "mean order size"])
def test_what_an_order_is_worth(answer, orders, question):
    assert answer(orders, question)["value"] == pytest.approx(orders["revenue"].mean())


def test_what_an_order_is_worth_by_groups(answer, orders):
    want = orders.groupby("region")["revenue"].mean()
    got = answer(orders, "average order value by region")["value"]
    assert got == {k: pytest.approx(v) for k, v in want.items()}
    assert len(answer(orders, "AOV per year")["value"]) == orders["date"].dt.year.nunique()


def test_orders_of_several_rows_are_not_averaged(answer, orders):
    got = answer(orders.assign(order_id=orders["order_id"] // 2), "average order value")
    assert not got["understood"] and "in several rows" in got["text"]
