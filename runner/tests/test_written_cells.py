"""What stands in the cells of workbooks, in JSON, in archives and in files of columns."""

import bz2
import datetime as dt
import decimal
import gzip
import io
import json
import lzma
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.orc as po
import pyarrow.parquet as pq
import pytest

CASES = {}
N = 30


def book(fill):
    wb = openpyxl.Workbook()
    r = fill(wb.active, wb)
    b = io.BytesIO()
    wb.save(b)
    return b.getvalue()


def X(name, rows, want, fill=None, **o):
    def f(ws, wb):
        for r in rows:
            ws.append(r)
        if fill:
            fill(ws, wb)

    CASES["xlsx " + name] = (book(f), want, {"name": "t.xlsx", **o})


D = dt.datetime
X("text dates mixed with true dates iso", [["d", "v"]] + [[D(2024, 1, i + 1) if i % 3 else f"2024-01-{i+1:02}", i] for i in range(N)], {"d": ["2024-01-01T00:00:00", "2024-01-02T00:00:00"]})
X("text dates mixed dmy", [["d", "v"]] + [[D(2024, 1, i + 1) if i < 12 else f"{i+1:02}/01/2024", i] for i in range(N)], {"d": [f"2024-01-{i+1:02}T00:00:00" for i in range(30)]})
X("text dates mixed german", [["d", "v"]] + [[D(2024, 1, i + 1) if i % 3 else f"{i+1:02}.01.2024", i] for i in range(N)], {"d": [f"2024-01-{i+1:02}T00:00:00" for i in range(30)]})
X("dates and TBD", [["d", "v"]] + [[D(2024, 1, i + 1) if i % 7 else "TBD", i] for i in range(N)], {"d": [None, "2024-01-02T00:00:00"]}, said="missing")
X("dates and a remark", [["d", "v"]] + [[D(2024, 1, i + 1) if i != 5 else "see note", i] for i in range(N)], {"v": [0, 1]})
X("numbers and text numbers", [["a", "v"]] + [[i + 0.5 if i % 3 else f"{i}.5", i] for i in range(N)], {"a": [0.5, 1.5, 2.5, 3.5]}, said="text")
X("ids: numbers and text with zero", [["a", "v"]] + [[10000 + i if i % 3 else f"0{1234+i}", i] for i in range(N)], {"a": ["01234", "10001", "10002"]})
X("numbers and text 1,234", [["a", "v"]] + [[i * 10.0 if i % 3 else f"1,{100+i}", i] for i in range(N)], {"a": [1100, 10.0, 20.0]})
X("numbers with euro text", [["a", "v"]] + [[i * 10.0 if i % 3 else f"{i+1} €", i] for i in range(N)], {"v": [0, 1]})
X("time only", [["t", "v"]] + [[dt.time(i % 24, 30), i] for i in range(N)], {"v": [0]})
X("percent format", [["p", "v"]] + [[i / 100, i] for i in range(N)], {"p": [0.0, 0.01]}, fill=lambda ws, wb: [setattr(ws.cell(r, 1), "number_format", "0%") for r in range(2, N + 2)])
X("bool with gaps", [["ok", "v"]] + [[None if i % 3 == 0 else i % 2 == 0, i] for i in range(N)], {"ok": [None, False, True]})
X("bool texts ja nein", [["ok", "v"]] + [["ja" if i % 3 else "nein", i] for i in range(N)], {"ok": ["nein", "ja"]})
X("title, blank, table, blank, note", [["Report 2024"], [], ["a", "b", "c"]] + [[i, f"x{i}", i / 2] for i in range(N)] + [[], ["Source: us"]], {"a": [0, 1], "c": [0.0, 0.5]}, length=N)
X("years as headers", [["country", 2019, 2020, 2021]] + [[f"C{i}", i, i + 1, i + 2] for i in range(N)], {"country": ["C0"], 2019: [0, 1]})
X("date headers", [["country", D(2020, 1, 1), D(2020, 2, 1)]] + [[f"C{i}", i, i + 1] for i in range(N)], {"country": ["C0"]})


def mer(ws, wb):
    ws.merge_cells("B1:C1")
    ws.merge_cells("D1:E1")
    ws.merge_cells("A1:A2")


