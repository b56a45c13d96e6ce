"""One session: the namespace that lasts, and the host's commands."""

import builtins
import contextlib
import gc
import os
import signal
import sys
import threading
import time
import types
import warnings

from attache import cell, console, display, figures, imports, interactive, library, outputs, state, tools

WORK = "/work"
BROKEN = "The session failed around the code: its memory is full, or code has changed Python's own functions"


class Session:
    def __init__(self, link):
        self.link = link
        self.process = os.getpid()
        self.warnings = []
        self.baseline_threads = 0
        # User code is the module __main__, so that pickle, dataclasses and
        # multiprocessing find what it defines.
        self.module = types.ModuleType("__main__")
        self.ns = self.module.__dict__
        self.ns["__builtins__"] = builtins
        sys.modules["__main__"] = self.module
        self.tables = display.Displays(link)
        self.library = library.Library(link, self.tables.show)
        self.figures = figures.Figures(self.ns)
        self.outputs = outputs.Outputs(link, WORK)
        self.imports = imports.Importer(link, self.ns)
        self.provided = {**self.library.names(), "display": self.tables.show}
        self.ns.update(self.provided)
        tools.install(link, self.provided)
        self.commands = {
            "wake": self.wake,
            "run": self.run,
            "dump": self.dump,
            "load": self.load,
            "tidy": self.tidy,
            "settle": lambda command: self.link.settle(),
        }

    def serve(self):
        """Answer the host's commands for ever. An idle process waits here, also
        while it is checkpointed."""
        os.chdir(WORK)
        os.system = cell.system
        self.console = console.Console()
        self.console.install()
        self.link.listen()
        self.figures.install()
        self.imports.install()
        interactive.install(self.tables.show)
        gc.collect()
        gc.freeze()
        self.link.send("ready", memory=_virtual_memory())
        while True:
            command = self.link.receive()
            if isinstance(command, dict) and command.get("op") in self.commands:
                self._do(command)

    def _do(self, command):
        """Do what the host commands. Where code has changed Python's own functions,
        that may fail; it does not end the session."""
        try:
            self.commands[command["op"]](command)
        except BaseException as e:
            if command["op"] in ("wake", "load"):
                raise  # there is nothing to keep
            if command["op"] == "run":
                self.link.send("done", id=command["id"], status="error", error=f"{BROKEN} ({type(e).__name__})")

    def wake(self, command):
        """Become a new session, or the old one again, after a restore.

        All sessions come from one snapshot, so whatever is random is seeded
        anew from the kernel, and the host's time zone and limits are taken.
        """
        import random
        import tempfile

        import numpy

        self.link.settle()  # who adopts a sandbox stops what runs in it
        if command.get("new", True):
            random.seed()
            numpy.random.seed(list(os.urandom(64)))
        tempfile._name_sequence = None
        if "ssl" in sys.modules:
            sys.modules["ssl"].RAND_add(os.urandom(64), 64.0)
        if command.get("timezone"):
            os.environ["TZ"] = command["timezone"]
            time.tzset()
        _limit_memory(command.get("memory", 0))
        interactive.limit = command.get("limit", 0)
        self.imports.use(command.get("packages", []))
        self.baseline_threads = _threads()
        self.link.send("awake")

    def run(self, command):
        self.warnings.clear()
        self.imports.begin()
        self.console.begin()
        with _first():
            self.outputs.begin()
        self.tables.begin()
        # Each run gets the names that we provide back, whatever the last one did to them.
        self.ns.update({k: v for k, v in self.provided.items() if k not in self.ns})
        with warnings.catch_warnings():
            warnings.showwarning = self._warn
            self.name = f"<cell {command['id']}>"
            apart = self._program(command)
            outcome = cell.execute(command["code"], self.ns, self.name, self.link, self.tables.show_value, self.library.explain)
            if os.getpid() != self.process:
                self._leave(outcome)
            if apart and outcome.get("said"):
                with contextlib.suppress(BaseException):  # of a standard error that is the code's own
                    print(outcome["said"], file=sys.stderr or self.console.err)  # as Python itself does
            if outcome["status"] != "interrupted":
                outcome.update(self._finish())
        if outcome["status"] == "interrupted":
            self.outputs.hurry()
        with _first():
            self.console.end()
            _kill_children()
            if apart:
                apart.end()
                self.console.no_input()
            left = self.outputs.send()
            self.link.settle()  # what comes from here on, the host settles
            self.link.send(
                "done",
                id=command["id"],
                warnings=self.warnings[:20],
                threads=_threads() - self.baseline_threads,
                **outcome,
                **left,
            )

    def _leave(self, outcome):
        """End a process that the code forked and that came to the end of the code."""
        try:
            if said := outcome.get("said", outcome.get("error")):
                print(said, file=sys.stderr)
            self.console.end()
        finally:
            os._exit(outcome.get("exit", int(outcome["status"] != "ok")))

    def _program(self, command):
        """Make of the code a program, if it has arguments."""
        self.ns.pop("__file__", None)
        if not command.get("argv"):
            return None
        sys.argv = [str(a) for a in command["argv"]]
        self.name = "<stdin>"
        if sys.argv[0] != "-":
            self.name = self.ns["__file__"] = os.path.join(WORK, sys.argv[0])
        sys.stdin = console.typed(self.link)
        return console.Apart(self.link, self.console.own[2])

    def _finish(self):
        """Save the figures that are open. Their drawing is the user's doing as
        well: it may fail."""
        try:
            with self.link.running():
                self.figures.save_open()
        except BaseException as e:
            if self.link.delivered or isinstance(e, KeyboardInterrupt):  # C code makes other errors of it
                return {"status": "interrupted", "error": "KeyboardInterrupt"}
            return {"status": "error", "error": f"The chart could not be drawn: {type(e).__name__}: {cell.words(e)}"}
        return {}

    def dump(self, command):
        state.dump(self.link, self.ns, self.provided, WORK, command.get("max_bytes", 0), command.get("seconds", 0))

    def load(self, command):
        self.imports.use(command.get("packages", []))
        state.load(self.link, self.ns, WORK, command["count"])

    def tidy(self, command):
        """Give freed memory back before a checkpoint."""
        import ctypes

        with state.within(2):
            gc.collect()
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (OSError, AttributeError):
            pass
        self.link.send("tidied", names=state.names(self.ns, self.provided) + state.files(WORK))

    def _warn(self, message, category, filename, lineno, file=None, line=None):
        if os.getpid() != self.process:  # forked by the code: what it notes goes with it
            (sys.stderr or self.console.err).write(warnings.formatwarning(message, category, filename, lineno, line))
            return
        where = f"line {lineno}: " if filename == self.name or filename.startswith("<cell") else ""
        text = f"{where}{category.__name__}: {message}"
        if text not in self.warnings and len(self.warnings) < 50:
            self.warnings.append(text[:1000])


@contextlib.contextmanager
def _first():
    """Let this thread have its turn soon, however many others the code left."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _kill_children():
    """End every process that the code left behind: it is the only init here."""
    if os.getpid() != 1:
        return
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return
    try:
        while os.waitpid(-1, 0):
            pass
    except ChildProcessError:
        pass


def _threads():
    return len(os.listdir("/proc/self/task"))


def _virtual_memory():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _limit_memory(room):
    """Let the process map room bytes more than it has now, so that a runaway
    array is a MemoryError and not the end of the session."""
    if not room:
        return
    import resource

    limit = _virtual_memory() + room
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
