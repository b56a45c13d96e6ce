"""Questions about the tables that people export: orders of a shop, charges of a card, issues, tickets, a budget, marks, patients.

The columns are called as in those exports; the rows are made up, and the answers are pandas'."""

import numpy as np
import pandas as pd
import pytest
from test_plain_questions import NO, answered, check_answer

rng = np.random.default_rng(8)
n = 300
shop = pd.DataFrame(
    {
        "Name": [f"#{1000 + i}" for i in range(n)],
        "Email": [f"user{x}@example.com" for x in rng.integers(0, 90, n)],
        "Financial Status": rng.choice(["paid", "refunded"], n, p=[0.9, 0.1]),
        "Paid at": pd.date_range("2023-01-01", periods=n, freq="23h"),
        "Shipping": rng.choice([0, 4.95], n),
        "Taxes": rng.gamma(2, 2, n).round(2),
        "Total": rng.gamma(3, 20, n).round(2),
        "Discount Amount": rng.choice([0, 5, 10], n),
        "Lineitem quantity": rng.integers(1, 6, n),
        "Lineitem name": rng.choice(["Mug", "Hoodie", "Sticker Pack"], n),
        "Billing Country": rng.choice(["US", "CA", "GB"], n),
    }
)
charges = pd.DataFrame({"id": [f"ch_{i:06x}" for i in range(n)], "Created": pd.date_range("2024-01-01", periods=n, freq="17h"), "Amount": rng.choice([9.99, 49.0], n), "Amount Refunded": rng.choice([0, 9.99], n), "Status": rng.choice(["Paid", "Failed"], n), "Fee": rng.gamma(2, 0.5, n).round(2), "Customer ID": [f"cus_{x:03d}" for x in rng.integers(0, 60, n)]})
made = pd.date_range("2022-11-01", periods=n, freq="36h")
issues = pd.DataFrame({"number": range(1, n + 1), "title": [f"Issue {i}" for i in range(n)], "state": rng.choice(["open", "closed"], n), "author": rng.choice(["alice", "bob", "erin"], n), "comments": rng.poisson(3, n), "created_at": made, "closed_at": made + pd.to_timedelta(rng.integers(1, 90, n), unit="D")})
issues["closed_at"] = issues.closed_at.where(issues.state == "closed")
tickets = pd.DataFrame({"Issue key": [f"PROJ-{i}" for i in range(n)], "Status": rng.choice(["To Do", "In Progress", "Done"], n), "Assignee": rng.choice(["Ana Silva", "Wei Chen", None], n), "Story Points": rng.choice([1, 2, 3, 5], n)})
money = pd.DataFrame([{"Fiscal Year": y, "Department": d, "Category": c, "Budget": int(rng.integers(50, 900)) * 1000, "Actual": int(rng.integers(50, 900)) * 1000} for y in range(2015, 2025) for d in ("Police", "Fire", "Parks") for c in ("Personnel", "Capital")])
patients = pd.DataFrame({"patient_id": range(1, n + 1), "admission_date": pd.date_range("2022-01-01", periods=n, freq="2D"), "ward": rng.choice(["Surgery", "Oncology"], n), "cost": rng.gamma(3, 900, n).round(2), "readmitted": rng.choice(["Y", "N"], n), "smoker": rng.choice(["current", "former", "never"], n)})
rides = pd.DataFrame({"route": rng.choice(["12", "X5"], n).astype(object), "duration_min": rng.integers(5, 90, n), "fare": rng.gamma(2, 2, n).round(2)})
rides["route"] = "Line " + rides.route
weather = pd.DataFrame({"date": pd.date_range("2023-01-01", periods=n), "precipitation": rng.choice([0, 0, 2.5], n), "wind": rng.uniform(1, 9, n)})
gone = money.Budget - money.Actual
paid = shop.Total

