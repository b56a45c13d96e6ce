"""Which kind of question its pieces make: one figure, groups, a series, rows, a pair, a share."""

from attache.analyze import words as names
from attache.analyze.style import code
from attache.ask import rows
from attache.ask.lexicon import NOUNS
from attache.ask.query import Condition, NotUnderstood, Query
from attache.ask.rewrite import JUDGING
from attache.ask.scan import truth
from attache.ask.when import Span


_PEOPLE = frozenset("rep reps seller salesperson salesman agent employee customer client player driver author user person manager student teacher doctor waiter cashier staff member name".split())


def periodic(by):
    """Whether the first of the groups is a period of time."""
    return any(isinstance(b, str) for b in by[:1]) and by[0] not in ("weekday", "month of the year", "hour of the day")


def decided(d, profile, items):
    """Return the Query of the pieces of a question."""
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
        if not d.by:
            return q.but(kind="missing", targets=tuple(targets))
        if len(targets) != 1:
            raise NotUnderstood("The missing values of which column?")
        return q.but(kind=_kind(d.by), agg="count", by=tuple(d.by), where=(*q.where, Condition(targets[0], "missing")))
    if "date_range" in words and not targets:
        return q.but(kind="dates")
    if "vs" in words and "corr" not in words and d.chart != "scatter" and d.by and len([t for t in targets if _numeric(t)]) == 2:
        return q.but(targets=tuple(t for t in targets if _numeric(t)), agg=_agg(d), by=tuple(d.by), kind=_kind(d.by))  # "actual vs budget by department"
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
        by = _period(spans[0])
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
            if targets and not _numeric(targets[0]) and not truth(targets[0]) and not inner:
                inner = "nunique"  # the month with the most guests
                if targets[0].distinct == profile.rows or rows.keyed(targets[0], profile):
                    inner, targets = "", []
            elif not targets and not inner and not d.nouns and "rows" not in words and any(i.kind == "agg" and i.text.lower() in JUDGING for i in items):
                targets = _only_measure(profile)
            return q.but(kind="series", targets=tuple(targets[:1]), agg=inner, by=(per,), which=True, limit=d.limit or 1, least=least)
    if d.best and d.per and d.per[0] != "day" and not d.by and profile.time is not None:
        return q.but(kind="series", targets=(d.best[1],), by=(d.per[0],), which=True, limit=d.limit or 1, least=d.best[0] == "min")
    if "sold" in words and not any(map(_numeric, targets)):
        flows = [c for c in profile.measures if c.additive == "flow"]
        if "which" in words and not groups_of(targets, d) and (unknown := [w for w in d.nouns if w in ("product", "products", "item", "items", "customer", "customers")]):
            raise NotUnderstood(f"I don't know {code(unknown[0])} in this table.")
        flows.sort(key=lambda c: not set(names.of(c.name)) & {"qty", "quantity", "units", "sold"})
        targets += flows[:1]
    others = [t for t in targets if _numeric(t) and t is not d.best[1]] if d.best else []
    if others:
        return _of_the_extreme(q, d, others, profile)
    agg, superlative = _agg(d), _superlative(d)
    if d.best and d.best[1].role in ("year", "date") and not d.by and not d.per and not any(_numeric(t) for t in targets):
        return q.but(kind="rows", targets=(d.best[1],), limit=d.limit or 1, least=d.best[0] == "min", which=True)  # "oldest song"
    if {"first", "last"} & words and targets and not d.by and not d.aggs and not d.limit and profile.time is not None and not any(_numeric(t) or t.role in ("date", "year") for t in targets) and not any(i.kind == "time" for i in items):
        return q.but(kind="rows", targets=(profile.time,), limit=1, least="first" in words, by=(targets[0],), which=True)  # "first guest"
    if {"first", "last"} & words and d.nouns and not (targets or d.by or d.aggs or d.limit or d.ranked or d.where) and profile.time is not None:
        return q.but(kind="rows", targets=(profile.time,), limit=1, least="first" in words, which=True)  # "last invoice"
    if "sort" in words and d.by and len(targets) == 1 and targets[0].groups and not isinstance(d.by[0], str) and _numeric(d.by[0]):
        return q.but(kind="groups", targets=(d.by[0],), agg=agg, by=(targets[0],), order=d.order or "desc")  # "rank countries by spending"
    numbers = [t for t in targets if _numeric(t)]
    groups = [t for t in targets if not _numeric(t)]
    if d.quantile:
        return q.but(targets=tuple(numbers[:1]), agg="quantile", quantile=d.quantile / 100 if d.quantile > 1 else d.quantile, by=tuple(d.by), kind="groups" if d.by else "value", limit=0)
    if "share" in words:
        found = _share(q, d, profile, numbers, groups, items)
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
    if d.ranked or d.limit or superlative[0] and (groups or "which" in words or d.best or _row_of_the_extreme(items)):
        found = _ranked(q, d, profile, numbers, groups, items)
        if found is not None:
            return found
    if agg == "count":
        return _count(q, d, profile, numbers, groups, items)
    if "which" in words and len(targets) == 1 and not (d.by or d.aggs or d.chart or d.nouns or numbers) and not truth(targets[0]) and len(d.where) == 1 and d.where[0].op == "==" and isinstance(d.where[0].value, tuple) and len(d.where[0].value) == 1 and d.where[0].column.distinct == profile.rows and d.where[0].column is not targets[0]:
        return q.but(kind="lookup", targets=(targets[0],))  # "what is Yoda's homeworld"
    if {"show", "which", "rows"} & words and not d.aggs and not d.by and ("rows" in words or d.nouns or d.where) and not numbers and not d.chart:
        if "which" in words and groups:
            return q.but(kind="groups", agg="count", by=(groups[0],), limit=0)
        return q.but(kind="rows", limit=d.limit, order="last" if "last" in words else q.order)
    if numbers:
        if d.chart == "line" and d.loose and not d.by and profile.time is not None and not isinstance(d.loose[0][1][0], Span):
            d.by = ["time"]
        if d.loose and not isinstance(d.loose[0][1][0], Span) and d.loose[0][0] not in d.by and len(d.by) < 2 and not any(i.text.lower() == "or" for i in items):
            d.by = [*d.by, d.loose[0][0]]
        if len(numbers) == 1 and groups and not d.by:
            d.by = groups
        several = tuple(dict.fromkeys(a for a in d.aggs if a in ("mean", "sum", "median", "max", "min", "std")))
        if len(several) > 1 and len(numbers) == 1 and not d.by and any(i.joins() for i in items):
            return q.but(targets=tuple(numbers), agg=several[0], also=several[1:])
        if d.chart == "plot" and not d.aggs and not d.by:  # "plot humidity"
            return q.but(targets=tuple(numbers), by=("time",), kind="series") if profile.time is not None else q.but(kind="dist", targets=(numbers[0],))
        return q.but(targets=tuple(numbers), agg=agg, by=tuple(d.by), kind=_kind(d.by), limit=d.limit)
    if targets and not d.by and not d.aggs and not d.chart and not truth(targets[0]) and any(w.op == "==" and isinstance(w.value, tuple) and len(w.value) == 1 and w.column.distinct == profile.rows and w.column is not targets[0] for w in d.where):
        return q.but(kind="lookup", targets=(targets[0],))  # "the rank of nursing"
    if (d.ranked or superlative[0] and not d.nouns) and d.per and not d.by and not targets and profile.time is not None:
        found = _only_measure(profile)
        if not found and not d.nouns and "rows" not in words:
            raise NotUnderstood("Ranked by which column?")
        return q.but(kind="series", targets=tuple(found), agg="" if found else "count", by=(d.per[0],), limit=d.limit or 1, least=superlative[1], which=True)  # "top 5 days", "lowest year"
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
        if d.where and not d.chart and rows.keyed(targets[0], profile):
            return q.but(agg="count")
        if d.where and not d.chart and targets[0].type == "text" and targets[0].distinct == profile.rows:
            return q.but(kind="rows")
        if d.where and targets[0].distinct and targets[0].distinct > 20 and not d.chart:
            return q.but(targets=(targets[0],), agg="nunique")
        return q.but(kind="groups", agg="count", by=tuple(targets[:2]))
    if d.by:
        if agg in ("mean", "sum", "median", "std", "var", "range") and targets and not any(map(truth, targets)):
            raise NotUnderstood(f"{code(targets[0].name)} is {_article(targets[0])}: it has no {agg}.")
        if agg and agg != "count" and profile.measures:
            return q.but(targets=(profile.measures[0],), agg=agg, by=tuple(d.by), kind=_kind(d.by))
        yes = [t for t in targets if truth(t)]
        if yes:
            return q.but(targets=(yes[0],), agg="mean", by=tuple(d.by), kind=_kind(d.by))
        if len(targets) == 1 and len(d.by) == 1 and targets[0].groups and targets[0].role == "category" and not agg and targets[0] is not d.by[0]:
            return q.but(agg="count", by=(d.by[0], targets[0]), kind=_kind(d.by))  # "species per island"
        return q.but(agg="count", by=tuple(d.by), kind=_kind(d.by))
    if d.where and not d.aggs:
        if any(i.is_("kw", "only", "without") for i in items[:1]):
            raise NotUnderstood("There is no last question to change.")
        if not d.chart and len(profile.measures) == 1 and not d.words & {"show", "rows"} and not d.nouns and profile.time is not None and len(d.where) == 2 and {w.op for w in d.where} == {"==", "within"} and all(w.op == "within" or len(w.value) == 1 for w in d.where):
            return q.but(targets=tuple(profile.measures))  # "norway 2019": the figure
        return q.but(kind="rows") if not d.chart else q.but(agg="count")
    if agg in ("max", "min") and any(i.is_("agg", agg) and i.text.lower() in ("most", "least", "fewest") and k + 1 < len(items) and items[k + 1].kind == "noun" for k, i in enumerate(items)):
        raise NotUnderstood("The most rows of which column?")
    if agg in ("mean", "median", "std", "var", "range") and (strange := next((items[k + 1] for k, i in enumerate(items[:-1]) if i.is_("agg", agg) and items[k + 1].kind == "noun"), None)):
        raise NotUnderstood(f"The {agg} of which column? I don't know {code(strange.text)} in this table.")
    if agg and len(profile.measures) == 1:
        return q.but(targets=(profile.measures[0],), agg=agg)
    if agg:
        raise NotUnderstood("Of which column?")
    raise NotUnderstood("I don't understand that.")


