"""The variables of a session as pickles, for when its image can't be kept."""

import io
import sys
import time
import types


def names(ns, provided):
    """The user's variables, without modules and what we provide."""
    return [n for n, v in ns.items() if _ours(n, v, provided) is False and not isinstance(v, types.ModuleType)]


def _ours(name, value, provided):
    return name.startswith("_") or provided.get(name, _NOTHING) is value


_NOTHING = object()


def dump(link, ns, provided, max_bytes, seconds):
    """Send each variable that can be pickled within the bounds, smallest
    pickles not known beforehand: in the order of definition."""
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
            if time.monotonic() > end:
                raise TimeoutError
            data = _Bounded(budget)
            if module:
                data.write(value.__name__.encode())
            else:
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
    link.send("dumped", kept=kept, lost=[n for n in lost if not n.startswith("_")])


class _Bounded(io.BytesIO):
    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def write(self, data):
        if self.tell() + memoryview(data).nbytes > self.limit:
            raise OverflowError("over the limit")
        return super().write(data)


def load(link, ns, count):
    """Take variables back as dump sent them."""
    import importlib
    import pickle

    kept, lost = [], []
    for _ in range(count):
        head = link.receive()
        data = bytearray()
        while len(data) < head["size"]:
            data += link.receive()
        name = head["name"]
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
