"""Columns of text that hold dates become dates; nothing else does."""

import re

_SAMPLE = 60  # values looked at before a whole column is parsed

_MONTH = r"(?:[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec)"
_MONTHS = r"(?:[Jj]anuary|[Ff]ebruary|[Mm]arch|[Aa]pril|[Mm]ay|[Jj]une|[Jj]uly|[Aa]ugust|[Ss]eptember|[Oo]ctober|[Nn]ovember|[Dd]ecember)"
_CLOCK = {  # pattern of the time of day: format
    r"\d\d?:\d\d": "%H:%M",
    r"\d\d?:\d\d:\d\d": "%H:%M:%S",
    r"\d\d?:\d\d:\d\d\.\d{1,6}": "%H:%M:%S.%f",
    r"\d\d?:\d\d [AaPp][Mm]": "%I:%M %p",
    r"\d\d?:\d\d[AaPp][Mm]": "%I:%M%p",
    r"\d\d?:\d\d:\d\d [AaPp][Mm]": "%I:%M:%S %p",
}
_CLOCKS = {"": "", **{sep + p: sep + f for sep in (" ", ", ") for p, f in _CLOCK.items()}}
_DAY = {  # pattern of the day: formats, the first is taken unless the values speak against it
    r"\d{4}/\d\d?/\d\d?": ("%Y/%m/%d",),
    r"\d{4}\.\d\d?\.\d\d?": ("%Y.%m.%d",),
    r"\d\d?/\d\d?/\d{4}": ("%m/%d/%Y", "%d/%m/%Y"),
    r"\d\d?/\d\d?/\d\d": ("%m/%d/%y", "%d/%m/%y"),
    r"\d\d?\.\d\d?\.\d{4}": ("%d.%m.%Y",),
    r"\d\d\.\d\d\.\d\d": ("%d.%m.%y",),
    r"\d\d?-\d\d?-\d{4}": ("%d-%m-%Y", "%m-%d-%Y"),
    rf"\d\d?-{_MONTH}-\d{{4}}": ("%d-%b-%Y",),
    rf"\d\d?-{_MONTH}-\d\d": ("%d-%b-%y",),
    rf"\d\d? {_MONTH} \d{{4}}": ("%d %b %Y",),
    rf"\d\d? {_MONTHS} \d{{4}}": ("%d %B %Y",),
    rf"{_MONTH} \d\d? \d{{4}}": ("%b %d %Y",),
    rf"{_MONTH} \d\d?, \d{{4}}": ("%b %d, %Y",),
    rf"{_MONTHS} \d\d?, \d{{4}}": ("%B %d, %Y",),
    rf"{_MONTH} \d{{4}}": ("%b %Y",),
    rf"{_MONTH}-\d{{4}}": ("%b-%Y",),
    rf"{_MONTHS} \d{{4}}": ("%B %Y",),
}
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?Z| ?[+-]\d\d(?::?\d\d)?)?)?")
_MONTH_ONLY = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])")
_MAYBE = re.compile(rf"\d{{1,4}}[-/.]\d\d?|\d\d?[ -]{_MONTH}|{_MONTH}")


def convert(frame, day_first=False):
    """Turn the columns of text in which every value is a date into dates, in place.

    A column is left as it is when one value is none. 03/04/2024 is month
    first unless a value of the column, the order of the rows or day_first
    says otherwise.
    """
    for i, dtype in enumerate(frame.dtypes):
        if _textual(dtype):
            column = frame.iloc[:, i]
            parsed = parse(column, day_first)
            if parsed is not None:
                frame.isetitem(i, parsed)
    return frame


def parse(column, day_first=False):
    """Return a column of text as datetimes, or None when it does not hold dates."""
    first = column.iloc[:_SAMPLE].dropna()
    if first.empty:
        if len(column) <= _SAMPLE:
            return None
        first = column.dropna().iloc[:_SAMPLE]
    values = first.tolist()
    if not values or not all(isinstance(v, str) and len(v) <= 40 and _MAYBE.match(v) for v in values[:5]):
        return None
    values += column.iloc[:: max(1, len(column) // _SAMPLE)].dropna().tolist()
    values = [v.strip() if isinstance(v, str) else "" for v in values]
    results = {f: _parse(column, f) for f in _formats(values)}
    return _choose({f: c for f, c in results.items() if c is not None}, day_first)


def _textual(dtype):
    return dtype == object or str(dtype) in ("str", "string")


def _formats(values):
    """Return the formats in which all values may be written, the usual one first."""
    if all(map(_ISO.fullmatch, values)):
        return ("ISO8601",)
    if all(map(_MONTH_ONLY.fullmatch, values)):
        return ("%Y-%m",)
    for day, formats in _DAY.items():
        if re.match(day, values[0]):
            for clock, clock_format in _CLOCKS.items():
                pattern = re.compile(day + clock)
                if all(map(pattern.fullmatch, values)):
                    return tuple(f + clock_format for f in formats)
    return ()


def _parse(column, format):
    import pandas as pd

    if format == "ISO8601":
        fast = _cast(column)
        if fast is not None:
            return fast
    for utc in (False, True):  # several offsets in one column need UTC
        try:
            return pd.to_datetime(column, format=format, utc=utc)
        except (ValueError, OverflowError, TypeError):
            if format != "ISO8601":
                break
    return None


def _cast(column):
    """Dates without a zone, by Arrow, which is several times as fast; None
    when there is anything else."""
    import pandas as pd
    import pyarrow as pa

    try:
        values = pa.array(column, from_pandas=True).cast(pa.timestamp("us")).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None
    return pd.Series(values.copy(), index=column.index, name=column.name)  # Arrow's own memory is read-only


def _choose(results, day_first):
    """Choose among the readings {format: column}: rows that are in order tell, else the habit."""
    if len(results) > 1:
        ordered = [f for f, c in results.items() if _ordered(c)]
        if len(ordered) == 1:
            return results[ordered[0]]
        if day_first:
            return next(c for f, c in results.items() if f.startswith("%d"))
    return next(iter(results.values()), None)


def _ordered(column):
    column = column.dropna()
    return column.is_monotonic_increasing or column.is_monotonic_decreasing
