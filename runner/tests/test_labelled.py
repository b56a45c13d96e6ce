"""Kinds of dialects that the hand-labelled files of the CSV_Wrangling study hold, and what binary tables and JSON say otherwise."""

import json

import pandas as pd
import pytest
from attache.loaders import load
from written import rows


@pytest.fixture
def loaded(tmp_path, capsys):
    def loaded(content, name="t.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        value = load(path, None, options)
        return value, capsys.readouterr().err

    return loaded


CASES = {
    "an escape far below": ('"id","place"\n' + rows(lambda i: f'"{i}","p{i}"\n', 4000) + '"4000","the \\"Rock\\""\n', {"place": (4000, 'the "Rock"')}),
    "a backslash before a comma in quotes is no escape": ("id,f\n" + rows(lambda i: f'{i},"\\int f(t)\\, dt, {i}"\n'), {"f": (1, "\\int f(t)\\, dt, 1")}),
    "a backslash at the end of a field is no escape": ("ipa,x,y\n" + rows(lambda i: f"N\\,{i},b\n"), {"ipa": (0, "N\\"), "x": (3, 3)}),
    "paths in quotes end with a backslash": ('"dir","n"\n' + rows(lambda i: f'"C:\\data\\{i}\\","{i}"\n'), {"dir": (2, "C:\\data\\2\\")}),
    "two empty single quotes among double ones": ('size\t"a b"\t"c d"\n' + rows(lambda i: f"{i}\t''\t{i}.5\n"), {"a b": (0, "''")}),
    "number signs": ("name#street#code\n" + rows(lambda i: f"Ana{i}#Mayor, {i}#{i % 7}\n"), {"street": (5, "Mayor, 5")}),
    "semicolons as punctuation": ("id,label\n" + rows(lambda i: f"HC{i},Total; Estimate; Group {i}\n"), {"label": (1, "Total; Estimate; Group 1")}),
    "a sign that only ends the lines": ("n,letter;\n" + rows(lambda i: f"{i},{'IVXL'[i % 4]};\n"), {"letter;": (1, "V;")}),
    "lists within cells": ("col1,col2\n" + rows(lambda i: f"{i};2;3,4;5;{i}\n"), {"col2": (2, "4;5;2")}),
}


@pytest.mark.parametrize("case", CASES)
def test_dialects(loaded, case):
    content, want = CASES[case]
    frame, _ = loaded(content)
    for column, (at, value) in want.items():
        assert column in frame.columns, list(frame.columns)
        assert frame[column].iloc[at] == value


@pytest.mark.parametrize("text, said", [('[{"a": 1, "a": 2}, {"a": 3}]', "1 object(s) have a key twice ('a')"), ('{"a": 1, "a": 2}\n{"a": 3}\n', "1 object(s) have a key twice"), ('{"x": {"k": 1, "k": 2}}', "('k')")])
def test_keys_of_json_that_are_there_twice_are_said(loaded, text, said):
    value, notes = loaded(text, "t.jsonl" if "\n" in text else "t.json")
    assert said in notes
    assert value["a"].tolist() == [2, 3] if isinstance(value, pd.DataFrame) else value == {"x": {"k": 2}}


@pytest.mark.parametrize("text", ['{\n  // where\n  "url": "http://a//b", /* two\n lines */\n  "n": [1, 2,],\n}', '# no\n{"a": 1}'])
def test_json_with_comments(loaded, text):
    if text.startswith("#"):
        with pytest.raises(ValueError, match="not valid JSON"):
            loaded(text, "t.json")
        return
    value, notes = loaded(text, "t.json")
    assert value == {"url": "http://a//b", "n": [1, 2]} and "with comments" in notes


def test_times_of_parquet_beyond_nanoseconds(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    times = pa.array([1, 253_402_300_799_000_000], pa.timestamp("us"))
    fine = pa.array([1_700_000_000_123_456_789, None], pa.timestamp("ns"))
    parquet.write_table(pa.table({"far": times, "fine": fine}), tmp_path / "t.parquet", use_deprecated_int96_timestamps=True)
    frame = load(tmp_path / "t.parquet")
    assert str(frame["far"].iloc[1]) == "9999-12-31 23:59:59" and frame["fine"].iloc[0].nanosecond == 789


def test_times_in_no_year_within_structs_are_numbers(tmp_path, capsys):
    import pyarrow as pa
    from pyarrow import parquet

    column = pa.array([{"at": 1_600_000_000_000_000_000}], pa.struct([("at", pa.timestamp("us", "UTC"))]))
    parquet.write_table(pa.table({"s": column}), tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet")["s"].iloc[0] == {"at": 1_600_000_000_000_000_000}
    assert "times within s are in no year" in capsys.readouterr().err


def test_r_saved_as_text_by_windows(loaded):
    value, _ = loaded(b"A\r\n3\r\n262657\r\n197888\r\n5\r\nUTF-8\r\n13\r\n3\r\n1\r\n2\r\nNA\r\n", "t.rds")
    assert json.dumps(value.tolist()) == "[1, 2, null]"
