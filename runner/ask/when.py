"""Times in questions: 2019, March 2020, Q1, 2012-05-03, on Mondays."""

from dataclasses import dataclass

import pandas as pd

from attache.analyze import roles, words


@dataclass(frozen=True)
class Span:
    """A stretch of time from low up to, not with, high; or a part of every year or week."""

    low: object = None
    high: object = None
    part: str = ""  # "month", "quarter", "weekday", "date" (315 is March 15), "day" (of the month): number says which
    number: tuple = ()
    text: str = ""


_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4}


def read(tokens, i, n, profile):
    """Return (Span, tokens used) where tokens from i, n at most, are a time; (None, 0) otherwise."""
    time = profile.time
    kind, value = tokens[i][:2]
    if kind == "iso":
        return _iso(value), 1
    word = str(value).lower()
    nxt = tokens[i + 1] if i + 1 < len(tokens) else ("", "")
    third = tokens[i + 2] if i + 2 < len(tokens) else ("", "")
    if kind == "word":
        month = _month(word)
        if month and time is not None and time.type == "date" or month and _has_part(profile, "month"):
            if word in ("may", "march", "mar") and i and tokens[i - 1][0] == "word" and tokens[i - 1][1].lower() in ("i", "you", "we"):
                return None, 0
            if _year(nxt) and n >= 1:
                return _month_span(_year(nxt), month), 2
            if nxt[0] in ("num", "ordinal") and 1 <= nxt[1] <= 31 and _year(third):
                return _day(_year(third), month, nxt[1]), 3
            if nxt == ("sep", ",") and _year(third):
                return _month_span(_year(third), month), 3
            if nxt[0] in ("num", "ordinal") and 1 <= nxt[1] <= 31 and nxt[1] == int(nxt[1]) and time is not None and time.type == "date" and (nxt[0] == "ordinal" or len(nxt) > 2 and nxt[2].isdigit()):
                return _date(time, month, int(nxt[1])), 2
            return Span(part="month", number=(month,), text=words.MONTHS[month - 1].capitalize()), 1
        if word in ("q1", "q2", "q3", "q4") or word == "q" and nxt[0] == "num":
            q, used = (int(word[1]), 1) if len(word) == 2 else (int(nxt[1]), 2)
            after = tokens[i + used] if i + used < len(tokens) else ("", "")
            if after[0] == "word" and after[1].lower() in ("of", "in"):
                used, after = used + 1, tokens[i + used + 1] if i + used + 1 < len(tokens) else ("", "")
            if time is None or time.type != "date":
                return None, 0
            if _year(after):
                start = pd.Timestamp(_year(after), q * 3 - 2, 1)
                return Span(start, start + pd.DateOffset(months=3), text=f"Q{q} {start.year}"), used + 1
            return Span(part="quarter", number=(q,), text=f"Q{q}"), used
        day = _weekday(word)
        if day is not None and time is not None and time.type == "date":
            return Span(part="weekday", number=(day,), text=words.WEEKDAYS[day].capitalize()), 1
        if word in ("weekend", "weekends") and time is not None and time.type == "date":
            return Span(part="weekday", number=(5, 6), text="the weekend"), 1
        if word in ("summer", "winter", "spring", "autumn", "fall") and time is not None and time.type == "date":
            months = {"spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11), "fall": (9, 10, 11), "winter": (12, 1, 2)}[word]
            return Span(part="month", number=months, text=word), 1
        if word in ("last", "final", "latest", "first") and nxt[0] == "word" and nxt[1].lower() in ("year", "month") and time is not None:
            return _end(time, nxt[1].lower(), word == "first"), 2
        return None, 0
    if kind in ("num", "ordinal") and nxt[0] == "word" and _month(str(nxt[1]).lower()) and time is not None and time.type == "date" and 1 <= value <= 31:
        if _year(third):
            return _day(_year(third), _month(nxt[1].lower()), value), 3
        if kind == "ordinal":  # "the 15th march"
            return _date(time, _month(nxt[1].lower()), int(value)), 2
    if kind == "ordinal" and 1 <= value <= 31 and time is not None and time.type == "date" and i and str(tokens[i - 1][1]).lower() in ("the", "on", "every") and (nxt[0] != "word" or nxt[1].lower() in ("in", "of", "by", "each", "per", "vs", "and", "or")):
        return Span(part="day", number=(int(value),), text=f"the {value:.0f}{_suffix(int(value))} of each month"), 1
    if kind == "num" and nxt == ("word", "s") and time is not None and value in range(10, 100, 10) and i and str(tokens[i - 1][1]).lower() == "the":
        found = [y for y in (int(value) + 1900, int(value) + 2000, int(value) + 1800) if any(covers(time, x) for x in range(y, y + 10))]
        if len(found) == 1:
            return Span(*_years(time, found[0], found[0] + 10), text=f"the {found[0]}s"), 2
    if kind == "num" and _year(tokens[i]):
        year = _year(tokens[i])
        if nxt == ("word", "s"):
            return Span(*_years(time, year, year + 10), text=f"the {year}s"), 2
        if time is not None and _within(time, year) or any(c.role == "year" for c in profile.columns):
            if time is not None and (time.role == "year" or time.type == "date") and _near(time, year):
                return Span(*_years(time, year, year + 1), text=str(year)), 1
    return None, 0


def _suffix(n):
    return "th" if 10 < n < 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


def _date(time, month, day):
    """A day without a year: of the only year that has it here, else of every year."""
    span = Span(part="date", number=(month * 100 + day,), text=f"{words.MONTHS[month - 1].capitalize()} {day}")
    return of_one_year(span, time) or span


def of_one_year(span, time):
    """The stretch of time that a part of a year is, where the times reach only one of them; else None."""
    if span.part not in ("date", "month", "quarter") or time.type != "date" or len(span.number) > 1:
        return None
    low, high = (t.tz_localize(None) if t.tzinfo else t for t in time.range)
    number, found = span.number[0], []
    for year in range(low.year, high.year + 1):
        try:
            start = pd.Timestamp(year, number // 100, number % 100) if span.part == "date" else pd.Timestamp(year, number if span.part == "month" else number * 3 - 2, 1)
        except ValueError:
            continue  # February 29
        end = start + (pd.Timedelta("1D") if span.part == "date" else pd.DateOffset(months=1 if span.part == "month" else 3))
        if start <= high and end > low:
            found.append(Span(start, end, text=str(start.date()) if span.part == "date" else f"{span.text} {year}"))
    return found[0] if len(found) == 1 else None


def _years(time, low, high):
    if time is not None and time.role == "year":
        return low, high
    return pd.Timestamp(low, 1, 1), pd.Timestamp(high, 1, 1)


def _end(time, unit, first):
    moment = time.series.min() if first else time.series.max()
    if time.role == "year":
        return Span(int(moment), int(moment) + 1, text=str(int(moment)))
    moment = moment.tz_localize(None) if moment.tzinfo else moment
    return _month_span(moment.year, moment.month) if unit == "month" else Span(pd.Timestamp(moment.year, 1, 1), pd.Timestamp(moment.year + 1, 1, 1), text=str(moment.year))


def _year(token):
    return int(token[1]) if token[0] == "num" and token[1] == int(token[1]) and 1500 <= token[1] <= 2200 and "," not in str(token[2] if len(token) > 2 else "") else None


def _within(time, year):
    low, high = time.range
    low, high = (low.year, high.year) if time.type == "date" else (low, high)
    return low <= year <= high


def covers(time, year):
    """Whether a year is one of those that a column of times has."""
    return time.range is not None and (time.role == "year" or time.type == "date") and _within(time, year)


def _near(time, year):
    """Years a little beyond the data are years too: nothing is found there, which is said."""
    low, high = time.range
    low, high = (low.year, high.year) if time.type == "date" else (low, high)
    return low - 30 <= year <= high + 30


def month_column(profile):
    """The column of the numbers of months, where the rows have no dates; None otherwise."""
    if profile.time is not None and profile.time.type == "date":
        return None
    return next((c for c in profile.columns if c.role == "part" and roles.part(c.name, 1, 12) == "month"), None)


def _has_part(profile, what):
    if what == "month" and month_column(profile) is not None:
        return True
    return any(c.role == "ordinal" and c.type == "text" and what in words.of(c.name) for c in profile.columns) and profile.time is not None


def _iso(text):
    if "/" in text:
        a, b, y = map(int, text.split("/"))
        return _day(y, a, b) if a <= 12 else _day(y, b, a)
    parts = list(map(int, text.split("-")))
    try:
        return _day(*parts) if len(parts) == 3 else _month_span(*parts)
    except ValueError:
        return None


def _day(year, month, day):
    start = pd.Timestamp(int(year), int(month), int(day))
    return Span(start, start + pd.Timedelta("1D"), text=str(start.date()))


def _month_span(year, month):
    start = pd.Timestamp(year, month, 1)
    return Span(start, start + pd.DateOffset(months=1), text=f"{start:%B %Y}")


def _month(word):
    word = word.rstrip(".")
    return next((i for i, m in enumerate(words.MONTHS, 1) if word == m or len(word) >= 3 and word == m[:3] or word == "sept" and i == 9), None)


WORKING = Span(part="weekday", number=(0, 1, 2, 3, 4), text="the days from Monday to Friday")


def working(tokens, i, profile):
    """Whether a word means the days from Monday to Friday, and not what rows are grouped by."""
    if str(tokens[i][1]).lower() not in ("weekdays", "workdays", "weekday", "workday") or profile.time is None or profile.time.type != "date":
        return False
    said = [str(t[1]).lower() for t in tokens[max(i - 2, 0) : i]]
    before = said[-2] if said[-1:] in (["a"], ["the"]) and len(said) > 1 else said[-1] if said else ""
    return before in ("on", "during", "only") or before not in ("by", "per", "each", "every") and any(str(t[1]).lower() in ("weekend", "weekends") for t in tokens)


def _weekday(word):
    word = word.removesuffix("s")
    return next((i for i, d in enumerate(words.WEEKDAYS) if word == d or word in (d[:3], d[:4]) and word != "sun" and word != "sat"), None)
