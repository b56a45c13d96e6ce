"""Where a table begins and ends, what its columns are called, how it is written, and digits that are names."""

import pytest

CASES = {}
N = 60


def R(f, n=N):
    return "".join(f(i) for i in range(n))


# several tables in one CSV
t1 = "region,sales\n" + R(lambda i: f"R{i%4},{i}\n", 10)
t2 = "name,age,city\n" + R(lambda i: f"N{i},{20+i},C{i%3}\n", 10)
CASES["two tables, blank line"] = (t1 + "\n" + t2, {"region": ["R0", "R1"], "sales": [0, 1]}, dict(said="2 tables", length=10))
CASES["two tables, second"] = (t1 + "\n" + t2, {"name": ["N0", "N1"], "age": [20, 21]}, dict(table=2, length=10))
CASES["two tables, titles"] = ("Sales by region\n" + t1 + "\nPeople\n" + t2, {"region": ["R0", "R1"], "sales": [0, 1]}, dict(said="2 tables", length=10))
CASES["three tables, two blank lines"] = (t1 + "\n\n" + t2 + "\n\n" + t1.replace("region", "area"), {"region": ["R0"], "sales": [0]}, dict(said="3 tables", length=10))
CASES["two tables, padded with commas"] = ("region,sales,\n" + R(lambda i: f"R{i%4},{i},\n", 10) + ",,\n" + t2, {"region": ["R0", "R1"], "sales": [0, 1]}, dict(said="2 tables", length=10))
CASES["two tables, semicolon"] = (t1.replace(",", ";") + "\n" + t2.replace(",", ";"), {"region": ["R0", "R1"], "sales": [0, 1]}, dict(said="2 tables", length=10))
CASES["two tables, same columns"] = (t1 + "\n" + t1, {"region": ["R0", "R1"], "sales": [0, 1]}, dict(length=20, said="repeat the header"))
CASES["two tables, second of texts"] = (t1 + "\nname,city\n" + R(lambda i: f"N{i},C{i%3}\n", 10), {"region": ["R0", "R1"], "sales": [0, 1]}, dict(said="2 tables", length=10))
CASES["key values above a table"] = (
    "Station,Berlin\nPeriod,2020\nUnit,mm\n\ndate,rain,temp\n" + R(lambda i: f"2020-01-{i%28+1:02},{i/2},{i}\n"),
    {"date": ["2020-01-01T00:00:00"], "rain": [0.0, 0.5], "temp": [0, 1]},
    dict(length=N),
)
CASES["text above and below"] = (
    "Quarterly report of ACME Inc.\nGenerated: 2024-05-01\n\nid,item,price\n" + R(lambda i: f"{i},x{i},{i/4}\n") + "\nSource: ACME finance department\nPrices in USD, without VAT.\n",
    {"id": [0, 1], "price": [0.0, 0.25]},
    dict(length=N, said=["above its header", "below the table"]),
)
CASES["summary below"] = ("id,item,price\n" + R(lambda i: f"{i},x{i},{i/4}\n") + "\nTotal items: 60\n", {"id": [0, 1], "price": [0.0, 0.25]}, dict(length=N, said=["below the table"]))
CASES["signature below"] = (
    "id;item;price\n" + R(lambda i: f"{i};x{i};{i},5\n") + "\n\nPrepared by: J. Smith\nApproved by: A. Jones\n",
    {"id": [0, 1], "price": [0.5, 1.5]},
    dict(length=N, said=["below the table"]),
)
CASES["comments with commas, some of them bare"] = (
    "# This file is part of a library.\n#\n# It is free software, under the licence of the project, version 3\n#\n# Syllables, and where they are from\n" + "syllable,source\n" + R(lambda i: f"s{i},{'I' if i % 2 else ''}\n"),
    {"syllable": ["s0", "s1"]},
    dict(said="5 line(s) of comments", length=N),
)
CASES["a .tsv whose first column is parted by bars"] = ("id\tprotein\n" + R(lambda i: f"gi|45{i}|ref|NP_{i}|\tM{i}LQ\n"), {"id": ["gi|450|ref|NP_0|"], "protein": ["M0LQ"]}, dict(name="t.tsv"))
CASES["coordinates with a sign and zeros in front"] = ("zip,lat,lon\n" + R(lambda i: f"00{500+i},+40.922326,-072.63{i:04}\n"), {"zip": ["00500"], "lat": [40.922326], "lon": [-72.63]}, {})
CASES["bank"] = (
    '"Kontonummer:";"DE12 3456"\n"Von:";"01.01.2024"\n"Bis:";"31.03.2024"\n\n"Buchungstag";"Betrag (EUR)";"Empfänger"\n' + R(lambda i: f'"{i%28+1:02}.02.2024";"-1.{i:03},50";"Laden {i}"\n'),
    {"Buchungstag": ["2024-02-01T00:00:00"], "Betrag (EUR)": [-1000.5, -1001.5], "Empfänger": ["Laden 0"]},
    dict(length=N),
)
CASES["details of two columns above a table, in groups"] = (
    "Turnover;Made: 28.12.2024 16:57\n\nIBAN;DE12 3456 7890\nName;Current\nBank;ACME\n\nOrder;Date, descending\n\nRead the notes on the page.\n\n"
    + "Booked;Payee;Text;Amount\n" + R(lambda i: f"{i%28+1:02}.12.2024;Shop {i};Card;-{i},50\n"),
    {"Booked": ["2024-12-01T00:00:00"], "Payee": ["Shop 0"], "Amount": [-0.5, -1.5]},
    dict(length=N, said="above its header", unsaid=["tables"]),
)
CASES["more of such details than rows"] = (
    "Turnover;Made: 28.12.2024 16:57\n;Updated: now\n\nIBAN;DE12 3456 7890\nName;Current\nBank;ACME\nOwner;J. Smith\nPeriod;01.12.2024 - 28.12.2024\n\nOrder;Date, descending\n\n"
    + "Booked;Payee;Text;Amount\n" + R(lambda i: f"{i%28+1:02}.12.2024;Shop {i};Card;-{i},50\n", 5),
    {"Booked": ["2024-12-01T00:00:00"], "Payee": ["Shop 0"], "Amount": [-0.5, -1.5]},
    dict(length=5, said="above its header", unsaid=["more fields"]),
)
CASES["balances above a table"] = (
    'Account details for:,Savings 666-12\nAvailable balance,"6,666.66"\nLedger balance,"6,666.66"\n\nDay,Value day,Text,Out,In\n' + R(lambda i: f"{i%28+1:02}/04/2024,{i%28+1:02}/04/2024,Shop {i},{i}.5,\n"),
    {"Day": ["2024-04-01T00:00:00"], "Out": [0.5, 1.5]},
    dict(length=N, said="above its header"),
)
CASES["fewer names than all rows have fields"] = (
    "Account;No;Day;Amount;Kind;Text\n" + R(lambda i: f"123;{i};2024-07-{i%28+1:02};{i},50;transfer;a text;{'more' if i % 3 else 'more;and more'}\n", 9),
    {"Account": [123], "No": [0, 1], "Day": ["2024-07-01T00:00:00"], "Amount": [0.5, 1.5], "Text": ["a text"]},
    dict(length=9, said="more fields than the header"),
)
CASES["a stray quotation mark before a header with others"] = (
    '"Day,Time,Qty,"Item","Link",Note\n' + R(lambda i: f'{i%28+1:02}/01/2024,00:15,{i},"Boots, size {i}","https://www.example.com/{i}",\n'),
    {"Day": ["2024-01-01T00:00:00"], "Qty": [0, 1], "Item": ["Boots, size 0"], "Link": ["https://www.example.com/0"]},
    dict(length=N, unsaid=["more fields"]),
)
CASES["a header that is there twice"] = (
    "Day,Qty,Item\n" * 2 + R(lambda i: f"{i%28+1:02}/01/2024,{i},Boots {i}\n"),
    {"Qty Qty": [0, 1], "Item Item": ["Boots 0"]},
    dict(length=N, said="its header has 2 rows, which were joined"),
)
CASES["a single row of values"] = ("27 Feb 2024,UMC-,7.80,,A CAFE,,\n", {0: ["2024-02-27T00:00:00"], 2: [7.8], 4: ["A CAFE"]}, dict(length=1, said="no header"))
CASES["names of years without rows"] = ("country,2019,2020,2021\n", {}, dict(length=0))
CASES["blanks between a quotation mark and the delimiter"] = (
    "Day,Text,Amount,Currency,Balance\n" + R(lambda i: f'{i%28+1:02}/03/2024,Shop {i},"-1,{i:03}.50"\t,HKD,"3,{i:03}.25" ,\n'.replace(" ,\n", "\n")),
    {"Amount": [-1000.5, -1001.5], "Currency": ["HKD"], "Balance": [3000.25, 3001.25]},
    dict(length=N, unsaid=["more fields"]),
)
CASES["a total with a name of its own in the last row"] = (
    "Day,Action,Symbol,Amount\n" + R(lambda i: f"10/{i%28+1:02}/2024,Buy,S{i},{i}\n", 9) + "Transactions Total,,,36\n",
    {"Action": ["Buy"], "Amount": [0, 1]},
    dict(length=10, said="1 row(s) are totals (row 10)"),
)
CASES["a total in a later column"] = (
    "Owner,Card,Kind,State,Refund,Amount\n" + R(lambda i: f"A,C{i},pay,done,all,{i}\n", 9) + ",,,,Totale movimenti,36\n",
    {"Owner": ["A"], "Amount": [0, 1]},
    dict(length=10, said="1 row(s) are totals (row 10)"),
)
CASES["units of a logger, some of them unknown"] = (
    "TIME,DISTANCE,POWER,PEDAL,SPEED,PULSE,HEIGHT,TEMP,LAP\nL_SEC,KM,WATT,RPM,KM/H,BPM,METER,°C,NUM\n" + R(lambda i: f"{i:6},{i/9:8.3f},{i},{i},{i/3:.1f},{i},{i}.5,13.3,0\n"),
    {"TIME": [0, 1], "DISTANCE": [0.0, 0.111], "SPEED": [0.0, 0.3]},
    dict(length=N, said="taken for units"),
)
CASES["messages without names"] = (
    "ham\tGo on until the point at the end of the street, and then call me from there at once..\n" + R(lambda i: f"{'spam' if i % 5 == 0 else 'ham'}\tOk lar... {i} joking, I am here already and wait for you at the corner\n"),
    {0: ["ham", "spam", "ham"]},
    dict(name="t.tsv", length=N + 1, said="no header"),
)
CASES["lists of goods are no tables of their own"] = (
    "fruit,bread,butter,soup\nfruit,yoghurt,coffee\nmilk\n" + R(lambda i: ["fruit,bread\n", "milk,bread,butter,eggs\n", "beer\n", "bread,fruit,soda,butter,beer\n"][i % 4]),
    {},
    dict(unsaid=["tables ("]),
)
CASES["what a device says of itself, and of its sensors, above its table"] = (
    "File:,C:\\a.csv,,,,\nDownloaded:,07/04/2015,,,,\nSeconds:,18,,,,\nSerial #:,MP14,,,,\nWeight:,,,,,\nSensor,Slope,Offset,,,\nTemperature,10.000,0,,,\nHumidity,10.000,0,,,\nFlow,40.000,0,,,\n,,,,,\n"
    + "Date,Clock,Temp,RH,Flow,Event\n" * 2 + ",,,,,\n,,,,,\n2015-07-03,8:02:18,,,,Start\n" + R(lambda i: f"2015-07-03,8:{i%60:02}:05,{20+i/4},{50+i},0.5,\n"),
    {"Date": [None, None, "2015-07-03T00:00:00"], "Temp": [None, None, None, 20.0]},
    dict(said="10 line(s) above its header"),
)
CASES["units of air, one of them with a sign of a power"] = (
    "Date,Clock,Dust,Temp,Volt,Press,Flow\nDate,Clock,ug/m^3,C,V,in H2O,Lpm\n" + R(lambda i: f"2014-11-{i%28+1:02},13:58:{i%60:02},{i},{i/2},4.8,0.{i%9},0.4\n"),
    {"Date": ["2014-11-01T00:00:00"], "Dust": [0, 1], "Temp": [0.0, 0.5]},
    dict(length=N, said="taken for units"),
)
CASES["a survey in the older form"] = (
    "V1,V2,V3,V8,Q1,Q2\nResponseID,ResponseSet,Name,StartDate,How many?,Why?\nR_2Y,Default,Anon,2017-07-18 08:28:09,2,Hello\nR_2Z,Default,Anon,2017-07-19 08:28:09,3,Good\n",
    {"V1": ["R_2Y", "R_2Z"], "V8": ["2017-07-18T08:28:09"], "Q1": [2, 3]},
    dict(length=2, said="left out"),
)
CASES["a line of code with zeros beside a bare carriage return"] = (
    "id,name,code,zip\n" + R(lambda i: f"{i},shop {i},{i+5},{i:05}\n") + "99,old\r98,new,1,00012\n",
    {"zip": ["00000", "00001"]},
    {},
)
CASES["values that end with a tab, and fill up their columns"] = (
    'Details\n\nCard: 1234,"Name: x"\n\nDay,Text,Land,In,Out,Money\n' + R(lambda i: f'2023-05-{i%28+1:02}     \t,"Shop {i:<12}\t","CHN       \t","          \t","1,{i:03}.40    \t",CNY     \t,\n') + '合计,,,,"9,876.54   \t",,\n',
    {"Text": ["Shop 0", "Shop 1"], "Land": ["CHN"], "In": [None, None], "Out": [1000.4, 1001.4], "Money": ["CNY"]},
    dict(length=N + 1, said=["above its header", "fill up the values", "1 row(s) are totals"]),
)
CASES["more lines of words than rows"] = (
    "-----------------------\nExported:\nName: x\nFrom 2023-01-01 to 2023-02-01\n3 payments in all\n\nPlease note:\n1. one;\n2. two;\n3. three;\n\n------ Statement ------\n"
    + "Day,Kind,Who,Amount,State\n" + R(lambda i: f"2023-02-{i%28+1:02} 21:32:14,daily,x{i},{i}.74,done\n", 6),
    {"Day": ["2023-02-01T21:32:14"], "Amount": [0.74, 1.74]},
    dict(length=6, said="above its header"),
)
CASES["a line of tags within a message"] = (
    "id,message,likes\n" + R(lambda i: f'{i},"A post about {i}\n#fun #travel #day{i}",{i*2}\n'),
    {"message": ["A post about 0\n#fun #travel #day0"], "likes": [0, 2]},
    dict(length=N, unsaid=["comments"]),
)
CASES["comments beside a message with tags"] = (
    "# made by a program\nid,message,likes\n" + R(lambda i: f'{i},"A post about {i}\n#fun #travel #day{i}",{i*2}\n'),
    {"message": ["A post about 0\n#fun #travel #day0"], "likes": [0, 2]},
    dict(length=N, said="comments"),
)
CASES["names as formulas"] = (
    '="day"\t="code"\t="n"\n' + R(lambda i: f'="2023-02-{i%28+1:02}"\t="00{i:03}"\t{i}\n'),
    {"day": ["2023-02-01T00:00:00"], "code": ["00000", "00001"], "n": [0, 1]},
    dict(length=N, name="t.tsv"),
)
CASES["no total: a name that begins so, of a group that stands elsewhere"] = (
    "channel,views\n" + R(lambda i: f"{['Gaming', 'Music', 'Total Gaming', 'News', 'Art', 'Film'][i % 6]},{i}\n", 12),
    {"views": [0]},
    dict(length=12, unsaid=["totals"]),
)
# dup headers
CASES["dup headers"] = ("a,a,b,b\n" + R(lambda i: f"{i},{i+1},{i+2},{i+3}\n"), {"a": [0], "a.1": [1], "b": [2], "b.1": [3]}, dict(said="one name"))
CASES["dup headers with a.1"] = ("a,a.1,a\n" + R(lambda i: f"{i},{i+1},{i+2}\n"), {"a": [0], "a.1": [1]}, dict(said="one name"))
CASES["dup blank headers"] = (",,x\n" + R(lambda i: f"{i+5},{i+9},{i+2}\n"), {"x": [2, 3]}, {})
CASES["header blanks case"] = (" A , B ,C \n" + R(lambda i: f"{i},{i+1},{i+2}\n"), {"A": [0], "B": [1], "C": [2]}, {})
CASES["header quotes newline"] = ('"Name\n(full)","Price\n[USD]"\n' + R(lambda i: f"n{i},{i}.5\n"), {"Name\n(full)": ["n0"], "Price\n[USD]": [0.5]}, dict(length=N))
CASES["header bom quotes"] = ('\ufeff"id","v"\n' + R(lambda i: f'"{i}","{i}.5"\n'), {"id": [0], "v": [0.5]}, {})
CASES["header with units"] = ("time (s),speed [km/h],temp °C\n" + R(lambda i: f"{i},{i*2},{i/2}\n"), {"time (s)": [0], "speed [km/h]": [0, 2], "temp °C": [0.0, 0.5]}, {})
CASES["header years"] = ("country,2019,2020,2021\n" + R(lambda i: f"C{i},{i},{i+1},{i+2}\n"), {"country": ["C0"], "2019": [0, 1], "2021": [2, 3]}, {})
CASES["header dates"] = ("country,2020-01-31,2020-02-29\n" + R(lambda i: f"C{i},{i},{i+1}\n"), {"country": ["C0"], "2020-01-31": [0, 1]}, {})
CASES["no header numbers"] = (R(lambda i: f"{i},{i*2},{i*3.5}\n"), {0: [0, 1], 2: [0.0, 3.5]}, dict(length=N, said="no header"))
CASES["no header mixed"] = (R(lambda i: f"u{i}@x.org,{i},2020-01-{i%28+1:02}\n"), {0: ["u0@x.org"], 1: [0, 1]}, dict(length=N, said="no header"))
CASES["no header single text col"] = ("apple\nbanana\ncherry\n", {"apple": ["banana", "cherry"]}, {})
CASES["header only"] = ("a,b,c\n", {}, dict(length=0))
CASES["one row"] = ("a,b,c\n1,x,2.5\n", {"a": [1], "b": ["x"], "c": [2.5]}, dict(length=1))
CASES["one row all text"] = ("name,city\nAnna,Rome\n", {"name": ["Anna"]}, dict(length=1))
CASES["two rows all text"] = ("name,city\nAnna,Rome\nBen,Paris\n", {"name": ["Anna", "Ben"]}, dict(length=2))
# totals
for w in [
    "Total",
    "TOTAL",
    "Gesamt",
    "Summe",
    "Insgesamt",
    "Total général",
    "Totale",
    "Suma",
    "Razem",
    "Итого",
    "Всего",
    "合计",
    "合計",
    "합계",
    "Totaal",
    "Totalt",
    "Yhteensä",
    "Celkem",
    "Σύνολο",
    "Toplam",
    "المجموع",
    'סה"כ',
    "Grand Total",
    "Sub-total",
    "Gesamtergebnis",
    "Ensemble",
    "Toplam",
    "Összesen",
    "รวม",
    "कुल",
    "Tổng",
    "Total geral",
    "Total general",
    "Totais",
    "Сума",
    "Усього",
    "Kokku",
    "Kopā",
    "Iš viso",
    "Skupaj",
    "Ukupno",
    "Spolu",
]:
    q = '"' + w.replace('"', '""') + '"'
    CASES[f"total {w}"] = ("region,sales\n" + "".join(f"R{i},{i}\n" for i in range(12)) + f"{q},66\n", {"region": ["R0"], "sales": [0]}, dict(length=13, said="totals"))
