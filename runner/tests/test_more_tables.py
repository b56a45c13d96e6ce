"""Tables as programs and people write them that were once read wrong without a word."""

import pytest
from conftest import plain
from written import N, day, rows


def test_lines_within_values(check):
    check("id,comment\n" + rows(lambda i: f'{i},"one\ntwo, with a comma ""q"""\n'), {"id": [0, 1], "comment": ['one\ntwo, with a comma "q"'] * 2}, length=N, unsaid=["never closed"])
    check("id,comment,n\n" + rows(lambda i: f'{i},"Hi,\n\nyours, ""A"", B\n",{i}\n'), {"comment": ['Hi,\n\nyours, "A", B\n'], "n": [0, 1]}, length=N, unsaid=["never closed"])


def test_a_quotation_mark_that_is_never_closed(check):
    text = "id,name,n\n" + rows(lambda i: f'{i},{chr(34) if i in (20, 30) else ""}a{i},{i}\n')
    frame = check(text, {"n": [0, 1]}, said="never closed", length=N)
    assert frame["name"].tolist() == [f"a{i}" for i in range(N)]


def test_escaped_quotation_marks_at_the_beginning(check):
    check("id,text\n" + rows(lambda i: f'{i},"he said \\"hi, there\\" {i}"\n'), {"text": ['he said "hi, there" 0', 'he said "hi, there" 1']}, length=N)
    check("id,path\n" + rows(lambda i: f'{i},"C:\\temp\\"\n'), {"path": ["C:\\temp\\"]}, length=N)


PIVOT = [
    "Sum of Units,Column Labels,,\nRow Labels,2023,2024,Grand Total\n",
    "Count of id;;;\nRow Labels;North;South;Grand Total\n",
]


@pytest.mark.parametrize("head", PIVOT)
def test_pivot_tables_of_excel(check, head):
    d = ";" if ";" in head else ","
    a, b = head.splitlines()[1].split(d)[1:3]
    frame = check(head + rows(lambda i: d.join([f"c{i}", str(i), str(i + 1), str(2 * i + 1)]) + "\n"), {"Row Labels": ["c0"], a: [0, 1], b: [1, 2], "Grand Total": [1, 3]}, said="above its header", length=N)
    assert [t.kind for t in frame.dtypes[1:]] == ["i"] * 3


def test_names_in_two_rows_that_complete_each_other(check):
    text = "Purpose,,,0 - 6,7 - 10\nSex,Age,School,,\n" + rows(lambda i: f"{'FM'[i % 2]},15 - {20 + i},None at all,{i},{i * 2}\n") + "data extracted on 19 Aug 2016 14:24 UTC,,,,\n"
    frame = check(text, {"Sex": ["F", "M"], "Age": ["15 - 20"], "7 - 10": [0, 2]}, said="joined", length=N)
    assert list(frame.columns) == ["Sex", "Age", "School", "0 - 6", "7 - 10"]


def test_a_first_row_without_numbers_is_no_header(check):
    check("country,area,pop,gdp\nAbkhazia,West,,\n" + rows(lambda i: f"c{i},East,{i},{i * 2}\n"), {"country": ["Abkhazia", "c0"], "pop": [None, 0.0]}, length=N + 1)


def test_a_header_that_is_repeated_from_the_second_line_on(check):
    check("name,value\n" + rows(lambda i: f"a{i},{i}\n" if i % 20 else "name,value\n"), {"name": ["a1", "a2"], "value": [1, 2]}, said="2 line(s) that repeat the header", length=N - 3)


def test_rows_that_are_often_alike_have_no_header(check):
    check(rows(lambda i: "Paris,blue,small\n" if i % 2 else "London,red,big\n"), {0: ["London", "Paris"]}, said="no header", length=N)


NOTES = ["Source: Ministry, 2024\n* provisional\n", "Quelle: Amt, 2024\n", "\nDatensätze: 60\n", "\nLegend:\n", "Note: figures, rounded\n"]


@pytest.mark.parametrize("below", NOTES)
def test_notes_below_with_as_many_fields(check, below):
    frame = check("Region,Units\n" + rows(lambda i: f"R{i},{i}\n") + "Total,1770\n" + below, {"Units": [0, 1]}, said=["left out", "totals (row 61)"], length=N + 1)
    assert frame["Units"].dtype.kind == "i"


def test_sources_as_data(check):
    check("what,n\n" + rows(lambda i: f"Source: {i},{i}\n"), {"n": [0, 1]}, length=N)


def test_two_signs_set_columns_apart(check):
    check("id::title::genre\n" + rows(lambda i: f"{i}::Toy Story (1995)::Comedy|Drama\n"), {"id": [0, 1], "title": ["Toy Story (1995)"], "genre": ["Comedy|Drama"]}, said="::")
    frame = check(rows(lambda i: f"{i}||{i * 3}||{i % 5}\n"), {0: [0, 1], 1: [0, 3], 2: [0, 1]}, said="||")
    assert frame.shape == (N, 3)
    assert check("id,,v\n" + rows(lambda i: f"{i},,{i}\n"), {"v": [0, 1]}, unsaid=[",,"]).shape == (N, 3)


