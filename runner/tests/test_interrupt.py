"""An interrupt stops the run that it is meant for, whenever it comes, and no other."""

import json
import os
import signal
import struct
import sys
import threading
import types

import pytest

from attache import cell, channel, outputs, session


@pytest.fixture
def link(monkeypatch):
    """A link whose frames are kept: dicts, and bytes."""
    before = signal.getsignal(signal.SIGINT)
    link = channel.Channel(-1, -1)
    link.frames = []
    link.at = {}  # what is done after so many frames

    def write(kind, payload):
        link.frames.append(json.loads(payload) if kind == b"J" else bytes(payload))
        link.at.get(len(link.frames), lambda: None)()

    monkeypatch.setattr(link, "_write", write)
    link.listen()
    yield link
    signal.signal(signal.SIGINT, before)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def ran(link, code=lambda: None):
    """Whether code came to its end."""
    try:
        with link.running():
            code()
    except KeyboardInterrupt:
        return False
    return True


def test_while_code_runs(link):
    assert not ran(link, interrupt)
    assert ran(link)


def test_while_a_command_runs(link):
    threading.Timer(0.2, interrupt).start()
    assert not ran(link, lambda: cell.system("sleep 20"))
    for command in ["exit 3", b"exit 0", "kill -9 $$"]:
        assert cell.system(command) == os.system(command)


def test_before_the_code_begins(link):
    interrupt()
    assert not ran(link)
    assert ran(link)


def test_in_a_frame_before_the_code(link):
    with link.shield():
        interrupt()
    assert not ran(link)


def test_after_the_code_and_settled(link):
    assert ran(link)
    interrupt()
    link.settle()
    assert ran(link)


def test_between_the_code_and_its_charts(link):
    assert ran(link)
    interrupt()
    assert not ran(link)


def swallowed():
    """As C code does that was interrupted while it looked at its arguments."""
    try:
        interrupt()
    except KeyboardInterrupt:
        raise TypeError("incompatible function arguments") from None


def test_another_error_made_of_it(link):
    outcome = cell.execute("swallowed()", {"swallowed": swallowed}, "<cell 1>", link, print, print)
    assert outcome["status"] == "interrupted" and "incompatible" in outcome["error"]
    outcome = cell.execute("raise TypeError('its own')", {}, "<cell 2>", link, print, print)
    assert outcome["status"] == "error"


@pytest.mark.parametrize("draw, status", [(swallowed, "interrupted"), (lambda: 1 / 0, "error")])
def test_another_error_made_of_it_in_a_chart(link, draw, status):
    class Drawing(session.Session):
        def __init__(self):
            self.link = link
            self.figures = types.SimpleNamespace(save_open=draw)

    assert Drawing()._finish()["status"] == status


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL, lambda *_: None])
def test_a_handler_of_the_code_ends_with_it(link, handler):
    assert ran(link, lambda: signal.signal(signal.SIGINT, handler))
    interrupt()
    assert not ran(link)


def test_a_file_is_sent_whole(link):
    link.at[2] = interrupt
    assert not ran(link, lambda: link.send_file("x", 2, [b"a", b"b"]))
    assert [f["op"] if isinstance(f, dict) else f for f in link.frames] == ["file", b"a", b"b", "file_end"]


def test_a_question_is_not_torn(link, monkeypatch):
    first = link.next_request + 1
    replies = [{"id": first, "name": "first"}, {"id": first + 1, "name": "second"}]
    frames = [struct.pack(">I", len(data) + 1) + b"J" + data for data in (json.dumps(r).encode() for r in replies)]
    data = bytearray(b"".join(frames))

    def read(n):
        part, data[:n] = bytes(data[:n]), b""
        interrupt()
        return part

    monkeypatch.setattr(link, "_read", read)
    assert not ran(link, lambda: link.ask("file"))
    link.settle()
    monkeypatch.setattr(link, "_read", lambda n: (bytes(data[:n]), data.__delitem__(slice(n)))[0])
    assert link.ask("file")["name"] == "second"


def numbered(folder, count, size=1):
    for i in range(count):
        (folder / f"{i:04}.txt").write_bytes(b"x" * size)


def test_files_after_a_stop(link, tmp_path, monkeypatch):
    out = outputs.Outputs(link, str(tmp_path))
    out.begin()
    numbered(tmp_path, 3)
    out.hurry()
    assert out.send() == {"left": [], "left_count": 0}
    assert [f["name"] for f in link.frames if isinstance(f, dict) and f["op"] == "file"] == ["0000.txt", "0001.txt", "0002.txt"]

    # No more of them than there is time for, and those that are not sent are named.
    out.begin()
    numbered(tmp_path, 3, 2)
    monkeypatch.setattr(outputs, "HURRY", -1)
    out.hurry()
    left = out.send()
    assert [f["name"] for f in left["left"]] == ["0000.txt", "0001.txt", "0002.txt"] and left["left_count"] == 3
    assert {f["why"] for f in left["left"]} == {"stopped"}


def test_a_stop_in_a_file(link, tmp_path, monkeypatch):
    monkeypatch.setattr(outputs, "HURRY", -1)
    out = outputs.Outputs(link, str(tmp_path))
    out.begin()
    numbered(tmp_path, 2, 3 << 18)
    link.at[2] = interrupt
    left = out.send()
    assert [f["name"] for f in left["left"]] == ["0001.txt"]
    assert link.frames[-1] == {"op": "file_end", "size": -1}  # so that it is not taken for the whole
    assert sum(len(f) for f in link.frames if isinstance(f, bytes)) == 1 << 18
    assert not ran(link)


