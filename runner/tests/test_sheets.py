"""Tables in the cells of workbooks, and records of JSON."""

import datetime

import pandas as pd
import pytest
from attache.loaders import load


@pytest.fixture
def book(tmp_path):
    """Save {sheet: rows} as a workbook and load it."""
    from openpyxl import Workbook

    def read(sheets, hidden=(), **options):
        wb = Workbook()
        wb.remove(wb.active)
        for name, rows in sheets.items():
            ws = wb.create_sheet(name)
            for row in rows:
                ws.append(row)
            if name in hidden:
                ws.sheet_state = "hidden"
        wb.save(tmp_path / "t.xlsx")
        return load(tmp_path / "t.xlsx", None, options)

    return read


def test_cells_keep_their_types(book):
    day = datetime.datetime(2024, 1, 31)
    frame = book({"s": [["id", "n", "x", "ok", "day"], ["00123", 1, 1.5, True, day], ["00456", 2, None, None, None], ["1E5", 3, 2.5, False, day]]})
    assert frame["id"].tolist() == ["00123", "00456", "1E5"]
    assert [str(t) for t in frame.dtypes[1:4]] == ["int64", "float64", "boolean"]
    assert frame["day"].iloc[0] == pd.Timestamp(day)


def test_marks_among_numbers(book, capsys):
    frame = book({"s": [["a", "b"], ["x", 1], ["y", "-"], ["z", 3]]})
    assert frame["b"].isna().tolist() == [False, True, False]
    assert "1 value(s) '-' were read as missing" in capsys.readouterr().err


def test_titles_groups_and_totals(book, capsys):
    rows = [["Sales report"], [], ["Region", 2023, None, 2024, None], [None, "units", "value", "units", "value"]]
    frame = book({"s": rows + [[f"R{i}", i, i, i, i] for i in range(50)] + [["Total", 9, 9, 9, 9]]})
    assert list(frame.columns) == ["Region", "2023 units", "2023 value", "2024 units", "2024 value"]
    assert len(frame) == 51
    said = capsys.readouterr().err
    assert "Sales report" in said and "2 rows" in said and "are totals (row 51)" in said


def test_several_tables_in_a_sheet(book):
    above = [["id", "n"]] + [[i, i * 2] for i in range(50)]
    below = [["code", "price"]] + [[f"c{i}", i + 0.5] for i in range(50)]
    found = book({"s": above + [[], ["Prices"]] + below})
    assert list(found) == ["s (1)", "s (2)"] and list(found["s (2)"].columns) == ["code", "price"]
    assert len(found["s (1)"]) == len(found["s (2)"]) == 50
    beside = book({"s": [a + [None] + b for a, b in zip(above, below)]})
    assert [list(f.columns) for f in beside.values()] == [["id", "n"], ["code", "price"]]


def test_hidden_sheets_are_said(book, capsys):
    rows = [["a", "b"], [1, 2]]
    assert list(book({"one": rows, "two": rows}, hidden=["two"])) == ["one", "two"]
    assert "the sheet 'two' is hidden" in capsys.readouterr().err


def test_raw_leaves_cells_text(book):
    assert book({"s": [["a", "b"], ["01", 2], ["NA", 3]]}, raw=True)["a"].tolist() == ["01", "NA"]


def test_long_whole_numbers_of_json_keep_their_digits(tmp_path):
    (tmp_path / "t.json").write_text('[{"id": 9007199254740993, "v": 1, "u": {"k": 9007199254740995}}, {"id": null, "v": null, "u": {"k": null}}, {"id": 9007199254740995, "v": 2, "u": {"k": 1}}]')
    frame = load(tmp_path / "t.json")
    assert frame["id"].dropna().tolist() == ["9007199254740993", "9007199254740995"]
    assert frame["u.k"].dropna().tolist() == ["9007199254740995", "1"]
    assert frame["v"].dtype == "float64"


def test_days_of_excel_among_dates(book, capsys):
    rows = [["Data refreshed on:", None, "Dec-27 2020"] + [None] * 5, ["First", "Last", "Hire Date", "Share", "Kind", "Subject", "Full", "Active"]]
    rows += [["Ann", f"B{i}", 39690 + i if i % 2 else datetime.datetime(2019, 1, 14), 0.5, "Teacher", "PE", "Yes", "No"] for i in range(8)]
    frame = book({"s": rows})
    assert frame["Hire Date"].tolist()[:2] == [pd.Timestamp("2019-01-14"), pd.Timestamp("2008-08-31")]
    said = capsys.readouterr().err
    assert "read as days" in said and "refreshed on: Dec-27 2020" in said


