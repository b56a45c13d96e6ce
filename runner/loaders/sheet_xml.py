"""What the XML of a sheet says and its values do not: errors, formulas without a result, merged cells, zeros in front."""

import posixpath
import re
import zipfile

from attache.loaders import sheet_errors
from attache.loaders.dates import EXCEL
from attache.loaders.source import note

_CELL = rb"<(?:\w+:)?c\b([^>]*)>"
_FORMULA = rb"<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)"
_ERROR = re.compile(_CELL + rb"\s*(?:" + _FORMULA + rb")?\s*<(?:\w+:)?v>([^<]*)</")
_UNKNOWN = re.compile(_CELL + rb"\s*" + _FORMULA + rb"\s*(?:<(?:\w+:)?v\s*(?:/>|></(?:\w+:)?v>))?\s*</(?:\w+:)?c>")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=\"([A-Z]+)(\d+):([A-Z]+)(\d+)\"")
_PLACE = re.compile(rb"\br=\"([A-Z]+\d+)\"")
_SPOT = re.compile(rb"\br=\"([A-Z]+)(\d+)\"")
_STYLED = re.compile(_CELL)
_BELOW = re.compile(_CELL + rb"\s*(?:" + _FORMULA + rb")?\s*<(?:\w+:)?v>(-[\d.Ee+-]+)</")
_PADDED = re.compile(r"0{2,}(?:[- ]0+)*")  # a format that shows zeros in front: of a postcode, a social security number


