"""What people say in passing, put into the words and the order that the grammar knows.

Items go in and items come out; nothing is decided here that depends on more than the neighbours of a word.
"""

import re

from attache.analyze import words
from attache.analyze.style import code
from attache.ask.lexicon import NOUNS, UNITS, stem
from attache.ask.query import Condition, NotUnderstood, one_of
from attache.ask.scan import Item, truth
from attache.ask.when import Span

_MORE = {"more": "max", "better": "max", "higher": "max", "bigger": "max", "larger": "max", "longer": "max", "greater": "max", "less": "min", "worse": "min", "lower": "min", "smaller": "min", "fewer": "min"}
_MONEY = ("revenue", "gross", "turnover", "sales", "amount", "bill", "price", "cost", "fare", "spend", "spent", "income", "salary", "wage", "pay", "earnings", "compensation", "total", "actual", "actuals")
_PAYING = {"spend", "spends", "spent", "pay", "pays", "paid", "money", "earn", "earns", "earned", "expensive"}
# Superlatives that need a measure: only "most" and "fewest" count rows by themselves.
JUDGING = {"best", "worst", "biggest", "largest", "smallest", "highest", "lowest", "greatest", "top", "bottom", "maximum", "minimum", "peak"}


def simpler(items, question, vocabulary):
    """The items, with the turns of phrase replaced."""
    profile = vocabulary.profile
    spoken = question.lower().replace("?", " ").split()
    _refused(items, spoken)
    states = {i.text.lower() for i in items if i.kind in ("val", "col") and i.text.lower() in _PAYING}  # "paid orders"
    paying = _PAYING & set(spoken) - states
    for change in (_orders, _verbs, _habits, _subtracted, _row_by_row, _after_its_column, _described, _best_share, _apart, _against, _several, _best_period, _units, _ratios, _number_of, _parties, _before_its_column, _none_of, _comparatives):
        items = change(items, spoken, profile)
    if spoken[:2] == ["how", "much"] and spoken[2:3] in (["was"], ["were"]) and len(spoken) > 3 and spoken[3].endswith("ed") and not any(i.kind == "col" and i.value.role == "measure" or i.kind == "agg" for i in items):
        done = next((c for c in profile.measures if spoken[3] in words.of(c.name)), None)  # "how much was refunded": the amount refunded
        if done is not None:
            return [Item("agg", "sum", "total"), Item("col", done, spoken[3]), *(i for i in items if i.text.lower() != spoken[3])]
        return [*items, Item("agg", "sum", "total"), Item("col", _paid(profile), "money")]
    if " ".join(spoken[:3]) in ("how much is", "how much are", "how much does", "how much do", "how much was", "how much were") or spoken[:2] == ["how", "much"] and "cost" in spoken:
        if not any(i.kind == "col" and i.value.role == "measure" or i.is_("kw", "sold") for i in items):
            return [*items, Item("agg", "mean", "on average"), Item("col", _paid(profile), "price")]
    if spoken[:2] == ["how", "much"] and paying and not any(i.kind == "col" and i.value.role == "measure" or i.kind == "agg" or i.is_("kw", "sold") for i in items):
        return [*items, Item("agg", "sum", "total"), Item("col", _paid(profile), "money")]
    if paying and any(i.is_("agg", "max", "min") for i in items) and not any(i.kind == "col" and i.value.role == "measure" for i in items):
        items = [*items, Item("col", _paid(profile), "money", 1.0)]
    return items


_RECENT = re.compile(r"\b(last|past|previous|next) (\d+|two|three|six|few) (day|week|month|quarter|year)s\b")


def _refused(items, spoken):
    """Raise NotUnderstood for what no figure of the table answers, where the words that are known would make another question."""
    if spoken[:1] in (["why"], ["predict"], ["forecast"]) or spoken[:2] == ["how", "come"]:
        raise NotUnderstood("I can say what is in the table, not why or what will be.")
    if _RECENT.search(" ".join(spoken)) and any(i.kind == "col" and i.value.role == "measure" for i in items):
        raise NotUnderstood("Name the time: from March to May 2023, since 2022.")
    kinds = {i.value for i in items if i.kind == "kw"} | {i.value for i in items if i.kind == "agg"}
    for k, it in enumerate(items):
        ahead = items[k + 1 : k + 3]
        if it.is_("op", "between") and not any(x.kind in ("num", "time") for x in items[k + 1 :]) and sum(x.kind == "val" for x in items[k + 1 :]) < 2 and not kinds & {"corr", "vs", "compare", "dist", "range"}:
            raise NotUnderstood("Between which two numbers, times or groups?")
        if it.is_("kw", "compare") and "between" in it.text.lower() and k and items[k - 1].is_("agg", "max", "min") and not (len(items) > k + 3 and _measured(items[k + 1]) and _measured(items[k + 3])):
            raise NotUnderstood("I don't subtract one column from another.")
        if it.is_("kw", "without") and it.text.lower() == "minus" and not (ahead and (ahead[0].kind in ("val", "time") or k and _measured(items[k - 1]) and _measured(ahead[0]))):
            raise NotUnderstood("I don't subtract one column from another.")
        if it.is_("op", ">", "<", ">=", "<=") and len(ahead) == 2 and ahead[0].kind == "num" and (ahead[1].kind == "noun" or ahead[1].is_("kw", "rows")) and any(i.kind == "col" and i.value.groups for i in items[:k]):
            raise NotUnderstood("I don't choose groups by how many rows they have: ask for the number of rows by group.")


