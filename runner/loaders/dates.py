"""Columns that hold dates become dates, in one order for a whole table; nothing else does."""

import datetime
import re

from attache.loaders import datewords, forms
from attache.loaders.numbers import MARKS
from attache.loaders.source import note

_SAMPLE = 60  # values looked at before a whole column is parsed
_FEW = 0.05  # of the values that may be no dates, and become missing; one of ten or more

_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?:" + "|".join(_ENGLISH) + ")"
_MONTHS = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_WEEKDAY = r"(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(?:day|nesday|sday|rsday|urday)?"
_CLOCK = {  # pattern of the time of day: format
    r"\d\d?:\d\d": "%H:%M",
    r"\d\d?:\d\d:\d\d": "%H:%M:%S",
    r"\d\d?:\d\d:\d\d\.\d{1,6}": "%H:%M:%S.%f",
    r"\d\d?:\d\d:\d\d[+-]\d\d:\d\d": "%H:%M:%S%z",
    r"\d\d?:\d\d:\d\d\.\d{1,6}[+-]\d\d:\d\d": "%H:%M:%S.%f%z",
    r"\d\d?:\d\d [AaPp][Mm]": "%I:%M %p",
    r"\d\d?:\d\d[AaPp][Mm]": "%I:%M%p",
    r"\d\d?:\d\d:\d\d [AaPp][Mm]": "%I:%M:%S %p",
    r"\d\d?:\d\d:\d\d[AaPp][Mm]": "%I:%M:%S%p",
    r"\d\d?:\d\d:\d\d\.\d{1,6} [AaPp][Mm]": "%I:%M:%S.%f %p",
    r"\d\d?:\d\d?:\d\d?:\d{3}": "%H:%M:%S:%f",
}
_CLOCKS = {"": "", **{":" + p: ":" + f for p, f in list(_CLOCK.items())[1:3]}, **{sep + p: sep + f for sep in (" ", ", ", "T", "-", ";") for p, f in _CLOCK.items()}}
_SHORT = r"\d\d?\.\d\d?\.\d\d"  # a day, or a version
_EIGHT = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"  # with a time behind it; alone it may be a number
MONTH_POINTED = r"(?:19|20)\d\d\.(?:0[1-9]|1[0-2])"
_DAY = {  # pattern of the day: formats, the first is taken unless the values speak against it
    r"\d{4}-\d\d?-\d\d?": ("%Y-%m-%d",),
    r"\d{4}/\d\d?/\d\d?": ("%Y/%m/%d",),
    r"\d{4}\.\d\d?\.\d\d?": ("%Y.%m.%d",),
    r"\d\d?/\d\d?/\d{4}": ("%m/%d/%Y", "%d/%m/%Y"),
    r"\d\d?/\d\d?/\d\d": ("%m/%d/%y", "%d/%m/%y"),
    r"\d\d?\.\d\d?\.\d{4}": ("%d.%m.%Y", "%m.%d.%Y"),
    r"\d\d\.\d\d\.\d\d": ("%d.%m.%y",),
    _SHORT: ("%d.%m.%y",),
    r"\d\d?-\d\d?-\d{4}": ("%d-%m-%Y", "%m-%d-%Y"),
    r"\d\d-\d\d-\d\d": ("%d-%m-%y", "%m-%d-%y", "%y-%m-%d"),
    _EIGHT: ("%Y%m%d",),
    rf"\d\d?-{_MONTH}-\d{{4}}": ("%d-%b-%Y",),
    rf"\d\d?-{_MONTH}-\d\d": ("%d-%b-%y",),
    rf"\d\d?/{_MONTH}/\d{{4}}": ("%d/%b/%Y",),
    rf"\d\d?{_MONTH}\d{{4}}": ("%d%b%Y",),
    rf"\d\d? {_MONTH} \d{{4}}": ("%d %b %Y",),
    rf"\d\d? {_MONTH} \d\d": ("%d %b %y",),
    rf"\d\d? {_MONTHS} \d{{4}}": ("%d %B %Y",),
    rf"\d\d? {_MONTHS}, \d{{4}}": ("%d %B, %Y",),
    rf"{_MONTH} \d\d? \d{{4}}": ("%b %d %Y",),
    rf"{_MONTH} \d\d?, \d{{4}}": ("%b %d, %Y",),
    rf"{_MONTH}\. \d\d?, \d{{4}}": ("%b. %d, %Y",),
    rf"{_MONTHS} \d\d?, \d{{4}}": ("%B %d, %Y",),
    rf"{_MONTHS} \d\d? \d{{4}}": ("%B %d %Y",),
    rf"{_MONTH} \d{{4}}": ("%b %Y",),
    rf"{_MONTH}-\d{{4}}": ("%b-%Y",),
    rf"{_MONTH}-\d\d": ("%b-%y",),
    rf"{_MONTH} \d\d": ("%b %y",),
    rf"{_MONTH}'\d\d": ("%b'%y",),
    rf"\d\d-{_MONTH}": ("%y-%b",),
    rf"\d{{4}}-{_MONTH}": ("%Y-%b",),
    rf"\d{{4}}-{_MONTH}-\d\d?": ("%Y-%b-%d",),
    rf"\d{{4}} {_MONTH}": ("%Y %b",),
    rf"{_MONTHS} \d{{4}}": ("%B %Y",),
    rf"{_MONTHS}-\d{{4}}": ("%B-%Y",),
    r"(?:0?[1-9]|1[0-2])/(?:19|20)\d\d": ("%m/%Y",),
    r"(?:19|20)\d\d/(?:0[1-9]|1[0-2])": ("%Y/%m",),
    r"(?:19|20)\d\dM(?:0[1-9]|1[0-2])": ("%YM%m",),  # of Eurostat and the World Bank
    r"(?:19|20)\d\d-M(?:0[1-9]|1[0-2])": ("%Y-M%m",),
    MONTH_POINTED: ("%Y.%m",),
}
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?Z| ?[+-]\d\d(?::?\d\d)?)?)?")
_MONTH_ONLY = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])")
_QUARTER = re.compile(r"(?:((?:18|19|20)\d\d)[- ]?Q([1-4])|Q([1-4])[- /]?((?:18|19|20)\d\d))", re.I)
_RFC = re.compile(rf"{_WEEKDAY},? \d\d? {_MONTH} \d{{4}}(?: \d\d:\d\d(?::\d\d)?(?: (?:[+-]\d{{4}}|GMT|UTC|UT|Z))?)?", re.I)
_CTIME = re.compile(rf"{_WEEKDAY} {_MONTH} [ \d]?\d \d\d:\d\d:\d\d(?: (?:[+-]\d{{4}}|[A-Z]{{3,4}}))? \d{{4}}", re.I)
_LOG = re.compile(rf"\[?\d\d?/{_MONTH}/\d{{4}}:\d\d:\d\d:\d\d(?: [+-]\d{{4}})?\]?", re.I)
_NET = re.compile(r"\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/")
_BASIC = re.compile(r"\d{8}[T _-]\d{6}(?:Z|[+-]\d{4})?")
_COLON = re.compile(rf"{_EIGHT}:\d{{4}}(?:\d\d)?")  # 20180101:0030, of PVGIS
_DB2 = re.compile(r"\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d(?:\.\d{1,12})?")  # 2005-06-03-15.42.50.675872
_QUARTER_SHORT = re.compile(r"(?:Q([1-4])|([1-4])Q)[- /]?'?((?:19|20)\d\d|\d\d)", re.I)
_NO_DATE = MARKS | {"0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00.00.0000", "infinity", "-infinity"}
_NAMED_DAY = re.compile(rf"{_WEEKDAY},? (?=\S)", re.I)
_COMPACT = re.compile(r"(?:18|19|20|21)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6})?")
_WEEK = re.compile(r"((?:19|20)\d\d)-?W(\d\d)(?:-?([1-7]))?", re.I)
_MAYBE = re.compile(r"\\?/Date\(|\d{8}[T _:-]\d|[1-4]Q|\d{1,4}[-/.]\d\d?|\d\d?[ -./]?[^\W\d_]{3}|[^\W\d_]{3}|\d{4}[- ]?[QW]|\d{4}-?M\d\d|Q[1-4]|\d{4}[- ][a-z]{3}|\[\d|\d{8}(?:\d{6})?$", re.I)
_DATE_NAME = re.compile(
    r"(?:^|[^a-z])(?:date|datum|fecha|data|dato|day|dt|time|timestamp|datetime|ts|epoch|unixtime|when|login|seen|expires|published|registered|joined|fecha|zeit|heure|hora|posted|born|birthday|dob|start|started|stop|stopped|end|ended|begin|began|finish|finished|updated|modified|created|since|until|valid|effective|expiry|maturity|due|hired|admitted|discharged)(?:$|[^a-z])"
    r"|(?:date|time|stamp|_at|_on|_ts)$|^(?:date|time|ts|epoch)|日期|日付|날짜|(?:^|[^а-я])дата(?:$|[^а-я])",
    re.I,
)
MONTH_NAME = re.compile(r"(?:^|[^a-z])(?:month|period|yearmonth|year_month|yyyymm|monat|mois|mes|mese|maand)(?:$|[^a-z])", re.I)
_NUMBER_NAME = re.compile(r"(?:^|[^a-z])(?:id|ids|no|nr|num|number|code|key|zip|sku|ref|amount|value|total|count|price|sales|revenue|population)(?:$|[^a-z])|id$", re.I)  # with other eight digits than dates
_NEVER = (0, 99991231, 99999999, 99991231235959)
EXCEL = datetime.datetime(1899, 12, 30)  # day 0 of a workbook that does not count from 1904
_SERIAL_NAME = re.compile(r"(?:^|[^a-z])(?:date|datum|fecha)|(?:date|datum)$", re.I)


