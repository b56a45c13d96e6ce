"""Tables of offices, shops, surveys and programs: one case for each way of writing that is easily misread."""

import io
import json

import openpyxl
import pytest
from written import N, column, day, rows


def cities(codec, *names):
    return "id,m\n".encode() + rows(lambda i: f"{i},{names[i % len(names)]}\n").encode(codec)


def book(*lines, form=None):
    made = openpyxl.Workbook()
    for line in lines:
        made.active.append(line)
    for row in made.active.iter_rows(min_row=2, max_col=1) if form else ():
        row[0].number_format = form
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


CASES = {
    # where one column is, and where more
    "addresses of pages": ("url\n" + rows(lambda i: f"https://x.org/a?b={i};c=2,d\n"), {"url": ["https://x.org/a?b=0;c=2,d"]}, {}),
    "addresses and counts": ("url,hits\n" + rows(lambda i: f"https://x.org/a?b={i};c=2,{i}\n"), {"url": ["https://x.org/a?b=0;c=2"], "hits": [0, 1]}, {}),
    "paths": ("path\n" + rows(lambda i: f"/home/u/a,b/{i};v2.txt\n"), {"path": ["/home/u/a,b/0;v2.txt"]}, {}),
    "remarks of one word or more": ("Comment\n" + rows(lambda i: f"I liked it; really, it was good {i}.\n" if i % 2 else "No\n"), {"Comment": ["No", "I liked it; really, it was good 1."]}, {}),
    "a title above names": ("Contacts\nname;email\n" + rows(lambda i: f"Ann {i};a{i}@x.org\n"), {"name": ["Ann 0"], "email": ["a0@x.org"]}, {}),
    "sep= that parts nothing": ("sep=,\nid;name;v\n" + rows(lambda i: f"{i};x{i};1\n"), {"id": [0, 1], "name": ["x0"]}, {"said": "parts nothing"}),
    "comments of SQL": ("-- export, of 2024\n-- by me\nid,v\n" + rows(lambda i: f"{i},{i}.5\n"), {"id": [0], "v": [0.5]}, {}),
    "comments of SQL, further down": ("-- a, b\nid,v\n" + rows(lambda i: ("-- part\n" if i == 30 else "") + f"{i},{i}.5\n"), {"id": [0]}, {}),
    "-- as a value": ("a,b\n" + rows(lambda i: f"--,{i}\n"), {"b": [0, 1]}, {}),
    "a comma that the file shows, not the column": ("n\tpop\tarea\n" + rows(lambda i: f"{i}\t1,{i:03}\t0,{100 + i}\n"), {"pop": [1.0, 1.001]}, {"said": "pop: 1,000 was read as 1.000"}),
    # code pages
    "ISO 8859-2": (cities("iso8859_2", "Žilina", "Košice", "Ťažký", "Šaľa"), {"m": ["Žilina", "Košice", "Ťažký", "Šaľa"]}, {}),
    "Polish of DOS": (cities("cp852", "Łódź", "Kraków", "Gdańsk", "Wrocław"), {"m": ["Łódź", "Kraków", "Gdańsk"]}, {}),
    "German of DOS": (cities("cp850", "Köln", "München", "Düsseldorf", "Straße"), {"m": ["Köln", "München", "Düsseldorf", "Straße"]}, {}),
    "marks behind letters": (cities("cp1252", "Nestlé® Cacao©2024 Zoë™"), {"m": ["Nestlé® Cacao©2024 Zoë™"]}, {}),
    "Cyrillic of DOS": (cities("cp866", "Просо", "Москва", "Казань"), {"m": ["Просо", "Москва"]}, {}),
    # identifiers, missing, money
    "twenty digits": ("imei,v\n" + rows(lambda i: f"{89012345678901234500 + i},{i}\n"), {"imei": ["89012345678901234500"]}, {}),
    "twenty digits with gaps": ("imei,v\n" + rows(lambda i: f"{89012345678901234500 + i if i % 3 else ''},{i}\n"), {"imei": [None, "89012345678901234501"]}, {}),
    "(null)": (column("1.5", "(null)", "3"), {"v": [1.5, None, 3.0]}, {"said": "(null)"}),
    "a wide yen": (column("￥1,200", "￥95"), {"v": [1200, 95]}, {"said": "amounts in ￥"}),
    "regions of a company": ("region,v\n" + rows(lambda i: f"{['EMEA', 'NA', 'APAC', 'LATAM'][i % 4]},{i}\n"), {"region": ["EMEA", "NA", "APAC"]}, {"said": "NA was kept"}),
    # dates
    "a day or 0": (column("20240131", "0", "20240201", name="date"), {"date": day("2024-01-31", None, "2024-02-01")}, {"said": "20 value(s) 0 were read as missing"}),
    "a day or for ever": (column("20240131", "99991231", name="valid_to"), {"valid_to": day("2024-01-31", None)}, {"said": "99991231 were read as missing"}),
    "amounts of eight digits": (column("20240131", "0", name="amount"), {"amount": [20240131, 0]}, {}),
    "a short day and a time": (column("31.1.24 7:05", "1.2.24 17:05"), {"v": ["2024-01-31T07:05:00", "2024-02-01T17:05:00"]}, {}),
    "a short day": (column("31.1.24", "1.2.24"), {"v": day("2024-01-31", "2024-02-01")}, {}),
    "versions are no days": (column("1.2.10", "3.10.12"), {"v": ["1.2.10", "3.10.12"]}, {}),
    "days and times of SAS": (column("31JAN2024:10:11:12", "01FEB2024:10:11:12"), {"v": ["2024-01-31T10:11:12", "2024-02-01T10:11:12"]}, {}),
    # headers and totals
    "years over names, repeated": ("Region,2023,2023,2024,2024\n,Units,Sales,Units,Sales\n" + rows(lambda i: f"R{i},{i},{i}.5,{i + 1},{i}.7\n"), {"Region": ["R0"], "2023 Units": [0, 1], "2024 Sales": [0.7]}, {"said": "2 rows"}),
    "months over names": (",2024-01,2024-01,2024-02,2024-02\nStore,Qty,Rev,Qty,Rev\n" + rows(lambda i: f"S{i},{i},{i}.5,{i + 2},{i}.7\n"), {"Store": ["S0"], "2024-01 Qty": [0, 1], "2024-02 Rev": [0.7]}, {}),
    "years that stand alone": ("country,2001,2002,2002\n" + rows(lambda i: f"C{i},{i},{i},{i}\n"), {"country": ["C0"], "2001": [0]}, {}),
    "a survey of Qualtrics": (
        'StartDate,Q1,Q2\n"Start Date","How old are you?","Do you like, it?"\n"{""ImportId"":""startDate""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n' + rows(lambda i: f"2024-01-{i % 28 + 1:02} 10:00:00,{20 + i},Yes\n"),
        {"Q1": [20, 21], "StartDate": ["2024-01-01T10:00:00"]},
        {"said": "How old are you?"},
    ),
    "what the columns are, in words": ("id,age,income\nRespondent number,Age of respondent in years,Household income before tax\n" + rows(lambda i: f"{i},{20 + i},{i * 100}\n"), {"id": [0, 1], "age": [20, 21]}, {"said": "Age of respondent"}),
    "one word among numbers is no description": ("a,b\nunknown,unknown\n" + rows(lambda i: f"{i},{i}\n"), {"a": [None, 0.0]}, {"length": N + 1}),
    "a total of each group": ("region,item,qty\n" + "".join(f"R{r},x{i},{i}\n" if i < 5 else f"R{r} Total,,10\n" for r in range(6) for i in range(6)), {"qty": [0, 1]}, {"length": 36, "said": "6 row(s) are totals"}),
    "a total of each group, before its name": ("Region;Artikel;Menge\n" + "".join(f"R{r};x{i};{i}\n" if i < 5 else f"Summe R{r};;10\n" for r in range(6) for i in range(6)), {"Menge": [0, 1]}, {"length": 36, "said": "6 row(s) are totals"}),
    "a company named so is no total": ("company,v\n" + rows(lambda i: f"{['Shell', 'Elf Total', 'BP'][i % 3]},{i}\n"), {"v": [0, 1]}, {"unsaid": ["total"]}),
    # workbooks
    "postcodes by their format": (book(["zip", "v"], *([2000 + i, i] for i in range(20)), form="00000"), {"zip": ["02000", "02001"]}, {"name": "t.xlsx", "length": 20, "said": "zeros in front"}),
    "postcodes and longer ones": (book(["zip", "v"], *([2139 if i % 2 else "10001-1234", i] for i in range(20)), form="00000"), {"zip": ["10001-1234", "02139"]}, {"name": "t.xlsx", "length": 20}),
    "numbers of social security": (book(["ssn", "v"], *([1234567 + i, i] for i in range(20)), form=r"000\-00\-0000"), {"ssn": ["001-23-4567"]}, {"name": "t.xlsx", "length": 20}),
    "two places are no identifier": (book(["x", "v"], *([i + 0.5, i] for i in range(20)), form="0.00"), {"x": [0.5, 1.5]}, {"name": "t.xlsx", "length": 20}),
    "years over names in a sheet": (book(["Region", 2023, 2023, 2024, 2024], [None, "Units", "Sales", "Units", "Sales"], *([f"R{i}", i, i + 0.5, i, i + 0.7] for i in range(20))), {"2023 Units": [0], "2024 Sales": [0.7]}, {"name": "t.xlsx", "length": 20}),
    # JSON
    "names and rows": (json.dumps({"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}), {"a": [1, 3], "b": [2, 4]}, {"name": "t.json", "length": 2}),
    "fields and records": (json.dumps({"fields": [{"type": "int", "id": "_id"}, {"type": "text", "id": "n"}], "records": [[1, "a"], [2, "b"]]}), {"_id": [1, 2], "n": ["a", "b"]}, {"name": "t.json", "length": 2}),
    "columns that have types": (json.dumps({"columns": [{"name": "a", "type": "long"}, {"name": "b", "type": "text"}], "rows": [[1, "x"], [2, "y"]]}), {"a": [1, 2], "b": ["x", "y"]}, {"name": "t.json", "length": 2}),
}


@pytest.mark.parametrize("case", CASES)
def test_kinds(check, case):
    content, want, options = CASES[case]
    check(content, want, **{"length": N, **options})
