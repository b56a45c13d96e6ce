"""The table in an answer of a service: where its repeated records are, and what beside them is only their envelope."""

import functools
import json
import re
from collections import Counter

from attache.loaders import boxes, cubes
from attache.loaders.source import note

_NAMES = re.compile(r"(?:.*_)?(?:columns?|fields?|headers?|cols|names|vars)|.*(?:Columns?|Fields?|Headers?|Names|ColumnInfo)", re.S)
_NAME_KEYS = ("name", "fieldName", "label", "title", "text", "id", "code")  # of an object that describes a column, the best first
_ASIDE = {"included", "includes", "facets", "facet_counts", "links", "_links", "meta", "metadata", "pagination", "paging", "schema", "errors", "warnings"}
_ABOUT = {"meta", "metadata", "schema"}  # of _ASIDE: what may as well be half of a document
_PAYLOADS = {"_source", "node", "attributes", "fields", "resource", "doc", "properties", "record", "document", "payload", "result", "content", "object"}
_ENVELOPE = {"id", "type", "key", "self", "links", "_links", "relationships", "meta", "cursor", "createdtime", "createtime", "updatetime", "created", "updated", "_id", "_index", "_type", "_score", "_version", "sort", "score", "fullurl", "search", "expand", "url", "href", "etag", "object", "kind", "offset", "geometry", "name"}
_CONTAINERS = {"data", "results", "records", "rows", "entries", "docs"}  # of what is a page of an answer
_LISTS = {"items", "Items", "value", "values", "hits", "list", "entry", "features", "elements", "edges", "nodes", "observations", "buckets", "bindings", "documents", "result", "series", "content", "objects"}
_AROUND = {"data", "result", "results", "response", "d", "_embedded", "aggregations", "hits", "query", "body", "feed", "Results", "ResultSet"}  # what an answer is within
_PARTS = {"nodes", "edges", "elements", "objects", "series", "content"}  # of _LISTS: what may as well be one part of several
_SCHEMAS = {"anyOf", "oneOf", "allOf", "$defs", "definitions", "prefixItems"}
_LINK = {"type", "url", "href", "self", "rel"}
_SMALL = 500  # characters of what may stand beside the records
_DAY = r"\d{4}-\d\d(?:-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?)?"


class Found:
    """A place of records: where it is, how many characters it takes, and how its records are made."""

    def __init__(self, path, size, make, said="", used=None):
        self.path, self.size, self.make, self.said = path, size, functools.cache(make), said
        self.strict = bool(said)  # whether its form alone shows that it is a table
        self.loose = False  # whether it is a table by the length of its lists alone
        self.used = used  # the keys of the object that the table was made of; None where all of it was


def table(src, value):
    """The DataFrame in an answer, and what it leaves out is said; None where the value is no table."""
    found = chosen(value)
    if found is None:
        return None
    made = frame(src, found.make())
    if not hasattr(made, "columns"):
        return None
    if found.said:
        note(f"{src.name}: {found.said}")
    _tell(src, value, found, len(made))
    return made


def frame(src, records):
    """The DataFrame of records as services write them, or the records where they are none."""
    from attache.loaders import structured

    lines = []
    records = _without_envelopes(records, lines)
    records, types = boxes.opened(records)
    made = structured.table(records, src.name)
    if hasattr(made, "columns"):
        lines += boxes.typed(made, types)
        for line in lines:
            note(f"{src.name}: {line}.")
    return made