X(
    "merged headers",
    [["Region", "2022", None, "2023", None], [None, "units", "price", "units", "price"]] + [[f"R{i}", i, i * 1.5, i + 1, i * 2.5] for i in range(N)],
    {"Region": ["R0", "R1"], "2022 units": [0, 1], "2023 price": [0.0, 2.5]},
    fill=mer,
)
X(
    "three header rows",
    [["Region", "Sales", None, None, None], [None, "2022", None, "2023", None], [None, "units", "price", "units", "price"]] + [[f"R{i}", i, i * 1.5, i + 1, i * 2.5] for i in range(N)],
    {"Sales 2022 units": [0, 1], "Sales 2023 price": [0.0, 2.5]},
)
X("units row", [["time", "speed", "temp"], ["s", "km/h", "°C"]] + [[i, i * 2, i / 2] for i in range(N)], {"time": [0, 1], "temp": [0.0, 0.5]}, said="units")
X("totals", [["r", "v"]] + [[f"R{i}", i] for i in range(N)] + [["Gesamtergebnis", sum(range(N))]], {"v": [0]}, said="totals")
X("header in row 1 then blank row", [["a", "b"], []] + [[i, f"x{i}"] for i in range(N)], {"a": [0, 1]}, length=N)
X("blank columns", [[None, None, None], [None, "a", "b"]] + [[None, i, f"x{i}"] for i in range(N)], {"a": [0, 1], "b": ["x0"]}, length=N)
X("dup header", [["a", "a", "b"]] + [[i, i + 1, i + 2] for i in range(N)], {"a": [0], "a.1": [1]}, said="one name")
X("long ids as numbers", [["id", "v"]] + [[1234567890123456, i] for i in range(N)], {"v": [0]})
X("text ids", [["zip", "v"]] + [[f"{i:05}", i] for i in range(N)], {"zip": ["00000", "00001"]})
X("gaps in ints", [["n", "v"]] + [[None if i % 4 == 0 else i, i] for i in range(N)], {"n": [None, 1, 2, 3]})
X("marks", [["n", "v"]] + [["-" if i % 4 == 0 else i, i] for i in range(N)], {"n": [None, 1, 2, 3]}, said="missing")
X("NA codes", [["code", "v"]] + [[["NA", "ZA", "DE"][i % 3], i] for i in range(N)], {"code": ["NA", "ZA", "DE"]})
X("currency text", [["p", "v"]] + [[f"EUR 1 {100+i},50", i] for i in range(N)], {"p": [1100.5, 1101.5]}, said="EUR")
X("text with line breaks", [["a\nb", "v"]] + [[f"x\n{i}", i] for i in range(N)], {"v": [0]})
X("date as text us", [["d", "v"]] + [[f"{i%12+1}/{i%28+1}/2024", i] for i in range(N)], {"d": ["2024-01-01T00:00:00", "2024-02-02T00:00:00"]})
X("durations", [["d", "v"]] + [[dt.timedelta(hours=i + 20), i] for i in range(N)], {"v": [0]})
X("cols all blank but named", [["a", "b", "c"]] + [[i, None, i] for i in range(N)], {"a": [0], "b": [None], "c": [0]})
X("footnote stars", [["a", "b"]] + [[f"x{i}", i] for i in range(N)] + [["* preliminary"]], {"b": [0, 1]}, length=N)
X("one col", [["v"]] + [[i] for i in range(N)], {"v": [0, 1]}, length=N)
X("header only", [["a", "b"]], {}, length=0)


# ods
def ods(rows, spans={}):
    """An OpenDocument with one sheet; spans: {(row, column): (rows, columns)} of merged cells."""
    covered = {(r + i, c + j) for (r, c), (m, n) in spans.items() for i in range(m) for j in range(n)} - set(spans)

    def cell(r, c, v):
        if (r, c) in covered:
            return "<table:covered-table-cell/>"
        m, n = spans.get((r, c), (1, 1))
        merged = f' table:number-rows-spanned="{m}" table:number-columns-spanned="{n}"' * ((m, n) != (1, 1))
        if v is None:
            return f"<table:table-cell{merged}/>"
        kind, value = (
            ("boolean", f'boolean-value="{str(v).lower()}"')
            if isinstance(v, bool)
            else ("float", f'value="{v}"') if isinstance(v, (int, float)) else ("date", f'date-value="{v:%Y-%m-%d}"') if isinstance(v, dt.datetime) else ("string", "")
        )
        return f'<table:table-cell office:value-type="{kind}"{" office:" * bool(value)}{value}{merged}><text:p>{v}</text:p></table:table-cell>'

    lines = "".join("<table:table-row>" + "".join(cell(r, c, v) for c, v in enumerate(row)) + "</table:table-row>" for r, row in enumerate(rows))
    names = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        z.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
        z.writestr(
            "content.xml",
            f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="S">{lines}</table:table></office:spreadsheet></office:body></office:document-content>',
        )
    return out.getvalue()


