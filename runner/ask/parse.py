"""From the items of a question to a Query."""

import re

from attache.analyze import roles
from attache.analyze import words as names
from attache.analyze.style import code
from attache.ask import lexicon
from attache.ask.query import Condition, Draft, NotUnderstood, Query
from attache.ask.scan import scan, truth
from attache.ask.when import Span

def parse(question, vocabulary, last=None):
    """Return the Query of a question; last is the Query that a follow-up changes."""
    items = scan(question, vocabulary)
    unknown = [i for i in items if i.kind == "word"]
    if unknown:
        raise NotUnderstood(f"I don't know {', '.join(code(i.text) for i in unknown[:3])} in this table.")
    if not items:
        raise NotUnderstood("I don't understand that.")
    draft = _draft(items, vocabulary.profile)
    if last is not None and _follows(items, draft) and not _YES_OR_NO.match(question):
        return _changed(last, draft, vocabulary.profile)
    return _decided(draft, vocabulary.profile, items)


_YES_OR_NO = re.compile(r"\s*(is|are|was|were|do|does|did|has|have)\b", re.I)


# The pieces


def _draft(items, profile):
    d = Draft()
    i = 0
    while i < len(items):
        i += _piece(items, i, d, profile)
    _values(d, profile)
    return d


def _piece(items, i, d, profile):
    """Take what starts at i into the draft; return how many items it was."""
    it, rest = items[i], items[i + 1 :]
    nxt = rest[0] if rest else None
    d.notes += [f"I took {code(it.value.name)} for \"{it.text}\"; there is also {code(it.other.name)}."] if it.other is not None else []
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
            d.where.append(Condition(it.value[0], it.value[1], nxt.value))
            return 2
        return 1
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
        if it.text.lower() in ("top", "bottom"):
            d.ranked, d.least = True, it.value == "min"
        d.aggs.append(it.value)
        return 1
    if it.kind == "best":
        d.aggs.append(it.value[0])
        d.targets.append(it.value[1])
        d.best = it.value
        return 1
    if it.kind == "per":
        if it.value == "day" and nxt is not None and nxt.is_("per", "hour"):
            return 1
        d.per.append(it.value)
        if i and items[i - 1].is_("kw", "by") or it.text.lower().endswith("ly") or it.text.lower() in ("annual", "annually") or it.text.lower().startswith(("a ", "an ", "per ")):
            d.by.append(it.value)
        elif i > 1 and items[i - 1].kind == "and" and d.by:
            d.by.append(it.value)
        return 1
    if it.kind == "chart":
        d.chart = it.value
        return 1
    if it.kind == "noun":
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
        d.words.add(it.value)
    return 1


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
        c = numbers[-1] if numbers else next(iter(reached or profile.measures), None)
        if c is None:
            raise NotUnderstood("Which column should that number be compared with?")
        if numbers and len(numbers) == len(d.targets) and _counted(items[:i]):
            d.targets.remove(c)
    d.where.append(Condition(c, op, value))
    return used


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
    if c is None:
        c = next((c for c in profile.columns if c.role in ("part", "ordinal")), None)
    rest = items[i + 1 :]
    negative = i and (items[i - 1].is_("kw", "without") or items[i - 1].is_("op", "!="))
    second = 1 if rest and rest[0].kind == "time" else 2 if len(rest) > 1 and rest[1].kind == "time" and (rest[0].kind == "and" or rest[0].is_("op", "until") or rest[0].is_("kw", "vs")) else 0
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
        if rest[0].is_("op", "until") or op == "between":
            numbers = tuple(range(span.number[0], other.number[-1] + 1))
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
    if "same" in d.words or first.is_("kw", "only", "without", "sort", "log", "linear", "desc", "asc", "about") or first.kind == "and":
        return True
    if d.words - _CHANGES or d.nouns or "count" in d.aggs or "nunique" in d.aggs or d.best or d.quantile:
        return "share" in d.words and not (d.targets or d.where or d.by or d.aggs)
    if d.targets or first.kind == "col":
        return False
    if d.aggs:
        return not (d.by or d.where) and not d.ranked or d.ranked and not d.by
    return True


