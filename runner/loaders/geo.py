"""Maps: features as GeoDataFrames, rasters as DataArrays."""

import contextlib
import os
import re
import tempfile
import warnings
import zipfile

from attache.imports import need
from attache.loaders.source import note, xml_problem


def vector(src, **options):
    """Return the features of a GeoJSON, KML, KMZ or GML file as a GeoDataFrame.

    Several layers come as one, with a column layer; the option layer chooses
    one. Options are those of geopandas.read_file.
    """
    need("geopandas")
    paths = _inside(src)
    if paths == [src.path] and src.kind != "geojson":
        _well_formed(src)
    with tempfile.TemporaryDirectory() as folder:
        if src.kind == "kml":
            tidy = [_tidy(src, p, folder, n) for n, p in enumerate(paths)]
            if not any(path for path, _ in tidy):
                raise src.fail(f"holds no places, {next((f'but a link to where they are: {link}' for _, link in tidy if link), 'only how maps are shown or fetched')}")
            paths = [path for path, _ in tidy if path]  # a document of a KMZ may only lead to the others
        if paths == [src.path] and (src.kind == "gml" or "!" in src.path):  # GDAL writes beside a GML; what stands before ! is an archive to it
            paths = [os.path.join(folder, "features" + src.ext)]
            os.symlink(os.path.abspath(src.path), paths[0])
        return _layers(src, paths, options)


def gpx(src, **options):
    """Return the points of a GPX file: those of tracks and routes in their
    order, and the waypoints, with a column layer that tells which."""
    need("geopandas")
    _well_formed(src)
    if "layer" in options:
        return _layers(src, [src.path], options)
    return _extended(src, _layers(src, [src.path], options, only=("waypoints", "route_points", "track_points")))


def _extended(src, frame):
    """The points with what devices nest in their extensions (pulse, cadence, power), for which GDAL gives the XML, or 0."""
    from lxml import etree
    import pandas as pd

    kinds = {"wpt": "waypoints", "rtept": "route_points", "trkpt": "track_points"}
    nested, found = set(), {layer: [] for layer in kinds.values()}
    for _, e in etree.iterparse(src.path, resolve_entities=False, no_network=True, huge_tree=True):
        name = etree.QName(e).localname if isinstance(e.tag, str) else ""
        if name not in kinds:
            continue
        leaves = {}
        for part in e.iterfind("{*}extensions/*"):
            if isinstance(part.tag, str) and len(part):
                nested.add(f"{part.prefix}_{etree.QName(part).localname}" if part.prefix else etree.QName(part).localname)
                leaves |= {etree.QName(leaf).localname: leaf.text for leaf in part.iter("{*}*") if not len(leaf) and (leaf.text or "").strip()}
        found[kinds[name]].append(leaves)
        e.clear()
    rows = [r for layer in kinds.values() for r in found[layer]]
    if not nested or len(rows) != len(frame) or isinstance(frame, pd.DataFrame) and not len(frame):
        return frame
    extra = pd.DataFrame(rows, index=frame.index)
    for name in extra.columns:
        with contextlib.suppress(ValueError):
            extra[name] = pd.to_numeric(extra[name])
    frame = frame.drop(columns=[c for c in nested if c in frame.columns])
    return frame.join(extra.rename(columns={c: f"{c}_extension" for c in extra.columns if c in frame.columns}))


def shapefile(src, **options):
    """Return a GeoDataFrame of a zip or a lone .shp, a DataFrame of a lone .dbf."""
    if src.ext == ".shx":
        raise src.fail("is only the index of a shapefile: put the .shp, .shx, .dbf and .prj into one zip and upload that")
    geopandas = need("geopandas")
    import pyogrio

    # Alone in a folder: what is missing can be made anew, and nothing of
    # another file of this name is taken for a part of it.
    with tempfile.TemporaryDirectory() as folder:
        if zipfile.is_zipfile(src.path):
            path = _unzipped(src, folder)
        else:
            path = os.path.join(folder, "features" + src.ext)
            os.symlink(os.path.abspath(src.path), path)
            if src.ext == ".shp":
                note(f"{src.name} holds only the shapes; the attributes are in the .dbf beside it: a zip of both has all.")
            else:
                options = {"ignore_geometry": True, **options}
        pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES"})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # that the other parts are missing
                frame = geopandas.read_file(path, **{**_encoding(path), **options})
                return _decimal_commas(path, _named_twice(path, frame, options), src.name)
        finally:
            pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None})


