"""Which charts a table gets, and their files."""

import warnings
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure

from attache.analyze import plots, style


MOST = 4
ORDER = ("over_time", "places", "categories", "distributions", "correlation")


@dataclass
class Chart:
    file: str
    caption: str  # a sentence of what it shows
    alt: str  # the same for people who don't see the picture


def draw(profile, stem, wanted=ORDER):
    """Save the charts that the columns allow, of those wanted, in the current
    folder: at most MOST. The text for people who don't see one is in the
    PNG as well, under Description.

    Figures are drawn without pyplot, so those of the user stay as they are.
    """
    drawn = []
    with style_context():
        for what in wanted:
            if len(drawn) == MOST:
                break
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = getattr(plots, what)(profile, figure, stem)
                if made is None:
                    continue
                fig, caption = made
                drawn.append(save(fig, style.file_name(stem, what), caption))
    return drawn


def save(fig, file, caption):
    """Save a figure with what it shows as a sentence; it says so in the PNG too."""
    title = " ".join((fig.get_suptitle() or (fig.axes[0].get_title(loc="left") if fig.axes else "")).split()).replace("\\$", "$")
    alt = f"{title}. {caption}" if title and title not in caption else caption
    alt = alt.replace("`", "").replace("**", "")
    fig.savefig(file, dpi=style.DPI, metadata={"Title": title or "Chart", "Description": alt})
    return Chart(file, caption, alt)


def style_context():
    return matplotlib.rc_context({**matplotlib.rcParamsDefault, "backend": "agg", **style.RC})


def figure(width, height):
    fig = Figure(figsize=(width, height), layout="constrained")
    fig.get_layout_engine().set(h_pad=0.09, w_pad=0.08)
    return fig
