"""Workbooks: Excel of all ages, OpenDocument, and what only calls itself Excel."""

import re

from attache.loaders import dates, encoding
from attache.loaders.source import FileLoadError, hushed, note


def workbook(src, **options):
    """Return the table of a workbook with one filled sheet, else a dict of
    sheet name to table. Options are those of pandas.read_excel; sheet_name
    chooses."""
    if src.head.lstrip()[:1] == b"<" or src.head[:4] == b"\xef\xbb\xbf<":
        return _result(src, _markup(src))
    if src.head.startswith(b"\xd0\xcf\x11\xe0") and "EncryptedPackage".encode("utf-16-le") in src.bytes():
        raise src.fail("is protected by a password: save it without one and upload it again")
    for engine in _engines(src, options):
        try:
            return _read(src, {"engine": engine, "sheet_name": None, **options})
        except (KeyboardInterrupt, SystemExit, MemoryError, FileLoadError, ModuleNotFoundError):
            raise
        except BaseException as e:  # a panic of calamine is no Exception
            problem = e
    if re.search(r"password|encrypt", str(problem), re.I):
        raise src.fail("is protected by a password: save it without one and upload it again")
    if isinstance(problem, TypeError) and "unexpected keyword" in str(problem):
        raise problem
    raise src.fail("is not a readable workbook: it is damaged or cut off")


def _engines(src, options):
    """What reads the file: calamine, and for what it can't read a slower one."""
    if "engine" in options:
        return [options["engine"]]
    return ["calamine", "openpyxl"] if src.ext in (".xlsx", ".xlsm") else ["calamine"]


def _read(src, settings):
    import pandas as pd

    with hushed():
        book = pd.ExcelFile(src.path, engine=settings.pop("engine"))
    with book:
        _check_names(src, book, settings["sheet_name"])
        with hushed():
            frames = pd.read_excel(book, **settings)
        if not isinstance(frames, dict):
            return dates.convert(_better(src, book, settings["sheet_name"], frames, settings))
        frames = {name: dates.convert(_better(src, book, name, frame, settings)) for name, frame in frames.items()}
    return frames if settings["sheet_name"] is not None else _result(src, frames)


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


def _better(src, book, name, frame, settings):
    """Read a sheet again whose first row is not the header."""
    import pandas as pd

    if {"header", "skiprows", "names"} & settings.keys() or frame.columns.empty:
        return frame
    unnamed = sum(str(c).startswith("Unnamed: ") for c in frame.columns)
    if unnamed == 0 and all(isinstance(c, (int, float)) and not 1800 <= c <= 2200 for c in frame.columns):
        note(f"{src.name}: the sheet {name!r} has no header; its columns are numbered.")
        return pd.read_excel(book, **{**settings, "sheet_name": name, "header": None})
    if frame.empty or len(frame.columns) < 2 or unnamed < 0.3 * len(frame.columns):
        return frame
    raw = pd.read_excel(book, **{**settings, "sheet_name": name, "header": None, "nrows": 60})
    row = _header_row(raw)
    if not row:
        return frame
    again = pd.read_excel(book, **{**settings, "sheet_name": name, "header": row})
    again = again.loc[:, [not (str(c).startswith("Unnamed: ") and again.iloc[:, i].isna().all()) for i, c in enumerate(again.columns)]]
    again = again.dropna(how="all").reset_index(drop=True)
    note(f"{src.name}: in the sheet {name!r} the table begins in row {row + 1}; what stands above was left out.")
    return again


def _header_row(raw):
    """The first row of texts that is as wide as the table, with data below it; or None."""
    filled = raw.notna().sum(axis=1).tolist()
    wide = max(set(filled), key=lambda n: (n > 1, filled.count(n), n))
    for i, n in enumerate(filled[:-1]):
        if n >= wide and max(filled[i + 1 : i + 3]) >= 0.6 * wide and all(isinstance(v, str) for v in raw.iloc[i].dropna()):
            return i
    return None


def _check_names(src, book, wanted):
    for name in [wanted] if isinstance(wanted, str) else wanted or [] if isinstance(wanted, list) else []:
        if isinstance(name, str) and name not in book.sheet_names:
            raise src.fail(f"has no sheet {name!r}; it has {', '.join(map(repr, book.sheet_names))}")


def _markup(src):
    """The tables of a page or of XML that programs export under the name of Excel."""
    import io

    import pandas as pd

    text = encoding.decode(src.bytes())[0].removeprefix("\ufeff")
    if "urn:schemas-microsoft-com:office:spreadsheet" in text[:5000]:
        note(f"{src.name} is XML of Excel 2003, not a workbook.")
        return _xml_2003(src)
    note(f"{src.name} is a web page that is named like a workbook; its tables were read.")
    try:
        frames = pd.read_html(io.StringIO(text), flavor="lxml")
    except ValueError:
        raise src.fail("is a web page without a table, named like a workbook") from None
    frames = [_header_of_html(f) for f in frames]
    return {f"Table {i}": dates.convert(f) for i, f in enumerate(frames, 1)}


def _header_of_html(frame):
    """The first row as the header, where the page does not mark one."""
    if len(frame) > 1 and list(frame.columns) == list(range(frame.shape[1])) and all(isinstance(v, str) for v in frame.iloc[0]):
        frame = frame.iloc[1:].set_axis(frame.iloc[0].tolist(), axis=1).reset_index(drop=True).infer_objects()
        for i in range(frame.shape[1]):
            frame.isetitem(i, _numbers(frame.iloc[:, i]))
    return frame


def _xml_2003(src):
    import pandas as pd
    from lxml import etree

    space = "{urn:schemas-microsoft-com:office:spreadsheet}"
    root = etree.fromstring(src.bytes(), etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    frames = {}
    for sheet in root.iter(space + "Worksheet"):
        rows = []
        for row in sheet.iter(space + "Row"):
            while len(rows) < int(row.get(space + "Index", 1)) - 1:
                rows.append([])
            cells = []
            for cell in row.iter(space + "Cell"):
                while len(cells) < int(cell.get(space + "Index", 1)) - 1:
                    cells.append(None)
                cells.append(_xml_value(cell.find(space + "Data"), space))
            rows.append(cells)
        rows = [r for r in rows if any(v is not None for v in r)]
        width = max(map(len, rows), default=0)
        rows = [r + [None] * (width - len(r)) for r in rows]
        head = [str(v) if v is not None else f"Unnamed: {i}" for i, v in enumerate(rows[0])] if rows else []
        frames[sheet.get(space + "Name", f"Sheet{len(frames) + 1}")] = pd.DataFrame(rows[1:], columns=head)
    return frames


def _xml_value(data, space):
    import pandas as pd

    if data is None:
        return None
    text = "".join(data.itertext())
    kind = data.get(space + "Type")
    if kind == "Number":
        return int(text) if re.fullmatch(r"-?\d{1,15}", text) else float(text)
    if kind == "DateTime":
        return pd.Timestamp(text)
    return text == "1" if kind == "Boolean" else text or None


def _numbers(column):
    import pandas as pd

    try:
        return pd.to_numeric(column)
    except (ValueError, TypeError):
        return column
