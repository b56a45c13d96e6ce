"""Nested data: JSON, YAML, TOML, INI and XML."""

import configparser
import json
import re
from collections import Counter

from attache.loaders import answers, dates, encoding
from attache.loaders.source import FileLoadError, note, xml_problem


def json_file(src, raw=False, **options):
    """Return a DataFrame for a list of records, else what the JSON is.

    Options are those of pandas.read_json, which is used when there are some.
    """
    if options:
        import pandas as pd

        return pd.read_json(src.path, **options)
    data = src.bytes()
    twice = []
    try:
        value = _parsed(data, twice)
    except json.JSONDecodeError as e:
        if "Extra data" in e.msg or data.lstrip().startswith(b"\x1e"):
            return jsonl(src)
        value = _annotated(src, data, twice)
        if value is None:
            raise src.fail(f"is not valid JSON: {_where(e)}") from None
    except UnicodeDecodeError:
        value = _parsed(encoding.decode(data)[0], twice)
    _tell_twice(src, twice)
    if raw:
        return value
    if isinstance(value, dict) and value.get("type") == "FeatureCollection" and isinstance(value.get("features"), list):
        from attache.loaders import geo

        src.kind = "geojson"
        return geo.vector(src)
    return answer(src, value)


def answer(src, value):
    """The table in a value, else the value; an error that a service answered with is said."""
    wrong = answers.problem(value)
    if wrong:
        note(f"{src.name} is the answer of a service to a request that failed, and no data: {wrong}")
        return value
    made = answers.table(src, value)
    return value if made is None else made


def _parsed(text, twice):
    """The value of JSON; the keys that an object has twice are added to twice. As usual, the last one counts."""

    def pairs(found):
        made = dict(found)
        if len(made) < len(found):
            times = Counter(k for k, _ in found)
            twice.append(next(k for k in times if times[k] > 1))
        return made

    return json.loads(text, object_pairs_hook=pairs)


def _tell_twice(src, twice):
    if twice:
        shown = ", ".join(map(repr, dict.fromkeys(twice)))
        note(f"{src.name}: {len(twice):,} object(s) have a key twice ({shown[:60]}); its last value was taken.")


def _annotated(src, data, twice):
    """The value of JSON with comments and commas before a closing bracket, as programs' settings have them; else None."""
    text = encoding.decode(data)[0].lstrip("\ufeff")
    string = r'"(?:[^"\\]|\\.)*"'
    call = re.fullmatch(r"\s*(?:/\*\*/\s*)?[\w.$]+\s*\((.*)\)\s*;?\s*", text, re.S)
    if call:
        try:
            value = _parsed(call[1], twice)
            note(f"{src.name} is JSON within the call of a function, which was left out.")
            return value
        except json.JSONDecodeError:
            return None
    bare = re.sub(rf"({string})|//[^\n]*|/\*.*?\*/", lambda m: m[1] or " ", text, flags=re.S)
    bare = re.sub(rf"({string})|,(?=\s*[\]}}])", lambda m: m[1] or "", bare)
    if bare == text:
        return None
    try:
        value = _parsed(bare, twice)
    except json.JSONDecodeError:
        return None
    note(f"{src.name} is JSON with comments or commas at the end of lists, which were left out.")
    return value


def jsonl(src):
    """Return the records, one a line, as a DataFrame."""
    text, _ = encoding.decode(src.bytes())
    records, bad, twice = [], [], []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip("\x1e \t\r\ufeff")
        if not line:
            continue
        try:
            records.append(_parsed(line, twice))
        except json.JSONDecodeError as e:
            bad.append((number, e))
    _tell_twice(src, twice)
    if bad and len(bad) >= max(1, len(records)):
        records = _one_after_another(text)
        if records is None:
            raise src.fail(f"is not JSON by the line: line {bad[0][0]}: {_where(bad[0][1])}") from None
        bad = []
    if bad:
        note(f"{src.name}: {len(bad)} line(s) that are not JSON were left out (line {bad[0][0]} first).")
    made = answers.table(src, records[0]) if len(records) == 1 else None
    if made is not None:
        return made
    if records and all(isinstance(r, dict) for r in records):
        return answers.frame(src, records)
    import pandas as pd

    return pd.DataFrame(records) if records and all(isinstance(r, list) for r in records) else pd.DataFrame({"value": records})


def _one_after_another(text):
    """Values that follow one another, each on as many lines as it takes; None where there is anything else."""
    decoder, at, records = json.JSONDecoder(), 0, []
    text = text.lstrip("\ufeff")
    while at < len(text):
        blank = re.compile(r"[\s\x1e]*").match(text, at).end()
        if blank == len(text):
            break
        try:
            record, at = decoder.raw_decode(text, blank)
        except json.JSONDecodeError:
            return None
        records.append(record)
    return records or None


def table(value, name=""):
    """Return a list of records as a DataFrame, anything else as it is; name is the file's, for what is to be said.

    Nested objects become columns named outer.inner.
    """
    if not (isinstance(value, list) and any(value) and all(isinstance(r, dict) for r in value)):
        return value
    import pandas as pd

    if any(isinstance(v, dict) and len(v) == 1 and next(iter(v)) in _OF_MONGO for r in value[:100] for v in r.values()):
        value = [{k: _without_type(v) for k, v in r.items()} for r in value]
    if any(isinstance(v, dict) for r in value[:1000] for v in r.values()):
        frame = pd.json_normalize(value)
    else:
        frame = pd.DataFrame.from_records(value)
    for key in frame.columns:
        if frame[key].dtype == "float64" and frame[key].abs().max() >= 2**53:
            _keep_digits(frame, key, value)
        elif frame[key].dtype == object and frame[key].dropna().isin([True, False]).all() and frame[key].notna().any() and all(isinstance(v, bool) for v in frame[key].dropna()):
            frame[key] = frame[key].astype("boolean")
    return dates.convert(frame, name=name)


