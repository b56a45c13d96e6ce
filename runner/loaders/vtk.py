"""Legacy files of VTK, in text and in binary form, of all versions from 1.0 to 5.1
(https://docs.vtk.org/en/latest/vtk_file_formats/vtk_legacy_file_format.html)."""

import re

from attache.imports import need

_TYPES = {
    "bit": "u1", "unsigned_char": "u1", "char": "i1", "unsigned_short": "u2", "short": "i2", "unsigned_int": "u4", "int": "i4",
    "unsigned_long": "u8", "long": "i8", "float": "f4", "double": "f8", "vtkidtype": "i4", "vtktypeint64": "i8",
    "vtktypeuint64": "u8", "vtktypeint32": "i4", "vtktypeuint32": "u4",
}  # fmt: skip
_CELLS = {"VERTICES": 2, "LINES": 4, "POLYGONS": 7, "TRIANGLE_STRIPS": 6}  # of polygonal data, as types of cells
_SECTIONS = {"POINT_DATA", "CELL_DATA", "ROW_DATA", "FIELD", "SCALARS", "VECTORS", "NORMALS", "TENSORS", "TENSORS6", "LOOKUP_TABLE"}
_SECTIONS |= {"TEXTURE_COORDINATES", "COLOR_SCALARS", "GLOBAL_IDS", "PEDIGREE_IDS", "EDGE_FLAGS", "METADATA", "POINTS", "CELLS", "CELL_TYPES", *_CELLS}


def vtk(src):
    """Return meshio's mesh: points, cells, point_data, cell_data. Strips, lines and the like of several cells are
    parted into simple ones, each with the data of its cell. A file of arrays alone is a DataFrame where they
    are of one length, else a dict of arrays."""
    if src.head.lstrip()[:1] == b"<":
        raise src.fail("is of VTK's newer forms in XML (.vtu, .vtp, …): import meshio, or pyvista, and read get_file_path(id)")
    file = _File(src.bytes())
    file.read()
    if file.kind in ("DIRECTED_GRAPH", "UNDIRECTED_GRAPH", "TREE", "SELECTION"):
        raise src.fail(f"holds a {file.kind.lower().replace('_', ' ')} of VTK, which can't be loaded: export it as a table or as GraphML")
    if file.kind is None or file.kind == "TABLE":
        return _table(file)
    return _mesh(file)


def _table(file):
    import pandas as pd

    arrays = {**file.fields, **file.data["ROW_DATA"]}
    if not arrays:
        raise ValueError("it has no data")
    lengths = {len(a) for a in arrays.values()}
    if len(lengths) > 1:
        return arrays
    return pd.DataFrame({name: a if a.ndim == 1 else list(a) for name, a in arrays.items()})


def _mesh(file):
    import numpy as np

    meshio = need("meshio")
    from meshio._mesh import topological_dimension
    from meshio._vtk_common import vtk_to_meshio_type as names

    if file.points is None:
        file.grid()
    if file.shape and not file.cells:
        kind, corners = _of_grid(file.shape)
        file.cells = [(kind, c) for c in corners]
    blocks = {}
    for number, (kind, points) in enumerate(file.cells):
        for simple, part in _simple(kind, points):
            blocks.setdefault((names.get(simple, f"vtk{simple}"), len(part)), []).append((number, part))
    cells, data = [], {name: [] for name in file.data["CELL_DATA"]}
    for (name, _), parts in blocks.items():
        topological_dimension.setdefault(name, 3)  # meshio names prisms and reads none
        cells.append((name, np.array([p for _, p in parts])))
        for field, values in file.data["CELL_DATA"].items():
            data[field].append(values[[n for n, _ in parts]])
    return meshio.Mesh(file.points, cells, point_data=file.data["POINT_DATA"], cell_data=data, field_data=file.fields)