_CHANGES = {"by", "where", "same", "about", "sort", "desc", "asc", "only", "without", "log", "linear", "over_time", "first", "last"}


def _changed(last, d, profile):
    """The last question with what the follow-up says changed."""
    q = last.but(notes=(), said=tuple(d.notes))
    if d.where or d.loose:
        new = list(d.where)
        for c, values in d.loose:
            if values and isinstance(values[0], Span):
                new.append(Condition(c, "within", values[0]))
        replaced = {(id(w.column), w.op in ("!=", "not within")) for w in new}
        q = q.but(where=tuple(w for w in q.where if (id(w.column), w.op in ("!=", "not within")) not in replaced) + tuple(new))
        if q.by and len(new) == 1 and new[0].column in q.by and len(q.by) == 1 and new[0].op == "==" and len(new[0].value) == 1:
            q = q.but(by=(), kind="value")
    if d.targets:
        groups = [c for c in d.targets if c.groups or c.role == "date"]
        if len(groups) == len(d.targets) and not d.by and not last.targets and last.kind in ("groups", "value") or "same" in d.words and groups:
            d.by = groups
        else:
            q = q.but(targets=tuple(d.targets), agg="" if not d.aggs else q.agg)
            if q.kind in ("corr", "pair") and len(d.targets) < 2:
                q = q.but(kind="value" if not q.by else "groups")
    if d.aggs:
        q = q.but(agg=d.aggs[0], share=False)
        if q.kind in ("dist", "describe", "rows", "pair"):
            q = q.but(kind="groups" if q.by else "value")
        if d.aggs[0] == "count":
            q = q.but(targets=())
    if d.by:
        q = q.but(by=tuple(d.by), which=False)
        q = q.but(kind="series" if _periodic(d.by) else "groups")
    elif "over_time" in d.words:
        q = q.but(by=("time",), kind="series")
    if d.limit:
        q = q.but(limit=d.limit, least=d.least)
    elif d.ranked:
        q = q.but(limit=1, least=d.least)
    if "share" in d.words:
        q = q.but(share=True)
    if d.order or "sort" in d.words:
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


def _periodic(by):
    return any(isinstance(b, str) for b in by[:1]) and by[0] not in ("weekday", "month of the year", "hour of the day")


# Kinds


