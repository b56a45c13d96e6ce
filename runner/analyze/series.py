"""What is drawn along time: which measures, by which period, one line or several."""

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import FuncFormatter, MaxNLocator

from attache.analyze import style

POINTS = 380  # at most, along the axis
PANELS = 4
_PERIODS = (  # pandas offset, its rough length, its name as an adjective
    ("1s", "1s", "per-second"), ("1min", "1min", "per-minute"), ("5min", "5min", "5-minute"), ("15min", "15min", "15-minute"),
    ("1h", "1h", "hourly"), ("6h", "6h", "6-hour"), ("1D", "1D", "daily"), ("W", "7D", "weekly"), ("MS", "30.4D", "monthly"),
    ("QS", "91.3D", "quarterly"), ("YS", "365.2D", "yearly"), ("10YS", "3652D", "10-year"),
)  # fmt: skip
# Words in the names of measures whose totals mean something, the most telling first.
_ADDS_UP = ("revenue", "sales", "turnover", "amount", "total", "gross", "profit", "income", "cost", "costs", "spend", "quantity", "qty", "units",
            "orders", "count", "visits", "clicks", "views", "umsatz", "betrag", "menge", "ventes", "montant", "importe", "ventas")  # fmt: skip


@dataclass
class Panel:
    title: str
    lines: list  # (label, x, y)
    total: bool = False  # sums or counts, drawn from zero


@dataclass
class Plan:
    panels: list = field(default_factory=list)
    caption: str = ""
    years: bool = False
    name: str = ""


def plan(profile):
    """Return what to draw, or None when the table has no time to speak of."""
    time = profile.time
    if time is None or time.distinct < 3:
        return None
    if time.role == "year":
        return _by_year(profile, time)
    when = time.series
    if getattr(when.dtype, "tz", None) is not None:
        when = when.dt.tz_localize(None)
    measures = _measures(profile)
    by = _group(profile, time)
    repeated = time.count > 1.5 * time.distinct
    period = _period(when.min(), when.max(), time.distinct)
    made = Plan(name=style.column(time))
    if not measures or (repeated and by is None and not any(map(adds_up, measures))):
        counts = _resample(pd.Series(1.0, index=when), period or _finest(when.min(), when.max(), time.distinct), "sum")
        if len(counts) >= 3:
            made.panels.append(Panel(f"Rows ({_adjective(period or _finest(when.min(), when.max(), time.distinct))})", [("rows", counts.index, counts.to_numpy())], True))
    for c in measures[: PANELS - len(made.panels)]:
        panel = _panel(c, when, by, period, repeated)
        if panel:
            made.panels.append(panel)
    if not made.panels:
        return None
    names = ", ".join(c.short for c in measures) or "number of rows"
    split = f" by {by.short}" if by is not None else ""
    made.caption = f"{names}{split} along {time.short}"
    return made


def _measures(profile):
    """The columns to draw: amounts first; whole numbers of few values, often codes, last."""
    varied = [c for c in profile.of("number") if c.count >= 3 and c.stats and c.stats["max"] > c.stats["min"]]
    return sorted(varied, key=lambda c: (_rank(c), c.type == "integer" and c.distinct <= 10))[:PANELS]


def time_axis(ax, made):
    if made.years:
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
    else:
        locator = AutoDateLocator(minticks=3, maxticks=9)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _panel(c, when, by, period, repeated):
    how = "sum" if repeated and adds_up(c) and by is None else "mean"
    values = c.series.astype("float64")
    title = style.column(c, 50)
    used = period
    if repeated and by is None and period is None:
        used = _finest(when.min(), when.max(), when.nunique())
    groups = [("", slice(None))] if by is None else [(v, (by.series.astype(str) == str(v)).to_numpy(bool, na_value=False)) for v, _ in by.top]
    lines = []
    for i, (name, rows) in enumerate(groups):
        s = pd.Series(values[rows].to_numpy(na_value=np.nan), index=pd.DatetimeIndex(when[rows]))
        s = s[s.index.notna() & np.isfinite(s.to_numpy())]
        s = _resample(s, used, how) if used else s.sort_index(kind="stable")
        if len(s) >= 2:
            lines.append((style.value(name, i + 1), s.index, s.to_numpy()))
    if used:
        title += f" ({_adjective(used)} {'total' if how == 'sum' else 'mean'})"
    return Panel(title, lines, how == "sum") if lines else None


