"""The report as text, aligned for a fixed-width font."""

import unicodedata

import pandas as pd

from attache.analyze.findings import number
from attache.analyze.profile import day

SHOWN = 40  # columns of the table that are listed; the rest is counted
NUMBERS, CATEGORIES, PAIRS = 25, 15, 8
_ROLE = {"year": "year", "id": "id", "empty": "empty", "category": "category"}


def text(table, profile, parts, charts):
    """Return the report with the sections that are asked for."""
    sections = [_head(table, profile)]
    for part in parts:
        section = _SECTIONS[part](profile) if part != "charts" else None
        if section:
            sections.append(section)
    if "charts" in parts or charts:
        sections.append(_charts(profile, charts))
    return "\n\n".join(sections)


def shape(profile):
    """"1,461 rows × 6 columns"."""
    rows, width = profile.rows, profile.width
    return f"{rows:,} row{'s' * (rows != 1)} × {width:,} column{'s' * (width != 1)}"


def _head(table, profile):
    size = f", {_bytes(table.size)}" if table.size is not None else ""
    lines = [f"{table.name}: {shape(profile)} ({table.kind}{size})"]
    if profile.date_range:
        r = profile.date_range
        rhythm = _rhythm(profile)
        lines.append(f"Date range: {r['start']} to {r['end']} ({r['column']}{'; ' + rhythm if rhythm else ''})")
    total = sum(profile.missing.values())
    if total:
        worst = sorted(profile.missing.items(), key=lambda m: -m[1])
        names = ", ".join(f"{_short(n)} {k:,}" for n, k in worst[:5]) + (f", and {len(worst) - 5} more" if len(worst) > 5 else "")
        lines.append(f"Missing values: {total:,} of {profile.rows * profile.width:,} ({_share(total, profile.rows * profile.width)}): {names}")
    else:
        lines.append("Missing values: none")
    lines.append(f"Duplicate rows: {profile.duplicates:,}" if profile.duplicates else "Duplicate rows: none")
    return "\n".join(lines + list(table.notes))


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
            gaps = round(span) + 1 - len(values)
            return f"{name}, {gaps:,} {unit} missing" if gaps > 0 and gaps > 0.002 * span else f"{name}, without gaps"
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
    rows = [
        (str(c.position + 1), _short(c.name), _ROLE.get(c.role, c.type), f"{c.missing:,}", "" if c.distinct is None else f"{c.distinct:,}", _values(c))
        for c in profile.columns[:SHOWN]
    ]
    out = "Columns\n" + _align([("#", "column", "type", "missing", "distinct", "values"), *rows], "rllrrl")
    left = profile.width - SHOWN
    return out + (f"\n  … and {left:,} more columns" if left > 0 else "")


def _values(c):
    if c.role == "empty":
        return ""
    if c.type == "date":
        return f"{day(c.range[0])} … {day(c.range[1])}"
    if c.role == "year":
        return f"{c.series.min():.0f} … {c.series.max():.0f}"
    if c.type == "duration":
        return f"{c.series.min()} … {c.series.max()}"
    if c.type in ("integer", "number") and c.role != "id" and c.stats:
        return f"{_exact(c, c.stats['min'])} … {_exact(c, c.stats['max'])}, mean {number(c.stats['mean'])}"
    if c.role in ("category", "boolean"):
        shown = ", ".join(f"{_short(str(v), 20)} {n:,}" for v, n in c.top[:4])
        return shown + (", …" if c.distinct > 4 else "")
    first = c.series.dropna().iloc[:3]
    return "e.g. " + ", ".join(_short(_flat(v), 24) for v in first)


