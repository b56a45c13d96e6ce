"""What the rows are called, columns with short names, and that no part of a question is left out in silence.

The tables have the columns of public ones (sweets in duels, drinks by country, films and their budgets, storms, homes sold, heroes,
births, ball players); their rows are made up, and the answers are pandas'."""

import numpy as np
import pandas as pd
import pytest
from test_plain_questions import NO, check_called

from attache.ask import ask_table

rng = np.random.default_rng(4)
n = 60
sweets = pd.DataFrame({"competitorname": [f"Sweet {chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(n - 2)] + ["Candy Corn", "Smarties candy"], **{c: rng.integers(0, 2, n) for c in ("chocolate", "fruity", "bar", "hard")}, "sugarpercent": rng.random(n), "winpercent": rng.uniform(20, 90, n)})
places = ["Germany", "France", "Italy", "Spain", "Norway", "Peru", "Japan", "Kenya", "Chile", "Egypt"]
drinks = pd.DataFrame({"country": places, "beer_servings": [346, 127, 85, 284, 169, 163, 77, 58, 130, 0], "wine_servings": [175, 370, 237, 112, 129, 21, 16, 2, 172, 1], "total_litres": [11.3, 11.8, 6.5, 10.0, 6.7, 6.1, 7.0, 1.8, 7.6, 0.2]})
years = rng.integers(1970, 2014, 300)
films = pd.DataFrame({"year": years, "imdb": [f"tt{i:07d}" for i in range(300)], "title": [f"Film {i % 290} of {w}" for i, w in enumerate(rng.choice(["Dawn", "Night"], 300))], "binary": rng.choice(["PASS", "FAIL"], 300), "test": rng.choice(["ok", "men", "notalk"], 300), "budget": rng.integers(1, 400, 300) * 1e6, "domgross": rng.integers(1, 700, 300) * 1e6})
storms = pd.DataFrame({"rownames": range(1, 401), "name": np.repeat([f"Storm{i}" for i in range(40)], 10), "year": np.repeat(range(1980, 2020), 10), "status": rng.choice(["hurricane", "tropical storm", "subtropical storm"], 400), "category": rng.choice([1, 2, 3, 4, 5], 400), "wind": rng.integers(20, 160, 400), "pressure": 600 + rng.permutation(400)})
homes = pd.DataFrame([{"city": c, "year": y, "sales": int(rng.integers(50, 900)), "inventory": float(rng.uniform(2, 9))} for c in ("Dallas", "Houston", "Austin") for y in range(2000, 2012)])
heroes = pd.DataFrame({"name": ["Yoda", "Luke", "Leia", "Chewie", "Jabba"], "height": [66, 172, 150, 228, 175], "mass": [17.0, 77, 49, 112, 1358], "eyes": ["brown", "blue", "brown", "blue", "orange"], "homeworld": ["Dagobah", "Tatooine", "Alderaan", "Kashyyyk", "Nal Hutta"]})
births = pd.DataFrame({"rownames": range(1, 201), "weeks": rng.integers(30, 43, 200), "weight": rng.normal(7, 1, 200).round(2), "habit": rng.choice(["smoker", "nonsmoker"], 200), "marital": rng.choice(["married", "not married"], 200)})
ball = pd.DataFrame({"rownames": range(1, 101), "first_name": rng.choice(["Al", "Bo", "Cy"], 100), "last_name": [f"Player{chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(100)], "team": rng.choice(["ATL", "NYY"], 100), "HR": rng.permutation(100), "AB": rng.integers(0, 600, 100), "AVG": rng.uniform(0.1, 0.4, 100)})
loans = pd.DataFrame({"state": rng.choice(["CA", "NY"], 80), "homeownership": rng.choice(["own", "rent", "mortgage"], 80), "loan_purpose": rng.choice(["home_improvement", "car", "credit_card"], 80), "loan_amount": rng.integers(1, 40, 80) * 1000, "loan_term": rng.choice([36, 60], 80), "annual_income": rng.integers(20, 200, 80) * 1000})
animals = pd.DataFrame({"name": [f"Animal {i}" for i in range(30)], "order": rng.choice(["Rodentia", "Primates"], 30), "brainwt": rng.gamma(2, 1, 30), "bodywt": rng.gamma(2, 40, 30)})
teams = pd.DataFrame({"URL": [f"http://example.org/wiki/{i}" for i in range(120)], "Name/Alias": [f"Hero {i}" if i % 7 else None for i in range(120)], "Appearances": rng.permutation(120), "Gender": rng.choice(["FEMALE", "MALE"], 120), "Probationary Intro": [f"1990-0{1 + i % 9}-01" if i < 9 else None for i in range(120)], "Full/Reserve Avengers Intro": [f"Full {i % 50}" for i in range(120)], "Year": rng.integers(1963, 2016, 120)})
for frame, called in ((sweets, "candy"), (storms, "storms"), (births, "births14")):
    frame.attrs["called"] = called
teams["Probationary Intro"] = pd.to_datetime(teams["Probationary Intro"])
d, s = drinks.set_index("country"), sweets

CASES = [
    # Rows by the name of the file, where that is also a word of a value, or of the name of a column.
    (sweets, "how many candies are there", n),
    (sweets, "share of candies that are hard", s.hard.mean()),
    (sweets, "avg winpercent of chocolate candy", s.winpercent[s.chocolate == 1].mean()),
    (sweets, "how many candies r fruity but not chocolate", int(((s.fruity == 1) & (s.chocolate == 0)).sum())),
    (sweets, "how many bars", int(s.bar.sum())),
    (sweets, ["how many candies have a winpercent over 60", "only chocolate"], int(((s.winpercent > 60) & (s.chocolate == 1)).sum())),
    (storms, "how many storms are there", 400),
    (storms, "how many different storms in 1990", 1),
    (teams, "how many avengers are there", 120),
    (teams, "total appearances of male avengers", int(teams.Appearances[teams.Gender == "MALE"].sum())),
    # Years that all rows have, not the dates of a few.
    (teams, "how many joined in the 1990s", int(teams.Year.between(1990, 1999).sum())),
    (teams, "how many avengers in the 1990s", int(teams.Year.between(1990, 1999).sum())),
    (teams, "how many avengers in the 80s", int(teams.Year.between(1980, 1989).sum())),
    (films, "how many films since the 1990s", int((films.year >= 1990).sum())),
    (films, "films between the 1980s and the 1990s", int(films.year.between(1980, 1999).sum())),
    # Verbs of what is measured, and units.
    (drinks, "which country drinks the most beer", [346]),
    (drinks, "how many countries drink over 10 litres", int((d.total_litres > 10).sum())),
    (drinks, "how many countries have zero beer servings", 1),
    (drinks, "how many countries drink more wine than beer", int((d.wine_servings > d.beer_servings).sum())),
    (drinks, "countries where wine servings are higher than beer servings", int((d.wine_servings > d.beer_servings).sum())),
    (drinks, "how many countries don't drink", NO),
    (drinks, "rank of norway in beer", NO),
    (heroes, "how much does yoda weigh", 17.0),
    (heroes, "who has the longest name", NO),
    (heroes, "tallest 2 characters", [228, 175]),
    (heroes, "how many characters have blue eyes", 2),
    (heroes, "what is chewie's homeworld", "Kashyyyk"),
    # Short names.
    (films, "average domestic gross", films.domgross.mean()),
    (films, "median domestic gross of films that failed", films.domgross[films.binary == "FAIL"].median()),
    (animals, "average brain weight", animals.brainwt.mean()),
    (animals, "correlation between body weight and brain weight", animals.bodywt.corr(animals.brainwt)),
    (ball, "total home runs", int(ball.HR.sum())),
    (ball, "how many players hit more than 30 HR", int((ball.HR > 30).sum())),
    (ball, "total HR with more than 300 AB", int(ball.HR[ball.AB > 300].sum())),
    (ball, "average AVG by team", ball.groupby("team").AVG.mean().to_dict()),
    (births, "average birth weight", births.weight.mean()),
    (births, "average weight by smoking habit", births.groupby("habit").weight.mean().to_dict()),
    (births, "average weeks", births.weeks.mean()),
    # Those who do what a value says; "home" that only passes.
    (loans, "average income of renters", loans.annual_income[loans.homeownership == "rent"].mean()),
    (loans, "how many owners", int((loans.homeownership == "own").sum())),
    (loans, "how many people own their home", int((loans.homeownership == "own").sum())),
    (loans, "how many loans over 20k", int((loans.loan_amount > 20_000).sum())),
    (loans, "loans between 5000 and 10000", int(loans.loan_amount.between(5000, 10_000).sum())),
    (storms, "average pressure by category for category 4 and 5", storms[storms.category >= 4].assign(k=storms.category.astype(str)).groupby("k").pressure.mean().to_dict()),
    (storms, "strongest wind", int(storms.wind.max())),
    # What is not left out.
    (homes, "sales in dallas vs houston by year", {(str(y), c): int(v) for (y, c), v in homes[homes.city != "Austin"].groupby(["year", "city"]).sales.sum().items()}),
    (films, "how many movies pass the test", NO),
    (films, "average budget by result", NO),
    (films, "average budget by type", NO),
    (sweets, "how does chocolate compare to fruity", NO),
    (sweets, "worst 3 sweets", NO),
    (homes, ["average inventory by city", "max instead"], homes.groupby("city").inventory.max().to_dict()),
    # Row by row.
    (films, "difference between budget and domestic gross", (films.budget - films.domgross).mean()),
    (films, "average difference between domgross and budget by test", (films.domgross - films.budget).groupby(films.test).mean().to_dict()),
    (films, "domgross minus budget by test", (films.domgross - films.budget).groupby(films.test).mean().to_dict()),
]


@pytest.mark.parametrize("frame, question, want", CASES)
def test_an_answer(frame, question, want, monkeypatch):
    check_called(frame, question, want, monkeypatch)


@pytest.mark.parametrize(
    "frame, question, name",
    [
        (films, "which movie had the highest budget", films.title[films.budget.idxmax()]),
        (ball, "who has the most HR", "{0.first_name} {0.last_name}".format(ball.loc[ball.HR.idxmax()])),
        (storms, "lowest pressure", storms.name[storms.pressure.idxmin()]),
        (teams, "who has the most appearances", "Hero" if teams["Name/Alias"][teams.Appearances.idxmax()] else "http"),
    ],
)
def test_a_row_is_called_by_its_name(frame, question, name):
    assert name in ask_table(None, frame, question)["text"]
