"""What workbooks hold beside values: errors in every form of workbook, hidden rows, durations, numbers in text."""

import datetime
import os
import zipfile

import pandas as pd
import pytest
from attache.loaders import load, sheet_errors

REAL = os.path.join(os.path.dirname(__file__), "real")


def test_errors_of_xls(capsys):
    assert sheet_errors.found(os.path.join(REAL, "53404.xls")).errors == {"test-sheet": [("#VALUE!", "F1")]}
    load(os.path.join(REAL, "53404.xls"))
    assert "1 cell(s) of the sheet 'test-sheet' hold an error and were read as missing (#VALUE! in F1)" in capsys.readouterr().err


def test_errors_of_xlsb(capsys):
    assert sheet_errors.found(os.path.join(REAL, "bug66682.xlsb")).errors == {"test2": [("#DIV/0!", "C7"), ("#REF!", "C8"), ("#NAME?", "C9"), ("#N/A", "C10")]}
    load(os.path.join(REAL, "bug66682.xlsb"))
    assert "4 cell(s) of the sheet 'test2' hold an error" in capsys.readouterr().err


def test_a_damaged_workbook_has_no_errors_to_tell(tmp_path):
    (tmp_path / "t.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 900)
    assert sheet_errors.found(tmp_path / "t.xls").errors == {}


def test_errors_of_ods(tmp_path, capsys):
    cell = lambda text, formula="", kind="string": f'<table:table-cell office:value-type="{kind}"{formula}{f" office:value=&quot;{text}&quot;".replace("&quot;", chr(34)) if kind == "float" else ""}><text:p>{text}</text:p></table:table-cell>'
    wrong = lambda text: cell(text, ' table:formula="of:=1/0" office:string-value="" calcext:value-type="error"')
    rows = [[cell("a"), cell("b")], [cell("1", kind="float"), wrong("#DIV/0!")], [cell("2", kind="float"), wrong("Err:502")], [cell("3", kind="float"), cell("7", kind="float")]]
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"><office:body><office:spreadsheet><table:table table:name="S">'
        + "".join(f"<table:table-row>{''.join(r)}</table:table-row>" for r in rows)
        + "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr("content.xml", content)
        z.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
    frame = load(tmp_path / "t.ods")
    assert frame["b"].isna().tolist() == [True, True, False] and frame["a"].tolist() == [1, 2, 3]
    assert "2 cell(s) of the sheet 'S' hold an error and were read as missing (#DIV/0! in B2, Err:502 in B3)" in capsys.readouterr().err


@pytest.fixture
def sheet(tmp_path, capsys):
    def sheet(fill):
        from openpyxl import Workbook

        wb = Workbook()
        fill(wb.active)
        wb.save(tmp_path / "t.xlsx")
        return load(tmp_path / "t.xlsx"), capsys.readouterr().err

    return sheet


def test_hidden_rows_and_columns_are_said(sheet):
    def fill(ws):
        for row in [("a", "b", "c"), *((i, i, i) for i in range(9))]:
            ws.append(row)
        ws.row_dimensions[4].hidden = ws.row_dimensions[5].hidden = True
        ws.column_dimensions["B"].hidden = True
        ws.auto_filter.ref = "A1:C10"

    frame, notes = sheet(fill)
    assert len(frame) == 9
    assert "2 row(s) of the sheet 'Sheet' are hidden by a filter (row 4, 5)" in notes and "hidden columns of the sheet 'Sheet' are in the table: B." in notes


def test_durations(sheet):
    def fill(ws):
        ws.append(("d", "n"))
        for i in range(3):
            ws.append((datetime.timedelta(hours=26 + i), i))
            ws.cell(i + 2, 1).number_format = "[h]:mm:ss"

    frame, _ = sheet(fill)
    assert frame["d"].tolist() == [pd.Timedelta(hours=26 + i) for i in range(3)]


def test_numbers_in_groups_that_are_text(sheet):
    frame, notes = sheet(lambda ws: [ws.append(r) for r in [("id", "v"), *((f"00{i}", f"{i * 1000:,}") for i in range(5))]])
    assert frame["v"].tolist() == [0, 1000, 2000, 3000, 4000] and frame["id"].tolist()[0] == "000"
    assert "v: texts such as 1,000 were read as numbers" in notes
