"""The role of a column: what may be done with its values.

    empty, constant   nothing to say
    date              a moment; year: a year; part: a month, quarter, weekday, day or hour by number
    latitude, longitude
    identifier        each value names one row or thing
    code              a number or text that names a kind: a postcode, a class
    category, ordinal a few values, without and with an order
    boolean           yes or no, also as 0 and 1
    measure           a number that is measured: it is averaged, and summed where it adds up
    text, duration, nested
"""

import re

import numpy as np

from attache.analyze import words

CATEGORIES = ("category", "ordinal", "boolean")
_FILLERS = {"of", "the", "number", "num", "no", "nr", "order", "sale", "sales", "reporting", "start", "calendar", "fiscal", "name", "peak", "busiest", "pickup", "departure", "arrival", "dep", "arr"}
_CODED = re.compile(r"[A-Za-z]{0,6}[-_ /.]?\d[\dA-Za-z]*(?:[-_/.]\d+)*|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9A-Fa-f]{12,}|[A-Z]{2}\d{2}[A-Z0-9]{8,}")


def of(c):
    """Return the role of a column whose type, count and distinct are known."""
    if c.count == 0:
        return "empty"
    if c.distinct == 1 and c.count > 1:
        return "constant"
    if c.type in ("integer", "number"):
        return _number(c)
    if c.type == "text":
        return _text(c)
    return c.type


def _number(c):
    low, high = float(c.series.min()), float(c.series.max())
    if not np.isfinite([low, high]).all():
        return "measure"
    name = set(words.of(c.name))
    if name & words.LATITUDE and -90 <= low and high <= 90 and not c.name.lower().startswith("late"):
        return "latitude"
    if name & words.LONGITUDE and -180 <= low and high <= 360 and (c.type == "number" or name & {"longitude", "lon", "lng"}):
        return "longitude"
    if c.type != "integer":
        return "boolean" if c.distinct == 2 and low == 0 and high == 1 else "measure"
    if words.has(c.name, words.YEAR) and 1000 <= low and high <= 2300 and not name & (words.FLOW | {"rate", "count"}):
        return "year"
    if name & {"time", "period", "date", "t"} and 1600 <= low and high <= 2200 and len(name) == 1:
        return "year"
    if c.distinct == 2 and low == 0 and high == 1:
        return "boolean"
    if part(c.name, low, high):
        return "part"
    if _identifies(c, name, low, high):
        return "identifier"
    if _codes(c, name):
        return "code"
    if name & words.ORDINAL and c.distinct <= 11 and abs(low) <= 10 and high <= 10:
        return "ordinal"
    return "measure"


def part(name, low, high):
    """The part of a date that a column's numbers are, or None."""
    mine = set(words.of(name)) - _FILLERS
    if mine == {"day", "week"}:
        mine = {"weekday"}
    if mine in ({"day", "month"}, {"date", "month"}) and "of" in words.of(name):
        mine = {"day"}  # date_of_month
    for what, (known, least, most) in words.PARTS.items():
        if mine and mine <= known and least <= low and high <= most:
            return what
    return None


def _identifies(c, name, low, high):
    """Whether whole numbers name things, each another."""
    if _named_id(c.name):
        return c.distinct >= 0.9 * c.count
    if _last(c.name) in words.NUMBER and not _counts(c.name):
        return c.distinct >= 0.9 * c.count
    if _last(c.name) in words.CODE:
        return False
    if c.position == 0 and c.count >= 20 and c.distinct == c.count and low in (0, 1) and high == low + c.count - 1 and c.series.is_monotonic_increasing:
        return True  # the rows, numbered
    if name & {"rank", "ranking", "row", "count"} and c.count >= 20 and c.distinct == c.count and low in (0, 1) and high == low + c.count - 1:
        return True  # each number once: places, or the rows again
    # Numbers of one length of at least nine digits, all different: of phones, of articles.
    return c.count >= 8 and c.distinct == c.count and low >= 1e8 and len(str(int(low))) == len(str(int(high))) and low > 0 and not words.additive(c.name) and _spread_evenly(c, low, high)


def _spread_evenly(c, low, high):
    """Not an amount: amounts are dense at the low end."""
    return float(c.series.median()) - low > 0.2 * (high - low)


def _counts(name):
    """ "no of rooms", "number_of_children": a count, not a number that names."""
    mine = words.of(name)
    return len(mine) > 1 and mine[0] in words.NUMBER and mine[1:2] != ("id",) and (mine[1] in ("of", "de") or words.additive(name) == "flow")


def _codes(c, name):
    if _counts(c.name):
        return False
    last = _last(c.name)
    return _named_id(c.name) or last in words.NUMBER or last in words.CODE


def _last(name):
    """The last word of a name, without a number after it."""
    mine = [w for w in words.of(name) if not w.isdigit()]
    return mine[-1] if mine else ""


def _named_id(name):
    mine = words.of(name)
    if not mine:
        return name.lower().startswith("unnamed: 0")
    if mine in (("unnamed", "0"), ("row",), ("rows",), ("obs",), ("sr",), ("rownames",)):
        return True
    ends = {mine[0], _last(name)} & words.ID
    if ends - {"index", "idx", "key", "account", "mobile", "token", "hash"}:
        return True
    return bool(ends) and (len(mine) == 1 or _last(name) in ("idx", "key", "hash", "token"))


def _text(c):
    n = c.distinct
    few = n <= 30 or n <= 0.05 * c.count and n <= 1000
    repeats = n <= max(1, 0.6 * c.count) or c.count <= 12 and n <= 8
    name = set(words.of(c.name))
    if _named_id(c.name) or _last(c.name) in words.NUMBER:
        return "identifier" if n >= 0.9 * c.count else "code"
    if few and repeats:
        first = c.series.dropna().unique()[:60]
        if n <= 20 and words.order(list(map(str, first))):
            return "ordinal"
        if all(re.fullmatch(r"\d[\d.-]*", str(v)) for v in first):
            return "code"
        return "category"
    sample = [str(v) for v in c.series.dropna().iloc[:200]]
    coded = sum(bool(_CODED.fullmatch(v)) for v in sample) >= 0.95 * len(sample)
    if coded and n >= 0.9 * c.count:
        return "identifier"
    if _last(c.name) in words.CODE and all(len(v) <= 24 for v in sample) and (coded or name & {"zip", "zipcode", "postcode", "postal", "plz", "fips", "code", "sku", "tract"}):
        return "code"
    return "text"
