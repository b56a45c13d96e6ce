"""Tables as devices, offices and programs of many countries write them: each case is one way that was read wrong."""

import functools
import io
import json

import pytest
import written
from written import N, day, rows

column = functools.partial(written.column, by="|")


def towns(codec, *names):
    return "id;m\n".encode(codec) + rows(lambda i: f"{i};{names[i % len(names)]}\n").encode(codec), {"m": list(names)}, {}


REMARKS = {
    "rain, wind": ("station,rain,wind\nNorth,not yet installed,out of order\n" + rows(lambda i: f"S{i},{i}.5,{i}.1\n"), "station", ["North", "S0"]),
    "a test": ("name,score,age,remark\nTest User,not graded yet,does not apply,please delete\n" + rows(lambda i: f"N{i},{i},{20 + i},ok\n"), "name", ["Test User", "N0"]),
    "no days yet": ("task,start,end\nPlanning,to be decided,open end\n" + rows(lambda i: f"T{i},2024-01-{i % 28 + 1:02},2024-02-{i % 28 + 1:02}\n"), "task", ["Planning", "T0"]),
    "a placebo": ("pid,dose,resp\nP000,placebo group,no response\n" + rows(lambda i: f"P{i + 1:03},{i * 5},{i}.5\n"), "pid", ["P000", "P001"]),
}

CASES = {
    # months with a year of two digits, and days without a year
    "Mär 24": (column("Mär 24", "Apr 24", "Mai 24"), {"v": day("2024-03-01", "2024-04-01", "2024-05-01")}, {}),
    "déc 23": (column("déc 23", "janv 24", "févr 24"), {"v": day("2023-12-01", "2024-01-01", "2024-02-01")}, {}),
    "sept. 24": (column("août 24", "sept. 24", "oct. 24"), {"v": day("2024-08-01", "2024-09-01", "2024-10-01")}, {}),
    "Jan-22": (column("Jan-22", "Feb-22", "Mar-23"), {"v": day("2022-01-01", "2022-02-01", "2023-03-01")}, {}),
    "05-Jan, each week": (column("05-Jan", "12-Jan", "19-Jan", "26-Jan", "02-Feb"), {"v": ["05-Jan", "12-Jan"]}, {}),
    "Jan 05, each week": (column("Jan 05", "Jan 12", "Jan 19", "Jan 26", "Feb 02"), {"v": ["Jan 05", "Jan 12"]}, {}),
    "numbers of one word": (column("Set 01", "Set 02", "Set 03"), {"v": ["Set 01", "Set 02"]}, {}),
    "the year first, in two digits": (column("24/01/31", "24/12/25"), {"v": day("2024-01-31", "2024-12-25")}, {}),
    "the year first, with points": (column("23.11.30", "24.01.31", "24.02.29"), {"v": day("2023-11-30", "2024-01-31")}, {}),
    "the same day for years": (column(*[f"24/0{m}/{y:02}" for y in (22, 23, 24) for m in (1, 5)]), {"v": day("2022-01-24", "2022-05-24")}, {}),
    "2024年1月": (column("2024年1月", "2024年12月"), {"v": day("2024-01-01", "2024-12-01")}, {}),
    "5 tháng 1, 2024": (column("5 tháng 1, 2024", "12 tháng 2, 2024"), {"v": day("2024-01-05", "2024-02-12")}, {}),
    "5 يناير 2024": (column("5 يناير 2024", "12 فبراير 2024"), {"v": day("2024-01-05", "2024-02-12")}, {}),
    "2024 m. gegužės": (column("5 gegužės 2024", "12 birželio 2024"), {"v": day("2024-05-05", "2024-06-12")}, {}),
    "20240105 103000": (column("20240105 103000", "20240106 113000"), {"v": ["2024-01-05T10:30:00", "2024-01-06T11:30:00"]}, {}),
    "20240105 10:30": (column("20240105 10:30", "20240106 11:30"), {"v": ["2024-01-05T10:30:00", "2024-01-06T11:30:00"]}, {}),
    "infinity of PostgreSQL": (column("2024-01-05", "infinity"), {"v": day("2024-01-05", None)}, {"said": "infinity"}),
    "/Date(…)/": (json.dumps([{"d": f"/Date({1700000000000 + i * 86400000})/"} for i in range(N)]), {"d": ["2023-11-14T22:13:20"]}, {"name": "t.json"}),
    # missing
    "#NV": (column("1.5", "#NV", "2.5"), {"v": [1.5, None, 2.5]}, {"said": "#NV"}),
    "#ССЫЛКА!": (column("1.5", "#ССЫЛКА!", "2.5"), {"v": [1.5, None, 2.5]}, {}),
    "-.-": (column("1.5", "-.-", "2.5"), {"v": [1.5, None, 2.5]}, {}),
    # how lines are written
    "quotation marks within": ("id\tq\tv\n" + rows(lambda i: f'{i}\t"hello {i}" he said\t{i}\n'), {"q": ['"hello 0" he said'], "v": [0, 1]}, {"name": "t.tsv"}),
    "quotation marks around, and words behind one": ("id,q,v\n" + rows(lambda i: f'{i},"a, {i}",{i}\n' if i != 7 else '7,"a" b,7\n'), {"q": ["a, 0"], "v": [0, 1]}, {}),
    "accounts of a system": (rows(lambda i: f"user{i}:x:{1000 + i}:{1000 + i}:User {i},,,:/home/user{i}:/bin/bash\n"), {0: ["user0"], 2: [1000, 1001], 4: ["User 0,,,"]}, {}),
    "addresses of hardware": ("mac,host,n\n" + rows(lambda i: f"00:1a:2b:3c:4d:{i:02x},h{i},{i}\n"), {"mac": ["00:1a:2b:3c:4d:00"], "n": [0, 1]}, {}),
    "lists within fields": ("gene\tgo\tp\n" + rows(lambda i: f"G{i}\tGO:1;GO:2;GO:3,x\t0.0{i:02}\n"), {"go": ["GO:1;GO:2;GO:3,x"], "p": [0.0, 0.001]}, {"name": "t.txt"}),
    "a rare sign": ("id~name~v\n" + rows(lambda i: f"{i}~a b~{i}.5\n"), {"name": ["a b"], "v": [0.5]}, {"name": "t.txt"}),
    "write.table": ('"mpg" "cyl" "name"\n' + rows(lambda i: f'"{i + 1}" {i}.5 {i % 8} "Mazda RX {i}"\n'), {"mpg": [0.5, 1.5], "name": ["Mazda RX 0"]}, {"name": "t.txt"}),
    # what stands above
    "settings of a device": ("Model,DPO2024\nFirmware,1.52\n\nFormat,Y\nUnits,S\nInterval,4e-09\n\nTIME,CH1\n" + rows(lambda i: f"{i}e-9,{i / 10}\n"), {"TIME": [0.0, 1e-9], "CH1": [0.0, 0.1]}, {"said": "Model DPO2024"}),
    "units in words": ("x-axis,1,2\nsecond,Volt,Volt\n" + rows(lambda i: f"{i}E-06,{i / 10},{i / 20}\n"), {"x-axis": [0.0, 1e-06], "1": [0.0, 0.1]}, {"said": "x-axis in second"}),
    "a title with a comma": ("Average temperature, by month\nmonth,temp\n" + rows(lambda i: f"{i % 12 + 1},{i}.5\n"), {"month": [1, 2], "temp": [0.5]}, {"said": "Average temperature"}),
    "names above words": ("a b,c\nunknown,missing value\n" + rows(lambda i: f"{i},{i}\n"), {"a b": [None, 0.0]}, {"length": N + 1}),
    "texts that repeat, without a header": (rows(lambda i: f"Ann{i},Smith,Paris\n"), {0: ["Ann0", "Ann1"], 2: ["Paris"]}, {"unsaid": ["tables"]}),
    # code pages
    "an umlaut in the header alone": ("Größe;Länge\n".encode("cp1252") + rows(lambda i: f"{i};{i}\n").encode(), {"Größe": [0, 1]}, {}),
    "Big5, in few words": towns("big5", "台北", "高雄", "台中", "台南"),
    "Korean, in few words": towns("euc_kr", "서울", "부산", "대구", "인천"),
    "half-width Japanese": towns("shift_jis", "ﾄｳｷｮｳ", "ｵｵｻｶ", "ﾅｺﾞﾔ", "ﾖｺﾊﾏ"),
    # JSON
    "rows of Socrata": (json.dumps({"meta": {"view": {"columns": [{"name": "sid"}, {"name": "Name"}, {"name": "V"}]}}, "data": [[f"r{i}", f"n{i}", i] for i in range(N)]}), {"Name": ["n0"], "V": [0, 1]}, {"name": "t.json"}),
    "JSON within a call": ("callback(" + json.dumps([{"a": i} for i in range(N)]) + ");", {"a": [0, 1]}, {"name": "t.json", "said": "call of a function"}),
}


