"""Where a table begins and what names its columns have: titles above, no header, headers of several rows, rows of units."""

import re

from attache.loaders import forms
from attache.loaders.dialect import usual_form

_LINES = str.maketrans({**dict.fromkeys("─", "-"), **dict.fromkeys("═", "="), **dict.fromkeys("┌┬┐├┼┤└┴┘╞╪╡", "+"), **dict.fromkeys("┆│║", "|")})  # frames of terminals
_TYPES = set("int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 float double varchar boolean bool date timestamp datetime[μs] datetime[ns] time str i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 hugeint bigint cat".split())  # below the names, as DuckDB and Polars show tables
_OTHER_TYPES = set("text integer string number int decimal numeric real char smallint long object timestamptz json".split())  # in tables that list columns and their types
LOOK = 60  # rows below a header that are compared with it
_UNITS = {
    "kg", "g", "mg", "µg", "ug", "t", "lb", "lbs", "oz", "m", "km", "cm", "mm", "µm", "um", "nm", "mi", "ft", "in", "inch", "yd", "ha", "m2", "m²", "km2", "km²", "m3", "m³",
    "l", "ml", "s", "sec", "ms", "min", "h", "hr", "hrs", "hours", "d", "day", "days", "yr", "years", "%", "percent", "‰", "°", "deg", "°c", "°f", "c", "f", "k", "rad", "hz", "khz", "mhz",
    "v", "mv", "a", "ma", "w", "kw", "mw", "kwh", "mwh", "j", "kj", "cal", "kcal", "n", "pa", "hpa", "kpa", "mpa", "bar", "mbar", "mmhg", "m/s", "km/h", "mph", "kn", "kt", "m3/s", "mg/l", "µg/l", "ug/l", "mg/dl", "g/l", "mmol/l",
    "ppm", "ppb", "b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "kbit/s", "mbit/s", "mbps", "rpm", "bpm", "1/min", "lpm", "l/min", "cfm", "in h2o", "inh2o", "cmh2o", "inhg", "g-unit", "g-units", "spm", "watt/kg", "w/kg", "kph", "m/km", "db", "lux", "lx", "w/m2", "w/m²", "usd", "eur", "gbp", "chf", "$", "€", "£", "number", "count", "no", "mol", "nmol", "ntu", "psu", "ph", "us/cm", "µs/cm", "ms/cm",
    "second", "seconds", "minute", "minutes", "hour", "volt", "volts", "ampere", "amperes", "amp", "amps", "watt", "watts", "celsius", "kelvin", "metre", "metres", "meter", "meters", "gram", "grams", "pascal", "hertz", "newton", "ohm", "ohms", "ω", "kω", "degrees", "dbm", "counts", "a.u.",
}  # fmt: skip


class Header:
    """skip: lines above; rows: how many rows the header has, 0 without one; names, where they
    are not simply those of the one row; units: {name: unit} of a row that was taken for units;
    rule: the row that only parts the names from the values, where it is the last of the rows; lists: whether each row is
    a list of its own length."""

    def __init__(self, skip=0, rows=1, names=None, units=None, rule="", lists=False):
        self.skip, self.rows, self.names, self.units, self.rule, self.lists = skip, rows, names, units or {}, rule, lists


def find(rows, width, begin=0):
    """Return the Header of a table given as rows of text, some of which may be empty. It begins at the row begin, or below."""
    found = _find(rows[begin:], width, begin)
    found.skip += begin
    return found


