"""Simple questions in the words of people, and the right answers, computed here with pandas alone."""

import math
import os

import numpy as np
import pandas as pd
import pytest
from attache import ask as asking
from attache.ask import ask_table

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata")


def _orders():
    rng = np.random.default_rng(7)
    n = 400
    return pd.DataFrame(
        {
            "order_id": range(5000, 5000 + n),
            "customer_id": rng.integers(1, 60, n),
            "order_date": pd.date_range("2022-11-01", periods=n, freq="2D"),
            "region": rng.choice(["North", "South", "East", "West"], n, p=[0.4, 0.3, 0.2, 0.1]),
            "product": rng.choice(["Laptop", "Phone", "Desk Chair", "Monitor"], n),
            "sales_channel": rng.choice(["Online", "Store"], n),
            "quantity": rng.integers(1, 12, n),
            "unit_price": rng.choice([9.5, 20.0, 149.0, 899.0], n),
            "sales": np.round(rng.gamma(2, 120, n), 2),
            "discount_pct": rng.choice([0.0, 5.0, 10.0], n),
            "zip": rng.choice([10001, 60601, 94105], n),
            "returned": rng.choice([0, 1], n, p=[0.9, 0.1]),
            "rating": rng.choice([1, 2, 3, 4, 5, np.nan], n),
        }
    )


def _staff():
    return pd.DataFrame(
        {
            "Name": ["Ann Lee", "Bob Stone", "Cho Park", "Dee Wood", "Eve Marsh", "Fay Hill", "Gus Vale", "Hal Reed", "Ida Moor", "Jon Beck"],
            "Department": ["Sales", "Sales", "IT", "IT", "IT", "HR", "HR", "Sales", "Legal", "Legal"],
            "Age": [34, 45, 29, 51, 38, 42, 27, 60, 33, 48],
            "Salary (USD)": [52000, 61000, 70500, 88000, 73000, 48000, 45500, 67000, 91000, 99500],
            "Years at Company": [3, 12, 2, 20, 7, 9, 1, 25, 4, 15],
            "Remote": ["Yes", "No", "Yes", "Yes", "No", "No", "Yes", "No", "Yes", "No"],
            "City": ["Berlin", "Paris", "Berlin", "Rome", "Paris", "Berlin", "Rome", "Paris", "Berlin", "Rome"],
        }
    )


def _weather():
    return pd.read_csv(os.path.join(DATA, "seattle-weather.csv"), parse_dates=["date"])


def _gap():
    import plotly.express

    return plotly.express.data.gapminder()


def _tips():
    import plotly.express

    return plotly.express.data.tips()


def _ym():
    return pd.DataFrame({"year": np.repeat(range(2019, 2024), 12), "month": np.tile(range(1, 13), 5), "visitors": np.arange(60) * 7 % 41 + 100})


TABLES = {"orders": _orders, "staff": _staff, "weather": _weather, "gap": _gap, "tips": _tips, "ym": _ym}
o, s, w, g, t, y = (make() for make in TABLES.values())
FRAMES = {"orders": o, "staff": s, "weather": w, "gap": g, "tips": t, "ym": y}
last = g[g.year == 2007]
by = lambda f, k, v, how: getattr(f.groupby(k)[v], how)().to_dict()  # noqa: E731
months = lambda d: d.dt.to_period("M").dt.to_timestamp().dt.strftime("%Y-%m-%d")  # noqa: E731
years = lambda d: d.dt.strftime("%Y")  # noqa: E731
top = lambda series, n: dict(series.sort_values(ascending=False).head(n))  # noqa: E731

