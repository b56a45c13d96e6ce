"""A question becomes items: columns, values, numbers, times and words that ask."""

import re
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from attache.analyze import roles, words
from attache.ask import lexicon, rows, when
from attache.analyze.style import code
from attache.ask.lexicon import stem
from attache.ask.query import NotUnderstood

_YES, _NO = {"yes", "y", "true", "1", "t", "ja", "oui", "si"}, {"no", "n", "false", "0", "f", "nein", "non"}


_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|" + "|".join(words.MONTHS) + ")"
_UNPARTED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_GENERIC = frozenset("status code codes number numbers id ids name names column field level size".split())  # after a column they say nothing new


@dataclass
class Item:
    """A piece of a question.

    kind: col (a Column), val (a Column and its values), num, time (a Span), agg,
    op, post, kw, per, chart, and, or word, which is not understood.
    """

    kind: str
    value: object
    text: str
    exact: float = 1.0
    other: object = None  # another Column that a part of its name may mean as well

    def is_(self, kind, *values):
        return self.kind == kind and (not values or self.value in values)

    def joins(self):
        """Whether it stands between two things: and, or, versus."""
        return self.kind == "and" or self.is_("kw", "vs")


class Vocabulary:
    """The names and values of one table, as questions may write them."""

    def __init__(self, profile, name=""):
        self.profile = profile
        self.nouns = {stem(w) for n in words.of(name.rsplit(".", 1)[0]) for w in (n, n.strip("0123456789")) if w}
        self.columns = []  # (words, Column)
        for c in profile.columns:
            if c.role == "empty":
                continue
            full = _merged(tuple(stem(w) for w in words.of(c.name)))
            bare = _merged(tuple(stem(w) for w in words.of(c.name.split("(")[0].split("[")[0])))
            self.columns += [(w, c) for w in {full, bare} if w]
        for full, c in list(self.columns):  # cost is cost_eur
            if len(full) > 1 and full[-1] in lexicon.UNITS and all(x is c for w, x in self.columns if w[: len(full) - 1] == full[:-1]):
                self.columns.append((full[:-1], c))
        self.initials = set()
        for c in profile.columns:  # mpg is Miles_per_Gallon
            initials = "".join(w[0] for w in words.of(c.name) if w)
            if len(initials) > 2 and initials.isalpha() and initials not in lexicon.STOP and self.column((initials,)) is None:
                self.columns.append(((initials,), c))
                self.initials.add((initials,))

        if not any("country" in w or "nation" in w for w, _ in self.columns):
            self.columns += [(("country",), c) for c in profile.columns if _of_countries(c)][:1]

    @cached_property
    def values(self):
        """Values by their stems: {words: [(Column, value)]}."""
        found = {}
        for c in self.profile.columns:
            if c.type == "text" and c.role not in ("nested", "empty") and (c.distinct or 0) <= 20_000:
                values = c.series.dropna().unique()
            elif c.role == "boolean":
                continue
            else:
                continue
            for v in values:
                text = str(v)
                if len(text) > 80:
                    continue
                key = tuple(stem(w) for w in words.of(text))
                if key:
                    found.setdefault(key, []).append((c, v))
                    whole = _whole(key)
                    if whole and (c.distinct or 99) <= 12:
                        found.setdefault((whole,), []).append((c, v))
                    found.setdefault(("".join(key),), found[key]) if len(key) > 1 else None
        return found

    @cached_property
    def parts(self):
        """Words that are in the values of exactly one column, and in few of them."""
        found = {}
        for key, places in self.values.items():
            if len(key) > 1:
                for w in key:
                    if len(w) > 2 and w not in lexicon.STOP:
                        found.setdefault(w, []).extend(places)
        return {w: p for w, p in found.items() if len({id(c) for c, _ in p}) == 1 and len(p) <= 5}

    def column(self, key):
        """The column of which key is the whole name, or None."""
        joined = "".join(key)
        for full, c in self.columns:
            if full == key or sorted(full) == sorted(key) or "".join(full) == joined:
                return c
        return None

    def named(self, key):
        """Columns of which key is a part of the name, the likeliest first."""
        found = []
        for full, c in self.columns:
            if set(key) <= set(full):
                weight = len(key) / len(full) + (0.3 if c.role == "measure" else 0.1 if c.role in roles.CATEGORIES else 0) - (0.2 if c.role == "identifier" else 0) + (0.15 if full[: len(key)] == key or full[-len(key) :] == key else 0)
                found.append((-weight, c.position, c))
        return [c for _, _, c in sorted(found, key=lambda f: f[:2])]

    def begun(self, key):
        """The one column whose name begins with these words, where what stands behind the first one is no column itself: "actual max" of actual_max_temp."""
        if self.column(key[1:]) is not None:
            return None
        found = {id(c): c for full, c in self.columns if len(full) > len(key) and full[: len(key)] == key}
        return next(iter(found.values())) if len(found) == 1 else None

    def shortened(self, word):
        """The one column whose name begins with word: "rev" of revenue."""
        found = {id(c): c for full, c in self.columns if len(word) >= 3 and full[0].startswith(word) and len(full[0]) > len(word) + 1}
        return next(iter(found.values())) if len(found) == 1 else None

    def abbreviated(self, names):
        """The one column whose name has the beginnings of these words in one word, or their first letters alone: "domestic gross" of domgross, "home runs" of HR."""
        if any(self.column((stem(w),)) or (stem(w),) in self.values for w in names):
            return None
        whole = {id(c): c for full, c in self.columns if len(full) == 1 and len(full[0]) > 4 and _shortens(full[0], names)}
        if not whole:
            whole = {id(c): c for full, c in self.columns if c.name.isupper() and len(c.name) == len(names) and all(w[0] == x for w, x in zip(names, c.name.lower()))}
        return next(iter(whole.values())) if len(whole) == 1 else None

    def within(self, text):
        """Columns whose names hold text, of a script that is not parted into words."""
        if len(text) < 2 or not _UNPARTED.match(text):
            return []
        return [c for full, c in self.columns if stem(text) in "".join(full)]

    def synonym(self, word):
        for group in lexicon.SYNONYMS:
            if word in group:
                for other in sorted(group - {word}):
                    if (c := self.column((stem(other),))) is not None:
                        return c
                for other in sorted(group - {word}):
                    if len(other) > 2 and (cs := [c for c in self.named((stem(other),)) if stem(other) in _ends(c.name) and not ((word in _PAID or "revenue" in group) and words.deducted(c.name)) and (other != "lineitem" or c.type == "text")] or self.within(other)):
                        return next((c for c in cs if c.type == "text" and "name" in words.of(c.name)), cs[0]) if word in lexicon.NOUNS else cs[0]
        return None

    def meant(self, names):
        """The one column whose name has each of these words, or another word for it: "departure station" of Gare de départ."""
        groups = [{stem(n)} | {stem(w) for g in lexicon.SYNONYMS if n in g or stem(n) in g for w in g} for n in names]
        if any(len(g) == 1 for g in groups):
            return None
        found = {id(c): c for full, c in self.columns if len(full) >= len(names) and all(g & set(full) for g in groups)}
        return next(iter(found.values())) if len(found) == 1 else None

    def near(self, key):
        """A column or value that differs by a typo: an Item or None."""
        text = " ".join(key)
        if len(text) < 4 or any(w in lexicon.STOP for w in key):
            return None
        if text in lexicon.NOUNS or text in self.nouns or text in lexicon.OTHERS:
            return None  # trips are no tips
        best = None
        for full, c in self.columns:
            if full in self.initials:
                continue  # "free" is no typo of the first letters of a name
            d = 9 if _denies(text, " ".join(full)) else distance(text, " ".join(full))
            if d <= _allowed(text) and _each_near(key, full) and (best is None or d < best[0]):
                best = (d, Item("col", c, text, 0.7))
            for w in full if len(key) == 1 else ():
                if len(w) > 3 and text.startswith(w) and text[len(w) :] in ("d", "ed", "ing", "s") and (best is None or best[0] > 1):
                    best = (1, Item("col", c, text, 0.75))  # delayed, hired
                if len(w) >= 5 and not _denies(text, w) and (distance(text, w) <= _allowed(text) or _same_stem(text, w)) and (best is None or best[0] > 1.5):
                    best = (1.5, Item("col", c, text, 0.6))
        places = self.values if len(self.values) <= 20_000 else ()
        for spelled in places:
            if len(spelled) == 1 and len(spelled[0]) < 4:
                continue  # a code: "texas" is no TEX
            d = 9 if _denies(text, " ".join(spelled)) else distance(text, " ".join(spelled))
            if d <= _allowed(text) and (best is None or d < best[0]) and _digits(spelled) == _digits(key) and _each_near(key, spelled):
                best = (d, _value(places[spelled], text, 0.7))
        return best[1] if best else None


