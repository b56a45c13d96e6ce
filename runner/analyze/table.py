"""From a file of any kind to the one table that is analysed."""

import os
from dataclasses import dataclass, field

from attache import loaders
from attache.loaders.source import FileLoadError, NoTable

MAX_POINTS = 10_000_000  # of a grid that is made a table
# Kinds that are looked for in an archive.
TABLES = {"csv", "tsv", "excel", "spreadsheet", "json", "jsonl", "parquet", "feather", "arrow", "orc", "avro", "stata", "spss", "sas", "rdata", "hdf5"}


@dataclass
class Table:
    name: str
    kind: str
    size: int | None  # bytes of the file
    frame: object
    notes: list = field(default_factory=list)


def get(library, file):
    """Return the table of an id, a path or a DataFrame."""
    import pandas as pd

    if isinstance(file, (pd.DataFrame, pd.Series, dict, list)):
        value, name, kind, size = file, "table", "DataFrame", None
        if not isinstance(file, pd.DataFrame):
            kind = type(file).__name__
    else:
        path = os.fspath(file)
        described = None
        if not os.path.exists(path):
            described = library.get_file_metadata(path)
            path = library.get_file_path(path)
        name = (described or {}).get("filename") or os.path.basename(path)
        kind = (described or {}).get("file_type") or loaders.KINDS.of(path) or "file"
        size = os.path.getsize(path)
        value = loaders.load(path, described)
        if isinstance(value, str):
            value = _of_text(path, described, value)
    notes = []
    frame = _frame(value, notes)
    if frame is None:
        raise NoTable(
            f"{name} is no table: load_file gives {_what(value)}. Make a DataFrame of the part in question and pass that"
        )
    if isinstance(frame.columns, pd.MultiIndex):
        frame = frame.set_axis([" / ".join(str(p) for p in c if str(p)) for c in frame.columns], axis=1)
    if not isinstance(frame.index, pd.RangeIndex) and any(n is not None for n in frame.index.names):
        frame = frame.reset_index(allow_duplicates=True)
    elif isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.reset_index(names="date")
    return Table(name, kind, size, frame, notes)


def _frame(value, notes):
    """Return a value as a DataFrame, or None when it is none."""
    import numpy as np
    import pandas as pd

    name = type(value).__name__
    if isinstance(value, pd.Series):
        return value.to_frame("value" if value.name is None else value.name)
    if name == "GeoDataFrame":
        return _without_geometry(value, notes)
    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, np.ndarray):
        return _of_array(value)
    if name in ("Dataset", "DataArray") and hasattr(value, "to_dataframe"):
        return _of_grid(value)
    if name == "HDUList":
        value = {f"{i} {h.name}".strip(): _of_array(h.data) for i, h in enumerate(value) if h.data is not None}
    if name == "Database":
        return _of_database(value, notes)
    if name == "Archive":
        return _of_archive(value, notes)
    if name == "File" and hasattr(value, "visititems"):
        value = _of_hdf5(value)
    if isinstance(value, dict):
        return _of_dict(value, notes)
    return _records(value)


def _of_dict(value, notes):
    """The largest table of several, a table by columns, or the records in it."""
    import numpy as np
    import pandas as pd

    frames = {str(k): f for k, f in ((k, _records(v)) for k, v in value.items()) if f is not None}
    if frames:
        return _together(frames, notes)
    columns = [v for v in value.values() if isinstance(v, list) or isinstance(v, np.ndarray) and v.ndim == 1]
    if columns and len(columns) == len(value) and len({len(c) for c in columns}) == 1:
        return pd.DataFrame(value)
    arrays = {str(k): _of_array(v) for k, v in value.items() if isinstance(v, np.ndarray) and v.ndim in (1, 2) and v.size > 1}
    return _largest({k: f for k, f in arrays.items() if f is not None}, notes)


def _together(frames, notes):
    """Tables of one shape as one, with a column of their names; else the largest."""
    import pandas as pd

    filled = {k: f for k, f in frames.items() if f.size}
    shapes = {}
    for k, f in filled.items():
        shapes.setdefault(tuple(sorted(str(c) for c in f.columns)), []).append(k)
    alike = max(shapes.values(), key=lambda keys: sum(len(frames[k]) for k in keys), default=[])
    plain = all(not isinstance(frames[k].columns, pd.MultiIndex) and frames[k].columns.is_unique for k in alike)
    if len(alike) < 2 or not plain or len(alike) < 0.5 * len(filled):
        return _largest(frames, notes)
    column = next(c for c in ("sheet", "table", "part of the file") if c not in frames[alike[0]].columns)
    joined = pd.concat([f.assign(**{column: k}) for k, f in ((k, frames[k]) for k in alike)], ignore_index=True)
    joined = joined[[column, *(c for c in joined.columns if c != column)]]
    others = [k for k in frames if k not in alike]
    left = f" Left out: {', '.join(others[:8])}." if others else ""
    notes.append(f"{len(alike)} tables of the same columns were joined ({', '.join(alike[:6])}{', …' * (len(alike) > 6)}): the column `{column}` names them.{left}")
    return joined


