"""A hundred questions and follow-ups about three tables, with the answers computed by pandas: units, typos, times, follow-ups in chains."""

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from attache import ask as asking
from attache.ask import ask_table
from vega_datasets import data


def _orders():
    rng = np.random.default_rng(11)
    n = 600
    frame = pd.DataFrame({"order_id": range(10_000, 10_000 + n), "order_date": pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), "D")})
    for name, values in {"region": "North South East West", "product": "Laptop Phone Tablet Monitor", "channel": "web shop"}.items():
        frame[name] = rng.choice(values.split(), n)
    frame["units"] = rng.integers(1, 9, n)
    frame["unit_price"] = rng.choice([9.5, 19.0, 49.0, 120.0], n)
    frame["revenue"] = frame["units"] * frame["unit_price"]
    frame["returned"] = rng.random(n) < 0.1
    frame["sales_rep"] = rng.choice(["Ann", "Bob", "Cem", "Dee"], n)
    frame.loc[::37, "channel"] = None
    return frame


FRAMES = {"cars": data.cars(), "stocks": data.stocks(), "orders": _orders()}
c, s, o = FRAMES.values()
mpg, hp, lbs = c.Miles_per_Gallon, c.Horsepower, c.Weight_in_lbs
cy, sy, oy = c.Year.dt.year, s.date.dt.year, o.order_date.dt.year
CHART = "a chart"
NO = "not understood"


def by(figures, how="mean"):
    return getattr(figures, how)().to_dict()


