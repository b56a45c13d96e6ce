"""Dates of other calendars and orders, degrees, and numbers written in two ways."""

import pytest
from written import column, day, rows

CASES = {}
CASES["Persian calendar"] = (column("۱۳۹۹/۱۲/۳۰", "۱۴۰۲/۱۰/۱۱", name="تاریخ"), {"تاریخ": day("2021-03-20", "2024-01-01")}, "Persian calendar")
CASES["Persian calendar, usual digits"] = (column("1400/01/01", "1404/01/01", name="date_shamsi"), {"date_shamsi": day("2021-03-21", "2025-03-21")}, "Persian calendar")
CASES["Hijri years"] = (column("1445/01/01", "1445/02/03", name="التاريخ"), {"التاريخ": ["1445/01/01"]}, "left as text")
CASES["Thai digits, one day alone"] = (column("๑๕/๐๑/๒๕๖๗", name="วันที่"), {"วันที่": day("2024-01-15")}, "Buddhist era")
CASES["Japanese eras by a letter"] = (column("R6.1.15", "H31.4.30", name="日付"), {"日付": day("2024-01-15", "2019-04-30")}, "Japanese eras")
CASES["a code like an era"] = (column("R6.1.15", "H31.4.30", name="part"), {"part": ["R6.1.15"]}, "")
CASES["year, day, month"] = (column("2017-27-07", "2017-03-08"), {"v": day("2017-07-27", "2017-08-03")}, "day before the month")
CASES["year, month, day stays"] = (column("2017-07-27", "2017-03-08"), {"v": day("2017-07-27", "2017-03-08")}, "")
CASES["south and west"] = (column("48.5 S", "12.25 S", name="lat"), {"lat": [-48.5, -12.25]}, "south and west as negative")
CASES["degrees and minutes"] = (column("48° 30' 36\" N", "48° 15' 0\" S", name="place"), {"place": [48.51, -48.25]}, "degrees")
CASES["watts are no longitude"] = (column("48.5 W", "12.25 W", name="power"), {"power": [48.5, 12.25]}, "unit W")
CASES["comma and point in one column"] = (column("1.234,50", "1,234.50", "7", "0,5"), {"v": [1234.5, 1234.5, 7.0, 0.5]}, "each was read by its own")
CASES["what may be a thousand stays"] = (column("1.234", "1,50", "0.75"), {"v": ["1.234", "1,50"]}, "")
CASES["raised footnotes"] = (column("100¹", "101", "102", "103"), {"v": [100, 101]}, "flags behind")
CASES["lists of things"] = (
    "bread,milk\nmilk\nbeer,chips,milk\nbread,chips\nmilk,beer\nbread\nchips\nbeer,milk\nbeer,bread,milk,chips,nuts\n",
    {0: ["bread", "milk", "beer"], 1: ["milk", None, "chips"], 4: [None]},
    "no header line",
)
CASES["names over lists"] = ("first,second\n" + rows(lambda i: ",".join(["milk", "beer", "chips"][: i % 3 + 1]) + "\n"), {"first": ["milk"]}, "")


@pytest.mark.parametrize("case", CASES)
def test_case(check, case):
    content, want, said = CASES[case]
    check(content, want, said=said)


def test_opendocument_with_blanks_between_its_cells(tmp_path):
    import zipfile

    from attache.loaders import load

    row = lambda *cells: "\n <table:table-row>\n" + "\n".join(f'  <table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in cells) + "\n </table:table-row>"
    spaces = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
        z.writestr("content.xml", f'<office:document-content {spaces}><office:body><office:spreadsheet>\n<table:table table:name="A">{row("name", "city")}{row("Ann", "New  York")}{row("Bob", "Rome")}\n</table:table></office:spreadsheet></office:body></office:document-content>')
    assert load(tmp_path / "t.ods").name.tolist() == ["Ann", "Bob"]


def test_a_calendar_is_no_table(tmp_path):
    from attache.loaders import load

    (tmp_path / "t.ics").write_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Lunch\nEND:VEVENT\nEND:VCALENDAR\n")
    assert load(tmp_path / "t.ics").startswith("BEGIN:VCALENDAR")


def test_a_cell_above_a_sheet_without_a_header_is_said(check, tmp_path):
    import datetime

    import openpyxl

    book = openpyxl.Workbook()
    for row in ([datetime.datetime(1961, 11, 20)], [], *([datetime.datetime(1961, 11, 21 + i), i, 2.5] for i in range(6))):
        book.active.append(row)
    book.save(tmp_path / "made.xlsx")
    check((tmp_path / "made.xlsx").read_bytes(), {1: [0, 1]}, said="left out: 1961-11-20", name="t.xlsx", length=6)
