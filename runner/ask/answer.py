"""An answer in words: Markdown that reads well on a phone."""

import pandas as pd

from attache.analyze.profile import day
from attache.analyze.style import code, number
from attache.ask.scan import truth

LINES = 10
_AGG = {"mean": "mean", "sum": "total", "max": "highest", "min": "lowest", "median": "median", "std": "standard deviation", "var": "variance", "range": "range", "nunique": "number of different", "count": "number of rows"}  # fmt: skip
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April May June July August September October November December".split()


def text(query, result, profile):
    lines = _SAY[query.kind](query, result, profile)
    return "\n".join([*lines, *(f"-# {n}" for n in dict.fromkeys(result.notes))])


def title(query, result):
    """What was computed: "mean of `fare` by `class` where `sex` is `female`"."""
    return f"{what(query, result)}{_by(query, result)}{_where(query)}"


def what(query, result):
    agg = result.agg or query.agg
    if query.per:
        return _of_totals(query)
    if query.running:
        return f"running total of {code(query.targets[0].name)}" if query.targets else "running number of rows"
    if not query.targets:
        return "share of the rows" if agg == "share" else "number of rows"
    names = " and ".join(code(t.name) for t in query.targets[:4])
    if agg == "share":
        return f"share of the total {names}"
    if agg == "mean" and truth(query.targets[0]):
        return f"share of {names}"
    if agg == "count":
        return f"number of values of {names}"
    if agg == "quantile":
        return f"{query.quantile:.0%} quantile of {names}"
    if len(query.targets) > 1 and not agg:
        return names
    return f"{_AGG.get(agg, agg)} {'of ' if agg != 'nunique' else 'values of '}{names}" if agg not in ("max", "min") else f"{_AGG[agg]} {names}"


_EACH = {"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly", "quarter": "quarterly", "year": "yearly"}


def _of_totals(query):
    """ "mean of the monthly totals of `revenue`"."""
    thing = "number of rows" if not query.targets else f"number of different values of {code(query.targets[0].name)}" if query.agg == "nunique" else f"total of {code(query.targets[0].name)}"
    each = f"{_EACH[query.per]} {thing}" if isinstance(query.per, str) else f"{thing} of each {code(query.per.name)}"
    return f"{_AGG[query.over]} {each}"


def _by(query, result):
    if not query.by:
        return ""
    return " by " + " and ".join(code(b.name) if not isinstance(b, str) else (result.period or b) if b == "time" else b for b in query.by)


def _where(query):
    return f" where {' and '.join(_condition(c) for c in query.where)}" if query.where else ""


def _condition(c):
    if isinstance(c.value, tuple) and c.op == "within":
        return f"{code(c.column.name)} is in {' or '.join(s.text for s in c.value)}"
    return str(c)


def _figure(v, query, result):
    if result.agg == "share" or result.agg == "mean" and query.targets and truth(query.targets[0]):
        return f"{v:.1%}" if v == v else "none"
    if isinstance(v, pd.Timestamp):
        return day(v)
    return f"{v:,}" if isinstance(v, int) else number(v)


def _none(query):
    return [f"There is no row{_where(query)}."] if query.where else ["The table has no rows."]


