"""Tables in a text that stand side by side, with a blank column between them."""

from attache.loaders import forms, totals


def parts(rows, asked=False):
    """The rows of each of several tables; nothing where the columns are those of one.

    Each has at least two columns, each with a name, and two rows. A blank column alone parts nothing, unless they
    are asked for: the tables are of unlike lengths, each has a title, or what they hold shows that they are several.
    """
    blocks, titles = _blocks(rows)
    if not blocks:
        return []
    alike = all(b[0] == blocks[0][0] for b in blocks)
    apart = alike or titles == len(blocks) or len(set(map(len, blocks))) > 1 or _begin_alike(blocks) or _each_is_whole(blocks)
    return blocks if apart or asked else []


def doubt(rows):
    """What to say where a blank column may part two tables, as the columns on both sides begin with words or days of their own."""
    blocks, _ = _blocks(rows)
    if not blocks or not all(all(c and forms.form(c) in ("s", "d", "b") for c in first) and len(set(first)) == len(first) for first in map(_first, blocks)):
        return ""
    return f"a blank column parts {', '.join(blocks[0][0][:3])} from {', '.join(blocks[1][0][:3])}; they were read as one table, load_file(…, table=2) gives the second part"


def _blocks(rows):
    """The rows of each group of columns without its title, and how many have one."""
    width = max(map(len, rows), default=0)
    filled = [any(len(r) > i and r[i].strip() for r in rows) for i in range(width)]
    groups = []
    for i in range(width):
        if filled[i] and i and filled[i - 1]:
            groups[-1].append(i)
        elif filled[i]:
            groups.append([i])
    if len(groups) < 2 or min(map(len, groups)) < 2:
        return [], 0
    blocks, titles = [], 0
    for group in groups:
        block = [[r[i].strip() if len(r) > i else "" for i in group] for r in rows]
        while block and not any(block[0]):
            block.pop(0)
        while block and not any(block[-1]):
            block.pop()
        if block and sum(map(bool, block[0])) == 1:
            titles += 1
            block.pop(0)
        if len(block) < 3 or not all(c and forms.form(c) in "sb" for c in block[0]) or len(set(block[0])) < len(group):
            return [], 0
        blocks.append(block)
    return blocks, titles


def _first(block):
    return [r[0] for r in block[1:]]


def _begin_alike(blocks):
    """Whether the first columns of all have one name, or the same words or days, each once: Month, Sales; Month, Costs."""
    first = _first(blocks[0])
    again = all(_first(b) == first for b in blocks) and len(set(first)) == len(first) > 2 and all(c and forms.form(c) in ("s", "d", "b") for c in first)
    return again or all(b[0][0] == blocks[0][0][0] for b in blocks)


def _each_is_whole(blocks):
    """Whether each ends with a total, is counted from 1 on, or is a list of names by the size of their last number."""
    return all(totals.is_total(_first(b)[-1]) for b in blocks) or all(_first(b) == [str(i + 1) for i in range(len(b) - 1)] for b in blocks) or all(map(_by_size, blocks))


def _by_size(block):
    first, last = _first(block), [r[-1] for r in block[1:]]
    if len(first) < 5 or len(set(first)) < len(first) or not all(c and forms.form(c) in ("s", "b") for c in first) or not all(forms.PLAIN.fullmatch(c) for c in last):
        return False
    numbers = [float(c) for c in last]
    return len(set(numbers)) > 2 and numbers == sorted(numbers, reverse=True)
