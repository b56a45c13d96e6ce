"""Workbooks: Excel of all ages and OpenDocument."""

from attache.loaders import dates
from attache.loaders.source import note


def workbook(src, **options):
    """Return the table of a workbook with one filled sheet, else a dict of
    sheet name to table. Options are those of pandas.read_excel; sheet_name
    chooses."""
    import pandas as pd

    _refuse_encrypted(src)
    chosen = "sheet_name" in options
    settings = {"engine": "calamine", "sheet_name": None, **options}
    try:
        with pd.ExcelFile(src.path, engine=settings.pop("engine")) as book:
            _check_names(src, book, settings["sheet_name"])
            frames = book.parse(**settings)
            many = isinstance(frames, dict)
            if not many:
                frames = {settings["sheet_name"]: frames}
            if "header" not in options and "skiprows" not in options:
                frames = {name: _with_header(src, book, name, frame, settings) for name, frame in frames.items()}
    except (ImportError, TypeError):
        raise
    except Exception as e:
        if "zip" in str(e).lower() or "Cfb" in str(e) or "cfb" in str(e):
            raise src.fail("is not a readable workbook: it is damaged or cut off") from None
        raise
    for frame in frames.values():
        dates.convert(frame)
    if chosen and not many:
        return next(iter(frames.values()))
    filled = {name: f for name, f in frames.items() if not (f.empty and f.columns.empty)}
    if not filled:
        raise src.fail("holds no data: all of its sheets are empty")
    if chosen or len(filled) > 1:
        return frames
    if len(frames) > 1:
        note(f"{src.name}: only the sheet {next(iter(filled))!r} holds data.")
    return next(iter(filled.values()))


def _with_header(src, book, name, frame, settings):
    """Read a sheet whose table does not begin in its first row again."""
    unnamed = [str(c).startswith("Unnamed: ") for c in frame.columns]
    if frame.empty or sum(unnamed) < 0.5 * len(unnamed) or len(unnamed) < 2:
        return frame
    top = frame.head(30).notna().sum(axis=1).tolist()
    widest = max(top)
    row = next((i for i, n in enumerate(top) if n >= max(2, 0.7 * widest)), None)
    if row is None or widest < 2 or not all(isinstance(v, str) for v in frame.iloc[row].dropna()):
        return frame
    # Row i of the frame is row i + 1 of what the reader counts.
    again = book.parse(**{**settings, "sheet_name": name, "header": None})
    start = len(again) - len(frame) + row
    again = book.parse(**{**settings, "sheet_name": name, "header": start})
    again = again.dropna(axis=1, how="all").dropna(axis=0, how="all").reset_index(drop=True)
    note(f"{src.name}: in sheet {name!r} the table begins in row {start + 1}; what stands above was left out.")
    return again


def _check_names(src, book, wanted):
    names = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    for name in names:
        if isinstance(name, str) and name not in book.sheet_names:
            raise src.fail(f"has no sheet {name!r}; it has {', '.join(map(repr, book.sheet_names))}")


def _refuse_encrypted(src):
    if src.head.startswith(b"\xd0\xcf\x11\xe0") and "EncryptedPackage".encode("utf-16-le") in src.bytes():
        raise src.fail("is protected by a password: save it without one and upload it again")