def groups_of(targets, d):
    """The columns that the question names beside numbers."""
    return [c for c in [*targets, *d.by] if isinstance(c, str) or not _numeric(c)]


def _only_measure(profile):
    """The measure that a table of one is about, in a list; else nothing."""
    found = [c for c in profile.measures if c.additive == "flow"] or profile.measures
    return found if len(found) == 1 else []


def _of_the_extreme(q, d, others, profile):
    """ "the mpg of the heaviest car": a figure of the row in which another column is highest."""
    agg, c = d.best
    if c is profile.time and c.role == "year" and len(others) == 1 and not set(d.aggs) - {agg}:  # "latest spending by country"
        return q.but(targets=(others[0],), by=tuple(d.by), kind=_kind(d.by), where=(*q.where, Condition(c, "==", int(getattr(c.series, agg)()))), limit=0)
    if q.where or d.loose or d.by or len(others) > 1 or set(d.aggs) - {agg} or c.type not in ("integer", "number"):
        raise NotUnderstood(f"First ask for the row with the {'highest' if agg == 'max' else 'lowest'} {code(c.name)}: it shows all of its columns.")
    return q.but(targets=(others[0],), agg="mean", where=(Condition(c, "==", getattr(c.series, agg)()),), limit=0)


def _period(span):
    """What times like this one are told apart by."""
    if not span.part:
        return "year" if span.text.isdigit() else "month"
    return {"month": "month of the year", "weekday": "weekday"}.get(span.part, "month")


