"""Tables in text: CSV, TSV and what people call so.

A plain file is read as pandas reads it, after a look at a few kilobytes. Only
where that look, or a failure, says that the file is not plain, more is done.
"""

import csv as _csv
import io
import mmap
import re
import warnings

from attache.loaders import below, beside, dates, dialect, encoding, fixed, forms, identifiers, numbers, padding, quotes, totals
from attache.loaders.look import Look, unique
from attache.loaders.source import note

_PARTIAL = {"usecols", "nrows", "chunksize", "iterator", "skiprows", "skipfooter", "index_col", "names", "converters", "on_bad_lines"}
_REGIONS = ["EMEA", "APAC", "LATAM", "LATAM/C", "AMER", "EMEAA", "ANZ", "APJ", "MENA", "EU", "LAC", "ASIA", "EUW", "SEA", "CEE", "DACH", "UKI"]
_WIDEST = 100_000  # columns
_FEW = 0.03  # of the lines that may be left out because they have too many fields


def csv(src, raw=False, table=None, **options):
    """Return the table as a DataFrame. Options are those of pandas.read_csv; raw leaves all cells text;
    table chooses one of several that follow one another in the file (1 is the first)."""
    import pandas as pd

    if raw:
        options = {"dtype": "str", "keep_default_na": False, **options}
    look = Look(src, options)
    if not options.keys() & (_PARTIAL | {"header"}) and (empty := _nothing(src, look)) is not None:
        return empty
    if look.width > _WIDEST and not options.keys() & {"usecols", "chunksize", "iterator"}:
        raise src.fail(f"has more than {_WIDEST:,} columns: turn it, so that its columns are rows")
    if look.width < 2 and not src.part and not options.keys() & {"sep", "delimiter", "quotechar", "quoting"}:
        lines = _within_quotes(look)
        if lines:
            note(f"{src.name}: each of its lines is in quotation marks as a whole; these were taken off.")
            return _anew(src, lines, raw, options)
    if not src.part and (look.width < 2 or look.dialect.words or look.dialect.score < 0.85) and not options.keys() & {"sep", "delimiter"}:
        cells = fixed.rows(_lines(src, look.codec))
        if cells:
            note(f"{src.name}: its {len(cells[0])} columns were told by where they stand in the lines.")
            return _anew(src, _written(cells), raw, options)
    if not src.part and (len(look.tables) > 1 or table is not None):
        return _one_of(src, look, table, raw, options)
    doubt = ""
    if not src.part and look.gap and not options.keys() & (_PARTIAL | {"header"}):
        cells = _rows(src, look)
        if beside.parts(cells):
            return _one_of(src, look, table, raw, options)
        doubt = beside.doubt(cells)
    if "encoding" not in options:
        encoding.tell(src, look.codec)
    look.tell()
    if doubt:
        note(f"{src.name}: {doubt}.")
    # The content was looked at; what the path ends in says nothing.
    settings = {"compression": None, **look.settings(), **options}
    reader = Reader(src, settings, look)
    whole = not options.keys() & (_PARTIAL | {"dtype"})
    scan = identifiers.begin(src, look) if whole else None
    frame = reader.read()
    if not isinstance(frame, pd.DataFrame):
        return frame  # chunksize and iterator give a reader
    if not options.keys() & {"names", "header"}:
        frame.columns = [c.replace("\u200b", "").replace("\ufeff", "").replace("\xa0", " ").strip() if isinstance(c, str) else c for c in frame.columns]
        frame.columns = [m[1] if isinstance(c, str) and (m := re.fullmatch(r'="(.*)"', c)) and m[1] else c for c in frame.columns]
        if look.marked:
            frame.columns = [frame.columns[0].lstrip(look.marked + " "), *frame.columns[1:]]
    if look.doubled and not options.keys() & (_PARTIAL | {"header"}) and frame.shape[1] == look.width and frame.iloc[:, 1::2].isna().all(axis=None):
        frame = frame.iloc[:, ::2].copy()
        frame.columns = frame.columns if isinstance(frame.columns[0], str) else range(frame.shape[1])
        note(f"{src.name}: its columns are set apart by {look.delimiter * 2}.")
    if not options.keys() & _PARTIAL:
        frame = reader.without_notes(reader.without_open_quotes(frame))
    again = _headers_within(frame) if not options.keys() & _PARTIAL else None
    if again == "another" and not src.part:
        return _one_of(src, look, table, raw, options)
    if again == "same":
        frame = reader.without_headers()
    frame = _without_blank_tail(src, frame)
    if look.delimiter in "|\u2502":
        frame = _without_frame(src, frame, look)
    if "dtype" in options or "converters" in options:
        return frame
    names = set()
    if not options.keys() & _PARTIAL and reader.settings.get("index_col") is False:
        names = identifiers.keep(frame, scan, reader.as_text)
        for line in identifiers.unwrap(frame):
            note(f"{src.name}: {line}.")
        _keep_words(frame, src, reader)
    if not options.keys() & {"decimal", "thousands"}:
        if look.european and not options.keys() & _PARTIAL:
            _points(frame, src, look, reader)
        for line in numbers.convert(frame, "," if look.european else ".", names):
            note(f"{src.name}: {line}.")
    before, kinds = totals.rows(frame), list(frame.dtypes)
    if "parse_dates" not in options:
        dates.convert(frame, options.get("dayfirst", look.european or None), src.name)
    padding.remove(frame, src.name, look.dialect.spaced)
    totals.tell(frame, src.name, before, list(frame.dtypes) == kinds)
    return booleans(frame, src.name)