def chosen(value):
    """The one place of records that is nearly all of an answer; else None."""
    places = [f for f in _places(value, (), 7) if not any(k in _SCHEMAS for k in f.path)]
    places = [f for f in places if f.strict or not any(o is not f and _describes(_at(value, f.path), o) for o in places)]
    aside = lambda f: _aside(value, f.path)
    best = max(places, key=lambda f: (not aside(f), f.size), default=None)
    if best is None or any(f is not best and not aside(f) and f.size > best.size / 3 for f in places):
        return None
    names = [k for k in best.path if isinstance(k, str)]
    page = bool(names) and names[-1] in _CONTAINERS | _LISTS - _PARTS  # of an answer, by its name
    if not best.strict and len(best.path) > 1 and len(best.make()) == 1 and (names[-1] not in _CONTAINERS | _LISTS or names[0] not in _AROUND | _LISTS):
        return None
    largest = max(_SMALL, best.size / 4) if page else _SMALL
    at, rest, others = value, 0, 0
    for key in best.path:
        beside = [v for k, v in at.items() if k != key and isinstance(v, (dict, list)) and v and not (_aside(at, (k,)) and (page or best.strict or k not in _ABOUT))] if isinstance(at, dict) else []
        beside = [v for v in beside if not _describes(v, best)]
        if not best.strict and not page and any(isinstance(v, list) and all(isinstance(r, dict) for r in v) for v in beside):
            return None  # a document of several parts
        sizes = list(map(_size, beside))
        rest += sum(sizes)
        others += len(sizes)
        if len(sizes) > 5 or any(n > largest for n in sizes) or rest > max(2 * _SMALL, best.size / 2):
            return None
        at = at[key]
    if not best.strict and len(names) > 1 and best.size < _SMALL and not page and names[0] not in _AROUND | _LISTS and (others or len(value) > 3):
        return None  # a few settings
    if best.loose and best.path and best.size < _SMALL and others:
        return None  # lists of settings that happen to be of one length
    return best


def _at(value, path):
    for key in path:
        value = value[key]
    return value


def _aside(value, path):
    """Whether a place is within what stands beside the records of an answer."""
    for key in path:
        value = value[key]
        if key in _ASIDE and not (key == "links" and isinstance(value, list) and not all(isinstance(v, dict) and v.keys() & {"href", "url", "rel"} for v in value)):
            return True
    return False


def _describes(value, found):
    """Whether a value tells of each column of the records."""
    records = found.make()
    first = records[0] if records and isinstance(records[0], dict) else {}
    within = set().union(*(v for v in first.values() if isinstance(v, dict)))
    if isinstance(value, list) and within and within & set(_names(value) or []) >= within - {"x", "y"}:
        return True
    keys = set(first)
    if isinstance(value, list):
        value = _names(value) or []
    return len(keys) > 0 and (len(keys & set(map(str, value))) >= 0.6 * len(keys) or isinstance(value, dict) and any(isinstance(v, dict) and len(keys & set(v)) >= 0.6 * len(keys) for v in value.values()))


# Where records may be.


def _places(value, path, depth):
    if depth < 0:
        return []
    if isinstance(value, dict):
        own = _own(value, path)
        if own:
            return [own]
        return [f for k, v in value.items() if isinstance(v, (dict, list)) and v for f in _places(v, (*path, k), depth - 1)]
    if not isinstance(value, list) or not value:
        return []
    if all(isinstance(r, dict) for r in value):
        if len(value) == 1 and path:
            inner = [f for f in _places(value[0], (*path, 0), depth - 1)]
            best = max(inner, key=lambda f: f.size, default=None)
            lists = best and [k for k, v in value[0].items() if isinstance(v, list) and v and k not in best.path]
            if best and best.size >= (0.5 if best.strict else 0.8) * _size(value) and (best.strict or not lists):
                return inner
        if not any(value):
            return []
        return [Found(path, _size(value), lambda: value)]
    if all(isinstance(r, list) for r in value):
        return _lists(value, path)
    return [f for i, v in enumerate(value[:10]) if isinstance(v, (dict, list)) for f in _places(v, (*path, i), depth - 1)]


def _own(value, path):
    """The table that a whole object is; None where it is only around one."""
    for read in (cubes.found, _named_rows, _parallel, _keyed):
        found = read(value)
        if found:
            make, said, *used = found
            own = Found(path, _size(value), make, said, *used)
            own.loose = read is _parallel and not any(_times(v) for _, v in _lists_within(value))
            return own
    return None


def _named_rows(value):
    """Rows without names, beside or below the names of their columns."""
    for key, rows in value.items():
        if not isinstance(rows, list) or not rows or key in _ASIDE:
            continue
        cells = _cells(rows)
        if not cells:
            continue
        labels, cells = cells
        names, types = _names_of(value, key, len(cells[0]))
        if not any(labels) and key == "values" and _of_one_kind(cells) and (not names or len(cells) == len(names) and not _of_one_kind(zip(*cells))):
            columns = _names_of(value, key, len(cells))  # a list for each column instead
            if columns[0]:
                (names, types), cells = columns, list(map(list, zip(*cells)))
                labels = [{}] * len(cells)
        if not names:
            continue
        used = {key, "index", *(k for k, v in value.items() if isinstance(v, list) and set(_names(v) or [0]) <= set(names))}
        if cells[0] == names or [boxes.plain(v) for v in cells[0]] == names:
            labels, cells = labels[1:], cells[1:]
        index = value.get("index")
        if isinstance(index, list) and len(index) == len(cells) and index != list(range(len(index))) and "index" not in names:
            labels = [{"index": i} for i in index]
        said = "the names of its columns and its rows were put together."
        return lambda: boxes.Records([{**{k: v for k, v in b.items() if k not in names}, **dict(zip(names, r))} for b, r in zip(labels, cells)], types), said, used
    return None


