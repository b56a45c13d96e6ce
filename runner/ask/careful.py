"""Checks for what would be answered, but not as it was asked."""

import re
from dataclasses import replace

from attache.analyze import words
from attache.analyze.style import code, number
from attache.ask.lexicon import stem
from attache.ask.query import Condition, NotUnderstood
from attache.ask.scan import Item, truth

_NOW = re.compile(r"\b(?:(?:this|current) (?:week|month|quarter|year)|today|yesterday|this morning)\b", re.I)
_FROM_TO = re.compile(r"\bfrom\b.+\bto\b", re.I)
_MEASURED = re.compile(r"(\d[\d,.]*)\s?(hours?|hrs?|minutes?|mins?|seconds?|secs?|days?|weeks?|months?|years?|yrs?|km|miles?|meters?|metres?|feet|kg|lbs?|pounds?|grams?)\b", re.I)
_ORIGINS = set("pickup from origin departure departing home start source sender dep leaving first".split())
_ENDS = set("dropoff to destination arrival arriving away end target receiver dest arr last".split())


def of_now(question, profile):
    """Raise NotUnderstood for this month and today: a table ends where it ends."""
    found = _NOW.search(question)
    if not found or profile.time is None or profile.time.type != "date":
        return
    raise NotUnderstood(f"I don't know what time {code(found[0])} is; the table ends on {profile.time.series.max():%Y-%m-%d}. Name the month or the year.")


def ways(items, question, vocabulary):
    """ "from Oslo to Rome": of two columns with the same values the one of where things begin, and the one of where they end."""
    if not _FROM_TO.search(question):
        return items
    at = [k for k, i in enumerate(items) if i.kind == "val"]
    if len(at) != 2 or at[1] - at[0] > 2 or any(len(items[k].value[1]) != 1 for k in at) or items[at[0]].value[0] is not items[at[1]].value[0]:
        return items
    (first,), (last,) = items[at[0]].value[1], items[at[1]].value[1]
    places = [{id(c): c for c, w in vocabulary.values.get(tuple(stem(x) for x in words.of(str(value))), ()) if w == value} for value in (first, last)]
    both = [c for i, c in places[0].items() if i in places[1]]
    if len(both) < 2:
        return items
    begin = [c for c in both if set(words.of(c.name)) & _ORIGINS]
    end = [c for c in both if set(words.of(c.name)) & _ENDS and c not in begin]
    if len(begin) != 1 or len(end) != 1:
        raise NotUnderstood(f"Which of {', '.join(code(c.name) for c in both[:4])} is {code(first)}, and which {code(last)}?")
    made = [Item("val", (begin[0], [first]), items[at[0]].text), Item("val", (end[0], [last]), items[at[1]].text)]
    return [*items[: at[0]], *made, *items[at[1] + 1 :]]


def measured(query, question):
    """Raise NotUnderstood where a number is said in a unit that the column can't have: 3 hours of a duration from 64 to 242."""
    written = ((m[1].replace(",", "").rstrip("."), m[2]) for m in _MEASURED.finditer(question))
    said = {float(n): unit for n, unit in written if n.replace(".", "", 1).isdigit()}
    for w in query.where:
        stats = w.column.stats if w.op in ("<", "<=", ">", ">=", "==") and w.column.type in ("integer", "number") else None
        if not stats or not isinstance(w.value, (int, float)) or isinstance(w.value, bool):
            continue
        unit = said.get(float(w.value))
        if unit and not stats["min"] <= w.value <= stats["max"] and stem(unit.lower()) not in {stem(x) for x in words.of(w.column.name)}:
            raise NotUnderstood(f"{code(w.column.name)} goes from {number(stats['min'])} to {number(stats['max'])}, which may be another unit than {unit}: say the number as the column has it.")
    return query


_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s?(?:%|percent\b|pct\b)", re.I)


def in_parts(query, question):
    """The query, where 10% of a column from 0 to 1 is 0.1, which is said."""
    said = {float(m[1]) for m in _PERCENT.finditer(question)}
    made, notes = [], []
    for w in query.where:
        values = w.value if w.op == "between" else (w.value,)
        small = w.op in ("<", "<=", ">", ">=", "==", "!=", "between") and w.column.type == "number" and w.column.stats and -1 <= w.column.stats["min"] and w.column.stats["max"] <= 1
        if small and said and all(isinstance(v, float) and v in said for v in values):
            w = replace(w, value=tuple(v / 100 for v in values) if w.op == "between" else w.value / 100)
            notes.append(f"{code(w.column.name)} is in parts of 1: {', '.join(f'{v:g}% is {v / 100:g}' for v in values)}.")
        made.append(w)
    return replace(query, where=tuple(made), said=(*query.said, *notes)) if notes else query


