"""Tables with quotation marks that are not doubled, names in brackets, and no header above addresses and identifiers.

Written as in the tests of data.table (unescaped.csv, gb18030.txt), of DuckDB (ips.csv.gz) and as MetaTrader 5 and Finam export.
"""

import pytest

QUOTED = 'id,text,n\n1,"he said "hello" to me",5\n2,"plain",6\n3,"a ""good"" one",7\n4,"x, "y" and, z",8\n5,"5" pipe",9\n'
FAR = "id,text,n\n" + "".join(f'{i},"text number {i}",5\n' for i in range(5000)) + '5000,"he said "hello" to me",5\n'
CASES = {
    "quotation marks within quotation marks": (QUOTED, {"text": ['he said "hello" to me', "plain", 'a "good" one', 'x, "y" and, z', '5" pipe'], "n": [5, 6, 7, 8, 9]}, "3 line(s) have quotation marks"),
    "one word in them begins a value": ('a;b\n"Foo" Bar;1\n"x";2\n"z" u;3\n', {"a": ['"Foo" Bar', '"x"', '"z" u'], "b": [1, 2, 3]}, ""),
    "data.table": ('"No","Comment","Type"\n"0","he said:"wonderful."","A"\n"1","The problem is: reading table, and also "a problem, yes." keep going on.","A"\n', {"Comment": ['he said:"wonderful."', 'The problem is: reading table, and also "a problem, yes." keep going on.'], "Type": ["A", "A"]}, ""),
    "MetaTrader": ("<DATE>\t<TIME>\t<OPEN>\t<TICKVOL>\n2020.01.02\t00:00:00\t1.12120\t49\n2020.01.03\t00:01:00\t1.12119\t38\n", {"<DATE>": ["2020-01-02T00:00:00"], "<OPEN>": [1.1212, 1.12119], "<TICKVOL>": [49, 38]}, ""),
    "Finam": ("<TICKER>;<DATE>;<CLOSE>\nSBER;20240103;271,90\nSBER;20240104;274,67\n", {"<DATE>": ["2024-01-03T00:00:00"], "<CLOSE>": [271.9, 274.67]}, ""),
    "objects beside a name": ('{"a":1},x\n{"a":2},y\n{"a":3},z\n', {}, ""),
    "a mark of GB 18030": (b"\x84\x31\x95\x33x,y\na,1\n", {"x": ["a"], "y": [1]}, ""),
    "identifiers": ("{3F2504E0-4F89-11D3-9A0C-0305E82C3301},Alpha\n{3F2504E0-4F89-11D3-9A0C-0305E82C3302},Beta\n", {0: ["{3F2504E0-4F89-11D3-9A0C-0305E82C3301}"], 1: ["Alpha", "Beta"]}, "no header"),
    "numbers of orders": ("AB-2024-001,open\nAB-2024-002,closed\n", {0: ["AB-2024-001", "AB-2024-002"]}, "no header"),
    "names above numbers of orders": ("order_id,state\nAB-2024-001,open\nAB-2024-002,closed\n", {"order_id": ["AB-2024-001", "AB-2024-002"]}, ""),
    "addresses of mail": ("a@x.org,Ann\nb@y.org,Bob\n", {0: ["a@x.org", "b@y.org"]}, "no header"),
    "addresses of computers": ("10.0.0.1,gate\n10.0.0.2,printer\n10.0.0.7,nas\n", {1: ["gate", "printer", "nas"]}, "no header"),
}


@pytest.mark.parametrize("case", CASES)
def test_case(check, case):
    content, want, said = CASES[case]
    check(content, want, said=said)


def test_a_mark_far_below_the_part_that_is_looked_at(check):
    frame = check(FAR, {}, said="1 line(s) have quotation marks", length=5001)
    assert frame["text"].iloc[-1] == 'he said "hello" to me'


def test_a_mark_that_is_closed_far_below_takes_no_rows_in(check):
    """As in frictionless-py's issue-1066.csv, the petrol stations of Italy."""
    lines = [f"{i};Shop {i};Via Roma {i};{i}.5" for i in range(400)]
    lines[20] = '20;"Mega Service;Via Po 20;20.5'
    lines[300] = '300;Esso "Nord" & C;"Via "Dante" 3;300.5'
    frame = check("id;name;street;x\n" + "\n".join(lines) + "\n", {}, said="never closed", length=400)
    assert frame["id"].tolist() == list(range(400)) and frame["name"][20] == "Mega Service" and frame["x"].tolist() == [i + 0.5 for i in range(400)]


def test_groups_above_a_header_of_two_rows(check):
    """As in frictionless-py's issue-1024.xlsx, of the IPC."""
    head = ",,Current,,,,Projection,,,\n,,People,,Phase 1,,People,,Phase 1,\narea,code,#,%,#,%,#,%,#,%\n"
    names = {"Current People #": [100, 101], "Projection People #": [102, 103], "Projection Phase 1 %": [0.5, 0.5], "area": ["A0", "A1"]}
    check(head + "".join(f"A{i},x{i},{100 + i},0.5,5,0.5,{102 + i},0.5,7,0.5\n" for i in range(5)), names, said="3 rows", length=5)


def test_lines_in_brackets_are_no_json(tmp_path):
    from attache.loaders import load

    (tmp_path / "ips.csv").write_text("[248.128.0.120]\n[248.128.0.141]\n")
    assert load(tmp_path / "ips.csv") == "[248.128.0.120]\n[248.128.0.141]\n"
    (tmp_path / "one.csv").write_text('{\n "a": [1,\n 2]}')
    assert load(tmp_path / "one.csv") == {"a": [1, 2]}


