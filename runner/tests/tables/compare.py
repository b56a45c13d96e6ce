"""Loads every table in text of a folder and compares it, cell by cell, with csv.reader.

    python compare.py FILES [DIALECTS] [--step N]

DIALECTS tells csv.reader how the files are written; without it they are taken to be plain CSV, or TSV. It holds a JSON NAME.json or NAME_dialect.json for each file of FILES, with "dialect": {"delimiter",
"quotechar", "escapechar"}, as the survey of the Pollock benchmark does. A file is the same when all rows
are; it is explained when a line was told; else it is named as different in silence.
"""

import argparse
import collections
import contextlib
import csv
import glob
import io
import json
import os

import readers

RUNNER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def second(path, dialect):
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


def same(ours, theirs, headless):
    """Whether the data rows are equal; names were made unique, or for empty ones made up."""
    return ours[1:] == (theirs if headless else theirs[1:])


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("files")
    a.add_argument("dialects", nargs="?")
    a.add_argument("--step", type=int, default=1)
    o = a.parse_args()
    csv.field_size_limit(1 << 30)
    readers.attache_from(RUNNER)
    from attache import loaders

    found = collections.defaultdict(list)
    for name in sorted(os.listdir(o.files))[:: o.step]:
        path = os.path.join(o.files, name)
        dialect = {"delimiter": "\t" if name.endswith(".tsv") else ",", "quotechar": '"'}
        if o.dialects:
            label = glob.glob(glob.escape(os.path.join(o.dialects, name)) + "*.json")
            if not label:
                continue
            with open(label[0], encoding="utf-8") as f:
                dialect = json.load(f).get("dialect") or {}
        if not os.path.getsize(path):
            continue
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                frame = loaders.load(path, {"filename": "table.csv"}, {"raw": True})
            ours = readers._frame_rows(frame) if hasattr(frame, "columns") else [["text"], *([line] for line in frame.splitlines())]
            theirs = plain(second(path, dialect))
        except Exception as e:
            found[type(e).__name__].append(f"{name}: {str(e)[:100]}")
            continue
        headless = getattr(ours, "headless", False)
        if same(plain(ours), theirs, headless) or plain(ours) == theirs:
            found["same"].append(name)
        else:
            found["explained" if said.getvalue() else "different in silence"].append(f"{name}: {said.getvalue().strip().splitlines()[:1]}")
    print(", ".join(f"{k}: {len(v)}" for k, v in found.items()))
    for k, v in found.items():
        if k not in ("same", "explained"):
            print(k, *v, sep="\n  ")


if __name__ == "__main__":
    main()
