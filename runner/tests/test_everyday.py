"""What people type about staff, a till, a sensor, a survey and an account: the right answer, or an honest one with three questions."""

import contextlib
import io

import numpy as np
import pandas as pd
import pytest
from attache.ask import ask_table

NO = object()  # better not answered


def _tables():
    r = np.random.default_rng(11)
    n, m, k, q, b = 240, 300, 480, 200, 360
    first, last = ["Aisha", "Ben", "Chloe", "Dan", "Elif", "Farid"], ["Khan", "Silva", "Novak", "Okafor", "Smith"]
    days = lambda start, span, count: pd.Timestamp(start) + pd.to_timedelta(r.integers(0, span, count), "D")
    staff = pd.DataFrame(
        {
            "employee_id": range(501, 501 + n),
            "full_name": [f"{x} {y}" for x, y in zip(r.choice(first, n), r.choice(last, n))],
            "job_title": r.choice(["Engineer", "Senior Engineer", "Accountant", "Sales Manager", "Nurse"], n),
            "department": r.choice(["IT", "Finance", "Sales", "Health"], n),
            "city": r.choice(["London", "Leeds", "Oslo"], n),
            "joined": days("2016-03-01", 3000, n),
            "annual_salary": r.integers(30, 120, n) * 1000,
            "sick_days": r.poisson(3, n),
            "age": r.integers(19, 65, n),
            "full_time": r.random(n) < 0.7,
        }
    )
    till = pd.DataFrame({"date": days("2023-01-01", 730, m), "store": r.choice(["Harbour", "Station", "Airport"], m), "item": r.choice(["Tea", "Coffee", "Cake", "Juice"], m), "quantity": r.integers(1, 9, m), "unit_price": r.choice([2.5, 3.5, 4.0], m), "payment": r.choice(["cash", "card"], m)})
    till["amount"] = till.quantity * till.unit_price
    sensor = pd.DataFrame({"timestamp": pd.date_range("2024-03-01", periods=k, freq="h"), "device": r.choice(["dev-1", "dev-2", "dev-3"], k), "temperature": (20 + 5 * np.sin(np.arange(k) / 4) + r.normal(0, 1, k)).round(2), "humidity": r.integers(30, 80, k), "battery": np.linspace(100, 60, k).round(1), "status": r.choice(["ok", "fault"], k, p=[0.9, 0.1])})
    survey = pd.DataFrame({"respondent": range(1, q + 1), "gender": r.choice(["Female", "Male", "Other"], q, p=[0.5, 0.45, 0.05]), "age_group": r.choice(["18-24", "25-34", "35-44", "45+"], q), "country": r.choice(["Kenya", "India", "Brazil"], q), "satisfaction": r.integers(1, 6, q), "would_recommend": r.choice(["Yes", "No"], q), "hours_online": r.normal(4, 1.2, q).round(1).clip(0.1)})
    survey.loc[r.choice(q, 12, replace=False), "satisfaction"] = np.nan
    bank = pd.DataFrame({"date": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(r.integers(0, 366, b)), "D"), "description": r.choice(["Lidl", "Spotify", "Shell", "Salary ACME", "Rent", "Amazon"], b), "category": r.choice(["Groceries", "Leisure", "Fuel", "Housing"], b), "amount": r.normal(-30, 60, b).round(2)})
    bank["balance"] = (2000 + bank.amount.cumsum()).round(2)
    return staff, till, sensor, survey, bank


def most(figures, least=False):
    at = figures.idxmin() if least else figures.idxmax()
    return {at: figures[at]}


e, t, n, v, b = _tables()
pay, sick, eng = e.annual_salary, e.sick_days, e.job_title == "Engineer"
khan, smith = (e.full_name.str.contains(w) for w in ("Khan", "Smith"))
money, heat, women = t.amount, n.temperature, v.gender == "Female"
yes, spent = v.would_recommend == "Yes", b.amount