def _shortens(word, names):
    """Whether a word is one piece of each of the names, in their order: brainwt of "brain weight"."""
    if not names:
        return not word
    for n in range(len(word), 1, -1):
        if _short_for(word[:n], names[0]) and _shortens(word[n:], names[1:]):
            return True
    return False


def _short_for(piece, name):
    """Whether a piece is the beginning of a name, or some of its letters with the first and the last: dom of domestic, wt of weight."""
    if name == piece or len(piece) > 2 and name.startswith(piece):
        return True
    letters = iter(name)
    return len(piece) > 1 and piece[0] == name[0] and piece[-1] == name[-1] and not set(piece[1:]) & set("aeiou") and all(x in letters for x in piece)


_SALES_ABROAD = frozenset(lexicon.ABROAD["revenue"].split())
_PAID = frozenset("revenue sales sale turnover takings amount spend value".split())


def _ends(name):
    """The first and the last words of a name, which say what it is: jobs of Low_wage_jobs, not wage."""
    mine = [stem(w) for w in words.of(name) if w not in lexicon.UNITS]
    return {*mine[:1], *mine[-1:], *(mine[-2:-1] if len(mine) > 2 and mine[-1] in ("id", "name", "code", "year", "day", "month", "hour") else ())}


def _whole(key):
    """The weekday or month that a value shortens."""
    if len(key) != 1 or len(key[0]) < 3:
        return None
    return next((w for w in (*words.WEEKDAYS, *words.MONTHS) if w != key[0] and w.startswith(key[0])), None)


def _of_countries(c):
    """Whether the values of a column are countries."""
    if c.type != "text" or not 2 < (c.distinct or 0) <= 300:
        return False
    names = {str(v).strip().lower() for v in c.series.dropna().unique()}
    return len(names & lexicon.COUNTRIES) >= max(3, 0.4 * len(names))


def _merged(key):
    """ "per capita" as one word, however it is written."""
    pairs = list(zip(key, key[1:]))
    if ("per", "capita") not in pairs:
        return key
    i = pairs.index(("per", "capita"))
    return (*key[:i], "percapita", *key[i + 2 :])


def truth(c):
    """Of a column of two values the one that means yes, or None: (yes, no)."""
    if c.type == "boolean":
        return True, False
    if c.role == "boolean":
        return 1, 0
    if c.type == "text" and c.distinct == 2:
        values = list(c.series.dropna().unique())
        yes = [v for v in values if words.plain(v) in _YES]
        no = [v for v in values if words.plain(v) in _NO]
        if len(yes) == len(no) == 1:
            return yes[0], no[0]
    return None


def scan(question, vocabulary):
    """Return the items of a question in their order."""
    tokens = _tokens(question, vocabulary)
    items, i = [], 0
    while i < len(tokens):
        item, used = _longest(tokens, i, vocabulary, items)
        if item is not None:
            items.append(item)
        i += used
    return items


def _tokens(question, vocabulary):
    out = []
    for m in lexicon._TOKEN.finditer(_joined(question)):
        quoted = m["quoted"] or m["code"] or m["curly"]
        if quoted:
            out.append(("quoted", quoted))
        elif m["iso"]:
            out.append(("iso", m["iso"]))
        elif m["number"]:
            number = float(m["number"].replace(",", "").replace("−", "-"))
            unit = (m["unit"] or "").lower()
            scale = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}.get(unit, 1)
            if unit in ("st", "nd", "rd", "th"):
                out.append(("ordinal", number))
                continue
            out.append(("num", number * scale, "%" if unit == "%" else m["number"] + (unit if scale != 1 else "")))
            if unit and scale == 1 and unit != "%" and (unit not in lexicon.UNITS or unit == "hp" or unit == "s" and not number % 10 and m[0].endswith("0s")):
                out.append(("word", unit))  # the 1990s
            elif unit and scale == 1 and unit != "%" and vocabulary.column((stem(unit),)) is not None:
                out.append(("word", m["unit"]))  # "30 HR", where HR is a column
        elif m["op"]:
            out.append(("op", m["op"]))
        elif m["sep"]:
            out.append(("sep", m["sep"]))
        elif m["word"]:
            for w in m["word"].split("_"):
                if w:
                    out.append(("word", w.removesuffix("'s")))
    return out


_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 4, "final": 4}
_QUARTER = re.compile(rf"\b({'|'.join(_ORDINALS)}) quarter(?: of| in)? (\d{{4}})\b", re.I)
_HALF = re.compile(r"\b(?:in |during )?(?:the )?(first|1st|second|2nd|last) half(?: of| in)? (\d{4})\b", re.I)


