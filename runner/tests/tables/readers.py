"""Readers to score. Each takes (path, params) and returns rows of strings.

params hold the truth about a file. Only the encoding is taken from it, and only
by readers that cannot find an encoding; the *_told readers, which are the
ceiling, take all.
"""

import contextlib
import csv
import io
import os
import re
import sys
import tempfile

from score import Rows, rows_of_text


def _frame_rows(df):
    import pandas as pd

    index = not isinstance(df.index, pd.RangeIndex)
    rows = Rows(rows_of_text(df.to_csv(index=index, lineterminator="\n")))
    rows.headless = [c for c in df.columns if not isinstance(c, str)] == list(range(len(df.columns)))
    return rows


def attache_from(runner):
    """The readers of a checkout's runner folder: as users get it, and with text cells."""
    folder = tempfile.mkdtemp(prefix="attache-")
    os.symlink(os.path.abspath(runner), os.path.join(folder, "attache"))
    sys.path.insert(0, folder)
    from attache import loaders

    def read(options):
        def reader(path, params):
            with contextlib.redirect_stderr(io.StringIO()):
                got = loaders.load(path, {"filename": os.path.basename(path)}, dict(options))
            if not hasattr(got, "to_csv"):
                if isinstance(got, str):
                    return [[line] for line in got.splitlines()]
                raise TypeError(f"not a table: {type(got).__name__}")
            return _frame_rows(got)

        return reader

    text = read({"dtype": "str", "keep_default_na": False})

    def rows(path, params):
        """The table as rows of a file again: what a DataFrame needs and the file does not have is taken back."""
        if not os.path.getsize(path):
            return []  # refused as empty
        got = text(path, params)
        return got[1:] if getattr(got, "headless", None) else [_names_of_file(got[0]), *got[1:]] if got else got

    return {"attache": read({}), "attache_text": text, "attache_rows": rows}


def _names_of_file(names):
    """Names as a file has them: x.1 after x is x, an invented one is none."""
    known = set(names)
    return ["" if re.fullmatch(r"Unnamed: \d+", n) else n.rpartition(".")[0] if re.fullmatch(r".+\.\d+", n, re.S) and n.rpartition(".")[0] in known else n for n in names]


def pandas_default(path, params):
    import pandas as pd

    return _frame_rows(pd.read_csv(path, encoding=params["encoding"]))


def pandas_text(path, params):
    import pandas as pd

    return _frame_rows(pd.read_csv(path, encoding=params["encoding"], dtype=str, keep_default_na=False))


def pandas_skip(path, params):
    import pandas as pd

    df = pd.read_csv(path, encoding=params["encoding"], dtype=str, keep_default_na=False, on_bad_lines="skip")
    return _frame_rows(df)


def pandas_python(path, params):
    """The delimiter guessed by pandas (sep=None)."""
    import pandas as pd

    df = pd.read_csv(
        path, encoding=params["encoding"], dtype=str, keep_default_na=False, sep=None, engine="python", on_bad_lines="skip"
    )
    return _frame_rows(df)


def _duckdb(path, **options):
    import duckdb

    con = duckdb.connect()
    try:
        rel = con.read_csv(path, **options)
        out = io.StringIO()
        w = csv.writer(out, lineterminator="\n")
        w.writerow(rel.columns)
        for row in rel.fetchall():
            w.writerow(["" if c is None else c for c in row])
        rows = Rows(rows_of_text(out.getvalue()))
        rows.headless = all(re.fullmatch(r"column\d+", c) for c in rel.columns)
        return rows
    finally:
        con.close()


def _duck_encoding(params):
    e = (params.get("encoding") or "").lower().replace("_", "-")
    if e in ("iso-8859-1", "latin-1", "windows-1252", "cp1252"):
        return {"encoding": "latin-1"}
    return {"encoding": "utf-16"} if e.startswith("utf-16") else {}


def duckdb_default(path, params):
    return _duckdb(path, **_duck_encoding(params))


def duckdb_text(path, params):
    return _duckdb(path, all_varchar=True, **_duck_encoding(params))


