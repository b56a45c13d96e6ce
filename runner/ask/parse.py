"""From the items of a question to a Query."""

import re
from dataclasses import replace

from attache.analyze import words
from attache.analyze.style import code
from attache.ask import careful, decide, growth, periods, rewrite, spoken, tongues
from attache.ask.query import Condition, Draft, NotUnderstood, Query, one_of
from attache.ask.lexicon import UNITS, stem
from attache.ask.scan import scan, truth
from attache.ask import when
from attache.ask.when import Span, of_one_year

def parse(question, vocabulary, last=None):
    """Return the Query of a question; last is the Query that a follow-up changes."""
    said = question = spoken.plain(tongues.english(question, vocabulary), vocabulary)
    question = growth.order_value(question, vocabulary.profile)
    grown = growth.asked(question, vocabulary.profile)
    if grown:
        return growth.query(grown, _rest(grown[0], vocabulary, last), vocabulary.profile)
    if (rest := growth.running(question, vocabulary.profile)) is not None:
        return growth.summed(_rest(rest[0], vocabulary, last), rest[1], vocabulary.profile)
    if (rest := growth.apart(question, vocabulary)) is not None:
        return growth.difference(parse(rest, vocabulary))
    totals = periods.asked(question, vocabulary)
    if totals and (query := periods.query(totals, lambda text: parse(text, vocabulary), vocabulary.profile)) is not None:
        return query
    trimmed = _left_out(question)
    if trimmed:
        change, found = trimmed
        question = question[: found.start()] + " " + question[found.end() :]
        if not scan(question, vocabulary) and last is not None:
            return change(last)
    careful.of_now(question, vocabulary.profile)
    items = careful.nth(careful.times(careful.ways(scan(question, vocabulary), question, vocabulary), vocabulary.profile))
    items = rewrite.either(rewrite.unknown(rewrite.members(rewrite.months(rewrite.in_full(rewrite.simpler(items, question, vocabulary), said, vocabulary.profile), vocabulary.profile)), vocabulary.profile))
    rewrite.denied(items)
    unknown = [i for i in items if i.kind == "word"]
    if unknown:
        raise NotUnderstood(f"I don't know {', '.join(code(i.text) for i in unknown[:3])} in this table.")
    if not items:
        raise NotUnderstood("I don't understand that.")
    query = _dated(question, items, vocabulary.profile) or _query(question, items, vocabulary.profile, last)
    query = careful.one_by_one(careful.of_the_first(query, items), items)
    query = periods.hinted(careful.in_parts(query, said), totals)
    query = careful.elsewhere(careful.alike(careful.measured(careful.placed(careful.opening(careful.meant(query, items, said, vocabulary.profile), said), said), said)), items, vocabulary)
    return change(query) if trimmed else query


def _query(question, items, profile, last):
    if last is None and items[0].is_("kw", "only", "without") and len(items) == 2:
        raise NotUnderstood("There is no last question to change.")
    draft = _draft(items, profile)
    alone = last is not None and last.by and question.rstrip().endswith("?") and len(items) == 1 and items[0].kind == "col" and items[0].value.role == "measure"  # "humidity?" after a figure by sensor
    if last is not None and (alone or _follows(items, draft)) and not _YES_OR_NO.match(question):
        return _changed(last, draft, profile)
    said = tuple(draft.by), tuple(draft.targets), tuple(draft.where)
    return careful.whole(rewrite.doubtful(decide.decided(draft, profile, items), items, profile), *said, items, profile)


def _rest(question, vocabulary, last):
    """What is asked for beside the words for growth and the like: a change of the last question, or a question of its own."""
    if last is not None and last.kind in ("value", "groups", "series"):
        try:
            return parse(question, vocabulary, last) if question else last if last.targets else Query()
        except NotUnderstood:
            pass
    if not question:
        return Query()
    query = parse(question, vocabulary)
    return query.but(kind="value") if query.kind == "rows" and not query.targets and not query.limit else query


_WITHOUT = r"\b(?:without|excluding|ignoring|exclude|excl\.?|ignore|remove|drop|leave out|except|skip|skipping)(?: the| any| all)? "
_OUTLIERS = re.compile(_WITHOUT + r"outliers\b", re.I)
_ZEROS = re.compile(rf"(?:{_WITHOUT}(?:zero(?:s|es)?|0s?)(?: values?)?|\bnon[- ]?zero)\b(?![-.,]?\d)", re.I)
_GAPS = re.compile(_WITHOUT + r"(?:missing|nulls?|nans?|blanks?|empty)(?: values?| ones| cells)?\b", re.I)
_DATED = re.compile(r"\b(?:when (?:was|is|were)|what (?:date|day) (?:was|is)|date of)?\s*(?:the |our )?(first|last|latest|earliest|most recent|newest|oldest)\b", re.I)