def _find(rows, width, above):
    """The Header of a table below so many other rows."""
    if width < 2:
        return Header(0, 0 if _numbers_over_numbers(rows) or _only_values(rows) else 1)
    if _baskets(rows):
        return Header(0, 0, lists=True)
    skip = _start(rows, width)
    table = rows[skip:]
    if not table:
        return Header(0, 1)
    body = [r for r in table[1:] if any(map(str.strip, r))]
    if len(body) > 1 and (is_rule(body[0]) and not _of_schema(body) or _letters_of_types(body, width)) and len(table[0]) >= width:
        rules = max(1, next((i for i, r in enumerate(table[1:]) if any(r) and not is_rule(r)), 1))
        return Header(skip, 1 + rules, [c.strip() for c in table[0]], rule=" ".join(c.strip() for c in body[0]).strip()[:40])
    if len(body) > 2 and all(c.strip().startswith('{"ImportId"') for c in body[1][:width] if c.strip()) and any(body[1]):
        return Header(skip, 3, [c.strip() for c in table[0]], rule=" · ".join(c.strip() for c in body[0])[:60])  # a survey of Qualtrics: questions below the names
    if len(body) > 1 and [c.strip() for c in table[0][:3]] == ["V1", "V2", "V3"] and body[0][0].strip() == "ResponseID":
        return Header(skip, 2, [c.strip() for c in table[0]], rule=" · ".join(c.strip() for c in body[0] if c.strip())[:60])  # one of the older form
    if _of_account(table[0], body, width):
        return Header(skip + 1, 0)
    levels = _levels(table, width)
    if levels:
        return Header(skip, *levels)
    if _told_above(table, body, width):
        return Header(skip + 2, 1)
    about = _about_columns(table, width)
    if about:
        return Header(skip, about, [c.strip() for c in table[0]], rule=" · ".join(r[0].strip() for r in table[1:about] if r)[:60])
    answers = [c.strip() for c in body[0]] if body else []
    if len(answers) == len(table[0]) == width and {"Response", "Open-Ended Response"} & set(answers) and all(is_name(a) or forms.form(a) in "nm" for a in answers) and any(a and not q.strip() for q, a in zip(table[0], answers)):
        return Header(skip, 2, joined([table[0], ["" if a in ("Response", "Open-Ended Response") else a for a in answers]], width))  # a survey of SurveyMonkey: answers below the questions
    more = _several(table, width, above + skip)
    if not more and _pivoted(table[0], body, width):
        return Header(skip + 1, 1)
    parts = None if more else _in_two_parts(table[0], body, width)
    if parts:
        return Header(skip, 2, parts)
    if not more and headless(table[0], body, width):
        return Header(skip, 0)
    if more:
        return _with_groups(rows, skip, width, *more)
    above = _groups_above(rows, skip, width)
    if above is not None:
        count = skip - above + 1
        return Header(above, count, joined(rows[above : skip + 1], width))
    if _titled(table[0], body, width):
        return Header(skip + 1, 1)
    if _described(table[0], body, width):
        return Header(skip, 2, [c.strip() for c in table[0]], rule=" · ".join(c.strip() for c in body[0])[:60])
    units = units_row(table[0], body, width)
    if units:
        keys = _keys_below(body, width)
        return Header(skip, 3 if keys else 2, [c.strip() for c in table[0]], units, keys)
    return Header(skip, 1)


def _only_values(rows):
    """Whether a single column has a day above days, or an amount above amounts, or is one number that is no year."""
    cells = [r[0].strip() for r in rows[:LOOK] if _filled(r)]
    kinds = {forms.form(c) for c in cells}
    return kinds == {"d"} or kinds == {"n"} and (len(cells) == 1 and not forms.YEAR.fullmatch(cells[0]) or not forms.PLAIN.fullmatch(cells[0]))


def _baskets(rows):
    """Whether each row is a list of things of its own length, also the first: names of columns are not among their values."""
    rows = [[c.strip() for c in r] for r in rows if _filled(r)]
    for r in rows:
        while r and not r[-1]:
            r.pop()
    if len(rows) < 6 or len({len(r) for r in rows}) < 3 or not all(c and forms.form(c) == "s" and len(c) < 60 for r in rows for c in r):
        return False
    below = [c for r in rows[1:] if r != rows[0] for c in r]
    return len(set(below)) < 0.9 * len(below) and sum(c in below for c in rows[0]) >= max(2, 0.5 * len(rows[0]))


def is_rule(row):
    """Whether a row is a line of dashes, or one of the formats of columns (5s, 15s, 20d), as in the USGS's RDB."""
    text = "".join(row).strip().translate(_LINES)
    if re.fullmatch(r"[-=+|: ]{3,}", text):
        return "---" in text or "===" in text or len(row) > 1 and all(re.fullmatch(r"\s*(?::?-{2,}:?|={2,})\s*", c) for c in row if c.strip())
    return len(row) > 1 and (all(re.fullmatch(r"\d{1,3}[sdn]", c.strip()) for c in row) or {c.strip().lower() for c in row} - {""} <= _TYPES and any(row))


def _of_schema(body):
    """Whether the first row has types of columns as those below it have: a table that lists columns and their types."""
    types = lambda r: {i for i, c in enumerate(r) if re.sub(r"\(.*\)", "", c.strip().lower()) in _TYPES | _OTHER_TYPES}
    return bool(types(body[0])) and not any("--" in c for c in body[0]) and any(types(body[0]) & types(r) for r in body[1 : LOOK + 1])


def _levels(table, width):
    """The rows and names of a header of several levels as pandas writes it: the level's name and its labels, and a row of the name of the index alone."""
    last = next((i for i, r in enumerate(table[1:7], 1) if len(r) == width and not any(c.strip() for c in r[1:])), 0)
    if last < 2 or width < 3 or len(table) < last + 3:
        return None
    levels, body = table[:last], [r for r in table[last + 1 :] if any(map(str.strip, r))][:LOOK]
    if not all(len(r) == width and is_name(r[0]) and all(c.strip() for c in r[1:]) for r in levels) or len(body) < 2 or any(forms.form(c) == "s" for r in body[:3] for c in r[1:]):
        return None
    labels = [tuple(r[i].strip() for r in levels) for i in range(1, width)]
    if len(set(labels)) < len(labels) or last == 2 and all(_is_unit(c.strip()) for c in levels[1][1:]) and not table[last][0].strip() or not all(usual_form(body, i) in ("n", "") for i in range(1, width)):
        return None
    return last + 1, [table[last][0].strip(), *(" ".join(label) for label in labels)]


