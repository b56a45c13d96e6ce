"""Formulas in LaTeX as one picture: called by code of the host, which hands on what a model wrote.

matplotlib's mathtext sets what stands on a line; here are the environments that it does not know (matrices,
cases, aligned lines), which are grids of such lines, what stands around other pieces (braces, fractions of
matrices, arrows with a text), and commands that it has under another name.
"""

import json
import logging
import re

MOST = 12  # formulas of a picture
LONGEST = 2_000  # characters of a formula
WIDEST = 2_400  # pixels of a picture: a wider one can't be read on a phone
HIGHEST = 4_000
SIZE, DPI, GAP = 14, 160, 10  # points, dots an inch, points between formulas

# What a grid stands in, and how its columns are set: centred, to the left, or to the right and left in turn.
_GRIDS = {
    "matrix": ("", "", "c"), "smallmatrix": ("", "", "c"), "pmatrix": ("(", ")", "c"), "bmatrix": ("[", "]", "c"),
    "Bmatrix": ("{", "}", "c"), "vmatrix": ("|", "|", "c"), "Vmatrix": ("‖", "‖", "c"), "array": ("", "", "c"),
    "cases": ("{", "", "l"), "dcases": ("{", "", "l"), "rcases": ("", "}", "l"),
    "aligned": ("", "", "rl"), "align": ("", "", "rl"), "alignat": ("", "", "rl"), "split": ("", "", "rl"),
    "eqnarray": ("", "", "rl"), "gather": ("", "", "c"), "gathered": ("", "", "c"), "equation": ("", "", "c"),
    "multline": ("", "", "c"), "displaymath": ("", "", "c"), "math": ("", "", "c"),
}
_BEGIN = re.compile(r"\\begin\{(\w+)\*?\}")
_DELIMITERS = {"(": "(", ")": ")", "[": "[", "]": "]", r"\{": "{", r"\}": "}", r"\lbrace": "{", r"\rbrace": "}",
               "|": "|", r"\vert": "|", r"\lvert": "|", r"\rvert": "|", r"\|": "‖", r"\Vert": "‖", ".": ""}
_LEFT = re.compile(r"\\left\s*(\\[a-zA-Z]+|\\.|.)\s*$")
_RIGHT = re.compile(r"^\s*\\right\s*(\\[a-zA-Z]+|\\.|.)")

# Names that mathtext does not know.
_OTHER = {
    "displaystyle": "", "textstyle": "", "limits": "", "nolimits": "", "nonumber": "", "notag": "", "hline": "",
    "big": "", "Big": "", "bigg": "", "Bigg": "", "bigl": "", "bigr": "", "Bigl": "", "Bigr": "", "biggl": "", "biggr": "",
    "Biggl": "", "Biggr": "", "middle": "", "bigm": "", "mathstrut": "", "strut": "",
    "cfrac": r"\dfrac", "tfrac": r"\frac", "dbinom": r"\binom", "tbinom": r"\binom", "stackrel": r"\overset",
    "lVert": r"\Vert", "rVert": r"\Vert", "lvert": r"\vert", "rvert": r"\vert",
    "implies": r"\Longrightarrow", "impliedby": r"\Longleftarrow", "iff": r"\Longleftrightarrow",
    "le": r"\leq", "ge": r"\geq", "ne": r"\neq", "top": r"{\top}", "land": r"\wedge", "lor": r"\vee", "lnot": r"\neg", "gets": r"\leftarrow",
    "vphantom": r"\phantom", "emph": r"\text", "textsf": r"\text", "coloneqq": ":=", "mathbin": "", "mathrel": "", "mathord": "", "mathopen": "", "mathclose": "",
    "bmod": r"\,\mathrm{mod}\,", "textbf": r"\mathbf", "textit": r"\mathit", "textrm": r"\text", "mbox": r"\text",
    "mathop": r"\mathrm", "pmb": r"\boldsymbol", "bm": r"\boldsymbol", "mathds": r"\mathbb", "mathbbm": r"\mathbb",
    "argmax": r"\mathrm{arg\,max}", "argmin": r"\mathrm{arg\,min}", "R": r"\mathbb{R}",
}
_NAME = re.compile(r"\\([a-zA-Z]+)")
_DROPPED = re.compile(r"\\(?:label|tag\*?|hspace\*?|vspace\*?|v?phantom|color|textcolor)\{[^{}]*\}|(?<!\\)%.*")
_BETWEEN = re.compile(r"\{([^{}]*)\\(over|choose|atop)(?![a-zA-Z])([^{}]*)\}")
_CHEMISTRY = re.compile(r"\\ce\{([^{}]*)\}")
_BARE = re.compile(r"\\(frac|dfrac|binom)\s*(\d|[a-zA-Z])\s*(\d|[a-zA-Z]|\{)")
_ROOT = re.compile(r"\\sqrt\s*(\d|[a-zA-Z]|\\[a-zA-Z]+)")
_BOLD = re.compile(r"\\(mathbf|mathrm|mathbb|mathcal|mathit|boldsymbol)\s+(\w)|\\(mathbf|mathrm|mathbb|mathcal|mathit|boldsymbol)(\d)")


