"""Writes the table of kinds into docs/load_file.md.

    python runner/tests/make_docs.py
"""

import json
import os

RUNNER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(RUNNER, "..", "docs", "load_file.md")
START, END = "<!-- kinds:", "<!-- end -->"


def page():
    """Return the page with the table as it should be."""
    with open(os.path.join(RUNNER, "kinds.json"), encoding="utf-8") as f:
        rows = json.load(f)
    lines = ["| kind | extensions | load_file gives | installed on first use |", "|---|---|---|---|"]
    for row in rows:
        extensions = " ".join(f"`{e}`" for e in row["extensions"])
        lines.append(f"| {row['emoji']} {row['kind']} | {extensions} | {row['loads']} | {', '.join(row['needs'])} |")
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    start = text.index("\n", text.index(START)) + 1
    return text[:start] + "\n".join(lines) + "\n" + text[text.index(END) :]


if __name__ == "__main__":
    text = page()
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(text)
