"""Questions as ordinary people ask them, with the answers computed by pandas; and what is better not answered."""

import contextlib
import io

import pandas as pd
import pytest
from attache import ask as asking
from attache.ask import ask_table
from test_questions import CHART, FRAMES, NO, _orders, by

o, c = _orders(), FRAMES["cars"]
r, d = o.revenue, o.order_date
year, month, quarter = d.dt.year, d.dt.to_period("M"), d.dt.to_period("Q")
hp, mpg, lbs = c.Horsepower, c.Miles_per_Gallon, c.Weight_in_lbs
laptop, north, web = o["product"] == "Laptop", o.region == "North", o.channel == "web"


def between(low, high):
    return (d >= low) & (d < high)


def first(figures):
    """The highest of a series of months, as it is named."""
    return {str(figures.idxmax().start_time.date()): figures.max()}


def in_each(figures, n):
    """The first n products of each region."""
    got = figures.groupby([o.region, o["product"]]).sum().sort_values(ascending=False).groupby(level=0).head(n)
    return got.to_dict()


ORDERS = [
    ("how many orders do we have", len(o)),
    ("what is the totl revenue in the north", r[north].sum()),
    ("which month was best by revenue", first(r.groupby(month).sum())),
    ("worst month for revenue", {str(r.groupby(month).sum().idxmin().start_time.date()): r.groupby(month).sum().min()}),
    ("average revenue per sales rep", by(o.groupby("sales_rep").revenue)),
    ("how many distinct products", 4),
    ("how many different sales reps do we have", 4),
    ("orders with more than twice the average revenue", int((r > 2 * r.mean()).sum())),
    ("how many orders have more than twice the average revenue", int((r > 2 * r.mean()).sum())),
    ("how many orders have above average revenue", int((r > r.mean()).sum())),
    ("how many orders have revenue below the median", int((r < r.median()).sum())),
    ("revenue between march and may 2023", r[between("2023-03-01", "2023-06-01")].sum()),
    ("total revenue from march to may 2023", r[between("2023-03-01", "2023-06-01")].sum()),
    ("percentage change in revenue from 2022 to 2023", r[year == 2023].sum() / r[year == 2022].sum() - 1),
    ("what share of revenue does laptop have", r[laptop].sum() / r.sum()),
    ("what percentage of revenue comes from the web", r[web].sum() / r.sum()),
    ("missing values in channel", int(o.channel.isna().sum())),
    ("how many orders have no channel", int(o.channel.isna().sum())),
    ("how many units did Ann sell", o.units[o.sales_rep == "Ann"].sum()),
    ("how much money did Ann make", r[o.sales_rep == "Ann"].sum()),
    ("who sold the most units", {o.groupby("sales_rep").units.sum().idxmax(): o.groupby("sales_rep").units.sum().max()}),
    ("how many laptops were sold in 2023", o.units[laptop & (year == 2023)].sum()),
    ("number of returns by region", o[o.returned].region.value_counts().to_dict()),
    ("what percent of orders were returned", o.returned.mean()),
    ("return rate for phones", o.returned[o["product"] == "Phone"].mean()),
    ("revenue in the last quarter of 2023", r[between("2023-10-01", "2024-01-01")].sum()),
    ("first half of 2023 revenue", r[between("2023-01-01", "2023-07-01")].sum()),
    ("revenue in q2 2022", r[between("2022-04-01", "2022-07-01")].sum()),
    ("revenue of north in q1 2023", r[north & between("2023-01-01", "2023-04-01")].sum()),
    ("revenue on weekends", r[d.dt.day_of_week >= 5].sum()),
    ("median revenue of web orders", r[web].median()),
    ("revenue by region excluding south", by(o[o.region != "South"].groupby("region").revenue, "sum")),
    ("how many orders in 2022 were above 500 revenue", int(((year == 2022) & (r > 500)).sum())),
    ("revenue by region as percentages", {k: v / r.sum() for k, v in r.groupby(o.region).sum().items()}),
    ("what's the difference between the highest and lowest revenue", r.max() - r.min()),
    ("how many phones did bob sell in 2022", o.units[(o["product"] == "Phone") & (o.sales_rep == "Bob") & (year == 2022)].sum()),
    ("total revenue for web except laptops", r[web & ~laptop].sum()),
    ("revenu by reigon", by(o.groupby("region").revenue, "sum")),
    ("customers who bought more than 5 units", int((o.units > 5).sum())),
    ("orders between 100 and 200 revenue", int(r.between(100, 200).sum())),
    (["revenue by region", "same by product"], by(o.groupby("product").revenue, "sum")),
    (["revenue by region", "only 2023"], by(o[year == 2023].groupby("region").revenue, "sum")),
    (["revenue by region", "only 2023", "and for 2022?"], by(o[year == 2022].groupby("region").revenue, "sum")),
    (["revenue by region", "as a pie"], CHART),
    (["revenue over time", "log scale"], CHART),
    (["total revenue", "per sales rep", "top 2"], o.groupby("sales_rep").revenue.sum().nlargest(2).to_dict()),
    (["total revenue by product", "in percent"], {k: v / r.sum() for k, v in r.groupby(o["product"]).sum().items()}),
    (["average revenue by region", "for laptops only"], by(o[laptop].groupby("region").revenue)),
    (["how many orders in 2023", "and in 2022"], int((year == 2022).sum())),
    ("top 3 products per region by revenue", in_each(r, 3)),
    ("best selling product in each region", in_each(o.units, 1)),
    ("regions with more than 150 orders", NO),
    ("what was our best month", NO),
    ("average per customer", NO),
    ("revenue per unit price", NO),
    ("revenue in the last 3 months", NO),
    ("revenue minus cost", NO),
    ("why did revenue fall in 2023", NO),
    ("predict revenue for next year", NO),
    ("what is the weather", NO),
    ("delete all rows", NO),
]
CARS = [
    ("cars heavier than 4000 lbs", int((lbs > 4000).sum())),
    ("what is the most common number of cylinders", {"4": int((c.Cylinders == 4).sum())}),
    ("average mpg of japanese cars after 1975", mpg[(c.Origin == "Japan") & (c.Year.dt.year > 1975)].mean()),
    ("how does weight relate to mpg", CHART),
    ("how many cars have missing mpg", int(mpg.isna().sum())),
    ("what is the mpg of the heaviest car", mpg[lbs.idxmax()]),
    ("horsepower of the lightest car", hp[lbs.idxmin()]),
    ("90th percentile of horsepower", hp.quantile(0.9)),
    ("cars with 4 or 6 cylinders", int(c.Cylinders.isin([4, 6]).sum())),
    ("how many cars have 8 cylinders and over 200 horsepower", int(((c.Cylinders == 8) & (hp > 200)).sum())),
    ("cars with mpg above average", int((mpg > mpg.mean()).sum())),
    ("average horsepower of cars from europe or japan", hp[c.Origin.isin(["Europe", "Japan"])].mean()),
    ("which origin has the most efficient cars", NO),
    ("top 3 cars per origin by horsepower", NO),
]


