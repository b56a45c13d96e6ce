"""What MATLAB and IDL save: .mat, and .sav of IDL."""

import contextlib
import io
import re
import warnings

from attache.imports import need
from attache.loaders import matlab_chars
from attache.loaders.source import note


def matlab(src, **options):
    """Return the variables of a .mat file: a dict; structs are dicts, cells are lists."""
    # Version 7.3 is HDF5, behind a header of 512 bytes or without.
    if src.head.startswith(b"\x89HDF") or src.head[512:516] == b"\x89HDF":
        return _version73(src, options)
    # Whole numbers of type double lie in the file as bytes, in which sums would overflow: mat_dtype gives them their type.
    codec = {b"IM": "utf-16-le", b"MI": "utf-16-be"}.get(src.head[126:128])  # of version 5
    options = {"simplify_cells": True, "mat_dtype": True, **({"uint16_codec": codec} if codec else {}), **options}
    try:
        loaded = _version5(src.path, options)
        if not codec or not _broken(loaded):
            return _told(src, loaded)
    except (TypeError, ValueError) as e:
        if not codec or not re.search("too small for requested|not appear to be char", str(e)):
            raise
    return _told(src, _version5(io.BytesIO(matlab_chars.as_characters(src.bytes())), options))


def _told(src, loaded):
    _name_objects(src, [(name, what) for name, value in loaded.items() for what in _classes(value)])
    return loaded


def _broken(value):
    """Whether a letter could not be read."""
    import numpy as np

    if isinstance(value, str):
        return "\ufffd" in value
    if isinstance(value, np.ndarray) and value.dtype.kind in "UO":
        value = value.ravel().tolist()
    return any(map(_broken, value.values() if isinstance(value, dict) else value)) if isinstance(value, (dict, list)) else False


def _version5(file, options):
    from scipy.io import loadmat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", "Casting complex values")
        try:
            loaded = loadmat(file, **options)
        except Warning:  # which would lose the imaginary parts
            warnings.simplefilter("ignore")
            loaded = _complex(loadmat(file, **options), loadmat(file, **{**options, "mat_dtype": False}))
        opaque = {}
        if type(loaded.get("None")).__name__ == "MatlabOpaque":  # the library gives all objects this name
            opaque = _objects(file, options)
            del loaded["None"]
    return {name: value for name, value in loaded.items() if not name.startswith("__")} | opaque


def _complex(typed, stored):
    """The typed values, but those that are stored as complex where they are."""
    import numpy as np

    if isinstance(typed, dict):
        return {k: _complex(v, stored[k]) for k, v in typed.items()}
    if isinstance(typed, list):
        return [_complex(v, w) for v, w in zip(typed, stored)]
    if np.iscomplexobj(stored):
        return stored
    if isinstance(typed, np.ndarray) and typed.dtype == object and typed.shape == np.shape(stored):
        out = np.empty(typed.shape, object)
        for at in np.ndindex(typed.shape):
            out[at] = _complex(typed[at], stored[at])
        return out
    return typed


def _objects(file, options):
    """The variables that are objects of MATLAB, by their names."""
    from scipy.io import loadmat
    from scipy.io.matlab import varmats_from_mat

    found = {}
    with open(file, "rb") if isinstance(file, str) else contextlib.nullcontext(file) as f:
        for name, part in varmats_from_mat(f):
            if name == "None":
                value = loadmat(part, **options)["None"]
                found[value["s0"].item().decode()] = value
    return found


def _classes(value):
    """The names of the classes of what could not be read within a value."""
    import numpy as np

    if type(value).__name__ == "MatlabOpaque":
        return [value["s2"].item().decode()]
    if isinstance(value, dict):
        value = list(value.values())
    elif isinstance(value, np.ndarray) and value.dtype == object:
        value = value.ravel().tolist()
    return [c for v in value for c in _classes(v)] if isinstance(value, list) else []


def _name_objects(src, found):
    if found:
        words = ", ".join(dict.fromkeys(f"{name} ({what})" for name, what in found))
        note(f"{src.name}: {words} can't be read: objects of MATLAB, to be saved as arrays or structs (table2struct, datestr, cellstr).")


def _version73(src, options):
    import logging

    import h5py

    mat73 = need("mat73")

    class Decoder(mat73.HDF5Decoder):
        def convert_mat(self, dataset, depth, MATLAB_class=None):
            if (MATLAB_class or dataset.attrs.get("MATLAB_class", b"").decode()) == "char" and "MATLAB_empty" not in dataset.attrs and dataset.dtype.kind in "iu":
                return matlab_chars.of_hdf5(dataset)
            return super().convert_mat(dataset, depth, MATLAB_class)

    before = logging.root.manager.disable
    logging.disable(logging.ERROR)  # its own words about what it can't read
    try:
        with h5py.File(src.path, "r") as f:
            loaded = Decoder(**options).mat2dict(f)
    finally:
        logging.disable(before)
    objects = []

    def visit(name, item):
        if "MATLAB_object_decode" in item.attrs and not name.startswith("#"):
            objects.append((name.replace("/", "."), item.attrs.get("MATLAB_class", b"object").decode()))

    with h5py.File(src.path, "r") as f:
        f.visititems(visit)
    _name_objects(src, objects)
    return loaded


def idl(src, **options):
    """Return the variables of a .sav file of IDL: a dict; structs are dicts, arrays of them lists of dicts."""
    from scipy.io import readsav

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: _plain(value) for name, value in readsav(src.path, **options).items()}


def _plain(value):
    import numpy as np

    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, np.ndarray):
        return value.item() if isinstance(value, np.generic) else value
    if value.dtype.names:
        rows = [{name: _plain(row[name]) for name in value.dtype.names} for row in value.ravel()]
        return rows[0] if len(rows) == 1 else rows
    if value.dtype == object:
        out = np.empty(value.shape, object)
        for at in np.ndindex(value.shape):
            out[at] = _plain(value[at])
        return out
    return value.astype(value.dtype.newbyteorder("="))
