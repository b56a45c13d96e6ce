"""From a file of any kind to the one table that is analysed."""

import os
from dataclasses import dataclass, field

from attache import loaders
from attache.loaders.source import FileLoadError


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
        raise FileLoadError(
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
    import pandas as pd

    if isinstance(value, pd.Series):
        return value.to_frame("value" if value.name is None else value.name)
    if isinstance(value, pd.DataFrame):
        return _without_geometry(value, notes)
    if isinstance(value, dict):
        return _of_dict(value, notes)
    if isinstance(value, list):
        return pd.json_normalize(value) if value and all(isinstance(v, dict) for v in value) else None
    return None


def _of_dict(value, notes):
    """The largest table of several, a table by columns, or the records in it."""
    import pandas as pd

    frames = {str(k): f for k, f in ((k, _records(v)) for k, v in value.items()) if f is not None}
    if frames:
        name = max(frames, key=lambda k: frames[k].size)
        if len(frames) > 1:
            others = ", ".join(f"{k} ({f.shape[0]:,} × {f.shape[1]:,})" for k, f in frames.items() if k != name)
            notes.append(f"This is {name}; there are also {others}.")
        return frames[name]
    columns = [v for v in value.values() if isinstance(v, list)]
    if columns and len(columns) == len(value) and len({len(c) for c in columns}) == 1:
        return pd.DataFrame(value)
    return None


def _records(value):
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
        return pd.json_normalize(value)
    return None


def _of_text(path, described, text):
    """A text that is a table after all: delimited, or the largest one of a page."""
    from attache.loaders import delimited
    from attache.loaders.source import Source

    src = Source(path, described)
    if text.lstrip()[:1] == "<" and "<table" in text.lower():
        import io

        import pandas as pd

        try:
            return max(pd.read_html(io.StringIO(text), flavor="lxml"), key=lambda f: f.size)
        except ValueError:
            return text
    return loaders.run("csv", src, {}) if delimited.looks_like_table(src) else text


def _without_geometry(frame, notes):
    """Of a GeoDataFrame the attributes, and where the shapes are."""
    if type(frame).__name__ != "GeoDataFrame":
        return frame
    import pandas as pd

    plain = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    points = frame.geometry.dropna()
    if len(points) and (points.geom_type == "Point").all() and not {"longitude", "latitude"} & set(plain.columns):
        plain["longitude"], plain["latitude"] = frame.geometry.x, frame.geometry.y
    else:
        notes.append(f"The geometry ({', '.join(sorted(set(frame.geom_type.dropna())))}) is left out.")
    return plain


def _what(value):
    return {"str": "text", "Connection": "a connection"}.get(type(value).__name__, f"a {type(value).__name__}")
