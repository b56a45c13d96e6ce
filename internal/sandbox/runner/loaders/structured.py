"""Nested data: JSON and its relatives."""

import json

from attache.loaders import dates, encoding
from attache.loaders.source import note


def json_file(src, **options):
    """Return a DataFrame for a list of records, else what the JSON is.

    Options are those of pandas.read_json, which is used when there are some.
    """
    if options:
        import pandas as pd

        return pd.read_json(src.path, **options)
    data = src.bytes()
    try:
        value = json.loads(data)
    except json.JSONDecodeError as e:
        if "Extra data" in e.msg:
            return jsonl(src)
        raise src.fail(f"is not valid JSON: {_where(e)}") from None
    except UnicodeDecodeError:
        value = json.loads(encoding.decode(data)[0])
    return table(value)


def jsonl(src):
    """Return the records, one a line, as a DataFrame."""
    text, _ = encoding.decode(src.bytes())
    records, bad = [], []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip("\x1e \t\r\ufeff")
        if not line:
            continue
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError as e:
            bad.append((number, e))
    if bad and len(bad) >= max(1, len(records)):
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            raise src.fail(f"is not JSON by the line: line {bad[0][0]}: {_where(bad[0][1])}") from None
        return table(value)
    if bad:
        note(f"{src.name}: {len(bad)} line(s) that are not JSON were left out (line {bad[0][0]} first).")
    if records and all(isinstance(r, dict) for r in records):
        return table(records)
    import pandas as pd

    return pd.DataFrame(records) if records and all(isinstance(r, list) for r in records) else pd.DataFrame({"value": records})


def table(value):
    """Return a list of records as a DataFrame, anything else as it is.

    Nested objects become columns named outer.inner.
    """
    if not (isinstance(value, list) and value and all(isinstance(r, dict) for r in value)):
        return value
    import pandas as pd

    if any(isinstance(v, dict) for r in value[:1000] for v in r.values()):
        frame = pd.json_normalize(value)
    else:
        frame = pd.DataFrame.from_records(value)
    return dates.convert(frame)


def _where(e):
    return f"{e.msg[:1].lower()}{e.msg[1:]} at line {e.lineno}, column {e.colno}"