def _dated(question, items, profile):
    """ "when was the last order", "first order date": the ends of the time, where no measure is asked for."""
    found = _DATED.search(question)
    if not found or profile.time is None or profile.time.type != "date" or not (re.search(r"\b(when|date|day)\b", question, re.I) or any(i.kind == "col" and i.value is profile.time for i in items)):
        return None
    if not all(i.kind in ("noun", "per", "val") or i.is_("kw", "when", "first", "last", "where", "which", "rows") or i.kind == "col" and i.value.role in ("date", "identifier") or i.kind == "best" and i.value[1] is profile.time for i in items):
        return None
    where = tuple(Condition(i.value[0], "==", tuple(i.value[1])) for i in items if i.kind == "val")
    return Query(targets=(profile.time,), agg="min" if found[1].lower() in ("first", "earliest", "oldest") else "max", where=where)


def _left_out(question):
    """What a question leaves out of its measure, as (the change of a Query, where it says so), or None."""
    for change, words in ((_trimmed, _OUTLIERS), (_without_zeros, _ZEROS), (_without_gaps, _GAPS)):
        if found := words.search(question):
            return change, found
    return None


def _without_zeros(query):
    c = _measured(query, "zeros")
    return query.but(where=(*query.where, Condition(c, "!=", 0)))


def _without_gaps(query):
    c = _measured(query, "missing values")
    return query.but(where=(*query.where, Condition(c, "present")))


def _measured(query, what):
    """The column of numbers that a question is about."""
    c = next((t for t in query.targets if t.role in ("measure", "ordinal") and t.type in ("integer", "number")), None)
    if c is None:
        raise NotUnderstood(f"Without the {what} of which column?")
    return c


def _trimmed(query):
    """The query without the values of its measure that lie beyond 1.5 interquartile ranges."""
    c = _measured(query, "outliers")
    low, high = (float(v) for v in c.series.dropna().astype("float64").quantile([0.25, 0.75]))
    ends = (low - 1.5 * (high - low), high + 1.5 * (high - low))
    kept = tuple(w for w in query.where if not (w.column is c and w.op == "between"))
    return query.but(where=kept + (Condition(c, "between", ends),))


_YES_OR_NO = re.compile(r"\s*(is|are|was|were|do|does|did|has|have)\b", re.I)


# The pieces


def _draft(items, profile):
    d = Draft()
    i, ended, either = 0, False, False
    while i < len(items):
        conditions, at = len(d.where), i
        i += _piece(items, i, d, profile)
        if items[at].kind == "and":
            either = ended and items[at].text.lower() == "or"
            continue
        ended = len(d.where) == conditions + 1
        if either and ended:  # "under 18 or over 65"
            d.where[-2:] = [one_of(d.where[-2:])]
        either = False
    _values(d, profile)
    return d


