"""Lines with another number of fields than the header has names: no value comes under the name of another column unsaid."""

import pytest
from attache.loaders import load
from attache.loaders.source import FileLoadError
from written import N, day, rows

PART = "within a value"
CASES = {
    "an address, now and then": ("id,address,city\n" + rows(lambda i: f"{i},{i} Main St{', Apt 4' if i % 4 == 1 else ''},Bonn\n"), {"id": [0, 1], "address": ["0 Main St", "1 Main St, Apt 4"], "city": ["Bonn", "Bonn"]}, PART),
    "a name in each line": ("name,age,city\n" + rows(lambda i: f"Doe{i}, John,{20 + i},Bonn\n"), {"name": ["Doe0, John", "Doe1, John"], "age": [20, 21], "city": ["Bonn"]}, PART),
    "a day in each line": ("id,date,v\n" + rows(lambda i: f"{i},Jan {i % 28 + 1}, 2024,{i}\n"), {"id": [0, 1], "date": day("2024-01-01", "2024-01-02"), "v": [0, 1]}, PART),
    "a title in each line, below semicolons": ("id;title;v\n" + rows(lambda i: f"{i};part {i}; the rest;{i}\n"), {"id": [0, 1], "title": ["part 0; the rest"], "v": [0, 1]}, PART),
    "groups of a number": ("id,name,amount\n" + rows(lambda i: f"{i},n{i},{'1,234.50' if i % 2 else '12.50'}\n"), {"id": [0, 1], "name": ["n0", "n1"], "amount": [12.5, 1234.5]}, PART),
    "groups of a number, before others": ("id,amount,name\n" + rows(lambda i: f"{i},{'12,345' if i % 3 else '900'},n{i}\n"), {"id": [0, 1], "amount": [900, 12345], "name": ["n0", "n1"]}, PART),
    "groups that may be of two numbers": ("a,b,c\n" + rows(lambda i: f"{i},{i},{100 + i}{',123' if i % 2 else ''}\n"), {"a": [0, 1], "b": [0, 1]}, "more fields than the header"),
    "names of the rows": ("mpg,cyl\n" + rows(lambda i: f"Mazda{i},{20 + i},{i}\n"), {"mpg": [20, 21], "cyl": [0, 1]}, "names of the rows (Mazda0"),
    "a first column of names": ("name,age\n" + rows(lambda i: f"Ann{i},{20 + i},Bonn\n"), {"name": ["Ann0", "Ann1"], "age": [20, 21], "Unnamed: 2": ["Bonn"]}, "without a name"),
    "blanks behind all delimiters": ("id, name, city\n" + rows(lambda i: f"{i}, n{i}, Bonn\n"), {"id": [0, 1], "name": ["n0", "n1"]}, ""),
    "a blank that is a value's own": ("id,name,city\n" + rows(lambda i: f"{i}, n{i},Bonn\n"), {"id": [0, 1], "city": ["Bonn"]}, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_values_stay_under_their_names(check, case):
    content, want, said = CASES[case]
    check(content, want, said, "t.csv", N, unsaid=() if said == PART else [PART])


def test_more_columns_than_are_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"c{i}" for i in range(100_001)) + "\n" + ",".join("1" * 100_001) + "\n")
    with pytest.raises(FileLoadError, match="^t.csv has more than 100,000 columns: "):
        load(path)
