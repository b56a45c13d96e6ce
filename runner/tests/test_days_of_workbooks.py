"""Days, times and durations of workbooks: of those that count from 1904, below 0, of a day and more; and binary workbooks of every form."""

import datetime
import os
import zipfile

import openpyxl
import pandas as pd
import pytest
from attache import loaders
from openpyxl.utils.datetime import CALENDAR_MAC_1904

REAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "real")
FIRST = pd.Timestamp("2023-03-15")  # 45000 of Excel, 43538 of a workbook from 1904
HOUR = pd.Timedelta(hours=1)


def load(path, options=None):
    return loaders.load(str(path), {"filename": os.path.basename(str(path))}, options)


def book(path, later=0, strict=False):
    """Dates without a format, dates some of which have none, times below 0."""
    b = openpyxl.Workbook()
    b.epoch = CALENDAR_MAC_1904 if later else b.epoch
    b.active.append(["Date", "n", "neg time", "elapsed", "Due Date", "time", "neg date"])
    for k in range(5):
        b.active.append([45000 - later + k, 5 + k, -0.25 - k / 24, -1.5 - k, 45000 - later + k, 0.5 + k / 24, -3 - k])
        for column, form in {3: "h:mm", 4: "[h]:mm:ss", 5: "yyyy-mm-dd" if k != 2 else "General", 6: "h:mm", 7: "yyyy-mm-dd"}.items():
            b.active.cell(k + 2, column).number_format = form
    b.save(path)
    if strict:
        _changed(path, "xl/workbook.xml", lambda d: d.replace(b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main").replace(b'date1904="1"', b'date1904="true"'))
    return path


def _changed(path, part, change):
    with zipfile.ZipFile(path) as z:
        parts = {n: z.read(n) for n in z.namelist()}
    with zipfile.ZipFile(path, "w") as z:
        for n, data in parts.items():
            z.writestr(n, change(data) if n == part else data)


def right(frame):
    assert frame["Date"].tolist() == [FIRST + k * 24 * HOUR for k in range(5)]
    assert frame["Due Date"].tolist() == [FIRST + k * 24 * HOUR for k in range(5)]
    assert frame["neg time"].tolist() == [-(6 + k) * HOUR for k in range(5)]
    assert frame["elapsed"].tolist() == [-(36 + 24 * k) * HOUR for k in range(5)]
    assert frame["time"].tolist() == [datetime.time(12 + k) for k in range(5)]
    assert frame["n"].tolist() == [5, 6, 7, 8, 9]


@pytest.mark.parametrize("name, later, strict", [("a.xlsx", 0, False), ("b.xlsx", 1462, False), ("c.xlsm", 1462, False), ("d.xlsx", 1462, True)])
def test_xlsx(name, later, strict, tmp_path, capsys):
    right(load(book(tmp_path / name, later, strict)))
    said = capsys.readouterr().err
    assert "times below 0" in said and "-6.00 hours in C2" in said and "as 2023-03-17" in said


@pytest.mark.parametrize("name", ["days1904.xls", "days1904_biff5.xls", "short_cells.xlsb"])
def test_binary_ones(name):
    right(load(os.path.join(REAL, name)))


def test_other_ways_of_reading(tmp_path):
    """With options of one's own, by the other reader, and in a sheet with a cell far away."""
    path = book(tmp_path / "a.xlsx", 1462)
    assert load(path, {"header": 0})["Date"][0] == FIRST
    assert load(path, {"header": 0})["neg time"][0] == -6 * HOUR
    assert load(path, {"engine": "openpyxl"})["neg time"].tolist()[0] == -6 * HOUR
    assert load(path, {"engine": "openpyxl"})["Date"][0] == FIRST
    assert load(path, {"raw": True})["neg time"][0] == "-1 day, 18:00:00"
    b = openpyxl.load_workbook(path)
    b.active["XFD900000"] = " "
    b.save(path)
    frame = load(path)
    assert frame["Date"][0] == FIRST and frame["neg time"][0] == -6 * HOUR
    assert load(os.path.join(REAL, "days1904_biff5.xls"), {"raw": True})["elapsed"][0] == "-2 days, 12:00:00"


def test_texts_that_are_days_of_a_workbook_from_1904(tmp_path):
    b = openpyxl.Workbook()
    b.epoch = CALENDAR_MAC_1904
    for row in (["Date", "who"], ["43538", "a"], ["43539", "b"], ["43540", "c"]):
        b.active.append(row)
    b.save(tmp_path / "t.xlsx")
    assert load(tmp_path / "t.xlsx")["Date"].tolist() == [FIRST + k * 24 * HOUR for k in range(3)]


def test_xlsb_from_1904(tmp_path):
    """The flag is the first bit of BrtWbProp (153)."""
    path = tmp_path / "a.xlsb"
    path.write_bytes(open(os.path.join(REAL, "short_cells.xlsb"), "rb").read())
    from attache.loaders import sheet_xlsb

    flagged = lambda kind, body: sheet_xlsb._record(kind, bytes([body[0] | 1]) + body[1:] if kind == 153 else body)
    _changed(path, "xl/workbook.bin", lambda d: b"".join(flagged(*r) for r in sheet_xlsb.records(d)))
    assert load(path)["Date"][0] == FIRST + 1462 * 24 * HOUR
    assert load(path)["Due Date"].tolist() == [FIRST + (1462 + k) * 24 * HOUR for k in range(5)]


_ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>{}<table:table table:name="S">{}</table:table></office:spreadsheet></office:body></office:document-content>'
)
_CELLS = {
    "text": '<table:table-cell office:value-type="string"><text:p>{0}</text:p></table:table-cell>',
    "time": '<table:table-cell office:value-type="time" office:time-value="{0}"><text:p>?</text:p></table:table-cell>',
    "number": '<table:table-cell office:value-type="float" office:value="{0}"><text:p>{0}</text:p></table:table-cell>',
}


def ods(path, *rows, head="", blank=""):
    body = "".join("<table:table-row>" + blank + blank.join(_CELLS[k].format(v).replace("><text", f">{blank}<text").replace("p></table:table-cell", f"p>{blank}</table:table-cell") for k, v in r) + blank + "</table:table-row>" + blank for r in rows)
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr("META-INF/manifest.xml", "<a/>")
        z.writestr("content.xml", _ODS.format(head, blank + body))
    return path


@pytest.mark.parametrize("blank", ["", "\n   "])
@pytest.mark.parametrize(
    "written, hours",
    [("PT30H00M00S", 30), ("PT24H00M00S", 24), ("-PT06H30M00S", -6.5), ("PT-6H-30M-0S", -6.5), ("P1DT2H", 26), ("PT100H15M", 100.25), ("PT296296H17M36.960000121S", 296296 + 17 / 60 + 36.96 / 3600)],
)
def test_durations_of_opendocument(written, hours, blank, tmp_path):
    head = [("text", "who"), ("text", "worked")]
    path = ods(tmp_path / "a.ods", head, [("text", "a"), ("time", "PT08H15M00S")], [("text", "b"), ("time", written)], blank=blank)
    frame = load(path)
    assert frame["worked"].tolist()[0] == 8.25 * HOUR
    assert abs(frame["worked"][1] - hours * HOUR) < pd.Timedelta(milliseconds=1)
    assert frame["who"].tolist() == ["a", "b"]


def test_times_and_texts_of_opendocument(tmp_path):
    head = [("text", "who"), ("text", "at"), ("text", "video")]
    frame = load(ods(tmp_path / "a.ods", head, [("text", "a"), ("time", "PT08H15M00S"), ("text", "PT30H00M00S")], [("text", "b"), ("time", "PT1H"), ("text", "PT1H")]))
    assert frame["at"].tolist() == [datetime.time(8, 15), datetime.time(1)]
    assert frame["video"].tolist() == ["PT30H00M00S", "PT1H"]  # a text is none


@pytest.mark.parametrize("day, first", [("1904-01-01", FIRST + 1462 * 24 * HOUR), ("1899-12-30", FIRST), ("1900-01-01", FIRST + 48 * HOUR)])
def test_first_days_of_opendocument(day, first, tmp_path):
    head = f'<table:calculation-settings><table:null-date table:date-value="{day}"/></table:calculation-settings>'
    rows = [[("text", "Date"), ("text", "n")]] + [[("number", 45000 + k), ("number", k)] for k in range(3)]
    assert load(ods(tmp_path / "a.ods", *rows, head=head))["Date"][0] == first


def test_flat_opendocument():
    frame = load(os.path.join(REAL, "crlf.fods"))
    assert frame.columns[0] == "Normal" and frame["Normal"].tolist() == ["Formula", "Test"]


def test_xml_2003_from_1904(tmp_path):
    cell = lambda kind, v, style="": f'<Cell{style}><Data ss:Type="{kind}">{v}</Data></Cell>'
    rows = [[("String", n) for n in ("Date", "time", "lasts")]]
    rows += [[("Number", 43538 + k), ("DateTime", f"1904-01-01T0{k}:30:00.000"), ("DateTime", f"1904-01-0{2 + k}T06:00:00.000")] for k in range(3)]
    body = "".join("<Row>" + "".join(cell(k, v, ' ss:StyleID="s1"' if i == 2 else "") for i, (k, v) in enumerate(r)) + "</Row>" for r in rows)
    (tmp_path / "x.xls").write_text(
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        '<ExcelWorkbook xmlns="urn:schemas-microsoft-com:office:excel"><Date1904/></ExcelWorkbook><Styles><Style ss:ID="s1"><NumberFormat ss:Format="[h]:mm"/></Style></Styles>'
        f'<Worksheet ss:Name="S"><Table>{body}</Table></Worksheet></Workbook>'
    )
    frame = load(tmp_path / "x.xls")
    assert frame["Date"].tolist() == [FIRST + k * 24 * HOUR for k in range(3)]
    assert frame["time"].tolist() == [datetime.time(k, 30) for k in range(3)]
    assert frame["lasts"].tolist() == [(30 + 24 * k) * HOUR for k in range(3)]


def test_binary_workbooks_of_other_forms(capsys):
    """Of another folder, of a beta of Excel, with macros and dialogues, which its reader refuses."""
    frames = load(os.path.join(REAL, "wtf_path.xlsb"))
    assert frames["SheetJS"].iloc[0].tolist()[:2] == [True, False] and frames["Hidden"]["d"].tolist()[0] == 3
    assert "2007 Beta 2" in load(os.path.join(os.path.dirname(REAL), "testdata", "testEXCEL.xlsb")).columns[0]
    capsys.readouterr()
    with pytest.raises(loaders.FileLoadError, match="all of its sheets are empty"):
        load(os.path.join(REAL, "BlankSheetTypes.xlsb"))
    assert "the sheet 'Macro1' holds macros" in capsys.readouterr().err


def test_every_kind_of_cell_without_its_column(tmp_path):
    """The cells of short_cells.xlsb, one with an error in place of a number (15: BrtShortReal, 14: BrtShortError)."""
    from attache.loaders import sheet_errors, sheet_xlsb

    with zipfile.ZipFile(os.path.join(REAL, "short_cells.xlsb")) as z:
        kinds = {kind for kind, _ in sheet_xlsb.records(z.read("xl/worksheets/sheet1.bin"))}
    assert kinds & {13, 16, 17, 18}
    path = tmp_path / "e.xlsb"
    path.write_bytes(open(os.path.join(REAL, "short_cells.xlsb"), "rb").read())

    def change(data):
        out, done = [], False
        for kind, body in sheet_xlsb.records(data):
            if kind == 16 and not done:
                kind, body, done = 14, body[:4] + b"\x2a", True
            out.append(sheet_xlsb._record(kind, body))
        assert done
        return b"".join(out)

    _changed(path, "xl/worksheets/sheet1.bin", change)
    said = sheet_errors.found(path)
    assert said.errors == {"S": [("#N/A", "C2")]}
    frame = load(path)
    assert pd.isna(frame["neg time"][0]) and frame["neg time"][1] == -7 * HOUR and frame["n"].tolist() == [5, 6, 7, 8, 9]


@pytest.mark.parametrize("rows", [[(FIRST, 15), (FIRST + HOUR, 16), (FIRST + 2 * HOUR, 17)], [(FIRST, FIRST + HOUR)], [(FIRST, 1.5, True), (None, 2.5, False), (FIRST, 3, True)]])
def test_a_sheet_that_begins_with_days_has_no_header(rows, tmp_path, capsys):
    """As calamine's date.xlsx and POI's 1904DateWindowing.xls; the first row was taken for names."""
    b = openpyxl.Workbook()
    for r in rows:
        b.active.append([v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in r])
    b.save(tmp_path / "a.xlsx")
    frame = load(tmp_path / "a.xlsx")
    assert len(frame) == len(rows) and list(frame.columns) == list(range(len(rows[0]))) and frame[0][0] == FIRST
    assert "has no header" in capsys.readouterr().err


def test_days_over_numbers_are_names(tmp_path):
    b = openpyxl.Workbook()
    for r in ([None, FIRST.to_pydatetime(), (FIRST + 24 * HOUR).to_pydatetime()], ["north", 5, 6], ["south", 7, 8], ["east", 9, 10]):
        b.active.append(r)
    b.save(tmp_path / "a.xlsx")
    frame = load(tmp_path / "a.xlsx")
    assert len(frame) == 3 and frame.iloc[:, 1].tolist() == [5, 7, 9]