def _value(query, result, profile):
    if result.rows == 0 and result.agg != "count":
        return _none(query)
    if query.also:
        return [f"{code(query.targets[0].name)}{_where(query)} ({result.count:,} rows):", *(f"- {_AGG[a]}: **{number(v)}**" for a, v in result.value.items())]
    if isinstance(result.value, dict):
        return [f"- {_AGG.get(query.agg or ('sum' if t.additive else 'mean'), query.agg)} of {code(t.name)}: **{number(result.value[t.name])}**" for t in query.targets] + ([f"These are the figures{_where(query)}."] if query.where else [])
    said = f"**{_figure(result.value, query, result)}**"
    if query.per:
        what_of = query.per if isinstance(query.per, str) else f"value{'s' * (result.count != 1)} of {code(query.per.name)}"
        count = f"{result.count:,} {what_of}{'s' * (result.count != 1 and isinstance(query.per, str))}"
        same = f" and {result.groups - 1:,} other{'s' * (result.groups != 2)}" if result.groups > 1 else ""
        at = f", of {code(key(result.table, query, result, query.per))}{same}" if result.table is not None else ""
        return [f"The {what(query, result)} is {said}{_where(query)} ({count}{at})."]
    if result.agg == "count":
        many = result.value != 1
        many = many or bool(query.where)
        noun = f"row{'s' * many}" if not query.targets else f"value{'s' * many} of {code(query.targets[0].name)}"
        total = f" of {result.total:,}" if query.where and not query.targets else ""
        return [f"{said}{total} {noun}{_where(query)}."] if query.where else [f"The table has {said} {noun}."]
    if result.agg == "nunique":
        noun = query.notes[0] + "s" if query.notes else f"different values of {code(query.targets[0].name)}"
        c = query.targets[0]
        first = ""
        if not query.notes and result.value <= 12 and c.type == "text":
            first = ": " + ", ".join(code(v) for v in sorted(map(str, c.series[result.mask].dropna().unique()))[:12])
        return [f"There are {said} {noun}{_where(query)}{first}."]
    if result.agg == "share":
        return [f"{said} is the {what_share(query)}."]
    lines = [f"The {what(query, result)} is {said}{_where(query)} ({result.count:,} row{'s' * (result.count != 1)})." if result.count else f"The {what(query, result)} is {said}{_where(query)}."]
    if result.agg in ("max", "min") and query.targets[0].type in ("integer", "number") and not query.by:
        lines += _which_row(query, result, profile)
    return lines


def what_share(query):
    whole = [*query.of, *(c for c in query.where if c.op in ("within", "not within"))]
    part = [c for c in query.where if c not in whole] or whole
    of = f"the total {code(query.targets[0].name)}" if query.targets else "the rows"
    if query.of:
        return f"share of {of} where {' and '.join(map(_condition, part))}, among those where {' and '.join(map(_condition, whole))}"
    inside = f" where {' and '.join(map(_condition, whole))}" if whole and part is not whole else ""
    return f"share of {of}{inside} where {' and '.join(map(_condition, part))}"


def _which_row(query, result, profile):
    """The row that has the highest or lowest value, by its name or time."""
    from attache.ask.compute import numbers

    v = numbers(query.targets[0])
    at = [i for i in (result.mask & (v == result.value)).nonzero()[0][:3]]
    many = int((result.mask & (v == result.value)).sum())
    said, by = [profile.told(i) for i in at], " and ".join(code(c.name) for c in profile.called)
    if not said or None in said:
        names = [profile.label, *(c for c in profile.columns if c.role in ("text", "identifier")), profile.time, *(c for c in profile.columns if c.type == "text" and c.role != "nested")]
        named = next((c for c in names if c is not None and c.series.iloc[at].notna().all()), None)
        if not at or named is None:
            return []
        said, by = [day(named.series.iloc[i]) if named.type == "date" else named.series.iloc[i] for i in at], code(named.name)
    if many > 3:
        return [f"{many:,} rows have it."]
    return [f"It is of {' and '.join(map(code, said))} ({by})."]


def key(k, query, result, b=None):
    """A group's name as people read it."""
    b = query.by[0] if b is None else b
    period = "" if not isinstance(b, str) else result.period if b == "time" else b
    try:
        if period == "weekday":
            return _WEEKDAYS[int(k)]
        if period == "month of the year":
            return _MONTHS[int(k) - 1]
        if period == "hour of the day":
            return f"{int(k)}:00"
        if period == "month":
            return pd.Timestamp(k).strftime("%b %Y")
        if period in ("year", "decade"):
            return k[:4] + ("s" if period == "decade" else "")
        if period == "quarter":
            t = pd.Timestamp(k)
            return f"Q{t.quarter} {t.year}"
    except ValueError:
        pass
    return k


