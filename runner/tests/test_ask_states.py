"""What rows are is said by words that are often said in passing: paid orders, matches that were won."""

import numpy as np
import pandas as pd
import pytest

from attache.ask import ask_table


def _orders():
    rng = np.random.default_rng(11)
    n = 240
    return pd.DataFrame(
        {
            "Order No": [f"{i:06d}" for i in range(1, n + 1)],
            "region": rng.choice(["North", "South"], n),
            "status": rng.choice(["paid", "open", "placed", "received"], n),
            "result": rng.choice(["won", "lost"], n),
            "delivered": rng.choice(["yes", "no", None], n, p=[0.5, 0.3, 0.2]),
            "is urgent": rng.choice(["ja", "nein"], n),
            "amount": rng.integers(1, 500, n),
        }
    )


x = _orders()
paid, won, came, urgent = x[x.status == "paid"], x[x.result == "won"], x[x.delivered == "yes"], x[x["is urgent"] == "ja"]
flags = x.rename(columns={"delivered": "Paid"}).drop(columns="status")
done = flags[flags.Paid == "yes"]
open_ = flags[flags.Paid == "no"]

CASES = [
    (x, "how many orders are paid", len(paid)),
    (x, "how many are not paid", len(x) - len(paid)),
    (x, "total amount of paid orders", paid.amount.sum()),
    (x, "average amount of placed orders by region", x[x.status == "placed"].groupby("region").amount.mean().to_dict()),
    (x, "how many were received", (x.status == "received").sum()),
    (x, "total amount won", won.amount.sum()),
    (x, "share of won", len(won) / len(x)),
    (x, "win rate by region", (x.result == "won").groupby(x.region).mean().to_dict()),
    (x, "compare paid and open", x[x.status.isin(["paid", "open"])].groupby("status").amount.sum().to_dict()),
    (x, "which region has the most paid orders", paid.region.value_counts()[:1].to_dict()),
    (x, "which region has the highest share of paid orders", (x.status == "paid").groupby(x.region).mean().to_dict()),
    (x, "who paid the most", x.amount.max()),
    (x, "how much was paid by region", x.groupby("region").amount.sum().to_dict()),
    (x, "average amount of delivered orders", came.amount.mean()),
    (x, "average amount of orders that were delivered", came.amount.mean()),
    (x, "total amount of delivered orders by region", came.groupby("region").amount.sum().to_dict()),
    (x, "total delivered amount by region", came.groupby("region").amount.sum().to_dict()),
    (x, "average amount of orders not delivered", x[x.delivered == "no"].amount.mean()),
    (x, "median amount of delivered orders in North", came[came.region == "North"].amount.median()),
    (x, "average amount by delivered", x.groupby("delivered").amount.mean().to_dict()),
    (x, "average amount of delivered and not delivered orders", x.groupby("delivered").amount.mean().to_dict()),
    (x, "average amount of urgent vs non-urgent orders", x.groupby("is urgent").amount.mean().to_dict()),
    (x, "highest amount of urgent orders", urgent.amount.max()),
    (x, "average amount of orders", x.amount.mean()),
    (flags, "how many are paid?", len(done)),
    (flags, "how many orders were paid", len(done)),
    (flags, "share of paid orders", len(done) / len(flags)),
    (flags, "average amount of paid orders", done.amount.mean()),
    (flags, "total amount of the orders that were paid", done.amount.sum()),
    (flags, "total amount of unpaid orders by region", open_.groupby("region").amount.sum().to_dict()),
    (flags, "average amount of paid vs unpaid orders", flags.groupby("Paid").amount.mean().to_dict()),
    (flags, "how much was paid by region", flags.groupby("region").amount.sum().to_dict()),
]


@pytest.mark.parametrize("frame, question, want", CASES, ids=[c[1] for c in CASES])
def test_a_state(frame, question, want):
    answer = ask_table(None, frame, question)
    assert answer["understood"], answer["text"]
    assert answer["value"] == pytest.approx(want, rel=1e-3), answer["text"]


@pytest.mark.parametrize("question", ["average amount of used orders", "total amount of live orders by region"])
def test_a_state_that_no_row_has(question):
    answer = ask_table(None, x, question)
    assert not answer["understood"] and "in this table" in answer["text"]


def test_the_lowest_share_is_first():
    answer = ask_table(None, x, "which region has the lowest share of won orders?")
    assert list(answer["value"].values()) == sorted(answer["value"].values())


def _staff(leaving="Attrition"):
    rng = np.random.default_rng(3)
    n = 160
    return pd.DataFrame(
        {
            "Employee": [f"E{i:04d}" for i in range(n)],
            "Department": rng.choice(["Sales", "R&D"], n),
            "Age": rng.integers(20, 62, n),
            "Monthly salary": rng.integers(2000, 9000, n),
            "Overtime": rng.choice(["Yes", "No"], n),
            leaving: rng.choice(["Yes", "No"], n, p=[0.3, 0.7]),
        }
    )


s = _staff()
gone, late = s[s.Attrition == "Yes"], s[s.Overtime == "Yes"]


@pytest.mark.parametrize(
    "question, want",
    [
        ("average salary of people who left", gone["Monthly salary"].mean()),
        ("how many employees stayed", len(s) - len(gone)),
        ("share of employees who left by department", (s.Attrition == "Yes").groupby(s.Department).mean().to_dict()),
        ("which department has the highest attrition rate", (s.Attrition == "Yes").groupby(s.Department).mean().to_dict()),
        ("average salary by department for people who work overtime", late.groupby("Department")["Monthly salary"].mean().to_dict()),
        ("average age of sales employees with overtime", late[late.Department == "Sales"].Age.mean()),
        ("average salary with overtime", late["Monthly salary"].mean()),
        ("salary of employees with and without overtime", s.groupby("Overtime")["Monthly salary"].mean().to_dict()),
        ("median salary for employees over 50", s[s.Age > 50]["Monthly salary"].median()),
        ("how many in R&D without overtime", ((s.Department == "R&D") & (s.Overtime == "No")).sum()),
    ],
)
def test_those_who_leave_and_those_who_stay(question, want):
    answer = ask_table(None, s, question)
    assert answer["understood"] and answer["value"] == pytest.approx(want, rel=1e-3), answer["text"]
    assert "as well" not in answer["text"]


def test_nobody_is_known_to_leave():
    answer = ask_table(None, _staff("Exit code"), "average salary of people who left")
    assert not answer["understood"] and "`left`" in answer["text"]
