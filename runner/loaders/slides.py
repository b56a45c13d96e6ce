"""Presentations as the texts of their slides."""

import itertools
import zipfile

from attache.imports import need
from attache.loaders import documents
from attache.loaders.documents import _local
from attache.loaders.source import note

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# Placeholders that hold no text of the slide's own (ECMA-376-1, 19.7.10).
_PAGE = ("sldNum", "sldImg", "hdr", "ftr", "dt")


def presentation(src):
    """Return the text of each slide of a .pptx or .odp: a list of strings.

    The title comes first, then what else stands there in its order: a
    paragraph a line; a row of a table, or of a chart's numbers, as one with tabs
    between its cells. What the speaker noted follows a line "Notes:". The
    numbers, dates, headers and footers of pages are left out.
    """
    if src.head.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in src.bytes():
            raise src.fail("is protected by a password: save it without one and upload it again")
        raise src.fail("was written by PowerPoint 2003 or older: save it as .pptx and upload it again")
    with zipfile.ZipFile(src.path) as z:
        read = _odp if "content.xml" in z.namelist() else _pptx
    texts = read(src)
    empty = sum(not t for t in texts)
    if empty:
        note(f"{src.name}: {empty} of {len(texts)} slide(s) have no text; they may be pictures.")
    return texts


def _pptx(src):
    need("pptx", "python-pptx")
    from pptx.package import Package  # pptx.Presentation refuses slide shows and templates

    deck = getattr(Package.open(src.path).main_document_part, "presentation", None)
    if deck is None:
        raise src.fail("is of a form of PowerPoint that can't be read: save it as .pptx and upload it again")
    found = []
    for slide in deck.slides:
        notes = slide.notes_slide if slide.has_notes_slide else None
        found.append(_joined(_lines(slide._element, slide.part), _lines(notes._element, notes.part) if notes else []))
    return found


def _joined(lines, notes):
    """The text of a slide of its lines, without the empty ones."""
    lines, notes = ([line for line in part if line.strip()] for part in (lines, notes))
    return "\n".join(lines + (["Notes:"] + notes if notes else []))


def _lines(e, part):
    """The lines of a slide, or of one shape, in Office Open XML."""
    title, found = [], []
    for child in e:
        name = _local(child)
        if child.tag == _A + "p":
            found.append(_text(child))
        elif child.tag == _A + "tr":
            found.append("\t".join(" ".join(_lines(cell, part)).replace("\n", " ") for cell in child if _local(cell) == "tc"))
        elif name == "chart" and child.get(_R + "id"):
            found += _chart(_part(part, child.get(_R + "id")))
        elif name == "relIds":  # SmartArt
            data = _part(part, child.get(_R + "dm"))
            found += [_text(p) for p in data.iter(_A + "p")]
        elif name == "sp" and (kind := _placeholder(child)) is not None:
            if kind not in _PAGE:
                (title if kind in ("title", "ctrTitle") else found).extend(_lines(child, part))
        elif name != "Fallback":  # of AlternateContent: the same again for old programs
            found += _lines(child, part)
    return title + found


def _placeholder(sp):
    """The type of a placeholder; None for other shapes."""
    return next((ph.get("type", "obj") for ph in sp.iter() if _local(ph) == "ph"), None)


def _text(p):
    """The text of a paragraph, formulas in it included."""
    return "".join("\n" if e.tag == _A + "br" else e.text or "" for e in p.iter() if e.tag == _A + "br" or _local(e) == "t")


def _part(part, rid):
    return documents._xml(part.related_part(rid).blob)


def _chart(root):
    """The title and the numbers of a chart, as it last showed them."""
    lines = [_text(p) for e in root.iter() if _local(e) == "title" for p in e.iter(_A + "p")]
    series = [e for e in root.iter() if _local(e) == "ser"]
    for labels, group in itertools.groupby(series, lambda s: _points(s, "cat", "xVal")):
        group = list(group)
        columns = [_points(s, "val", "yVal") for s in group]
        lines.append("\t".join(["", *(_points(s, "tx").get(0, "") for s in group)]))
        for i in sorted(set().union(*columns)):
            lines.append("\t".join([labels.get(i, str(i + 1)), *(c.get(i, "") for c in columns)]))
    return lines


def _points(series, *names):
    """What a chart keeps of a series' names or numbers, by their index."""
    found = {}
    for part in (e for e in series if _local(e) in names):
        for pt in (e for e in part.iter() if _local(e) == "pt"):
            found.setdefault(int(pt.get("idx", 0)), "".join(pt.itertext()).strip())
    return found


def _odp(src):
    pages = (e for e in documents.odf_body(src).iter() if _local(e) == "page")
    found = []
    for page in pages:
        title, rest, notes = [], [], []
        for child in page:
            kind = next((v for k, v in child.attrib.items() if k.endswith("}class")), "")
            documents._odt_lines([child], notes if _local(child) == "notes" else title if kind == "title" else rest)
        found.append(_joined(title + rest, notes))
    return found
