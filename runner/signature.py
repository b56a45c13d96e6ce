"""The signature of a function as a JSON Schema, and arguments that fit it."""

import inspect
import math
import re
import types
import typing

MAX_DESCRIPTION = 4000  # characters

_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_ALLOWED = "str, int, float, bool, list, dict, Optional, Union, Literal or Any"
_UNIONS = (typing.Union, types.UnionType)
_SECTION = re.compile(r"^(Args|Arguments|Parameters):\s*$")
_ENTRY = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")


class Unusable(Exception):
    """The function can't be a tool; the text says why, after its name."""


def describe(name, function):
    """Return {"name", "description", "parameters"} of a function. Raises Unusable."""
    if not re.fullmatch(r"[A-Za-z0-9_]{1,64}", name):
        raise Unusable("has a name of other than 1 to 64 letters a to z, digits and underscores")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise Unusable("is a generator: return a list instead")
    hints = _hints(function)
    description, documented = parse_doc(inspect.getdoc(function) or "")
    properties, required = {}, []
    for p in inspect.signature(function).parameters.values():
        if p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            raise Unusable(f"has the parameter {p}: only named parameters can be filled")
        if p.name not in hints:
            raise Unusable(
                f"has the parameter {p.name} without a type: add one ({_ALLOWED}), "
                "or begin the function's name with _ if it is not meant as a tool"
            )
        try:
            entry = schema(hints[p.name])
        except Unusable as e:
            raise Unusable(f"has the parameter {p.name} of a type that {e}: use {_ALLOWED}") from None
        if p.default is None and not _nullable(entry):
            entry = {"anyOf": [entry, {"type": "null"}]}
        if p.name in documented:
            entry = {**entry, "description": documented[p.name][:MAX_DESCRIPTION]}
        if p.default is p.empty:
            required.append(p.name)
        elif _jsonable(p.default):
            entry = {**entry, "default": p.default}
        properties[p.name] = entry
    if not properties and not hints:
        raise Unusable("has no types: say what it returns, as in -> str, or begin its name with _ if it is not meant as a tool")
    parameters = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        parameters["required"] = required
    return {"name": name, "description": (description or name.replace("_", " "))[:MAX_DESCRIPTION], "parameters": parameters}


def schema(annotation):
    """Return the JSON Schema of a type. Raises Unusable for one that JSON has not."""
    if isinstance(annotation, type) and annotation in _SIMPLE:
        return {"type": _SIMPLE[annotation]}
    if annotation is typing.Any:
        return {}
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        texts = [a for a in args[1:] if isinstance(a, str)]
        return {**schema(args[0]), **({"description": texts[0]} if texts else {})}
    if origin is typing.Literal:
        return _literal(args)
    if origin in _UNIONS:
        return {"anyOf": [schema(a) for a in args]}
    if list in (annotation, origin) or annotation is typing.List:
        return {"type": "array", "items": schema(args[0]) if args else {}}
    if dict in (annotation, origin) or annotation is typing.Dict:
        if args and args[0] not in (str, typing.Any):
            raise Unusable("is a dict whose keys are not str")
        return {"type": "object", "additionalProperties": schema(args[1])} if args else {"type": "object"}
    raise Unusable(f"can't be written as JSON ({getattr(annotation, '__name__', annotation)})")


def fit(function, arguments):
    """Return arguments with the numbers as the function wants them: JSON
    does not tell 3 from 3.0."""
    hints = _hints(function)
    return {name: _fit(value, hints.get(name)) for name, value in arguments.items()}


def parse_doc(doc):
    """Return (description, {parameter: description}) of a Google-style docstring."""
    description, documented = [], {}
    lines = doc.splitlines()
    i = 0
    while i < len(lines):
        if not _SECTION.match(lines[i]):
            description.append(lines[i])
            i += 1
            continue
        i = _entries(lines, i + 1, documented)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(description)).strip(), documented


def _entries(lines, i, documented):
    """Read the entries of a section from line i on and return where it ends."""
    indent, current = None, None
    while i < len(lines):
        line = lines[i]
        text = line.strip()
        depth = len(line) - len(line.lstrip())
        if text and depth == 0:
            break
        entry = _ENTRY.match(text)
        if text and indent is None:
            indent = depth
        if entry and depth == indent:
            current = entry.group(1)
            documented[current] = entry.group(2).strip()
        elif text and current:
            documented[current] = (documented[current] + " " + text).strip()
        i += 1
    return i


def _hints(function):
    try:
        return typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    except Exception as e:
        raise Unusable(f"has a type that can't be resolved ({type(e).__name__}: {e})") from None


def _literal(values):
    kinds = {_SIMPLE.get(type(v)) for v in values}
    if None in kinds:
        raise Unusable("is a Literal of other than texts, numbers, True, False and None")
    one = {"enum": list(values)}
    return {"type": kinds.pop(), **one} if len(kinds) == 1 else one


def _nullable(entry):
    kinds = [entry, *entry.get("anyOf", [])]
    return not entry or any(k.get("type") == "null" or None in k.get("enum", []) or k == {} for k in kinds)


def _jsonable(value):
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, (list, tuple)):
        return all(_jsonable(v) for v in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _jsonable(v) for k, v in value.items())
    return value is None or isinstance(value, (str, int, bool))


def _fit(value, annotation):
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _fit(value, args[0])
    if annotation is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if annotation is float and type(value) is int:
        return float(value)
    if origin in _UNIONS:
        if value is None or type(value) in args:
            return value
        fitted = [_fit(value, a) for a in args]
        return next((f for f in fitted if type(f) in args), fitted[0])
    if origin is list and args and isinstance(value, list):
        return [_fit(v, args[0]) for v in value]
    if origin is dict and args and isinstance(value, dict):
        return {k: _fit(v, args[1]) for k, v in value.items()}
    return value
