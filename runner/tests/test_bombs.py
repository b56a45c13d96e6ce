"""Files that are made to take all memory, all time or the process itself: a sentence each, and the session goes on."""

import contextlib
import json
import os
import pathlib
import resource
import signal
import struct
import zipfile
import zlib

import pandas as pd
import pytest
from attache import loaders
from attache.loaders import apart, structured
from attache.loaders.source import TOO_LARGE, FileLoadError, Source, note

TESTDATA = pathlib.Path(__file__).parent / "testdata"
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


@contextlib.contextmanager
def memory(n):
    """So many bytes more may be taken, as in a session."""
    old = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as f:
        used = int(f.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + n, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)


def ends(path, n=150 << 20):
    """Loading ends with a sentence, where there is little memory, and not with the process."""
    with memory(n), pytest.raises((FileLoadError, MemoryError)) as e:
        loaders.load(path)
    assert isinstance(e.value, MemoryError) or str(e.value) == f"{path.name} {TOO_LARGE}"


@pytest.fixture
def children(monkeypatch):
    """The processes that read a file apart."""
    made, fork = [], os.fork

    def counted():
        pid = fork()
        made.append(pid)
        return pid

    monkeypatch.setattr(os, "fork", counted)
    return made


def test_workbooks_that_swell(tmp_path, children):
    """calamine ends the process when there is no memory, which must not be that of the session."""
    pd.DataFrame({"a": [1, 2]}).to_excel(tmp_path / "plain.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as z, zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as out, zipfile.ZipFile(tmp_path / "large.xlsx", "w", zipfile.ZIP_DEFLATED) as large:
        for name in z.namelist():
            data = z.read(name)
            if "sheet1" not in name:
                out.writestr(name, data)
                large.writestr(name, data)
                continue
            with out.open(name, "w") as f:
                f.write(data[: data.index(b"<sheetData>")] + b"<sheetData>")
                for _ in range(4):
                    f.write(b"<row><c><v>1</v></c></row>" * 400_000)
                f.write(b"</sheetData></worksheet>" + b" " * (80 << 20))
            large.writestr(name, data + b" " * (110 << 20))
    with zipfile.ZipFile(tmp_path / "blanks.ods", "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
        z.writestr("content.xml", '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet><table:table table:name="s"><table:table-row><table:table-cell office:value-type="string"><text:p>a<text:s text:c="2000000000"/></text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>')
    ends(tmp_path / "bomb.xlsx", 40 << 20)
    ends(tmp_path / "blanks.ods")
    assert len(children) >= 2
    del children[:]
    assert loaders.load(tmp_path / "plain.xlsx")["a"].tolist() == [1, 2] and not children
    assert loaders.load(tmp_path / "large.xlsx")["a"].tolist() == [1, 2] and len(children) == 1


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        "".join(f'<row r="{i}"><c r="A{i}"><v>1</v></c><c r="ZZ{i}"><v>2</v></c></row>' for i in range(1, 40_000)),
        "<row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
        '<row r="1"><c\nr="A1"><v>1</v></c></row><row r="1048576"><c\nr="XFD1048576"><v>1</v></c></row>',
        '<row r="1">' + "<c><v>1</v></c>" * 16_000 + '</row><row r="1048576"><c><v>1</v></c></row>',
    ],
    ids=["two cells", "many", "quotes", "spaces", "no places"],
)
def test_a_workbook_whose_cells_lie_far_from_one_another(tmp_path, rows, children):
    """Whatever it tells of its size."""
    pd.DataFrame({"a": [1, 2]}).to_excel(tmp_path / "plain.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as z, zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as out:
        for name in z.namelist():
            data = z.read(name)
            if "sheet1" in name:
                data = data[: data.index(b"<sheetData>")] + b"<sheetData>" + rows.encode() + b"</sheetData></worksheet>"
            out.writestr(name, data)
    with memory(300 << 20), pytest.raises((FileLoadError, MemoryError)):
        loaders.load(tmp_path / "t.xlsx")
    assert children


def varint(data, at, most):
    """A number of .xlsb, and where it ends."""
    number = 0
    for i in range(most):
        number |= (data[at + i] & 127) << 7 * i
        if data[at + i] < 128:
            break
    return number, at + i + 1


def far_in_xlsb(data):
    """A sheet whose last cell is in the last row and column."""
    data, at, row, cell = bytearray(data), 0, None, None
    while at < len(data):
        kind, at = varint(data, at, 2)
        size, at = varint(data, at, 4)
        if kind == 0:
            row = at
        elif kind <= 11:
            cell = at
        at += size
    if cell is not None:
        data[row : row + 4] = struct.pack("<I", 1_048_575)
        data[cell : cell + 4] = struct.pack("<I", 16_383)
    return bytes(data)


def test_a_binary_workbook_whose_cells_lie_far_from_one_another(tmp_path, children):
    with zipfile.ZipFile(TESTDATA / "test-columnar.xlsb") as z, zipfile.ZipFile(tmp_path / "t.xlsb", "w", zipfile.ZIP_DEFLATED) as out:
        for name in z.namelist():
            data = z.read(name)
            out.writestr(name, far_in_xlsb(data) if name.startswith("xl/worksheets/sheet") and name.endswith(".bin") else data)
    with pytest.raises(FileLoadError, match="memory"):
        loaders.load(tmp_path / "t.xlsb")
    assert children


def test_an_xls_whose_cells_lie_far_from_one_another(tmp_path, children):
    data = bytearray((TESTDATA / "test.xls").read_bytes())
    at = max(data.rfind(b"\x03\x02\x0e\x00"), data.rfind(b"\xfd\x00\x0a\x00"))  # a record of a number or of a text
    data[at + 4 : at + 8] = b"\xff\xff\xff\x00"  # its row and its column
    (tmp_path / "t.xls").write_bytes(data)
    with memory(300 << 20):
        assert len(loaders.load(tmp_path / "t.xls")) < 100
    assert children


def pdf(path, stream, filler=0):
    """A PDF of one page, whose content is a stream that is packed; and a comment of so many bytes."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>", b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(stream), stream)]
    body, at = b"%PDF-1.4\n", []
    for i, o in enumerate(objects):
        at.append(len(body))
        body += b"%d 0 obj" % (i + 1) + o + b"endobj\n"
    body += b"%" + b"x" * filler + b"\n"
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % n for n in at)
    path.write_bytes(body + table + b"trailer<</Size 5/Root 1 0 R>>startxref %d\n%%%%EOF" % len(body))


@pytest.mark.parametrize("filler", [0, 40 << 20], ids=["small", "40 MB"])
def test_a_pdf_that_unpacks_without_end(tmp_path, filler):
    path = tmp_path / "t.pdf"
    pdf(path, zlib.compress(b"BT /F 1 Tf (hello) Tj ET"), filler)
    assert loaders.load(path) == ["hello"]
    packer = zlib.compressobj()
    pdf(path, b"".join(packer.compress(b" " * (8 << 20)) for _ in range(25)) + packer.flush(), filler)
    ends(path)


def test_parquet_of_very_many_columns(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table([pa.array([i]) for i in range(20_001)], names=[f"c{i}" for i in range(20_001)]), path, compression="none", write_statistics=False)
    assert loaders.load(path).iloc[0].tolist() == list(range(20_001))
    with memory(60 << 20), pytest.raises((FileLoadError, MemoryError)):
        loaders.load(path)


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


@pytest.mark.parametrize("size", [1, 40 << 20], ids=["small", "40 MB"])
def test_a_reader_that_ends_its_process(tmp_path, size):
    path = tmp_path / "t.bin"
    with open(path, "wb") as f:
        f.truncate(size)

    def said(function, seconds=None):
        with pytest.raises(FileLoadError) as e:
            apart.read(Source(path), function, seconds)
        return str(e.value)

    assert said(os.abort) == f"t.bin {TOO_LARGE}"  # it had no memory
    assert said(lambda: os.kill(os.getpid(), signal.SIGSEGV)) == "t.bin is damaged: the library that reads it crashed"
    assert said(lambda: os._exit(0)) == "t.bin is damaged: the library that reads it crashed"
    assert said(signal.pause, 0.5) == "t.bin is damaged: it could not be read in 0.5 s"


def test_what_is_read_apart_has_the_memory_that_is_left(tmp_path):
    """What is found is handed over where there is room for it twice, and else read again here."""
    path = tmp_path / "t.bin"
    path.write_bytes(b"x")
    read = lambda n: apart.read(Source(path), lambda: (os.getpid(), b"x" * n))
    with memory(300 << 20):
        with pytest.raises(MemoryError):
            read(400 << 20)
        for n, here in ((1, False), (100 << 20, False), (200 << 20, True)):
            pid, data = read(n)
            assert (pid == os.getpid(), len(data)) == (here, n)
            del data


def test_what_is_noted_apart_is_said_once(tmp_path, capsys):
    path = tmp_path / "t.bin"
    path.write_bytes(b"x")
    apart.read(Source(path), lambda: note("one"))

    def fail():
        note("two")
        raise ValueError

    with pytest.raises(ValueError):
        apart.read(Source(path), fail)
    apart.read(Source(path), lambda: (note("three"), lambda: 5))  # is read here
    assert capsys.readouterr().err == "Note: one\nNote: two\nNote: three\n"


class Awkward(Exception):
    def __init__(self, first, second):
        super().__init__("it is awkward")


def test_what_is_no_pickle_is_read_here(tmp_path):
    path = tmp_path / "t.bin"
    path.write_bytes(b"x")
    assert apart.read(Source(path), lambda: [b"x" * (5 << 20), lambda: 5])[1]() == 5

    def fail():
        raise Awkward(1, 2)

    with pytest.raises(RuntimeError, match="it is awkward"):
        apart.read(Source(path), fail)
