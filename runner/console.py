"""Standard input and output of the user's code."""

import base64
import codecs
import io
import os
import sys
import threading

from attache.channel import HostError

EXACT_LINES = 2000  # lines of a run that go out one by one
FLUSH_SECONDS = 0.05


class Console:
    """sys.stdout and sys.stderr on the program's output, sys.stdin on nothing.

    Each line goes out as it is printed, so that what children and C code write
    stands at its place between, and a crash loses none. A run that prints very
    many lines is buffered from then on, and flushed twenty times a second.
    """

    def __init__(self):
        self.out = _Stream(1)
        self.err = _Stream(2)

    def install(self):
        self.no_input()
        self.begin()
        threading.Thread(target=self._flush_for_ever, daemon=True, name="attache-flush").start()

    def no_input(self):
        sys.stdin = _NoInput()

    def begin(self):
        """Start a run: whatever the last one put in their place is undone."""
        self.out.begin()
        self.err.begin()
        sys.stdout, sys.stderr = self.out, self.err

    def end(self):
        for stream in (sys.stdout, sys.stderr, self.out, self.err):
            try:
                stream.flush()
            except BaseException:  # closed, or the code's own
                pass

    def _flush_for_ever(self):
        while True:
            self.out.waiting.wait()
            self.out.waiting.clear()
            threading.Event().wait(FLUSH_SECONDS)
            try:
                self.out.flush()
            except Exception:
                pass


class _Stream(io.TextIOWrapper):
    def __init__(self, fd):
        raw = open(fd, "wb", buffering=64 << 10, closefd=False)
        super().__init__(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True, write_through=False)
        self.waiting = threading.Event()
        self.lines = 0

    def begin(self):
        self.lines = 0
        if not self.line_buffering:
            self.reconfigure(line_buffering=True)

    def write(self, text):
        n = super().write(text)
        self.lines += 1
        if self.lines >= EXACT_LINES:
            if self.line_buffering:
                self.reconfigure(line_buffering=False)
            if not self.waiting.is_set():
                self.waiting.set()
        return n

    def close(self):
        """A closed standard output would lose what the next run prints."""
        self.flush()

    def isatty(self):
        return False


class Apart:
    """Standard error on its own way to the host, while a program runs: that of
    Python, of C code and of children."""

    def __init__(self, link):
        r, w = os.pipe()
        os.dup2(w, 2)
        os.close(w)
        self.reader = threading.Thread(target=self._pass_on, args=(r, link), daemon=True, name="attache-stderr")
        self.reader.start()

    @staticmethod
    def _pass_on(fd, link):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with open(fd, "rb", buffering=0) as f:
            while data := f.read(64 << 10):
                if text := decoder.decode(data):
                    link.send("stderr", text=text)

    def end(self):
        """Give fd 2 back. What was written is with the host then, unless a thread
        of the program has the link."""
        os.dup2(1, 2)
        self.reader.join(5)


def typed(link):
    """sys.stdin of a program: what its caller has on standard input, as it is read."""
    return io.TextIOWrapper(io.BufferedReader(_Typed(link)), encoding="utf-8")


class _Typed(io.RawIOBase):
    def __init__(self, link):
        self.link, self.here, self.ended = link, b"", False

    def readable(self):
        return True

    def fileno(self):
        return 0  # of children too: there is nothing

    def readinto(self, into):
        if not self.here and not self.ended:
            try:
                self.here = base64.b64decode(self.link.ask("input")["data"] or "")
            except HostError as e:
                raise OSError(str(e)) from None
            self.ended = not self.here
        n = min(len(into), len(self.here))
        into[:n], self.here = self.here[:n], self.here[n:]
        return n


class _NoInput:
    """sys.stdin of code that is no program: nobody can type to it."""

    encoding = "utf-8"
    closed = False

    def readline(self, *args):
        raise EOFError("input() is not available here: put the value into the code")

    read = readlines = __next__ = readline

    def __iter__(self):
        return self

    def isatty(self):
        return False

    def fileno(self):
        return 0

    def close(self):
        """Processes of multiprocessing close it first."""