class _Missing(logging.Handler):
    """Turns "there is no glyph" into an error: a box is no letter."""

    def emit(self, record):
        if "does not have a glyph" in record.getMessage():
            raise ValueError("a letter can't be drawn")


class _Box:
    """A piece of a formula: its size in points, and what is drawn, as (x, y, path, width of a stroke)."""

    def __init__(self, width=0.0, up=0.0, down=0.0, drawn=()):
        self.width, self.up, self.down, self.drawn = width, up, down, list(drawn)

    def add(self, other, x, y=0.0):
        self.drawn += [(x + dx, y + dy, path, stroke) for dx, dy, path, stroke in other.drawn]
        self.width = max(self.width, x + other.width)
        self.up, self.down = max(self.up, y + other.up), max(self.down, other.down - y)


def _beside(boxes):
    whole = _Box()
    for box in boxes:
        whole.add(box, whole.width)
    return whole


def plain(tex):
    """A line of LaTeX in mathtext's words."""
    tex = _DROPPED.sub("", tex)
    tex = re.sub(r"\\pmod\s*\{([^{}]*)\}", r"\\ (\\mathrm{mod}\\ \1)", tex)
    tex = re.sub(r"\\boxed\s*\{", "{", tex)
    tex = tex.replace(r"\operatorname*", r"\operatorname")
    tex = _BETWEEN.sub(lambda m: rf"\{'frac' if m[2] == 'over' else 'binom'}{{{m[1].strip()}}}{{{m[3].strip()}}}", tex)
    tex = _CHEMISTRY.sub(lambda m: r"\mathrm{" + re.sub(r"(?<=[A-Za-z)\]])(\d+)", r"_{\1}", m[1].replace("->", r"\rightarrow ")) + "}", tex)
    tex = _NAME.sub(lambda m: _OTHER[m[1]] + (" " if _OTHER[m[1]][-1:].isalpha() else "") if m[1] in _OTHER else m[0], tex)
    for _ in range(3):
        tex = _BARE.sub(lambda m: rf"\{m[1]}{{{m[2]}}}" + (m[3] if m[3] == "{" else f"{{{m[3]}}}"), tex)
    tex = _ROOT.sub(r"\\sqrt{\1}", tex)
    tex = _BOLD.sub(lambda m: rf"\{m[1] or m[3]}{{{m[2] or m[4]}}}", tex)
    return _tall(re.sub(r"(?<!\\)\$", "", tex).replace("\n", " ").strip())


def _tall(tex):
    """Make fractions that stand in no braces as large as what is beside them."""
    depth, out = 0, []
    for i, c in enumerate(tex):
        depth += {"{": 1, "}": -1}.get(c, 0)
        out.append("\\d" if c == "\\" and depth == 0 and tex.startswith("frac{", i + 1) else c)
    return "".join(out)


def _line(tex, behind=False):
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser
    from matplotlib.textpath import TextPath

    if not (tex := plain(tex)):
        return _Box()
    if behind and tex[0] in "+-=<>":
        tex = "{}" + tex  # with the space that stands between two terms
    font = FontProperties(size=SIZE)
    width, height, depth, _, _ = MathTextParser("path").parse(f"${tex}$", 72, font)
    path = TextPath((0, 0), f"${tex}$", size=SIZE, prop=font)
    return _Box(float(width) + 1, float(height - depth) + 1, float(depth) + 1, [(0, 0, path, 0)])


