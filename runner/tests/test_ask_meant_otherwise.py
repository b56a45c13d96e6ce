"""Words that nearly name something else: a table's name and a column of the same stem, the first word of a column's name, typos of
first letters, units of time that the rows are not, people who do what a column of yes and no says; and the same in other languages."""

import numpy as np
import pandas as pd
import pytest
from test_plain_questions import NO, check_called

rng = np.random.default_rng(12)
n = 240
crashes = pd.DataFrame({"state": np.repeat(["al", "ga", "tx", "ny"], 10), "year": list(range(1980, 1990)) * 4, "unemp": rng.uniform(2, 9, 40), "fatal": rng.integers(10, 900, 40)})
schools = pd.DataFrame({"district": range(7000, 7000 + n), "school": [f"School {i if i < 230 else i - 20}" for i in range(n)], "county": rng.choice(["Los Angeles", "Kern", "Napa"], n), "students": rng.integers(50, 3000, n), "lunch": rng.uniform(0, 100, n), "read": rng.normal(650, 20, n), "math": rng.normal(650, 20, n)})
houses = pd.DataFrame({"price": rng.gamma(9, 20_000, n).round(), "House.Style": rng.choice(["1Story", "2Story", "SLvl"], n), "Year.Built": rng.integers(1900, 2010, n), "Pool.Area": rng.choice([0, 0, 0, 400], n), "Bedroom.AbvGr": rng.integers(1, 6, n)})
free = pd.DataFrame({"countries": [f"Land {chr(65 + i % 26)}{i}" for i in range(60)], "pf_religion_estop_establish": rng.uniform(0, 10, 60), "hf_score": rng.uniform(4, 9, 60)})
hourly = pd.DataFrame({"time_hour": pd.date_range("2013-01-01", periods=24 * 60, freq="h"), "month": np.repeat([1, 2], 24 * 30), "day": np.tile(np.repeat(range(1, 31), 24), 2), "temp": rng.normal(5, 6, 24 * 60), "precip": rng.choice([0, 0, 0, 1.5], 24 * 60), "visib": rng.uniform(0, 10, 24 * 60)})
daily = pd.DataFrame({"date": pd.date_range("2013-01-01", periods=400), "rain": rng.choice([0, 0, 3.5], 400), "wind": rng.uniform(1, 9, 400)})
ship = pd.DataFrame({"survived": rng.integers(0, 2, n), "who": rng.choice(["man", "woman", "child"], n), "age": rng.uniform(1, 80, n), "fare": rng.gamma(2, 20, n)})
stars = pd.DataFrame({"method": rng.choice(["Transit", "Imaging"], n), "distance": rng.uniform(3, 900, n), "year": rng.integers(1995, 2015, n)})
survey = pd.DataFrame({"Respondent": range(n), "How tall are you?": rng.choice(["5'4\"", "5'8\"", "6'0\""], n), "Is it rude to recline your seat in front of other people on a plane?": rng.choice(["Yes, very", "No, not at all"], n), "Gender": rng.choice(["Male", "Female"], n)})
pay = pd.DataFrame({"sex": rng.choice(["Male", "Female"], n), "salary": rng.integers(50, 200, n) * 1000})
shop = pd.DataFrame({"Paid at": pd.date_range("2023-01-01", periods=n, freq="D"), "Total": rng.gamma(3, 20, n).round(2), "Discount Amount": rng.choice([0, 5], n), "Billing Country": rng.choice(["US", "CA"], n)})
ward = pd.DataFrame({"patient_id": range(n), "age": rng.integers(1, 95, n), "sex": rng.choice(["M", "F"], n), "diagnosis": rng.choice(["Asthma", "Fracture"], n, p=[0.7, 0.3]), "cost": rng.gamma(3, 900, n).round(2)})
money = pd.DataFrame({"Department": rng.choice(["Police", "Fire"], n), "Budget": rng.integers(50, 900, n), "Actual": rng.integers(50, 900, n)})
tickets = pd.DataFrame({"made": pd.date_range("2023-06-01", periods=n, freq="31h"), "state": rng.choice(["open", "closed"], n), "milestone": rng.choice(["v1", "v2", None], n), "comments": rng.poisson(3, n)})
tickets = tickets[tickets.made.dt.day_of_week.eq(0) | (tickets.made.dt.day % 3 > 0)].reset_index(drop=True)  # most are of a Monday
sugar = pd.DataFrame({"name": ["Sugar Babies", "Sugar Daddy", *(f"Sweet {i}" for i in range(40))], "sugarpercent": rng.random(42)})
sugar.attrs["called"] = "sweets"
crashes.attrs["called"], schools.attrs["called"] = "fatalities", "schools"
rainy = hourly.precip > 0
land = shop.Total.groupby(shop["Billing Country"]).sum().to_dict()