def _cells(rows):
    """What stands beside the cells of each row, and the cells: of lists, or of objects that hold nothing but lists of cells; else None."""
    if all(isinstance(r, list) and len(r) == len(rows[0]) > 0 for r in rows) and sum(map(_scalar, rows[0])) >= 0.5 * len(rows[0]):
        return [{}] * len(rows), rows
    if not all(isinstance(r, dict) for r in rows):
        return None
    lists = [[v for v in r.values() if isinstance(v, list)] for r in rows]
    if not all(x and len(r) - len(x) <= 3 and not any(isinstance(v, dict) for v in r.values()) for r, x in zip(rows, lists)):
        return None
    joined = [[c for part in x for c in part] for x in lists]
    if not all(len(j) == len(joined[0]) > 0 for j in joined):
        return None
    joined = [[boxes.plain(c) for c in j] for j in joined]
    if not all(_scalar(c) for j in joined[:50] for c in j):
        return None
    return [{k: v for k, v in r.items() if not isinstance(v, list)} for r in rows], joined


def _of_one_kind(lists):
    """Whether each list holds texts alone, or numbers alone."""
    kind = lambda v: "number" if type(v) in (int, float) else type(v).__name__
    return all(len({kind(v) for v in part if v is not None}) <= 1 for part in lists)


def _names_of(value, rows, count, depth=3):
    """So many names of columns, and the types told of them, of what stands beside the rows or within it; else nothing."""
    parts = []
    for key, v in value.items():
        names = _names(v) if key != rows and isinstance(v, list) and _NAMES.fullmatch(key) else None
        if not names:
            continue
        if len(names) == count:
            return names, _types(v, names)
        parts.append((names, v))
    joined = [n for names, _ in parts for n in names]
    if len(parts) > 1 and len(joined) == count and len(set(joined)) == count:
        return joined, {k: t for names, v in parts for k, t in _types(v, names).items()}
    for key, v in value.items():
        if isinstance(v, dict) and depth and key != rows:
            names, types = _names_of(v, None, count, depth - 1)
            if names:
                return names, types
    return [], {}


def _names(listed):
    """The names of columns in a list of texts or of objects that have a name; else None."""
    if listed and all(isinstance(n, dict) for n in listed):
        for key in _NAME_KEYS:
            names = [next((v for k, v in n.items() if k.lower() == key.lower()), None) for n in listed]
            if all(isinstance(n, str) and n for n in names) and len(set(names)) == len(names):
                return names
        return None
    if listed and all(isinstance(n, (str, int)) and not isinstance(n, bool) for n in listed) and len(set(listed)) == len(listed):
        return list(map(str, listed))
    return None


def _types(listed, names):
    """{name: the type that its description tells}."""
    told = lambda n: next((v for k, v in n.items() if k.lower() in ("type", "datatype", "datatypename") and isinstance(v, str)), "") if isinstance(n, dict) else ""
    return {name: told(n) for name, n in zip(names, listed) if told(n)}


def _scalar(v):
    return v is None or isinstance(v, (str, int, float))