def convert(frame, day_first=None, name="", first=EXCEL):
    """Turn the columns that hold dates into dates, in place. Numbers may be days since the first one.

    A few values that are none become missing, which is said under the name of the
    file. 03/04/2024 is read in the order that a column of the table proves, else that
    the order of its rows shows, else as day_first says, else month first, or day first
    in 03-04-2024, and it is said that this is a guess.
    """
    import pandas as pd

    found, orders = {}, []
    for i, dtype in enumerate(frame.dtypes):
        column = frame.iloc[:, i]
        if _textual(dtype):
            usual = forms.usual_digits(column)
            era, other = _of_another_era(column if usual is None else usual, column, str(frame.columns[i]))
            if era and other is None:
                if name:
                    note(f"{name}: {frame.columns[i]}: years of {era} were left as text, such as {column.dropna().iloc[0]}.")
                continue
            results = _readings(other) if era else {}
            if results and name:
                note(f"{name}: {frame.columns[i]}: years of {era} were read as those of the common one, from {column.dropna().iloc[0]} as {next(iter(results.values())).dropna().iloc[0]:%Y-%m-%d}.")
            results = results or _readings(column) or _readings(_without_marks(column))
            results = _readings(usual) if not results and usual is not None else results
            if results and name and next(iter(results)).startswith("%Y") and re.match(r"%Y.%d.%m", next(iter(results))):
                note(f"{name}: {frame.columns[i]}: {column.dropna().iloc[0]} was read with the day before the month, as the values show.")
            serial = None if results else _serials(column, str(frame.columns[i]), first)
            if serial is not None:
                if name:
                    note(f"{name}: {frame.columns[i]}: texts such as {column[serial.notna()].iloc[0]} were read as Excel's days, as {serial.dropna().iloc[0]:%Y-%m-%d}.")
                rest = column.mask(serial.notna())
                if not rest.notna().any():
                    frame.isetitem(i, serial)
                    continue
                results = {f: c.where(serial.isna(), serial) for f, c in _readings(rest).items()}
            if not results and _days_in_digits(column, str(frame.columns[i])):
                days = pd.to_datetime(column.str.strip(), format="%Y%m%d", errors="coerce")
                if name:
                    note(f"{name}: {frame.columns[i]}: texts of eight digits were read as dates, from {column.dropna().iloc[0]} as {days.dropna().iloc[0]:%Y-%m-%d}.")
                    _tell(name, frame, i, days)
                frame.isetitem(i, days)
            if not results and name:
                _tell_left(name, frame.columns[i], column)
            if results:
                found[i] = results
                if len(results) == 1 and _open(next(iter(results))):
                    orders.append(_day_comes_first(next(iter(results))))
        elif dtype.kind in "iuf" and isinstance(frame.columns[i], str):
            whole = of_numbers(column, frame.columns[i], first)
            if whole is not None:
                if name:
                    note(f"{name}: {frame.columns[i]}: numbers were read as dates, from {column[whole.notna()].iloc[0]:.15g} as {whole.dropna().iloc[0]:%Y-%m-%d %H:%M}.")
                    never = column[column.notna() & whole.isna()]
                    if len(never):
                        note(f"{name}: {frame.columns[i]}: {len(never):,} value(s) {', '.join(f'{v:.15g}' for v in never.unique())} were read as missing.")
                frame.isetitem(i, whole)
    proven = set(orders)
    if not proven:  # rows in order prove it as well
        for results in found.values():
            ordered = _in_order(results)
            if len(results) > 1 and len(ordered) == 1:
                proven.add(_day_comes_first(ordered[0]))
    order = next(iter(proven)) if len(proven) == 1 else None
    if order is None and name:
        _tell_guess(name, frame, found, day_first)
    for i, results in found.items():
        chosen = _in_century(frame.columns[i], results, _choose(results, day_first if order is None else order, order is not None), name)
        chosen = _as_machines_write(frame.iloc[:, i], chosen)
        _tell(name, frame, i, chosen)
        if not next(iter(results)).startswith("ISO"):
            _tell_two(name, frame, i, chosen)
        frame.isetitem(i, chosen)
    return frame


