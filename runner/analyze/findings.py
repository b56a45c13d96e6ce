"""What a reader of the figures should not miss, a sentence each."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from attache.analyze import series, style, words
from attache.analyze.style import code, number

MOST = 8


@dataclass
class Finding:
    """A sentence, and the figures that it stands on: what a test computes anew."""

    weight: float
    kind: str
    text: str
    figures: dict

    def as_dict(self):
        return {"kind": self.kind, **self.figures}


def of(profile):
    """Return at most MOST findings, the most telling first, not too many of one kind."""
    makers = (_trends, _peaks, _seasons, _shares, _differences, _extremes, _relations, _gaps, _shapes, _frequent, _idle)
    found = sorted((f for make in makers for f in make(profile)), key=lambda f: -f.weight)
    kept, kinds = [], {}
    for f in found:
        kinds[f.kind] = kinds.get(f.kind, 0) + 1
        if kinds[f.kind] <= 3:
            kept.append(f)
    return kept[:MOST]


def _trends(profile):
    """How a measure at the beginning of the time compares with that at its end:
    of the first and last fifth, of two years and more of whole years."""
    if profile.time is None or profile.time.count < 8 or profile.time.distinct < 6 or profile.places_once:
        return
    uneven = _uneven(profile)
    for i, c in enumerate(profile.measures[:12]):
        values, period, how = series.of(profile, c) or (None, None, None)
        if values is None or len(values) < 6:
            continue
        if uneven and how or _parts_of_all(profile, c) or series.tells_time(profile, c):
            continue
        part = _part(values, period)
        first, last = values.iloc[:part], values.iloc[-part:]
        a, b, spread = float(first.mean()), float(last.mean()), float(values.std())
        order = np.arange(len(values), dtype=float)
        if not np.isfinite([a, b]).all() or not spread > 0 or abs(b - a) < 0.75 * spread or abs(_rank_correlation(order, values.to_numpy(float))) < 0.3:
            continue
        change = f" {_change(a, b)}" if a > 0 and b > 0 else ""
        what = f"The {period[2]} {how} of {code(c.name)}" if how else code(c.name)
        if part > 1 and not how:
            what += f" ({period[2]} mean)" if period[2] not in ("daily",) else " (mean)"
        spans = [_span(s, period) for s in (first, last)]
        text = f"{what} {'rose' if b > a else 'fell'}{change}: from **{number(a)}** ({spans[0]}) to **{number(b)}** ({spans[1]})."
        yield Finding(2.6 - 0.1 * i + min(abs(b - a) / spread, 2) * 0.2, "trend", text, dict(column=c.name, time=profile.time.name, how=how or "value", period=period[3], first=a, last=b, first_from=_iso(first.index[0]), first_to=_iso(first.index[-1]), last_from=_iso(last.index[0]), last_to=_iso(last.index[-1])))


def _change(a, b):
    change = (b - a) / a
    return f"to **{b / a:,.1f} times**" if change > 3 else f"by **{style.share(abs(change), 0)}**"


def _part(values, period):
    """How many values of each end are compared: whole years where there are two of them."""
    a_year = {"day": 365, "week": 52, "month": 12, "quarter": 4}.get(period[3])
    if a_year and len(values) >= 2 * a_year - 1:
        return a_year
    return max(1, len(values) // 5)


def _span(s, period):
    first, last = series.moment(s.index[0], period), series.moment(s.index[-1], period)
    if isinstance(s.index[0], pd.Timestamp) and s.index[0].year == s.index[-1].year and len(s) >= {"day": 365, "week": 51, "month": 12, "quarter": 4}.get(period[3], 1e9):
        return str(s.index[0].year)
    if period[3] == "week" and first != last:
        return f"the weeks to {s.index[0].date()} … {s.index[-1].date()}"
    return first if first == last else f"{first} to {last}"


def _iso(value):
    return value.isoformat() if isinstance(value, pd.Timestamp) else float(value)


def _rank_correlation(order, values):
    """Spearman's rho, 0 where it is undefined."""
    both = np.isfinite(order) & np.isfinite(values)
    if both.sum() < 6:
        return 0.0
    with np.errstate(all="ignore"):
        rho = np.corrcoef(order[both], pd.Series(values[both]).rank().to_numpy())[0, 1]
    return float(rho) if np.isfinite(rho) else 0.0