def _parallel(value):
    """A list for each column, all of one length; one of them, within or beside, may tell the times."""
    lists = {k: v for k, v in value.items() if isinstance(v, list) and len(v) > 1 and all(map(_scalar, v))}
    said = "it holds a table as a list for each column; it was put together."
    if len(lists) > 1 and len({len(v) for v in lists.values()}) == 1 and not any(isinstance(v, (dict, list)) and v for k, v in value.items() if k not in lists) and (len(value) == len(lists) or any(map(_times, lists.values()))):
        return lambda: boxes.Records([dict(zip(lists, r)) for r in zip(*lists.values())], _time_of(lists.items())), said
    pairs = {k: v for k, v in value.items() if isinstance(v, list) and v and all(isinstance(p, list) and len(p) == 2 and all(map(_scalar, p)) for p in v)}
    if len(pairs) > 1 and len(pairs) == len(value):
        first = [p[0] for p in next(iter(pairs.values()))]
        if _times(first) and all([p[0] for p in v] == first for v in pairs.values()):
            return lambda: [{"time": t, **{k: v[i][1] for k, v in pairs.items()}} for i, t in enumerate(first)], said
    if not any(isinstance(v, dict) or isinstance(v, list) and len(v) == 1 and isinstance(v[0], dict) for v in value.values()) or not lists:
        return None
    deep = _lists_within(value)
    if deep and len(deep) > 1 and len({len(v) for _, v in deep}) == 1 and len(deep[0][1]) > 2 and any(_times(v) for _, v in deep) and sum(_size(v) for _, v in deep) > 0.4 * _size(value):
        names = Counter(n for n, _ in deep)
        if max(names.values()) == 1:
            return lambda: boxes.Records([dict(zip(names, r)) for r in zip(*(v for _, v in deep))], _time_of(deep)), said
    return None


def _lists_within(value, depth=4):
    """[(name, list)] of all lists of values within an object; empty where there is a list of anything else."""
    out = []
    for k, v in value.items():
        if isinstance(v, list) and len(v) > 1:
            if not all(map(_scalar, v)):
                return []
            out.append((k, v))
        elif isinstance(v, list) and len(v) == 1 and isinstance(v[0], dict) and depth:
            out += _lists_within(v[0], depth - 1)
        elif isinstance(v, dict) and depth and k not in _ASIDE:
            out += _lists_within(v, depth - 1)
    return out


def _time_of(lists):
    """{the one of the columns that are seconds or milliseconds since 1970: that it is the time}"""
    return dict([(k, "time") for k, v in lists if type(v[0]) in (int, float) and _times(v)][:1])


def _times(values):
    """Whether values are times, one after the other."""
    if all(isinstance(v, str) and re.match(r"\d{4}-\d\d", v) for v in values):
        return True
    return len(values) > 1 and all(type(v) in (int, float) and 1e8 < v < 1e14 for v in values) and all(a < b for a, b in zip(values, values[1:]))


def _keyed(value):
    """Records by a key, or a column for each key whose values stand by another."""
    inner = list(value.values())
    if len(inner) < 1 or not all(isinstance(c, dict) and c for c in inner) or not isinstance(next(iter(inner[0])), str):
        return None
    plain = all(_scalar(v) for c in inner for v in c.values())
    same = all(c.keys() == inner[0].keys() for c in inner)
    counted = same and list(inner[0]) == [str(i) for i in range(len(inner[0]))]
    if plain and counted or plain and same and len(inner[0]) > 2 and _instances(inner[0]) and not _instances(value):
        index = {} if counted else {"key": list(inner[0])}
        return lambda: [dict(zip([*index, *value], r)) for r in zip(*index.values(), *(c.values() for c in inner))], "it holds a table column by column; it was put together."
    if len(inner) < 2 or "key" in inner[0] or same and counted:
        return None
    every = Counter(k for c in inner for k in c)
    alike = sum(map(len, inner)) / len(inner) / len(every) >= 0.5
    scalars = sum(_scalar(v) for c in inner[:50] for v in c.values()) >= 0.5 * sum(map(len, inner[:50]))
    if len(every) > 1 and (len(inner) >= 10 and same and plain or alike and scalars and _instances(value)):
        return lambda: [{"key": k, **c} for k, c in value.items()], "it holds records by a key; they were made rows, with the keys in the column key (load_file(…, raw=True) gives the dict)."
    return None


def _instances(keys):
    """Whether keys are those of records, and not the names of columns: days, numbers, ids."""
    keys = list(keys)
    if len(keys) > 1 and (all(re.fullmatch(_DAY, k) for k in keys) or all(re.fullmatch(r"-[\w-]{15,}|[0-9a-f]{24,32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{6,}", k) for k in keys)):
        return True
    forms = {re.sub(r"\d+", "0", k) for k in keys}
    return len(keys) > 2 and (len(forms) == 1 and "0" in next(iter(forms)))


