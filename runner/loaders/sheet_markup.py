"""Web pages and XML of Excel 2003 that programs export under the name of a workbook."""

import datetime
import re

from attache.loaders import dates, delimited, encoding, sheet_errors, sheet_tables, sheet_xml
from attache.loaders.source import Source, note

_SPACE = "{urn:schemas-microsoft-com:office:spreadsheet}"
_WIDEST = 16_384  # columns of a workbook
_MOST = 20_000_000  # cells, blank ones too


def tables(src, raw=False):
    """Return the tables by their names."""
    text = encoding.decode(src.bytes())[0].removeprefix("\ufeff")
    if "urn:schemas-microsoft-com:office:spreadsheet" in text[:5000]:
        note(f"{src.name} is XML of Excel 2003, not a workbook.")
        return _xml_2003(src, raw)
    found = pages(text)
    if not found:
        raise src.fail("is a web page without a table, named like a workbook")
    note(f"{src.name} is a web page that is named like a workbook; its tables were read.")
    words = [max(sum(cells, [])) for cells in found if sum(map(bool, sum(cells, []))) == 1]
    if 0 < len(words) < len(found):
        found = [cells for cells in found if sum(map(bool, sum(cells, []))) > 1]
        note(f"{src.name}: tables of one cell were left out: {' · '.join(words)[:100]}")
    frames = {}
    for i, cells in enumerate(found, 1):
        name = f"Table {i}"
        frames[name] = delimited.rows(src if len(found) == 1 else Source(src.path, {"filename": f"{src.name}, {name}"}), cells, raw)
    return frames


def pages(text):
    """The filled tables of a page, as rows of texts. One that only lays out others is none."""
    from lxml import html

    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    found, within = [], set()
    for table in html.fromstring(text).iter("table"):
        lines = [tr for tr in table.iter("tr") if next(tr.iterancestors("table")) is table]
        inner = table.findall(".//table")
        if table in within or inner and sum(len(tr) > 1 for tr in lines) < 3:
            continue
        within.update(inner)
        rows = _rows(lines)
        if any(any(r) for r in rows):
            found.append(rows)
    return found


def _rows(lines):
    """The rows of a table. A cell that spans several stands in the first of its columns and, below the header, in each of its rows."""
    rows, below = [], {}  # below: column to (rows to come, text)
    written = made = 0
    for tr in lines:
        row, cells = {}, list(tr.iterchildren("td", "th"))
        written += len(cells)
        values = bool(rows) and any(c.tag == "td" for c in cells)
        for cell in cells:
            at = 0 if not row else max(row) + 1
            while at in below:
                at += 1
            down = _count(cell, "rowspan")
            for k in range(min(_count(cell, "colspan"), _WIDEST - at)):
                row[at + k] = _text(cell) if k == 0 else ""
                if down > 1:
                    below[at + k] = [down, row[at + k] if values else ""]
        for at, left in list(below.items()):
            row.setdefault(at, left[1])
            left[0] -= 1
            if left[0] < 1:
                del below[at]
        rows.append([row.get(i, "") for i in range(max(row, default=-1) + 1)])
        made += len(rows[-1])
        if made > 1_000_000 + 4 * written:  # cells that span thousands of others
            raise MemoryError
    return _square(rows, "")


def _square(rows, blank):
    width = max(map(len, rows), default=0)
    if width * len(rows) > _MOST:
        raise MemoryError
    return [r + [blank] * (width - len(r)) for r in rows]


def _count(cell, name):
    text = cell.get(name, "1").strip()
    return max(1, int(text)) if re.fullmatch(r"\d{1,6}", text) else 1


def _text(cell):
    parts = cell.itertext() if cell.find(".//br") is None else (f"{part} " for part in cell.itertext())
    return " ".join("".join(parts).split())


def _xml_2003(src, raw):
    import pandas as pd
    from lxml import etree

    root = etree.fromstring(src.bytes(), etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    frames, durations = {}, _durations(root)
    first = sheet_errors.MAC if root.find(".//{urn:schemas-microsoft-com:office:excel}Date1904") is not None else dates.EXCEL
    for sheet in root.iter(_SPACE + "Worksheet"):
        name = sheet.get(_SPACE + "Name", f"Sheet{len(frames) + 1}")
        rows, spans, errors = _cells(sheet, durations, first)
        if errors:
            sheet_xml.tell_errors(src.name, name, errors)
        cells = pd.DataFrame(_square(rows, None), dtype=object)
        if raw:
            cells = cells[cells.notna().any(axis=1)].map(sheet_tables.text)
            frames[name] = cells.iloc[1:].set_axis(cells.iloc[0], axis=1).reset_index(drop=True) if len(cells) else cells
            continue
        sheet_xml.fill(src.name, name, cells, spans)
        found = sheet_tables.frames(src.name, name, cells, first)
        if len(found) > 1:
            note(f"{src.name}: the sheet {name!r} holds {len(found)} tables.")
        frames.update({name if len(found) == 1 else f"{name} ({k})": f for k, f in enumerate(found, 1)})
    return frames


def _durations(root):
    """The styles that show hours, minutes or seconds without end ([h]:mm)."""
    formats = ((style.get(_SPACE + "ID"), style.find(_SPACE + "NumberFormat")) for style in root.iter(_SPACE + "Style"))
    return {name for name, form in formats if form is not None and re.search(r"\[(h+|m+|s+)\]", form.get(_SPACE + "Format", ""))}


def _cells(sheet, durations, first):
    """The rows of cells of a sheet, those that are merged over several rows as (column, first row, last row), and its errors."""
    rows, spans, errors, below = [], [], [], {}  # below: column to the last row of what is merged into it
    for row in sheet.iter(_SPACE + "Row"):
        number = max(len(rows), min(int(row.get(_SPACE + "Index", 1)), 1_048_576) - 1)
        rows += [[] for _ in range(number - len(rows))]
        cells = []
        for cell in row.iter(_SPACE + "Cell"):
            place = cell.get(_SPACE + "Index")
            cells += [None] * (min(int(place), _WIDEST) - 1 - len(cells)) if place else []
            while not place and below.get(len(cells), -1) >= number:
                cells.append(None)
            across, down = (int(cell.get(_SPACE + way, 0)) for way in ("MergeAcross", "MergeDown"))
            across = min(across, _WIDEST)
            if down:
                below |= {len(cells) + k: number + down for k in range(across + 1)}
                spans += [(len(cells), number, number + down)] if not across else []
            data = cell.find(_SPACE + "Data")
            if data is not None and data.get(_SPACE + "Type") == "Error":
                errors.append(("".join(data.itertext()), sheet_errors.place(number, len(cells))))
                data = None
            value = _value(data, first)
            if isinstance(value, (datetime.datetime, datetime.time)) and cell.get(_SPACE + "StyleID") in durations:
                moment = datetime.datetime.fromisoformat("".join(data.itertext()))
                value = moment - first + datetime.timedelta(days=-1 if first < moment < datetime.datetime(1900, 3, 1) else 0)  # Excel has a February 29, 1900
            cells += [value] + [None] * across
        rows.append(cells)
    return rows, spans, errors


def _value(data, first):
    if data is None:
        return None
    text = "".join(data.itertext())
    kind = data.get(_SPACE + "Type")
    if kind == "Number":
        return int(text) if re.fullmatch(r"-?\d{1,15}", text) else float(text)
    if kind == "DateTime":
        moment = datetime.datetime.fromisoformat(text)
        return moment.time() if moment.date() in (datetime.date(1899, 12, 31), datetime.date(1899, 12, 30), first.date()) else moment
    return text == "1" if kind == "Boolean" else text or None