_TO = r"(?: (?:to|until|till|through|and) |\s?[-\u2013]\s?)"
_DAYS = re.compile(rf"\b(?:({_MONTH}) (\d\d?)(?:st|nd|rd|th)?{_TO}(?:({_MONTH}) )?(\d\d?)(?:st|nd|rd|th)?|(\d\d?)(?: ({_MONTH}))?{_TO}(\d\d?) ({_MONTH})),? (\d{{4}})\b", re.I)


def _both_of_the_year(m):
    month, day, until, last, day_first, month_first, last_first, until_first, year = m.groups()
    if month:
        return f"from {month} {day} {year} to {until or month} {last} {year}"
    return f"from {month_first or until_first} {day_first} {year} to {until_first} {last_first} {year}"


def _joined(question):
    """What is one word for us: per capita, non-smokers."""
    question = re.sub(r"\bper capita\b", "percapita", question.replace("’", "'"), flags=re.I)
    question = re.sub(r"(?<=\w)&(?=\w)", "", question)  # R&D
    question = re.sub(r"\bwith (?:and|or|vs\.?|versus) without\b", "by", question, flags=re.I)
    question = re.sub(r"\b(?:(first|lower|1st)|(third|upper|3rd)) quartile\b", lambda m: "25 percentile" if m[1] else "75 percentile", question, flags=re.I)
    question = re.sub(r"\b(have|has|having|with) no (?=[a-z])", r"\1 missing ", question, flags=re.I)
    question = re.sub(r"\b(?:did not|didn't|have not|haven't) (?:answer(?:ed)?|give|given|say|said|fill(?:ed)? in) (?=[a-z])", "have missing ", question, flags=re.I)
    question = re.sub(r"\b(?:(?:are|is|aged) )?((?:between|from|over|under|above|below|at least|at most|more than|less than|exactly) )?(\d+(?: (?:and|to) \d+)?) (?:years?|yrs?)[ -](?:old|of age)\b", r"age \1\2", question, flags=re.I)
    question = re.sub(r"\bhow much (?:do|does|did) (.+) cost us in ([\w ]+)", r"total \2 of \1", question, flags=re.I)
    question = re.sub(r"\b(?:don't|doesn't|didn't|aren't|isn't|weren't|wasn't) (?:work )?(?=[a-z])", "not ", question, flags=re.I)
    question = re.sub(r"(?<!many )(?<!rated )(?<!all )(?<!the )(?<!only )(?<=[a-z] )r (?=(?:there|the|in|from|more|less|over|under|above|below|at|not|\w+er than)\b)", "are ", question)
    question = re.sub(r"\bwin(?:ning)? (?:rate|share|ratio|percentage)\b", "share of won", question, flags=re.I)
    question = re.sub(r"\bbetween (?:the )?ages?(?: of)? (\d+ and \d+)", r"age between \1", question, flags=re.I)
    question = re.sub(r"\bby head ?count\b", "by number of rows", question, flags=re.I)
    question = re.sub(r"\bhow much of (?=the |our |all |total )", "share of ", question, flags=re.I)
    question = re.sub(r"(^|[^\d\s]\s)%(?=\s|$|[a-z])", r"\1percent", question, flags=re.I)
    question = _QUARTER.sub(lambda m: f"Q{_ORDINALS[m[1].lower()]} {m[2]}", question)
    question = _HALF.sub(lambda m: f"from {'january' if m[1][0] in 'fF1' else 'july'} {m[2]} to {'june' if m[1][0] in 'fF1' else 'december'} {m[2]}", question)
    # "from january to march 2023": the year is that of both.
    question = re.sub(rf"\b({_MONTH})(?: (?:to|until|till|through)|\s?[-\u2013]) ({_MONTH}) (\d{{4}})\b", r"from \1 \3 to \2 \3", question, flags=re.I)
    question = re.sub(rf"\b({_MONTH}|Q[1-4]) (and|or|vs\.?|versus|with) ({_MONTH}|Q[1-4]) (\d{{4}})\b", r"\1 \4 \2 \3 \4", question, flags=re.I)
    # "feb 10 to feb 12 2024", "10 feb - 12 feb 2024": likewise.
    question = _DAYS.sub(_both_of_the_year, question)
    question = re.sub(r"\b(from|between) from\b", "from", question)
    return re.sub(r"\bnon[- ](?=[a-z]{3})", "non", question, flags=re.I)


