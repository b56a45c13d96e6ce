"""Growth: from one time to another, or from each period to the next; and what an order is worth on average.

The words for it are taken out of the question, which then asks for a series; its figures are compared.
"""

import re

import pandas as pd

from attache.analyze import words
from attache.ask import lexicon, scan
from attache.ask.query import NotUnderstood

_GROWN = re.compile(
    r"\b(?:compound annual growth rate|cagr|year[- ]o(?:ver|n)[- ]year|month[- ]o(?:ver|n)[- ]month|quarter[- ]o(?:ver|n)[- ]quarter|yoy|qoq|mom(?=\W+(?:growth|change))|growth rates?|growth|grow(?:n|s|ing)?|grew"
    r"|(?:percent(?:age)?|relative|%|annual|yearly|monthly|quarterly) (?:changes?|increase|decrease)(?: (?:in|of))?|(?:changes?|increases?|decreases?|declines?|drops?|rises?) in(?= [a-z])|(?<=did )[\w ]+? (?:increase|decrease|decline|rise|fall|change))\b",
    re.I,
)
_VERB = re.compile(r"\b(?:increase|decrease|decline|rise|fall|change)d?\b", re.I)
_PASSING = re.compile(r"\b(?:(?:by )?how (?:much|fast|strongly)|how|what (?:is|was|were|are)|what's|did|does|do|has|have|rates?|the (?:fastest|most|strongest)|fastest|(?:per|each|every|by|a) (?:year|month|quarter)|annual(?:ly)?|yearly|monthly|quarterly)\b", re.I)
_PERIODS = (("month", r"month|\bmom\b"), ("quarter", r"quarter|\bqoq\b|\bq[1-4]\b"), ("year", r"year|annual|yoy|cagr"))
_ORDER = re.compile(r"\b(?:aov|(?:average|mean|avg|median)\s+(?P<what>order|(?:basket|cart)(?= value)|transaction|purchase|sale|ticket|invoice|receipt)\s*(?:value|size|amount|total|worth)?(?=\s*(?:$|[?.,]|by|per|in|for|of|where|from|over|each|since|between)))", re.I)
_PER = re.compile(r"\b(?P<measure>[a-z_]+)\s+per\s+(?P<what>order|transaction|purchase|invoice|basket)\b", re.I)
_MONEY = ("revenue", "amount", "total", "sales", "value", "price", "gross", "turnover", "spend")


def order_value(question, profile):
    """The question with "average order value" as the average of the column that says what an order is worth."""
    found = _ORDER.search(question)
    column = None
    if found:
        abroad = set(lexicon.ABROAD["revenue"].split())
        column = next((c for word in _MONEY for c in profile.measures if word in words.of(c.name) and not words.deducted(c.name)), None) or next((c for c in profile.measures if abroad & set(words.of(c.name))), None)
        if any(c.role == "measure" and words.plain(found[0]).endswith(words.plain(c.name)) and len(words.of(c.name)) > 1 for c in profile.columns):
            return question  # a column of this name
    else:
        found = _PER.search(question)
        column = found and next((c for c in profile.measures if found["measure"].lower() in words.of(c.name)), None)
        if not found or column is None:
            return question
    if column is None:
        raise NotUnderstood("This table has no column of what an order is worth.")
    what = (found["what"] or "order").lower()
    ids = [c for c in profile.columns if {what, "order", "transaction", "invoice", "receipt"} & set(words.of(c.name)) and {"id", "no", "number", "nr"} & set(words.of(c.name))]
    if ids and ids[0].series.nunique() < ids[0].series.notna().sum():
        raise NotUnderstood(f"Some values of `{ids[0].name}` are in several rows, so that a mean over the rows is not one over the {what}s.")
    agg = "median" if "median" in found[0].lower() else "average"
    return f"{question[: found.start()]} {agg} {column.name} {question[found.end() :]}"


def asked(question, profile):
    """(the rest of the question, "between" or "each", the period) where growth is asked for; else None."""
    if not _GROWN.search(question) or any(set(words.of(c.name)) <= set(words.of(question)) and {"growth", "change"} & set(words.of(c.name)) for c in profile.columns):
        return None
    if profile.time is None:
        raise NotUnderstood("This table has no column of times, so that nothing grows in it.")
    low = question.lower()
    years = re.findall(r"\b(?:1[89]|20)\d\d\b", low)
    period = next((p for p, pattern in _PERIODS if re.search(pattern, low)), "year" if len(years) > 1 or _span(profile.time) >= 2 else "month")
    if profile.time.role == "year":
        period = "year"
    each = bool(re.search(r"\b(?:per|each|every|by|a) (?:year|month|quarter)|annual|yearly|monthly|quarterly|[- ]o(?:ver|n)[- ]|yoy|mom\b|qoq|rates?\b", low)) and "cagr" not in low and "compound" not in low
    each = each or not years and "cagr" not in low and "compound" not in low
    if len(years) == 1 and not re.search(r"\b(?:since|after|before|until|q[1-4])\b", low):
        each = False
        question = re.sub(rf"(?:\b(?:in|during|of|for) )?\b{years[0]}\b", f"from {int(years[0]) - 1} to {years[0]}", question)
    rest = _VERB.sub(" ", _PASSING.sub(" ", _GROWN.sub(lambda m: _VERB.sub(" ", m[0]) if _VERB.search(m[0]) and not re.search("percent|relative|%|annual|ly ", m[0]) else " ", question)))
    return rest.strip(" ?.,"), "each" if each else "between", period


def _span(time):
    low, high = time.range
    return high - low if time.role == "year" else (high - low).days / 365


