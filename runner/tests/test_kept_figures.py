"""Questions whose figures were once others than what was asked for; the answers by pandas."""

import numpy as np
import pandas as pd
import pytest
from test_plain_questions import NO, check_answer

rng = np.random.default_rng(5)
n = 365
wx = pd.DataFrame(
    {
        "date": pd.date_range("2014-07-01", periods=n),
        "actual_max_temp": rng.integers(46, 117, n),
        "average_max_temp": rng.integers(65, 108, n),
        "record_max_temp": rng.integers(80, 120, n),
        "actual_precipitation": np.where(rng.random(n) < 0.8, 0.0, np.round(rng.gamma(1, 0.4, n), 2)),
    }
)
wx.loc[9, "actual_precipitation"] = 0.5
m = 300
names = [f"{a} {b}" for a in ("Ana", "Bo", "Cy", "Di", "Ed") for b in ("Ray", "Sol", "Tan", "Urs")]
el = pd.DataFrame(
    {
        "Candidate ID": rng.permutation(np.arange(5000, 5000 + m)),
        "Candidate": rng.choice(names, m),
        "Party": rng.choice(["INC", "BJP", "IND"], m),
        "Criminal Case": np.where(rng.random(m) < 0.8, 0, rng.integers(1, 9, m)),
        "Assets": rng.integers(0, 9_000_000, m),
        "Liabilities": rng.integers(0, 2_000_000, m),
        "Age": rng.integers(25, 80, m),
    }
)
two = el[el.Party.isin(["INC", "BJP"])]
WEATHER = [
    ("days without rain", int((wx.actual_precipitation == 0).sum())),
    ("how many days without precipitation in 2015", int(((wx.actual_precipitation == 0) & (wx.date.dt.year == 2015)).sum())),
    ("mean actual max", wx.actual_max_temp.mean()),
    ("average max temp on average", wx.average_max_temp.mean()),
    (["median actual max temp by month", "what about record max temp"], {str(k.start_time.date()): v for k, v in wx.groupby(wx.date.dt.to_period("M")).record_max_temp.median().items()}),
]
ELECTION = [
    ("how many candidates have criminal cases", int((el["Criminal Case"] > 0).sum())),
    ("how many BJP candidates have criminal cases", int(((el["Criminal Case"] > 0) & (el.Party == "BJP")).sum())),
    ("candidates with more than 3 criminal cases", int((el["Criminal Case"] > 3).sum())),
    ("candidates without criminal cases", int((el["Criminal Case"] == 0).sum())),
    ("how many candidates have an age", NO),
    ("candidates without age", NO),
    ("number of candidates by party", el.Party.value_counts().to_dict()),
    (["INC vs BJP average assets", "and liabilities?"], two.groupby("Party").Liabilities.mean().to_dict()),
    (["average assets by party", "and the median?", "what about age instead"], el.groupby("Party").Age.median().to_dict()),
    (["total assets by party", "what about liabilities"], el.groupby("Party").Liabilities.sum().to_dict()),
    (["highest assets by party", "and liabilities?"], el.groupby("Party").Liabilities.max().to_dict()),
]


@pytest.mark.parametrize("question, want", WEATHER)
def test_weather(question, want):
    check_answer(wx, question, want)


@pytest.mark.parametrize("question, want", ELECTION)
def test_election(question, want):
    check_answer(el, question, want)


def test_the_spread_of_what_was_asked():
    from attache.ask import ask_table

    ask_table(None, el, "median liabilities of BJP")
    found = ask_table(None, None, "as a histogram")
    mine = el[el.Party == "BJP"].Liabilities
    assert found["value"]["count"] == len(mine) and found["value"]["median"] == mine.median() and found["chart"]


def test_countries_under_another_name():
    frame = pd.DataFrame({"name": ["Japan", "Peru", "Norway", "Chile", "Euro area"] * 8, "code": ["JPN", "PER", "NOR", "CHL", "EUZ"] * 8, "date": np.repeat(pd.date_range("2020-01-01", periods=8, freq="YS"), 5), "price": np.arange(40) * 1.5})
    check_answer(frame, "how many countries", 5)
    check_answer(frame, "average price by country", frame.groupby("name").price.mean().to_dict())
    check_answer(frame, "which country has the highest average price", frame.groupby("name").price.mean().nlargest(1).to_dict())
    check_answer(frame.assign(name=[f"team {i % 5}" for i in range(40)]), "average price by country", NO)
