"""Tables in a text that stand side by side, with a blank column between them."""

from attache.loaders import forms


def parts(rows):
    """The rows of each of several tables; nothing where the columns are those of one.

    Each has at least two columns, each with a name, and two rows. A blank column alone parts nothing: the
    tables are of unlike lengths, have the same names, or each has a title.
    """
    width = max(map(len, rows), default=0)
    filled = [any(len(r) > i and r[i].strip() for r in rows) for i in range(width)]
    groups = []
    for i in range(width):
        if filled[i] and i and filled[i - 1]:
            groups[-1].append(i)
        elif filled[i]:
            groups.append([i])
    if len(groups) < 2 or min(map(len, groups)) < 2:
        return []
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
            return []
        blocks.append(block)
    alike = all(b[0] == blocks[0][0] for b in blocks)
    return blocks if alike or titles == len(blocks) or len(set(map(len, blocks))) > 1 else []