PAGE = """<html><head><meta charset="utf-8"></head><body><table><tr><td colspan=5>Export</td></tr></table><table border=1>
<tr><th rowspan=2>PLZ</th><th rowspan=2>Ort</th><th colspan=2>2023</th><th rowspan=2>Datum</th></tr><tr><th>Umsatz</th><th>Anteil</th></tr>
<tr><td>01067</td><td rowspan=2>Dresden</td><td>1,5</td><td>12%</td><td>03.04.2024</td></tr>
<tr><td>01069</td><td>1.234,50</td><td>7%</td><td>14.04.2024</td></tr>
<tr><td>04103</td><td>Leipzig</td><td>22,75</td><td>9%</td><td>15.04.2024</td></tr></table></body></html>"""


def test_web_pages_named_like_workbooks(check, tmp_path):
    """Cells are read as those of a text are: pandas would make 15 of 1,5."""
    from attache.loaders import load

    want = {
        "PLZ": ["01067", "01069", "04103"], "Ort": ["Dresden", "Dresden", "Leipzig"], "2023 Umsatz": [1.5, 1234.5, 22.75],
        "2023 Anteil": [12, 7, 9], "Datum": ["2024-04-03T00:00:00", "2024-04-14T00:00:00", "2024-04-15T00:00:00"],
    }
    check(PAGE, want, said=["web page", "left out: Export"], name="t.xls", length=3)
    path = tmp_path / "raw.xls"
    path.write_text(PAGE)
    assert load(path, None, {"raw": True}).iloc[0].tolist()[:3] == ["01067", "Dresden", "1,5"]


def test_cells_that_span_thousands_end_in_a_sentence(tmp_path):
    import pytest

    from attache.loaders import FileLoadError, load

    (tmp_path / "t.xls").write_text("<html><table>" + "<tr><td colspan=16000 rowspan=999999>x</td><td colspan=16000>y</td></tr>" * 3000 + "</table></html>")
    with pytest.raises(FileLoadError, match="does not fit into memory"):
        load(tmp_path / "t.xls")
    far = '<Row ss:Index="1048576"><Cell ss:Index="16384"><Data ss:Type="Number">1</Data></Cell></Row>'
    (tmp_path / "t.xls").write_text(XML_2003.replace("</Table>", far + "</Table>"))
    with pytest.raises(FileLoadError, match="does not fit into memory"):
        load(tmp_path / "t.xls")


XML_2003 = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="s21"><NumberFormat ss:Format="[h]:mm:ss"/></Style></Styles><Worksheet ss:Name="S"><Table>
<Row><Cell ss:MergeAcross="3"><Data ss:Type="String">Report of sales 2024</Data></Cell></Row>
<Row ss:Index="3"><Cell><Data ss:Type="String">Id</Data></Cell><Cell><Data ss:Type="String">Team</Data></Cell><Cell><Data ss:Type="String">Date</Data></Cell><Cell><Data ss:Type="String">Amount</Data></Cell><Cell><Data ss:Type="String">Spent</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">001</Data></Cell><Cell ss:MergeDown="1"><Data ss:Type="String">A</Data></Cell><Cell><Data ss:Type="DateTime">2024-01-05T00:00:00.000</Data></Cell><Cell><Data ss:Type="Number">12.5</Data></Cell><Cell ss:StyleID="s21"><Data ss:Type="DateTime">1900-01-01T12:00:00.000</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">002</Data></Cell><Cell ss:Index="3"><Data ss:Type="DateTime">2024-01-06T00:00:00.000</Data></Cell><Cell><Data ss:Type="Error">#N/A</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">003</Data></Cell><Cell><Data ss:Type="String">B</Data></Cell><Cell ss:Index="4"><Data ss:Type="Number">3</Data></Cell></Row>
</Table></Worksheet></Workbook>"""


def test_xml_of_excel_2003(check):
    """Its sheets are read as those of other workbooks are."""
    want = {"Id": ["001", "002", "003"], "Team": ["A", "A", "B"], "Date": ["2024-01-05T00:00:00", "2024-01-06T00:00:00", None], "Amount": [12.5, None, 3]}
    for name in ("t.xls", "t.xml"):
        frame = check(XML_2003, want, said=["Report of sales 2024", "#N/A in D5", "filled down (column B)"], name=name, length=3)
        assert frame["Spent"][0].total_seconds() == 36 * 3600


def test_a_single_column_of_days_has_no_header(check, tmp_path):
    """As sheet "Test Sheet 0" of OpenRefine's dates.xls."""
    import datetime

    import openpyxl

    book = openpyxl.Workbook()
    for day in (18, 19, 20):
        book.active.append([datetime.datetime(2021, 4, day)])
    book.save(tmp_path / "made.xlsx")
    check((tmp_path / "made.xlsx").read_bytes(), {0: ["2021-04-18T00:00:00", "2021-04-19T00:00:00"]}, said="no header", name="t.xlsx", length=3)


