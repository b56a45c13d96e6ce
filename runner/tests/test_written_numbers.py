"""Tables in columns of fixed width, delimiters too many, numbers, truth values and codes as people write them. Each case:
what is in the file, the first values of its columns, and how long it is, its name and what is said."""

import pytest


def fw(rows, w):  # fixed width
    return "\n".join("".join(str(c).ljust(k) for c, k in zip(r, w)).rstrip() for r in rows) + "\n"


CASES = {}
N = 60


def R(f, n=N):
    return "".join(f(i) for i in range(n))


cities = ["Berlin", "New York", "San Jose", "Rome", "Los Angeles"]
# fixed width
rows = [["id", "name", "city", "amount"]] + [[i, f"P{i}", "" if i % 3 == 0 else cities[i % 5], i * 1.5] for i in range(N)]
CASES["fixed width, blank cells"] = (fw(rows, [6, 8, 14, 8]), {"id": [0, 1, 2], "city": [None, "New York", "San Jose"], "amount": [0.0, 1.5, 3.0]}, dict(name="t.txt", length=N))
rows = [["STATION", "DATE", "TMAX", "TMIN"], ["-----", "------", "----", "----"]] + [[f"S{i%4}", f"2020-01-{i%28+1:02}", "" if i % 5 == 1 else 20 + i % 7, "" if i % 7 == 2 else 5] for i in range(N)]
CASES["fixed width, rule, blanks"] = (fw(rows, [9, 12, 6, 6]), {"STATION": ["S0", "S1", "S2"], "TMAX": [20, None, 22], "TMIN": [5, 5, None]}, dict(name="t.txt", length=N))
rows = [["Name", "Qty", "Price"]] + [[["Apple pie", "Plum", "Red Wine"][i % 3], i, f"{i*2.25:.2f}"] for i in range(N)]
CASES["fixed width text with blanks"] = (fw(rows, [14, 6, 8]), {"Name": ["Apple pie", "Plum", "Red Wine"], "Qty": [0, 1, 2], "Price": [0.0, 2.25, 4.5]}, dict(name="t.txt", length=N))
right = "\n".join(["{:>8}{:>12}{:>10}".format("code", "value", "rate")] + ["{:>8}{:>12}{:>10}".format(f"A{i}", i * 1000 if i % 4 else "", f"{i/8:.3f}") for i in range(N)]) + "\n"
CASES["fixed width right aligned blanks"] = (right, {"code": ["A0", "A1"], "value": [None, 1000, 2000], "rate": [0.0, 0.125, 0.25]}, dict(name="t.txt", length=N))
right = "\n".join(["{:>8}{:>12}{:>10}".format("code", "value", "rate")] + ["{:>8}{:>12}{:>10}".format(f"A{i}", i * 1000, f"{i/8:.3f}" if i % 4 else "") for i in range(N)]) + "\n"
CASES["fixed width right aligned blanks at end"] = (right, {"code": ["A0", "A1"], "value": [0, 1000], "rate": [None, 0.125]}, dict(name="t.csv", length=N))
# header long
wide = ",".join(f"column_number_{i:05}_of_the_survey_of_households_in_the_year_2024" for i in range(1200)) + "\n" + R(lambda r: ",".join(str(r * i % 97) for i in range(1200)) + "\n", 20)
CASES["header over 64 KB"] = (wide, {"column_number_00001_of_the_survey_of_households_in_the_year_2024": [0, 1, 2], "column_number_01199_of_the_survey_of_households_in_the_year_2024": [0, 1199 % 97]}, dict(length=20, unsaid=("more fields", "no header", "left out", "encod")))
wide = ";".join(f"Spalte Größe {i:05} der Umfrage unter Haushalten im Jahr 2024" for i in range(1200)) + "\n" + R(lambda r: ";".join(f"{r*i%97},5" for i in range(1200)) + "\n", 20)
CASES["header over 64 KB ;,"] = (wide, {"Spalte Größe 00001 der Umfrage unter Haushalten im Jahr 2024": [0.5, 1.5, 2.5]}, dict(length=20, unsaid=("more fields", "no header", "left out")))
# trailing delimiter
CASES["trailing in header only"] = ("a,b,c,\n" + R(lambda i: f"{i},x{i},{i/2}\n"), {"a": [0, 1], "b": ["x0", "x1"], "c": [0.0, 0.5]}, dict(length=N))
CASES["trailing in header only ;"] = ("a;b;c;\n" + R(lambda i: f"{i};x{i};{i},5\n"), {"a": [0, 1], "b": ["x0", "x1"], "c": [0.5, 1.5]}, dict(length=N))
CASES["trailing in rows only"] = ("a,b,c\n" + R(lambda i: f"{i},x{i},{i/2},\n"), {"a": [0, 1], "b": ["x0", "x1"], "c": [0.0, 0.5]}, dict(length=N))
CASES["trailing in rows only tab"] = ("a\tb\tc\n" + R(lambda i: f"{i}\tx{i}\t{i/2}\t\n"), {"a": [0, 1], "b": ["x0", "x1"], "c": [0.0, 0.5]}, dict(length=N, name="t.tsv"))
CASES["trailing both"] = ("a,b,c,\n" + R(lambda i: f"{i},x{i},{i/2},\n"), {"a": [0, 1], "c": [0.0, 0.5]}, dict(length=N))
CASES["two trailing in rows"] = ("a,b,c\n" + R(lambda i: f"{i},x{i},{i/2},,\n"), {"a": [0, 1], "c": [0.0, 0.5]}, dict(length=N))
CASES["trailing in some rows"] = ("a,b,c\n" + R(lambda i: f"{i},x{i},{i/2}" + ("," if i % 2 else "") + "\n"), {"a": [0, 1], "c": [0.0, 0.5]}, dict(length=N))
CASES["only last column blank in all"] = ("a,b,c\n" + R(lambda i: f"{i},x{i},\n"), {"a": [0, 1], "c": [None, None]}, dict(length=N))
# groupings
for nm, sp in [("nbsp", "\u00a0"), ("thin", "\u2009"), ("narrow nbsp", "\u202f"), ("apostrophe", "'"), ("right quote", "\u2019"), ("space", " ")]:
    CASES[f"thousands {nm}"] = ("item;value\n" + R(lambda i: f"x{i};{1+i}{sp}{i:03}\n"), {"value": [1000, 2001, 3002]}, {})
    CASES[f"thousands {nm} some, decimals"] = ("item;value\n" + R(lambda i: f"x{i};" + (f"{i}{sp}250,50\n" if i % 2 else f"{i},25\n")), {"value": [0.25, 1250.5, 2.25]}, {})
