"""What no small real presentation has: written here, as the formats' specifications say."""

import os
import zipfile

from attache import loaders

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata")


def odp(path, pages):
    spaces = {"office": "office", "draw": "drawing", "text": "text", "table": "table", "presentation": "presentation"}
    names = " ".join(f'xmlns:{k}="urn:oasis:names:tc:opendocument:xmlns:{v}:1.0"' for k, v in spaces.items())
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.presentation")
        z.writestr("META-INF/manifest.xml", "<manifest/>")
        z.writestr("content.xml", f"<office:document-content {names}><office:body><office:presentation>{pages}</office:presentation></office:body></office:document-content>")
    return path


def test_opendocument_titles_tables_and_notes(tmp_path):
    path = odp(
        tmp_path / "a.odp",
        """<draw:page><draw:frame><draw:text-box><text:list><text:list-item><text:p>A<text:s text:c="2"/>point</text:p></text:list-item></text:list></draw:text-box></draw:frame>
        <draw:g><draw:custom-shape><text:p>in a group</text:p></draw:custom-shape></draw:g>
        <draw:frame presentation:class="title"><draw:text-box><text:p>The title</text:p></draw:text-box></draw:frame>
        <draw:frame><table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table></draw:frame>
        <presentation:notes><draw:page-thumbnail/><draw:frame><draw:text-box><text:p>Speak slowly.</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>
        <draw:page/>""",
    )
    assert loaders.load(path) == ["The title\nA  point\nin a group\na\tb\nNotes:\nSpeak slowly.", ""]


def changed(path, changes):
    """test_slides.pptx with other content in some of its parts."""
    with zipfile.ZipFile(os.path.join(DATA, "test_slides.pptx")) as old, zipfile.ZipFile(path, "w") as z:
        for name in old.namelist():
            z.writestr(name, changes.get(name, old.read(name)))
    return path


def slide(shapes):
    return f"""<p:sld xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"
        xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">
        <p:cSld><p:spTree><p:nvGrpSpPr/><p:grpSpPr/>{shapes}</p:spTree></p:cSld></p:sld>"""


def shape(text, placeholder=""):
    return f"<p:sp><p:nvSpPr><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:txBody><a:p>{text}</a:p></p:txBody></p:sp>"


def test_titles_formulas_and_what_pages_repeat(tmp_path):
    shapes = (
        shape("<a:r><a:t>first</a:t></a:r><a:br/><a:r><a:t>line two</a:t></a:r>")
        + shape("<a:r><a:t>The title</a:t></a:r>", '<p:ph type="ctrTitle"/>')
        + f"<mc:AlternateContent><mc:Choice>{shape('<m:oMath><m:r><m:t>x+1</m:t></m:r></m:oMath>')}</mc:Choice><mc:Fallback>{shape('<a:r><a:t>[a formula]</a:t></a:r>')}</mc:Fallback></mc:AlternateContent>"
        + shape('<a:fld id="{0}" type="slidenum"><a:t>7</a:t></a:fld>', '<p:ph type="sldNum" idx="4"/>')
        + shape("<a:r><a:t>Confidential</a:t></a:r>", '<p:ph type="ftr" idx="5"/>')
        + shape("<a:r><a:t>body</a:t></a:r>", '<p:ph idx="1"/>')
    )
    path = changed(tmp_path / "a.pptx", {"ppt/slides/slide1.xml": slide(shapes)})
    assert loaders.load(path) == ["The title\nfirst\nline two\nx+1\nbody"]


def test_slides_without_text_are_said(tmp_path, capsys):
    path = changed(tmp_path / "a.pptx", {"ppt/slides/slide1.xml": slide("")})
    assert loaders.load(path) == [""]
    assert capsys.readouterr().err == "Note: a.pptx: 1 of 1 slide(s) have no text; they may be pictures.\n"


def test_foreign_entities(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    evil = f'<!DOCTYPE x [<!ENTITY x SYSTEM "file://{secret}">]>' + slide(shape("<a:r><a:t>&x;</a:t></a:r>"))
    try:
        assert "hidden" not in str(loaders.load(changed(tmp_path / "a.pptx", {"ppt/slides/slide1.xml": evil})))
    except loaders.FileLoadError as e:
        assert "hidden" not in str(e)


def test_charts_of_several_series():
    from attache.loaders import documents, slides

    points = lambda values: "".join(f'<c:pt idx="{i}"><c:v>{v}</c:v></c:pt>' for i, v in enumerate(values) if v is not None)
    series = lambda name, labels, values, cat="cat", val="val": (
        f"<c:ser><c:tx><c:strRef><c:strCache>{points([name])}</c:strCache></c:strRef></c:tx><c:{cat}>{points(labels)}</c:{cat}><c:{val}>{points(values)}</c:{val}></c:ser>"
    )
    chart = f"""<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:barChart>{series("North", ["Q1", "Q2"], [1.5, 2])}{series("South", ["Q1", "Q2"], [None, 3])}</c:barChart>
        <c:scatterChart>{series("Dots", [0.1, 0.2], [7, 8], "xVal", "yVal")}{series("Bare", [], [9])}</c:scatterChart></c:chartSpace>"""
    assert slides._chart(documents._xml(chart.encode())) == ["\tNorth\tSouth", "Q1\t1.5\t", "Q2\t2\t3", "\tDots", "0.1\t7", "0.2\t8", "\tBare", "1\t9"]