def query(found, parsed, profile):
    """The Query of the growth of what the rest of the question asks for."""
    rest, how, period = found
    if parsed.kind not in ("series", "groups", "value") or len(parsed.targets) > 1 or parsed.share or parsed.agg == "share":
        raise NotUnderstood("The growth of which column?")
    if not parsed.targets and profile.measures and not re.search(r"\b(?:number|count|how many|rows)\b", rest, re.I):
        if len(profile.measures) > 1:
            raise NotUnderstood("The growth of which column?")
        parsed = parsed.but(targets=tuple(profile.measures), agg="")
    groups = tuple(b for b in parsed.by if not isinstance(b, str) and b is not profile.time)[:1]
    return parsed.but(kind="growth", by=(period, *groups), limit=0, which=False, order=how)


def changes(got, how):
    """From figures by period (and group): the changes. Each is (key, before, after, relative change)."""
    if got.index.nlevels > 1:
        table = got.unstack(1)
        rows = [(k, table[k].dropna()) for k in table]
        found = [(k, s.iloc[0], s.iloc[-1], _relative(s.iloc[0], s.iloc[-1])) for k, s in rows if len(s) > 1 and s.index[0] == table.index[0] and s.index[-1] == table.index[-1]]
        return sorted(found, key=lambda f: -f[3] if f[3] == f[3] else float("inf"))
    keys, values = list(got.index), [float(v) for v in got]
    if len(keys) < 2:
        return []
    if how == "between":
        return [((keys[0], keys[-1]), values[0], values[-1], _relative(values[0], values[-1]))]
    return [(keys[i], values[i - 1], values[i], _relative(values[i - 1], values[i])) for i in range(1, len(keys))]


def _relative(before, after):
    return after / before - 1 if before > 0 else float("nan")


def part_of_a_period(when, period):
    """The sentence on a first or last period of which the table has only a part; or nothing."""
    when = when.dropna()
    if period not in ("year", "quarter", "month") or when.dtype.kind != "M" or not len(when):
        return ""
    days = {"year": 31, "quarter": 20, "month": 6}[period]
    code = {"year": "Y", "quarter": "Q", "month": "M"}[period]
    first, last = when.min(), when.max()
    early = last.to_period(code).end_time - last > pd.Timedelta(days=days)
    late = first - first.to_period(code).start_time > pd.Timedelta(days=days)
    ends = [f"begin on {first.date()}"] * late + [f"end on {last.date()}"] * early
    return f"The rows {' and '.join(ends)}: that {period} is not whole." if ends else ""


# Two of one column, and each figure added to those before


_APART = re.compile(r"\b(?:by )?how (?:much|many) (more|less|fewer|\w+er)\b(.*?)\bthan\b(.+)", re.I)
_HELPS = re.compile(r"^\s*(?:do|does|did|is|are|was|were|has|have|had)\b", re.I)
_RUNNING = re.compile(r"\b(?:running (?:total|sum|count|number)|(?:cumulative|cumulated|accumulated)(?: (?:total|sum|count|number))?)(?: of)?\b", re.I)


def apart(question, vocabulary):
    """ "how much more do women earn than men" as "compare …" of both; None where nothing is like it."""
    found = _APART.search(question)
    if not found:
        return None
    word, middle, last = found[1].lower(), _HELPS.sub(" ", found[2]), found[3].strip(" ?.")
    if word in lexicon.COMPARED:
        c = scan._first_named(lexicon.COMPARED[word][1], vocabulary)
        if c is None:
            raise NotUnderstood(f"I don't know of which column {word} is said.")
        middle = f"average {c.name} {middle}"
    last = re.sub(r"^(?:in|for|of|at|from|on)\s", "", last, flags=re.I)
    return f"compare {middle} and {last}"


def difference(query):
    if query.kind not in ("groups", "series") or len(query.targets) > 1 or len(query.by) != 1 or query.share:
        raise NotUnderstood("The difference of which two, in which column?")
    return query.but(diff=True, limit=0, which=False)


def running(question, profile):
    """(the rest of the question, the period) where a running total is asked for, and no column is one; else None."""
    if not _RUNNING.search(question) or any({"running", "cumulative", "cum"} & set(words.of(c.name)) for c in profile.columns):
        return None
    if profile.time is None:
        raise NotUnderstood("This table has no column of times to add up along.")
    period = next((p for p, pattern in (("day", r"\bdays?\b|daily"), ("week", r"week"), *_PERIODS[:2], ("year", r"year|annual")) if re.search(pattern, question, re.I)), "time")
    rest = re.sub(r"\b(?:by|per|each|over) (?:day|week|month|quarter|year|time)s?\b|\b(?:daily|weekly|monthly|quarterly|yearly|annual|show|plot|chart)\b", " ", _RUNNING.sub(" ", question), flags=re.I)
    return " ".join(rest.strip(" ?.").split()), period


def summed(query, period, profile):
    """The Query of a running total of what a question asks for."""
    if query.kind not in ("value", "series", "groups") or len(query.targets) > 1 or query.share or query.agg not in ("", "sum", "count"):
        raise NotUnderstood("The running total of which column?")
    if not query.targets and query.agg != "count":
        flows = [c for c in profile.measures if c.additive == "flow"]
        if len(flows) != 1:
            raise NotUnderstood("The running total of which column?")
        query = query.but(targets=tuple(flows))
    if query.targets and query.targets[0].additive != "flow":
        raise NotUnderstood(f"The values of `{query.targets[0].name}` do not add up over time.")
    groups = tuple(b for b in query.by if not isinstance(b, str) and b is not profile.time)[:1]
    return query.but(kind="series", agg="sum" if query.targets else "count", by=(period, *groups), limit=0, which=False, running=True, order="")
