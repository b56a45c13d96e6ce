"""Sheets in which a cell lies far from the others: their cells without the blank rows and columns between.

A forgotten blank in the last row and column of Excel makes sixteen thousand million cells, all but a few of them blank.
"""

import datetime
import re
import zipfile

_MANY = 2_000_000  # cells of a sheet, blank ones too, from which on it is looked at
_FEW = 0.1  # of them that are filled, at most
_KEPT = 3  # blank rows or columns of more that follow one another
_MOST = 20_000_000  # cells that are left
_SIZE = re.compile(rb"<(?:\w+:)?dimension\b[^>]*\bref=\"[A-Z]+\d+:([A-Z]+)(\d+)\"")
_BYTES = 30  # that a filled cell takes in XML, about


def cells(src, book, written, title, right):
    """(the cells, how many rows and columns of them stand where they do in the sheet); None where no cell is far from the others.
    right puts the cells right, as it does those of other sheets."""
    import pandas as pd

    filled = _of_xml(src, written, title) if title in written.parts else _of_reader(book, title)
    if not filled:
        return None
    right(title, filled)
    rows, near_rows = _near(filled)
    columns, near_columns = _near({c for row in filled.values() for c in row})
    if len(rows) * len(columns) > _MOST:
        raise src.fail(f"has a sheet {title!r} whose cells lie too far from one another: delete its blank rows and columns")
    at = {c: i for i, c in enumerate(columns)}
    table = []
    for r in rows:
        line = [None] * len(columns)
        for c, value in filled.get(r, {}).items():
            line[at[c]] = value
        table.append(line)
    return pd.DataFrame(table, dtype=object), (near_rows, near_columns)


def _near(used):
    """The places that are used, with the blank ones between them as far as these are few; and how many stand where they did."""
    kept, before, same = [], -1, None
    for place in sorted(used):
        if place - before - 1 > _KEPT and same is None:
            same = len(kept)
        kept += range(max(before + 1, place - _KEPT), place + 1)
        before = place
    return kept, len(kept) if same is None else same


def _of_xml(src, written, title):
    """{row: {column: value}} of the sheet of an .xlsx that is far larger than what is written of it."""
    with zipfile.ZipFile(src.path) as z:
        with z.open(written.parts[title]) as f:
            size = _SIZE.search(f.read(4096))
        long = z.getinfo(written.parts[title]).file_size
    if not size or (area := _number(size[1]) * int(size[2])) < _MANY or long > _FEW * _BYTES * area:
        return None
    import openpyxl
    from openpyxl.worksheet._reader import WorkSheetParser

    book = openpyxl.load_workbook(src.path, read_only=True, data_only=True)
    sheet = book[title]
    with sheet._get_source() as f:
        parser = WorkSheetParser(f, sheet._shared_strings, data_only=True, epoch=book.epoch, date_formats=book._date_formats, timedelta_formats=book._timedelta_formats)
        filled = {n - 1: {c["column"] - 1: _value(c["value"]) for c in row if c["value"] not in (None, "") and c["data_type"] != "e"} for n, row in parser.parse()}
    book.close()
    return {n: row for n, row in filled.items() if row}


def _of_reader(book, title):
    """The same of another form of workbook, whose reader makes every cell."""
    if not hasattr(book.book, "get_sheet_by_name"):
        return None
    sheet = book.book.get_sheet_by_name(title)
    if sheet.total_height * sheet.total_width < _MANY:
        return None
    filled, count, seen, left = {}, 0, 0, sheet.start[1]  # its rows begin at the first one of the sheet, but not at the first column
    for n, row in enumerate(sheet.iter_rows()):
        full = len(row) - row.count("")
        count, seen = count + full, seen + len(row)
        if n > 5000 and count > _FEW * seen:
            return None
        if full:
            filled[n] = {c + left: _value(v) for c, v in enumerate(row) if v != ""}
    return filled if count <= _FEW * seen else None


def _value(value):
    """As pandas takes it from a workbook."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return datetime.datetime(value.year, value.month, value.day)
    return value


def _number(letters):
    """Of a column: 1 for A, 27 for AA."""
    n = 0
    for c in letters.decode():
        n = 26 * n + ord(c) - 64
    return n
