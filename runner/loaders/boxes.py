"""Values that services pack up with their type, and numbers that they write as text."""

import re

from attache.loaders import dates, forms, identifiers, numbers

_SAMPLE = 100
_NUMERIC = re.compile(r"n|c|number|num(?:eric)?\b.*|(?:type_)?(?:big|small|tiny)?int(?:eger)?(?:8|16|32|64)?|long|real|dec(?:imal)?\b.*|float(?:32|64)?|double|(?:type_)?(?:currency|milliseconds|seconds|minutes|hours)|money|percent|type_(?:float|feet|meters|miles|kilometers)", re.I)
_DECIMAL = re.compile(r"[+-]?\d+\.\d+(?:[eE][+-]?\d+)?")


class Records(list):
    """Records that were put together of cells, and {column: the type that its service tells}."""

    def __init__(self, records, types=()):
        super().__init__(records)
        self.types = dict(types)


def number(text):
    """A number of its text, whole where it is; anything else as it is."""
    if not isinstance(text, str) or not forms.PLAIN.fullmatch(text.strip()):
        return text
    return int(text) if re.fullmatch(r"\s*[+-]?\d+\s*", text) else float(text)


def plain(cell):
    """What is in a cell that is a value, or an object around one ({"v": 5}, {"value": "x", …}, {"VarCharValue": "x"})."""
    if not isinstance(cell, dict):
        return cell
    for key in ("v", "value", "displayValue", "VarCharValue"):
        if key in cell:
            return cell[key]
    opened = _typed(cell)
    return None if not cell else cell if opened is _OTHER else opened


_OTHER = object()
_ITSELF = lambda v: v
_BY_TYPE = {  # {the one key of an object: what its value is}: DynamoDB, Firestore, the data APIs of Amazon and Google
    "S": _ITSELF, "N": number, "BOOL": _ITSELF, "NULL": lambda v: None, "B": _ITSELF, "SS": _ITSELF, "NS": lambda v: [number(x) for x in v], "BS": _ITSELF,
    "L": lambda v: [_deep(x) for x in v], "M": lambda v: {k: _deep(x) for k, x in v.items()},
    "stringValue": _ITSELF, "integerValue": number, "doubleValue": _ITSELF, "booleanValue": _ITSELF, "nullValue": lambda v: None, "isNull": lambda v: None, "longValue": _ITSELF,
    "timestampValue": _ITSELF, "referenceValue": _ITSELF, "bytesValue": _ITSELF, "geoPointValue": _ITSELF, "numberValue": _ITSELF, "boolValue": _ITSELF, "floatValue": _ITSELF, "intValue": number,
    "mapValue": lambda v: {k: _deep(x) for k, x in v.get("fields", {}).items()}, "arrayValue": lambda v: [_deep(x) for x in v.get("values", [])],
}  # fmt: skip
_HELD = {"S": str, "N": str, "BOOL": bool, "NULL": bool, "L": list, "M": dict, "SS": list, "NS": list, "BS": list, "B": str}


def _typed(value):
    """What an object says with its one key, which is a type; else _OTHER."""
    if len(value) != 1:
        return _OTHER
    key, inner = next(iter(value.items()))
    if key not in _BY_TYPE or not isinstance(inner, _HELD.get(key, object)):
        return _OTHER
    return _BY_TYPE[key](inner)


def _deep(value):
    opened = _typed(value) if isinstance(value, dict) else value
    return value if opened is _OTHER else opened


def _of_sparql(value):
    """{"type": "literal", "value": "5", "datatype": "…#integer"}"""
    if value.get("type") not in ("uri", "literal", "typed-literal", "bnode") or not isinstance(value.get("value"), str):
        return _OTHER
    kind = str(value.get("datatype", "")).rpartition("#")[2]
    if kind == "boolean":
        return value["value"] in ("true", "1")
    return number(value["value"]) if re.fullmatch(r"(?i).*int(?:eger)?|decimal|double|float|long|short", kind) else value["value"]


def _alone(value):
    """{"value": 5}, with how it is shown perhaps."""
    return value["value"] if "value" in value and value.keys() <= {"value", "value_as_string"} and not isinstance(value["value"], (dict, list)) else _OTHER


def _tagged(value):
    """{"type": "number", "number": 5}: the type names the key."""
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in value or kind == "type" or len(value.keys() - {"id", "type", "name", "has_more", "next_url", "description"}) != 1:
        return _OTHER
    return _words(value[kind])


def _words(value):
    """A text of pieces, the name of a choice, the first day of a time; else the value."""
    if isinstance(value, list) and value and all(isinstance(v, dict) and isinstance(v.get("plain_text"), str) for v in value):
        return "".join(v["plain_text"] for v in value)
    if isinstance(value, list):
        return [_words(v) for v in value] or None
    if not isinstance(value, dict):
        return value
    if "name" in value and value.keys() <= {"id", "name", "color", "description"}:
        return value["name"]
    if "start" in value and not value.get("end"):
        return value["start"]
    opened = _tagged(value)
    return value if opened is _OTHER else opened


