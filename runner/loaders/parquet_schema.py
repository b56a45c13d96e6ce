"""What Arrow refuses of Parquet: decimals of more than 76 digits, as BigQuery's BIGNUMERIC, or of no bytes, and maps whose keys may be missing,
as old Hive wrote them.

The schema, in the file's last bytes in Thrift's compact form, is written anew without what says that bytes are decimals and lists maps; they
are made into those here (parquet.thrift, SchemaElement; thrift-compact-protocol.md)."""

import decimal
import io

_CONVERTED, _SCALE, _PRECISION, _LOGICAL = 6, 7, 8, 10  # fields of an element of the schema
_DECIMAL = 5  # as a converted type
_BINARY, _LIST, _STRUCT = 8, 9, 12  # types of Thrift


def reader(path, parquet):
    """({name of a column: its scale, None for a map}; the file to be read, in which such decimals are bytes, and maps lists)."""
    with open(path, "rb") as f:
        data = f.read()
    size = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - size : -8]
    scales = {}
    anew = _schema_anew(footer, scales)
    return scales, parquet.ParquetFile(io.BytesIO(data[: -8 - size] + anew + len(anew).to_bytes(4, "little") + b"PAR1"))


def numbers(values, scale):
    """The decimals of a column of bytes, big-endian in two's complement; of no bytes, 0."""
    with decimal.localcontext(prec=decimal.MAX_PREC, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX):
        return [None if v is None else decimal.Decimal(int.from_bytes(v, "big", signed=True)).scaleb(-scale) for v in values]


def pairs(values):
    """The maps of a column, each a list of keys with their values, as Arrow gives them."""
    return [None if v is None else [tuple(pair.values()) for pair in next(iter(v.values())) or ()] for v in values]


def _schema_anew(footer, scales):
    """The footer with its second field, a list of elements, written anew."""
    out, last = b"", 0
    for number, kind, at, end in _fields(footer, 0):
        body = footer[at:end]
        if number == 2:
            body = _elements(body, scales)
        out += _head(number - last, kind, number) + body
        last = number
    return out + b"\0"


def _elements(body, scales):
    size, at = body[0] >> 4, 1
    if size == 15:
        size, at = _varint(body, 1)
    out = body[:at]
    for _ in range(size):
        fields = list(_fields(body, at))
        by = {n: body[a:b] for n, _, a, b in fields}
        if _decimal(by):
            length, start = _varint(by[4], 0)
            scales[by[4][start : start + length].decode("utf-8", "replace")] = _signed(by.get(_SCALE, b"\0"))
        elif _map(by):
            length, start = _varint(by[4], 0)
            scales[by[4][start : start + length].decode("utf-8", "replace")] = None
        if _decimal(by) or _map(by):
            fields = [f for f in fields if f[0] not in (_CONVERTED, _SCALE, _PRECISION, _LOGICAL)]
        last = 0
        for number, kind, a, b in fields:
            out += _head(number - last, kind, number) + body[a:b]
            last = number
        out += b"\0"
        at = max((f[3] for f in _fields(body, at)), default=at) + 1
    return out


def _decimal(by):
    """Whether an element is a decimal in bytes, of a size of its own or not (types 7 and 6)."""
    return _signed(by.get(1, b"\0")) in (6, 7) and _CONVERTED in by and _signed(by[_CONVERTED]) == _DECIMAL


def _map(by):
    """Whether an element is a map, or the list within one."""
    return _CONVERTED in by and _signed(by[_CONVERTED]) in (1, 2)


def _fields(data, at):
    """(number, type, where its value begins, where it ends) of each field of a struct."""
    number = 0
    while data[at]:
        kind, step = data[at] & 15, data[at] >> 4
        at += 1
        if step:
            number += step
        else:
            number, at = _varint(data, at)
            number = number >> 1 ^ -(number & 1)
        end = _end(data, at, kind)
        yield number, kind, at, end
        at = end


def _end(data, at, kind):
    if kind < 3:
        return at
    if kind == 3:
        return at + 1
    if kind < 7:
        return _varint(data, at)[1]
    if kind == 7:
        return at + 8
    if kind == _BINARY:
        size, at = _varint(data, at)
        return at + size
    if kind in (_LIST, _LIST + 1):
        size, inner, at = data[at] >> 4, data[at] & 15, at + 1
        if size == 15:
            size, at = _varint(data, at)
        for _ in range(size):
            at = at + 1 if inner < 3 else _end(data, at, inner)
        return at
    if kind == _STRUCT:
        for *_, at in _fields(data, at):
            pass
        return at + 1
    raise ValueError("a field of Thrift that no schema has")


def _head(step, kind, number):
    if 0 < step < 16:
        return bytes([step << 4 | kind])
    return bytes([kind]) + _written(number << 1)


def _varint(data, at):
    n = shift = 0
    while data[at] & 0x80:
        n, shift, at = n | (data[at] & 0x7F) << shift, shift + 7, at + 1
    return n | data[at] << shift, at + 1


def _written(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


def _signed(data):
    n = _varint(data, 0)[0]
    return n >> 1 ^ -(n & 1)
