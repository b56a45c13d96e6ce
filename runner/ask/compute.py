"""From a Query to its figures."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from attache.analyze import series
from attache.analyze.profile import day
from attache.analyze.style import code
from attache.ask import growth
from attache.ask.query import NotUnderstood
from attache.ask.scan import truth

_PARTS = {"weekday": "day_of_week", "month of the year": "month", "hour of the day": "hour"}


@dataclass
class Result:
    """value: a number or a dict of them; table: a DataFrame to show; rows: how many were counted."""

    value: object = None
    table: object = None
    rows: int = 0
    total: int = 0  # rows of the table
    agg: str = ""  # what was done after all
    period: str = ""
    notes: list = field(default_factory=list)
    mask: object = None
    count: int = 0  # values that were there
    groups: int = 0  # before the limit


def run(query, profile):
    mask = where(query.where, profile)
    result = Result(rows=int(mask.sum()), total=profile.rows, mask=mask)
    return (_totals if query.per else _KINDS[query.kind])(query, profile, mask, result)


def where(conditions, profile):
    mask = np.ones(profile.rows, bool)
    for c in conditions:
        mask &= _holds(c, profile)
    return mask


def _holds(condition, profile):
    s, op, value = condition.column.series, condition.op, condition.value
    if op == "or":
        return np.logical_or.reduce([_holds(c, profile) for c in value])
    if op in ("within", "not within"):
        spans = value if isinstance(value, tuple) else (value,)
        hit = np.zeros(len(s), bool)
        for span in spans:
            hit |= _within(condition.column, span)
        return hit if op == "within" else ~hit & s.notna().to_numpy(bool)
    if op in ("missing", "present"):
        return s.isna().to_numpy(bool) == (op == "missing")
    if op in ("contains", "starts", "ends"):
        text, value = s.astype(str).str.lower(), str(value[0] if isinstance(value, tuple) else value).lower()
        hit = text.str.contains(value, regex=False) if op == "contains" else text.str.startswith(value) if op == "starts" else text.str.endswith(value)
        return hit.to_numpy(bool) & s.notna().to_numpy(bool)
    if isinstance(value, tuple) and op in ("==", "!="):
        hit = s.isin(list(value)).to_numpy(bool)
        return hit if op == "==" else ~hit & s.notna().to_numpy(bool)
    v = numbers(condition.column)
    value = numbers(value) if hasattr(value, "series") else value  # another column
    with np.errstate(invalid="ignore"):
        if op == "between":
            return (v >= value[0]) & (v <= value[1])
        if op == "!=":
            return (v != value) & np.isfinite(v)
        return {">": v > value, ">=": v >= value, "<": v < value, "<=": v <= value, "==": v == value}[op]


def _within(c, span):
    if c.type == "date":
        when = _naive(c.series)
        if span.part:
            got = {"month": when.dt.month, "quarter": when.dt.quarter, "weekday": when.dt.day_of_week, "date": when.dt.month * 100 + when.dt.day, "day": when.dt.day}[span.part]
            return got.isin(span.number).to_numpy(bool)
        hit = when.notna().to_numpy(bool).copy()
        if span.low is not None:
            hit &= (when >= span.low).to_numpy(bool, na_value=False)
        if span.high is not None:
            hit &= (when < span.high).to_numpy(bool, na_value=False)
        return hit
    if span.part:
        from attache.analyze.profile import _months

        got = _months(c, span.part)
        if got is None:
            raise NotUnderstood("This table has no months.")
        return got.isin(span.number).to_numpy(bool)
    v = numbers(c)
    low, high = (x.year if isinstance(x, pd.Timestamp) else x for x in (span.low, span.high))
    with np.errstate(invalid="ignore"):
        return (v >= (low if low is not None else -np.inf)) & (v < (high if high is not None else np.inf))


def numbers(c):
    """A column as floats; yes and no as 1 and 0."""
    if c.type == "text":
        yes = truth(c)
        if yes is None:
            raise NotUnderstood(f"`{c.name}` does not hold numbers.")
        return c.series.map({yes[0]: 1.0, yes[1]: 0.0}).to_numpy("float64", na_value=np.nan)
    if c.type == "duration":
        return c.series.dt.total_seconds().to_numpy()
    values = c.series.to_numpy("float64", na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _naive(s):
    return s.dt.tz_localize(None) if getattr(s.dtype, "tz", None) is not None else s


def _default(query, c):
    """What is done with a measure that nothing is said of."""
    return query.agg or ("sum" if c.additive else "mean")


def reduce(values, agg, quantile=0.5):
    v = values[np.isfinite(values)]
    if agg == "count":
        return int(v.size)
    if not v.size:
        return float("nan")
    if agg == "std":
        return float(v.std(ddof=1)) if v.size > 1 else 0.0
    if agg == "var":
        return float(v.var(ddof=1)) if v.size > 1 else 0.0
    return float({"mean": np.mean, "sum": np.sum, "max": np.max, "min": np.min, "median": np.median, "range": np.ptp, "quantile": lambda x: np.quantile(x, quantile)}[agg](v))


def _latest(query, profile, c, agg, mask, result):
    """A level is summed at the last time only, which is said; not where each row is another place."""
    time = profile.time
    if profile.places_once or c is None or c.additive != "stock" or agg not in ("sum", "share") or time is None or any(isinstance(b, str) or b is time for b in query.by):
        return mask
    when = time.series[mask]
    if when.nunique() < 2:
        return mask
    last = when.max()
    result.notes.append(f"A level is not summed over time: these are the rows of the last {'year' if time.role == 'year' else 'time'}, {day(last)}.")
    return mask & (time.series == last).to_numpy(bool, na_value=False)


def _value(query, profile, mask, result):
    c = query.targets[0] if query.targets else None
    if query.agg == "share":
        times = [w for w in query.where if w.op in ("within", "not within")]
        before = where([*times, *query.of], profile) if len(times) < len(query.where) else np.ones(profile.rows, bool)
        if c is None:
            result.value, result.agg = (mask.sum() / before.sum() if before.sum() else float("nan")), "share"
            result.total = int(before.sum())
            return result
        before = _latest(query, profile, c, "sum", before, result)
        v = numbers(c)
        result.value, result.agg = reduce(v[mask & before], "sum") / reduce(v[before], "sum"), "share"
        return result
    if c is None:
        result.value, result.agg = result.rows, "count"
        return result
    if query.agg == "nunique":
        if query.notes and c is profile.time and c.type == "date":
            result.value = int(_periods(c.series[mask], query.notes[0]).nunique())
        else:
            result.value = int(c.series[mask].nunique())
            if 0.9 * result.rows <= result.value < result.rows == c.series[mask].notna().sum() and c.type == "text" and c.role in ("text", "identifier"):
                result.notes.append(f"There are {result.rows:,} such rows: some values are in several.")
        result.agg = "nunique"
        return result
    if c.type == "date":
        s = c.series[mask].dropna()
        result.value, result.agg = (s.max() if query.agg == "max" else s.min()) if len(s) else None, query.agg
        return result
    if query.agg == "count":
        result.value, result.agg = int(c.series[mask].notna().sum()), "count"
        return result
    if len(query.targets) > 1:
        result.value, result.table, result.agg = {}, None, query.agg
        for t in query.targets:
            agg = _default(query, t)
            result.value[t.name] = reduce(numbers(t)[_latest(query, profile, t, agg, mask, result)], agg, query.quantile)
        return result
    agg = query.agg or ("mean" if truth(c) else _default(query, c))
    if query.also:
        v = numbers(c)[mask]
        result.value, result.agg, result.count = {a: reduce(v, a) for a in (agg, *query.also)}, agg, int(np.isfinite(v).sum())
        return result
    mask = _latest(query, profile, c, agg, mask, result)
    v = numbers(c)[mask]
    result.value, result.agg, result.count, result.mask = reduce(v, agg, query.quantile), agg, int(np.isfinite(v).sum()), mask
    return result


def keys(b, profile, mask):
    """The values that rows are grouped by, as a Series over the rows of the mask; and the period."""
    time = profile.time
    if not isinstance(b, str):
        if b.role == "date" and b.type == "date":
            return _naive(b.series[mask]), ""
        return b.series[mask], ""
    own = _own_part(b, profile)
    if own is not None and (time is None or time.type != "date"):
        return own.series[mask], b
    if time is None:
        raise NotUnderstood("This table has no column of times.")
    if time.role == "year":
        if b in ("year", "time"):
            return time.series[mask], "year"
        if b == "decade":
            return time.series[mask] // 10 * 10, "decade"
        if own is not None:
            return own.series[mask], b
        raise NotUnderstood(f"This table has years, but no {b}s.")
    when = _naive(time.series[mask])
    if b in _PARTS:
        return getattr(when.dt, _PARTS[b]), b
    if b == "time":
        b = {"second": "hour", "minute": "hour", "5 minutes": "hour", "15 minutes": "hour", "6 hours": "hour"}.get(p := _fit(when), p)
    return _periods(when, b), b


def _own_part(b, profile):
    from attache.analyze import words

    name = {"weekday": "weekday", "month of the year": "month", "hour of the day": "hour"}.get(b, b)
    return next((c for c in profile.columns if c.role in ("part", "ordinal") and name in words.of(c.name)), None)


def _fit(when):
    """The period that a line over time is gathered by, as the charts do."""
    native = series.rhythm(when.dropna())
    if native and when.nunique() <= series.POINTS:
        return native[3]
    return series.finest(when.min(), when.max(), max(when.nunique(), 2), native)[3]


def _periods(when, b):
    if b in ("year", "decade"):
        return when.dt.year // 10 * 10 if b == "decade" else when.dt.year
    if b in ("quarter", "month"):
        return when.dt.to_period({"quarter": "Q", "month": "M"}[b]).dt.to_timestamp()
    if b == "week":
        return when.dt.normalize() - pd.to_timedelta(when.dt.day_of_week, unit="D")
    return when.dt.normalize() if b == "day" else when.dt.floor("h")


def _groups(query, profile, mask, result):
    by = list(query.by)
    targets = query.targets
    if len(targets) > 1:
        return _table(query, profile, mask, result)
    c = targets[0] if targets else None
    agg = query.agg
    if c is not None and agg not in ("count", "nunique"):
        agg = agg or ("mean" if truth(c) else _default(query, c))
        agg = "sum" if agg == "share" else agg
        mask = _latest(query, profile, c, agg, mask, result)
    agg = "count" if agg in ("", "share") else agg
    named = [keys(b, profile, mask) for b in by]
    result.period = named[0][1]
    frame = pd.DataFrame({i: k.astype(object).to_numpy() if k.dtype.kind not in "iufM" else k.to_numpy() for i, (k, _) in enumerate(named)})
    for i, b in enumerate(by):
        if (lost := int(frame[i].isna().sum())) and not isinstance(b, str):
            result.notes.append(f"{lost:,} of {len(frame):,} rows have no {code(b.name)}: they are in none of the groups.")
    if agg == "nunique":
        frame["v"] = c.series[mask].to_numpy()
        got = frame.dropna(subset=list(range(len(by)))).groupby(list(range(len(by))), sort=True, observed=True)["v"].nunique()
    elif c is None or agg == "count":
        frame["v"] = 1.0 if c is None else c.series[mask].notna().to_numpy("float64")
        got = frame.groupby(list(range(len(by))), sort=True, observed=True)["v"].sum().astype(int)
    else:
        frame["v"] = numbers(c)[mask]
        groups = frame.dropna(subset=["v"]).groupby(list(range(len(by))), sort=True, observed=True)["v"]
        got = groups.quantile(query.quantile) if agg == "quantile" else groups.apply(np.ptp) if agg == "range" else getattr(groups, agg)()
    if query.agg == "share" and query.share:
        got = _group_share(query, profile, c, by, frame, got, result)
    elif query.share and (agg in ("sum", "count")):
        got = got / got.sum()
    result.groups, result.agg = len(got), "share" if query.share and agg in ("sum", "count") else agg
    got = _sorted(got, query, by)
    if query.running:
        got = got.cumsum() if len(by) == 1 else got.groupby(level=1).cumsum()
    if query.within:
        got = got.sort_values(ascending=query.least, kind="stable").groupby(level=0, sort=False).head(query.limit).sort_index(level=0, kind="stable", sort_remaining=False)
    elif query.limit:
        if query.which and query.limit == 1 and len(got) > 1 and (same := int((got == got.iloc[0]).sum()) - 1):
            result.notes.append(f"{same:,} other{'s' * (same != 1)} {'have' if same != 1 else 'has'} the same figure.")
        got = got.head(query.limit)
        if query.order in ("asc", "desc"):  # of those
            got = got.sort_values(ascending=query.order == "asc", kind="stable")
    if len(by) == 1:
        result.value = {_key(k): _number(v) for k, v in got.items()}
    else:
        result.value = {tuple(_key(x) for x in k): _number(v) for k, v in got.items()}
    result.table = got
    return result


def _totals(query, profile, mask, result):
    """A figure of the totals of each period, or of each value of a column."""
    c, by = query.targets[0] if query.targets else None, list(query.by)
    key, result.period = keys(query.per, profile, mask)
    frame = pd.DataFrame({i: k.astype(object).to_numpy() if k.dtype.kind not in "iufM" else k.to_numpy() for i, k in enumerate([*(keys(b, profile, mask)[0] for b in by), key])})
    each = list(frame)
    frame["v"] = 1.0 if c is None else c.series[mask].to_numpy() if query.agg == "nunique" else numbers(c)[mask]
    totals = getattr(frame.dropna().groupby(each, sort=True, observed=True)["v"], "nunique" if query.agg == "nunique" else "sum")().astype("float64")
    result.agg, result.count = query.over, len(frame[each[-1]].dropna().unique())
    if isinstance(query.per, str) and profile.time.type == "date" and len(frame):
        when = _naive(profile.time.series[mask])
        if line := growth.part_of_a_period(when, query.per):
            result.notes.append(line)
        if missing := _between(key, query.per) - result.count:
            result.notes.append(f"{missing:,} {query.per}{'s' * (missing != 1)} between the first and the last {'have' if missing != 1 else 'has'} no rows: not counted.")
    if not by:
        result.value = float(getattr(totals, query.over)()) if len(totals) else float("nan")
        if query.over in ("max", "min") and len(totals):
            same = totals[totals == result.value].index
            result.table, result.groups = _key(same[0]), len(same)
        return result
    got = getattr(totals.groupby(level=list(range(len(by)))), query.over)()
    result.groups, result.table = len(got), _sorted(got, query.but(kind="groups"), by)
    result.value = {tuple(map(_key, k)) if isinstance(k, tuple) else _key(k): _number(v) for k, v in result.table.items()}
    return result


def _between(when, period):
    """How many periods there are from the first to the last."""
    when = when.dropna()
    if when.dtype.kind != "M":
        return int(when.max() - when.min()) + 1 if period == "year" else when.nunique()
    return len(pd.period_range(when.min(), when.max(), freq={"year": "Y", "quarter": "Q", "month": "M", "week": "W", "day": "D", "hour": "h"}[period]))


def _growth(query, profile, mask, result):
    _groups(query.but(kind="series", order=""), profile, mask, result)
    found = growth.changes(result.table, query.order)
    if not found:
        raise NotUnderstood("There are not two times to compare.")
    result.table = [(tuple(map(_key, k)) if isinstance(k, tuple) else _key(k), _number(a), _number(b), float(change)) for k, a, b, change in found]
    result.value = result.table[0][3] if query.order == "between" and len(query.by) == 1 else {k: change for k, _, _, change in result.table}
    if profile.time.type == "date" and (line := growth.part_of_a_period(_naive(profile.time.series[result.mask]), query.by[0])):
        result.notes.append(line)
    return result


def _group_share(query, profile, c, by, frame, got, result):
    """The share that the rows asked for have in each group."""
    whole = where([w for w in query.where if w.op in ("within", "not within")], profile)
    all_keys = pd.DataFrame({i: keys(b, profile, whole)[0].astype(object).to_numpy() for i, b in enumerate(by)})
    all_keys["v"] = 1.0 if c is None else numbers(c)[whole]
    return (got / all_keys.groupby(list(range(len(by))), observed=True)["v"].sum()).fillna(0.0)


def _table(query, profile, mask, result):
    """Several measures by one grouping."""
    key, result.period = keys(query.by[0], profile, mask)
    out = {}
    for t in query.targets:
        agg = _default(query, t)
        rows = _latest(query, profile, t, agg, mask, result)
        k = keys(query.by[0], profile, rows)[0]
        s = pd.Series(numbers(t)[rows], index=k.to_numpy()).dropna()
        out[t.name] = getattr(s.groupby(level=0), "quantile" if agg == "quantile" else agg)()
    table = pd.DataFrame(out)
    result.table, result.agg, result.groups = table, query.agg, len(table)
    result.value = {_key(k): {n: _number(v) for n, v in row.items()} for k, row in table.iterrows()}
    return result


def _sorted(got, query, by):
    if query.order == "name" and not query.limit and len(by) == 1:
        return got.sort_index(key=lambda index: index.map(lambda k: (isinstance(k, str), str(k).casefold() if isinstance(k, str) else 0, k)))
    if query.limit or query.order in ("asc", "desc") or query.which:
        ascending = query.least if query.limit or query.which else query.order == "asc"
        if query.order in ("asc", "desc") and not query.limit:
            ascending = query.order == "asc"
        return got.sort_values(ascending=ascending, kind="stable")
    if query.kind == "series" or len(by) > 1 or isinstance(by[0], str):
        return got
    ordered = by[0].ordered
    if ordered:
        place = {str(v): i for i, v in enumerate(ordered)}
        return got.iloc[np.argsort([place.get(_key(k), 999) for k in got.index], kind="stable")]
    if by[0].role in ("date", "year", "measure"):
        return got
    return got.sort_values(ascending=False, kind="stable")


def _key(k):
    if isinstance(k, pd.Timestamp):
        return str(k.date()) if k == k.normalize() else str(k)
    if isinstance(k, float) and k == int(k):
        return str(int(k))
    return str(k)


def _number(v):
    return int(v) if isinstance(v, (int, np.integer)) else float(v)


def _rows(query, profile, mask, result):
    at = np.flatnonzero(mask)
    c = query.targets[0] if query.targets else None
    if c is not None:
        v = numbers(c) if c.type != "date" else np.where(c.series.notna(), c.series.astype("int64").to_numpy("float64", na_value=np.nan), np.nan)
        at = at[np.isfinite(v[at])]
        at = at[np.argsort(v[at] if query.least else -v[at], kind="stable")]
    result.rows = len(at)
    limit = query.limit or 10
    at = at[-limit:] if query.order == "last" and c is None else at[:limit]
    if c is not None and query.order in ("asc", "desc"):
        at = at[np.argsort(v[at] if query.order == "asc" else -v[at], kind="stable")]
    result.table = pd.DataFrame({x.name: x.series.iloc[at] for x in [*profile.columns, *([c] if c is not None and c not in profile.columns else [])]})
    result.value = result.rows if c is None else [_number(v[i]) if c.type != "date" else c.series.iloc[i] for i in at]
    if query.limit and c is None:
        result.value = len(at)
    return result


def _pair(query, profile, mask, result):
    a, b = query.targets
    x, y = numbers(a)[mask], numbers(b)[mask]
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < 3:
        raise NotUnderstood("There are fewer than three rows with both.")
    with np.errstate(all="ignore"):
        result.value = float(np.corrcoef(x[both], y[both])[0, 1])
    result.count, result.agg = int(both.sum()), "corr"
    result.table = pd.DataFrame({a.name: x[both], b.name: y[both]})
    return result


def _corr(query, profile, mask, result):
    columns = [c for c in profile.correlation_matrix[0]]
    data = pd.DataFrame({c.name: numbers(c)[mask] for c in columns}).corr(min_periods=3)
    if query.targets:
        c = query.targets[0]
        if c.name not in data:
            raise NotUnderstood(f"`{c.name}` can't be correlated: it holds no numbers that are measured.")
        got = data[c.name].drop(c.name).dropna()
        got = got.iloc[np.argsort(-got.abs().to_numpy(), kind="stable")]
        result.value = {k: float(v) for k, v in got.items()}
    else:
        pairs = [(a, b, data.iloc[i, j]) for i, a in enumerate(data) for j, b in enumerate(data) if i < j and np.isfinite(data.iloc[i, j])]
        pairs.sort(key=lambda p: -abs(p[2]))
        result.value = {(a, b): float(r) for a, b, r in pairs[: query.limit or 5]}
    if not result.value:
        raise NotUnderstood("There are not two columns of numbers to correlate.")
    return result


def _dist(query, profile, mask, result):
    v = numbers(query.targets[0])[mask]
    v = v[np.isfinite(v)]
    if not v.size:
        result.value, result.rows = {}, 0
        return result
    q = np.percentile(v, (0, 25, 50, 75, 100))
    result.value = {"count": int(v.size), "mean": float(v.mean()), "min": float(q[0]), "q25": float(q[1]), "median": float(q[2]), "q75": float(q[3]), "max": float(q[4])}
    result.table = v
    return result


def _missing(query, profile, mask, result):
    columns = query.targets or [c for c in profile.columns]
    counts = {c.name: int(c.series[mask].isna().sum()) for c in columns}
    if query.targets and len(query.targets) == 1:
        result.value = counts[query.targets[0].name]
    else:
        result.value = dict(sorted(((k, n) for k, n in counts.items() if n), key=lambda x: -x[1]))
    return result


def _describe(query, profile, mask, result):
    columns = query.targets or profile.measures[:8]
    result.value = {}
    for c in columns:
        if c.type in ("integer", "number") and c.role in ("measure", "ordinal", "boolean"):
            v = numbers(c)[mask]
            result.value[c.name] = {a: reduce(v, a) for a in ("count", "mean", "median", "min", "max", "std")}
        else:
            s = c.series[mask].dropna()
            top = s.value_counts()
            result.value[c.name] = {"count": int(len(s)), "distinct": int(s.nunique()), "top": str(top.index[0]) if len(top) else "", "top_count": int(top.iloc[0]) if len(top) else 0}
    return result


def _columns(query, profile, mask, result):
    result.value = [c.name for c in profile.columns]
    return result


def _lookup(query, profile, mask, result):
    c = query.targets[0]
    result.table = pd.DataFrame({x.name: x.series[mask] for x in profile.columns})
    found = [day(v) if isinstance(v, pd.Timestamp) else str(int(v)) if isinstance(v, (int, float, np.number)) and v == int(v) else str(v) for v in c.series[mask].dropna().unique()]
    result.value = found[0] if len(found) == 1 else found
    return result


def _dup(query, profile, mask, result):
    result.value = profile.duplicates
    return result


def _dates(query, profile, mask, result):
    if profile.time is None:
        raise NotUnderstood("This table has no column of times.")
    s = profile.time.series[mask].dropna()
    result.value = (s.min(), s.max()) if len(s) else None
    return result


_KINDS = {
    "value": _value, "groups": _groups, "series": _groups, "rows": _rows, "pair": _pair, "corr": _corr, "dist": _dist,
    "missing": _missing, "describe": _describe, "columns": _columns, "dup": _dup, "dates": _dates, "growth": _growth, "lookup": _lookup,
}  # fmt: skip
