"""Questions, and what is asked after them, about five tables of different trades; the answers by pandas."""

import numpy as np
import pandas as pd
import pytest
from test_plain_questions import CHART, NO, check_answer

rng = np.random.default_rng(77)
n = 400
fl = pd.DataFrame(
    {
        "flight_date": pd.date_range("2023-01-01", periods=n, freq="22h"),
        "airline": rng.choice(["Delta", "KLM", "Ryanair", "Iberia"], n),
        "origin": rng.choice(["AMS", "MAD", "JFK"], n),
        "dest": rng.choice(["LIS", "CPH", "ATH"], n),
        "dep_delay_min": rng.integers(-10, 120, n),
        "passengers": rng.integers(40, 220, n),
        "fuel_kg": np.round(rng.normal(5000, 900, n), 0),
        "cancelled": rng.choice([True, False], n, p=[0.08, 0.92]),
    }
)
ho = pd.DataFrame(
    {
        "patient_id": [f"P{i:05}" for i in range(n)],
        "admitted": pd.date_range("2022-06-01", periods=n, freq="18h"),
        "ward": rng.choice(["Cardiology", "Oncology", "Surgery"], n),
        "sex": rng.choice(["M", "F"], n),
        "age": rng.integers(1, 95, n),
        "length_of_stay": rng.integers(1, 30, n),
        "cost_eur": np.round(rng.gamma(3, 900, n), 2),
        "outcome": rng.choice(["discharged", "died", "transferred"], n, p=[0.8, 0.08, 0.12]),
    }
)
ga = pd.DataFrame(
    {
        "Title": [f"Game {i}" for i in range(n)],
        "Platform": rng.choice(["PS5", "Switch", "PC", "Xbox"], n),
        "Genre": rng.choice(["Action", "Puzzle", "Sports", "RPG"], n),
        "Year": rng.integers(2015, 2025, n),
        "Publisher": rng.choice(["Nintendo", "EA", "Sony"], n),
        "Global Sales (M)": np.round(rng.gamma(1, 2, n), 2),
        "Critic Score": np.where(rng.random(n) < 0.1, np.nan, rng.integers(40, 98, n)),
    }
)
en = pd.DataFrame(
    {
        "Month": pd.date_range("2020-01-01", periods=48, freq="MS").repeat(3),
        "Building": ["North", "South", "Annex"] * 48,
        "kWh": rng.integers(800, 5000, 144),
        "Cost ($)": np.round(rng.uniform(90, 700, 144), 2),
        "Tariff": rng.choice(["day", "night"], 144),
    }
)
jo = pd.DataFrame(
    {
        "Department": rng.choice(["Sales", "IT", "HR", "Legal"], n),
        "Job Title": rng.choice(["Analyst", "Manager", "Engineer"], n),
        "Gender": rng.choice(["Female", "Male"], n),
        "Hire Date": pd.date_range("2010-01-04", periods=n, freq="9D"),
        "Salary": rng.integers(30, 150, n) * 1000,
        "Performance Rating": rng.choice(["Low", "Medium", "High"], n),
        "Remote": rng.choice(["Yes", "No"], n),
    }
)
SALES, SCORE, COST = "Global Sales (M)", "Critic Score", "Cost ($)"
delay, score = fl.dep_delay_min, ga[SCORE]


def by(frame, key, column, how="sum"):
    return frame.groupby(key)[column].agg(how).to_dict()


def months(series, when, how="sum"):
    return {str(k.start_time.date()): figure for k, figure in series.groupby(when.dt.to_period("M")).agg(how).items()}


def years(frame, when, column, how="sum"):
    return {str(k): figure for k, figure in frame.groupby(when.dt.year)[column].agg(how).items()}