def _serials(column, name, first):
    """The days that Excel counts, where a column of texts that is named as one of dates holds nothing else but dates; else None."""
    import pandas as pd

    if not _SERIAL_NAME.search(name):
        return None
    if column.dtype == object and not column.map(type).eq(str).any():
        return None  # numbers and days of a sheet, none of which is text
    text = column.str.strip()
    hits = text.str.fullmatch(r"[2-6]\d{4}(?:\.\d+)?").fillna(False).astype(bool)
    if hits.sum() < 2 or not (hits | column.isna()).all() and not any(getattr(c.dtype, "tz", None) is None and c[~hits & column.notna()].notna().all() for c in _readings(column.mask(hits)).values()):
        return None
    return (pd.Timestamp(first) + pd.to_timedelta(pd.to_numeric(text.where(hits)), unit="D")).dt.round("s")


def _as_machines_write(column, chosen):
    """The dates, with the few that are written as 1975-02-23T02:58:41Z among others."""
    import pandas as pd

    if getattr(chosen.dtype, "tz", None) is not None or str(chosen.dtype).startswith("object"):
        return chosen
    lost = column[column.notna() & chosen.isna()]
    lost = lost[[isinstance(v, str) and "T" in v and bool(_ISO.fullmatch(v.strip())) for v in lost]]
    return chosen.where(~chosen.index.isin(lost.index), pd.to_datetime(lost.str.strip(), format="ISO8601", utc=True).dt.tz_localize(None).reindex(chosen.index)) if len(lost) and chosen.index.is_unique else chosen