class Sheets:
    """The XML of the sheets of a workbook, by name; empty where it is no .xlsx."""

    def __init__(self, path, content=None):
        self.path, self.parts, self.open = path, {}, None  # open: the content of an OpenDocument that has cells over several rows
        self.padded = {}  # {number of a style: the format, such as 00000}
        self.first = EXCEL
        self._last = ("", b"")  # the sheet that was read last, as it is read by and by for several things
        try:
            with zipfile.ZipFile(path) as z:
                if content or "content.xml" in z.namelist():
                    content = content or z.read("content.xml")
                    self.open = content if re.search(rb'number-rows-spanned="(?!1")', content) else None
                else:
                    book = book_part(z)
                    if re.search(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904=\"(?:1|true|on)\"", z.read(book)):
                        self.first = sheet_errors.MAC
                    self.parts = _parts(z, book)
                    self.padded = _padded(z)
        except Exception:
            pass  # not packed as a zip, or in a way that only its reader knows

    def tell(self, file, name, cells):
        """Say what is missing in a sheet for a reason, and fill its merged cells down, in place."""
        data = self._read(name)
        self._last = ("", b"")
        if self.open:
            return fill(file, name, cells, self._spans(name))
        if b't="e"' in data:
            errors = [(m[2].decode("utf-8", "replace"), _place(m[1])) for m in _ERROR.finditer(data) if b't="e"' in m[1]]
            if errors:
                tell_errors(file, name, errors)
        _tell_hidden(file, name, data)
        if self.padded:
            self._pad(file, name, cells, data)
        if re.search(rb"<(?:\w+:)?f\b", data):
            unknown = [_place(m[1]) for m in _UNKNOWN.finditer(data)]
            if unknown:
                shown = ", ".join(unknown[:4]) + (", …" if len(unknown) > 4 else "")
                note(f"{file}: {len(unknown):,} formula(s) of the sheet {name!r} were saved without a result and are missing ({shown}): open and save it in a spreadsheet program.")
        fill(file, name, cells, [(_column(first), int(top) - 1, int(bottom) - 1) for first, top, last, bottom in _MERGED.findall(data) if first == last])

    def _pad(self, file, name, cells, data):
        """Numbers that are shown with zeros in front are names, as they are shown."""
        shown = ""
        for m in _STYLED.finditer(data):
            style = re.search(rb"\bs=\"(\d+)\"", m[1])
            place = _SPOT.search(m[1])
            if not style or int(style[1]) not in self.padded or not place:
                continue
            row, column = int(place[2]) - 1, _column(place[1])
            if row >= len(cells) or column >= cells.shape[1]:
                continue
            value = cells.iat[row, column]
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 and value == int(value):
                form = self.padded[int(style[1])]
                digits = iter(str(int(value)).rjust(form.count("0"), "0"))
                text = "".join(next(digits) if c == "0" else c for c in form) + "".join(digits) if len(str(int(value))) <= form.count("0") else str(int(value))
                cells.iat[row, column], shown = text, shown or text
        if shown:
            note(f"{file}: numbers of the sheet {name!r} that are shown with zeros in front are text, such as {shown}.")

    def below(self, name):
        """{(row, column): a number below 0} of a sheet."""
        data = self._read(name)
        if b"v>-" not in data:
            return {}
        found = ((_SPOT.search(m[1]), m[2]) for m in _BELOW.finditer(data))
        return {(int(at[2]) - 1, _column(at[1])): float(number) for at, number in found if at}

    def _read(self, name):
        if name not in self.parts:
            return b""
        if self._last[0] != name:
            with zipfile.ZipFile(self.path) as z:
                self._last = (name, z.read(self.parts[name]))
        return self._last[1]

    def _spans(self, name):
        """(column, first row, last row) of the cells of an OpenDocument's sheet that are merged over several rows."""
        from lxml import etree

        space, spans, row = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}", [], 0
        root = etree.fromstring(self.open, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
        sheet = next((s for s in root.iter(space + "table") if s.get(space + "name") == name), ())
        for line in sheet.iter(space + "table-row") if len(sheet) else ():
            column = 0
            for cell in line:
                rows = int(cell.get(space + "number-rows-spanned", 1))
                if rows > 1 and int(cell.get(space + "number-columns-spanned", 1)) == 1:
                    spans.append((column, row, row + rows - 1))
                column += int(cell.get(space + "number-columns-repeated", 1))
            row += int(line.get(space + "number-rows-repeated", 1))
        return spans


def fill(file, name, cells, spans):
    """A merged cell below the header, given as (column, first row, last row), holds for all of its rows."""
    from attache.loaders.sheet_errors import place

    filled = set()
    for column, top, bottom in spans:
        if bottom == top or not 0 < top < len(cells) or column >= cells.shape[1]:
            continue
        value, row = cells.iat[top, column], cells.iloc[top]
        if value != value or value is None or cells.iloc[top - 1].notna().sum() < 2 or not any(isinstance(v, (int, float)) and v == v for v in row):
            continue
        for k in range(top + 1, min(bottom + 1, len(cells))):
            if cells.iat[k, column] != cells.iat[k, column] or cells.iat[k, column] is None:
                cells.iat[k, column] = value
                filled.add(place(0, column)[:-1])
    if filled:
        note(f"{file}: merged cells of the sheet {name!r} were filled down (column {', '.join(sorted(filled))}).")


def tell_errors(file, name, errors):
    """Say which cells, (error, place), hold an error."""
    shown = ", ".join(f"{v} in {at}" for v, at in errors[:4]) + (", …" if len(errors) > 4 else "")
    note(f"{file}: {len(errors):,} cell(s) of the sheet {name!r} hold an error and were read as missing ({shown}).")


def _tell_hidden(file, name, data):
    """Say that rows and columns are in the table which the sheet does not show."""
    rows = [int(m[1]) for tag in re.findall(rb"<(?:\w+:)?row\b[^>]*\bhidden=\"(?:1|true)\"[^>]*>", data) if (m := re.search(rb"\br=\"(\d+)\"", tag))] if b"hidden=" in data else []
    columns = [(int(a[1]), int(b[1])) for tag in re.findall(rb"<(?:\w+:)?col\b[^>]*\bhidden=\"(?:1|true)\"[^>]*>", data[: data.find(b"sheetData") + 1]) if (a := re.search(rb"\bmin=\"(\d+)\"", tag)) and (b := re.search(rb"\bmax=\"(\d+)\"", tag))]
    columns = [c for a, b in columns if b < 16_384 for c in range(a, b + 1)]
    filtered = " by a filter" if b"<autoFilter" in data else ""
    if rows:
        note(f"{file}: {len(rows):,} row(s) of the sheet {name!r} are hidden{filtered} (row {', '.join(map(str, rows[:5]))}{', …' if len(rows) > 5 else ''}); they are in the table.")
    if columns:
        from attache.loaders.sheet_errors import place

        note(f"{file}: hidden columns of the sheet {name!r} are in the table: {', '.join(place(0, c - 1)[:-1] for c in columns[:8])}{', …' if len(columns) > 8 else ''}.")


def _padded(z):
    """{number of a style of cells: its format}, of those that show zeros in front."""
    styles = next((n for n in z.namelist() if n.endswith("/styles.xml")), None)
    if not styles or z.getinfo(styles).file_size > 10 << 20:
        return {}
    text = z.read(styles).decode("utf-8", "replace")
    formats = {}
    for tag in re.findall(r"<(?:\w+:)?numFmt [^>]*>", text):
        form = re.sub(r"\\(.)|&quot;([- ]+)&quot;", r"\1\2", attribute(tag, "formatCode").split(";")[0])
        if _PADDED.fullmatch(form):
            formats[attribute(tag, "numFmtId")] = form
    cells = re.search(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", text, re.S)
    if not formats or not cells:
        return {}
    used = [attribute(tag, "numFmtId") for tag in re.findall(r"<(?:\w+:)?xf\b[^>]*>", cells[0])]
    return {i: formats[f] for i, f in enumerate(used) if f in formats}


def book_part(z):
    """The part that names the sheets."""
    root = z.read("_rels/.rels").decode("utf-8", "replace")
    return next(attribute(r, "Target") for r in re.findall(r"<[^>]*Relationship [^>]*>", root) if attribute(r, "Type").endswith("/officeDocument")).lstrip("/")


def _parts(z, book):
    """{name of the sheet: its part}."""
    folder, base = posixpath.split(book)
    rels = z.read(posixpath.join(folder, "_rels", base + ".rels")).decode("utf-8", "replace")
    targets = {attribute(r, "Id"): attribute(r, "Target") for r in re.findall(r"<[^>]*Relationship [^>]*>", rels)}
    from html import unescape

    found = {}
    for sheet in re.findall(r"<(?:\w+:)?sheet [^>]*>", z.read(book).decode("utf-8", "replace")):
        target = targets.get(attribute(sheet, r"\w+:id"), "")
        if target:
            found[unescape(attribute(sheet, "name"))] = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
    return found


def attribute(tag, name):
    m = re.search(rf"\s{name}=\"([^\"]*)\"", tag)
    return m[1] if m else ""


def _place(attributes):
    m = _PLACE.search(attributes)
    return m[1].decode() if m else "?"


def _column(letters):
    n = 0
    for c in letters:
        n = n * 26 + c - 64
    return n - 1