def _apart(items, spoken, profile):
    """ "8 cylinders and over 200 horsepower": "and over" begins something new where a number follows; and the difference of
    the highest and the lowest is the range."""
    out = []
    for k, it in enumerate(items):
        joint, _, rest = it.text.lower().partition(" ")
        if it.kind == "post" and joint in ("and", "or") and k + 1 < len(items) and items[k + 1].kind == "num":
            out += [Item("and", joint, joint), Item("op", {">=": ">", "<=": "<"}[it.value], rest)]
        else:
            out.append(it)
    ends = [i for i in out if i.is_("agg", "max", "min")]
    if len(ends) == 2 and ends[0].value != ends[1].value and any(i.is_("kw", "compare") and "difference" in i.text.lower() for i in out):
        out = [Item("agg", "range", "range"), *(i for i in out if i not in ends and i.kind != "and" and not i.is_("kw", "compare"))]
    return out


_OF_TIMES = {"after": ">", "before": "<", "since": ">=", "until": "<="}


def _after_its_column(items, spoken, profile):
    """ "after minute 100": a column between the comparison and its number."""
    for k in range(len(items) - 2):
        op, c, n = items[k : k + 3]
        if op.is_("op", ">", "<", ">=", "<=", *_OF_TIMES) and c.kind == "col" and c.value.role == "measure" and c.value.type in ("integer", "number") and n.kind == "num" and not (k and items[k - 1].kind == "col" and items[k - 1].value.type in ("integer", "number")):
            return [*items[:k], c, Item("op", _OF_TIMES.get(op.value, op.value), op.text), n, *items[k + 3 :]]
    return items


def denied(items):
    """Raise NotUnderstood where "not" says something of a word that only names the rows, or of nothing."""
    for k, it in enumerate(items):
        if it.is_("kw", "vs") and 0 < k < len(items) - 1 and (items[k - 1].kind == "noun") != (items[k + 1].kind == "noun") and "col" in (items[k - 1].kind, items[k + 1].kind):
            raise NotUnderstood(f"I don't know {code(next(x.text for x in (items[k - 1], items[k + 1]) if x.kind == 'noun'))} in this table.")
        if it.is_("kw", "same") and it.text.lower() == "repeat" and k:
            raise NotUnderstood("I don't know which rows are of one that comes back.")  # "repeat customers"
        if it.is_("kw", "without") and it.text.lower() == "not" and (k + 1 == len(items) or items[k + 1].kind == "noun"):
            raise NotUnderstood("I don't know what is not so.")
    if items and items[-1].is_("kw", "by") and items[-1].text.lower() in ("by", "per", "grouped by", "group by", "broken down by", "split by"):
        raise NotUnderstood("By which column?")
    return items


def _orders(items, spoken, profile):
    """ "order" alone is a noun; "order by" sorts."""
    return [Item("noun", "order", i.text) if i.is_("kw", "sort") and i.text.lower() == "order" else i for i in items]


_VERBS = frozenset(
    """drink drinks drank drunk consume consumes consumed hit hits wear wears wore own owns owned borrow borrows borrowed produce produces produced sleep sleeps slept weigh weighs weighed sell sells sold
    export exports exported import imports imported catch catches caught smoke smokes smoked need needs needed cost owe owes owed carry carries carried hold show shows showed reach reaches run runs ran walk walks walked
    attract attracts attracted serve serves served offer offers offered employ employs employed lose loses lost read reads study studies studied teach teaches taught use uses join joined report reported collect collected contain contains""".split()
)