def _encoding(path):
    """Text of a .dbf that is UTF-8 is so, whatever its header says of a code page."""
    path = os.path.splitext(path)[0] + ".dbf"
    if not os.path.exists(path):
        return {}
    with open(path, "rb") as f:
        data = f.read(16 << 20)
    data = data[int.from_bytes(data[8:10], "little") :]
    try:
        return {} if data.isascii() or not data.decode("utf-8") else {"encoding": "utf-8"}
    except UnicodeDecodeError:
        return {}


def _decimal_commas(path, frame, name):
    """Numbers of a .dbf that were written with a decimal comma, of which GDAL reads what stands before it."""
    path = os.path.splitext(path)[0] + ".dbf"
    if not os.path.exists(path) or os.path.getsize(path) > 256 << 20:
        return frame
    with open(path, "rb") as f:
        data = f.read()
    start, size = (int.from_bytes(data[i : i + 2], "little") for i in (8, 10))
    at, records = 1, [r for r in (data[i : i + size] for i in range(start, len(data) - size + 1, size)) if r[:1] == b" "]
    for field in (data[i : i + 32] for i in range(32, start - 32, 32)):
        column, kind, width = field[:11].split(b"\0")[0].decode("latin-1"), field[11:12], field[16]
        cells = [r[at : at + width].strip() for r in records] if kind in b"NF" else []
        if any(b"," in c for c in cells) and len(cells) == len(frame) and list(frame.columns).count(column) == 1:
            try:
                frame[column] = [float(c.replace(b",", b".")) if c.strip(b"*") else None for c in cells]
                note(f"{name}: {column} has decimal commas.")
            except ValueError:
                pass
        at += width
    return frame


def _named_twice(path, frame, options):
    """The frame with the values of each of its columns: of those of one name it has the last one's in all."""
    if frame.columns.is_unique or options.keys() - {"ignore_geometry"}:
        return frame
    from pyogrio import raw

    meta, _, _, values = raw.read(path, read_geometry=False, **_encoding(path))
    for i, column in enumerate(values):
        frame.isetitem(i, column)
    names = list(map(str, meta["fields"]))
    frame.columns = [n if n not in names[:i] else f"{n}.{names[:i].count(n)}" for i, n in enumerate(names)] + list(frame.columns[len(names) :])
    return frame


def _unzipped(src, folder):
    """Extract the shapefile in a zip and return the path of its .shp."""
    from attache.loaders import archives

    box = archives.Archive(src.name, archives.Zip(src.path, None))
    shape = next(n for n in box.names if n.lower().endswith(".shp"))
    parts = [n for n in box.names if n.rpartition(".")[0] == shape.rpartition(".")[0]]
    paths = box.extract(folder, parts)
    return next(p for p in paths if p.lower().endswith(".shp"))


def raster(src, **options):
    """Return the bands of a GeoTIFF as an xarray DataArray with its reference system."""
    rioxarray = need("rioxarray")
    data = rioxarray.open_rasterio(src.path, **options)
    if hasattr(data, "nbytes") and data.nbytes <= 256 << 20:
        data.load()
        data.close()
    return data


def _well_formed(src):
    """GDAL gives the first half of half a file without a word."""
    from lxml import etree

    if src.kind == "gml" and re.match(rb"(\s*(#|Creator|Version|comment)[^\n]*\n)*\s*graph\s*\[", src.head):
        raise src.fail("is a graph (Graph Modelling Language), not a map: import networkx and use networkx.read_gml(get_file_path(id))")
    try:
        for _, e in etree.iterparse(src.path, resolve_entities=False, no_network=True, huge_tree=True):
            e.clear()
    except etree.XMLSyntaxError as e:
        raise src.fail(f"is damaged or cut off: {xml_problem(e)}") from None