BESIDE = {
    "of unlike lengths": ("Region,Sales,,Product,Units\nNorth,100.5,,Apple,5\nSouth,200.0,,Pear,7\nWest,150.25,,Fig,9\n,,,Plum,2\n", {"Region": ["North", "South", "West"], "Sales": [100.5, 200, 150.25]}, {"Product": ["Apple", "Pear", "Fig", "Plum"], "Units": [5, 7, 9, 2]}),
    "with titles": ('"Table 1",,,"Table 2",,\nName,Value,,Name,Value,\nx,1,,p,4,\ny,2,,q,5,\n', {"Name": ["x", "y"], "Value": [1, 2]}, {"Name": ["p", "q"], "Value": [4, 5]}),
    "with one name first": ("Month,Sales,,Month,Costs\nJan,10,,Feb,5\nFeb,20,,Mar,7\nMar,30,,Apr,6\n", {"Month": ["Jan", "Feb", "Mar"], "Sales": [10, 20, 30]}, {"Month": ["Feb", "Mar", "Apr"], "Costs": [5, 7, 6]}),
    "with the same first values": ("Quarter;Sales;;Period;Staff\nspring;10;;spring;5\nsummer;20;;summer;7\nautumn;5;;autumn;6\n", {"Quarter": ["spring", "summer", "autumn"], "Sales": [10, 20, 5]}, {"Period": ["spring", "summer", "autumn"], "Staff": [5, 7, 6]}),
    "each with its total": ("Region,Sales,,Product,Units\nNorth,10,,Apple,5\nSouth,20,,Pear,7\nTotal,30,,Total,12\n", {"Region": ["North", "South", "Total"], "Sales": [10, 20, 30]}, {"Product": ["Apple", "Pear", "Total"], "Units": [5, 7, 12]}),
    "each counted from 1": ("Rank,Player,,No,Club\n1,Ann,,1,Reds\n2,Ben,,2,Blues\n3,Cy,,3,Greens\n", {"Rank": [1, 2, 3], "Player": ["Ann", "Ben", "Cy"]}, {"No": [1, 2, 3], "Club": ["Reds", "Blues", "Greens"]}),
    "each by size": ("Product,Units,,City,Orders\na,90,,X,40\nb,80,,Y,31\nc,70,,Z,30\nd,60,,U,20\ne,50,,V,10\n", {"Product": list("abcde"), "Units": [90, 80, 70, 60, 50]}, {"City": list("XYZUV"), "Orders": [40, 31, 30, 20, 10]}),
}


@pytest.mark.parametrize("case", BESIDE)
def test_tables_side_by_side(check, case):
    content, first, second = BESIDE[case]
    assert check(content, first, said="2 tables side by side", length=len(next(iter(first.values())))).shape[1] == 2
    assert check(content, second, length=len(next(iter(second.values()))), table=2).shape[1] == 2


def test_a_blank_column_within_a_table_parts_nothing(check):
    frame = check("Region;Sales;;Product;Units\nNorth;100,5;;Apple;5\nSouth;200,0;;Pear;7\n", {"Sales": [100.5, 200], "Units": [5, 7]}, length=2, said="a blank column parts Region, Sales from Product, Units")
    assert frame.shape[1] == 5
    text = "Region;Sales;;Product;Units\nNorth;100,5;;Apple;5\nSouth;200,0;;Pear;7\n"
    assert check(text, {"Product": ["Apple", "Pear"], "Units": [5, 7]}, table=2, length=2).shape[1] == 2
    for text in ("Name,Q1,Q2,,Total,Mean\nAnn,1,2,,3,1.5\nBen,5,6,,11,5.5\n", "Shop,Sales,,City,Rate\nA,3,,Bonn,0.5\nB,4,,Ulm,0.25\nC,5,,Bonn,0.5\n"):
        assert check(text, {}, unsaid=["side by side", "a blank column parts"]).shape[1] == text.splitlines()[0].count(",") + 1


ONE_COLUMN = {
    "days with times": ("ts\n2020-01-01 01:02:03\n2020-01-02 01:02:03\n", {"ts": ["2020-01-01T01:02:03", "2020-01-02T01:02:03"]}, 2),
    "one day with its time": ("ts\n2020-01-01 01:02:03\n", {"ts": ["2020-01-01T01:02:03"]}, 1),
    "days in words": ("date\n01 Jan 2020\n02 Jan 2020\n", {"date": ["2020-01-01T00:00:00"]}, 2),
    "days without a name": ("2020-01-01 01:02:03\n2020-01-02 01:02:03\n", {0: ["2020-01-01T01:02:03"]}, 2),
    "amounts": ("EUR 12.50\nEUR 13.00\nEUR 14.75\n", {0: [12.5, 13, 14.75]}, 3),
    "names of people": ("name\nJohn Smith\nMary Jones\n", {"name": ["John Smith", "Mary Jones"]}, 2),
    "one number": ("42\n", {0: [42]}, 1),
    "a day and a time by their names": ("day time\n2020-01-01 01:02:03\n2020-01-02 01:02:03\n", {"time": ["01:02:03", "01:02:03"]}, 2),
}


@pytest.mark.parametrize("case", ONE_COLUMN)
def test_values_with_blanks_are_one_column(check, case):
    """As DuckDB's data/csv/timestamp.csv."""
    content, want, length = ONE_COLUMN[case]
    check(content, want, length=length)
