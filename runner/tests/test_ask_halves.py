"""What is asked is answered as a whole, or not at all."""

import numpy as np
import pandas as pd
import pytest
from test_ask_states import s

from attache.ask import ask_table


@pytest.mark.parametrize("question", ["min and max salary by department", "average vs median salary by department", "mean age and median salary", "how many of the 10 oldest work overtime"])
def test_half_of_a_question_is_not_answered(question):
    answer = ask_table(None, s, question)
    assert not answer["understood"] and "first" in answer["text"].lower()


def test_a_figure_of_the_first_rows():
    oldest = s[s.Age >= s.Age.nlargest(10).iloc[-1]]
    answer = ask_table(None, s, "average salary of the 10 oldest employees")
    assert answer["value"] == pytest.approx(oldest["Monthly salary"].mean()) and f"({len(oldest)} rows)" in answer["text"]
    answer = ask_table(None, s, "median vs mean salary")
    assert answer["value"] == pytest.approx({"median": s["Monthly salary"].median(), "mean": s["Monthly salary"].mean()})


def _days():
    rng = np.random.default_rng(4)
    return pd.DataFrame({"date": pd.date_range("2022-01-01", periods=500), "store": rng.choice(["Rome", "Oslo"], 500), "revenue": rng.integers(1, 99, 500)})


d = _days()
workdays = d[d.date.dt.weekday < 5]


@pytest.mark.parametrize(
    "question, want",
    [
        ("revenue on weekdays", workdays.revenue.sum()),
        ("average revenue on a weekday", workdays.revenue.mean()),
        ("revenue on weekdays by store", workdays.groupby("store").revenue.sum().to_dict()),
        ("revenue by weekday", d.groupby(d.date.dt.weekday.astype(str)).revenue.sum().to_dict()),
        ("weekend vs weekday revenue", d.groupby(d.date.dt.weekday.astype(str)).revenue.sum().to_dict()),
        ("revenue in march vs april 2022", {f"2022-{n:02d}-01": d[(d.date.dt.year == 2022) & (d.date.dt.month == n)].revenue.sum() for n in (3, 4)}),
    ],
)
def test_days_of_the_week(question, want):
    answer = ask_table(None, d, question)
    assert answer["understood"] and answer["value"] == pytest.approx(want), answer["text"]


def test_both_quarters_are_of_the_year():
    answer = ask_table(None, d, "revenue in Q1 vs Q2 2022")
    assert sum(answer["value"].values()) == d[(d.date >= "2022-01-01") & (d.date < "2022-07-01")].revenue.sum()


@pytest.mark.parametrize("word", ["county", "district", "company", "contract", "dairy", "media", "summer sizes", "early days", "mountain", "position", "theater", "mission", "delayed days"])
def test_a_word_that_is_not_in_the_table_is_no_typo(word):
    f = d.drop(columns="date")
    answer = ask_table(None, f, f"total revenue by {word}")
    assert not answer["understood"] and f"`{word.split()[0]}`" in answer["text"]


@pytest.mark.parametrize("question", ["avergae revenue by store", "averge revenue by store", "meann revenue by store"])
def test_a_typo_is_read(question):
    assert ask_table(None, d, question)["value"] == pytest.approx(d.groupby("store").revenue.mean().to_dict())
