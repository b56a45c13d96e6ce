"""How charts and figures look: colours, labels, numbers in sentences and on axes."""

import math
import os
import textwrap

from matplotlib.ticker import FuncFormatter, MaxNLocator

BLUE, ORANGE, GREEN, RED, PURPLE, BROWN = "#2f6fb0", "#e07b39", "#3a9a6a", "#c8473f", "#7d62a8", "#8a6a52"
PALETTE = [BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, "#c96fa0", "#7a7f87"]
INK, GREY, PALE = "#26303a", "#6b7680", "#c9d1d8"

RC = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": "#aab3bb",
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.titlepad": 8,
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e8ecef",
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "font.size": 9.5,
    "text.color": INK,
    "lines.linewidth": 1.6,
    "savefig.facecolor": "white",
}
DPI = 130

_UNITS = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def cut(text, width):
    """A text of at most width signs: of a longer one the beginning and the end, as names often differ there."""
    if len(text) <= width:
        return text
    end = (width - 1) // 2
    return f"{text[: width - 1 - end].rstrip()}…{text[len(text) - end :].lstrip()}"


def code(text, width=48):
    """A name or value as Markdown shows it unchanged, whatever signs it has."""
    text = " ".join(str(text).split()).replace("`", "'")
    return f"`{cut(text, width)}`" if text else "(blank)"


def number(x):
    """A figure as people read it: about four digits, thousands separated, millions in words."""
    if x is None:
        return "–"
    x = float(x)
    if not math.isfinite(x):
        return "none" if math.isnan(x) else str(x).replace("-", "−")
    if x == 0:
        return "0"
    sign, size = "−" if x < 0 else "", abs(x)
    if size >= 1e15 or size < 1e-4:
        text = f"{size:.3g}"
    elif size >= 999_950:
        scale, unit = next((s, u) for s, u in _UNITS if size >= 0.9999 * s)
        text = f"{size / scale:,.4g} {unit}" if size / scale < 9999 else f"{size / scale:,.0f} {unit}"
    elif size >= 1000 or size == int(size):
        text = f"{size:,.0f}"
    else:
        text = f"{size:.4g}" if size >= 1 else f"{size:.3g}"
    return sign + text


def share(part, digits=1):
    """A part of 1 as a percentage that is not rounded to nothing or to all."""
    text = f"{part:.{digits}%}"
    if part < 1 and float(text[:-1]) == 100:
        return ">99.9%" if part > 0.999 else f"{part:.1%}"
    return "<0.1%" if 0 < part < 0.001 else f"{part:.1%}" if part > 0 and float(text[:-1]) == 0 else text


def label(text, width=28):
    """A text as matplotlib may draw it: no formulas, one line, not too long."""
    return cut(" ".join(str(text).split()), width).replace("$", r"\$")


def wrapped(text, width):
    """A title on as many lines as it needs."""
    return "\n".join(textwrap.wrap(" ".join(str(text).split()), width, max_lines=3, placeholder=" …")).replace("$", r"\$")


def column(c, width=28):
    return label(c.name, width)


def value(text, number, width=24):
    return label(text, width)


def listed(columns, most=5):
    """The names of columns in a sentence."""
    names = [cut(c.name, 24) for c in columns]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def short(x, _=None):
    """A number for an axis: 1.5k, 2M."""
    size = abs(x)
    for unit, sign in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if size >= unit:
            scale = 1e3 if sign == "k" else unit
            return f"{x / scale:.4g}{sign}"
    if 0 < size < 1e-3:
        return f"{x:.1e}"
    return f"{x:.4g}".replace("-", "−")


def numeric(axis, ticks=5, whole=False):
    axis.set_major_locator(MaxNLocator(ticks, integer=whole, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(short))


def file_name(stem, what):
    """A name for a chart in the current folder."""
    clean = "".join(c if c.isalnum() or c in "-_" else "_" for c in stem).strip("_")[:60] or "table"
    while len(os.fsencode(clean)) > 180:
        clean = clean[:-10]
    return f"{clean}_{what}.png"