def _longest(tokens, i, vocabulary, before):
    """The item that the longest run of tokens from i makes, and its length."""
    kind, first = tokens[i][0], tokens[i][1]
    if kind == "quoted":
        return _quoted(first, vocabulary), 1
    if kind in ("num", "iso", "ordinal"):
        return _number(tokens, i, vocabulary, before)
    if kind == "op":
        return Item("op", {"=": "==", "<>": "!="}.get(first, first), first), 1
    if kind == "sep":
        return Item("and", first, first), 1
    if before and before[-1].kind == "num" and first.lower() in lexicon.UNITS and first.lower() != "hp" and vocabulary.column((stem(first),)) is None:
        return None, 1
    run = []
    for k, v, *_ in tokens[i : i + 8]:
        if k == "num":
            run.append(f"{v:.0f}" if v == int(v) else str(v))
        elif k == "word":
            run.append(v)
        else:
            break
    lower = tuple(w.lower() for w in run)
    if before and before[-1].kind in ("col", "op") and (item := _of_last(before, run, lower, vocabulary)) is not None:
        return item
    if len(run) > 1 and (places := vocabulary.values.get((stem(run[0]),))) and (c := vocabulary.column((stem(run[1]),))) is not None:
        # "first class": a value and the name of its column.
        values = list(dict.fromkeys(v for other, v in places if other is c))
        if values and c.type == "text":
            return Item("val", (c, values), " ".join(run[:2])), 2
    if lower[0] in _SHAPES and (places := vocabulary.values.get((stem(lower[0]),))) and _not_drawn(tokens, i, before):
        return _value(places, run[0]), 1
    if lower[0] in _SHAPES and lower[0] != stem(lower[0]) and (c := vocabulary.column((stem(lower[0]),))) is not None and truth(c) and _not_drawn(tokens, i, before):
        return Item("col", c, run[0]), 1  # "how many bars"
    if run[0].isupper() and len(run[0]) > 1 and (c := next((c for c in vocabulary.profile.columns if c.name == run[0]), None)) is not None and c.role == "measure":
        return Item("col", c, run[0]), 1  # AVG
    for n in range(len(run), 0, -1):
        key = tuple(stem(w) for w in run[:n])
        text = " ".join(run[:n])
        if n > 1 or not _asks(lower[:1]):
            c = vocabulary.column(key)
            if c is not None and n == 1 and lower[0] in lexicon.NOUNS and rows.numbered(c, vocabulary.profile):
                return Item("noun", lower[0], text), 1
            if c is not None and n == 2 and lower[0] in ("max", "min", "maximum", "minimum", "highest", "lowest") and words.of(c.name)[:1] != lower[:1] and c.role == "measure" and not (before and (before[-1].kind in ("agg", "and") or before[-1].is_("kw", "vs", "corr", "compare", "dist"))) and not any(str(t[1]).lower() in ("vs", "and", "versus", "against") for t in tokens):
                before.append(Item("agg", "max" if lower[0] in ("max", "maximum", "highest") else "min", run[0]))  # "max temp" of temp_max: the highest one
            if c is not None and (n > 1 or lower[0] not in lexicon.STOP or truth(c) and _is_state(lower[0], tokens) or lower[0] in ("type", "name", "value", "cost", "level", "category", "group", "amount", "part") or c.role in ("category", "text", "code") and c.type == "text" and before and before[-1].is_("kw", "which", "by") and before[-1].text.lower() not in ("who", "whose")):
                return Item("col", c, text), n
            if n > 2 and "of" in lower[1 : n - 1] and (c := vocabulary.column(tuple(k for k, w in zip(key, lower) if w not in ("of", "the")))) is not None and c.role == "measure":
                return Item("col", c, text), n  # "share of women" is ShareWomen
            if n > 1 and (c := vocabulary.begun(key)) is not None:
                return Item("col", c, text, 0.9), n
            if n == 1 and before and (before[-1].is_("agg", "max", "min", "mean", "sum", "median") or before[-1].kind == "num" or before[-1].is_("kw", "where") and len(before) > 1 and before[-2].kind == "num") and key in vocabulary.values and (c := vocabulary.synonym(key[0])) is not None and c.role == "measure":
                return Item("col", c, text, 0.6), 1
            if key in vocabulary.values and not (n == 1 and lower[0] in lexicon.STOP and not _is_value(run[0], i, vocabulary.values[key], tokens) and not (lower[0] == "us" and i and str(tokens[i - 1][1]).lower() == "the") and not (lower[0] == "us" and before and before[-1].is_("kw", "without", "only") and before[-1].text.lower() not in ("just", "not"))) and not (n > 1 and _joins(lower[:n])):
                return _value(vocabulary.values[key], text), n
        elif n == 1 and (c := vocabulary.column(key)) is not None and _as_column(lower[0], tokens, i, before, c, vocabulary):
            return Item("col", c, text), 1
        if lower[:n] in lexicon.PHRASES:
            phrase = lexicon.PHRASES[lower[:n]]
            return Item(*phrase, text), n
        if n == 1 and when.working(tokens, i, vocabulary.profile):
            return Item("time", when.WORKING, text), 1
        if " ".join(lower[:n]) in lexicon.IMPLIED:
            item = _implied(" ".join(lower[:n]), vocabulary)
            if item is None and (lower[0] in ("longest", "shortest") or n == 1 and lower[0] not in ("fastest", "slowest") and lexicon.IMPLIED[lower[0]][1] and _measure_next(tokens, i, vocabulary)):
                item = Item("agg", lexicon.IMPLIED[lower[0]][0], text) if lower[0] not in ("longest", "shortest") else Item("agg", "max" if lower[0] == "longest" else "min", text)  # the longest delay
            return (item if item is not None else Item("word", text, text)), n
        if lower[:n] in lexicon.PERIOD_PHRASES:
            return Item("per", lexicon.PERIOD_PHRASES[lower[:n]][1], text), n
        span, used = when.read(tokens, i, n, vocabulary.profile)
        if span is not None:
            return Item("time", span, text), used
    if lower[0] in ("paid", "won", "used", "live", "received", "placed") and len(lower) > 1 and lower[1] in lexicon.NOUNS and not (before and before[-1].kind in ("agg", "best")) and not any(t[1] == "much" for t in tokens):
        return Item("word", run[0], run[0]), 1  # "used cars", where nothing says which are
    return _single(tokens, i, run, lower, vocabulary, before)


_SHAPES = frozenset("line lines bar bars box boxes pie pies point points table tables column columns".split())


def _not_drawn(tokens, i, before):
    """Whether a word for a chart, which is a value here, is one: "fly or line", "how many bars"."""
    if i and str(tokens[i - 1][1]).lower() in ("as", "a", "an") or i + 1 < len(tokens) and str(tokens[i + 1][1]).lower() in ("chart", "plot", "graph", "diagram"):
        return False
    return bool(before) and (before[-1].joins() or before[-1].is_("agg", "count") or before[-1].is_("kw", "where", "only", "without")) or i == 0 and len(tokens) > 1


def _of_last(before, run, lower, vocabulary):
    """A value of the column that was named just before, also one that is a common word: "product A"."""
    c = before[-1].value if before[-1].kind == "col" else before[-2].value if len(before) > 1 and before[-2].kind == "col" and before[-1].is_("op", "==", "!=") else None
    if c is None or c.type != "text":
        return None
    for n in range(len(run), 0, -1):
        places = vocabulary.values.get(tuple(stem(w) for w in run[:n]))
        if places and any(other is c for other, _ in places) and (run[0][:1].isupper() or lower[0] not in lexicon.STOP or before[-1].kind == "op"):
            return Item("val", (c, list(dict.fromkeys(v for other, v in places if other is c))), " ".join(run[:n])), n
    return None


_STATES = frozenset("done paid won left right spent born made held present current live bought given found split ate".split())


def _is_state(word, tokens):
    """Whether a word that is often said in passing may say what rows are: "paid orders", but not "how much was paid"."""
    return (word in _STATES or word.endswith("ed")) and not any(t[1] == "much" for t in tokens)


def _is_value(word, i, places, tokens):
    """Whether a word that is often said in passing is a value here: written in capitals, or a state that the rows have."""
    if word.isupper() and (len(word) > 1 or word == "A" and i):
        return True
    if i and tokens[i - 1][1] in ("who", "Who") and word.lower() == "paid":
        return False
    return _is_state(word.lower(), tokens) and any(c.role == "category" and c.distinct <= 20 for c, _ in places)


def _joins(run):
    return any(w in ("and", "or", "by", "vs", "versus") for w in run)


def _asks(run):
    return run in lexicon.PHRASES or run in lexicon.PERIOD_PHRASES


_FIGURES = frozenset("total count average mean max min median range share rate top".split())


