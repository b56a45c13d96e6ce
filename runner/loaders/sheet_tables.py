"""The tables in the cells of a sheet: where they are, their headers, their types."""

import datetime
import math
import re

from attache.loaders import below, dates, forms, headers, look, numbers, padding, totals
from attache.loaders.numbers import MARKS
from attache.loaders.source import note

_LOOK = 300  # rows in which a header is looked for


def frames(file, sheet, cells, first=dates.EXCEL):
    """Return the tables of a sheet, given as a DataFrame of cells; at least one, which may be empty. first is its day 0."""
    import pandas as pd

    rows = [[None if _blank(v) else _without_gaps(v) for v in r] for r in cells.itertuples(index=False, name=None)]
    parts = [part for block in _beside(rows) for part in _below(block)]
    if not parts:
        return [pd.DataFrame()]
    return [_frame(file, sheet, part, first) for part in parts]


def _blank(value):
    return value is None or value == "" or isinstance(value, float) and math.isnan(value) or value != value


def _without_gaps(value):
    """A text that the reader took a letter of two bytes for two of, as in some old .xls."""
    if not isinstance(value, str) or "\0" not in value or len(value) % 2 or value[1::2].strip("\0") or "\0" in value[::2]:
        return value
    return value[::2]


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _beside(rows):
    """Tables that stand side by side, with a blank column between them, each with a header of its own."""
    if not rows:
        return []
    width = max(map(len, rows))
    filled = [any(r[i] is not None for r in rows) for i in range(width)]
    groups, group = [], []
    for i in range(width):
        if filled[i]:
            group.append(i)
        elif group:
            groups.append(group)
            group = []
    groups += [group] if group else []
    blocks = [[[r[i] for i in g] for r in rows] for g in groups]
    if len(groups) > 1 and all(len(g) > 1 and _headed(b) for g, b in zip(groups, blocks)):
        return blocks
    first = next((i for i in range(width) if filled[i]), None)
    if first is None:
        return []
    last = max(i for i in range(width) if filled[i])
    return [[r[first : last + 1] for r in rows]]


def _headed(block):
    filled = [r for r in block if sum(v is not None for v in r) > 1]
    return len(filled) > 1 and all(isinstance(v, str) for v in filled[0] if v is not None) and None not in filled[0] and any(not isinstance(v, str) for v in filled[1] if v is not None)


def _below(block):
    """Tables that follow one another."""
    texts = [[text(v) for v in r] for r in block]
    if not any(map(any, texts)):
        return []
    found = headers.tables(texts)
    return [block[a:b] for a, b in found] or [block]


def _frame(file, sheet, rows, first):
    import pandas as pd

    while rows and all(v is None for v in rows[-1]):
        rows.pop()
    keep = [i for i in range(len(rows[0])) if any(r[i] is not None for r in rows)]
    rows = [[r[i] for i in keep] for r in rows]
    texts = [[text(v) for v in r] for r in rows[:_LOOK]]
    width = len(keep)
    blank = next(i for i, r in enumerate(rows) if any(v is not None for v in r))
    head = headers.find(texts[blank:], width)
    named = _nothing_below(texts) if len(rows) <= _LOOK else None
    if named is not None:
        head = headers.Header(named - blank)
    skip = blank + head.skip
    if head.rows == 1 and _begins_with_days(rows[skip:]):
        head = headers.Header(head.skip, 0)
    if width == 1:
        head = headers.Header(0, 0 if _no_name(rows[blank:]) else 1)
    if head.rows == 0:
        note(f"{file}: the sheet {sheet!r} has no header; its columns are numbered.")
    if head.skip:
        above = " ".join(c for r in texts[blank:skip] for c in r if c)[:60]
        note(f"{file}: in the sheet {sheet!r} the table begins in row {skip + 1}; what stands above was left out: {above}")
    if head.units:
        note(f"{file}: in the sheet {sheet!r} the row below the header was taken for units: {', '.join(f'{n} in {u}' for n, u in head.units.items())}.")
    elif head.rows > 1:
        note(f"{file}: the header of the sheet {sheet!r} has {head.rows} rows, which were joined.")
    body = rows[skip + head.rows :]
    names = _names(head, rows[skip] if head.rows else [None] * width, width)
    if head.rows:
        look.tell_twice(file, head.names or rows[skip])
    notes = below.count([[text(v) for v in r] for r in body[-80:]], width) if width > 1 else 0
    if notes:
        said = " · ".join(" ".join(filter(None, map(text, r))) for r in body[-notes:] if any(v is not None for v in r))
        note(f"{file}: in the sheet {sheet!r} what stands below the table was left out: {said[:100]}")
        body = body[:-notes]
        while body and all(v is None for v in body[-1]):
            body.pop()
    if named is not None:
        note(f"{file}: the sheet {sheet!r} has no rows; below its header it says: {max(texts[-1]).strip()}")
        body = []
    if head.skip or body and not any(v is not None for v in body[0]):
        body = [r for r in body if any(v is not None for v in r)]
    frame = pd.DataFrame({i: _column([r[i] for r in body], file, names[i], first) for i in range(width)}, index=range(len(body)))
    frame.columns = names
    before, kinds = totals.rows(frame), list(frame.dtypes)
    dates.convert(frame, None, file, first)
    padding.remove(frame, file)
    totals.tell(frame, file, before, list(frame.dtypes) == kinds)
    return frame


