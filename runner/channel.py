"""The link to the host: length-prefixed frames over two pipes.

A frame is a 4-byte big-endian length, one type byte and the payload: ``J`` is
a JSON object with an ``op``, ``B`` is bytes that belong to the ``op`` before.
The pipes are what the process got as fds 0 and 1; they are moved away, so that
ordinary input and output (C code and children included) never meet a frame:
fd 0 becomes /dev/null, fd 1 the same pipe as fd 2, which the host reads as the
program's output.
"""

import collections
import contextlib
import errno
import fcntl
import os
import select
import signal
import threading
import time

# By their names: code may put other functions in their places in the modules.
from json import dumps, loads
from os import read, write
from struct import pack, unpack

CHUNK = 256 << 10  # bytes of a B frame; the host refuses frames over 1 MiB
ORPHAN_SECONDS = 600  # how long a process waits for a new host after the old one died


class HostError(RuntimeError):
    """The host declined; the text says why in one sentence."""


class _HostGone(Exception):
    pass


class Channel:
    """Frames in both directions, and the interrupts that must not tear them."""

    def __init__(self, rfd, wfd):
        self.rfd, self.wfd = rfd, wfd
        self.turn = os.memfd_create("turn")  # whose lock has the process that speaks with the host
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        self.interruptible = False  # user code runs
        self.shielded = 0  # the main thread is inside a frame
        self.interrupted = False  # SIGINT came, and user code has not had it yet
        self.delivered = False  # the user code that runs, or ran last, has had it
        self.handlers = {}  # of the user's code, by signal, while it does not run

    def _begin(self):
        """Begin in this process: what its parent's threads were at is not its own."""
        self.lock = threading.RLock()  # of the thread that writes
        self.arrived = threading.Condition()  # guards what follows
        self.speaking = 0  # threads that want no other process to speak
        self.reading = False  # a thread waits for the next frame
        self.commands = collections.deque()  # frames for the main thread
        self.replies = {}  # to questions that are open, by id; None: not there yet
        self.next_request = os.getpid() << 32  # no other process has the same

    def send(self, op, **fields):
        fields["op"] = op
        payload = dumps(fields, default=str).encode("utf-8", "replace")
        with self.shield(), self.lock, self._alone():
            self._write(b"J", payload)

    def send_bytes(self, data):
        view = memoryview(data)
        for i in range(0, len(view), CHUNK):
            with self.shield(), self.lock, self._alone():
                self._write(b"B", view[i : i + CHUNK])

    def send_file(self, name, size, pieces):
        """Send a file as a whole, between the frames of nobody else. Where a piece
        is None, or can't be had, the host is told that the rest is missing."""
        with self.shield(), self.lock, self._alone():
            self.send("file", name=name, size=size)
            total, whole = 0, False
            try:
                for piece in pieces:
                    if piece is None:
                        break
                    self.send_bytes(piece)
                    total += len(piece)
                else:
                    whole = True
            finally:
                self.send("file_end", size=total if whole else -1)

    def receive(self):
        """Return the next frame that answers nothing: a dict for J, bytes for B."""
        with self.shield():
            while True:
                try:
                    return self._await(lambda: self.commands.popleft() if self.commands else None)
                except _HostGone:
                    self._await_host()

    def ask(self, what, **fields):
        """Ask the host for something and wait for its answer, a dict. Any thread may,
        and any process that the code has forked.

        Raises HostError with the host's sentence when it says no.
        """
        with self.shield(), self._alone():
            with self.arrived:
                self.next_request += 1
                request = self.next_request
                self.replies[request] = None
            try:
                self.send("ask", id=request, what=what, **fields)
                reply = self._await(lambda: self.replies[request])
            except _HostGone:
                raise HostError("the connection to the assistant broke") from None
            finally:
                with self.arrived:
                    del self.replies[request]
        if reply.get("error"):
            raise HostError(reply["error"])
        return reply

    def _await(self, take):
        """Return what take finds among the frames that came. One of the threads that
        wait reads the next one, whosever it is."""
        while True:
            with self.arrived:
                while (found := take()) is None and self.reading:
                    self.arrived.wait()
                if found is not None:
                    return found
                self.reading = True
            frame = None
            try:
                frame = self._read_frame()
            finally:
                with self.arrived:
                    self.reading = False
                    self._sort(frame)
                    self.arrived.notify_all()

    def _sort(self, frame):
        if isinstance(frame, dict) and "op" not in frame:
            if frame.get("id") in self.replies:
                self.replies[frame["id"]] = frame
        elif frame is not None:
            self.commands.append(frame)

    @contextlib.contextmanager
    def _alone(self):
        """No other process speaks with the host meanwhile; threads of this one may."""
        with self.arrived:
            if not self.speaking:
                fcntl.lockf(self.turn, fcntl.LOCK_EX)
            self.speaking += 1
        try:
            yield
        finally:
            with self.arrived:
                self.speaking -= 1
                if not self.speaking:
                    fcntl.lockf(self.turn, fcntl.LOCK_UN)

    def on_interrupt(self, signum=None, frame=None):
        """The SIGINT handler: user code gets a KeyboardInterrupt. A frame in
        progress is finished first; where none runs, the next one begins with it."""
        self.interrupted = True
        self._deliver()

    def settle(self):
        """Forget an interrupt: the run that it was meant for is over. One that came
        just as its code ended may have left it interruptible."""
        self.interrupted = self.interruptible = False

    @contextlib.contextmanager
    def running(self):
        """User code runs inside: it can be interrupted. Its timers end with it, and
        its handlers of signals are called in it alone."""
        self.listen()
        self.delivered = False
        self.interruptible = True
        try:
            for number, handler in self.handlers.items():
                signal.signal(number, handler)
            self._deliver()
            yield
        finally:
            self.interruptible = False
            for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
                signal.setitimer(timer, 0)
            self.listen()
            self.handlers = {n: signal.getsignal(n) for n in signal.valid_signals() if n != signal.SIGINT and callable(signal.getsignal(n))}
            for number in self.handlers:
                signal.signal(number, _unheard)

    def listen(self):
        """Have interrupts arrive, whatever user code made of the signal."""
        signal.signal(signal.SIGINT, self.on_interrupt)

    @contextlib.contextmanager
    def shield(self):
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self.shielded += 1
        try:
            yield
        finally:
            self.shielded -= 1
            self._deliver()

    def _deliver(self):
        if self.interrupted and self.interruptible and not self.shielded:
            self.interrupted = False
            self.delivered = True
            raise KeyboardInterrupt

    def _read_frame(self):
        n = unpack(">I", self._read(4))[0]
        frame = self._read(n)
        return loads(frame[1:]) if frame[:1] == b"J" else frame[1:]

    def _await_host(self):
        # A checkpoint of this process, restored with new pipes, goes on here:
        # a pipe whose other end is closed reports POLLHUP, a new one does not.
        poll = select.poll()
        poll.register(self.rfd, select.POLLIN)
        end = time.monotonic() + ORPHAN_SECONDS
        while time.monotonic() < end:
            events = poll.poll(0)
            if not events or events[0][1] & select.POLLIN:
                return
            time.sleep(0.02)
        os._exit(3)

    def _write(self, kind, payload):
        self._write_all(pack(">I", len(payload) + 1) + kind)
        self._write_all(payload)

    def _write_all(self, data):
        view = memoryview(data)
        while view:
            try:
                view = view[write(self.wfd, view) :]
            except OSError as e:
                # The host is gone. What is said now is lost, but the session
                # lives on until another host takes it over.
                if e.errno != errno.EPIPE:
                    raise
                return

    def _read(self, n):
        data = bytearray()
        while len(data) < n:
            part = read(self.rfd, min(n - len(data), CHUNK))
            if not part:
                raise _HostGone
            data += part
        return bytes(data)


def _unheard(signum, frame):
    pass


def take_over():
    """Move the pipes away from fds 0 and 1 and return the channel."""
    rfd = os.dup(0)
    wfd = os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return Channel(rfd, wfd)