def _measure_next(tokens, i, vocabulary):
    """Whether the word after a figure is what it is a figure of."""
    rest = [str(v).lower() for k, v, *_ in tokens[i + 1 : i + 5] if k == "word"]
    while rest and rest[0] in ("of", "the", "all", "our"):
        rest = rest[1:]
    found = [c for n in (3, 2, 1) if len(rest) >= n for c in (vocabulary.column(tuple(map(stem, rest[:n]))), *vocabulary.named(tuple(map(stem, rest[:n])))) if c is not None]
    return any(c.role == "measure" for c in found) or bool(rest) and rest[0] not in lexicon.STOP and (c := vocabulary.synonym(stem(rest[0]))) is not None and c.role == "measure"


def _asks_again(tokens, i):
    """Whether a figure is asked for by itself, of what the last question was about: "and the median?"."""
    return sum(k in ("word", "num") for k, *_ in tokens) <= 3 and i == max(n for n, t in enumerate(tokens) if t[0] == "word") and not any(k == "word" and str(v).lower() in ("vs", "by", "above", "below", "over", "under", "highest", "lowest") for k, v, *_ in tokens)


def _as_column(word, tokens, i, before, c, vocabulary):
    """Whether a word that asks for something, alone, is a column of that name here."""
    if word in _FIGURES:
        if before and before[-1].kind == "agg":
            return not _measure_next(tokens, i, vocabulary)  # "average total", but "highest total fare"
        alone = not any(b.kind == "col" and b.value.role == "measure" for b in before) or any(b.is_("kw", "corr", "vs", "dist") for b in before)
        return word != "count" and alone and c.role == "measure" and not _measure_next(tokens, i, vocabulary) and not _asks_again(tokens, i)
    if word in ("weeks", "days", "hours", "months", "years"):
        return c.role == "measure" and bool(before) and before[-1].is_("agg", "mean", "sum", "max", "min", "median")
    if word == "day" and c.role == "part" and (before and before[-1].kind in ("best", "agg") or vocabulary.profile.time is not None and vocabulary.profile.time.type == "date") and not (before and before[-1].is_("kw", "by")):
        return False  # "coldest day": one of the days, not the 25th
    if word in ("year", "month", "day", "date", "week", "hour", "quarter", "weekday"):
        return c.role not in ("date", "year")
    return word in ("class", "bar", "box", "line", "points", "table", "spread", "case", "cases", "items", "item", "sample", "history", "first", "last", "order", "rank", "top", "empty", "record", "development", "lines", "entry", "features", "counts")