def _by_year(profile, time):
    measures = _measures(profile)
    by = _group(profile, time)
    repeated = time.count > 1.5 * time.distinct
    made = Plan(years=True, name=style.column(time))
    for c in measures:
        lines = []
        groups = [("", None)] if by is None else by.top
        for i, (name, _) in enumerate(groups):
            rows = slice(None) if by is None else (by.series.astype(str) == str(name)).to_numpy(bool, na_value=False)
            s = c.series[rows].astype("float64").groupby(time.series[rows].to_numpy()).mean().dropna()
            if len(s) >= 2:
                lines.append((style.value(name, i + 1), s.index.to_numpy(dtype=float), s.to_numpy()))
        if lines:
            mean = " (mean of the year)" if repeated and by is None else ""
            made.panels.append(Panel(style.column(c, 50) + mean, lines))
    made.caption = f"{', '.join(c.short for c in measures)}{f' by {by.short}' if by is not None else ''} along {time.short}"
    return made if made.panels else None


def _group(profile, time):
    """The category that tells the rows of one time apart, if one does."""
    if time.count <= 1.5 * time.distinct:
        return None
    for c in profile.of("category"):
        if 2 <= c.distinct <= 8 and time.count <= 1.1 * time.distinct * c.distinct:
            if profile.rows > 500_000:
                return None
            if not pd.DataFrame({"t": time.series.to_numpy(), "c": c.series.astype(str).to_numpy()}).duplicated().any():
                return c
    return None


def _period(start, end, distinct):
    """The period to gather by, or None when there are few enough points as they are."""
    return None if distinct <= POINTS else _finest(start, end, distinct)


def _finest(start, end, distinct):
    """The shortest period of which at most POINTS, and not more than there are points, fit."""
    span = end - start
    for period in _PERIODS:
        if span / pd.Timedelta(period[1]) <= min(POINTS, max(12, distinct)):
            return period
    return _PERIODS[-1]


def _resample(values, period, how):
    """Sums or means by period, without a first or last that is hardly covered:
    it would look like a fall or a jump."""
    values = values[values.index.notna()]
    groups = values.resample(period[0])
    out = getattr(groups, how)()
    if len(out) > 6:
        size = groups.size()
        usual = size[size > 0].median()
        enough = 0.95 if how == "sum" else 0.5
        if size.iloc[-1] < enough * usual and _ends_early(values.index.max(), out.index[-1], period):
            out = out.iloc[:-1]
        if size.iloc[0] < enough * usual and len(out) > 2:
            out = out.iloc[1:]
    return out if how == "sum" else out.dropna()


def _ends_early(last, label, period):
    """Whether the data stop before a tenth of the last period is left."""
    length = pd.Timedelta(period[1])
    end = label + pd.Timedelta("1D") if period[0] == "W" else label + length
    return end - last > 0.1 * length


def _adjective(period):
    return period[2]


def adds_up(c):
    """Whether totals of a measure mean something, by its name: amounts, units, visits."""
    return _rank(c) < len(_ADDS_UP)


def main_measure(profile):
    """The measure that totals are made of, or None."""
    found = [c for c in profile.of("number") if adds_up(c) and c.stats and c.stats["min"] >= 0 and c.stats["max"] > 0]
    return min(found, key=_rank, default=None)


def totals(profile, c):
    """A measure's total of each period, and the period's name; None where one is no sum."""
    time = profile.time
    if time is None or time.type != "date" or not adds_up(c) or time.count <= 1.5 * time.distinct:
        return None
    when = time.series.dt.tz_localize(None) if getattr(time.series.dtype, "tz", None) is not None else time.series
    period = _finest(when.min(), when.max(), time.distinct)
    values = pd.Series(c.series.to_numpy("float64", na_value=np.nan), index=pd.DatetimeIndex(when))
    return _resample(values[values.index.notna()], period, "sum"), period[2]


def _rank(c):
    words = re.findall(r"[a-zäöü]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", c.name).lower())
    return min((_ADDS_UP.index(w) for w in words if w in _ADDS_UP), default=len(_ADDS_UP))
