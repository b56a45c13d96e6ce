"""Tables in text: CSV, TSV and what people call so.

A plain file is read as pandas reads it, after a look at a few kilobytes. Only
where that look, or a failure, says that the file is not plain, more is done.
"""

import csv as _csv
import re
import warnings

from attache.loaders import dates, encoding
from attache.loaders.source import note

_DELIMITERS = ",;\t|"
_PLAIN = re.compile(r"[+-]?(\d+|\d*\.\d+|\d+\.)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+")  # 1.234,5
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")  # 1,234.5
_DOTTED = re.compile(r"[+-]?\d{1,3}(\.\d{3}){1,2}")  # 1.234 as Europe writes 1234; three dots are an address
_SPACED = re.compile(r"[+-]?\d{1,3}([ \u00a0\u202f']\d{3})+([.,]\d+)?")  # 1 234,5


def csv(src, **options):
    """Return the table as a DataFrame. Options are those of pandas.read_csv."""
    import pandas as pd

    look = Look(src, options)
    if "encoding" not in options:
        encoding.tell(src, look.codec)
    # The content was looked at; what the path ends in says nothing.
    settings = {"compression": None, **look.settings(), **options}
    frame = _read(src, settings, look)
    if not isinstance(frame, pd.DataFrame):
        return frame  # chunksize and iterator give a reader
    look.restore_digits(frame, settings)
    european = look.delimiter == ";" or look.decimal == ","
    if "decimal" not in options and "thousands" not in options and "dtype" not in options:
        _numbers(frame, european)
    if "dtype" not in options and "parse_dates" not in options:
        dates.convert(frame, options.get("dayfirst", european))
    return frame


def looks_like_table(src):
    """Whether a text has the same number of fields, at least two, in each line."""
    look = Look(src, {})
    counts = [len(r) for r in look.rows if r]
    return len(counts) >= 2 and look.width >= 2 and sum(c == look.width for c in counts) >= 0.9 * len(counts)


