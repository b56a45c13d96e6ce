"""Values as people see them: tables as tables, pictures as files, the rest as text."""

import base64
import reprlib
import sys

ROWS, COLUMNS, CELL = 50, 20, 200  # of a table that is shown; more is said
MAX_TEXT = 20_000
MAX_SHOWN = 20  # values of one run
WHOLE = 3  # tables of one run that are sent with all their rows
MAX_CELLS = 5_000_000  # of such a table
HEAD_ONLY = "attache_head_only"  # in a frame's attrs: its head is enough


class Displays:
    def __init__(self, link):
        self.link = link
        self.shown = self.sent = self.whole = 0

    def begin(self):
        self.shown = self.sent = self.whole = 0

    def show(self, *values, **kwargs):
        """display(value, ...): show values as the last line of a cell would."""
        for value in values:
            self.show_value(value)

    def show_value(self, value):
        self.shown += 1
        if self.shown > MAX_SHOWN:
            return
        if self._figure(value) or self._picture(value):
            return
        sys.stdout.flush()
        table = _as_frame(value)
        if table is not None:
            text = _frame_text(table)
            self.link.send("show", text=text, table=_frame_table(table))
            self._send_whole(table)
        else:
            self.link.send("show", text=_text(value))
        self.sent += 1

    def _send_whole(self, frame):
        """Send all of a table that is longer or wider than what is shown of it."""
        rows, columns = frame.shape
        if (rows <= ROWS and columns <= COLUMNS) or rows * columns > MAX_CELLS or self.whole == WHOLE or frame.attrs.get(HEAD_ONLY):
            return
        from attache import whole

        pieces = whole.csv(frame)
        if pieces is None:
            return
        self.whole += 1
        self.link.send_file(f".table-{self.sent}.csv", sum(map(len, pieces)), pieces)

    def _figure(self, value):
        plt = sys.modules.get("matplotlib.pyplot")
        if plt is None:
            return False
        from matplotlib.artist import Artist
        from matplotlib.figure import Figure

        # A figure that pyplot manages is saved at the end of the cell anyway.
        if isinstance(value, Figure):
            from attache import figures

            figures.save(value)
            return True
        if isinstance(value, Artist):
            return True
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, Artist) for v in value):
            return True
        import numpy

        if isinstance(value, numpy.ndarray) and value.dtype == object and value.size:
            return all(isinstance(v, Artist) for v in value.flat)
        figure = getattr(value, "figure", None)  # seaborn's grids
        return isinstance(figure, Figure) and type(value).__module__.startswith("seaborn")

    def _picture(self, value):
        if "PIL.Image" in sys.modules and isinstance(value, sys.modules["PIL.Image"].Image):
            from attache import figures

            value.convert("RGBA" if "A" in value.getbands() else "RGB").save(figures.next_name("image"))
            return True
        from attache import figures, interactive

        if interactive.save(value):
            return True
        data = _own_picture(value)
        if data is None:
            return False
        ext = ".jpg" if data.startswith(b"\xff\xd8") else ".png"
        with open(figures.next_name("chart", ext), "wb") as f:
            f.write(data)
        return True


def _own_picture(value):
    """The picture that a value makes of itself for notebooks, or None."""
    for method in ("_repr_png_", "_repr_jpeg_", "_repr_mimebundle_"):
        if not hasattr(type(value), method):
            continue
        try:
            data = getattr(value, method)()
        except Exception:
            continue
        if isinstance(data, tuple):  # with metadata
            data = data[0]
        if isinstance(data, dict):
            data = data.get("image/png") or data.get("image/jpeg")
        if isinstance(data, str):
            data = base64.b64decode(data)
        if isinstance(data, bytes) and data:
            return data
    return None


def is_table(value):
    """Whether a value is shown as a table."""
    return _as_frame(value) is not None


def _as_frame(value):
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return None
    if isinstance(value, pandas.DataFrame):
        return value
    if isinstance(value, pandas.Series):
        return value.to_frame(name="" if value.name is None else value.name)
    if type(value).__name__ == "Styler" and isinstance(getattr(value, "data", None), pandas.DataFrame):
        return value.data
    name = type(value).__module__.split(".")[0]
    if name == "polars" and hasattr(value, "to_pandas"):
        return value.head(ROWS).to_pandas()
    if name == "pyarrow" and hasattr(value, "to_pandas") and hasattr(value, "schema"):
        return value.slice(0, ROWS).to_pandas()
    return None


def _frame_text(frame):
    import pandas

    with pandas.option_context(
        "display.max_rows", ROWS, "display.min_rows", 20, "display.max_columns", COLUMNS,
        "display.width", 160, "display.max_colwidth", 60,
    ):
        text = repr(frame)
    return text[:MAX_TEXT]


def _frame_table(frame):
    """The head of a frame as strings, index first unless it only counts."""
    import pandas

    head = frame.iloc[:ROWS, :COLUMNS]
    if isinstance(head.columns, pandas.MultiIndex):
        head = head.set_axis([" / ".join(map(str, c)) for c in head.columns], axis=1)
    index = not isinstance(head.index, pandas.RangeIndex)
    names, columns = [], []
    if index:
        levels = head.index.to_frame(index=False)
        names += [("" if n is None else str(n)) for n in head.index.names]
        columns += [levels.iloc[:, i] for i in range(levels.shape[1])]
    names += [str(c) for c in head.columns]
    columns += [head.iloc[:, i] for i in range(head.shape[1])]
    cells = [[_cell(v) for v in c] for c in columns]
    return {
        "columns": [n[:CELL] for n in names],
        "rows": [list(row) for row in zip(*cells)],
        "total_rows": int(frame.shape[0]),
        "total_columns": int(frame.shape[1]) + (len(names) - head.shape[1]),
    }


def _cell(value):
    import numpy
    import pandas

    if isinstance(value, (float, numpy.floating)):
        if value != value:
            return ""
        text = f"{value:.6g}" if abs(value) < 1e6 or abs(value) >= 1e15 else f"{value:,.0f}"
    elif value is pandas.NaT or value is None or value is pandas.NA:
        return ""
    elif isinstance(value, pandas.Timestamp):
        text = str(value.date()) if value == value.normalize() and value.tz is None else str(value)
    else:
        text = str(value)
    text = " ".join(text.split())
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


class _Repr(reprlib.Repr):
    def __init__(self):
        super().__init__()
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = 1000
        self.maxstring = self.maxother = MAX_TEXT
        self.maxlong = 5000


def _text(value):
    import pprint

    try:
        if isinstance(value, (dict, list, tuple, set, frozenset)) and len(value) <= 1000:
            text = pprint.pformat(value, width=100, compact=True, sort_dicts=False)
        elif isinstance(value, (dict, list, tuple, set, frozenset, str, int)):
            text = _Repr().repr(value)
        else:
            text = repr(value)
    except Exception as e:
        text = f"<{type(value).__name__}: its repr failed with {type(e).__name__}: {e}>"
    if not isinstance(text, str):
        text = f"<{type(value).__name__}>"
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT // 2] + "\n…\n" + text[-MAX_TEXT // 2 :]