def O(name, rows, want, spans={}, **o):
    CASES["ods " + name] = (ods(rows, spans), want, {"name": "t.ods", **o})


O(
    "merged headers",
    [["Region", "2022", None, "2023", None], [None, "units", "price", "units", "price"]] + [[f"R{i}", i, i * 1.5, i + 1, i * 2.5] for i in range(N)],
    {"Region": ["R0", "R1"], "2022 units": [0, 1], "2023 price": [0.0, 2.5]},
    {(0, 0): (2, 1), (0, 1): (1, 2), (0, 3): (1, 2)},
)
O(
    "merged rows",
    [["Region", "shop", "v"]] + [[f"R{i//3}" if i % 3 == 0 else None, f"s{i}", i] for i in range(N)],
    {"Region": ["R0", "R0", "R0", "R1"], "v": [0, 1]},
    {(1 + i, 0): (3, 1) for i in range(0, N, 3)},
)
O("plain", [["a", "b", "d", "ok"]] + [[i, f"x{i}", D(2024, 1, i + 1), i % 2 == 0] for i in range(N)], {"a": [0, 1], "b": ["x0"], "d": ["2024-01-01T00:00:00"], "ok": [True, False]})
O("gaps", [["a", "b"]] + [[None if i % 3 == 0 else i, f"x{i}"] for i in range(N)], {"a": [None, 1, 2]})
X(
    "merged rows",
    [["Region", "shop", "v"]] + [[f"R{i//3}" if i % 3 == 0 else None, f"s{i}", i] for i in range(N)],
    {"Region": ["R0", "R0", "R0", "R1"], "v": [0, 1]},
    fill=lambda ws, wb: [ws.merge_cells(f"A{2+i}:A{4+i}") for i in range(0, N, 3)],
)


# json
def J(name, v, want, **o):
    CASES["json " + name] = (v if isinstance(v, str) else json.dumps(v), want, {"name": "t.json", **o})


J("records", [{"a": i, "b": f"x{i}"} for i in range(N)], {"a": [0, 1], "b": ["x0"]})
J("missing keys", [{"a": i, **({"b": i} if i % 2 else {})} for i in range(N)], {"a": [0, 1], "b": [None, 1]})
J("big ids gaps", [{"id": 1234567890123456789 + i if i % 2 else None} for i in range(N)], {"id": [None, "1234567890123456790"]})
J("dates", [{"d": f"2024-01-{i%28+1:02}T10:00:00Z"} for i in range(N)], {"d": ["2024-01-01T10:00:00+00:00"]})
J("bool gaps", [{"ok": None if i % 3 == 0 else i % 2 == 0} for i in range(N)], {"ok": [None, False, True]})
J("nested", [{"a": i, "b": {"c": i * 2}} for i in range(N)], {"a": [0, 1]})
J("wrapped", {"meta": {"n": 3}, "results": [{"a": i} for i in range(N)]}, {"a": [0, 1]}, said="results")
J("columns orient", {"a": {str(i): i for i in range(N)}, "b": {str(i): f"x{i}" for i in range(N)}}, {"a": [0, 1], "b": ["x0"]})
J("dict of lists", {"a": list(range(N)), "b": [f"x{i}" for i in range(N)]}, {"a": [0, 1], "b": ["x0"]})
J("dict of records by key", {f"k{i}": {"a": i, "b": f"x{i}"} for i in range(N)}, {"a": [0, 1], "b": ["x0"]})
J("lists with header", [["a", "b"]] + [[i, f"x{i}"] for i in range(N)], {"a": [0, 1], "b": ["x0"]})
J("NaN", '[{"a":1,"b":NaN},{"a":2,"b":Infinity},{"a":3,"b":1.5}]', {"a": [1, 2, 3]})
J("table schema", {"schema": {"fields": [{"name": "a", "type": "integer"}]}, "data": [{"a": i} for i in range(N)]}, {"a": [0, 1]})
J("ndjson in .json", "".join(json.dumps({"a": i}) + "\n" for i in range(N)), {"a": [0, 1]})
J("text numbers", [{"p": f"{i}.50", "zip": f"{i:05}"} for i in range(N)], {"zip": ["00000", "00001"]})
J("epoch", [{"created_at": 1700000000000 + i * 1000} for i in range(N)], {"created_at": ["2023-11-14T22:13:20"]})
CASES["jsonl blank lines"] = ("".join(json.dumps({"a": i}) + "\n\n" for i in range(N)), {"a": [0, 1]}, dict(name="t.jsonl"))
CASES["jsonl array lines"] = ("".join(json.dumps([i, f"x{i}"]) + "\n" for i in range(N)), {}, dict(name="t.jsonl"))