def _verbs(items, spoken, profile):
    """ "which country drinks the most beer": what the rows do with a column that is named."""
    out = []
    for k, it in enumerate(items):
        before, after = items[k - 1] if k else None, items[k + 1] if k + 1 < len(items) else None
        does = it.text.lower() in _VERBS and (it.kind in ("word", "noun") or it.is_("kw", "sold"))
        subject = before is not None and (before.is_("kw", "which") or before.kind in ("noun", "val") or before.kind == "col" and before.value.role != "measure")
        measured = any(x.kind == "col" and x.value.type in ("integer", "number") for x in items[k + 1 :])
        if does and subject and after is not None and (measured or after.is_("op", ">", "<", ">=", "<=")) and (after.is_("agg", "max", "min") or after.is_("op", ">", "<", ">=", "<=") or after.text.lower() in _MORE or after.kind == "col" and (after.value.role == "measure" or k + 2 < len(items) and items[k + 2].kind == "num")):
            continue
        out.append(it)
    return out


def _habits(items, spoken, profile):
    """ "by smoking habit": a word that only says what the values of the next column say."""
    out = []
    for k, it in enumerate(items):
        after = items[k + 1] if k + 1 < len(items) else None
        if it.kind == "word" and after is not None and after.kind == "col" and after.value.groups and after.value.type == "text":
            base = next((it.text.lower()[: -len(end)] for end in ("ing", "ed", "er", "ers") if it.text.lower().endswith(end)), "")
            if len(base) > 3 and any(words.plain(v).startswith(base) for v in after.value.series.dropna().unique()):
                continue
        out.append(it)
    return out


def _subtracted(items, spoken, profile):
    """ "difference between budget and actual", "revenue minus cost": a column that is one less the other in each row."""
    for k in range(len(items)):
        a, joint, b = (items[k + 1 : k + 4] if items[k].is_("kw", "compare") and _DIFFERENCE.search(items[k].text) else items[k : k + 3] if k + 2 < len(items) and items[k + 1].is_("kw", "without") and items[k + 1].text.lower() == "minus" else ()) or (None,) * 3 if k + 2 < len(items) else (None,) * 3
        if b is None or not (_measured(a) and _measured(b)) or a.value is b.value or not (joint.joins() or joint.is_("kw", "without")):
            continue
        kinds = {c.value.additive or ("level" if set(words.of(c.value.name)) & (words.LEVEL | words.RATE) else "") for c in (a, b)} - {""}
        if len(kinds) > 1:
            raise NotUnderstood(f"I don't subtract {code(b.value.name)} from {code(a.value.name)}: they are not of one kind.")
        if any(_measured(x) for x in items if x not in (a, b)) or a.value.type not in ("integer", "number") or b.value.type not in ("integer", "number"):
            continue
        made = less(a.value, b.value)
        end = k + (4 if items[k].is_("kw", "compare") else 3)
        return [*items[:k], Item("col", made, made.name), *items[end:]]
    return items


_DIFFERENCE = re.compile(r"gap|diff", re.I)


def _measured(it):
    return it is not None and it.kind == "col" and it.value.role == "measure"


def less(a, b):
    """The column of what is left of one when the other is taken away."""
    from attache.analyze.profile import Column

    made = Column(10_000, f"{a.name} \u2212 {b.name}", a.series.astype("float64") - b.series.astype("float64"))
    made.role, made.additive = "measure", a.additive if a.additive == b.additive else ""
    return made


def _row_by_row(items, spoken, profile):
    """ "more wine than beer", "actual above budget": rows in which one column is higher than the other."""
    if "than" not in spoken and not any(i.is_("op", ">", "<", ">=", "<=") for i in items):
        return items
    for k in range(len(items) - 2):
        word, a, b = items[k : k + 3]
        if word.kind == "word" and word.text.lower() in _MORE and "than" in spoken and _measured(a) and _measured(b) and a.value is not b.value:
            op = ">" if _MORE[word.text.lower()] == "max" else "<"
            return [*items[:k], Item("either", Condition(a.value, op, b.value), f"{a.text} {op} {b.text}"), *items[k + 3 :]]
        if k and items[0].kind == "col" and items[0].other is not None and items[0].text.lower().endswith("s"):
            items = [Item("noun", items[0].text, items[0].text), *items[1:]]  # polls beside DEM_poll and REP_poll
        if _measured(word) and a.is_("op", ">", "<", ">=", "<=") and _measured(b) and word.value is not b.value and (k and (items[k - 1].kind in ("noun", "col", "val") or items[k - 1].is_("kw", "where", "rows", "which") or items[k - 1].is_("agg", "count"))):
            return [*items[:k], Item("either", Condition(word.value, a.value, b.value), f"{word.text} {a.text} {b.text}"), *items[k + 3 :]]
    return items


