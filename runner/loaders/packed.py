"""A single compressed file: gzip, bzip2, xz, LZMA, Zstandard, lzip."""

import bz2
import gzip
import lzma
import os

_MAGIC = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zst", b"LZIP": "lz"}
_MODULES = {"gz": gzip, "bz2": bz2, "xz": lzma, "lzma": lzma}
_TAR = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}


_ENDS = {".gz", ".bz2", ".xz", ".zst", ".lz", ".lzma", ".z", ".tgz", ".tbz", ".tbz2", ".txz", ""}


class Bounded:
    """A file that refuses to grow beyond a number of bytes."""

    def __init__(self, file, limit, src, what="it"):
        self.file, self.left, self.src, self.limit, self.what = file, limit, src, limit, what

    def write(self, data):
        self.left -= len(data)
        if self.left < 0:
            raise self.src.fail(f"unpacks to more than {self.limit >> 20:,} MB and was given up at {self.what}")
        return self.file.write(data)


def form(src):
    for magic, name in _MAGIC.items():
        if src.head.startswith(magic):
            return name
    if skippable(src.head):
        return "zst"
    # The old LZMA format has no signature: properties and a dictionary size.
    return "lzma" if src.ext == ".lzma" or src.head[:3] == b"\x5d\x00\x00" else None


def skippable(head):
    """Whether a file begins with what a reader of Zstandard skips (RFC 8878, 3.1.2)."""
    return head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5


def inner_name(name):
    """The name of what is inside: sales.csv of sales.csv.gz."""
    stem, ext = os.path.splitext(name)
    if ext.lower() not in _ENDS:
        return name  # sales.csv, which is compressed all the same
    return stem + _TAR.get(ext.lower(), "")


def how(form, inner):
    """The code that unpacks such a file to a path."""
    if form == "lz":
        return "lzip -d, where you have it, and upload what it gives"
    read = "pyarrow.input_stream(get_file_path(id), compression='zstd')" if form == "zst" else f"{_MODULES[form].__name__}.open(get_file_path(id))"
    return f"path = {inner!r}; open(path, 'wb').write({read}.read())"


def unpack(src, form, path, limit):
    """Write what is inside to a new file."""
    with open(path, "xb") as out:
        bounded = Bounded(out, limit, src, inner_name(src.name))
        if form == "lz":
            _lzip(src, bounded)
            return
        with _open(form, src.path) as f:
            while data := f.read(1 << 20):
                bounded.write(data)


def _open(form, path):
    if form == "zst":
        import pyarrow

        return pyarrow.input_stream(path, compression="zstd")
    return _MODULES[form].open(path, "rb")


def _lzip(src, out):
    """Members of a header of 6 bytes, raw LZMA, and 20 bytes of checks (RFC draft-diaz-lzip)."""
    data = src.bytes()
    at = 0
    while data[at : at + 4] == b"LZIP":
        code = data[at + 5]
        size = 1 << (code & 31)
        size -= (size // 16) * (code >> 5)
        decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": 3, "lp": 0, "pb": 2}])
        body, crc = data[at + 6 :], 0
        while not decoder.eof:
            if decoder.needs_input and not body:
                raise EOFError("the compressed data end too early")
            piece = decoder.decompress(body, max_length=1 << 20)
            body = b""
            crc = _crc(piece, crc)
            out.write(piece)
        at = len(data) - len(decoder.unused_data)
        if int.from_bytes(data[at : at + 4], "little") != crc:
            raise EOFError("the checksum is wrong")
        at += 20


def _crc(data, crc):
    import zlib

    return zlib.crc32(data, crc)


