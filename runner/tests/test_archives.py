"""Archives that mean harm, and those that don't."""

import base64
import gzip
import io
import os
import resource
import stat
import tarfile
import zipfile

import pytest
from attache import loaders
from attache.loaders import archives, packed
from attache.loaders.source import FileLoadError

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata")
EVIL = ["../evil", "/tmp/evil-absolute", "a/../../evil", "C:\\evil", "..\\evil", "dir/..", "\\\\server\\share\\evil"]


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return loaders.load(path)


def everything_below(folder):
    return sorted(os.path.relpath(os.path.join(d, f), folder) for d, _, files in os.walk(folder) for f in files)


def test_names_that_lead_out_of_a_zip(work, capsys):
    box = zipped(work / "box.zip", {**dict.fromkeys(EVIL, b"x"), "good/file.txt": b"hello"})
    assert box.extract() == ["box/good/file.txt"]
    assert everything_below(work) == ["box.zip", "work/box/good/file.txt"]
    assert not os.path.exists("/tmp/evil-absolute")
    assert f"box.zip: {len(EVIL)} member(s) were left out" in capsys.readouterr().err
    for name in EVIL:
        if name in box:
            assert box.read(name) == b"x"  # read is not a path


def test_names_and_links_of_a_tar(work, capsys):
    path = work / "box.tar"
    with tarfile.open(path, "w") as t:
        for name in ("../evil", "/tmp/evil-absolute", "good.txt"):
            info = tarfile.TarInfo(name)
            info.size = 5
            t.addfile(info, io.BytesIO(b"hello"))
        for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("fifo", tarfile.FIFOTYPE), ("device", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            t.addfile(info)
        through = tarfile.TarInfo("link/inside")
        through.size = 1
        t.addfile(through, io.BytesIO(b"x"))
    box = loaders.load(path)
    assert sorted(box.extract("out")) == ["out/good.txt", "out/link/inside"]
    assert all(stat.S_ISREG(os.lstat(os.path.join("out", p)).st_mode) for p in everything_below("out"))
    assert everything_below(work) == ["box.tar", "work/out/good.txt", "work/out/link/inside"]
    assert "6 member(s) were left out" in capsys.readouterr().err


def test_a_symlink_in_a_zip(work):
    path = work / "box.zip"
    with zipfile.ZipFile(path, "w") as z:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        z.writestr(info, "/etc")
        z.writestr("link/passwd", "mine")
    assert loaders.load(path).extract("out") == ["out/link/passwd"]
    assert not os.path.islink("out/link")


def test_a_symlink_of_rar(work):
    box = loaders.load(os.path.join(DATA, "rar5-evil-symlink-traversal.rar"))
    assert box.extract("out") == ["out/up/pwned.txt"]
    assert everything_below(work) == ["work/out/up/pwned.txt"]


def test_bombs(work, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 1 << 20)
    box = zipped(work / "bomb.zip", {"a": b"\0" * (2 << 20), "b": b"small"})
    with pytest.raises(FileLoadError, match="bomb.zip unpacks to more than 1 MB and was given up at a"):
        box.extract("out")
    assert box.read("b") == b"small" and everything_below(work / "work") == []
    many = zipped(work / "many.zip", {str(i): b"\0" * (300 << 10) for i in range(5)})
    with pytest.raises(FileLoadError, match="unpacks to more than"):
        many.extract("out")
    (work / "bomb.csv.gz").write_bytes(gzip.compress(b"\0" * (2 << 20)))
    with pytest.raises(FileLoadError, match="bomb.csv.gz unpacks to more than 1 MB"):
        loaders.load(work / "bomb.csv.gz")


def test_no_room_for_what_is_inside(work):
    """The disk is smaller than the bound: that is no damage."""
    (work / "bomb.csv.gz").write_bytes(gzip.compress(b"\0" * (2 << 20)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        with pytest.raises(FileLoadError, match="bomb.csv.gz could not be read as archive: there is no room left for what it unpacks to$"):
            loaders.load(work / "bomb.csv.gz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_size_that_lies(work):
    """The bytes count, not what the archive says of them."""
    out = io.BytesIO()
    bounded = packed.Bounded(out, 10, loaders.Source.named("x.zip"))
    bounded.write(b"12345")
    with pytest.raises(FileLoadError, match="x.zip unpacks to more than"):
        bounded.write(b"1234567")
    assert out.getvalue() == b"12345"


def test_many_members(work, monkeypatch, capsys):
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    box = zipped(work / "many.zip", {f"{i}.txt": b"x" for i in range(5)})
    assert len(box.extract("out")) == 3
    assert "all after 3 files" in capsys.readouterr().err


def test_names_as_they_are_written_elsewhere(work):
    for codec, name in (("cp932", "日本語.txt"), ("cp866", "привет.txt"), ("utf-8", "été.txt")):
        path = work / "n.zip"
        with zipfile.ZipFile(path, "w") as z:
            z.writestr(zipfile.ZipInfo("X" * len(name.encode(codec))), b"hello")
        path.write_bytes(path.read_bytes().replace(b"X" * len(name.encode(codec)), name.encode(codec)))
        if codec != "cp866":
            assert loaders.load(path).names == [name]
        assert loaders.load(path).extract(codec)


def test_names_that_can_not_be_files(work, capsys):
    box = zipped(work / "box.zip", {"a" * 300: b"x", "a/b": b"1", "a": b"2"})
    assert box.extract("out") == ["out/a/b"]
    assert "2 member(s) were left out" in capsys.readouterr().err


def test_twice(work, capsys):
    box = zipped(work / "box.zip", {"a.txt": b"1"})
    assert box.extract() == ["box/a.txt"] and box.extract() == ["box_2/a.txt"]
    assert box.extract("box") == []
    assert "a file of this name is there already" in capsys.readouterr().err


def test_passwords(work):
    for file, password, name, content in (
        ("rar5-psw.rar", "password", "stest1.txt", None),
        ("test7Z_protected_passTika.7z", "Tika", "text.txt", b"This is text inside an encrypted 7zip"),
    ):
        path = os.path.join(DATA, file)
        with pytest.raises(FileLoadError, match=f"{file} is protected by a password: load it with"):
            loaders.load(path).read(name)
        with pytest.raises(FileLoadError, match="the password is wrong|it is damaged"):
            loaders.load(path, None, {"password": "no"}).read(name)
        data = loaders.load(path, None, {"password": password}).read(name)
        assert data and (content is None or content in data)


# A zip of t.csv (a,b / 1,2 / 3,4), made by 7-Zip with the password "secret".
ENCRYPTED = "UEsDBBQAAQAAAGpifV3l6dbOGAAAAAwAAAAFAAAAdC5jc3YzEAwPLJKqfe32vEv6YUP0QZ0EvmjA1I1QSwECPwMUAAEAAABqYn1d5enWzhgAAAAMAAAABQAkAAAAAAAAACCApIEAAAAAdC5jc3YKACAAAAAAAAEAGABh7Jrb+3/dAQAAAAAAAAAAAAAAAAAAAABQSwUGAAAAAAEAAQBXAAAAOwAAAAAA"


def test_one_table_with_a_password(work):
    (work / "t.zip").write_bytes(base64.b64decode(ENCRYPTED))
    with pytest.raises(FileLoadError, match="t.zip is protected by a password: load it with"):
        loaders.load(work / "t.zip")
    with pytest.raises(FileLoadError, match="the password is wrong"):
        loaders.load(work / "t.zip", None, {"password": "no"})
    assert loaders.load(work / "t.zip", None, {"password": "secret"})["b"].tolist() == [2, 4]


def test_shown(work):
    box = zipped(work / "box.zip", {"a/b.csv": b"x,y\n1,2\n", "d": b"e"})
    assert repr(box) == "box.zip: 2 files, 9 bytes unpacked\n             8  a/b.csv\n             1  d"
    assert box.files.to_dict("list") == {"name": ["a/b.csv", "d"], "size": [8, 1]}
    assert box.load("a/b.csv").to_dict("list") == {"x": [1], "y": [2]} and "a/b.csv" in box and len(box) == 2
    with pytest.raises(KeyError, match="box.zip has no 'c'"):
        box.read("c")


def test_compressed_without_a_name(work):
    (work / "data.gz").write_bytes(gzip.compress(b"a,b\n1,2\n3,4\n"))
    assert loaders.load(work / "data.gz").to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    (work / "inner.json.gz").write_bytes(gzip.compress(b'{"a": 1}'))
    assert loaders.load(work / "inner.json.gz") == {"a": 1}
    (work / "t.tar.zst").write_bytes(open(os.path.join(DATA, "plain.csv.zst"), "rb").read())
    assert loaders.load(work / "t.tar.zst")["people"].sum() == 1906760


def test_nothing_stays_behind(work, tmp_path_factory, monkeypatch):
    temp = tmp_path_factory.mktemp("temp")
    monkeypatch.setattr("tempfile.tempdir", str(temp))
    loaders.load(os.path.join(DATA, "plain.csv.gz"))
    loaders.load(os.path.join(DATA, "box.zip")).load("box/cities.csv")
    loaders.load(os.path.join(DATA, "squares.shp.zip"))
    loaders.load(os.path.join(DATA, "cities.mobi"))
    with pytest.raises(FileLoadError):
        (work / "broken.csv.gz").write_bytes(gzip.compress(b"a,b\n" * 1000)[:-9])
        loaders.load(work / "broken.csv.gz")
    assert os.listdir(temp) == []