def _article(c):
    return {"identifier": "an identifier", "code": "a code", "category": "a category", "ordinal": "an ordinal", "text": "a text", "date": "a date", "boolean": "yes or no"}.get(c.role, c.role)


def _numeric(c):
    return c.role in ("measure", "ordinal") and c.type in ("integer", "number") or c.role == "duration" or c.role == "constant" and c.type in ("integer", "number")


def _kind(by):
    return ("series" if periodic(by) else "groups") if by else "value"


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
    q = _compared_with(q, d, profile)
    if q is not None and "difference" in d.words:
        if q.kind not in ("groups", "series") or len(q.targets) > 1 or len(d.loose) != 1 or len(d.loose[0][1]) != 2:
            raise NotUnderstood("The difference of which two, in which column?")
        q = q.but(diff=True)
    return q


def _compared_with(q, d, profile):
    numbers = [t for t in [*d.targets, *d.by] if not isinstance(t, str) and _numeric(t)]
    agg = _agg(d)
    if d.loose:
        c, values = d.loose[0]
        if isinstance(values[0], Span):
            by = _period(values[0])
            q = q.but(where=q.where + (Condition(c, "within", tuple(values)),))
            return q.but(kind=_kind([by]), by=(by,), targets=tuple(numbers or profile.measures[:1]), agg=agg)
        if len(d.by) == 1 and d.by[0] is not c and d.by[0] not in numbers and numbers:  # "sales in dallas vs houston by year"
            return q.but(kind=_kind(d.by), by=(d.by[0], c), targets=tuple(numbers[:1]), agg=agg)
        if (d.chart == "line" or "over_time" in d.words and not d.by) and numbers and profile.time is not None:
            return q.but(kind="series", by=("time", c), targets=tuple(numbers[:1]), agg=agg)
        if "over_time" in d.words:
            raise NotUnderstood("Which column over time?")
        if not numbers and not agg and not any(m.additive == "flow" and names.telling(m.name) < names.telling("") for m in profile.measures) and c.series[c.series.isin(list(values))].value_counts().nunique() > 1:
            return q.but(kind="groups", by=(c,), agg="count")  # of rows that are events
        return q.but(kind="groups", by=(c,), targets=tuple(numbers or profile.measures[:4]), agg=agg if numbers or agg != "count" else "count")
    if len([t for t in d.targets if truth(t)]) > 1 and not d.by:
        raise NotUnderstood(f"{code(d.targets[0].name)} and {code(d.targets[1].name)} are two columns: ask for a figure by each of them.")
    groups = [t for t in d.targets if t.groups] + [b for b in d.by if not isinstance(b, str) and not _numeric(b)]
    if groups:
        return q.but(kind="groups", by=tuple(groups[:1]), targets=tuple(numbers or profile.measures[:4]), agg=agg)
    if len(numbers) >= 2:
        return q.but(kind="describe", targets=tuple(numbers))
    return None


