"""From a table as people keep it to one that can be counted: totals left out,
years as columns made rows, one column for each indicator."""

import re

import numpy as np
import pandas as pd

from attache.analyze import words

_SEPARATORS = ";\t|,"
_YEAR = re.compile(r"(?:[xy]|yr_?|year_?)?((?:1[5-9]|20|21)\d\d)(?:\s*\[yr\d{4}\]|\.0)?", re.I)
_VARIABLE = frozenset("indicator variable metric measure series element item statistic parameter feature subject".split())
_MAX_MELTED = 20_000_000


def failed(frame):
    """A sentence where a table looks like a file that was read wrong, else None."""
    rows, width = frame.shape
    names = [str(c) for c in frame.columns]
    if 1 <= width <= 2:
        for name in names:
            for sep in _SEPARATORS:
                if name.count(sep) < (2 if sep == "," else 1) or rows < 2:
                    continue
                text = frame.iloc[:200, names.index(name)].dropna().astype(str)
                held = text.str.count(re.escape(sep))
                if sep != "," and name.count(sep) >= 2 or len(held) and (held == name.count(sep)).mean() > 0.8:
                    return _sentence(names, sep)
    if width == 1 and rows >= 5:
        text = frame.iloc[:200, 0].dropna().astype(str)
        for sep in ";\t|":
            held = text.str.count(re.escape(sep))
            if len(held) >= 5 and held.iloc[0] >= 2 and (held == held.iloc[0]).mean() > 0.9:
                return _sentence(names, sep)
    unnamed = [n for n in names if re.match(r"Unnamed: \d+$", n)]
    if width >= 4 and len(unnamed) > 0.6 * width:
        return (f"This looks like a table that was read wrong: {len(unnamed)} of its {width} columns have no name. "
                "The header may be in another row: try load_file(id, header=1), or skiprows=")  # fmt: skip
    return None


def _sentence(names, sep):
    sign = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}[sep]
    shown = ", ".join(repr(n if len(n) <= 60 else n[:59] + "…") for n in names)
    return (f"This looks like a table that was read wrong: its {len(names)} column{'s' * (len(names) != 1)} named {shown} hold{'s' * (len(names) == 1)} {sign}. "
            f"Try load_file(id, sep={sep!r}).")  # fmt: skip


def tidy(frame):
    """Return the table to count, and what was done to it: a sentence each."""
    from attache.loaders import dates

    notes = []
    frame = dates.convert(frame.copy(deep=False))  # of files whose kind keeps dates as text
    frame = _without_totals(frame, notes)
    frame = _melted(frame, notes)
    return frame, notes


def totals(frame):
    """Which rows are totals of others: a mask. Rows named so in a column of
    text; "All" and "World" only where the numbers say so too."""
    mask = np.zeros(len(frame), bool)
    if len(frame) < 3:
        return mask
    numbers = [i for i, d in enumerate(frame.dtypes) if pd.api.types.is_numeric_dtype(d) and not pd.api.types.is_bool_dtype(d)]
    if not numbers:
        return mask
    for i, dtype in enumerate(frame.dtypes):
        if not (dtype == object or str(dtype) in ("str", "string", "category")):
            continue
        column = frame.iloc[:, i]
        try:
            values = column.dropna().unique()
        except TypeError:  # lists and the like
            continue
        sure = [v for v in values if isinstance(v, str) and words.TOTAL.fullmatch(v.strip())]
        maybe = [v for v in values if isinstance(v, str) and v not in sure and words.MAYBE_TOTAL.fullmatch(v.strip())]
        if len(values) - len(sure) - len(maybe) < 1:
            continue
        if sure:
            hit = column.isin(sure).to_numpy(bool)
            if hit.mean() <= 0.5:
                mask |= hit
        for v in maybe:
            hit = (column == v).to_numpy(bool, na_value=False)
            if hit.mean() <= 0.5 and _adds_up(frame, hit, mask, i, numbers):
                mask |= hit
    return mask


def _adds_up(frame, hit, known, column, numbers):
    """Whether some rows have the sums of the others, in a measure that adds up."""
    others = ~hit & ~known
    for i in numbers:
        if not words.additive(str(frame.columns[i])):
            continue
        whole = frame.iloc[:, i][hit].to_numpy("float64", na_value=np.nan)
        parts = frame.iloc[:, i][others].to_numpy("float64", na_value=np.nan)
        a, b = np.nansum(whole), np.nansum(parts)
        if a > 0 and abs(a - b) <= 0.02 * a:
            return True
    return False


def _without_totals(frame, notes):
    mask = totals(frame)
    if not mask.any():
        return frame
    named = set()
    for i, dtype in enumerate(frame.dtypes):
        if dtype == object or str(dtype) in ("str", "string", "category"):
            named |= {v for v in frame.iloc[:, i][mask].dropna() if isinstance(v, str) and (words.TOTAL.fullmatch(v.strip()) or words.MAYBE_TOTAL.fullmatch(v.strip()))}
    n = int(mask.sum())
    notes.append(f"{n:,} row{'s' * (n != 1)} of totals ({', '.join(sorted(named)[:3])}) {'are' if n != 1 else 'is'} left out of the analysis.")
    return frame[~mask].reset_index(drop=True)


