"""What a function of the operator's becomes, and what its results look like."""

import dataclasses
import datetime
import json
import sys
import types
from typing import Annotated, Any, Dict, List, Literal, Optional, Union

import numpy
import pandas
import pytest

from attache import signature, tools


def parameters(function):
    return signature.describe(function.__name__, function)["parameters"]


def test_types():
    def f(a: str, b: int, c: float, d: bool, e: list, f: dict, g: Any, h: list[int], i: dict[str, float], j: List[str], k: Dict[str, Any]): ...

    assert parameters(f)["properties"] == {
        "a": {"type": "string"},
        "b": {"type": "integer"},
        "c": {"type": "number"},
        "d": {"type": "boolean"},
        "e": {"type": "array", "items": {}},
        "f": {"type": "object"},
        "g": {},
        "h": {"type": "array", "items": {"type": "integer"}},
        "i": {"type": "object", "additionalProperties": {"type": "number"}},
        "j": {"type": "array", "items": {"type": "string"}},
        "k": {"type": "object", "additionalProperties": {}},
    }
    assert parameters(f)["required"] == list("abcdefghijk")
    assert parameters(f)["additionalProperties"] is False


def test_choices():
    def f(a: Optional[int], b: str | None, c: Literal["x", "y"], d: Union[int, List[str]], e: Literal[1, "x", None]): ...

    assert parameters(f)["properties"] == {
        "a": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "b": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "c": {"type": "string", "enum": ["x", "y"]},
        "d": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "string"}}]},
        "e": {"enum": [1, "x", None]},
    }


def test_defaults():
    def f(a: int = 3, *, b: str = None, c: float = float("nan"), d: list[str] = ("x",), e: Any = object()): ...

    schema = parameters(f)
    assert "required" not in schema
    assert schema["properties"] == {
        "a": {"type": "integer", "default": 3},
        "b": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "c": {"type": "number"},
        "d": {"type": "array", "items": {"type": "string"}, "default": ("x",)},
        "e": {},
    }
    json.dumps(schema, allow_nan=False)


def test_texts_as_annotations():
    namespace = {}
    exec("from __future__ import annotations\ndef f(a: int | None = None) -> str: ...", namespace)
    assert parameters(namespace["f"])["properties"]["a"]["default"] is None


def test_docstring():
    def f(a: int, b: str, c: Annotated[str, "From the type."] = ""):
        """Sum up.

        A second paragraph.

        Args:
            a (int): How many, at most
                ten: no more.
            b: Where.

        Returns:
            A text.
        """

    got = signature.describe("f", f)
    assert got["description"] == "Sum up.\n\nA second paragraph.\n\nReturns:\n    A text."
    properties = got["parameters"]["properties"]
    assert properties["a"] == {"type": "integer", "description": "How many, at most ten: no more."}
    assert properties["b"]["description"] == "Where."
    assert properties["c"]["description"] == "From the type."


@pytest.mark.parametrize(
    "source, sentence",
    [
        ("def f(a): ...", "has the parameter a without a type"),
        ("def f(): ...", "has no types"),
        ("def f(*a: int): ...", "has the parameter *a: int"),
        ("def f(**a: int): ...", "has the parameter **a: int"),
        ("def f(a: int, /): ...", "only named parameters"),
        ("def f(a: set): ...", "the parameter a of a type that can't be written as JSON (set)"),
        ("def f(a: dict[int, str]): ...", "is a dict whose keys are not str"),
        ("def f(a: 'Missing'): ...", "has a type that can't be resolved (NameError"),
        ("def f(a: int):\n  yield a", "is a generator"),
        ("def é(a: int): ...\nf = é", None),
        ("def f(a: [int]): ...", "a type that can't be"),
    ],
)
def test_unusable(source, sentence):
    namespace = {}
    exec(source, namespace)
    if sentence is None:
        with pytest.raises(signature.Unusable, match="has a name of other than"):
            signature.describe("é", namespace["f"])
        return
    with pytest.raises(signature.Unusable) as e:
        signature.describe("f", namespace["f"])
    assert sentence in str(e.value)
    assert "\n" not in str(e.value)


def test_numbers_fit():
    def f(a: int, b: float, c: list[int], d: Optional[int], e: Union[int, str], g: dict[str, float], h: Annotated[int, "x"]): ...

    got = signature.fit(f, {"a": 3.0, "b": 3, "c": [1.0, 2], "d": 4.0, "e": "5", "g": {"x": 1}, "h": 7.0})
    assert got == {"a": 3, "b": 3.0, "c": [1, 2], "d": 4, "e": "5", "g": {"x": 1.0}, "h": 7}
    assert [type(got[k]) for k in "abdh"] == [int, float, int, int]
    assert type(got["c"][0]) is int and type(got["g"]["x"]) is float


