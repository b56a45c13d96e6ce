"""Which charts a table gets, and their files."""

import warnings
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure

from attache.analyze import plots, style


@dataclass
class Chart:
    file: str
    caption: str


def draw(profile, stem, wanted):
    """Save the charts that the columns allow, of those wanted, in the current folder.

    Figures are drawn without pyplot, so those of the user stay as they are.
    """
    drawn = []
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, "backend": "agg", **style.RC, "font.family": style.families()}):
        for what in wanted:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = getattr(plots, what)(profile, _figure, stem)
                if made is None:
                    continue
                figure, caption = made
                file = style.file_name(stem, what)
                figure.savefig(file, dpi=style.DPI)
            drawn.append(Chart(file, caption))
    return drawn


def _figure(width, height):
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.09, w_pad=0.08)
    return figure
