"""What code leaves behind, or makes of Python's own functions, does not end its session."""

import os
import signal
import sys
import warnings

import pytest

from attache import cell, channel, session, state


class Endless:
    def __reduce__(self):
        while True:
            pass


@pytest.fixture
def link():
    link = channel.Channel(-1, -1)
    link.frames = []
    link.send = lambda op, **fields: link.frames.append({"op": op, **fields})
    link.send_bytes = lambda data: None
    return link


def test_a_variable_that_is_never_pickled_is_given_up(link, tmp_path, monkeypatch):
    monkeypatch.setattr(state, "SLACK", 0)
    state.dump(link, {"x": 1, "endless": Endless()}, {}, str(tmp_path), 0, 0.3)
    assert link.frames[-1]["op"] == "dumped" and link.frames[-1]["kept"] == ["x"] and link.frames[-1]["lost"] == ["endless"]


def test_what_never_ends_is_stopped_again():
    """A destructor that catches what stops it is stopped once more."""
    caught = 0

    def stubborn():
        nonlocal caught
        while caught < 2:
            try:
                while True:
                    pass
            except TimeoutError:
                caught += 1

    with state.within(0.01):
        stubborn()
    assert caught == 2


class Silent:
    def __str__(self):
        raise SystemExit(3)


class SilentError(Exception):
    __str__ = Silent.__str__


class Odd(FileNotFoundError):
    @property
    def asked(self):
        raise SystemExit


@pytest.fixture
def execute():
    link = channel.Channel(-1, -1)

    def explain(e):
        str(getattr(e, "asked", ""))

    yield lambda code, **names: cell.execute(code, names, "<cell 1>", link, print, explain)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize(
    "code, said",
    [
        ("import sys\nsys.exit(x())", "its str failed with SystemExit"),
        ("import sys\nsys.exit(10 ** 5000)", "its str failed with ValueError"),
        ("raise error()", "SilentError"),
        ("raise odd()", "Odd"),
    ],
)
def test_what_can_not_be_said(execute, code, said):
    outcome = execute(code, x=Silent, error=SilentError, odd=Odd)
    assert outcome["status"] == "error" and said in outcome["error"]


@pytest.fixture
def running(link, monkeypatch, tmp_path):
    """A session whose frames are kept."""
    monkeypatch.setattr(session, "WORK", str(tmp_path))
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    main, fds = sys.modules["__main__"], [os.dup(fd) for fd in range(3)]
    one = session.Session(link)
    one.console = session.console.Console()
    one.figures.save_open = lambda: None
    yield one
    sys.modules["__main__"] = main
    for fd, before in enumerate(fds):
        os.dup2(before, fd)
        os.close(before)


def test_a_run_that_fails_around_the_code(running, link, monkeypatch):
    def broken(*_):
        raise RuntimeError

    with monkeypatch.context() as m:
        m.setattr(os, "scandir", broken)
        running._do({"op": "run", "id": 7, "code": "x = 1"})
    assert link.frames[-1]["op"] == "done" and link.frames[-1]["id"] == 7
    assert link.frames[-1]["status"] == "error" and link.frames[-1]["error"] == f"{session.BROKEN} (RuntimeError)"
    running._do({"op": "run", "id": 8, "code": "x = 1"})
    assert link.frames[-1]["id"] == 8 and link.frames[-1]["status"] == "ok"


def test_warnings_of_a_process_that_the_code_forks(running, capfd):
    """It can't put them beside its result: they stand on its standard error, as in Python."""
    running.name = "<cell 1>"
    running.process = os.getppid()
    running._warn("careful", UserWarning, "<cell 1>", 2)
    sys.stderr.flush()
    assert not running.warnings and "<cell 1>:2: UserWarning: careful" in capfd.readouterr().err
    running.process = os.getpid()
    running._warn("careful", UserWarning, "<cell 1>", 2)
    assert running.warnings == ["line 2: UserWarning: careful"]


def test_warnings_of_what_is_read_apart(tmp_path):
    from attache.loaders import apart
    from attache.loaders.source import Source

    path = tmp_path / "t.bin"
    path.write_bytes(b"x")

    def read():
        warnings.warn("no default style", UserWarning)
        return os.getpid()

    def fail():
        warnings.warn("about to fail", FutureWarning)
        raise ValueError

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        assert apart.read(Source(path), read) != os.getpid()
        with pytest.raises(ValueError):
            apart.read(Source(path), fail)
    assert [(str(w.message), w.category) for w in found] == [("no default style", UserWarning), ("about to fail", FutureWarning)]