_SAID = (*(f"{who} {are}" for who in ("that", "which", "who") for are in ("are", "were")), "with", "having", "that have", "who have")


def _described(items, spoken, profile):
    """ "average of delivered orders", "orders that were paid", "total paid amount": a column of yes and no says which rows;
    "urgent and non-urgent ones": it groups them."""
    if any(i.is_("agg", "count") or i.is_("kw", "share") for i in items):
        return items
    out = []
    for k, it in enumerate(items):
        before, ahead = out[-1] if out else None, items[k + 1 : k + 4]
        if it.kind == "col" and it.value.role == "identifier" and it.value.distinct == profile.rows and it.text.lower() in NOUNS and it.text.lower().endswith("s") and before is not None and (before.is_("kw", "where") or before.kind == "val" or before.kind == "col" and truth(before.value)):
            out.append(Item("noun", it.text.lower(), it.text))  # "salary of employees": of the rows
            continue
        kind = truth(it.value) if it.kind == "col" else None
        if kind is None or before is not None and (before.is_("kw", "by", "dist", "without", "missing") or before.joins() or before.kind == "op"):
            out.append(it)
            continue
        if len(ahead) > 1 and ahead[0].joins():
            n = 2 if ahead[1].is_("kw", "without") or ahead[1].is_("op", "!=") else 1
            other = ahead[n].value if len(ahead) > n else None
            if other is it.value or n == 1 and isinstance(other, tuple) and other[0] is it.value:
                return [*out, Item("kw", "by", "by"), it, *items[k + n + 2 :]]
        noun = bool(ahead) and (ahead[0].kind == "noun" or ahead[0].is_("kw", "rows") or ahead[0].kind == "col" and ahead[0].value.role == "identifier")
        figure = bool(ahead) and ahead[0].kind == "col" and ahead[0].value.role == "measure" and before is not None and before.kind == "agg"
        said = before is not None and before.is_("kw", "where") and before.text.lower() in _SAID
        out.append(Item("val", (it.value, [kind[0]]), it.text) if noun or figure or said else it)
    return out


def _best_share(items, spoken, profile):
    """ "which region has the highest share of paid orders": the share of each one, the highest first."""
    at = next((k for k, i in enumerate(items) if i.is_("kw", "share")), 0)
    named = at == 4 and items[3].kind == "col" and truth(items[3].value) is not None  # "the highest attrition rate"
    if at != 3 and not named or not (items[0].is_("kw", "which") and items[1].kind == "col" and items[1].value.groups and items[2].is_("agg", "max", "min")):
        return items
    if any(i.kind == "per" or i.is_("kw", "by") for i in items):
        return items
    last = [Item("kw", "asc", "ascending")] if items[2].value == "min" else []
    return [*items[3:], Item("kw", "by", "by"), items[1], *last]


_TIMES = {"twice": 2.0, "double": 2.0, "thrice": 3.0, "triple": 3.0, "half": 0.5}
_AVERAGES = {"mean": "mean", "median": "median"}


def _against(items, spoken, profile):
    """ "more than twice the average revenue": a column is compared with a figure of its own."""
    for k, it in enumerate(items):
        if not it.is_("op", ">", "<", ">=", "<="):
            continue
        rest, factor = items[k + 1 :], 1.0
        if rest and rest[0].text.lower() in _TIMES:
            factor, rest = _TIMES[rest[0].text.lower()], rest[1:]
        elif len(rest) > 1 and rest[0].kind == "num" and rest[1].text.lower() in ("times", "time"):
            factor, rest = rest[0].value, rest[2:]
        if not rest or not rest[0].is_("agg", *_AVERAGES):
            continue
        agg, rest = rest[0].value, rest[1:]
        before = items[k - 1] if k and items[k - 1].kind == "col" and items[k - 1].value.role == "measure" else None
        named = rest[0] if rest and rest[0].kind == "col" and rest[0].value.role == "measure" else before
        if named is None:
            raise NotUnderstood("The average of which column?")
        figure = float(getattr(named.value.series.dropna().astype("float64"), agg)())
        rest = rest[1:] if named is not before else rest
        return [*(items[: k - 1] if before is not None else items[:k]), named, it, Item("num", factor * figure, f"{factor * figure:g}"), *rest]
    return items


