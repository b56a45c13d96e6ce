"""Standard input and output of the user's code."""

import base64
import codecs
import contextlib
import io
import os
import sys
import threading

# By its name: code may put another function in its place in the module.
from os import dup2

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
        self.own = [os.dup(fd) for fd in range(3)]  # what code may close, or lead elsewhere
        self.nothing = os.open(os.devnull, os.O_WRONLY)
        self.waiting = threading.Event()
        self.out = _Stream(1, self.waiting)
        self.err = _Stream(2, self.waiting)

    def install(self):
        self.no_input()
        self.begin()
        threading.Thread(target=self._flush_for_ever, daemon=True, name="attache-flush").start()

    def no_input(self):
        sys.stdin = _NoInput()

    def begin(self):
        """Start a run: whatever the last one put in their place is undone. What it
        could not write is not written by this one."""
        sys.stdout = sys.stderr = None  # what wraps ours ends here, and closes it
        self._lead(self.nothing, self.nothing)
        for stream in (self.out, self.err):
            with contextlib.suppress(ValueError, OSError):
                stream.flush()
        self._lead(*self.own[1:])
        self.out, self.err = self.out.begin(), self.err.begin()
        sys.stdout, sys.stderr = self.out, self.err

    def _lead(self, out, err):
        """Have fds 0, 1 and 2 lead to our own input and to these."""
        for fd, to in enumerate((self.own[0], out, err)):
            with contextlib.suppress(OSError):  # code has closed ours
                dup2(to, fd)

    def end(self):
        for stream in (sys.stdout, sys.stderr, self.out, self.err):
            try:
                stream.flush()
            except BaseException:  # closed, or the code's own
                pass

    def _flush_for_ever(self):
        while True:
            self.waiting.wait()
            self.waiting.clear()
            threading.Event().wait(FLUSH_SECONDS)
            try:
                self.out.flush()
            except Exception:
                pass


class _Stream(io.TextIOWrapper):
    def __init__(self, fd, waiting):
        raw = _Buffer(io.FileIO(fd, "wb", closefd=False), 64 << 10)
        super().__init__(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True, write_through=False)
        self.fd, self.waiting = fd, waiting
        self.lines = 0

    def begin(self):
        """Return the stream of the next run: another one if code has closed what is
        below this one."""
        self.lines = 0
        try:
            self.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
            return self
        except (AttributeError, ValueError, OSError):
            return _Stream(self.fd, self.waiting)

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

    def detach(self):
        self.flush()
        return self.buffer

    def isatty(self):
        return False


class _Buffer(io.BufferedWriter):
    def close(self):
        """sys.stdout = io.TextIOWrapper(sys.stdout.buffer): such a wrapper closes this
        one when nobody has it any more."""
        self.flush()


class Apart:
    """Standard error on its own way to the host, while a program runs: that of
    Python, of C code and of children."""

    def __init__(self, link, after):
        self.after = after  # where fd 2 leads when the program is over
        r, w = os.pipe()
        dup2(w, 2)
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
        """Have fd 2 lead elsewhere. What was written is with the host then, unless a thread
        of the program has the link."""
        dup2(self.after, 2)
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