_BUDDHIST = re.compile(r"(?<![\d.,])2[56]\d\d(?![\d.,])")


_JAPANESE = re.compile(r"([MTSHR])(\d\d?)([./-])(\d\d?)\3(\d\d?)(?!\d)")
_HIJRI = re.compile(r"(1[2-4]\d\d)([-/.])(\d\d?)\2(\d\d?)(?!\d)")


def _of_another_era(column, original, name):
    """(era, the column with years of the common era), where all of its values have years of another one; ("", None) where they have not.
    What can't be counted in days of the common calendar is None."""
    first = column.iloc[:_SAMPLE].dropna()
    if not len(first) or not all(isinstance(v, str) and len(v) <= 60 for v in first):
        return "", None
    if all(map(_HIJRI.match, first)):
        shown = name + "".join(map(str, original.iloc[:5].dropna()))
        if re.search("[\u06f0-\u06f9\u067e\u0686\u0698\u06a9\u06af\u06cc]|shamsi|jalali|persian", shown, re.I):
            made = column.map(lambda v: _HIJRI.sub(_common, v, count=1) if isinstance(v, str) else v).astype(column.dtype)
            return "the Persian calendar", made if all(map(_common, map(_HIJRI.match, first))) else None
        return ("the Hijri calendar", None) if re.search("[\u0621-\u064a\u0660-\u0669]|hijri", shown, re.I) else ("", None)
    if all(map(_JAPANESE.match, first)) and (named(name) or re.search("[\u3040-\u30ff\u4e00-\u9fff]", name)):
        since = {"M": 1867, "T": 1911, "S": 1925, "H": 1988, "R": 2018}
        return "Japanese eras", column.map(lambda v: _JAPANESE.sub(lambda m: f"{since[m[1]] + int(m[2])}-{m[4]}-{m[5]}", v, count=1) if isinstance(v, str) else v).astype(column.dtype)
    if len(first) < 2 and column is original or not all(map(_BUDDHIST.search, first)) or first.nunique() < 2 and not re.search("[\u0e01-\u0e59]", name + str(original.dropna().iloc[0])):
        return "", None
    return "the Buddhist era", _common_years(column)


def _common(m):
    """A day of the Persian calendar in the common one: its years of 33 have 8 leap years."""
    year, month, day = int(m[1]), int(m[3]), int(m[4])
    if not 1 <= month <= 12 or not 1 <= day <= (31 if month < 7 else 30):
        return ""
    cycle, rest = divmod(year - 979, 33)  # 979 began on 20 March 1600
    days = 12053 * cycle + 365 * rest + (rest + 3) // 4 + (31 * (month - 1) if month < 8 else 186 + 30 * (month - 7)) + day - 1
    return (datetime.date(1600, 3, 20) + datetime.timedelta(days=days)).isoformat()


def _common_years(column):
    """The column with years of the Buddhist era as those of the common one: 2567 is 2024."""
    return column.map(lambda v: _BUDDHIST.sub(lambda m: str(int(m[0]) - 543), v) if isinstance(v, str) else v).astype(column.dtype)


def _in_century(column, results, chosen, name):
    """Dates of two-digit years that would lie far ahead are of the last century: 68 is no birthday in 2068."""
    import pandas as pd

    if not any("%y" in f for f in results) or _AHEAD.search(str(column)):
        return chosen
    today = datetime.date.today()
    limit = today.year + (0 if _BORN.search(str(column)) else 20)
    late = chosen.dt.year > limit
    if not late.any():
        return chosen
    if name:
        note(f"{name}: {column}: {int(late.sum()):,} year(s) of two digits that would lie after {limit} were read as 19...")
    return chosen.mask(late, chosen - pd.DateOffset(years=100)) if not late.all() else chosen - pd.DateOffset(years=100)


_BORN = re.compile(r"birth|born|dob|geb(?:oren|urt|datum)|naissance|nacimiento|nascita|nascimento|geboorte|född|urodz|рожд", re.I)
_AHEAD = re.compile(r"matur|expir|until|valid|due|forecast|project|target|ablauf|fällig|échéance|vencimiento|scadenza", re.I)


