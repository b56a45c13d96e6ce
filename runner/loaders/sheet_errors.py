"""What a workbook says and its cells, as they are read, do not: errors (#N/A, #DIV/0!), and the day from which it counts."""

import dataclasses
import datetime
import posixpath
import re
import struct
import zipfile

from attache.loaders import sheet_biff5
from attache.loaders.dates import EXCEL

MAC = datetime.datetime(1904, 1, 1)  # the other first day of a workbook

ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA"}


@dataclasses.dataclass
class Found:
    """errors: {name of the sheet: [(error, place)]}; first: day 0; below: {name of the sheet: {(row, column): a number below 0}};
    macros: sheets that are none, where the reader does not tell them; whole: the file as its reader wants it, where it is not so."""

    errors: dict = dataclasses.field(default_factory=dict)
    first: datetime.datetime = EXCEL
    below: dict = dataclasses.field(default_factory=dict)
    macros: list = dataclasses.field(default_factory=list)
    whole: object = None


def found(path, content=None):
    """What is said in a workbook, or in the content of an OpenDocument; nothing where it is an .xlsx, whose XML says it, or can't be looked through."""
    said = Found()
    try:
        if content:
            _open(content, said)
            return said
        with open(path, "rb") as f:
            start = f.read(8)
            if start.startswith(b"\xd0\xcf\x11\xe0"):
                f.seek(0)
                _biff(stream(f.read(), ("Workbook", "Book")), said)
                return said
        if start.startswith(b"PK"):
            with zipfile.ZipFile(path) as z:
                names = set(z.namelist())
                if any(n.endswith("workbook.bin") for n in names):
                    from attache.loaders import sheet_xlsb

                    book = sheet_xlsb.Book(z)
                    book.look(said)
                    said.whole = book.whole()
                elif "content.xml" in names:
                    _open(z.read("content.xml"), said)
    except (OSError, zipfile.BadZipFile, KeyError, IndexError, struct.error, ValueError, RuntimeError, NotImplementedError, SyntaxError):
        pass  # damaged or packed in a way that only its reader knows, which says so
    return said


def place(row, column):
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def stream(data, names):
    """A stream of Microsoft's compound file ([MS-CFB])."""
    size, small = 1 << int.from_bytes(data[30:32], "little"), int.from_bytes(data[56:60], "little")
    sector = lambda n: data[(n + 1) * size : (n + 2) * size]
    numbers = lambda part: struct.unpack(f"<{len(part) // 4}I", part)
    table, more = list(numbers(data[76:512])), int.from_bytes(data[68:72], "little")
    while more < 0xFFFFFFFA:
        part = numbers(sector(more))
        table, more = table + list(part[:-1]), part[-1]
    fat = [n for s in table if s < 0xFFFFFFFA for n in numbers(sector(s))]

    def chain(n, links, read):
        out, seen = [], 0
        while n < len(links) and seen <= len(links):
            out.append(read(n))
            n, seen = links[n], seen + 1
        return b"".join(out)

    folder = chain(int.from_bytes(data[48:52], "little"), fat, sector)
    root = b""
    for at in range(0, len(folder), 128):
        entry = folder[at : at + 128]
        name = entry[: max(0, int.from_bytes(entry[64:66], "little") - 2)].decode("utf-16-le", "replace")
        start, length = struct.unpack("<II", entry[116:124])
        if entry[66] == 5:
            root = chain(start, fat, sector)
        elif name in names:
            if length >= small:
                return chain(start, fat, sector)[:length]
            links = [n for n in numbers(chain(int.from_bytes(data[60:64], "little"), fat, sector))]
            return chain(start, links, lambda n: root[n * 64 : n * 64 + 64])[:length]
    return b""


def _biff(data, said):
    """Records BOOLERR, FORMULA, DATEMODE, NUMBER, RK and MULRK ([MS-XLS] 2.4.24, 127, 77, 180, 220, 175)."""
    starts, at, sheet, page, old = {}, 0, None, 1252, data[4:6] == b"\x00\x05"
    put = lambda row, column, value: said.below.setdefault(sheet, {}).__setitem__((row, column), value)
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        body = data[at + 4 : at + 4 + size]
        if kind == 0x42:
            page = int.from_bytes(body[:2], "little")
        elif kind == 0x22 and body[:1] == b"\x01":
            said.first = MAC
        elif kind == 0x85 and old:
            starts[int.from_bytes(body[:4], "little")] = sheet_biff5.name(body, page)
        elif kind == 0x85:
            wide = body[7] & 1
            starts[int.from_bytes(body[:4], "little")] = body[8 : 8 + body[6] * (1 + wide)].decode("utf-16-le" if wide else "latin-1")
        elif kind in (0x809, 0x409, 0x209):
            sheet = starts.get(at, sheet)
        elif sheet is not None and (kind == 0x205 and body[7] == 1 or kind == 0x06 and body[12:14] == b"\xff\xff" and body[6] == 2):
            row, column = struct.unpack_from("<HH", body)
            said.errors.setdefault(sheet, []).append((ERRORS.get(body[6] if kind == 0x205 else body[8], "#?"), place(row, column)))
        elif sheet is not None and (kind == 0x203 or kind == 0x06) and body[13] & 0x80 and body[12:14] != b"\xff\xff":
            row, column, _, value = struct.unpack_from("<HHHd", body)
            put(row, column, value)
        elif sheet is not None and kind == 0x27E and body[9] & 0x80:
            put(*struct.unpack_from("<HH", body), sheet_biff5.short(*struct.unpack_from("<i", body, 6)))
        elif sheet is not None and kind == 0xBD:
            row, column = struct.unpack_from("<HH", body)
            for k, high in enumerate(body[9:-2:6]):
                if high & 0x80:
                    put(row, column + k, sheet_biff5.short(*struct.unpack_from("<i", body, 6 + 6 * k)))
        at += 4 + size


def _open(content, said):
    """The day from which an OpenDocument counts, and its cells whose text is that of an error."""
    from lxml import etree

    if first := re.search(rb"<table:null-date\b[^>]*\bdate-value=\"(\d{4}-\d\d-\d\d)", content):
        said.first = datetime.datetime.fromisoformat(first[1].decode())

    space = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    if not re.search(rb">(?:#[A-Z/0-9]+[!?]?|Err:\d+)</", content):
        return
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    for sheet in root.iter(space + "table"):
        row = 0
        for line in sheet.iter(space + "table-row"):
            column = 0
            for cell in line:
                text = "".join(cell.itertext()).strip()
                if cell.get(space + "formula") and re.fullmatch(r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!)|Err:\d+", text):
                    said.errors.setdefault(sheet.get(space + "name"), []).append((text, place(row, column)))
                column += int(cell.get(space + "number-columns-repeated", 1))
            row += int(line.get(space + "number-rows-repeated", 1))
