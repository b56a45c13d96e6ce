"""Python objects, databases, and bytes that only their own program knows."""

import os
import pickle
import sqlite3

from attache.imports import need
from attache.loaders import structured


def pickled(src, **options):
    """Return the object. What a pickle does when it is loaded is done in here,
    where nothing else is."""
    import bz2
    import gzip
    import lzma

    if b"joblib" in src.head[:200]:
        return joblib_file(src, **options)
    opener = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}.get(src.head[:2], open)
    try:
        with opener(src.path, "rb") as f:
            return pickle.load(f, **options)
    except (AttributeError, ImportError) as e:
        raise src.fail(f"holds an object of the program that wrote it, whose code is not here: {e}") from None


def joblib_file(src, **options):
    import joblib

    try:
        return joblib.load(src.path, **options)
    except (AttributeError, ImportError) as e:
        raise src.fail(f"holds an object of the program that wrote it, whose code is not here: {e}") from None


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
    unpacker = reader.Unpacker(None, **{"raw": False, "strict_map_key": False, "timestamp": 3, "max_buffer_size": src.size, **options})
    unpacker.feed(src.bytes())
    objects = list(unpacker)
    if not objects or unpacker.read_bytes(1):
        raise src.fail("is cut off or is not MessagePack")
    return structured.table(objects[0] if len(objects) == 1 else objects)


def bson(src):
    """Return the documents as a DataFrame; a single one as a dict."""
    reader = need("bson", "pymongo")
    documents = reader.decode_all(src.bytes())
    if not documents:
        raise src.fail("holds no document")
    return documents[0] if len(documents) == 1 else structured.table(documents)