# What is asked, one question or several in a chain; and the value of the last answer.
CARS = [
    ("How many cars are there?", len(c)),
    ("how many cars from japan", (c.Origin == "Japan").sum()),
    ("number of cars per origin", c.Origin.value_counts().to_dict()),
    ("what's the avg horsepower", hp.mean()),
    ("averge horspower by origin", by(c.groupby("Origin").Horsepower)),
    ("mean mpg of european cars", mpg[c.Origin == "Europe"].mean()),
    ("median weight", lbs.median()),
    ("max acceleration", c.Acceleration.max()),
    ("cars with more than 200 hp", (hp > 200).sum()),
    ("how many cars have over 200 horsepower?", (hp > 200).sum()),
    ("how many cars weigh less than 2000 lbs", (lbs < 2000).sum()),
    ("how many cars weigh between 2000 and 2500 lbs", lbs.between(2000, 2500).sum()),
    ("which car has the highest horsepower", c.Name[hp.idxmax()]),
    ("top 5 cars by mpg", c.Name[mpg.nlargest(5).index[0]]),
    ("bottom three cars by acceleration", c.Name[c.Acceleration.idxmin()]),
    ("heaviest car", c.Name[lbs.idxmax()]),
    ("lightest car", c.Name[lbs.idxmin()]),
    ("average mpg per year", by(mpg.groupby(cy))),
    ("correlation between weight and mpg", lbs.corr(mpg)),
    ("how many missing values in horsepower", hp.isna().sum()),
    ("compare japan and usa mpg", by(c[c.Origin != "Europe"].groupby("Origin").Miles_per_Gallon)),
    ("what percentage of cars are from the USA?", (c.Origin == "USA").mean()),
    ("how many different origins", 3),
    ("horsepower vs weight", CHART),
    ("histogram of mpg", CHART),
    ("average hp of cars with 8 cylinders", hp[c.Cylinders == 8].mean()),
    ("avg mpg by cylinders", by(c.groupby("Cylinders").Miles_per_Gallon)),
    ("standard deviation of displacement", c.Displacement.std()),
    ("third quartile of weight", lbs.quantile(0.75)),
    ("lower quartile of mpg", mpg.quantile(0.25)),
    ("weight range", lbs.max() - lbs.min()),
    (["average mpg by origin", "and the median?"], by(c.groupby("Origin").Miles_per_Gallon, "median")),
    (["average mpg by origin", "as a bar chart"], CHART),
    (["average mpg by origin", "what about horsepower"], by(c.groupby("Origin").Horsepower)),
    (["average horsepower", "by origin"], by(c.groupby("Origin").Horsepower)),
    (["average horsepower by origin", "without usa"], by(c[c.Origin != "USA"].groupby("Origin").Horsepower)),
    (["average mpg", "only japan"], mpg[c.Origin == "Japan"].mean()),
    (["average mpg", "only japan", "and europe?"], mpg[c.Origin == "Europe"].mean()),
    (["average mpg", "median instead"], mpg.median()),
]
of = lambda symbol: s.symbol == symbol  # noqa: E731
STOCKS = [
    ("highest price of AAPL", s.price[of("AAPL")].max()),
    ("average price per symbol", by(s.groupby("symbol").price)),
    ("when was the price of GOOG the highest", "Oct 2007"),
    ("price over time", CHART),
    ("price of IBM over time", CHART),
    ("average price of MSFT in 2008", s.price[of("MSFT") & (sy == 2008)].mean()),
    ("mean AMZN price between 2005 and 2007", s.price[of("AMZN") & sy.between(2005, 2007)].mean()),
    ("average price before 2003", s.price[sy < 2003].mean()),
    ("average price since 2009", s.price[sy >= 2009].mean()),
    ("average price after 2007 by symbol", by(s[sy > 2007].groupby("symbol").price)),
    ("how many prices over 500", (s.price > 500).sum()),
    ("average price by year for aapl", by(s.price[of("AAPL")].groupby(sy))),
    ("how many symbols are there?", 5),
    ("lowest price ever", s.price.min()),
    ("how many rows per symbol", s.symbol.value_counts().to_dict()),
    ("first and last date", "2000"),
    ("price of goog on 2010-03-01", s.price[of("GOOG") & (s.date == "2010-03-01")].mean()),
    (["price over time", "log scale"], CHART),
    (["average price per symbol", "only 2009"], by(s[sy == 2009].groupby("symbol").price)),
    (["average price per symbol", "top 2"], s.groupby("symbol").price.mean().nlargest(2).to_dict()),
]
r, d = o.revenue, o.order_date
laptops, is23 = o["product"] == "Laptop", oy == 2023
ORDERS = [
    ("total revenue", r.sum()),
    ("total revenue by region", by(o.groupby("region").revenue, "sum")),
    ("revenue per month", CHART),
    ("which product has the most revenue", o.groupby("product").revenue.sum().idxmax()),
    ("best selling product by units", o.groupby("product").units.sum().idxmax()),
    ("who sold the most", o.groupby("sales_rep").units.sum().idxmax()),
    ("top 2 sales reps by revenue", o.groupby("sales_rep").revenue.sum().nlargest(2).to_dict()),
    ("how many orders were returned", o.returned.sum()),
    ("return rate by region", by(o.groupby("region").returned)),
    ("how many laptops were sold", o.units[laptops].sum()),
    ("how many laptop orders", laptops.sum()),
    ("revenue from laptops in the north", r[laptops & (o.region == "North")].sum()),
    ("orders over 500", (r > 500).sum()),
    ("orders with revenue of at least 500", (r >= 500).sum()),
    ("number of orders with revenue under 50", (r < 50).sum()),
    ("avg revenue per order", r.mean()),
    ("revenue between 2023-01-01 and 2023-06-30", r[d.between("2023-01-01", "2023-06-30")].sum()),
    ("total revenue from january to march 2023", r[d.between("2023-01-01", "2023-03-31")].sum()),
    ("revenue jan - mar 2023", r[d.between("2023-01-01", "2023-03-31")].sum()),
    ("revenue between january and march 2023", r[d.between("2023-01-01", "2023-03-31")].sum()),
    ("revenue in march 2023", r[is23 & (d.dt.month == 3)].sum()),
    ("revenue in Q2 2023", r[is23 & (d.dt.quarter == 2)].sum()),
    ("units by product and region", by(o.groupby(["product", "region"]).units, "sum")),
    ("revenue on weekends", r[d.dt.day_of_week >= 5].sum()),
    ("what share of revenue comes from the web", r[o.channel == "web"].sum() / r.sum()),
    ("revenue excluding returned orders", r[~o.returned].sum()),
    ("how many orders have no channel", o.channel.isna().sum()),
    ("average units per order in the south", o.units[o.region == "South"].mean()),
    ("revnue of tabelts in 2022", r[(o["product"] == "Tablet") & (oy == 2022)].sum()),
    ("is revenue higher in north or south?", by(o[o.region.isin(["North", "South"])].groupby("region").revenue)),
    ("how many orders last year", (oy == 2024).sum()),
    (["total revenue by region", "the same by product"], by(o.groupby("product").revenue, "sum")),
    (["total revenue by region", "only 2023"], by(o[is23].groupby("region").revenue, "sum")),
    (["total revenue by region", "only 2023", "as a pie chart"], CHART),
    (["total revenue by region", "per year"], by(r.groupby(oy), "sum")),
    (["revenue per month", "only laptops"], CHART),
    (["top 3 products by revenue", "and by units?"], o.groupby("product").units.sum().nlargest(3).to_dict()),
    (["how many orders were returned", "in 2023?"], o.returned[is23].sum()),
    (["total revenue", "average instead"], r.mean()),
    (["total revenue by region", "show as percentages"], (o.groupby("region").revenue.sum() / r.sum()).to_dict()),
    (["total revenue by region", "why?"], NO),
    ("what is the colour of the sky", NO),
    ("profit by region", NO),
    ("predict revenue for next year", NO),
    ("revenue in antarctica", NO),
    ("growth of revenue from 2022 to 2023", r[is23].sum() / r[oy == 2022].sum() - 1),
    ("growth of profit from 2022 to 2023", NO),
]


