"""Blanks with which a program fills up the values of a column."""

from attache.loaders import forms
from attache.loaders.source import note


def remove(frame, name, spaced=False):
    """Take off the blanks with which a program fills up each value of a column; a value of blanks alone is missing. spaced: a blank
    follows each delimiter, so that one before it may stand as well."""
    padded = []
    for i, dtype in enumerate(frame.dtypes):
        if str(dtype) != "str":
            continue
        first = [v for v in frame.iloc[:60, i].dropna().tolist() if v.strip().lower() not in forms.MARKS or v != v.strip()]
        if len(first) < 3 or not all(v[-1:] in (" ", "\t") for v in first):
            continue
        if not (all(v[-1] == "\t" for v in first) or len(set(map(len, first))) == 1 and len(first[0]) > 1 or all(v in (v.strip() + " " if spaced else "", f" {v.strip()} ") for v in first)):
            continue
        column = frame.iloc[:, i].str.strip()
        frame.isetitem(i, column.mask(column == ""))
        padded.append(str(frame.columns[i]))
    if padded:
        note(f"{name}: the blanks that fill up the values of {len(padded):,} column(s) were left out: {', '.join(padded[:4])}{', …' if len(padded) > 4 else ''}.")