# archives
def Z(name, files, want, pw=None, **o):
    b = io.BytesIO()
    z = zipfile.ZipFile(b, "w")
    for n, c in files.items():
        z.writestr(n, c)
    z.close()
    CASES["zip " + name] = (b.getvalue(), want, {"name": "t.zip", **o})


csvt = "a,b\n" + "".join(f"{i},x{i}\n" for i in range(N))
Z("one table", {"t.csv": csvt}, {"a": [0, 1]})
Z("table + readme + mac", {"d/t.csv": csvt, "README.txt": "hi", "__MACOSX/d/._t.csv": "x", ".DS_Store": "y"}, {"a": [0, 1]})
Z("table + license + json meta", {"t.csv": csvt, "LICENSE": "MIT", "datapackage.json": '{"name":"x"}'}, {"a": [0, 1]})
Z("gz in zip", {"t.csv.gz": gzip.compress(csvt.encode())}, {"a": [0, 1]})
Z("xlsx in zip", {"t.xlsx": CASES["xlsx one col"][0]}, {"v": [0, 1]})
CASES["gz csv"] = (gzip.compress(csvt.encode()), {"a": [0, 1]}, dict(name="t.csv.gz"))
CASES["bz2 csv"] = (bz2.compress(csvt.encode()), {"a": [0, 1]}, dict(name="t.csv.bz2"))
CASES["xz csv"] = (lzma.compress(csvt.encode()), {"a": [0, 1]}, dict(name="t.csv.xz"))
CASES["gz named csv"] = (gzip.compress(csvt.encode()), {"a": [0, 1]}, dict(name="t.csv"))
CASES["zip named csv"] = (CASES["zip one table"][0], {"a": [0, 1]}, dict(name="t.csv"))
CASES["bz2 named csv"] = (bz2.compress(csvt.encode()), {"a": [0, 1]}, dict(name="t.csv"))
CASES["csv named xlsx"] = (csvt, {"a": [0, 1]}, dict(name="t.xlsx"))
CASES["csv named xls tab"] = (csvt.replace(",", "\t"), {"a": [0, 1]}, dict(name="t.xls"))
CASES["xlsx named csv"] = (CASES["xlsx one col"][0], {"v": [0, 1]}, dict(name="t.csv"))
CASES["html named xls"] = ("<html><body><table><tr><th>a</th><th>b</th></tr>" + "".join(f"<tr><td>{i}</td><td>{i},5</td></tr>" for i in range(5)) + "</table></body></html>", {}, dict(name="t.xls"))
CASES["json named csv"] = ('[{"a":1},{"a":2}]', {"a": [1, 2]}, dict(name="t.csv"))


def P_(name, table, want, **o):
    b = io.BytesIO()
    pq.write_table(table, b)
    CASES["parquet " + name] = (b.getvalue(), want, {"name": "t.parquet", **o})
    b = io.BytesIO()
    po.write_table(table, b)
    CASES["orc " + name] = (b.getvalue(), want, {"name": "t.orc", **o})
    b = io.BytesIO()
    w = pa.ipc.new_file(b, table.schema)
    w.write_table(table)
    w.close()
    CASES["arrow " + name] = (b.getvalue(), want, {"name": "t.arrow", **o})


P_("bool gaps", pa.table({"ok": pa.array([None, True, False] * 5)}), {"ok": [None, True, False]})
P_("int gaps", pa.table({"n": pa.array([None, 1, 2] * 5)}), {"n": [None, 1, 2]})
P_("big int gaps", pa.table({"n": pa.array([None, 1234567890123456789, 2] * 5)}), {"n": [None, 1234567890123456789, 2]})
P_("date", pa.table({"n": pa.array([dt.date(2024, 1, 1), None])}), {"n": ["2024-01-01T00:00:00", None]})
P_("decimal", pa.table({"n": pa.array([decimal.Decimal("1.50"), None])}), {"n": [1.5, None]})


@pytest.mark.parametrize("case", CASES)
def test_case(check, case):
    content, want, options = CASES[case]
    check(content, want, **options)