def _piece(items, i, d, profile):
    """Take what starts at i into the draft; return how many items it was."""
    it, rest = items[i], items[i + 1 :]
    nxt = rest[0] if rest else None
    if it.kind == "val" and it.exact == 0.8:
        d.notes.append(f"I took {' or '.join(code(v) for v in it.value[1][:3])} for \"{it.text}\".")
    d.notes += [f"I took {code(it.value.name)} for \"{it.text}\"; there is also {code(it.other.name)}."] if it.other is not None else []
    if it.kind == "col" and it.exact == 0.5:
        d.notes.append(f"I took {code(it.value.name)} for \"{it.text}\".")
    if it.kind == "time":
        return _time(items, i, d, profile)
    if it.is_("op", "after", "before", "since", "until") and nxt is not None and nxt.kind == "time":
        return 1 + _time(items, i + 1, d, profile, it.value)
    if it.is_("op", "between", ">", "<", ">=", "<=") and nxt is not None and nxt.kind == "time":
        return 1 + _time(items, i + 1, d, profile, {"between": "between", ">": "after", "<": "before", ">=": "since", "<=": "until"}[it.value])
    if it.kind == "col":
        return _column(items, i, d, profile)
    if it.kind == "cmp":
        if nxt is not None and nxt.kind == "num":
            stats = it.value[0].stats
            if stats and not stats["min"] - abs(stats["min"]) <= nxt.value <= 3 * abs(stats["max"]):
                raise NotUnderstood(f"{code(it.value[0].name)} never comes near {nxt.text}.")
            d.where.append(Condition(it.value[0], it.value[1], nxt.value))
            return 2
        raise NotUnderstood(f"I can compare groups ({code('compare A and B')}) or columns with a number, not what {code(it.text)} asks.")
    if it.is_("op"):
        return _loose_op(items, i, d, profile)
    if it.kind == "num":
        return _number(items, i, d, profile)
    if it.kind == "val":
        k = i - 1
        while k >= 0 and (items[k].is_("kw", "where") and items[k].text.lower() in ("in", "from", "for", "of") and k and _negates(items[k - 1]) or items[k].kind == "col" and items[k].value is it.value[0] or items[k].kind in ("val", "and") and k and _negated(items[:k])):
            k -= 1
        d.loose.append((it.value[0], it.value[1], k >= 0 and _negates(items[k])))
        return 1
    if it.kind == "str":
        raise NotUnderstood(f"No value of this table is {code(it.value)}.")
    if it.kind == "agg":
        if it.value in ("max", "min") and it.text.lower() in ("top", "bottom", "best", "worst", "largest", "smallest", "highest", "lowest", "most", "least", "biggest") and nxt is not None and nxt.kind == "num":
            d.limit, d.least, d.ranked = int(nxt.value), it.value == "min", True
            return 2
        if it.text.lower() in ("top", "bottom") and nxt is not None and nxt.kind in ("col", "noun") and nxt.text.lower().endswith("s") and (nxt.kind == "noun" or nxt.value.role != "measure" and not nxt.value.name.lower().endswith("s")):
            d.limit = 5
        if it.text.lower() in ("top", "bottom"):
            d.ranked, d.least = True, it.value == "min"
        d.aggs.append(it.value)
        d.named = d.named or it.text.lower() in ("max", "min", "maximum", "minimum")
        return 1
    if it.kind == "best":
        d.targets.append(it.value[1])
        if nxt is not None and nxt.kind == "num" and nxt.value == int(nxt.value) and not any(x.kind == "col" for x in rest[1:2]):
            d.limit, d.least, d.ranked = int(nxt.value), it.value[0] == "min", True  # "tallest 5 players"
            return 2
        d.aggs.append(it.value[0])
        d.best = it.value
        return 1
    if it.kind == "per":
        if it.value == "day" and nxt is not None and nxt.is_("per", "hour"):
            return 1
        hours = it.value == "hour" and profile.time is not None and profile.time.type == "date" and (profile.time.series.max() - profile.time.series.min()).days > 2
        it = replace(it, value="hour of the day") if hours and i and items[i - 1].is_("kw", "by") else it
        d.per.append(it.value)
        if i and items[i - 1].is_("kw", "by") or it.text.lower().endswith("ly") or it.text.lower() in ("annual", "annually") or it.text.lower().startswith(("a ", "an ", "per ")):
            d.by.append(it.value)
        elif i > 1 and items[i - 1].kind == "and" and d.by:
            d.by.append(it.value)
        return 1
    if it.kind == "either":
        d.where.append(it.value)
        return 1
    if it.kind == "chart":
        d.chart = it.value
        return 1
    if it.kind == "noun":
        if i and items[i - 1].is_("kw", "by") and items[i - 1].text.lower() in _GROUPED or _narrows(items, i):
            raise NotUnderstood(f"I don't know {code(it.text)} in this table.")
        d.nouns.append(it.value)
        return 1
    if it.kind == "kw":
        if it.value in ("first", "last") and nxt is not None and nxt.kind == "num":
            d.words.add(it.value)
            d.limit = int(nxt.value)
            return 2
        if it.value == "by" and nxt is not None and nxt.kind == "num" and it.text.lower() == "per":
            return 1
        if it.value == "missing" and _filters(items, i):
            d.words.add("where missing")
            return 1
        if it.value in ("desc", "asc"):
            d.order = it.value
        if it.value == "compare" and re.search(r"gap|diff", it.text, re.I) and "between" in it.text.lower():
            d.words.add("difference")
        d.words.add(it.value)
    return 1


# "total for all customers" means the rows; "revenue for wine" one value that is not there.
_ALL = frozenset("people person persons individual individuals customer customers client clients order orders transaction transactions day days sale user users member members".split())


def _narrows(items, i):
    """Whether a noun is what a figure is asked for, and not the rows."""
    it, before = items[i], items[i - 1] if i else None
    if before is None or not before.is_("kw", "where") or before.text.lower() not in ("for", "in", "from", "at", "on") or it.text.lower() in _ALL:
        return False
    return i + 1 == len(items) and any(x.kind == "col" for x in items[:i]) and not any(x.kind in ("val", "time", "num") for x in items[:i])


# "per order" and "for each order" may mean the rows; these mean a column.
_GROUPED = ("by", "grouped by", "group by", "broken down by", "split by", "across")


def _negates(item):
    return item.is_("kw", "without") or item.is_("op", "!=")


def _negated(items):
    """Whether the list of values that ends here was begun by "without"."""
    k = len(items) - 1
    while k >= 0 and items[k].kind in ("val", "and"):
        k -= 1
    return k >= 0 and _negates(items[k])