def _several(items, spoken, profile):
    """ "4 or 6 cylinders", "rating 1 or 2", "rating is 1, 2 or 3": numbers of the column beside them."""
    for k, it in enumerate(items):
        n = k + 1 + (k + 1 < len(items) and (items[k + 1].is_("op", "==") or items[k + 1].is_("kw", "where")))
        end = n
        coded = it.kind == "col" and it.value.role in ("code", "ordinal", "part", "year")
        while end + 2 < len(items) and items[end].kind == items[end + 2].kind == "num" and items[end + 1].kind == "and" and (coded or items[end + 1].text.lower() != "and"):
            end += 2
        if it.kind == "col" and end > n and (items[end - 1].text.lower() == "or" or coded and items[end - 1].text.lower() == "and"):
            numbers = items[n : end + 1 : 2]
            if it.value.stats is not None and all(it.value.stats["min"] <= x.value <= it.value.stats["max"] for x in numbers):
                values = [int(x.value) if x.value == int(x.value) else x.value for x in numbers]
                return [*items[:k], Item("val", (it.value, values), it.text), *items[end + 1 :]]
    for k in range(len(items) - 3):
        a, joint, b, c = items[k : k + 4]
        if a.kind == b.kind == "num" and joint.kind == "and" and joint.text.lower() == "or" and c.kind == "col" and _counts(c.value, a.value) and _counts(c.value, b.value):
            return [*items[:k], Item("val", (c.value, [int(a.value), int(b.value)]), f"{a.text} or {b.text}"), *items[k + 4 :]]
    return items


_SUPERLATIVES = {"best", "worst", "strongest", "weakest", "highest", "lowest", "biggest", "largest", "smallest"}


def _best_period(items, spoken, profile):
    """ "which month was best by revenue", "worst month for revenue": months are ranked, not rows."""
    measures = [i for i in items if i.kind == "col" and i.value.role == "measure"]
    best = [k for k, i in enumerate(items) if i.is_("agg", "max", "min") and i.text.lower() in _SUPERLATIVES]
    pers = [k for k, i in enumerate(items) if i.kind == "per" and not (k and items[k - 1].is_("kw", "by"))]
    if len(measures) != 1 or len(best) != 1 or len(pers) != 1 or pers[0] != best[0] + 1 and not items[0].is_("kw", "which"):
        return items
    rest = [i for k, i in enumerate(items) if k not in (best[0], pers[0]) and i is not measures[0] and not i.is_("kw", "which", "by") and not i.is_("kw", "where") or i.is_("kw", "where") and k + 1 < len(items) and items[k + 1].kind in ("val", "time")]
    return [Item("kw", "which", "which"), items[pers[0]], items[best[0]], measures[0], *rest]


_DEGREES = {"degrees", "degree", "celsius", "fahrenheit", "°c", "°f"}
_MONIES = {"dollars", "dollar", "euros", "euro", "usd", "eur", "gbp"}
_LENGTHS = {"km", "kilometers", "kilometres", "mile", "miles", "mi", "meters", "metres", "feet", "ft"}
_SPANS = {"minutes", "minute", "min", "mins", "seconds", "sec", "hours", "hour"}
_SPEEDS = {"mph", "kmh", "kph", "knots"}
_WEIGHTS = {"kg", "kilograms", "lbs", "lb", "pounds"}


def _units(items, spoken, profile):
    """ "above 35 degrees": a unit names what is compared, where nothing before it does."""
    k = next((k for k, i in enumerate(items) if i.is_("op", ">", "<", ">=", "<=", "between") and k + 1 < len(items) and items[k + 1].kind == "num"), None)
    if k is None or k + 2 < len(items) and items[k + 2].kind == "col":
        return items
    at = next((n for n, w in enumerate(spoken[:-1]) if w.strip("$€£,") == items[k + 1].text.lower()), None)
    unit = stem(spoken[at + 1].strip(",.")) if at is not None else ""
    measured = [c for c in profile.measures if unit and unit in {stem(w) for w in words.of(c.name)}] if unit in {stem(u) for u in UNITS} else []
    if len(measured) == 1 and not any(i.kind == "col" and i.value.role == "measure" for i in items):
        return [*items[:k], Item("col", measured[0], unit, 0.5), *items[k:]]  # "over 10 litres"
    for units, names in ((_DEGREES, ("temperature", "temp")), (_MONIES, _MONEY), (_WEIGHTS, ("weight", "mass")), (_LENGTHS, ("distance", "length", "mileage")), (_SPANS, ("duration", "runtime", "length")), (_SPEEDS, ("speed", "velocity"))):
        if not units & set(spoken):
            continue
        found = [c for word in names for c in profile.measures if word in words.of(c.name)]
        before = items[k - 1] if k else None
        if units in (_LENGTHS, _SPANS, _SPEEDS) and (before is not None and before.kind == "col" or any(units & set(words.of(c.name)) for c in profile.columns)):
            continue
        if found and not (before is not None and before.kind == "col" and before.value in found):
            c = found[0]
            other = next((f for f in found[1:] if f is not c and units is _DEGREES), None)
            return [*items[:k], Item("col", c, "degrees" if other else "that", 1.0, other), *items[k:]]
    return items