CASES = [
    # What was paid, not what was taken off it.
    (shop, "total revenue", paid.sum()),
    (shop, "total sales", paid.sum()),
    (shop, "sales by country", paid.groupby(shop["Billing Country"]).sum().to_dict()),
    (shop, "avg order value", paid.mean()),
    (shop, "how much did we make from hoodies", paid[shop["Lineitem name"] == "Hoodie"].sum()),
    (shop, "total discounts", int(shop["Discount Amount"].sum())),
    (shop, "which product sold the most", shop.groupby("Lineitem name")["Lineitem quantity"].sum().nlargest(1).to_dict()),
    (shop, "best selling product", shop.groupby("Lineitem name")["Lineitem quantity"].sum().nlargest(1).to_dict()),
    (shop.drop(columns="Lineitem name"), "which product sold the most", NO),
    (shop, "how many customers", shop.Email.nunique()),
    (shop, "how many different customers", shop.Email.nunique()),
    (shop, ["total by billing country", "excluding us"], shop[shop["Billing Country"] != "US"].groupby("Billing Country").Total.sum().to_dict()),
    (charges, "how much was refunded", charges["Amount Refunded"].sum()),
    (charges, "how many payments failed", int((charges.Status == "Failed").sum())),
    (charges, "amount minus fee", (charges.Amount - charges.Fee).sum()),
    (charges, "top customers by amount", charges.groupby("Customer ID").Amount.sum().nlargest(5).to_dict()),
    # What somebody did is not what is so.
    (issues, "open vs closed", issues.state.value_counts().to_dict()),
    (issues, "who opened the most issues", NO),
    (issues, "how many issues did alice open", NO),
    (issues, "when was the first issue opened", NO),
    (issues, "how many issues were closed in 2023", int((issues.closed_at.dt.year == 2023).sum())),
    (tickets, "how many tickets are done", int((tickets.Status == "Done").sum())),
    (tickets, "how many not done", int((tickets.Status != "Done").sum())),
    (tickets, "how many tickets has wei chen done", int(((tickets.Status == "Done") & (tickets.Assignee == "Wei Chen")).sum())),
    (tickets, "unassigned tickets", int(tickets.Assignee.isna().sum())),
    (tickets, "story points by assignee", tickets.groupby("Assignee")["Story Points"].sum().to_dict()),
    # Two columns of money, side by side and one less the other.
    (money, "budget by department", money.groupby("Department").Budget.sum().to_dict()),
    (money, "difference between budget and actual by department", gone.groupby(money.Department).sum().to_dict()),
    (money, "what's the gap between budget and actual", int(gone.sum())),
    (money, "biggest difference between budget and actual", int(gone.max())),
    (money, "how many times was actual above budget", int((money.Actual > money.Budget).sum())),
    (money, "how many rows where actual is more than budget", int((money.Actual > money.Budget).sum())),
    (money, "police vs fire budget over time", {(str(y), d): int(v) for (y, d), v in money[money.Department != "Parks"].groupby(["Fiscal Year", "Department"]).Budget.sum().items()}),
    (money, "compare police and fire over time", NO),
    (money, "departments over budget", NO),
    (money, "how much over budget was police in 2023", NO),
    (money, "which department spent the most", money.groupby("Department").Actual.sum().nlargest(1).to_dict()),
    (patients, "patients admitted in 2022", int((patients.admission_date.dt.year == 2022).sum())),
    (patients, "readmission rate by ward", (patients.readmitted == "Y").groupby(patients.ward).mean().to_dict()),
    (patients, "how many smokers", NO),
    (patients, "current smokers", int((patients.smoker == "current").sum())),
    (rides, "average journey time by route", rides.groupby("route").duration_min.mean().to_dict()),
    (rides, "longest travel time", int(rides.duration_min.max())),
    (weather, "how many rainy days", int((weather.precipitation > 0).sum())),
    (weather, "rainy days per month", {str(k.start_time.date()): v for k, v in (weather.precipitation > 0).groupby(weather.date.dt.to_period("M")).sum().items()}),
]


@pytest.mark.parametrize("frame, question, want", CASES)
def test_an_answer(frame, question, want):
    check_answer(frame, question, want)


def test_two_columns_side_by_side():
    value = answered(money, "actual vs budget by department")["value"]
    assert value == money.groupby("Department")[["Actual", "Budget"]].sum().T.to_dict()
