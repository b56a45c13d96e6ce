"""The report as Markdown that reads well on a phone: short lines, figures in bold."""

import pandas as pd

from attache.analyze import findings, roles, style
from attache.analyze.plots import _strength
from attache.analyze.profile import day
from attache.analyze.style import code, number

SHOWN = 25  # columns of the table that are listed; the rest is counted
NUMBERS, CATEGORIES, PAIRS = 20, 12, 6


def text(table, profile, parts, charts):
    """Return the report with the sections that are asked for."""
    sections = [_head(table, profile)]
    for part in parts:
        section = _charts(profile, charts) if part == "charts" else _SECTIONS[part](profile)
        if section:
            sections.append(section)
    if charts and "charts" not in parts:
        sections.append(_charts(profile, charts))
    return "\n\n".join(sections)


def refused(table, why):
    rows, width = table.frame.shape
    return f"📊 **{_escaped(table.name)}**: {_shape(rows, width)}\n⚠️ {why}"


def _shape(rows, width):
    """"1,461 rows × 6 columns"."""
    return f"{rows:,} row{'s' * (rows != 1)} × {width:,} column{'s' * (width != 1)}"


def _head(table, profile):
    size = f", {_bytes(table.size)}" if table.size is not None else ""
    lines = [f"📊 **{_escaped(table.name)}**: {_shape(*profile.whole)} ({table.kind}{size})"]
    if profile.date_range:
        r = profile.date_range
        rhythm = _rhythm(profile)
        if rhythm.startswith("yearly") and r["start"].endswith("-01-01") and r["end"].endswith("-01-01"):
            r = {**r, "start": r["start"][:4], "end": r["end"][:4]}  # a year that is written as its first day
        lines.append(f"- Time: **{r['start']}** to **{r['end']}** ({code(r['column'])}{'; ' + rhythm if rhythm else ''})")
    total = sum(profile.missing.values())
    if total:
        worst = sorted(profile.missing.items(), key=lambda m: -m[1])
        names = ", ".join(f"{code(n)} {k:,}" for n, k in worst[:5]) + (f", and {len(worst) - 5} more" if len(worst) > 5 else "")
        lines.append(f"- Missing values: **{total:,}** of {profile.rows * profile.width:,} ({_share(total, profile.rows * profile.width)}): {names}")
    else:
        lines.append("- Missing values: none")
    lines.append(f"- Duplicate rows: **{profile.duplicates:,}**" if profile.duplicates else "- Duplicate rows: none")
    return "\n".join(lines + [f"- {note}" for note in table.notes])


_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}


def _rhythm(profile):
    """How the dates follow one another: "daily, 3 days missing"."""
    c = profile.time
    if c is None or c.type != "date" or c.distinct < 3:
        return ""
    values = pd.Series(c.series.dropna().unique()).sort_values()
    step = values.diff().dropna()
    usual = step.median()
    for name, unit, low, high in (
        ("every second", "seconds", "1s", "1s"),
        ("every minute", "minutes", "1min", "1min"),
        ("hourly", "hours", "1h", "1h"),
        ("daily", "days", "1D", "1D"),
        ("weekly", "weeks", "7D", "7D"),
        ("monthly", "months", "28D", "31D"),
        ("quarterly", "quarters", "89D", "92D"),
        ("yearly", "years", "365D", "366D"),
    ):
        low, high = pd.Timedelta(low), pd.Timedelta(high)
        if low <= usual <= high and ((step >= low) & (step <= high)).mean() > 0.7:
            span = (values.iloc[-1] - values.iloc[0]) / usual
            if name in _MONTHS:  # these are not all as long as the usual one
                first, last = values.iloc[0], values.iloc[-1]
                span = ((last.year - first.year) * 12 + last.month - first.month) / _MONTHS[name]
            gaps = round(span) + 1 - len(values)
            return f"{name}, {gaps:,} {unit if gaps > 1 else unit[:-1]} missing" if gaps > 0 and gaps > 0.002 * span else f"{name}, without gaps"
    if (step == usual).mean() > 0.7 and usual >= pd.Timedelta("1s"):
        return f"every {_span(usual)}"
    return ""


def _span(delta):
    for unit in ("day", "hour", "minute"):
        n = delta / pd.Timedelta(1, unit=unit[0].upper() if unit == "day" else "h" if unit == "hour" else "min")
        if n >= 1 and n == int(n):
            return f"{int(n)} {unit}{'s' if n > 1 else ''}"
    return f"{delta.total_seconds():g} seconds"


def _columns(profile):
    lines = [f"- {code(c.name)}: {_kind(c)}{_values(c)}{_lack(c, profile)}" for c in profile.columns[:SHOWN]]
    left = profile.width - SHOWN
    return "**Columns**\n" + "\n".join(lines) + (f"\n- … and {left:,} more columns" if left > 0 else "") if lines else ""


def _kind(c):
    if c.role == "measure":
        return {"flow": "number that adds up", "stock": "level", "": "number"}[c.additive]
    if c.role == "part":
        return roles.part(c.name, c.series.min(), c.series.max()) + " of a date"
    return {"boolean": "yes or no", "constant": "always the same", "nested": "nested values"}.get(c.role, c.role)


def _lack(c, profile):
    return f", {c.missing:,} missing" if c.missing and c.role != "empty" else ""