@dataclasses.dataclass
class Point:
    x: int
    at: datetime.date


def test_plain():
    value = {
        1: numpy.int64(2), "nan": float("nan"), "inf": numpy.float64("inf"), "array": numpy.arange(3),
        "point": Point(1, datetime.date(2024, 1, 2)), "set": {1}, "odd": types, "when": pandas.Timestamp("2024-01-02"),
    }
    got = json.loads(json.dumps(tools.plain(value), allow_nan=False))
    assert got["odd"].startswith("<module")
    del got["odd"]
    assert got == {
        "1": 2, "nan": None, "inf": None, "array": [0, 1, 2], "point": {"x": 1, "at": "2024-01-02"},
        "set": [1], "when": "2024-01-02T00:00:00",
    }


class Link:
    def __init__(self):
        self.sent = []

    def send(self, op, **fields):
        self.sent.append((op, fields.get("text", ""), fields.get("table")))


@pytest.fixture
def shown(monkeypatch):
    link, others = Link(), []
    monkeypatch.setattr(tools, "_link", link)
    monkeypatch.setattr(tools, "_provided", {"display": others.append})
    return link.sent, others


def test_show(shown):
    sent, others = shown
    tools.show(None)
    tools.show("text")
    tools.show({"a": [1, None]})
    tools.show("x" * 100_000)
    assert [t for _, t, _ in sent[:2]] == ["text", '{"a": [1, null]}']
    assert len(sent) == 3 and "characters left out" in sent[2][1] and len(sent[2][1]) < 41_000
    frame = pandas.DataFrame({"a": [1]})
    tools.show(frame)
    tools.show([frame, "and"])
    tools.show({"first": frame})
    assert len(others) == 3 and all(o is frame for o in others)
    assert [t for _, t, _ in sent[3:]] == ["and", "first:"]


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(tools, "FOLDER", str(tmp_path))
    monkeypatch.setattr(tools, "WORK", str(tmp_path))
    monkeypatch.setattr(tools, "_provided", {"load_file": lambda file_id: f"content of {file_id}"})
    yield tmp_path
    sys.path[:] = [p for p in sys.path if p != str(tmp_path)]


def describe(folder, name, version):
    tools.describe(name, version)
    return json.loads((folder / "tools.json").read_text())


def test_describe(folder):
    (folder / "_shared.py").write_text("N = 1\n")
    (folder / "random.py").write_text(
        "import json\nfrom os.path import join\nfrom functools import cache\nfrom _shared import N\n"
        "def _private(a: int): ...\n"
        "def second(file_id: str) -> str:\n    return load_file(file_id)\n"
        "@cache\ndef first(a: int) -> int:\n    return a + N\n"
        "def bad(a): ...\n"
    )
    got = describe(folder, "random.py", "1")
    assert [t["name"] for t in got["tools"]] == ["second", "first"]
    assert len(got["problems"]) == 1 and got["problems"][0].startswith("line 11: bad has the parameter a without a type")
    import random

    assert hasattr(random, "seed")
    module = tools._load("random.py", "1")
    assert module.second("7") == "content of 7" and module.first(1) == 2
    (folder / "_shared.py").write_text("N = 100\n")
    assert tools._load("random.py", "1") is module
    assert tools._load("random.py", "2").first(1) == 101


def test_all(folder):
    (folder / "a.py").write_text("__all__ = ['f']\ndef f(a: int): ...\ndef g(a): ...\n")
    got = describe(folder, "a.py", "3")
    assert [t["name"] for t in got["tools"]] == ["f"] and not got["problems"]


@pytest.mark.parametrize(
    "source, problem",
    [
        ("def f(:\n", "line 1: SyntaxError: "),
        ("x = 1\nx.y\n", "line 2: AttributeError: 'int' object has no attribute 'y'"),
        ("import no_such_module_at_all\n", "line 1: ModuleNotFoundError"),
        ("raise SystemExit(1)\n", "it ends the program"),
    ],
)
def test_broken_files(folder, source, problem):
    (folder / "a.py").write_text(source)
    got = describe(folder, "a.py", source)
    assert got["tools"] == [] and len(got["problems"]) == 1
    assert got["problems"][0].startswith(problem)
