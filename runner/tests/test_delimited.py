"""What people call CSV."""

import pandas as pd
import pytest
from attache.loaders import load
from attache.loaders.source import FileLoadError


@pytest.fixture
def csv(tmp_path):
    """Load text, or bytes, as a CSV file."""

    def read(content, name="t.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load(path, None, options)

    return read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(csv, delimiter):
    frame = csv("a,b,c\n1,x,2.5\n2,y,3.5\n".replace(",", delimiter))
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"], "c": [2.5, 3.5]}


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman", "cp850"]
)
def test_encodings_of_the_west(csv, codec):
    frame = csv("nom;ville\nÉlodie;Orléans\nJérôme;Besançon\n".encode(codec))
    assert frame["ville"].tolist() == ["Orléans", "Besançon"]


@pytest.mark.parametrize(
    "codec, text",
    [
        ("cp932", "名前,都市\n田中,東京\n鈴木,大阪\n"),
        ("euc_jp", "名前,都市\n田中,東京\nひらがな,カタカナ\n"),
        ("gb18030", "姓名,城市\n王伟,北京\n李娜,上海\n"),
        ("big5", "姓名,城市\n王偉,臺北\n李娜,高雄\n"),
        ("euc_kr", "이름,도시\n김철수,서울\n이영희,부산\n"),
        ("cp1251", "имя,город\nИван,Москва\nАнна,Казань\n"),
        ("koi8_r", "имя,город\nИван,Москва\nАнна,Казань\n"),
        ("cp1250", "imię,miasto\nŁukasz,Łódź\nZośka,Gdańsk\n"),
        ("cp1254", "isim,şehir\nAyşe,İstanbul\nÇağrı,İzmir\n"),
        ("cp1253", "όνομα,πόλη\nΓιώργος,Αθήνα\nΜαρία,Πάτρα\n"),
        ("cp1256", "اسم,مدينة\nمحمد,القاهرة\nفاطمة,بيروت\n"),
    ],
)
def test_other_encodings(csv, codec, text, capsys):
    frame = csv(text.encode(codec))
    assert [",".join(row) for row in [list(frame.columns), *frame.values.tolist()]] == text.split()
    assert f"read as {codec}" in capsys.readouterr().err


def test_an_encoding_that_shows_late(csv):
    frame = csv(("a,b\n" + "x,1\n" * 30_000 + "Köln,2\n").encode("cp1252"))
    assert frame["a"].iloc[-1] == "Köln"


def test_decimal_comma_and_thousands(csv):
    frame = csv("a;b;c\n1,5;1.234,50;1.000\n2,25;12,00;2.500\n")
    assert frame.to_dict("list") == {"a": [1.5, 2.25], "b": [1234.5, 12.0], "c": [1000, 2500]}


def test_thousands_in_quotes(csv):
    assert csv('n,amount\nx,"1,234.50"\ny,"999"\n')["amount"].tolist() == [1234.5, 999.0]


def test_a_mixed_column_stays_text(csv):
    assert csv("a;b\n1;3.14\n2;1,5\n")["b"].tolist() == ["3.14", "1,5"]


def test_digits_that_are_names_stay(csv):
    frame = csv("zip,phone,ip\n01234,555 123 456,10.100.100.100\n90210,555 123 457,10.100.100.101\n")
    assert frame["zip"].tolist() == ["01234", "90210"]
    assert frame["phone"].tolist() == ["555 123 456", "555 123 457"]
    assert frame["ip"].tolist() == ["10.100.100.100", "10.100.100.101"]


def test_long_ids_with_a_gap_keep_their_digits(csv):
    frame = csv("id,n\n12345678901234567,1\n,2\n12345678901234569,3\n")
    assert frame["id"].dropna().tolist() == ["12345678901234567", "12345678901234569"]


def test_titles_above_the_header(csv, capsys):
    frame = csv("Sales report 2024\n\nmonth,units\n1,10\n2,20\n")
    assert frame.to_dict("list") == {"month": [1, 2], "units": [10, 20]}
    assert "Sales report 2024" in capsys.readouterr().err