def _filters(items, i):
    return any(x.is_("kw", "show", "where") and x.text.lower() not in ("of", "in", "for") for x in items[:i]) and any(x.is_("kw", "rows") or x.kind == "noun" for x in items[:i])


def _column(items, i, d, profile):
    """A column: grouped by, compared with something, or asked for."""
    c = items[i].value
    before = items[i - 1] if i else None
    rest = items[i + 1 :]
    used = 1
    k = 0
    while k < len(rest) and rest[k].is_("kw", "where", "which") and rest[k].text.lower() in ("of", "at", "that are", "which are", "from", "in", "among", "for", "with") and k + 1 < len(rest) and rest[k + 1].kind in ("op", "num") and c.role in ("measure", "ordinal", "code", "year", "part"):
        k += 1
    nxt = rest[k] if k < len(rest) else None
    after = rest[k + 1] if k + 1 < len(rest) else None
    if nxt is not None and nxt.is_("op", ">", "<", ">=", "<=", "between") and c.role in ("identifier", "code", "text", "category") and items[i].exact < 1:
        nxt = None  # "orders over 250": their amount
    if nxt is not None and nxt.is_("op", ">", "<", ">=", "<=") and after is not None and after.kind == "col" and after.value is not c and after.value.type in ("integer", "number") and c.type in ("integer", "number"):
        raise NotUnderstood(f"I compare a column with a number, not {code(c.name)} with {code(after.value.name)} in each row.")
    if nxt is not None and nxt.is_("op") and after is not None:
        negated = nxt.value == "!="
        if nxt.value == "between" and after.kind == "num":
            end = next((x for x in rest[k + 2 : k + 4] if x.kind == "num"), None)
            if end is None:
                raise NotUnderstood("Between which two numbers?")
            d.where.append(Condition(c, "between", tuple(sorted((after.value, end.value)))))
            return used + rest.index(end) + 1
        if after.kind == "num" and c.type in ("integer", "number"):
            op = nxt.value if nxt.value in (">", "<", ">=", "<=", "==", "!=") else {"after": ">", "before": "<", "since": ">=", "until": "<="}.get(nxt.value, "==")
            d.where.append(Condition(c, op, after.value))
            return used + k + 2
        if after.kind == "num" and nxt.value in ("==", "!=", "contains"):
            d.where.append(_equal(c, f"{after.value:g}", nxt.value))
            return used + k + 2
        if after.kind == "val" and nxt.value in ("==", "!=", "contains", "starts", "ends"):
            values = [v for v in after.value[1]] if after.value[0] is c else [v for v in (_same(c, after.text),) if v is not None]
            if nxt.value in ("contains", "starts", "ends"):
                d.where.append(Condition(c, nxt.value, after.text))
            elif values:
                end = k + 2
                while end + 1 < len(rest) and rest[end].kind == "and" and rest[end + 1].kind == "val" and rest[end + 1].value[0] is c:
                    values += rest[end + 1].value[1]
                    end += 2
                d.where.append(Condition(c, nxt.value, tuple(values)))
                return used + end
            return used + k + 2
        if nxt.value in ("contains", "starts", "ends") and after.kind in ("str", "col", "agg", "noun", "word", "kw"):
            d.where.append(Condition(c, nxt.value, after.text))
            return used + k + 2
        if after.is_("kw", "missing"):
            d.where.append(Condition(c, "present" if negated else "missing"))
            return used + k + 2
    if nxt is not None and nxt.kind == "num" and nxt is rest[0] and c.type in ("integer", "number"):
        post = rest[1] if len(rest) > 1 else None
        if post is not None and post.kind == "post":
            d.where.append(Condition(c, post.value, nxt.value))
            return used + 2
        if not d.ranked and c.role in ("code", "year", "ordinal", "part", "identifier", "boolean", "measure"):
            d.where.append(Condition(c, "!=" if before is not None and _negates(before) else "==", nxt.value))
            return used + 1
    if nxt is not None and nxt is rest[0] and nxt.kind == "val" and nxt.value[0] is c:
        return used  # "region North": the value says it
    if before is not None and (before.is_("kw", "by") or before.kind == "and" and d.by and i > 1 and (items[i - 2].kind in ("col", "per")) and _in_by(items, i)):
        if c not in d.by:
            d.by.append(c)
        return used
    yes = truth(c)
    if yes and not (before is not None and before.is_("kw", "by", "dist")) and _true_by_noun(items, i, c):
        negative = before is not None and (before.is_("op", "!=") or before.is_("kw", "without"))
        d.loose.append((c, [yes[1] if negative else yes[0]], False))
        return used
    if before is not None and before.is_("kw", "without") and before.text.lower() == "without" and c.role == "measure":
        raise NotUnderstood(f"Without which values of {code(c.name)}? Say it as a condition: {code(c.name + ' = 0')}, or {code(c.name + ' is missing')}.")
    if before is not None and before.is_("kw", "without") and before.text.lower() in ("without", "excluding", "exclude", "except") and c.role != "identifier":
        raise NotUnderstood(f"Without which values of {code(c.name)}? Say it as a condition: {code(c.name + ' is missing')}, or a value of it.")
    if c not in d.targets:
        d.targets.append(c)
    return used