def alike(query):
    """The query, which says where other values of the column have the word that was asked for."""
    for w in query.where:
        if w.op != "==" or not isinstance(w.value, tuple) or len(w.value) != 1 or w.column.type != "text" or (w.column.distinct or 0) > 2000:
            continue
        word = words.of(str(w.value[0]))
        if len(word) != 1 or len(word[0]) < 4:
            continue
        others = [v for v in w.column.series.dropna().unique() if len(words.of(str(v))) > 1 and word[0] in words.of(str(v))]
        if others:
            line = f"{code(w.column.name)} has {len(others):,} other value{'s' * (len(others) != 1)} with this word, such as {code(others[0])}: not counted. For all, say {w.column.name} contains \"{w.value[0]}\"."
            query = replace(query, said=(*query.said, line))
    return query


def times(items, profile):
    """ "what hour has the most rides" is one of the day's, where the table has several days."""
    time = profile.time
    if time is None or time.type != "date" or time.range is None or (time.range[1] - time.range[0]).days < 2 or any(i.kind == "time" for i in items):
        return items
    return [Item("per", "hour of the day", i.text) if i.is_("per", "hour") and k and items[k - 1].is_("kw", "which") else i for k, i in enumerate(items)]


_ONE = {"unit", "each", "apiece"}
_PRICE = {"price", "cost", "fee", "charge"}
_COUNTS = {"cnt", "count", "counts", "freq", "frequency"}
_STAFF = {"employed", "employment", "employees", "population", "people", "persons", "workers", "headcount", "inhabitants"}
_PEOPLE = {"people", "person", "persons", "workers", "employees", "individuals"}
_SUMMED = re.compile(r"\b(?:total|sum|in total|altogether|overall|spent|spend|spending|expenses?|revenue|turnover)\b", re.I)


def meant(query, items, said, profile):
    """Raise NotUnderstood where the figure is another one than was asked for."""
    for c in query.targets:
        name = set(words.of(c.name)) if hasattr(c, "name") else set()
        if name & _ONE and name & _PRICE and (query.agg == "sum" or query.agg in ("mean", "") and _SUMMED.search(said) and not any(w in said.lower() for w in name - _ONE - {"per"})):
            raise NotUnderstood(f"{code(c.name)} is the price of one: its sum is not what was paid. Make a column of price times quantity first.")
    nouns = [i for i in items if i.kind == "noun"]
    if nouns and query.agg in ("count", "sum") and not query.targets and not any(i.kind == "kw" and i.value == "rows" for i in items):
        numbers = [c for c in profile.measures if c.type in ("integer", "number")]
        counted = [c for c in numbers if set(words.of(c.name)) & _COUNTS] if any(i.is_("agg", "sum") for i in items) else []
        counted += [c for c in numbers if re.search("employed|population", c.name, re.I) or set(words.of(c.name)) & _STAFF] if any(i.text.lower() in _PEOPLE for i in nouns) else []
        if counted:
            raise NotUnderstood(f"The number of rows, or the total of {code(counted[0].name)}? Say which one.")
    for k, i in enumerate(items):
        follows = items[k + 1] if k + 1 < len(items) else None
        if i.is_("agg", "max", "min") and i.text.lower() in ("most", "least", "fewest") and follows is not None and follows.kind == "col" and follows.value.role == "measure" and follows.value.type == "integer" and not follows.value.additive:
            if any(w + "s" == follows.text.lower() for w in words.of(follows.value.name)):
                raise NotUnderstood(f"The most rows, or the highest {code(follows.value.name)}? Say which one.")
    ends = [k for k, i in enumerate(items) if i.is_("kw", "first", "last") and not (k + 1 < len(items) and items[k + 1].kind == "num")]
    if ends and (query.kind == "groups" or query.kind == "rows" and not query.targets or query.kind == "value" and query.agg == "count") and not query.limit:
        raise NotUnderstood(f"{items[ends[0]].text.capitalize()} by which column?")
    if query.kind == "value" and query.agg in ("mean", "") and query.targets and any(i.is_("kw", "first", "last") for i in items) and not any(i.kind == "agg" for i in items) and not any(w.op in ("==", "within") for w in query.where):
        raise NotUnderstood("First or last by which column?")
    return query


_OPENING = re.compile(r"\bdid\b.+\bopen\b\s*\??$", re.I)


def opening(query, question):
    """Raise NotUnderstood where what is open would be taken for what somebody opened."""
    if _OPENING.search(question) and any(w.op == "==" and isinstance(w.value, tuple) and words.plain(w.value[0]) == "open" for w in query.where):
        raise NotUnderstood("Those that are open, or those that were opened? Say which ones.")
    return query


_PLACE = re.compile(r"\b(?:rank|ranks|ranked|ranking|position|place) of\b|\bhow (?:high )?(?:does|do|is) .+ ranks?\b|\bwhere does .+ rank\b", re.I)


def placed(query, question):
    """Raise NotUnderstood where the place of one row among the others is asked for, and not its figure."""
    if _PLACE.search(question) and query.kind == "value" and query.targets and not any({"rank", "ranking", "position", "place"} & set(words.of(c.name)) for c in query.targets):
        raise NotUnderstood("I give the highest and the lowest ones in their order, not the place of one: ask for the top 10.")
    return query