def _values(c):
    if c.role == "empty":
        return ""
    if c.type == "date":
        return f", {day(c.range[0])} to {day(c.range[1])}"
    if c.role == "year":
        return f", {c.series.min():.0f} to {c.series.max():.0f}"
    if c.type == "duration":
        return f", {c.series.min()} to {c.series.max()}"
    if c.role in ("measure", "latitude", "longitude", "part", "ordinal") and c.type in ("integer", "number") and c.stats:
        mean = f", mean **{number(c.stats['mean'])}**" if c.role in ("measure", "ordinal") else ""
        return f", {_exact(c, c.stats['min'])} to {_exact(c, c.stats['max'])}{mean}"
    if c.role in roles.CATEGORIES:
        shown = ", ".join(f"{code(v, 20)} {n:,}" for v, n in c.top[:4])
        return f" of {c.distinct:,}: {shown}" + (", …" if c.distinct > 4 else "")
    first = c.series.dropna().iloc[:200].drop_duplicates().iloc[:2] if c.type != "nested" else c.series.dropna().iloc[:2]
    many = f", {c.distinct:,} different" if c.role in ("code", "identifier", "text") and c.distinct and c.distinct > 1 else ""
    return f"{many}, e.g. " + ", ".join(code(c.text(v) if c.type == "integer" else _flat(v), 24) for v in first)


def _numbers(profile):
    columns = [c for c in profile.measures]
    if not columns:
        return ""
    columns.sort(key=lambda c: c.position)
    lines = []
    for c in columns[:NUMBERS]:
        s = c.stats
        out = f", **{s['outliers']:,}** outlier{'s' if s['outliers'] > 1 else ''} ({_share(s['outliers'], s['count'])})" if s["outliers"] else ""
        total = f", total **{number(s['mean'] * s['count'])}**" if c.additive == "flow" else ""
        lines.append(f"- {code(c.name)}: mean **{number(s['mean'])}**, median **{number(s['median'])}**, from {number(s['min'])} to {number(s['max'])}, middle half {number(s['q25'])} to {number(s['q75'])}{total}{out}")
    if len(columns) > NUMBERS:
        lines.append(f"- … and {len(columns) - NUMBERS:,} more")
    note = "\n-# Outliers lie more than 1.5 interquartile ranges beyond the middle half." if any(c.stats["outliers"] for c in columns[:NUMBERS]) else ""
    return "**Numbers**\n" + "\n".join(lines) + note


def _categories(profile):
    columns = [c for c in profile.columns if (c.role in roles.CATEGORIES or c.groups and c.role != "part") and c.top]
    if not columns:
        return ""
    lines = []
    for c in columns[:CATEGORIES]:
        shown = ", ".join(f"{code(v, 30)} **{n:,}** ({_share(n, c.count)})" for v, n in c.top[:5])
        more = f", and {c.distinct - 5:,} more" if c.distinct > 5 else ""
        lines.append(f"- {code(c.name)} ({c.distinct:,}): {shown}{more}")
    if len(columns) > CATEGORIES:
        lines.append(f"- … and {len(columns) - CATEGORIES:,} more")
    return "**Categories**\n" + "\n".join(lines)


def _correlations(profile):
    columns, _ = profile.correlation_matrix
    if len(columns) < 2:
        return "**Correlations**: fewer than two columns of numbers to compare"
    if not profile.correlations:
        return "**Correlations**: none can be computed"
    shown = [p for i, p in enumerate(profile.correlations[:PAIRS]) if i < 3 or abs(p[2]) >= 0.2]
    lines = [f"- {code(a.name)} and {code(b.name)}: **{findings.signed(r)}**, {_strength(r)}" for a, b, r in shown]
    left = len(profile.correlations) - len(shown)
    if left:
        lines.append(f"- … and {left:,} weaker pair{'s' if left > 1 else ''}")
    which = []
    if profile.sample is not None:
        which.append(f"a sample of {len(profile.sample):,} rows")
    if len(columns) >= 100:
        which.append(f"the first {len(columns)} columns of numbers")
    return f"**Correlations** (Pearson{', of ' + ' and '.join(which) if which else ''})\n" + "\n".join(lines)


def _findings(profile):
    return "**What stands out**\n" + "\n".join(f"- {f}" for f in profile.findings) if profile.findings else ""


def _charts(profile, charts):
    if not charts:
        return f"**Charts**: none, there is too little to draw ({_shape(profile.rows, profile.width)})"
    return "**Charts**\n" + "\n".join(f"- {code(c.file, 90)}: {c.caption}" for c in charts)


_SECTIONS = {
    "columns": _columns,
    "numbers": _numbers,
    "categories": _categories,
    "correlations": _correlations,
    "findings": _findings,
}


def _escaped(name):
    return "".join("\\" + c if c in "*_~`|>\\" else c for c in name)


def _exact(c, x):
    return f"{x:,.0f}" if c.type == "integer" and abs(x) < 1e15 else number(x)


def _flat(value):
    try:
        return " ".join(str(value)[:200].split())
    except Exception:
        return f"<{type(value).__name__}>"


def _short(s, width=28):
    return s if len(s) <= width else s[: width - 1] + "…"


def _share(part, whole):
    return style.share(part / whole if whole else 0)


def _bytes(n):
    for unit in ("bytes", "KB", "MB"):
        if n < 1024 or unit == "MB":
            return f"{n:,.0f} {unit}" if unit == "bytes" or n >= 10 else f"{n:.1f} {unit}"
        n /= 1024