def _peaks(profile):
    """When the main measure was highest and lowest."""
    if profile.time is None or not profile.measures:
        return
    c = profile.measures[0]
    values, period, how = series.of(profile, c) or (None, None, None)
    if values is None or len(values) < 6 or values.max() <= values.min() or profile.places_once or how == "total" and _uneven(profile):
        return
    high, low = values.idxmax(), values.idxmin()
    if (values == values.max()).sum() > 1 or (values == values.min()).sum() > 1:
        return
    text = f"{f'The {how} of ' if how else ''}{code(c.name)} was highest in **{series.moment(high, period)}** (**{number(values[high])}**) and lowest in {series.moment(low, period)} (**{number(values[low])}**)."
    if how == "total" and values[low] == 0:
        text = text.partition(" and lowest")[0] + "."  # a time without rows
    if period[3] in ("hour", "minute", "second"):
        text = text.replace("highest in", "highest at").replace("lowest in", "lowest at")
    elif period[3] in ("day", "week") or ":" in series.moment(high, period):
        text = text.replace("highest in", "highest on" if period[3] == "day" else "highest in").replace("lowest in", "lowest on" if period[3] == "day" else "lowest in")
    yield Finding(1.75, "peak", text, dict(column=c.name, time=profile.time.name, how=how or "value", period=period[3], high_at=_iso(high), high=float(values[high]), low_at=_iso(low), low=float(values[low])))


def _uneven(profile):
    """Whether figures of places by time lack many of the places at some times: their totals and means are of other places then."""
    time = profile.time
    if time.count <= 1.5 * time.distinct or profile.rows > 500_000:
        return False
    for c in profile.columns:
        if c.type == "text" and set(words.of(c.name)) & words.PLACES and 2 < c.distinct < profile.rows:
            pairs = pd.DataFrame({"t": time.series.to_numpy(), "c": c.series.astype(str).to_numpy()})
            if not pairs.duplicated().any():
                rows = pairs.groupby("t").size()
                return bool(rows.min() < 0.8 * rows.max())
    return False


def _parts_of_all(profile, c):
    """Whether a measure is a share, of which those of each time make 100: their mean only tells how many there are."""
    time = profile.time
    if not set(words.of(c.name)) & {"pct", "percent", "percentage", "share"} or time.count <= 1.5 * time.distinct:
        return False
    totals = pd.Series(c.series.to_numpy("float64", na_value=np.nan)).groupby(time.series.to_numpy()).sum()
    return bool((totals.between(90, 110) | totals.between(0.9, 1.1)).mean() > 0.8)


def _seasons(profile):
    """The months in which a measure is high and low, where the years agree."""
    time = profile.time
    if time is None or time.type != "date":
        return
    when = time.series.dt.tz_localize(None) if getattr(time.series.dtype, "tz", None) is not None else time.series
    for c in profile.measures[:6]:
        s = pd.Series(c.series.to_numpy("float64", na_value=np.nan), index=pd.DatetimeIndex(when))
        s = s[s.index.notna() & np.isfinite(s.to_numpy())]
        if len(s) < 36 or s.index.nunique() < 36:
            continue
        how = "total" if c.additive == "flow" else "mean"
        if how == "total":
            s = s.resample("MS").sum()
        months = s.index.month
        years = s.index.year
        if len(set(years)) < 3 or len(set(months)) < 12:
            continue
        monthly = s.resample("MS").mean()
        trend = monthly.rolling(12, center=True, min_periods=12).mean()
        trend = (trend + trend.shift(-1)) / 2  # of a year with the month in its middle
        monthly = (monthly - trend).dropna()
        seasons = monthly.groupby(monthly.index.month)
        if len(seasons) < 12 or seasons.size().min() < 2:
            continue
        mean, usual = s.groupby(months).mean(), seasons.mean()
        with np.errstate(all="ignore"):
            explained = usual.var(ddof=0) / monthly.var(ddof=0)
        if not explained > 0.6:
            continue
        high, low = int(mean.idxmax()), int(mean.idxmin())
        if (high, low) != (int(usual.idxmax()), int(usual.idxmin())):
            continue  # the months only differ by the years that they are in
        if s.min() > 0 and usual.max() - usual.min() < 0.05 * mean.mean():
            continue
        name = f"The monthly total of {code(c.name)}" if how == "total" else code(c.name)
        text = f"{name} follows the season: highest in **{_MONTH[high]}** ({number(mean[high])} on average), lowest in **{_MONTH[low]}** ({number(mean[low])})."
        yield Finding(1.7, "season", text, dict(column=c.name, time=time.name, how=how, high=high, low=low, high_mean=float(mean[high]), low_mean=float(mean[low])))
        return


