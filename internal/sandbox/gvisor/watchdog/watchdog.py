"""Bounds the sandboxes of a host that died.

The host holds the other end of standard input. While it lives this process
sleeps. Afterwards the sandboxes in the host's folder keep their bound of
memory; what still computes when a cell's time is over is ended, and so is
everything when no new host has taken the folder away in time.
"""

import glob
import os
import signal
import sys
import time

folder, memory, own = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
cell_seconds, orphan_seconds = float(sys.argv[4]), float(sys.argv[5])
TICK = os.sysconf("SC_CLK_TCK")
files = {}  # pid: descriptor of the sandbox's memory file
tables = {}  # pid: bytes of its page tables


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def sandboxes():
    """Return the process ids of the sandboxes that live."""
    found = []
    for path in glob.glob(os.path.join(glob.escape(folder), "*", "pid")):
        pid = read(path).strip()
        name = os.path.basename(os.path.dirname(path)).encode()
        if pid.isdigit() and name in read(f"/proc/{int(pid)}/cmdline"):
            found.append(int(pid))
    return found


def held(pid):
    """Return the bytes of memory that a sandbox holds for its code."""
    if pid not in files:
        for fd in glob.glob(f"/proc/{pid}/fd/*"):
            try:
                if os.readlink(fd).startswith("/memfd:runsc-memory"):
                    files[pid] = os.open(fd, os.O_PATH)
                    break
            except OSError:
                pass
    n = os.fstat(files[pid]).st_blocks * 512 if pid in files else 0
    return n + max(in_status(pid, b"RssAnon:", b"VmSwap:") - own, 0) + tables.get(pid, 0)


def in_status(pid, *names):
    """Return the sum of numbers of bytes in the status of a process."""
    lines = (line.split() for line in read(f"/proc/{pid}/status").splitlines())
    return sum(int(words[1]) << 10 for words in lines if len(words) == 3 and words[0] in names)


def measure_tables(roots):
    """Measure the page tables of the sandboxes: of the children of each root."""
    total = dict.fromkeys(roots, 0)
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = read(f"/proc/{name}/stat").rpartition(b")")[2].split()
            if len(fields) > 1 and int(fields[1]) in total:
                total[int(fields[1])] += in_status(name, b"VmPTE:")
    return total


def seconds(roots):
    """Return the processor time of each root and all below it."""
    parent, used = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = read(f"/proc/{name}/stat").rpartition(b")")[2].split()
            if len(fields) > 15:
                parent[int(name)] = int(fields[1])
                used[int(name)] = sum(map(int, fields[11:15])) / TICK
    total = dict.fromkeys(roots, 0.0)
    for pid, n in used.items():
        while pid and pid not in total:
            pid = parent.get(pid, 0)
        if pid:
            total[pid] += n
    return total


def busy_share():
    """Return the share of a processor that only code which computes takes.

    Of a busy machine code gets less than one processor; a sandbox that waits
    takes up to 0.03 of one.
    """
    running = read("/proc/loadavg").partition(b"/")[0].split()[-1:]
    fair = min(1, (os.cpu_count() or 1) / max(int(running[0]), 1)) if running else 1
    return max(0.2 * fair, 0.05)


def end(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def main():
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    global tables
    died = time.monotonic()
    checked, before = died, {}
    measured = 0
    while os.path.isdir(folder):
        now = time.monotonic()
        live = sandboxes()
        if now - measured > 0.5:
            tables, measured = measure_tables(live), now
        for pid in live:
            if held(pid) > memory or now - died > orphan_seconds:
                end(pid)
        if not live:
            return
        if now - died > cell_seconds and now - checked > 2:
            used, share = seconds(live), busy_share()
            for pid, n in used.items():
                if pid in before and n - before[pid] > share * (now - checked):
                    end(pid)
            checked, before = now, used
        time.sleep(0.04)


main()