class Look:
    """What the beginning of the file, and a little of the rest, tells."""

    def __init__(self, src, options):
        self.src, self.options = src, options
        self.codec = options.get("encoding") or encoding.detect(src.head, whole=src.size <= len(src.head))
        text = src.head.decode(self.codec, "replace").lstrip("\ufeff")
        lines = text.splitlines()
        if src.size > len(src.head) and len(lines) > 1:
            lines.pop()  # it may be cut
        self.skip = 0
        self.delimiter = None
        if lines and re.fullmatch(r'"?sep=(.)"?', lines[0].strip(" ,;")):
            self.delimiter, self.skip = lines[0].strip('"')[4], 1
        self.delimiter = options.get("sep", options.get("delimiter")) or self.delimiter or self._delimiter(lines[self.skip :])
        single = len(self.delimiter) == 1
        self.rows = list(_csv.reader(lines[self.skip : 200], delimiter=self.delimiter)) if single else []
        self.width = _common([len(r) for r in self.rows if r])
        self.skip += self._preamble()
        body = self.rows[1:]
        self.columns = [[v for v in (r[i].strip() for r in body if len(r) > i) if v] for i in range(self.width)]
        self.decimal = "," if self.delimiter != "," and any(c and all(map(_COMMA.fullmatch, c)) for c in self.columns) else "."

    def settings(self):
        s = {}
        if self.codec != "utf-8":
            s["encoding"] = self.codec
        if self.codec not in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"):
            s["encoding_errors"] = "replace"
        if self.delimiter != ",":
            s["sep"] = self.delimiter
        if self.skip:
            s["skiprows"] = self.skip
        if self.decimal == ",":
            s["decimal"] = ","
        if self._trailing():
            s["index_col"] = False
        if self._headless() and not {"header", "names", "skiprows"} & self.options.keys():
            s["header"] = None
            note(f"{self.src.name} has no header line; its columns are numbered.")
        text = self._text_columns()
        if text and "header" not in s and "index_col" not in s and not self._row_names():
            s["dtype"] = text
        return s

    def restore_digits(self, frame, settings):
        """Numbers of more than 15 digits became floats because some are
        missing: read them again as text, which keeps every digit."""
        import pandas as pd

        long = [
            c
            for i, c in enumerate(frame.columns)
            if frame.dtypes.iloc[i] == "float64"
            and i < len(self.columns)
            and self.columns[i]
            and all(v.isdigit() and len(v) > 15 for v in self.columns[i][:20])
        ]
        if long and "usecols" not in settings and "nrows" not in settings:
            again = pd.read_csv(self.src.path, **{**settings, "usecols": long, "dtype": "str"})
            for c in long:
                frame[c] = again[c]

    def _delimiter(self, lines):
        """The delimiter that cuts the most lines into the same number of fields."""
        lines = [line for line in lines[:60] if line.strip()]
        best, best_score = ",", 0.0
        for d in _DELIMITERS:
            try:
                counts = [len(r) for r in _csv.reader(lines, delimiter=d) if r]
            except _csv.Error:
                continue
            width = _common(counts)
            if width < 2:
                continue
            score = counts.count(width) / len(counts) + (0.05 if d == "," else 0) + min(width, 20) / 1000
            if score > best_score:
                best, best_score = d, score
        if best_score:
            return best
        spaced = [len(line.split()) for line in lines]
        if len(lines) > 1 and min(spaced) > 1 and len(set(spaced)) == 1 and _mostly_numbers(lines):
            return r"\s+"
        return ","

    def _preamble(self):
        """How many lines of title stand above the header."""
        if self.width < 2 or {"skiprows", "header", "names"} & self.options.keys():
            return 0
        for i, row in enumerate(self.rows[:30]):
            if len([c for c in row if c.strip()]) > max(1, self.width // 3) and len(row) >= self.width - 1:
                if i and any(self.rows[:i]):
                    title = " ".join(c for c in self.rows[0] if c)[:60]
                    note(f"{self.src.name} has {i} line(s) above its header, which were skipped: {title}")
                self.rows = self.rows[i:]
                return i
        return 0

    def _trailing(self):
        """Each line ends in a delimiter that the header does not have."""
        body = [r for r in self.rows[1:] if r]
        return bool(body) and all(len(r) == len(self.rows[0]) + 1 and r[-1] == "" for r in body)

    def _row_names(self):
        body = [r for r in self.rows[1:] if r]
        return bool(body) and all(len(r) > len(self.rows[0]) for r in body)

    def _headless(self):
        """The first line is data: numbers above numbers, and not years."""
        if len(self.rows) < 2 or self.width < 2:
            return False
        first = [c.strip() for c in self.rows[0]]
        if not all(_PLAIN.fullmatch(c) for c in first):
            return False
        if all(re.fullmatch(r"(1[89]|20)\d\d", c) for c in first) or first == [str(i) for i in range(len(first))]:
            return False
        return all(_PLAIN.fullmatch(c.strip()) for c in self.rows[1] if c.strip())

    def _text_columns(self):
        """The columns whose digits are names: 01234 is a postcode, not 1234."""
        names = self.rows[0] if self.rows else []
        if len(set(names)) != len(names):
            return {}
        columns = self.columns
        for row in self._samples():
            if len(row) == self.width:
                for i, v in enumerate(row):
                    columns[i].append(v.strip()) if v.strip() else None
        text = {}
        for name, values in zip(names, columns):
            if values and values[0].isdigit() and any(map(_zeros, values)) and all(v.isdigit() for v in values):
                text[name] = "str"
            elif self.decimal == "," and values and all(map(_DOTTED.fullmatch, values)) and name:
                text[name] = "str"  # _numbers makes 1.234 1234
        return text

    def _samples(self):
        """A few lines from the middle and the end of a large file."""
        size = self.src.size
        if size < 2 * len(self.src.head) or len(self.delimiter) != 1 or self.codec.startswith(("utf-16", "utf-32")):
            return
        with open(self.src.path, "rb") as f:
            for part in (1, 2, 3, 4):
                f.seek(max(0, size * part // 4 - (8 << 10)))
                lines = f.read(8 << 10).decode(self.codec, "replace").splitlines()[1:-1]
                yield from _csv.reader(lines, delimiter=self.delimiter)


def _read(src, settings, look):
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.DtypeWarning)
            return pd.read_csv(src.path, **settings)
    except pd.errors.DtypeWarning:
        # Pieces of a column came out as different types: the whole at once.
        return pd.read_csv(src.path, **{**settings, "low_memory": False})
    except pd.errors.EmptyDataError:
        raise src.fail("holds no table") from None
    except UnicodeDecodeError:
        settings["encoding"] = encoding.detect(src.bytes(), whole=True)
        if settings["encoding"].startswith("utf"):
            settings["encoding"] = "cp1252"
        settings["encoding_errors"] = "replace"
        encoding.tell(src, settings["encoding"])
        return _read(src, settings, look)
    except pd.errors.ParserError as e:
        if "on_bad_lines" in settings:
            raise
        return _read_ragged(src, settings, str(e))


def _read_ragged(src, settings, problem):
    """Read a table some of whose lines have too many fields: they are left out, and said."""
    import pandas as pd

    if "EOF inside string" in problem:
        note(f"{src.name}: a quotation mark is never closed; quotes were read as plain characters.")
        settings = {**settings, "quoting": _csv.QUOTE_NONE}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = pd.read_csv(src.path, **{**settings, "on_bad_lines": "warn"})
    lines = [n for w in caught for n in re.findall(r"line (\d+)", str(w.message))]
    if lines:
        which = ", ".join(lines[:5]) + (", …" if len(lines) > 5 else "")
        note(f"{src.name}: {len(lines)} line(s) with too many fields were left out (line {which}).")
    return frame


def _numbers(frame, european):
    """Turn columns of text in which every value is a number with thousands or
    a decimal comma into numbers, in place."""
    import pandas as pd

    for i, dtype in enumerate(frame.dtypes):
        if str(dtype) != "str":
            continue
        column = frame.iloc[:, i]
        values = [v.strip() for v in column.iloc[:200].dropna().tolist()]
        if not values or not values[0][-1:].isdigit() or any(_zeros(v) for v in values):
            continue
        found = next((f for f in _forms(european) if _all_match(values, *f)), None)
        if not found:
            continue
        form, other = found
        if not column.dropna().str.strip().str.fullmatch(f"(?:{form.pattern})|(?:{other.pattern})").all():
            continue
        if form is _THOUSANDS:
            plain = column.str.replace(",", "")
        elif form is _SPACED:
            plain = column.str.replace("[ \u00a0\u202f']", "", regex=True).str.replace(",", ".")
        else:
            plain = column.str.replace(".", "", regex=False).str.replace(",", ".")
        frame.isetitem(i, pd.to_numeric(plain.str.strip()))


def _all_match(values, form, other):
    matching = [v for v in values if form.fullmatch(v)]
    if not matching or not all(form.fullmatch(v) or other.fullmatch(v) for v in values):
        return False
    # Telephone numbers have groups too, but always as many.
    return form is not _SPACED or len({len(re.split("[ \u00a0\u202f']", v)) for v in values}) > 1 or "," in matching[0]


def _forms(european):
    """The forms to try, each with the plain one that may stand beside it."""
    if european:
        return (_COMMA, _WHOLE), (_DOTTED, _WHOLE), (_SPACED, _WHOLE), (_THOUSANDS, _PLAIN)
    return (_THOUSANDS, _PLAIN), (_SPACED, _PLAIN)


def _zeros(value):
    return len(value) > 1 and value[0] == "0" and value.isdigit()


def _common(counts):
    return max(set(counts), key=lambda c: (counts.count(c), c)) if counts else 0


def _mostly_numbers(lines):
    fields = [f for line in lines[1:] for f in line.split()]
    return sum(bool(_PLAIN.fullmatch(f)) for f in fields) > 0.5 * len(fields)
