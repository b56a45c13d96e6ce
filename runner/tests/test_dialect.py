"""How tables in text are written: each rule on 50 rows or more."""

import pandas as pd
import pytest
from attache.loaders import load
from attache.loaders.source import FileLoadError

N = 60


@pytest.fixture
def csv(tmp_path):
    """Load text, or bytes, as a file of this name."""

    def read(content, name="t.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load(path, None, options)

    return read


def lines(header, row, n=N):
    return "\n".join(([header] if header else []) + [row(i) for i in range(n)]) + "\n"


@pytest.mark.parametrize(
    "name, text, columns, first",
    [
        ("a.csv", lines("Datum;Kunde;Betrag", lambda i: f"{i % 28 + 1:02}.01.2024;Kunde {i};{i * 3 + 10},{i % 90 + 10}"), ["Datum", "Kunde", "Betrag"], 10.1),
        ("a.csv", lines('"Datum";"Preis"', lambda i: f'"{i % 28 + 1:02}.01.2024";"{i},50"'), ["Datum", "Preis"], 0.5),
        ("a.csv", lines(";".join(f"c{k}" for k in range(12)), lambda i: "0;1;2;3;4;5;6;7;8;9;10;%d,5" % i), [f"c{k}" for k in range(12)], 0.5),
        ("a.csv", "sep=;\n" + lines("Datum;Preis", lambda i: f"01.01.2024;{i},50"), ["Datum", "Preis"], 0.5),
        ("a.tsv", lines("id\tname\tcity", lambda i: f"{i}\tSmith, John{i}\tParis"), ["id", "name", "city"], "Paris"),
        ("a.csv", lines("x\ty", lambda i: f"{i},25\t{i},75"), ["x", "y"], 0.75),
        ("a.csv", lines("id|name|city", lambda i: f"{i}|Smith, John{i}|Paris"), ["id", "name", "city"], "Paris"),
        ("a.csv", lines("id,title,year", lambda i: f'{i},"He said \\"hi, you\\" {i}",2000'), ["id", "title", "year"], 2000),
        ("a.csv", lines("id,title,year", lambda i: f"{i},'Hello, world {i}',2000"), ["id", "title", "year"], 2000),
        ("a.csv", lines("id,title", lambda i: f"{i},'it''s here, {i}'"), ["id", "title"], "it's here, 0"),
        ("a.csv", lines("comment", lambda i: f"I like this, really {i}"), ["comment"], "I like this, really 0"),
        ("a.csv", lines("", lambda i: f"{i} {i + 0.5} {i * 2}"), [0, 1, 2], 0),
        ("a.csv", lines('a, b', lambda i: f'{i}, "x, {i}"'), ["a", "b"], "x, 0"),
        ("a.csv", lines("a~b~c", lambda i: f"{i}~x,y~{i}"), ["a", "b", "c"], 0),
        ("a.csv", lines("# made by a logger\n# station: 17, Berlin\ntime,temp,hum", lambda i: f"2024-01-01 00:{i:02},{i / 10},{i}"), ["time", "temp", "hum"], 0),
        ("a.csv", lines("# time,temp", lambda i: f"{i},{i / 10}"), ["# time", "temp"], 0.0),
        ("a.csv", "# made by x\n" + lines("# time,temp", lambda i: f"{i},{i / 10}"), ["time", "temp"], 0.0),
        ("a.csv", lines("x,y,z", lambda i: f"# note {i}\n{i},{i},3"), ["x", "y", "z"], 3),
        ("a.csv", "Kontoauszug\nKonto;DE12\n\n" + lines("Buchung;Text;Betrag", lambda i: f"01.02.2024;Miete {i};-{i},50"), ["Buchung", "Text", "Betrag"], -0.5),
        ("a.csv", "Report, made for you, and others\n\n" + lines("month,units", lambda i: f"{i},{i * 2}"), ["month", "units"], 0),
        ("a.csv", lines("", lambda i: f"{i % 28 + 1}/1/2008,1:00:00,NaN"), [0, 1, 2], None),
        ("a.csv", lines("Country,1990,1991", lambda i: f"Land {i},{i},{i + 1}"), ["Country", "1990", "1991"], 1),
    ],
)  # fmt: skip
def test_dialects(csv, name, text, columns, first):
    frame = csv(text, name)
    assert list(frame.columns) == columns
    assert len(frame) == N
    last = frame.iloc[0, -1]
    assert pd.isna(last) if first is None else last == first


@pytest.mark.parametrize(
    "text, columns, rows, said",
    [
        ("id,amount,city\n1,5,Paris,\n2,6,Rome\n3,7,Oslo\n", ["id", "amount", "city"], [[1, 5, "Paris"], [2, 6, "Rome"], [3, 7, "Oslo"]], ""),
        ("name,amount,city\nSmith, John,5,Paris\nJones,6,Rome\nBrown,7,Oslo\n", ["name", "amount", "city"], [["Jones", 6, "Rome"], ["Brown", 7, "Oslo"]], "line 2"),
        ("a,b,c,d\n0, 5, 9, 20, \n0, 6, 21,33\n", ["a", "b", "c", "d"], [[0, 5, 9, 20], [0, 6, 21, 33]], ""),
        ("a,b\n1,2,x\n3,4,y\n5,6,z\n", ["a", "b", "Unnamed: 2"], [[1, 2, "x"], [3, 4, "y"], [5, 6, "z"]], "more fields than the header"),
        ("a,b\n1,2\n,\n3,4\n,\n,\n", ["a", "b"], [[1, 2], [None, None], [3, 4]], "2 blank row(s)"),
    ],
)
def test_rows_of_another_length_never_shift_columns(csv, capsys, text, columns, rows, said):
    frame = csv(text)
    assert list(frame.columns) == columns
    assert [[None if pd.isna(v) else v for v in r] for r in frame.values.tolist()] == rows
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["r{}", "{}"])
def test_names_of_rows_are_the_index(csv, name):
    frame = csv('"a" "b"\n' + lines("", lambda i: f'"{name.format(i + 1)}" {i} {i}.5'))
    assert list(frame.columns) == ["a", "b"] and frame["b"].iloc[1] == 1.5 and str(frame.index[2]) == name.format(3)