QUESTIONS = [
    # how many
    ("orders", "How many rows are there?", 400),
    ("orders", "how many orders do we have", 400),
    ("orders", "number of records", 400),
    ("orders", "count the rows", 400),
    ("orders", "how many customers are there?", o.customer_id.nunique()),
    ("orders", "how many different products", 4),
    ("orders", "How many regions are there?", 4),
    ("orders", "how many orders from the North", (o.region == "North").sum()),
    ("orders", "how many orders in the south or east?", o.region.isin(["South", "East"]).sum()),
    ("orders", "how many laptops", (o["product"] == "Laptop").sum()),
    ("orders", "how many orders over 500", (o.sales > 500).sum()),
    ("orders", "how many orders with sales below 100", (o.sales < 100).sum()),
    ("orders", "how many orders have a quantity of at least 10", (o.quantity >= 10).sum()),
    ("orders", "how many orders had sales between 100 and 200?", o.sales.between(100, 200).sum()),
    ("orders", "How many orders in 2023?", (o.order_date.dt.year == 2023).sum()),
    ("orders", "how many orders in March 2023", ((o.order_date.dt.year == 2023) & (o.order_date.dt.month == 3)).sum()),
    ("orders", "how many orders before 2024", (o.order_date < "2024-01-01").sum()),
    ("orders", "how many orders since June 2024", (o.order_date >= "2024-06-01").sum()),
    ("orders", "how many orders between 2023-01-10 and 2023-02-10", o.order_date.between("2023-01-10", "2023-02-10").sum()),
    ("orders", "how many orders were returned", (o.returned == 1).sum()),
    ("orders", "how many online orders with quantity > 5", ((o.sales_channel == "Online") & (o.quantity > 5)).sum()),
    ("orders", "number of orders by region", by(o, "region", "sales", "size")),
    ("orders", "how many orders per month in 2023", o[o.order_date.dt.year == 2023].groupby(months(o.order_date)).size().to_dict()),
    ("orders", "orders per product", by(o, "product", "sales", "size")),
    ("orders", "how many desk chairs were ordered in the west", ((o["product"] == "Desk Chair") & (o.region == "West")).sum()),
    # one figure
    ("orders", "What is the average sales?", o.sales.mean()),
    ("orders", "mean quantity", o.quantity.mean()),
    ("orders", "total sales", o.sales.sum()),
    ("orders", "What were our total sales in 2023?", o[o.order_date.dt.year == 2023].sales.sum()),
    ("orders", "sum of quantity", o.quantity.sum()),
    ("orders", "what's the maximum unit price", 899.0),
    ("orders", "lowest sales", o.sales.min()),
    ("orders", "median of sales", o.sales.median()),
    ("orders", "standard deviation of sales", o.sales.std()),
    ("orders", "avg unit price of monitors", o[o["product"] == "Monitor"].unit_price.mean()),
    ("orders", "average rating", o.rating.mean()),
    ("orders", "average sales for North where product is Phone", o[(o.region == "North") & (o["product"] == "Phone")].sales.mean()),
    ("orders", "total revenue", o.sales.sum()),
    ("orders", "sales in Q1 2023", o[(o.order_date >= "2023-01-01") & (o.order_date < "2023-04-01")].sales.sum()),
    ("orders", "total sales in December", o[o.order_date.dt.month == 12].sales.sum()),
    ("orders", "average sales on Mondays", o[o.order_date.dt.dayofweek == 0].sales.mean()),
    ("orders", "95th percentile of sales", o.sales.quantile(0.95)),
    ("orders", "highest and lowest sales", {"max": o.sales.max(), "min": o.sales.min()}),
    ("orders", "total sales not in North", o[o.region != "North"].sales.sum()),
    ("orders", "total sales except laptops", o[o["product"] != "Laptop"].sales.sum()),
    ("orders", "total sales in zip 10001", o[o.zip == 10001].sales.sum()),
    # by groups
    ("orders", "sales by region", by(o, "region", "sales", "sum")),
    ("orders", "Total sales per region", by(o, "region", "sales", "sum")),
    ("orders", "average sales for each product", by(o, "product", "sales", "mean")),
    ("orders", "mean quantity by sales channel", by(o, "sales_channel", "quantity", "mean")),
    ("orders", "median unit price by region", by(o, "region", "unit_price", "median")),
    ("orders", "max sales by product", by(o, "product", "sales", "max")),
    ("orders", "average rating per region", by(o, "region", "rating", "mean")),
    ("orders", "sales by region for laptops", by(o[o["product"] == "Laptop"], "region", "sales", "sum")),
    ("orders", "sales by region in 2023", by(o[o.order_date.dt.year == 2023], "region", "sales", "sum")),
    ("orders", "sales by region and product", by(o, ["region", "product"], "sales", "sum")),
    ("orders", "total sales by zip", {str(k): v for k, v in by(o, "zip", "sales", "sum").items()}),
    ("orders", "sales by weekday", {str(k): v for k, v in o.groupby(o.order_date.dt.dayofweek).sales.sum().items()}),
    ("orders", "show me the sales across regions", by(o, "region", "sales", "sum")),
    ("orders", "bar chart of sales by region", by(o, "region", "sales", "sum")),
    ("orders", "plot total quantity per product as a pie chart", by(o, "product", "quantity", "sum")),
    ("orders", "return rate by product", by(o, "product", "returned", "mean")),
    ("orders", "number of customers by region", by(o, "region", "customer_id", "nunique")),
    # highest, top
    ("orders", "which region has the highest sales?", top(o.groupby("region").sales.sum(), 1)),
    ("orders", "Which product sold the most?", top(o.groupby("product").quantity.sum(), 1)),
    ("orders", "what product has the lowest average sales", dict(o.groupby("product").sales.mean().sort_values().head(1))),
    ("orders", "top 2 regions by sales", top(o.groupby("region").sales.sum(), 2)),
    ("orders", "top three products by quantity", top(o.groupby("product").quantity.sum(), 3)),
    ("orders", "bottom 2 products by total sales", dict(o.groupby("product").sales.sum().sort_values().head(2))),
    ("orders", "5 largest sales", o.sales.nlargest(5).tolist()),
    ("orders", "which month had the highest sales", top(o.groupby(months(o.order_date)).sales.sum(), 1)),
    ("orders", "which customer has the most orders", "most"),
    ("orders", "most common product", top(o["product"].value_counts(), 1)),
    # over time
    ("orders", "sales per month", o.groupby(months(o.order_date)).sales.sum().to_dict()),
    ("orders", "monthly sales", o.groupby(months(o.order_date)).sales.sum().to_dict()),
    ("orders", "average sales per year", o.groupby(years(o.order_date)).sales.mean().to_dict()),
    ("orders", "quarterly quantity", o.groupby(o.order_date.dt.to_period("Q").dt.to_timestamp().dt.strftime("%Y-%m-%d")).quantity.sum().to_dict()),
    ("orders", "how many orders per year", o.groupby(years(o.order_date)).size().to_dict()),
    ("orders", "sales by year and region", {(k[0], k[1]): v for k, v in o.groupby([years(o.order_date), "region"]).sales.sum().items()}),
    # shares, distributions, pairs
    ("orders", "share of sales by region", (o.groupby("region").sales.sum() / o.sales.sum()).to_dict()),
    ("orders", "what percentage of orders are from the North?", (o.region == "North").mean()),
    ("orders", "what share of sales comes from the north", o[o.region == "North"].sales.sum() / o.sales.sum()),
    ("orders", "percentage of orders by product", (o["product"].value_counts(normalize=True)).to_dict()),
    ("orders", "distribution of sales", {"median": o.sales.median(), "max": o.sales.max(), "count": 400}),
    ("orders", "distribution of region", by(o, "region", "sales", "size")),
    ("orders", "correlation between sales and quantity", o.sales.corr(o.quantity)),
    ("orders", "sales vs unit price", o.sales.corr(o.unit_price)),
    ("orders", "scatter plot of quantity against sales", o.sales.corr(o.quantity)),
    ("orders", "how many missing values are there", {"rating": o.rating.isna().sum()}),
    ("orders", "how many ratings are missing", o.rating.isna().sum()),
    ("orders", "compare North and South", "compare"),
    ("orders", "compare online and store by sales", by(o, "sales_channel", "sales", "sum")),
    ("orders", "are there duplicate rows?", 0),
    ("orders", "show the orders where sales is over 700", (o.sales > 700).sum()),
    ("orders", "list orders from the West with quantity 3", ((o.region == "West") & (o.quantity == 3)).sum()),
    ("orders", "unique regions", 4),
    ("orders", "date range", (o.order_date.min(), o.order_date.max())),
    # typos, units, plurals
    ("orders", "averge sales by regoin", by(o, "region", "sales", "mean")),
    ("orders", "totl quantty of lapotp", o[o["product"] == "Laptop"].quantity.sum()),
    ("orders", "qty by product", by(o, "product", "quantity", "sum")),
    ("orders", "how many orders of $500 or more", (o.sales >= 500).sum()),
    ("orders", "how many orders with a unit price under 10 dollars", (o.unit_price < 10).sum()),
    # people
    ("staff", "who has the highest salary?", [99500]),
    ("staff", "who is the oldest", [60]),
    ("staff", "average salary by department", by(s, "Department", "Salary (USD)", "mean")),
    ("staff", "how many people work in IT", 3),
    ("staff", "how many employees are older than 40", (s.Age > 40).sum()),
    ("staff", "how many remote employees", 5),
    ("staff", "percentage of remote by department", s.assign(r=s.Remote == "Yes").groupby("Department").r.mean().to_dict()),
    ("staff", "top 3 salaries", [99500, 91000, 88000]),
    ("staff", "mean age in Berlin", s[s.City == "Berlin"].Age.mean()),
    ("staff", "average years at company by city", by(s, "City", "Years at Company", "mean")),
    ("staff", "salary against age", s["Salary (USD)"].corr(s.Age)),
    ("staff", "which department has the highest average salary", {"Legal": 95250.0}),
    ("staff", "salary of Ann Lee", 52000),
    ("staff", "how many staff in paris earn more than 60k", 3),
    ("staff", "average salary without legal", s[s.Department != "Legal"]["Salary (USD)"].mean()),
    # weather
    ("weather", "hottest day", w.temp_max.max()),
    ("weather", "how many rainy days", (w.weather == "rain").sum()),
    ("weather", "how many days with more than 20 mm of rain", (w.precipitation > 20).sum()),
    ("weather", "average temp_max in July", w[w.date.dt.month == 7].temp_max.mean()),
    ("weather", "mean max temperature by weather", by(w, "weather", "temp_max", "mean")),
    ("weather", "total precipitation per year", w.groupby(years(w.date)).precipitation.sum().to_dict()),
    ("weather", "days with snow by year", w[w.weather == "snow"].groupby(years(w.date)).size().to_dict()),
    ("weather", "average wind in 2014", w[w.date.dt.year == 2014].wind.mean()),
    ("weather", "coldest day in 2013", w[w.date.dt.year == 2013].temp_min.min()),
    ("weather", "which year had the most precipitation", top(w.groupby(years(w.date)).precipitation.sum(), 1)),
    # countries and years
    ("gap", "total population in 2007", last["pop"].sum()),
    ("gap", "population by continent in 1952", by(g[g.year == 1952], "continent", "pop", "sum")),
    ("gap", "what is the total population?", last["pop"].sum()),
    ("gap", "life expectancy over time", {str(k): v for k, v in by(g, "year", "lifeExp", "mean").items()}),
    ("gap", "population of Germany over time", {str(k): v for k, v in g[g.country == "Germany"].set_index("year")["pop"].items()}),
    ("gap", "average life expectancy in Asia between 1962 and 1982", g[(g.continent == "Asia") & g.year.between(1962, 1982)].lifeExp.mean()),
    ("gap", "top 5 countries by gdp per capita in 2007", top(last.set_index("country").gdpPercap, 5)),
    ("gap", "which country had the lowest life expectancy in 1952", {"Afghanistan": 28.801}),
    ("gap", "how many countries are in Europe", 30),
    ("gap", "number of countries by continent", by(g, "continent", "country", "nunique")),
    ("gap", "mean life expectancy of Norway and Sweden", by(g[g.country.isin(["Norway", "Sweden"])], "country", "lifeExp", "mean")),
    ("gap", "lifeExp vs gdpPercap in 2007", last.lifeExp.corr(last.gdpPercap)),
    # tips
    ("tips", "average total bill by day", by(t, "day", "total_bill", "mean")),
    ("tips", "how many smokers are there", (t.smoker == "Yes").sum()),
    ("tips", "what percentage are smokers", (t.smoker == "Yes").mean()),
    ("tips", "number of non-smokers", (t.smoker == "No").sum()),
    ("tips", "how many bills on Sunday", (t.day == "Sun").sum()),
    ("tips", "mean tip by sex and smoker", by(t, ["sex", "smoker"], "tip", "mean")),
    ("tips", "average bill for male smokers at dinner", t[(t.sex == "Male") & (t.smoker == "Yes") & (t.time == "Dinner")].total_bill.mean()),
    ("tips", "median tip where size is at least 4", t[t["size"] >= 4].tip.median()),
    # year and month
    ("ym", "visitors per year", {str(k): v for k, v in by(y, "year", "visitors", "sum").items()}),
    ("ym", "total visitors in March 2020", y[(y.year == 2020) & (y.month == 3)].visitors.sum()),
    ("ym", "which year had the fewest visitors", dict(y.groupby("year").visitors.sum().sort_values().head(1))),
]  # fmt: skip

