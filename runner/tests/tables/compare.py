"""Loads every file of a folder and compares it, cell by cell, with what a second reader says.

    python compare.py FOLDER [--dialects DIR] [--step N] [--kinds csv,excel,…] [--show N]

The second readers are in second.py; tables in text are compared with csv.reader, to which DIALECTS tells how they are
written: it holds a JSON NAME.json or NAME_dialect.json for each, with "dialect": {"delimiter", "quotechar",
"escapechar"}, as the survey of the Pollock benchmark does; without it they are plain CSV or TSV.
A file is the same when all cells are; it is explained when a line was told; it may be refused by one
sentence; it has no second reader; else it is named as different in silence. Each file is read in a process of its own.
"""

import argparse
import collections
import contextlib
import csv
import glob
import importlib
import io
import json
import os
import pickle
import re
import select
import signal
import warnings

import readers
import score
import second

RUNNER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECONDS = 60  # for a file


def rows_of_text(path, dialect):
    """The rows of csv.reader."""
    with open(path, "rb") as f:
        data = f.read()
    for codec in ("utf-8-sig", "cp1252", "latin-1"):
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(codec)
            break
    quote, escape = dialect.get("quotechar") or "", dialect.get("escapechar") or ""
    options = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    if len(escape) == 1 and escape != quote:
        options["escapechar"] = escape
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=(dialect.get("delimiter") or "\x1f")[0], **options))


def plain(rows):
    """Rows without what no reader keeps: blank rows, blanks at the ends of cells, blank cells at the ends of rows."""
    out = []
    for r in rows:
        r = [" ".join(c.split()) for c in r]
        while r and not r[-1]:
            r.pop()
        if r:
            out.append(r)
    return out


def same_rows(ours, theirs):
    """Whether the data rows are equal; names were made unique, or for empty ones made up."""
    return ours[1:] in (theirs, theirs[1:]) or ours == theirs


def same(what, ours, theirs, kind=""):
    if kind == "presentation":
        return not theirs - ours  # charts, notes and drawings are read only here
    if what == "members":
        return all(ours.get(k) == v for k, v in theirs.items())
    if what == "tree":
        return ours == theirs or meant(ours) == meant(theirs)
    if what != "rows":
        return ours == theirs
    ours, theirs = plain(ours), plain(theirs)
    if same_rows(ours, theirs):
        return True
    # Blank columns go, a text may be a date, and names are made unique or, for empty ones, made up.
    bag = lambda rows: collections.Counter(score.meaning(c) for r in rows for c in r if c)
    known = set(bag(theirs))
    made = {c for c in bag(ours) - bag(theirs) if not c.startswith("unnamed: ") and c.rpartition(".")[0] not in known}
    return not bag(theirs) - bag(ours) - collections.Counter({"": 1 << 30}) and not made


def meant(tree):
    """A tree with the meanings of its leaves: a text may be a date; names come in any order."""
    if isinstance(tree, dict):
        return {k: meant(v) for k, v in tree.items()}
    return list(map(meant, tree)) if isinstance(tree, list) else score.meaning(re.sub(r"^(\d{4}-\d\d-\d\d)T([\d:.]+)Z$", r"\1 \2", tree))


