"""Analyses of public data sets of different sorts, as a page of pictures.

    python runner/tests/gallery.py FOLDER

writes FOLDER/index.html: for each data set the report and its charts. The
data sets come with the packages named in requirements.in; test_gallery.py
computes every finding anew.
"""

import contextlib
import html
import io
import os
import re
import sys

import pandas as pd


def _plotly(name):
    import plotly

    path = os.path.join(os.path.dirname(plotly.__file__), "package_data", "datasets", name + ".csv.gz")
    return pd.read_csv(path)


def _vega(name):
    from vega_datasets import local_data

    return getattr(local_data, name.replace("-", "_"))()


def _statsmodels(name):
    import importlib

    return importlib.import_module(f"statsmodels.datasets.{name}").load_pandas().data


def _sklearn(name):
    from sklearn import datasets

    return getattr(datasets, "load_" + name)(as_frame=True).frame


SETS = {  # name: where it comes from, how it is read, of what sort it is
    "gapminder": ("plotly", _plotly, "countries over years, with codes"),
    "tips": ("plotly", _plotly, "a small survey"),
    "stocks": ("plotly", _plotly, "prices of several companies, a column each"),
    "medals": ("plotly", _plotly, "a small cross table"),
    "wind": ("plotly", _plotly, "frequencies by direction and strength"),
    "election": ("plotly", _plotly, "votes by district"),
    "carshare": ("plotly", _plotly, "places with a measure"),
    "airports": ("vega_datasets", _vega, "places without a measure"),
    "cars": ("vega_datasets", _vega, "things with properties"),
    "barley": ("vega_datasets", _vega, "a field trial"),
    "iowa-electricity": ("vega_datasets", _vega, "amounts by source over years"),
    "us-employment": ("vega_datasets", _vega, "monthly levels, many columns"),
    "seattle-weather": ("vega_datasets", _vega, "daily weather"),
    "driving": ("vega_datasets", _vega, "two measures over years"),
    "la-riots": ("vega_datasets", _vega, "people, places and causes"),
    "sunspots": ("statsmodels", _statsmodels, "a long yearly series"),
    "elnino": ("statsmodels", _statsmodels, "months as columns"),
    "fair": ("statsmodels", _statsmodels, "a survey in codes"),
    "macrodata": ("statsmodels", _statsmodels, "quarterly economy"),
    "wine": ("scikit-learn", _sklearn, "chemical measures and a class"),
    "breast_cancer": ("scikit-learn", _sklearn, "thirty measures and a class"),
    "diabetes": ("scikit-learn", _sklearn, "patients, measures made comparable"),
}  # fmt: skip


# Further ones, which are in no page.
OTHERS = "anes96 cancer ccard china_smoking co2 committee copper cpunish danish_data engel grunfeld heart interest_inflation longley modechoice nile randhie scotland spector stackloss star98 statecrime strikes".split()


def load(name):
    return SETS[name][1](name) if name in SETS else _statsmodels(name)


def analyse(name, folder, analysis_type="comprehensive"):
    """Analyse a data set in a folder; return the analysis and the report."""
    from attache.analyze import analyze_data_file

    before = os.getcwd()
    out = io.StringIO()
    path = os.path.join(folder, name + ".parquet")
    frame = load(name)
    frame.columns = [str(c) for c in frame.columns]
    frame.to_parquet(path)
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out):
            analysis = analyze_data_file(None, path, analysis_type)
    finally:
        os.chdir(before)
        os.remove(path)
    return analysis, out.getvalue()


def page(folder):
    parts = ["<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Analyses</title>",
             "<style>body{font:15px/1.5 sans-serif;max-width:1100px;margin:auto;padding:1em}img{max-width:100%;border:1px solid #ddd;margin:.4em 0}pre{white-space:pre-wrap}code{background:#eee}</style>"]  # fmt: skip
    for name, (package, _, sort) in SETS.items():
        analysis, report = analyse(name, folder)
        text = html.escape(report)
        text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text))
        parts.append(f"<h2>{html.escape(name)}</h2><p>{html.escape(sort)} ({package})</p><pre>{text}</pre>")
        parts += [f'<img src="{html.escape(c)}" alt="{html.escape(analysis["alt"][c], quote=True)}">' for c in analysis["charts"]]
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as f:
        f.write("\n".join(parts))


if __name__ == "__main__":
    import conftest  # noqa: F401  makes attache importable

    os.makedirs(sys.argv[1], exist_ok=True)
    page(sys.argv[1])
    print(os.path.join(sys.argv[1], "index.html"))