def _nothing(src, look):
    """A table without rows, where the last line says that there are none, below one of names: No transactions found."""
    import pandas as pd

    lines = [line.strip() for line in _lines(src, look.codec) if line.strip()] if src.size < 8192 else []
    said = lines[-1].strip(' ";,|\t') if len(lines) > 1 else ""
    if not below.NOTHING.fullmatch(said):
        return None
    names, values = ([c.strip() for c in r] for r in _csv.reader(lines[-2:], delimiter=max(",;\t|", key=lines[-2].count)))
    if any(values[1:]):
        return None
    while names and not names[-1]:
        names.pop()
    if len(names) < 2 or len(set(names)) < len(names) or not all(n and forms.form(n) == "s" for n in names):
        return None
    note(f"{src.name} has no rows; below its header it says: {said}")
    return pd.DataFrame(columns=names)


def _headers_within(frame):
    """Whether rows below repeat the header, or are "another" one with at least half of its names."""
    names = [str(c) for c in frame.columns]
    texts = [i for i, t in enumerate(frame.dtypes) if t == object or str(t) == "str"]
    if isinstance(frame.columns[0], int):
        return None
    if not texts and len(frame.columns) > 1 and all(re.fullmatch(r"\d+(\.\d+)?", n) for n in names):
        return "same" if (frame == [float(n) for n in names]).all(axis=1).any() else None
    if len(texts) < 2:
        return None
    rows = (frame.iloc[:, texts[0]] == names[texts[0]]) & (frame.iloc[:, texts[1]] == names[texts[1]])
    if not rows.any():
        return None
    kept = [[str(v).strip() for v in row if v == v and v is not None] for row in frame[rows].itertuples(index=False)]
    plain = [n for n in names if not n.startswith("Unnamed: ")]
    if all(row == plain for row in kept):
        return "same"
    return "another" if any(2 <= len(set(row) & set(plain)) >= 0.5 * max(len(row), len(plain)) for row in kept) else None


