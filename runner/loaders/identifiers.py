"""Digits that are names: leading zeros, telephone numbers, long ids, 1E5. They stay text."""

import csv
import re
from concurrent.futures import ThreadPoolExecutor

from attache.loaders import dates

_PIECE = 512 << 10  # bytes looked at at once: few enough for the processor's cache
_HITS = 2000  # lines that are looked at one by one

_LEADING = re.compile(r"-?0\d[\d.]*|\+\d{7,}")
_EXPONENT = re.compile(r"\d+[eE]\d+")
_MAYBE = re.compile(r"-?0\d|\+\d{7}|\d+[eE]\d|\d{16}")  # what each name begins with
_SHORT = 1000  # rows of a table that is looked through in Python
_FORMULA = r'="([^"]*)"'  # how programs make Excel keep digits as they are
_POINTED = re.compile(r"version|release|section|chapter|clause|icd|diag|(?:^|[^a-z])(?:code|ver|dx|naics|hs|class|dewey)(?:$|[^a-z])", re.I)  # names of columns in which 1.10 is not 1.1


def begin(src, look):
    """Start to look through a large file beside its reading; the result is for keep. None where there is no need."""
    plain = look.codec not in ("utf-16", "utf-16-le", "utf-16-be", "utf-32") and len(look.delimiter) == 1 and ord(look.delimiter) < 128
    if not plain or src.size <= len(src.head):
        return None
    import numpy as np

    pool = ThreadPoolExecutor(1)
    result = pool.submit(_scan, np, src, look)
    pool.shutdown(wait=False)
    return result


def keep(frame, scan, again):
    """Put back, as text, the columns of numbers whose digits are names, and return their positions; again(columns)
    reads columns as text."""
    import numpy as np

    kept = set()
    for i, t in enumerate(frame.dtypes):
        if t == object and frame.iloc[:, i].notna().any() and all(type(v) is int for v in frame.iloc[:, i].dropna()):
            frame.isetitem(i, again([i])[i].set_axis(frame.index))  # longer than any number of a machine
            kept.add(i)
    numeric = [i for i, t in enumerate(frame.dtypes) if t.kind in "iuf"]
    if not numeric:
        return kept
    suspects = set()
    whole = [i for i in numeric if frame.dtypes.iloc[i].kind == "f" and _integral(np, frame.iloc[:, i].to_numpy())]
    suspects |= {i for i in whole if np.nanmax(np.abs(frame.iloc[:, i].to_numpy())) >= 2**53}
    suspects |= {i for i in numeric if frame.dtypes.iloc[i].kind == "f" and _POINTED.search(str(frame.columns[i]))}
    months = {i for i in numeric if frame.dtypes.iloc[i].kind == "f" and dates.MONTH_NAME.search(str(frame.columns[i]))}
    suspects |= months
    if scan is not None:
        columns, exponents = scan.result()
        suspects |= set(numeric) if columns is None else columns & set(numeric)
        suspects |= set(whole) if exponents else set()
    else:
        suspects |= set(numeric)
    if not suspects:
        return kept
    for i, text in again(sorted(suspects)).items():
        if i in months and len(text) == len(frame) and text.dropna().str.strip().str.fullmatch(dates.MONTH_POINTED).all():
            frame.isetitem(i, text.set_axis(frame.index))  # 2000.10 is October
            kept.add(i)
            continue
        if len(text) <= _SHORT and not _POINTED.search(str(frame.columns[i])) and not any(isinstance(v, str) and _MAYBE.match(v.strip()) for v in text.tolist()):
            continue  # so that thousands of columns take no seconds
        if dates.of_numbers(frame.iloc[:, i], str(frame.columns[i])) is not None:
            continue  # microseconds since 1970 have 16 digits
        if len(text) == len(frame) and (is_name(text.dropna()) or _POINTED.search(str(frame.columns[i])) and _pointed(text.dropna().str.strip())):
            frame.isetitem(i, text.set_axis(frame.index))
            kept.add(i)
    return kept


def unwrap(frame):
    """Take digits out of formulas such as ="00123"; return the lines to tell."""
    told = []
    for i, dtype in enumerate(frame.dtypes):
        if str(dtype) != "str" or not frame.iloc[:20, i].astype("str").str.startswith('="').any():
            continue
        inner = frame.iloc[:, i].str.strip().str.extract("^" + _FORMULA + "$")[0]
        if inner.notna().sum() >= 0.9 * frame.iloc[:, i].notna().sum():
            told.append(f"{frame.columns[i]}: formulas such as {frame.iloc[:, i].dropna().iloc[0]} were read as the text within")
            frame.isetitem(i, inner.where(inner.notna(), frame.iloc[:, i]).replace("", None))
    return told