def test_a_column_of_days_and_parts_of_days(tmp_path):
    """As in ClosedXML's VariousDataTypesInTableColumns/input.xlsx, which was refused."""
    import datetime

    import openpyxl

    from attache.loaders import load

    book = openpyxl.Workbook()
    for row in (["what", "Date"], ["a", datetime.datetime(2024, 5, 1)], ["b", 0.5], ["c", 7]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert load(tmp_path / "t.xlsx")["Date"].tolist() == [datetime.datetime(2024, 5, 1), 0.5, 7]


def test_a_length_with_its_decimals_is_no_negative_number(tmp_path):
    """(30,2) among lengths of fields, as in POI's CVLKRA-KYC_Download_File_Structure_V3.1.xlsx."""
    import openpyxl

    from attache.loaders import load

    book = openpyxl.Workbook()
    for row in (["field", "length"], ["a", 20], ["b", "(30,2)"], ["c", 10]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert load(tmp_path / "t.xlsx")["length"].tolist() == [20, "(30,2)", 10]


def of_excel_95(*records, page=1252):
    """A workbook of Excel 5 or 95: a stream of records in Microsoft's compound file."""
    import struct

    record = lambda kind, body: struct.pack("<HH", kind, len(body)) + body
    bof = lambda what: record(0x809, struct.pack("<HHHH", 0x500, what, 0, 0))
    formats = ["[Red][<50]0;0", '"USD" 0', "yy", "dd.mm.yyyy"]
    head = bof(5) + record(0x42, struct.pack("<H", page))
    head += b"".join(record(0x41E, struct.pack("<HB", 164 + k, len(f)) + f.encode()) for k, f in enumerate(formats))
    head += b"".join(record(0xE0, struct.pack("<HH", 0, k) + bytes(12)) for k in (0, 164, 165, 166, 167))
    start = len(head) + 4 + 11 + 4
    stream = head + record(0x85, struct.pack("<IHB", start, 0, 4) + b"Data") + record(0x0A, b"")
    stream += bof(16) + b"".join(record(*r) for r in records) + record(0x0A, b"")
    stream += bytes(-len(stream) % 512 + 4096)
    count = len(stream) // 512
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, count + 2), 0xFFFFFFFE]
    name = lambda n: n.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(n) + 2)
    entry = lambda n, kind, child, at, size: name(n) + struct.pack("<BBIII", kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child) + bytes(36) + struct.pack("<III", at, size, 0)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0) + b"\xff" * 432
    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Book", 2, 0xFFFFFFFF, 2, len(stream)) + bytes(256)
    return header + struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff") + folder + stream


def test_formats_of_excel_95(check):
    """The reader takes the first two letters of its formats for something else: ed] and D" were days, yy was none."""
    import struct

    text = lambda row, column, value: (0x204, struct.pack("<HHHH", row, column, 0, len(value)) + value)
    number = lambda row, column, style, value: (0x203, struct.pack("<HHHd", row, column, style, value))
    names = [text(0, i, n) for i, n in enumerate((b"what", b"low", b"price", b"year", b"day"))]
    rows = [c for r in (1, 2) for c in (text(r, 0, b"caf\x8e"), number(r, 1, 1, 40 + r), number(r, 2, 2, 120.5), number(r, 3, 3, 38352.0 + r), number(r, 4, 4, 38352.0))]
    wrong = (0x205, struct.pack("<HHHBB", 3, 1, 0, 0x2A, 1))
    want = {"what": ["café"], "low": [41, 42, None], "price": [120.5, 120.5], "year": ["2005-01-01T00:00:00", "2005-01-02T00:00:00"], "day": ["2004-12-31T00:00:00"]}
    for page in (10000, 32768):
        check(of_excel_95(*names, *rows, text(3, 0, b"x"), wrong, page=page), want, said="'Data' hold an error", name="t.xls", length=3)
    check(of_excel_95(*names, *rows, page=32769), {"what": ["cafŽ"]}, name="t.xls", length=2)
