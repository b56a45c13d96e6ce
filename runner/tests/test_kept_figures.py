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


fleet = pd.DataFrame(
    {
        "id": np.arange(m),
        "shuttle_location": rng.choice(["Malta", "Guinea", "Jersey"], m),
        "shuttle_type": rng.choice(["V5", "F5"], m),
        "engine": rng.choice(["Plasma", "Quantum"], m),
        "crew": rng.integers(0, 9, m),
        "moon_clearance": rng.choice(["t", "f"], m),
        "price": np.round(rng.gamma(3, 500, m), 2),
    }
)
polls = pd.DataFrame({"state": rng.choice(["OH", "PA", "NV"], m), "DEM_poll": rng.normal(45, 6, m), "REP_poll": rng.normal(44, 6, m), "error": rng.normal(0, 9, m)})
PLURALS = [
    (fleet, "how many shuttles have more than 6 crew", int((fleet.crew > 6).sum())),
    (fleet, "average price of Quantum shuttles", fleet.price[fleet.engine == "Quantum"].mean()),
    (fleet, "how many shuttles have moon clearance", int((fleet.moon_clearance == "t").sum())),
    (fleet, "average price by shuttle type", fleet.groupby("shuttle_type").price.mean().to_dict()),
    (polls, "how many polls are in OH", int((polls.state == "OH").sum())),
    (polls, "share of polls with error above 10", (polls.error > 10).mean()),
    (polls, "polls where DEM_poll is higher than REP_poll", int((polls.DEM_poll > polls.REP_poll).sum())),
    (polls, "average DEM_poll by state", polls.groupby("state").DEM_poll.mean().to_dict()),
]


@pytest.mark.parametrize("frame, question, want", PLURALS)
def test_a_plural_that_is_a_part_of_several_names(frame, question, want):
    check_answer(frame, question, want)


def test_the_first_ones_in_another_order():
    from attache.ask import ask_table

    ask_table(None, fleet, "top 2 shuttle location by average price")
    found = ask_table(None, None, "sorted ascending")
    best = fleet.groupby("shuttle_location").price.mean().nlargest(2)
    assert list(found["value"].items()) == [(k, pytest.approx(v)) for k, v in reversed(list(best.items()))]