def _label(k, query, result):
    if isinstance(k, tuple):
        return " / ".join(code(key(x, query, result, b)) for x, b in zip(k, query.by))
    return code(key(k, query, result))


def _groups(query, result, profile):
    if result.rows == 0 or not result.value:
        return _none(query)
    items = list(result.value.items())
    if isinstance(items[0][1], dict):
        heads = [f"{_AGG.get(query.agg or ('sum' if t.additive else 'mean'), query.agg)} of {code(t.name)}" for t in query.targets]
        lines = [f"{'; '.join(heads)}{_by(query, result)}{_where(query)}:"]
        for k, row in items[:LINES]:
            lines.append(f"- {_label(k, query, result)}: " + ", ".join(f"{code(n)} **{number(v)}**" for n, v in row.items()))
        return lines
    name = title(query.but(where=()), result)
    if query.within:
        return _in_each(query, result, items)
    if query.which and len(items) == 1 and query.limit <= 1:
        k, v = items[0]
        end = "lowest" if query.least else "highest"
        agg = result.agg
        if agg in ("max", "min") or not query.targets:
            end = ""
        figure = _figure(v, query, result)
        verb = f"has the {end} {what(query, result)}" if end else f"has the {what(query, result)}"
        if not query.targets and agg == "count":
            verb = f"has the {'fewest' if query.least else 'most'} rows"
        return [f"**{key(k, query, result) if not isinstance(k, tuple) else ' / '.join(k)}** {verb}: **{figure}**{_where(query)}."]
    top = f"{'Lowest' if query.least else 'Highest'} {query.limit} of {result.groups:,}: " if query.limit and result.groups > query.limit else ""
    lines = [f"{top}{_capital(name)}{_where(query)}:" if not top else f"{top}{name}{_where(query)}:"]
    total = sum(v for _, v in items) if result.agg in ("sum", "count") and not query.limit and all(v >= 0 for _, v in items) and not query.where else 0
    shown = items
    if query.kind == "series" and len(items) > LINES and len(query.by) == 2:
        runs = {}
        for (moment, group), v in items:
            runs.setdefault(group, []).append((moment, v))
        runs = dict(list(runs.items())[:LINES])
        return [lines[0], *(f"- {code(key(g, query, result, query.by[1]))}: **{_figure(run[0][1], query, result)}** ({key(run[0][0], query, result)}) → **{_figure(run[-1][1], query, result)}** ({key(run[-1][0], query, result)})" for g, run in runs.items())]
    if query.kind == "series" and len(items) > LINES:
        high, low = max(items, key=lambda x: x[1]), min(items, key=lambda x: x[1])
        first, last = items[0], items[-1]
        return [lines[0], *(f"- {s} {_label(k, query, result)}: **{_figure(v, query, result)}**" for s, (k, v) in (("first", first), ("last", last), ("highest", high), ("lowest", low)))]
    for k, v in shown[: max(LINES, query.limit)]:
        share = f" ({v / total:.0%})" if total and query.kind == "groups" else ""
        lines.append(f"- {_label(k, query, result)}: **{_figure(v, query, result)}**{share}")
    if len(shown) > max(LINES, query.limit):
        lines.append(f"- … and {len(shown) - LINES:,} more")
    if query.diff and len(items) == 2:
        lines.append(_apart(query, result, *items))
    return lines


def _apart(query, result, first, second):
    """How far two figures are apart: of the lower one, in percent."""
    (low, a), (high, b) = sorted((first, second), key=lambda x: x[1])
    if a == b:
        return "There is no difference."
    points = result.agg == "share" or result.agg == "mean" and query.targets and truth(query.targets[0])
    size = f"**{number(100 * (b - a))}** points" if points else f"**{_figure(b - a, query, result)}**"
    percent = f" (**{b / a - 1:.1%}**)" if a > 0 and not points else ""
    return f"{_label(high, query, result)} has {size}{percent} more than {_label(low, query, result)}."