def test_a_table_named_dat(check):
    check(rows(lambda i: f"{i}::{i * 3}::{i % 5}::9783{i:05}\n"), {1: [0, 3]}, said="is a table", name="ratings.dat", length=N)


def test_long_texts_between_tabs_in_a_text_file(check):
    check("name\tunit\tdefinition\n" + rows(lambda i: f"n{i}\tcm\t{'a long definition of what it is ' * 4}\n"), {"unit": ["cm"]}, said="is a table", name="units.txt", length=N)


def test_blanks_on_both_sides(check):
    check(" name , value \n" + rows(lambda i: f" a{i} , {i} \n"), {"name": ["a0", "a1"], "value": [0, 1]}, said="blanks")


def test_padding_in_an_old_workbook(tmp_path, capsys):
    import openpyxl
    from attache.loaders import load

    book = openpyxl.Workbook()
    for row in [["place", "n"], ["NA", 1], *([f"Agra{' ' * 20}", i] for i in range(N))]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    frame = load(tmp_path / "a.xlsx", None, {})
    assert [plain(v) for v in frame["place"]][1:3] == ["Agra", "Agra"] and "blanks" in capsys.readouterr().err


WORDS = {
    "cp932": ["東京", "大阪", "カタカナ"],
    "mac_roman": ["Zoë", "Zoë", "Zoë"],
    "cp1252": ["Zoë", "Größe", "façade"],
    "iso8859_2": ["Łódź", "Gdańsk", "Poznań", "Kraków"],
    "big5": ["台北", "高雄", "臺中", "新竹市"],
    "gb18030": ["北京", "上海", "广州"],
    "euc_jp": ["東京", "大阪", "カタカナ"],
}


@pytest.mark.parametrize("codec", WORDS)
def test_a_few_words_of_an_old_encoding(check, codec):
    words = WORDS[codec]
    text = "id,name\n" + rows(lambda i: f"{i},{words[i % len(words)]}\n")
    text = text.replace("\n", "\r") if codec == "mac_roman" else text  # as the programs that used it ended lines
    check(text.encode(codec), {"name": words[:3]}, length=N)


def test_an_old_encoding_far_below_in_an_irregular_file(check):
    lines = rows(lambda i: f"{i}\t{'text' * 8}\t{i}\n", 4000) + rows(lambda i: f"{i}\tBarthélemy\t\t\n", 40) + rows(lambda i: f"{i}\tÅland\n", 40)
    text = "n\tname\tv\n" + lines
    for codec, end in (("mac_roman", "\r"), ("cp1252", "\n")):
        frame = check(text.replace("\n", end).encode(codec), {"n": [0, 1]}, said=codec, name="t.tsv")
        assert frame["name"].tolist()[-1] == "Åland" and frame["name"].tolist()[-50] == "Barthélemy"


def test_places_are_no_thousands(check):
    check("id;lat;lon\n" + rows(lambda i: f"{i};48.{130 + i};11.{570 + i}\n"), {"lat": [48.13, 48.131], "lon": [11.57]})
    check("id;lat;v\n" + rows(lambda i: f"{i};48,{130 + i};{i},5\n"), {"lat": [48.13, 48.131], "v": [0.5]})


def test_thousands_far_below(check):
    frame = check("n;v\n" + rows(lambda i: f"{i};{i % 900}\n", 9000) + "9001;1.234\n", {"v": [0, 1]}, said="1.234 was read as 1234")
    assert frame["v"].tolist()[-1] == 1234
    frame = check("n;v\n" + rows(lambda i: f"{i};{i}\n", 9000) + "9001;1.234\n", {"v": [0.0, 1.0]}, said="decimal point")
    assert frame["v"].tolist()[-1] == 1.234
    check("n,v\n" + rows(lambda i: f"{i},{i % 900}\n", 9000) + "9001,1.234\n", {"v": [0.0, 1.0]}, unsaid=["1.234"])


