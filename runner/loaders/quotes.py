"""Quotation marks within values in quotation marks that are not doubled: "he said "hello" to me"."""

import csv
import re


def broken(line, delimiter, spaced=False):
    """Whether a line has a mark that closes a value with something else than a delimiter behind it."""
    if '"' not in line:
        return False
    try:
        next(csv.reader([line], delimiter=delimiter, skipinitialspace=spaced, strict=True), None)
    except csv.Error as e:
        return "expected after" in str(e)
    return False


def within(lines):
    """For each line whether it begins within a value in quotation marks, which goes on from the line above."""
    inner, found = False, []
    for line in lines:
        found.append(inner)
        if line.count('"') % 2 and (inner or re.search(r'(?:^|[,;\t|]) ?"(?:[^"]|"")*$', line)):
            inner = not inner
    return found


def doubled(lines, delimiter, width, spaced=False):
    """The lines, those that are broken as they should be where each has the fields that the others have; and how many."""
    d = re.escape(delimiter)
    closed = re.compile(rf'"(.*?)" *(?={d}|$)')
    suspect = re.compile(rf'[^{d}"\n]" *[^{d}"\s]')
    out, count = list(lines), 0
    found = [i for i, line in enumerate(lines) if suspect.search(line) and broken(line, delimiter, spaced)]
    if not found or sound(lines, delimiter, spaced):
        return out, 0
    for number in found:
        fields = _fields(lines[number], delimiter, closed)
        if len(fields) == width:
            out[number] = delimiter.join(fields)
            count += 1
    return out, count


def sound(lines, delimiter, spaced):
    """Whether each quotation mark that closes a value has a delimiter or the end of a line behind it: such lines stand within a value."""
    try:
        for _ in csv.reader((line + "\n" for line in lines), delimiter=delimiter, skipinitialspace=spaced, strict=True):
            pass
    except csv.Error:
        return False
    return True


def _fields(line, delimiter, closed):
    """The fields of a line, each as it should be written: a mark opens one only at its beginning and closes it only at its end."""
    fields, at = [], 0
    while True:
        m = closed.match(line, at) if line.startswith('"', at) else None
        end = m.end() if m else line.find(delimiter, at)
        end = len(line) if end < 0 else end
        value = m[1] if m else line[at:end]
        fields.append('"' + re.sub('"+', lambda q: q[0] if len(q[0]) % 2 == 0 and m else q[0] * 2, value) + '"' if '"' in value or m else value)
        if end >= len(line):
            return fields
        at = end + 1