STAFF = [
    ("how many engineers do we have", eng.sum()),
    ("average salary of engineers", pay[eng].mean()),
    ("what is our payroll", NO),
    ("payroll by department", NO),
    ("how many people joined since 2022", (e.joined >= "2022").sum()),
    ("how many joined in 2020", (e.joined.dt.year == 2020).sum()),
    ("new hires per year", e.joined.dt.year.value_counts()),
    ("how many people are named Khan", khan.sum()),
    ("people named Khan", khan.sum()),
    ("how many people with the surname Khan work in Leeds", (khan & (e.city == "Leeds")).sum()),
    ("average salary of people called Smith", pay[smith].mean()),
    ("how many people are named Zhang", NO),
    ("total sick days", sick.sum()),
    ("sick days per department", e.groupby("department").sick_days.sum()),
    ("average sick days in Leeds", sick[e.city == "Leeds"].mean()),
    ("employees without sick days", (sick == 0).sum()),
    ("how many had no sick days", (sick == 0).sum()),
    ("how many people took more than 5 sick days", (sick > 5).sum()),
    ("how many employees in Paris", NO),
    ("average salary in Berlin", NO),
    ("employees in Tokyo", NO),
    ("how many people live in Oslo", (e.city == "Oslo").sum()),
    ("how many earn less than 40k", (pay < 40_000).sum()),
    ("how many nurses work in London", ((e.job_title == "Nurse") & (e.city == "London")).sum()),
    ("what does an accountant earn on average", pay[e.job_title == "Accountant"].mean()),
    ("how much do nurses earn", pay[e.job_title == "Nurse"].mean()),
    ("how old are our employees on average", e.age.mean()),
    ("how old are the nurses", e.age[e.job_title == "Nurse"].mean()),
    ("how many work full time", e.full_time.sum()),
    ("how many part time employees", (~e.full_time).sum()),
    ("how many people work part-time in Oslo", (~e.full_time & (e.city == "Oslo")).sum()),
    ("which city has the most staff", most(e.city.value_counts())),
    ("how many people are under 30 in sales", ((e.age < 30) & (e.department == "Sales")).sum()),
    ("who is on maternity leave", NO),
    ("what is the bonus budget", NO),
]
TILL = [
    ("how much did we take in total", money.sum()),
    ("takings by store", t.groupby("store").amount.sum()),
    ("how many coffees did we sell", t.quantity[t.item == "Coffee"].sum()),
    ("best selling item", most(t.groupby("item").quantity.sum())),
    ("what sold best", most(t.groupby("item").quantity.sum())),
    ("what sold worst", most(t.groupby("item").quantity.sum(), True)),
    ("which store makes the most money", most(t.groupby("store").amount.sum())),
    ("how much was paid in cash", money[t.payment == "cash"].sum()),
    ("share of card payments", (t.payment == "card").mean()),
    ("turnover in december 2023", money[(t.date >= "2023-12-01") & (t.date < "2024-01-01")].sum()),
    ("cheapest unit price", t.unit_price.min()),
    ("busiest store", most(t.store.value_counts())),
    ("busiest day of the week", {int(t.date.dt.day_of_week.value_counts().idxmax()): t.date.dt.day_of_week.value_counts().max()}),
    ("sales in the Museum store", NO),
    ("profit by store", NO),
    ("sales of beer", NO),
]
SENSOR = [
    ("average temperature of dev-2", heat[n.device == "dev-2"].mean()),
    ("how many faults", (n.status == "fault").sum()),
    ("faults per device", n[n.status == "fault"].device.value_counts()),
    ("how often was it above 24 degrees", (heat > 24).sum()),
    ("humidity on 5 march 2024", n.humidity[n.timestamp.dt.strftime("%Y-%m-%d") == "2024-03-05"].mean()),
    ("lowest battery level", n.battery.min()),
    ("temperature above 24 and humidity below 40", ((heat > 24) & (n.humidity < 40)).sum()),
    ("readings from dev-9", NO),
    ("what is the pressure", NO),
]
SURVEY = [
    ("how many people answered", len(v)),
    ("average satisfaction of women", v.satisfaction[women].mean()),
    ("how many would recommend us", yes.sum()),
    ("percentage that would recommend", yes.mean()),
    ("satisfaction by country", v.groupby("country").satisfaction.mean()),
    ("how many did not answer satisfaction", v.satisfaction.isna().sum()),
    ("average hours online for men", v.hours_online[v.gender == "Male"].mean()),
    ("recommendation rate by gender", yes.groupby(v.gender).mean()),
    ("how many people from Kenya are under 25", NO),
    ("how many people from Nigeria", NO),
]
BANK = [
    ("how much did I spend on groceries", spent[b.category == "Groceries"].sum()),
    ("how much at Lidl", spent[b.description == "Lidl"].sum()),  # after another question as well
    ("what did I pay for Spotify", spent[b.description == "Spotify"].sum()),
    ("spending by category", b.groupby("category").amount.sum()),
    ("how many transactions at Shell", (b.description == "Shell").sum()),
    ("lowest balance", b.balance.min()),
    ("transactions over 50", (spent > 50).sum()),
    ("average amount per transaction", spent.mean()),
    ("how much did I spend at Aldi", NO),
]
CASES = [(name, frame, question, want) for name, frame, questions in (("staff", e, STAFF), ("till", t, TILL), ("sensor", n, SENSOR), ("survey", v, SURVEY), ("bank", b, BANK)) for question, want in questions]


@pytest.mark.parametrize("frame, question, want", [pytest.param(f, q, w, id=f"{name}: {q}") for name, f, q, w in CASES])
def test_answer(frame, question, want):
    with contextlib.redirect_stdout(io.StringIO()):
        got = ask_table(None, frame, question)
    if want is NO:
        assert not got["understood"] and len(got["suggestions"]) == 3
        return
    assert got["understood"], got["text"]
    value = got["value"]
    if isinstance(want, (dict, pd.Series)):
        want = {str(key): float(x) for key, x in want.items()}
        value = {str(key).removesuffix("-01-01"): float(x) for key, x in value.items()}
        assert value == pytest.approx(want)
    else:
        assert value == pytest.approx(float(want)), got["text"]
