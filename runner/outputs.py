"""Files that the code makes in the work folder, on their way to the user."""

import os
import stat
import time

MAX_FILES = 20
MAX_BYTES = 50 << 20
MAX_SEEN = 10_000  # entries looked at; more are not noticed
HURRY = 1  # second for all that after an interrupt: the host waits no longer than 3
_SKIP = ("__pycache__",)


class Outputs:
    """Sends each regular file that is new or changed since begin.

    Links, devices and FIFOs are never followed, hidden names never sent.
    """

    def __init__(self, link, folder):
        self.link, self.folder = link, folder
        self.before = {}  # None: it is not all that was there
        self.end = None  # when to stop looking and sending

    def begin(self):
        self.end = None
        found = dict(self._walk())
        self.before = None if self._late() else found

    def hurry(self):
        """The run was interrupted."""
        self.end = self.end or time.monotonic() + HURRY

    def _late(self):
        if self.link.interrupted:
            self.hurry()
        return self.end is not None and time.monotonic() > self.end

    def send(self):
        """Send the files and return what was not sent, as fields of "done"."""
        if self.before is None:
            return {}
        changed = [(s, p) for p, s in self._walk() if self.before.get(p) != s]
        changed.sort(key=lambda item: (item[0][0], item[1]))  # as they were made
        left = []
        sent = 0
        for (_, size, _), path in changed:
            name = os.path.relpath(path, self.folder)
            if sent == MAX_FILES:
                left.append({"name": name, "size": size, "why": "many"})
            elif size > MAX_BYTES:
                left.append({"name": name, "size": size, "why": "large"})
            elif self._late():
                left.append({"name": name, "size": size, "why": "stopped"})
            elif self._send(path, name, size):
                sent += 1
        return {"left": left[:100], "left_count": len(left)}

    def _send(self, path, name, size):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return False
            self.link.send_file(name, size, self._pieces(fd))
        finally:
            os.close(fd)
        return True

    def _pieces(self, fd):
        total = 0
        while total < MAX_BYTES:
            data = os.read(fd, min(256 << 10, MAX_BYTES - total))
            if not data:
                return
            yield None if self._late() else data
            total += len(data)
        if os.read(fd, 1):
            yield None  # it has grown meanwhile

    def _walk(self):
        """Yield (path, (mtime, size, inode)) of every regular file."""
        folders, seen = [self.folder], 0
        while folders:
            try:
                entries = os.scandir(folders.pop())
            except OSError:
                continue
            with entries:
                for e in entries:
                    seen += 1
                    if seen > MAX_SEEN or seen % 10 == 0 and self._late():
                        return
                    if e.name.startswith(".") or e.name in _SKIP:
                        continue
                    try:
                        if e.is_dir(follow_symlinks=False):
                            folders.append(e.path)
                        elif e.is_file(follow_symlinks=False):
                            s = e.stat(follow_symlinks=False)
                            yield e.path, (s.st_mtime_ns, s.st_size, s.st_ino)
                    except OSError:
                        continue