def test_excels_own_first_line(csv):
    assert csv("sep=;\na;b\n1;2\n").to_dict("list") == {"a": [1], "b": [2]}


def test_bad_lines_are_left_out_and_said(csv, capsys):
    frame = csv("a,b\n1,2\n3,4,5,6\n7,8\n")
    assert frame.to_dict("list") == {"a": [1, 7], "b": [2, 8]}
    assert "1 line(s) with too many fields were left out (line 3)" in capsys.readouterr().err


def test_an_open_quote(csv, capsys):
    assert len(csv('a,b\n1,"x\n2,y\n')) == 2
    assert "quotation mark is never closed" in capsys.readouterr().err


def test_headers(csv):
    assert list(csv("a,a,a\n1,2,3\n").columns) == ["a", "a.1", "a.2"]
    assert csv("1,2\n3,4\n").shape == (2, 2)
    assert list(csv("2019,2020\n1.5,2.5\n").columns) == ["2019", "2020"]
    assert csv("a,b\n").shape == (0, 2)
    assert csv("a,b,c\n1,2,3,\n4,5,6,\n").to_dict("list") == {"a": [1, 4], "b": [2, 5], "c": [3, 6]}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"   "])
def test_nothing(csv, content):
    with pytest.raises(FileLoadError, match=r"t\.csv (is empty|holds no table)"):
        csv(content)


def test_options_go_to_pandas(csv):
    assert csv("a,b\n1,2\n3,4\n", usecols=["b"], nrows=1).to_dict("list") == {"b": [2]}
    assert csv("1,2\n", header=None, names=["x", "y"]).to_dict("list") == {"x": [1], "y": [2]}
    assert len(list(csv("a\n1\n2\n3\n", chunksize=2))) == 2
    with pytest.raises(TypeError, match="no_such"):
        csv("a\n1\n", no_such=1)


@pytest.mark.parametrize(
    "values, first",
    [
        (["2024-01-31", "2024-02-01"], "2024-01-31"),
        (["2024-01-31T10:00:00Z", "2024-02-01T10:00:00Z"], "2024-01-31T10:00:00Z"),
        (["2024-01-31 10:00", ""], "2024-01-31 10:00"),
        (["01/31/2024", "02/01/2024"], "2024-01-31"),
        (["31/01/2024", "01/02/2024"], "2024-01-31"),
        (["04/03/2024", "05/03/2024", "03/04/2024"], "2024-03-04"),
        (["31.01.2024", "01.02.2024"], "2024-01-31"),
        (["Jan 31 2024", "Feb 1 2024"], "2024-01-31"),
        (["31-Jan-24", "01-Feb-24"], "2024-01-31"),
        (["January 31, 2024", "May 1, 2024"], "2024-01-31"),
        (["1/31/2024 3:05 PM", "2/1/2024 9:00 AM"], "2024-01-31 15:05"),
        (["2024-01", "2024-02"], "2024-01-01"),
        (["1500-01-01", "1600-01-01"], "1500-01-01"),
    ],
)
def test_dates(csv, values, first):
    frame = csv("n;d\n" + "".join(f"1;{v}\n" for v in values))
    assert pd.api.types.is_datetime64_any_dtype(frame["d"])
    assert frame["d"].iloc[0] == pd.Timestamp(first)


@pytest.mark.parametrize(
    "values",
    [
        ["20240131", "20240201"],
        ["1.2.10", "1.3.11"],
        ["2024-01-31", "as agreed"],
        ["12-34", "56-78"],
        ["May", "June"],
        ["A2024-01-31", "B2024-02-01"],
        ["555-12-3456", "555-12-3457"],
        ["2024-13-45", "2024-02-01"],
    ],
)
def test_no_dates(csv, values):
    assert not pd.api.types.is_datetime64_any_dtype(csv("n,d\n" + "".join(f"1,{v}\n" for v in values))["d"])


def test_what_is_no_csv(csv, capsys):
    assert "<body>" in csv("<!DOCTYPE html><html><body>Sign in</body></html>")
    assert "html" in capsys.readouterr().err
    assert csv('[{"a": 1}]').to_dict("list") == {"a": [1]}