def _in_by(items, i):
    """Whether the "and" before i goes on a list after "by"."""
    k = i - 2
    while k > 0 and items[k].kind in ("col", "per", "and"):
        k -= 1
    return items[k].is_("kw", "by")


def _true_by_noun(items, i, c):
    """ "how many smokers", "who survived": the column of yes and no names the rows."""
    counted = any(x.is_("agg", "count") for x in items[:i]) or any(x.is_("kw", "which", "show", "share") for x in items[:i])
    if i and items[i - 1].is_("kw", "missing"):
        return False
    text = items[i].text.lower()
    plural = text.endswith("s") and not c.name.lower().endswith("s") or i and (items[i - 1].kind == "val" or _negates(items[i - 1])) or items[i].text.lower().startswith("non")
    return (counted or plural) and not any(x.is_("kw", "by") for x in items[max(0, i - 1) : i]) and not (items[i].text.lower() == "rate")


def _same(c, text):
    from attache.analyze import words

    if c.type != "text":
        return None
    return next((v for v in c.series.dropna().unique() if words.plain(v) == words.plain(text)), None)


def _equal(c, text, op):
    value = _same(c, text)
    if value is None and op != "contains":
        raise NotUnderstood(f"{code(c.name)} has no value {code(text)}.")
    return Condition(c, op, (value,) if op != "contains" else text)


def _loose_op(items, i, d, profile):
    """A comparison without a column before it: with the one after, or the measure asked for."""
    it, rest = items[i], items[i + 1 :]
    nums = [x for x in rest[:4] if x.kind == "num"]
    if it.value in ("==", "!=") and (not rest or rest[0].kind != "num"):
        return 1
    if rest and rest[0].kind == "per" and rest[0].text.lower().startswith(("a ", "an ")):
        raise NotUnderstood(f"Say it as a number: {it.text} 60, not {it.text} {rest[0].text}.")
    if it.value in (">", "<", ">=", "<=") and rest and rest[0].kind == "col" and rest[0].value.role == "measure" and not any(x.kind == "num" for x in rest[:3]):
        raise NotUnderstood(f"I don't know what should be {it.text} {code(rest[0].value.name)}: name both columns, or a number.")
    if it.value in (">", "<", ">=", "<=") and it.text.lower().endswith("than") and not any(x.kind in ("num", "time") for x in rest):
        raise NotUnderstood(f"I compare groups ({code('compare A and B')}) or columns with a number, not what {code(it.text)} asks.")
    if not rest or rest[0].kind != "num":
        return 1
    used = 2
    value = rest[0].value
    if it.value == "between":
        if len(nums) < 2:
            raise NotUnderstood("Between which two numbers?")
        value = tuple(sorted(x.value for x in nums[:2]))
        used = 1 + rest.index(nums[1]) + 1
    op = {"after": ">", "before": "<", "since": ">=", "until": "<="}.get(it.value, it.value)
    nxt = rest[used - 1] if used - 1 < len(rest) else None
    c = None
    if nxt is not None and nxt.kind == "col" and nxt.value.type in ("integer", "number"):
        c, used = nxt.value, used + 1
    if c is None:
        numbers = [t for t in d.targets if t.role in ("measure", "ordinal", "year", "code")]
        reached = [m for m in profile.measures if m.stats["min"] <= (value if not isinstance(value, tuple) else value[0]) <= m.stats["max"]]
        if numbers and numbers[-1].stats and not isinstance(value, tuple) and value > 3 * abs(numbers[-1].stats["max"]) and reached:
            if len(reached) > 1:
                raise NotUnderstood(f"Which column should be compared with {rest[0].text}?")
            numbers = []  # "mpg of cars over 4000 pounds": not their mpg
        age = next((m for m in profile.measures if "age" in words.of(m.name)), None)
        if age is not None and i and items[i - 1].kind == "noun" and items[i - 1].value in _PERSONS and not isinstance(value, tuple) and value <= 1.2 * age.stats["max"]:
            numbers = [age]  # "the cost of patients over 65"
        of_them = [m for m in reached if i and items[i - 1].kind == "noun" and stem(items[i - 1].text) in map(stem, words.of(m.name))]
        if not numbers and len(of_them) == 1 and len(reached) > 1:  # "loans over 20k": loan_amount
            reached = of_them
            d.notes.append(f"I took {code(of_them[0].name)} for what is compared with {rest[0].text}.")
        if not numbers and len(reached) > 1 and not any(x.text.lower() in UNITS for x in rest[:3]):
            ages = [m for m in reached if "age" in words.of(m.name)] or [m for m in reached if m.additive == "flow"]
            if len(ages) != 1:
                raise NotUnderstood(f"Which column should be compared with {rest[0].text}: {', '.join(code(m.name) for m in reached[:4])}?")
            reached = ages[:1]
            d.notes.append(f"I took {code(ages[0].name)} for what is compared with {rest[0].text}.")
        c = numbers[-1] if numbers else next(iter(reached or profile.measures), None)
        if c is None:
            raise NotUnderstood("Which column should that number be compared with?")
        if numbers and c in d.targets and len(numbers) == len(d.targets) and _counted(items[:i]):
            d.targets.remove(c)
    d.where.append(Condition(c, op, value))
    return used