_PERIOD = re.compile(r"(?:1[5-9]|20|21)\d\d(?:[- ]?(?:Q[1-4]|[A-Z]{3}|M?\d\d))?", re.I)


def _about_columns(table, width):
    """How many rows the names and what is said of the columns below them take, each with a word first (Title, CDID, Unit), above
    rows that begin with years or days; 0 where they are fewer than three."""
    if width < 2 or not all(len(r) == width for r in table[:4]):
        return 0
    first = [r[0].strip() if r else "" for r in table[: LOOK + 12]]
    kinds = ["d" if _PERIOD.fullmatch(c) or forms.form(c) == "d" else forms.form(c) for c in first]
    about = next((i for i, k in enumerate(kinds) if k == "d"), 0)
    if not 3 <= about <= 12 or set(kinds[:about]) != {"s"} or len(set(first[:about])) < about or len(kinds) < about + 3 or set(kinds[about:]) - {"d", ""}:
        return 0
    values = all(usual_form(table[about : about + LOOK], i) in ("n", "") for i in range(1, width))
    said = any(forms.form(c) == "s" for r in table[1:about] for c in r[1:])
    return about if values and said and all(map(is_name, table[0])) else 0


def _of_account(first, body, width):
    """Whether the first row tells of an account, with a day and an amount, above rows that have no names: Current account;31/01/2024;1 234,56."""
    first = [c.strip() for c in first]
    if len(first) != width or len(body) < 3 or not 2 < _filled(first) <= 8:
        return False
    days = [c for c in first if forms.form(c) == "d" and re.fullmatch(r"\d{1,4}([-/.])\d\d?\1\d{2,4}", c)]
    amounts = [c for c in first if forms.form(c) == "n" and re.search(r"\d[.,]\d\d\b(?![.,])", c)]
    kinds = [usual_form(body[1:LOOK], i) for i in range(width)]
    same = all(not k or k == "s" or forms.form(c) in (k, "", "m") for k, c in zip(kinds, [c.strip() for c in body[0]]))
    return len(days) == 1 == len(amounts) and "d" in kinds and "n" in kinds and same and kinds[first.index(days[0])] != "d"


def _told_above(table, body, width):
    """Whether the first two rows are names and values that tell of the table below them, whose names are in the third: Source, Latitude;
    NSRDB, 40.5; Year, Month, …"""
    if len(body) < 5 or table[1] != body[0] or table[2] != body[1]:
        return False
    above, values, names = ([c.strip() for c in r] for r in (table[0], body[0], body[1]))
    while names and not names[-1]:
        names.pop()
    if not 4 <= len(names) <= width or len(set(names)) < len(names) or not all(c and forms.form(c) == "s" for c in names) or not all(map(is_name, above)):
        return False
    kinds = [usual_form(body[2 : LOOK + 2], i) for i in range(width)]
    typed = [i for i in range(len(names)) if kinds[i] and kinds[i] in "ndc"]
    other = [i for i in typed if i < len(values) and values[i] and forms.form(values[i]) not in (kinds[i], "m")]
    return len(typed) > 0.5 * len(names) and bool(other) and any(forms.form(v) in ("n", "d") for v in values) and not any(kinds[len(names) :])


def _letters_of_types(body, width):
    """Whether the first row says by a letter which columns hold numbers (N) and which texts (S), as RDB has it, and they do."""
    row = [c.strip().upper() for c in body[0]]
    if len(row) != width < 2 or not all(re.fullmatch(r"\d{0,3}[SNDM]", c) for c in row) or "N" not in {c[-1] for c in row}:
        return False
    below = [r for r in body[1 : LOOK + 1] if len(r) == width]
    return bool(below) and all(all(forms.form(r[i]) in ("n", "m", "") for r in below) and any(forms.form(r[i]) == "n" for r in below) for i, c in enumerate(row) if c[-1] == "N")


def is_name(cell):
    """Whether a cell may be a name."""
    return forms.form(cell) in ("s", "", "b")


def _filled(row):
    return sum(bool(c.strip()) for c in row)


