"""The forms that a value in a text takes: number, date, time, yes or no, a mark for what is missing."""

import functools
import re

PLAIN = re.compile(r"[+-]?(\d+|\d*\.\d+|\d+\.)([eE][+-]?\d+)?")
YEAR = re.compile(r"(1[5-9]|20|21)\d\d")
_GROUPED = r"\d{1,3}(?:,\d{2,3})*(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d+)?|\d*[.,]\d+|\d+\.?"
SIGNS = "$€£¥₹₽₩₺₴₪฿₫₱¢￥＄￡￦円元圓원"
CODES = "USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|BRL|MXN|ZAR|KRW|SGD|HKD|ILS|RUB|UAH|THB|Rs\\.?|R\\$|kr\\.?|zł|Kč|Ft|lei|A\\$|C\\$|US\\$|NT\\$|HK\\$|S\\$|(?:TL|RSD|ISK|AED|SAR|PHP|IDR|MYR|VND|TWD|ARS|CLP|COP|PEN|EGP|NGN|KES|Rp\\.?)(?!\\d)"  # TL1 and COP26 are names
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
        return "n" if len(cell) < 80 and "." in cell and PLAIN.fullmatch(cell) else "s"
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


_OTHER_DIGITS = re.compile("[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59\uff10-\uff19]")
_USUAL = {ord(c): str(i) for start in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10) for i, c in enumerate(map(chr, range(start, start + 10)))} | {0x66B: ".", 0x66C: ",", 0xFF0E: ".", 0xFF0C: ",", 0xFF0D: "-", 0xFF05: "%", 0x66A: "%"}


def usual_digits(column):
    """A column of text with the digits of Arabic, Persian, Hindi, Bengali, Thai or wide ones as 0 to 9; None where it has none."""
    first = column.iloc[:60].dropna()
    if not len(first) or not any(isinstance(v, str) and _OTHER_DIGITS.search(v) for v in first):
        return None
    return column.map(lambda v: v.translate(_USUAL) if isinstance(v, str) else v).astype(column.dtype)