def _single(tokens, i, run, lower, vocabulary, before):
    """What one word, or a few with a typo, may mean."""
    word, key = lower[0], stem(lower[0])
    if before and before[-1].is_("agg", "nunique") and key in vocabulary.nouns and len(called := vocabulary.profile.called) == 1 and set(words.of(called[0].name)) <= _NAMES:
        return Item("col", called[0], word, 0.5), 1  # "how many different storms", of several rows each
    if word in _BUYERS and before and before[-1].is_("agg", "nunique", "count") and (c := next((c for c in vocabulary.profile.columns if words.of(c.name)[:1] in (("email",), ("mail",)) and c.type == "text" and c.distinct < vocabulary.profile.rows), None)) is not None and vocabulary.synonym(key) is None and not vocabulary.named((key,)):
        before[-1] = Item("agg", "nunique", before[-1].text)
        return Item("col", c, word, 0.5), 1  # "how many customers", of several orders each
    if word in lexicon.NUMBERS and word != "one":
        return Item("num", float(lexicon.NUMBERS[word]), word), 1
    if word in ("and", "or"):
        return Item("and", word, word), 1
    for n in (3, 2):
        if len(run) >= n:
            keys = tuple(stem(w) for w in run[:n])
            if not set(lower[:n]) & lexicon.STOP and not any(_asks((w,)) for w in lower[:n]):
                if found := vocabulary.named(keys):
                    alike = [c for c in found[1:] if c.role == found[0].role == "measure" and len(words.of(c.name)) == len(words.of(found[0].name))]
                    return Item("col", found[0], " ".join(run[:n]), 0.9, alike[0] if alike else None), n
                if (c := vocabulary.meant(lower[:n])) is not None:
                    return Item("col", c, " ".join(run[:n]), 0.8), n
                if (near := vocabulary.near(keys)) is not None:
                    return near, n
                if (c := vocabulary.abbreviated(lower[:n])) is not None:
                    return Item("col", c, " ".join(run[:n]), 0.5), n
    if word in lexicon.COMPARED and len(lower) > 1 and lower[1] == "than":
        op, names = lexicon.COMPARED[word]
        c = _first_named(names, vocabulary, op == "<")
        if c is not None:
            return Item("cmp", (c, op), word), 2
    if word.startswith(("non", "un")) and len(word) > 4:
        rest = stem(word.removeprefix("non").removeprefix("un").lstrip("-"))
        other = vocabulary.synonym(rest)
        for c in vocabulary.named((rest,)) or [other] * (other is not None):
            no = [truth(c)[1]] if truth(c) else [v for v in c.series.dropna().unique() if words.plain(v) in _NO] if c.role == "category" else []
            if no:
                return Item("val", (c, no), word), 1
    if word in lexicon.LEAVING or word in lexicon.STAYING:
        c = next((c for name in lexicon.LEAVING if (c := vocabulary.column((stem(name),))) is not None and truth(c)), None)
        if c is not None:
            return (Item("col", c, word) if word in lexicon.LEAVING else Item("val", (c, [truth(c)[1]]), word)), 1
    if word in ("left", "won", "paid") and lower[1:2] in ((), ("by",), ("in",), ("per",)) and before and before[-1].text.lower() in ("who", "that", "which"):
        return Item("word", word, word), 1  # "people who left", where no column tells
    other = (stem(lexicon.OPPOSITES.get(word, "")),)
    for c in vocabulary.named(other) or [vocabulary.column(other)] if word in lexicon.OPPOSITES else ():
        if c is not None and truth(c):
            return Item("val", (c, [truth(c)[1]]), word), 1
    called = lexicon.CALLED.get(key, key if key in ("female", "male") else "")
    for spelled in (called, key[:-1], key[:-2]) if called or key.endswith("y") and len(key) > 4 else ():
        # women are female; sunny days have sun.
        if spelled and (spelled,) in vocabulary.values:
            return _value(vocabulary.values[spelled,], word, 0.9), 1
    letters = lexicon.CALLED_BY_LETTER.get(key)
    if letters and (places := [p for v in letters[1] for p in vocabulary.values.get((v,), ()) if letters[0] in words.of(p[0].name)]):
        return _value(places, word, 0.9), 1
    if called and (places := [p for p in vocabulary.values.get((called[0],), ()) if _sexes(p[0])]):
        return _value(places, word, 0.9), 1
    if word in _SAID_OF_ROWS and (before and before[-1].text.lower() in _THAT_ARE or i and str(tokens[i - 1][1]).lower() in ("are", "is", "were", "was", "not")) and not any(t[1] == "much" for t in tokens):
        if (c := vocabulary.synonym(word)) is not None and truth(c):
            return Item("val", (c, [truth(c)[0]]), word), 1
        return Item("word", word, word), 1  # "how many invoices are paid", where nothing says which are
    if word == "may" and i and str(tokens[i - 1][1]).lower() in ("in", "during", "since", "until", "for"):
        return Item("word", word, word), 1  # the month, of which nothing is known here
    if word in lexicon.STOP:
        c = _named_in_passing(word, key, before, vocabulary)
        if c is None and word in _GROUPING and before and before[-1].is_("kw", "by") and lower[1:2] != ("of",):
            return Item("word", word, word), 1  # "by result", where no column is called so
        return (Item("col", c, word, 0.8), 1) if c is not None else (None, 1)
    if before and before[-1].kind == "col" and word in _GENERIC:
        return None, 1
    if before and before[-1].kind == "col" and before[-1].value.role == "measure" and word in ("score", "scores", "mark", "marks") and not vocabulary.named((key,)):
        return None, 1  # "math score" of math
    if word in ("units", "pieces", "items") and (found := [c for c in vocabulary.profile.measures if set(words.of(c.name)) & {"quantity", "qty", "units", "pieces"}]):
        return Item("col", found[0], word, 0.8), 1
    if word == "rated" and (found := [c for c in vocabulary.named(("rating",)) if c.role in ("measure", "ordinal")]):
        return Item("col", found[0], word, 0.8, found[1] if len(found) > 1 else None), 1
    if word == "rated":
        c = next((c for n in ("score", "stars", "points") for c in vocabulary.named((n,)) if c.role in ("measure", "ordinal")), None)
        return (Item("col", c, word, 0.5) if c is not None else Item("word", word, word)), 1
    found = [c for c in vocabulary.named((key,)) if not _only_a_noun(key, c)]
    if found and (value := _rather_a_value(key, found, vocabulary)) is not None:
        return value, 1
    if found and word in lexicon.NOUNS and all(len(words.of(c.name)) > 5 for c in found):
        return Item("noun", word, word), 1  # "people" that a long question has, which is a column
    if found and word in lexicon.NOUNS and found[0].role in ("category", "ordinal", "boolean") and not (before and (before[-1].is_("kw", "by", "which") or before[-1].is_("agg", "nunique", "mode", "rare") or before[-1].kind in ("and", "per"))):
        rest = [stem(w) for w in words.of(found[0].name)]
        if len(rest) > 1 and rest[-1] != key and not set(rest) - {key} <= _NAMES | rows.KEYS:
            return Item("noun", word, word), 1  # the houses beside House.Style
    if found:
        if _names_the_rows(word, key, found, vocabulary, before) or _within_a_name(word, key, found, vocabulary, before):
            return Item("noun", word, word), 1
        if word in lexicon.NOUNS and (found[0].role == "date" or rows.numbered(found[0], vocabulary.profile)) and (not before or not before[-1].is_("kw", "by", "which") or rows.numbered(found[0], vocabulary.profile)):
            return Item("noun", word, word), 1
        alike = [c for c in found if c is not found[0]][:1] if found[0].role == "measure" else []
        alike = [c for c in alike if c.role == "measure"]
        if found[0].role in ("code", "category", "ordinal"):  # "zone" of camera_zone and used_zone
            alike = [c for c in found[1:] if c.role == found[0].role and words.of(c.name)[-1:] == words.of(found[0].name)[-1:]]
        return Item("col", found[0], word, 0.8, alike[0] if alike else None), 1
    if key in vocabulary.parts and key in vocabulary.nouns and not _governed(before):
        return Item("noun", word, word), 1  # the candies of candy.csv, beside Candy Corn
    if key in vocabulary.parts and _passing_part(word, before, vocabulary.parts[key][0][0]):
        return (None if before and before[-1].text.lower() == "of" else Item("word", word, word)), 1
    if key in vocabulary.parts:
        c = vocabulary.parts[key][0][0]
        if (c.distinct or 0) > max(4, 0.6 * c.series.notna().sum()):  # it names each row: "africa" is no South Africa, "movies" are no Lego Movie
            if word in lexicon.NOUNS:
                return Item("noun", word, word), 1
            if (short := vocabulary.shortened(key)) is not None and short.role == "measure" and len(vocabulary.parts[key]) > 1:
                return Item("col", short, word, 0.5), 1  # sugar is sugarpercent, beside Sugar Babies and Sugar Daddy
            if any(x.is_("agg", "count") for x in before) or _of_all(before):
                return Item("word", word, word), 1
        elif word in lexicon.NOUNS and before and before[-1].kind == "val" and before[-1].value[0] is not c:
            return Item("noun", word, word), 1  # "own their home" beside home_improvement
        return _value(vocabulary.parts[key], word, 0.8), 1
    if word in ("people", "persons") and any({"age", "gender", "sex"} & set(words.of(c.name)) for c in vocabulary.profile.columns):
        return Item("noun", word, word), 1  # each row is one, and a population that of their place
    if (c := vocabulary.synonym(key) or vocabulary.synonym(word)) is not None:
        if word in lexicon.NOUNS and rows.numbered(c, vocabulary.profile):
            return Item("noun", word, word), 1
        group = set().union(*(g for g in lexicon.SYNONYMS if key in g or word in g))
        alike = [x for x in vocabulary.profile.columns if x is not c and x.role == c.role == "measure" and group & {stem(v) for v in words.of(x.name)}]
        return Item("col", c, word, 0.6, alike[0] if alike else None), 1
    if (key in ("revenue", "turnover", "takings", "sale") or word in _SALES_ABROAD) and word != "sale" and (c := next((c for w in ("total", "gross", "fare") for c in vocabulary.profile.measures if words.of(c.name)[-1:] == (w,) or words.of(c.name)[:1] == (w,)), None)) is not None and c.additive:
        return Item("col", c, word, 0.5), 1
    if (places := _who_do(key, vocabulary)) is not None:
        return _value(places, word, 0.8), 1
    near = vocabulary.near((key,))
    known = _misspelled(word)
    if near is not None and not (known and near.exact < 0.7):
        return near, 1
    if known is not None:
        return known, 1
    if key in vocabulary.nouns and (not before or before[-1].kind in ("agg", "kw")):
        meant = next((c for c in vocabulary.profile.measures if c.type == "integer" and any(len(w) > 4 and _same_stem(key, w) for w in words.of(c.name))), None)
        if meant is not None:
            raise NotUnderstood(f"The number of rows, or the total of {code(meant.name)}? Say which one.")
    if (c := vocabulary.column((_done(word),))) is not None and c.role == "measure" and word in lexicon.NOUNS:
        return Item("col", c, word, 0.6), 1  # "reading" of read
    if key in vocabulary.nouns or word in lexicon.NOUNS or _done(word) in {_done(n) for n in vocabulary.nouns}:
        return Item("noun", word, word), 1
    if (c := vocabulary.shortened(key)) is not None:
        return Item("col", c, word, 0.5), 1
    if (word.endswith(("ed", "en")) or _done(word) != word) and _before_a_time(tokens, i):
        return None, 1  # "written before 1910": what the years are of
    if before and before[-1].kind == "col" and before[-1].text.lower() in _FIGURES and before[-1].value.role == "measure" and lower[1:2] != ("of",):
        c = before.pop().value
        return Item("col", c, f"{c.name} {word}".lower(), 0.5), 1  # "median salary" of a column that is named Median
    return Item("word", word, word), 1