CHAINS = [
    ("orders", [
        ("sales by region", by(o, "region", "sales", "sum")),
        ("as a pie chart", by(o, "region", "sales", "sum")),
        ("only 2023", by(o[o.order_date.dt.year == 2023], "region", "sales", "sum")),
        ("log scale", by(o[o.order_date.dt.year == 2023], "region", "sales", "sum")),
        ("the same by product", by(o[o.order_date.dt.year == 2023], "product", "sales", "sum")),
        ("and the median?", by(o[o.order_date.dt.year == 2023], "product", "sales", "median")),
        ("without laptops", by(o[(o.order_date.dt.year == 2023) & (o["product"] != "Laptop")], "product", "sales", "median")),
        ("what about quantity", by(o[(o.order_date.dt.year == 2023) & (o["product"] != "Laptop")], "product", "quantity", "median")),
        ("total sales", o.sales.sum()),
        ("per month", o.groupby(months(o.order_date)).sales.sum().to_dict()),
        ("only the north", o[o.region == "North"].groupby(months(o.order_date)).sales.sum().to_dict()),
        ("and the south?", o[o.region == "South"].groupby(months(o.order_date)).sales.sum().to_dict()),
    ]),
    ("gap", [
        ("population of Germany over time", {str(k): v for k, v in g[g.country == "Germany"].set_index("year")["pop"].items()}),
        ("and France", {str(k): v for k, v in g[g.country == "France"].set_index("year")["pop"].items()}),
        ("as a bar chart", {str(k): v for k, v in g[g.country == "France"].set_index("year")["pop"].items()}),
        ("life expectancy by continent", by(g, "continent", "lifeExp", "mean")),
        ("in 1952", by(g[g.year == 1952], "continent", "lifeExp", "mean")),
        ("and in 2007?", by(last, "continent", "lifeExp", "mean")),
        ("top 2", top(last.groupby("continent").lifeExp.mean(), 2)),
    ]),
    ("tips", [
        ("average tip by day", by(t, "day", "tip", "mean")),
        ("only dinner", by(t[t.time == "Dinner"], "day", "tip", "mean")),
        ("by sex", by(t[t.time == "Dinner"], "sex", "tip", "mean")),
        ("how many rows?", 244),
        ("as a percentage by sex", None),
    ]),
]  # fmt: skip