def _split(tex, mark):
    """Divide at a mark that stands in no braces and no environment."""
    parts, depth, begun, at = [], 0, 0, 0
    while at < len(tex):
        if depth == 0 and tex.startswith(mark, at):
            parts.append(tex[begun:at])
            at += len(mark)
            begun = at
            continue
        if tex.startswith((r"\begin{", r"\left"), at) and not tex.startswith(r"\leftarrow", at):
            depth += 1
        elif tex.startswith((r"\end{", r"\right"), at) and not tex.startswith(r"\rightarrow", at):
            depth -= 1
        if tex[at] == "\\":
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(tex[at], 0)
        at += 1
    return [*parts, tex[begun:]]


def _end(tex, name, at):
    """Where an environment's content ends, and what is behind it begins."""
    depth = 1
    for m in re.finditer(rf"\\(begin|end)\{{{name}\*?\}}", tex[at:]):
        depth += 1 if m[1] == "begin" else -1
        if depth == 0:
            return at + m.start(), at + m.end()
    raise ValueError("an environment has no end")


def _argument(tex, at):
    """The argument that begins at a place, and where it ends."""
    at += len(tex[at:]) - len(tex[at:].lstrip())
    if m := re.match(r"\\[a-zA-Z]+|[^{]", tex[at:]):
        return m[0], at + m.end()
    depth = 0
    for i in range(at, len(tex)):
        if tex[i - 1] != "\\":
            depth += {"{": 1, "}": -1}.get(tex[i], 0)
        if depth == 0:
            return tex[at + 1:i], i + 1
    raise ValueError("an argument is missing")


# Commands whose arguments are set as boxes of their own: always, or where an argument needs that.
_AROUND = re.compile(r"\\(underbrace|overbrace|cancel|bcancel|xcancel|xrightarrow|xleftarrow|frac|dfrac|tfrac|cfrac|sqrt)(?![a-zA-Z])")
_BOXED = re.compile(r"\\(begin|underbrace|overbrace|[bx]?cancel|xrightarrow|xleftarrow)(?![a-zA-Z])")


def _around(tex, depth):
    """The first piece that stands around others: what is before it, its box, and what is behind; None: there is none."""
    first = _BEGIN.search(tex)
    for m in _AROUND.finditer(tex, 0, first.start() if first else len(tex)):
        name, at = m[1], m.end()
        if name == "sqrt" or name.endswith("frac"):
            if name == "sqrt" and tex[at:].lstrip().startswith("["):
                continue
            inside, at = _argument(tex, at)
            below, at = _argument(tex, at) if name != "sqrt" else ("", at)
            if not _BOXED.search(inside + below):
                continue
            box = _root(_box(inside, depth + 1)) if name == "sqrt" else _fraction(_box(inside, depth + 1), _box(below, depth + 1))
        elif name.startswith("x") and name != "xcancel":
            under = ""
            if low := re.match(r"\s*\[([^\]]*)\]", tex[at:]):
                under, at = low[1], at + low.end()
            over, at = _argument(tex, at)
            box = _arrow(_box(over, depth + 1), _box(under, depth + 1), name == "xleftarrow")
        else:
            inside, at = _argument(tex, at)
            box = _box(inside, depth + 1)
            if name.endswith("cancel"):
                box = _struck(box)
            else:
                label = ""
                if script := re.match(r"\s*[_^]", tex[at:]):
                    label, at = _argument(tex, at + script.end())
                box = _braced(box, _box(label, depth + 1), name == "overbrace")
        return tex[:m.start()], box, tex[at:]
    return None


def _box(tex, depth=0):
    """Set LaTeX, environments too."""
    if depth > 6:
        raise ValueError("too deep")
    if len(rows := [r for r in _split(tex, r"\\") if r.strip()]) > 1:
        return _grid(rows, "rl" if "&" in tex else "c", depth)
    boxes = []
    while True:
        while found := _around(tex, depth):
            before, box, tex = found
            boxes += [_line(before.replace("&", " "), behind=bool(boxes)), box]
        if not (m := _BEGIN.search(tex)):
            break
        if m[1] not in _GRIDS:
            raise ValueError("an unknown environment")
        before, (end, rest) = tex[:m.start()], _end(tex, m[1], m.end())
        content, tex = tex[m.end():end], tex[rest:]
        left, right, columns = _GRIDS[m[1]]
        if m[1] in ("array", "alignat"):
            content = re.sub(r"^\s*(\[[^\]]*\])?\s*\{[^{}]*\}", "", content)
        if (a := _LEFT.search(before)) and (b := _RIGHT.match(tex)):
            left, right = _DELIMITERS[a[1]], _DELIMITERS[b[1]]
            before, tex = before[:a.start()], tex[b.end():]
        grid = _grid([r for r in _split(content, r"\\") if r.strip()], columns, depth)
        above = ""
        if left and (up := re.match(r"\s*([\^_])(\{[^{}]*\}|\\[a-zA-Z]+|\w)", tex)):
            above, tex = up[0], tex[up.end():]
        boxes += [_line(before, behind=bool(boxes)), _delimiter(left, grid), grid, _delimiter(right, grid)]
        if above:
            script = _line("{}" + above)
            raised = _Box()
            raised.add(script, 0, grid.up - SIZE * 0.7 if "^" in above else -grid.down + SIZE * 0.3)
            boxes.append(raised)
    boxes.append(_line(tex.replace("&", " "), behind=bool(boxes)))
    return _beside(boxes)


