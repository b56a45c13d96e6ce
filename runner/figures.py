"""Charts: what is drawn and not saved becomes a file in the work folder."""

import os
import sys

WORK = "/work"


def next_name(stem, ext=".png"):
    """Return a path in the work folder that is not taken: chart_1.png."""
    n = 1
    while os.path.lexists(f"{WORK}/{stem}_{n}{ext}"):
        n += 1
    return f"{WORK}/{stem}_{n}{ext}"


class Figures:
    def __init__(self, ns):
        self.ns = ns

    def install(self):
        """Make show() save, and notice what the code saves itself."""
        import matplotlib
        import matplotlib.pyplot as plt
        from matplotlib.figure import Figure

        matplotlib.rcParams.update({"figure.dpi": 110, "savefig.dpi": 150, "figure.autolayout": False})
        original = Figure.savefig

        def savefig(self, fname, *args, **kwargs):
            if str(fname).lower().endswith(".png") and "metadata" not in kwargs:
                kwargs["metadata"] = {"Description": describe(self)}
            result = original(self, fname, *args, **kwargs)
            if isinstance(fname, (str, os.PathLike)):
                self._attache_saved = True
                self.stale = False
            return result

        Figure.savefig = savefig
        plt.show = lambda *args, **kwargs: self.save_open()
        Figure.show = lambda figure, *args, **kwargs: save(figure)

    def save_open(self):
        """Save and close every open figure, unless it was saved as it is now."""
        plt = sys.modules["matplotlib.pyplot"]
        for number in plt.get_fignums():
            figure = plt.figure(number)
            try:
                if not (getattr(figure, "_attache_saved", False) and not figure.stale):
                    save(figure)
            finally:
                plt.close(figure)


def describe(figure):
    """Say in words what a figure shows, for people who don't see it: titles, axes, what the legend names."""
    parts = [figure._suptitle.get_text()] if figure._suptitle else []
    for axes in figure.axes:
        across, up = axes.get_xlabel(), axes.get_ylabel()
        parts.append(axes.get_title())
        if up and across:
            parts.append(f"{up} by {across}")
        else:
            parts.append(up or across)
        legend = axes.get_legend()
        if legend:
            parts.append("of " + ", ".join(t.get_text() for t in legend.get_texts()[:12]))
        parts.append(_finding(axes))
    parts = [" ".join(p.split()) for p in parts if p.strip()]
    return ". ".join(dict.fromkeys(parts))[:1000] or "A chart"


def _finding(axes):
    """Say what the bars or the line of axes come to, where there are not several."""
    try:
        bars = [c for c in axes.containers if type(c).__name__ == "BarContainer"]
        lines = [line for line in axes.get_lines() if len(line.get_xdata()) > 2]
        if len(bars) == 1 and not lines:
            lying = getattr(bars[0], "orientation", "vertical") == "horizontal"
            at = [p.get_y() + p.get_height() / 2 if lying else p.get_x() + p.get_width() / 2 for p in bars[0].patches]
            values = [p.get_width() if lying else p.get_height() for p in bars[0].patches]
            axis = axes.yaxis if lying else axes.xaxis
        elif len(lines) == 1 and not bars:
            at, values, axis = lines[0].get_xdata(orig=False), lines[0].get_ydata(orig=False), axes.xaxis
        else:
            return ""
        points = [(float(v), float(x)) for v, x in zip(values, at) if v == v]
        if len(points) < 2:
            return ""
        names = _names(axes, axis)

        def name(point):
            return ": ".join(t for t in (names(point[1]), f"{point[0]:,.6g}") if t)

        if bars:
            return f"{len(points)} bars, highest {name(max(points))}, lowest {name(min(points))}"
        return f"From {name(points[0])} to {name(points[-1])}, highest {name(max(points))}, lowest {name(min(points))}"
    except (AttributeError, TypeError, ValueError, IndexError, OverflowError):
        return ""  # a drawing of a kind of its own: there is its title


def _names(axes, axis):
    """Return what says a place on an axis: its label, its date, its number."""
    labels = {float(t): " ".join(label.split()) for t, label in zip(axis.get_ticklocs(), axis.get_major_formatter().format_ticks(axis.get_ticklocs()))}
    kind = type(axis.get_major_formatter()).__name__

    def say(x):
        if getattr(axes, "freq", None) is not None:  # drawn by pandas
            return str(sys.modules["pandas"].Period(ordinal=round(x), freq=axes.freq))
        if "Date" in kind:
            from matplotlib.dates import num2date

            return num2date(x).isoformat(" ", "minutes").removesuffix("+00:00").removesuffix(" 00:00")
        if kind == "ScalarFormatter":
            return f"{x:.6g}"
        return next((label for t, label in labels.items() if abs(t - x) < 1e-6), "")

    return say


def save(figure):
    """Save a figure under the next free name, if anything is on it."""
    if not (figure.axes or figure.lines or figure.patches or figure.texts or figure.images or figure.legends):
        return
    figure.savefig(next_name("chart"), bbox_inches="tight")
