"""Tables as programs write them: logs, what commands print, answers of services in JSON, sheets with cells far away."""

import io
import json

import openpyxl
import pytest
from attache.loaders import load
from written import N, rows

ZEEK = (
    "#separator \\x09\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tproto\tduration\n#types\ttime\tstring\tenum\tinterval\n"
    + rows(lambda i: f"{1704412800 + i}.000001\tC{i}x\ttcp\t{'-' if i % 2 else '0.5'}\n")
    + "#close\t2024-01-05-01-00-00\n"
)
PODS = "NAME                     READY   STATUS    RESTARTS      AGE\n" + rows(lambda i: f"web-{i:03}-abcdefgh         1/1     Running   {i % 10} (2d ago)    {i}d\n")
IIS = "#Software: Internet Information Services 10.0\n#Version: 1.0\n#Fields: date time cs-uri-stem sc-status\n"


@pytest.mark.parametrize("name", ["conn.tsv", "conn.log"])
def test_zeek(check, name):
    check(ZEEK, {"uid": ["C0x", "C1x"], "ts": ["2024-01-05T00:00:00.000001"], "duration": [0.5, None]}, "comments", name, N)


def test_web_server(check):
    lines = rows(lambda i: f"2024-01-05 00:00:{i:02} /p{i} {200 + i}\n")
    check(IIS + lines, {"sc-status": [200, 201], "cs-uri-stem": ["/p0"]}, "table", "u_ex240105.log", N)
    check(IIS + lines + IIS + lines, {"sc-status": [200, 201]}, "comments", "u_ex240105.log", 2 * N)  # it was started twice


def test_columns_without_numbers(check):
    check(PODS, {"NAME": ["web-000-abcdefgh"], "READY": ["1/1"], "RESTARTS": ["0 (2d ago)", "1 (2d ago)"], "AGE": ["0d", "1d"]}, "where they stand", "pods.txt", N)


def test_log_of_json(check):
    check(rows(lambda i: json.dumps({"at": f"2024-01-05T10:00:{i:02}", "level": "info", "n": i}) + "\n"), {"n": [0, 1], "at": ["2024-01-05T10:00:00"]}, "JSON object", "app.log", N)


@pytest.mark.parametrize(
    "line",
    [
        "Jan  5 10:00:{i:02} host sshd[{i}]: Failed password for root, again, from 10.0.0.{i}\n",
        "2024-01-05 10:00:{i:02},123 INFO mod: message {i}, and more\n",
        "ts=2024-01-05T10:00:{i:02}Z level=info msg=\"hello {i}\" dur={i}ms\n",
        "[05.01.24, 10:{i:02}:00] Anna: hello {i}\n",
    ],
)
def test_log_of_sentences(tmp_path, line):
    path = tmp_path / "t.log"
    path.write_text(rows(lambda i: line.format(i=i)))
    assert load(path) == path.read_text()


RECORDS = [{"id": i, "name": f"n{i}", "v": i * 1.5} for i in range(20)]
ANSWERS = {
    "GraphQL": ({"data": {"users": {"edges": [{"cursor": "x", "node": r} for r in RECORDS], "pageInfo": {"hasNextPage": False}}}}, {"name": ["n0", "n1"], "v": [0.0, 1.5]}, "data.users.edges"),
    "hits": ({"took": 3, "hits": {"total": 20, "hits": RECORDS}}, {"name": ["n0"]}, "hits.hits"),
    "hours": ({"latitude": 52.5, "hourly_units": {"temperature": "°C"}, "hourly": {"time": [f"2024-01-01T{i:02}:00" for i in range(24)], "temperature": [i * 0.5 for i in range(24)]}}, {"time": ["2024-01-01T00:00:00"], "temperature": [0.0, 0.5]}, "list for each column"),
    "days by their key": ({"Meta Data": {"1. Information": "Daily"}, "Time Series": {f"2024-01-{i + 1:02}": {"open": i + 0.5, "close": i + 0.75} for i in range(20)}}, {"key": ["2024-01-01T00:00:00"], "open": [0.5, 1.5]}, "records by a key"),
    "rows of texts": ([["NAME", "POP", "state"], *([f"n{i}", str(i * 1000), f"{i:02}"] for i in range(20))], {"POP": [0, 1000], "state": ["00", "01"]}, "names of the columns"),
    "types of MongoDB": ([{"_id": {"$oid": f"{i:024x}"}, "at": {"$date": {"$numberLong": str(1704412800000 + i)}}, "n": {"$numberLong": str(i)}, "x": {"$numberDecimal": f"{i}.5"}} for i in range(20)], {"_id": ["0" * 24], "n": [0, 1], "x": [0.5, 1.5]}, ""),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answer(check, case):
    value, want, said = ANSWERS[case]
    check(json.dumps(value), want, said, "t.json")


def test_records_behind_separators(check):
    check("\x1e" + "\n\x1e".join(map(json.dumps, RECORDS)), {"name": ["n0", "n1"]}, name="t.json", length=20)


@pytest.mark.parametrize("value", [{"name": "x", "version": "1.0", "dependencies": {f"package-{i}": "^1.0" for i in range(60)}}, {"a": {"b": {str(i): {f"k{i}": i} for i in range(60)}}}])
def test_settings_are_no_table(tmp_path, value):
    path = tmp_path / "t.json"
    path.write_text(json.dumps(value))
    assert load(path) == value


def sheet(*cells):
    book = openpyxl.Workbook()
    for line in [["a", "b"], *([i, f"x{i}"] for i in range(10))]:
        book.active.append(line)
    for row, column, value in cells:
        book.active.cell(row, column, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_cell_far_away(check):
    frame = check(sheet((1_000_000, 16_000, "x")), {"a": [0, 1], "b": ["x0", "x1"]}, "far from the others", "t.xlsx")
    assert frame.shape[0] < 20  # of 16,000,000,000 cells


def test_a_blank_cell_far_away(check):
    book = openpyxl.load_workbook(io.BytesIO(sheet()))
    book.active.cell(1_000_000, 16_000).number_format = "0.00"
    out = io.BytesIO()
    book.save(out)
    check(out.getvalue(), {"a": [0, 1]}, name="t.xlsx", length=10, unsaid=["far"])


def test_cells_too_far_from_one_another(tmp_path):
    from attache.loaders.source import FileLoadError

    path = tmp_path / "t.xlsx"
    path.write_bytes(sheet(*((100 * i, 4 * i, i) for i in range(1, 4000))))
    with pytest.raises(FileLoadError, match="too far from one another"):
        load(path)


def test_far_cells_of_other_readers():
    """What calamine gives of an .xls or .ods is looked at cell by cell."""
    from attache.loaders import sheet_far

    class Sheet:
        total_height, total_width, start = 60_000, 250, (0, 2)

        def iter_rows(self):
            for n in range(60_000):
                yield ["x" if n in (0, 59_999) else "", *[""] * 246, 3.0 if n == 1 else ""]

    class Book:
        book = type("", (), {"get_sheet_by_name": lambda self, title: Sheet()})()

    assert sheet_far._of_reader(Book, "s") == {0: {2: "x"}, 1: {249: 3}, 59_999: {2: "x"}}