def _tell_guess(name, frame, found, day_first):
    """Say of which columns nothing shows the order of day and month."""
    for i, results in found.items():
        if len(results) < 2 or len(_in_order(results)) == 1:
            continue
        first, second = list(results.values())[:2]
        differ = frame.iloc[:, i][first.notna() & second.notna() & (first != second)]
        if len(differ):
            chosen = _choose(results, day_first, False)
            day = next(f for f, c in results.items() if c is chosen).startswith("%d")
            one, other = ("day", "month") if day else ("month", "day")
            note(f"{name}: {frame.columns[i]}: {differ.iloc[0]} was read with the {one} first, as nothing in the table shows the order; dayfirst={not day} reads the {other} first.")


def _without_marks(column):
    """The column without the marks of missing dates, where it has some."""
    values = column.iloc[:_SAMPLE].dropna().tolist()
    if values and all(isinstance(v, str) for v in values) and (column == "0").any():
        days = column[column.notna() & (column != "0")]  # zeros fill up what is shorter than other columns
        return column.mask(column == "0") if len(days) > 4 and all(isinstance(v, str) and re.search(r"\d[-/.]\d", v) for v in days) else column.iloc[:0]
    if not values or not all(isinstance(v, str) for v in values) or not any(v.strip().lower() in _NO_DATE for v in values) and len(column) <= _SAMPLE:
        return column.iloc[:0]
    if sum(bool(_MAYBE.match(v.strip())) for v in values) < 0.3 * len(values):
        return column.iloc[:0]
    marks = column.str.strip().str.lower().isin(_NO_DATE)
    return column.mask(marks) if 0 < marks.sum() <= 0.7 * len(column) else column.iloc[:0]


def named(name):
    """Whether a column is named as one of dates."""
    return bool(_DATE_NAME.search(re.sub(r"([a-z])([A-Z])", r"\1_\2", name)))


def parse(column, day_first=None):
    """Return a column of text as datetimes, or None when it does not hold dates."""
    results = _readings(column)
    return _choose(results, day_first, False) if results else None


def certain(column):
    """As parse; None where day and month could be meant the other way round."""
    results = _readings(column)
    first = next(iter(results), "")
    return results[first] if len(results) == 1 or first.startswith("%d.") else None


def _tell_two(name, frame, i, chosen):
    """Say of a column in which days are written in two ways, how they were read."""
    texts = frame.iloc[:, i].dropna()
    iso = texts.map(lambda v: bool(_ISO.fullmatch(str(v).strip())))
    if name and 3 <= iso.sum() <= len(texts) - 3:
        one, other = texts[iso].index[0], texts[~iso].index[0]
        note(f"{name}: {frame.columns[i]}: dates are written in two ways: {texts[one]} was read as {chosen[one]:%Y-%m-%d}, {texts[other]} as {chosen[other]:%Y-%m-%d}.")


def _tell(name, frame, i, chosen):
    lost = frame.iloc[:, i].notna() & chosen.isna()
    if name and lost.any():
        bad = ", ".join(repr(v) for v in frame.iloc[:, i][lost].unique()[:3])
        note(f"{name}: {frame.columns[i]}: {int(lost.sum()):,} value(s) that are no dates were read as missing ({bad}).")


def _tell_left(name, title, column):
    """Say of a column of dates, but for too many of its values, that it is text."""
    import pandas as pd

    first = column.iloc[:_SAMPLE].dropna()
    if len(first) < 20 or not all(isinstance(v, str) and len(v) <= 60 for v in first):
        return
    for form in _formats([v.strip() for v in first]):
        if not column.dropna().map(type).eq(str).all():
            return
        lost = column[column.notna() & pd.to_datetime(column.str.strip(), format=form, errors="coerce", utc=True).isna()]
        if 0 < len(lost) < 0.15 * column.notna().sum():
            shown = ", ".join(repr(v) for v in lost.unique()[:3])
            note(f"{name}: {title}: {len(lost):,} of {int(column.notna().sum()):,} values are no dates ({shown}), so all were left as text.")
            return


def _textual(dtype):
    return dtype == object or str(dtype) in ("str", "string")


