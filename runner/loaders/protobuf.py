"""Protocol Buffers without their schema: the fields as they are on the wire.

The wire format has field numbers and lengths but neither names nor types
(https://protobuf.dev/programming-guides/encoding/). A field that is bytes is
shown as text, as a message of its own, or as bytes, in this order of belief.
"""

import struct

_DEPTH = 40


def protobuf(src):
    """Return {field number: value}; of a field that is repeated a list."""
    message = _message(src.bytes(), 0)
    if message is None:
        raise src.fail("is not a message of Protocol Buffers, or it is cut off")
    return message


def whole(data):
    """Whether bytes are a message to their end."""
    return _message(data, 0) is not None


def _message(data, depth):
    """Return the fields, or None when the bytes are no message."""
    if depth > _DEPTH:
        return None
    fields, at = {}, 0
    try:
        while at < len(data):
            key, at = _varint(data, at)
            number, wire = key >> 3, key & 7
            if number == 0:
                return None
            if wire == 0:
                value, at = _varint(data, at)
            elif wire == 1:
                (value,), at = struct.unpack_from("<d", data, at), at + 8
            elif wire == 5:
                (value,), at = struct.unpack_from("<f", data, at), at + 4
            elif wire == 2:
                size, at = _varint(data, at)
                if at + size > len(data):
                    return None
                value, at = _bytes(data[at : at + size], depth), at + size
            else:
                return None  # groups, which nobody writes any more
            fields.setdefault(number, []).append(value)
    except (IndexError, struct.error):
        return None
    return {n: v[0] if len(v) == 1 else v for n, v in fields.items()}


def _bytes(data, depth):
    if not data:
        return ""
    try:
        text = data.decode("utf-8")
        if all(c.isprintable() or c in "\n\r\t" for c in text):
            return text
    except UnicodeDecodeError:
        pass
    message = _message(data, depth + 1)
    return bytes(data) if message is None else message


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            raise IndexError