CASES["EUR 1 234,50"] = ("item;value\n" + R(lambda i: f"x{i};EUR {i+1} 234,50\n"), {"value": [1234.5, 2234.5]}, dict(said="EUR"))
CASES["1 234,50 EUR"] = ("item;value\n" + R(lambda i: f"x{i};{i+1}\u00a0234,50\u00a0EUR\n"), {"value": [1234.5, 2234.5]}, dict(said="EUR"))
CASES["CHF 1'234.50"] = ("item,value\n" + R(lambda i: f"x{i},CHF {i+1}'234.50\n"), {"value": [1234.5, 2234.5]}, {})
CASES["CHF 1’234.–"] = ("item,value\n" + R(lambda i: f"x{i},CHF {i+1}’234.–\n"), {"value": [1234, 2234]}, {})
CASES["12,- €"] = ("item;value\n" + R(lambda i: f"x{i};{i+1},- €\n"), {"value": [1, 2]}, {})
CASES["kr 1.234,50"] = ("item;value\n" + R(lambda i: f"x{i};kr {i+1}.234,50\n"), {"value": [1234.5, 2234.5]}, {})
CASES["R$ 1.234,50"] = ("item;value\n" + R(lambda i: f"x{i};R$ {i+1}.234,50\n"), {"value": [1234.5, 2234.5]}, {})
CASES["zł"] = ("item;value\n" + R(lambda i: f"x{i};{i+1} 234,50 zł\n"), {"value": [1234.5, 2234.5]}, {})
CASES["Rs 1,23,456"] = ("item|value\n" + R(lambda i: f"x{i}|Rs. {i+1},23,456.00\n"), {"value": [123456.0, 223456.0]}, {})
CASES["₹"] = ("item,value\n" + R(lambda i: f'x{i},"₹{i+1},23,456"\n'), {"value": [123456, 223456]}, {})
CASES["US$"] = ("item,value\n" + R(lambda i: f'x{i},"US$ {i+1},234.5"\n'), {"value": [1234.5, 2234.5]}, {})
CASES["-$5"] = ("item,value\n" + R(lambda i: f"x{i}," + (f"-${i}.50" if i % 2 else f"${i}.25") + "\n"), {"value": [0.25, -1.5, 2.25, -3.5]}, {})
CASES["($5)"] = ("item,value\n" + R(lambda i: f"x{i}," + (f"(${i}.50)" if i % 2 else f"${i}.25") + "\n"), {"value": [0.25, -1.5, 2.25, -3.5]}, {})
CASES["$(5)"] = ("item,value\n" + R(lambda i: f"x{i}," + (f"$({i}.50)" if i % 2 else f"${i}.25") + "\n"), {"value": [0.25, -1.5, 2.25, -3.5]}, {})
CASES["€ with gaps"] = ("item;value\n" + R(lambda i: f"x{i};" + ("" if i % 3 == 1 else f"{i},50 €") + "\n"), {"value": [0.5, None, 2.5]}, {})
CASES["percent gaps"] = ("item,value\n" + R(lambda i: f"x{i}," + ("" if i % 3 == 1 else f"{i}.5%") + "\n"), {"value": [0.5, None, 2.5]}, dict(said="per cent"))
CASES["percent marks"] = ("item,value\n" + R(lambda i: f"x{i}," + ("n/a" if i % 3 == 1 else f"{i}.5 %") + "\n"), {"value": [0.5, None, 2.5]}, dict(said="per cent"))
CASES["percent comma"] = ("item;value\n" + R(lambda i: f"x{i};" + ("-" if i % 3 == 1 else f"{i},5 %") + "\n"), {"value": [0.5, None, 2.5]}, dict(said="per cent"))
CASES["percent signed"] = ("item,value\n" + R(lambda i: f"x{i}," + ("+" if i % 2 else "-") + f"{i}.5%\n"), {"value": [-0.5, 1.5, -2.5]}, dict(said="per cent"))
CASES["permille"] = ("item,value\n" + R(lambda i: f"x{i},{i}.5‰\n"), {"value": [0.5, 1.5]}, {})
CASES["mixed currencies stay text"] = ("item,value\n" + R(lambda i: f"x{i}," + ("$" if i % 2 else "€") + f"{i}\n"), {"value": ["€0", "$1"]}, {})
CASES["minus sign U+2212"] = ("item,value\n" + R(lambda i: f"x{i},\u2212{i}.5\n"), {"value": [-0.5, -1.5]}, {})
CASES["trailing minus"] = ("item,value\n" + R(lambda i: f"x{i},{i}.5-\n"), {"value": [-0.5, -1.5]}, {})
CASES["1,234 quoted only some"] = ("item,value\n" + R(lambda i: f"x{i}," + (f'"{i},234"' if i else "950") + "\n"), {"value": [950, 1234, 2234]}, {})
CASES["approx ~"] = ("item,value\n" + R(lambda i: f"x{i}," + (f"<{i}" if i % 10 == 3 else str(i)) + "\n"), {"value": ["0", "1", "2", "<3"]}, {})
CASES["decimal comma in quotes comma file"] = ("name,value\n" + R(lambda i: f'n{i},"{i},25"\n'), {"value": [0.25, 1.25]}, {})
# booleans
for y, n in [
    ("ja", "nein"),
    ("oui", "non"),
    ("si", "no"),
    ("sí", "no"),
    ("да", "нет"),
    ("yes", "no"),
    ("true", "false"),
    ("TRUE", "FALSE"),
    ("Y", "N"),
    ("vrai", "faux"),
    ("wahr", "falsch"),
    ("sim", "não"),
    ("tak", "nie"),
    ("evet", "hayır"),
    ("はい", "いいえ"),
    ("是", "否"),
]:
    CASES[f"bool {y}/{n}"] = (f"id,ok\n" + R(lambda i: f"{i},{y if i%3 else n}\n"), {"ok": [False, True] if y.lower() == "true" else [n, y]}, {})
    CASES[f"bool {y}/{n} gaps"] = (f"id,ok\n" + R(lambda i: f"{i},{y if i%3 else n if i%2 else ''}\n"), {"ok": [None, True, True, False] if y.lower() == "true" else [None, y, y, n]}, {})