CASES["no total: Total Wine"] = ("shop,sales\n" + "".join(f"{['Total Wine','Kroger','Aldi'][i%3]},{i}\n" for i in range(12)), {"sales": [0]}, dict(length=12, unsaid=("totals",)))
# dialects
CASES["sep tab line"] = ("sep=\t\na\tb\n" + R(lambda i: f"{i}\t{i/2}\n"), {"a": [0], "b": [0.0, 0.5]}, {})
CASES["sep=| quoted"] = ('"sep=|"\na|b\n' + R(lambda i: f"{i}|{i/2}\n"), {"a": [0], "b": [0.0, 0.5]}, {})
CASES["||"] = ("a||b||c\n" + R(lambda i: f"{i}||x{i}||{i/2}\n"), {"a": [0], "b": ["x0"], "c": [0.0, 0.5]}, dict(length=N))
CASES["::"] = ("a::b::c\n" + R(lambda i: f"{i}::x{i}::{i/2}\n"), {"a": [0], "b": ["x0"], "c": [0.0, 0.5]}, dict(length=N))
CASES["ctrl-A"] = ("a\x01b\x01c\n" + R(lambda i: f"{i}\x01x{i}\x01{i/2}\n"), {"a": [0], "b": ["x0"], "c": [0.0, 0.5]}, dict(length=N))
CASES["~"] = ("a~b~c\n" + R(lambda i: f"{i}~x{i}~{i/2}\n"), {"a": [0], "b": ["x0"], "c": [0.0, 0.5]}, dict(length=N))
CASES["^"] = ("a^b^c\n" + R(lambda i: f"{i}^x{i}^{i/2}\n"), {"a": [0], "b": ["x0"], "c": [0.0, 0.5]}, dict(length=N))
CASES["; with commas in text"] = ("a;b;c\n" + R(lambda i: f"{i};x, y and {i};{i/2}\n"), {"a": [0], "b": ["x, y and 0"], "c": [0.0, 0.5]}, dict(length=N))
CASES["tab with quotes inches"] = ("a\tb\n" + R(lambda i: f'{i}\t{i}" pipe\n'), {"a": [0], "b": ['0" pipe', '1" pipe']}, dict(length=N, name="t.tsv"))
CASES["quoted newlines"] = ("id,text\n" + R(lambda i: f'{i},"line one\nline two, {i}"\n'), {"id": [0, 1], "text": ["line one\nline two, 0"]}, dict(length=N))
CASES["CR only"] = ("a,b\r" + R(lambda i: f"{i},{i/2}\r"), {"a": [0], "b": [0.0, 0.5]}, dict(length=N))
CASES["mixed line ends"] = ("a,b\r\n" + R(lambda i: f"{i},{i/2}" + ("\n" if i % 2 else "\r\n")), {"a": [0], "b": [0.0, 0.5]}, dict(length=N))
CASES["CRCRLF"] = ("a,b\r\r\n" + R(lambda i: f"{i},{i/2}\r\r\n"), {"a": [0], "b": [0.0, 0.5]}, dict(length=N))
CASES["all quoted numbers"] = ('"id","v"\n' + R(lambda i: f'"{i}","{i},5"\n'), {"id": [0], "v": [0.5, 1.5]}, {})
CASES["space after comma quotes"] = ("id, name, v\n" + R(lambda i: f'{i}, "Smith, {i}", {i}.5\n'), {"id": [0], "name": ["Smith, 0"], "v": [0.5]}, dict(length=N))
CASES["curly quotes"] = ("id,name,v\n" + R(lambda i: f"{i},“Smith {i}”,{i}.5\n"), {"id": [0], "name": ["“Smith 0”"], "v": [0.5]}, dict(length=N))
CASES["markdown"] = ("| a | b |\n|---|---|\n" + R(lambda i: f"| {i} | x{i} |\n"), {"a": [0], "b": ["x0"]}, dict(length=N, name="t.txt"))
CASES["psql"] = (" a  | b   \n----+-----\n" + R(lambda i: f" {i:2} | x{i}\n") + "(60 rows)\n", {"a": [0], "b": ["x0"]}, dict(length=N, name="t.txt"))
CASES["mysql box"] = (
    "+----+-----+\n| a  | b   |\n+----+-----+\n" + R(lambda i: f"| {i:2} | x{i:<2} |\n") + "+----+-----+\n60 rows in set (0.00 sec)\n",
    {"a": [0], "b": ["x0"]},
    dict(length=N, name="t.txt"),
)
CASES["duckdb box"] = (
    "┌───────┬─────────┐\n│   a   │    b    │\n│ int32 │ varchar │\n├───────┼─────────┤\n" + R(lambda i: f"│ {i:5} │ x{i:<6} │\n") + "└───────┴─────────┘\n",
    {"a": [0], "b": ["x0"]},
    dict(length=N, name="t.txt"),
)
CASES["iis log"] = (
    "#Software: IIS\n#Version: 1.0\n#Date: 2020-01-01\n#Fields: date time cs-method sc-status\n" + R(lambda i: f"2020-01-01 00:{i%60:02}:00 GET {200+i%5}\n"),
    {"cs-method": ["GET"], "sc-status": [200, 201]},
    dict(name="t.csv", length=N),
)
CASES["ragged short rows"] = ("a,b,c,d\n" + R(lambda i: f"{i},x{i}\n" if i % 3 else f"{i},x{i},{i/2},z\n"), {"a": [0, 1], "c": [0.0, None], "d": ["z", None]}, dict(length=N))
CASES["ragged long one"] = ("a,b,c\n" + R(lambda i: f"{i},x{i},{i/2}" + (",extra" if i == 7 else "") + "\n"), {"a": [0, 1], "c": [0.0, 0.5]}, dict(said="too many fields", length=N - 1))
CASES["ragged long many"] = ("a,b,c\n" + R(lambda i: f"{i},x{i},{i/2}" + (",extra" if i % 5 == 0 else "") + "\n"), {"a": [0, 1], "c": [0.0, 0.5]}, dict(said="more fields", length=N))
CASES["unquoted comma in last text"] = ("id,name,comment\n" + R(lambda i: f"{i},x{i},fine" + (", really" if i % 10 == 9 else "") + "\n"), {"id": [0, 1], "name": ["x0", "x1"]}, dict(length=N))
# ids
CASES["zip late zero"] = ("zip,n\n" + R(lambda i: f"{'02134' if i==499 else 10000+i},{i}\n", 500), {"zip": ["10000"], "n": [0]}, {})
CASES["iban"] = ("iban,n\n" + R(lambda i: f"DE{i:020},{i}\n"), {"iban": ["DE" + "0" * 20]}, {})
CASES["card"] = ("card,n\n" + R(lambda i: f"4111111111111{i:03},{i}\n"), {"card": ["4111111111111000"]}, {})
CASES["isbn10"] = ("isbn,n\n" + R(lambda i: f"{'0' if i%2 else '3'}14159265{i%10},{i}\n"), {"isbn": ["3141592650", "0141592651"]}, {})
CASES["sku 1E5"] = ("sku,n\n" + R(lambda i: f"{i+1}E{i%9},{i}\n"), {"sku": ["1E0", "2E1"]}, {})
CASES["hex"] = ("hash,n\n" + R(lambda i: f"{i:04x}e{i%10},{i}\n"), {"hash": ["0000e0", "0001e1"]}, {})
CASES["icd"] = ("icd,n\n" + R(lambda i: f"{['007.1','250.00','401.9'][i%3]},{i}\n"), {"icd": ["007.1", "250.00", "401.9"]}, {})
CASES["version 1.10"] = ("version,n\n" + R(lambda i: f"1.{i},{i}\n"), {"version": ["1.0", "1.1"]}, {})
CASES["naics"] = ("naics_code,n\n" + R(lambda i: f"{['11','111','0111'][i%3]},{i}\n"), {"naics_code": ["11", "111", "0111"]}, {})
CASES["phone +"] = ("phone,n\n" + R(lambda i: f"+4930123{i:04},{i}\n"), {"phone": ["+49301230000"]}, {})
CASES["fips with gaps"] = ("fips,n\n" + R(lambda i: f"{'' if i==3 else '%05d'%(1001+2*i)},{i}\n"), {"fips": ["01001", "01003", "01005", None]}, {})
CASES["tweet ids"] = ("id,n\n" + R(lambda i: f"{1234567890123456789+i},{i}\n"), {"id": ["1234567890123456789"]}, {})
CASES["00 and 0"] = ("flag,n\n" + R(lambda i: f"{['0','00','1'][i%3]},{i}\n"), {"flag": ["0", "00", "1"]}, {})
CASES["0.5 is no name"] = ("p,n\n" + R(lambda i: f"0.{i},{i}\n"), {"p": [0.0, 0.1]}, {})
CASES["-0.5"] = ("p,n\n" + R(lambda i: f"-0.{i},{i}\n"), {"p": [-0.0, -0.1]}, {})
CASES["times 00:05"] = ("t,n\n" + R(lambda i: f"00:{i:02},{i}\n"), {"t": ["00:00", "00:01"]}, {})


@pytest.mark.parametrize("case", CASES)
def test_case(check, case):
    content, want, options = CASES[case]
    check(content, want, **options)
