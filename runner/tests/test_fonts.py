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