_SAID_OF_ROWS = frozenset("paid won left received delivered ordered eaten bought".split())
_THAT_ARE = frozenset(f"{who} {are}" for who in ("that", "which", "who") for are in ("are", "were"))


def _done(word):
    """A verb without its ending: killed, killing."""
    return next((word[: -len(end)] for end in ("ing", "ings", "ed") if word.endswith(end) and len(word) > len(end) + 3), word)


def _who_do(key, vocabulary):
    """The values that those do who are called so: renters rent, owners own, who failed has a fail."""
    if len(key) < 5 or not key.endswith(("er", "or", "ed")):
        return None
    return next((p for base in (key[:-2], key[:-1]) if len(base) > 2 and base != "open" and (p := vocabulary.values.get((base,))) and all(c.role in roles.CATEGORIES for c, _ in p)), None)


def _before_a_time(tokens, i):
    rest = [str(v).lower() for k, v, *_ in tokens[i + 1 : i + 4]]
    if rest[:1] in (["per"], ["by"], ["each"], ["every"]) and (rest[1],) in lexicon.PERIOD_PHRASES if len(rest) > 1 else False:
        return True  # "discovered per year"
    return rest[:1] and rest[0] in ("in", "before", "after", "since", "between", "during", "from", "until", "on") and any(t[0] in ("num", "iso") or when._month(str(t[1]).lower()) for t in tokens[i + 2 : i + 4])


_GROUPING = frozenset("result results category categories type types kind kinds value values figure figures amount amounts part answer answers data money cost costs level levels".split())
_KINDS = frozenset("category categories group groups kind kinds type types name names level levels".split())


def _named_in_passing(word, key, before, vocabulary):
    """The column that a word names which is often said in passing: "by category" of Major_category, "spending" of Spending_USD."""
    if word in ("spend", "spends", "spent"):
        return next((c for c in vocabulary.named(("spending",)) if c.role == "measure"), None)
    if word in ("spending", "amount", "amounts"):
        return next((c for c in vocabulary.named((key,)) if c.role == "measure" and not words.deducted(c.name)), None)
    if word == "pays" and before and before[-1].is_("kw", "by"):
        return vocabulary.synonym(word)
    if not before or word not in _KINDS or before[-1].text.lower() in ("who", "whose", "what"):
        return None
    listed = before[-1].kind == "and" and any(b.is_("kw", "by") for b in before)
    if not (listed or before[-1].is_("kw", "by", "which") or before[-1].is_("agg", "mode", "rare", "nunique", "count")):
        return None
    return next((c for c in vocabulary.named((key,)) if c.groups or c.type == "text"), None)


def _names_the_rows(word, key, found, vocabulary, before):
    """Whether a plural that is a part of several names is what the rows are: "shuttles" beside shuttle_location and shuttle_type,
    "how many polls" beside DEM_poll and REP_poll."""
    if word.endswith("s") and word != key and (any(rows.named(c, vocabulary.profile) for c in found[:1]) or found[0].role == "date" and word not in words.DATE) and not (before and (before[-1].is_("kw", "by") or before[-1].is_("agg", "nunique"))):
        return True  # songs beside song_name, resignations beside Resignation Date
    if not word.endswith("s") or word == key or len(found) < 2 or before and (before[-1].is_("kw", "by") or before[-1].is_("op") or before[-1].kind == "per"):
        return False
    begun = [c for full, c in vocabulary.columns if len(full) > 1 and full[0] == key and c.role in (*roles.CATEGORIES, "text", "identifier", "code")]
    counted = any(b.is_("agg", "count") or b.is_("kw", "share") for b in before[-2:])
    return len({id(c) for c in begun}) > 1 or counted and all(c.role == "measure" and not c.additive for c in found)


_IS = frozenset("is are was were has had have with any".split())


def _only_a_noun(key, c):
    """Whether a word is but the noun of a column of yes and no: songs are not official_song."""
    name = words.of(c.name)
    return len(name) > 1 and stem(name[-1]) == key and stem(name[0]) != key and name[0] not in _IS and truth(c) is not None


def _rather_a_value(key, found, vocabulary):
    """The value that a word is a part of, where it is also a part of the name of a share: black beside share_black."""
    places = vocabulary.values.get((key,)) or vocabulary.parts.get(key, ())
    places = [p for p in places if p[0].role == "category"]
    return _value(places, key, 0.8) if places and all(words.is_rate(c.name) for c in found) else None


def _passing_part(word, before, c):
    """Whether a part of a value is said of its column, or counts the rows: "cause of death", "deaths by month" beside "Death in custody"."""
    own = len(before) > 1 and before[-1].is_("kw", "where") and before[-1].text.lower() == "of" and before[-2].kind == "col" and before[-2].value is c
    return own or word.endswith("s") and word in words.FLOW


def _sexes(c):
    """Whether the values of a column are F and M."""
    return {str(v).lower() for v in c.series.dropna().unique()[:4]} == {"f", "m"}


def _governed(before):
    """Whether a word stands where a value is named: "for candy", "only candy", "by candy"."""
    if not before or before[-1].kind == "op" or before[-1].is_("kw", "only", "without", "by"):
        return bool(before)
    return before[-1].is_("kw", "where") and before[-1].text.lower() != "of"


def _of_all(before):
    """Whether a word stands where the rows are named: "top 5 candies", "which candy", "share of candies"."""
    if not before:
        return False
    shared = len(before) > 1 and before[-1].is_("kw", "where") and before[-1].text.lower() == "of" and before[-2].is_("kw", "share")
    return shared or before[-1].is_("kw", "which", "share") or before[-1].kind == "num" and len(before) > 1 and before[-2].kind == "agg" or before[-1].is_("agg", "max", "min")


