"""Cells that hold an error (#N/A, #DIV/0!) in .xls, .xlsb and .ods: {name of the sheet: [(error, place)]}."""

import posixpath
import re
import struct
import zipfile

from attache.loaders import sheet_biff5

_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA"}


def found(path, content=None):
    """The errors of a workbook, or of the content of an OpenDocument; {} where it has none, is an .xlsx or can't be looked through."""
    try:
        if content:
            return _open(content)
        with open(path, "rb") as f:
            start = f.read(8)
            if start.startswith(b"\xd0\xcf\x11\xe0"):
                f.seek(0)
                return _biff(stream(f.read(), ("Workbook", "Book")))
        if not start.startswith(b"PK"):
            return {}
        with zipfile.ZipFile(path) as z:
            names = set(z.namelist())
            return _binary(z) if "xl/workbook.bin" in names else _open(z.read("content.xml")) if "content.xml" in names else {}
    except (OSError, zipfile.BadZipFile, KeyError, IndexError, struct.error, ValueError, RuntimeError, NotImplementedError, SyntaxError):
        return {}  # damaged or packed in a way that only its reader knows, which says so


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


def _biff(data):
    """Records BOOLERR and FORMULA ([MS-XLS] 2.4.24, 2.4.127)."""
    starts, errors, at, sheet, page, old = {}, {}, 0, None, 1252, data[4:6] == b"\x00\x05"
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        body = data[at + 4 : at + 4 + size]
        if kind == 0x42:
            page = int.from_bytes(body[:2], "little")
        elif kind == 0x85 and old:
            starts[int.from_bytes(body[:4], "little")] = sheet_biff5.name(body, page)
        elif kind == 0x85:
            wide = body[7] & 1
            starts[int.from_bytes(body[:4], "little")] = body[8 : 8 + body[6] * (1 + wide)].decode("utf-16-le" if wide else "latin-1")
        elif kind in (0x809, 0x409, 0x209):
            sheet = starts.get(at, sheet)
        elif sheet is not None and (kind == 0x205 and body[7] == 1 or kind == 0x06 and body[12:14] == b"\xff\xff" and body[6] == 2):
            row, column = struct.unpack_from("<HH", body)
            errors.setdefault(sheet, []).append((_ERRORS.get(body[6] if kind == 0x205 else body[8], "#?"), place(row, column)))
        at += 4 + size
    return errors


def _records(data):
    """(kind, body) of each record ([MS-XLSB] 2.1.4)."""
    at = 0
    while at < len(data):
        kind, size = data[at], 0
        at += 1
        if kind & 0x80:
            kind, at = kind & 0x7F | (data[at] & 0x7F) << 7, at + 1
        for shift in range(0, 28, 7):
            byte, at = data[at], at + 1
            size |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        yield kind, data[at : at + size]
        at += size


def _binary(z):
    """Records BrtCellError and BrtFmlaError of .xlsb."""
    rels = z.read("xl/_rels/workbook.bin.rels").decode("utf-8", "replace")
    targets = {m[1]: t[1] for tag in re.findall(r"<Relationship [^>]*>", rels) if (m := re.search(r'\bId="([^"]*)"', tag)) and (t := re.search(r'\bTarget="([^"]*)"', tag))}
    errors = {}
    for kind, body in _records(z.read("xl/workbook.bin")):
        if kind != 156:
            continue
        texts, at = [], 8
        for _ in range(2):
            n = struct.unpack_from("<I", body, at)[0]
            texts.append(body[at + 4 : at + 4 + 2 * n].decode("utf-16-le"))
            at += 4 + 2 * n
        target = targets[texts[0]]
        row = 0
        for kind, body in _records(z.read(target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target))):
            if kind == 0:
                row = struct.unpack_from("<I", body)[0]
            elif kind in (3, 11):
                errors.setdefault(texts[1], []).append((_ERRORS.get(body[8], "#?"), place(row, struct.unpack_from("<I", body)[0])))
    return errors


def _open(content):
    """Cells of OpenDocument whose text is that of an error."""
    from lxml import etree

    space = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    errors = {}
    if not re.search(rb">(?:#[A-Z/0-9]+[!?]?|Err:\d+)</", content):
        return errors
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    for sheet in root.iter(space + "table"):
        row = 0
        for line in sheet.iter(space + "table-row"):
            column = 0
            for cell in line:
                text = "".join(cell.itertext())
                if cell.get(space + "formula") and re.fullmatch(r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!)|Err:\d+", text):
                    errors.setdefault(sheet.get(space + "name"), []).append((text, place(row, column)))
                column += int(cell.get(space + "number-columns-repeated", 1))
            row += int(line.get(space + "number-rows-repeated", 1))
    return errors
