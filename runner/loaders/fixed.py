"""Tables whose columns are set apart by where they stand in the line: blank cells and blanks within cells are no matter."""

import re

from attache.loaders import forms, headers

_MOST = 400  # lines in which the columns are looked for
_ABOVE, _BELOW = 6, 4  # lines of text that may stand above and below the table


def rows(lines):
    """Return the rows of the table, the first one its header; None where the lines have no columns that blanks set apart in all of them."""
    lines = [line.expandtabs(8).rstrip() for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    sample = [line for line in lines[:_MOST] if line]
    if len(sample) < 6:
        return None
    for left in range(_ABOVE + _BELOW):
        for above in range(min(left, _ABOVE) + 1):
            below = left - above
            if below > _BELOW or len(sample) - left < 6:
                continue
            core = sample[above : len(sample) - below] if len(lines) <= _MOST else sample[above:]
            edges = _edges(core)
            found = _table(core, edges) if edges else None
            if found and len(lines) > _MOST:
                start = lines.index(core[0])
                found = _table([line for line in lines[start:] if line], edges)
            if found:
                return found
    return None


def _edges(lines):
    """Where columns begin and end: [(start, end)]; None where there are fewer than two."""
    rule = next((line for line in lines[1:3] if headers.is_rule(re.split(r"\s+", line.strip()))), None)
    if rule:
        return _widened([m.span() for m in re.finditer(r"\S+", rule)])
    width = max(map(len, lines))
    used = [False] * width
    for line in lines:
        for m in re.finditer(r"\S+", line):
            used[m.start() : m.end()] = [True] * (m.end() - m.start())
    runs = [m.span() for m in re.finditer("x+", "".join("x" if u else " " for u in used))]
    head, out = lines[0].ljust(width), []
    for start, end in runs:
        if out and not head[start:end].strip() and start - out[-1][1] == 1:
            out[-1] = (out[-1][0], end)  # words that stand below one another by chance
        else:
            out.append((start, end))
    return _widened(out) if len(out) > 1 else None


def _widened(edges):
    return [(start, edges[i + 1][0] if i + 1 < len(edges) else None) for i, (start, _) in enumerate(edges)]


def _table(lines, edges):
    """The rows, where they are those of a table."""
    if any(line[: edges[0][0]].strip() for line in lines):
        return None
    cut = [[line[a:b].strip() for a, b in edges] for line in lines]
    for line, row in zip(lines, cut):
        if any(line[a - 1 : a].strip() and line[a : a + 1].strip() for a, _ in edges[1:]):
            return None  # a word crosses from one column into the next
    cut = [r for i, r in enumerate(cut) if not (i < 3 and headers.is_rule(lines[i].split()))]
    body = cut[1:]
    if len(body) < 5 or not all(cut[0]) and sum(map(bool, cut[0])) < len(edges) - 1:
        return None
    columns = [[r[i] for r in body] for i in range(len(edges))]
    kinds = [headers.usual_form(body, i) for i in range(len(edges))]
    filled = [sum(map(bool, c)) for c in columns]
    typed = sum(k in ("n", "d", "c") for k in kinds if k)
    named = all(forms.form(c) in ("s", "b") or forms.YEAR.fullmatch(c) for c in cut[0] if c)
    apart = len(edges) > 2 and all(line[a : a + 1].strip() and not line[a - 2 : a].strip() for line in lines[:1] for a, _ in edges[1:]) and not any(line[a - 2 : a].strip() for line in lines for a, _ in edges[1:])
    uneven = len({len(line.split()) for line in lines}) > 1  # else runs of blanks do as well
    return cut if (typed or apart) and named and uneven and all(filled) and sum(filled) > 0.4 * len(body) * len(edges) else None