_PERSONS = frozenset("people person persons ppl folks patient patients customer customers client clients employee employees passenger passengers student students member members user users participant participants respondent respondents men women workers guests".split())


def _counted(items):
    return any(x.is_("agg", "count") or x.is_("kw", "show", "rows") for x in items) and not any(x.is_("agg", "mean", "sum", "max", "min", "median") for x in items)


def _number(items, i, d, profile):
    n, rest = items[i].value, items[i + 1 :]
    nxt = rest[0] if rest else None
    if nxt is not None and nxt.kind == "post":
        follow = rest[1] if len(rest) > 1 and rest[1].kind == "col" else None
        c = follow.value if follow else next((t for t in d.targets if t.role in ("measure", "ordinal")), None) or (profile.measures[0] if profile.measures and _counted(items[:i]) else None)
        if c is not None:
            d.where.append(Condition(c, nxt.value, n))
            if c in d.targets:
                d.targets.remove(c)
            return 3 if follow else 2
    if nxt is not None and nxt.is_("agg", "mode", "rare") or i and items[i - 1].is_("agg", "mode", "rare"):
        d.limit = int(n)  # "3 most common cities"
        return 1
    if nxt is not None and nxt.is_("agg", "max", "min"):
        d.limit, d.least, d.ranked = int(n), nxt.value == "min", True
        return 2
    if nxt is not None and nxt.kind == "best":
        d.limit, d.least, d.ranked = int(n), nxt.value[0] == "min", True
        d.targets.append(nxt.value[1])
        return 2
    if nxt is not None and (nxt.is_("kw", "rows") or nxt.kind == "noun") and not d.aggs:
        d.limit = int(n)
        return 1
    if any(x.text.lower() in ("percentile", "quantile") for x in rest[:2]) or d.quantile:
        d.quantile = n
        return 1
    if d.limit == 0 and any(x.is_("kw", "only", "show") for x in items[:i]) and n == int(n) and nxt is None:
        d.limit = int(n)
        return 1
    raise NotUnderstood(f"I don't know what the number {items[i].text} stands for.")


