"""The forms that a value in a text takes: number, date, time, yes or no, a mark for what is missing."""

import functools
import re

PLAIN = re.compile(r"[+-]?(\d+|\d*\.\d+|\d+\.)([eE][+-]?\d+)?")
YEAR = re.compile(r"(1[5-9]|20|21)\d\d")
_GROUPED = r"\d{1,3}(?:,\d{2,3})*(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d+)?|\d*[.,]\d+|\d+\.?"
SIGNS = "$€£¥₹₽₩₺₴₪฿₫₱¢"
CODES = "USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|BRL|MXN|ZAR|KRW|SGD|HKD|ILS|RUB|UAH|THB|Rs\\.?|R\\$|kr\\.?|zł|Kč|Ft|lei|A\\$|C\\$|US\\$"
MONEY = rf"(?:[{SIGNS}]|{CODES})"
_NUMBER = re.compile(rf"[(+-]?\s?(?:{MONEY}\s?)?[+-]?(?:{_GROUPED})(?:[eE][+-]?\d+)?\s?(?:%|{MONEY})?[)-]?")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}|\d{{1,2}}[-/ .]?(?:{_MONTHS})[a-z]*[-/ .,]*\d{{2,4}}|(?:{_MONTHS})[a-z]*[ -]\d{{1,2}},? \d{{4}}|\d{{4}}-\d\d)"
    r"(?:[T ]+\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?(?:Z|[+-]\d\d:?\d\d)?)?",
    re.I,
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?")
_YESNO = {"true", "false", "yes", "no", "t", "f", "y", "n"}
MARKS = {"", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "<na>", "-", "--", "---", "?", ".", "..", "...", "\\n", "n.a.", "–", "—", "*", "**", "***"}


@functools.lru_cache(maxsize=1 << 14)
def form(cell):
    """The form of a cell: n(umber), d(ate), c(lock), b(oolean), m(issing), s(tring), or nothing where it is blank."""
    cell = cell.strip()
    if not cell:
        return ""
    if len(cell) > 40:
        return "s"
    if PLAIN.fullmatch(cell):
        return "n"
    low = cell.lower()
    if low in MARKS:
        return "m"
    if _NUMBER.fullmatch(cell):
        return "n"
    if _DATE.fullmatch(cell):
        return "d"
    if _CLOCK.fullmatch(cell):
        return "c"
    return "b" if low in _YESNO else "s"
