"""Charts of libraries that draw in a browser: each becomes a page to open and,
of Plotly and Altair, a picture.

What draws the pictures comes as packages of its own, installed at the first
chart: Kaleido, a browser without a window, for Plotly; vl-convert, which has a
browser's JavaScript engine, for Altair. Both reserve more addresses than a
session may map, so each drawing is a process of its own, without that limit.
"""

import base64
import importlib.abc
import importlib.machinery
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time

from attache.figures import next_name
from attache.imports import located, need

SECONDS = 60  # of one drawing
RESERVE = 80 << 20  # bytes that a drawing leaves of the session's memory
SVG_POINTS = 30_000  # up to which points are drawn as SVG, in less memory than WebGL takes
SIZE = 700, 500  # of a Plotly chart that does not say; Plotly's own
FORMATS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "svg": "svg", "pdf": "pdf"}
# Plotly's charts on maps, whose lands and tiles come from the network.
MAPS = {
    "choropleth", "choroplethmap", "choroplethmapbox", "densitymap", "densitymapbox",
    "scattergeo", "scattermap", "scattermapbox",
}  # fmt: skip

limit = 0  # bytes of memory that the session may have; 0: not known


def install(show):
    """Make what the libraries show or draw come here, as soon as they are imported.

    show takes the values that a display() shows.
    """
    sys.meta_path.insert(0, _AfterImport({
        "plotly.io._kaleido": {"to_image": plotly_image, "write_image": plotly_write},
        "plotly.io._renderers": {"show": lambda figure, *args, **kwargs: _shown(figure, show)},
        "bokeh.io.showing": {"show": lambda figure, *args, **kwargs: show(figure)},
        "altair.utils._importers": {"import_vl_convert": lambda: need("vl_convert", "vl-convert-python")},
        "vl_convert": _apart,
        "IPython.display": {"display": show},
        "IPython.core.display_functions": {"display": show},
    }))  # fmt: skip


def save(chart):
    """Save a chart as a page and, where that works, as a picture. False if it is none."""
    library = type(chart).__module__.split(".")[0]
    if library == "plotly" and hasattr(chart, "write_html"):
        if not any(trace.type in MAPS for trace in chart.data):
            _try(lambda: plotly_write(chart, next_name("chart"), scale=2))
        chart.write_html(next_name("chart", ".html"), include_plotlyjs=True)
        return True
    if library == "altair" and hasattr(chart, "save"):
        _try(lambda: chart.save(next_name("chart"), scale_factor=2))
        return _try(lambda: chart.save(next_name("chart", ".html")))
    if library == "folium" and hasattr(chart, "save"):
        return _try(lambda: chart.save(next_name("chart", ".html")))
    if library == "bokeh" and hasattr(chart, "document"):
        return _try(lambda: _bokeh(chart, next_name("chart", ".html")))
    return False


def _try(draw):
    try:
        draw()
    except Exception:
        return False
    return True


def _shown(figure, show):
    if isinstance(figure, dict):
        import plotly.graph_objects as go

        figure = go.Figure(figure)
    show(figure)


def _bokeh(chart, path):
    from bokeh.embed import file_html

    page = file_html(chart, title="chart")
    with open(path, "w", encoding="utf-8") as f:
        f.write(page)


def plotly_image(figure, format=None, width=None, height=None, scale=None, **kwargs):
    """Draw a Plotly figure: what its to_image does. Returns the file's bytes."""
    import plotly
    from plotly.io import to_json

    name = (format or "png").lower()
    if name not in FORMATS:
        raise ValueError(f"Plotly charts can be drawn as {', '.join(FORMATS)}; {format} is none of them")
    chart = json.loads(to_json(figure, validate=False))
    layout = chart.get("layout") or {}
    _without_webgl(chart)
    request = {
        "data": chart,
        "format": FORMATS[name],
        "width": width or layout.get("width") or SIZE[0],
        "height": height or layout.get("height") or SIZE[1],
        "scale": scale or 1,
    }
    # No later Kaleido brings its browser along.
    kaleido = os.path.join(os.path.dirname(located("kaleido", "kaleido==0.2.1").origin), "executable")
    script = os.path.join(os.path.dirname(plotly.__file__), "package_data", "plotly.min.js")
    with tempfile.TemporaryDirectory() as home:
        out = _run(
            [f"{kaleido}/bin/kaleido", "plotly", f"--plotlyjs=file://{script}", "--allow-file-access-from-files", "--single-process",
             "--no-sandbox", "--disable-gpu", "--disable-breakpad", "--disable-dev-shm-usage"],
            json.dumps(request).encode() + b"\n",
            cwd=kaleido,
            env={"LD_LIBRARY_PATH": f"{kaleido}/lib", "FONTCONFIG_PATH": f"{kaleido}/etc/fonts", "XDG_DATA_HOME": f"{kaleido}/xdg", "HOME": home},
        )  # fmt: skip
    answer = json.loads(out.splitlines()[-1])  # the first line only says that it has started
    if not answer.get("result"):
        raise RuntimeError(f"The chart could not be drawn: {answer.get('message') or 'it is empty'}")
    return answer["result"].encode() if name == "svg" else base64.b64decode(answer["result"])


