"""Workbooks: Excel of all ages, OpenDocument, and what only calls itself Excel."""

import datetime
import re
import struct

from attache.loaders import apart, dates, sheet_biff5, sheet_errors, sheet_far, sheet_markup, sheet_tables, sheet_xml
from attache.loaders.source import FileLoadError, Source, hushed, note


_OLD = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")  # begin the files of Excel 2, 3 and 4


def workbook(src, raw=False, **options):
    """Return the table of a workbook with one filled sheet, else a dict of
    sheet name to table. Options are those of pandas.read_excel; sheet_name
    chooses; raw leaves all cells text."""
    if raw:
        options = {"dtype": "str", "keep_default_na": False, **options}
    if b"opendocument.spreadsheet" in src.head[:10_000] and not src.head.startswith(b"PK"):
        return _flat(src, raw, options)
    if src.head.lstrip()[:1] == b"<" or src.head[:4] == b"\xef\xbb\xbf<":
        return _chosen(src, sheet_markup.tables(src, raw), options)
    if src.head.startswith(b"\xd0\xcf\x11\xe0") and "EncryptedPackage".encode("utf-16-le") in src.bytes() or _encrypted(src):
        raise src.fail("is protected by a password: save it without one and upload it again")
    if src.head[:4] in _OLD:
        raise src.fail("was written by Excel 4 or older: save it as .xlsx and upload it again")
    read = lambda settings: apart.read(src, lambda: _read(src, settings), seconds=240) if _swells(src) else _read(src, settings)
    for engine in _engines(src, options):
        try:
            return read({"engine": engine, "sheet_name": None, **options})
        except (KeyboardInterrupt, SystemExit, MemoryError, FileLoadError, ModuleNotFoundError):
            raise
        except BaseException as e:  # a panic of calamine is no Exception
            problem = e
    if re.search(r"password|encrypt", str(problem), re.I):
        raise src.fail("is protected by a password: save it without one and upload it again")
    if isinstance(problem, TypeError) and "unexpected keyword" in str(problem):
        raise problem
    raise src.fail("is not a readable workbook: it is damaged or cut off")


def _flat(src, raw, options):
    """An OpenDocument that is one file of XML, packed as it usually is."""
    import tempfile
    import zipfile

    with tempfile.NamedTemporaryFile(suffix=".ods") as packed:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
            z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
            z.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
            z.write(src.path, "content.xml")
        packed.flush()
        return workbook(Source(packed.name, {"filename": src.name, "file_type": src.kind}), raw, **options)


def _swells(src):
    """Whether a workbook may become so large that calamine, which ends the process when it has
    no memory, must not read it in this one: a large one, or one with blanks that are only counted,
    or with cells that may be far from one another, which of binary ones is not known."""
    import zipfile

    try:
        with zipfile.ZipFile(src.path) as z:
            size = sum(i.file_size for i in z.infolist())
            if size > _LARGE:
                return True
            if "content.xml" not in z.namelist():
                if any("worksheets/" in i.filename and i.filename.endswith(".bin") for i in z.infolist()):
                    return True  # .xlsb
                return any(_far(z.read(i)) for i in z.infolist() if i.filename.endswith(".xml"))
            src.content = z.read("content.xml")  # as much as was told; more than that is an error
    except OSError:
        return False
    except Exception:
        return True  # damaged, larger than told, or an .xls
    return re.search(rb'text:c="0*[1-9]\d{5}', src.content) is not None


_LARGE = 20 << 20  # bytes of a workbook that is unpacked, from which on another process costs little beside


def _far(xml):
    """Whether a sheet of .xlsx may be of more than 4 million cells, those between the others
    counted. Each cell has to tell its place: what the sheet tells of its size is no evidence."""
    cells = len(re.findall(rb"[<:]c[\s/>]", xml))
    if cells != xml.count(b'<c r="'):
        return True
    longest = lambda ways: next((most for most, way in ways if re.search(way, xml)), 1)
    columns = longest([(16_384, rb'<c r="[A-Za-z]{3}'), (702, rb'<c r="[A-Za-z]{2}'), (26, rb'<c r="')])
    rows = longest([(1_048_576, rb'<c r="[A-Za-z]+\d{6}'), (99_999, rb'<c r="[A-Za-z]+\d{5}'), (9999, rb'<c r="')])
    return columns * rows > 4_000_000


def _encrypted(src):
    """Whether an OpenDocument is encrypted, or an .xls: its record FILEPASS comes before all sheets."""
    if src.head.startswith(b"PK"):
        import zipfile

        try:
            with zipfile.ZipFile(src.path) as z:
                names = z.namelist()
                if "META-INF/manifest.xml" in names and z.getinfo("META-INF/manifest.xml").file_size < 10 << 20:
                    return b"encryption-data" in z.read("META-INF/manifest.xml") or "encrypted-package" in names
        except Exception:
            return False
        return False
    if src.head.startswith(b"\xd0\xcf\x11\xe0"):
        return _filepass(src.bytes())
    return False