def _lists(rows, path):
    """Rows below a row of names, or those of a series, which begin with a time."""
    names = rows[0]
    if len(rows) > 1 and len(names) > 1 and all(isinstance(n, str) and n for n in names) and len(set(names)) == len(names) and all(len(r) <= len(names) and all(map(_scalar, r)) for r in rows):
        body = [r + [None] * (len(names) - len(r)) for r in rows[1:]]
        if any(not isinstance(v, str) and v is not None for r in body[:1000] for v in r):
            return [Found(path, _size(rows), lambda: [dict(zip(names, r)) for r in body], "the first of its lists was taken for the names of the columns.")]
        if boxes.numbers_below(names, body):
            said = "the first of its lists was taken for the names of the columns, the others as the rows of a table."
            return [Found(path, _size(rows), lambda: boxes.Records([dict(zip(names, r)) for r in body], {n: "*" for n in names}), said)]
    width = len(names)
    if len(rows) > 1 and width > 1 and all(len(r) == width and all(map(_scalar, r)) for r in rows) and _times([r[0] for r in rows]) and width > (2 if path else 3):
        named = ["time", *map(str, range(1, width))]
        return [Found(path, _size(rows), lambda: boxes.Records([dict(zip(named, r)) for r in rows], {n: "number" for n in named[1:]}), "its rows have no names; the first column was taken for the time, the others are numbered.")]
    return []


# What is around each record.


def _without_envelopes(records, lines):
    """Records without what each of them is wrapped in, or with those that are parts of them as rows."""
    types = getattr(records, "types", None)
    if types is not None or not records or not all(isinstance(r, dict) for r in records):
        return records
    if not any(isinstance(v, (dict, list)) for r in records[:100] for v in r.values()):
        return records
    for _ in range(3):
        done = _unpaired(records) or _lifted(records) or _opened(records, lines)
        if not done:
            break
        records = done
    return records


def _unpaired(records):
    """The documents of a bulk request, each behind a line that says what to do with it; else None."""
    if len(records) > 1 and len(records) % 2 == 0 and all(len(r) == 1 and next(iter(r)) in ("index", "create") and isinstance(next(iter(r.values())), dict) for r in records[::2]):
        return records[1::2]
    return None