def _without_webgl(chart):
    """Make points that Plotly would draw with WebGL such of SVG, which look the same."""
    traces = [t for t in chart.get("data") or [] if t.get("type") in ("scattergl", "scatterpolargl")]
    if sum(_length(t.get("x", t.get("r"))) for t in traces) <= SVG_POINTS:
        for t in traces:
            t["type"] = t["type"].removesuffix("gl")


def _length(values):
    if isinstance(values, dict):  # an array as base64
        return len(values.get("bdata", "")) // 10
    return len(values or ())


def plotly_write(figure, file, format=None, scale=None, width=None, height=None, **kwargs):
    """Draw a Plotly figure into a file: what its write_image does."""
    path = isinstance(file, (str, os.PathLike))
    if path and not format:
        format = os.path.splitext(os.fspath(file))[1].lstrip(".") or None
    image = plotly_image(figure, format, width, height, scale)
    if not path:
        file.write(image)
        return
    with open(file, "wb") as f:
        f.write(image)


def _apart(vl_convert):
    """Make vl-convert's functions that draw run in a process of their own."""

    def apart(function):
        def run(*args, **kwargs):
            paths = [os.path.dirname(os.path.dirname(vl_convert.__file__))]
            out = _run([sys.executable, "-c", _CHILD], pickle.dumps((paths, function, args, kwargs)))
            result, error = pickle.loads(out)
            if error:
                raise ValueError(error)
            return result

        return run

    return {name: apart(name) for name in dir(vl_convert) if "_to_" in name and callable(getattr(vl_convert, name))}


_CHILD = """
import pickle, sys
paths, function, args, kwargs = pickle.load(sys.stdin.buffer)
sys.path += paths
import vl_convert
try:
    result = getattr(vl_convert, function)(*args, **kwargs), None
except Exception as e:
    result = None, str(e)
sys.stdout.buffer.write(pickle.dumps(result))
"""


def _run(argv, data, cwd=None, env=None):
    """Run a program that draws, without the limit of addresses. Returns its output.

    It is ended before it costs the session its life: all memory together has a
    limit, at which the host ends everything.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as fed:
        fed.write(data)
        fed.seek(0)
        process = subprocess.Popen(
            ["/bin/sh", "-c", 'ulimit -v unlimited; exec "$0" "$@"', *argv],
            stdin=fed, stdout=out, stderr=said, cwd=cwd, env={**os.environ, **(env or {})},
        )  # fmt: skip
        try:
            end = time.monotonic() + SECONDS
            while process.poll() is None:
                if time.monotonic() > end:
                    raise RuntimeError(f"The chart could not be drawn within {SECONDS} seconds")
                if limit and _memory() > limit - RESERVE:
                    raise RuntimeError("The chart could not be drawn: too little of the session's memory is left. Delete what you don't need, or draw fewer points.")
                time.sleep(0.01)
        finally:
            process.kill()
            process.wait()
        out.seek(0)
        result = out.read()
        if process.returncode or not result:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise RuntimeError(f"The chart could not be drawn: {lines[-1][:200] if lines else f'code {process.returncode}'}")
        return result


def _memory():
    """The bytes that all processes and files of the session have: here, what of the machine's is not free."""
    with open("/proc/meminfo") as f:
        values = dict(line.split()[:2] for line in f.read(200).splitlines()[:2])
    return (int(values["MemTotal:"]) - int(values["MemFree:"])) << 10


class _AfterImport(importlib.abc.MetaPathFinder):
    """Puts other functions into modules when they are imported: a dict, or a function that makes one."""

    def __init__(self, changes):
        self.changes = changes

    def find_spec(self, fullname, path=None, target=None):
        change = self.changes.get(fullname)
        if change is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            vars(module).update(change(module) if callable(change) else change)

        spec.loader.exec_module = exec_module
        return spec