def _within_a_name(word, key, found, vocabulary, before):
    """Whether a plural is the rows, and only passes in the name of a column that is no measure: avengers beside "Full Avengers Intro"."""
    if not word.endswith("s") or word == key or before and (before[-1].is_("kw", "by", "which") or before[-1].is_("agg", "nunique", "mode", "rare") or before[-1].kind == "op"):
        return False
    names = [[stem(w) for w in words.of(c.name)] for c in found]
    if any(c.role == "measure" for c in found):
        return False
    return all(len(n) > 2 and key not in (n[0], n[-1]) for n in names) or key in vocabulary.nouns and not any(set(n) <= {key} | _NAMES | rows.KEYS for n in names)


_NAMES = frozenset("name title label".split())


_BUYERS = frozenset("customers clients buyers shoppers users members subscribers people".split())


def _misspelled(word):
    """A word that asks, with a typo: "averge"."""
    if len(word) < 4 or word in lexicon.OTHERS:
        return None
    if word in ("percentile", "percentiles", "quantiles"):
        return Item("kw", "share", word)
    for table in (lexicon.PHRASES, lexicon.PERIOD_PHRASES):
        for phrase, (kind, value) in table.items():
            if len(phrase) == 1 and len(phrase[0]) >= (5 if kind in ("agg", "per") else 7) and len(word) >= (4 if kind in ("agg", "per") else 7) and distance(word, phrase[0]) <= 1:
                return Item(kind, value, word, 0.7)
    return None


def _implied(phrase, vocabulary):
    agg, names = lexicon.IMPLIED[phrase]
    if not names:
        return Item("agg", agg, phrase)
    c = _first_named(names, vocabulary, agg == "min")
    if c is None and phrase in ("oldest", "youngest"):  # of songs: the year
        agg, c = ("min" if phrase == "oldest" else "max"), vocabulary.profile.time
    return None if c is None else Item("best", (agg, c), phrase)


def _first_named(names, vocabulary, lowest=False):
    """The measure or date that one of the names is in: of several the lows for the lowest, the highs for the highest."""
    ends = {"min", "low", "lowest"} if lowest else {"max", "high", "highest"}
    for name in names.split():
        found = [c for c in vocabulary.named((name,)) if c.role in ("measure", "date", "ordinal", "year")]
        exact = vocabulary.column((name,))
        if exact is not None or found:
            return next((c for c in found if set(words.of(c.name)) & ends), exact or found[0])
    return None


def _quoted(text, vocabulary):
    key = tuple(stem(w) for w in words.of(text))
    c = vocabulary.column(key)
    if c is not None:
        return Item("col", c, text)
    if key in vocabulary.values:
        return _value(vocabulary.values[key], text)
    return Item("str", text, text)


def _value(places, text, exact=1.0):
    """The values of a phrase: of the column that has most of them in groups, or a text column."""
    rank = {"category": 0, "ordinal": 0, "code": 1, "identifier": 2, "text": 2}
    c = min((c for c, _ in places), key=lambda c: (rank.get(c.role, 3), c.position))
    return Item("val", (c, list(dict.fromkeys(v for other, v in places if other is c))), text, exact)


def _number(tokens, i, vocabulary, before):
    kind, value = tokens[i][:2]
    span, used = when.read(tokens, i, 8, vocabulary.profile)
    if span is not None and (used > 2 or not _compares(before, vocabulary, kind, value if kind != "iso" else 0)):
        return Item("time", span, str(tokens[i][1])), used
    if kind == "iso":
        return Item("word", value, value), 1
    # A number may be the first word of a value or a column: "4 door", "2nd class".
    run = [f"{v:.0f}" if k == "num" and v == int(v) else str(v) for k, v, *_ in tokens[i : i + 4] if k in ("num", "word")]
    for n in range(len(run), 0, -1):
        key = tuple(stem(w) for w in run[:n])
        if n > 1 and key in vocabulary.values:
            return _value(vocabulary.values[key], " ".join(run[:n])), n
    return Item("num", float(value), tokens[i][2] if len(tokens[i]) > 2 else str(value)), 1


def _compares(before, vocabulary, kind, number):
    """Whether a number is compared with a measure that was named: no year then."""
    if kind == "iso" or not before:
        return False
    if before[-1].kind == "cmp" or before[-1].is_("agg", "max", "min") or before[-1].is_("kw", "first", "last"):
        return True
    k = len(before) - 1
    if before[k].kind == "and" and k >= 2 and before[k - 1].kind == "num":
        return before[k - 2].kind == "op"
    if before[k].kind != "op" or k < 1 or before[k - 1].kind != "col":
        return False
    c = before[k - 1].value
    time = vocabulary.profile.time
    if c is not time and time is not None and kind == "num" and 1500 <= number <= 2200 and when.covers(time, int(number)) and c.role == "measure":
        if before[k].value in ("after", "before", "since", "until", "between") or c.stats is not None and number > abs(c.stats["max"]):
            return False
    if c is vocabulary.profile.time or c.role in ("date", "year") or c.type not in ("integer", "number"):
        return c.role == "year" and c is not vocabulary.profile.time
    return c.stats is not None and number <= 5 * abs(c.stats["max"])


def _allowed(text):
    return 0 if len(text) < 4 else 1 if len(text) < 8 else 2


def _each_near(key, full):
    """Whether each word differs by a typo at most: "patient died" is no patient_id."""
    return len(key) != len(full) or all(distance(a, b) <= max(1, _allowed(a)) for a, b in zip(key, full))


def _denies(a, b):
    """Whether one word says no to the other: unofficial is no typo of official."""
    return any(x == no + y for x, y in ((a, b), (b, a)) for no in ("un", "non", "in", "im", "dis", "ir", "re", "pre", "mis", "ex"))


def _digits(key):
    return re.sub(r"\D", "", "".join(key))  # "games" is no "Game 1"


def _same_stem(a, b):
    """ "survival" and "survived": a long common beginning."""
    a, b = (re.sub(r"mi(?:ssion|tt(?:ed|ing))$", "mit", w) for w in (a, b))  # readmission of readmitted
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n >= 5 and n >= 0.58 * max(len(a), len(b))


def distance(a, b):
    """Edits from a to b, a transposition counting as one; 9 where they are far apart."""
    if abs(len(a) - len(b)) > 2:
        return 9
    if a == b:
        return 0
    table = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            d = min(table[-1][j] + 1, row[-1] + 1, table[-1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                d = min(d, table[-2][j - 2] + 1)
            row.append(d)
        table.append(row)
    return table[-1][-1]
