"""The variables of a session as pickles, and its files, for when its image can't be kept."""

import contextlib
import io
import os
import signal
import stat
import sys
import time
import types


MAX_FILES = 1000  # of the work folder
CHUNK = 256 << 10
SLACK = 3  # seconds that the last variable may take more; the host waits for 5


def names(ns, provided):
    """The user's variables, without modules and what we provide."""
    return [n for n, v in ns.items() if _ours(n, v, provided) is False and not isinstance(v, types.ModuleType)]


def _ours(name, value, provided):
    return name.startswith("_") or provided.get(name, _NOTHING) is value


_NOTHING = object()


def files(folder):
    """The regular files below a folder, links apart, as sorted paths."""
    found = []
    for root, _, inside in os.walk(folder):
        for name in inside:
            path = os.path.join(root, name)
            try:
                if stat.S_ISREG(os.lstat(path).st_mode):
                    found.append(path)
            except OSError:
                pass
            if len(found) == MAX_FILES:
                return sorted(found)
    return sorted(found)


def dump(link, ns, provided, folder, max_bytes, seconds):
    """Send each variable that can be pickled within the bounds, smallest
    pickles not known beforehand: in the order of definition. Then the files of
    the folder."""
    import cloudpickle

    end = time.monotonic() + seconds if seconds else float("inf")
    budget = max_bytes or float("inf")
    kept, lost = [], []
    for name, value in list(ns.items()):
        if _ours(name, value, provided):
            continue
        if len(name) > 200:  # made with globals(); the host takes no such names
            lost.append(name[:50] + "…")
            continue
        module = isinstance(value, types.ModuleType)
        try:
            left = end - time.monotonic()
            if left < 0:
                raise TimeoutError
            data = _Bounded(budget)
            if module:
                data.write(value.__name__.encode())
            else:
                with within(left + SLACK):
                    cloudpickle.dump(value, data, protocol=5)
        except BaseException:
            lost.append(name)
            continue
        blob = data.getbuffer()
        budget -= len(blob)
        link.send("var", name=name, module_var=module, size=len(blob))
        link.send_bytes(blob)
        if not module:
            kept.append(name)
    for path in files(folder):
        size = _send_file(link, path, budget if time.monotonic() <= end else -1)
        if size < 0:
            lost.append(path)
        budget -= max(size, 0)
    link.send("dumped", kept=kept, lost=[n for n in lost if not n.startswith("_")])


@contextlib.contextmanager
def within(seconds):
    """Raise TimeoutError in the user's code that runs inside (__reduce__, __del__)
    when it takes longer, and again where it goes on."""

    def over(signum, frame):
        raise TimeoutError

    if seconds == float("inf"):
        yield
        return
    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


def _send_file(link, path, budget):
    """Send a file and return its size, or -1 if it is over the budget or unreadable."""
    try:
        path.encode()
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return -1
    with open(fd, "rb") as f:
        size = os.fstat(fd).st_size
        if size > budget or len(path.encode()) > 500:
            return -1
        link.send("var", name=path, work=True, size=size)
        left = size
        while left:
            # What shrinks meanwhile ends in zeros: the host was told how much comes.
            data = f.read(min(CHUNK, left)) or bytes(min(CHUNK, left))
            link.send_bytes(data)
            left -= len(data)
    return size


class _Bounded(io.BytesIO):
    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def write(self, data):
        if self.tell() + memoryview(data).nbytes > self.limit:
            raise OverflowError("over the limit")
        return super().write(data)


def load(link, ns, folder, count):
    """Take variables and files back as dump sent them."""
    import importlib
    import pickle

    kept, lost = [], []
    for _ in range(count):
        head = link.receive()
        name = head["name"]
        if head.get("work"):
            (kept if _take_file(link, folder, name, head["size"]) else lost).append(name)
            continue
        data = bytearray()
        while len(data) < head["size"]:
            data += link.receive()
        try:
            if head.get("module_var"):
                ns[name] = importlib.import_module(data.decode())
            else:
                ns[name] = pickle.loads(data)
                kept.append(name)
        except BaseException:
            if not head.get("module_var"):
                lost.append(name)
    sys.stdout.flush()
    link.send("loaded", kept=kept, lost=lost)


def _take_file(link, folder, path, size):
    """Write a file that comes in pieces, and tell whether that worked."""
    try:
        if not os.path.normpath(path).startswith(folder + "/"):
            raise ValueError(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        f = open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644), "wb")
    except (OSError, ValueError):
        f = None
    while size:
        data = link.receive()
        size -= len(data)
        try:
            if f:
                f.write(data)
        except OSError:  # the folder is full
            f.close()
            os.unlink(path)
            f = None
    if f:
        f.close()
    return f is not None
