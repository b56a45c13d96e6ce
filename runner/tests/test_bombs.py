"""Files that are made to take all memory, all time or the process itself: a sentence each, and the session goes on."""

import json
import os
import resource
import zipfile

import pandas as pd
import pytest
from attache import loaders
from attache.loaders import apart, structured
from attache.loaders.source import TOO_LARGE, FileLoadError, Source

LAUGHS = '<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">' + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)) + "]>"


def fails(path, sentence):
    with pytest.raises(FileLoadError) as e:
        loaders.load(path)
    assert str(e.value) == f"{path.name} {sentence}"


@pytest.mark.parametrize(
    "xml, problem",
    [
        ("<?xml version='1.0'?>" + LAUGHS + "<s><r>&j;</r></s>", "its entities multiply to far more text than the file has"),
        ("<a>" * 1000 + "</a>" * 1000, "its elements lie more than 256 deep in one another"),
        ("<r><a " + " ".join(f'x{i}="1"' for i in range(1_200_000)) + "/></r>", "one of its elements is larger than 10 MB"),
        ("<r>" + "x" * (11 << 20) + "</r>", "one of its elements is larger than 10 MB"),
    ],
    ids=["entities", "depth", "attributes", "text"],
)
def test_xml_at_its_bounds(tmp_path, xml, problem):
    path = tmp_path / "t.xml"
    path.write_text(xml)
    fails(path, f"is not valid XML: {problem}")


