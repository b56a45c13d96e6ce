"""Cubes of statistics: values without names, each at a place of several dimensions (JSON-stat, SDMX-JSON)."""

import math

_LARGEST = 20_000_000  # places of a cube
_USED = {"version", "class", "id", "size", "dimension", "value", "status", "role", "href", "dataSets", "structure", "structures"}  # keys that need no mention


def found(value):
    """What makes the rows of a cube, one a value, and what to say; None where the object is none."""
    if not ("dimension" in value and "value" in value or "dataSets" in value):
        return None
    try:
        read = _stat(value) or _sdmx(value)
        rows = read and read()
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None  # named like the parts of a cube, and something else
    if not rows:
        return None
    aside = ", ".join(_left_out(value))
    said = "it holds a cube of statistics; each of its values was made a row, with a column for each dimension"
    return lambda: rows, said + (f"; what it tells of them besides was left out: {aside[:120]} (load_file(…, raw=True) gives all)." if aside else "."), _USED


def _left_out(value):
    """The names of what a cube has beside its values and their dimensions: attributes, units, notes."""
    if "dataSets" in value:
        levels = [s.get("attributes") for s in _structures(value) if isinstance(s.get("attributes"), dict)]
        parts = [a for level in levels for v in level.values() if isinstance(v, list) for a in v if isinstance(a, dict)]
        return list(dict.fromkeys(_named(a) for a in parts if a.get("values", True)))
    categories = [d["category"] for d in value["dimension"].values() if isinstance(d, dict) and isinstance(d.get("category"), dict)]
    return list(dict.fromkeys(k for c in categories for k, v in c.items() if k not in ("index", "label") and v))


def _stat(value):
    """JSON-stat: {"id": [dimensions], "size": […], "dimension": {…}, "value": […] or {"place": …}}; of version 1 id and size are within dimension."""
    dimensions, values = value.get("dimension"), value.get("value")
    if not isinstance(dimensions, dict) or not isinstance(values, (list, dict)):
        return None
    ids, size = value.get("id", dimensions.get("id")), value.get("size", dimensions.get("size"))
    if not isinstance(ids, list) or not isinstance(size, list) or len(ids) != len(size) or not ids or not all(type(n) is int and n > 0 for n in size):
        return None
    total = math.prod(size)
    if total > _LARGEST and isinstance(values, list) or isinstance(values, list) and len(values) != total or not all(isinstance(dimensions.get(d), dict) for d in ids):
        return None
    parts = [_categories(dimensions[d], n) for d, n in zip(ids, size)]
    if not all(parts):
        return None
    names = _unique([str(dimensions[d].get("label") or d) for d in ids], ids)

    def rows():
        status = value.get("status")
        cells = enumerate(values) if isinstance(values, list) else sorted((int(k), v) for k, v in values.items() if k.isdigit())
        out = []
        for place, v in cells:
            row, rest = {}, place
            for name, labels, n in reversed(list(zip(names, parts, size))):
                row[name], rest = labels[rest % n], rest // n
            row = dict(reversed(row.items()))
            row["value"] = v
            if status:
                row["status"] = status if isinstance(status, str) else status.get(str(place)) if isinstance(status, dict) else status[place] if place < len(status) else None
            out.append(row)
        return out

    return rows


def _categories(dimension, count):
    """The labels of a dimension's categories in their order."""
    category = dimension.get("category")
    if not isinstance(category, dict):
        return None
    index, label = category.get("index"), category.get("label") or {}
    if isinstance(index, dict):
        codes = sorted(index, key=lambda k: index[k])
    else:
        codes = index if isinstance(index, list) else list(label)
    if len(codes) != count:
        return None
    return _unique([str(label.get(c) or c) for c in codes], codes)


def _sdmx(value):
    """SDMX-JSON: values below keys such as "0:3:1", which say for each dimension which of its values it is."""
    sets, structures = value.get("dataSets"), _structures(value)
    if not isinstance(sets, list) or not sets or not structures or not all(isinstance(s.get("dimensions"), dict) for s in structures):
        return None
    if not all(isinstance(d, dict) and isinstance(d.get("values"), list) for s in structures for level in s["dimensions"].values() if isinstance(level, list) for d in level):
        return None
    actions = {data.get("action") for data in sets}

    def rows():
        out = []
        for data in sets:
            at = data.get("structure", 0)
            structure = structures[at if isinstance(at, int) else 0]
            parts, measures = structure["dimensions"], structure.get("measures") or {}
            series, below = _axes(parts.get("series") or []), _axes(parts.get("observation") or [])
            fixed = {k: labels[0] for k, labels in _axes(parts.get("dataSet") or []) if labels}
            values = measures.get("observation") or []
            values = _unique(list(map(_named, values)), [m["id"] for m in values]) if len(values) > 1 else ["value"]
            if len(actions) > 1:
                fixed["action"] = data.get("action")  # what replaces, and what is to be deleted
            groups = [("", data)] if data.get("observations") else data.get("series", {}).items()
            for key, group in groups:
                start = {**fixed, **_at(series, key)}
                for place, v in group.get("observations", {}).items():
                    cells = (v if isinstance(v, list) else [v])[: len(values)]
                    out.append({**start, **_at(below, place), **dict(zip(values, cells or [None]))})
        return out

    return rows if any(isinstance(d, dict) and (d.get("observations") or d.get("series")) for d in sets) else None


def _structures(value):
    """What tells of the dimensions: one part, or of version 2 one for each of the data sets that need their own."""
    found = [value["structure"]] if value.get("structure") else value.get("structures") or []
    return [s for s in found if isinstance(s, dict)] if isinstance(found, list) else []


def _axes(dimensions):
    """[(name, [label of each value])]"""
    names = _unique([_named(d) for d in dimensions], [str(d.get("id", i)) for i, d in enumerate(dimensions)])
    return [(n, _unique([_value(v, d) for v in d["values"]], [str(v.get("id", i)) for i, v in enumerate(d["values"])])) for n, d in zip(names, dimensions)]


def _named(part):
    name = part.get("name")
    if isinstance(name, dict):
        name = name.get("en") or next(iter(name.values()), None)
    return str(name or part.get("id", ""))


def _value(part, dimension):
    """A period by its id (2024-Q1), anything else by its name."""
    time = dimension.get("id") == "TIME_PERIOD" or "time" in (dimension.get("roles") or [dimension.get("role")])
    return str(part.get("id") or part.get("value") or _named(part)) if time else _named(part) or str(part.get("value", ""))


def _at(axes, key):
    places = [int(p) for p in key.split(":")] if key else []
    return {name: labels[p] for (name, labels), p in zip(axes, places)}


def _unique(labels, otherwise):
    return labels if len(set(labels)) == len(labels) else [str(o) for o in otherwise]
