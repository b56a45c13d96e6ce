"""Avro containers whose blocks are compressed in ways that fastavro has no codec for here: Arrow has them."""

import io

_SNAPPY, _ZSTD = b"snappy", b"zstandard"


def plain(data):
    """Return a container with its blocks uncompressed, where they are in Snappy or Zstandard, and without metadata that are no text; else as it is.

    Avro 1.11, object container files: magic, metadata, a mark of 16 bytes, then blocks of
    a count, a size, so many bytes and the mark.
    """
    if data[:4] != b"Obj\x01":
        return data  # no container: its reader says so
    data = _without_bytes(data)
    at, codec, start = _metadata(data)
    if data[-1:] == b"\n" and len(data) > at + 16 and data[-17:-1] == data[at : at + 16]:
        data = data[:-1]  # the end of a line behind the last mark, as an editor writes it
    if codec not in (_SNAPPY, _ZSTD):
        return data
    mark = data[at : at + 16]
    out = io.BytesIO()
    out.write(data[:start[0]] + _long(4) + b"null" + data[start[1] : at + 16])
    at += 16
    while at < len(data):
        count, at = _read_long(data, at)
        size, at = _read_size(data, at)
        block = data[at : at + size]
        if len(block) < size or data[at + size : at + size + 16] != mark:
            raise EOFError("a block is cut off")
        body = _unsnappy(block) if codec == _SNAPPY else _unzstd(block)
        out.write(_long(count) + _long(len(body)) + body + mark)
        at += size + 16
    return out.getvalue()


def _without_bytes(data):
    """The container without entries of its metadata whose values are bytes, which Avro allows and fastavro does not read."""
    try:
        at, entries = _entries(data)
    except IndexError:
        return data  # its reader says what is wrong
    texts = [(key, value) for key, value in entries if _is_text(value)]
    if len(texts) == len(entries):
        return data
    return data[:4] + _long(len(texts)) + b"".join(_long(len(part)) + part for pair in texts for part in pair) + _long(0) + data[at:]


def _is_text(value):
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _entries(data):
    """Where the mark begins, and the metadata as pairs of bytes."""
    at, entries = 4, []
    while True:
        count, at = _read_long(data, at)
        if count == 0:
            return at, entries
        if count < 0:
            count = -count
            _, at = _read_size(data, at)
        for _ in range(count):
            pair = []
            for _ in range(2):
                size, at = _read_size(data, at)
                pair.append(data[at : at + size])
                at += size
            entries.append(tuple(pair))


def _metadata(data):
    """Where the mark begins, the codec, and where its name stands."""
    at, codec, place = 4, b"null", None
    while True:
        count, at = _read_long(data, at)
        if count == 0:
            return at, codec, place
        if count < 0:
            count = -count
            _, at = _read_size(data, at)
        for _ in range(count):
            size, at = _read_size(data, at)
            key, at = data[at : at + size], at + size
            begin = at
            size, at = _read_size(data, at)
            if key == b"avro.codec":
                codec, place = data[at : at + size], (begin, at + size)
            at += size


def _unsnappy(block):
    import pyarrow as pa

    size, shift = 0, 0
    for byte in block[:5]:  # the length, seven bits a byte, the lowest first
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    return pa.Codec("snappy").decompress(block[:-4], size).to_pybytes()  # the last four are a checksum


def _unzstd(block):
    import pyarrow as pa

    return pa.CompressedInputStream(pa.BufferReader(block), "zstd").read()


def _read_size(data, at):
    """A number of bytes that are there: one below zero would lead back for ever."""
    size, at = _read_long(data, at)
    if not 0 <= size <= len(data) - at:
        raise EOFError("a part is cut off")
    return size, at


def _read_long(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return (value >> 1) ^ -(value & 1), at


def _long(n):
    n = (n << 1) ^ (n >> 63)
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)