def _simple(kind, points):
    """The cells, as (type, points), that a cell consists of; meshio's order of the points."""
    if kind == 2:
        return [(1, [p]) for p in points]
    if kind == 4 and len(points) > 1:
        return [(3, list(pair)) for pair in zip(points, points[1:])]
    if kind == 6:
        return [(5, [points[i + k % 2], points[i + 1 - k % 2], points[i + 2]]) for k, i in enumerate(range(len(points) - 2))]
    if kind == 7 and len(points) in (3, 4):
        return [({3: 5, 4: 9}[len(points)], points)]
    if kind == 8:
        return [(9, [points[i] for i in (0, 1, 3, 2)])]
    if kind == 11:
        return [(12, [points[i] for i in (0, 1, 3, 2, 4, 5, 7, 6)])]
    return [(1 if kind == 4 else kind, points)]


class _File:
    """What is read: kind of the data set, points, cells as (type, points), fields, and the data of points, cells and rows."""

    def __init__(self, data):
        head = re.match(rb"\s*# vtk DataFile Version (\S+)[^\n]*\n[^\n]*\n\s*(ASCII|BINARY)\s", data)
        if not head:
            raise ValueError("it does not begin as a file of VTK does")
        self.rest = data[head.end() :]
        self.binary = head[2] == b"BINARY"
        self.kind = self.points = self.shape = None
        self.origin, self.spacing, self.axes = (0, 0, 0), (1, 1, 1), {}
        self.cells, self.fields = [], {}
        self.data = {"POINT_DATA": {}, "CELL_DATA": {}, "ROW_DATA": {}}

    def word(self):
        """The next word; an empty one at the end."""
        self.rest = self.rest.lstrip()
        found = re.match(rb"\S+", self.rest)
        if not found:
            return ""
        self.rest = self.rest[found.end() :]
        return found[0].decode("utf-8", "replace")

    def peek(self):
        found = re.match(rb"\s*(\S+)", self.rest)
        return found[1].decode("utf-8", "replace") if found else ""

    def number(self):
        return int(self.word())

    def array(self, count, kind):
        """So many values of a type."""
        import numpy as np

        kind = kind.lower()
        if kind == "string":
            return self._texts(count)
        form = _TYPES[kind]
        if not self.binary:
            parts = self.rest.split(None, count)
            self.rest = parts[count] if len(parts) > count else b""
            if len(parts) < count:
                raise EOFError("it ends within its data")
            values = np.array(parts[:count])
            return values.astype("f8").astype(form) if form[0] == "f" else values.astype("i8").astype(form)
        self.rest = self.rest[self.rest.index(b"\n") + 1 :]
        size = (count + 7) // 8 if kind == "bit" else count * int(form[1])
        if len(self.rest) < size:
            raise EOFError("it ends within its data")
        raw, self.rest = self.rest[:size], self.rest[size:]
        if kind == "bit":
            return np.unpackbits(np.frombuffer(raw, "u1"))[:count]
        return np.frombuffer(raw, ">" + form).astype(form)

    def _texts(self, count):
        """Texts: a line each."""
        import numpy as np
        from urllib.parse import unquote

        self.rest = self.rest[self.rest.index(b"\n") + 1 :]
        if self.binary:
            raise ValueError("arrays of texts in binary form can't be read")
        *lines, self.rest = self.rest.split(b"\n", count)
        return np.array([unquote(line.decode("utf-8", "replace").strip()) for line in lines], dtype=object)

    def read(self):
        where, count = self.fields, 0
        while key := self.word().upper():
            if key == "DATASET":
                self.kind = self.word().upper()
            elif key in self.data:
                where, count = self.data[key], self.number()
            elif key == "POINTS":
                n = self.number()
                self.points = self.array(3 * n, self.word()).reshape(n, 3)
            elif key in ("CELLS", *_CELLS):
                self._cells(_CELLS.get(key))
            elif key == "CELL_TYPES":
                kinds = self.array(self.number(), "int")
                self.cells = [(int(k), c) for k, (_, c) in zip(kinds, self.cells)]
            elif key == "DIMENSIONS":
                self.shape = [self.number() for _ in range(3)]
            elif key in ("ORIGIN", "SPACING", "ASPECT_RATIO"):
                value = [float(self.word()) for _ in range(3)]
                self.origin, self.spacing = (value, self.spacing) if key == "ORIGIN" else (self.origin, value)
            elif key in ("X_COORDINATES", "Y_COORDINATES", "Z_COORDINATES"):
                n = self.number()
                self.axes[key[0]] = self.array(n, self.word())
            elif key == "METADATA":
                self._skip()
            else:
                self._attribute(key, where, count)

    def _attribute(self, key, where, count):
        if key == "FIELD":
            self.word()
            for _ in range(self.number()):
                name, width, n = self._name(), self.number(), self.number()
                values = self.array(width * n, self.word())
                where[name] = values.reshape(n, width) if width > 1 else values
                if self.peek() == "METADATA":
                    self.word()
                    self._skip()
            return
        name = self._name()
        if key == "LOOKUP_TABLE":  # colours
            self.array(4 * self.number(), "unsigned_char" if self.binary else "float")
            return
        if key == "COLOR_SCALARS":
            width, kind = self.number(), "unsigned_char" if self.binary else "float"
        elif key == "TEXTURE_COORDINATES":
            width, kind = self.number(), self.word()
        elif key in ("SCALARS", "VECTORS", "NORMALS", "TENSORS", "TENSORS6", "GLOBAL_IDS", "PEDIGREE_IDS", "EDGE_FLAGS"):
            kind = self.word()
            width = {"VECTORS": 3, "NORMALS": 3, "TENSORS": 9, "TENSORS6": 6}.get(key, 1)
            if key == "SCALARS":
                width = self.number() if self.peek().isdigit() else 1
                if self.peek().upper() == "LOOKUP_TABLE":
                    self.word(), self.word()
        else:
            raise ValueError(f"{key[:40]!r} is not known")
        values = self.array(width * count, kind)
        if key == "COLOR_SCALARS" and not self.binary:
            values = (values * 255 + 0.5).astype("u1")
        where[name] = values.reshape(count, *((3, 3) if key == "TENSORS" else (width,))) if width > 1 else values

    def _cells(self, kind):
        first, second = self.number(), self.number()
        if self.peek().upper() == "OFFSETS":  # since version 5
            self.word()
            offsets = self.array(first, self.word())
            self.word()
            ids = self.array(second, self.word()).tolist()
            found = [ids[a:b] for a, b in zip(offsets, offsets[1:])]
        else:
            ids, found, at = self.array(second, "int").tolist(), [], 0
            for _ in range(first):
                found.append(ids[at + 1 : at + 1 + ids[at]])
                at += 1 + ids[at]
        self.cells += [(kind, c) for c in found]

    def _name(self):
        from urllib.parse import unquote

        return unquote(self.word())

    def _skip(self):
        """To the blank line, or the next section, that ends what is said about an array."""
        while self.rest:
            line, _, after = self.rest.partition(b"\n")
            first = line.split(None, 1)[:1]
            if first and first[0].decode("latin-1").upper() in _SECTIONS:
                return
            self.rest = after
            if not line.strip() and self.peek().upper() not in ("INFORMATION", "COMPONENT_NAMES", "NAME", "DATA"):
                return

    def grid(self):
        """The points, where only axes or spacings are given."""
        import numpy as np

        if self.shape is None:
            raise ValueError("it has no points")
        axes = [self.axes.get(c, o + s * np.arange(n)) for c, o, s, n in zip("XYZ", self.origin, self.spacing, self.shape)]
        z, y, x = np.meshgrid(*axes[::-1], indexing="ij")
        self.points = np.column_stack([x.ravel(), y.ravel(), z.ravel()])


def _of_grid(shape):
    """The cells of a grid of points: lines, quads or hexahedra, the first axis the fastest."""
    import numpy as np

    long = [i for i, n in enumerate(shape) if n > 1]
    steps = [1, shape[0], shape[0] * shape[1]]
    base = np.zeros(1, "i8")
    for i in reversed(long):
        base = (base[:, None] + np.arange(shape[i] - 1) * steps[i]).ravel()
    corners = [0]
    for k, i in enumerate(long):
        further = [c + steps[i] for c in corners]
        corners += further[::-1] if k == 1 else further
    if len(long) == 3:
        a, b, c = (steps[i] for i in long)
        corners = [0, a, a + b, b, c, a + c, a + b + c, b + c]
    return {0: 1, 1: 3, 2: 9, 3: 12}[len(long)], (base[:, None] + np.array(corners)).tolist()