def _share(q, d, profile, numbers, groups, items):
    yes = [t for t in d.targets if truth(t)]
    if yes and not numbers:
        return q.but(targets=(yes[0],), agg="mean", by=tuple(d.by or [g for g in groups if g is not yes[0] and g.groups]), kind=_kind(d.by or [g for g in groups if g is not yes[0] and g.groups]))
    if d.where:
        target = tuple(numbers[:1])
        parts = [w for w in d.where if w.op not in ("within", "not within")]
        if len(parts) > 1 and not d.by:
            q = q.but(of=_whole(parts, items))
        return q.but(kind="value", targets=target, agg="share", share=True, by=tuple(d.by)) if not d.by else q.but(kind="groups", targets=target, agg="share", by=tuple(d.by), share=True)
    by = d.by or groups
    if by:
        return q.but(kind=_kind(by), targets=tuple(numbers[:1]), agg=_agg(d) or ("sum" if numbers else "count"), by=tuple(by), share=True)
    return None


def _whole(parts, items):
    """What is shared out: "percent of smokers who are women" asks among smokers, "survival rate of women" among women,
    "percent of customers who …" among all."""
    at = next((k for k, i in enumerate(items) if i.is_("kw", "share")), 0)
    named = [(k, i.value[0] if i.kind == "val" else i.value) for k, i in enumerate(items) if i.kind == "val" or i.kind == "col" and truth(i.value)]
    named = [(k, c) for k, c in named if any(w.column is c for w in parts)]
    after = [c for k, c in named if k > at]
    if len(named) < len(parts) or len({id(c) for _, c in named}) < len(parts):
        raise NotUnderstood("A share of what? Say it with one condition, or with groups: share of a by b.")
    if len(after) < len(named):  # "survival rate of women"
        done = [c for k, c in named if k < at]
        return tuple(w for w in parts if not any(w.column is c for c in done))
    following = items[at + 1 : at + 3]
    if any(i.kind == "noun" or i.is_("kw", "rows") for i in following):
        return ()
    return tuple(w for w in parts if w.column is not after[-1])


