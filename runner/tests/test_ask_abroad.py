"""English questions about tables in German and French: invoices, overnight stays of cantons, trains."""

import numpy as np
import pandas as pd
import pytest

from attache.ask import ask_table

rng = np.random.default_rng(1)


def _invoices(n=300):
    return pd.DataFrame(
        {
            "Rechnungsnr": [f"R{i:05d}" for i in range(n)],
            "Rechnungsdatum": pd.to_datetime("2022-01-03") + pd.to_timedelta(rng.integers(0, 700, n), unit="D"),
            "Kunde": rng.choice(["Müller GmbH", "Meier AG", "Huber KG"], n),
            "Filiale": rng.choice(["Berlin", "München"], n),
            "Artikel": rng.choice(["Schraube", "Mutter", "Nagel"], n),
            "Menge": rng.integers(1, 50, n),
            "Umsatz": rng.uniform(10, 900, n).round(2),
            "Bezahlt": rng.choice(["ja", "nein"], n),
        }
    )


def _trains():
    routes = (("PARIS EST", "METZ", "National"), ("REIMS", "PARIS EST", "National"), ("PARIS LYON", "GRENOBLE", "National"), ("PARIS LYON", "ZURICH", "International"))
    rows = [(y, m, s, a, b, rng.uniform(60, 200), rng.integers(0, 9), rng.uniform(1, 20)) for y in (2016, 2017, 2018) for m in range(1, 13) for a, b, s in routes]
    return pd.DataFrame(rows, columns=["Année", "Mois", "Service", "Gare de départ", "Gare d'arrivée", "Durée moyenne du trajet (min)", "Nombre de trains annulés", "Retard moyen de tous les trains au départ (min)"])


def _stays():
    rows = [(y, k, rng.integers(1000, 9000), rng.integers(20_000, 90_000)) for y in range(2005, 2013) for k in ("Zürich", "Bern", "Uri")]
    return pd.DataFrame(rows, columns=["Jahr", "Kanton", "Anzahl Betriebe", "Übernachtungen"])


r, t, s = _invoices(), _trains(), _stays()
paid = r.Bezahlt == "ja"
cancelled, late = "Nombre de trains annulés", "Retard moyen de tous les trains au départ (min)"
by_year = s.groupby("Jahr")["Übernachtungen"].sum()

CASES = [
    (r, "revenue by branch", r.groupby("Filiale").Umsatz.sum().to_dict()),
    (r, "how many invoices are paid", paid.sum()),
    (r, "how many unpaid", (~paid).sum()),
    (r, "revenue of unpaid invoices", r[~paid].Umsatz.sum()),
    (r, "percent of invoices that are paid", paid.mean()),
    (r, "average invoice value", r.Umsatz.mean()),
    (r, "average monthly revenue", r.groupby(r.Rechnungsdatum.dt.to_period("M")).Umsatz.sum().mean()),
    (r, "top 2 articles per branch by revenue", r.groupby(["Filiale", "Artikel"]).Umsatz.sum().sort_values(ascending=False).groupby(level=0).head(2).to_dict()),
    (r, "how many invoices per customer", r.Kunde.value_counts().to_dict()),
    (r, "last invoice", [r.Rechnungsdatum.max()]),
    (t, "how many cancelled trains", t[cancelled].sum()),
    (t, "average annual cancelled trains", t.groupby("Année")[cancelled].sum().mean()),
    (t, "cancelled trains by departure station", t.groupby("Gare de départ")[cancelled].sum().to_dict()),
    (t, "average delay by arrival station", t.groupby("Gare d'arrivée")[late].mean().to_dict()),
    (t, "average duration paris lyon to grenoble", t[t["Gare d'arrivée"] == "GRENOBLE"]["Durée moyenne du trajet (min)"].mean()),
    (s, "total Übernachtungen", by_year.sum()),
    (s, "average yearly uebernachtungen", by_year.mean()),
    (s, "percent change of Übernachtungen between 2005 and 2012", by_year[2012] / by_year[2005] - 1),
    (s, "Übernachtungen per canton", s.groupby("Kanton")["Übernachtungen"].sum().to_dict()),
]


@pytest.mark.parametrize("frame, question, want", CASES, ids=[c[1] for c in CASES])
def test_an_answer(frame, question, want):
    ask_table(None, frame, "how many rows")
    answer = ask_table(None, frame, question)
    assert answer["understood"], answer["text"]
    if isinstance(want, list):
        assert answer["value"] == want
    else:
        assert answer["value"] == pytest.approx(want), answer["text"]


@pytest.mark.parametrize("question", ["how many invoices are delivered", "revenue of invoices that were won"])
def test_what_no_row_says_is_not_left_out(question):
    answer = ask_table(None, r, question)
    assert not answer["understood"] and f"`{question.split()[-1]}`" in answer["text"]
