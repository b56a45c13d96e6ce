"""Questions as they came up with public tables: taxi rides, guests of a show, graduates by major, births by day, police killings, foul
balls, resignations, fight songs, health spending. The tables here have their columns, and made-up rows; the answers are pandas'."""

import numpy as np
import pandas as pd
import pytest

from attache.ask import ask_table

rng = np.random.default_rng(9)


def _rides(n=600):
    start = pd.Timestamp("2019-03-01") + pd.to_timedelta(rng.integers(0, 31 * 86400, n), unit="s")
    frame = pd.DataFrame(
        {
            "pickup": start,
            "passengers": rng.integers(1, 6, n),
            "distance": rng.gamma(2, 3, n).round(2),
            "fare": rng.gamma(3, 5, n).round(2),
            "tip": rng.choice([0, 1.5, 2.75, 4], n),
            "total": 0.0,
            "color": rng.choice(["yellow", "green"], n, p=[0.8, 0.2]),
            "payment": rng.choice(["credit card", "cash", None], n, p=[0.6, 0.35, 0.05]),
            "pickup_borough": rng.choice(["Queens", "Bronx", "Brooklyn"], n, p=[0.5, 0.3, 0.2]),
            "dropoff_borough": rng.choice(["Queens", "Bronx", "Brooklyn"], n),
        }
    )
    frame["total"] = frame.fare + frame.tip
    return frame


t = _rides()
day = t.pickup.dt.normalize()
RIDES = [
    ("how many trips", len(t)),
    ("trips between 10 and 20 miles", t.distance.between(10, 20).sum()),
    ("trips longer than 10 miles", (t.distance > 10).sum()),
    ("how many cash or green trips", ((t.payment == "cash") | (t.color == "green")).sum()),
    ("how many trips without payment", t.payment.isna().sum()),
    ("share of trips paid by cash", (t.payment == "cash").mean()),
    ("rides on march 15", (day == "2019-03-15").sum()),
    ("rides on the 15th", (day.dt.day == 15).sum()),
    ("total fare since march 20", t[day >= "2019-03-20"].fare.sum()),
    ("rides before march 5", (day < "2019-03-05").sum()),
    ("total revenue by pickup borough", t.groupby("pickup_borough").total.sum().to_dict()),
    ("highest total fare in one day", t.groupby(day).fare.sum().max()),
    ("average number of trips per day", day.value_counts().mean()),
    ("busiest hour", t.pickup.dt.hour.value_counts().head(1).rename(str).to_dict()),
    ("how many trips from queens to bronx", ((t.pickup_borough == "Queens") & (t.dropoff_borough == "Bronx")).sum()),
    ("how much more do credit card customers tip than cash", t[t.payment.notna()].groupby("payment").tip.sum().to_dict()),
    ("median distance of green rides", t[t.color == "green"].distance.median()),
    ("running total of tip by day", t.groupby(day.astype(str)).tip.sum().cumsum().to_dict()),
]


def _guests(n=500):
    jobs = ["actor", "film actor", "journalist", "comedian", None]
    return pd.DataFrame({"YEAR": 0, "Occupation": rng.choice(jobs, n), "Show": pd.to_datetime("1999-01-11") + pd.to_timedelta(rng.integers(0, 5000, n), unit="D"), "Group": rng.choice(["Acting", "Media", "Politician"], n, p=[0.5, 0.3, 0.2]), "Raw_Guest_List": [f"Guest {chr(65 + i % 26)}{i % 180}" for i in range(n)]}).assign(YEAR=lambda x: x.Show.dt.year)


g = _guests()
many = g.groupby(g.YEAR.astype(str)).Raw_Guest_List.nunique()
GUESTS = [
    ("top 3 occupations", g.Occupation.value_counts().head(3).to_dict()),
    ("which year had the most guests", many[many == many.max()].head(1).to_dict()),
    ("politicians in 2005", ((g.Group == "Politician") & (g.YEAR == 2005)).sum()),
    ("average guests per year", many.mean()),
    ("percent change between 2000 and 2010", many["2010"] / many["2000"] - 1),
    ("compare media and acting", g[g.Group.isin(["Media", "Acting"])].Group.value_counts().to_dict()),
]


