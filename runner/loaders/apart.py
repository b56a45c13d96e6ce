"""Read a file in a process of its own, for libraries that a damaged or hostile file
can make crash or hang: that must not end the session."""

import faulthandler
import os
import pickle
import resource
import select
import signal
import time
import warnings

from attache.loaders.source import TOO_LARGE

SECONDS = 60  # that reading may take
LARGE = 32 << 20  # bytes of a file from which on the result would be too much to hand over


def read(src, function, seconds=None):
    """Return what function returns, or raise what it raises.

    A crash, or more than so many seconds (SECONDS), is a FileLoadError. The result is
    handed over as a pickle. A large file is read here, without this protection.
    """
    if src.size > LARGE:
        return function()
    seconds = SECONDS if seconds is None else seconds
    r, w = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, which the child does not use
        pid = os.fork()
    if pid == 0:
        _child(w, function)
    os.close(w)
    try:
        data = _all(r, seconds)
    finally:  # also when the user interrupts
        os.close(r)
        os.kill(pid, signal.SIGKILL)  # it has ended, unless it hangs
        status = os.waitpid(pid, 0)[1]
    if data == b"" and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT:  # as C++ and Rust end without memory
        raise src.fail(TOO_LARGE)
    if not data:
        raise src.fail("is damaged: the library that reads it crashed" if data == b"" else f"is damaged: it could not be read in {seconds} s")
    done, value = pickle.loads(data)
    if done:
        return value
    raise value


def _child(w, function):
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        faulthandler.disable()  # its report of a crash is of no use to anybody here
        _share()
        try:
            result = (True, function())
        except BaseException as e:
            result = (False, e)
        try:
            data = pickle.dumps(result, protocol=5)
        except Exception:
            data = pickle.dumps((False, RuntimeError(str(result[1])[:500])))
        with open(w, "wb", closefd=False) as out:
            out.write(data)
    finally:
        os._exit(0)


def _share():
    """Take a third of the memory that is left: what is read is there three times while it is handed over."""
    limit, hard = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        with open("/proc/self/statm") as f:
            used = int(f.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (min(limit, used + max(limit - used, 0) // 3), hard))


def _all(r, seconds):
    """Read to the end of a pipe; None when that takes longer than so many seconds."""
    end, parts = time.monotonic() + seconds, []
    while select.select([r], [], [], max(0, end - time.monotonic()))[0]:
        part = os.read(r, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return None
