"""The text of Word's binary format, .doc of Word 97 to 2003.

The text lies in pieces of the stream WordDocument; the table stream says
where ([MS-DOC] 2.4.1, 2.5 and 2.8.35). Formatting and pictures are left out.
"""

import re
import struct

from attache.imports import need


def paragraphs(src):
    """Return the paragraphs of the main text, a row of a table as one with tabs."""
    olefile = need("olefile")
    with olefile.OleFileIO(src.path) as ole:
        if not ole.exists("WordDocument"):
            raise src.fail("is protected by a password" if ole.exists("EncryptedPackage") else "is not a Word document")
        main = ole.openstream("WordDocument").read()
        magic, version, flags = struct.unpack_from("<H", main, 0)[0], struct.unpack_from("<H", main, 2)[0], struct.unpack_from("<H", main, 10)[0]
        if magic != 0xA5EC or version < 0xC1:
            raise src.fail("was written by Word 95 or older: save it as .docx and upload it again")
        if flags & 0x0100:
            raise src.fail("is protected by a password: save it without one and upload it again")
        name = "1Table" if flags & 0x0200 else "0Table"
        if not ole.exists(name):
            raise src.fail("is damaged: the part that says where its text lies is missing")
        table = ole.openstream(name).read()
    length = struct.unpack_from("<I", main, 0x4C)[0]
    # Lengths count units of UTF-16, of which some characters take two.
    return _paragraphs(_text(src, main, table)[: 2 * length].decode("utf-16-le", "replace"))


def _text(src, main, table):
    """Put the pieces together, as UTF-16."""
    at, size = struct.unpack_from("<II", main, 0x1A2)
    clx, i = table[at : at + size], 0
    while i < len(clx) and clx[i] == 1:  # changes of format, of no interest
        i += 3 + struct.unpack_from("<H", clx, i + 1)[0]
    if i >= len(clx) or clx[i] != 2:
        raise src.fail("is damaged: its table of pieces can't be read")
    plc = clx[i + 5 : i + 5 + struct.unpack_from("<I", clx, i + 1)[0]]
    n = (len(plc) - 4) // 12
    bounds = struct.unpack_from(f"<{n + 1}I", plc, 0)
    parts = []
    for k in range(n):
        where = struct.unpack_from("<I", plc, 4 * (n + 1) + 8 * k + 2)[0]
        chars = bounds[k + 1] - bounds[k]
        if where & 0x40000000:  # one byte a character
            start = (where & 0x3FFFFFFF) // 2
            parts.append(main[start : start + chars].decode("cp1252", "replace").encode("utf-16-le"))
        else:
            parts.append(main[where : where + 2 * chars])
    return b"".join(parts)


def _paragraphs(text):
    # A field is its instruction, a separator, and its result, which is kept.
    for _ in range(20):
        shorter = re.sub("\x13[^\x13\x14\x15]*(?:\x14([^\x13\x14\x15]*))?\x15", lambda m: m.group(1) or "", text)
        if shorter == text:
            break
        text = shorter
    # Cells end in 7, and a row in one more.
    text = text.replace("\x07\x07", "\r").replace("\x07", "\t").replace("\x0c", "\r").replace("\x0b", "\n")
    text = text.replace("\x1e", "-").replace("\x1f", "").replace("\xa0", " ")
    text = re.sub("[\x00-\x08\x0e-\x1f]", "", text)
    return [p for p in (p.strip() for p in text.split("\r")) if p]
