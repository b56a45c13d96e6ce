"""Numbers with a word behind them: 1.2M, 12k, 3.4 bn, and 1,200.50 DR beside CR."""

import re

from attache.loaders import forms

_SCALES = {
    10**3: "k thousand thsd tsd tsd. mille 千",
    10**4: "万 萬 만",
    10**5: "lakh lakhs lac",
    10**6: "m mm mn mln million millions mio mio. millionen",
    10**7: "crore crores cr",
    10**8: "億 亿 억",
    10**9: "b bn bln billion billions mrd mrd. milliarden md",
    10**12: "t tn trn trillion trillions",
}
_OF = {word: scale for scale, words in _SCALES.items() for word in words.split()}
_SCALED = re.compile(rf"(?P<number>[(]?[+\-\u2212]?\s?(?:{forms.MONEY})?\s?[+\-\u2212]?\d[\d.,' \u00a0\u202f]*?)(?P<blank>[ \u00a0]?)(?P<word>(?i:{'|'.join(sorted(map(re.escape, _OF), key=len, reverse=True))}))?(?P<after>\s?(?:{forms.MONEY}))?(?P<close>\)?)")
_SIDE = re.compile(r"(?P<number>[^A-Za-z]*\d[\d.,' ]*?)\s?(?P<side>(?i:cr|dr))\.?")


def words(column):
    """Return (the column without the words, what each value is multiplied by, the line to tell) where the values
    are numbers with words such as k, M and bn; None where they are not, or where such a letter may be a unit."""
    import pandas as pd

    first = column.iloc[:200].dropna()
    if not len(first) or not all(isinstance(v, str) and (v.strip().lower() in forms.MARKS or _SCALED.fullmatch(v.strip())) for v in first):
        return None
    known = column.dropna().str.strip()
    known = known[~known.str.lower().isin(forms.MARKS)]
    found = {v: _SCALED.fullmatch(v) for v in known.unique()}
    if not found or not all(found.values()) or not _agree([m for m in found.values()]):
        return None
    by = known.map({v: float(_OF[m["word"].lower()]) if m["word"] else 1.0 for v, m in found.items()})
    bare = known.map({v: m["number"].strip() + (m["after"] or "") + m["close"] for v, m in found.items()})
    shown = next(v for v, m in found.items() if m["word"])
    line = f"words such as in {shown} were multiplied out ({', '.join(f'{w} is {s:,}' for w, s in sorted({(m['word'], _OF[m['word'].lower()]) for m in found.values() if m['word']}, key=lambda x: x[1]))})"
    return bare.reindex(column.index).astype(column.dtype), pd.Series(by).reindex(column.index), line


def _agree(found):
    """Whether letters behind numbers are surely words for thousands and more, not units."""
    used = {m["word"] for m in found if m["word"]}
    if not used or any(m["word"] and len(m["word"]) == 1 and m["blank"] and not _money(m) for m in found):
        return False
    scales = {_OF[w.lower()] for w in used}
    if any(len(w) > 2 or w.lower() in ("bn", "mn", "tn") or not w.isascii() for w in used) or all(_money(m) for m in found):
        return True
    if any(len(w) == 2 for w in used):  # mm, md, cr
        return False
    pointed = any(re.search(r"[.,]\d", m["number"]) for m in found)
    if len(scales) > 1:
        return True
    word = next(iter(used))
    return pointed and word in "kKM" or word == "k" and len(found) > 3


def _money(m):
    return bool(re.search(forms.MONEY, m["number"]) or m["after"])


_FLAGGED = re.compile(r"(?P<number>[+\-\u2212]?\d[\d.,]*|:)\s?(?P<flag>[a-z]{1,3}|\([a-z]{1,2}\)|\[[a-z\d]{1,2}\]|[*†‡¹²³⁴-⁹]{1,3})?", re.I)


def flags(column, colons=False):
    """As words, of numbers of which some have a flag behind them (12.5 b, 13*, 7 (p)), as offices of statistics write them,
    with a colon for what is missing: in this column, or elsewhere in the table (colons)."""
    first = column.iloc[:400].dropna().tolist()
    if not all(isinstance(v, str) for v in first):
        return None
    found = [_FLAGGED.fullmatch(v.strip()) for v in first]
    if len(found) < 5 or not all(found) or not any(m["flag"] for m in found):
        return None
    numbers = [m for m in found if m["number"] != ":"]
    bare = sum(not m["flag"] for m in numbers)
    letters = any(re.match("[a-z]", m["flag"] or "", re.I) for m in found)
    given = {m["flag"] for m in numbers if m["flag"]}
    eurostat = colons and bool(given) and all(re.fullmatch("[bcdefinprsuz]{1,3}", f) for f in given) and bool(given - set("cdfinsz"))  # a year that is provisional throughout; s alone may be seconds
    if letters and not colons and len(numbers) == len(found) or (bare < 0.6 * len(numbers) or bare < 5) and not eurostat:
        return None  # letters alone may be units
    known = column.dropna().str.strip()
    parts = {v: _FLAGGED.fullmatch(v) for v in known.unique()}
    if not all(parts.values()):
        return None
    missing = known.map(lambda v: parts[v]["number"] == ":")
    values = known.map(lambda v: parts[v]["number"]).mask(missing)
    shown = next(v for v, m in parts.items() if m["flag"])
    line = f"flags behind {sum(bool(parts[v]['flag']) for v in known):,} value(s), as in {shown!r}, were left out" + (f", and {int(missing.sum()):,} value(s) ':' were read as missing" if missing.any() else "")
    return values.reindex(column.index).astype(column.dtype), values.where(values.isna(), 1.0).astype(float).reindex(column.index), line


def sides(column):
    """As words, of amounts that are all marked CR or DR: those marked DR are negative, as in a bank's statement."""
    first = column.iloc[:200].dropna()
    if not len(first) or not all(isinstance(v, str) and v.strip().rstrip(".")[-2:].lower() in ("cr", "dr") for v in first):
        return None
    known = column.dropna().str.strip()
    found = {v: _SIDE.fullmatch(v) for v in known.unique()}
    if not all(found.values()) or len({m["side"].lower() for m in found.values()}) < 2:
        return None
    by = known.map({v: -1.0 if m["side"].lower() == "dr" else 1.0 for v, m in found.items()})
    bare = known.map({v: m["number"].strip() for v, m in found.items()})
    return bare.reindex(column.index).astype(column.dtype), by.reindex(column.index), "amounts marked DR were read as negative, those marked CR as positive"
