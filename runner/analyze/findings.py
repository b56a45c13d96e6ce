"""What a reader of the figures should not miss, a sentence each."""

import numpy as np
import pandas as pd

from attache.analyze import series

MOST = 7


def of(profile):
    """Return at most MOST sentences, the most telling first."""
    found = [*_trends(profile), *_relations(profile), *_gaps(profile), *_shapes(profile), *_categories(profile), *_idle(profile)]
    return [sentence for _, sentence in sorted(found, key=lambda f: -f[0])[:MOST]]


def _trends(profile):
    """How the measures at the beginning of the time compare with those at its end.

    Of two years and more whole years are compared, so that a season is no trend.
    """
    from attache.analyze.profile import day

    time = profile.time
    if time is None or time.count < 20 or time.distinct < 8:
        return
    low, high = time.range
    part, many = (high - low) / 5, False
    if time.type == "date":
        year = pd.Timedelta(days=365)
        part, many = (year, True) if high - low >= 2 * year - pd.Timedelta(days=7) else (part, False)
        if high - low > pd.Timedelta(days=20):
            part = part.ceil("D")
    when = time.series
    first, last = (when <= low + part).to_numpy(bool, na_value=False), (when >= high - part).to_numpy(bool, na_value=False)
    order = when.rank().to_numpy(float) if profile.sample is None else when.iloc[profile.sample].rank().to_numpy(float)
    for c in profile.of("number")[:20]:
        summed = series.totals(profile, c)
        if summed:
            yield from _of_totals(c, *summed)
            continue
        a, b = c.series[first].mean(), c.series[last].mean()
        spread = (c.stats or {}).get("std") or 0
        if not spread or not np.isfinite([a, b]).all() or abs(b - a) < 0.5 * spread:
            continue
        if abs(_rank_correlation(order, profile.floats(c))) < 0.3:
            continue
        change = f" ({(b - a) / abs(a):+.0%})" if a * b > 0 and abs(a) > 0.01 * spread else ""
        verb = "rose" if b > a else "fell"
        span = "the first year" if many else f"up to {day(low + part)}", "the last" if many else f"from {day(high - part)}"
        yield 1.5 + abs(b - a) / spread, f"{c.short} {verb}{change}: on average {number(a)} {span[0]}, {number(b)} {span[1]}."


def _of_totals(c, totals, period):
    """How a total of the first fifth of the periods compares with that of the last."""
    fifth = len(totals) // 5
    if fifth < 2:
        return
    a, b, spread = totals.iloc[:fifth].mean(), totals.iloc[-fifth:].mean(), totals.std()
    if a > 0 and spread > 0 and abs(b - a) >= 0.75 * spread and abs(_rank_correlation(np.arange(len(totals), dtype=float), totals.to_numpy())) >= 0.3:
        yield 2.5, f"The {period} total of {c.short} {'rose' if b > a else 'fell'} ({(b - a) / a:+.0%}): {number(a)} at first, {number(b)} in the end."


def _rank_correlation(order, values):
    """Spearman's rho, 0 where it is undefined."""
    both = np.isfinite(order) & np.isfinite(values)
    if both.sum() < 8:
        return 0.0
    with np.errstate(all="ignore"):
        rho = np.corrcoef(order[both], pd.Series(values[both]).rank().to_numpy())[0, 1]
    return float(rho) if np.isfinite(rho) else 0.0


def _relations(profile):
    strong = [(a, b, r) for a, b, r in profile.correlations if abs(r) >= 0.7]
    for a, b, r in strong[:2]:
        if abs(r) > 0.999:
            yield 2.2, f"{a.short} and {b.short} say the same (r = {r:+.3f})."
        else:
            yield 1 + abs(r), f"{a.short} and {b.short} {'rise together' if r > 0 else 'move in opposite directions'} (r = {r:+.2f})."
    if len(strong) > 2:
        yield 1.2, f"{len(strong) - 2} more pairs of columns are strongly correlated (|r| of at least 0.7)."


def _gaps(profile):
    sparse = [c for c in profile.columns if c.role != "empty" and c.missing >= 0.2 * profile.rows]
    if sparse:
        worst = sorted(sparse, key=lambda c: -c.missing)
        names = ", ".join(f"{c.short} ({c.missing / profile.rows:.0%})" for c in worst[:4])
        yield 1.9, f"Much is missing in {names}{f' and {len(worst) - 4} more' if len(worst) > 4 else ''}."
    if profile.duplicates and profile.duplicates >= 0.01 * profile.rows:
        yield 1.8, f"{profile.duplicates:,} rows repeat an earlier row."


def _shapes(profile):
    for c in profile.of("number"):
        s = c.stats
        if not s:
            continue
        if s["outliers"] and s["outliers"] >= 0.05 * s["count"]:
            yield 1.0 + s["outliers"] / s["count"], f"{c.short} has many outliers: {s['outliers']:,} values ({s['outliers'] / s['count']:.0%})."
        elif abs(s["skew"]) > 2:
            side = "a long tail of high values" if s["skew"] > 0 else "a long tail of low values"
            yield 0.9, f"{c.short} has {side}: mean {number(s['mean'])}, median {number(s['median'])}."


def _categories(profile):
    measure = series.main_measure(profile)
    for c in profile.of("category") if measure is not None else ():
        totals = profile.totals(c, measure)
        whole = sum(t for _, t in totals)
        value, most = totals[0]
        if c.distinct > 2 and whole > 0 and most > max(0.3, 1.5 / c.distinct) * whole:
            yield 1.6, f"{str(value)[:40]} has {most / whole:.0%} of the total {measure.short} among the {c.distinct} of {c.short}."
    for c in profile.of("category", "boolean"):
        value, n = c.top[0] if c.top else ("", 0)
        if n > 0.8 * c.count and c.count >= 20:
            yield 0.8, f"{c.short} is {value} in {n / c.count:.0%} of the rows."


def _idle(profile):
    for role, what in (("empty", "Nothing is in"), ("constant", "Always the same is in")):
        names = [c.short for c in profile.of(role)]
        if names:
            yield 1.5, f"{what} {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}."


def number(x):
    """A figure as people read it: about four digits, thousands separated."""
    if x is None:
        return "–"
    x = float(x)
    if not np.isfinite(x):
        return str(x)
    if x == 0:
        return "0"
    size = abs(x)
    if size >= 1e15 or size < 1e-4:
        return f"{x:.3g}"
    if size >= 1000 or x == int(x):
        return f"{x:,.0f}"
    return f"{x:.4g}" if size >= 1 else f"{x:.3g}"
