"""A sentence that names a file's path is of use where the file lies packed in another as well."""

import bz2
import gzip
import lzma
import os
import zipfile

import pytest
from attache import loaders
from attache.loaders.source import FileLoadError

DUCK = bytes(8) + b"DUCK" + bytes(100)


def sentence(path):
    with pytest.raises(FileLoadError) as e:
        loaders.load(str(path))
    return str(e.value)


def test_of_a_file_itself(tmp_path):
    (tmp_path / "a.db").write_bytes(DUCK)
    assert sentence(tmp_path / "a.db").endswith("duckdb.connect(get_file_path(id), read_only=True)")


@pytest.mark.parametrize("name, pack", [("a.db.gz", gzip.compress), ("a.db.bz2", bz2.compress), ("a.db.xz", lzma.compress)])
def test_what_is_said_works(name, pack, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(pack(DUCK))
    said = sentence(tmp_path / name)
    assert "duckdb.connect(path, read_only=True); unpack it first: " in said
    monkeypatch.chdir(tmp_path)
    scope = {"get_file_path": lambda _: str(tmp_path / name), "gzip": gzip, "bz2": bz2, "lzma": lzma}
    exec(said.partition("unpack it first: ")[2], scope)
    with open(scope["path"], "rb") as f:
        assert f.read() == DUCK


def test_of_a_member_of_an_archive(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as z:
        z.writestr("in/a.db", DUCK)
        z.writestr("b.txt", "text")
    box = loaders.load(str(tmp_path / "a.zip"))
    with pytest.raises(FileLoadError) as e:
        box.load("in/a.db")
    monkeypatch.chdir(tmp_path)
    scope = {"load_file": lambda _: box}
    exec(str(e.value).partition("unpack it first: ")[2], scope)
    with open(scope["path"], "rb") as f:
        assert f.read() == DUCK


def test_a_note_of_lines(tmp_path, capsys):
    lines = "\n".join(f"{i}\tname{i}\t{i / 2}" for i in range(30))
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(f"n\tname\thalf\n{lines}\n".encode()))
    loaders.load(str(tmp_path / "a.txt.gz"))
    said = capsys.readouterr().err
    assert "open(path) its lines; unpack it first: path = 'a.txt'" in said and os.path.basename("a.txt") in said