def _one_of(src, look, table, raw, options):
    """Return one of several tables that follow one another."""
    from attache.loaders import headers

    rows = _rows(src, look)
    found = headers.tables(rows)
    side = beside.parts(rows, asked=table is not None) if len(found) < 2 else []
    number = 1 if table is None else table
    if not 1 <= number <= max(1, len(found), len(side)):
        raise src.fail(f"has {max(len(found), len(side))} table(s); there is no table {number}")
    if side:
        if table is None:
            names = " | ".join(", ".join(block[0][:3]) + (", …" if len(block[0]) > 3 else "") for block in side[:4])
            note(f"{src.name} holds {len(side)} tables side by side ({names}); this is the first. load_file(…, table=2) gives the second.")
        return _anew(src, _written(side[number - 1]), raw, options)
    if not found:
        found = [(0, len(rows))]
    if len(found) > 1 and table is None:
        where = ", ".join(f"row {a + 1} to {b}" for a, b in found[:6])
        note(f"{src.name} holds {len(found)} tables ({where}); this is the first. load_file(…, table=2) gives the second.")
    first, last = found[number - 1]
    return _anew(src, _written(rows[first:last]), raw, options)


def _rows(src, look):
    return [r for _, r in _numbered(look.dialect, _lines(src, look.codec), 0)]


def rows(src, lists, raw=False):
    """Return the table of rows of texts."""
    return _anew(src, _written(lists), raw, {})


def _lines(src, codec):
    return re.split("\r\n|\r|\n", src.bytes().decode(codec, "replace").lstrip("\ufeff"))


def _written(rows):
    """Rows as the text of a plain CSV."""
    out = io.StringIO()
    _csv.writer(out).writerows(rows)
    return out.getvalue()


def _within_quotes(look):
    """The text of a file whose lines are in quotes as a whole, each as they should be; or nothing."""
    whole = lambda lines: [line[1:-1].replace('""', '"') for line in lines if line]
    lines = [line for line in re.split("\r\n|\r|\n", look.src.head.decode(look.codec, "replace").lstrip("\ufeff")) if line][:300]
    if look.src.size > len(look.src.head):
        lines = lines[:-1]
    if len(lines) < 3 or not all(len(line) > 2 and line[0] == line[-1] == '"' for line in lines):
        return None
    found = dialect.find(whole(lines))
    rows = found.cut(whole(lines))
    if found.score < 0.9 or len(found.delimiter) > 1 or len({len(r) for r in rows}) > 1 or not all(forms.form(c) == "s" for c in rows[0]):
        return None
    return "\n".join(whole(_lines(look.src, look.codec))) + "\n"


def _anew(src, text, raw, options):
    """Return the table of a text that was made of the file's."""
    import os
    import tempfile

    from attache.loaders.source import Source

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.csv")
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)
        part = Source(path, {"filename": src.name})
        options = {k: v for k, v in options.items() if k not in ("encoding", "sep", "delimiter", "quotechar", "escapechar")}
        part.part = True
        return csv(part, raw, **options)


def looks_like_table(src):
    """Whether a text has the same number of fields, at least two, in each line."""
    look = Look(src, {})
    counts = [len(r) for r in look.rows if r]
    if len(counts) >= 2 and look.width >= 2 and sum(c == look.width for c in counts) >= 0.9 * len(counts):
        return True
    lines = [line for line in encoding.head(src).splitlines()[:-1] if line.strip()][:60]  # names and values in quotes, fewer at the ends of some lines
    return len(lines) > 3 and all(line.startswith('"') for line in lines) and 2 < min(counts) and max(counts) <= len(look.rows[0]) and all(forms.form(c) in ("s", "") for c in look.rows[0])


