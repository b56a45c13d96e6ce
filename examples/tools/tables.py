"""Tools for tables: each function with types becomes one.

Copy this file into the folder of tools (DATA_DIR/tools, or TOOLS_DIR). It runs
in the sandbox of the person who asks, where load_file reads that person's files.
"""

from typing import Literal

import pandas as pd


def compare_tables(before_id: str, after_id: str, key: str) -> dict:
    """Compare two versions of a table: which rows came, went and changed.

    Args:
        before_id: File id of the older table.
        after_id: File id of the newer table.
        key: The column that says which row is which. Its values occur once.
    """
    before, after = _table(before_id, key), _table(after_id, key)
    both = before.index.intersection(after.index)
    changes = []
    for column in before.columns.intersection(after.columns):
        old, new = before.loc[both, column], after.loc[both, column]
        differs = (old != new) & ~(old.isna() & new.isna())
        changes += [{key: k, "column": column, "before": old[k], "after": new[k]} for k in both[differs]]
    table = pd.DataFrame(changes)
    if changes:
        table.to_csv("changes.csv", index=False)  # a file in the work folder is sent to the person
    return {
        "added": after.index.difference(before.index).tolist(),
        "removed": before.index.difference(after.index).tolist(),
        "changed": table,
        "new columns": [c for c in after.columns if c not in before.columns],
        "missing columns": [c for c in before.columns if c not in after.columns],
    }


def find_duplicates(file_id: str, columns: list[str] | None = None, keep: Literal["all", "first", "last"] = "all") -> pd.DataFrame:
    """Find rows that occur more than once.

    Args:
        file_id: The table.
        columns: Which columns must be equal. Without them, all.
        keep: Which rows to show: all, or the first or last of each group.
    """
    table = load_file(file_id)
    twice = table[table.duplicated(columns, keep=False)]
    return twice if keep == "all" else twice.drop_duplicates(columns, keep=keep)


def _table(file_id, key):  # the name begins with _, so this is no tool
    table = load_file(file_id)
    if key not in table:
        raise ValueError(f"{file_id} has no column {key!r}; it has {', '.join(map(str, table.columns))}")
    if not table[key].is_unique:
        raise ValueError(f"{key!r} does not tell the rows of {file_id} apart: some values occur twice")
    return table.set_index(key)