@pytest.mark.parametrize("form", ["{y}M{m:02}", "{y}-M{m:02}", "{y}.{m:02}"])
def test_months_as_offices_of_statistics_write_them(check, form):
    check("period,v\n" + rows(lambda i: form.format(y=2000 + i // 12, m=i % 12 + 1) + f",{i}\n"), {"period": day("2000-01-01", "2000-02-01", "2000-03-01", "2000-04-01", "2000-05-01", "2000-06-01", "2000-07-01", "2000-08-01", "2000-09-01", "2000-10-01")}, length=N)


def test_numbers_that_look_like_months(check):
    check("price,v\n" + rows(lambda i: f"{2000 + i // 12}.{i % 12 + 1:02},{i}\n"), {"price": [2000.01, 2000.02]})


def test_a_first_row_of_answers_is_not_one_of_units(check):
    check("who,incumbent,district,n\nKatie,No,N/A,\n" + rows(lambda i: f"w{i},Yes,{i},{i}\n"), {"who": ["Katie", "w0"], "incumbent": ["No", "Yes"], "district": [None, 0.0]}, length=N + 1, unsaid=["units"])
    check("who,h,district\n-,min,km\n" + rows(lambda i: f"w{i},{i},{i}\n"), {"who": ["w0"], "h": [0]}, said="units", length=N)


def test_days_in_the_first_row(check):
    check("08-03-2020,\"Schools, closed\"\n" + rows(lambda i: f"{13 + i % 15}-03-2020,measure {i}\n"), {0: day("2020-03-08", "2020-03-13")}, said="no header", length=N + 1)
    check("place,2020-03-01,2020-03-02\n" + rows(lambda i: f"p{i},{i},{i * 2}\n"), {"place": ["p0"], "2020-03-02": [0, 2]}, length=N)


def test_answers_below_questions(check):
    head = 'Where do you live?,Is it fair?,,,Why?\nResponse,Yes,No,Other,Open-Ended Response\n'
    frame = check(head + rows(lambda i: f"town {i % 7},{'Yes' if i % 2 else ''},{'' if i % 2 else 'No'},,because {i}\n"), {"Where do you live?": ["town 0"], "Is it fair? No": ["No", None]}, said="joined", length=N)
    assert list(frame.columns) == ["Where do you live?", "Is it fair? Yes", "Is it fair? No", "Is it fair? Other", "Why?"]


def test_one_day_after_the_other_shows_the_order(check):
    check("d,v\n" + "".join(f"{i + 1:02}-03-2022,{i}\n" for i in range(10)), {"d": day("2022-03-01", "2022-03-02", "2022-03-03")}, unsaid=["nothing in the table"])
    check("d,v\n" + "".join(f"03/{i + 1:02}/2022,{i}\n" for i in range(10)), {"d": day("2022-03-01", "2022-03-02", "2022-03-03")}, unsaid=["nothing in the table"])
    check("d,v\n" + "".join(f"{i + 1:02}/03/2022,{i}\n" for i in range(10)), {"d": day("2022-03-01", "2022-03-02", "2022-03-03")}, unsaid=["nothing in the table"])


@pytest.mark.parametrize("sep, first, then", [("-", "day", "2024-06-02"), ("/", "month", "2024-02-06")])
def test_what_is_said_of_a_guess_is_what_was_done(check, sep, first, then):
    text = "d,v\n" + rows(lambda i: f"{i % 12 + 1:02}{sep}{i * 5 % 12 + 1:02}{sep}2024,{i}\n")
    check(text, {"d": day("2024-01-01", then)}, said=f"read with the {first} first")
    check(text, {"d": day("2024-01-01", "2024-06-02")}, dayfirst=True)
    check(text, {"d": day("2024-01-01", "2024-02-06")}, dayfirst=False)


def test_a_last_column_without_a_name(check):
    check("col1,\n1,2\n3,4\n", {"col1": [1, 3]}, unsaid=["no header"])
    check("Report,\na,b\n" + rows(lambda i: f"x{i},{i}\n"), {"a": ["x0"], "b": [0, 1]}, said="above its header")


def test_seconds_in_two_columns(check):
    text = "id,start,stop\n" + rows(lambda i: f"{i},{1304095698 + i},{1304095758 + i if i % 9 else ''}\n")
    check(text, {"start": ["2011-04-29T16:48:18"], "stop": [None, "2011-04-29T16:49:19"]}, length=N)


def book(tmp_path, rows):
    import openpyxl

    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def test_days_of_excel_as_texts(tmp_path, capsys, check):
    from attache.loaders import load

    frame = load(book(tmp_path, [["id", "Date", "Code"], *([i, str(45000 + i), str(45000 + i)] for i in range(N))]), None, {})
    assert [plain(v) for v in frame["Date"][:2]] == day("2023-03-15", "2023-03-16") and frame["Code"][0] == "45000" and "Excel's days" in capsys.readouterr().err
    text = "id,Date\n" + rows(lambda i: f"{i},{45000 + i if i % 3 else f'2023-04-{i % 28 + 1:02}'}\n")
    check(text, {"Date": day("2023-04-01", "2023-03-16", "2023-03-17", "2023-04-04")}, said="Excel's days")
    check("id,Date\n" + rows(lambda i: f"{i},{45000 + i if i % 3 else 'x' + str(i)}\n"), {"Date": ["x0", "45001"]}, unsaid=["Excel's days"])


def test_totals_below_their_headings(tmp_path, capsys):
    from attache.loaders import load

    parts = [row for k in range(5) for row in ([f"Part {k}", None], *([f"item {k}{j}", j] for j in range(4)), [f"Part {k} total", 6])]
    load(book(tmp_path, [["what", "n"], *parts]), None, {})
    assert "5 row(s) are totals (row 6, 12, 18, 24, 30)" in capsys.readouterr().err
    load(book(tmp_path, [["what", "n"], *([w, i] for i in range(4) for w in ("Alpha", "Beta", "Gamma total", "Delta"))]), None, {})
    assert "totals" not in capsys.readouterr().err


def test_blanks_on_both_sides_in_a_workbook(tmp_path):
    from attache.loaders import load

    assert load(book(tmp_path, [["a", "n"], *([f" x{i} ", i] for i in range(N))]), None, {})["a"].tolist() == [f"x{i}" for i in range(N)]