class Reader:
    """Reads the table, and single columns of it again as text."""

    def __init__(self, src, settings, look):
        self.src, self.settings, self.look = src, settings, look
        self.dialect = look.dialect
        self.content = None  # the file's, where it had to be put right
        self.notes = 0  # how many of the last rows are notes below the table
        self.repeated = None  # how many lines repeat the header, where they are to be left out

    def read(self):
        import pandas as pd

        self._without_nul()
        if self.content is None and self.look.inner:
            self._with_inner_quotes(re.split("\r\n|\r|\n", self._text()))
        if self.look.comment:
            self._without_comments()
        elif self._irregular() or self.look.quote == "'" and "quotechar" not in self.look.options:
            return self._repaired("")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                warnings.simplefilter("error", pd.errors.DtypeWarning)
                return self._pandas()
        except pd.errors.DtypeWarning:
            # Pieces of a column came out as different types: the whole at once.
            self.settings["low_memory"] = False
            return self._pandas()
        except pd.errors.EmptyDataError:
            raise self.src.fail("holds no table") from None
        except UnicodeDecodeError:
            self._detect(self.src.bytes())
            return self.read()
        except (pd.errors.ParserError, pd.errors.ParserWarning) as e:
            if self.settings.keys() & {"on_bad_lines", "chunksize", "iterator", "engine"} or len(self.look.delimiter) > 1 and not self.look.dialect.words:
                raise
            if "EOF inside string" in str(e) and len(self.look.delimiter) == 1 and self._close():
                return self._closed()
            return self._repaired(str(e))

    def as_text(self, columns):
        """Return {number: column} of the columns of these numbers, read as text."""
        frame = self._pandas(usecols=columns, dtype="str", keep_default_na=False, na_values=[""])
        return {c: frame.iloc[:, k] for k, c in enumerate(columns)}

    def without_notes(self, frame):
        """The frame; or that of the file without the notes below the table."""
        rows = [["" if v != v or v is None else str(v) for v in r] for r in frame.tail(80).itertuples(index=False, name=None)]
        notes = below.count(rows, frame.shape[1]) if frame.shape[1] > 1 else 0
        if not notes:
            return frame
        shown = " · ".join(" ".join(filter(None, r)) for r in rows[-notes:] if any(r))
        note(f"{self.src.name}: what stands below the table was left out: {shown[:100]}")
        self.notes = notes
        return self._repaired("")

    def without_headers(self):
        """Read again without the lines that repeat the header."""
        self.repeated = 0
        frame = self._repaired("")
        note(f"{self.src.name}: {self.repeated:,} line(s) that repeat the header were left out.")
        return frame

    def _pandas(self, **more):
        import pandas as pd

        source = self.src.path if self.content is None else io.BytesIO(self.content)
        settings = {**self.settings, **more}
        if self.content is not None and settings.get("encoding", "").startswith("utf"):
            settings["encoding"] = "utf-8"
        return pd.read_csv(source, **settings)

    def _irregular(self):
        """Whether pandas would take more fields in the first rows for an index, or for a reason to stop."""
        look = self.look
        if self.settings.keys() & {"chunksize", "iterator", "nrows", "names", "on_bad_lines", "engine"} or len(look.delimiter) > 1 or not look.rows:
            return False
        if look.row_names():
            return True
        wide = max(look.width, len(look.rows[0]))
        return any(len(r) > wide for r in look.rows[1:3]) or look.width > len(look.rows[0]) and look.header.rows == 1 and not look.trailing()

    def _without_nul(self):
        """Bytes of 0 are no text: they fill up what some programs write. A byte of 26 ends a file of DOS."""
        if self.src.bytes_at_end(1) == b"\x1a" and not self.look.codec.startswith(("utf-16", "utf-32")):
            self.content = self.src.bytes().rstrip(b"\x1a").decode(self.look.codec, "replace").lstrip("\ufeff").encode()
            self.settings["encoding"] = "utf-8"
        if not self.look.codec.startswith(("utf-16", "utf-32")) and b"\0" in self.src.head:
            data = self.src.bytes()
            note(f"{self.src.name}: {data.count(0):,} byte(s) of 0 were left out.")
            self.content = data.replace(b"\0", b"").decode(self.look.codec, "replace").lstrip("\ufeff").encode()
            self.settings["encoding"] = "utf-8"

    def without_open_quotes(self, frame):
        """The frame; or that of the file where quotation marks that are never closed, and so took other lines in, are characters."""
        look, d = self.look, self.look.delimiter
        if len(d) != 1 or look.quote != '"' or not frame.shape[1] > 1 or self.settings.keys() & {"quoting", "chunksize", "iterator", "nrows", "skiprows"}:
            return frame
        if self.content is None and not self._quotes():
            return frame
        if self.content is None and any(str(t) == "str" and frame.iloc[:, i].str.endswith('"').eq(True).any() for i, t in enumerate(frame.dtypes)):
            if self._with_inner_quotes(re.split("\r\n|\r|\n", self._text())):
                frame = self._pandas()
        wide, taken = frame.shape[1], False
        for i, dtype in enumerate(frame.dtypes):
            if str(dtype) not in ("str", "object") or taken:
                continue
            cells = frame.iloc[:, i]
            cells = cells[cells.str.contains("\n", regex=False).eq(True)] if str(dtype) == "str" else []
            for cell in cells[:1000]:
                before, *between, after = cell.split("\n")
                rows = between and all(line.count(d) == wide - 1 for line in between)
                taken = taken or before.count(d) == wide - 1 - i and (after.count(d) == i and ('"' in after or rows) or rows and len(between) > 2)
        if not taken or self._well_formed():
            return frame
        return self._closed() if self._close() else frame

    def _well_formed(self):
        """Whether each quotation mark that closes a value has a delimiter or the end of the line behind it, and each row as many fields
        as the others: values go over several lines."""
        options = {"escapechar": self.look.escape} if self.look.escape else {}
        try:
            widths = {len(r) for r in _csv.reader(io.StringIO(self._text(), newline=""), delimiter=self.look.delimiter, skipinitialspace=self.dialect.spaced, strict=True, **options) if r}
        except _csv.Error:
            return False
        return len(widths) == 1

    def _text(self):
        """The whole text. What is no UTF-8 only below the part that was looked at is of the encoding that the whole shows."""
        if self.content is not None:
            return self.content.decode("utf-8", "replace").lstrip("\ufeff")
        data = self.src.bytes()
        try:
            return data.decode(self.look.codec).lstrip("\ufeff")
        except UnicodeDecodeError:
            if "encoding" not in self.look.options:
                self._detect(data)
            return data.decode(self.look.codec, "replace").lstrip("\ufeff")

    def _detect(self, data):
        """The encoding that the whole file shows, from now on."""
        codec = encoding.detect(data, whole=True)
        self.settings |= {"encoding": codec, "encoding_errors": "replace"}
        if codec.startswith("utf"):
            note(f"{self.src.name}: some of its bytes are no {codec.upper()}; they are shown as \ufffd.")
        elif codec != self.look.codec:
            encoding.tell(self.src, codec)
        self.look.codec = codec

    def _quotes(self):
        """Whether there is a quotation mark in the file."""
        with open(self.src.path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(b'"') >= 0

    def _close(self):
        """Take quotation marks that are never closed off the lines; whether there are some."""
        d, look = self.look.delimiter, self.look
        lines = re.split("\r\n|\r|\n", self._text())
        count = 0
        for at, line in enumerate(lines):
            if line.count('"') % 2 and line.count(d) == look.width - 1:
                lines[at] = d.join(c if c.count('"') % 2 == 0 else c.replace('"', "") for c in line.split(d))
                count += 1
        if count:
            note(f"{self.src.name}: a quotation mark is never closed in {count:,} line(s); it was left out.")
            self._put_right(lines)
        return count

    def _put_right(self, lines):
        """Have these lines read in place of the file's."""
        self.content = "\n".join(lines).encode("utf-8", "surrogatepass")
        self.settings["encoding"] = "utf-8"
        self.settings.pop("encoding_errors", None)

    def _with_inner_quotes(self, lines):
        """Double the quotation marks within values in quotation marks where they are not; whether there are some."""
        if self.look.quote != '"' or self.look.escape or len(self.look.delimiter) != 1 or self.settings.keys() & {"quoting", "quotechar"}:
            return 0
        lines, count = quotes.doubled(lines, self.look.delimiter, self.look.width, self.dialect.spaced)
        if count:
            note(f"{self.src.name}: {count:,} line(s) have quotation marks within a value in quotation marks that are not doubled; they were kept as a part of it.")
            self._put_right(lines)
        return count

    def _closed(self):
        import pandas as pd

        try:
            return self._pandas()
        except pd.errors.ParserError as e:
            return self._repaired(str(e))

    def _without_comments(self):
        mark = self.look.comment
        lines = re.split("\r\n|\r|\n", self._text())
        self._put_right(line for line, inner in zip(lines, quotes.within(lines)) if inner or not line.startswith(mark))

    def _repaired(self, problem):
        """Read with rows put right: what is too much at the end of a row is blank and goes, or the
        row is left out, and said; when those are many, they get columns of their own."""
        look, src = self.look, self.src
        lines = re.split("\r\n|\r|\n", self._text())
        if self.content is None and self._with_inner_quotes(lines):
            lines = self._text().split("\n")
        if "EOF inside string" in problem:
            note(f"{src.name}: a quotation mark is never closed; quotes were read as plain characters.")
            self.settings["quoting"] = _csv.QUOTE_NONE
            self.dialect = dialect.Dialect(look.delimiter, "", "", look.dialect.spaced)
        rows = []
        skip = self.settings.get("skiprows", 0)
        skip = skip if isinstance(skip, int) else 0
        for number, row in _numbered(self.dialect, lines[skip:], skip):
            if row:
                rows.append((number, row))
        rows = rows[: len(rows) - self.notes]
        self.notes = 0
        if not rows:
            raise src.fail("holds no table")
        named = self.settings.get("header", 0) == 0 and "names" not in self.settings
        head = rows.pop(0)[1] if named else None
        if look.row_names() and self.settings.get("index_col") is False:
            head = ["", *head]
            self.settings["index_col"] = 0
        wide = len(head) if head else len(self.settings.get("names") or ()) or look.width
        if head and len(head) > look.width and not any(c.strip() for c in head[look.width :]):
            head = head[: look.width]
            wide = len(head)
        good, left = [], []
        if self.repeated is not None and (head or "names" in self.settings):
            names = [str(h).strip() for h in head or self.settings["names"]]
            kept = [(n, r) for n, r in rows if [c.strip() for c in r[: len(names)]] != names]
            self.repeated, rows = len(rows) - len(kept), kept
        for number, row in rows:
            while len(row) > wide and not row[-1].strip():
                row.pop()
            (left if len(row) > wide else good).append((number, row))
        if left and head:
            left, good, rows = self._joined(left, good, rows, wide)
        if left and look.header.lists:
            good, wide = rows, max(len(r) for _, r in left)
            self.settings["names"] = list(range(wide))
        elif left and len(left) > _FEW * len(rows) and len(left) > 1 or left and not good:
            wider = max(len(r) for _, r in left)
            note(f"{src.name}: {len(left):,} line(s) have more fields than the header; they are in columns without a name.")
            good = rows
            head = head + [f"Unnamed: {i}" for i in range(wide, wider)] if head else None
            wide = wider
            if not head and "names" in self.settings:
                self.settings["names"] = self.settings["names"] + [f"Unnamed: {i}" for i in range(len(self.settings["names"]), wide)]
        elif left:
            which = ", ".join(str(n) for n, _ in left[:5]) + (", …" if len(left) > 5 else "")
            note(f"{src.name}: {len(left):,} line(s) with too many fields were left out (line {which}).")
        out = io.StringIO()
        writer = _csv.writer(out, lineterminator="\n")
        if head:
            writer.writerow(unique([h.strip() for h in head]) if head[0] else head)
        writer.writerows(r + [""] * (wide - len(r)) for _, r in good)
        self.content = out.getvalue().encode("utf-8", "surrogatepass")
        self.dialect = dialect.Dialect()  # what it is from now on
        for name in ("sep", "delimiter", "quotechar", "escapechar", "quoting", "skiprows", "encoding_errors", "skipinitialspace"):
            self.settings.pop(name, None)
        self.settings["encoding"] = "utf-8"
        look.skip = 0
        if isinstance(self.settings.get("dtype"), dict) and not named and "names" not in self.settings:
            self.settings.pop("dtype")
        self.settings["low_memory"] = False
        return self._pandas()


    def _joined(self, left, good, rows, wide):
        """Rows with a delimiter within a value without quotation marks are put together: where the field behind it begins with a
        blank, which no other does, or where the two are the groups of a number in a column of numbers. Returns left, good and all rows."""
        d = self.look.delimiter
        if len(d) != 1 or not d.strip() or self.dialect.spaced or len(left) > 1000 and not good:
            return left, good, rows
        blank = {i for _, r in good[:1000] for i, c in enumerate(r) if c.startswith(" ")}
        kinds = [{forms.form(r[i]) for _, r in good[:300] if i < len(r)} - {"", "m"} for i in range(wide)]
        made = {}
        for number, row in left:
            parted = [i for i, c in enumerate(row) if i and c.startswith(" ")]
            if not blank and len(parted) == len(row) - wide and row[parted[0] - 1].strip():
                new = []
                for i, c in enumerate(row):
                    if i in parted:
                        new[-1] += d + c
                    else:
                        new.append(c)
                made[number] = new
            elif len(row) == wide + 1 and d == "," and len(good) >= 5:
                fits = [i for i in range(wide) if kinds[i] == {"n"} and re.fullmatch(r"-?[$€£]?\d{1,3}", row[i].strip()) and re.fullmatch(r"\d{3}(\.\d+)?", row[i + 1].strip())]
                fits = [i for i in fits if all(not kinds[k] or forms.form(c) in kinds[k] | {"", "m"} for k, c in enumerate(row[:i] + ["1"] + row[i + 2 :]))]
                if len(fits) == 1:
                    at = fits[0]
                    made[number] = [*row[:at], row[at].strip() + row[at + 1].strip(), *row[at + 2 :]]
        if len(made) < max(2, 0.9 * len(left)):
            return left, good, rows
        number, first = next((n, r) for n, r in left if n in made)
        at = next(i for i, c in enumerate(made[number]) if c != first[i])
        note(f"{self.src.name}: {len(made):,} line(s) have {d!r} within a value without quotation marks; it was read as a part of the value ({made[number][at][:40]} in line {number}).")
        rows = [(n, made.get(n, r)) for n, r in rows]
        return [(n, r) for n, r in left if n not in made], [(n, r) for n, r in rows if len(r) <= wide], rows


def _numbered(dialect, lines, before):
    """Rows, each with the number of its line."""
    reader = dialect.reader(line + "\n" for line in lines)
    limit = _csv.field_size_limit(1 << 30)
    try:
        while True:
            at = reader.line_num
            try:
                row = next(reader)
            except StopIteration:
                return
            except _csv.Error:
                continue
            yield before + at + 1, row
    finally:
        _csv.field_size_limit(limit)


def _without_blank_tail(src, frame):
    """Rows at the end that are all blank belong to no table."""
    n = len(frame)
    while n:
        part = frame.iloc[max(0, n - 1000) : n]
        blank = (part.isna() | (part == "")).to_numpy().all(axis=1) if frame.shape[1] else []
        if not len(blank) or not blank[-1]:
            break
        filled = [k for k, b in enumerate(blank) if not b]
        n = max(0, n - 1000) + (filled[-1] + 1 if filled else 0)
    if n < len(frame):
        if n == 0 and frame.shape[1] == 0:
            return frame
        note(f"{src.name}: {len(frame) - n:,} blank row(s) at its end were left out.")
        frame = frame.iloc[:n].reset_index(drop=True) if not frame.index.names[0] and str(frame.index.dtype).startswith("int") else frame.iloc[:n]
        frame = frame.copy()
    return frame


def _without_frame(src, frame, look):
    """The columns between bars, of a table with bars around it, and without the blanks that fill its cells."""
    edges = [i for i in {0, frame.shape[1] - 1} if str(frame.columns[i]).startswith("Unnamed: ") and frame.iloc[:, i].isna().all()]
    if frame.shape[1] - len(edges) > 0 and edges:
        frame = frame.drop(columns=frame.columns[edges])
    cells = [c for r in look.rows[:60] for c in r if c.strip()]
    if cells and sum(c != c.strip() or look.dialect.spaced for c in cells) > 0.7 * len(cells):
        for i, dtype in enumerate(frame.dtypes):
            if str(dtype) in ("str", "object"):
                frame.isetitem(i, frame.iloc[:, i].str.strip())
        note(f"{src.name}: the blanks beside the bars were left out.")
    return frame


def _keep_words(frame, src, reader):
    """NA and None are words where the other values are such words: codes of two letters, a few categories."""
    suspects = [i for i, t in enumerate(frame.dtypes) if str(t) in ("str", "object") and frame.iloc[:, i].isna().any()]
    if not suspects or not any(w in src.head or src.size > len(src.head) for w in (b"NA", b"None")):
        return
    for i, text in reader.as_text(suspects).items():
        if len(text) != len(frame):
            return
        known = frame.iloc[:, i].dropna()
        for word, fits in (("NA", _two_letters), ("None", _categories)):
            rows = (text.str.strip() == word).fillna(False).to_numpy() & frame.iloc[:, i].isna().to_numpy()
            if rows.any() and len(known) and fits(known):
                column = frame.iloc[:, i].copy()
                column[rows] = word
                frame.isetitem(i, column)
                note(f"{src.name}: {frame.columns[i]}: {word} was kept as a value, as the others are like it.")


def _points(frame, src, look, reader):
    """In a European file a few values such as 1.234, far below whole numbers, are text for numbers.convert, which makes them 1234."""
    import numpy as np

    rows = [i for i, t in enumerate(frame.dtypes) if t.kind == "f" and i < len(look.columns) and not any("." in v or "," in v for v in look.columns[i])]
    rows = [i for i in rows if not numbers.of_place(str(frame.columns[i]))]
    values = {i: frame.iloc[:, i].dropna().to_numpy() for i in rows}
    rows = [i for i, v in values.items() if (v % 1 != 0).any() and np.isfinite(v).all() and np.allclose(v * 1000, np.round(v * 1000), rtol=0, atol=1e-6)]
    for i, text in reader.as_text(rows).items() if rows else ():
        known = text.dropna().str.strip()
        pointed = known.str.contains(".", regex=False)
        if len(text) != len(frame) or not known[pointed].str.fullmatch(r"[+-]?[1-9]\d{0,2}(\.\d{3})+").all():
            continue
        if known[~pointed].str.fullmatch(r"[+-]?\d{1,3}").all():
            frame.isetitem(i, text.set_axis(frame.index))
        else:
            note(f"{src.name}: {frame.columns[i]}: {known[pointed].iloc[0]} was read with a decimal point, as other values are not grouped; the column alone does not show it.")


def _two_letters(known):
    """Whether the others are codes of two letters, or the regions of a company, where NA is North America."""
    known = known.astype("str")
    return known.str.fullmatch("[A-Z]{2}").mean() >= 0.8 or known.isin(_REGIONS).mean() >= 0.5


def _categories(known):
    return 1 < known.nunique() <= 20 and len(known) >= 2 * known.nunique() and not known.astype("str").str.contains(r"\d").any()


def booleans(frame, name=""):
    """Truth values of which some are missing, or have the mark of what is, are no booleans to pandas."""
    for i, dtype in enumerate(frame.dtypes):
        if str(dtype) == "str":
            _marked_booleans(frame, i, name)
        if dtype == object and frame.iloc[:, i].dropna().isin([True, False]).all() and frame.iloc[:, i].notna().any():
            frame.isetitem(i, frame.iloc[:, i].astype("boolean"))
    return frame


def _marked_booleans(frame, i, name):
    column = frame.iloc[:, i]
    if not column.iloc[:50].dropna().str.strip().str.lower().isin(forms.MARKS | {"true", "false"}).all():
        return
    low = column.str.strip().str.lower()
    marks = low.isin(forms.MARKS)
    if marks.any() and low[marks.eq(False) & low.notna()].isin(["true", "false"]).all() and {"true", "false"} <= set(low.dropna().unique()):
        shown = ", ".join(repr(v) for v in column[marks].str.strip().unique()[:4])
        note(f"{name}: {frame.columns[i]}: {int(marks.sum()):,} value(s) {shown} were read as missing.")
        frame.isetitem(i, low.map({"true": True, "false": False}).astype("boolean"))
