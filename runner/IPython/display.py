"""Values for people to see, as IPython.display has them."""

import html
import os
import re


def display(*values, **kwargs):
    """Show values. A session puts its own display() here."""
    print(*values, sep="\n")


def clear_output(wait=False):
    """Do nothing: what was printed stays."""


class _Text:
    def __init__(self, data=None, url=None, filename=None, **kwargs):
        if filename is not None:
            with open(filename, encoding="utf-8", errors="replace") as f:
                data = f.read()
        self.data = "" if data is None else str(data)

    def __repr__(self):
        return self.data


class Markdown(_Text):
    pass


class Latex(_Text):
    pass


class Math(_Text):
    pass


class Pretty(_Text):
    pass


class HTML(_Text):
    def __repr__(self):
        text = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->", "", self.data)
        text = re.sub(r"(?i)<br\s*/?>|</(p|div|tr|li|h[1-6]|table)\s*>", "\n", text)
        text = re.sub(r"(?i)</t[dh]\s*>", "\t", text)
        text = html.unescape(re.sub(r"<[^>]*>", "", text))
        return re.sub(r"\n\s*\n+", "\n", text).strip()


class Image:
    """A picture, from bytes or a file."""

    def __init__(self, data=None, url=None, filename=None, **kwargs):
        if isinstance(data, (str, os.PathLike)):
            data, filename = None, data
        if filename is not None:
            with open(filename, "rb") as f:
                data = f.read()
        if data is None:
            raise ValueError("there is no network: give the bytes of the picture, or a file")
        self.data = bytes(data)

    def _repr_png_(self):
        return self.data if self.data.startswith(b"\x89PNG") else None

    def _repr_jpeg_(self):
        return self.data if self.data.startswith(b"\xff\xd8") else None
