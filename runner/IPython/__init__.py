"""Stands in for IPython where that is not installed: what code that was written
for a notebook imports of it."""

import sys
import types

from . import display

core = types.ModuleType("IPython.core")
core.display = display
sys.modules["IPython.core"] = core
sys.modules["IPython.core.display"] = display

version_info = (9, 0, 0, "")
__version__ = "9.0.0"


def get_ipython():
    """Return None: this is no IPython shell, as code asks to find out."""
    return None
