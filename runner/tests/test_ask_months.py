"""Months by their number, months from one to another in every year, the highest of a column of highs, and counts of one category in another."""

import numpy as np
import pandas as pd
import pytest
from test_plain_questions import NO, check_answer

rng = np.random.default_rng(21)
air = pd.DataFrame({"Ozone": rng.gamma(3, 14, 153), "Wind": rng.uniform(1, 20, 153), "Temp": rng.integers(56, 98, 153), "Month": np.repeat([5, 6, 7, 8, 9], [31, 30, 31, 31, 30]), "Day": [d for k in (31, 30, 31, 31, 30) for d in range(1, k + 1)]})
sky = pd.DataFrame({"date": pd.date_range("2012-01-01", "2014-12-31"), "temp_max": rng.normal(15, 8, 1096).round(1), "wind": rng.uniform(1, 9, 1096)})
birds = pd.DataFrame({"species": rng.choice(["Adelie", "Gentoo"], 200), "island": rng.choice(["Dream", "Biscoe"], 200), "sex": rng.choice(["MALE", "FEMALE"], 200), "mass": rng.integers(3000, 6000, 200)})
films = pd.DataFrame({"movie": [f"Film {i}" for i in range(100)], "rating": rng.choice(["PG-13", "R"], 100), "score": rng.uniform(20, 95, 100), "box_office": rng.gamma(2, 30, 100)})
runs = pd.DataFrame({"name": [f"Runner {i}" for i in range(40)], "division": rng.choice(["Men", "Women"], 40), "time": [f"02:{i % 60:02d}:13" for i in range(40)], "age": rng.integers(20, 50, 40)})
m, w = sky.date.dt.month, sky.date.dt.day_of_week
counts = birds.groupby(["island", "species"]).size()

CASES = [
    (air, "average wind in may", air.Wind[air.Month == 5].mean()),
    (air, "max temp in july", int(air.Temp[air.Month == 7].max())),
    (air, "average ozone from may to july", air.Ozone[air.Month <= 7].mean()),
    (air, "temp excluding may", air.Temp[air.Month != 5].mean()),
    (air, "days in june over 80 degrees", int(((air.Month == 6) & (air.Temp > 80)).sum())),
    (air, "hottest day", int(air.Temp.max())),
    (air.drop(columns="Month"), "average wind in may", NO),
    (sky, "average wind from may to july", sky.wind[m.between(5, 7)].mean()),
    (sky, "average wind from november to february", sky.wind[m.isin([11, 12, 1, 2])].mean()),
    (sky, "average wind from friday to monday", sky.wind[w.isin([4, 5, 6, 0])].mean()),
    (sky, "max temp", sky.temp_max.max()),
    (sky, "max temp in july", sky.temp_max[m == 7].max()),
    (sky, "average max temp", sky.temp_max.mean()),
    (birds, "species per island", counts.to_dict()),
    (birds, ["species per island", "only males"], birds[birds.sex == "MALE"].groupby(["island", "species"]).size().to_dict()),
    (films, "best rated movie", [films.score.max()]),
    (films.drop(columns="score"), "best rated movie", NO),
    (runs, "best time of women", NO),
    (runs, "fastest time", NO),
]


@pytest.mark.parametrize("frame, question, want", CASES)
def test_an_answer(frame, question, want):
    check_answer(frame, question, want)
