"""The file that is loaded, and the one error that loading ends in."""

import contextlib
import os
import sys

HEAD = 64 << 10  # bytes looked at to tell what a file is


TOO_LARGE = "does not fit into memory: read a part of it (nrows=, columns=, usecols=), or in pieces from get_file_path(id)"


class FileLoadError(ValueError):
    """A file can't be loaded. The text is one sentence for a person."""


class NoTable(FileLoadError):
    """A file can be loaded, and what it holds is not a table."""


class Source:
    """A file on disk under the name that its owner gave it."""

    content = None  # of an OpenDocument's sheets, where it was unpacked
    part = False  # whether it is one of the tables of another file
    unpack = ""  # how a file that lies packed in another comes to a path

    def __init__(self, path, file=None):
        self.path = os.fspath(path)
        self.name = (file or {}).get("filename") or os.path.basename(self.path)
        self.kind = (file or {}).get("file_type")
        self.size = os.path.getsize(self.path)
        self._head = None

    @classmethod
    def named(cls, name):
        """A source of which only the name is known."""
        src = cls.__new__(cls)
        src.path, src.name, src.kind, src.size, src._head = "", name, None, 0, b""
        return src

    @property
    def ext(self):
        return os.path.splitext(self.name)[1].lower()

    @property
    def stem(self):
        return os.path.splitext(self.name)[0]

    @property
    def head(self):
        """The first bytes, read once."""
        if self._head is None:
            with open(self.path, "rb") as f:
                self._head = f.read(HEAD)
                if len(self._head) == HEAD and b"\0" not in self._head and self._head.count(b"\n") + self._head.count(b"\r") < 8:
                    self._head += f.read(15 * HEAD)  # a header of thousands of names
        return self._head

    def bytes_at_end(self, n):
        with open(self.path, "rb") as f:
            f.seek(max(0, self.size - n))
            return f.read(n)

    def bytes(self):
        with open(self.path, "rb") as f:
            return f.read()

    def fail(self, sentence):
        """Return the error to raise: "<name> <sentence>"."""
        return FileLoadError(f"{self.name} {self.by_path(sentence)}")

    def by_path(self, text):
        """What is said of get_file_path(id), which for a file within another is the other's path."""
        if not self.unpack or "get_file_path(id)" not in text:
            return text
        return f"{text.replace('get_file_path(id)', 'path').rstrip('.')}; unpack it first: {self.unpack}"


# What libxml2 says at its bounds, which keep hostile files from growing without end, and what that means.
_XML_BOUNDS = {
    "amplification": "its entities multiply to far more text than the file has",
    "Excessive depth": "its elements lie more than 256 deep in one another",
    "Resource limit": "one of its elements is larger than 10 MB",
    "too long": "one of its names or values is larger than 10 MB",
    "unknown error": "it does not fit into memory",  # no memory is left for what it would say
    "out of memory": "it does not fit into memory",
}


def xml_problem(error):
    """Return what is wrong with XML, in one line."""
    text = " ".join(str(error).removesuffix(f" ({error.filename}, line {error.lineno})").split())
    return next((meaning for words, meaning in _XML_BOUNDS.items() if words in text), text.replace(" ,", ","))


@contextlib.contextmanager
def hushed():
    """Keep what a library writes to the process's error output, past Python, to itself."""
    sys.stderr.flush()
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def note(text):
    """Tell the reader of the output something about the file, in one line."""
    print(f"Note: {text}", file=sys.stderr)