FLIGHTS = [
    ("how many flights were cancelled", int(fl.cancelled.sum())),
    ("cancellation rate by airline", by(fl, "airline", "cancelled", "mean")),
    ("what's the average departure delay", delay.mean()),
    ("which airline has the longest average delay", fl.groupby("airline").dep_delay_min.mean().nlargest(1).to_dict()),
    ("flights delayed more than 60 min", int((delay > 60).sum())),
    ("flights with a delay over an hour", NO),
    ("total passengers from AMS to LIS", fl.passengers[(fl.origin == "AMS") & (fl.dest == "LIS")].sum()),
    ("KLM passengers in q2 2023", fl.passengers[(fl.airline == "KLM") & (fl.flight_date.dt.to_period("Q") == "2023Q2")].sum()),
    ("number of flights per origin and destination", fl.groupby(["origin", "dest"]).size().to_dict()),
    ("fuel used by delta", fl.fuel_kg[fl.airline == "Delta"].sum()),
    ("90th percentile of delay", delay.quantile(0.9)),
    (["avg delay by airline", "only from JFK", "and MAD?"], by(fl[fl.origin == "MAD"], "airline", "dep_delay_min", "mean")),
    (["avg delay by airline", "passengers?"], by(fl, "airline", "passengers", "mean")),
    (["avg delay by airline", "by hour"], {str(k): f for k, f in delay.groupby(fl.flight_date.dt.hour).mean().items()}),
    (["total passengers", "per month", "only KLM"], months(fl.passengers[fl.airline == "KLM"], fl.flight_date)),
]
HOSPITAL = [
    ("how many patients died", int((ho.outcome == "died").sum())),
    ("how many patients", n),
    ("share of patients who died by ward", ho.assign(y=ho.outcome == "died").groupby("ward").y.mean().to_dict()),
    ("average cost of patients over 65", ho.cost_eur[ho.age > 65].mean()),
    ("patients over 80", int((ho.age > 80).sum())),
    ("median age of women", ho.age[ho.sex == "F"].median()),
    ("how many men in surgery", int(((ho.sex == "M") & (ho.ward == "Surgery")).sum())),
    ("oldest patient in surgery", [ho.age[ho.ward == "Surgery"].max()]),
    ("age vs cost", CHART),
    ("is there a correlation between age and cost", ho.age.corr(ho.cost_eur)),
    ("admissions per month", months(pd.Series(1, ho.index), ho.admitted)),
    (["average cost by ward", "women only", "median"], by(ho[ho.sex == "F"], "ward", "cost_eur", "median")),
]
GAMES = [
    ("games per year", {str(k): int(v) for k, v in ga.Year.value_counts().items()}),
    ("how many nintendo games on switch", int(((ga.Publisher == "Nintendo") & (ga.Platform == "Switch")).sum())),
    ("games with a critic score above 90", int((score > 90).sum())),
    ("how many games have no critic score", int(score.isna().sum())),
    ("average critic score for RPGs", score[ga.Genre == "RPG"].mean()),
    ("does critic score go with sales", score.corr(ga[SALES])),
    ("which genre sold best in 2019", ga[ga.Year == 2019].groupby("Genre")[SALES].sum().nlargest(1).to_dict()),
    (["total sales by platform", "2020 only", "and 2021?"], by(ga[ga.Year == 2021], "Platform", SALES)),
    (["sales by genre", "critic score instead"], by(ga, "Genre", SCORE, "mean")),
]
ENERGY = [
    ("total kwh in 2021", en.kWh[en.Month.dt.year == 2021].sum()),
    ("electricity cost by building", NO),
    ("cost per kwh", NO),
    ("monthly kwh of the north building", months(en.kWh[en.Building == "North"], en.Month)),
    (["kwh by building", "in 2022"], by(en[en.Month.dt.year == 2022], "Building", "kWh")),
    (["kwh by building", "cost?"], by(en, "Building", COST)),
    (["kwh per year", "for the annex"], years(en[en.Building == "Annex"], en.Month, "kWh")),
    (["kwh per year", "as a line", "log scale"], CHART),
]
JOBS = [
    ("headcount by department", jo.Department.value_counts().to_dict()),
    ("people hired in 2015", int((jo["Hire Date"].dt.year == 2015).sum())),
    ("hires per year", years(jo, jo["Hire Date"], "Salary", "size")),
    ("what percentage of IT works remotely", (jo.Remote[jo.Department == "IT"] == "Yes").mean()),
    ("median salary of high performers", jo.Salary[jo["Performance Rating"] == "High"].median()),
    ("gender pay gap", NO),
    ("payroll", NO),
    (["average salary by department", "only women"], by(jo[jo.Gender == "Female"], "Department", "Salary", "mean")),
    (["how many women", "and men?"], int((jo.Gender == "Male").sum())),
]
FRAMES = {"flights": fl, "hospital": ho, "games": ga, "energy": en, "jobs": jo}
CASES = [(table, *case) for table, cases in zip(FRAMES, (FLIGHTS, HOSPITAL, GAMES, ENERGY, JOBS)) for case in cases]


@pytest.mark.parametrize("table, questions, want", CASES, ids=[str(c[1]) for c in CASES])
def test_an_answer(table, questions, want):
    check_answer(FRAMES[table], questions, want)


@pytest.mark.parametrize("name, adds", [("kWh", True), ("MWh", True), ("fuel_kg", True), ("fuel economy", False), ("fuel_level", False), ("EUR/kWh", False), ("price per kWh", False)])
def test_energy_adds_up_but_not_its_price(name, adds):
    from attache.analyze import words

    assert (words.additive(name) == "flow") == adds
