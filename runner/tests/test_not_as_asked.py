"""Questions that have an easy answer which is not theirs: it is refused, or found in the right place."""

import numpy as np
import pandas as pd
import pytest

from attache.ask import ask_table


def _films():
    return pd.DataFrame(
        {
            "stars": [9.1, 8.8, 8.8, 7.9, 7.5, 7.4, 7.2, 7.0],
            "title": ["The Pine", "Sea of Salt", "Cowboy: The Movie", "The Brick Movie", "A Movie about Tea", "South Harbour", "Night Bus", "Ten"],
            "rating": ["R", "R", "PG", "PG", "R", "PG", "R", "G"],
            "genre": ["Crime", "Drama", "Drama", "Family", "Drama", "Crime", "Crime", "Family"],
            "duration": [142, 64, 115, 100, 87, 242, 190, 95],
        }
    )


def _rides():
    rng = np.random.default_rng(5)
    n = 400
    towns = np.array(["Manhattan", "Brooklyn", "Queens"])
    return pd.DataFrame(
        {
            "pickup": pd.date_range("2019-03-01", periods=n, freq="97min") + pd.to_timedelta(np.where(np.arange(n) % 3 == 0, 1, 0), unit="min"),
            "distance": np.round(rng.gamma(2, 2, n), 2),
            "fare": np.round(rng.gamma(3, 5, n), 2),
            "pickup_town": rng.choice(towns, n),
            "dropoff_town": rng.choice(towns, n),
        }
    )


def _hires():
    hours = pd.date_range("2011-01-01", periods=24 * 20, freq="h")
    return pd.DataFrame({"datetime": hours, "temp": np.tile([5.0, 9.0], 240), "count": [int(100 - abs(h.hour - 17) * 3 + h.day % 3) for h in hours]})


def _menu():
    items = ["Burrito", "Chicken Burrito", "Steak Burrito", "Bowl", "Crisps"] * 8
    extras = [None if i % 5 == 4 else f"Sauce {i % 3}" for i in range(40)]
    return pd.DataFrame({"extra": extras, "item": items, "price": [7.5, 9.0, 9.5, 8.0, 2.0] * 7 + [7.5, 9.0, 9.5, 8.0, 44.25]})


def _lands():
    names = ["South Africa", "Kenya", "Ghana", "France", "Spain", "Japan", "Peru", "Chile", "Nepal", "Fiji"]
    return pd.DataFrame({"country": names, "continent": ["AF"] * 3 + ["EU"] * 2 + ["AS", "SA", "SA", "AS", "OC"], "beer": range(10, 110, 10)})


def test_a_noun_is_no_part_of_a_title(capsys):
    assert "242" in ask_table(None, _films(), "longest movie?")["text"]
    a = ask_table(None, _films(), "highest stars of a drama movie")
    assert "8.8" in a["text"] and "The Brick Movie" not in a["text"]


def test_r_is_not_the_rating(capsys):
    assert ask_table(None, _films(), "how many movies r longer than 150")["value"] == 2


@pytest.mark.parametrize("unit", ["hrs", "hours"])
def test_a_unit_that_the_column_cannot_have(capsys, unit):
    a = ask_table(None, _films(), f"how many movies are longer than 3 {unit}")
    assert not a["understood"] and "64 to 242" in a["text"] and len(a["suggestions"]) == 3
    assert ask_table(None, _films(), "how many movies are longer than 120 minutes")["value"] == 3


def test_from_one_place_to_another(capsys):
    f = _rides()
    want = int(((f.pickup_town == "Manhattan") & (f.dropoff_town == "Brooklyn")).sum())
    assert ask_table(None, f, "how many rides from manhatten to brooklyn")["value"] == want
    a = ask_table(None, f.rename(columns={"pickup_town": "town one", "dropoff_town": "town two"}), "how many rides from Manhattan to Brooklyn")
    assert not a["understood"] and "town one" in a["text"] and "town two" in a["text"]


def test_which_hour_is_one_of_the_day(capsys):
    f = _rides()
    assert f"{f.pickup.dt.hour.value_counts().index[0]}:00" in ask_table(None, f, "what hour has the most rides")["text"]
    assert "17:00" in ask_table(None, _hires(), "whats the busiest hour")["text"]


@pytest.mark.parametrize("question", ["total fare this month", "how many rides today", "fare this year"])
def test_now_is_not_in_the_table(capsys, question):
    a = ask_table(None, _rides(), question)
    assert not a["understood"] and "ends on 2019-03" in a["text"] and len(a["suggestions"]) == 3


def test_a_word_that_other_values_have_as_well(capsys):
    a = ask_table(None, _menu(), "how many burritos")
    assert "2 other values with this word" in a["text"]
    assert ask_table(None, _menu(), 'how many rows where item contains "Burrito"')["value"] == 24


def test_the_row_is_named_by_what_it_has(capsys):
    text = ask_table(None, _menu(), "highest price")["text"]
    assert "44.25" in text and "nan" not in text.lower() and "Crisps" in text


def test_a_part_of_a_name_is_not_counted(capsys):
    assert not ask_table(None, _lands(), "how many countries in africa")["understood"]
    assert ask_table(None, _lands(), "beer of south africa")["value"] == 10


def test_the_most_of_several_is_said(capsys):
    f = pd.DataFrame({"team": list("aabbc"), "goals": [1, 2, 3, 4, 5]})
    assert "1 other has the same figure" in ask_table(None, f, "which team has the most rows")["text"]
