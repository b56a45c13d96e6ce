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
    parts = [" ".join(p.split()) for p in parts if p.strip()]
    return ". ".join(dict.fromkeys(parts))[:1000] or "A chart"


def save(figure):
    """Save a figure under the next free name, if anything is on it."""
    if not (figure.axes or figure.lines or figure.patches or figure.texts or figure.images or figure.legends):
        return
    figure.savefig(next_name("chart"), bbox_inches="tight")
