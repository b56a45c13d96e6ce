"""Text and documents."""

from attache.loaders import encoding


def text(src):
    """Return the text, in whichever encoding it is."""
    content, codec = encoding.decode(src.bytes())
    encoding.tell(src, codec)
    return content.removeprefix("\ufeff").replace("\r\n", "\n")