REFUSED = [
    ("orders", "what is the meaning of life"), ("orders", "how many unicorns"), ("orders", "predict next month's sales"), ("orders", "who is the president of France"),
    ("orders", "average profitability by region"), ("orders", "sum of region"), ("orders", "average customer_id"), ("orders", "mean zip"), ("staff", "write me a poem"),
    ("staff", "sales over time"), ("weather", "translate this to German"), ("gap", "inflation of Germany"), ("staff", "salary per month"), ("orders", "as a bar chart"),
    ("orders", "hello"), ("orders", ""), ("orders", "only 2023"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asking, "_last", None)
    monkeypatch.setattr(asking, "_asked", ())


def same(got, want):
    if isinstance(want, dict):
        return isinstance(got, dict) and all(k in got and same(got[k], v) for k, v in ((_text(k), v) for k, v in want.items())) and (len(got) == len(want) or "median" in want)
    if isinstance(want, (list, tuple)):
        return len(got) == len(want) and all(same(a, b) for a, b in zip(got, want))
    if isinstance(want, (float, np.floating)):
        return math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-9)
    return got == want


def _text(k):
    return tuple(map(str, k)) if isinstance(k, tuple) else k if k in ("max", "min") else str(k)


@pytest.mark.parametrize("table, question, want", [q for q in QUESTIONS if q[2] is not None], ids=lambda v: v if isinstance(v, str) else "")
def test_questions(table, question, want, capsys):
    a = ask_table(None, FRAMES[table], question)
    assert a["understood"], a["text"]
    assert capsys.readouterr().out.strip() == a["text"] and "**" in a["text"] and "nan" not in a["text"]
    if want == "compare":
        assert set(a["value"]) == {"North", "South"} and math.isclose(a["value"]["North"]["sales"], o[o.region == "North"].sales.sum())
    elif want == "most":
        counts = o.customer_id.value_counts()
        ((k, n),) = a["value"].items()
        assert n == counts.max() and counts[int(k)] == n
    else:
        assert same(a["value"], want), a["text"]
    if a["chart"]:
        assert os.path.getsize(a["chart"]) > 3000 and len(a["alt"]) > 20


