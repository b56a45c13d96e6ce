"""Dates as people and programs write them, and what only looks like dates."""

import datetime as dt

import pytest

CASES = {}
N = 60


def R(f, n=N):
    return "".join(f(i) for i in range(n))


def D(name, fmt, want, **o):
    t = lambda i: dt.datetime(2024, 1, 3, 0, 0, 0) + dt.timedelta(days=17 * i, hours=(7 * i) % 24, minutes=i % 60)
    CASES["date " + name] = ("n|when\n" + R(lambda i: f"{i}|{fmt(t(i))}\n", 40), {"when": [(want(t(i)) if callable(want) else want[i]) for i in range(5)]}, o)


day = lambda t: t.strftime("%Y-%m-%dT00:00:00")
mi = lambda t: t.strftime("%Y-%m-%dT%H:%M:00")
CASES["days of a month, and two words at the end of many rows"] = (
    "Booked;Payee;Amount\n" + "".join(f"{i%28+1:02}.10.2017;Shop {i};-{i},87\n" for i in range(74)) + "FOOTER;;\nFOOTER 2;;\n",
    {"Booked": ["2017-10-01T00:00:00", "2017-10-02T00:00:00"], "Amount": [-0.87]},
    dict(length=76, said="2 value(s) that are no dates were read as missing ('FOOTER', 'FOOTER 2')"),
)
CASES["days in digits under a Chinese name"] = ("代码,成交日期,数量\n" + R(lambda i: f"5{i:03},202201{i%28+1:02},{i}\n"), {"成交日期": ["2022-01-01T00:00:00"]}, dict(said="read as dates"))
D("m/d/Y I:M p", lambda t: t.strftime("%m/%d/%Y %I:%M %p"), mi)
D("m/d/Y I:M:S am lower", lambda t: t.strftime("%m/%d/%Y %I:%M:%S %p").lower(), mi)
D("a.m. with points", lambda t: t.strftime("%m/%d/%Y %I:%M %p").replace("AM", "a.m.").replace("PM", "p.m."), mi)
D("no blank am", lambda t: t.strftime("%-m/%-d/%y %-I:%M%p"), mi)
D("Y-m-d I:M p", lambda t: t.strftime("%Y-%m-%d %I:%M %p"), mi)
D("Y-m-d I:M:S p", lambda t: t.strftime("%Y-%m-%d %I:%M:%S %p"), mi)
D("hour only am", lambda t: t.strftime("%m/%d/%Y %-I %p"), lambda t: t.strftime("%Y-%m-%dT%H:00:00"))
D("weekday short, d Mon Y", lambda t: t.strftime("%a, %d %b %Y"), day)
D("weekday long, Month d, Y", lambda t: t.strftime("%A, %B %-d, %Y"), day)
D("weekday d.m.Y german", lambda t: ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"][t.weekday()] + ", " + t.strftime("%d.%m.%Y"), day)
D(
    "weekday german long",
    lambda t: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"][t.weekday()]
    + ", "
    + t.strftime("%-d. ")
    + ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"][t.month - 1]
    + t.strftime(" %Y"),
    day,
)
D(
    "weekday french long",
    lambda t: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"][t.weekday()]
    + " "
    + t.strftime("%-d ")
    + ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"][t.month - 1]
    + t.strftime(" %Y"),
    day,
)
D(
    "spanish long",
    lambda t: t.strftime("%-d de ") + ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"][t.month - 1] + t.strftime(" de %Y"),
    day,
)
D("weekday m/d/Y", lambda t: t.strftime("%a %m/%d/%Y"), day)
D("weekday behind", lambda t: t.strftime("%Y-%m-%d (%a)"), day)
D("weekday Y-m-d", lambda t: t.strftime("%a %Y-%m-%d"), day)
D("iso Z", lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"), lambda t: mi(t) + "+00:00")
D("iso +0200", lambda t: t.strftime("%Y-%m-%dT%H:%M:%S+0200"), lambda t: mi(t) + "+02:00")
D("iso ms Z", lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.000Z"), lambda t: mi(t) + "+00:00")
D("iso blank +02", lambda t: t.strftime("%Y-%m-%d %H:%M:%S+02"), lambda t: mi(t) + "+02:00")
D("UTC word", lambda t: t.strftime("%Y-%m-%d %H:%M:%S UTC"), lambda t: mi(t) + "+00:00")
D("d Mon Y H:M zone", lambda t: t.strftime("%d %b %Y %H:%M:%S +0100"), lambda t: mi(t) + "+01:00")
D("[Europe/Berlin]", lambda t: t.strftime("%Y-%m-%dT%H:%M:%S+01:00[Europe/Berlin]"), lambda t: mi(t) + "+01:00")
D("m/d/Y H:M EST", lambda t: t.strftime("%m/%d/%Y %H:%M EST"), lambda t: mi(t) + "-05:00")
D("d/m/Y proven", lambda t: t.strftime("%d/%m/%Y %H:%M"), mi)
D("d.m.Y H:M Uhr", lambda t: t.strftime("%d.%m.%Y %H:%M Uhr"), mi)
D("d.m.Y, H:M", lambda t: t.strftime("%d.%m.%Y, %H:%M"), mi)
D("d.m.y", lambda t: t.strftime("%d.%m.%y"), day)
D("d-m-y two digit", lambda t: t.strftime("%d-%m-%y"), day)
D("Y.m.d.", lambda t: t.strftime("%Y. %m. %d."), day)
D("d. m. Y cz", lambda t: t.strftime("%-d. %-m. %Y"), day)
D("Y年", lambda t: t.strftime("%Y年%-m月%-d日"), day)
D("Mon-Y", lambda t: t.strftime("%b-%Y"), lambda t: t.strftime("%Y-%m-01T00:00:00"))
D("Mon/Y", lambda t: t.strftime("%b/%y"), lambda t: t.strftime("%Y-%m-01T00:00:00"))
D("Month, Y", lambda t: t.strftime("%B, %Y"), lambda t: t.strftime("%Y-%m-01T00:00:00"))
D("Y-Www", lambda t: t.strftime("%G-W%V"), lambda t: dt.datetime.fromisocalendar(t.isocalendar()[0], t.isocalendar()[1], 1).isoformat())
D("Ymd", lambda t: t.strftime("%Y%m%d"), day)
D("YmdTHMS", lambda t: t.strftime("%Y%m%dT%H%M%S"), lambda t: t.isoformat())
D("H.M with points", lambda t: t.strftime("%d.%m.%Y %H.%M"), mi)
D("time first", lambda t: t.strftime("%H:%M %d/%m/%Y"), mi)
D("time first dash Mon", lambda t: t.strftime("%H:%M, %d %b %Y"), mi)
D("at", lambda t: t.strftime("%B %d, %Y at %I:%M %p"), mi)
D("24-hour and Mon d, Y", lambda t: t.strftime("%b %d, %Y %H:%M:%S"), mi)
D("Mon d, Y, h:mm PM", lambda t: t.strftime("%b %-d, %Y, %-I:%M %p"), mi)
D("Mon d, Y narrow nbsp PM", lambda t: t.strftime("%b %-d, %Y, %-I:%M\u202f%p"), mi)
D("d Mon y hyphen upper time", lambda t: t.strftime("%d-%b-%y %H:%M").upper(), mi)
D("Mon. d, Y", lambda t: t.strftime("%b. %-d, %Y"), day)
D("th", lambda t: t.strftime("%-d") + ("th" if 4 <= t.day <= 20 or t.day % 10 not in (1, 2, 3) else {1: "st", 2: "nd", 3: "rd"}[t.day % 10]) + t.strftime(" %B %Y"), day)
D("dot month abbr d-Mon-Y", lambda t: t.strftime("%-d/%b/%Y"), day)
D("Y Mon d", lambda t: t.strftime("%Y %b %d"), day)
D("Y/m/d H:M:S", lambda t: t.strftime("%Y/%m/%d %H:%M:%S"), mi)
D("Y-m-d H:M:S,ms", lambda t: t.strftime("%Y-%m-%d %H:%M:%S,123"), lambda t: t.strftime("%Y-%m-%dT%H:%M:00.123000"))
D("Y_m_d", lambda t: t.strftime("%Y_%m_%d"), day)
D("exif", lambda t: t.strftime("%Y:%m:%d %H:%M:%S"), mi)


def E(name, col, val, want, **o):
    CASES["epoch " + name] = (f"n,{col}\n" + R(lambda i: f"{i},{val(i)}\n"), {col: [want(i) for i in range(3)]}, o)


iso = lambda s: dt.datetime.utcfromtimestamp(s).isoformat()
E("ms", "timestamp", lambda i: 1700000000000 + i * 86400000, lambda i: iso(1700000000 + i * 86400), said="dates")
E("s", "created_at", lambda i: 1700000000 + i * 3600, lambda i: iso(1700000000 + i * 3600))
E("ms camel", "createdAt", lambda i: 1700000000123 + i * 1000, lambda i: (dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=1700000000123 + i * 1000)).isoformat())
E("us", "event_time", lambda i: 1700000000000000 + i * 10**6, lambda i: iso(1700000000 + i))
E("s gaps", "time", lambda i: "" if i == 1 else 1700000000 + i * 3600, lambda i: None if i == 1 else iso(1700000000 + i * 3600))
E("ms gaps", "updated_ms", lambda i: "" if i == 1 else 1700000000000 + i * 3600000, lambda i: None if i == 1 else iso(1700000000 + i * 3600))
E("zero is missing?", "last_login", lambda i: 1700000000 + i * 3600, lambda i: iso(1700000000 + i * 3600))
E("not by name", "population", lambda i: 1700000000 + i, lambda i: 1700000000 + i)
E("yyyymmdd in date", "order_date", lambda i: 20240101 + i % 28, lambda i: f"2024-01-{1+i%28:02}T00:00:00")
E("yyyymmdd not by name", "id", lambda i: 20240101 + i % 28, lambda i: 20240101 + i % 28)
E("excel serial", "Date", lambda i: 45000 + i, lambda i: (dt.datetime(1899, 12, 30) + dt.timedelta(days=45000 + i)).isoformat())
# not dates
for nm, v in [
    ("version", lambda i: f"1.{i}.3"),
    ("ip", lambda i: f"10.0.0.{i}"),
    ("score", lambda i: f"{i%9}-{i%4}"),
    ("fraction", lambda i: f"{i}/{i+1}"),
    ("season", lambda i: f"20{i%20+1:02}/{i%20+2:02}"),
    ("range", lambda i: f"{i}-{i+5}"),
    ("clock", lambda i: f"{i%24:02}:{i%60:02}"),
    ("names may", lambda i: ["May", "June", "April"][i % 3]),
    ("model", lambda i: f"A{i}-2020"),
    ("isbn", lambda i: f"978-3-16-1484{i:02}-0"),
    ("phone", lambda i: f"030-1234-{i:04}"),
    ("dms", lambda i: f"52°{i%60}'12\""),
    ("ratio", lambda i: f"1:{i}"),
]:
    CASES["no date " + nm] = ("n,v\n" + R(lambda i: f'{i},"{v(i).replace(chr(34),chr(34)*2)}"\n'), {"v": [v(i) for i in range(3)]}, {})


@pytest.mark.parametrize("case", CASES)
def test_case(check, case):
    content, want, options = CASES[case]
    check(content, want, **options)