def _instant(value):
    """The time in a $date, which is text, or milliseconds since 1970."""
    import datetime

    if not isinstance(value, (int, float)):
        return value
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=value)).isoformat(timespec="milliseconds") + "Z"


# Values with their type, as mongoexport writes them.
_OF_MONGO = {"$oid": str, "$uuid": str, "$date": _instant, "$numberInt": int, "$numberLong": int, "$numberDouble": float, "$numberDecimal": float}


def _without_type(value):
    if isinstance(value, list):
        return [_without_type(v) for v in value]
    if not isinstance(value, dict):
        return value
    key = next(iter(value), None)
    if len(value) == 1 and key in _OF_MONGO:
        return _OF_MONGO[key](_without_type(value[key]))
    return {k: _without_type(v) for k, v in value.items()}


def _keep_digits(frame, name, records):
    """Whole numbers that became floats because some are missing, and are too long for these, are identifiers: text."""

    def of(record):
        for part in [name] if name in record else str(name).split("."):
            record = record.get(part) if isinstance(record, dict) else None
        return record

    values = [of(r) for r in records]
    if all(v is None or isinstance(v, int) and not isinstance(v, bool) for v in values):
        import pandas as pd

        frame[name] = pd.Series([None if v is None else str(v) for v in values], index=frame.index, dtype="str")


def _where(e):
    return f"{e.msg[:1].lower()}{e.msg[1:]} at line {e.lineno}, column {e.colno}"


def yaml_file(src):
    """Return what the YAML is; of several documents a list."""
    import yaml

    text, _ = encoding.decode(src.bytes())
    if _depth(text) > DEEPEST:
        raise src.fail(f"has values that lie more than {DEEPEST:,} deep in one another")
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):
        merged = 0

        def flatten_mapping(self, node):
            super().flatten_mapping(node)
            self.merged += len(node.value)
            if self.merged > 10 * len(text) + 1000:
                raise src.fail("merges its mappings (<<) into far more than the file has")

    try:
        documents = list(yaml.load_all(text, Loader=Loader))
    except FileLoadError:
        raise
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise src.fail(f"is not valid YAML: {getattr(e, 'problem', None) or 'it can not be parsed'}{where}") from None
    except ValueError as e:  # a date of no calendar
        raise src.fail(f"is not valid YAML: {e}") from None
    return documents[0] if len(documents) == 1 else documents


DEEPEST = 10_000  # values of YAML in one another: its reader in C ends the process when the stack is full


def _depth(text):
    """How deep values may lie in one another in YAML, never less than they do: within each
    other's brackets, or further to the right."""
    import numpy as np

    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    opened, closed = (data == ord("[")) | (data == ord("{")), (data == ord("]")) | (data == ord("}"))
    brackets = int(np.cumsum(opened.astype(np.int64) - closed).max(initial=0))
    starts = re.finditer(r"^[ ?:-]{100,}", text, re.M)
    return brackets + max((len(m[0]) for m in starts), default=0)


def toml(src):
    import tomllib

    text, _ = encoding.decode(src.bytes())
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as e:
        raise src.fail(f"is not valid TOML: {e}") from None


def ini(src):
    """Return {section: {key: text}}; keys above the first section are in ""."""
    try:
        return _ini(encoding.decode(src.bytes())[0])
    except configparser.Error as e:
        raise src.fail(f"is not valid INI: {' '.join(str(e).split())}") from None


def config(src):
    """Return a dict as of INI, or the text where it is none."""
    text, _ = encoding.decode(src.bytes())
    if re.search(r"^\s*\[[^\]\n]+\]\s*$", text, re.M):
        try:
            return _ini(text)
        except configparser.Error:
            pass
    return text


def _ini(text):
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True, default_section="\x00")
    parser.optionxform = str
    text = text.removeprefix("\ufeff")
    if not re.match(r"\s*(?:[;#][^\n]*\n\s*)*\[", text):
        text = "[\x01]\n" + text
    parser.read_string(text)
    return {section.replace("\x01", ""): dict(parser.items(section)) for section in parser.sections()}


def xml(src):
    """Return a dict: attributes are "@name", text beside them "#text", and a
    tag that occurs several times in one place is a list."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(src.bytes(), parser)
    except etree.XMLSyntaxError as e:
        raise src.fail(f"is not valid XML: {xml_problem(e)}") from None
    if root is None:
        raise src.fail("is not valid XML: it has no element")
    return {_tag(root, root.tag): _element(root)}


def _element(e):
    node = {"@" + _tag(e, name): value for name, value in e.attrib.items()}
    for child in e:
        if not isinstance(child.tag, str):
            continue  # an entity that is not resolved
        tag, value = _tag(child, child.tag), _element(child)
        if tag not in node:
            node[tag] = value
        elif isinstance(node[tag], list):
            node[tag].append(value)
        else:
            node[tag] = [node[tag], value]
    text = "".join([e.text or "", *(c.tail or "" for c in e)]).strip()
    if not node:
        return text or None
    if text:
        node["#text"] = text
    return node


def _tag(e, name):
    """A name with its prefix instead of its namespace."""
    if not name.startswith("{"):
        return name
    space, _, local = name[1:].partition("}")
    prefix = next((p for p, s in e.nsmap.items() if s == space), None)
    return f"{prefix}:{local}" if prefix else local