def _nothing_below(texts):
    """The row of names where the last row says that there are none below it; else None."""
    last = [c.strip() for c in texts[-1]]
    if len(texts) < 2 or sum(map(bool, last)) != 1 or not below.NOTHING.fullmatch(max(last)):
        return None
    names = [c.strip() for c in texts[-2] if c.strip()]
    return len(texts) - 2 if len(names) > 1 and all(map(headers.is_name, names)) else None


def _begins_with_days(rows):
    """Whether the first row has days and no text, and in the columns of the days stand no numbers or texts below."""
    first = rows[0]
    days = [i for i, v in enumerate(first) if v is not None and _kind(v) == "date"]
    return bool(days) and not any(isinstance(v, str) for v in first) and not any(r[i] is not None and _kind(r[i]) in ("number", "text", "bool") for r in rows[1:] for i in days)


def _no_name(rows):
    """Whether a single column has only numbers, or only days."""
    if _kind(rows[0][0]) == "date":
        return len(rows) > 1 and all(_kind(r[0]) == "date" for r in rows if r[0] is not None)
    return isinstance(rows[0][0], (int, float)) and all(isinstance(r[0], (int, float)) for r in rows if r[0] is not None) and not 1800 <= rows[0][0] <= 2200


def _names(head, row, width):
    if head.rows == 0:
        return list(range(width))
    names = head.names or [v.strip() if isinstance(v, str) else int(v) if isinstance(v, float) and v.is_integer() else v for v in row]
    seen, out = {}, []
    for i, n in enumerate(names):
        n = f"Unnamed: {i}" if n is None or n == "" else n
        k = seen.get(n, 0)
        seen[n] = k + 1
        out.append(f"{n}.{k}" if k else n)
    return out


