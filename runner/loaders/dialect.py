"""How a table in text is written: delimiter, quote and escape, judged together by what they make of the lines."""

import csv
import re
from dataclasses import dataclass, replace

from attache.loaders import forms

_USUAL = ",;\t|"
_RARE = "#~^\x01\x1f\x1e\u00a7\u2502"
LINES = 120  # that are looked at
_ADDRESS = re.compile(r"(?:https?|ftp|file)://[^\s\"]+|/[^\s/\"]+/[^\s\"]+|[^\s@,;\"]+@[^\s@,;\"]+", re.I)  # of a page, a file or a person: signs within it part nothing


@dataclass(frozen=True)
class Dialect:
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""  # what stands before a quote in quotes, unless it is doubled
    spaced: bool = False  # a blank follows each delimiter
    score: float = 0.0

    @property
    def words(self):
        """Whether runs of blanks delimit."""
        return self.delimiter == r"\s+"

    def cut(self, lines):
        """Return the rows of fields of lines."""
        rows, reader = [], self.reader(lines)
        while True:
            try:
                rows.append(next(reader))
            except StopIteration:
                return rows
            except csv.Error:
                continue

    def reader(self, lines):
        """Return a csv.reader of lines."""
        options = {"quotechar": '"'} if self.quote else {"quoting": csv.QUOTE_NONE}
        if self.escape:
            options["escapechar"] = self.escape
        if self.words:
            lines = [re.sub(r"[ \t]+", " ", line).strip(" ") for line in lines]
        delimiter = " " if self.words else self.delimiter
        return csv.reader(map(self.plain, lines), delimiter=delimiter, skipinitialspace=self.spaced or self.words, **options)

    def plain(self, line):
        """A line with fields in single quotes as one with double quotes. An apostrophe within does not end the field."""
        if self.quote != "'" or "'" not in line:
            return line
        d = r"[ ]" if self.words else re.escape(self.delimiter)
        return re.sub(rf"(^|{d}) ?'(.*?)'(?= ?(?:{d}|\n|$))", lambda m: m[1] + '"' + m[2].replace("''", "'").replace('"', '""') + '"', line)


def find(lines, ext="", delimiter=None):
    """Return the Dialect that explains the lines best; delimiter is one that is known."""
    lines = [line for line in lines if line.strip()][:LINES]
    text = "\n".join(lines)
    if not delimiter and ext in (".tsv", ".tab") and len({line.count("\t") for line in lines}) == 1 and any(line.partition("\t")[2].strip() for line in lines):
        delimiter = "\t"  # as the name says, and each line has as many
    best = named = None
    for d in [delimiter] if delimiter else _candidates(lines, text):
        for quote, escape in _quotes(text, d):
            found = _judge(lines, Dialect(d, quote, escape), ext)
            if found and (best is None or found.score > best.score):
                best = found
            if found and _named(lines, found):
                named = found if named is None or found.score > named.score else named
    if best and named and len(best.cut(lines[:1])[0]) == 1:
        best = replace(named, score=best.score)  # a first line of one field, where another sign has as many names as there are fields below
    if delimiter:
        return best or Dialect(delimiter, *_quotes(text, delimiter)[0])
    if lines and (best is None or best.score < 0.7) and _with_blanks(lines):
        return Dialect("\x1f" if "," in text else ",")
    if best is None or best.score < _one_column(lines, text):
        words = None if best and best.score > 0.5 else _words(lines)
        return words or Dialect("\x1f" if best or "," in text and _one_column(lines, text) > 0.6 else ",")
    if best.delimiter == "\t" and _with_tabs_among(lines, best):
        return _words(lines) or best
    if best.score < 0.75:
        words = _words(lines)
        if words and words.score > best.score:
            return words
    return best


def _with_tabs_among(lines, tabs):
    """Whether tabs are some of the blanks that set columns apart: each line has as many words, most of them numbers, and cells
    between tabs hold several numbers, or only some of the lines have tabs."""
    rows, cells = Dialect(r"\s+").cut(lines), tabs.cut(lines)
    if len(lines) < 3 or len({len(r) for r in rows}) > 1 or len(rows[0]) <= width(cells) - 1:
        return False
    body = [c for r in rows[1:] for c in r]
    if sum(forms.form(c) in ("n", "m") for c in body) < 0.6 * len(body):
        return False
    several = all(any(len(c.split()) > 2 and all(forms.form(v) in ("n", "m") for v in c.split()) for c in r) for r in cells[1:])
    return several or any(len(r) == 1 for r in cells) and all(forms.form(c) == "n" for c in body)


