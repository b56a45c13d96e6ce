"""The link to the host: length-prefixed frames over two pipes.

A frame is a 4-byte big-endian length, one type byte and the payload: ``J`` is
a JSON object with an ``op``, ``B`` is bytes that belong to the ``op`` before.
The pipes are what the process got as fds 0 and 1; they are moved away, so that
ordinary input and output (C code and children included) never meet a frame:
fd 0 becomes /dev/null, fd 1 the same pipe as fd 2, which the host reads as the
program's output.
"""

import contextlib
import errno
import json
import os
import select
import signal
import struct
import threading
import time

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
        # Threads of the user's code may ask for files too. Whoever reads holds
        # the lock, so one exchange at a time has the pipes.
        self.lock = threading.RLock()
        self.next_request = 0
        self.interruptible = False  # user code runs
        self.shielded = 0  # the main thread is inside a frame
        self.interrupted = False  # SIGINT came, and user code has not had it yet

    def send(self, op, **fields):
        fields["op"] = op
        payload = json.dumps(fields, default=str).encode("utf-8", "replace")
        with self.shield(), self.lock:
            self._write(b"J", payload)

    def send_bytes(self, data):
        view = memoryview(data)
        for i in range(0, len(view), CHUNK):
            with self.shield(), self.lock:
                self._write(b"B", view[i : i + CHUNK])

    def send_file(self, name, size, pieces):
        """Send a file as a whole, between the frames of nobody else. A piece that
        is None tells the host that the rest is missing."""
        with self.shield(), self.lock:
            self.send("file", name=name, size=size)
            total = 0
            for piece in pieces:
                if piece is None:
                    total = -1
                    break
                self.send_bytes(piece)
                total += len(piece)
            self.send("file_end", size=total)

    def receive(self):
        """Return the next frame: a dict for J, bytes for B."""
        with self.shield(), self.lock:
            while True:
                try:
                    return self._read_frame()
                except _HostGone:
                    self._await_host()

    def ask(self, what, **fields):
        """Ask the host for something and wait for its answer, a dict.

        Raises HostError with the host's sentence when it says no.
        """
        with self.shield(), self.lock:
            self.next_request += 1
            self.send("ask", id=self.next_request, what=what, **fields)
            while True:
                try:
                    reply = self._read_frame()
                except _HostGone:
                    raise HostError("the connection to the assistant broke") from None
                if isinstance(reply, dict) and reply.get("id") == self.next_request:
                    break
        if reply.get("error"):
            raise HostError(reply["error"])
        return reply

    def on_interrupt(self, signum=None, frame=None):
        """The SIGINT handler: user code gets a KeyboardInterrupt. A frame in
        progress is finished first; where none runs, the next one begins with it."""
        self.interrupted = True
        self._deliver()

    def settle(self):
        """Forget an interrupt: the run that it was meant for is over."""
        self.interrupted = False

    @contextlib.contextmanager
    def running(self):
        """User code runs inside: it can be interrupted."""
        self.listen()
        self.interruptible = True
        try:
            self._deliver()
            yield
        finally:
            self.interruptible = False
            self.listen()

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
            raise KeyboardInterrupt

    def _read_frame(self):
        n = struct.unpack(">I", self._read(4))[0]
        frame = self._read(n)
        return json.loads(frame[1:]) if frame[:1] == b"J" else frame[1:]

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
        self._write_all(struct.pack(">I", len(payload) + 1) + kind)
        self._write_all(payload)

    def _write_all(self, data):
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.wfd, view) :]
            except OSError as e:
                # The host is gone. What is said now is lost, but the session
                # lives on until another host takes it over.
                if e.errno != errno.EPIPE:
                    raise
                return

    def _read(self, n):
        data = bytearray()
        while len(data) < n:
            part = os.read(self.rfd, min(n - len(data), CHUNK))
            if not part:
                raise _HostGone
            data += part
        return bytes(data)


def take_over():
    """Move the pipes away from fds 0 and 1 and return the channel."""
    rfd = os.dup(0)
    wfd = os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return Channel(rfd, wfd)
