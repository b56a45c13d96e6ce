"""Questions that a table can answer, for whoever asked one that it can't."""

from attache.ask.query import NotUnderstood


def questions(profile, vocabulary, most=3):
    """Return at most three questions, of different sorts, that are understood."""
    from attache.ask import parse

    found = []
    for question in _candidates(profile):
        if len(found) == most:
            break
        try:
            parse.parse(question, vocabulary)
        except NotUnderstood:
            continue
        if question not in found:
            found.append(question)
    return found


def _candidates(profile):
    measure = profile.measures[0] if profile.measures else None
    other = profile.measures[1] if len(profile.measures) > 1 else None
    group = next((c for c in profile.columns if c.groups and c.role in ("category", "ordinal")), None) or next((c for c in profile.columns if c.groups and c.role != "part"), None)
    how = "total" if measure is not None and measure.additive else "mean"
    if measure is not None and group is not None:
        yield f"{'' if 'total' in measure.name.lower() else how + ' '}{_name(measure)} by {_name(group)}"
    if measure is not None and profile.time is not None:
        yield f"{_name(measure)} over time"
    if group is not None and group.top:
        yield f"how many rows where {_name(group)} is {_said(group.top[0][0])}"
    if measure is not None and profile.label is not None:
        yield f"top 5 {_name(profile.label)} by {_name(measure)}"
    if measure is not None:
        yield f"highest {_name(measure)}"
        yield f"distribution of {_name(measure)}"
    if other is not None:
        yield f"{_name(other)} against {_name(measure)}"
    if group is not None:
        yield f"number of rows by {_name(group)}"
    yield "how many rows are there"
    yield "which columns are there"
    yield "missing values"


def _name(c):
    name = c.name
    return f'"{name}"' if len(name.split()) > 3 or not name.replace("_", "").replace(" ", "").isalnum() else name


def _said(value):
    value = str(value)
    return f'"{value}"' if not value.isalnum() else value
