"""Turns of phrase about staff, a till or an account, said with the names of the very table."""

import re

from attache.analyze import series, words
from attache.ask import lexicon, rewrite
from attache.ask.query import NotUnderstood
from attache.ask.scan import truth

_NAMED = re.compile(r"\b(?:(?:is|are|who is|who are|that are) )?(?:named|called|by the name of|whose (?:first |last |sur)?name is|with the (?:first |last |sur)?name)\s+([^\W\d_][\w'’-]+)\s*(?=$|[?.!]|\b(?:earn|make|have|work|in|by|per)\b)", re.I)
_QUOTED = re.compile(r"\b(?:(?:is|are|who is|who are|that are) )?(?:named|called|titled|with the (?:name|title))\s+[\"\u201c]([^\"\u201d]{2,60})[\"\u201d]", re.I)
_AGE = re.compile(r"^\s*how old (?:is|are|was|were) (.+?)(?: on average)?\s*\??\s*$", re.I)
_EARNS = re.compile(r"^\s*(?:what|how much) (?:do|does|did) (.+?) (?:earn|make|get paid)(?: on average| in average)?\s*\??\s*$", re.I)
_ANSWERED = re.compile(r"^(\s*how many .+?) (?:answered|responded|replied|took part|participated)(?: in total)?\s*\??\s*$", re.I)
_HIRES = re.compile(r"\bnew (?:hires|joiners|starters|employees|customers|members|users|students)\b", re.I)
_SOLD = re.compile(r"^\s*(?:what|which) (?:sold|sells|is selling|was sold) (?:the )?(best|worst|most|least)\b", re.I)
_BUSIEST = re.compile(r"\b(?:the |our )?(busiest|quietest) (day of the week|weekday|day|week|month|quarter|year|hour of the day|hour|\w+)\b", re.I)
_SPENT = re.compile(r"^\s*(?:(?:our|my|the|total) )*(?:spending|expenses|expenditure|outgoings)\b(?=\s*$|\s*\?|\s+(?:by|per|for|in|on|at|of)\b)", re.I)
_PAID = re.compile(r"^\s*(?:how much|what) (?:did (?:i|we|they|you) (?:pay|spend|take|make|earn)(?: in| from)?|(?:was|were) (?:paid|spent|earned|taken)|(?=(?:at|for|on)\b))\s*(.*)$", re.I)
_PART = re.compile(r"\bpart[- ]?tim(?:e|ers?)\b", re.I)
_WITHOUT = re.compile(r"\b(?:without|with no|had no|have no|has no|having no|took no|with zero)(?: any| an?| the)? ((?:[a-z]+ )?[a-z]+)\b", re.I)
_WITH = re.compile(r"\b([a-z]+) (?:with(?: any| some| an?)?|(?:that |which )?(?:have|has|had) (?:an?|any|some)) ([a-z]+)(?=\s*(?:$|[?.!,]|in|on|by|per|for)\b|\s*$|\s*\?)", re.I)
_FIGURE = re.compile(r"\b(?:how many|number of|average|mean|avg|median|total|sum|highest|lowest|max|min|share|percent\w*|which|what|who|list|show|by|per)\b", re.I)
_AGED = re.compile(r"\b(?:are|is|were|was|aged) (under|over|above|below|at least|at most|younger than|older than) \d+\s*(?:$|\?|in\b|from\b|and\b)", re.I)


def plain(question, vocabulary):
    """The question in words that the grammar knows, where the table has what they mean."""
    question = _WEEKDAY.sub("which weekday", question)
    for change in (_unassigned, _given, _lasting, _weathered, _of_names, _ages, _earned, _counted, _sold, _busy, _spent, _halves, _having, _lacking):
        question = change(question, vocabulary)
    return question


_WEEKDAY = re.compile(r"\b(?:(?:on )?(?:what|which) (?:day of the week|weekday))\b", re.I)
_GIVEN = re.compile(r"\b([a-z]+) (?:with|(?:that |which )?(?:have|has|had)) (?:an?|any|some) ((?:[a-z]+ )?[a-z]+)(?=\s*(?:$|[?.!,]|(?:in|by|per|for)\b))", re.I)


def _given(question, vocabulary):
    """ "orders with a discount code": those in which it is there, where it is missing in others."""
    found = _GIVEN.search(question)
    c = vocabulary.column(tuple(lexicon.stem(w) for w in found[2].split())) if found else None
    if c is None or c.type != "text" or not c.missing or truth(c) or tuple(lexicon.stem(w) for w in found[2].split()) in vocabulary.values:
        return question
    many = "" if _FIGURE.search(question[: found.start()]) else "how many "
    return f'{many}{question[: found.start(1)]}{found[1]} where "{c.name}" is not missing{question[found.end() :]}'


_UNASSIGNED = re.compile(r"\bunassigned\b(?: (\w+))?", re.I)