def _ratios(items, spoken, profile):
    """ "revenue per unit" divides one column by another, which is not done."""
    for k, it in enumerate(items[:-1]):
        nxt = items[k + 1]
        if it.is_("kw", "by") and it.text.lower() == "per" and nxt.kind == "col" and nxt.value.role == "measure" and k and items[k - 1].kind == "col" and items[k - 1].value.role == "measure":
            raise NotUnderstood("I don't divide one column by another.")
    return items


def _number_of(items, spoken, profile):
    """ "by number of bedrooms" is by the column that holds that number."""
    return [i for k, i in enumerate(items) if not (i.is_("agg", "count") and k and items[k - 1].is_("kw", "by") and k + 1 < len(items) and items[k + 1].kind == "col")]


def _parties(items, spoken, profile):
    """ "parties of 4": the size of a group is what a table of groups counts."""
    size = next((c for c in profile.measures if words.of(c.name)[-1:] == ("size",) and c.type == "integer"), None)
    out = []
    for k, it in enumerate(items):
        out.append(it)
        ahead = [x for x in items[k + 1 : k + 3] if not x.is_("kw", "where")]
        if size is not None and it.kind == "noun" and it.text.lower() in ("party", "parties", "group", "groups", "table", "tables", "household", "households", "family", "families", "team", "teams") and ahead and ahead[0].kind in ("num", "op") and (ahead[0].kind == "num" or len(ahead) > 1 and ahead[1].kind == "num"):
            out.append(Item("col", size, "size"))
    return out


def _before_its_column(items, spoken, profile):
    """ "at least 3 bedrooms", "8 cylinders": the number belongs to the column behind it."""
    out, k = [], 0
    while k < len(items):
        op = items[k] if items[k].is_("op", ">", "<", ">=", "<=", "==") else None
        at = k + (op is not None)
        if at + 1 < len(items) and items[at].kind == "num" and items[at + 1].kind == "col" and items[at + 1].exact >= 0.6 and _counts(items[at + 1].value, items[at].value) and not _ranks(items, k, op):
            out += [items[at + 1], op or Item("op", "==", "="), items[at]]
            k = at + 2
            continue
        out.append(items[k])
        k += 1
    return out


def _counts(c, number):
    return c.type == "integer" and c.stats is not None and c.stats["min"] <= number <= c.stats["max"]


def _ranks(items, k, op):
    """Whether a number says how many, or belongs to what stands before it."""
    before = items[k - 1] if k else None
    if op is not None:
        return before is not None and before.kind == "col" and before.value.type in ("integer", "number") and before.value.role in ("measure", "ordinal")
    if before is not None and before.is_("agg", "count"):
        return False
    if items[k].value == 0:
        return before is not None and (before.kind == "op" or before.kind == "col" and before.value.type in ("integer", "number"))
    return before is None or before.kind in ("agg", "col", "op", "num", "and", "best") or before.is_("kw", "first", "last", "show", "by", "only", "without")


def _none_of(items, spoken, profile):
    """ "no age recorded": a value that only says no, before another column, is what is missing."""
    out = list(items)
    for k, it in enumerate(items[:-1]):
        nxt = items[k + 1]
        if it.kind == "val" and it.text.lower() in ("no", "none", "not") and nxt.kind == "col" and nxt.value is not it.value[0]:
            out[k : k + 2] = [nxt, Item("op", "==", "is"), Item("kw", "missing", "missing")]
            out = [x for n, x in enumerate(out) if not (n < len(out) - 1 and x.kind == "noun" and n and out[n - 1].is_("agg", "count"))]
            break
    return out


def _comparatives(items, spoken, profile):
    """ "which gender tips more" asks for the highest; "do smokers tip better" for both, side by side."""
    loose = [i for i in items if i.text.lower() in _MORE and (i.kind == "word" or i.kind == "op" and not _has_number(items, i))]
    if len(loose) != 1:
        return items
    it = loose[0]
    rest = [x for x in items if x is not it]
    measures = [x for x in rest if x.kind == "col" and x.value.role == "measure"]
    groups = [x for x in rest if x.kind == "val" or x.kind == "col" and x.value.groups and x.value.role != "measure"]
    if not measures or not groups:
        return items
    if spoken[0] in ("do", "does", "did", "is", "are") or any(x.text.lower() == "or" for x in rest):
        c = groups[0].value[0] if groups[0].kind == "val" else groups[0].value
        two = groups if sum(x.kind == "val" for x in groups) > 1 and not truth(c) else []  # "in north or south": not the others
        kept = [x for x in rest if x is measures[0] or x in two or x not in groups and x.kind in ("time", "op", "num")]
        if len({id(x.value[0] if x.kind == "val" else x.value) for x in groups}) > 1:
            return items
        return [Item("agg", "mean", "average"), *[x for x in kept], Item("kw", "by", "by"), Item("col", c, c.name)]
    return [Item("agg", "mean", "on average"), *rest, Item("agg", _MORE[it.text.lower()], it.text)] if any(x.is_("kw", "which") for x in rest) else items


