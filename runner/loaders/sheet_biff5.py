"""Workbooks of Excel 5 and 95 (BIFF5), which many programs still write: what their cells are, which the reader takes from their formats wrong.

Its formats are told by the records FORMAT and XF, its numbers by NUMBER, RK, MULRK and FORMULA, its code page by CODEPAGE
(OpenOffice.org's Documentation of the Microsoft Excel File Format, 5.49, 5.115, 5.17).
"""

import datetime
import re
import struct

_BOF = b"\x09\x08\x08\x00\x00\x05\x05\x00"
_DAYS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}  # formats that Excel has without a record
_PAGES = {32768: 10000, 32769: 1252, 367: 1252}  # as Apple and Excel 5 write them, and as the reader knows them


def begins(data):
    """Where a workbook of Excel 5 or 95 begins in its file; -1 where it is none."""
    return data.find(_BOF, 512) if data[:4] == b"\xd0\xcf\x11\xe0" else -1


def with_known_page(data):
    """The file with a number of its code page that the reader knows; None where it has one."""
    at = begins(data)
    while 0 <= at < len(data) - 6:
        kind, size = struct.unpack_from("<HH", data, at)
        if kind == 0x42 and size == 2:
            page = _PAGES.get(int.from_bytes(data[at + 4 : at + 6], "little"))
            return page and data[: at + 4] + page.to_bytes(2, "little") + data[at + 6 :]
        if kind in (0x0A, 0x85) or size > 2080:
            return None
        at += 4 + size
    return None


def name(body, page):
    """The name of a sheet in its record BOUNDSHEET."""
    codec = {10000: "mac_roman", 32768: "mac_roman", 32769: "cp1252", 1200: "cp1252"}.get(page, f"cp{page}")
    try:
        return body[7 : 7 + body[6]].decode(codec, "replace")
    except LookupError:
        return body[7 : 7 + body[6]].decode("cp1252", "replace")


def numbers(stream):
    """{name of the sheet: {(row, column): number, day, time or duration}} of the stream of such a workbook."""
    if stream[:8] != _BOF:
        return {}
    starts, sheets, formats, kinds = {}, {}, {}, []
    at, sheet, page, first = 0, None, 1252, datetime.datetime(1899, 12, 30)

    def put(row, column, style, value):
        form = kinds[style] if style < len(kinds) else 0
        known = _bare(formats.get(form, ""))
        if re.search("[ymdhs]", known, re.I) if form in formats else form in _DAYS:
            value = _moment(value, first, "[" in known or form == 46)
        elif value == int(value):
            value = int(value)
        sheets.setdefault(sheet, {})[row, column] = value

    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + size]
        if kind == 0x42:
            page = int.from_bytes(body[:2], "little")
        elif kind == 0x22 and body[:1] == b"\x01":
            first = datetime.datetime(1904, 1, 1)
        elif kind == 0x85:
            starts[int.from_bytes(body[:4], "little")] = name(body, page)
        elif kind == 0x41E:
            formats[int.from_bytes(body[:2], "little")] = body[3 : 3 + body[2]].decode("latin-1")
        elif kind == 0xE0:
            kinds.append(int.from_bytes(body[2:4], "little"))
        elif kind == 0x809:
            sheet = starts.get(at, sheet)
        elif sheet is not None and (kind == 0x203 or kind == 0x06 and body[12:14] != b"\xff\xff"):
            put(*struct.unpack_from("<HHHd", body))
        elif sheet is not None and kind == 0x27E:
            put(*struct.unpack_from("<HHH", body), short(*struct.unpack_from("<i", body, 6)))
        elif sheet is not None and kind == 0xBD:
            row, column = struct.unpack_from("<HH", body)
            for k in range((size - 6) // 6):
                style, value = struct.unpack_from("<Hi", body, 4 + 6 * k)
                put(row, column + k, style, short(value))
        at += 4 + size
    return sheets


def short(value):
    """A number of four bytes (RK)."""
    number = float(value >> 2) if value & 2 else struct.unpack("<d", b"\0\0\0\0" + struct.pack("<I", value & 0xFFFFFFFC))[0]
    return number / 100 if value & 1 else number


def _bare(form):
    """A format without its words, colours and conditions."""
    form = re.sub(r'"[^"]*"|\\.|_.|\*.', "", form.split(";")[0])
    return re.sub(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]", "", form, flags=re.I)


def _moment(value, first, lasting):
    """A number as a day with its time, a time alone, or a duration."""
    if lasting:
        return datetime.timedelta(days=value)
    try:
        moment = first + datetime.timedelta(days=value + (first.year < 1900 and 1 <= value < 60))  # Excel has a February 29, 1900
    except OverflowError:
        return value
    moment += datetime.timedelta(microseconds=500)
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return moment.time() if 0 <= value < 1 and first.year < 1900 else moment
