"""Every finding about twenty public data sets is true: computed anew, from the raw table."""

import math
import os
import re

import gallery
import numpy as np
import pandas as pd
import pytest

FREQUENCY = {"day": "D", "week": "W", "month": "MS", "quarter": "QS", "year": "YS", "decade": "10YS", "hour": "h"}


def close(a, b):
    return math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-9)


class Raw:
    """A data set as it came, and its values by moment without the analysis."""

    def __init__(self, name):
        f = gallery.load(name)
        if not isinstance(f.index, pd.RangeIndex):
            f = f.reset_index(names="date") if name == "co2" else f.reset_index()
        f.columns = [str(c) for c in f.columns]
        if name == "elnino":
            f = f.melt(id_vars="YEAR", var_name="month", value_name="value")
            at = {m: i for i, m in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), 1)}
            f["YEAR and month"] = pd.to_datetime({"year": f.YEAR.astype(int), "month": f.month.map(at), "day": 1})
        if name in ("macrodata", "interest_inflation"):
            f["year and quarter"] = pd.to_datetime({"year": f.year.astype(int), "month": f.quarter.astype(int) * 3 - 2, "day": 1})
        for c in f:
            if str(f[c].dtype) in ("object", "str") and c in ("date", "month"):
                try:
                    f[c] = pd.to_datetime(f[c])
                except (ValueError, TypeError):
                    pass
        self.frame = f

    def over_time(self, e):
        """The values of a finding's measure by its periods."""
        f = self.frame.dropna(subset=[e["column"], e["time"]])
        when = f[e["time"]]
        values = f[e["column"]].astype(float)
        if when.dtype.kind == "M":
            s = pd.Series(values.to_numpy(), index=pd.DatetimeIndex(when))
            if e["how"] == "value":
                return s.sort_index()
            if s.index.nunique() <= 380:
                g = s.groupby(level=0)
                return g.sum() if e["how"] == "total" else g.mean()
            if e["how"] == "total":
                return s.resample(FREQUENCY[e["period"]]).sum()
            return s.resample(FREQUENCY[e["period"]]).mean().dropna()
        s = values.groupby(when.astype(float))
        return s.sum() if e["how"] == "total" else s.mean()


def label(index, value):
    return pd.Timestamp(value) if isinstance(index, pd.DatetimeIndex) else float(value)


def trend(raw, e, analysis):
    s = raw.over_time(e)
    first = s[label(s.index, e["first_from"]) : label(s.index, e["first_to"])]
    last = s[label(s.index, e["last_from"]) : label(s.index, e["last_to"])]
    assert close(first.mean(), e["first"]) and close(last.mean(), e["last"]) and first.index[-1] < last.index[0]


def peak(raw, e, analysis):
    s = raw.over_time(e)
    assert close(s[label(s.index, e["high_at"])], e["high"]) and close(s[label(s.index, e["low_at"])], e["low"])
    inner = s.iloc[1:-1]  # a first or last period that is hardly covered is not counted
    assert inner.max() <= e["high"] + 1e-9 and inner.min() >= e["low"] - 1e-9


def season(raw, e, analysis):
    f = raw.frame.dropna(subset=[e["column"], e["time"]])
    s = pd.Series(f[e["column"]].astype(float).to_numpy(), index=pd.DatetimeIndex(f[e["time"]]))
    if e["how"] == "total":
        s = s.resample("MS").sum()
    mean = s.groupby(s.index.month).mean()
    assert mean.idxmax() == e["high"] and mean.idxmin() == e["low"]
    assert close(mean.max(), e["high_mean"]) and close(mean.min(), e["low_mean"])


def share(raw, e, analysis):
    f = raw.frame
    moment = re.search(r"` (?:in|on|at) ([^`]+)\.$", next(t for t in analysis["findings"] if f"`{e['value']}`" in t and "has **" in t))
    if moment:  # a level, as it was last
        time = analysis["date_range"]["column"]
        last = f[time].max()
        assert moment[1] in (f"{last:.0f}",) if not hasattr(last, "year") else moment[1][-4:] == str(last.year) or moment[1].startswith(str(last)[:10])
        f = f[f[time] == last]
    totals = f.groupby(f[e["by"]].astype(str))[e["column"]].sum()
    assert totals.idxmax() == e["value"] and close(totals.max() / totals.sum(), e["share"])