def word(path, body):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        kind = "application/vnd.openxmlformats-"
        z.writestr("[Content_Types].xml", f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="{kind}package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="{kind}officedocument.wordprocessingml.document.main+xml"/></Types>')
        z.writestr("_rels/.rels", '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>')
        z.writestr("word/document.xml", body)


def test_a_letter_whose_entities_multiply(tmp_path):
    path = tmp_path / "t.docx"
    word(path, "<?xml version='1.0'?>" + LAUGHS + '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>')
    fails(path, "could not be read as word: its entities multiply to far more text than the file has")


def test_yaml_that_is_too_deep(tmp_path):
    path = tmp_path / "t.yaml"
    for text in ("[" * 200_000, '{"a":' * 200_000, "- " * 200_000 + "x", "\n".join(" " * i + "a:" for i in range(0, 11_000, 500)) + "\n" + " " * 11_000 + "a: 1"):
        path.write_text(text)
        fails(path, "has values that lie more than 10,000 deep in one another")
    path.write_text("[" * 5000 + "]" * 5000)  # what is let through does not end the process
    assert isinstance(loaders.load(path), list)
    path.write_text("- [1, 2]\n" * 20_000)
    assert len(loaders.load(path)) == 20_000


def test_yaml_that_merges_without_end(tmp_path):
    path = tmp_path / "t.yaml"
    last = lambda i: f"k{i - 1}" if i else "a"
    path.write_text("a: &a {x: 1}\n" + "".join(f"k{i}: &k{i} {{<<: [*{last(i)}, *{last(i)}], y{i}: 1}}\n" for i in range(40)))
    fails(path, "merges its mappings (<<) into far more than the file has")
    path.write_text("base: &base {a: 1, b: 2, c: 3}\n" + "".join(f"s{i}: {{<<: *base, d: {i}}}\n" for i in range(100)))
    assert loaders.load(path)["s99"] == {"a": 1, "b": 2, "c": 3, "d": 99}


def test_a_book_that_names_a_chapter_again_and_again(tmp_path):
    path = tmp_path / "t.epub"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("META-INF/container.xml", '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="c.opf"/></rootfiles></container>')
        z.writestr("c.opf", '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine>' + '<itemref idref="a"/>' * 20_000 + "</spine></package>")
        z.writestr("a.xhtml", "<html><body><p>hello</p></body></html>")
    assert loaders.load(path) == "hello"


def test_a_zip_of_very_many_tables(tmp_path):
    """As many names as made each other slow: looked up in a list, they took a minute."""
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as z:
        for i in range(20_000):
            z.writestr(f"ü{i}.csv", b"")
    assert len(loaders.load(path)) == 20_000


def test_records_of_avro_within_themselves(tmp_path):
    from attache.loaders.avro import _long

    text = lambda b: _long(len(b)) + b
    path = tmp_path / "t.avro"

    def write(kind, body):
        schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": kind}]}
        path.write_bytes(b"Obj\x01" + _long(1) + text(b"avro.schema") + text(json.dumps(schema).encode()) + _long(0) + b"0" * 16 + _long(1) + text(body) + b"0" * 16)

    write("r", b"x")
    fails(path, "is damaged: the library that reads it crashed")
    write(["null", "r"], _long(1) * 2 + _long(0))
    assert loaders.load(path)["a"].tolist() == [{"a": {"a": None}}]


def test_workbooks_that_swell_are_read_apart(tmp_path, monkeypatch):
    """calamine ends the process when there is no memory, which must not be that of the session."""
    pd.DataFrame({"a": [1, 2]}).to_excel(tmp_path / "plain.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as z, zipfile.ZipFile(tmp_path / "bomb.xlsx", "w") as out:
        for name in z.namelist():
            out.writestr(name, z.read(name))
            if "sheet1" in name:
                out.filelist[-1].file_size = 3 << 30  # as the directory says, which is written last
    with zipfile.ZipFile(tmp_path / "blanks.ods", "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr("content.xml", '<text:p><text:s text:c="2000000000"/></text:p>')
    read = []
    monkeypatch.setattr(apart, "read", lambda src, function, seconds=None: read.append(src.name) or "read apart")
    assert loaders.load(tmp_path / "bomb.xlsx") == "read apart"
    assert loaders.load(tmp_path / "blanks.ods") == "read apart"
    assert loaders.load(tmp_path / "plain.xlsx")["a"].tolist() == [1, 2]
    assert read == ["bomb.xlsx", "blanks.ods"]


def test_a_workbook_that_is_larger_than_it_tells_is_read_apart(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "lie.ods", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr("content.xml", "<x>" + " " * (64 << 20))
        z.filelist[-1].file_size = 1 << 20
    monkeypatch.setattr(apart, "read", lambda src, function, seconds=None: "read apart")
    assert loaders.load(tmp_path / "lie.ods") == "read apart"


def test_an_opendocument_is_unpacked_once(monkeypatch):
    """By what looks at it before and after its reader."""
    unpacked, read = [], zipfile.ZipFile.open
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda z, name, *more, **options: unpacked.append(getattr(name, "filename", name)) or read(z, name, *more, **options))
    loaders.load(os.path.join(os.path.dirname(__file__), "testdata", "pythagoras.ods"))
    assert unpacked.count("content.xml") == 1


def test_a_drawing_that_is_too_deep(tmp_path):
    path = tmp_path / "t.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">' + "<g>" * 100_000 + "</g>" * 100_000 + "</svg>")
    fails(path, "is damaged: the library that reads it crashed")


def test_a_reader_that_aborts_had_no_memory(tmp_path):
    (tmp_path / "t.bin").write_bytes(b"x")
    with pytest.raises(FileLoadError) as e:
        apart.read(Source(tmp_path / "t.bin"), os.abort)
    assert str(e.value) == f"t.bin {TOO_LARGE}"


def test_what_is_read_apart_has_a_share_of_the_memory(tmp_path):
    def limited():
        old = resource.getrlimit(resource.RLIMIT_AS)
        with open("/proc/self/statm") as f:
            used = int(f.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20), old[1]))
        try:
            return apart.read(Source(tmp_path / "t.bin"), lambda: len(bytearray(150 << 20)))
        finally:
            resource.setrlimit(resource.RLIMIT_AS, old)

    (tmp_path / "t.bin").write_bytes(b"x")
    with pytest.raises(MemoryError):
        limited()
