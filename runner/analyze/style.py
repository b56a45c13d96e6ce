"""How the charts look: colours, labels that every font can write, numbers on axes."""

import functools
import os

from matplotlib import font_manager
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

# Families that write what DejaVu Sans, matplotlib's own, can't; the first that is installed is used.
_WIDER = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR", "Source Han Sans", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "Droid Sans Fallback", "IPAexGothic", "IPAGothic", "TakaoPGothic", "NanumGothic", "Arial Unicode MS",
    "Noto Sans Devanagari", "Noto Sans Thai", "Lohit Devanagari", "FreeSans", "Unifont",
)  # fmt: skip


@functools.cache
def families():
    installed = {f.name for f in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(f for f in _WIDER if f in installed)]


@functools.cache
def _glyphs():
    codes = set()
    for family in families():
        try:
            codes |= set(font_manager.get_font(font_manager.findfont(family, fallback_to_default=False)).get_charmap())
        except (ValueError, OSError, RuntimeError):
            pass
    return codes


def writable(text):
    """Whether the fonts that are there have every character of a text."""
    return text.isascii() or all(ord(c) in _glyphs() or c.isspace() for c in text)


def label(text, width=28):
    """A text as matplotlib may draw it: no formulas, one line, not too long."""
    text = " ".join(str(text).split())
    if len(text) > width:
        text = text[: width - 1] + "…"
    return text.replace("$", r"\$")


def column(c, width=28):
    """A column's name, or its number where no font here can write the name."""
    return label(c.name, width) if writable(c.name) else f"column {c.position + 1}"


def value(text, number, width=24):
    """A category's name, or its rank where no font here can write it."""
    return label(text, width) if writable(str(text)) else f"no. {number}"


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