def _filepass(data):
    """Walk the records of BIFF from its first one to the end of the globals ([MS-XLS] 2.4.117)."""
    at = next((k for k in (data.find(b"\x09\x08\x10\x00\x00\x06\x05\x00", 512), data.find(b"\x09\x08\x08\x00\x00\x05\x05\x00", 512)) if k >= 0), -1)
    while 0 <= at < len(data) - 4:
        kind, size = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")
        if kind == 0x2F:
            return True
        if kind in (0x0A, 0x85) or size > 8228:
            return False
        at += 4 + size
    return False


def _engines(src, options):
    """What reads the file: calamine, and for what it can't read a slower one."""
    if "engine" in options:
        return [options["engine"]]
    return ["calamine", "openpyxl"] if src.head.startswith(b"PK") else ["calamine"]


def _read(src, settings):
    import pandas as pd

    written, said = sheet_xml.Sheets(src.path, src.content), sheet_errors.found(src.path, src.content)
    with hushed():
        book = pd.ExcelFile(said.whole or _as_read(src), engine=settings.pop("engine"))
    with book:
        wanted = settings.pop("sheet_name")
        _check_names(src, book, wanted)
        right = _Right(src, book, written, said)
        if settings:  # the caller's own way of reading
            with hushed():
                frames = pd.read_excel(book, sheet_name=wanted, **settings)
            right.tell()
            if "dtype" in settings or not isinstance(frames, dict):
                return frames if isinstance(frames, dict) and wanted is not None or not isinstance(frames, dict) else _result(src, frames)
            frames = {name: dates.convert(frame, first=right.first) for name, frame in frames.items()}
            return frames if wanted is not None else _result(src, frames)
        names = book.sheet_names if wanted is None else wanted if isinstance(wanted, list) else [wanted]
        hidden = _hidden(book)
        for title in dict.fromkeys(said.macros + _macros(book)) if wanted is None else ():
            note(f"{src.name}: the sheet {title!r} holds macros and was left out.")
        frames = {}
        for name in names:
            title = book.sheet_names[name] if isinstance(name, int) else name
            far = sheet_far.cells(src, book, written, title, right.cells)
            if far:
                cells, (rows, columns) = far
                if (rows, columns) != cells.shape:
                    note(f"{src.name}: in the sheet {title!r} cells lie far from the others; the blank rows and columns between were left out.")
                near = cells.iloc[:rows, :columns].copy()
                written.tell(src.name, title, near)
                cells.iloc[:rows, :columns] = near
            else:
                with hushed():
                    cells = pd.read_excel(book, sheet_name=name, header=None, dtype=object, keep_default_na=False, na_values=[""])
                written.tell(src.name, title, cells)
            right.tell()
            if title in said.errors:
                sheet_xml.tell_errors(src.name, title, said.errors[title])
            found = sheet_tables.frames(src.name, title, cells, right.first)
            if title in hidden and any(len(f.columns) for f in found):
                note(f"{src.name}: the sheet {title!r} is hidden.")
            if len(found) == 1:
                frames[name] = found[0]
                continue
            note(f"{src.name}: the sheet {title!r} holds {len(found)} tables.")
            for k, frame in enumerate(found, 1):
                frames[f"{title} ({k})"] = frame
        if wanted is None:
            return _result(src, frames)
        if isinstance(wanted, list) or len(frames) > 1:
            return frames
        return next(iter(frames.values()))


def _numbers_of_old(src):
    """The numbers of a workbook of Excel 5 or 95, of which the reader takes some for days by their format, and days for numbers."""
    data = src.bytes() if src.head.startswith(b"\xd0\xcf\x11\xe0") else b""
    if sheet_biff5.begins(data) < 0:
        return {}
    try:
        return sheet_biff5.numbers(sheet_errors.stream(data, ("Book", "Workbook")))
    except (IndexError, ValueError, struct.error):
        return {}  # damaged: as the reader gives it


class _Right:
    """Puts right what the readers make of numbers: of a workbook of Excel 5 or 95 by their formats, and of those below 0, which no day has."""

    def __init__(self, src, book, written, said):
        self.src, self.written, self.said, self.old = src, written, said, _numbers_of_old(src)
        self.first = max(written.first, said.first)
        self.durations = {}  # {name of the sheet: one of them}, to be told
        reader = book._reader  # pandas has no other way into what its engines read
        read = reader.get_sheet_data
        reader.get_sheet_data = lambda sheet, rows=None: self.cells(getattr(sheet, "name", None) or getattr(sheet, "title", ""), read(sheet, rows))

    def cells(self, title, rows):
        """The rows, lists of cells or {column: cell}, with the cells that are known better, in place."""
        for (row, column), value in self.old.get(title, {}).items():
            if row < len(rows) and column < len(rows[row]) and _is_day(rows[row][column]) != _is_day(value):
                rows[row][column] = value
        lines = rows.items() if isinstance(rows, dict) else enumerate(rows)
        wrong = [(r, c) for r, line in lines for c, v in (line.items() if isinstance(line, dict) else enumerate(line)) if _before(v, self.first)]
        for r, c in wrong:
            if isinstance(rows[r][c], str):
                rows[r][c] = _duration(rows[r][c].removeprefix(_LASTING))
        below = (self.said.below.get(title) or self.written.below(title)) if wrong else {}
        for r, c in wrong:
            if (r, c) in below:
                rows[r][c] = datetime.timedelta(milliseconds=round(below[r, c] * 86_400_000))
                self.durations.setdefault(title, f"{below[r, c] * 24:.2f} hours in {sheet_errors.place(r, c)}")
        return rows

    def tell(self):
        for title, one in self.durations.items():
            note(f"{self.src.name}: times below 0 of the sheet {title!r} are durations, such as {one}.")
        self.durations = {}