def _time(items, i, d, profile, op=""):
    """A time, or two of them, as a condition on the time of the rows."""
    span = items[i].value
    c = profile.time or next((c for c in profile.columns if c.role in ("year", "date")), None)
    named = [x.value for x in items[max(0, i - 3) : i] if x.kind == "col" and x.value.role in ("date", "year")]
    if named:
        c = named[-1]
        if c in d.targets:
            d.targets.remove(c)
    done = next((x.text.lower() for x in reversed(items[max(0, i - 2) : i]) if x.kind == "val" or x.kind == "col" and x.value.role == "boolean"), None)
    if done is not None and not named and (mine := [x for x in profile.columns if x.role == "date" and x is not c and done in words.of(x.name)]):
        c = mine[0]  # "closed in 2023", of closed_at
    if span.part == "month" and (by_month := when.month_column(profile)) is not None:
        c = by_month
    if c is None:
        c = next((c for c in profile.columns if c.role in ("part", "ordinal")), None)
    rest = items[i + 1 :]
    negative = i and (items[i - 1].is_("kw", "without") or items[i - 1].is_("op", "!="))
    second = 1 if rest and rest[0].kind == "time" else 2 if len(rest) > 1 and rest[1].kind == "time" and (rest[0].joins() or rest[0].is_("op", "until")) else 0
    if span.part and op in ("since", "after", "before", "until") and not (second and op != "before"):
        only = of_one_year(span, c) if c is not None else None
        if only is None:
            raise NotUnderstood(f"{op.capitalize()} {span.text} of which year?")
        span = only
    if second and not span.part:
        other = rest[second - 1].value
        ranged = op == "between" or rest[0].is_("op", "until") or any(x.text.lower() in ("from", "since") for x in items[max(0, i - 1) : i])
        if op == "since":
            ranged = True
        if ranged or rest[0].kind == "time":
            low, high = min(span.low, other.low), max(span.high, other.high)
            d.where.append(Condition(c, "within", Span(low, high, text=f"{span.text} to {other.text}")))
            return 1 + second
        if not other.part:
            d.loose.append((c, [span, other], False))
            return 1 + second
    if second and span.part and rest[second - 1].value.part == span.part:
        other = rest[second - 1].value
        if rest[0].is_("op", "until") or op == "between" or rest[0].kind == "time":  # "from may to july"
            first, last, most = span.number[0], other.number[-1], {"month": 12, "quarter": 4, "weekday": 7}.get(span.part, 0)
            numbers = tuple(range(first, last + 1)) if first <= last else tuple(sorted({*range(first, most + (span.part != "weekday")), *range(0 if span.part == "weekday" else 1, last + 1)}))
            d.where.append(Condition(c, "within", Span(part=span.part, number=numbers, text=f"{span.text} to {other.text}")))
        else:
            d.loose.append((c, [span, other], False))
        return 1 + second
    if span.part:
        d.where.append(Condition(c, "not within" if negative else "within", span))
        return 1
    made = {
        "after": Span(span.high, None, text=f"after {span.text}"),
        "before": Span(None, span.low, text=f"before {span.text}"),
        "since": Span(span.low, None, text=f"{span.text} or later"),
        "until": Span(None, span.high, text=f"{span.text} or earlier"),
    }.get(op, span)
    d.where.append(Condition(c, "not within" if negative else "within", made))
    return 1


def _values(d, profile):
    """Values that stand alone are conditions; of one column several, either of them."""
    groups = {}
    for c, values, negative in d.loose:
        groups.setdefault((id(c), negative), (c, [], negative))[1].extend(values)
    d.loose = []
    for c, values, negative in groups.values():
        times = [v for v in values if isinstance(v, Span)]
        if times:
            d.loose.append((c, times))
            continue
        d.where.append(Condition(c, "!=" if negative else "==", tuple(dict.fromkeys(values))))
        if c in d.targets:
            d.targets.remove(c)
        if len(values) > 1 and not negative:
            d.loose.append((c, values))


# Follow-ups


def _follows(items, d):
    """Whether a question changes the last one: it says so, or says too little to stand alone."""
    first = items[0]
    if {"first", "last"} & d.words and d.limit:
        return False
    if d.per and not d.by and (d.aggs or d.ranked) or "sort" in d.words and d.targets and d.by:
        return False  # "best month", "rank countries by spending"
    if first.kind == "val" and d.where and first.text.lower().endswith("s") and not str(first.value[1][0]).lower().endswith("s"):
        return False  # "politicians in 2012" names the rows
    if "same" in d.words or first.is_("kw", "only", "without", "sort", "by name", "log", "linear", "desc", "asc", "about") or first.kind == "and" or "about" in d.words:
        return True
    if _shows_spread(d):
        return True
    if d.words - _CHANGES or d.nouns or "count" in d.aggs or "nunique" in d.aggs or d.best or d.quantile:
        return "share" in d.words and not (d.targets or d.where or d.by or d.aggs)
    if d.targets or first.kind == "col" or first.kind == "per" and d.where:
        return False
    if d.aggs:
        return not (d.by or d.where) and not d.ranked or d.ranked and not d.by
    return True


def _shows_spread(d):
    """ "as a histogram", and nothing else."""
    return (d.chart in ("hist", "box") or "dist" in d.words) and not (d.words - {"dist", "same"} or d.targets or d.by or d.where or d.aggs or d.nouns or d.loose)


# What was asked of one column is asked of the next one too; a sum only of what adds up.
_KEPT = ("mean", "median", "max", "min", "std", "var", "range")


_CHANGES = {"by name", "by", "where", "same", "about", "sort", "desc", "asc", "only", "without", "log", "linear", "over_time", "first", "last"}


_HEARD = {  # what a change of each kind of question may change, beside the conditions
    "rows": {"limit", "least", "order"}, "missing": set(), "describe": set(), "columns": set(), "dup": set(), "dates": set(),
    "pair": {"chart", "log"}, "corr": {"limit"}, "dist": {"chart", "log"}, "value": {"agg", "over", "share", "chart", "log"},
}  # fmt: skip


def _changed(last, d, profile):
    """The last question with what the follow-up says changed."""
    q = _with_changes(last, d, profile)
    if q.kind == last.kind and q.kind in _HEARD:
        silent = {f for f in ("agg", "over", "share", "limit", "least", "order", "log", "chart") if getattr(q, f) != getattr(last, f)} - _HEARD[q.kind]
        if silent or q.kind in ("columns", "dup") and q.where != last.where:
            raise NotUnderstood("I don't know what to change in the last question.")
    return q


