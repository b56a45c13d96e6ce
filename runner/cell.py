"""Run one piece of code as a notebook runs a cell."""

import ast
import asyncio
import contextlib
import inspect
import linecache
import re
import sys
import traceback

_MAGIC = re.compile(r"^(\s*)([!%]{1,2})(.*)$")
_TOOLS = "/opt/tools/"
_PIP = re.compile(r"^(?:python3?\s+-m\s+)?(?:uv\s+)?pip3?\s+install\s+(.*)$")


def execute(code, ns, filename, link, show, explain):
    """Run code in ns and return {"status", "error"}. Tracebacks call it filename.

    show is called with the value of a last line that is an expression, explain
    with an exception that ended the code, to add a note to. The status is ok, error (with the traceback as text) or
    interrupted. sys.exit is an error with the fields exit, its status, and said, its words.
    """
    try:
        body, last = _compile(_magics(code), filename)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as e:
        return {"status": "error", "error": "".join(traceback.format_exception_only(e)).rstrip()}
    linecache.cache[filename] = (len(code), None, _magics(code).splitlines(True), filename)
    try:
        with link.running():
            _run(body, ns)
            if last is not None:
                value = _run(last, ns)
                if value is not None:
                    ns["_"] = value
                    show(value)
    except KeyboardInterrupt as e:
        return {"status": "interrupted", "error": _stopped(e, filename)}
    except SystemExit as e:
        return _exit(e.code)
    except BaseException as e:
        if link.delivered:  # C code makes other errors of an interrupt
            return {"status": "interrupted", "error": _stopped(e, filename)}
        with contextlib.suppress(BaseException):  # of the exception's own methods
            explain(e)
        return {"status": "error", "error": format_error(e, filename)}
    finally:
        # A traceback keeps every frame's variables alive.
        sys.last_value = sys.last_traceback = sys.last_type = None
    return {"status": "ok"}


def _stopped(e, filename):
    """Where it was stopped, or nothing of that: it may not have begun, or be done."""
    begun = any(f.f_code.co_filename.startswith((filename, "<cell", _TOOLS)) for f, _ in traceback.walk_tb(e.__traceback__))
    return format_error(e, filename) if begun else "KeyboardInterrupt"


def _exit(code):
    if code in (None, 0):
        return {"status": "ok"}
    number, said = isinstance(code, int), words(code)
    return {"status": "error", "error": f"SystemExit: {said}", "exit": code & 0xFF if number else 1, "said": "" if number else said}


def words(value):
    """What the code's own value says of itself, whatever its class does."""
    try:
        return str(value)
    except BaseException as e:
        return f"<{type(value).__name__}: its str failed with {type(e).__name__}>"


def _compile(code, filename):
    """Return the code objects of all statements and of a last expression."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = ast.parse(code, filename)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not code.rstrip().endswith(";"):
        last = ast.Expression(tree.body.pop().value)
        last = compile(last, filename, "eval", flags, dont_inherit=True)
    return compile(tree, filename, "exec", flags, dont_inherit=True), last


def _run(code, ns):
    if code.co_flags & inspect.CO_COROUTINE:
        return asyncio.run(_await(eval(code, ns)))
    return eval(code, ns)


async def _await(coroutine):
    return await coroutine


def _magics(code):
    """Rewrite a notebook's line commands, and nothing when the code is Python as it is."""
    if not re.search(r"^\s*[!%]", code, re.M):
        return code
    try:
        ast.parse(code)
        return code
    except SyntaxError:
        return "\n".join(_magic(line) for line in code.split("\n"))


def _magic(line):
    m = _MAGIC.match(line)
    if not m:
        return line
    indent, sign, rest = m.group(1), m.group(2), m.group(3).strip()
    pip = _PIP.match(rest)
    if pip:
        return f"{indent}__import__('attache.imports', fromlist=['x']).pip_install({pip.group(1)!r})"
    if sign == "!":
        return f"{indent}__import__('attache.cell', fromlist=['x']).shell({rest!r})"
    name, _, rest = rest.partition(" ")
    if name == "time":
        return indent + (rest or "pass")
    if name in ("matplotlib", "config", "load_ext", "autoreload", "capture", "precision"):
        return f"{indent}pass"
    return f"{indent}print({f'(%{name} is not available here)'!r})"


def shell(command):
    """Run a shell command; its output is the cell's."""
    import subprocess

    sys.stdout.flush()
    status = subprocess.run(command, shell=True).returncode
    if status:
        print(f"(exit status {status})")


def system(command):
    """os.system, which an interrupt ends: that of C does not hear any while it waits."""
    import subprocess

    status = subprocess.call(command, shell=True)
    return status << 8 if status >= 0 else -status


def format_error(e, filename):
    """Return the traceback from the first line of the user's code on, which is
    that of filename or of an earlier cell, or from a tool's; of a deep stack in a
    library only the ends."""
    te = traceback.TracebackException.from_exception(e, compact=True)
    own = (filename, "<cell", _TOOLS)  # whose lines people see
    seen = set()

    def trim(t):
        if t is None or id(t) in seen:
            return
        seen.add(id(t))
        stack = t.stack
        first = next((i for i, f in enumerate(stack) if f.filename == "/opt/attache/tools.py"), None)
        if first is None:
            first = next((i for i, f in enumerate(stack) if f.filename.startswith(own[:2])), None)
        if first is None:
            first = next((i for i, f in enumerate(stack) if "/attache/" not in f.filename), len(stack))
        del stack[:first]
        for i in reversed(range(len(stack))):
            if stack[i].filename.startswith("/opt/attache/"):
                del stack[i]
        hide = [i for i, f in enumerate(stack) if not f.filename.startswith(own)][1:-1]
        if len(hide) > 2:
            for i in reversed(hide):
                del stack[i]
        trim(t.__cause__)
        trim(t.__context__)

    trim(te)
    return "".join(te.format()).rstrip()[-20000:]
