"""Scores of table readers on a folder laid out as the data sets of the Pollock benchmark are
(VLDB 2023, github.com/HPI-Information-Systems/Pollock; its files are fetched, not part of this project).

    python bench.py DATASET [--readers a,b] [--weights pollock_weights.json] [--step N] [--out DIR]

Prints a line of a table for each reader; DIR/READER.json keeps the measures of every file. The
other readers need duckdb, polars and clevercsv, all of them python-dateutil. A typed reader is
judged by the values of its cells, as its text is its own.
"""

import argparse
import collections
import json
import os

import readers
import score

RUNNER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("dataset")
    a.add_argument("--runner", default=RUNNER, help="the runner folder of another checkout")
    a.add_argument("--readers", default="attache_text,attache")
    a.add_argument("--weights", help="how often each pollution was seen")
    a.add_argument("--step", type=int, default=1, help="of the many files of a pollution take every Nth")
    a.add_argument("--out")
    o = a.parse_args()
    have = {**readers.READERS, **readers.attache_from(o.runner)}
    weights = None
    if o.weights:
        with open(o.weights) as f:
            weights = json.load(f)
        if not any(weights.get(n) for n in score.names(o.dataset)):
            weights = None
    counts = collections.Counter(map(score.group, score.names(o.dataset)))
    files = score.names(o.dataset, step=o.step)
    print("| reader | files | official | weighted | fair | fair weighted | by value | by value weighted | seconds |\n|---|---|---|---|---|---|---|---|---|")
    for name in o.readers.split(","):
        results = score.run(have[name], o.dataset, files)
        t = score.totals(results, weights, counts)
        w = lambda k: f"{t[k]:.3f}" if weights else "–"
        print(
            f"| {name} | {t['files']} | {t['simple']:.3f} | {w('weighted')} | {t['fair']:.3f} | {w('weighted_fair')} | {t['valued']:.3f} | {w('weighted_valued')} | {t['seconds']:.1f} |",
            flush=True,
        )
        if o.out:
            os.makedirs(o.out, exist_ok=True)
            with open(os.path.join(o.out, name + ".json"), "w", encoding="utf-8") as f:
                json.dump({"totals": t, "files": results}, f, indent=0)


if __name__ == "__main__":
    main()