def _grid(rows, columns, depth):
    cells = [[_box(c.strip(), depth + 1) for c in _split(re.sub(r"^\s*\[[^\]]*\]", "", r), "&")] for r in rows]
    widths = [max((r[i].width for r in cells if i < len(r)), default=0) for i in range(max(map(len, cells), default=0))]
    heights = [(max(SIZE * 0.7, *(c.up for c in r)), max(SIZE * 0.25, *(c.down for c in r))) for r in cells]
    between, beside = SIZE * 0.35, 0.2 if columns == "rl" else SIZE * 0.8
    total = sum(up + down for up, down in heights) + between * (len(cells) - 1)
    grid, y = _Box(), total / 2 + SIZE * 0.25  # around the axis, as high as a minus
    for row, (up, down) in zip(cells, heights):
        x = 0.0
        for i, cell in enumerate(row):
            side = columns[i % len(columns)]
            grid.add(cell, x + {"l": 0, "c": (widths[i] - cell.width) / 2, "r": widths[i] - cell.width}[side], y - up)
            x += widths[i] + (SIZE if columns == "rl" and i % 2 else beside)
        y -= up + down + between
    grid.up, grid.down = max(grid.up, total / 2 + SIZE * 0.25), max(grid.down, total / 2 - SIZE * 0.25)
    return grid


_AXIS = SIZE * 0.25  # how high a minus is


def _stroke(points, codes=None):
    from matplotlib.path import Path

    return (0, 0, Path(points, codes), 0.9)


def _scaled(box, by):
    from matplotlib.transforms import Affine2D

    drawn = [(x * by, y * by, path.transformed(Affine2D().scale(by)), stroke) for x, y, path, stroke in box.drawn]
    return _Box(box.width * by, box.up * by, box.down * by, drawn)


def _fraction(above, below):
    whole = _Box(width := max(above.width, below.width) + 4)
    whole.add(above, (width - above.width) / 2, _AXIS + 3 + above.down)
    whole.add(below, (width - below.width) / 2, _AXIS - 3 - below.up)
    whole.drawn.append(_stroke([(0, _AXIS), (width, _AXIS)]))
    return whole


def _root(inside):
    whole, mark = _Box(), SIZE * 0.7
    whole.add(inside, mark + 2)
    up, down = whole.up + 3, whole.down
    whole.drawn.append(_stroke([(0, _AXIS), (mark * 0.3, _AXIS + 2), (mark * 0.6, -down), (mark, up), (whole.width + 2, up)]))
    whole.up, whole.width = up + 1, whole.width + 4
    return whole


def _struck(box):
    box.drawn.append(_stroke([(0, -box.down), (box.width, box.up)]))
    return box


def _arrow(over, under, left):
    over, under = _scaled(over, 0.7), _scaled(under, 0.7)
    width = max(over.width, under.width, SIZE) + 8
    whole, head = _Box(width + 4, _AXIS + 4, 2), [(width - 4, _AXIS + 2.5), (width, _AXIS), (width - 4, _AXIS - 2.5)]
    points = [(2, _AXIS), (width, _AXIS), *head]
    if left:
        points = [(width + 2 - x, y) for x, y in points]
    whole.drawn.append(_stroke(points, [1, 2, 1, 2, 2]))
    whole.add(over, (width - over.width) / 2, _AXIS + 4 + over.down)
    whole.add(under, (width - under.width) / 2, _AXIS - 4 - under.up)
    return whole