def _unassigned(question, vocabulary):
    """ "unassigned tickets": those without an assignee, where no value is called so."""
    found = _UNASSIGNED.search(question)
    c = next((c for c in vocabulary.profile.columns if c.missing and any(w.startswith("assign") for w in words.of(c.name))), None) if found else None
    if c is None or ("unassigned",) in vocabulary.values:
        return question
    return question[: found.start()] + f"{found[1] or 'rows'} without {c.name}" + question[found.end() :]


_LASTING = re.compile(r"\b(?:journey|travel|trip|ride|run|running|playing|processing|delivery|response|waiting|travelling|traveling) times?\b", re.I)


def _lasting(question, vocabulary):
    """ "journey time" of a column that is called a duration."""
    found = _LASTING.search(question)
    if not found or vocabulary.column(tuple(map(lexicon.stem, found[0].split()))) is not None or vocabulary.named(tuple(map(lexicon.stem, found[0].split()))):
        return question
    mine = [c for c in vocabulary.profile.measures if {"duration", "runtime"} & set(words.of(c.name)) or {"time", "travel", "journey", "trip"} & set(words.of(c.name)) and {"minutes", "mins", "min", "seconds", "secs", "hours", "duration"} & set(words.of(c.name))]
    return question[: found.start()] + f'"{mine[0].name}"' + question[found.end() :] if len(mine) == 1 else question


_WEATHER = re.compile(r"\b(rain|snow)y (days|hours|months|weeks)\b", re.I)


def _weathered(question, vocabulary):
    """ "rainy days": those with rain, where no value is called so."""
    found = _WEATHER.search(question)
    if not found or any((w.lower(),) in vocabulary.values for w in (found[1], found[1] + "y")):
        return question
    return question[: found.start()] + f"{found[2]} with {found[1]}" + question[found.end() :]


def _has(vocabulary, *names):
    """The column of numbers of which one of the names is a part."""
    for name in names:
        for c in vocabulary.named((lexicon.stem(name),)):
            if c.role == "measure":
                return c
    return None


def _known(vocabulary, *names):
    return any(vocabulary.named((lexicon.stem(n),)) or (lexicon.stem(n),) in vocabulary.values for n in names)


def _of_names(question, vocabulary):
    """ "people named Khan": the column of names holds the word."""
    if (quoted := _QUOTED.search(question)) and vocabulary.profile.called and vocabulary.profile.called[0].type == "text":
        name = vocabulary.profile.called[0].name
        return question[: quoted.start()] + f' where "{name}" contains "{quoted[1]}"' + question[quoted.end() :]
    found = _NAMED.search(question)
    if not found:
        return question
    texts = [c for c in vocabulary.profile.columns if c.type == "text" and c.role not in ("nested", "empty") and "name" in words.of(c.name)]
    if not texts:
        return question
    word = re.compile(rf"\b{re.escape(found[1])}\b", re.I)
    holds = [c for c in texts if c.series.dropna().astype("str").str.contains(word).any()]
    if not holds:
        raise NotUnderstood(f"No {texts[0].name} is {found[1]}.")
    if len({v for v in holds[0].series.dropna().unique() if word.search(str(v))}) == 1:
        return question[: found.start()] + f' where {holds[0].name} is "{next(v for v in holds[0].series.dropna().unique() if word.search(str(v)))}"' + question[found.end() :]
    return question[: found.start()] + f' where {holds[0].name} contains "{found[1]}"' + question[found.end() :]


def _ages(question, vocabulary):
    found = _AGE.match(question)
    age = _has(vocabulary, "age")
    if age is None:
        if _AGED.search(question) and re.search(r"\b(people|persons?|men|women|patients?|customers?|employees?|students?|respondents?|who)\b", question, re.I):
            raise NotUnderstood("This table has no column of the age in years.")
        return question
    return f"average {age.name} of {found[1]}" if found else question


def _earned(question, vocabulary):
    found = _EARNS.match(question)
    pay = _has(vocabulary, "salary", "wage", "pay", "income", "earnings", "compensation")
    who = found and re.sub(r"^(?:a|an|the|our|all)\s+", "", found[1], flags=re.I)
    if not found or pay is None or re.match(r"(?:we|i|they|you|it)\b", who, re.I):
        return question
    return f"average {pay.name} of {who}"


def _counted(question, vocabulary):
    if not _known(vocabulary, "answered", "responded", "participated"):
        question = _ANSWERED.sub(r"\1", question)
    time = vocabulary.profile.time
    if time is not None and set(words.of(time.name)) & {"joined", "hired", "hire", "start", "started", "joining", "since", "created", "registered", "signup"} and not _known(vocabulary, "hires", "new"):
        question = _HIRES.sub("number of rows", question)
    return question


def _sold(question, vocabulary):
    found = _SOLD.match(question)
    what = next((c for n in ("product", "item", "article", "dish", "title") for c in vocabulary.named((n,)) if c.groups or c.role == "text"), None)
    return f"{ {'most': 'best', 'least': 'worst'}.get(found[1].lower(), found[1])} selling {what.name}{question[found.end():]}" if found and what is not None else question