def test_a_chart_of_several_columns(capsys):
    """The third example question of the page in the browser."""
    made = ask_table(None, _weather(), "Show the mean of each column as a bar chart")
    assert made["chart"] == "answer_1.png" and os.path.getsize("answer_1.png") > 5000
    assert made["alt"].startswith("Mean of precipitation") and "Highest: temp_max with 16.44" in made["alt"]
    assert ask_table(None, _weather(), "mean of each column")["chart"] is None


def test_enough_questions():
    asked = [q for q in QUESTIONS if q[2] is not None]
    assert len(asked) >= 150 and len({q[1].lower() for q in asked}) == len(asked)


@pytest.mark.parametrize("table, chain", CHAINS, ids=[c[0] for c in CHAINS])
def test_follow_ups(table, chain):
    for question, want in chain:
        a = ask_table(None, FRAMES[table], question)
        if want is not None:
            assert a["understood"], f"{question}: {a['text']}"
            assert same(a["value"], want), f"{question}: {a['text']}"


@pytest.mark.parametrize("table, question", REFUSED)
def test_what_is_not_understood_is_said(table, question):
    a = ask_table(None, FRAMES[table], question)
    assert not a["understood"], a["text"]
    assert "You can ask, for example" in a["text"] and len(a["suggestions"]) == 3
    for suggested in a["suggestions"]:
        assert ask_table(None, FRAMES[table], suggested)["understood"], suggested


