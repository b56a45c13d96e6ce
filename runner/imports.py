"""Missing imports: the host is asked to install what provides them."""

import dis
import importlib
import importlib.abc
import importlib.machinery
import os
import shlex
import sys

from attache.channel import HostError

_current = None  # the Importer of this process


class Importer(importlib.abc.MetaPathFinder):
    """The last finder: it is asked only for what nobody else has found."""

    def __init__(self, link, ns):
        self.link, self.ns = link, ns
        self.refused = {}

    def install(self):
        global _current
        _current = self
        sys.meta_path.append(self)

    def use(self, paths):
        """Put the folders of installed packages on the path, once each."""
        for path in paths:
            if path not in sys.path:
                sys.path.append(path)
        importlib.invalidate_caches()

    def begin(self):
        """Begin a run: what was refused may be asked for again."""
        self.refused.clear()

    def find_spec(self, fullname, path=None, target=None):
        if "." in fullname or fullname in sys.stdlib_module_names or fullname.startswith("_"):
            return None
        if not self._wanted(fullname):
            return None
        if fullname == "IPython":
            return importlib.machinery.PathFinder.find_spec(fullname, [os.path.dirname(__file__)])  # its stand-in
        if fullname not in self.refused:
            try:
                self._take(self.link.ask("import", module=fullname))
            except HostError as e:
                self.refused[fullname] = str(e)
        if fullname in self.refused:
            raise ModuleNotFoundError(self.refused[fullname], name=fullname)
        return importlib.machinery.PathFinder.find_spec(fullname)

    def pip(self, specs):
        self._take(self.link.ask("install", specs=specs))

    def _take(self, reply):
        self.use(reply.get("paths") or [])

    def _wanted(self, fullname):
        """Whether user code needs the module: a library that merely tries an
        optional import goes without it, as it would anywhere."""
        frame = sys._getframe(2)
        through_machinery = False
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith("<frozen importlib"):
                if frame.f_code.co_name == "_find_and_load":
                    through_machinery = True
                    outer = frame.f_locals.get("name", fullname)
                    if outer != fullname and not outer.startswith(fullname + "."):
                        return False  # compiled code, which has no frame, tries it while it is imported
            elif "importlib" not in name:
                break
            frame = frame.f_back
        if frame is None or not through_machinery or not self.link.interruptible:
            return False
        if frame.f_globals is self.ns or name.startswith(("<cell", "/work/", "/opt/attache/", "/opt/tools/")):
            return True
        # pandas names what read_excel, to_markdown and the like need.
        if frame.f_code.co_name == "import_optional_dependency":
            return frame.f_locals.get("errors") == "raise"
        # A function of a library that imports without a try around it was
        # called for what it needs the module for.
        return frame.f_code.co_name != "<module>" and not _guarded(frame)


def need(module, distribution=None):
    """Return a module that a kind of file needs, installed first where it is missing.

    distribution is what provides it, when that is named otherwise. Raises
    ModuleNotFoundError with one sentence when it can't be had.
    """
    if module not in sys.modules:
        located(module, distribution)
    return importlib.import_module(module)


def located(module, distribution=None):
    """As need, but return where the module is (its spec) without importing it."""
    distribution = distribution or module
    spec = importlib.machinery.PathFinder.find_spec(module)
    if spec is None:
        if _current is None:
            raise ModuleNotFoundError(f"{distribution} is needed for this and not installed", name=module)
        try:
            _current.pip([distribution])
        except HostError as e:
            raise ModuleNotFoundError(str(e), name=module) from None
        spec = importlib.machinery.PathFinder.find_spec(module)
        if spec is None:
            raise ModuleNotFoundError(f"{distribution} was installed but does not provide {module}", name=module)
    return spec


def _guarded(frame):
    """Whether an exception in what the frame runs now is handled in it."""
    at = frame.f_lasti
    return any(e.start <= at < e.end for e in dis._parse_exception_table(frame.f_code))


def pip_install(line):
    """What %pip install and !pip install do."""
    try:
        specs = [s for s in shlex.split(line) if not s.startswith("-")]
        if not specs:
            raise HostError("nothing to install: give the name of a package")
        _current.pip(specs)
    except HostError as e:
        raise ModuleNotFoundError(str(e)) from None
