"""How often the dialect of hand-labelled files is recovered: the file, cut as it was found to be written, gives the rows
that the label gives, byte for byte.

    python dialects.py FOLDER LABELS… [--readers attache,clevercsv,duckdb,sniffer] [--show N]

LABELS are lists of the CSV_Wrangling study (github.com/alan-turing-institute/CSV_Wrangling, out_reference_*.json: a JSON a
line, its files named by their MD5) or of CSVsniffer (github.com/ws-garcia/CSVsniffer: name|encoding|delimiter|quote|escape|…).
FOLDER is searched for their files, by name or by MD5; those that are not there are left out.
"""

import argparse
import collections
import contextlib
import csv
import hashlib
import io
import json
import os

import readers

RUNNER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "vslash": "|", "space": " ", "nsign": "#", "colon": ":", "doublequote": '"', "singlequote": "'", "backslash": "\\"}


def labels(path):
    """{name or MD5: (codec, delimiter, quote, escape)}."""
    found = {}
    with open(path, encoding="utf-8-sig") as f:
        for line in f:
            if line.startswith("{"):
                row = json.loads(line)
                if row.get("status") == "OK":
                    d = row["dialect"]
                    found[os.path.splitext(os.path.basename(row["filename"]))[0]] = (None, d["delimiter"], d["quotechar"], d["escapechar"])
            elif "|" in line and not line.startswith(("#", "file_name|")):
                name, codec, *signs = line.rstrip("\n").split("|")[:5]
                found[name] = (codec.replace("windows-", "cp"), *(NAMES.get(s, s) for s in signs))
    return found


def text_of(data, codec):
    for c in ("utf-8-sig", codec or "cp1252", "latin-1"):
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            return data.decode(c)
    return data.decode("utf-8", "replace")


def rows(text, delimiter, quote, escape):
    """The rows of csv.reader that are not blank; an escape that is the quote means that it is doubled."""
    if delimiter == r"\s+":
        return [line.split() for line in text.splitlines() if line.strip()]
    options = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    if escape and escape != quote:
        options["escapechar"] = escape
    return [r for r in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or "\x01", **options) if r]


def attache(path, text):
    from attache.loaders.look import Look
    from attache.loaders.source import Source

    with contextlib.redirect_stderr(io.StringIO()):
        look = Look(Source(path, {"filename": "a.csv"}), {})
    return look.delimiter, look.quote, look.escape


def clevercsv(path, text):
    import clevercsv

    d = clevercsv.Sniffer().sniff(text)
    return d.delimiter, d.quotechar, d.escapechar


def duckdb(path, text):
    import duckdb

    with duckdb.connect() as con:
        found = con.execute("SELECT Delimiter, Quote, Escape FROM sniff_csv(?, strict_mode=false, ignore_errors=true, null_padding=true)", [path]).fetchone()
    return tuple("" if v in (None, "(empty)", "\0") else v for v in found)


def sniffer(path, text):
    d = csv.Sniffer().sniff(text)
    return d.delimiter, d.quotechar or "", d.escapechar or ""


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("folder")
    a.add_argument("labels", nargs="+")
    a.add_argument("--readers", default="attache,clevercsv,duckdb,sniffer")
    a.add_argument("--show", type=int, default=20, help="how many failures of attache are named")
    o = a.parse_args()
    csv.field_size_limit(1 << 30)
    readers.attache_from(RUNNER)
    known = {}
    for path in o.labels:
        known |= labels(path)
    todo, seen = [], set()
    for path in sorted(os.path.join(d, n) for d, _, names in os.walk(o.folder) for n in names):
        with open(path, "rb") as f:
            data = f.read()
        digest = hashlib.md5(data).hexdigest()
        label = known.get(os.path.basename(path)) or known.get(digest)
        if label and data.strip() and digest not in seen:
            seen.add(digest)
            todo.append((path, text_of(data, label[0]), label[1:]))
    counts, failed = collections.Counter(), []
    files = 0
    for path, text, label in todo:
        try:
            want = rows(text, *label)
        except csv.Error as e:
            print(f"{os.path.basename(path)}: the label does not fit: {e}")
            continue
        files += 1
        for name in o.readers.split(","):
            try:
                got = globals()[name](path, text)
                same = rows(text, *got) == want
            except Exception as e:  # of another's reader: it did not find any
                got, same = e, False
            counts[name] += same
            if name == "attache" and not same:
                failed.append(f"{os.path.basename(path)}: {got!r}, labelled {label!r}")
    print("| reader | files | same rows |\n|---|---|---|")
    for name in o.readers.split(","):
        print(f"| {name} | {files} | {counts[name]} |")
    print(*failed[: o.show], sep="\n")


if __name__ == "__main__":
    main()