def _decided(d, profile, items):
    q = Query(where=tuple(d.where), chart=d.chart if d.chart != "plot" else "plot", log="log" in d.words, order=d.order, limit=d.limit, least=d.least, said=tuple(d.notes))
    words, targets = d.words, d.targets
    if "where missing" in words:
        missing = targets[-1] if targets else None
        conditions = tuple(Condition(c, "missing") for c in ([missing] if missing else [])) if missing else ()
        if not conditions:
            raise NotUnderstood("Rows in which which column is missing?")
        return q.but(kind="rows", where=q.where + conditions)
    if "dup" in words:
        return q.but(kind="dup")
    if "columns" in words and not targets and not d.where and not d.aggs:
        return q.but(kind="columns")
    if "columns" in words and not targets and _agg(d) not in ("", "count", "nunique", "mode", "rare") and profile.measures:
        return q.but(targets=tuple(profile.measures), agg=_agg(d), by=tuple(d.by), kind=_kind(d.by))
    if "missing" in words:
        return q.but(kind="missing", targets=tuple(targets), by=tuple(d.by))
    if "date_range" in words and not targets:
        return q.but(kind="dates")
    if "corr" in words or d.chart == "scatter" or "vs" in words and len([t for t in targets if _numeric(t)]) >= 2:
        return _pair(q, d, profile)
    if "dist" in words or d.chart == "hist" or d.chart == "box" and targets and not d.by:
        if not targets and not d.by:
            targets = profile.measures[:1]
        if not targets and not d.by:
            raise NotUnderstood("The distribution of which column?")
        if targets and targets[0].role == "measure":
            return q.but(kind="dist", targets=(targets[0],))
        groups = [*targets[:1], *d.by]
        return q.but(kind=_kind(groups), agg="count", by=tuple(groups[:2]))
    if "compare" in words or "vs" in words:
        found = _compared(q, d, profile)
        if found is not None:
            return found
    if "describe" in words:
        return q.but(kind="describe", targets=tuple(targets))
    if d.loose and isinstance(d.loose[0][1][0], Span):
        c, spans = d.loose[0]
        q = q.but(notes=q.notes)
        by = "year" if not spans[0].part and spans[0].text.isdigit() else ("month of the year" if spans[0].part == "month" else "month")
        q = q.but(where=q.where + (Condition(c, "within", tuple(spans)),))
        d.by = d.by or [by]
    periods = [b for b in d.by if isinstance(b, str)]
    if "over_time" in words and not periods:
        if profile.time is None:
            raise NotUnderstood("This table has no column of times.")
        d.by = ["time", *d.by]
    if "when" in words or "which" in words and d.per and (d.aggs or d.ranked) and not d.by:
        per = d.per[0] if d.per else "time"
        found, least = _superlative(d)
        if found:
            inner = next((a for a in d.aggs if a in ("mean", "sum", "median", "count")), "")
            return q.but(kind="series", targets=tuple(targets[:1]), agg=inner, by=(per,), which=True, limit=d.limit or 1, least=least)
    if d.best and d.per and d.per[0] != "day" and not d.by and profile.time is not None:
        return q.but(kind="series", targets=(d.best[1],), by=(d.per[0],), which=True, limit=d.limit or 1, least=d.best[0] == "min")
    if "sold" in words and not any(map(_numeric, targets)):
        flows = [c for c in profile.measures if c.additive == "flow"]
        flows.sort(key=lambda c: not set(names.of(c.name)) & {"qty", "quantity", "units", "sold"})
        targets += flows[:1]
    agg, superlative = _agg(d), _superlative(d)
    numbers = [t for t in targets if _numeric(t)]
    groups = [t for t in targets if not _numeric(t)]
    if d.quantile:
        return q.but(targets=tuple(numbers[:1]), agg="quantile", quantile=d.quantile / 100 if d.quantile > 1 else d.quantile, by=tuple(d.by), kind="groups" if d.by else "value", limit=0)
    if "share" in words:
        found = _share(q, d, profile, numbers, groups)
        if found is None:
            raise NotUnderstood("The share of what?")
        return found
    if agg == "mode" or agg == "rare":
        c = (targets or d.by or [None])[0]
        if c is None:
            raise NotUnderstood("The most common value of which column?")
        return q.but(kind="groups", agg="count", by=(c,), which=True, limit=d.limit or 1, least=agg == "rare")
    if agg == "nunique":
        c = (groups or targets or [None])[0]
        if c is None:
            raise NotUnderstood("The different values of which column?")
        return q.but(targets=(c,), agg="nunique", by=tuple(d.by), kind=_kind(d.by))
    if d.ranked or d.limit or superlative[0] and (groups or "which" in words or d.best):
        found = _ranked(q, d, profile, numbers, groups, items)
        if found is not None:
            return found
    if agg == "count":
        return _count(q, d, profile, numbers, groups, items)
    if {"show", "which", "rows"} & words and not d.aggs and not d.by and ("rows" in words or d.nouns or d.where) and not numbers and not d.chart:
        if "which" in words and groups:
            return q.but(kind="groups", agg="count", by=(groups[0],), limit=0)
        return q.but(kind="rows", limit=d.limit, order="last" if "last" in words else q.order)
    if numbers:
        if d.loose and not isinstance(d.loose[0][1][0], Span) and d.loose[0][0] not in d.by and len(d.by) < 2 and not any(i.text.lower() == "or" for i in items):
            d.by = [*d.by, d.loose[0][0]]
        if len(numbers) == 1 and groups and not d.by:
            d.by = groups
        several = tuple(dict.fromkeys(a for a in d.aggs if a in ("mean", "sum", "median", "max", "min", "std")))
        if len(several) > 1 and len(numbers) == 1 and not d.by and any(i.kind == "and" for i in items):
            return q.but(targets=tuple(numbers), agg=several[0], also=several[1:])
        return q.but(targets=tuple(numbers), agg=agg, by=tuple(d.by), kind=_kind(d.by), limit=d.limit)
    if targets and not d.by:
        if d.aggs and agg in ("max", "min") and targets[0].type == "date":
            return q.but(targets=(targets[0],), agg=agg)
        if d.aggs and agg in ("mean", "sum", "median", "max", "min", "std", "var", "range"):
            raise NotUnderstood(f"{code(targets[0].name)} is {_article(targets[0])}: it has no {agg}.")
        yes = truth(targets[0])
        if yes and not d.chart:
            return q.but(targets=(targets[0],), agg="mean")
        if targets[0].type in ("integer", "number") and not targets[0].groups:
            raise NotUnderstood(f"{code(targets[0].name)} is {_article(targets[0])}: its values are not averaged or summed.")
        if d.where and targets[0].distinct and targets[0].distinct > 20 and not d.chart:
            return q.but(targets=(targets[0],), agg="nunique")
        return q.but(kind="groups", agg="count", by=tuple(targets[:2]))
    if d.by:
        if agg and agg != "count" and profile.measures:
            return q.but(targets=(profile.measures[0],), agg=agg, by=tuple(d.by), kind=_kind(d.by))
        yes = [t for t in targets if truth(t)]
        if yes:
            return q.but(targets=(yes[0],), agg="mean", by=tuple(d.by), kind=_kind(d.by))
        return q.but(agg="count", by=tuple(d.by), kind=_kind(d.by))
    if d.where and not d.aggs:
        if any(i.is_("kw", "only", "without") for i in items[:1]):
            raise NotUnderstood("There is no last question to change.")
        return q.but(kind="rows") if not d.chart else q.but(agg="count")
    if agg and len(profile.measures) == 1:
        return q.but(targets=(profile.measures[0],), agg=agg)
    if agg:
        raise NotUnderstood("Of which column?")
    raise NotUnderstood("I don't understand that.")