def _in_each(query, result, items):
    """The first of each group, a line for each."""
    outer, inner = query.by
    runs = {}
    for (group, name), v in items:
        runs.setdefault(group, []).append(f"{code(key(name, query, result, inner))} **{_figure(v, query, result)}**")
    end = "lowest" if query.least else "highest"
    lines = [f"The {end} {query.limit} of {code(inner.name)} in each {code(outer.name)}, by {what(query, result)}{_where(query)}:"]
    lines += [f"- {code(key(g, query, result, outer))}: {', '.join(found)}" for g, found in list(runs.items())[:LINES]]
    return lines + ([f"- … and {len(runs) - LINES} more"] if len(runs) > LINES else [])


def _growth(query, result, profile):
    name = what(query, result)
    period = query.by[0]
    told = lambda k: key(str(k), query, result, period)
    change = lambda v: f"{v:+.1%}" if v == v else "no percentage, as it began at 0 or less"
    if len(query.by) > 1:
        lines = [f"Growth of the {name} by {code(query.by[1].name)}, from the first {period} to the last{_where(query)}:"]
        return lines + [f"- {code(k)}: **{change(c)}** ({number(a)} → {number(b)})" for k, a, b, c in result.table[:LINES]]
    if query.order == "between":
        (first, last), a, b, c = result.table[0]
        verb = "grew by" if b >= a else "fell by"
        size = f"**{abs(c):.1%}**" if c == c else f"**{number(abs(b - a))}**"
        years = int(str(last)[:4]) - int(str(first)[:4])
        yearly = f", {(b / a) ** (1 / years) - 1:+.1%} a year" if period == "year" and years > 1 and a > 0 and b > 0 else ""
        return [f"The {name} {verb} {size}, from {number(a)} ({told(first)}) to {number(b)} ({told(last)}){yearly}."]
    lines = [f"Growth of the {name} from each {period} to the next{_where(query)}:"]
    rows = result.table if len(result.table) <= LINES else result.table[-LINES:]
    return lines + [f"- {told(k)}: **{change(c)}** ({number(a)} → {number(b)})" for k, a, b, c in rows] + ([f"- … and {len(result.table) - LINES} before"] if len(rows) < len(result.table) else [])


def _capital(s):
    return s[:1].upper() + s[1:]


def _rows(query, result, profile):
    if result.rows == 0:
        return _none(query)
    if query.targets:
        c = query.targets[0]
        n = len(result.table)
        called = (query.by[0],) if query.by else profile.called or tuple(x for role in (("text", "identifier"), ("date",)) for x in profile.columns if x.role in role)[:1]
        lines = [f"The {'row' if n == 1 else f'{n} rows'} with the {'lowest' if query.least else 'highest'} {code(c.name)}{_where(query)}:"]
        for i in range(min(n, LINES)):
            row = result.table.iloc[i]
            v = row[c.name]
            said = day(v) if isinstance(v, pd.Timestamp) else str(int(v)) if c.role == "year" else number(v)
            names = [row[x.name] for x in called]
            names = [row[profile.label.name]] if profile.label is not None and all(pd.isna(x) for x in names) else names
            name = " ".join(day(x) if isinstance(x, pd.Timestamp) else str(x).strip() for x in names if pd.notna(x)) or f"row {result.table.index[i] + 1}"
            lines.append(f"- {code(name)}: **{said}**")
        return lines
    n = len(result.table)
    if query.limit and not query.where:
        return [f"The {'last' if query.order == 'last' else 'first'} **{n}** rows of {result.total:,}:"]
    shown = f", the first {n} of them" if n < result.rows else ""
    return [f"**{result.rows:,}** of {result.total:,} rows{_where(query)}{shown}:" if query.where else f"**{result.rows:,}** rows{shown}:"]