def width(rows):
    """The usual number of fields."""
    counts = [len(r) for r in rows if r]
    return max(set(counts), key=lambda c: (counts.count(c), c)) if counts else 0


def _candidates(lines, text):
    usual = [d for d in _USUAL if d in text]
    rare = [d for d in _RARE if d in text and sum(d in line[1:] for line in lines) >= 0.8 * len(lines) and not (d == "#" and (len(lines) < 3 or any(line[0] == d for line in lines)))]
    if not usual and not rare and sum(":" in line for line in lines) == len(lines) > 2 and not sum(bool(re.search(r"\b\d\d?:\d\d\b", line)) for line in lines) > 0.8 * len(lines):
        rare = [":"]
    colons = {line.count(":") for line in lines}
    if len(colons) == 1 and min(colons) > 2 and len(lines) > 2 and not any(len({line.count(d) for line in lines}) == 1 and not all(d + d in line for line in lines) for d in usual):
        return [":"]  # as in /etc/passwd, with commas within a field
    return usual + rare


def _quotes(text, d):
    """The pairs of quote and escape to try."""
    edge = re.escape(d) if len(d) == 1 else r"\s"
    pairs = [('"', "")]
    if len(d) == 1 and len(re.findall(rf'(?:^|{edge})"[^"\n]*[^"\\\n]"(?![ \t]*(?:{edge}|$)|")(?![^"\n]*"[^"\n]*"(?:{edge}|$))(?![^"\n]*"(?:{edge}|$))', text, re.M)) > len(re.findall(rf'(?:^|{edge})"[^"\n]*"(?=[ \t]*(?:{edge}|$))', text, re.M)):
        return [("", "")]  # they stand within the fields
    double = len(re.findall(rf'(?:^|{edge}) ?"', text, re.M))
    if '\\"' in text or "\\" + d in text:
        pairs.append(('"', "\\"))
    if "'" in text:
        whole = len(re.findall(rf"(?:^|{edge}) ?'[^\n]+?'(?= ?(?:{edge}|$))", text, re.M))
        opening = len(re.findall(rf"(?:^|{edge}) ?'", text, re.M))
        if whole >= 2 and whole > 2 * double and not re.search(rf'(?:^|{edge})"[^"\n]+"(?={edge}|$)', text, re.M) and whole >= 0.9 * opening and whole >= 0.3 * (text.count("\n") + 1):
            return [("'", "")]
    return pairs


def _judge(lines, dialect, ext):
    rows = [r for r in dialect.cut(lines) if any(map(str.strip, r))]
    w = width(rows)
    if w < 2:
        return None
    start = next(i for i, r in enumerate(rows) if len(r) == w)
    body = rows[start:]
    if not any(c.strip() for r in body if len(r) == w for c in r[1:]):
        return None  # it only ends the lines
    even = sum(len(r) == w for r in body) / len(body)
    if start > 0.4 * len(rows):
        even *= 0.7
    cells = [c for r in body for c in r][:3000]
    clean = sum(map(_clean, cells, [dialect.delimiter] * len(cells))) / len(cells)
    typed = sum(forms.form(c) not in ("s", "") for c in cells) / len(cells)
    usual = 0.02 * typed + (0.01 if dialect.delimiter == "," else 0)
    if dialect.delimiter == "\t" and ext in (".tsv", ".tab") or dialect.delimiter == "|" and ext == ".psv":
        usual = 0.2
    score = even * (0.2 + 0.8 * clean) * _header_agrees(rows, start, w, dialect) + usual + min(w, 20) / 1000
    if dialect.escape:  # only where it is needed
        plain = Dialect(dialect.delimiter, dialect.quote).cut(lines)
        usually = width(plain)
        score += 0.02 if escapes(lines, dialect) or sum(len(r) == usually for r in plain if r) < sum(len(r) == w for r in rows) else -0.02
    later = [c for r in body[:60] for c in r[1:] if c]
    spaced = bool(later) and dialect.delimiter not in " \t" and sum(c[0] == " " for c in later) >= 0.95 * len(later)
    if spaced and not dialect.spaced:
        again = _judge(lines, Dialect(dialect.delimiter, dialect.quote, dialect.escape, True), ext)
        if again and again.score >= score - 0.02:
            return again
    return Dialect(dialect.delimiter, dialect.quote, dialect.escape, dialect.spaced, score)


def escapes(lines, dialect):
    """Whether a backslash before a quote is an escape: the lines that have one are well formed only so."""
    valid = {"\\": 0, "": 0}
    for line in lines:
        if '\\"' not in line:
            continue
        for escape in valid:
            more = {"escapechar": escape} if escape else {}
            try:
                valid[escape] += len(list(csv.reader([line], delimiter=dialect.delimiter, skipinitialspace=dialect.spaced, strict=True, **more)))
            except csv.Error:
                pass
    return valid["\\"] > 2 * valid[""]


