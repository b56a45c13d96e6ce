"""Text, and documents as their text."""

import json
import re
import zipfile

from attache.imports import need
from attache.loaders import apart, encoding
from attache.loaders.source import note


def text(src):
    """Return the text, in whichever encoding it is, with \\n at the ends of lines."""
    content, codec = encoding.decode(src.bytes())
    encoding.tell(src, codec)
    return content.removeprefix("\ufeff").replace("\r\n", "\n")


def pdf(src, password=None):
    """Return the text of each page: a list of strings."""
    pdfium = need("pypdfium2")
    pages = apart.read(src, lambda: _pages(src, pdfium, password), seconds=240)  # without memory, pdfium ends the process
    empty = sum(not p.strip() for p in pages)
    if empty:
        note(f"{src.name}: {empty} of {len(pages)} page(s) have no text; they may be scanned pictures.")
    return pages


def _pages(src, pdfium, password):
    try:
        document = pdfium.PdfDocument(src.path, password=password)
    except pdfium.PdfiumError as e:
        if "password" in str(e).lower():
            wrong = "the password is wrong" if password else "load it with load_file(id, password='…')"
            raise src.fail(f"is protected by a password: {wrong}") from None
        raise src.fail("could not be read as PDF: it is damaged or cut off") from None
    with document:
        pages = []
        for page in document:
            words = page.get_textpage()
            pages.append(words.get_text_bounded().replace("\r\n", "\n"))
            words.close()
            page.close()
    return pages


def word(src):
    """Return the paragraphs of a .docx or .doc: a list of strings. A row of a
    table is one, with tabs between its cells; empty ones are left out."""
    if src.head.startswith(b"\xd0\xcf\x11\xe0"):
        from attache.loaders import oldword

        return oldword.paragraphs(src)
    docx = need("docx", "python-docx")
    document = docx.Document(src.path)
    found = []
    for item in document.iter_inner_content():
        if hasattr(item, "rows"):
            found += ["\t".join(_cells(row)) for row in item.rows]
        else:
            found.append(item.text)
    return [p for p in found if p.strip()]


def _cells(row):
    """The texts of a row; a cell that spans several columns once."""
    seen, texts = None, []
    for cell in row.cells:
        if cell._tc is not seen:
            texts.append(cell.text.replace("\n", " "))
        seen = cell._tc
    return texts


def odt(src):
    """Return the text of an OpenDocument: a paragraph a line, tabs between the cells of a table."""
    lines = []
    _odt_lines(odf_body(src), lines)
    return "\n".join(lines)


def odf_body(src):
    """The body of an OpenDocument's content, as an element."""
    with zipfile.ZipFile(src.path) as z:
        if b"encryption-data" in z.read("META-INF/manifest.xml"):
            raise src.fail("is protected by a password: save it without one and upload it again")
        root = _xml(z.read("content.xml"))
    return next(e for e in root.iter() if _local(e) == "body")


def _odt_lines(e, lines):
    for child in e:
        name = _local(child)
        if name in ("p", "h"):
            lines.append(_odt_text(child))
        elif name == "table-row":
            cells = []
            for cell in child:
                inner = []
                _odt_lines(cell, inner)
                cells.append(" ".join(inner))
            lines.append("\t".join(cells).rstrip("\t"))
        elif name not in ("annotation", "tracked-changes", "sequence-decls"):
            _odt_lines(child, lines)


def _odt_text(e):
    parts = [e.text or ""]
    for child in e:
        name = _local(child)
        if name == "s":
            parts.append(" " * int(next((v for k, v in child.attrib.items() if k.endswith("}c")), 1)))
        elif name == "tab":
            parts.append("\t")
        elif name == "line-break":
            parts.append("\n")
        elif name not in ("annotation", "note", "bookmark-start"):
            parts.append(_odt_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def rtf(src):
    """Return the text of a rich text file."""
    need("striprtf")
    from striprtf.striprtf import rtf_to_text

    raw = src.bytes().decode("latin-1")
    if not raw.lstrip().startswith("{\\rtf"):
        return text(src)
    return rtf_to_text(raw, errors="replace").strip("\n")


def notebook(src):
    """Return the cells of a Jupyter notebook: a list of dicts with cell_type
    (code, markdown, raw), source (text) and of code outputs, as nbformat has them."""
    try:
        book = json.loads(src.bytes())
    except ValueError as e:
        raise src.fail(f"is not a notebook, or it is cut off: {e}") from None
    if not isinstance(book, dict):
        raise src.fail("is not a notebook")
    cells = book.get("cells")
    if cells is None:  # before version 4
        cells = [c for sheet in book.get("worksheets", []) for c in sheet.get("cells", [])]
    found = []
    for cell in cells:
        kind = cell.get("cell_type", "raw")
        one = {"cell_type": kind, "source": _joined(cell.get("source", cell.get("input", "")))}
        if kind == "code":
            one["outputs"] = [{k: _joined(v) if k == "text" else v for k, v in o.items()} for o in cell.get("outputs", [])]
        found.append(one)
    return found


def _joined(lines):
    return "".join(lines) if isinstance(lines, list) else lines


_BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "tr", "br", "hr", "blockquote", "section", "article", "dt", "dd", "pre", "title"}


def _html_text(data):
    """The text of a page, blocks on lines of their own."""
    from lxml import etree, html

    if isinstance(data, bytes):
        named = re.search(rb"""(?:encoding|charset)\s*=\s*["']?([\w-]+)""", data[:1000])
        try:
            data = data.decode(named[1].decode() if named else "utf-8")
        except (UnicodeDecodeError, LookupError):
            data = encoding.decode(data)[0]
    data = re.sub(r"^\s*<\?xml[^>]*>", "", data.lstrip("\ufeff"))
    if not data.strip():
        return ""
    root = html.document_fromstring(data, parser=html.HTMLParser(huge_tree=True))
    found = []
    for event, e in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        plain = isinstance(e.tag, str)
        if event == "start" and plain:
            if e.tag in ("script", "style", "head"):
                e.clear(keep_tail=True)
            elif e.text:
                found.append(re.sub(r"\s+", " ", e.text))
            continue
        if plain:
            found.append("\n" if e.tag in _BLOCKS else "\t" if e.tag in ("td", "th") else "")
        if e.tail:
            found.append(re.sub(r"\s+", " ", e.tail))
    lines = (re.sub("[ \t]*\t[ \t]*", "\t", line).strip() for line in "".join(found).split("\n"))
    return "\n".join(re.sub("  +", " ", line) for line in lines if line)


def _xml(data):
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))


def _local(e):
    return e.tag.rpartition("}")[2] if isinstance(e.tag, str) else ""


def _join(folder, href):
    import posixpath
    from urllib.parse import unquote

    return posixpath.normpath(posixpath.join(folder, unquote(href)))