@pytest.mark.parametrize("case", CASES)
def test_case(check, case):
    content, want, options = CASES[case]
    check(content, want, **{"length": N, **options})


@pytest.mark.parametrize("case", REMARKS)
def test_a_row_of_remarks_is_no_description(check, case):
    content, name, want = REMARKS[case]
    check(content, {name: want}, length=N + 1, unsaid=["holds no values"])


@pytest.mark.parametrize(
    "names, said",
    [
        (("gdp", "pop", "name"), ("Gross domestic product", "Total population", "Name of the country")),
        (("v1", "v2", "v3"), ("Age at the first interview", "Household income before tax", "Region of the country")),
    ],
)
def test_a_description_is_one_by_its_words(check, names, said):
    check(",".join(names) + "\n" + ",".join(said) + "\n" + rows(lambda i: f"{i}.5,{i * 10},C{i}\n"), {names[0]: [0.5, 1.5], names[2]: ["C0"]}, said[0], length=N)


def test_texts_with_a_decimal_comma_in_a_sheet(check):
    import openpyxl

    book = openpyxl.Workbook()
    for line in [["amount", "answers"], *([f"{i},50", f"{i % 4},{i % 3}"] for i in range(N))]:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    check(out.getvalue(), {"amount": [0.5, 1.5], "answers": ["0,0", "1,1"]}, "amount: texts such as 0,50", "t.xlsx", N)


def test_eight_digits_of_text_are_days_where_the_name_says_so(check):
    import openpyxl

    book = openpyxl.Workbook()
    for line in [["part", "SHIP_DATE"], *(["20040429", f"200405{i % 30 + 1:02}"] for i in range(N))]:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    check(out.getvalue(), {"part": ["20040429"], "SHIP_DATE": ["2004-05-01T00:00:00"]}, "texts of eight digits were read as dates, from 20040501 as 2004-05-01", "t.xlsx", N)


@pytest.mark.parametrize("read, want", [("H\0i\0", "Hi"), ("x\0", "x"), ("Hi", "Hi"), ("\0\0", "\0\0"), ("", ""), (1.5, 1.5), (None, None)])
def test_letters_of_two_bytes_that_were_taken_for_two(read, want):
    from attache.loaders.sheet_tables import _without_gaps

    assert _without_gaps(read) == want
