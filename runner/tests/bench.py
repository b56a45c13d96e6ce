"""Times load_file beside plain pandas on the same files, and analyze_data_file.

    python bench.py

Each figure is the best of several; ratios are ours to pandas'.
"""

import contextlib
import io
import os
import sys
import tempfile
import time

import conftest  # noqa: F401  makes the package importable


def main():
    import matplotlib

    matplotlib.use("agg")
    import numpy as np
    import pandas as pd
    from attache import loaders
    from attache.analyze import analyze_data_file

    folder = tempfile.mkdtemp()
    os.chdir(folder)
    large, table = _sales(np, pd, 500_000), _sales(np, pd, 100_000)
    large.to_csv("large.csv", index=False)
    table.to_csv("table.csv", index=False)
    table.head(1000).to_csv("small.csv", index=False)
    table.astype({"date": "str"}).head(50_000).to_json("table.json", orient="records")
    table.head(10_000).to_excel("table.xlsx", index=False)
    table.to_parquet("table.parquet")
    for file, plain in (
        ("small.csv", lambda f: pd.read_csv(f, parse_dates=["date"])),
        ("table.csv", lambda f: pd.read_csv(f, parse_dates=["date"])),
        ("large.csv", lambda f: pd.read_csv(f, parse_dates=["date"])),
        ("table.json", lambda f: pd.read_json(f)),
        ("table.xlsx", lambda f: pd.read_excel(f, engine="calamine")),
        ("table.parquet", lambda f: pd.read_parquet(f)),
    ):
        ours, theirs = best(10, lambda f=file: loaders.load(f), lambda f=file, p=plain: p(f))
        print(f"load_file {file:14s} {os.path.getsize(file) / 1e6:7.2f} MB  {ours * 1e3:8.1f} ms  pandas {theirs * 1e3:8.1f} ms  ratio {ours / theirs:.2f}")
    for rows in (1_000, 100_000):
        _sales(np, pd, rows).to_csv("analysed.csv", index=False)
        (seconds,) = best(5, lambda: quiet(lambda: analyze_data_file(None, "analysed.csv")))
        print(f"analyze_data_file {rows:,} rows × 10 columns, with {len([f for f in os.listdir() if f.endswith('.png')])} charts: {seconds:.2f} s")
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(1000, 1000))).add_prefix("c")
    print(f"analyze_data_file 1,000 rows × 1,000 columns: {best(3, lambda: quiet(lambda: analyze_data_file(None, wide)))[0]:.2f} s")
    if "--huge" in sys.argv:
        huge = _sales(np, pd, 5_000_000)
        print(f"analyze_data_file 5,000,000 rows × 10 columns: {best(2, lambda: quiet(lambda: analyze_data_file(None, huge)))[0]:.2f} s")


def _sales(np, pd, rows):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "order_id": np.arange(rows),
            "date": pd.date_range("2020-01-01", periods=rows, freq="15min"),
            "region": rng.choice(["North", "South", "East", "West"], rows),
            "product": rng.choice([f"Product {i}" for i in range(40)], rows),
            "channel": rng.choice(["web", "store"], rows),
            "amount": rng.lognormal(4, 1, rows).round(2),
            "quantity": rng.integers(1, 20, rows),
            "discount": rng.random(rows).round(2),
            "rating": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(1, 6, rows)),
            "cost": rng.normal(50, 10, rows),
        }
    )


def quiet(function):
    with contextlib.redirect_stdout(io.StringIO()):
        return function()


def best(times, *functions):
    """The shortest times of functions that are run in turn, so that a busy machine is as busy for each."""
    seconds = [float("inf")] * len(functions)
    for round in range(times + 1):
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            if round:  # the first warms up
                seconds[i] = min(seconds[i], time.perf_counter() - start)
    return seconds


if __name__ == "__main__":
    main()
