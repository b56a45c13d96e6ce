"""Columns of text that hold numbers become numbers: grouped, with currencies, per cents or units, with marks for what is missing."""

import re

from attache.loaders import forms, scales
from attache.loaders.headers import _UNITS

_SAMPLE = 200
_SPACES = " \u00a0\u202f\u2009'\u2019"
_BODY = rf"\d[\d.,{_SPACES}]*(?:(?<=[.,])[-\u2013\u2014]{{1,2}})?|[.,]\d+"  # 12,- is 12
_VALUE = re.compile(
    rf"(?P<open>\()?(?P<sign>[+\-\u2212]?)\s?(?P<before>{forms.MONEY}|%)?\s?(?P<within>\()?(?P<sign2>[+\-\u2212]?)\s?(?P<body>{_BODY})(?P<exp>[eE][+-]?\d+)?\s?"
    rf"(?P<after>{forms.MONEY}|%|‰|[A-Za-zµ°²³/%]{{1,6}}\d?)?(?P<close>\))?(?P<minus>[-\u2212])?"
)
MARKS = forms.MARKS | {
    "n.a", "n/d", "nd", "n.d.", "unknown", "unk", "missing", "not available", "not applicable", "not known", "no data", "tbd", "tba", "nil", "x", "****", "*****", "******",
    "#value!", "#div/0!", "#ref!", "#num!", "#name?", "#n/a n/a", "(blank)", "blank", "(null)", "(none)", "(empty)", "[null]", "unavailable", "suppressed", "k.a.", "k. a.", "s/d", "s.d.", ":", "/", "#", "†", "n.v.", "n. v.", "#value", "#spill!", "#calc!", "#null!", "#getting_data", "-.-", "--.-", "--.--", "-,-", "--,--",
    "#nv", "#n/d", "#n/b", "#н/д", "#yok", "#saknas!", "#wert!", "#bezug!", "#zahl!", "#valeur!", "#nom?", "#nombre!", "#¡valor!", "#valor!", "#¡div/0!", "#¡ref!", "#¿nombre?", "#valore!", "#rif!", "#nome?",  # errors of Excel in other languages
    "#waarde!", "#verw!", "#getal!", "#naam?", "#deel/0!", "#adr!", "#arg!", "#liczba!", "#nazwa?", "#знач!", "#ссылка!", "#дел/0!", "#имя?", "#число!", "#värdefel!", "#referens!", "#ogiltigt!", "#division/0!",
    "'-", "(d)", "(s)", "(x)", "(z)", "(l)", "(na)",  # withheld, by the offices of statistics of the USA
    "b.d.", "b/d", "brak", "brak danych", "н/д", "нд", "нет данных", "unbekannt", "keine angabe", "keine daten", "nicht verfügbar", "inconnu", "non disponible", "n.c.", "nc", "desconocido", "no disponible", "sin datos",  # not known, in other languages
    "desconhecido", "não disponível", "sem dados", "sconosciuto", "non disponibile", "onbekend", "geen data", "okänd", "saknas", "ukjent", "ukendt", "yok", "veri yok", "nincs adat", "nav datu", "nėra duomenų", "không có", "不明", "未知", "无", "無", "なし", "없음", "ー", "－",
}  # fmt: skip
_NOTHING = re.compile(rf"(?:{forms.MONEY})\s*[-\u2013\u2014]|[-\u2013\u2014]\s*(?:{forms.MONEY})")  # 0, as the accounting formats of Excel show it
# Currencies whose amounts have a decimal point, and those that have a decimal comma, where the values do not show it.
_POINT = {"$", "US$", "A$", "C$", "£", "¥", "￥", "＄", "￡", "₹", "₩", "₪", "฿", "₱", "¢", "円", "元", "圓", "원", "USD", "GBP", "JPY", "CNY", "RMB", "INR", "CAD", "AUD", "NZD", "MXN", "KRW", "SGD", "HKD", "ILS", "THB", "CHF", "Rs", "Rs.", "NT$", "TWD", "HK$", "S$", "AED", "SAR", "PHP", "MYR", "PEN", "EGP", "NGN", "KES"}
_COMMA = {"R$", "BRL", "kr", "kr.", "SEK", "NOK", "DKK", "zł", "PLN", "Kč", "CZK", "Ft", "HUF", "lei", "RON", "BGN", "₽", "RUB", "₺", "TRY", "TL", "₴", "UAH", "RSD", "ISK", "IDR", "Rp", "Rp.", "VND", "ARS", "CLP", "COP"}


