"""What the beginning of a table in text, and a little of the rest, tells about it."""

import dataclasses
import mmap
import re

from attache.loaders import dialect, encoding, forms, headers, numbers, quotes
from attache.loaders.source import note

_DAY = re.compile(r"\d{1,2}\.\d{1,2}\.(\d{4}|\d\d)")
_DOTTED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
_OF_NAMES = {"name", "names", "country", "city", "title", "person", "product", "company", "nom", "nombre", "nome", "land", "stadt"}  # what a first column of texts is named
_RAW = {"sep", "delimiter", "quotechar", "escapechar", "quoting"}


class Look:
    """delimiter, quote and escape; skip, the lines above the header; rows, those looked at
    from the header on, and how many of them are the header; width; decimal."""

    def __init__(self, src, options):
        self.src, self.options = src, options
        self.codec = options.get("encoding") or encoding.detect(src.head, whole=src.size <= len(src.head))
        text = src.head.decode(self.codec, "replace").lstrip("\ufeff")
        lines = re.split("\r\n|\r|\n", text)
        if lines and (src.size > len(src.head) or not lines[-1]) and len(lines) > 1:
            lines.pop()  # it may be cut
        self.notes = []
        self.marked = ""  # what stands before the names, where the header is the last of some comments
        self.fields = None  # the names in a line "#Fields: date time …" of the logs of web servers, and of Zeek's
        self.skip, told = 0, None
        marked = re.fullmatch(r'"?sep=(.)"?[,;]*', lines[0].rstrip(" ")) if lines else None
        if marked:
            told, self.skip = marked[1], 1
        told = options.get("sep", options.get("delimiter")) or told
        lines = lines[self.skip :]
        self.comment = "" if options.keys() & {"comment", "skiprows"} else _comment(lines)
        top = 0
        if self.comment:
            top, lines = self._without_comments(lines)
        self.dialect = self._escapes_below(self._dialect(lines, src.ext, told))
        self.delimiter, self.quote, self.escape = self.dialect.delimiter, self.dialect.quote, self.dialect.escape
        single = len(self.delimiter) == 1 or self.dialect.words
        every = self.dialect.cut(lines[:300]) if single else []
        self.width = dialect.width(every)
        self.inner = len(self.delimiter) == 1 and self.quote == '"' and not self.escape and not options.keys() & _RAW and any(quotes.broken(line, self.delimiter, self.dialect.spaced) for line in lines[:300])
        self._usual_width(every)
        self.tables = headers.tables(every) if single and not options.keys() & {"skiprows", "header", "names", "nrows"} else []
        if self.width < 3 and len(self.tables) < 2:
            self.width = _below_pairs(every, self.width) or self.width
        self.header = headers.Header() if options.keys() & {"skiprows", "header", "names"} else headers.find(every, self.width, self.tables[0][0] if len(self.tables) == 1 else 0)
        if self.fields:
            self.header, self.marked = headers.Header(0, 0 if self.comment else 1, self.fields), ""
        if self.header.skip and any(map(any, every[: self.header.skip])):
            title = " ".join(c for r in every[: self.header.skip] for c in r if c)[:60]
            self.notes.append(f"{src.name} has {self.header.skip} line(s) above its header, which were skipped: {title}")
        self._written_otherwise(every)
        self.doubled = single and self.delimiter not in ",;\t" and self.width > 2 and self.width % 2 == 1 and not any(c for r in every for c in r[1::2])  # 1::Toy Story::1995
        self.skip += top + self.header.skip
        self.rows = every[self.header.skip :]
        body = [r for r in self.rows[max(1, self.header.rows) :] if r]
        self.columns = [[v for v in (r[i].strip() for r in body if len(r) > i) if v] for i in range(self.width)]
        self.decimal, self.european = self._decimal()
        self.gap = single and any(not c and 1 < i < self.width - 2 and not any(len(r) > i and r[i].strip() for r in every) for i, c in enumerate(self.columns))  # a blank column between others

    def _without_comments(self, lines):
        """How many comments stand above the table, and the lines without comments. Where all are above, and the
        last one names the columns, it is kept as the header."""
        mark = self.comment
        rest = [line for line in lines if not line.startswith(mark)]
        top = next(i for i, line in enumerate(lines) if not line.startswith(mark) and line.strip())
        within = any(line.startswith(mark) for line in lines[top:])
        if within and top == 0:
            return 0, rest
        d = dialect.find(rest)
        rows = [r for r in d.cut(rest[:200]) if any(map(str.strip, r))]
        for line in lines[:top]:
            names = d.cut([line])[0]
            if len(names) == dialect.width(rows) + 1 and re.fullmatch(r"#\s?fields:?", names[0], re.I):
                self.fields = names[1:]
        if within:
            return 0, rest
        last = max(i for i in range(top) if lines[i].startswith(mark))
        names = self.fields or d.cut([lines[last]])[0]
        if len(names) == dialect.width(rows) > 1 and headers.headless(rows[0], rows[1:], len(names)):
            top = last
            self.marked = mark
        self.notes.append(f"{self.src.name} begins with {top} line(s) of comments, which were left out: {lines[0][:60]}")
        self.comment = mark if self.src.size > len(self.src.head) and ("\n" + mark).encode() in self.src.bytes()[len("\n".join(lines[:top]).encode()) + 200 :] else ""
        return (0, rest) if self.comment else (top, lines[top:])

    def _dialect(self, lines, ext, told):
        if "quotechar" in self.options or "escapechar" in self.options or "quoting" in self.options:
            found = dialect.find(lines, ext, told)
            return dialect.Dialect(found.delimiter, self.options.get("quotechar") or '"', self.options.get("escapechar") or "")
        if told and len(told) > 1:
            return dialect.Dialect(told)
        found = dialect.find(lines, ext, told)
        if told and not self.options.keys() & _RAW and dialect.width(found.cut(lines[:300])) < 2:
            other = dialect.find(lines, ext)
            if len(other.delimiter) == 1 and dialect.width(other.cut(lines[:300])) > 1 and other.score > 0.8:
                self.notes.append(f"{self.src.name} begins with sep={told}, which parts nothing; its columns are set apart by {other.delimiter!r}.")
                return other
        return found

    def _escapes_below(self, found):
        """The dialect, with the escape that is used only further down in the file."""
        if found.escape or found.quote != '"' or len(found.delimiter) != 1 or self.options.keys() & _RAW or self.codec.startswith(("utf-16", "utf-32")):
            return found
        lines = []
        with open(self.src.path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = data.find(b'\\"')
            while at >= 0 and len(lines) < 200:
                end = data.find(b"\n", at)
                end = len(data) if end < 0 else end
                lines.append(data[max(data.rfind(b"\n", 0, at) + 1, at - (64 << 10)) : min(end, at + (64 << 10))].decode(self.codec, "replace").rstrip("\r"))
                at = data.find(b'\\"', end)
        escaped = dataclasses.replace(found, escape="\\")
        return escaped if lines and dialect.escapes(lines, escaped) else found

    def _usual_width(self, every):
        """Delimiters at the end of each line below the header make no columns."""
        filled = [r for r in every if any(map(str.strip, r))]
        full = [r for r in filled if len(r) == self.width]
        fewer = max((len(r) for r in filled[:30] if 1 < len(r) < self.width), default=self.width)
        if full and not any(c.strip() for r in full for c in r[fewer:]):
            self.width = fewer

    def _written_otherwise(self, every):
        """The names in the first line may be set apart in another way than the values below."""
        above = self.header.skip
        if not above or above != 1 or len(every[0]) >= self.width or self.width < 3:
            return
        line = self.delimiter.join(every[0])
        for d in (self.delimiter, ",", ";", "\t", "|", " "):
            names = [n.strip(" \"'#") for n in line.split(d)] if len(d) == 1 else []
            if len(names) == self.width and all(forms.form(n) == "s" for n in names) and headers.headless(every[1], every[2:], self.width):
                self.header = headers.Header(0, 1, names)
                return

    def _decimal(self):
        """The decimal sign that the values prove, and whether the file looks European."""
        proven = [numbers.evidence(c[:60]) for c in self.columns]
        commas, points = sum(p == {","} for p in proven), sum(p == {"."} for p in proven)
        days = any(c and sum(bool(_DAY.match(v)) for v in c) >= 0.8 * len(c) for c in self.columns)
        european = commas > points or not points and (self.delimiter == ";" or days)
        if self.delimiter == "," and not days and commas and not points:
            quoted = sum(bool(re.search(r"\d,\d", v)) for c in self.columns for v in c[:60])
            european = quoted > 0
        return ("," if commas > points else "."), european

    def settings(self):
        """What pandas.read_csv is to be told."""
        s = {"index_col": False}
        if self.codec != "utf-8":
            s["encoding"] = self.codec
        if self.codec not in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"):
            s["encoding_errors"] = "replace"
        if self.delimiter != ",":
            s["sep"] = self.delimiter
        if self.quote == "'":
            s["quotechar"] = self.quote
        elif not self.quote:
            s["quoting"] = 3  # QUOTE_NONE
        if self.escape:
            s["escapechar"] = self.escape
        if self.dialect.spaced:
            s["skipinitialspace"] = True
        if self.skip:
            s["skiprows"] = self.skip
        if self.decimal == ",":
            s["decimal"] = ","
        if self.header.rows == 0 and not self.header.names:
            s["header"] = None
        elif self.header.names:
            s["header"] = None
            s["skiprows"] = self.skip + self.header.rows
            s["names"] = unique(self.header.names)
        text = self._text_columns()
        if text:
            s["dtype"] = text
        return s

    def tell(self):
        """Say what was decided."""
        for line in self.notes:
            note(line)
        if self.escape:
            note(f"{self.src.name}: a {self.escape} before a quotation mark or another character was read as an escape, and left out.")
        if self.comment:
            note(f"{self.src.name}: lines that begin with {self.comment} are comments and were left out.")
        if self.header.rows == 0 and not self.header.names:
            note(f"{self.src.name} has no header line; its columns are numbered.")
        if self.header.rule:
            note(f"{self.src.name}: the line below the header holds no values and was left out: {self.header.rule}")
        if self.header.units:
            note(f"{self.src.name}: the row below the header was taken for units: {', '.join(f'{n} in {u}' for n, u in self.header.units.items())}.")
        if self.header.rows > 1 and not self.header.rule and not self.header.units:
            note(f"{self.src.name}: its header has {self.header.rows} rows, which were joined.")
        for name, values in zip(self.header.names or self.rows[:1] and self.rows[0], self.columns) if self.decimal == "," and self.header.rows else ():
            if values and all(re.fullmatch(r"[+-]?\d{1,3}(,\d{3})?", v) for v in values) and not numbers.evidence(values[:60]) and any("," in v for v in values):
                shown = next(v for v in values if "," in v)
                note(f"{self.src.name}: {name}: {shown} was read as {shown.replace(',', '.')}, as a comma is the decimal sign of the file; the column alone does not show it.")
        if b"#N/A" in self.src.head and "keep_default_na" not in self.options:
            note(f"{self.src.name}: cells with the error #N/A were read as missing.")
        if "index_col" not in self.options and self.row_names():
            note(f"{self.src.name}: its header has no name for the first column, which was taken for the names of the rows ({self.rows[1][0].strip()}, …).")
        tell_twice(self.src.name, self.header.names or (self.rows[0] if self.rows and self.header.rows else []))

    def row_names(self):
        """Each line has a name in front that the header has none for."""
        body = [r for r in self.rows[1:] if r]
        if not body or not self.rows[0] or self.header.rows != 1 or not all(len(r) == len(self.rows[0]) + 1 for r in body):
            return False
        if self.rows[0][0].strip().lower() in _OF_NAMES and not forms.form(body[0][0]) == "n" and all(forms.form(r[1]) in ("n", "d") for r in body) or self.parted(body):
            return False
        first = [r[0].strip() for r in body]
        counted = first in ([str(i + k) for i in range(len(first))] for k in (0, 1))
        named = len(set(first)) == len(first) and all(forms.form(c) == "s" for c in first)
        if counted and re.fullmatch(r"(?:row_?)?(?:id|nr?|no|num|number|index|#)\.?", self.rows[0][0].strip(), re.I) and not all(forms.form(r[1]) == "n" for r in body):
            return False  # numbers under a name that is one of numbers: what is too much stands at the end
        return (counted or named) and any(r[-1].strip() for r in body)

    def parted(self, body):
        """Whether in each line the same one field begins with a blank: the delimiter before it is a part of a value (Smith, John)."""
        if self.dialect.spaced or not self.delimiter.strip() or any(n.startswith(" ") for n in self.rows[0]):
            return False
        places = {tuple(i for i, c in enumerate(r) if i and c.startswith(" ")) for r in body}
        return len(places) == 1 and len(next(iter(places))) == 1

    def trailing(self):
        """Each line ends in delimiters that the header does not have."""
        body, wide = [r for r in self.rows[1:] if r], len(self.rows[0])
        return bool(body) and all(len(r) > wide and not any(r[wide:]) for r in body)

    def _text_columns(self):
        """The columns whose digits are names, or are grouped by dots: {name or number: "str"}."""
        if self.header.rows == 1 and not self.header.names:
            names = [n.strip() if self.dialect.spaced else n for n in self.rows[0]] if self.rows else []
        else:
            names = unique(self.header.names) if self.header.names else list(range(self.width))
        if len(set(names)) != len(names) or self.row_names() or len(names) < self.width:
            return {}
        columns = [list(c) for c in self.columns]
        for row in self._samples():
            if len(row) == self.width:
                for i, v in enumerate(row):
                    columns[i].append(v.strip()) if v.strip() else None
        text = {}
        for name, values in zip(names, columns):
            if values and values[0].isdigit() and any(len(v) > 1 and v[0] == "0" and v.isdigit() for v in values) and all(v.isdigit() for v in values):
                text[name] = "str"
            elif self.european and values and not numbers.of_place(str(name)) and any(map(_DOTTED.fullmatch, values)) and all(_DOTTED.fullmatch(v) or re.fullmatch(r"[+-]?\d{1,3}(,\d+)?", v) for v in values) and name != "":
                text[name] = "str"  # numbers.convert makes 1.234 1234
        return text

    def _samples(self):
        """A few lines from the middle and the end of a large file."""
        size = self.src.size
        if size < 2 * len(self.src.head) or len(self.delimiter) != 1 or self.codec.startswith(("utf-16", "utf-32")):
            return
        with open(self.src.path, "rb") as f:
            for part in (1, 2, 3, 4):
                f.seek(max(0, size * part // 4 - (8 << 10)))
                yield from self.dialect.cut(f.read(8 << 10).decode(self.codec, "replace").splitlines()[1:-1])


def _below_pairs(rows, width):
    """The width of the table at the end, where as many lines, or names and values, stand above it, apart from it; else 0."""
    rows = [r if any(map(str.strip, r)) else [] for r in rows]
    while rows and not rows[-1]:
        rows.pop()
    wide = len(rows[-1]) if rows else 0
    start = next((i + 1 for i in range(len(rows) - 1, -1, -1) if len(rows[i]) != wide), 0)
    apart = start and not rows[start - 1] or width == 1 and start and len(rows[start - 1]) == 1
    return wide if apart and wide > 3 and len(rows) - start > 2 else _among_pairs(rows)


def _among_pairs(rows):
    """The width of tables among lines, and names and values, each below a blank line or one of a title; else 0."""
    wide = max(map(len, rows), default=0)
    if wide < 4 or not all(len(r) in (0, 1, 2, wide) for r in rows):
        return 0
    starts = [i for i, r in enumerate(rows) if len(r) == wide and (not i or len(rows[i - 1]) != wide)]
    return wide if all(i and len(rows[i - 1]) < 2 and len(rows) > i + 1 and len(rows[i + 1]) == wide for i in starts) else 0


def tell_twice(file, names):
    """Say which names stand over several columns."""
    names = [n.strip() if isinstance(n, str) else n for n in names]
    twice = [n for n in dict.fromkeys(names) if n not in ("", None) and names.count(n) > 1]
    if twice:
        note(f"{file}: several columns have one name; they are numbered: {', '.join(f'{n}, {n}.1' for n in twice[:3])}{', …' if len(twice) > 3 else ''}.")


def unique(names):
    """Names of which none is empty or there twice, as pandas makes them."""
    seen, out = {}, []
    for i, n in enumerate(names):
        n = n or f"Unnamed: {i}"
        k = seen.get(n, 0)
        seen[n] = k + 1
        out.append(f"{n}.{k}" if k else n)
    return out


def _names_below(lines, line, names, found, w):
    """Whether a line that begins with # has the names of the rows below it, all of which have as many fields, as none above has."""
    at = lines.index(line)
    rows = [r for r in found.cut([v for v in lines[at + 1 :] if v.strip()])]
    return names[0].strip() == "#" and all(map(headers.is_name, names[1:])) and len(rows) > 1 and all(len(r) == w for r in rows) and headers.headless(rows[0], rows[1:], w)


def _comment(lines):
    """What comment lines begin with, or nothing."""
    lines = [line for line, inner in zip(lines[:200], quotes.within(lines[:200])) if not inner]
    for mark in ("#", "%", "//", "!", ";", "--"):
        found = [line for line in lines[:200] if line.startswith(mark)]
        top = lines[: 1 if mark == "--" else len(found)]  # "--" is that of SQL, also further down
        if mark in ("!", ";", "--") and not all(re.match(rf"{mark}+(\s|$)", line) for line in [*found, *top]):
            continue
        rest = [line for line in lines[:200] if line.strip() and not line.startswith(mark)]
        if not found or len(rest) < 2 or len(found) > max(20, len(rest)):
            continue
        d = dialect.find(rest)
        rows = [r for r in d.cut(rest) if any(map(str.strip, r))]
        w = dialect.width(rows)
        if mark == ";" == d.delimiter:
            continue
        if w < 2 and len(mark) == 1 and not all(re.match(rf"{mark}+(\s|$)", line) for line in found):
            continue
        cut = [r for line in found for r in d.cut([line])]
        top = lines[0].startswith(mark)
        if top and len(found) == 1 and len(cut[0]) == w and headers.headless(rows[0], rows[1:], w):
            continue  # the header itself: #id,name
        if len(found) == 1 and not top and len(cut[0]) == w > 2 and _names_below(lines, found[0], cut[0], d, w):
            continue  # below what tells of the table: #,Time,Area
        kinds = [dialect.usual_form(rows[1:], i) for i in range(w)]
        alike = sum(len(r) == w and all(not k or k == "s" or forms.form(c) in (k, "", "m") for c, k in zip(r, kinds)) for r in cut)
        if alike == 0 or top and all(re.match(rf"{mark}+(\s|$)", line) for line in found) and alike < len(found):
            return mark
        if top and len(found) > 1 and alike == 1 and len(cut[-1]) == w:
            return mark
    return ""