def _article(c):
    return {"identifier": "an identifier", "code": "a code", "category": "a category", "ordinal": "an ordinal", "text": "a text", "date": "a date", "boolean": "yes or no"}.get(c.role, c.role)


def _numeric(c):
    return c.role in ("measure", "ordinal") and c.type in ("integer", "number") or c.role == "duration" or c.role == "constant" and c.type in ("integer", "number")


def _kind(by):
    return ("series" if _periodic(by) else "groups") if by else "value"


def _agg(d):
    aggs = [a for a in d.aggs if a != "count"] if set(d.aggs) - {"count"} else d.aggs
    if "sum" in aggs and len(aggs) > 1 and aggs[0] == "sum":
        aggs = [a for a in aggs if a != "sum"] or aggs
    if {"max", "min"} & set(aggs) and {"mean", "sum", "median", "count"} & set(d.aggs):
        # "the highest average": the mean is computed, the highest is asked for.
        return next(a for a in d.aggs if a in ("mean", "sum", "median", "count"))
    return aggs[0] if aggs else ""


def _superlative(d):
    found = next((a for a in d.aggs if a in ("max", "min")), "")
    inner = next((a for a in d.aggs if a in ("mean", "sum", "median", "count")), "")
    if d.ranked and not found:
        found = "min" if d.least else "max"
    return found and (inner or found), found == "min" or d.least


