"""The most frequent questions in German, French and Spanish, about tables whose columns are named so or in English."""

import pandas as pd
import pytest
from test_plain_questions import CHART, answered, o

NAMES = {
    "de": ("Datum", "Region", "Produkt", "Menge", "Umsatz", "Nord Süd Ost West"),
    "fr": ("Date", "Région", "Produit", "Quantité", "Ventes", "Nord Sud Est Ouest"),
    "es": ("Fecha", "Región", "Producto", "Cantidad", "Ventas", "Norte Sur Este Oeste"),
    "en": ("order_date", "region", "product", "units", "revenue", "North South East West"),
}


def frame(tongue):
    date, region, product, units, revenue, places = NAMES[tongue]
    place = dict(zip("North South East West".split(), places.split()))
    return pd.DataFrame({date: o.order_date, region: o.region.map(place), product: o["product"], units: o.units, revenue: o.revenue})


FRAMES = {tongue: frame(tongue) for tongue in NAMES}


def wanted(tongue, what):
    """The answer, computed."""
    date, region, product, units, revenue, _ = NAMES[tongue]
    f = FRAMES[tongue]
    v, year = f[revenue], f[date].dt.year
    by = lambda c, rows=f: rows.groupby(c)[revenue]
    return {
        "rows": lambda: len(f), "sum by region": lambda: by(region).sum().to_dict(), "mean": v.mean, "mean by product": lambda: by(product).mean().to_dict(), "max": v.max, "min": v.min, "median": v.median,
        "top 3": lambda: by(product).sum().nlargest(3).to_dict(), "regions": lambda: 4, "over 500": lambda: int((v > 500).sum()), "2023": lambda: v[year == 2023].sum(),
        "months": lambda: {str(k.start_time.date()): x for k, x in v.groupby(f[date].dt.to_period("M")).sum().items()}, "best region": lambda: by(region).sum().nlargest(1).to_dict(),
        "rows by region": lambda: f[region].value_counts().to_dict(), "share": lambda: (by(region).sum() / v.sum()).to_dict(), "laptop": lambda: v[f[product] == "Laptop"].sum(), "missing": lambda: 0,
        "by product": lambda: by(product).sum().to_dict(), "2023 by region": lambda: by(region, f[year == 2023]).sum().to_dict(),
    }[what]()  # fmt: skip


QUESTIONS = {
    "de": [
        ("Wie viele Zeilen gibt es?", "rows"), ("Summe des Umsatzes nach Region", "sum by region"), ("Gesamtumsatz nach Region", "sum by region"), ("Durchschnittlicher Umsatz", "mean"), ("Durchschnitt des Umsatzes pro Produkt", "mean by product"),
        ("Was ist der höchste Umsatz?", "max"), ("höchster Umsatz", "max"), ("niedrigster Umsatz", "min"), ("Median des Umsatzes", "median"), ("Top 3 Produkte nach Umsatz", "top 3"), ("Wie viele verschiedene Regionen gibt es?", "regions"),
        ("Wie viele Zeilen mit Umsatz über 500?", "over 500"), ("Umsatz im Jahr 2023", "2023"), ("Umsatz pro Monat", "months"), ("Umsatz über die Zeit", CHART), ("Welche Region hat den höchsten Umsatz?", "best region"), ("Anzahl pro Region", "rows by region"),
        ("Anteil am Umsatz nach Region", "share"), ("Umsatz von Laptop", "laptop"), ("Verteilung des Umsatzes", CHART), ("fehlende Werte in Umsatz", "missing"),
        (["Umsatz nach Region", "das gleiche nach Produkt"], "by product"), (["Umsatz nach Region", "als Kreisdiagramm"], CHART), (["Umsatz nach Region", "nur 2023"], "2023 by region"),
    ],
    "fr": [
        ("Combien de lignes y a-t-il ?", "rows"), ("Somme des ventes par région", "sum by region"), ("Moyenne des ventes", "mean"), ("Ventes moyennes par produit", "mean by product"), ("Moyenne des ventes par produit", "mean by product"), ("Vente maximale", "max"),
        ("Médiane des ventes", "median"), ("Top 3 produits par ventes", "top 3"), ("Combien de régions différentes ?", "regions"), ("Combien de lignes avec ventes supérieures à 500", "over 500"), ("Ventes en 2023", "2023"), ("Ventes par mois", "months"),
        ("Évolution des ventes", CHART), ("Quelle région a les ventes les plus élevées ?", "best region"), ("Nombre de lignes par région", "rows by region"), ("Part des ventes par région", "share"), ("Distribution des ventes", CHART),
        ("valeurs manquantes dans ventes", "missing"), (["Ventes par région", "seulement 2023"], "2023 by region"),
    ],
    "es": [
        ("¿Cuántas filas hay?", "rows"), ("Suma de ventas por región", "sum by region"), ("Promedio de ventas", "mean"), ("Promedio de ventas por producto", "mean by product"), ("Venta máxima", "max"), ("Ventas mínimas", "min"), ("Mediana de ventas", "median"),
        ("Top 3 productos por ventas", "top 3"), ("¿Cuántas regiones diferentes hay?", "regions"), ("¿Cuántas filas con ventas mayores que 500?", "over 500"), ("Ventas en 2023", "2023"), ("Ventas por mes", "months"), ("Evolución de las ventas", CHART),
        ("¿Qué región tiene las ventas más altas?", "best region"), ("Número de filas por región", "rows by region"), ("Porcentaje de ventas por región", "share"), ("Distribución de ventas", CHART), ("valores faltantes en ventas", "missing"), (["Ventas por región", "solo 2023"], "2023 by region"),
    ],
    "en": [("Wie viele Bestellungen gibt es?", "rows"), ("Umsatz nach Region", "sum by region"), ("Durchschnittlicher Umsatz", "mean"), ("ventes par région", "sum by region"), ("ventas por región", "sum by region")],
}  # fmt: skip


@pytest.mark.parametrize("tongue, question, what", [(tongue, *case) for tongue, cases in QUESTIONS.items() for case in cases])
def test_an_answer(tongue, question, what):
    answer = answered(FRAMES[tongue], question)
    if what == CHART:
        assert answer["chart"]
    else:
        assert answer["value"] == pytest.approx(wanted(tongue, what)), answer["text"]


@pytest.mark.parametrize("question", ["revenue in Los Angeles", "movies about war", "ventes par vendeur", "Umsatz nach Filiale"])
def test_words_of_no_language_and_no_column_are_named(question):
    answer = answered(FRAMES["en"], question)
    assert not answer["understood"] and "I don't know" in answer["text"]