def _column(values, file, name, first):
    """A column of the type that its cells have. Texts stay texts, but for the marks of missing numbers."""
    import pandas as pd

    known = [v for v in values if v is not None]
    if not known:
        return pd.Series(values, dtype="float64" if values else object)
    kinds = {_kind(v) for v in known}
    if kinds == {"bool"}:
        return pd.Series(values, dtype="bool" if len(known) == len(values) else "boolean")
    if kinds == {"number"}:
        return _numbers(values)
    if kinds == {"text"}:
        values = [None if v is not None and v.strip().lower() in ("#n/a", "nan", "n/a", "null", "<na>") else v for v in values]
        read = numbers.read(pd.Series(values, dtype="str"))
        if read and any("missing" not in line for line in read[1]):
            for line in read[1]:
                note(f"{file}: {name}: {line}.")
            return read[0]
        grouped = next((v for v in values if read and v and re.search(r"\d[,.'\u00a0\u202f ]\d{3}(?:\D|$)", v) and not re.fullmatch(r"\d+\.\d+", v)), "")
        plain = [v.strip() for v in known if v.strip().lower() not in MARKS]
        if read and not grouped and all(re.fullmatch(r"[-+]?\d+,\d+", v) for v in plain):  # 0,50; but 1,3 may be two answers
            grouped = next((v for v in plain if re.search(r",\d\d", v)), "")
        if grouped:
            note(f"{file}: {name}: texts such as {grouped} were read as numbers.")
            return read[0]
        return pd.Series(values, dtype="str")
    if kinds == {"date"}:
        return _dates(values)
    if any(isinstance(v, datetime.timedelta) for v in known) and all(isinstance(v, (datetime.timedelta, datetime.time)) for v in known):
        values = [_since_midnight(v) if isinstance(v, datetime.time) else v for v in values]
        return pd.Series(pd.to_timedelta(values))
    if kinds == {"number", "date"} and dates.named(str(name)):
        serials = [v for v in known if _kind(v) == "number"]
        if all(10_000 < v < 80_000 and float(v).is_integer() for v in serials):
            note(f"{file}: {name}: {len(serials):,} number(s) among dates were read as days, from {serials[0]:g} as {first + datetime.timedelta(days=int(serials[0])):%Y-%m-%d}.")
            return _dates([first + datetime.timedelta(days=int(v)) if v is not None and _kind(v) == "number" else v for v in values])
    if kinds in ({"number", "text"}, {"date", "text"}, {"bool", "text"}):
        words = [v for v in known if _kind(v) == "text"]
        if all(v.strip().lower() in MARKS for v in words) and len(words) <= 0.7 * len(known):
            values = [None if isinstance(v, str) else v for v in values]
            shown = ", ".join(repr(v) for v in sorted(set(words))[:4])
            if not all(v.strip().lower() in forms.MARKS and v.strip().lower().strip("#") in ("n/a", "na", "nan", "null", "") for v in words):
                note(f"{file}: {name}: {len(words):,} value(s) {shown} were read as missing.")
            if "bool" in kinds:
                return pd.Series(values, dtype="boolean")
            return _numbers(values) if "number" in kinds else _dates(values)
    if kinds == {"number", "text"} and not any(re.match(r"\s*([-+]?0\d|\(\d+,\d\d?\)$)", v) for v in known if isinstance(v, str)):  # (30,2) is a length and its decimals
        read = numbers.read(pd.Series([None if v is None else text(v) for v in values], dtype="str"), ".")
        if read and all(numbers.read(pd.Series([v], dtype="str")) for v in known if isinstance(v, str) and v.strip().lower() not in MARKS):
            words = [v for v in known if isinstance(v, str)]
            note(f"{file}: {name}: {len(words):,} text(s) among numbers were read as numbers ({', '.join(map(repr, words[:3]))}).")
            return read[0]
    if kinds == {"number", "text"} and all(re.fullmatch(r"[-+\d. ]+", v) for v in known if isinstance(v, str)):
        return pd.Series([None if v is None else text(v) for v in values], dtype="str")  # digits that are names, some of which were typed as numbers
    if kinds == {"date", "text"}:
        texts = pd.Series([v if isinstance(v, str) else None for v in values], dtype="str")
        read = dates.certain(texts)
        if read is not None and read.notna().sum() == texts.notna().sum():
            note(f"{file}: {name}: {int(texts.notna().sum()):,} text(s) among dates were read as dates ({', '.join(map(repr, texts.dropna()[:3]))}).")
            return _dates([read[i].to_pydatetime() if isinstance(v, str) else v for i, v in enumerate(values)])
    return pd.Series([int(v) if isinstance(v, float) and v.is_integer() and abs(v) < 2**53 else v for v in values], dtype=object)


def _since_midnight(time):
    return datetime.datetime.combine(datetime.date.min, time) - datetime.datetime.min


def _kind(value):
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (datetime.datetime, datetime.date)):
        return "date"
    return "other"


def _numbers(values):
    import pandas as pd

    if all(v is not None and float(v).is_integer() and abs(v) < 2**63 for v in values):
        return pd.Series([int(v) for v in values], dtype="int64")
    return pd.Series([math.nan if v is None else float(v) for v in values], dtype="float64")


def _dates(values):
    import pandas as pd

    try:
        return pd.to_datetime(pd.Series(values, dtype=object))
    except (ValueError, OverflowError, TypeError):
        return pd.Series(values, dtype=object)