def _majors(n=90):
    men, women = rng.integers(100, 9000, n), rng.integers(100, 9000, n)
    return pd.DataFrame({"Rank": np.arange(1, n + 1), "Major": [f"STUDY {chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(n)], "Total": men + women, "Men": men, "Women": women, "Major_category": rng.choice(["Arts", "Business", "Health"], n), "ShareWomen": women / (men + women), "Unemployment_rate": rng.uniform(0, 0.2, n), "Median": rng.integers(20, 90, n) * 1000, "Low_wage_jobs": rng.integers(0, 900, n)})


m = _majors()
MAJORS = [
    ("how many majors are there in each category", m.Major_category.value_counts().to_dict()),
    ("total women by category", m.groupby("Major_category").Women.sum().to_dict()),
    ("how many women in arts", m[m.Major_category == "Arts"].Women.sum()),
    ("share of women in arts", m[m.Major_category == "Arts"].ShareWomen.mean()),
    ("which major has the highest median salary", [m.Median.max()]),
    ("average median salary by category", m.groupby("Major_category").Median.mean().to_dict()),
    ("majors with median above 60k", (m.Median > 60000).sum()),
    ("correlation between ShareWomen and median", m.ShareWomen.corr(m.Median)),
    ("majors with unemployment over 10%", (m.Unemployment_rate > 0.1).sum()),
    ("unemployment between 5% and 10%", m.Unemployment_rate.between(0.05, 0.1).sum()),
    ("rank of study ac", "3"),
    ("top 2 majors by median per category", m.set_index(["Major_category", "Major"]).Median.sort_values(ascending=False, kind="stable").groupby(level=0).head(2).to_dict()),
    ("how much more total does business have than health", m[m.Major_category.isin(["Business", "Health"])].groupby("Major_category").Total.sum().to_dict()),
]


def _births():
    days = pd.date_range("2004-01-01", "2007-12-31")
    return pd.DataFrame({"year": days.year, "month": days.month, "date_of_month": days.day, "day_of_week": days.dayofweek + 1, "births": rng.integers(7000, 14000, len(days))})


b = _births()
when = pd.to_datetime(dict(year=b.year, month=b.month, day=b.date_of_month))
BIRTHS = [
    ("births on the 13th", b[b.date_of_month == 13].births.sum()),
    ("births on friday the 13th", b[(b.date_of_month == 13) & (b.day_of_week == 5)].births.sum()),
    ("average monthly births", b.groupby([b.year, b.month]).births.sum().mean()),
    ("best month", b.groupby(b.month.astype(str)).births.sum().nlargest(1).to_dict()),
    ("top 5 days", b.groupby(when.astype(str)).births.sum().nlargest(5).to_dict()),
    ("how many more births in 2007 than in 2004", b[b.year.isin([2004, 2007])].groupby(b.year.astype(str)).births.sum().to_dict()),
    ("running total by year", b.groupby(b.year.astype(str)).births.sum().cumsum().to_dict()),
]


def _deaths(n=300):
    months = rng.choice(["January", "February", "March", "April"], n)
    return pd.DataFrame({"name": [f"P{i}" for i in range(n)], "age": rng.integers(14, 80, n).astype(float), "gender": rng.choice(["Male", "Female"], n), "raceethnicity": rng.choice(["Black", "White", "Hispanic/Latino"], n, p=[0.3, 0.5, 0.2]), "month": months, "day": rng.integers(1, 29, n), "year": 2015, "cause": rng.choice(["Gunshot", "Taser", "Death in custody"], n, p=[0.8, 0.1, 0.1]), "armed": rng.choice(["No", "Firearm"], n), "state_fp": rng.integers(1, 56, n), "pop": rng.integers(100, 9000, n), "share_black": rng.uniform(0, 99, n), "share_hispanic": rng.uniform(0, 99, n)})


k = _deaths()
DEATHS = [
    ("how many were unarmed", (k.armed == "No").sum()),
    ("how many people since march", k.month.isin(["March", "April"]).sum()),
    ("how many are under 18 or over 65", ((k.age < 18) | (k.age > 65)).sum()),
    ("hispanic women", ((k.raceethnicity == "Hispanic/Latino") & (k.gender == "Female")).sum()),
    ("black or hispanic", k.raceethnicity.isin(["Black", "Hispanic/Latino"]).sum()),
    ("cause of death", k.cause.value_counts().to_dict()),
    ("white vs black", k[k.raceethnicity != "Hispanic/Latino"].raceethnicity.value_counts().to_dict()),
]


def _balls(n=300):
    return pd.DataFrame({"matchup": rng.choice(["A's vs B's", "C's vs D's"], n), "game_date": pd.to_datetime("2019-03-29") + pd.to_timedelta(rng.integers(0, 9, n), unit="D"), "type_of_hit": rng.choice(["Fly", "Line", "Ground", "Pop Up"], n, p=[0.4, 0.3, 0.2, 0.1]), "exit_velocity": rng.choice([70.5, 88.1, 101.2, np.nan], n), "camera_zone": rng.integers(1, 8, n), "used_zone": rng.integers(1, 8, n)})


z = _balls()
BALLS = [
    ("how many fly or line", z.type_of_hit.isin(["Fly", "Line"]).sum()),
    ("how many line", (z.type_of_hit == "Line").sum()),
    ("average exit velocity of line", z[z.type_of_hit == "Line"].exit_velocity.mean()),
    ("most common type", z.type_of_hit.value_counts().head(1).to_dict()),
    ("how many hits by used zone and type", {(str(a), c): v for (a, c), v in z.groupby(["used_zone", "type_of_hit"]).size().items()}),
    ("how many without exit velocity", z.exit_velocity.isna().sum()),
]


def _members(n=200):
    return pd.DataFrame({"Member": [f"M {i}" for i in range(n)], "Party": rng.choice(["D", "R"], n, p=[0.4, 0.6]), "Resignation Date": pd.to_datetime("1980-01-01") + pd.to_timedelta(rng.integers(0, 12000, n), unit="D"), "Congress": rng.choice(["97th", "98th", "99th"], n, p=[0.5, 0.3, 0.2])})


c = _members()
MEMBERS = [
    ("how many democrats", (c.Party == "D").sum()),
    ("republicans vs democrats", c.Party.value_counts().to_dict()),
    ("how many republicans resigned since 2000", ((c.Party == "R") & (c["Resignation Date"] >= "2000")).sum()),
    ("which congress had the most resignations", c.Congress.value_counts().head(1).to_dict()),
]


def _songs(n=60):
    return pd.DataFrame({"school": [f"School {i}" for i in range(n)], "conference": rng.choice(["ACC", "SEC"], n), "song_name": [f"Fight {i}" for i in range(n)], "year": rng.choice([1893, 1905, 1912, 1968, np.nan], n), "official_song": rng.choice(["Yes", "No"], n), "student_writer": rng.choice(["Yes", "No", "Unknown"], n), "bpm": rng.permutation(np.arange(60, 60 + n))})


s = _songs()
SONGS = [
    ("how many songs", len(s)),
    ("how many unofficial", (s.official_song == "No").sum()),
    ("songs over 90 bpm", (s.bpm > 90).sum()),
    ("fastest song", {s.song_name[s.bpm.idxmax()]: s.bpm.max()}),
    ("oldest song", [s.year.min()]),
    ("songs written before 1910", (s.year < 1910).sum()),
    ("how many songs of unknown year", s.year.isna().sum()),
]


def _health():
    return pd.DataFrame([(y, n, 250 + 200 * i + 60 * (y - 1990) * (i + 1), 70 + 0.2 * (y - 1990) + i) for y in range(1990, 2021) for i, n in enumerate(("Germany", "Japan", "USA"))], columns=["Year", "Country", "Spending_USD", "Life_Expectancy"])


h = _health()
HEALTH = [
    ("total spending", h.Spending_USD.sum()),
    ("spending in usa 2019", h[(h.Year == 2019) & (h.Country == "USA")].Spending_USD.sum()),
    ("latest spending by country", h[h.Year == 2020].groupby("Country").Spending_USD.sum().to_dict()),
    ("rank countries by spending in 2010", h[h.Year == 2010].groupby("Country").Spending_USD.sum().to_dict()),
    ("correlation spending life expectancy", h.Spending_USD.corr(h.Life_Expectancy)),
    ("how much more does usa spend than japan", h[h.Country != "Germany"].groupby("Country").Spending_USD.sum().to_dict()),
    ("life expectancy of usa and japan as line chart", {(str(y), n): v for y, n, v in h[h.Country != "Germany"][["Year", "Country", "Life_Expectancy"]].itertuples(index=False)}),
]

CASES = [(f, q, w) for f, cases in ((t, RIDES), (g, GUESTS), (m, MAJORS), (b, BIRTHS), (k, DEATHS), (z, BALLS), (c, MEMBERS), (s, SONGS), (h, HEALTH)) for q, w in cases]


@pytest.mark.parametrize("frame, question, want", CASES, ids=[q for _, q, _ in CASES])
def test_an_answer(frame, question, want):
    ask_table(None, frame, "how many rows")
    answer = ask_table(None, frame, question)
    assert answer["understood"], answer["text"]
    got = answer["value"] if not isinstance(want, list) else [float(v) for v in answer["value"]]
    assert got == pytest.approx(want), answer["text"]


@pytest.mark.parametrize(
    "frame, questions, said",
    [
        (t, ["how many trips from queens to bronx"], "!as well"),
        (t, ["average tip by color", "busiest trip"], "Of which"),
        (k, ["deaths by month"], "`deaths`"),
        (m, ["majors with more than 700 graduates"], "`graduates`"),
        (m, ["missing values", "top 3"], "what to change"),
        (m, ["show duplicates", "only arts"], "what to change"),
        (z, ["hits by zone"], "there is also `used_zone`"),
        (k, ["how many since may"], "of which year"),
        (b, ["births since march"], "of which year"),
        (h, ["gap between japan and usa"], "which two"),
        (g, ["top 3 per group"], "which column"),
        (t, ["how many trips in march", "most common"], "which column"),
    ],
    ids=lambda x: "; ".join(x) if isinstance(x, list) else None,
)
def test_what_is_said(frame, questions, said):
    for question in questions:
        answer = ask_table(None, frame, question)
    assert said[1:] not in answer["text"] if said[0] == "!" else said in answer["text"], answer["text"]


def test_the_lowest_after_the_highest():
    ask_table(None, t, "which pickup borough has the highest total tip")
    got = ask_table(None, t, "what about the lowest")["value"]
    assert got == pytest.approx(t.groupby("pickup_borough").tip.sum().nsmallest(1).to_dict())
    ask_table(None, t, "total tip by pickup borough")
    assert ask_table(None, t, "what about the lowest")["value"] == pytest.approx(got)


def test_how_far_two_are_apart():
    text = ask_table(None, h, "difference between japan and usa in spending")["text"]
    usa, japan = (h[h.Country == n].Spending_USD.sum() for n in ("USA", "Japan"))
    assert f"**{usa - japan:,.0f}** (**{usa / japan - 1:.1%}**) more than `Japan`" in text


def test_a_question_of_its_own_keeps_nothing_of_the_last():
    ask_table(None, g, "share of actors by year")
    assert ask_table(None, g, "politicians in 2005")["value"] == ((g.Group == "Politician") & (g.YEAR == 2005)).sum()
    ask_table(None, h, "which country has the highest life expectancy")
    assert "Highest 1" not in ask_table(None, h, "spending per decade")["text"]


def _words(n=400):
    kind = rng.choice(["word", "death"], n, p=[0.9, 0.1])
    return pd.DataFrame({"movie": rng.choice(["Pulp Fiction", "Jackie Brown"], n), "type": kind, "word": np.where(kind == "word", rng.choice(["hell", "damn"], n), None), "minutes_in": rng.uniform(0, 150, n)})


def _weather():
    days = pd.date_range("2014-01-01", "2015-12-31")
    return pd.DataFrame({"date": days, "mean_temp": 15 - 10 * np.cos(days.dayofyear / 58) + rng.normal(0, 2, len(days)), "rain": rng.choice([0, 0, 0, 4.5, 9], len(days))})


def _pulses():
    return pd.DataFrame([(k, m, 80 + 10 * i + m) for i, k in enumerate(("rest", "walking", "running")) for m in (1, 15, 30)], columns=["kind", "minute", "pulse"])


def _cabinet(n=120):
    return pd.DataFrame({"president": rng.choice(["Obama", "Trump"], n), "length": rng.choice(["Still in office", "245", "908", "77"], n), "departure_day": rng.integers(100, 2900, n)})


def _airlines(n=40):
    return pd.DataFrame({"airline": [f"Air {i}" for i in range(n)], "incidents_85_99": rng.integers(0, 70, n), "fatal_accidents_85_99": rng.integers(0, 4, n), "fatal_accidents_00_14": rng.integers(0, 4, n)})


r = pd.DataFrame({"team": rng.choice(["red", "blue", "4", "5"], 60), "joined": pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.permutation(60), unit="D")})
d, w, a, p, e = _words(), _weather(), _airlines(), _pulses(), _cabinet()
wet = w.rain > 0


@pytest.mark.parametrize(
    "frame, questions, want",
    [
        (d, ["how many deaths after minute 100"], ((d.type == "death") & (d.minutes_in > 100)).sum()),
        (d, ["how many rows without word"], d.word.isna().sum()),
        (w, ["days with rain"], wet.sum()),
        (w, ["how many days with rain in 2014"], (wet & (w.date.dt.year == 2014)).sum()),
        (w, ["average mean_temp of days with rain"], w[wet].mean_temp.mean()),
        (w, ["total rain"], w.rain.sum()),
        (w, ["mean temp in september", "september vs march"], {"3": w[w.date.dt.month == 3].mean_temp.mean(), "9": w[w.date.dt.month == 9].mean_temp.mean()}),
        (w, ["mean temp in 2014", "change in rain from 2014 to 2015"], w[w.date.dt.year == 2015].rain.sum() / w[w.date.dt.year == 2014].rain.sum() - 1),
        (p, ["running vs walking pulse"], p[p.kind != "rest"].groupby("kind").pulse.mean().to_dict()),
        (p, ["difference in pulse between running and rest"], p[p.kind != "walking"].groupby("kind").pulse.mean().to_dict()),
        (a, ["average incidents per airline"], a.incidents_85_99.mean()),
    ],
    ids=lambda x: "; ".join(x) if isinstance(x, list) else None,
)
def test_more_of_them(frame, questions, want):
    for question in questions:
        answer = ask_table(None, frame, question)
    assert answer["understood"] and answer["value"] == pytest.approx(want), answer["text"]


def test_the_first_by_a_joined_time_and_by_one_that_is_missing():
    assert ask_table(None, k, "first cause")["value"] == [pd.to_datetime(k.month + " 2015 " + k.day.astype(str), format="%B %Y %d").min()]
    some = r.assign(joined=r.joined.where(r.index % 3 > 0))
    assert ask_table(None, some, "last team")["value"] == [some.joined.max()]
    assert ask_table(None, some, "first team")["value"] == [some.joined.min()]


def test_numbers_beside_a_text():
    answer = ask_table(None, r, "team 4 or 5")
    assert not answer["understood"] or "4" in answer["text"]


@pytest.mark.parametrize(
    "frame, question, said",
    [
        (d, "first death in pulp fiction", "by which column"),
        (d, "average minutes between deaths", "Between which"),
        (w, "biggest difference between mean temp and rain", "subtract"),
        (a, "how many airlines without fatal accidents", "there is also `fatal_accidents_00_14`"),
        (a, "change in incidents", "no column of times"),
        (e, "average length by president", "has no mean"),
        (e, "which president had the most departures", "The most rows"),
    ],
)
def test_what_is_not_left_out(frame, question, said):
    text = ask_table(None, frame, question)["text"]
    assert said in text, text
