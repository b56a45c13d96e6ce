"""One figure of totals: the average monthly revenue, the average number of orders per customer, the highest daily sales.

What is added up in each month, or of each customer, is one value; the mean (or the highest) of those is asked for. The words for
it are taken out of the question, which then asks for the total.
"""

import re

from attache.analyze import words
from attache.analyze.style import code
from attache.ask import rows
from attache.ask.lexicon import stem
from attache.ask.query import NotUnderstood

_AGGS = {"average": "mean", "mean": "mean", "avg": "mean", "typical": "mean", "median": "median", "highest": "max", "maximum": "max", "max": "max", "most": "max", "lowest": "min", "minimum": "min", "min": "min", "fewest": "min", "best": "max", "worst": "min"}  # fmt: skip
_ADVERBS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annual": "year"}
_UNIT = "hour|day|week|month|quarter|year"
_AGG = rf"(?P<agg>{'|'.join(_AGGS)})"
_MADE = (
    re.compile(rf"\b{_AGG} (?P<adverb>{'|'.join(_ADVERBS)}) (?P<of>(?:number|count) of )?(?P<rest>.+)", re.I),
    re.compile(rf"\b{_AGG} (?P<rest>.+?) (?:in|on|within) (?:a|one|any|a single|any single|one single) (?P<period>{_UNIT})\b(?P<end>.*)", re.I),
    re.compile(rf"\b{_AGG} (?P<of>(?:number|count) of )?(?P<rest>.+?) (?:per|each|every|a) (?P<period>{_UNIT})\b(?P<end>.*)", re.I),
    re.compile(rf"\b{_AGG} (?P<of>(?:number|count) of )?(?P<rest>.+?) (?:per|each) (?P<thing>\w+(?: \w+)?)\s*\??$", re.I),
)


def asked(question, vocabulary):
    """(the rest of the question, how totals are put together, the period or column of each total, whether rows are counted) or None."""
    for pattern in _MADE:
        found = pattern.search(question)
        if not found:
            continue
        got = found.groupdict()
        agg = _AGGS[got["agg"].lower()]
        if got.get("adverb"):
            if any(set(_words(got["adverb"])) & set(_words(c.name)) for c in vocabulary.profile.columns):
                return None  # the very column: "average monthly salary"
            per = _ADVERBS[got["adverb"].lower()]
        elif got.get("period"):
            per = got["period"].lower()
            if agg in ("max", "min") and pattern is not _MADE[1]:
                return None
        else:
            per = vocabulary.column(tuple(stem(w) for w in got["thing"].lower().split())) or next(iter(vocabulary.named(tuple(stem(w) for w in got["thing"].lower().split()))), None)
            if agg not in ("mean", "median") or per is None or per.role == "measure" or rows.keyed(per, vocabulary.profile) or got.get("of") and per.distinct == vocabulary.profile.rows:
                return None
        counted = bool(got.get("of"))
        before = re.sub(r"\b(?:what|which|is|was|are|were|the|how much|show|give|me)\b|what's", " ", question[: found.start()], flags=re.I)
        rest = f"{before} {got['rest']} {got.get('end') or ''}".strip(" ?.")
        total = re.search(r"\btotal (?!$)", rest, re.I)
        return (rest[: total.start()] + rest[total.end() :] if total else rest), agg, per, counted, "total" if total else "clear" if got.get("adverb") else "one" if pattern is _MADE[1] else ""
    return None


def _words(text):
    return [w for w in words.of(text) if w in _ADVERBS]


def query(found, parse, profile):
    """The Query of a figure of totals; None where what is asked for does not add up, so that the question means another thing."""
    rest, agg, per, counted, clear = found
    if isinstance(per, str) and profile.time is None:
        return None
    parsed = None
    for text in (rest, f"how many {rest}")[counted:]:
        try:
            parsed = parse(text)
        except NotUnderstood:
            continue
        if parsed.kind in ("value", "groups") and not parsed.limit and not parsed.share and not parsed.also and len(parsed.targets) <= 1 and not any(isinstance(b, str) or b.distinct == profile.rows for b in parsed.by) and (text is not rest or parsed.targets):
            break
        parsed = None
    if parsed is None:
        return None
    measure = parsed.targets[0] if parsed.targets else None
    if not isinstance(per, str) and per.distinct == profile.rows:  # each row is one: their mean
        return parsed.but(agg=agg) if measure is not None and measure.role == "measure" and not parsed.by and parsed.agg in ("", "sum") else None
    if measure is not None and parsed.agg != "nunique" and not (clear and parsed.agg in ("", "sum") and (measure.additive == "flow" or clear == "total")):
        if clear == "one":
            raise NotUnderstood(f"Of which total of each {per}? {code(measure.name)} is not one that adds up.")
        return None
    how = "nunique" if parsed.agg == "nunique" else "count" if measure is None else "sum"
    return parsed.but(kind="groups" if parsed.by else "value", agg=how, per=per, over=agg)


def hinted(query, found):
    """The query, which says how to ask for the mean of the totals where that of the rows in each period is given."""
    if not found or found[1] not in ("mean", "median") or not isinstance(found[2], str) or query.kind != "series" or query.agg != found[1] or len(query.targets) != 1 or query.targets[0].additive != "flow":
        return query
    adverb = next(a for a, p in _ADVERBS.items() if p == found[2])
    figure = "average" if found[1] == "mean" else "median"
    return query.but(said=(*query.said, f"Of the rows in each {found[2]}. For one figure of the totals ask for {code(f'{figure} {adverb} {query.targets[0].name}')}."))