def _tidy(src, path, folder, number):
    """The path of a KML; or of one put right, where GDAL would leave something out without a word: places
    beside one another without a document around them, a shape without a place, a bare ring. Of one without
    places no path, but where it leads."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, recover=True)
    if path.startswith("/vsizip/"):
        with zipfile.ZipFile(src.path) as z:
            root = etree.fromstring(z.read(path.partition("}/")[2]), parser)
    else:
        root = etree.parse(path, parser).getroot()
    local = lambda e: etree.QName(e).localname if isinstance(e.tag, str) else ""
    space = etree.QName(root).namespace or "http://www.opengis.net/kml/2.2"
    make = lambda name, inner: _element(etree, space, name, inner)
    if not any(local(e) in ("Placemark", "Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack") for e in root.iter()):
        return None, next(((h.text or "").strip() for h in root.iter() if local(h) == "href" and local(h.getparent()) in ("Link", "Url")), "")
    changed = False
    for hole in [h for h in root.iter() if local(h) == "innerBoundaryIs" and len(h) > 1]:  # only the first is seen
        for ring in reversed(hole[1:]):
            hole.addnext(make("innerBoundaryIs", [ring]))
            changed = True
    for ring in [r for r in root.iter() if local(r) == "LinearRing" and r.getparent() is not None and local(r.getparent()) in ("Placemark", "MultiGeometry")]:
        ring.tag, changed = f"{{{space}}}LineString", True
    shapes = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry")
    if local(root) in shapes:
        for e in root.iter():
            if isinstance(e.tag, str) and not etree.QName(e).namespace:
                e.tag = f"{{{space}}}{e.tag}"
        root = make("Placemark", [root])
    if local(root) != "kml":
        root, changed = make("kml", [root]), True
    parts = [e for e in root if local(e) in ("Placemark", "Folder", "Document")]
    if len(parts) > 1:
        root, changed = make("kml", [make("Document", list(root))]), True
    if not changed:
        return path, ""
    path = os.path.join(folder, f"places{number}.kml")
    etree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path, ""


def _element(etree, space, name, inner):
    e = etree.Element(f"{{{space}}}{name}", nsmap={None: space})
    e.extend(inner)
    return e


def _layers(src, paths, options, only=None):
    """Read the layers that hold features, of all paths, as one."""
    import geopandas
    import pandas as pd
    import pyogrio

    # One broken shape must not cost all the others.
    options = {"on_invalid": "fix", **options}
    if "layer" in options:
        return geopandas.read_file(paths[0], **options)
    frames, first = {}, None
    for path in paths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of a form without a version
            names = [str(n) for n in pyogrio.list_layers(path)[:, 0]]
        for at, name in enumerate(names):
            if only and name not in only:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of shapes that could not be put right
                if src.kind == "gpx":
                    warnings.simplefilter("ignore", RuntimeWarning)  # of extensions, which are read here
                frame = geopandas.read_file(path, layer=at if names.count(name) > 1 else name, **options)
            first = frame if first is None else first
            if len(frame):
                name = name if name not in frames else f"{name} ({next(k for k in range(2, len(frames) + 2) if f'{name} ({k})' not in frames)})"
                frames[name] = frame.dropna(axis=1, how="all") if only else frame
    if first is None:
        raise src.fail("holds no features")
    shapeless = sum(int(f.geometry.isna().sum()) for f in frames.values() if hasattr(f, "geometry"))
    if shapeless:
        note(f"{src.name}: {shapeless:,} of {sum(map(len, frames.values())):,} feature(s) have no shape, or a broken one.")
    if len(frames) < 2:
        return next(iter(frames.values()), first)
    joined = pd.concat([f.assign(layer=n) for n, f in frames.items()], ignore_index=True)
    note(f"{src.name} has the layers {', '.join(frames)}; the column layer tells them apart.")
    return geopandas.GeoDataFrame(joined, geometry="geometry", crs=next(iter(frames.values())).crs)


def _inside(src):
    """The paths for GDAL: of the file, or of the maps in a zip (KMZ is one)."""
    if not zipfile.is_zipfile(src.path):
        return [src.path]
    with zipfile.ZipFile(src.path) as z:
        names = [n for n in z.namelist() if not n.startswith("__MACOSX/")]
    for ext in (".kml", ".gml", ".geojson", ".gpkg"):
        found = [n for n in names if n.lower().endswith(ext)]
        if found:
            return [f"/vsizip/{{{os.path.abspath(src.path)}}}/{n}" for n in found]
    raise src.fail("holds nothing that is a map")