def _named(lines, dialect):
    """Whether each line has as many fields as the first, which are names."""
    rows = dialect.cut(lines)
    return len(rows) > 2 and len(rows[0]) > 1 and {len(r) for r in rows} == {len(rows[0])} and all(re.fullmatch(r"[\w ./()-]+", c.strip()) and forms.form(c) == "s" for c in rows[0])


def _clean(cell, delimiter):
    """Whether a cell is a value, or a text without what delimits elsewhere."""
    cell = cell.strip()  # some programs end each value with a tab
    if not cell or forms.form(cell) not in "s":
        return 1.0
    if any(d in cell for d in ";\t|" if d != delimiter):
        return 0.0 if re.search(r"[;\t|](?! )", cell) or "|" in cell else 0.5
    return 0.7 if delimiter != "," and re.search(r",\S", cell) else 1.0


def _header_agrees(rows, start, w, dialect):
    """1 where the first line has as many fields as the others, less where it speaks against them."""
    if start == 0 or len(rows[0]) in (w - 1, w + 1) and len(rows[0]) > 1:
        return 1.0
    if all(len(r) == 1 and r[0][:1] in "#%!/*" for r in rows[:start]):
        return 1.0
    head, body = rows[start], rows[start + 1 :][:50]
    # A title stands above a line of names: texts where the lines below have values.
    kinds = [_usual_form(body, i) for i in range(w)]
    if any(k and k in "ndcb" and forms.form(head[i]) == "s" for i, k in enumerate(kinds)):
        return 0.98
    if len(rows[0]) == 1 and w == 2:
        return 0.55
    return 0.9 if any(k and k in "ndcb" for k in kinds) else 0.6 if w == 2 or len(rows[0]) == 1 and start == 1 else 0.8


def _usual_form(rows, i):
    """The form that nearly all the filled cells of a column have, else s."""
    found = [f for f in (forms.form(r[i]) for r in rows if len(r) > i) if f and f != "m"]
    if not found:
        return ""
    best = max(set(found), key=found.count)
    return best if found.count(best) >= 0.9 * len(found) else "s"


usual_form = _usual_form


def _one_column(lines, text):
    """How well the lines are explained as one column of values or sentences."""
    values = sum(forms.form(line) not in ("s", "") for line in lines[1:]) / max(1, len(lines) - 1)
    if values > 0.9:
        return 0.7
    if len(lines) > 2 and not re.search(r"[,;\t|]", lines[0]):  # one name
        if all(_ADDRESS.fullmatch(line.strip()) for line in lines[1:]):
            return 0.7
        if "\t" not in text and "|" not in text and len(re.findall(r"[,;](?= |$)", text, re.M)) > 0.9 * len(re.findall("[,;]", text)):
            return 0.62
    blanks = text.count(", ") / max(1, text.count(","))
    return 0.62 if blanks > 0.9 and not any(d in text for d in ";\t|") else 0.3


_AMOUNT = re.compile(rf"{forms.MONEY} [-+]?[\d.,]+|[-+]?[\d.,]+ {forms.MONEY}")


def _with_blanks(lines):
    """Whether each line is one value that has a blank within: a day with its time, 5 Jan 2024, EUR 12.50. Its name, if there is one, has none."""
    value = lambda line: " " in line and (forms.form(line) == "d" or bool(_AMOUNT.fullmatch(line)))
    lines = [line.strip(' "') for line in lines]
    return (" " not in lines[0] or value(lines[0])) and len(lines[0]) > 0 and (len(lines) > 1 or value(lines[0])) and all(map(value, lines[1:]))


def _words(lines):
    """Columns set apart by blanks: the same number of words in each line, most of them values."""
    dialect = Dialect(r"\s+")
    rows = dialect.cut(lines)
    w = width(rows)
    if w < 2 or len(rows) < 2:
        return None
    body = rows[1:] if len(rows[0]) != w else rows
    even = sum(len(r) == w for r in body) / len(body)
    cells = [c for r in rows[1:] for c in r]
    values = sum(forms.form(c) not in ("s", "") for c in cells) / len(cells)
    same = even == 1 and len(rows[0]) == w and len(rows) > 2 and any(_usual_form(rows[1:], i) in ("n", "d", "c") for i in range(w))
    if even < 0.9 or not (values > 0.5 or same):
        return None
    return Dialect(r"\s+", score=even * (0.4 + 0.6 * values))
