"""Python objects, databases, and bytes that only their own program knows."""

import os
import pickle
import sqlite3

from attache.imports import need
from attache.loaders import structured

# How pickles are compressed: gzip, bzip2, xz, LZMA, zlib, LZ4.
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7z", b"]\x00", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b'\x04"M\x18')


def pickled(src, **options):
    """Return the object. What a pickle does when it is loaded is done in here,
    where nothing else is."""
    if src.head.startswith(_PACKED) or b"joblib" in src.head[:200]:
        return joblib_file(src, **options)  # which reads plain pickles too
    # Texts of Python 2 are bytes to Python 3.
    for encoding in ({}, {"encoding": "utf-8"}, {"encoding": "latin-1"}) if "encoding" not in options else ({},):
        try:
            with open(src.path, "rb") as f:
                return pickle.load(f, **options, **encoding)
        except UnicodeDecodeError as e:
            problem = e
        except (AttributeError, ImportError, TypeError) as e:
            problem = e
            break
    if not options:  # of a pandas whose parts had other names
        import pandas as pd

        try:
            return pd.read_pickle(src.path, compression=None)
        except Exception:
            pass
    if isinstance(problem, (AttributeError, ImportError)):
        raise _foreign(src, problem)
    raise problem


def joblib_file(src, **options):
    import joblib

    if src.head.startswith(b'\x04"M\x18'):
        need("lz4")
    try:
        return joblib.load(src.path, **options)
    except (AttributeError, ImportError) as e:
        raise _foreign(src, e) from None
    except FileNotFoundError as e:
        missing = os.path.basename(str(e.filename))
        raise src.fail(f"keeps its arrays in files beside it ({missing}, …), as joblib did until 0.9: save it anew with a newer joblib") from None
    except ValueError as e:
        if "python 2" in str(e):
            raise src.fail("was written by joblib in Python 2, which joblib does not read any more: save it anew in Python 3") from None
        raise


def _foreign(src, e):
    return src.fail(f"holds an object of the program that wrote it, whose code is not here: {e}")


class Database(sqlite3.Connection):
    """A connection to SQLite that can only read; shown as its tables."""

    def tables(self):
        """Return {table or view: number of rows}."""
        names = [n for (n,) in self.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")]
        return {n: self.execute(f'SELECT count(*) FROM "{n.replace(chr(34), chr(34) * 2)}"').fetchone()[0] for n in names}

    def __repr__(self):
        try:
            tables = ", ".join(f"{n} ({k:,} rows)" for n, k in self.tables().items())
        except sqlite3.Error as e:
            tables = str(e)
        return f"<SQLite database, read-only: {tables or 'no tables'}>"


def database(src):
    """Return a read-only sqlite3 connection."""
    if not src.head.startswith(b"SQLite format 3\x00"):
        if src.head[8:12] == b"DUCK":
            raise src.fail("is a DuckDB database: import duckdb and open duckdb.connect(get_file_path(id), read_only=True)")
        raise src.fail("is not a SQLite database")
    from urllib.parse import quote

    # immutable: the file's folder is read-only, so no lock or journal can be made beside it.
    connection = sqlite3.connect(
        f"file:{quote(os.path.abspath(src.path))}?mode=ro&immutable=1", uri=True, factory=Database, check_same_thread=False
    )
    try:
        pages = connection.execute("PRAGMA page_count").fetchone()[0] * connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as e:
        connection.close()
        raise src.fail(f"could not be read as a SQLite database, it is damaged: {e}") from None
    if src.size < pages:
        connection.close()
        raise src.fail("is cut off: it is shorter than its header says")
    return connection


def binary(src):
    """Return the bytes."""
    return src.bytes()


def msgpack(src, **options):
    """Return the object, of several in a row a list; records as a DataFrame."""
    reader = need("msgpack")
    # Negative types are kept for the format itself; the library has no object for them.
    extension = lambda code, data: reader.ExtType(code, data) if code >= 0 else (code, data)
    for timestamp in (3, 0):  # datetime; reader.Timestamp, where one is of no year that datetime has
        unpacker = reader.Unpacker(None, **{"raw": False, "strict_map_key": False, "ext_hook": extension, "timestamp": timestamp, "max_buffer_size": src.size, **options})
        unpacker.feed(src.bytes())
        try:
            objects = list(unpacker)
            break
        except OverflowError:
            if timestamp == 0:
                raise
    if not objects or unpacker.read_bytes(1):
        raise src.fail("is cut off or is not MessagePack")
    return structured.table(objects[0] if len(objects) == 1 else objects)


def bson(src):
    """Return the documents as a DataFrame; a single one as a dict."""
    reader = need("bson", "pymongo")
    from bson.codec_options import CodecOptions, DatetimeConversion

    # A time beyond the years of Python is one of bson, in milliseconds since 1970.
    documents = reader.decode_all(src.bytes(), CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO))
    if not documents:
        raise src.fail("holds no document")
    return documents[0] if len(documents) == 1 else structured.table(documents)
