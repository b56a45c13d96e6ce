"""What is drawn along time: which measures, by which period, one line or several."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import FuncFormatter, MaxNLocator

from attache.analyze import style

POINTS = 380  # at most, along the axis
PANELS = 4
LINES = 8
_PERIODS = (  # pandas offset, its rough length, its name as an adjective and as a noun
    ("1s", "1s", "per-second", "second"), ("1min", "1min", "per-minute", "minute"), ("5min", "5min", "5-minute", "5 minutes"),
    ("15min", "15min", "15-minute", "15 minutes"), ("1h", "1h", "hourly", "hour"), ("6h", "6h", "6-hour", "6 hours"), ("1D", "1D", "daily", "day"),
    ("W", "7D", "weekly", "week"), ("MS", "30.4D", "monthly", "month"), ("QS", "91.3D", "quarterly", "quarter"),
    ("YS", "365.2D", "yearly", "year"), ("10YS", "3652D", "10-year", "decade"),
)  # fmt: skip
YEAR = ("", "", "yearly", "year")  # of a column of years, which needs no gathering


@dataclass
class Panel:
    title: str
    lines: list  # (label, x, y)
    total: bool = False  # sums or counts, drawn from zero
    measure: object = None


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
    measures = [c for c in profile.measures if c.count >= 3 and c.stats["max"] > c.stats["min"] and not tells_time(profile, c)][:PANELS]
    by = _group(profile, time)
    repeated = time.count > 1.5 * time.distinct
    made = Plan(name=style.column(time, 40), years=time.role == "year")
    if not measures:
        rows = _gather(profile, None, None)
        if rows is not None and len(rows[0]) >= 3:
            made.panels.append(Panel(f"Rows ({rows[1][2]} number)", [("rows", *_xy(rows[0]))], True))
    for c in measures:
        panel = _panel(profile, c, by, repeated)
        if panel:
            made.panels.append(panel)
    if not made.panels:
        return None
    names = style.listed([p.measure for p in made.panels if p.measure is not None]) or "The number of rows"
    made.caption = f"{names}{f' by {by.short}' if by is not None else ''} over time ({time.short})"
    return made


def broken(x, y):
    """A line as it is drawn: (x, y, positions that stand alone), with nothing between two moments where others are missing.

    Moments at one distance, most of them, are broken where one is missing; others where the gap is four times as long as usual."""
    at = np.asarray(x)
    at = pd.DatetimeIndex(x).to_numpy() if at.dtype.kind == "O" else at
    moments = at.astype("datetime64[ns]").astype("int64").astype("float64") if at.dtype.kind == "M" else at.astype("float64")
    y = np.asarray(y, dtype="float64")
    if len(moments) < 3 or (np.diff(moments) <= 0).any():
        return x, y, []
    steps = np.diff(moments)
    usual = float(np.median(steps))
    regular = (np.abs(steps / usual - 1) < 0.15).mean() >= 0.8
    gaps = np.flatnonzero(steps > (1.6 if regular else 4) * usual) + 1
    if not len(gaps):
        return x, y, []
    before = at[gaps - 1] + (at[gaps] - at[gaps - 1]) / 2
    made, values = np.insert(at, gaps, before), np.insert(y, gaps, np.nan)
    there = np.isfinite(np.concatenate([[np.nan], values, [np.nan]]))
    alone = np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:])
    return made, values, list(alone)


def line(ax, x, y, **how):
    """Draw a line over time; where moments are missing it is broken, and what stands alone is a dot."""
    x, y, alone = broken(x, y)
    (drawn,) = ax.plot(x, y, **how)
    if alone and how.get("marker") is None:
        ax.plot(np.asarray(x)[alone], y[alone], color=drawn.get_color(), marker="o", markersize=3, linestyle="none")
    return x, y


def time_axis(ax, made):
    if made.years:
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
    else:
        locator = AutoDateLocator(minticks=3, maxticks=9)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _panel(profile, c, by, repeated):
    groups = [("", None)] if by is None else [(v, _rows(by, v)) for v in _values(by)]
    lines, how, period = [], "", None
    for i, (name, rows) in enumerate(groups):
        found = _gather(profile, c, rows)
        if found is None:
            continue
        s, period, how = found
        if len(s) >= 2:
            lines.append((style.value(name, i + 1), *_xy(s)))
    if not lines:
        return None
    title = style.column(c, 50) + (f" ({period[2]} {how})" if how else "")
    return Panel(title, lines, bool(c.additive) and all((y >= 0).all() for _, _, y in lines), c)


def tells_time(profile, c):
    """Whether a measure only says the time again: the years since then."""
    time = profile.time
    if time is None or time.role != "year":
        return False
    both = pd.DataFrame({"t": time.series.to_numpy("float64", na_value=np.nan), "v": c.series.to_numpy("float64", na_value=np.nan)}).dropna()
    if len(both) < 6 or both.t.nunique() < 3 or both.v.nunique() < 3:
        return False
    return bool((both.t + both.v).nunique() <= 2 or (both.t - both.v).nunique() <= 2)


def _rows(c, value):
    return c.texts == str(value)


def _values(c):
    """The values that get a line, in their order or the most frequent first."""
    if c.ordered and len(c.ordered) <= LINES:
        return c.ordered
    return [v for v, _ in c.top[:LINES]]


def _xy(s):
    return (s.index.to_numpy(dtype=float) if s.index.dtype.kind in "iuf" else s.index), s.to_numpy()


def of(profile, c):
    """A measure along time: (values by period, the period, "total", "mean" or ""),
    None where there is no time. Without a measure the number of rows."""
    return _gather(profile, c, None)


def _gather(profile, c, rows):
    time = profile.time
    if time is None or time.distinct < 2:
        return None
    picked = slice(None) if rows is None else rows
    values = pd.Series(1.0, index=time.series.index) if c is None else c.series.astype("float64")
    values = values[picked].to_numpy(na_value=np.nan)
    when = time.series[picked]
    if time.role == "year":
        s = pd.Series(values, index=when.to_numpy("float64", na_value=np.nan))
        s = s[s.index.notna() & np.isfinite(s.to_numpy())]
        return _per_moment(s, c, YEAR)
    if getattr(when.dtype, "tz", None) is not None:
        when = when.dt.tz_localize(None)
    s = pd.Series(values, index=pd.DatetimeIndex(when))
    s = s[s.index.notna() & np.isfinite(s.to_numpy())]
    if s.empty:
        return None
    whole = time.series if getattr(time.series.dtype, "tz", None) is None else time.series.dt.tz_localize(None)
    native = rhythm(whole)
    period = native
    scattered = native is None or c is None and _sparse(whole, native)
    if scattered or time.distinct > POINTS:
        period = finest(whole.min(), whole.max(), time.distinct, native)
    if period is None or (not scattered and time.distinct <= POINTS):
        return _per_moment(s, c, period or _PERIODS[6])
    if c is None or c.additive == "flow":
        return _resample(s, period, "sum"), period, "total" if c is not None else "number"
    if c.additive == "stock":
        s = s.groupby(level=0).sum()
    return _resample(s, period, "mean"), period, "mean"


def _per_moment(s, c, period):
    """Of several rows of one moment the sum or the mean."""
    if s.index.is_unique and c is not None:
        return s.sort_index(kind="stable"), period, ""
    groups = s.groupby(level=0)
    if c is None or c.additive:
        return groups.sum(), period, "total" if c is not None else "number"
    return groups.mean(), period, "mean"


def _group(profile, time):
    """The category that tells the rows of one time apart, if one does."""
    if time.count <= 1.5 * time.distinct or profile.rows > 500_000:
        return None
    for c in profile.columns:
        if c.groups and c.role not in ("part", "boolean") and 2 <= c.distinct <= LINES and time.count <= 1.1 * time.distinct * c.distinct:
            if not pd.DataFrame({"t": time.series.to_numpy(), "c": c.texts}).duplicated().any():
                return c
    return None


def rhythm(when):
    """The period of which the moments are one each, or None where they have none."""
    moments = pd.Series(when.dropna().unique()).sort_values()
    if len(moments) < 3:
        return _PERIODS[6] if (moments == moments.dt.normalize()).all() else None
    step = moments.diff().dropna().median()
    best = [p for p in _PERIODS if 0.9 * pd.Timedelta(p[1]) <= step]
    if not best or step > 1.12 * pd.Timedelta(best[-1][1]):
        return best[-1] if best and (moments == moments.dt.normalize()).all() and step > pd.Timedelta("1D") else None
    return best[-1]


def _sparse(when, period):
    """Whether many periods have no moment, so that counts of rows need longer ones."""
    return (when.max() - when.min()) / pd.Timedelta(period[1]) > 2 * when.nunique()


def finest(start, end, distinct, native=None):
    """The shortest period, not shorter than the rhythm, of which at most POINTS
    and not more than there are moments fit."""
    span = end - start
    for period in _PERIODS[_PERIODS.index(native) if native else 0 :]:
        if span / pd.Timedelta(period[1]) <= min(POINTS, max(12, distinct)) + 1:
            return period
    return _PERIODS[-1]


def _resample(values, period, how):
    """Sums or means by period, without a first or last that is hardly covered:
    it would look like a fall or a jump."""
    groups = values.resample(period[0])
    out = getattr(groups, how)()
    if len(out) > 6:
        size = groups.size()
        usual = size[size > 0].median()
        enough = 0.95 if how == "sum" else 0.5
        if size.iloc[-1] < enough * usual and _ends_early(values.index.max(), out.index[-1], period):
            out = out.iloc[:-1]
        if size.iloc[0] < enough * usual and len(out) > 2 and values.index.min() - _begin(out.index[0], period) > 0.1 * pd.Timedelta(period[1]):
            out = out.iloc[1:]
    return out if how == "sum" else out.dropna()


def _begin(label, period):
    return label - pd.Timedelta("6D") if period[0] == "W" else label


def _ends_early(last, label, period):
    """Whether the data stop before a tenth of the last period is left."""
    length = pd.Timedelta(period[1])
    end = label + pd.Timedelta("1D") if period[0] == "W" else label + length
    return end - last > 0.1 * length


def moment(value, period):
    """A period as people write it: 2024, March 2024, the week of 2024-03-04, 2024-03-04, the 6 hours from 2024-03-04 06:00."""
    if not isinstance(value, pd.Timestamp):
        return f"{value:.0f}"
    noun = period[3]
    if noun in ("year", "decade"):
        return str(value.year)
    if noun == "quarter":
        return f"Q{value.quarter} {value.year}"
    if noun == "month":
        return f"{value:%b %Y}"
    if noun == "week":
        return f"the week to {value.date()}"
    if noun == "day":
        return str(value.date())
    return f"{'the ' + noun + ' from ' if noun[0].isdigit() else ''}{value:%Y-%m-%d %H:%M}"
