"""Damaged, empty, cut off, protected and misnamed files: one sentence each."""

import os
import traceback

import kinds_check
import pytest
from attache import loaders
from attache.loaders import apart
from attache.loaders.source import FileLoadError

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata")
# A file of each kind that is more than text.
FILES = sorted({file for file, ext, e in kinds_check.CHECKS if loaders.KINDS.loader(loaders.KINDS.of("x" + ext)) != "documents.text"})
# Formats that are still whole when they end early, or that can't tell.
CUT_IS_FINE = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".yaml", ".yml", ".ini", ".cfg", ".conf", ".toml", ".dat", ".bin", ".rtf")


def load(path):
    """Load, and require that a failure is one sentence with a short traceback."""
    try:
        return loaders.load(path), None
    except FileLoadError as e:
        text = "".join(traceback.format_exception(e))
        assert "\n" not in str(e) and len(str(e)) < 400, str(e)
        assert str(e).startswith(os.path.basename(path)), str(e)
        assert text.count("\n") <= 8 and "During handling" not in text and "direct cause" not in text, text
        return None, str(e)


def test_empty(tmp_path):
    for ext in loaders.KINDS.extensions:
        path = tmp_path / ("nothing" + ext)
        path.write_bytes(b"")
        assert load(path)[1] == f"nothing{ext} is empty (0 bytes)"


@pytest.mark.parametrize("file", FILES)
def test_cut_off(file, tmp_path):
    with open(os.path.join(DATA, file), "rb") as f:
        data = f.read()
    path = tmp_path / file
    path.write_bytes(data[: len(data) // 2])
    value, problem = load(path)
    if not file.endswith(CUT_IS_FINE) and file not in WHOLE_WHEN_CUT:
        assert problem, f"{type(value)} came out of half of {file}"


# Containers of independent parts: what is there is given.
WHOLE_WHEN_CUT = {
    "cities-html.xls", "box.tar", "testMP4.m4a", "message.pb", "message.protobuf", "cube.obj", "tet.ply", "aac_he_v2.aac", "clip.flv", "clip.mkv",
    "clip.mpeg", "clip.mpg", "clip.webm", "clip.avi", "clip.wmv", "sample.ogg", "tone.mp3", "tone.opus", "tone.wma", "tone.aiff", "tone.flac", "243749.flac",
    "bloop.aif", "test-8000Hz-le-2ch-1byteu.wav", "testPDF.pdf", "cities-2003.xls", "home.svg",
}  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_overwritten_in_the_middle(file, tmp_path, monkeypatch):
    """Whatever comes out, nothing but a sentence may go wrong."""
    monkeypatch.setattr(apart, "SECONDS", 3)  # the library for .sav hangs
    with open(os.path.join(DATA, file), "rb") as f:
        data = bytearray(f.read())
    for part in (0.1, 0.5, 0.9):
        at = int(len(data) * part)
        broken = data[:at] + b"\xde\xad\xbe\xef" * 4 + data[at + 16 :]
        path = tmp_path / file
        path.write_bytes(broken)
        load(path)


@pytest.mark.parametrize("ext", sorted(loaders.KINDS.extensions))
def test_garbage(ext, tmp_path):
    path = tmp_path / ("garbage" + ext)
    path.write_bytes(bytes(range(1, 256)) * 5 + b"\x00" * 300)
    value, problem = load(path)
    kind = loaders.KINDS.of("x" + ext)
    if not loaders.KINDS.rows[kind]["text"] and kind not in ("binary", "protobuf"):
        assert problem, f"{type(value)} came out of garbage"


@pytest.mark.parametrize(
    "file, sentence",
    [
        ("encryptAES.xlsx", "encryptAES.xlsx is protected by a password: save it without one and upload it again"),
        ("testEXCEL_protected_passtika.xlsx", "testEXCEL_protected_passtika.xlsx is protected by a password: save it without one and upload it again"),
        ("testWORD_protected_passtika.doc", "testWORD_protected_passtika.doc is protected by a password: save it without one and upload it again"),
        ("testODTEncrypted.odt", "testODTEncrypted.odt is protected by a password: save it without one and upload it again"),
        ("testWORD6.doc", "testWORD6.doc was written by Word 95 or older: save it as .docx and upload it again"),
        ("testPPT_protected_passtika.pptx", "testPPT_protected_passtika.pptx is protected by a password: save it without one and upload it again"),
        ("testPPT.ppt", "testPPT.ppt was written by PowerPoint 2003 or older: save it as .pptx and upload it again"),
    ],
)
def test_sentences(file, sentence, capfd):
    assert load(os.path.join(DATA, file))[1] == sentence
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "file, name, kind",
    [
        ("cities.arrow", "a.parquet", "arrow"),
        ("v0.7.1.parquet", "a.csv", "parquet"),
        ("seattle-weather.csv", "a.xlsx", "csv"),
        ("clippy.xlsx", "a.csv", "excel"),
        ("flag.png", "a.jpg", None),
        ("flag.png", "a.txt", "image"),
        ("testRTF-ms932.rtf", "a.doc", "richtext"),
        ("barley.json", "a.parquet", "json"),
        ("cities.db", "a.json", "database"),
        ("testPDF.pdf", "a.docx", "pdf"),
        ("hello.txt", "a.pdf", "text"),
        ("cities.html", "a.pdf", "html"),
        ("box.zip", "a.rar", None),
        ("cities.pkl", "a.dat", "pickle"),
        ("test_slides.pptx", "a.docx", "presentation"),
        ("testWORD.docx", "a.pptx", "word"),
        ("LibreOfficeImpress_odp_1.3.odp", "a.pptx", None),
        ("test_slides.pptx", "a.odp", None),
        ("testPPT.ppsx", "noextension", None),
        ("hopper.heif", "a.jpg", None),
        ("hopper.avif", "a.heic", None),
        ("hopper.heif", "a.mp4", "image"),
        ("hopper.avif", "a.pptx", "image"),
        ("clip.m4v", "a.heic", "video"),
        ("zPug_3.heic", "noextension", None),
        ("MR_small.dcm", "noextension", None),
        ("seattle-weather.csv", "noextension", None),
        ("seattle-weather.csv", "a.unknown", None),
    ],
)
def test_content_that_contradicts_the_name(file, name, kind, tmp_path, capsys):
    (tmp_path / name).write_bytes(open(os.path.join(DATA, file), "rb").read())
    value, problem = load(tmp_path / name)
    assert problem is None and value is not None
    said = capsys.readouterr().err
    assert said.count("\n") <= 1
    assert (f"content is {kind}" in said) == (kind is not None), said


def test_the_name_that_the_host_gives_counts(tmp_path):
    path = tmp_path / "8_1_abc"
    path.write_text("a;b\n1;2\n")
    value = loaders.load(path, {"filename": "Umsätze 2024.csv", "file_type": "csv"})
    assert value.to_dict("list") == {"a": [1], "b": [2]}
    path.write_text("{")
    with pytest.raises(FileLoadError, match="^Umsätze.json is not valid JSON: expecting property name"):
        loaders.load(path, {"filename": "Umsätze.json", "file_type": "json"})


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileLoadError, match="^gone.csv could not be opened: No such file or directory$"):
        loaders.load(tmp_path / "gone.csv")


