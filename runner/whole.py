"""All rows of a table as CSV in UTF-8, for people who sort and filter it."""

import io

PIECE = 10_000  # rows that are written at a time
MAX_BYTES = 50 << 20


def csv(frame, limit=MAX_BYTES):
    """Return the table as a list of pieces of CSV, index first unless it only counts; None beyond so many bytes."""
    import pandas

    if isinstance(frame.columns, pandas.MultiIndex):
        frame = frame.set_axis([" / ".join(map(str, c)) for c in frame.columns], axis=1)
    if not isinstance(frame.index, pandas.RangeIndex):
        levels = frame.index.to_frame(index=False)
        levels.columns = ["" if n is None else str(n) for n in frame.index.names]
        frame = pandas.concat([levels, frame.reset_index(drop=True)], axis=1)
    frame = frame.set_axis([str(c) for c in frame.columns], axis=1)
    days = [i for i in range(frame.shape[1]) if _days(frame.iloc[:, i])]
    pieces, size = [], 0
    for at in range(0, max(len(frame), 1), PIECE):
        data = _piece(frame.iloc[at : at + PIECE], days, header=at == 0)
        size += len(data)
        if size > limit:
            return None
        pieces.append(data)
    return pieces


def _days(column):
    """Whether all times of a column are midnights: days, then."""
    if getattr(column.dtype, "kind", "") != "M" or getattr(column.dtype, "tz", None) is not None:
        return False
    times = column.dropna()
    return bool((times == times.dt.normalize()).all())


def _piece(frame, days, header):
    import pyarrow
    from pyarrow import csv as arrow_csv

    try:
        columns = []
        for i in range(frame.shape[1]):
            column = frame.iloc[:, i]
            if column.dtype.kind == "M" and i not in days:
                column = column.astype(str).where(column.notna(), None)
            columns.append(pyarrow.array(column.dt.date if i in days else column, from_pandas=True))
        table = pyarrow.Table.from_arrays(columns, names=list(frame.columns))
        out = io.BytesIO()
        arrow_csv.write_csv(table, out, arrow_csv.WriteOptions(include_header=header, quoting_style="needed"))
        return out.getvalue()
    except Exception:  # what Arrow has no type for: mixed cells, lists, periods
        return frame.to_csv(index=False, header=header, lineterminator="\n").encode("utf-8", "replace")