# NA country codes
CASES["NA iso2"] = ("code,n\n" + R(lambda i: f"{['NA','ZA','BW','DE','FR'][i%5]},{i}\n"), {"code": ["NA", "ZA", "BW"]}, dict(said="NA was kept"))
CASES["NA iso3 n/a"] = ("code,n\n" + R(lambda i: f"{['NAM','ZAF','NA','DEU','FRA'][i%5]},{i}\n"), {"code": ["NAM", "ZAF", None]}, {})
CASES["NA continents"] = ("continent,n\n" + R(lambda i: f"{['NA','EU','AS','AF','SA','OC'][i%6]},{i}\n"), {"continent": ["NA", "EU", "AS"]}, {})
CASES["NA lower codes"] = ("code,n\n" + R(lambda i: f"{['na','za','bw','de','fr'][i%5]},{i}\n"), {"code": ["na", "za", "bw"]}, {})
CASES["NA name Null"] = ("lastname,n\n" + R(lambda i: f"{['Null','Smith','Miller','Jones','Nan','None'][i%6]},{i}\n"), {"lastname": ["Null", "Smith", "Miller", "Jones", "Nan", "None"]}, {})
CASES["NA codes tsv json"] = ("code\tn\n" + R(lambda i: f"{['NA','ZA','BW','DE','FR'][i%5]}\t{i}\n"), {"code": ["NA", "ZA", "BW"]}, dict(name="t.tsv"))
CASES["NA with currency"] = ("code,gdp\n" + R(lambda i: f"{['NA','ZA','BW','DE','FR'][i%5]},{'NA' if i%4==1 else i}\n"), {"code": ["NA", "ZA", "BW"], "gdp": [0, None, 2]}, {})
CASES["inf names"] = ("word,n\n" + R(lambda i: f"{['inf','nan','alpha','beta','gamma'][i%5]},{i}\n"), {"n": [0, 1]}, {})


@pytest.mark.parametrize("case", CASES)
def test_case(check, case):
    content, want, options = CASES[case]
    check(content, want, **options)
