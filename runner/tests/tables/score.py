"""Scores of a table reader on folders laid out as Pollock's data sets are.

A data set is a folder with csv/NAME (what is read), clean/NAME (the truth, plain
CSV, header first) and parameters/NAME_parameters.json (encoding, delimiter,
quotechar, escapechar, header_lines, preamble_lines, n_columns).

A reader is a function (path, params) -> list of rows, the header first, every
cell a string. It may raise: that is a failure of that file.

Measures of one file (all 0..1), after the VLDB 2023 paper:
  success                   nothing was raised
  header/record/cell P,R,F1 bags of header names, of records (cells joined) and of
                            cells. Names and records are compared by value
                            (case, number form, dates), cells as text.
and two that Pollock lacks, because its bags do not see shifted columns:
  placed                    F1 of the bags of (number of the column, value)
  exact                     header and all rows are equal, by value, in order
The simple score is the sum of the means of the ten measures of Pollock (at most
10); the weighted one weights each file by how often its pollution was seen.
"""

import collections
import csv
import functools
import io
import json
import os
import re
import time

from dateutil import parser as _dates

csv.field_size_limit(1 << 30)
TEN = [f"{a}_{b}" for a in ("header", "record", "cell") for b in ("p", "r", "f1")]
MEASURES = ["success", *TEN, "placed", "exact"]
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")
_PRICE = re.compile(r"[^\d\s]{0,3}\s?[$€£¥]\s?(\d[\d,]*(\.\d+)?)")


class _Info(_dates.parserinfo):
    JUMP = [" ", ".", ",", ";", "-", "/", "'"]


@functools.lru_cache(maxsize=1 << 20)
def value(cell):
    """What a cell means, as text: 1.0 and 1.00 are equal, TRUE and true, 1/2/2020 and 2020-01-02."""
    if not cell or cell.isspace():
        return cell.lower()
    if cell in ("True", "true"):
        return "1"
    if cell in ("False", "false"):
        return "0"
    for kind in (int, float):
        try:
            return str(kind(cell))
        except (ValueError, OverflowError):
            pass
    if _TIME.fullmatch(cell):
        return ":".join((cell.split(":") + ["00"])[:3]).zfill(8)
    if len(cell) < 60:
        try:
            return str(_dates.parse(cell, parserinfo=_Info()))
        except (ValueError, OverflowError, TypeError, _dates.ParserError):
            pass
    m = _PRICE.fullmatch(cell.strip())
    if m:
        return "$" + str(float(m[1].replace(",", "")))
    return cell.lower()


def _bags(true, got):
    a, b = collections.Counter(true), collections.Counter(got)
    both = sum((a & b).values())
    if not a:
        return 1.0, 1.0, 1.0
    if not both:
        return 0.0, 0.0, 0.0
    p, r = both / len(got), both / len(true)
    return p, r, 2 * p * r / (p + r)


def meaning(cell):
    """What a cell means beyond value: $74.69 and 74.69, 1 and 1.0, NaN and nothing, 13/02/2018 and 2018-02-13 are equal."""
    bare = cell.strip()
    if bare.lower() in _NOTHING:
        return ""
    number = _MONEY.sub("", bare)
    number = "-" + number[1:-1] if number[:1] == "(" and number[-1:] == ")" else number
    try:
        return f"{float(number.replace(',', '')):.12g}"
    except ValueError:
        pass
    m = _DAY_FIRST.match(bare)
    if m:  # either order is one of the days that it may mean: the smaller of both stands for them
        a, b, year = sorted((int(m[1]), int(m[2]))), m[4], m[3]
        return f"{year if len(year) == 4 else '20' + year} {a} {value('00:00' if not b.strip() else b.strip())}"
    m = _ISO_DAY.match(bare)
    if m:
        return f"{m[1]} {sorted((int(m[2]), int(m[3])))} {value('00:00' if not m[4].strip() else m[4].strip())}"
    return value(bare)


_NOTHING = {"", "nan", "na", "n/a", "#n/a", "null", "none", "-"}
_MONEY = re.compile(r"[$€£¥%\s]")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d\d)((?: .*)?)$")
_ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)((?: .*)?)$")


def valued(true, got, headed):
    """The measures with every cell replaced by what it means, the header aside."""
    rows = Rows([r if i == 0 else [meaning(c) for c in r] for i, r in enumerate(got or [[]])])
    rows.headless = getattr(got, "headless", None)
    same = [r if i == 0 else [meaning(c) for c in r] for i, r in enumerate(true)]
    return fair(same, rows, headed)


def measure(true, got):
    """The measures of one file, from its true rows and those read."""
    m = dict.fromkeys(MEASURES, 1.0)
    if not true:
        m["exact"] = float(not any(any(r) for r in got))
        return m
    header, head = [value(c) for c in true[0]], [value(c) for c in got[0]] if got else []
    rows, read = [[value(c) for c in r] for r in true[1:]], [[value(c) for c in r] for r in got[1:]]
    found = (
        *_bags(header, head),
        *_bags(["".join(r) for r in rows], ["".join(r) for r in read]),
        *_bags([c for r in true for c in r], [c for r in got for c in r]),
    )
    m.update(zip(TEN, found))
    full, same = [header, *rows], [head, *read]
    m["placed"] = _bags(list(_pairs(full)), list(_pairs(same)))[2]
    m["exact"] = float(full == same)
    return m


class Rows(list):
    """Rows whose reader says whether the names of the columns are its own invention (headless)."""

    headless = None