@pytest.mark.parametrize("table", FRAMES)
def test_the_same_question_gives_the_same_answer(table):
    first = ask_table(None, FRAMES[table], "how many rows")
    assert first == ask_table(None, FRAMES[table], "how many rows")


ODD = [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [None, None], "b": ["x", "y"]}), pd.DataFrame({"x": [[1], [2]], "n": [1.5, np.nan]}), pd.DataFrame({"a": [np.inf, 1, 2], "k": list("abc")})]


@pytest.mark.parametrize("at", range(len(ODD)))
def test_odd_tables_are_answered_or_refused(at):
    for question in ("how many rows", "mean a", "a by k", "over time", "n", "distribution of n", "missing values", "correlations", "top 3", "which columns", "a", "describe", "duplicates"):
        ask_table(None, ODD[at], question)


def test_rows_are_shown():
    shown = []
    a = ask_table(None, s, "show the rows where city is Rome", shown.append)
    assert a["value"] == 3 and list(shown[0].Name) == ["Dee Wood", "Gus Vale", "Jon Beck"] and a.table is shown[0]


def test_the_last_table_is_asked_again():
    ask_table(None, s, "average age")
    assert ask_table(None, None, "by city")["value"].keys() == {"Berlin", "Paris", "Rome"}


def test_a_word_for_several_columns_is_said():
    text = ask_table(None, w, "average temperature in 2013")["text"]
    assert "`temp_max`" in text and 'I took `temp_max` for "temperature"; there is also `temp_min`.' in text


def test_a_new_question_is_no_follow_up():
    ask_table(None, w, "average wind")
    assert ask_table(None, w, "first 3 days")["value"] == 3
    assert ask_table(None, w, "was there snow in 2013?")["value"] == 3
    assert set(ask_table(None, w, "average of all columns")["value"]) == {"precipitation", "temp_max", "temp_min", "wind"}
    assert "median" in ask_table(None, w, "box plot of wind")["value"]
    assert not ask_table(None, t, "average tip percentage")["understood"]