@pytest.mark.parametrize("table, asked, want", [(name, q, w) for name, rows in (("cars", CARS), ("stocks", STOCKS), ("orders", ORDERS)) for q, w in rows], ids=lambda v: str(v)[:60])
def test_questions(table, asked, want, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for question in asked if isinstance(asked, list) else [asked]:
        a = ask_table(None, FRAMES[table], question)
    if isinstance(want, str) and want == NO:
        assert not a["understood"] and len(a["suggestions"]) == 3
        return
    assert a["understood"], a["text"]
    if isinstance(want, str) and want == CHART:
        assert (tmp_path / a["chart"]).exists() and a["alt"]
    elif isinstance(want, str):
        assert want in a["text"]
    elif isinstance(want, dict):
        plain = lambda k: tuple(map(str, k)) if isinstance(k, tuple) else str(k)  # noqa: E731
        assert {plain(k): pytest.approx(v) for k, v in want.items()} == {plain(k): v for k, v in a["value"].items()}, a["text"]
    else:
        got = a["value"]
        got = next(iter(got.values())) if isinstance(got, dict) and len(got) == 1 else got
        assert math.isclose(got, want), a["text"]


def test_a_sorted_answer_keeps_its_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ask_table(None, o, "total revenue by region")
    assert list(ask_table(None, o, "sort by name")["value"]) == ["East", "North", "South", "West"]


def test_rows_in_no_group_are_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "17 of 600 rows have no `channel`: they are in none of the groups." in ask_table(None, o, "share of revenue by channel")["text"]


def test_follow_ups_go_on_in_a_restored_session(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ask_table(None, c, "how many cars are there")
    ask_table(None, o, "total revenue by region")
    kept = pickle.dumps(ask_table(None, o, "only 2023"))
    for name, value in {"_last": None, "_asked": (), "_loaded": None}.items():
        monkeypatch.setattr(asking, name, value)
    answer = pickle.loads(kept)
    assert answer["value"] == pytest.approx(by(o[is23].groupby("region").revenue, "sum"))
    a = ask_table(None, o, "the same by product")
    assert a["value"] == pytest.approx(by(o[is23].groupby("product").revenue, "sum"))
    assert not ask_table(None, o, "why?")["understood"]


ABROAD = pd.DataFrame(
    {"Datum": pd.to_datetime(["2024-01-03", "2024-01-15", "2024-02-02", "2024-02-20"]), "Gebiet": ["Nord", "Süd", "Nord", "West"], "Produkt": ["Lampe", "Tisch", "Lampe", "Stuhl"], "Menge": [3, 1, 4, 2], "Umsatz (€)": [1234.5, 2000.0, 480.25, 823.0]}
)
CHINESE = pd.DataFrame({"日期": pd.date_range("2024-01-01", periods=6), "产品": list("abcabc"), "月销售额": [1.0, 2, 3, 4, 5, 6.5], "単価(円)": [1, 2, 3, 1, 2, 3]})


@pytest.mark.parametrize(
    ("frame", "question", "value"),
    [
        (ABROAD, "total revenue by region", {"Nord": 1714.75, "Süd": 2000.0, "West": 823.0}),
        (ABROAD, "which product has the highest quantity", "Lampe"),
        (ABROAD, "sales per month", CHART),
        (ABROAD, "average price", NO),
        (CHINESE, "total revenue", 21.5),
        (CHINESE, "revenue by product", {"a": 5.0, "b": 7.0, "c": 9.5}),
        (CHINESE, "average price", 2.0),
    ],
)
def test_columns_in_other_languages(frame, question, value):
    answer = ask_table(None, frame, question)
    if value == NO:
        assert not answer["understood"]
    elif value == CHART:
        assert answer["chart"]
    else:
        assert answer["value"] == pytest.approx(value) if not isinstance(value, str) else value in str(answer["text"])


def test_a_group_that_is_no_column_is_not_left_out():
    for question in ("quantity by city", "total revenue across stores", "revenue broken down by employee"):
        answer = ask_table(None, ABROAD.drop(columns=["Gebiet"]), question)
        assert not answer["understood"], answer
        assert "I don't know" in answer["text"]