def _with_changes(last, d, profile):
    q = last.but(notes=(), said=tuple(d.notes))
    if _shows_spread(d):
        numbers = [t for t in last.targets if t.role in ("measure", "ordinal") and t.type in ("integer", "number")]
        if not numbers:
            raise NotUnderstood("The distribution of which column?")
        return q.but(kind="dist", targets=(numbers[0],), agg="", by=(), limit=0, which=False, share=False, also=(), order="", chart=d.chart)
    if d.where or d.loose:
        new = list(d.where)
        for c, values in d.loose:
            if values and isinstance(values[0], Span):
                new.append(Condition(c, "within", tuple(values) if len(values) > 1 else values[0]))
                if len(values) > 1 and not d.by and not q.by:
                    d.by = [decide._period(values[0])]  # "september vs march"
        replaced = {(id(w.column), w.op in ("!=", "not within")) for w in new}
        q = q.but(where=tuple(w for w in q.where if (id(w.column), w.op in ("!=", "not within")) not in replaced) + tuple(new))
        if q.by and len(new) == 1 and new[0].column in q.by and len(q.by) == 1 and new[0].op == "==" and len(new[0].value) == 1:
            q = q.but(by=(), kind="value")
    if d.targets:
        groups = [c for c in d.targets if c.groups or c.role == "date"]
        if len(groups) == len(d.targets) and not d.by and not last.targets and last.kind in ("groups", "value") or "same" in d.words and groups:
            d.by = groups
        else:
            kept = q.agg in _KEPT or q.agg == "quantile"
            q = q.but(targets=tuple(d.targets), agg=q.agg if d.aggs or kept else "")
            if q.kind in ("corr", "pair") and len(d.targets) < 2:
                q = q.but(kind="value" if not q.by else "groups")
    if d.aggs and q.per:
        if d.aggs[0] not in ("mean", "median", "max", "min"):
            raise NotUnderstood("Which figure of the totals: their mean, median, highest or lowest?")
        q = q.but(over=d.aggs[0])
    elif d.aggs and not d.named and d.aggs[0] in ("max", "min") and q.kind in ("groups", "series") and (q.which or q.limit) and not d.targets and not d.by:
        q = q.but(least=d.aggs[0] == "min")  # "what about the lowest", after the highest
    elif d.aggs and "about" in d.words and d.aggs[0] in ("max", "min") and not d.named and q.kind in ("groups", "series") and len(q.by) == 1 and len(q.targets) < 2:
        q = q.but(which=True, limit=1, least=d.aggs[0] == "min")
    elif d.aggs and d.aggs[0] in ("mode", "rare", "nunique"):
        raise NotUnderstood("Of which column?")
    elif d.aggs and q.kind == "rows" and q.targets and d.aggs[0] in ("max", "min"):
        q = q.but(least=d.aggs[0] == "min")
    elif d.aggs:
        q = q.but(agg=d.aggs[0], share=False)
        if q.kind in ("dist", "describe", "rows", "pair"):
            q = q.but(kind="groups" if q.by else "value")
        if d.aggs[0] == "count":
            q = q.but(targets=())
    if d.by and last.limit and last.targets and all(not isinstance(b, str) and b.role == "measure" for b in d.by):
        q = q.but(targets=tuple(d.by[:1]))  # "and by units?" after the top 3 by revenue
    elif d.by:
        q = q.but(by=tuple(d.by), which=False, limit=0 if q.limit == 1 else q.limit)
        q = q.but(kind="series" if decide.periodic(d.by) else "groups", per="" if decide.periodic(d.by) else q.per)
    elif "over_time" in d.words:
        q = q.but(by=("time",), kind="series", which=False, limit=0 if q.limit == 1 else q.limit)
    if d.limit:
        q = q.but(limit=d.limit, least=d.least)
    elif d.ranked:
        q = q.but(limit=1, least=d.least)
    if "share" in d.words:
        q = q.but(share=True)
    if "by name" in d.words:
        q = q.but(order="name", limit=0 if q.limit == 1 else q.limit)
    elif d.order or "sort" in d.words:
        q = q.but(order=d.order or "desc")
    if "log" in d.words:
        q = q.but(log=True, chart=q.chart or "plot")
    if "linear" in d.words:
        q = q.but(log=False)
    if d.chart:
        q = q.but(chart=d.chart)
    if q.but(said=()) == last.but(notes=(), said=()) and "same" not in d.words and not d.chart and "log" not in d.words and "linear" not in d.words:
        raise NotUnderstood("I don't know what to change in the last question.")
    return q