def _pointed(text):
    """Whether digits behind a point count: 1.10 beside 1.9, 250.00 beside 401.9."""
    if not text.str.fullmatch(r"\d+(\.\d+)*").all():
        return False
    decimals = text.str.extract(r"\.(\d+)$")[0].dropna()
    return decimals.str.len().nunique() > 1 and decimals.str.endswith("0").any() and bool((decimals.str.rstrip("0").str.len() < decimals.str.len()).any())


def is_name(text):
    """Whether a column of texts that read as numbers is one of names."""
    bare = text.str.strip()
    if bare.str.fullmatch(r"[+-]\d+\.\d+").all():
        return False  # coordinates: -072.637078
    if bare.str.fullmatch(_LEADING.pattern).any():
        return bare.str.fullmatch(r"[\d.+-]+").mean() > 0.9
    if bare.str.fullmatch(_EXPONENT.pattern).any():
        return not bare.str.contains(r"[.+-]").any()
    return bool(len(bare)) and bare.str.fullmatch(r"\d{16,}").any() and bare.str.fullmatch(r"\d+").all()


def _integral(np, values):
    values = values[~np.isnan(values)]
    if (values[:1000] != np.floor(values[:1000])).any():
        return False
    return bool(len(values)) and bool((values == np.floor(values)).all())


def _scan(np, src, look):
    """The columns in which a field begins with a zero and a digit, or a plus; None where it takes reading to
    know. And whether digits stand on both sides of an e."""
    others = [b"\n", b'"', b"'"] + [b" "] * look.dialect.spaced + [b"\r"] * (b"\n" not in src.head)
    starts = np.zeros(256, bool)
    starts[[10, 13, 32, 34, 39, ord(look.delimiter)]] = True
    ends = starts.copy()
    digits = np.zeros(256, bool)
    digits[48:58] = True
    columns, exponents, seen = set(), False, 0
    for data in _pieces(src):
        b = np.frombuffer(data, np.uint8)
        first, middle = b[:-2], b[1:-1]
        hits = middle == 48
        if b"+" in data:
            hits |= middle == 43
        if b"-0" in data:
            hits[:-1] |= (middle[:-1] == 45) & (b[2:-1] == 48) & ((b[3:] - np.uint8(48)) < 10)
        edges = first == ord(look.delimiter)
        for c in others:
            if c in data:
                edges |= first == c[0]
        hits &= edges
        hits &= (b[2:] - np.uint8(48)) < 10
        at = np.flatnonzero(hits) + 1
        at = at[_only_digits(np, b, at, digits, ends)]
        if not exponents:
            exponents = bool((((middle | 32) == 101) & ((first - np.uint8(48)) < 10) & ((b[2:] - np.uint8(48)) < 10)).any())
        seen += len(at)
        if seen > _HITS:
            return None, exponents
        for p in at.tolist():
            line = data[data.rfind(b"\n", 0, p) + 1 : (data.find(b"\n", p) + 1) or len(data)].decode(look.codec, "replace")
            if line.count('"') % 2:
                return None, exponents
            for row in csv.reader(re.split("[\r\n]+", line), delimiter=look.delimiter, quotechar=look.quote or '"'):
                columns |= {i for i, c in enumerate(row) if _LEADING.fullmatch(c.strip())}
    return columns, exponents


def _only_digits(np, b, at, digits, ends):
    """Which of the fields that begin at these places are digits, with a point perhaps, to their end."""
    good = np.ones(len(at), bool)
    going = good.copy()
    for k in range(1, 24):
        here = b[np.minimum(at + k, len(b) - 1)]
        over = ends[here] | (at + k >= len(b))
        going &= ~over
        if not going.any():
            return good
        good &= ~going | digits[here] | (here == 46)
        going &= good
    return good & ~going


def _pieces(src):
    """The file in pieces that end with a line."""
    with open(src.path, "rb") as f:
        rest = b"\n"
        while piece := f.read(_PIECE):
            data = rest + piece
            cut = data.rfind(b"\n") + 1
            if cut < 2:
                rest = data
                continue
            yield data[:cut]
            rest = b"\n" + data[cut:]
        if len(rest) > 2:
            yield rest + b"\n"
