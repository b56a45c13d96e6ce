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


def save(figure):
    """Save a figure under the next free name, if anything is on it."""
    if not (figure.axes or figure.lines or figure.patches or figure.texts or figure.images or figure.legends):
        return
    figure.savefig(next_name("chart"), bbox_inches="tight")