def _pair(query, result, profile):
    from attache.analyze.findings import signed
    from attache.analyze.plots import _strength

    a, b = query.targets
    r = result.value
    if r != r:
        return [f"{code(a.name)} or {code(b.name)} is always the same: there is no correlation."]
    how = "They rise together" if r >= 0.2 else "One falls as the other rises" if r <= -0.2 else "They hardly go together"
    return [f"The correlation of {code(a.name)} and {code(b.name)} is **{signed(r)}** ({_strength(r)}; {result.count:,} rows){_where(query)}. {how}."]


def _corr(query, result, profile):
    from attache.analyze.findings import signed

    if query.targets:
        lines = [f"Correlation with {code(query.targets[0].name)}{_where(query)}, strongest first:"]
        return lines + [f"- {code(k)}: **{signed(r)}**" for k, r in list(result.value.items())[:LINES]]
    return [f"The strongest correlations{_where(query)}:"] + [f"- {code(a)} and {code(b)}: **{signed(r)}**" for (a, b), r in result.value.items()]


def _dist(query, result, profile):
    c = query.targets[0]
    if not result.value:
        return _none(query)
    v = result.value
    return [f"Distribution of {code(c.name)}{_where(query)} ({v['count']:,} rows):", f"- from **{number(v['min'])}** to **{number(v['max'])}**", f"- median **{number(v['median'])}**, mean **{number(v['mean'])}**", f"- middle half from **{number(v['q25'])}** to **{number(v['q75'])}**"]


def _missing(query, result, profile):
    if isinstance(result.value, dict):
        if not result.value:
            return [f"No values are missing{_where(query)}."]
        lines = [f"**{sum(result.value.values()):,}** values are missing{_where(query)}:"]
        return lines + [f"- {code(k)}: **{n:,}** ({n / result.rows:.1%})" for k, n in list(result.value.items())[:LINES]] + ([f"- … and {len(result.value) - LINES} more columns"] if len(result.value) > LINES else [])
    n = result.value
    share = f" ({n / result.rows:.1%})" if result.rows else ""
    return [f"**{n:,}** of {result.rows:,} values of {code(query.targets[0].name)} {'is' if n == 1 else 'are'} missing{share}{_where(query)}."]


def _describe(query, result, profile):
    lines = [f"{result.rows:,} rows{_where(query)}:"] if query.where else []
    for k, s in result.value.items():
        if "mean" in s:
            lines.append(f"- {code(k)}: mean **{number(s['mean'])}**, median **{number(s['median'])}**, from **{number(s['min'])}** to **{number(s['max'])}** ({s['count']:,} values)")
        else:
            lines.append(f"- {code(k)}: **{s['distinct']:,}** different values, most often {code(s['top'])} ({s['top_count']:,})")
    return lines or ["There is nothing to describe."]


def _columns(query, result, profile):
    shown = ", ".join(code(n) for n in result.value[:40])
    return [f"The table has **{len(result.value)}** columns: {shown}{', …' if len(result.value) > 40 else ''}."]


def _lookup(query, result, profile):
    if not result.rows:
        return _none(query)
    found = result.value if isinstance(result.value, list) else [result.value]
    if not found:
        return [f"{code(query.targets[0].name)} is missing{_where(query)}."]
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return [f"{code(query.targets[0].name)} is {' and '.join(f'**{v}**' for v in found[:5])}{more}{_where(query)}."]


def _dup(query, result, profile):
    n = result.value
    return [f"**{n:,}** row{'s' * (n != 1)} repeat{'s' * (n == 1)} an earlier row." if n else "**No** row repeats another."]


def _dates(query, result, profile):
    if result.value is None:
        return _none(query)
    return [f"From **{day(result.value[0])}** to **{day(result.value[1])}** ({code(profile.time.name)})."]


_SAY = {
    "value": _value, "groups": _groups, "series": _groups, "rows": _rows, "pair": _pair, "corr": _corr, "dist": _dist,
    "missing": _missing, "describe": _describe, "columns": _columns, "dup": _dup, "dates": _dates, "growth": _growth, "lookup": _lookup,
}  # fmt: skip