def judge(path, dialects):
    """(verdict, words) of one file."""
    from attache import loaders

    name = os.path.basename(path)
    said = io.StringIO()
    kind = "?"
    try:
        with contextlib.redirect_stderr(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            src = loaders.Source(path)
            kind = loaders.decide(src)
            if kind in ("csv", "tsv"):
                dialect = {"delimiter": "\t" if name.endswith((".tsv", ".tab")) else ",", "quotechar": '"'}
                if dialects:
                    label = glob.glob(glob.escape(os.path.join(dialects, name)) + "*.json")
                    if label:
                        with open(label[0], encoding="utf-8") as f:
                            dialect = json.load(f).get("dialect") or {}
                frame = loaders.load(path, {"filename": name}, {"raw": True})
                ours = readers._frame_rows(frame) if hasattr(frame, "columns") else [["text"], *([line] for line in frame.splitlines())]
                what, theirs = "rows", rows_of_text(path, dialect)
            else:
                loaded = loaders.load(path, {"filename": name})
                try:
                    what, theirs = second.of(kind, path)
                except Exception as e:
                    return kind, "no second reader", f"{type(e).__name__}: {e}"
                ours = second.ours(what, loaded)
    except loaders.FileLoadError as e:
        return kind, "refused", str(e)
    except second.Unknown as e:
        return kind, "no second reader", str(e)
    except Exception as e:
        return kind, "failed", f"{type(e).__name__}: {' '.join(str(e).split())[:100]}"
    if same(what, ours, theirs, kind):
        return kind, "same", ""
    first = said.getvalue().strip().splitlines()[:1]
    return kind, "explained" if first else "different in silence", (first or [_difference(what, ours, theirs)])[0]


def _difference(what, ours, theirs):
    if what == "rows":
        bag = lambda rows: collections.Counter(c for r in plain(rows) for c in r if c)
        return f"cells only ours {list(bag(ours) - bag(theirs))[:4]}, only theirs {list(bag(theirs) - bag(ours))[:4]}, rows {len(ours)} and {len(theirs)}"
    if isinstance(ours, collections.Counter):
        return f"too much {list((ours - theirs).items())[:4]}, too little {list((theirs - ours).items())[:4]}"
    if isinstance(ours, dict):
        return str([(k, str(ours.get(k))[:40], str(theirs.get(k))[:40]) for k in {*ours, *theirs} if ours.get(k) != theirs.get(k)][:2])
    return f"{len(ours)} values, not {len(theirs)}: {next(((x, y) for x, y in zip(ours, theirs) if x != y), '')}"[:200]


def apart(path, dialects):
    """judge in a process of its own, as a library that crashes or hangs must not end the run."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            os.write(w, pickle.dumps(judge(path, dialects)))
        os._exit(0)
    os.close(w)
    ready = select.select([r], [], [], SECONDS)[0]
    data = os.read(r, 1 << 16) if ready else b""
    os.close(r)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return pickle.loads(data) if data else ("?", "failed", "a crash" if ready else f"took more than {SECONDS} s")


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("folder")
    a.add_argument("--dialects")
    a.add_argument("--step", type=int, default=1)
    a.add_argument("--kinds", help="only these")
    a.add_argument("--show", type=int, default=40, help="how many files of a verdict are named")
    o = a.parse_args()
    csv.field_size_limit(1 << 30)
    readers.attache_from(RUNNER)
    for module in ("openpyxl", "pyarrow.parquet", "python_calamine", "attache.loaders.delimited", "attache.loaders.sheets"):
        importlib.import_module(module)  # once, for all processes
    found, table = collections.defaultdict(list), collections.defaultdict(collections.Counter)
    paths = sorted(os.path.join(d, n) for d, _, names in os.walk(o.folder) for n in names)
    for path in paths[:: o.step]:
        if not os.path.getsize(path):
            continue
        kind, verdict, words = apart(path, o.dialects)
        if o.kinds and kind not in o.kinds.split(","):
            continue
        table[kind][verdict] += 1
        found[verdict].append(f"{os.path.relpath(path, o.folder)} ({kind}): {words}")
    order = ["same", "explained", "different in silence", "refused", "no second reader", "failed"]
    print("| kind | files |", " | ".join(order), "|\n|---|---|" + "---|" * len(order))
    for kind, counts in [*sorted(table.items()), ("all", sum(table.values(), collections.Counter()))]:
        print(f"| {kind} | {sum(counts.values())} |", " | ".join(str(counts[v]) for v in order), "|")
    for verdict in order[2:]:
        if found[verdict]:
            print(f"\n{verdict}:", *found[verdict][: o.show], sep="\n  ")


if __name__ == "__main__":
    main()