CASES = [
    (crashes, "how many fatalities in 1985", NO),
    (crashes, "fatalities per year", NO),
    (crashes, "total fatal in 1985", int(crashes.fatal[crashes.year == 1985].sum())),
    (crashes, "average unemployment", crashes.unemp.mean()),
    (schools, "reading vs math", schools.read.corr(schools.math)),
    (schools, "average math score", schools.math.mean()),
    (schools, "which county has the most students", schools.groupby("county").students.sum().nlargest(1).to_dict()),
    (schools.drop(columns="read"), "reading vs math", NO),
    (houses, "average house price", houses.price.mean()),
    (houses, "average price by house style", houses.groupby("House.Style").price.mean().to_dict()),
    (houses, "average price of houses built after 2000", houses.price[houses["Year.Built"] > 2000].mean()),
    (houses, "how many houses have a pool", int((houses["Pool.Area"] > 0).sum())),
    (houses, "houses with more than 3 bedrooms", int((houses["Bedroom.AbvGr"] > 3).sum())),
    (free, "which country is the most free", NO),
    (hourly, "coldest day", hourly.temp.min()),
    (hourly, "which day had the lowest temp", {str(k.date()): v for k, v in hourly.groupby(hourly.time_hour.dt.normalize()).temp.mean().nsmallest(1).items()}),
    (hourly, "how many rainy hours", int(rainy.sum())),
    (hourly, "how many rainy days", NO),
    (hourly, "days with rain", NO),
    (hourly, "how often is visibility below 1", int((hourly.visib < 1).sum())),
    (hourly, "total rain", hourly.precip.sum()),
    (daily, "how many rainy days", int((daily.rain > 0).sum())),
    (daily, "hours with rain", NO),
    (daily, "months with rain", NO),
    (ship, "avg age of survivors", ship.age[ship.survived == 1].mean()),
    (ship, "how many kids died", int(((ship.who == "child") & (ship.survived == 0)).sum())),
    (stars, "planets discovered per year", {str(k): int(v) for k, v in stars.year.value_counts().items()}),
    (stars, "planets closer than 10", int((stars.distance < 10).sum())),
    (stars, "planets by", NO),
    (survey, "how tall are people", survey["How tall are you?"].value_counts().to_dict()),
    (pay, "are men paid more than women", NO),
    (pay, "salary of men vs women", pay.groupby("sex").salary.mean().to_dict()),
    (tickets, "stale tickets", NO),
    (tickets, "average store", NO),
    (tickets, "comments by store", NO),
    (tickets, "which day of the week has the most tickets", tickets.made.dt.day_of_week.value_counts().head(1).rename(str).to_dict()),
    (tickets, "tickets with a milestone", int(tickets.milestone.notna().sum())),
    (tickets, "how many tickets have a milestone in 2024", int((tickets.milestone.notna() & (tickets.made.dt.year == 2024)).sum())),
    (shop, "how many repeat customers", NO),
    (shop, "percent of revenue from the us", shop.Total[shop["Billing Country"] == "US"].sum() / shop.Total.sum()),
    (shop, "show us the revenue by country", shop.Total.groupby(shop["Billing Country"]).sum().to_dict()),
    (sugar, "sweets with more than 90% sugar", int((sugar.sugarpercent > 0.9).sum())),
    (sugar, "average sugar", sugar.sugarpercent.mean()),
    # In other languages.
    (shop, "umsatz nach land", land),
    (shop, "gesamtumsatz", shop.Total.sum()),
    (shop, "ventes par pays", land),
    (shop, "ventas por país", land),
    (ward, "häufigste diagnose", ward.diagnosis.value_counts().head(1).to_dict()),
    (ward, "wie viele frauen", int((ward.sex == "F").sum())),
    (ward, "combien de femmes", int((ward.sex == "F").sum())),
    (ward, "cuántas mujeres", int((ward.sex == "F").sum())),
    (ward, "wie viele kinder", NO),
    (money, "unterschied zwischen budget und actual", int((money.Budget - money.Actual).sum())),
    (money, "diferencia entre budget y actual por departamento", (money.Budget - money.Actual).groupby(money.Department).sum().to_dict()),
    (money, "presupuesto por departamento", money.groupby("Department").Budget.sum().to_dict()),
]


@pytest.mark.parametrize("frame, question, want", CASES)
def test_an_answer(frame, question, want, monkeypatch):
    check_called(frame, question, want, monkeypatch)
