"""ask_table: simple questions about a table, answered without a language model.

A question becomes items (scan), those a Query (parse), that figures (compute),
and those words and a chart (answer, draw). The same question gives the same
answer. The last question is kept in the session, so that a follow-up can
change it: "as a bar chart", "only 2019", "the same by region".
"""

import os

_last = None  # the last (Vocabulary, Query) that was answered
_loaded = None  # the last (key, name, Profile, Vocabulary)


class Answer(dict):
    """question, understood, text, value (a number, or a dict of group to number), chart, alt,
    suggestions. table is a DataFrame of rows that were asked for, or None."""

    table = None

    def __repr__(self):
        return f"Answer({self['question']!r}: {self['value']!r})" if self["understood"] else f"Answer({self['question']!r}: not understood)"


def ask_table(library, file, question, show=None):
    """Print the answer to a question about a table, and draw it where a chart helps.

    file is an id, a path or a DataFrame; None is the table of the last
    question. show shows a DataFrame. What is not understood is said, with
    three questions that this table can answer.
    """
    global _last
    from attache.ask import answer, compute, draw, parse, suggest
    from attache.ask.query import NotUnderstood

    _, name, profile, vocabulary = _table(library, file)
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
    _last = vocabulary, query
    drawn = draw.draw(query, result)
    text = answer.text(query, result, profile)
    print(text)
    made = Answer(question=question, understood=True, text=text, value=result.value, chart=drawn and drawn.file, alt=drawn and drawn.alt, suggestions=[])
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
