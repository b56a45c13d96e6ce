"""Read a file in a process of its own, for libraries that a damaged or hostile file
can make crash or hang: that must not end the session."""

import faulthandler
import io
import os
import pickle
import resource
import select
import signal
import sys
import time
import warnings

from attache.loaders.source import TOO_LARGE

SECONDS = 60  # that reading may take
_VALUE, _ERROR, _AGAIN = b"v", b"e", b"a"  # what the child found, in one byte: the rest is a pickle


def read(src, function, seconds=None):
    """Return what function returns, or raise what it raises.

    A crash, or more than so many seconds (SECONDS), is a FileLoadError. The result is
    handed over as a pickle, after what was noted and warned of. One that is too large to be there
    twice is read again here, which has been tried then.
    """
    seconds = SECONDS if seconds is None else seconds
    r, w = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, which the child does not use
        pid = os.fork()
    if pid == 0:
        _child(w, function)
    os.close(w)
    found = b""
    try:
        with io.BufferedReader(_Timed(r, seconds), 1 << 20) as pipe:
            found = pipe.read(1)
            (said, warned), value = (pickle.load(pipe), pickle.load(pipe)) if found and found != _AGAIN else (("", []), None)
    except _Slow:
        raise src.fail(f"is damaged: it could not be read in {seconds} s") from None
    except (EOFError, pickle.UnpicklingError):
        found = _AGAIN if found == _VALUE else b""  # what it read can't be handed over
    finally:  # also when the user interrupts
        os.kill(pid, signal.SIGKILL)  # it has ended, unless it hangs
        status = os.waitpid(pid, 0)[1]
    if found == _AGAIN:
        return function()
    if found:
        print(said, end="", file=sys.stderr)
        for one in warned:
            warnings.showwarning(*one)
    if found == _VALUE:
        return value
    if found == _ERROR:
        raise value
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT:  # as C++ and Rust end without memory
        raise src.fail(TOO_LARGE)
    raise src.fail("is damaged: the library that reads it crashed")


def _child(w, function):
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        faulthandler.disable()  # its report of a crash is of no use to anybody here
        with open(w, "wb", closefd=False) as out:
            room, sys.stderr, warned = _room(), io.StringIO(), []
            warnings.showwarning = lambda message, category, filename, lineno, *_: warned.append((str(message), category, filename, lineno))
            try:
                value = function()
            except BaseException as e:
                out.write(_ERROR + pickle.dumps((sys.stderr.getvalue(), warned)) + _pickled(e))
            else:
                if _room() < room / 2:
                    out.write(_AGAIN)
                else:
                    out.write(_VALUE + pickle.dumps((sys.stderr.getvalue(), warned)))
                    pickle.dump(value, out, protocol=5)
    finally:
        os._exit(0)


def _pickled(error):
    try:
        data = pickle.dumps(error)
        pickle.loads(data)
        return data
    except Exception:
        return pickle.dumps(RuntimeError(str(error)[:500]))


def _room():
    """The bytes of memory that this process may still take."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return 1 << 62
    with open("/proc/self/statm") as f:
        return max(limit - int(f.read().split()[0]) * resource.getpagesize(), 0)


class _Slow(Exception):
    pass


class _Timed(io.RawIOBase):
    """The end of a pipe, which is to come within so many seconds."""

    def __init__(self, fd, seconds):
        self.fd, self.end = fd, time.monotonic() + seconds

    def readable(self):
        return True

    def readinto(self, buffer):
        if not select.select([self.fd], [], [], max(0, self.end - time.monotonic()))[0]:
            raise _Slow
        return os.readv(self.fd, [buffer])

    def close(self):
        if not self.closed:
            os.close(self.fd)
        super().close()