def whole(query, by, targets, where, items, profile):
    """The query, unless a column or a condition of the question has no place in it."""
    used = [*query.by, *query.targets, query.per, *(p.column for w in query.where for p in (w.value if w.op == "or" else (w,)))]
    for c in by:
        if not isinstance(c, str) and not any(c is u for u in used):
            raise NotUnderstood(f"I don't know what to do with {code('by ' + c.name)} here: ask for one thing at a time.")
    if any(isinstance(c, str) for c in by) and not any(isinstance(u, str) and u for u in used) and query.kind not in ("dates", "growth"):
        raise NotUnderstood(f"I don't know what to do with {code('by ' + next(c for c in by if isinstance(c, str)))} here: ask for one thing at a time.")
    rows = {id(i.value) for i in items if i.kind == "col" and i.text.lower().endswith("s") and i.text.lower() != i.value.name.lower()}  # "hits by zone" of type_of_hit
    rows |= {id(i.value[1]) for i in items if i.kind == "best"}
    for c in targets:
        if not any(c is u for u in used) and c.role in ("category", "ordinal", "boolean", "measure") and id(c) not in rows and c.distinct != profile.rows and not (query.kind == "rows" and c.type == "text"):
            raise NotUnderstood(f"I don't know what to do with {code(c.name)} here: ask for one thing at a time.")
    for w in where:
        if not any(w.column is u for u in used):
            raise NotUnderstood(f"I don't know what to do with {w} here: ask for one thing at a time.")
    return query


_FIGURES = ("mean", "sum", "median", "max", "min", "std", "count")


def one_by_one(query, items):
    """The query, unless it gives one of two figures that were asked for by group: "min and max salary by department"."""
    for a, x, joint, b, y in zip(items, items[1:], items[2:], items[3:], items[4:]):
        if _differ(a, b) and joint.joins() and x.kind == y.kind == "col":
            raise NotUnderstood(f"I give one kind of figure at a time: ask for {code(f'{a.text} {x.text}')} first, then for {code(f'{b.text} {y.text}')}.")
    for a, joint, b in zip(items, items[1:], items[2:]):
        if _differ(a, b) and joint.joins() and query.kind in ("groups", "series") and query.agg in (a.value, b.value):
            raise NotUnderstood(f"I give one figure by group at a time: ask for {code(a.text)} first, then for {code(b.text)}.")
    return query


def _differ(a, b):
    """Whether two items ask for different figures."""
    return a.is_("agg", *_FIGURES) and b.is_("agg", *_FIGURES) and a.value != b.value


def of_the_first(query, items):
    """ "average salary of the 10 oldest": a figure of the rows in which another column is highest."""
    for k, i in enumerate(items[:-1]):
        best = items[k + 1]
        if i.kind != "num" or best.kind != "best":
            continue
        agg = next((a.value for a in items[:k] if a.is_("agg", "mean", "sum", "median", "count")), None)
        measure = next((t for t in query.targets if t is not best.value[1]), None)
        if agg is None or agg != "count" and measure is None:
            continue
        (end, c), n = best.value, int(i.value)
        values = c.series.dropna()
        others = [w for w in query.where if w.column is not c]
        if agg == "count" or others or query.by or len(values) < n:
            raise NotUnderstood(f"First ask for the {n} rows with the {'highest' if end == 'max' else 'lowest'} {code(c.name)}.")
        last = values.nlargest(n).iloc[-1] if end == "max" else values.nsmallest(n).iloc[-1]
        last = last.item() if hasattr(last, "item") else last
        return replace(query, kind="value", targets=(measure,), agg=agg, where=(Condition(c, ">=" if end == "max" else "<=", last),), limit=0, which=False, least=False)
    return query


def nth(items):
    """ "in the first round": the one with the number 1."""
    out = []
    for k, i in enumerate(items):
        follows = items[k + 1] if k + 1 < len(items) else None
        if i.is_("kw", "first") and out and out[-1].is_("kw", "where") and follows is not None and follows.kind == "col" and follows.value.type == "integer" and follows.value.role in ("ordinal", "code", "part") and (follows.value.series == 1).any() and k + 2 == len(items):
            out += [follows, Item("num", 1.0, "1")]
            return out
        out.append(i)
    return out


def elsewhere(query, items, vocabulary):
    """The query, which says where another column has the value that was asked for, as the question names neither."""
    named = {id(i.value) for i in items if i.kind == "col"}
    named |= {id(i.value[0]) for i in items if i.kind == "val" and truth(i.value[0]) and words.plain(i.text) != words.plain(i.value[1][0])}  # "unpaid"
    for w in query.where:
        if w.op != "==" or not isinstance(w.value, tuple) or len(w.value) != 1 or w.column.type != "text" or id(w.column) in named:
            continue
        places = vocabulary.values.get(tuple(stem(x) for x in words.of(str(w.value[0]))), ())
        others = list({id(c): c for c, v in places if c is not w.column and str(v) == str(w.value[0])}.values())
        if others and not any(x.column is c for x in query.where for c in others):
            query = replace(query, said=(*query.said, f"{', '.join(code(c.name) for c in others[:3])} has {code(w.value[0])} as well: say {others[0].name} where you mean that."))
    return query
