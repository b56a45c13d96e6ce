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


def test_csv_is_the_whole_table(tmp_path):
    frame = pd.DataFrame({
        "n": range(25_000),
        "day": pd.Timestamp("2024-01-01"),
        "at": pd.Timestamp("2024-01-01 10:30"),
        "text": 'a "b", ä\nc',
        "none": None,
        "mixed": [1, "x"] * 12_500,
    })  # fmt: skip
    view.csv({"first": frame}, tmp_path / "t.csv")
    read = pd.read_csv(tmp_path / "t.csv")
    assert list(read.columns) == list(frame.columns) and len(read) == 25_000
    assert read.iloc[-1].fillna("").to_list() == [24_999, "2024-01-01", "2024-01-01 10:30:00", 'a "b", ä\nc', "", "x"]


def test_csv_has_the_index_unless_it_only_counts(tmp_path):
    sums = pd.DataFrame({"city": ["A", "A", "B"], "x": [1, 2, 3]}).groupby("city").agg({"x": ["sum", "max"]})
    view.csv(sums, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().replace('"', "").splitlines() == ["city,x / sum,x / max", "A,3,2", "B,3,3"]
    with pytest.raises(ValueError, match="no table"):
        view.csv("text", tmp_path / "t.csv")


def test_csv_of_odd_columns():
    from attache import whole

    assert whole.csv(pd.DataFrame()) is not None
    double = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert b"".join(whole.csv(double)) in (b"a,a\n1,2\n", b'"a","a"\n1,2\n')
    periods = pd.DataFrame({"p": pd.period_range("2024-01", periods=2, freq="M"), "l": [[1], [2]]})
    assert b"2024-02" in b"".join(whole.csv(periods))
    assert whole.csv(pd.DataFrame({"a": ["x" * 1000] * 100}), limit=1000) is None