def _largest(frames, notes):
    if not frames:
        return None
    name = max(frames, key=lambda k: frames[k].size)
    if len(frames) > 1:
        others = [f"{k} ({f.shape[0]:,} × {f.shape[1]:,})" for k, f in frames.items() if k != name]
        notes.append(f"This is {name}; there are also {', '.join(others[:8])}{f' and {len(others) - 8} more' if len(others) > 8 else ''}.")
    return frames[name]


def _records(value):
    """Records as a DataFrame; anything else is None."""
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, list) and value and all(isinstance(v, dict) for v in value) and "cell_type" not in value[0]:
        return pd.json_normalize(value)
    return None


def _of_array(array):
    import numpy as np
    import pandas as pd

    array = np.asarray(array)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.names:
        fields = {n: array[n] for n in array.dtype.names if array.ndim == 1}
        columns = {}
        for name, column in fields.items():
            if column.ndim > 1:
                continue
            if column.dtype.byteorder == ">":
                column = column.astype(column.dtype.newbyteorder("="))
            columns[name] = np.char.decode(column, "utf-8", "replace") if column.dtype.kind == "S" else column
        return pd.DataFrame(columns) if columns else None
    if array.ndim == 1 and array.size > 1:
        return pd.DataFrame({"value": array})
    if array.ndim == 2 and array.size > 1:
        return pd.DataFrame(array, columns=[f"column {i}" for i in range(array.shape[1])])
    return None


def _of_grid(grid):
    """A grid of xarray: a row for each point that has a value."""
    points = grid.size if hasattr(grid, "dtype") else max((v.size for v in grid.data_vars.values()), default=0)
    if points > MAX_POINTS:
        raise FileLoadError(f"The grid has more than {MAX_POINTS:,} points: make a DataFrame of the part in question and pass that")
    if hasattr(grid, "dtype"):
        grid = grid.to_dataset(name=grid.name or "value")
    frame = grid.to_dataframe().reset_index()
    return frame.drop(columns=[c for c in frame if str(c) == "spatial_ref"]).dropna(how="all", subset=[v for v in grid.data_vars if v in frame])


def _of_hdf5(file):
    arrays = {}

    def visit(name, item):
        if getattr(item, "shape", None) and len(item.shape) in (1, 2) and 1 < item.size <= MAX_POINTS:
            arrays[name] = item[()]

    file.visititems(visit)
    return arrays


def _of_database(connection, notes):
    import pandas as pd

    from attache.loaders import dates

    tables = connection.tables()
    if not tables:
        return None
    name = max(tables, key=tables.get)
    others = [f"{n} ({k:,} rows)" for n, k in tables.items() if n != name]
    if others:
        notes.append(f"This is the table {name}; there are also {', '.join(others[:8])}{f' and {len(others) - 8} more' if len(others) > 8 else ''}.")
    quoted = name.replace('"', '""')
    return dates.convert(pd.read_sql_query(f'SELECT * FROM "{quoted}"', connection))


def _of_archive(archive, notes):
    """The largest member that is a table."""
    tables = {m.name: m.size for m in archive.members if loaders.KINDS.of(m.name) in TABLES and not m.encrypted}
    if not tables:
        return None
    name = max(tables, key=tables.get)
    notes.append(f"This is {name} of {len(archive)} file{'s' * (len(archive) != 1)} in the archive.")
    return _frame(archive.load(name), notes)


def _of_text(path, described, text):
    """A text that is a table after all: delimited, or the largest one of a page."""
    from attache.loaders import delimited, sheet_markup
    from attache.loaders.source import Source

    src = Source(path, described)
    if text.lstrip()[:1] == "<" and "<table" in text.lower():
        found = sheet_markup.pages(text)
        return delimited.rows(src, max(found, key=lambda rows: len(rows) * len(rows[0]))) if found else text
    return loaders.run("csv", src, {}) if delimited.looks_like_table(src) else text


def _without_geometry(frame, notes):
    """Of a GeoDataFrame the attributes, and where the points are."""
    import pandas as pd

    plain = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    shapes = frame.geometry.dropna()
    if len(shapes) and (shapes.geom_type == "Point").all() and not {"longitude", "latitude"} & set(plain.columns):
        return plain.assign(longitude=frame.geometry.x, latitude=frame.geometry.y)
    notes.append(f"The geometry ({', '.join(sorted(set(shapes.geom_type))) or 'empty'}) is left out.")
    return plain


def _what(value):
    return {"str": "text", "list": "a list"}.get(type(value).__name__, f"a {type(value).__name__}")