def duckdb_loose(path, params):
    """The options with which DuckDB's authors enter the benchmark, as text."""
    return _duckdb(
        path, all_varchar=True, strict_mode=False, ignore_errors=True, null_padding=True, **_duck_encoding(params)
    )


def duckdb_loose_typed(path, params):
    import duckdb

    con = duckdb.connect()
    df = con.read_csv(path, strict_mode=False, ignore_errors=True, null_padding=True, **_duck_encoding(params)).df()
    return _frame_rows(df)


def duckdb_told(path, params):
    """Everything told: the ceiling that the benchmark's winner has."""
    head, skip = int(params["header_lines"]), int(params["preamble_lines"])
    names = [n.strip() for n in params["column_names"] or []] or [f"col_{i}" for i in range(int(params["n_columns"]) or 1)]
    unique = []
    for n in names:
        k = n
        while k.lower() in map(str.lower, unique):
            k += "_"
        unique.append(k)
    rows = _duckdb(
        path, delimiter=params["delimiter"] or ",", quotechar=params["quotechar"] or '"', escapechar=params["escapechar"] or '"',
        skiprows=skip + head, header=False, columns=dict.fromkeys(unique, "VARCHAR"), auto_detect=False, strict_mode=False,
        ignore_errors=True, null_padding=True, **_duck_encoding(params),
    )
    return [names, *rows[1:]]


def _text_of(path, params):
    with open(path, encoding=params["encoding"] or "utf-8", newline="") as f:
        return f.read()


def sniffer(path, params):
    text = _text_of(path, params)
    return list(csv.reader(io.StringIO(text, newline=""), csv.Sniffer().sniff(text)))


def plain_csv(path, params):
    return list(csv.reader(io.StringIO(_text_of(path, params), newline="")))


def clevercsv_rows(path, params):
    """As the benchmark runs it: the whole file sniffed, all rows, none of them known to be a header."""
    import clevercsv

    text = _text_of(path, params)
    dialect = clevercsv.Sniffer().sniff(text)
    return list(clevercsv.reader(io.StringIO(text, newline=""), dialect))


def clevercsv_frame(path, params):
    import clevercsv

    return _frame_rows(clevercsv.read_dataframe(path, dtype=str, keep_default_na=False, encoding=params["encoding"]))


def _polars(path, params, **options):
    import polars as pl

    enc = (params["encoding"] or "utf-8").lower()
    enc = "utf8" if enc in ("utf-8", "ascii", "utf-8-sig") else enc
    df = pl.read_csv(path, encoding=enc, **options)
    out = io.StringIO()
    w = csv.writer(out, lineterminator="\n")
    w.writerow(df.columns)
    for row in df.iter_rows():
        w.writerow(["" if c is None else c for c in row])
    return rows_of_text(out.getvalue())


def polars_default(path, params):
    return _polars(path, params)


def polars_text(path, params):
    return _polars(path, params, infer_schema=False, truncate_ragged_lines=True)


def _arrow_rows(table):
    out = io.StringIO()
    w = csv.writer(out, lineterminator="\n")
    w.writerow(table.column_names)
    for row in zip(*(c.to_pylist() for c in table.columns)):
        w.writerow(["" if c is None else c for c in row])
    return rows_of_text(out.getvalue())


def pyarrow_default(path, params):
    from pyarrow import csv as pc

    return _arrow_rows(pc.read_csv(path, read_options=pc.ReadOptions(encoding=params["encoding"] or "utf8", use_threads=False)))


def pyarrow_text(path, params):
    import pyarrow as pa
    from pyarrow import csv as pc

    read = pc.ReadOptions(encoding=params["encoding"] or "utf8", use_threads=False)
    parse = pc.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda row: "skip")
    names = pc.read_csv(path, read_options=read, parse_options=parse).column_names
    convert = pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    return _arrow_rows(pc.read_csv(path, read_options=read, parse_options=parse, convert_options=convert))


READERS = {
    f.__name__: f
    for f in (
        pandas_default, pandas_text, pandas_skip, pandas_python, duckdb_default, duckdb_text, duckdb_loose,
        duckdb_loose_typed, duckdb_told, sniffer, plain_csv, clevercsv_rows, clevercsv_frame, polars_default, polars_text,
        pyarrow_default, pyarrow_text,
    )
}