def _pair(q, d, profile):
    numbers = [t for t in [*d.targets, *d.by] if t.__class__.__name__ == "Column" and (_numeric(t) or t.role == "year")]
    others = [t for t in [*d.targets, *d.by] if t not in numbers]
    if len(numbers) >= 2:
        return q.but(kind="pair", targets=tuple(numbers[:2]), by=tuple(o for o in others if not isinstance(o, str))[:1])
    if numbers and others and not isinstance(others[0], str):
        by = ("time",) if others[0].role == "date" else (others[0],)
        return q.but(kind=_kind(by), targets=(numbers[0],), agg=_agg(d) or "mean", by=by, chart="" if d.chart == "scatter" else d.chart)
    if not others:
        return q.but(kind="corr", targets=tuple(numbers[:1]))
    raise NotUnderstood("Only columns of numbers can be correlated.")


def _compared(q, d, profile):
    numbers = [t for t in [*d.targets, *d.by] if not isinstance(t, str) and _numeric(t)]
    agg = _agg(d)
    if d.loose:
        c, values = d.loose[0]
        if isinstance(values[0], Span):
            by = "year" if not values[0].part and values[0].text.isdigit() else "month of the year" if values[0].part == "month" else "weekday" if values[0].part == "weekday" else "month"
            q = q.but(where=q.where + (Condition(c, "within", tuple(values)),))
            return q.but(kind=_kind([by]), by=(by,), targets=tuple(numbers or profile.measures[:1]), agg=agg)
        return q.but(kind="groups", by=(c,), targets=tuple(numbers or profile.measures[:4]), agg=agg if numbers or agg != "count" else "count")
    groups = [t for t in d.targets if t.groups] + [b for b in d.by if not isinstance(b, str) and not _numeric(b)]
    if groups:
        return q.but(kind="groups", by=tuple(groups[:1]), targets=tuple(numbers or profile.measures[:4]), agg=agg)
    if len(numbers) >= 2:
        return q.but(kind="describe", targets=tuple(numbers))
    return None


def _share(q, d, profile, numbers, groups):
    yes = [t for t in d.targets if truth(t)]
    if yes and not numbers:
        return q.but(targets=(yes[0],), agg="mean", by=tuple(d.by or [g for g in groups if g is not yes[0] and g.groups]), kind=_kind(d.by or [g for g in groups if g is not yes[0] and g.groups]))
    if d.where:
        target = tuple(numbers[:1])
        return q.but(kind="value", targets=target, agg="share", share=True, by=tuple(d.by)) if not d.by else q.but(kind="groups", targets=target, agg="share", by=tuple(d.by), share=True)
    by = d.by or groups
    if by:
        return q.but(kind=_kind(by), targets=tuple(numbers[:1]), agg=_agg(d) or ("sum" if numbers else "count"), by=tuple(by), share=True)
    return None