def _before(value, first):
    """Whether a reader may have made this of a number below 0, or it is a duration."""
    kind = type(value)
    return kind is datetime.time or kind is datetime.datetime and value < first or kind is str and value.startswith(_LASTING)


def _duration(text):
    """A time of an OpenDocument, such as PT30H00M00S, that is none of a day; where it is one all the same, that."""
    m = _ISO.fullmatch(text)
    if not m:
        return text
    days, hours, minutes, seconds = (float(v or 0) for v in m.groups()[1:])
    lasts = datetime.timedelta(days=days, hours=hours, minutes=minutes, seconds=round(seconds, 6))
    if m[1] or "-" in text or lasts >= datetime.timedelta(days=1):
        return -lasts if m[1] else lasts
    return (datetime.datetime.min + lasts).time()


def _is_day(value):
    return isinstance(value, (datetime.date, datetime.time, datetime.timedelta))


def _as_read(src):
    """The path, or the file as the reader wants it."""
    if src.head.startswith(b"\xd0\xcf\x11\xe0"):
        import io

        known = sheet_biff5.with_known_page(src.bytes())
        return io.BytesIO(known) if known else src.path
    return _as_usual(src)


_TIME = rb'office:time-value="'
_LASTING = "\ue000"  # before a duration, which the reader gives as the text that it is written in
_ODD = [  # what the reader of OpenDocuments takes wrong, and what stands for it
    (rb"(<table:(?:covered-)?table-cell\b[^>]*>|</text:p>)\s+(?=<)|\s+(?=</?table:|</office:)", rb"\1"),  # blanks between and in cells
    (_TIME + rb"(?!PT(?:[01]?\d|2[0-3])H\d+M[\d.]+S\")", _TIME + _LASTING.encode()),  # durations of a day and more, and below 0
]


_ISO = re.compile(r"(-?)P(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?")


def _as_usual(src):
    """The path; or an OpenDocument as the reader wants it: with its type named, and without what it takes wrong."""
    import io
    import zipfile

    if not src.head.startswith(b"PK"):
        return src.path
    with zipfile.ZipFile(src.path) as z:
        names = z.namelist()
        if "content.xml" not in names:
            return src.path
        content = src.content or z.read("content.xml")
        blanks = re.search(rb"<table:table-row[^>]*>\s", content)
        odd = [change for change, found in zip(_ODD, (blanks, re.search(_ODD[1][0], content))) if found]
        if "mimetype" in names and not odd:
            return src.path
        for way, other in odd:
            content = re.sub(way, other, content)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
            copy.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
            for n in names:
                if n != "mimetype":
                    copy.writestr(n, content if n == "content.xml" else z.read(n))
    out.seek(0)
    return out


def _hidden(book):
    """The names of the sheets that the workbook does not show."""
    inner = book.book
    try:
        if hasattr(inner, "sheets_metadata"):
            return {s.name for s in inner.sheets_metadata if "visible" != str(s.visible).rpartition(".")[2].lower()}
        return {w.title for w in inner.worksheets if w.sheet_state != "visible"}
    except Exception:
        return set()


def _macros(book):
    return [s.name for s in getattr(book.book, "sheets_metadata", ()) if str(s.typ).endswith("MacroSheet")]


def _result(src, frames):
    filled = {name: f for name, f in frames.items() if not (f.empty and f.columns.empty)}
    if not filled:
        raise src.fail("holds no data: all of its sheets are empty")
    if len(filled) > 1:
        return filled
    name, frame = next(iter(filled.items()))
    if len(frames) > 1:
        note(f"{src.name}: only the sheet {name!r} holds data.")
    return frame


def _check_names(src, book, wanted):
    for name in [wanted] if isinstance(wanted, str) else wanted or [] if isinstance(wanted, list) else []:
        if isinstance(name, str) and name not in book.sheet_names:
            raise src.fail(f"has no sheet {name!r}; it has {', '.join(map(repr, book.sheet_names))}")


def _chosen(src, frames, options):
    """Of the tables of a page, which no reader of workbooks has read, what sheet_name asks for."""
    wanted = options.get("sheet_name")
    if isinstance(wanted, int) and 0 <= wanted < len(frames):
        return list(frames.values())[wanted]
    if isinstance(wanted, (str, int)):
        if wanted not in frames:
            raise src.fail(f"has no sheet {wanted!r}; it has {', '.join(map(repr, frames))}")
        return frames[wanted]
    return {n: frames[n] for n in wanted if n in frames} if isinstance(wanted, list) else _result(src, frames)
