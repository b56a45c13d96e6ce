"""The operator's tools: Python files whose typed functions the model may call.

The host asks describe() for what a file offers and runs a call as a cell that
calls call(). Both run in a session like any other, with what it may reach.
"""

import asyncio
import importlib
import importlib.util
import inspect
import json
import math
import os
import sys
import traceback

from attache import display, signature

FOLDER = "/opt/tools"
WORK = "/work"
MAX_TEXT = 40_000  # characters of a result; the middle of a longer one is left out
_CHARTS = ("matplotlib", "seaborn", "PIL", "plotly", "altair", "bokeh", "folium")  # libraries of what is drawn

_link = None
_provided = {}  # what the files find without importing it: load_file and its kin
_loaded = {}  # file name to module
_version = None  # of the folder that the modules come from


def install(link, provided):
    """Take the channel and the names that every session starts with."""
    global _link, _provided
    _link, _provided = link, provided


def describe(name, version):
    """Write what the functions of a file are to tools.json in the work folder."""
    found = {"tools": [], "problems": []}
    try:
        module = _load(name, version)
    except Exception as e:
        found["problems"].append(_reason(e))
    except SystemExit:
        found["problems"].append("it ends the program when it is imported")
    else:
        for function_name, function, line in _public(module):
            try:
                one = signature.describe(function_name, function)
                json.dumps(one, allow_nan=False)
                found["tools"].append(one)
            except signature.Unusable as e:
                found["problems"].append(f"line {line}: {function_name} {e}")
            except Exception as e:  # one function hides no other
                found["problems"].append(f"line {line}: {function_name} can't be described ({type(e).__name__}: {e})")
    with open(f"{WORK}/tools.json", "w") as f:
        json.dump(found, f)


def call(name, function_name, arguments, version):
    """Call a function of a file with a JSON object of arguments and show what it returns."""
    function = getattr(_load(name, version), function_name)
    kwargs = signature.fit(function, json.loads(arguments))
    result = function(**kwargs)
    if inspect.isawaitable(result):
        result = asyncio.run(_await(result))
    show(result)


def show(value):
    """Show a result: text as text, tables and charts as such, other data as JSON."""
    if value is None:
        return
    if isinstance(value, (str, os.PathLike)):
        return _text(os.fspath(value))
    if isinstance(value, dict) and any(_shown(v) for v in value.values()):
        for key, one in value.items():
            _text(f"{key}:")
            show(one)
    elif isinstance(value, (list, tuple)) and any(_shown(v) for v in value):
        for one in value:
            show(one)
    elif isinstance(value, (dict, list, tuple, set, frozenset, bool, int, float)) or hasattr(value, "__dataclass_fields__"):
        _text(json.dumps(plain(value), ensure_ascii=False))
    elif type(value).__module__ == "numpy":
        _text(json.dumps(plain(value), ensure_ascii=False))
    else:
        _provided["display"](value)


def plain(value):
    """Return value as JSON can hold it: what it can't is null or text."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k if isinstance(k, str) else str(plain(k)): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return plain(value.tolist())
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


async def _await(awaitable):
    return await awaitable


def _shown(value):
    return type(value).__module__.split(".")[0] in _CHARTS or display.is_table(value)


def _text(text):
    sys.stdout.flush()
    if len(text) > MAX_TEXT:
        half = MAX_TEXT // 2
        text = f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"
    _link.send("show", text=text)


def _load(name, version):
    """Return the module of a file. At a new version of the folder, every file
    is run anew."""
    global _version
    if version != _version:
        for known, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None)).startswith(FOLDER + "/"):
                del sys.modules[known]
        importlib.invalidate_caches()
        _loaded.clear()
        _version = version
    if FOLDER not in sys.path:
        sys.path.append(FOLDER)  # for what the files import of one another
    if name not in _loaded:
        # A name of its own: tools/random.py must not become the module random.
        spec = importlib.util.spec_from_file_location("tool_" + name.removesuffix(".py"), f"{FOLDER}/{name}")
        module = importlib.util.module_from_spec(spec)
        module.__dict__.update(_provided)
        sys.modules[spec.name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[spec.name]
            raise
        _loaded[name] = module
    return _loaded[name]


def _public(module):
    """Return the functions that the file itself defines, in its order: name,
    function and line."""
    names = getattr(module, "__all__", None)
    for name, value in list(vars(module).items()):
        if name.startswith("_") if names is None else name not in names:
            continue
        try:
            function = inspect.unwrap(value) if callable(value) else None
        except ValueError:  # it wraps itself
            continue
        if inspect.isfunction(function) and function.__module__ == module.__name__:
            yield name, value, function.__code__.co_firstlineno


def _reason(e):
    """Return why a file could not be imported, in one sentence."""
    if isinstance(e, SyntaxError) and e.filename and e.filename.startswith(FOLDER):
        return f"line {e.lineno}: {type(e).__name__}: {e.msg}"
    if isinstance(e, PermissionError) and str(e.filename).startswith(FOLDER):
        return "the sandbox may not read it: make it readable to everybody (chmod -R o+rX on the folder)"
    where = [f.lineno for f in traceback.extract_tb(e.__traceback__) if f.filename.startswith(FOLDER)]
    text = f"{type(e).__name__}: {e}" if str(e) else type(e).__name__
    return f"line {where[-1]}: {text}" if where else text