def answered(frame, questions):
    asking._last, asking._asked = None, ()
    for question in [questions] if isinstance(questions, str) else questions:
        with contextlib.redirect_stdout(io.StringIO()):
            answer = ask_table(None, frame, question)
    return answer


def check_answer(frame, questions, want):
    """Ask questions of a table; the last answer is a value, a chart (CHART), or a refusal with suggestions (NO)."""
    answer = answered(frame, questions)
    if want == NO:
        assert not answer["understood"] and len(answer["suggestions"]) == 3, answer["text"]
        return
    assert answer["understood"], answer["text"]
    if want == CHART:
        assert answer["chart"]
    else:
        assert answer["value"] == pytest.approx(want) if not isinstance(want, pd.Timestamp) else answer["value"] == want, answer["text"]


def check_called(frame, question, want, monkeypatch):
    """check_answer of a table that is a file of the name in its attrs, if it has one there."""
    if called := frame.attrs.get("called"):
        from attache import ask
        from attache.analyze import profile
        from attache.ask.scan import Vocabulary

        figures = profile.Profile(frame)
        monkeypatch.setattr(ask, "_loaded", (frame, called, figures, Vocabulary(figures, called + ".csv")))
    check_answer(frame, question, want)


@pytest.mark.parametrize("name, question, want", [*(("orders", *case) for case in ORDERS), *(("cars", *case) for case in CARS)])
def test_an_answer(name, question, want):
    check_answer({"orders": o, "cars": c}[name], question, want)
