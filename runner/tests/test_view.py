import pandas as pd
import pytest
from attache import view
from PIL import Image


def test_table_is_the_first_one():
    first, second = pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [2]})
    assert view.table(first) is first
    assert view.table({"note": "x", "one": first, "two": second}) is first
    assert view.table("text") is None and view.table({}) is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "CMYK", "I;16"])
def test_picture_of_every_mode(mode, tmp_path):
    path = tmp_path / "x.jpg"
    view.picture(Image.new(mode, (4000, 1000)), path)
    with Image.open(path) as made:
        assert made.format == "JPEG" and made.size == (2048, 512)


def test_picture_is_on_white(tmp_path):
    view.picture(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), tmp_path / "x.jpg")
    with Image.open(tmp_path / "x.jpg") as made:
        assert min(made.getpixel((4, 4))) > 250


def test_document(capsys):
    view.document("héllo", 3)
    assert capsys.readouterr().out == "5\nhél\n"
    view.document(["a", "b"], 100, "page")
    assert capsys.readouterr().out == "22\n[page 1]\na\n\n[page 2]\nb\n"
    view.document([1, 2], 100)
    assert capsys.readouterr().out == "3\n1\n2\n"