def difference(raw, e, analysis):
    f = raw.frame
    means = f.groupby(f[e["by"]].astype(str).str.removesuffix(".0"))[e["column"]].mean()
    high, low = e["high"].removesuffix(".0"), e["low"].removesuffix(".0")
    assert close(means[high], e["high_mean"]) and close(means[low], e["low_mean"])
    sizes = f.groupby(f[e["by"]].astype(str).str.removesuffix(".0"))[e["column"]].count()
    big = means[sizes >= max(3, 0.01 * sizes.sum())]
    assert big.idxmax() == high and big.idxmin() == low


def extreme(raw, e, analysis):
    row = raw.frame.loc[raw.frame[e["column"]].idxmax()]
    assert str(row[e["by"]]) == e["label"] and close(row[e["column"]], e["high"])


def relation(raw, e, analysis):
    f = raw.frame[[e["column"], e["other"]]].astype(float).dropna()
    assert math.isclose(np.corrcoef(f.iloc[:, 0], f.iloc[:, 1])[0, 1], e["r"], abs_tol=0.005)


def relations(raw, e, analysis):
    assert e["count"] >= 1


def missing(raw, e, analysis):
    for c, n in e["missing"].items():
        assert raw.frame[c].isna().sum() == n and n >= 0.2 * len(raw.frame)


def duplicates(raw, e, analysis):
    assert raw.frame.duplicated().sum() == e["count"]


def outliers(raw, e, analysis):
    v = raw.frame[e["column"]].dropna().astype(float)
    q1, q3 = v.quantile([0.25, 0.75])
    assert ((v < q1 - 1.5 * (q3 - q1)) | (v > q3 + 1.5 * (q3 - q1))).sum() == e["count"]


def skew(raw, e, analysis):
    v = raw.frame[e["column"]].dropna().astype(float)
    assert close(v.mean(), e["mean"]) and close(v.median(), e["median"]) and np.sign(v.skew()) == e["sign"]


def frequent(raw, e, analysis):
    counts = raw.frame[e["column"]].astype(str).str.removesuffix(".0").value_counts(normalize=True)
    assert counts.index[0] == e["value"].removesuffix(".0") or e["value"] in ("True", "False")
    assert math.isclose(counts.iloc[0], e["share"], abs_tol=1e-6)


def empty(raw, e, analysis):
    assert all(raw.frame[c].isna().all() for c in e["columns"])


def constant(raw, e, analysis):
    assert all(raw.frame[c].nunique() == 1 for c in e["columns"])


CHECKS = {f.__name__: f for f in (trend, peak, season, share, difference, extreme, relation, relations, missing, duplicates, outliers, skew, frequent, empty, constant)}


@pytest.mark.parametrize("name", gallery.SETS)
def test_findings_are_true(name, tmp_path):
    analysis, report = gallery.analyse(name, str(tmp_path))
    raw = Raw(name)
    assert len(analysis["evidence"]) == len(analysis["findings"])
    for e in analysis["evidence"]:
        CHECKS[e["kind"]](raw, e, analysis)
    assert 1 <= len(analysis["charts"]) <= 4
    for chart in analysis["charts"]:
        assert os.path.getsize(tmp_path / chart) > 5000 and analysis["alt"][chart]
    assert max(map(len, report.splitlines())) < 700


@pytest.mark.parametrize("name", gallery.OTHERS)
def test_findings_of_other_sets_are_true(name, tmp_path):
    analysis, _ = gallery.analyse(name, str(tmp_path), "statistical")
    raw = Raw(name)
    assert len(analysis["evidence"]) == len(analysis["findings"]) > 0
    for e in analysis["evidence"]:
        CHECKS[e["kind"]](raw, e, analysis)


def test_enough_sets_of_different_sorts():
    assert len(gallery.SETS) >= 20 and len({s for _, _, s in gallery.SETS.values()}) == len(gallery.SETS)
