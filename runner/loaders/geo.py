"""Maps: features as GeoDataFrames, rasters as DataArrays."""

import os
import tempfile
import warnings
import zipfile

from attache.imports import need
from attache.loaders.source import note


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
        if src.kind == "gml":  # beside which GDAL writes what it found out about it
            paths = [os.path.join(folder, "features.gml")]
            os.symlink(os.path.abspath(src.path), paths[0])
        return _layers(src, paths, options)


def gpx(src, **options):
    """Return the points of a GPX file: those of tracks and routes in their
    order, and the waypoints, with a column layer that tells which."""
    need("geopandas")
    _well_formed(src)
    if "layer" in options:
        return _layers(src, [src.path], options)
    return _layers(src, [src.path], options, only=("waypoints", "route_points", "track_points"))


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
                return geopandas.read_file(path, **options)
        finally:
            pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None})


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

    try:
        for _, e in etree.iterparse(src.path, resolve_entities=False, no_network=True, huge_tree=True):
            e.clear()
    except etree.XMLSyntaxError as e:
        raise src.fail(f"is damaged or cut off: {e}") from None


def _layers(src, paths, options, only=None):
    """Read the layers that hold features, of all paths, as one."""
    import geopandas
    import pandas as pd
    import pyogrio

    if "layer" in options:
        return geopandas.read_file(paths[0], **options)
    frames, first = {}, None
    for path in paths:
        for name in map(str, pyogrio.list_layers(path)[:, 0]):
            if only and name not in only:
                continue
            frame = geopandas.read_file(path, layer=name, **options)
            first = frame if first is None else first
            if len(frame):
                frames[name] = frame.dropna(axis=1, how="all") if only else frame
    if first is None:
        raise src.fail("holds no features")
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