def opened(records):
    """The records with the values that were within objects of a type, and {column: type} as it was told."""
    types = dict(getattr(records, "types", {}))
    if not records or not all(isinstance(r, dict) for r in records):
        return records, types
    ways = {}
    for key in {k: 0 for r in records[:_SAMPLE] for k in r}:
        if not all(isinstance(r.get(key), (dict, type(None))) for r in records[:_SAMPLE]):
            continue
        values = [r[key] for r in records if r.get(key) is not None]
        if not values or not all(isinstance(v, dict) and v for v in values):
            continue
        ways |= next(({key: way} for way in (_typed, _of_sparql, _alone, _tagged) if all(way(v) is not _OTHER for v in values)), {})
    if not ways:
        return records, types
    return [{k: ways[k](v) if k in ways and v is not None else v for k, v in r.items()} for r in records], types


def numbers_below(names, rows):
    """Whether rows of texts hold numbers in some column, below names that are none."""
    kinds = [{forms.form(v or "") for v in column} for column in zip(*rows[:1000])]
    return any(f and f <= {"n", "d", "m", ""} and "n" in f for f in kinds) and not any(forms.form(n) in ("n", "d") for n in names)


def typed(frame, types):
    """Turn texts into what their type tells, in place, and numbers that were written as texts into numbers; return the lines to tell."""
    for name in (n for n, kind in types.items() if kind == "time" and n in frame.columns and frame[n].dtype.kind in "iuf"):
        times = dates.of_numbers(frame[name], "time")
        frame[name] = frame[name] if times is None else times
    texts = [i for i, t in enumerate(frame.dtypes) if str(t) in ("str", "object") and all(v is None or isinstance(v, str) or v != v for v in frame.iloc[:_SAMPLE, i])]
    loose = _all_texts(frame, texts) if not types else False
    told = []
    for i in texts:
        name = str(frame.columns[i])
        column, kind = frame.iloc[:, i], types.get(name, "")
        if not kind and not loose and not _decimals(column.iloc[:_SAMPLE].dropna()):
            continue
        known = column.dropna()
        known = known[known.astype("str").str.strip() != ""]
        if known.empty or not all(isinstance(v, str) for v in known):
            continue
        made = _of_type(column, kind)
        if made is None and (kind == "*" or loose):
            made = _as_read(column)
            if made is not None and loose:
                told.append(name)
        elif made is None and not kind and _decimals(known) and not identifiers._POINTED.search(name):
            made = _as_read(column)
            if made is not None:
                told.append(name)
        if made is not None:
            frame.isetitem(i, made)
    return [f"{', '.join(told[:6])}{', …' if len(told) > 6 else ''}: numbers that were written as texts were read as numbers"] if told else []


def _decimals(known):
    """Whether texts are numbers with a point, and marks of missing ones perhaps."""
    if not any(_DECIMAL.fullmatch(v.strip()) for v in known[:_SAMPLE]):
        return False
    bare = known.str.strip()
    return bool((bare.str.fullmatch(_DECIMAL.pattern) | bare.str.lower().isin(forms.MARKS)).all())


def _all_texts(frame, texts):
    """Whether the numbers of a table are texts, all of them: there is no other, and one is a decimal or a value by its name."""
    if len(texts) < 2 or any(t.kind in "iuf" and frame.iloc[:, i].notna().any() for i, t in enumerate(frame.dtypes)):
        return False
    shown = lambda i: [v.strip() for v in frame.iloc[:_SAMPLE, i] if isinstance(v, str)]
    for i in texts:
        kinds = {forms.form(v) for v in shown(i)}
        if "n" in kinds and kinds <= {"n", "m", ""} and (str(frame.columns[i]).lower() == "value" or any(map(_DECIMAL.fullmatch, shown(i)))):
            return True
    return False


def _of_type(column, kind):
    import pandas as pd

    if _NUMERIC.fullmatch(kind):
        bare = column.str.strip()
        made = pd.to_numeric(bare.mask(bare.str.lower().isin(forms.MARKS | {":"})), errors="coerce")
        good = made.notna() | column.isna() | bare.str.lower().isin(forms.MARKS | {":"})
        return made if good.all() and made.notna().any() else None
    if kind.lower() in ("bool", "boolean", "checkbox"):
        low = column.str.lower()
        return low.map({"true": True, "false": False}).astype("boolean") if low.dropna().isin(["true", "false"]).all() else None
    if kind.lower() in ("timestamp", "datetime"):
        made = pd.to_numeric(column, errors="coerce")
        return pd.to_datetime(made, unit="s").dt.round("us") if made.notna().sum() == column.notna().sum() and 1e7 < made.abs().max() < 1e11 else None
    return None


def _as_read(column):
    """A column of texts as numbers, as in a file of text; None where it holds none, or names."""
    known = column.dropna()
    if identifiers.is_name(known) or not {forms.form(v) for v in known[:_SAMPLE]} <= {"n", "m", ""}:
        return None
    read = numbers.read(column.astype("str"), ".") or numbers.written(column.astype("str"), ".")
    if not read:
        return None
    times = dates.of_numbers(read[0], str(column.name))
    return read[0] if times is None else times