def _has_number(items, it):
    k = items.index(it)
    return k + 1 < len(items) and items[k + 1].kind in ("num", "time")


def _paid(profile):
    """The measure of what is paid: the one that a word for money names."""
    for word in _MONEY:
        for c in profile.measures:
            if word in words.of(c.name) and not words.deducted(c.name):
                return c
    raise NotUnderstood("This table has no column of what was paid.")


def doubtful(query, items, profile):
    """Raise NotUnderstood where an answer would leave out what was asked: which is best, by nothing but the number of rows."""
    counts = query.agg in ("", "count") and not query.targets and (query.which or query.limit)
    if counts and query.kind in ("groups", "series"):
        judged = next((i.text for i in items if i.kind == "agg" and i.text.lower() in JUDGING), None)
        if judged is not None and judged.lower() in ("top", "bottom") and query.limit > 1 and not any(i.is_("kw", "by") for i in items) and not any(m.additive for m in profile.measures):
            return query.but(said=(*query.said, "Ranked by the number of rows: name a column for another order."))  # "top 5 states"
        if judged is not None:
            raise NotUnderstood(f"{judged.capitalize()} by which column?")
        by = query.by[0] if query.by else None
        if not query.where and by is not None and not isinstance(by, str) and by.series.value_counts().nunique() == 1:
            raise NotUnderstood(f"Each {by.name} has the same number of rows. The most of which column?")
    return query


def in_full(items, question, profile):
    """The items with what people leave out: "per hire year", "a rating of 5", "have no sick days" where a zero says so."""
    out = list(items)
    for k, it in enumerate(items):
        before, after = items[k - 1] if k else None, items[k + 1] if k + 1 < len(items) else None
        if it.kind == "col" and it.value is profile.time and before is not None and before.is_("kw", "by") and after is not None and after.kind == "per" and it.value.type == "date":
            return in_full(items[:k] + items[k + 1 :], question, profile)
        if it.kind == "col" and before is not None and before.is_("kw", "without") and items[0].is_("agg", "count") and k + 1 == len(items) and (both := truth(it.value)):
            return [*items[: k - 1], Item("val", (it.value, [both[1]]), it.text)]  # "how many people are not remote"
        if it.is_("kw", "by") and items[0].is_("agg", "max") and k > 1 and after is not None and after.is_("agg", "count") and all(x.is_("kw", "rows") for x in items[k + 2 :]):
            return [Item("agg", "mode", "most common"), *items[1:k]]  # "top 3 cities by count"
        if it.is_("agg", "max", "min") and k > 1 and k + 2 == len(items) and (after.kind == "noun" or after.is_("kw", "rows")) and any(x.kind == "num" for x in items[:k]) and (named := [x for x in items[:k] if x.kind == "col"]) and len(named) == 1 and not any(x.kind in ("val", "time") for x in items):
            number = next(x for x in items[:k] if x.kind == "num")
            return [Item("agg", "mode" if it.value == "max" else "rare", it.text), number, *named]  # "the 3 cities with the most orders"
        if it.kind != "col" or it.value.type not in ("integer", "number") or not items[0].is_("agg", "count"):
            continue
        if after is not None and after.is_("kw", "where") and after.text.lower() == "of" and k + 3 == len(items) and items[k + 2].kind == "num":
            return [*items[: k + 1], Item("op", "==", "is"), items[k + 2]]
        values = it.value.series
        if before is not None and before.is_("kw", "missing") and re.search(r"\bno\b", question) and "missing" not in question and not values.isna().any() and (values == 0).any():
            return [*items[: k - 1], it, Item("op", "==", "is"), Item("num", 0.0, "0"), *items[k + 1 :]]
    return out


_TIME_OPS = ("after", "before", "since", "until")