def convert(frame, decimal=None, names=()):
    """Turn columns of text into numbers, in place, where all values are numbers or marks
    of missing ones; return the lines to tell. decimal is the sign of the file, where it has one;
    names are the positions of columns whose digits are names."""
    told = []
    colons = any(str(t) == "str" and frame.iloc[:_SAMPLE, i].str.match(r"\s*:(?:\s[a-z]{1,3})?\s*$").any() for i, t in enumerate(frame.dtypes))
    for i, dtype in enumerate(frame.dtypes):
        if str(dtype) not in ("str", "string", "object") or i in names:
            continue
        column = frame.iloc[:, i]
        sign = decimal if not of_place(str(frame.columns[i])) else "," if column.iloc[:_SAMPLE].astype("str").str.contains(",").any() else "."
        found = degrees(column, str(frame.columns[i])) or read(column, sign) or written(column, decimal, colons)
        if found:
            numbers, what = found
            frame.isetitem(i, numbers)
            told += [f"{frame.columns[i]}: {w}" for w in what]
        else:
            told += [f"{frame.columns[i]}: {w}" for w in _left(column, str(frame.columns[i]))]
    return told


_CODE_NAME = re.compile(r"(?:^|[^a-z])(?:id|ids|no|nr|num|number|code|key|zip|plz|sku|ref|room|house|unit|apt|flat|gate|flight|route|line|train|bus|version|cabin|ticket|phone|tel|fax|model|part|lot)(?:$|[^a-z])|id$", re.I)
_PLAIN = r"[+-]?(?:[1-9]?\d{1,14}|\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+)(?:[.,]\d+)?"


def _left(column, name):
    """What to say of a column that a few of its values keep from being numbers, as a list of one line at most."""
    if _CODE_NAME.search(name):
        return []
    sample = [v.strip() for v in column.iloc[:_SAMPLE].dropna() if isinstance(v, str)]
    if not sample or sum(map(bool, map(re.compile(_PLAIN).fullmatch, sample))) < 0.8 * len(sample):
        return []
    text = column.str.strip()
    fits = text.str.fullmatch(_PLAIN).fillna(False).astype(bool)
    other = text[column.notna() & ~fits & ~text.str.lower().isin(MARKS)]
    if not 0 < len(other) <= 0.05 * fits.sum() or text.str.match(r"-?0\d|\d+[eE]\d").fillna(False).any():
        return []
    shown = ", ".join(repr(v) for v in other.unique()[:3])
    return [f"{len(other):,} of {int(column.notna().sum()):,} values are no numbers ({shown}), so all were left as text"]


def evidence(values):
    """The decimal signs that values prove, as a set of "." and ","."""
    proven = set()
    for v in values:
        m = _VALUE.fullmatch(v)
        if m:
            proven |= _proves(m["body"].strip())
    return proven


def _proves(body):
    dots, commas = body.count("."), body.count(",")
    if not dots and not commas:
        return set()
    if dots and commas:
        return {"," if body.rfind(",") > body.rfind(".") else "."}
    if max(dots, commas) > 1:
        return {"," if dots else "."}
    sign = "." if dots else ","
    head, _, tail = body.partition(sign)
    if len(tail) != 3 or len(head) > 3 and head.isdigit() or head in ("", "0", "00") or any(s in head for s in _SPACES):
        return {sign}
    return set()