def test_one_long_line_among_many(csv, capsys):
    frame = csv(lines("a,b", lambda i: f"{i},{i}" + (",9" if i == 40 else "")))
    assert len(frame) == N - 1 and list(frame.columns) == ["a", "b"] and frame["a"].iloc[-1] == 59
    assert "1 line(s) with too many fields were left out (line 42)" in capsys.readouterr().err


def test_headers_of_several_rows(csv, capsys):
    frame = csv("Region,2023,,2024,\n,units,value,units,value\n" + lines("", lambda i: f"R{i},{i},{i},{i},{i}"))
    assert list(frame.columns) == ["Region", "2023 units", "2023 value", "2024 units", "2024 value"]
    assert len(frame) == N and frame.dtypes.iloc[1] == "int64"
    assert "2 rows" in capsys.readouterr().err


def test_a_row_of_units(csv, capsys):
    frame = csv(lines("time,temp,speed\n(s),(°C),(m/s)", lambda i: f"{i},{i}.5,{i * 2}"))
    assert list(frame.columns) == ["time", "temp", "speed"] and len(frame) == N
    assert frame["temp"].iloc[1] == 1.5
    assert "temp in °C" in capsys.readouterr().err


def test_tables_that_follow_one_another(csv, capsys):
    text = lines("id,name", lambda i: f"{i},n{i}") + "\n" + lines("code,price,qty", lambda i: f"C{i},{i}.5,{i}")
    assert csv(text).shape == (N, 2)
    assert "holds 2 tables" in capsys.readouterr().err
    second = csv(text, table=2)
    assert second.shape == (N, 3) and second["price"].iloc[1] == 1.5
    with pytest.raises(FileLoadError, match="no table 3"):
        csv(text, table=3)
    other = lines("id,name,x", lambda i: f"{i},n{i},{i}") + lines("id,name,y", lambda i: f"{i},n{i},{i}")
    assert list(csv(other).columns) == ["id", "name", "x"] and len(csv(other, table=2)) == N


def test_a_header_that_is_repeated(csv, capsys):
    part = lines("id,name", lambda i: f"{i},n{i}")
    frame = csv(part + part)
    assert len(frame) == 2 * N and frame["id"].dtype == "int64"
    assert "repeat the header" in capsys.readouterr().err


SYMBOLS = ["x,y\n• one,1\n", "a,b\nA,3–1\n", "a;b\nx;0,50 €\n", "a,b\n1,µg\n", "Name\xa0,City\xa0\nx,y\n", "x,p\n1,£5\n", "a,b\nFoo® Index,1\n", "a,b\n1,I don’t “know”\n", "a,b\nFoo™,1\n", "t,u\n21,°C\n"]


@pytest.mark.parametrize("text", SYMBOLS)
def test_symbols_alone_are_those_of_windows(csv, text):
    header, row = text.strip("\n").replace("\xa0", "").split("\n")
    frame = csv(text.encode("cp1252"), raw=True)
    d = ";" if ";" in header else ","
    assert list(frame.columns) == header.split(d) and frame.iloc[0].tolist() == row.split(d)


@pytest.mark.parametrize(
    "codec, text",
    [
        ("cp866", "имя,город\nИван,Москва\nАнна,Казань\n"),
        ("iso8859_5", "имя,город\nИван,Москва\nАнна,Казань\n"),
        ("mac_cyrillic", "имя,город\nИван,Москва\nАнна,Казань\n"),
        ("koi8_r", "ТОВАР,ЦЕНА\nХЛЕБ,МОЛОКО\n"),
        ("iso8859_7", "όνομα,πόλη\nΓιώργος,Αθήνα\nΆννα,Πάτρα\n"),
        ("cp737", "όνομα,πόλη\nΓιώργος,Αθήνα\nΜαρία,Πάτρα\n"),
        ("cp874", "ชื่อ,จังหวัด\nสมชาย,กรุงเทพ\nสมหญิง,เชียงใหม่\n"),
        ("cp1255", "שם,עיר\nדוד,חיפה\nמשה,ירושלים\nשרה,אילת\nיעל,נתניה\n"),
        ("mac_roman", "nombre,ciudad\nPeña,León\nMuñoz,Málaga\n"),
    ],
)
def test_scripts_by_frequency(csv, codec, text):
    frame = csv(text.encode(codec))
    assert [",".join(row) for row in [list(frame.columns), *frame.values.tolist()]] == text.split()


def test_raw_leaves_text(csv):
    frame = csv("zip,price,day,n\n01234,$5.00,01/02/2024,NA\n", raw=True)
    assert frame.iloc[0].tolist() == ["01234", "$5.00", "01/02/2024", "NA"]