def _braced(inside, label, above):
    label, bend = _scaled(label, 0.7), SIZE * 0.3
    width = max(inside.width, label.width)
    whole, left = _Box(width), (width - inside.width) / 2
    whole.add(inside, left)
    edge, side = (inside.up + 2, 1) if above else (-inside.down - 2, -1)
    bend, right, middle = bend * side, left + inside.width, width / 2
    b = abs(bend)
    whole.drawn.append(_stroke(
        [(left, edge), (left, edge + bend), (left + b, edge + bend), (middle - b, edge + bend), (middle, edge + bend), (middle, edge + 2 * bend),
         (middle, edge + bend), (middle + b, edge + bend), (right - b, edge + bend), (right, edge + bend), (right, edge)],
        [1, 3, 3, 2, 3, 3, 3, 3, 2, 3, 3]))
    end = edge + 2 * bend + 2 * side
    whole.add(label, (width - label.width) / 2, end + label.down if above else end - label.up)
    return whole


def _delimiter(kind, grid):
    """A delimiter as high as what it stands beside."""
    from matplotlib.path import Path

    if not kind:
        return _Box(SIZE * 0.1)
    up, down, w = grid.up + 1, grid.down + 1, SIZE * 0.35
    low, high, middle = -down, up, (up - down) / 2
    line, curve = Path.LINETO, Path.CURVE3
    shapes = {
        "(": ([(w, high), (0, middle + (high - middle) / 2), (0, middle), (0, middle - (middle - low) / 2), (w, low)], [1, curve, curve, curve, curve]),
        "[": ([(w, high), (0, high), (0, low), (w, low)], [1, line, line, line]),
        "|": ([(w / 2, high), (w / 2, low)], [1, line]),
        "‖": ([(w / 4, high), (w / 4, low), (w, high), (w, low)], [1, line, 1, line]),
        "{": ([(w, high), (w / 2, high), (w / 2, high - w), (w / 2, middle + w), (w / 2, middle), (0, middle),
               (w / 2, middle), (w / 2, middle - w), (w / 2, low + w), (w / 2, low), (w, low)],
              [1, curve, curve, line, curve, curve, curve, curve, line, curve, curve]),
    }
    mirrored = {")": "(", "]": "[", "}": "{"}
    points, codes = shapes[mirrored.get(kind, kind)]
    if kind in mirrored:
        points = [(w - x, y) for x, y in points]
    return _Box(w + SIZE * 0.4, up, down, [(SIZE * 0.2, 0, Path(points, codes), 0.9)])


def draw(formulas, path):
    """Draw formulas below one another, each with its number if there are several, and print which could be drawn."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch
    from matplotlib.transforms import Affine2D

    done, boxes = [], []
    logger, missing = logging.getLogger("matplotlib.mathtext"), _Missing()
    logger.addHandler(missing)
    try:
        with mpl.rc_context({"mathtext.fontset": "cm", "text.usetex": False}):
            for i, tex in enumerate(formulas[:MOST]):
                try:
                    if len(tex) > LONGEST:
                        raise ValueError("too long")
                    box = _box(tex)
                except (ValueError, KeyError, IndexError, RuntimeError, RecursionError):
                    continue
                if 0 < box.width <= (WIDEST * 72 / DPI) - 80:
                    done.append(i)
                    boxes.append(box)
            left = SIZE * 2.6 if len(boxes) > 1 else 0
            margin = SIZE * 0.7
            while boxes and sum(b.up + b.down + GAP for b in boxes) > HIGHEST * 72 / DPI:
                done.pop()
                boxes.pop()
            print(json.dumps(done))
            if not boxes:
                return
            width = max(b.width for b in boxes) + left + 2 * margin
            height = sum(b.up + b.down for b in boxes) + GAP * (len(boxes) - 1) + 2 * margin
            figure = Figure(figsize=(width / 72, height / 72), dpi=DPI, facecolor="white")
            canvas, scale = FigureCanvasAgg(figure), DPI / 72
            y = height - margin
            for n, box in enumerate(boxes, 1):
                y -= box.up
                if left:
                    box.add(_line(rf"({n})"), -left)
                for dx, dy, shape, stroke in box.drawn:
                    colour = "#707070" if dx < 0 else "black"
                    figure.add_artist(PathPatch(
                        shape, facecolor="none" if stroke else colour, edgecolor=colour if stroke else "none", linewidth=stroke,
                        transform=Affine2D().translate(margin + left + dx, y + dy).scale(scale)))
                y -= box.down + GAP
            canvas.print_png(path)
    finally:
        logger.removeHandler(missing)