_INVENTED = re.compile(r"Unnamed: \d+(_level_\d+)?|column\d+|_duplicated_\d+|f\d+|col_?\d+|\d+")
_AGAIN = re.compile(r"(.*?)(\.\d+|_\d+|_duplicated_\d+)")


def fair(true, got, headed):
    """The same measures without the accidents of the benchmark: where the truth has no
    header its first row of data counts as one, so that who sees that there is none
    loses and who takes data for names wins; names made unique (x.1, x_1) or
    invented for empty ones (Unnamed: 3) count as wrong; blank cells at the end of a
    row count. Rows that are all blank still count."""
    headless = getattr(got, "headless", None)
    true, got = _trim(true), _trim(got or [[]])
    true_names = [n.strip() for n in true[0]] if true else []
    if not headed and true and all(re.fullmatch(r"col_\d+", n) for n in true_names):
        true = true[1:]  # names invented by the benchmark
        true_names = [n.strip() for n in true[0]] if true else []
    if not true:
        return measure(true, got)
    if not headed:
        if headless:
            return measure([true_names, *true], [true_names, *got[1:]])
        m = measure(true, got)
        if headless is False:
            for k in ("header_p", "header_r", "header_f1", "exact"):
                m[k] = 0.0
        return m
    known = set(true_names)
    names = []
    for n in got[0]:
        n = n.strip()
        if n not in known:
            again = _AGAIN.fullmatch(n)
            if again and again[1] in known:
                n = again[1]
            elif "" in known and _INVENTED.fullmatch(n):
                n = ""
        names.append(n)
    return measure([true_names, *true[1:]], [names, *got[1:]])


def _trim(rows):
    """Without blank cells at the end of rows """
    out = []
    for r in rows:
        r = ["" if c.isspace() else c for c in r]
        while len(out) and r and not r[-1]:
            r.pop()
        out.append(r)
    return out


def _pairs(rows):
    return ((i, c) for r in rows for i, c in enumerate(r))


def rows_of(path):
    with open(path, encoding="utf-8-sig") as f:
        return list(csv.reader(f))


def rows_of_text(text):
    return list(csv.reader(io.StringIO(text, newline=None)))


def group(name):
    """The pollution of a Pollock file; a real file is its own."""
    m = re.match(r"row_(extra_quote|field_delimiter|less_sep|more_sep)", name)
    return f"row_{m[1]}*" if m else name


def parameters(folder, name):
    with open(os.path.join(folder, "parameters", name + "_parameters.json"), encoding="utf-8") as f:
        return json.load(f)


def names(folder, step=1):
    """The files of a data set; step thins out the many of a kind."""
    out, seen = [], collections.Counter()
    for n in sorted(os.listdir(os.path.join(folder, "csv"))):
        g = group(n)
        seen[g] += 1
        if not g.startswith("row_") or (seen[g] - 1) % step == 0:
            out.append(n)
    return out


def run(reader, folder, files):
    """Read and measure each file; the reader's failure is a measure, not an end."""
    results = {}
    for n in files:
        started = time.perf_counter()
        try:
            got, error = reader(os.path.join(folder, "csv", n), parameters(folder, n)), None
        except Exception as e:  # whatever a reader raises, it did not read
            got, error = None, f"{type(e).__name__}: {e}".splitlines()[0][:300]
        took = time.perf_counter() - started
        m = f = v = dict.fromkeys(MEASURES, 0.0)
        if got is not None:
            true = rows_of(os.path.join(folder, "clean", n))
            headed = int(parameters(folder, n)["header_lines"]) > 0
            m, f, v = measure(true, got), fair(true, got, headed), valued(true, got, headed)
        elif os.path.getsize(os.path.join(folder, "csv", n)) == 0:
            f = v = dict.fromkeys(MEASURES, 1.0)  # an empty file refused is right
        results[n] = {**m, "seconds": took, "error": error, "fair": f, "valued": v}
    return results


def totals(results, weights=None, counts=None):
    """Simple and weighted score, and the means.

    counts: how many files of each group there are, where results hold a thinned
    selection; each file then stands for those left out.
    """
    have = collections.Counter(group(n) for n in results)
    times = {n: (counts[group(n)] / have[group(n)] if counts else 1) for n in results}
    everything = sum(times.values())
    mean = {k: sum(times[n] * r[k] for n, r in results.items()) / everything for k in MEASURES}
    out = {"files": len(results), "simple": sum(mean[k] for k in ["success", *TEN]), **mean}
    fairs = {k: sum(times[n] * r["fair"][k] for n, r in results.items()) / everything for k in MEASURES}
    out["fair"] = sum(fairs[k] for k in ["success", *TEN])
    out["fair_means"] = fairs
    out["valued"] = sum(times[n] * sum(r["valued"][k] for k in ["success", *TEN]) for n, r in results.items()) / everything
    if weights:
        w = {n: times[n] * weights.get(n, 0) for n in results}
        all_w = sum(w.values())
        out["weighted"] = sum(w[n] * sum(r[k] for k in ["success", *TEN]) for n, r in results.items()) / all_w
        out["weighted_fair"] = sum(w[n] * sum(r["fair"][k] for k in ["success", *TEN]) for n, r in results.items()) / all_w
        out["weighted_valued"] = sum(w[n] * sum(r["valued"][k] for k in ["success", *TEN]) for n, r in results.items()) / all_w
        out["weighted_exact"] = sum(w[n] * r["exact"] for n, r in results.items()) / all_w
        out["weighted_placed"] = sum(w[n] * r["placed"] for n, r in results.items()) / all_w
    out["seconds"] = sum(r["seconds"] for r in results.values())
    return out