def _ranked(q, d, profile, numbers, groups, items):
    agg, least = _superlative(d)
    timed = next((g for g in groups if g.type == "text" and names.of(g.name)[-1:] in (("time",), ("duration",))), None)
    if timed is not None and not d.by and not numbers and "which" not in d.words:  # "best time", of 02:08:13
        raise NotUnderstood(f"{code(timed.name)} is {_article(timed)}: it has no highest and no lowest.")
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
        measure, by = next(b for b in d.by if _numeric(b)), [*groups, *(b for b in d.by if not isinstance(b, str) and b not in groups)]
    if not groups and d.by and _numeric(d.by[0] if not isinstance(d.by[0], str) else profile.columns[0]) and not isinstance(d.by[0], str):
        # "top 5 rows by sales"
        return q.but(kind="rows", targets=(d.by[0],), limit=n, least=least, which=True)
    by = [b for b in by if not _numeric(b)]
    if len(by) == 2 and by[0] is not by[1] and d.by and groups and not periods and (d.limit or d.ranked or agg) and all(b in d.by for b in by if b not in groups) and by[1] not in groups:
        inside, outside = by  # "top 3 products per region"
        if outside.groups:
            how = inner or ("" if measure is not None else "count")
            return q.but(kind="groups", targets=(measure,) if measure is not None else (), agg=how, by=(outside, inside), limit=n, least=least, within=True)
    if len(by) > 1 and d.by and (groups or d.limit) and (measure is not None or inner or by[0] in d.by):
        raise NotUnderstood(f"I rank the values of one column at a time: say it for one {by[-1].name}, or without it.")
    if periods and not by:
        return q.but(kind="series", targets=(measure,) if measure else (), agg=inner, by=tuple(periods), limit=n if d.limit else 0, which=not d.limit, least=least) if d.limit or "which" in d.words else q.but(kind="series", targets=(measure,) if measure else (), agg=agg, by=tuple(periods))
    if by:
        if measure is None and not inner and len(profile.measures) == 1 and any(i.kind == "agg" and i.text.lower() in JUDGING for i in items) and not d.nouns:
            measure = profile.measures[0]
        if measure is None and not inner:
            named = [b for b in by[:1] if b.role in ("text", "identifier") and b.distinct == profile.rows]
            if any(i.is_("agg") and i.text.lower() in ("longest", "shortest") for i in items):
                raise NotUnderstood("I compare numbers, not the length of texts.")
            if named and profile.measures:
                if len(profile.measures) > 1 and names.telling(profile.measures[0].name) == names.telling(""):
                    raise NotUnderstood(f"Ranked by which column: {', '.join(code(m.name) for m in profile.measures[:3])}?")
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
        if d.limit or d.nouns and "which" in d.words or "which" in d.words and "rows" in d.words or _row_of_the_extreme(items) or d.best and d.nouns or "which" in d.words and items[0].text.lower() in ("who", "which", "whose"):
            people = next((c for c in profile.columns if c not in profile.called and c.groups and c.distinct < profile.rows and set(names.of(c.name)) & _PEOPLE), None) if items[0].text.lower() == "who" else None
            if people is not None:
                return q.but(kind="groups", targets=(measure,), agg=inner, by=(people,), limit=n, which=not d.limit, least=least)
            return q.but(kind="rows", targets=(measure,), limit=n, least=least, which=True)
        return None
    if d.targets and d.targets[0].type == "date":
        return q.but(targets=(d.targets[0],), agg=agg)
    if d.limit and ("rows" in d.words or d.nouns) and profile.measures:
        if len(profile.measures) > 1 and names.telling(profile.measures[0].name) == names.telling(""):
            raise NotUnderstood(f"Ranked by which column: {', '.join(code(m.name) for m in profile.measures[:3])}?")
        return q.but(kind="rows", targets=(profile.measures[0],), limit=n, least=least, which=True)
    return None


