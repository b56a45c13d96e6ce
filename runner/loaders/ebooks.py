"""Books as their text: EPUB, and the older ones of Mobipocket and Palm."""

import re
import zipfile

from attache.imports import need
from attache.loaders import apart
from attache.loaders.documents import _html_text, _join, _local, _xml
from attache.loaders.source import FileLoadError

# Fonts are made unreadable by these, the book itself is not (https://www.w3.org/TR/epub-33/#sec-font-obfuscation).
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PICTURES = re.compile("image/(?!svg)|audio/|video/|font/|application/pdf")  # a page may be one
_SECONDS = 20  # for the parts of a Mobipocket that are more than its text


def ebook(src):
    """Return the text of an EPUB or MOBI, the chapters in their order."""
    return "\n\n".join(_mobi(src) if src.head[60:68] in (b"BOOKMOBI", b"TEXtREAd") else _epub(src))


def _epub(src):
    with zipfile.ZipFile(src.path) as z:
        names = set(z.namelist())
        container = _xml(z.read("META-INF/container.xml"))
        package = next(e.get("full-path") for e in container.iter() if _local(e) == "rootfile")
        opf = _xml(z.read(package))
        pages = [e for e in opf.iter() if _local(e) == "item" and not _PICTURES.match(e.get("media-type", ""))]
        items = {e.get("id"): e.get("href") for e in pages}
        folder = package.rpartition("/")[0]
        spine = [_join(folder, items.get(e.get("idref"), "")) for e in opf.iter() if _local(e) == "itemref"]
        if "META-INF/encryption.xml" in names and _encrypted(_xml(z.read("META-INF/encryption.xml"))) & set(spine):
            raise src.fail("is encrypted, as shops sell them: only their own reader opens it")
        chapters = [_html_text(z.read(path)) for path in dict.fromkeys(spine) if path in names]  # each once, as EPUB has it
    return [c for c in chapters if c]


def _encrypted(root):
    """The parts that are encrypted, other than fonts."""
    found = set()
    for data in (e for e in root.iter() if _local(e) == "EncryptedData"):
        method = next((e.get("Algorithm", "") for e in data.iter() if _local(e) == "EncryptionMethod"), "")
        if method not in _FONTS:
            found |= {_join("", e.get("URI", "")) for e in data.iter() if _local(e) == "CipherReference"}
    return found


def _mobi(src):
    need("mobi")
    from loguru import logger

    logger.remove()
    data = src.bytes()
    first = int.from_bytes(data[78:82], "big")  # where the first record begins (Palm's database format)
    if int.from_bytes(data[first + 12 : first + 14], "big"):
        raise src.fail("is encrypted, as shops sell them: only their own reader opens it")
    if data[60:68] != b"BOOKMOBI":
        return [_markup(_palm(src.path))]
    try:
        return apart.read(src, lambda: _unpacked(src), seconds=_SECONDS)
    except FileLoadError as e:
        if "holds a PDF" in str(e):
            raise
    except Exception:
        pass
    return [_markup(_raw(src.path))]  # dictionaries, whose entries it can't put together


def _unpacked(src):
    """The chapters, as the library puts them together."""
    import shutil

    import mobi

    from attache.loaders.source import Source

    folder, path = mobi.extract(src.path)
    try:
        if path.endswith(".epub"):
            return _epub(Source(path))
        if path.endswith(".pdf"):
            raise src.fail("holds a PDF")
        with open(path, "rb") as f:
            return [_html_text(f.read())]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _raw(path):
    """The markup as it lies in the records."""
    from mobi.mobi_header import MobiHeader
    from mobi.mobi_sectioner import Sectionizer

    header = MobiHeader(Sectionizer(path), 0)
    return header.getRawML().decode("cp1252" if header.codepage == 1252 else "utf-8", "replace")


def _palm(path):
    """The text of a document for Palm's reader, which is what came before Mobipocket."""
    from mobi.mobi_sectioner import Sectionizer
    from mobi.mobi_uncompress import PalmdocReader, UncompressedReader

    records = Sectionizer(path)
    head = records.loadSection(0)
    packed, count = int.from_bytes(head[:2], "big"), int.from_bytes(head[8:10], "big")
    reader = PalmdocReader() if packed == 2 else UncompressedReader()
    return b"".join(reader.unpack(records.loadSection(i)) for i in range(1, count + 1)).decode("cp1252", "replace")


def _markup(text):
    head = text[:2000].lower()
    return _html_text(text) if "<html" in head or "<p" in head else text.strip()