def read(column, decimal=None):
    """Return a column of text as numbers, and what to say of it; None where it does not hold numbers."""
    import pandas as pd

    first = column.iloc[:_SAMPLE].dropna()
    values = (first if len(first) else column.dropna().iloc[:_SAMPLE]).tolist()
    if not values or not all(isinstance(v, str) for v in values):
        return None
    if not any(c.isdigit() for v in values[:20] for c in v[:8]) and sum(any(c.isdigit() for c in v) for v in values) < 0.3 * len(values):
        return None
    values = [v.strip() for v in values + column.iloc[:: max(1, len(column) // _SAMPLE)].dropna().tolist() if isinstance(v, str)]
    style = _style(values, decimal)
    if style is None:
        return None
    sign, money, percent, unit, doubtful = style
    text = column.str.strip()
    nothing = text.str.fullmatch(_NOTHING.pattern).fillna(False).astype(bool) if money else None
    if money and nothing.any():
        zeros = text[nothing].value_counts()
        text = text.mask(nothing, "0")
    low = text.str.lower()
    marks = low.isin(MARKS) & column.notna()
    pattern = _pattern(sign, money, percent, unit)
    fits = text.str.fullmatch(pattern).fillna(False).astype(bool) & ~marks
    if text.str.fullmatch(r"-?0\d.*|\+\d{7,}|\d{16,}|\d+[eE]\d+").fillna(False).any():
        return None  # names, as the sample did not show
    other = column.notna() & ~fits & ~marks
    if other.any():
        words = text[other].unique()
        if len(words) > 1 or not re.fullmatch(r"[A-Za-z][A-Za-z .]{3,}|[*?.#-]+", words[0]) or other.sum() > 0.1 * fits.sum() or fits.sum() < 10:
            return None
    if fits.sum() < 1 or (marks | other).sum() > 2.5 * fits.sum():
        return None
    bare = text.where(fits)
    negative = bare.str.contains(r"\(.*\)$|\d[-\u2212]$|^[^\d]*[-\u2212]").fillna(False).astype(bool)
    exponent = bare.str.contains(r"\d[eE][+-]?\d").fillna(False).any()
    plain = bare.str.replace(rf"[^\d.,{'eE+-' if exponent else ''}]", "", regex=True)
    for symbol in (m for m in money | {unit} if m and "." in m):
        plain = bare.str.replace(symbol, "", regex=False).str.replace(r"[^\d.,]", "", regex=True)
    plain = plain.str.replace("." if sign == "," else ",", "", regex=False)
    if sign == ",":
        plain = plain.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(plain, errors="coerce")
    if numbers.notna().sum() != fits.sum():
        return None
    if not exponent:
        numbers = numbers.where(~negative, -numbers)
    if not numbers.isna().any() and str(numbers.dtype).startswith(("Int", "Float")):
        numbers = numbers.astype(str(numbers.dtype).lower())
    told = []
    gone = marks | other
    if gone.any():
        shown = ", ".join(repr(v) for v in text[gone].value_counts().index[:4])
        told.append(f"{int(gone.sum()):,} value(s) {shown} were read as missing")
    if money and nothing.any():
        told.append(f"{int(nothing.sum()):,} value(s) {zeros.index[0]!r} were read as 0")
    if doubtful:
        told.append(f"{doubtful} was read as {_shown(doubtful, sign)}, as {'a comma' if sign == ',' else 'a point'} is the decimal sign of the file; the column alone does not show it")
    if money:
        told.append(f"amounts in {', '.join(sorted(money))} were read as numbers")
    if percent:
        told.append("per cents were read as numbers (12% is 12)")
    if unit:
        told.append(f"the unit {unit} was taken off the numbers")
    return numbers, told


_PART = r"\d{1,3}(?:\.\d+)?"
_DEGREES = re.compile(rf"(?P<first>[NSEW])?\s?(?P<sign>[-\u2212+])?(?P<d>{_PART})\s?(?P<mark>[°º]|deg)?\s?(?:(?P<m>{_PART})\s?['\u2032\u2019]\s?(?:(?P<s>{_PART})\s?(?:\"|''|[\u2033\u201d])\s?)?)?(?P<last>[NSEW])?", re.I)
_PLACE_NAME = re.compile(r"(?:^|[^a-z])(?:lat|lon|lng|long|latitude|longitude|latitud|longitud|breite|länge|breitengrad|längengrad|coord(?:inate)?s?)(?:$|[^a-z])", re.I)


def degrees(column, name):
    """Degrees of latitude or longitude as numbers, as read: 48° 8' N, 11.5 W. South and west are negative."""
    import pandas as pd

    first = column.iloc[:_SAMPLE].dropna()
    if not len(first) or not all(isinstance(v, str) and v.strip()[-1:] and not v.strip()[-1:].isdigit() or isinstance(v, str) and v.strip()[:1].isalpha() for v in first):
        return None
    known = column.dropna().str.strip()
    found = {v: _DEGREES.fullmatch(v) for v in known.unique()}
    if not all(found.values()) or not all(m["mark"] and (m["first"] or m["last"]) or (m["first"] or m["last"] or m["m"]) and _PLACE_NAME.search(name) for m in found.values()):
        return None
    sides = {(m["first"] or m["last"] or "").upper() for m in found.values()}
    if not (sides <= {"N", "S", ""} or sides <= {"E", "W", ""}) or any(m["first"] and m["last"] for m in found.values()):
        return None
    value = lambda m: (float(m["d"]) + float(m["m"] or 0) / 60 + float(m["s"] or 0) / 3600) * (-1 if (m["first"] or m["last"] or "").upper() in ("S", "W") or m["sign"] in ("-", "\u2212") else 1)
    numbers = known.map({v: round(value(m), 9) for v, m in found.items()}).astype("float64").reindex(column.index)
    shown = known.iloc[0]
    return pd.Series(numbers), [f"degrees were read as numbers, south and west as negative: {shown} as {numbers.dropna().iloc[0]:.6g}"]


def of_place(name):
    """Whether a column is named as one of latitudes or longitudes, which are no thousands."""
    return bool(_PLACE_NAME.search(name))


def _two_signs(column):
    """As scales.words, of numbers of which some have a decimal comma, others a decimal point, where each value shows which."""
    first = column.iloc[:_SAMPLE].dropna()
    if not len(first) or not all(isinstance(v, str) for v in first):
        return None
    known = column.dropna().str.strip()
    comma, point = (known.str.fullmatch(rf"[+-]?\d{{1,3}}(?:{group}?\d{{3}})*{sign}\d{{1,2}}").astype(bool) for group, sign in ((r"\.", ","), (",", r"\.")))
    whole = known.str.fullmatch(r"[+-]?(?:0|[1-9]\d*)").astype(bool)
    if not (comma | point | whole).all() or min(comma.sum(), point.sum()) < 3:
        return None
    bare = known.mask(comma, known.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)).mask(point, known.str.replace(",", "", regex=False))
    line = f"some numbers have a decimal comma, others a decimal point, as in {known[comma].iloc[0]!r} and {known[point].iloc[0]!r}; each was read by its own"
    return bare.reindex(column.index).astype(column.dtype), (known == known).astype(float).reindex(column.index), line


def written(column, decimal=None, colons=False):
    """As read, of numbers with a word for thousands or millions, the sides of an account, flags, or the digits of another script; colons as in scales.flags."""
    usual = forms.usual_digits(column)
    if usual is not None:
        return read(usual, decimal)
    for taken in (_two_signs, scales.sides, scales.words, lambda c: scales.flags(c, colons)):
        found = taken(column)
        if found:
            bare, by, line = found
            numbers = (None if taken is _two_signs else read(bare, decimal)) or (to_float(bare), [])
            if numbers[0] is None or not (numbers[0].notna() == by.notna()).all():
                return None
            made = (numbers[0] * by).round(6)
            whole = made.notna().all() and (made % 1 == 0).all() and made.abs().max() < 2**53
            return (made.astype("int64") if whole else made), [*numbers[1], line]
    return None


def to_float(column):
    """A column of plain numbers in text; None where there is anything else."""
    import pandas as pd

    made = pd.to_numeric(column, errors="coerce")
    return made if made.notna().sum() == column.notna().sum() else None


def _style(values, decimal):
    """The decimal sign, the currencies, whether there are per cents, the unit, and a value in which
    the sign is a guess; None where the values are no numbers."""
    money, units, proven, count, marked = set(), [], set(), 0, 0
    percent = plain = groups = 0
    lengths = set()
    words = set()
    for v in values:
        if v.lower() in MARKS:
            marked += 1
            continue
        if _NOTHING.fullmatch(v):
            marked += 1
            continue
        m = _VALUE.fullmatch(v)
        if not m or bool(m["open"] or m["within"]) != bool(m["close"]) or m["within"] and not m["before"]:
            words.add(v)
            continue
        body = m["body"].rstrip("-\u2013\u2014").strip()
        if not _well_grouped(body):
            return None
        if _name(body, m["sign"] or m["sign2"], v) or m["exp"] and not {".", ","} & set(body) and m["exp"][1] not in "+-":
            return None
        count += 1
        proven |= _proves(body)
        spaced = re.split(f"[{_SPACES}]", body)
        groups += len(spaced) > 1
        lengths.add(tuple(map(len, spaced)) if len(spaced) > 1 else len(body))
        after = m["after"] or ""
        if "%" in (after, m["before"]):  # 12%, and %12 in Turkish
            percent += 1
        elif after and re.fullmatch(forms.MONEY, after):
            money.add(after)
        elif after:
            blank = v[: m.end("after") - len(after)].endswith((" ", "\u00a0"))
            if after.lower() not in _UNITS or len(after) == 1 and after.isalpha() and not blank:
                return None
            units.append(after)
        elif not m["before"]:
            plain += 1
        if m["before"] and m["before"] != "%":
            money.add(m["before"])
    if not count or count < 0.25 * (count + marked) or len(words) > 1 or words and (count < 10 or not re.fullmatch(r"[A-Za-z][A-Za-z .]{3,}|[*?.#-]+", min(words))):
        return None
    if len(proven) > 1 or len(money) > 1 or percent and (plain > 0.2 * count or money) or units and (len(set(units)) > 1 or len(units) < count or count < 2):
        return None
    if groups and groups == count and len(lengths) == 1 and not proven and len(next(iter(lengths))) > 2:
        return None  # telephone numbers have groups too, but always as many
    if groups and not money and not proven and groups == count and len({len(t) for t in lengths}) == 1 and len(next(iter(lengths))) > 2:
        return None
    usual = "." if money & _POINT else "," if money & _COMMA else None
    sign = next(iter(proven), None) or usual or decimal or "."
    doubtful = "" if proven or usual or decimal != "," else next((v for v in values if re.fullmatch(r"\D*\d{1,3}[.,]\d{3}\D*", v)), "")
    return sign, money, bool(percent), units[0] if units else "", doubtful


def _shown(value, sign):
    """A value without its group signs, as Python writes it."""
    return re.sub(r"[^\d.]", "", value.replace("." if sign == "," else ",", "").replace(sign, "."))


def _well_grouped(body):
    """Whether digits are grouped as numbers are: 1 234 567,8 or 12,34,567."""
    return bool(
        re.fullmatch(
            rf"\d+([.,]\d*)?|[.,]\d+|(?:\d{{1,3}}(?:,\d{{2,3}})*|\d{{4}}(?:,\d\d)+),\d{{3}}(\.\d*)?|\d{{1,3}}(?:\.\d{{3}})+(,\d*)?|\d{{1,3}}(?:[{_SPACES}]\d{{3}})+([.,]\d*)?|\d{{1,3}}(?:['\u2019,]\d{{3}})+(\.\d*)?",
            body,
        )
    ) and not re.fullmatch(r"\d{1,3}(\.\d{3}){3}|\d{1,3}(?:(?:,\d{3}){5,}|(?:\.\d{3}){5,})", body)  # an address of a computer; a list of numbers, or of levels


def _name(body, sign, value):
    """Whether digits are a name: leading zeros, a telephone number, too long for a number."""
    return bool(re.match(r"0\d", body)) or body.isdigit() and len(body) > 15 or sign == "+" and len(re.sub(r"\D", "", value)) > 6


def _pattern(sign, money, percent, unit):
    """What each value must be."""
    point, group = re.escape(sign), "," if sign == "." else r"\."
    body = rf"(?:\d{{1,3}}(?:{group}\d{{2,3}}){{1,7}}|\d{{4}}(?:{group}\d\d)+{group}\d{{3}}|\d{{1,3}}(?:[{_SPACES}]\d{{3}})+|\d+)?(?:{point}(?:\d*|[-\u2013\u2014]{{1,2}}))?"
    symbols = "|".join(re.escape(m) for m in sorted(money)) or "(?:x{0})"
    tail = rf"(?:\s?(?:%))?" if percent else rf"(?:\s?{re.escape(unit)})" if unit else rf"(?:\s?(?:{symbols}))?"
    symbols = "%" if percent else symbols
    return rf"\(?[+\-\u2212]?\s?(?:{symbols})?\s?\(?[+\-\u2212]?\s?{body}(?:[eE][+-]?\d+)?{tail}\)?[-\u2212]?"