def _row_of_the_extreme(items):
    """ "the row with the highest revenue"."""
    rows = next((k for k, i in enumerate(items) if i.is_("kw", "rows")), len(items))
    return any(i.is_("agg", "max", "min") for i in items[rows:])


def _count(q, d, profile, numbers, groups, items):
    """How many: rows, different values, or the total of what counts something."""
    sums = [c for c in numbers if c.additive and c.type == "integer" and not any(w.column is c for w in d.where)]
    if sums and not d.nouns and "rows" not in d.words:
        return q.but(targets=(sums[0],), agg="sum", by=tuple(d.by), kind=_kind(d.by))
    ids = [c for c in groups if c.role in ("identifier", "code", "category", "text", "ordinal") and not truth(c)]
    owned = [c for c in numbers if ids and not any(w.column is c for w in d.where)]
    if owned:  # "how many candidates have criminal cases"
        c = owned[0]
        if c.type not in ("integer", "number") or not c.stats or c.stats["min"] != 0:
            raise NotUnderstood(f"How many with which values of {code(c.name)}? Say it as a condition: {code(c.name + ' > 0')}.")
        q = q.but(where=(*q.where, Condition(c, ">", 0)))
    at = next((k for k, i in enumerate(items) if i.is_("agg", "count")), len(items))
    if ids and d.where and at + 1 < len(items) and items[at + 1].kind == "noun":  # "how many movies pass the test"
        raise NotUnderstood(f"The number of rows, or of different values of {code(ids[0].name)}? Say which one.")
    if ids and "rows" not in d.words and not (d.by and ids[0] in d.by):
        c = ids[0]
        if c.type == "text" and (c.distinct or 99) <= 6 and {"never", "none", "no", "former"} & {names.plain(v) for v in c.series.dropna().unique()} and any(i.kind == "col" and i.value is c and i.text.lower().endswith("s") and not c.name.lower().endswith("s") for i in items) and not any(w.column is c for w in d.where):
            raise NotUnderstood(f"Which of them: {', '.join(code(v) for v in c.series.dropna().unique())}?")  # "how many smokers"
        if rows.keyed(c, profile):
            return q.but(agg="count", by=tuple(d.by), kind=_kind(d.by))  # each row is one, and two may have one name
        if c.role == "identifier" and c.distinct == profile.rows:
            return q.but(agg="count", by=tuple(d.by), kind=_kind(d.by))
        explicit = next((i for i in items if i.kind == "col" and i.value is c), None)
        if explicit is not None and any(w.column is c for w in d.where):
            return q.but(agg="count", by=tuple(d.by), kind=_kind(d.by))
        return q.but(targets=(c,), agg="nunique", by=tuple(d.by), kind=_kind(d.by))
    if d.per and not d.by and not d.where and not d.nouns and "rows" not in d.words and profile.time is not None:
        return q.but(targets=(profile.time,), agg="nunique", notes=(d.per[0],))
    said = {id(i.value) for i in items if i.kind == "col" and i.text.lower() in NOUNS}  # bills are rows beside total_bill
    named = [c for c in numbers if not any(w.column is c for w in d.where) and id(c) not in said]
    if named and not d.nouns and "rows" not in d.words and not ids and (d.where or d.by):  # "how many women in engineering", of a column Women
        c = named[0]
        if c.type == "integer" and c.stats and c.stats["min"] >= 0 and names.of(c.name)[-1].endswith(("s", "men", "women", "ed")):
            return q.but(targets=(c,), agg="sum", by=tuple(d.by), kind=_kind(d.by))
        raise NotUnderstood(f"The number of rows, or the total of {code(c.name)}? Say which one.")
    if numbers and not d.by and not d.where and not d.nouns:
        return q.but(targets=(numbers[0],), agg="count")
    return q.but(agg="count", by=tuple(d.by), kind=_kind(d.by), targets=())
