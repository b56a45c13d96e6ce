"""Tables of many hands: what is written in another way, and what it means. Each case gives the first values of columns, and what the notes must hold."""

import gzip
import json
import zipfile

import pytest
from attache.loaders import load
from written import N, rows


WRITTEN = {
    "a bar on both sides": ("|a|b|\n" + rows(lambda i: f"|{i}|x{i}|\n"), {"a": [0, 1], "b": ["x0", "x1"]}, ""),
    "Markdown": ("| a | b |\n|---|:--|\n" + rows(lambda i: f"| {i} | x{i} |\n"), {"a": [0, 1], "b": ["x0", "x1"]}, "holds no values"),
    "psql": (" id | name | v \n----+------+----\n" + rows(lambda i: f" {i:2} | n{i} | {i}.5\n") + "(60 rows)\n", {"id": [0, 1], "name": ["n0", "n1"], "v": [0.5, 1.5]}, "(60 rows)"),
    "a rule below the header": ("id,name\n---,---\n" + rows(lambda i: f"{i},n{i}\n"), {"id": [0, 1]}, "left out: --- ---"),
    "formats of columns, RDB": ("# a, b\n#\nsite\tday\tflow\n15s\t20d\t14n\n" + rows(lambda i: f"0164\t2024-01-{i % 28 + 1:02}\t{i}.5\n"), {"site": ["0164"], "day": ["2024-01-01T00:00:00"], "flow": [0.5, 1.5]}, "15s 20d 14n"),
    "an escaped delimiter": ("id,t,v\n" + rows(lambda i: f"{i},Smith\\, J{i},{i}\n"), {"id": [0, 1], "t": ["Smith, J0", "Smith, J1"], "v": [0, 1]}, "escape"),
    "backslashes of paths": ("id,t,v\n" + rows(lambda i: f"{i},C:\\data\\x{i},{i}\n"), {"t": ["C:\\data\\x0"]}, ""),
    "lines in quotes as a whole": ('"id,name,v"\n' + rows(lambda i: f'"{i},""Smith, J{i}"",{i}"\n'), {"id": [0, 1], "name": ["Smith, J0", "Smith, J1"], "v": [0, 1]}, "in quotation marks as a whole"),
    "names of one column in quotes": ('"name"\n' + rows(lambda i: f'"Smith, J{i}"\n'), {"name": ["Smith, J0"]}, ""),
    "two bars": ("id||name||v\n" + rows(lambda i: f"{i}||a{i}||{i}.5\n"), {"id": [0, 1], "name": ["a0", "a1"], "v": [0.5, 1.5]}, ""),
    "comments with !": ("! site A\n! units, m\nt,h\n" + rows(lambda i: f"{i},{i}.5\n"), {"t": [0], "h": [0.5]}, "comments"),
    "comments with ;": ("; made by a tool, v1\nt,h\n" + rows(lambda i: f"{i},{i}.5\n"), {"t": [0], "h": [0.5]}, "made by a tool"),
    "blank first cells are no comments": ("a;b;c\n" + rows(lambda i: f";{i};x\n"), {"b": [0, 1]}, ""),
    "titles with commas": ("Report for ACME, Inc.\nGenerated on 2024-01-01, by Bob\nid,name,v\n" + rows(lambda i: f"{i},n{i},{i}.5\n"), {"id": [0, 1], "v": [0.5, 1.5]}, "above its header"),
    "a source below": ("a,b,c\n" + rows(lambda i: f"{i},{i}.5,x{i}\n") + "\nSource: World Bank\nLast Updated: 2024-01-01\n", {"a": [0, 1], "b": [0.5, 1.5]}, "below the table was left out: Source: World Bank"),
    "a count below": ("id,name,v\n" + rows(lambda i: f"{i},n{i},{i}.5\n") + "60 rows selected.\n", {"id": [0, 1]}, "60 rows selected."),
    "a remark below": ("id,name,v\n" + rows(lambda i: f"{i},n{i},{i}.5\n") + "\nFor internal use only\n", {"id": [0, 1]}, "For internal use only"),
    "a line cut off": ("id,name,v\n" + rows(lambda i: f"{i},n{i},{i}.5\n") + "60\n", {"id": [0, 1]}, ""),
    "names that repeat": ("id,name\n" + rows(lambda i: ("id,name\n" if i == 20 else "") + f"{i},n{i}\n"), {"id": [0, 1]}, "repeat the header"),
    "years that repeat": ("2019,2020\n" + rows(lambda i: ("2019,2020\n" if i == 30 else "") + f"{i}.5,{i}.6\n"), {"2019": [0.5, 1.5]}, "repeat the header"),
    "one name twice": ("a,a,b\n" + rows(lambda i: f"{i},{i + 1},x\n"), {"a": [0], "a.1": [1]}, "several columns have one name; they are numbered: a, a.1"),
    "DATE DATE": ("DATE DATE VALUE\n" + rows(lambda i: f"2024-01-{i % 28 + 1:02} 2023-01-{i % 28 + 1:02} {i}.5\n"), {"DATE": ["2024-01-01T00:00:00"], "DATE.1": ["2023-01-01T00:00:00"]}, "DATE.1"),
    "signs of no width in names": ("\u200bid,na\u00a0me \n" + rows(lambda i: f"{i},a{i}\n"), {"id": [0], "na me": ["a0"]}, ""),
    "digits in formulas": ("id,v\n" + rows(lambda i: f'="00{i}",{i}.5\n'), {"id": ["000", "001"], "v": [0.5]}, 'formulas such as ="000"'),
    "versions": ("version,x\n" + rows(lambda i: f"1.{10 if i % 2 else 1},{i}\n"), {"version": ["1.1", "1.10"]}, ""),
    "codes with a point": ("icd,x\n" + rows(lambda i: f"{'250.00' if i % 2 else '401.9'},{i}\n"), {"icd": ["401.9", "250.00"]}, ""),
    "prices of a code": ("code,price\n" + rows(lambda i: f"c{i},{i}.{'50' if i % 2 else '5'}\n"), {"price": [0.5, 1.5]}, ""),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_written(check, case):
    text, want, said = WRITTEN[case]
    name = "t.txt" if case in ("psql", "DATE DATE") else "t.tsv" if "RDB" in case else "t.csv"
    check(text, want, said, name, length=61 if "cut off" in case else N)


@pytest.mark.parametrize(
    "values, want, said",
    [
        (["US$1,200", "US$5"], [1200, 5], "in US$"),
        (["¥1,234", "¥99"], [1234, 99], "in ¥"),
        (["R$ 1.234", "R$ 12"], [1234, 12], "in R$"),
        (["$(1,234.50)", "$99.00"], [-1234.5, 99.0], "in $"),
        (["($1,234.50)", "$99.00"], [-1234.5, 99.0], "in $"),
        ([" $1,234.50 ", " $-   "], [1234.5, 0.0], "'$-' were read as 0"),
        (["1,234", "5,678"], [1.234, 5.678], "1,234 was read as 1.234, as a comma is the decimal sign of the file"),
        (["12 MB", "3 MB"], [12, 3], "the unit MB"),
        (["1.5", "n.v.", "3"], [1.5, None, 3], "'n.v.'"),
        (["1.5", "(D)", "3"], [1.5, None, 3], "'(D)'"),
        (["1.5", "#DIV/0!", "3"], [1.5, None, 3], "'#DIV/0!'"),
        (["1.5", "#N/A", "3"], [1.5, None, 3], "#N/A were read as missing"),
        (["True", "-", "False"], [True, None, False], "'-' were read as missing"),
        (["True", "unknown", "False"], ["True", "unknown", "False"], ""),
        (["<0.5", "1.2"], ["<0.5", "1.2"], ""),
        (["2009-10", "2010-11"], ["2009-10", "2010-11"], ""),
        (["10-20", "20-30"], ["10-20", "20-30"], ""),
    ],
)
def test_values(check, values, want, said):
    check("n;v\n" + "".join(f'{i};"{v}"\n' for i, v in enumerate(values * 20)), {"v": want}, said)


@pytest.mark.parametrize(
    "values, want, said",
    [
        (["5th March 2024", "22nd May 2023"], ["2024-03-05", "2023-05-22"], ""),
        (["March 5th, 2024", "December 1st, 2023"], ["2024-03-05", "2023-12-01"], ""),
        (["Sept 5, 2024", "Jan 1, 2023"], ["2024-09-05", "2023-01-01"], ""),
        (["20240305T070500Z", "20231231T235900Z"], ["2024-03-05T07:05:00+00:00", "2023-12-31T23:59:00+00:00"], ""),
        (["2024年3月5日", "2023年12月31日"], ["2024-03-05", "2023-12-31"], ""),
        (["1er janvier 2024", "14 juillet 2023"], ["2024-01-01", "2023-07-14"], ""),
        (["5 марта 2024", "31 декабря 2023"], ["2024-03-05", "2023-12-31"], ""),
        (["5 Mart 2024", "31 Aralık 2023"], ["2024-03-05", "2023-12-31"], ""),
        (["Q1-24", "Q2-24"], ["2024-01-01", "2024-04-01"], ""),
        (["1Q2024", "2Q2024"], ["2024-01-01", "2024-04-01"], ""),
        (["1/2024", "12/2024"], ["2024-01-01", "2024-12-01"], ""),
        (["2024/01", "2024/11"], ["2024-01-01", "2024-11-01"], ""),
        (["Jan '24", "Feb '24"], ["2024-01-01", "2024-02-01"], ""),
        (["5.3.2024 7:05 a.m.", "5.3.2024 8:05 p.m."], ["2024-03-05T07:05:00", "2024-03-05T20:05:00"], ""),
        (["05-MAR-24 07.05.00.000000 AM", "31-DEC-23 11.59.00.000000 PM"], ["2024-03-05T07:05:00", "2023-12-31T23:59:00"], ""),
        (["2024-03-05 07:05:00 UTC", "2023-12-31 23:59:00 UTC"], ["2024-03-05T07:05:00+00:00", "2023-12-31T23:59:00+00:00"], ""),
        (["13/1/2024", "5/1/2024 10:00", "5/1/2024 10:00:01"], ["2024-01-13", "2024-01-05T10:00:00", "2024-01-05T10:00:01"], ""),
        (["2024-01-05", "-", "2024-01-07"], ["2024-01-05", None, "2024-01-07"], "no dates were read as missing ('-')"),
        (["2024-01-05", "0000-00-00"], ["2024-01-05", None], "'0000-00-00'"),
        (["5/1/2024", "TBD", "31/12/2023"], ["2024-01-05", None, "2023-12-31"], "'TBD'"),
        (["1704067200.5", "1704153600.25"], ["2024-01-01T00:00:00.500000", "2024-01-02T00:00:00.250000"], "numbers were read as dates"),
        (["45292", "45293"], ["2024-01-01", "2024-01-02"], "from 45292 as 2024-01-01"),
        (["202401", "202402"], ["2024-01-01", "2024-02-01"], "from 202401 as 2024-01-01"),
    ],
)
def test_dates(check, values, want, said):
    whole = [v and (v if "T" in v else v + "T00:00:00") for v in want]
    check("n;date\n" + "".join(f"{i};{v}\n" for i, v in enumerate(values * 20)), {"date": whole}, said)


def test_a_guess_at_the_order_of_day_and_month_is_said(check):
    check("a,b\n" + rows(lambda i: f"0{i * 7 % 9 + 1}/0{i * 5 % 9 + 1}/2024,{i}\n"), {}, "a: 08/06/2024 was read with the month first, as nothing in the table shows the order; dayfirst=True")


@pytest.mark.parametrize(
    "codec, text",
    [
        ("iso8859_2", "Łódź żółty gęś"),
        ("cp1257", "Ąžuolas šaka ir žiedas, eglė, ūkis, įmonė, Šiauliai"),
        ("iso8859_15", "prix 5 € où œuvre"),
        ("cp1256", "مرحبا بالعالم"),
        ("iso8859_6", "مرحبا بالعالم"),
        ("big5", "你好世界今天天氣很好"),
        ("cp932", "こんにちは世界テスト"),
        ("iso2022_jp", "こんにちは世界テスト"),
    ],
)
def test_encodings(check, codec, text):
    check(("id;name\n" + rows(lambda i: f"{i};{text} {i}\n")).encode(codec), {"name": [f"{text} 0"]}, f"read as {codec}")


def test_a_few_bytes_that_are_no_utf_8(check):
    check(("id;name\n" + rows(lambda i: f"{i};Zoë ünï {i}\n")).encode() + b"60;\xff bad\n", {"name": ["Zoë ünï 0"]}, "some of its bytes are no UTF-8")


@pytest.fixture
def book(tmp_path, check):
    def book(fill, want, said="", length=None):
        from openpyxl import Workbook

        wb = Workbook()
        fill(wb.active)
        wb.save(tmp_path / "made.xlsx")
        return check((tmp_path / "made.xlsx").read_bytes(), want, said, "t.xlsx", length)

    return book


def sheet(*cells):
    return lambda ws: [ws.append(row) for row in cells]


TEN = [[i, f"n{i}", i + 0.5] for i in range(10)]


@pytest.mark.parametrize(
    "fill, want, said",
    [
        (sheet(["id", "v", "w"], *[[i, {2: "#DIV/0!", 3: "#N/A"}.get(i, i), "#REF!" if i == 4 else "x"] for i in range(10)]), {"v": [0, 1, None, None, 4], "w": ["x", "x", "x", "x", None]}, "3 cell(s) of the sheet 'Sheet' hold an error and were read as missing (#DIV/0! in B4, #N/A in B5, #REF! in C6)"),
        (sheet(["a", "b"], *[[i, f"=A{i + 2}*2"] for i in range(10)]), {"a": [0, 1], "b": [None]}, "10 formula(s) of the sheet 'Sheet' were saved without a result"),
        (sheet(["a", "b", "c"], *TEN, [], ["Source: ACME"], ["Notes: early"]), {"a": [0, 1]}, "what stands below the table was left out: Source: ACME · Notes: early"),
        (sheet(["id", "ok"], *[[i, (True, False, "-")[i % 3]] for i in range(10)]), {"ok": [True, False, None]}, "'-' were read as missing"),
        (sheet(["id", "v"], *[[i, f"${i},234.50"] for i in range(1, 10)]), {"v": [1234.5, 2234.5]}, "in $"),
        (sheet(["id", "v"], *[[i, f"{i}.5%"] for i in range(1, 10)]), {"v": [1.5, 2.5]}, "per cents"),
        (sheet(["id", "date"], *[[i, 45292 + i] for i in range(10)]), {"date": ["2024-01-01T00:00:00"]}, "from 45292"),
        (sheet(["a", "a"], *[[i, i] for i in range(10)]), {"a.1": [0]}, "a, a.1"),
    ],
)
def test_sheets(book, fill, want, said):
    assert 9 <= len(book(fill, want, said)) <= 10


def test_merged_cells_hold_for_their_rows(book):
    def fill(ws):
        sheet(["region", "city", "v"], *[[f"R{i // 3}" if i % 3 == 0 else None, f"c{i}", i] for i in range(9)])(ws)
        for top in (2, 5, 8):
            ws.merge_cells(start_row=top, end_row=top + 2, start_column=1, end_column=1)

    book(fill, {"region": ["R0", "R0", "R0", "R1"]}, "merged cells of the sheet 'Sheet' were filled down (column A)")


@pytest.mark.parametrize(
    "content, want, said",
    [
        ({"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}, {"a": [1, 2], "b": ["x", "y"]}, "column by column"),
        ({"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}, {"a": [1, 2], "b": ["x", "y"]}, "put together"),
        ({"response": {"status": "ok", "data": [{"a": 1}, {"a": 2}]}}, {"a": [1, 2]}, "response."),
        ([["a", "b"], [1, "x"], [2, "y"]], {"a": [1, 2], "b": ["x", "y"]}, "names of the columns"),
        ([{"page": 1, "total": 2}, [{"a": 1.5}, {"a": 2.5}]], {"a": [1.5, 2.5]}, "records of the second part"),
        ([{"timestamp": 1704067200}, {"timestamp": 1704153600}], {"timestamp": ["2024-01-01T00:00:00"]}, "numbers were read as dates"),
        ('{\n "a": 1\n}\n{\n "a": 2\n}\n', {"a": [1, 2]}, ""),
        ('{"a": 1}{"a": 2}', {"a": [1, 2]}, ""),
    ],
)
def test_json(check, content, want, said):
    check(content if isinstance(content, str) else json.dumps(content), want, said, "t.json")


def test_a_list_of_records_on_one_line(check):
    check('[{"a": 1}, {"a": 2}]', {"a": [1, 2]}, "", "t.jsonl")


def test_a_table_and_what_explains_it_in_an_archive(tmp_path, check):
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("data/sales.csv", "a,b\n1,x\n2,y\n")
        z.writestr("README.txt", "Sales of 2024.")
    check(path.read_bytes(), {"a": [1, 2]}, "which was loaded; beside it: README.txt", "t.zip")
    check(gzip.compress(b"a,b\n1,x\n2,y\n"), {"a": [1, 2]}, "", "gz.csv")
