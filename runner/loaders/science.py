"""Arrays, grids and pictures of science."""

import gzip
import io
import re

from attache.imports import need
from attache.loaders.source import note

IN_MEMORY = 256 << 20  # bytes up to which data are read at once, so that they outlive the open file

# An element of DICOM of the groups that come first, with the two letters of its type.
_ELEMENT = re.compile(rb"[\x02\x08]\x00.\x00(?:A[EST]|CS|D[AST]|IS|L[OT]|OB|PN|S[HLQST]|TM|U[CILNRST])", re.S)
_BEFORE = 1024


def netcdf(src, **options):
    """Return an xarray Dataset."""
    xarray = need("xarray")
    if src.head.startswith(b"\x89HDF"):
        need("h5netcdf")
        engine = "h5netcdf"
    else:
        engine = "scipy"
    options = {"engine": engine, **options}
    try:
        data = xarray.open_dataset(src.path, **options)
    except ValueError as e:
        if "unable to decode time" not in str(e) or "decode_times" in options:
            raise
        data = _other_calendar(src, xarray, options)
    if engine == "h5netcdf" and "group" not in options:
        _name_groups(src)
    if data.nbytes <= IN_MEMORY:
        data.load()
        data.close()
    return data


def _other_calendar(src, xarray, options):
    """Times of a calendar that pandas does not have (360_day) or long ago are those of cftime."""
    try:
        need("cftime")
        return xarray.open_dataset(src.path, **options)
    except (ModuleNotFoundError, ValueError):
        note(f"{src.name}: its times are of a calendar or in units that can't be read here; they are the numbers that are stored, their units in attrs['units'].")
        return xarray.open_dataset(src.path, **options, decode_times=False)


def _name_groups(src):
    """A Dataset is one group; what lies in others is named."""
    import h5netcdf

    with h5netcdf.File(src.path, "r") as f:
        groups, todo = [], [f]
        while todo:
            inner = list(todo.pop().groups.values())
            groups += [g.name.strip("/") for g in inner if g.variables]
            todo += inner
    if groups:
        more = "…" if len(groups) > 8 else ""
        note(f"{src.name} has variables in groups as well, which are not in this Dataset: {', '.join(sorted(groups)[:8])}{more}; load_file(…, group='{min(groups)}') gives them.")


def numpy_file(src, **options):
    """Return the array of an .npy file, a dict of arrays of an .npz."""
    import numpy as np

    loaded = np.load(src.path, **{"allow_pickle": True, **options})
    if isinstance(loaded, np.lib.npyio.NpzFile):
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    return loaded


def fits(src, **options):
    """Return astropy's HDU list, with the data read."""
    need("astropy")
    from astropy.io import fits as reader

    # Read from memory: the list stays usable, and nothing is mapped.
    data = src.bytes()
    # As it lies in the file: a compressed picture is a table there.
    with reader.open(io.BytesIO(data), lazy_load_hdus=False, disable_image_compression=True) as stored:
        for hdu in stored:
            if not hasattr(hdu, "fileinfo"):
                raise NotImplementedError("a header that is not of the standard (SIMPLE is not T)")
            end = hdu.fileinfo()["datLoc"] + hdu.size
            if end > src.size:
                raise src.fail("is cut off: a part of its data is missing")
    hdus = reader.open(io.BytesIO(data), **{"lazy_load_hdus": False, **options})
    for hdu in hdus:
        hdu.data
    if b"XTENSION=" in data[end:]:
        raise src.fail("is cut off: a header is not complete")
    return hdus


def dicom(src, **options):
    """Return pydicom's Dataset; the picture is in its pixel_array."""
    pydicom = need("pydicom")
    marked = src.head[128:132] == b"DICM"
    data = pydicom.dcmread(src.path, **{"force": not marked, **options})
    known = lambda: marked or "SOPClassUID" in data or "Modality" in data
    if not known() and (first := _ELEMENT.search(src.head[:_BEFORE])):
        data = pydicom.dcmread(io.BytesIO(src.bytes()[first.start() :]), **{"force": True, **options})
        if known() and first.start():
            note(f"{src.name} begins within its header: {first.start()} byte(s) before its first element were left out.")
    if not known():
        raise src.fail("is not DICOM")
    if "TransferSyntaxUID" not in data.file_meta and data.original_encoding[0] is not None:  # without which the picture can't be taken from it
        implicit, little = data.original_encoding
        data.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian if implicit else pydicom.uid.ExplicitVRLittleEndian if little else pydicom.uid.ExplicitVRBigEndian
    if "Rows" in data and "SamplesPerPixel" in data:
        frames = _frames(src, data)
        if not any(name in data for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
            note(f"{src.name} holds no picture, only what is said about one.")
            return data
        size = data.Rows * data.Columns * data.SamplesPerPixel * data.BitsAllocated // 8 * frames
        plain = not getattr(data.file_meta, "TransferSyntaxUID", None) or not data.file_meta.TransferSyntaxUID.is_compressed
        if str(data.get("PhotometricInterpretation", "")) in ("YBR_FULL_422", "YBR_PARTIAL_422"):
            size = size * 2 // 3  # two pixels share their colours
        if data.BitsAllocated == 1:
            size = data.Rows * data.Columns * frames // 8
        if "PixelData" in data and plain and len(data.PixelData) < size:
            raise src.fail("is cut off: a part of its picture is missing")
    return data


def _frames(src, data):
    """How many pictures it says that it has; one where what stands there is no number."""
    try:
        return max(1, int(data.get("NumberOfFrames", 1) or 1))
    except ValueError:
        note(f"{src.name}: the number of its frames is {data.get_item('NumberOfFrames').value!r}, which is no number.")
        return 1


def nifti(src, **options):
    """Return nibabel's image; the voxels are in its get_fdata()."""
    nibabel = need("nibabel")
    data = src.bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    second = data[:4] in (b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c")  # a header of 540 bytes
    image = (nibabel.Nifti2Image if second else nibabel.Nifti1Image).from_bytes(data, **options)
    if len(data) < image.dataobj.offset + image.get_data_dtype().itemsize * _product(image.shape):
        raise src.fail("is cut off: it has fewer voxels than its header says")
    return image


def mesh(src, **options):
    """Return trimesh's mesh: vertices and faces; a cloud of points where there are no faces."""
    trimesh = need("trimesh")
    with open(src.path, "rb") as f:
        loaded = trimesh.load(f, file_type=src.ext[1:], **options)
    if isinstance(loaded, trimesh.Scene):
        if not loaded.geometry:
            raise src.fail("holds no mesh")
        loaded = loaded.to_mesh() if all(hasattr(g, "faces") for g in loaded.geometry.values()) else loaded
    if hasattr(loaded, "faces") and not len(loaded.faces) and not len(loaded.vertices):
        raise src.fail("holds no mesh")
    return loaded


def _product(shape):
    n = 1
    for k in shape:
        n *= int(k)
    return n