def _melted(frame, notes):
    """Years, months or quarters as columns become rows."""
    found = None
    for kind, read in (("year", _year), ("month", _month), ("date", _date)):
        at = {i: v for i, v in ((i, read(c)) for i, c in enumerate(frame.columns)) if v is not None}
        if len(at) >= (3 if kind != "month" else 6) and len(set(at.values())) == len(at) and all(_numeric(frame.iloc[:, i]) for i in at):
            found = kind, at
            break
    if found is None or len(frame) * len(found[1]) > _MAX_MELTED:
        return frame
    kind, at = found
    rest = [i for i in range(frame.shape[1]) if i not in at]
    if any(_numeric(frame.iloc[:, i]) and frame.iloc[:, i].dtype.kind == "f" for i in rest) and len(rest) > len(at):
        return frame
    if any(str(frame.columns[i]).strip().lower() == kind for i in rest):
        return frame
    names = [str(frame.columns[i]) for i in at]
    parts = []
    for i, v in at.items():
        part = frame.iloc[:, rest].copy()
        part[kind] = v
        part["\0value"] = frame.iloc[:, i].to_numpy()
        parts.append(part)
    long = pd.concat(parts, ignore_index=True)
    long = long[long["\0value"].notna()].reset_index(drop=True)
    # A column such as "Total" beside the years repeats them.
    drop = [c for c in long.columns[: len(rest)] if words.TOTAL.fullmatch(str(c).strip()) and _numeric(long[c])]
    long = long.drop(columns=drop)
    notes.append(f"The {len(at)} columns {names[0]} … {names[-1]} were made rows: one column `{kind}`, one of their values.")
    return _by_indicator(long, kind, notes)


def _by_indicator(long, kind, notes):
    """Values of several indicators get a column each; of one its name."""
    for c in list(long.columns):
        if not (isinstance(c, str) and set(words.of(c)) & _VARIABLE and "code" not in words.of(c)) or not (long[c].dtype == object or str(long[c].dtype) in ("str", "category")):
            continue
        values = long[c].dropna().unique()
        if len(values) == 1:
            return long.drop(columns=[c]).rename(columns={"\0value": str(values[0])})
        keys = [k for k in long.columns if k not in (c, "\0value") and not _of_indicator(long, k, c)]
        if 1 < len(values) <= 12 and not long.duplicated(keys + [c]).any():
            wide = long.pivot(index=keys, columns=c, values="\0value").reset_index()
            wide.columns.name = None
            notes.append(f"Each of the {len(values)} values of {c} became a column.")
            return wide
    return long.rename(columns={"\0value": "value" if "value" not in long.columns else "value of the " + kind})


def _of_indicator(long, k, c):
    """Whether a column says nothing but the indicator again, as its code does."""
    return isinstance(k, str) and "code" in words.of(k) and (long.groupby(c)[k].nunique() <= 1).all()


def _numeric(column):
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype) or column.isna().all()


def _year(name):
    m = _YEAR.fullmatch(str(name).strip())
    return int(m[1]) if m else None


def _month(name):
    text = str(name).strip().lower().rstrip(".")
    for i, month in enumerate(words.MONTHS):
        if len(text) >= 3 and (text == month or text == month[:3] or text == "sept" and i == 8):
            return i + 1
    return None


def _date(name):
    """The date that a column's name is: 2020-01, Jan 2020, Jan-20, 2020Q1, Q1 2020, 2020-01-31, 1/22/20."""
    text = str(name).strip()
    if isinstance(name, pd.Timestamp):
        return name
    m = re.fullmatch(r"(\d{4})[ -]?[Qq]([1-4])|[Qq]([1-4])[ -]?(\d{4})", text)
    if m:
        return pd.Timestamp(int(m[1] or m[4]), int(m[2] or m[3]) * 3 - 2, 1)
    for pattern, form in ((r"\d{4}-\d\d?", "%Y-%m"), (r"\d{4}[Mm]\d\d", "%YM%m"), (r"[A-Za-z]{3}[ -]\d{4}", "%b %Y"), (r"[A-Za-z]{4,9} \d{4}", "%B %Y"), (r"[A-Za-z]{3}[ -]\d\d", "%b %y"), (r"\d{4}-\d\d-\d\d", "%Y-%m-%d"), (r"\d\d?/\d\d?/\d\d", "%m/%d/%y"), (r"\d\d?/\d\d?/\d{4}", "%m/%d/%Y")):
        if re.fullmatch(pattern, text):
            try:
                return pd.to_datetime(text.replace("-", " ") if form.startswith("%b") else text.upper() if "M%m" in form else text, format=form)
            except ValueError:
                return None
    return None
