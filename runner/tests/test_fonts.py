"""Fonts from memory draw what fonts from files draw."""

import io
import os

import pytest


@pytest.fixture
def font_manager():
    from matplotlib import font_manager

    before = font_manager.ft2font
    yield font_manager
    font_manager.ft2font = before
    font_manager._get_font.cache_clear()


def draw(form):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.text(0.1, 0.5, "Größe $x^2$ – median 12.5")
    out = io.BytesIO()
    figure.savefig(out, format=form, metadata={"Date": None} if form == "svg" else {"CreationDate": None} if form == "pdf" else None)
    return out.getvalue()


@pytest.mark.parametrize("form", ["png", "pdf", "svg"])
def test_the_same_picture(font_manager, form, monkeypatch):
    import matplotlib
    from attache import fonts

    monkeypatch.setitem(matplotlib.rcParams, "svg.hashsalt", "x")
    plain = draw(form)
    fonts.install()
    fonts.install()
    assert draw(form) == plain


def test_the_file_does_not_stay_open(font_manager):
    """What is read while drawing comes from memory: no descriptor of the file is left."""
    from attache import fonts

    path = font_manager.findfont("DejaVu Sans")
    before = opened(path)
    fonts.install()
    assert font_manager.get_font(path).fname == path
    assert opened(path) == before


def opened(path):
    """The descriptors that are open on a file."""
    links = ((fd, f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd"))
    return {fd for fd, link in links if os.path.islink(link) and os.readlink(link) == path}


SCRIPTS = {
    "simplified Chinese": "销售额北京",
    "traditional Chinese": "銷售額臺灣",
    "Japanese": "売上ひカナ",
    "Korean": "매출서울한",
    "Thai": "ยอดขกร",
    "Devanagari": "बकषदहन",
    "Arabic": "مبيعتق",
    "Hebrew": "עבריתש",
    "Bengali": "বাংলকম",
    "Tamil": "தமிழகச",
    "Telugu": "తలగకమ",
    "Georgian": "ქართულ",
    "Armenian": "Հայերն",
    "Amharic": "አማርኛቀ",
    "Cyrillic": "Продажи",
    "Greek": "Πωλήσεις",
    "emoji": "😀🚀📊❤👍",
    "signs": "€₹₽→★✓",
}


def ink(text, weight="normal"):
    """The pixels of a text, cut to its ink."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.5, 1), dpi=80)
    figure.text(0.3, 0.3, text, fontsize=30, weight=weight)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    dark = np.asarray(canvas.buffer_rgba())[:, :, 0] < 128
    rows, columns = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].tobytes() if rows.size else b""


@pytest.mark.parametrize("families", [None, ["SimHei", "Arial"], ["DejaVu Serif"]])
@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_no_box_in_any_script(font_manager, monkeypatch, families, weight, caplog):
    """A box is the same for every character: no two characters of a script give the same pixels."""
    import matplotlib
    from attache import fonts

    fonts.install()
    if families:
        monkeypatch.setitem(matplotlib.rcParams, "font.family", families)
    for script, characters in SCRIPTS.items():
        letters = sorted(set(characters))
        drawn = [ink(c, weight) for c in letters]
        assert all(drawn) and len(set(drawn)) == len(letters), script
    assert not caplog.records, "a family that is missing is no news"


def test_the_check_sees_boxes(font_manager):
    """Characters that no font has, of one block, look alike."""
    from attache import fonts

    fonts.install()
    assert ink("\U000e0150") == ink("\U000e0151") or ink("\ue123") == ink("\ue124")
