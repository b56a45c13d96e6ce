"""Files that the code makes in the work folder, on their way to the user."""

import os
import stat

MAX_FILES = 20
MAX_BYTES = 50 << 20
MAX_SEEN = 10_000  # entries looked at; more are not noticed
_SKIP = ("__pycache__",)


class Outputs:
    """Sends each regular file that is new or changed since begin.

    Links, devices and FIFOs are never followed, hidden names never sent.
    """

    def __init__(self, link, folder):
        self.link, self.folder = link, folder
        self.before = {}

    def begin(self):
        self.before = dict(self._walk())

    def send(self):
        """Send the files and return what was not sent, as fields of "done"."""
        changed = [(s, p) for p, s in self._walk() if self.before.get(p) != s]
        changed.sort(key=lambda item: (item[0][0], item[1]))  # as they were made
        left = []
        sent = 0
        for (_, size, _), path in changed:
            name = os.path.relpath(path, self.folder)
            if sent == MAX_FILES:
                left.append({"name": name, "size": size, "why": f"only {MAX_FILES} files of a run are sent"})
            elif size > MAX_BYTES:
                left.append({"name": name, "size": size, "why": f"over {MAX_BYTES >> 20} MB"})
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
            self.link.send("file", name=name, size=size)
            total = 0
            while total < MAX_BYTES:
                data = os.read(fd, min(256 << 10, MAX_BYTES - total))
                if not data:
                    break
                total += len(data)
                self.link.send_bytes(data)
            self.link.send("file_end", size=total)
        finally:
            os.close(fd)
        return True

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
                    if seen > MAX_SEEN:
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
