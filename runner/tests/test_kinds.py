"""Every kind of the table, by value; what main prints is the list."""

import ast
import os

import kinds_check
import pytest
from attache import loaders
from attache.loaders.source import FileLoadError

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "testdata")
RUNNER = os.path.dirname(HERE)


@pytest.mark.parametrize("file, ext, expression", kinds_check.CHECKS, ids=[f"{f} {e}" for f, e, _ in kinds_check.CHECKS])
def test_loads(file, ext, expression, recwarn):
    assert kinds_check.check(DATA, loaders.load, file, ext, expression) == ""
    assert not [w for w in recwarn if "/loaders/" in w.filename]


def test_every_extension_of_the_table_is_checked():
    checked = {ext for _, ext, _ in kinds_check.CHECKS}
    assert len(checked) >= 80
    assert set(loaders.KINDS.extensions) - checked == {".shx"}
    with pytest.raises(FileLoadError, match="is only the index of a shapefile: put the .shp"):
        loaders.load(os.path.join(DATA, "squares.shx"))


def test_kinds_without_a_loader_are_text():
    for kind, row in loaders.KINDS.rows.items():
        if kind not in loaders.LOADERS:
            assert row["loads"] == "text", kind
            assert not row["needs"], kind
    assert set(loaders.LOADERS) <= set(loaders.KINDS.rows)


def test_the_table_declares_what_the_loaders_need():
    needs = {}
    for name in os.listdir(os.path.join(RUNNER, "loaders")):
        if name.endswith(".py"):
            needs[name[:-3]] = _needed(os.path.join(RUNNER, "loaders", name))
    asked = set().union(*needs.values())
    declared = {n for row in loaders.KINDS.rows.values() for n in row["needs"]}
    assert asked == declared
    with open(os.path.join(HERE, "requirements.txt")) as f:
        locked = {line.split("==")[0] for line in f if "==" in line}
    assert declared <= locked
    with open(os.path.join(RUNNER, "..", "internal", "sandbox", "wheels", "curated.txt")) as f:
        curated = {line.split(":")[0].strip() for line in f}
    assert declared <= curated  # so that nobody is asked


def _needed(path):
    """The distributions that a module asks imports.need and located for."""
    with open(path) as f:
        calls = [n for n in ast.walk(ast.parse(f.read())) if isinstance(n, ast.Call) and getattr(n.func, "id", "") in ("need", "located")]
    return {c.args[-1].value for c in calls}


def test_each_data_file_has_its_source():
    with open(os.path.join(DATA, "SOURCES.md")) as f:
        sources = f.read()
    with open(os.path.join(HERE, "make_data.py")) as f:
        made = f.read()
    for name in os.listdir(DATA):
        stem, ext = os.path.splitext(name)
        assert name in sources or name in made or (stem in made and ext[1:] in made), name


def test_a_missing_package_is_one_sentence(monkeypatch):
    import attache.loaders.columnar  # before nothing can be found
    from attache import imports

    monkeypatch.delitem(__import__("sys").modules, "fastavro", raising=False)
    monkeypatch.setattr(imports.importlib.machinery.PathFinder, "find_spec", lambda *a: None)
    with pytest.raises(ModuleNotFoundError, match="^fastavro is needed for this and not installed$"):
        loaders.load(os.path.join(DATA, "full-deflate.avro"))


def test_the_host_installs_what_is_missing(monkeypatch):
    """need asks the host once, for the distribution, and imports what came."""
    import importlib.machinery

    from attache import imports
    from attache.channel import HostError

    asked, real = [], importlib.machinery.PathFinder.find_spec

    class Host:
        def pip(self, specs):
            asked.append(specs)
            if specs == ["refused"]:
                raise HostError("The user did not allow it.")

    monkeypatch.setattr(imports, "_current", Host())
    monkeypatch.setattr(imports.importlib.machinery.PathFinder, "find_spec", lambda name, *a: real(name, *a) if asked else None)
    monkeypatch.delitem(__import__("sys").modules, "docx", raising=False)
    assert imports.need("docx", "python-docx").__name__ == "docx"
    assert imports.need("docx", "python-docx") and asked == [["python-docx"]]
    with pytest.raises(ModuleNotFoundError, match="^The user did not allow it.$"):
        imports.need("surely_not_there", "refused")


def test_the_page_has_the_table():
    import make_docs

    with open(make_docs.PAGE, encoding="utf-8") as f:
        assert f.read() == make_docs.page(), "run python runner/tests/make_docs.py"