def _readings(column):
    """Return {format: the column as dates} for the formats in which it may be written."""
    first = column.iloc[:_SAMPLE].dropna()
    if first.empty:
        if len(column) <= _SAMPLE:
            return {}
        first = column.dropna().iloc[:_SAMPLE]
    values = first.tolist()
    if not values or sum(isinstance(v, str) and len(v) <= 60 and bool(_MAYBE.match(v.strip()) or datewords.usual(v)) for v in values[:5]) < min(3, len(values[:5])):
        return {}
    values += column.iloc[:: max(1, len(column) // _SAMPLE)].dropna().tolist()
    if not all(isinstance(v, str) for v in values):
        return {}
    values = [v.strip() for v in values]
    special = _special(column, values)
    if special is not None:
        return {"": special}
    results = {f: _parse(column, f) for f in _formats(values)}
    found = {f: c for f, c in results.items() if c is not None}
    if len(found) > 1:  # one 25/04/2021 shows the order of all
        lost = {f: _lost(column, c) for f, c in found.items()}
        found = {f: c for f, c in found.items() if lost[f] == min(lost.values())}
    if len(found) > 1 and any(f.startswith("%y-%m") for f in _formats(values)):  # 01-02-03: only where rows in order prove it
        found = {f: c for f, c in found.items() if _ordered(c)}
        return found if len(found) == 1 else {}
    return found or _year_day_month(column, values) or _with_clocks(column, values) or _reworded(column, values) or _beside_iso(column, values)


_NUMBERS = re.compile(r"\d{4}([-/.])\d\d?\1\d\d?")


def _year_day_month(column, values):
    """2017-27-07, where each value is a day so, and they are none the usual way."""
    first = _NUMBERS.match(values[0])
    if not first:
        return {}
    day, sep = _NUMBERS.pattern.replace(r"([-/.])", re.escape(first[1])).replace(r"\1", re.escape(first[1])), first[1]
    for clock, form in _CLOCKS.items():
        whole = re.compile(day + clock, re.I)
        if all(map(whole.fullmatch, values)):
            read = _parse(column, f"%Y{sep}%d{sep}%m{form}")
            return {} if read is None or (read.isna() & column.notna()).any() else {f"%Y{sep}%d{sep}%m{form}": read}
    return {}


def _reworded(column, values):
    """The readings of the column with each date in its usual form."""
    usual = [datewords.usual(v) for v in values]
    if sum(u is not None for u in usual) < len(values) - _few(len(values)) or [u or v for u, v in zip(usual, values)] == values:
        return {}
    known = column.dropna().unique()
    return _readings(column.map(dict(zip(known, (datewords.usual(v) or v for v in known)))).astype(column.dtype))


def _beside_iso(column, values):
    """The readings of a column in which 2023-02-09 stands beside days of one other form, as where two programs wrote it."""
    other = [v for v in values if not _ISO.fullmatch(v)]
    if not 3 <= len(other) <= len(values) - 3 or not column.dropna().map(type).eq(str).all():
        return {}
    iso = column.str.strip().map(lambda v: bool(_ISO.fullmatch(v)), na_action="ignore").eq(True)
    days = _parse(column.where(iso), "ISO8601")
    if days is None or days.notna().sum() < iso.sum() or not str(days.dtype).startswith("datetime64["):
        return {}
    found = {f: c for f, c in _readings(column.mask(iso)).items() if c.dtype == days.dtype}
    return {f: c.where(~iso, days) for f, c in found.items() if not _lost(column.mask(iso), c)}


def _formats(values):
    """Return the formats in which the values may be written, the usual one first; a few of them may be no dates."""
    enough = 0.85 * len(values) if len(values) >= 20 else len(values)  # more of the first ones may be none than of all, which are counted later
    fits = lambda pattern: sum(map(bool, map(pattern.fullmatch, values))) >= enough
    if fits(_ISO):
        return ("ISO8601",)
    if fits(_MONTH_ONLY):
        return () if _seasons(values) else ("%Y-%m",)
    for day, formats in _DAY.items():
        if sum(bool(re.match(day, v, re.I)) for v in values[:5]) >= min(3, len(values[:5])):
            for clock, clock_format in _CLOCKS.items():
                if fits(re.compile(day + clock, re.I)):
                    if day == _EIGHT and not clock:
                        return ()
                    if re.match(r"%[dm]([./-])%[md]\1%y", formats[0]) and _year_first(values):
                        return ("%y{0}%m{0}%d".format(formats[0][2]) + clock_format,)
                    if day == _SHORT and not clock and _versions(values) or formats[0] in _MONTH_YEAR and _days_of_a_year(values):
                        return ()
                    return tuple(f + clock_format for f in formats)
    return ()


def _year_first(values):
    """Whether 24/01/31 begins with the year: the last numbers are days, too many or too large for years, and the first ones are few."""
    parts = [tuple(map(int, re.split("[./-]", v.split()[0])[:3])) for v in values if re.match(r"\d\d([./-])\d\d\1\d\d(?!\d)", v)]
    years, months, days = (set(p) for p in zip(*parts)) if len(parts) == len(values) else ((), (), ())
    if not years or max(months) > 12 or not 1 <= min(days) <= max(days) <= 31 or len(years) >= len(days):
        return False
    this, span = datetime.date.today().year % 100, max(years) - min(years)
    return span < 7 and max(years) <= this + 1 < max(days) or span < 16 and len(days) >= 15


def _versions(values):
    """Whether no first number is too large for a month: 1.2.10 may be a version, 31.1.24 is none."""
    return not any(int(v.split(".")[0]) > 12 for v in values if re.match(_SHORT, v))


_MONTH_YEAR = ("%b %y", "%b-%y", "%y-%b")


def _days_of_a_year(values):
    """Whether Jan 05 and 05-Jan are days, not months: numbers of one month alone, or in the order of days, or too many for years."""
    found = [(re.search(_MONTH, v.lower()), re.search(r"\d\d", v)) for v in values]  # a few may be none of either
    parts = [(_ENGLISH.index(month[0]), int(number[0])) for month, number in found if month and number]
    numbers = {n for _, n in parts}
    if len(numbers) < 2 or not all(1 <= n <= 31 for n in numbers):
        return False
    if len({m for m, _ in parts}) == 1:
        return True
    parts = list(dict.fromkeys(parts))
    in_order = lambda p: p in (sorted(p), sorted(p, reverse=True))
    if in_order([(n, m) for m, n in parts]):
        return False
    return in_order(parts) or len(numbers) >= 20


def _seasons(values):
    """Whether 2009-10 means 2009 to 2010, as it does where each value ends with the year after."""
    return len(set(values)) > 1 and all(int(v[5:7]) == (int(v[:4]) + 1) % 100 for v in values if re.match(r"\d{4}[-/]\d\d", v))


def _with_clocks(column, values):
    """Days of which some have a time, written in several ways."""
    import pandas as pd

    for day, formats in _DAY.items():
        whole = re.compile(rf"({day})(?:[ T]+(\d\d?:\d\d(?::\d\d(?:\.\d+)?)?))?", re.I)
        if not all(map(whole.fullmatch, values)) or (day == _SHORT and _versions(values) or formats[0] in _MONTH_YEAR) and not any(":" in v for v in values):
            continue
        if day == _EIGHT and not any(":" in v for v in values):
            continue  # digits alone
        parts = column.str.strip().str.extract(whole)
        days, clocks = parts[0], parts[parts.shape[1] - 1].fillna("0:00")
        if (days.isna() & column.notna()).any():
            return {}
        clocks = pd.to_timedelta(clocks.where(clocks.str.count(":") == 2, clocks + ":00"), errors="coerce")
        read = {f: _parse(days, f) for f in formats}
        return {f: c + clocks for f, c in read.items() if c is not None}
    return {}


def _parse(column, format):
    """The column read by a format; None where more than a few values do not fit."""
    import pandas as pd

    text = column
    if format == "ISO8601":
        fast = _cast(column)
        if fast is not None:
            return fast
        if hasattr(column, "str"):  # a year alone would be its first day
            text = column.mask(column.str.fullmatch(r"\s*\d{1,4}\s*").fillna(False).astype(bool))
    if text.notna().sum() == column.notna().sum():
        for utc in (False, True):  # several offsets in one column need UTC
            try:
                return pd.to_datetime(column, format=format, utc=utc)
            except (ValueError, OverflowError, TypeError):
                if format != "ISO8601":
                    break
    if not hasattr(column, "str"):
        return None  # numbers and days of a sheet, none of which is text
    text = text.str.strip()
    try:
        dates = pd.to_datetime(text, format=format, utc=format == "ISO8601" and text.str.contains(r"Z$|[+-]\d\d:?\d\d$").any(), errors="coerce")
    except (ValueError, OverflowError, TypeError):
        return None
    return dates if _lost(column, dates) <= _few(int(column.notna().sum())) else None


def _few(n):
    """How many of n values may be no dates."""
    return max(int(_FEW * n), 1) if n >= 10 else 0


def _special(column, values):
    """Dates that no format of strptime alone describes: None where the values are none."""
    import pandas as pd

    every = lambda pattern: all(map(pattern.fullmatch, values))
    read = None
    if every(_QUARTER):
        parts = column.str.strip().str.extract(_QUARTER)
        year, quarter = parts[0].fillna(parts[3]), parts[1].fillna(parts[2])
        read = pd.to_datetime(year + "-" + ((pd.to_numeric(quarter) - 1) * 3 + 1).astype("Int64").astype("str").str.zfill(2) + "-01", format="%Y-%m-%d", errors="coerce")
    elif every(_QUARTER_SHORT):
        parts = column.str.strip().str.extract(_QUARTER_SHORT)
        year = parts[2].where(parts[2].str.len() == 4, "20" + parts[2])
        read = pd.to_datetime(year + "-" + ((pd.to_numeric(parts[0].fillna(parts[1])) - 1) * 3 + 1).astype("Int64").astype("str").str.zfill(2) + "-01", format="%Y-%m-%d", errors="coerce")
    elif every(_BASIC):
        text = column.str.strip()
        read = _mixed(text.str[:8] + "T" + text.str[9:], ("%Y%m%dT%H%M%S", "%Y%m%dT%H%M%S%z"))
    elif every(_COLON):
        read = _mixed(column.str.strip(), ("%Y%m%d:%H%M", "%Y%m%d:%H%M%S"))
    elif every(_DB2):
        text = column.str.strip()
        read = pd.to_datetime(text.str[:10] + " " + text.str[11:19].str.replace(".", ":") + text.str[19:29], format="ISO8601", errors="coerce")
    elif every(_WEEK):  # its Monday, where no day is named
        text = column.str.strip().str.replace(_WEEK, lambda m: f"{m[1]} {m[2]} {m[3] or 1}", regex=True)
        read = pd.to_datetime(text, format="%G %V %u", errors="coerce")
    elif every(_RFC):
        text = column.str.strip().str.replace(_NAMED_DAY, "", regex=True).str.replace(r" (?:GMT|UTC|UT|Z)$", " +0000", regex=True, case=False)
        read = _mixed(text, ("%d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M %z", "%d %b %Y %H:%M:%S", "%d %b %Y %H:%M", "%d %b %Y"))
    elif every(_CTIME):
        text = column.str.strip().str.replace(_NAMED_DAY, "", regex=True).str.replace(r" ([A-Z]{3,4}) (\d{4})$", r" \2", regex=True).str.replace("  ", " ")
        read = _mixed(text, ("%b %d %H:%M:%S %z %Y", "%b %d %H:%M:%S %Y"))
    elif every(_NET):
        read = pd.to_datetime(pd.to_numeric(column.str.strip().str.extract(_NET)[0]), unit="ms")
    elif every(_LOG):
        read = _mixed(column.str.strip().str.strip("[]"), ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S"))
    if read is None or _lost(column, read) > _few(int(column.notna().sum())):
        return None
    return read


def _lost(column, dates):
    """How many values are no dates in a reading."""
    return int((column.notna() & dates.isna()).sum())


def _mixed(text, formats):
    import pandas as pd

    for f in formats:
        try:
            return pd.to_datetime(text, format=f)
        except (ValueError, TypeError):
            try:
                return pd.to_datetime(text, format=f, utc=True) if "%z" in f else None or pd.to_datetime(text, format=f)
            except (ValueError, TypeError):
                continue
    return None


def _days_in_digits(column, name):
    """Whether a column of text whose name says so holds days such as 20240131 alone."""
    if not named(name):
        return False
    known = column.dropna()
    return len(known) > 0 and all(isinstance(v, str) and re.fullmatch(_EIGHT, v.strip()) for v in known)


def of_numbers(column, name, first=EXCEL):
    """Whole numbers as dates, in a column whose name says so: 20240131, seconds or milliseconds since 1970, or days since the first one."""
    import pandas as pd

    name = re.sub(r"([a-z])([A-Z])", r"\1_\2", name)
    known = column.dropna()
    ends = known.isin(_NEVER)  # no date, or for ever
    if ends.any() and (known[~ends] >= 18000101).all():
        known = known[~ends]
    if known.empty:
        return None
    low, high = known.min(), known.max()
    if not _DATE_NAME.search(name) and not MONTH_NAME.search(name) and (_NUMBER_NAME.search(name) or not (19000101 <= low and high <= 20991231) or known.nunique() < 20):
        return None
    whole = bool((known == known.round()).all())
    if 3e8 <= low and high <= 4.2e9 and not whole:
        return pd.to_datetime(known, unit="s").dt.round("us").reindex(column.index)
    if _SERIAL_NAME.search(name) and 20_000 <= low and high <= 60_000 and len(known) > 1:  # 1954 to 2064, as days of Excel
        return pd.to_datetime(known, unit="D", origin=pd.Timestamp(first)).dt.round("s").reindex(column.index)
    if whole and 180001 <= low and high <= 210012 and (known % 100).between(1, 12).all():
        return pd.to_datetime(known.astype("int64").astype("str"), format="%Y%m").reindex(column.index)
    if not (low >= 18000101 and whole):
        return None
    text = known.astype("int64").astype("str")
    read = None
    if high <= 21001231 and text.str.fullmatch(_COMPACT).all():
        read = pd.to_datetime(text, format="%Y%m%d", errors="coerce")
    elif 18000101000000 <= low and high <= 21001231235959 and text.str.fullmatch(_COMPACT).all():
        read = pd.to_datetime(text, format="%Y%m%d%H%M%S", errors="coerce")
    for unit, scale in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        if read is None and 3e8 * scale <= low and high <= 4.2e9 * scale:  # 1979 to 2103
            read = pd.to_datetime(known.astype("int64"), unit=unit)
    if read is None or read.isna().any():
        return None
    return read.reindex(column.index)


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


def _open(format):
    """Whether a format has a day and a month whose order could be another one."""
    return bool(re.match(r"%[dm][/.-]%[dm][/.-]", format))


def _day_comes_first(format):
    return format.startswith("%d")


def _choose(results, day_first, certain):
    """Choose among the readings {format: column}: the order of the table where it is certain,
    else rows that are in order tell, else the habit."""
    if len(results) > 1:
        ordered = _in_order(results)
        if len(ordered) == 1 and not certain:
            return results[ordered[0]]
        first = next((f for f in results if f.startswith("%d")), None)
        second = next((f for f in results if f.startswith("%m")), None)
        if certain:
            return results[first if day_first and first else second or first]
        if day_first is not None and first and second:
            return results[first if day_first else second]
    return next(iter(results.values()), None)


def _in_order(results):
    """The formats in which the rows are in order; of several the one in which each is a day after the one before."""
    found = [f for f, c in results.items() if _ordered(c)]
    daily = [f for f in found if len(found) > 1 and len(results[f]) > 2 and set(results[f].diff().dropna().abs().dt.days) == {1}]
    return daily if len(daily) == 1 else found


def _ordered(column):
    column = column.dropna()
    return column.is_monotonic_increasing or column.is_monotonic_decreasing