def _numbers(profile):
    columns = [c for c in profile.of("number") if c.stats]
    if not columns:
        return ""
    head = ("column", "count", "mean", "std", "min", "25%", "median", "75%", "max", "outliers")
    rows = []
    for c in columns[:NUMBERS]:
        s = c.stats
        out = "–" if s["outliers"] is None else f"{s['outliers']:,}" + (f" ({_share(s['outliers'], s['count'])})" if s["outliers"] else "")
        rows.append((_short(c.name), f"{s['count']:,}", *(number(s[k]) for k in ("mean", "std", "min", "q25", "median", "q75", "max")), out))
    table = "Numbers\n" + _align([head, *rows], "l" + "r" * 9)
    if len(columns) > NUMBERS:
        table += f"\n  … and {len(columns) - NUMBERS:,} more"
    return table + "\n  outliers: more than 1.5 interquartile ranges beyond the middle half; – where half of the values are equal"


def _categories(profile):
    columns = [c for c in profile.of("category", "boolean") if c.top]
    if not columns:
        return ""
    lines = []
    for c in columns[:CATEGORIES]:
        shown = ", ".join(f"{_short(str(v), 30)} {n:,} ({_share(n, c.count)})" for v, n in c.top[:6])
        more = f", and {c.distinct - 6:,} more" if c.distinct > 6 else ""
        lines.append(f"  {_short(c.name)} ({c.distinct:,}): {shown}{more}")
    if len(columns) > CATEGORIES:
        lines.append(f"  … and {len(columns) - CATEGORIES:,} more")
    return "Categories\n" + "\n".join(lines)


def _correlations(profile):
    columns, _ = profile.correlation_matrix
    if len(columns) < 2:
        return "Correlations: fewer than two columns of numbers to compare"
    if not profile.correlations:
        return "Correlations: none can be computed"
    shown = [p for i, p in enumerate(profile.correlations[:PAIRS]) if i < 3 or abs(p[2]) >= 0.2]
    rows = [(f"{_short(a.name)} ~ {_short(b.name)}", f"{r:+.2f}", _strength(r)) for a, b, r in shown]
    left = len(profile.correlations) - len(shown)
    more = f"\n  … and {left:,} weaker pair{'s' if left > 1 else ''}" if left else ""
    which = []
    if profile.sample is not None:
        which.append(f"a sample of {len(profile.sample):,} rows")
    if len(profile.of("number", "year")) > len(columns) >= 100:
        which.append(f"the first {len(columns)} columns of numbers")
    return f"Correlations (Pearson{', of ' + ' and '.join(which) if which else ''})\n" + _align(rows, "lrl") + more


def _findings(profile):
    return "What stands out\n" + "\n".join(f"  - {f}" for f in profile.findings) if profile.findings else ""


def _charts(profile, charts):
    if not charts:
        return f"Charts: none, there is too little to draw ({shape(profile)})"
    from attache.analyze import style

    width = max(len(c.file) for c in charts)
    lines = [f"  {c.file.ljust(width)}  {c.caption}" for c in charts]
    unwritable = [f"column {c.position + 1} is {_short(c.name)}" for c in profile.columns if not style.writable(c.name)]
    if unwritable:
        lines.append(f"  No font here can write some names; in the charts {', '.join(unwritable[:10])}.")
    return "Charts\n" + "\n".join(lines)


_SECTIONS = {
    "columns": _columns,
    "numbers": _numbers,
    "categories": _categories,
    "correlations": _correlations,
    "findings": _findings,
}


def _strength(r):
    size = abs(r)
    word = "very strong" if size >= 0.9 else "strong" if size >= 0.7 else "moderate" if size >= 0.4 else "weak" if size >= 0.2 else "negligible"
    return word


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
    share = part / whole if whole else 0
    return "<0.1%" if 0 < share < 0.001 else f"{share:.1%}"


def _bytes(n):
    for unit in ("bytes", "KB", "MB"):
        if n < 1024 or unit == "MB":
            return f"{n:,.0f} {unit}" if unit == "bytes" or n >= 10 else f"{n:.1f} {unit}"
        n /= 1024


def _width(s):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in s)


def _align(rows, sides):
    widths = [max(_width(r[i]) for r in rows) for i in range(len(sides))]
    lines = []
    for row in rows:
        cells = [" " * (w - _width(v)) + v if side == "r" else v + " " * (w - _width(v)) for v, w, side in zip(row, widths, sides)]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines)