def _ranked(q, d, profile, numbers, groups, items):
    agg, least = _superlative(d)
    inner = next((a for a in d.aggs if a in ("mean", "sum", "median", "count")), "")
    n = d.limit or (1 if d.ranked or agg else 0)
    which = "which" in d.words or d.limit == 0
    if {"first", "last"} & d.words and not d.ranked and not d.aggs:
        return q.but(kind="rows", limit=n, order="last" if "last" in d.words else "", least=False)
    if not d.ranked and not agg:
        if "show" in d.words or "rows" in d.words or d.nouns:
            return q.but(kind="rows", limit=n)
        return None
    by = [g for g in groups if g not in d.by] + [b for b in d.by if not isinstance(b, str)]
    periods = [b for b in d.by if isinstance(b, str)]
    measure = numbers[0] if numbers else None
    if groups and d.by and numbers == [] and any(_numeric(b) for b in d.by if not isinstance(b, str)):
        measure, by = next(b for b in d.by if _numeric(b)), groups
    if not groups and d.by and _numeric(d.by[0] if not isinstance(d.by[0], str) else profile.columns[0]) and not isinstance(d.by[0], str):
        # "top 5 rows by sales"
        return q.but(kind="rows", targets=(d.by[0],), limit=n, least=least, which=True)
    by = [b for b in by if not _numeric(b)]
    if periods and not by:
        return q.but(kind="series", targets=(measure,) if measure else (), agg=inner, by=tuple(periods), limit=n if d.limit else 0, which=not d.limit, least=least) if d.limit or "which" in d.words else q.but(kind="series", targets=(measure,) if measure else (), agg=agg, by=tuple(periods))
    if by:
        if measure is None and not inner:
            named = [b for b in by if b.role in ("text", "identifier") and b.distinct == profile.rows]
            if named and profile.measures:
                measure = profile.measures[0]
        grouped = d.by and not groups and not d.ranked and not d.limit and "which" not in d.words
        if grouped:
            return q.but(kind="groups", targets=(measure,) if measure else tuple(profile.measures[:1]), agg=agg, by=tuple(by))
        if measure is None and not inner and len(by) > 1 and by[0] not in d.by:
            return q.but(kind="groups", targets=(by[1],), agg="nunique", by=(by[0],), limit=n, which=which, least=least)
        if by[0] is profile.label and measure is not None:
            return q.but(kind="rows", targets=(measure,), limit=n, least=least, which=True)
        if by[0].type == "date" and measure is not None:
            return q.but(kind="series", targets=(measure,), agg=inner, by=("time",), limit=n, which=True, least=least)
        return q.but(kind="groups", targets=(measure,) if measure else (), agg=inner or ("count" if measure is None else ""), by=(by[0],), limit=n, which=which or not d.limit, least=least)
    if measure is not None:
        if d.limit or d.nouns and "which" in d.words or "which" in d.words and "rows" in d.words or d.best and d.nouns or "which" in d.words and items[0].text.lower() in ("who", "which", "whose"):
            return q.but(kind="rows", targets=(measure,), limit=n, least=least, which=True)
        return None
    if d.targets and d.targets[0].type == "date":
        return q.but(targets=(d.targets[0],), agg=agg)
    if d.limit and ("rows" in d.words or d.nouns) and profile.measures:
        return q.but(kind="rows", targets=(profile.measures[0],), limit=n, least=least, which=True)
    return None


def _count(q, d, profile, numbers, groups, items):
    """How many: rows, different values, or the total of what counts something."""
    sums = [c for c in numbers if c.additive and c.type == "integer" and not any(w.column is c for w in d.where)]
    if sums and not d.nouns and "rows" not in d.words:
        return q.but(targets=(sums[0],), agg="sum", by=tuple(d.by), kind=_kind(d.by))
    ids = [c for c in groups if c.role in ("identifier", "code", "category", "text", "ordinal") and not truth(c)]
    if ids and "rows" not in d.words and not (d.by and ids[0] in d.by):
        c = ids[0]
        if c.role == "identifier" and c.distinct == profile.rows:
            return q.but(agg="count", by=tuple(d.by), kind=_kind(d.by))
        explicit = next((i for i in items if i.kind == "col" and i.value is c), None)
        if explicit is not None and any(w.column is c for w in d.where):
            return q.but(agg="count", by=tuple(d.by), kind=_kind(d.by))
        return q.but(targets=(c,), agg="nunique", by=tuple(d.by), kind=_kind(d.by))
    if d.per and not d.by and not d.where and not d.nouns and "rows" not in d.words and profile.time is not None:
        return q.but(targets=(profile.time,), agg="nunique", notes=(d.per[0],))
    if numbers and not d.by and not d.where and not d.nouns:
        return q.but(targets=(numbers[0],), agg="count")
    return q.but(agg="count", by=tuple(d.by), kind=_kind(d.by), targets=())
