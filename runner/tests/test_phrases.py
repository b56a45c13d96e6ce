"""Questions as people put them, with the answers computed by pandas: and what is better refused than guessed."""

import math

import numpy as np
import pandas as pd
import pytest
from attache.ask import ask_table
from test_ask import FRAMES as MORE
from test_ask import same

t, w, s = MORE["tips"], MORE["weather"], MORE["staff"]


def _people():
    rng = np.random.default_rng(3)
    n = 300
    sex = rng.choice(["male", "female"], n, p=[0.6, 0.4])
    return pd.DataFrame(
        {
            "survived": (rng.random(n) < np.where(sex == "female", 0.7, 0.2)).astype(int),
            "class": rng.choice(["First", "Second", "Third"], n),
            "sex": sex,
            "age": np.where(rng.random(n) < 0.2, np.nan, rng.integers(1, 75, n)),
            "fare": rng.gamma(2, 15, n).round(2),
            "embark_town": rng.choice(["Southampton", "Cherbourg", "Queenstown"], n),
            "alive": "",
        }
    ).assign(alive=lambda f: np.where(f.survived == 1, "yes", "no"))


def _houses():
    rng = np.random.default_rng(5)
    n = 60
    return pd.DataFrame({"house": range(1, n + 1), "price": rng.normal(300_000, 50_000, n).round(), "size_sqft": rng.normal(1500, 300, n).round(), "bedrooms": rng.integers(1, 6, n), "city": rng.choice(["Leeds", "York", "Hull"], n)})


def _marks():
    return pd.DataFrame({"student": ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn"], "class": list("AABBCC"), "math_score": [88, 92, 75, 60, 97, 81], "reading_score": [70, 85, 90, 66, 91, 79]})


FRAMES = {**MORE, "people": _people(), "houses": _houses(), "marks": _marks()}
p, h = FRAMES["people"], FRAMES["houses"]
top = lambda f, by, what: (lambda m: {m.idxmax(): m.max()})(f.groupby(by)[what].mean())  # noqa: E731

ANSWERS = [
    ("tips", "which gender tips more", top(t, "sex", "tip")),
    ("tips", "who leaves bigger tips, smokers or non smokers?", t.groupby("smoker").tip.mean().to_dict()),
    ("tips", "do smokers tip better", t.groupby("smoker").tip.mean().to_dict()),
    ("tips", "which day has lower bills", (lambda m: {m.idxmin(): m.min()})(t.groupby("day").total_bill.mean())),
    ("tips", "parties of 4 or more", (t["size"] >= 4).sum()),
    ("tips", "average tip for parties larger than 4", t[t["size"] > 4].tip.mean()),
    ("tips", "how much do people usually tip", t.tip.mean()),
    ("tips", "on which day do people spend the most", (lambda m: {m.idxmax(): m.max()})(t.groupby("day").total_bill.sum())),
    ("tips", "how many women ate dinner on saturday", ((t.sex == "Female") & (t.time == "Dinner") & (t.day == "Sat")).sum()),
    ("tips", "what percent of smokers are women", t[t.smoker == "Yes"].sex.eq("Female").mean()),
    ("tips", "bills over 40 dollars", (t.total_bill > 40).sum()),
    ("people", "what's the average age by class, survivors only", p[p.survived == 1].groupby("class").age.mean().to_dict()),
    ("people", "how many passengers had no age recorded", p.age.isna().sum()),
    ("people", "what percentage of men survived", p[p.sex == "male"].survived.mean()),
    ("people", "survival rate of women in third class", p[(p.sex == "female") & (p["class"] == "Third")].survived.mean()),
    ("people", "average age of those who died", p[p.survived == 0].age.mean()),
    ("people", "how many people embarked from Cherbourg", (p.embark_town == "Cherbourg").sum()),
    ("people", "average fare first class", p[p["class"] == "First"].fare.mean()),
    ("people", "which class paid the most", top(p, "class", "fare")),
    ("people", "how many women survived", ((p.sex == "female") & (p.survived == 1)).sum()),
    ("people", "how many did not survive", (p.survived == 0).sum()),
    ("weather", "how many foggy days", (w.weather == "fog").sum()),
    ("weather", "when was it sunny", (w.weather == "sun").sum()),
    ("weather", "days above 30 degrees", (w.temp_max > 30).sum()),
    ("orders", "when was the last order", MORE["orders"].order_date.max()),
    ("orders", "first order date", MORE["orders"].order_date.min()),
    ("orders", "orders of more than 5 units", (MORE["orders"].quantity > 5).sum()),
    ("houses", "how much is a house in York on average", h[h.city == "York"].price.mean()),
    ("houses", "houses with at least 3 bedrooms under 300000", ((h.bedrooms >= 3) & (h.price < 300_000)).sum()),
    ("houses", "how many houses have 2 bedrooms", (h.bedrooms == 2).sum()),
    ("houses", "average price by number of bedrooms", h.groupby("bedrooms").price.mean().to_dict()),
    ("houses", "houses between 250k and 300k", h.price.between(250_000, 300_000).sum()),
    ("houses", "does size affect price", h.price.corr(h.size_sqft)),
    ("marks", "who scored highest in math", "Eva"),
    ("people", "what percent of passengers were women in third class", ((p.sex == "female") & (p["class"] == "Third")).mean()),
]
# What would be a wrong answer is none.
REFUSED = [
    ("people", "richest passenger"),
    ("tips", "best day"),
    ("tips", "what's the ratio of men to women"),
    ("orders", "average order value per foo"),
    ("orders", "which month was the worst"),
    ("orders", "sales per unit price"),
    ("weather", "was 2014 warmer than 2013"),
    ("houses", "biggest house"),
    ("marks", "who failed"),
    ("marks", "pass rate"),
]


@pytest.mark.parametrize("table, question, want", ANSWERS, ids=[a[1] for a in ANSWERS])
def test_phrases(table, question, want, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ask_table(None, FRAMES[table], "how many rows")  # nothing of an earlier question is left
    a = ask_table(None, FRAMES[table], question)
    assert a["understood"], a["text"]
    got = a["value"]
    if isinstance(want, str):
        assert f"`{want}`" in a["text"]
    elif isinstance(want, pd.Timestamp):
        assert pd.Timestamp(got) == want
    elif isinstance(want, dict) and isinstance(got, dict):
        plain = lambda k: {"True": "Yes", "False": "No"}.get(str(k), str(k))  # noqa: E731
        assert {plain(k): round(float(v), 6) for k, v in got.items()} == {plain(k): round(float(v), 6) for k, v in want.items()}, a["text"]
    else:
        assert same(got, want) or math.isclose(float(got), float(want)), a["text"]


@pytest.mark.parametrize("table, question", REFUSED, ids=[r[1] for r in REFUSED])
def test_better_refused(table, question, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    a = ask_table(None, FRAMES[table], question)
    assert not a["understood"], a["text"]
    assert len(a["suggestions"]) == 3
    assert all(ask_table(None, FRAMES[table], q)["understood"] for q in a["suggestions"])


def test_without_outliers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ask_table(None, t, "average tip")
    low, high = t.tip.quantile([0.25, 0.75])
    kept = t.tip[t.tip.between(low - 1.5 * (high - low), high + 1.5 * (high - low))]
    assert math.isclose(ask_table(None, t, "now without outliers")["value"], kept.mean())
    assert math.isclose(ask_table(None, t, "average tip without the outliers")["value"], kept.mean())
