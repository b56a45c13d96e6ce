"""Dates, numbers and marks of what is missing as they are written in other languages."""

import pytest
from written import N, column, day

DATES = {
    "Latvian": (("2024. gada 5. janvāris", "2024. gada 12. februāris"), day("2024-01-05", "2024-02-12")),
    "Lithuanian": (("2024 m. sausio 5 d.", "2024 m. vasario 12 d."), day("2024-01-05", "2024-02-12")),
    "Serbian": (("5. јануар 2024.", "12. фебруар 2024."), day("2024-01-05", "2024-02-12")),
    "Malay": (("5 Ogos 2024", "12 Disember 2024"), day("2024-08-05", "2024-12-12")),
    "Hindi": (("5 जनवरी 2024", "12 फ़रवरी 2024"), day("2024-01-05", "2024-02-12")),
    "Japanese eras": (("令和6年1月5日", "平成31年4月30日"), day("2024-01-05", "2019-04-30")),
    "the first year of an era": (("令和元年5月1日", "昭和64年1月7日"), day("2019-05-01", "1989-01-07")),
    "Taiwan": (("民國113年1月5日", "民國112年12月25日"), day("2024-01-05", "2023-12-25")),
    "Chinese half days": (("2024/1/5 下午 3:05:00", "2024/1/6 上午 9:30:00"), ["2024-01-05T15:05:00", "2024-01-06T09:30:00"]),
    "Korean half days": (("2024-01-05 오후 3:05:00", "2024-01-06 오전 12:30:00"), ["2024-01-05T15:05:00", "2024-01-06T00:30:00"]),
    "Arabic half days": (("05/01/2024 03:05 م", "25/01/2024 09:30 ص"), ["2024-01-05T15:05:00", "2024-01-25T09:30:00"]),
    "Greek half days": (("5/1/2024 3:05 μμ", "25/1/2024 9:30 π.μ."), ["2024-01-05T15:05:00", "2024-01-25T09:30:00"]),
    "Turkish half days": (("05.01.2024 ÖS 3:05", "25.01.2024 ÖÖ 9:30"), ["2024-01-05T15:05:00", "2024-01-25T09:30:00"]),
}
BUDDHIST = {
    "with names": (("5 มกราคม 2567", "12 กุมภาพันธ์ 2567"), day("2024-01-05", "2024-02-12")),
    "with short names": (("5 ม.ค. 2567", "12 ก.พ. 2567"), day("2024-01-05", "2024-02-12")),
    "in numbers": (("05/01/2567", "29/02/2567"), day("2024-01-05", "2024-02-29")),
    "the year first": (("2567-01-05", "2566-12-25"), day("2024-01-05", "2023-12-25")),
}
NUMBERS = {
    "円": (("1,234円", "12円"), [1234, 12], "amounts in 円"),
    "원": (("1,234,000원", "12원"), [1234000, 12], "amounts in 원"),
    "万": (("1.2万", "3万"), [12000, 30000], "multiplied out"),
    "億円": (("1.2億円", "3億円"), [120000000, 300000000], "multiplied out"),
    "% in front": (("%12,5", "%3,0"), [12.5, 3.0], "per cents"),
    "b.d.": (("1,5", "b.d.", "2,5"), [1.5, None, 2.5], "b.d."),
    "нет данных": (("1,5", "нет данных", "2,5"), [1.5, None, 2.5], "нет данных"),
    "不明": (("1.5", "不明", "2.5"), [1.5, None, 2.5], "不明"),
    "flags behind, a colon for nothing": (("12.5 b", "13.0", ":", "14.0", ": c", "3.5", "4.5"), [12.5, 13.0, None, 14.0, None, 3.5], "flags behind"),
    "stars behind": (("12.5", "13.0*", "14.5", "3.5", "4.5"), [12.5, 13.0, 14.5], "'13.0*'"),
    "notes behind": (("12", "13 (p)", "14", "3", "4[2]", "5", "6"), [12, 13, 14, 3, 4], "flags behind"),
}
TEXTS = {
    "letters that may be units": ("12 b", "13", "14", "15"),
    "mostly stars": ("0.51***", "0.20*", "0.1"),
    "names with a word for a half day": ("Cafe Sa 2024", "Bar Ch 2023"),
    "far years that are no dates": ("model 2567", "model 2566"),
}


@pytest.mark.parametrize("case", DATES)
def test_dates(check, case):
    values, want = DATES[case]
    check(column(*values), {"v": want}, length=N)


@pytest.mark.parametrize("case", BUDDHIST)
def test_years_of_the_buddhist_era(check, case):
    values, want = BUDDHIST[case]
    check(column(*values), {"v": want}, "Buddhist era", length=N)


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers(check, case):
    values, want, said = NUMBERS[case]
    check(column(*values, by="|"), {"v": want}, said, length=N)


@pytest.mark.parametrize("case", TEXTS)
def test_texts(check, case):
    check(column(*TEXTS[case], by="|"), {"v": list(TEXTS[case])}, length=N)


def test_flags_are_told_by_the_colons_of_another_column(check):
    lines = "".join(f"X{i}\t{i}.5{' b' if i == 3 else ''} \t: \n" for i in range(N))
    check("geo\t2020 \t2021 \n" + lines, {"2020": [0.5, 1.5, 2.5, 3.5]}, "flags behind", "t.tsv", N)


def test_totals_of_groups_above_a_grand_total(check):
    lines = "".join(f"{g},c{i},1{i}\n" for g in ("North", "South") for i in range(4)).replace("South,c0", "North Total,,46\nSouth,c0")
    check("region,city,sales\n" + lines + "South Total,,46\nGrand Total,,92\n", {"sales": [10]}, "3 row(s) are totals (row 5, 10, 11)", length=11)


TOWNS = {
    "cp1250": [("Győr", "Pécs", "Szeged", "Tőkés"), ("Hűvösvölgy", "Fűzfő", "Gödöllő"), ("Plzeň", "Děčín", "Šumperk", "Třebíč")],
    "cp1257": [("Rīga", "Liepāja", "Jūrmala", "Rēzekne"), ("Šiauliai", "Panevėžys", "Marijampolė", "Mažeikiai"), ("Võru", "Põlva", "Jõhvi", "Kärdla")],
    "cp1258": [("Ha\u0300 Nô\u0323i", "Đa\u0300 Na\u0303ng", "Huê\u0301")],
    "cp1252": [("Besançon", "Orléans", "Nîmes"), ("São Tomé", "Camões", "Brasília"), ("Reykjavík", "Ísafjörður", "Þorlákshöfn")],
    "cp850": [("São Paulo", "Brasília", "Goiânia"), ("Ålesund", "Tromsø", "Bodø")],
}


@pytest.mark.parametrize("codec, towns", [(c, t) for c, several in TOWNS.items() for t in several])
def test_code_pages_in_few_words(check, codec, towns):
    check(column(*towns).encode(codec), {"v": list(towns)}, length=N)