def _busy(question, vocabulary):
    """ "busiest day of the week": the one with the most rows."""
    found = _BUSIEST.search(question)
    time = vocabulary.profile.time
    if not found or _has(vocabulary, "passengers", "visitors", "visits", "traffic") and (time is None or time.type != "date" or series.rhythm(time.series.dropna())):
        return question  # each row says how many there were in its month
    thing = found[2].lower()
    if thing not in lexicon.PERIODS and not any(thing in p.split("|") for p in lexicon.PERIODS.values()) and vocabulary.column((lexicon.stem(thing),)) is None:
        return question
    thing = "weekday" if "of the week" in thing else thing
    counted = next((c for c in vocabulary.profile.measures if words.of(c.name)[-1:] in (["count"], ("count",), ["rides"], ("rides",), ["trips"], ("trips",))), None)
    if counted is not None:  # each row holds how many there were
        return f"which {'hour of the day' if thing == 'hour' else thing} has the {'highest' if found[1].lower() == 'busiest' else 'lowest'} total {counted.name}{question[found.end():]}"
    return f"which {thing} has the {'most' if found[1].lower() == 'busiest' else 'fewest'} rows{question[found.end():]}"


def _spent(question, vocabulary):
    try:
        paid = rewrite._paid(vocabulary.profile)
    except NotUnderstood:
        return question
    found = _PAID.match(question)
    if found and paid.additive and not any(_named(found[1], c) for c in vocabulary.profile.measures) and not re.search(r"\b(average|mean|median|each|per)\b", found[1], re.I):
        return f"total {paid.name} {found[1]}"
    if not _known(vocabulary, "spending", "expenses", "expenditure", "outgoings"):
        question = _SPENT.sub(f"total {paid.name}", question)
    return question


def _named(text, c):
    mine = {lexicon.stem(w) for w in words.of(text)}
    return bool(mine & {lexicon.stem(w) for w in words.of(c.name)})


def _halves(question, vocabulary):
    """ "part time" is not full time, where that is a column of yes and no."""
    full = vocabulary.column(("fulltime",))
    return _PART.sub("parttime", question) if full is not None and truth(full) else question


def _having(question, vocabulary):
    """ "days with rain": those on which there was some, where others have none."""
    found = _WITH.search(question)
    if not found or found[1].lower() not in lexicon.NOUNS | _UNITS or re.search(r"\b(?:most|least|highest|lowest|fewest|top|more|less)\b", question, re.I):
        return question
    key = (lexicon.stem(found[2]),)
    c = vocabulary.column(key) or vocabulary.synonym(key[0]) or next(iter(vocabulary.named(key)), None)
    if key in vocabulary.values:
        _each_is_one(found[1].lower(), vocabulary.profile)
    if c is None or key in vocabulary.values or truth(c) or c.role != "measure" or not c.stats or c.stats["min"] != 0:
        return question
    _each_is_one(found[1].lower(), vocabulary.profile)
    many = "" if _FIGURE.search(question[: found.start()]) else "how many "
    name = f'"{c.name}"' if vocabulary.column(key) is c or len(vocabulary.named(key)) < 2 else found[2]
    return f"{many}{question[: found.start(1)]}{found[1]} where {name} > 0{question[found.end() :]}"


_UNITS = frozenset("hours days weeks months quarters years".split())


def _each_is_one(noun, profile):
    """Raise NotUnderstood where days are counted, and the rows are none: hours, or several of each day."""
    if noun not in _UNITS:
        return
    time = profile.time
    period = series.rhythm(time.series.dropna()) if time is not None and time.type == "date" else ("", "", "", "year") if time is not None else None
    if period is None or period[3] + "s" != noun or time.count > 1.02 * time.distinct:
        raise NotUnderstood(f"The rows of this table are not one for each {noun[:-1]}.")


def _lacking(question, vocabulary):
    """ "without sick days": a count that is 0, where none is missing; "without crew": a value that is missing."""
    found = _WITHOUT.search(question)
    if not found:
        return question
    named = tuple(lexicon.stem(w) for w in found[1].split())
    for key in (named, named[:1]):
        if key in vocabulary.values and vocabulary.column(key) is None:
            return question
        c = vocabulary.column(key) or (vocabulary.synonym(key[0]) if len(key) == 1 else None) or next(iter(vocabulary.named(key)), None)
        if c is None or truth(c) or c.role in ("date", "year") and not c.series.isna().any():
            continue
        missing, zeros = bool(c.series.isna().any()), c.type in ("integer", "number") and bool((c.series == 0).any())
        if missing and zeros or c.role == "measure" and not missing and not zeros:
            return question  # which of both is not clear, and is asked back
        rest = question[found.end() :] if key == named else f" {found[1].split()[1]}" + question[found.end() :]
        before, many = question[: found.start()], "" if _FIGURE.search(question[: found.start()]) else "how many "
        name = f'"{c.name}"' if vocabulary.column(key) is c or len(vocabulary.named(key)) < 2 else " ".join(found[1].split()[: len(key)])
        return f'{many}{before} where {name} {"= 0" if zeros else "== missing"}{rest}'
    return question