_MONTH = ("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def _shares(profile):
    """The group that has much of what adds up."""
    for c in profile.measures[:1]:
        if not c.additive or c.stats["min"] < 0:
            continue
        for by in (g for g in profile.columns if g.groups and g.distinct > 2 and g.role not in ("part",)):
            totals = profile.totals(by, c)
            whole = sum(t for _, t in totals)
            value, most = totals[0] if totals else ("", 0)
            if whole > 0 and len(totals) > 2 and most > 1.5 / len(totals) * whole and most > 0.2 * whole:
                when = f" {profile.last}" if c.additive == "stock" and profile.latest is not None else ""
                yield Finding(2.2, "share", f"{code(value)} has **{style.share(most / whole, 0)}** of the {words.total(c.name, code(c.name))} among the {len(totals)} values of {code(by.name)}{when}.", dict(column=c.name, by=by.name, value=str(value), share=most / whole))


def _differences(profile):
    """The measure that differs most between the groups of a category."""
    best = {}
    for by in (g for g in profile.columns if g.groups and g.role != "part" and g.distinct <= 30):
        if set(words.of(by.name)) & {"currency", "ccy", "unit", "units", "uom", "bucket", "bin", "quantile", "quartile", "quintile", "decile", "tercile"}:
            continue  # amounts in several are not compared, and parts of a measure differ as they were made
        strongest = None
        for c in profile.measures[:20]:
            if c.additive == "flow" and profile.time is not None or c.additive == "stock":
                continue
            eta, means, counts = _explained(profile, by, c)
            if eta is not None and eta >= 0.14 and (strongest is None or eta > strongest[0]):
                strongest = (eta, c, means, counts)
        if strongest and (strongest[1].name not in best or strongest[0] > best[strongest[1].name][0]):
            best[strongest[1].name] = (strongest[0], by, *strongest[1:])
    for eta, by, c, means, counts in sorted(best.values(), key=lambda b: -b[0])[:3]:
        high, low = means.idxmax(), means.idxmin()
        what = f"{code(c.name)} differs by {code(by.name)}" if len(best) > 1 else f"{code(c.name)} differs most by {code(by.name)}"
        what = f"{code(c.name)} differs by {code(by.name)}"
        text = f"{what}: on average **{number(means[high])}** for {code(high)}, **{number(means[low])}** for {code(low)}."
        yield Finding(1.5 + eta, "difference", text, dict(column=c.name, by=by.name, high=str(high), high_mean=float(means[high]), low=str(low), low_mean=float(means[low])))


def _explained(profile, by, c):
    """The part of a measure's variance that a category explains, and the means by it."""
    values = c.series.to_numpy("float64", na_value=np.nan)
    known = np.isfinite(values) & by.series.notna().to_numpy()
    if known.sum() < 20:
        return None, None, None
    s = pd.Series(values[known]).groupby(by.texts[known])
    counts, means = s.size(), s.mean()
    big = counts[counts >= max(3, 0.01 * known.sum())].index
    whole = values[known].var()
    if len(big) < 2 or not whole > 0:
        return None, None, None
    if (s.max()[big] == s.min()[big]).any() and not (s.max() == s.min()).all():
        return None, None, None  # none with those who are alone: the category says what the measure does
    eta = float((counts * (means - values[known].mean()) ** 2).sum() / known.sum() / whole)
    return eta, means[big], counts


def _extremes(profile):
    """The row with the highest value, of a table in which each row has a name."""
    c, label = (profile.measures or [None])[0], profile.label
    if c is None or label is None or set(words.of(c.name)) & {"rank", "ranking"}:
        return
    label = profile.called[0]
    values = c.series.to_numpy("float64", na_value=np.nan)
    if np.isfinite(values).sum() < 5:
        return
    at = int(np.nanargmax(values))
    if (values == values[at]).sum() == 1:
        name = profile.told(at) or str(profile.label.series.iloc[at])
        yield Finding(1.6, "extreme", f"The highest {code(c.name)} is **{number(values[at])}**: {code(name)}.", dict(column=c.name, label=str(label.series.iloc[at]), by=label.name, high=float(values[at])))


def _relations(profile):
    strong = [(a, b, r) for a, b, r in profile.correlations if abs(r) >= 0.7]
    for a, b, r in strong[:2]:
        figures = dict(column=a.name, other=b.name, r=r)
        if abs(r) > 0.999:
            yield Finding(2.0, "relation", f"{code(a.name)} and {code(b.name)} say the same (r = **{signed(r, 3)}**).", figures)
        else:
            how = "rise together" if r > 0 else "move in opposite directions"
            yield Finding(1 + abs(r), "relation", f"{code(a.name)} and {code(b.name)} {how} (r = **{signed(r)}**).", figures)
    if len(strong) > 2:
        yield Finding(0.9, "relations", f"**{len(strong) - 2}** more {'pairs of columns are' if len(strong) > 3 else 'pair of columns is'} strongly correlated (|r| of at least 0.7).", dict(count=len(strong) - 2))


def signed(r, places=2):
    return f"{r:+.{places}f}".replace("-", "−")


def _gaps(profile):
    sparse = [c for c in profile.columns if c.role != "empty" and c.missing >= 0.2 * profile.rows and c.missing]
    if sparse:
        worst = sorted(sparse, key=lambda c: -c.missing)
        names = ", ".join(f"{code(c.name)} (**{c.missing / profile.rows:.0%}**)" for c in worst[:4])
        yield Finding(1.9, "missing", f"Much is missing in {names}{f' and {len(worst) - 4} more' if len(worst) > 4 else ''}.", dict(missing={c.name: c.missing for c in worst[:4]}))
    if profile.duplicates and profile.duplicates >= 0.01 * profile.rows:
        yield Finding(1.8, "duplicates", f"**{profile.duplicates:,}** rows repeat an earlier row.", dict(count=profile.duplicates))


def _shapes(profile):
    for c in profile.of("measure"):
        s = c.stats
        if not s:
            continue
        if s["outliers"] and s["outliers"] >= max(3, 0.05 * s["count"]) and not (c.distinct and c.distinct <= 10):  # not of a scale from 1 to 5
            yield Finding(0.8 + s["outliers"] / s["count"], "outliers", f"{code(c.name)} has many outliers: **{s['outliers']:,}** values ({s['outliers'] / s['count']:.0%}) are far from the middle half.", dict(column=c.name, count=s["outliers"]))
        elif abs(s["skew"]) > 2 and abs(s["mean"] - s["median"]) > 0.15 * s["std"]:
            side = "a long tail of high values" if s["skew"] > 0 else "a long tail of low values"
            yield Finding(0.9, "skew", f"{code(c.name)} has {side}: mean **{number(s['mean'])}**, median **{number(s['median'])}**.", dict(column=c.name, mean=s["mean"], median=s["median"], sign=1 if s["skew"] > 0 else -1))


def _frequent(profile):
    for c in profile.of("category", "ordinal", "boolean", "code"):
        value, n = c.top[0] if c.top else ("", 0)
        if n > 0.8 * profile.rows and c.count >= 20:
            yield Finding(0.85, "frequent", f"{code(c.name)} is {code(value)} in **{style.share(n / profile.rows, 0)}** of the rows.", dict(column=c.name, value=str(value), share=n / profile.rows))


def _idle(profile):
    for role, what in (("empty", "Nothing is in"), ("constant", "Always the same is in")):
        names = [code(c.name) for c in profile.of(role)]
        if names:
            yield Finding(1.5 if role == "empty" else 1.0, role, f"{what} {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}.", dict(columns=[c.name for c in profile.of(role)]))
