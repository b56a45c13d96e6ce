"""ask_table: simple questions about a table, answered without a language model.

A question becomes items (scan), those a Query (parse), that figures (compute),
and those words and a chart (answer, draw). The same question gives the same
answer. The last question is kept in the session, so that a follow-up can
change it: "as a bar chart", "only 2019", "the same by region". An Answer knows
the questions before it: where it comes back with a session, so do they.
"""

import os

_last = None  # the last (Vocabulary, Query) that was answered
_asked = ()  # the questions that led to it
_MOST = 12  # of them are kept
_loaded = None  # the last (key, name, Profile, Vocabulary)


class Answer(dict):
    """question, understood, text, value (a number, or a dict of group to number), chart, alt,
    suggestions. table is a DataFrame of rows that were asked for, or None."""

    table = None
    asked = ()

    def __reduce__(self):
        return _restored, (dict(self), self.table, self.asked)

    def __repr__(self):
        return f"Answer({self['question']!r}: {self['value']!r})" if self["understood"] else f"Answer({self['question']!r}: not understood)"


def _restored(values, table, asked):
    """An Answer as it was; the first one that a new session gets back is what follow-ups change."""
    global _asked
    made = Answer(values)
    made.table, made.asked = table, asked
    if _last is None:
        _asked = asked
    return made


def _replayed(vocabulary):
    """Find the last question again, which an earlier session was asked."""
    from attache.ask import parse
    from attache.ask.query import NotUnderstood

    query = None
    for question in _asked:
        try:
            query = parse.parse(question, vocabulary, query)
        except NotUnderstood:
            continue  # of another table
    return query and (vocabulary, query)


def ask_table(library, file, question, show=None):
    """Print the answer to a question about a table, and draw it where a chart helps.

    file is an id, a path or a DataFrame; None is the table of the last
    question. show shows a DataFrame. What is not understood is said, with
    three questions that this table can answer.
    """
    global _last, _asked
    from attache.ask import answer, compute, draw, parse, suggest
    from attache.ask.query import NotUnderstood

    _, name, profile, vocabulary = _table(library, file)
    if _last is None and _asked:
        _last = _replayed(vocabulary)
    last = _last[1] if _last is not None and _last[0] is vocabulary else None
    try:
        query = parse.parse(question, vocabulary, last)
        result = compute.run(query, profile)
        result.notes += query.said
    except NotUnderstood as e:
        found = suggest.questions(profile, vocabulary)
        text = "\n".join([f"{e} You can ask, for example:", *(f"- {q}" for q in found)])
        print(text)
        return Answer(question=question, understood=False, text=text, value=None, chart=None, alt=None, suggestions=found)
    _last, _asked = (vocabulary, query), (*_asked, question)[-_MOST:]
    drawn = draw.draw(query, result)
    text = answer.text(query, result, profile)
    print(text)
    made = Answer(question=question, understood=True, text=text, value=result.value, chart=drawn and drawn.file, alt=drawn and drawn.alt, suggestions=[])
    made.asked = _asked
    if query.kind == "rows" and result.rows:
        made.table = result.table
        if show is not None:
            show(result.table)
    return made


def _table(library, file):
    """The table of a file, loaded once while questions are about it."""
    global _loaded
    from attache.analyze import profile, shape, table
    from attache.ask.scan import Vocabulary

    if file is None:
        if _loaded is None:
            raise ValueError("Which table? Give the id of a file.")
        return _loaded
    is_name = isinstance(file, (str, os.PathLike))
    key = os.fspath(file) if is_name else file
    if _loaded is not None and (_loaded[0] == key if is_name and isinstance(_loaded[0], str) else _loaded[0] is key):
        if not is_name or not os.path.exists(key):
            return _loaded
    found = table.get(library, file)
    tidy, _ = shape.tidy(found.frame)
    figures = profile.Profile(tidy)
    figures.whole = found.frame.shape
    _loaded = key, found.name, figures, Vocabulary(figures, found.name)
    return _loaded