def test_a_stop_while_looking(link, tmp_path, monkeypatch):
    numbered(tmp_path, 300)
    out = outputs.Outputs(link, str(tmp_path))
    monkeypatch.setattr(outputs, "HURRY", -1)
    interrupt()
    out.begin()
    assert not ran(link)
    # What was not looked at is not new.
    assert out.send() == {} and link.frames == []
    monkeypatch.setattr(outputs, "HURRY", 1)
    out.begin()
    numbered(tmp_path, 1, 5)
    out.send()
    assert [f["name"] for f in link.frames if isinstance(f, dict) and f["op"] == "file"] == ["0000.txt"]


def test_time_for_looking_ends(link, tmp_path, monkeypatch):
    numbered(tmp_path, 5000)
    monkeypatch.setattr(outputs, "HURRY", 0)
    out = outputs.Outputs(link, str(tmp_path))
    out.hurry()
    assert len(dict(out._walk())) < 200


def test_a_slow_look_ends_in_time(link, tmp_path, monkeypatch):
    """Threads that the code left may make each call take 50 ms."""
    numbered(tmp_path, 200)
    now = iter(range(1000))
    monkeypatch.setattr(outputs.time, "monotonic", lambda: next(now) / 2)
    out = outputs.Outputs(link, str(tmp_path))
    out.hurry()
    assert len(dict(out._walk())) < 50


class Pipes:
    """A link over real pipes, and the host at their other end."""

    def __init__(self):
        theirs, self.wfd = os.pipe()
        self.rfd, ours = os.pipe()
        self.link = channel.Channel(theirs, ours)

    def say(self, **fields):
        data = json.dumps(fields).encode()
        os.write(self.wfd, struct.pack(">I", len(data) + 1) + b"J" + data)

    def hear(self):
        frame = self._exactly(struct.unpack(">I", self._exactly(4))[0])
        return json.loads(frame[1:]) if frame[:1] == b"J" else frame[1:]

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            data += os.read(self.rfd, n - len(data))
        return data


def in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()), daemon=True)
    thread.start()

    def wait():
        thread.join(30)
        return found[0]

    return wait


def test_a_thread_that_asks_takes_no_command():
    """Code leaves a thread that waits for an answer: the next run comes all the same."""
    host = Pipes()
    answer = in_thread(lambda: host.link.ask("list")["files"])
    asked = host.hear()
    host.say(op="run", id=asked["id"])
    host.say(op="tidy")
    command = in_thread(host.link.receive)
    assert command()["op"] == "run"
    assert in_thread(host.link.receive)()["op"] == "tidy"
    host.say(id=asked["id"], files=["a"])
    assert answer() == ["a"]


def test_threads_that_ask_get_their_own_answers():
    host = Pipes()
    answers = [in_thread(lambda n=n: host.link.ask("stat", file=n)["file"]) for n in range(8)]
    asked = [host.hear() for _ in answers]
    for frame in reversed(asked):
        host.say(id=frame["id"], file=frame["file"])
    assert [answer() for answer in answers] == list(range(8))


def test_processes_that_ask_get_their_own_answers():
    host = Pipes()

    def ask(n):
        for i in range(40):
            host.link.send("show", text="x" * 100_000)  # more than a pipe takes at once
            if host.link.ask("stat", file=[n, i])["file"] != [n, i]:
                os._exit(1)
        os._exit(0)

    children = []
    for n in range(4):
        children.append(os.fork())
        if not children[-1]:
            ask(n)
    heard = 0
    while heard < 4 * 40:
        frame = host.hear()
        if frame["op"] == "ask":
            heard += 1
            host.say(id=frame["id"], file=frame["file"])
        else:
            assert frame == {"op": "show", "text": "x" * 100_000}
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4


def test_a_stop_as_the_code_ends(link):
    """It may come when the code is done, and is still said to be interruptible."""

    def at_the_end(frame, event, arg):
        if frame.f_code is not channel.Channel.running.__wrapped__.__code__:
            return None
        return stop

    def stop(frame, event, arg):
        if event == "line" and link.done:
            link.done = False
            sys.settrace(None)
            interrupt()
        return stop

    def code():
        link.done = True

    link.done = False
    sys.settrace(at_the_end)
    try:
        assert not ran(link, code)
    finally:
        sys.settrace(None)
    link.settle()
    interrupt()  # meant for what comes next, it harms nothing of ours
    link.settle()
    assert ran(link)


def test_a_timer_of_the_code_ends_with_it(link):
    assert ran(link, lambda: signal.setitimer(signal.ITIMER_REAL, 1000, 1000))
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_handler_of_the_code_is_called_in_it_alone(link):
    def handler(signum, frame):
        raise TimeoutError

    before = signal.getsignal(signal.SIGUSR1)
    try:
        assert ran(link, lambda: signal.signal(signal.SIGUSR1, handler))
        os.kill(os.getpid(), signal.SIGUSR1)
        with pytest.raises(TimeoutError):
            ran(link, lambda: os.kill(os.getpid(), signal.SIGUSR1))
        os.kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_file_that_can_not_be_read_is_ended(link):
    def pieces():
        yield b"a"
        raise OSError

    with pytest.raises(OSError):
        link.send_file("x", 2, pieces())
    assert link.frames[-1] == {"op": "file_end", "size": -1}


def test_a_file_that_grows_beyond_the_bound_is_not_taken_for_the_whole(link, tmp_path, monkeypatch):
    monkeypatch.setattr(outputs, "MAX_BYTES", 1 << 18)
    out = outputs.Outputs(link, str(tmp_path))
    out.begin()
    path = tmp_path / "x"
    path.write_bytes(b"x" * (1 << 18))
    link.at[1] = lambda: path.write_bytes(b"x" * (1 << 19))
    out.send()
    assert link.frames[-1] == {"op": "file_end", "size": -1}