def _start(rows, width):
    """The first row that is as wide as the table."""
    near = exact = None
    for i, row in enumerate(rows[:100]):
        n = _filled(row)
        if len(row) == width and (n > max(1, width // 3) or i == 0 and n == width - 1 and (not row[0].strip() or _over_values(rows, width))):
            exact = i
            break
        if near is None and (abs(len(row) - width) == 1 or i == 0 and len(row) > width) and n > max(1, width // 2):
            near = i
    if exact is None:
        return near or 0
    if exact and near != 0 and _shorter(rows):
        return 0
    if near is None:
        named = [i for i, c in enumerate(rows[0]) if c.strip()] if exact == 1 and len(rows[0]) == width else []
        if named and named != [0] and all(is_name(rows[0][i]) for i in named) and headless(rows[1], [r for r in rows[2:] if _filled(r)], width):
            return 0  # most columns have no name
        return _full(rows, exact, width)
    # One too short or too long to be a row: a header of its own kind, or a title with commas.
    head, body = rows[near], [r for r in rows[exact:][:LOOK] if len(r) == width]
    names = all(is_name(c) and len(c) < 60 for c in head)
    kinds = [usual_form(body[1:], i) for i in range(width)]
    first = [forms.form(c) for c in body[0]]
    own = any(k and k in "ndcb" and f == "s" for k, f in zip(kinds, first))
    return near if names and not own and not rows[near][0].startswith("#") else exact


def _over_values(rows, width):
    """Whether values stand right below the first row, which names all columns but one."""
    below = [r for r in rows[1:4] if len(r) == width and _filled(r)]
    return len(below) > 1 and all(map(is_name, rows[0])) and all(forms.form(c) in ("n", "d", "c") for r in below for c in r if c.strip())


def _shorter(rows):
    """Whether the first row names the first columns of all rows below it, which have more fields."""
    names, body = [c.strip() for c in rows[0]], [r for r in rows[1:] if _filled(r)][:LOOK]
    if len(names) < 3 or len(set(names)) < len(names) or not all(names) or not all(map(is_name, names)):
        return False
    if any(len(re.findall(r"[,;\t|]", n)) > 1 for n in names):
        return False  # several names in one, after a stray quotation mark
    return len(body) > 1 and all(len(r) >= len(names) for r in body) and any(usual_form(body, i) in ("n", "d", "c") for i in range(len(names)))


def _full(rows, start, width):
    """The row of names itself, where words of a note or of groups stand in a few columns above it."""
    for i in range(start, min(start + 8, len(rows) - 1)):
        row = rows[i]
        if not all(map(is_name, row)):
            return start
        if _filled(row) == width:
            body = [r for r in rows[i + 1 :] if _filled(r)][:LOOK]
            typed = any(usual_form(body, k) in ("n", "d", "c") for k in range(width))
            return i if typed and len(set(row)) == width else start
    return start


def headless(first, body, width):
    """Whether the first row is data like those below it."""
    body = body[:LOOK]
    first = [c.strip() for c in first][:width]
    if not body:
        return _values(first)
    cells = [forms.form(c) for c in first]
    if all(c in ("n", "") for c in cells) and "n" in cells:
        return _numbers_over_numbers([first, *body])
    if any(_no_name(c, [r[i].strip() for r in body if len(r) > i and r[i].strip()]) for i, c in enumerate(first)):
        return True
    kinds = [usual_form(body, i) for i in range(width)]
    yes = no = again = 0
    numbers = []
    for i, (cell, kind) in enumerate(zip(first, cells)):
        if not cell or not kinds[i]:
            continue
        if kinds[i] == "s":
            column = [r[i].strip() for r in body if len(r) > i]
            again += column.count(cell) > 0
            if kind in ("d", "c") and sum(forms.form(v) in ("d", "c") for v in column) > 0.5 * len(column):
                no += 1
            continue
        if kind == kinds[i] or {kind, kinds[i]} == {"d", "c"}:
            if kind == "b" and cell.lower() not in {r[i].strip().lower() for r in body if len(r) > i}:
                continue  # a column named n
            no += 1
            if kind == "n":
                numbers.append(cell)
        elif kind == "s":
            yes += 1
    years = [i for i, c in enumerate(first) if forms.YEAR.fullmatch(c)]
    if len(years) == no > 1 and not any(forms.YEAR.fullmatch(r[i].strip()) for r in body for i in years if len(r) > i):
        return False
    if numbers and len(numbers) == no and _sequence(numbers):
        return False
    repeated = sum([c.strip() for c in r] == first for r in body)
    if not no and 0 < repeated <= max(2, 0.2 * len(body)):
        return False  # a header that is repeated
    if yes:
        return no >= 3 * yes and no >= 3 and again > 0
    if not (first and first[0]) and no < 3:
        return False
    if no and any(c == "d" == k and re.search(r"\d[-/.]\d+[-/.]\d|\d:\d", f) for c, k, f in zip(cells, kinds, first)):
        return True  # a day above days is no name
    if no:
        return no >= 2 or again > 0 or len(body) >= 3 and _like_data(first, body, kinds)
    filled = sum(bool(k) for k in kinds)
    if again and sum(len(c) > 60 for c in first) == filled - again > 0:
        return True  # a value that others have, beside sentences
    return again >= 2 and again >= 0.5 * filled


_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+|(https?|ftp)://[^\s/]+\.\S+|\d{1,3}(\.\d{1,3}){3}")  # of a person, a page, a computer
_LONG = 8  # letters and digits of what is an identifier by its shape


def _no_name(cell, column):
    """Whether a cell is an address as those below are, or an identifier of their very shape (3F2504E0-4F89-…), as no name is."""
    if not column:
        return False
    if _ADDRESS.fullmatch(cell):
        return sum(bool(_ADDRESS.fullmatch(v)) for v in column) >= 0.9 * len(column)
    if len(cell) < _LONG or sum(c.isdigit() for c in cell) < 3 or " " in cell or forms.form(cell) != "s":
        return False
    shape = re.sub("[0-9A-Za-z]", "x", cell)
    return all(re.sub("[0-9A-Za-z]", "x", v) == shape and forms.form(v) == "s" and sum(c.isdigit() for c in v) >= 3 for v in column)


def _values(row):
    """Whether a row that stands alone holds values: a day, and a number that is no year; or numbers alone, that are none of a count."""
    if len(row) > 2 and all(forms.form(c) == "n" for c in row) and not _sequence(row) and not all(map(forms.YEAR.fullmatch, row)):
        return True
    return any(forms.form(c) == "d" for c in row) and any(forms.form(c) == "n" and not forms.YEAR.fullmatch(c) for c in row)


def _like_data(first, body, kinds):
    """Whether the texts of the first row have digits, as those below: names seldom have."""
    texts = [i for i, k in enumerate(kinds) if k == "s" and i < len(first) and first[i]]
    return bool(texts) and all(re.search(r"\d", first[i]) and sum(bool(re.search(r"\d", r[i])) for r in body if len(r) > i) > 0.8 * len(body) for i in texts)


def _sequence(cells):
    """Whether numbers are names: years, or 0 1 2 3."""
    if all(forms.YEAR.fullmatch(c) for c in cells):
        return len(set(cells)) == len(cells)
    if len(cells) < 3 or not all(c.isdigit() for c in cells):
        return False
    n = [int(c) for c in cells]
    return len({b - a for a, b in zip(n, n[1:])}) == 1 and n[1] != n[0]


def _numbers_over_numbers(rows):
    rows = [r for r in rows if r and any(map(str.strip, r))]
    if len(rows) < 2:
        return False
    first = [c.strip() for c in rows[0]]
    filled = [c for c in first if c]
    if not filled or not all(forms.form(c) == "n" for c in filled):
        return False
    if all(forms.YEAR.fullmatch(c) for c in filled) and not all(forms.YEAR.fullmatch(c.strip()) for c in rows[1] if c.strip()):
        return False
    if len(first) > 1 and first == [str(i) for i in range(len(first))]:
        return False
    return all(forms.form(c) in ("n", "m", "") for c in rows[1])


def joined(rows, width, once=True):
    """The names of a header of several rows: a group's name stands over all of its columns.
    A word that a row repeats is taken once, unless each is wanted."""
    names = [[] for _ in range(width)]
    for at, row in enumerate(rows):
        row = [c.strip() for c in row] + [""] * (width - len(row))
        last, wide = "", at < len(rows) - 1
        for i in range(width):
            if row[i]:
                last = row[i]
            elif not wide or not _under(rows, at, i, width):
                last = row[i]
            if last and not (once and last in names[i][-1:]):
                names[i].append(last)
    return [" ".join(n) for n in names]


def _under(rows, at, i, width):
    """Whether a column without a name of its own in this row has one in a row below, so that it belongs to the group on its left."""
    return any(len(r) > i and r[i].strip() for r in rows[at + 1 :])


def _several(table, width, above=0):
    """The rows and names of a header of two or three rows: groups over names, above columns of values."""
    same = 1
    while same < len(table) and same < 5 and table[same] == table[0] and _filled(table[0]) > 0.5 * width:
        same += 1
    if same > 1 and all(map(is_name, table[0])) and len(table) > same:
        # Below other lines a logger wrote its header anew; at the top it is one of several rows.
        return same, joined(table[:same], width, once=above > 0 or table[0] in table[same:])
    filled = [i for i, r in enumerate(table[:8]) if _filled(r)]
    for count in [i + 1 for i in filled[1:3]]:
        head, body = [r for r in table[:count] if _filled(r)], [r for r in table[count:] if _filled(r)][:LOOK]
        if len(body) < 2 or any(len(r) != width for r in head):
            return None
        groups = [c.strip() for c in head[0]]
        if groups[0].endswith(":"):
            return None  # a note, and its value
        spanning = sum(bool(g) and i + 1 < width and groups[i + 1] in ("", g) for i, g in enumerate(groups))
        if not spanning or not all(is_name(c) or _sequence([c]) or k == 0 and forms.form(c) == "d" for k, r in enumerate(head) for c in map(str.strip, r)):
            return None
        if _filled(head[-1]) < 0.5 * width and _filled(head[-1]) + _filled(head[0]) < width:
            continue
        if not _needs_groups(head[-1]) and not all(i + 1 < width and not groups[i + 1] for i, g in enumerate(groups) if g):
            return None  # names of their own, below a line of words
        kinds = [usual_form(body, i) for i in range(width)]
        typed = [i for i, k in enumerate(kinds) if k and k in "ndc"]
        if typed and all(body[0][i].strip() and forms.form(body[0][i]) == "s" for i in typed):
            continue  # names as well
        if typed and all(is_name(head[-1][i]) or _sequence([head[-1][i].strip()]) for i in typed) and any(head[-1][i].strip() for i in typed):
            return count, joined(head, width)
    return None


def _groups_above(rows, skip, width):
    """The first row of groups right above the names, where it was too empty to be the first row of the table."""
    found = None
    years = all(forms.YEAR.fullmatch(c.strip()) or forms.form(c) == "d" for c in rows[skip - 1] if c.strip()) if skip else False
    first = [c.strip() for c in rows[0]] if skip == 1 else []
    spans = len(first) == width and all(i + 1 < width and not first[i + 1] for i, g in enumerate(first) if g)
    if not _needs_groups(rows[skip]) and not years and not spans:
        return None
    for above in range(skip - 1, max(-1, skip - 4), -1):
        if len(rows[above]) != width:
            break
        groups = [c.strip() for c in rows[above]]
        if sum(map(bool, groups)) < 2 or any(g.endswith(":") for g in groups) or any(forms.form(g) not in ("s", "", "d", "b") and not forms.YEAR.fullmatch(g) for g in groups):
            break
        below = [any(r[i].strip() for r in rows[above + 1 : skip + 1] if len(r) > i) for i in range(width)]
        named = all(b or g for b, g in zip(below, groups))  # together they name each column
        if not named and any(g and not b for g, b in zip(groups, below)):
            break
        found = above
    return found


def _with_groups(rows, skip, width, count, names):
    """A header of several rows, with the row of groups right above it where only that tells its columns apart."""
    groups = [c.strip() for c in rows[skip - 1]] if skip else []
    if len(set(names)) < len(names) and len(groups) == width and sum(map(bool, groups)) > 1 and all(is_name(g) and not g.endswith(":") for g in groups):
        longer = joined([r for r in rows[skip - 1 : skip + count] if _filled(r)], width)
        if len(set(longer)) > len(set(names)):
            return Header(skip - 1, count + 1, longer)
    return Header(skip, count, names)


def _needs_groups(names):
    """Whether names alone do not tell columns apart."""
    filled = [c.strip() for c in names if c.strip()]
    return len(filled) < len(names) or len(set(filled)) < len(filled)


def _titled(row, body, width):
    """Whether the first row is a title cut at its commas, and the names are below it: each in one word above values."""
    if len(body) < 4 or len(body[0]) != width or not any(" " in c.strip() for c in row):
        return False
    names = [c.strip() for c in body[0]]
    kinds = [usual_form(body[1 : LOOK + 1], i) for i in range(width)]
    return len(set(names)) == width and all(k in ("n", "d", "c") for k in kinds) and all(re.fullmatch(r"[^\W\d]\w*", c) for c in names) and not any(_is_unit(c) for c in names)


def _pivoted(row, body, width):
    """Whether the first row says what a pivot table of Excel holds, and the names are below it: Sum of units, Column labels,, over Row labels, 2023, 2024."""
    if len(body) < 3 or len(body[0]) != width:
        return False
    first, names = [c.strip() for c in row] + [""] * width, [c.strip() for c in body[0]]
    kinds = [usual_form(body[1 : LOOK + 1], i) for i in range(width)]
    typed = [i for i, k in enumerate(kinds) if k in ("n", "d", "c")]
    over = [i for i in typed if is_name(names[i]) or forms.YEAR.fullmatch(names[i]) and not all(forms.YEAR.fullmatch(r[i].strip()) for r in body[1:LOOK] if len(r) > i and r[i].strip())]
    return (
        _filled(first) > 0 and all(names) and len(set(names)) == width and is_name(names[0]) and len(over) == len(typed) > 1
        and sum(not first[i] for i in typed) >= 0.5 * len(typed) and all(map(is_name, first)) and not any(_is_unit(names[i]) for i in typed)
    )  # fmt: skip


def _in_two_parts(row, body, width):
    """The names, where the first row has those of the columns of numbers and the row below it those of the others, as offices of statistics export tables; else nothing."""
    if len(body) < 4 or len(body[0]) != width or len(row) != width:
        return None
    first, second = [c.strip() for c in row], [c.strip() for c in body[0]]
    kinds = [usual_form(body[1 : LOOK + 1], i) for i in range(width)]
    typed = [i for i, k in enumerate(kinds) if k == "n"]
    others = [i for i in range(width) if i not in typed]
    if not typed or len(others) < 2 or any(second[i] or not first[i] for i in typed) or not all(second[i] and is_name(second[i]) for i in others) or all(first[i] for i in others):
        return None
    below = {r[i].strip() for r in body[1:] for i in others if len(r) > i}
    names = [first[i] if i in typed else second[i] for i in range(width)]
    return names if len(set(names)) == width and not any(second[i] in below for i in others) else None


def _described(names, body, width):
    """Whether the row below the names says in words what the columns of values are."""
    if len(body) < 4 or len(names) != width or not all(map(is_name, names)):
        return False
    row = [c.strip() for c in body[0]] + [""] * width
    typed = [i for i in range(width) if usual_form(body[1 : LOOK + 1], i) in ("n", "d", "c")]
    said = [row[i] for i in typed]
    if not (len(typed) > 1 and len(set(said)) == len(said) and all(forms.form(c) == "s" and re.search(r"[^\W\d_]{3}", c) for c in said) and sum(" " in c for c in said) >= 0.5 * len(said)):
        return False
    words = [len(c.split()) for c in row[:width]]
    return sum(_explains(names[i], row[i]) for i in typed) >= 0.6 * len(typed) or min(words) > 1 and sum(words) >= 3.5 * width  # else it is a row of remarks: not measured, open end


def _explains(name, text):
    """Whether a text has a name's letters in their order from the beginning of a word on: pop, Total population; gdp, Gross domestic product."""
    letters = re.sub(r"[\W\d_]", "", name.lower())
    text = text.lower()
    return len(letters) > 1 and any(_within(letters, text[m.start() :]) for m in re.finditer(rf"\b{letters[0]}", text))


def _within(letters, text):
    rest = iter(text)
    return all(c in rest for c in letters)


def units_row(names, body, width):
    """The units {name: unit} when the row below the names is one of units, above columns of numbers; else nothing."""
    if len(body) < 3 or not width - 1 <= len(names) <= width:
        return {}
    width = len(names)
    row = [c.strip() for c in body[0]]
    kinds = [usual_form(body[1 : LOOK + 1], i) for i in range(width)]
    numbers = [i for i, k in enumerate(kinds) if k == "n" and i < len(row)]
    given = {names[i].strip(): row[i].strip("()[] ") for i in range(min(width, len(row))) if row[i].strip("()[] ") and _is_unit(row[i])}
    said = {c for c in row if c}
    if len(said) == 1 and row.count(min(said)) > 1 and not row[0] and all(row[i] for i in numbers) and all(kinds[i] in ("n", "") for i, c in enumerate(row[:width]) if c) and re.search(r"[^\W\d_]{3}", min(said)) and forms.form(min(said)) == "s":
        return {names[i].strip(): row[i] for i in range(len(row)) if row[i]}  # one for all: Persons in thousands
    known = sum(_is_unit(row[i]) for i in numbers if row[i])
    if not numbers or any(row[i] and not _is_unit(row[i]) and (len(row[i]) > 8 or known < 4) for i in numbers) or known < 0.6 * sum(bool(row[i]) for i in numbers):
        return {}  # beside many that are known, a word may be one as well
    over = [i for i in numbers if row[i]]
    if any(row[i].lower() in ("yes", "no") and kinds[i] in ("b", "s") for i in range(min(width, len(row)))):
        return {}  # an answer
    others = [i for i in range(min(width, len(row))) if row[i] and i not in numbers]
    if any(row[i] == r[i].strip() and not _is_unit(row[i]) for i in others for r in body[1 : LOOK + 1] if len(r) > i):
        return {}  # a value that others have
    if len(over) == 1 and len(row[over[0]]) == 1 and row[over[0]].isalpha() and any(" " in row[i] or len(row[i]) > 12 for i in others):
        return {}  # a letter, beside a text
    return given if over and len(over) >= 0.3 * len(numbers) and all(forms.form(c) not in ("n", "d") for c in row) else {}


def _keys_below(body, width):
    """The row below the units, where it has words in each column of numbers: the names that a program gives the columns."""
    numbers = [i for i in range(width) if usual_form(body[2 : LOOK + 1], i) == "n"]
    row = [c.strip() for c in body[1]] + [""] * width
    said = [row[i] for i in numbers if row[i]]
    keys = len(said) > 1 and len(set(said)) == len(said) and all(forms.form(c) == "s" and re.search(r"[^\W\d]{2}", c) and not _is_unit(c) for c in said)
    return " · ".join(c for c in row if c)[:60] if keys else ""


def _is_unit(cell):
    bare = cell.strip("()[] ").lower().replace("^", "")
    if forms.form(cell) == "m":
        return False  # N/A
    return bare in _UNITS or cell[:1] + cell[-1:] in ("()", "[]") or bool(re.fullmatch(r"[a-zµ°%$€£]{1,4}(/[a-zµ]{1,4}\d?)?[²³23]?", bare) and "/" in bare)


def tables(rows):
    """The tables that follow one another in rows: [(first row, row after the last)].

    A new one begins with a header of its own below blank rows, or with one that
    has half of the names of the first header, but not all of them.
    """
    starts, names = [], None
    for i, row in enumerate(rows):
        n = _filled(row)
        if names is None:
            if n > 1:
                names, starts = _names(row), [0]
                below = [r for r in rows[i + 1 :] if _filled(r)][:2]
                headed = all(map(is_name, row)) and any(not is_name(c) for r in rows[i + 1 :] for c in r) and not any(len(_names(r) & names) >= 2 and _names(r) != names for r in below)  # rows that are alike, and lists of words, have no header
            continue
        if n < 2:
            continue
        own = _names(row)
        shared = len(own & names)
        if headed and shared >= 2 and shared >= 0.5 * max(len(own), len(names)) and all(map(is_name, row)):
            if own != names and i > starts[-1] + 2:
                starts.append(i)
                names = own
        elif _new_header(rows, i, starts[-1]):
            begin = i
            while begin and _filled(rows[begin - 1]) == 1:
                begin -= 1  # its title
            starts.append(begin)
            names = own
    ends = starts[1:] + [len(rows)]
    found = [(a, b) for a, b in zip(starts, ends) if sum(_filled(r) > 0 for r in rows[a:b]) > 1]
    if len(found) > 1 and _describes(rows[slice(*found[0])], rows[slice(*found[1])]):
        pairs = max(map(_filled, rows[slice(*found[1])])) == 2 or _of_device(rows[slice(*found[0])], rows[slice(*found[1])])  # it is as wide itself: only where it begins tells them apart
        found[:2] = [(found[1][0] if pairs else found[0][0], found[1][1])]
    return found


def _of_device(part, table):
    """Whether rows are what a device says of itself, names that end with a colon first, above many rows that are wider."""
    part = [r for r in part if _filled(r)]
    return sum(r[0].strip().endswith(":") for r in part[:6]) > 3 and max(map(_filled, part)) < max(map(_filled, table)) and len(part) < 0.5 * sum(_filled(r) > 0 for r in table)


def _describes(part, table):
    """Whether rows are names and values that tell of the table below them: Station: Berlin, Period: 2020."""
    while part and not _filled(part[-1]):
        part = part[:-1]
    parted = any(not _filled(r) for r in part)  # groups of such lines, with blank ones between
    part = [r for r in part if _filled(r)]
    while part and _filled(part[0]) < 2:
        part = part[1:]  # its title
    if _of_device(part, table):
        return True
    if not 0 < len(part) <= 15 or any(_filled(r) > 2 for r in part):
        return False
    if max(map(_filled, table)) > 3 and (parted or part[0][0].strip().endswith(":")):
        return True
    values = [r[1] if len(r) > 1 else "" for r in part]
    kinds = {forms.form(v) for v in values[1:]} - {""}
    if max(map(_filled, table)) < 3:  # names and values as well: those of a device above what it measured
        body = [r for r in table if _filled(r)]
        return len(kinds) > 1 and len(body) > 4 * len(part) and all(usual_form(body[1:], i) == "n" for i in range(2))
    return sum(r[0].strip().endswith(":") for r in part) > 0.5 * len(part) or len(kinds) != 1 or not is_name(values[0])


def _names(row):
    return {c.strip() for c in row if c.strip()}


def _new_header(rows, i, start):
    """Whether a row below a blank one names columns of its own."""
    above = i - 1
    while above > start and _filled(rows[above]) == 1:
        above -= 1
    if _filled(rows[above]) or sum(_filled(r) > 1 for r in rows[start:above]) < 3:
        return False
    row = rows[i]
    if not all(map(is_name, row)) or len(_names(row)) < _filled(row):
        return False
    body = []
    for r in rows[i + 1 :][:LOOK]:
        if not _filled(r) and body:
            break
        if _filled(r) and r != row:  # a name may stand twice, and blank rows below
            body.append(r)
    columns = [k for k, c in enumerate(row) if c.strip()]
    before = [r for r in rows[start + 1 : above] if _filled(r)]
    typed = sum(usual_form(body, k) in ("n", "d", "c") for k in columns)
    same = [usual_form(before, k) for k in columns] == [usual_form(body, k) for k in columns] and typed == 0
    return len(body) >= 2 and (typed > 0 or not same)
