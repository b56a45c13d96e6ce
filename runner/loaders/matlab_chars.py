"""Texts of MATLAB's files: in the widths in which programs write them, of letters that take two places or several bytes, and of several rows."""

import struct
import zlib

_CELL, _STRUCT, _OBJECT, _CHAR = 1, 2, 3, 4  # classes of arrays that hold texts, or others
_COMPRESSED, _MATRIX, _UTF32 = 15, 14, 18
_CODECS = {1: "bytes", 2: "bytes", 3: "utf-16", 4: "utf-16", 5: "utf-32", 6: "utf-32", 16: "utf-8", 17: "utf-16", 18: "utf-32"}


def as_characters(data):
    """A file of version 5 in which all texts are of 32 bits a letter, as many as their sizes say, which scipy wants (MAT-File Format, 1-15)."""
    order = ">" if data[126:128] == b"MI" else "<"
    out, at = [data[:128]], 128
    while at + 8 <= len(data):
        kind, body, at = _element(data, at, order)
        if kind == _COMPRESSED:
            kind, body, _ = _element(zlib.decompress(body), 0, order)
        out.append(_written(kind, _matrix(body, order) if kind == _MATRIX else body, order))
    return b"".join(out)


def _element(data, at, order):
    """(type, body, where the next one begins)."""
    kind, size = struct.unpack_from(order + "II", data, at)
    if kind >> 16:  # a small one: its size, its type and its body in eight bytes
        return kind & 0xFFFF, data[at + 4 : at + 4 + (kind >> 16)], at + 8
    end = at + 8 + size
    return kind, data[at + 8 : end], end if kind == _COMPRESSED else end + -size % 8


def _written(kind, body, order):
    return struct.pack(order + "II", kind, len(body)) + body + bytes(-len(body) % 8)


def _matrix(data, order):
    parts, at = [], 0
    while at < len(data):
        kind, body, at = _element(data, at, order)
        parts.append((kind, body))
    if len(parts) < 3 or len(parts[0][1]) < 4:
        return data
    number = struct.unpack_from(order + "I", parts[0][1])[0] & 0xFF
    if number == _CHAR and len(parts) > 3:
        sizes, text = _text(parts[1][1], *parts[3], order)
        parts[1], parts[3] = (parts[1][0], sizes), (_UTF32, text)
    elif number in (_CELL, _STRUCT, _OBJECT):
        parts = [(k, _matrix(b, order) if k == _MATRIX else b) for k, b in parts]
    else:
        return data
    return b"".join(_written(k, b, order) for k, b in parts)


def _text(sizes, kind, data, order):
    """The sizes and the letters of an array of texts, its rows one below the other."""
    if kind not in _CODECS or len(sizes) != 8:
        return sizes, data if kind == _UTF32 else "".join(map(chr, data)).encode("utf-32" + _END[order])
    rows, width = struct.unpack(order + "ii", sizes)
    lines = _lines(data, _CODECS[kind], rows, rows * width, order)
    width = max(map(len, lines), default=0)
    letters = "".join("".join(column) for column in zip(*(line.ljust(width) for line in lines)))
    return struct.pack(order + "ii", rows, width), letters.encode("utf-32" + _END[order], "replace")


_END = {"<": "-le", ">": "-be"}


def _lines(data, codec, rows, count, order):
    """The rows of texts, which lie in the file column by column: letters, or their halves (UTF-16), or their bytes (as Octave counts)."""
    if rows < 1:
        return []
    if codec != "bytes":
        try:
            text = data.decode(codec + (_END[order] if codec != "utf-8" else ""), "strict" if codec == "utf-8" else "replace")
        except UnicodeDecodeError:
            return [_of_bytes(data[r:count:rows]) for r in range(rows)]
        if len(text) >= count:
            return [text[r:count:rows] for r in range(rows)]
        units = text.encode("utf-16-le")
        if len(units) >= 2 * count:
            return [b"".join(units[2 * i : 2 * i + 2] for i in range(r, count, rows)).decode("utf-16-le", "replace") for r in range(rows)]
    return [_of_bytes(data[r:count:rows]) for r in range(rows)]


def _of_bytes(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def of_hdf5(dataset):
    """A text of version 7.3, which lies there as numbers, or an array of its rows."""
    import numpy as np

    numbers = np.array(dataset)
    if numbers.ndim != 2:
        numbers = numbers.reshape(-1, numbers.shape[-1] if numbers.ndim else 1)
    lines = [_letters(numbers[:, r]) for r in range(numbers.shape[1])]
    return lines[0] if len(lines) == 1 else np.array(lines)


def _letters(numbers):
    if numbers.dtype.itemsize == 4:
        return numbers.astype("<u4").tobytes().decode("utf-32-le", "replace")
    if numbers.dtype.itemsize == 1:
        return _of_bytes(numbers.tobytes())
    return numbers.astype("<u2").tobytes().decode("utf-16-le", "replace")
