"""Binary workbooks (.xlsb) in the one form that their reader knows of those that there are, and what their records say besides ([MS-XLSB])."""

import io
import posixpath
import re
import struct
import zipfile

from attache.loaders import sheet_biff5, sheet_errors, sheet_xml

_SHORT = range(12, 19)  # cells without their column, which is the next one: the other ones are numbered from 1 in the same order (2.4.755 to 761)
_BEGINS, _ROW, _SHEET = 153, 0, 156  # BrtWbProp, BrtRowHdr, BrtBundleSh


class Book:
    """A binary workbook: its sheets, and what is to be changed for its reader."""

    def __init__(self, z):
        self.zip, part = z, sheet_xml.book_part(z)
        self.folder = posixpath.dirname(part)
        self.records = list(records(z.read(part)))
        self.targets = {}  # {id: (the last word of its type, part)}
        rels = z.read(posixpath.join(self.folder, "_rels", posixpath.basename(part) + ".rels")).decode("utf-8", "replace")
        for tag in re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", rels):
            target = sheet_xml.attribute(tag, "Target")
            target = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(self.folder, target))
            self.targets[sheet_xml.attribute(tag, "Id")] = sheet_xml.attribute(tag, "Type").rpartition("/")[2], target
        self.sheets = []  # (record, name, type, part)
        self.odd = self.folder != "xl"
        for kind, body in self.records:
            if kind == _SHEET:
                name, way, target = self._sheet(body)
                self.sheets.append((body, name, way, target))
                self.odd |= not target.startswith(("xl/worksheets/", "xl/chartsheets/"))
        self.short = set()  # parts of sheets with cells without their column

    def _sheet(self, body):
        for at in (8, 12):  # a field more in what was written before Excel 2007 was ready
            try:
                key, end = _text(body, at)
                if key in self.targets:
                    self.odd |= at != 8
                    return _text(body, end)[0], *self.targets[key]
            except struct.error:
                pass
        raise KeyError("a sheet without a part")

    def look(self, said):
        """The errors, the day from which it counts, and the numbers below 0: records BrtCellError, BrtFmlaError, BrtWbProp, BrtCellRk, BrtCellReal, BrtFmlaNum."""
        if any(kind == _BEGINS and body[:1] and body[0] & 1 for kind, body in self.records):
            said.first = sheet_errors.MAC
        for _, name, way, part in self.sheets:
            if way == "xlMacrosheet":
                said.macros.append(name)
            if way != "worksheet":
                continue
            row = column = 0
            for kind, body in records(self.zip.read(part)):
                if kind == _ROW:
                    row, column = struct.unpack_from("<I", body)[0], -1
                    continue
                if not 0 < kind < 19:
                    continue
                if kind in _SHORT:
                    self.short.add(part)
                    kind, column, at = kind - 11, column + 1, 4
                else:
                    column, at = int.from_bytes(body[:4], "little"), 8
                if kind in (3, 11):
                    said.errors.setdefault(name, []).append((sheet_errors.ERRORS.get(body[at], "#?"), sheet_errors.place(row, column)))
                elif kind == 2 and body[at + 3] & 0x80:
                    said.below.setdefault(name, {})[row, column] = sheet_biff5.short(*struct.unpack_from("<i", body, at))
                elif kind in (5, 9) and body[at + 7] & 0x80:
                    said.below.setdefault(name, {})[row, column] = struct.unpack_from("<d", body, at)[0]

    def whole(self):
        """The workbook with its tables alone, as its reader wants them; None where it is so already."""
        if not self.odd and not self.short:
            return None
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
            links, begun = [], []
            for n, (body, name, way, part) in enumerate(self.sheets, 1):
                if way == "worksheet":
                    data = self.zip.read(part)
                    z.writestr(f"xl/worksheets/sheet{n}.bin", _with_columns(data) if part in self.short else data)
                    links.append(_link(n, "worksheet", f"worksheets/sheet{n}.bin"))
                    begun.append(body[:4] + struct.pack("<I", n) + _counted(f"rId{n}") + _counted(name))
            for way, part in self.targets.values():
                if way in ("sharedStrings", "styles") and part in self.zip.namelist():
                    z.writestr(f"xl/{way}.bin", self.zip.read(part))
                    links.append(_link(1000 + len(links), way, f"{way}.bin"))
            pieces, left = [], list(begun)
            for kind, body in self.records:
                if kind != _SHEET:
                    pieces.append(_record(kind, body))
                elif left:  # all of them at the place of the first
                    pieces += [_record(kind, b) for b in left]
                    left = []
            z.writestr("xl/workbook.bin", b"".join(pieces))
            z.writestr("xl/_rels/workbook.bin.rels", f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{"".join(links)}</Relationships>')
        out.seek(0)
        return out


def records(data):
    """(kind, body) of each record (2.1.4)."""
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


def _with_columns(data):
    out, column = [], -1
    for kind, body in records(data):
        if kind == _ROW:
            column = -1
        elif kind in _SHORT:
            column += 1
            kind, body = kind - 11, struct.pack("<I", column) + body
        elif 0 < kind < 12 or kind == 62:
            column = int.from_bytes(body[:4], "little")
        out.append(_record(kind, body))
    return b"".join(out)


def _record(kind, body):
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = len(body)
    while size > 127:
        head, size = head + bytes([size & 0x7F | 0x80]), size >> 7
    return head + bytes([size]) + body


def _text(body, at):
    """A text that its length stands before, and where it ends."""
    n = struct.unpack_from("<I", body, at)[0]
    if at + 4 + 2 * n > len(body):
        raise struct.error
    return body[at + 4 : at + 4 + 2 * n].decode("utf-16-le"), at + 4 + 2 * n


def _counted(text):
    return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def _link(n, way, target):
    return f'<Relationship Id="rId{n}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{way}" Target="{target}"/>'
