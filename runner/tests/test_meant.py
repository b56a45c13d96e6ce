"""Questions that were answered with another figure than was asked for: now the right one, or none."""

import pandas as pd
import pytest

CARS = pd.DataFrame({"Year": [2014, 2014, 2015, 2015, 2015, 2015] * 4, "Month": [1, 2, 1, 1, 2, 2] * 4, "Make": ["Audi", "Ford", "Audi", "Ford", "Audi", "Ford"] * 4, "Quantity": [5, 1, 4, 6, 4, 1] * 4})
PEAKS = pd.DataFrame({"Volcano Name": [f"V{i}" for i in range(40)], "Country": ["Chile"] * 25 + ["Japan"] * 15, "Type": ["Stratovolcano"] * 20 + ["Shield volcanoes", "Stratovolcanoes"] + ["Caldera"] * 18, "Elev": range(40)})
SHOP = pd.DataFrame({"Day": pd.date_range("2023-01-01", periods=40, freq="20D"), "Price Per Unit": [2.5, 10.0] * 20, "Quantity": [3, 1] * 20, "Item": ["pen", "book"] * 20})
PORTS = pd.DataFrame({"iata": ["TEX", "DFW", "ORD", "LAX"] * 5, "airport": [f"A{i}" for i in range(20)], "state": ["CO", "TX", "IL", "CA"] * 5, "cnt": range(100, 120)})
DRAFT = pd.DataFrame({"Round": [1, 1, 1, 2, 2, 3] * 4, "Pick": [1, 2, 3, 1, 2, 1] * 4, "Team": ["A", "A", "B", "B", "C", "C"] * 4, "Weight": range(180, 204)})
JOBS = pd.DataFrame({"occupation": [f"Job {i}" for i in range(19)] + ["Cashiers"], "numbEmployed": range(1000, 21000, 1000), "wage": range(20, 40)})
PLACES = pd.DataFrame({"home": ["US", "DE", "US", "FR"] * 5, "office": ["US", "US", "DE", "FR"] * 5, "pay": range(20)})


def ask(frame, question):
    from attache.ask import ask_table

    return ask_table(None, frame, question)


@pytest.mark.parametrize(
    ("frame", "question", "want"),
    [
        (CARS, "which make sold the most cars in 2015", {"Audi": 32}),
        (PEAKS, "which country has the most volcanoes", {"Chile": 25}),
        (PEAKS, "how many stratovolcanoes are there", 21),
        (DRAFT, "average weight in the first round", DRAFT[DRAFT.Round == 1].Weight.mean()),
    ],
)
def test_right(frame, question, want):
    value = ask(frame, question)["value"]
    assert value == want if isinstance(want, dict) else value == pytest.approx(want), value


@pytest.mark.parametrize(
    ("frame", "question"),
    [
        (SHOP, "how much was spent in total"),
        (SHOP, "spending per year"),
        (PORTS, "busiest airport in texas"),
        (PORTS, "total flights by state, top 3"),
        (DRAFT, "which team had the most picks"),
        (DRAFT, "who was picked first"),
        (JOBS, "how many people work as cashiers"),
    ],
)
def test_refused(frame, question):
    answer = ask(frame, question)
    assert not answer["understood"] and len(answer["suggestions"]) == 3


def test_a_value_of_two_columns_is_said():
    assert "`office` has `US` as well" in ask(PLACES, "how many rows in US")["text"]
