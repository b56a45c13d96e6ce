"""Questions of an office about its staff, with the answers computed by pandas."""

import contextlib
import io

import numpy as np
import pandas as pd
import pytest
from attache.ask import ask_table

N = 400


def _staff():
    r = np.random.default_rng(5)
    first, last = ["Ann", "Bob", "Carla", "Dmitri", "Eve", "Farid"], ["Silva", "Müller", "Okafor", "Tanaka", "Novak"]
    staff = pd.DataFrame(
        {
            "employee_id": range(1001, 1001 + N),
            "name": [f"{a} {b}" for a, b in zip(r.choice(first, N), r.choice(last, N))],
            "department": r.choice(["Engineering", "Sales", "Marketing", "Support", "Finance"], N, p=[0.35, 0.25, 0.15, 0.15, 0.1]),
            "city": r.choice(["Berlin", "Paris", "Madrid", "Warsaw"], N, p=[0.3, 0.2, 0.24, 0.26]),
            "gender": r.choice(["female", "male", "diverse"], N, p=[0.45, 0.5, 0.05]),
            "salary": r.integers(28, 140, N) * 1000,
            "age": r.integers(20, 66, N),
            "hired": pd.Timestamp("2015-01-01") + pd.to_timedelta(r.integers(0, 3600, N), "D"),
            "remote": r.random(N) < 0.3,
            "rating": r.integers(1, 6, N),
            "sick_days": r.poisson(4, N),
        }
    )
    staff.loc[r.choice(N, 15, replace=False), "city"] = None
    return staff


e = _staff()
s, a, h, days, city = e.salary, e.age, e.hired, e.sick_days, e.city
in_sales, in_finance, women = e.department == "Sales", e.department == "Finance", e.gender == "female"


def by(key, column, how="mean"):
    return getattr(e.groupby(key)[column], how)().to_dict()


ANSWERS = [
    ("how many people work here", N),
    ("how many employees are there in sales", in_sales.sum()),
    ("headcount by department", e.department.value_counts().to_dict()),
    ("average salary in engineering", s[e.department == "Engineering"].mean()),
    ("how much does marketing cost us in salaries", s[e.department == "Marketing"].sum()),
    ("sum of all salaries", s.sum()),
    ("which department pays best", {e.groupby("department").salary.mean().idxmax(): e.groupby("department").salary.mean().max()}),
    ("highest salary in Berlin", s[city == "Berlin"].max()),
    ("salary gap between men and women", {k: v for k, v in by("gender", "salary").items() if k != "diverse"}),
    ("average salary of women", s[women].mean()),
    ("how many women work in Paris", (women & (city == "Paris")).sum()),
    ("share of women", women.mean()),
    ("what percentage of employees are remote", e.remote.mean()),
    ("how many work remotely", e.remote.sum()),
    ("how many people don't work remotely", (~e.remote).sum()),
    ("how many people are not remote", (~e.remote).sum()),
    ("remote share by department", by("department", "remote")),
    ("median age of remote workers", a[e.remote].median()),
    ("how many were hired in 2020", (h.dt.year == 2020).sum()),
    ("hires per year", h.dt.year.value_counts().to_dict()),
    ("average salary per hire year", s.groupby(h.dt.year).mean().to_dict()),
    ("how many people were hired before 2018", (h < "2018-01-01").sum()),
    ("people older than 60", (a > 60).sum()),
    ("how many employees are under 30", (a < 30).sum()),
    ("how many are between 30 and 40 years old", a.between(30, 40).sum()),
    ("how many are over 50 years old", (a > 50).sum()),
    ("average age by department", by("department", "age")),
    ("top 3 cities by headcount", city.value_counts().head(3).to_dict()),
    ("top 3 cities by count", city.value_counts().head(3).to_dict()),
    ("which 3 cities have the most employees", city.value_counts().head(3).to_dict()),
    ("2 most common departments", e.department.value_counts().head(2).to_dict()),
    ("average number of sick days", days.mean()),
    ("total sick days in support in Warsaw", days[(e.department == "Support") & (city == "Warsaw")].sum()),
    ("how many have no sick days", (days == 0).sum()),
    ("how many employees have no city", city.isna().sum()),
    ("how many employees have a rating of 5", (e.rating == 5).sum()),
    ("average rating by city", by("city", "rating")),
    ("does age correlate with salary", a.corr(s)),
    ("90th percentile of salary", s.quantile(0.9)),
    ("standard deviation of salary", s.std()),
    ("how many earn more than 100k", (s > 100_000).sum()),
    ("how many earn over 100,000 in sales", ((s > 100_000) & in_sales).sum()),
    ("employees earning less than 40000 by department", e[s < 40_000].department.value_counts().to_dict()),
    ("how many different cities", 4),
    ("most common city", {city.value_counts().idxmax(): city.value_counts().max()}),
    ("which city has the fewest employees", {city.value_counts().idxmin(): city.value_counts().min()}),
    ("median salary outside Berlin", s[city.notna() & (city != "Berlin")].median()),
    ("average salary except finance", s[~in_finance].mean()),
    ("wie hoch ist der durchschnittliche Salary", s.mean()),
]
# What a table does not say, or in another word than anybody can know, is not answered.
REFUSED = ["what do engineers earn on average", "total payroll", "how many people named Khan", "how many are over 3 floors old", "top 3 cities by happiness"]


def asked(question):
    with contextlib.redirect_stdout(io.StringIO()):
        return ask_table(None, e, question)


def plain(value):
    if isinstance(value, dict):
        return {str(k)[:4] if isinstance(k, pd.Timestamp) or str(k)[4:6] == "-0" else str(k): round(float(v), 3) for k, v in value.items()}
    return round(float(value), 3)


@pytest.mark.parametrize("question, want", ANSWERS, ids=[q for q, _ in ANSWERS])
def test_answer(question, want):
    answer = asked(question)
    assert answer["understood"], answer["text"]
    assert plain(answer["value"]) == plain(want)


@pytest.mark.parametrize("question", REFUSED)
def test_refused(question):
    assert not asked(question)["understood"]