def months(items, profile):
    """ "since March", where a column holds the names of months: the time, not the value."""
    out = list(items)
    for k, it in enumerate(items[:-1]):
        nxt = items[k + 1]
        if not (it.is_("op", *_TIME_OPS) and nxt.kind == "val"):
            continue
        month = next((n for n, m in enumerate(words.MONTHS, 1) if len(nxt.text) > 2 and m.startswith(nxt.text.lower())), None)
        if month is None or profile.time is None or profile.time.type != "date":
            raise NotUnderstood(f"I don't know when {it.text} {nxt.text} is.")
        out[k + 1] = Item("time", Span(part="month", number=(month,), text=words.MONTHS[month - 1].capitalize()), nxt.text)
    return out


def unknown(items, profile):
    """ "year unknown": a value that says that nothing is known, beside a column that has no such value, is what is missing there."""
    years = profile.time if profile.time is not None and profile.time.role == "year" else None
    items = [Item("col", years, i.text) if years is not None and i.is_("per", "year") and any(x.kind == "val" and x.text.lower() == "unknown" for x in items) else i for i in items]
    for k, it in enumerate(items):
        if it.kind != "val" or it.text.lower() not in ("unknown", "none", "missing", "n/a"):
            continue
        beside = [x for x in (items[k - 1] if k else None, items[k + 1] if k + 1 < len(items) else None) if x is not None and x.kind == "col" and x.value is not it.value[0] and x.value.missing]
        if beside:
            rest = [x for x in items if x is not it and x is not beside[0]]
            return [*rest, Item("kw", "where", "where"), beside[0], Item("op", "==", "is"), Item("kw", "missing", "missing")]
    return items


def either(items):
    """ "flights cancelled or diverted", "paid by cash or in a green cab": of two columns one value or the other."""
    for k, it in enumerate(items):
        if not (it.kind == "and" and it.text.lower() == "or" and 0 < k < len(items) - 1):
            continue
        sides = [s for x, before in ((items[k - 1], items[k - 2] if k > 1 else None), (items[k + 1], None)) if (s := _stated(x, before)) is not None]
        if len(sides) < 2 or sides[0].column is sides[1].column:
            continue
        before = items[k - 2] if k > 1 else None
        if before is not None and (before.is_("kw", "without") or before.is_("op", "!=")):
            raise NotUnderstood("Neither, or not both? Say each condition by itself.")
        return either([*items[: k - 1], Item("either", one_of(sides), "either"), *items[k + 2 :]])
    return items


def _stated(it, before):
    """The condition that an item is by itself, or None: a value, a column of yes and no, a choice that was read before."""
    if it.kind == "either":
        return it.value
    if it.kind == "val":
        return Condition(it.value[0], "==", tuple(it.value[1]))
    if it.kind == "col" and (yes := truth(it.value)) and not (before is not None and before.is_("kw", "by")):
        return Condition(it.value, "==", (yes[0],))
    return None


def members(items):
    """ "survivors only": a column of yes and no that stands with only, or before or after a noun of the best, says which rows count."""
    for k, it in enumerate(items):
        yes = it.kind == "col" and truth(it.value)
        before, after = items[k - 1] if k else None, items[k + 1] if k + 1 < len(items) else None
        if yes and before is not None and before.kind == "kw" and before.text.lower() in ("of", "for", "among") and after is not None and after.kind == "noun":
            return [*items[:k], Item("val", (it.value, [yes[0]]), it.text), *items[k + 1 :]]  # "the age of remote workers"
        if not yes or it.text.lower() == it.value.name.lower() and not (k and items[k - 1].is_("kw", "only")):
            continue
        beside = [x for x in items[max(0, k - 1) : k + 2] if x is not it]
        if before is not None and before.is_("kw", "only") and it.text.lower() == it.value.name.lower() and k + 1 == len(items):
            return [*items[: k - 1], before, Item("val", (it.value, [yes[0]]), it.text)]  # "only chocolate", of a column of yes and no
        if before is not None and before.is_("kw", "where") and before.text.lower() in ("of", "for", "among") and it.text.lower().endswith(("ors", "ers", "or", "er")) and not it.value.name.lower().endswith(("ors", "ers")) and any(x.kind == "col" and x.value.role == "measure" for x in items[:k]):
            return [*items[:k], Item("val", (it.value, [yes[0]]), it.text), *items[k + 1 :]]  # "age of survivors"
        people = it.text.lower().endswith(("ers", "ors", "er", "or", "s")) and not it.value.name.lower().endswith("s")
        if people and any(x.is_("kw", "only") or x.kind == "best" for x in beside):
            only = [x for x in items if not (x.is_("kw", "only") and x in beside)]
            only[only.index(it)] = Item("val", (it.value, [yes[0]]), it.text)
            return only
    return items
