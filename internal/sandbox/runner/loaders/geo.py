"""Maps: features as GeoDataFrames, rasters as DataArrays."""

import os
import tempfile
import zipfile

from attache.imports import need
from attache.loaders.source import note


def vector(src, **options):
    """Return the features of a GeoJSON, KML, KMZ or GML file, or of a
    shapefile in a zip, as a GeoDataFrame.

    Several layers come as one, with a column layer; the option layer chooses
    one. Options are those of geopandas.read_file.
    """
    need("geopandas")
    return _layers(src, _inside(src) or src.path, options)


def gpx(src, **options):
    """Return the points of a GPX file: those of tracks and routes in their
    order, and the waypoints, with a column layer that tells which."""
    need("geopandas")
    if "layer" in options:
        return _layers(src, src.path, options)
    return _layers(src, src.path, options, only=("waypoints", "route_points", "track_points"))


def shapefile(src, **options):
    """Return a GeoDataFrame of a zip or a lone .shp, a DataFrame of a lone .dbf."""
    if src.ext == ".shx":
        raise src.fail("is only the index of a shapefile: put the .shp, .shx, .dbf and .prj into one zip and upload that")
    geopandas = need("geopandas")
    if zipfile.is_zipfile(src.path):
        return _layers(src, _inside(src), options)
    import pyogrio

    with tempfile.TemporaryDirectory() as folder:
        # Alone in a folder: what is missing is made anew, and nothing of
        # another file of this name is taken for a part of it.
        path = os.path.join(folder, "features" + src.ext)
        os.symlink(os.path.abspath(src.path), path)
        pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES"})
        frame = geopandas.read_file(path, **options)
    if src.ext == ".shp":
        note(f"{src.name} holds only the shapes; the attributes are in the .dbf beside it: a zip of both has all.")
    return frame


def raster(src, **options):
    """Return the bands of a GeoTIFF as an xarray DataArray with its reference system."""
    rioxarray = need("rioxarray")
    data = rioxarray.open_rasterio(src.path, **options)
    if hasattr(data, "nbytes") and data.nbytes <= 256 << 20:
        data.load()
        data.close()
    return data


def _layers(src, path, options, only=None):
    import geopandas
    import pandas as pd
    import pyogrio

    if "layer" in options:
        return geopandas.read_file(path, **options)
    names = [str(n) for n in pyogrio.list_layers(path)[:, 0]]
    frames = {}
    for name in names:
        if only and name not in only:
            continue
        frame = geopandas.read_file(path, layer=name, **options)
        if len(frame):
            frames[name] = frame.dropna(axis=1, how="all") if only else frame
    if not frames:
        if not names:
            raise src.fail("holds no features")
        return geopandas.read_file(path, layer=names[0], **options)
    if len(frames) == 1:
        return next(iter(frames.values()))
    joined = pd.concat([f.assign(layer=n) for n, f in frames.items()], ignore_index=True)
    note(f"{src.name} has the layers {', '.join(frames)}; the column layer tells them apart.")
    return geopandas.GeoDataFrame(joined, geometry="geometry", crs=next(iter(frames.values())).crs)


def _inside(src):
    """The path for GDAL of the one set of features in a zip, or None for another file."""
    if not zipfile.is_zipfile(src.path):
        return None
    with zipfile.ZipFile(src.path) as z:
        names = [n for n in z.namelist() if not n.startswith("__MACOSX/")]
    for ext in (".shp", ".kml", ".gml", ".geojson", ".gpkg"):
        found = [n for n in names if n.lower().endswith(ext)]
        if found:
            if len(found) > 1 and "doc.kml" not in found:
                note(f"{src.name} holds {', '.join(found)}; the first was read.")
            name = "doc.kml" if "doc.kml" in found else found[0]
            return f"/vsizip/{{{os.path.abspath(src.path)}}}/{name}"
    raise src.fail("holds nothing that is a map")