def test_an_option_that_the_reader_does_not_have():
    with pytest.raises(TypeError, match="seattle-weather.csv: .*no_such.*; options go to the reader of csv files") as e:
        loaders.load(os.path.join(DATA, "seattle-weather.csv"), None, {"no_such": 1})
    assert len(traceback.format_tb(e.value.__traceback__)) <= 2
    with pytest.raises(FileLoadError, match="clippy.xlsx has no sheet 'x'; it has 'list-column', 'two-row-header'"):
        loaders.load(os.path.join(DATA, "clippy.xlsx"), None, {"sheet_name": "x"})
    assert loaders.load(os.path.join(DATA, "clippy.xlsx"), None, {"sheet_name": "list-column"}).shape == (4, 2)


def test_too_large_for_memory(monkeypatch):
    import pandas as pd

    def full(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(pd, "read_csv", full)
    assert "does not fit into memory" in load(os.path.join(DATA, "seattle-weather.csv"))[1]


@pytest.mark.parametrize(
    "file, changes, why",
    [
        ("clip.webm", [(265, 255), (577, 128)], "it could not be read in 1 s"),
        ("cities.h5", [(928, 128), (19904, 128)], "the library that reads it crashed"),
        ("iris.sav", [(416, 218)], "the library that reads it crashed"),
    ],
)
def test_what_makes_libraries_crash_or_hang(file, changes, why, tmp_path, monkeypatch):
    from attache.loaders import media

    monkeypatch.setattr(media, "SECONDS", 1)
    data = bytearray(open(os.path.join(DATA, file), "rb").read())
    for at, byte in changes:
        data[at] = byte
    (tmp_path / file).write_bytes(data)
    assert load(tmp_path / file)[1] == f"{file} is damaged: {why}"


@pytest.mark.parametrize("file", ["hopper.heif", "hopper.avif", "test_slides.pptx"])
def test_end_is_missing(file, tmp_path):
    """A picture or a presentation that an upload cut off is none, wherever it was cut."""
    data = open(os.path.join(DATA, file), "rb").read()
    for part in (0.005, 0.1, 0.3, 0.9):
        (tmp_path / file).write_bytes(data[: int(len(data) * part)])
        value, problem = load(tmp_path / file)
        assert problem, f"{type(value)} came out of {part} of {file}"


def test_a_presentation_that_lacks_a_part(tmp_path):
    import zipfile

    for lost in ("ppt/presentation.xml", "ppt/slides/slide1.xml", "ppt/_rels/presentation.xml.rels"):
        with zipfile.ZipFile(os.path.join(DATA, "test_slides.pptx")) as whole, zipfile.ZipFile(tmp_path / "deck.pptx", "w") as z:
            for name in whole.namelist():
                if name != lost:
                    z.writestr(name, whole.read(name))
        value, problem = load(tmp_path / "deck.pptx")
        assert problem, f"{value} without {lost}"


def test_billion_laughs_and_foreign_entities(tmp_path):
    laughs = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9)) + "]><l>&j;</l>"
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    foreign = f'<!DOCTYPE l [<!ENTITY x SYSTEM "file://{secret}">]><l>&x;</l>'
    for content in (laughs, foreign):
        (tmp_path / "a.xml").write_text(content)
        value, _ = load(tmp_path / "a.xml")
        assert "hidden" not in str(value) and len(str(value)) < 1000