def _lifted(records):
    """Records whose values stand within one part of them ({"id": 1, "attributes": {…}}), with these as their own; else None."""
    keys = [k for k in records[0] if k in _PAYLOADS and all(isinstance(r.get(k), dict) for r in records) and any(r[k] for r in records[:100])]
    keys = [k for k in keys if not all(set(r[k]) <= _LINK for r in records[:100])]
    if len(keys) != 1:
        return None
    key = keys[0]
    few = records[:: max(1, len(records) // 50)]
    around = {k.lower() for r in few for k in r if k != key}
    if not around <= _ENVELOPE and key in ("attributes", "fields", "object", "content") and any(isinstance(v, dict) and v for r in few for k, v in r.items() if k != key):
        return None  # one part of several
    if not around <= _ENVELOPE and (sum(_size(r[key]) for r in few) < 0.35 * sum(map(_size, few)) or sum(len(r) for r in few) > 12 * len(few)):
        return None
    out = []
    for r in records:
        beside = {k: v for k, v in r.items() if k != key and k != "cursor"}
        out.append({**beside, **{f"{key}.{k}" if k in beside else k: v for k, v in r[key].items()}})
    return out


def _opened(records, lines):
    """Rows of the tables within records that hold hardly anything else; else None."""
    few = records[:50]
    for key in [k for k in records[0] if any(isinstance(r.get(k), (list, dict)) and r[k] for r in few)]:
        series = any(isinstance(r.get(key), list) and r[key] and not isinstance(r[key][0], dict) for r in few)
        if any(_in_the_way(k, v, series) for r in few for k, v in r.items() if k != key):
            continue
        made = [_rows_within(r, key) for r in records]
        if any(m is None for m in made) or not any(made) or not all(isinstance(m[0], dict) for m in made if m):
            continue
        labels = [_labels(r, key) for r in records]
        count, width, total = max(map(len, labels)), max(len(m[0]) for m in made if m), sum(map(len, made))
        if not series:
            pages = key in _CONTAINERS and total > len(records) or total > len(records) > 1 and all(l == labels[0] for l in labels)
            many = len(records) > 1 and (width > count and total >= 2 * len(records) or width >= 3 * count)
            if count > 3 or any(key in m[0] for m in made if m) or not pages and not many:
                continue
        empty = sum(not m for m in made)
        lines.append(f"each of its {len(records):,} parts holds rows in {key!r}; they were joined" + (f", with {', '.join(list(labels[0])[:4])} in columns" if labels[0] else "") + (f"; {empty:,} that hold none are left out" if empty else ""))
        types = next((m.types for m in made if getattr(m, "types", None)), {})
        rows = [{**{(f"{key}.{k}" if k in row else k): v for k, v in l.items()}, **row} for l, m in zip(labels, made) for row in m]
        return boxes.Records(rows, types) if types else rows
    return None


def _in_the_way(key, value, series):
    """Whether what stands beside the rows within a record is more than a label of them."""
    if isinstance(value, list):
        return bool(value) and not (series and _NAMES.fullmatch(key))
    return isinstance(value, dict) and not (all(map(_scalar, value.values())) and (series or key in _ASIDE - {"schema"}))


def _rows_within(record, key):
    """The rows that one part of a record holds; None where it holds none."""
    inner = record.get(key)
    if not inner:
        return []
    if isinstance(inner, dict):
        # {"buckets": […]}, or pages of {"data": […]}
        found = _places(inner, (), 2)
        return found[0].make() if len(found) == 1 and not isinstance(next(iter(inner)), int) and found[0].size > 0.6 * _size(inner) else None
    if not isinstance(inner, list):
        return None
    if all(isinstance(r, dict) for r in inner):
        return inner
    if all(isinstance(r, list) and len(r) == len(inner[0]) and all(map(_scalar, r)) for r in inner):
        names, types = _names_of(record, key, len(inner[0]))
        if names:
            return boxes.Records([dict(zip(names, r)) for r in inner], types)
        return _points(inner)
    if len(inner) == 2 and all(map(_scalar, inner)) and type(inner[0]) in (int, float) and inner[0] > 1e8:
        return _points([inner])  # [time, value] of a single moment
    return None


def _points(pairs):
    """Rows of pairs of a time and a value, in either order; None where they are none."""
    if not pairs or len(pairs[0]) != 2:
        return None
    for order in (("time", "value"), ("value", "time")):
        at = order.index("time")
        times = [p[at] for p in pairs]
        if _times(times) or len(times) == 1 and type(times[0]) in (int, float) and times[0] > 1e8:
            return boxes.Records([dict(zip(("time", "value"), (p[at], p[1 - at]))) for p in pairs], {"value": "number"})
    return None


def _labels(record, key):
    """What a record says of all of its rows."""
    out = {}
    for k, v in record.items():
        if k == key or v in ([], {}) or isinstance(v, list):
            continue
        out |= {f"{k}.{x}" if x in out else x: y for x, y in v.items()} if isinstance(v, dict) else {k: v}
    return out


# What is said.


def _tell(src, value, found, count):
    """Say where the records were, and what was left out."""
    at, beside = value, []
    for i, key in enumerate(found.path):
        items = at.items() if isinstance(at, dict) else []
        beside += [".".join(str(p) for p in (*found.path[:i], k) if not isinstance(p, int)) for k, v in items if k != key and v not in (None, "", [], {})]
        at = at[key]
    if found.used is not None:
        beside += [".".join(str(p) for p in (*found.path, k) if not isinstance(p, int)) for k, v in at.items() if k not in found.used and v not in (None, "", [], {})]
    shown = ".".join(str(p) for p in found.path if not isinstance(p, int))
    text = "these are the records" + (f" of {shown!r}" if shown else "")
    if isinstance(value, list) and found.path and found.path[0]:
        text = f"these are the records of the second part; before them stands {json.dumps(value[0], default=str)[:100]} (load_file(…, raw=True) gives all)"
    elif beside:
        text += f"; beside {'it' if shown else 'them'} stand {', '.join(beside)[:200]} (load_file(…, raw=True) gives all)"
    elif not shown:
        return
    note(f"{src.name}: {text}.{_more(value, found.path, count)}")


_TOTAL = re.compile(r"(?:total|num|row|result|max)?_?(?:count|total|found|rows|size|results|hits|matches|entries|items|value)s?(?:_?(?:count|results|size|rows|items|hits|matches))?", re.I)
_NEXT = re.compile(r"@odata\.nextLink|next|next_?(?:page|token|cursor|link|url|page_?token|page_?uri|records_?url)|has_?(?:more|next_?page|next)|LastEvaluatedKey|__next|continue|offset|cursor_next", re.I)


def _more(value, path, count):
    """A sentence on records that are on other pages; or nothing."""
    total, further = 0, False
    at, around = value, []
    for key in path:
        if isinstance(at, dict):
            around.append({k: v for k, v in at.items() if k != key})
        at = at[key]
    if isinstance(at, dict):
        around.append({k: v for k, v in at.items() if not isinstance(v, (list, dict))})
    for level in around:
        for part in [level, *(v for k, v in level.items() if isinstance(v, dict))]:
            for part in [part, *(v for v in part.values() if isinstance(v, dict))]:
                for k, v in part.items():
                    if type(v) is int and v > count and _TOTAL.fullmatch(k) and re.search("total|found|count|size|results|matches|value", k, re.I) and not re.search("page|^max|^size$", k, re.I):
                        total = max(total, v) if k.lower() != "value" or "relation" in part else total
                    further |= _NEXT.fullmatch(k) is not None and bool(v) and not (isinstance(v, int) and not isinstance(v, bool)) and not (k.lower() == "offset" and not isinstance(v, str))
    if total:
        return f" The answer counts {total:,}: there are more pages than this one."
    return " There are more pages than this one." if further else ""


_WORDS = {"error", "errors", "message", "messages", "status", "code", "timestamp", "path", "detail", "details", "title", "type", "instance", "success", "ok", "request_id", "requestid", "trace", "traceid", "trace_id", "documentation_url", "error_description", "error_code", "error_message", "errormessage", "error message", "reason", "info", "statuscode", "description", "data", "result", "results", "response", "fault", "exception", "note", "information", "errorcode", "fields", "name", "cod", "responsetime", "help", "hint", "jsonrpc", "id", "error_uri", "errormessages", "warningmessages", "meta", "status_code", "error_info"}  # fmt: skip


def problem(value):
    """What an answer says went wrong; None where it is no error."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict) or not value or len(value) > 12 or not {k.lower() for k in value} <= _WORDS:
        return None
    low = {k.lower(): v for k, v in value.items()}
    told = next((low[k] for k in ("error", "errors", "error message", "error_message", "errormessage", "errormessages", "fault", "exception", "error_info") if low.get(k)), None)
    code = next((low[k] for k in ("status", "code", "cod", "statuscode", "status_code", "error_code") if k in low), None)
    failed = str(code).isdigit() and 400 <= int(code) <= 599 or low.get("success") is False or low.get("ok") is False or isinstance(code, str) and re.search(r"error|fail|denied|invalid|not_found", code, re.I)
    if told is None and isinstance(low.get("message"), list) and low["message"] and isinstance(low["message"][0], dict) and len(low) == 1:
        told = low["message"]
    if told is None and (failed or len(low) == 1 and isinstance(next(iter(low.values())), str) and next(iter(low)) in ("note", "information", "message", "detail")):
        told = next((low[k] for k in ("message", "messages", "title", "detail", "details", "reason", "info", "description", "note", "information", "error_description") if low.get(k)), code)
    if told is None or _holds_data(low):
        return None
    words = [w for w in (_message(told), _message({k: v for k, v in low.items() if k in ("error_description", "message", "detail")})) if w]
    return " ".join(dict.fromkeys(words))[:300] or json.dumps(told)[:300]


def _holds_data(low):
    return any(low.get(k) for k in ("data", "result", "results", "response"))


def _message(told):
    if isinstance(told, str):
        return told
    if isinstance(told, list):
        return "; ".join(filter(None, map(_message, told[:3])))
    if isinstance(told, dict):
        low = {k.lower(): v for k, v in told.items()}
        return next((m for k in ("message", "reason", "error_description", "info", "detail", "description", "title", "value", "faultstring", "type", "root_cause") if (m := _message(low.get(k)))), "")
    return ""


def _size(value, depth=12):
    """About how many characters a value takes, of long lists from some of their values."""
    if isinstance(value, str):
        return len(value) + 4
    if not isinstance(value, (dict, list)):
        return 6
    if not depth:
        return 50
    items = list(value.items()) if isinstance(value, dict) else value
    step = max(1, len(items) // 40)
    few = items[::step]
    if isinstance(value, dict):
        size = sum(len(str(k)) + 4 + _size(v, depth - 1) for k, v in few)
    else:
        size = sum(_size(v, depth - 1) + 2 for v in few)
    return int(size * len(items) / len(few)) + 2 if few else 2
