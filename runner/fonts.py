"""Fonts of charts: any script is written, and they are read from memory.

FreeType seeks and reads in a font's file for every glyph. Each of those is a
call out of the sandbox: a line of text took 8 ms, from memory it takes 0.2 ms.
"""

import functools
import glob
import importlib.util
import io
import logging
import os
import types

# Packages of the environment that bring fonts, the one for the most scripts first.
_PACKAGES = ("noto_cjk_sans_jp_regular", "manimgx_fonts")
_LEFT_OUT = ("Italic",)


class _Font(io.BytesIO):
    """A font's bytes under the name of its file, which PDF output asks for."""

    def __init__(self, path):
        super().__init__(_bytes(path))
        self.name = path


@functools.cache
def _bytes(path):
    with open(path, "rb") as f:
        return f.read()


@functools.cache
def wider():
    """The files of the environment's fonts, in the order in which a character is looked for."""
    found = []
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            files = glob.glob(os.path.join(glob.escape(folder), "**", "*.[ot]tf"), recursive=True)
            found += [f for f in sorted(files) if not any(word in os.path.basename(f) for word in _LEFT_OUT)]
    return tuple(found)


def install():
    """Make matplotlib open fonts so, and fall back to the environment's fonts
    for what a text's own lack, whatever family is chosen. Called again, it
    changes nothing."""
    from matplotlib import font_manager, ft2font

    if font_manager.ft2font is not ft2font:
        return

    def in_memory(file, *args, **kwargs):
        # FT2Font opens a path with io.open, and takes its name from what that returns.
        usual = io.open
        io.open = lambda name, *mode: _Font(name) if name == file else usual(name, *mode)
        try:
            return ft2font.FT2Font(file, *args, **kwargs)
        finally:
            io.open = usual

    font_manager.ft2font = types.SimpleNamespace(**{**vars(ft2font), "FT2Font": in_memory})
    font_manager._get_font.cache_clear()
    _fall_back(font_manager)


def _fall_back(font_manager):
    """Append the environment's fonts to those that any text is drawn with."""
    known = {f.fname for f in font_manager.fontManager.ttflist}
    for file in wider():
        if file not in known:
            font_manager.fontManager.addfont(file)
    manager = type(font_manager.fontManager)
    if getattr(manager, "_attache", False):
        return
    find = manager._find_fonts_by_props

    def with_wider(self, prop, fontext="ttf", *args, **kwargs):
        paths = find(self, prop, fontext, *args, **kwargs)
        if fontext != "ttf":
            return paths
        # DejaVu Sans comes between: what it has looks like the rest of a chart.
        default = self.findfont("DejaVu Sans")
        return paths + [p for p in (default, *wider()) if p not in paths]

    manager._find_fonts_by_props = with_wider
    # A family that is not here is no news for people: the text is written all the same.
    logging.getLogger("matplotlib.font_manager").addFilter(lambda record: not str(record.msg).startswith("findfont:"))
    manager._attache = True
