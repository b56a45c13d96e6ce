"""HDF5: tables of pandas and of others, and arrays."""

from attache.imports import need
from attache.loaders import apart
from attache.loaders.source import note


def hdf5(src, **options):
    """Return the one table of an HDF5 file as a DataFrame, several as a dict.

    Tables are what pandas wrote, and arrays of records. A file that holds
    other arrays comes as h5py's File, open for reading. The option key
    chooses one table or array.
    """
    h5py = need("h5py")
    if src.head.startswith(b"\x0e\x03\x13\x01"):
        raise src.fail("is HDF4, the format before HDF5, which can't be loaded: convert it with h4toh5, or export it as NetCDF")
    try:
        file = h5py.File(src.path, "r")
    except OSError as e:
        if "already open for write" in str(e):
            raise src.fail("was not closed by the program that wrote it: close it there, or run h5clear -s, and upload it again") from None
        raise
    pandas_keys, records, others = _contents(src, h5py, file)
    key = options.pop("key", None)
    if key is not None:
        key = "/" + key.strip("/")
        if key not in pandas_keys + records + others:
            raise src.fail(f"has no {key}; it has {', '.join(pandas_keys + records + others)}")
        pandas_keys, records, others = ([k for k in keys if k == key] for keys in (pandas_keys, records, others))
    if others or not (pandas_keys or records):
        return file[key][()] if key is not None else file
    frames = {k: _of_records(file[k]) for k in records}
    file.close()
    if pandas_keys:
        need("tables")
        import pandas as pd

        frames |= apart.read(src, lambda: {k: pd.read_hdf(src.path, k, **options) for k in pandas_keys})
    frames = {k.strip("/"): f for k, f in frames.items()}
    return next(iter(frames.values())) if len(frames) == 1 else frames


def _contents(src, h5py, file):
    """The names of what pandas wrote, of arrays of records, and of other arrays."""
    pandas_keys, records, others, closed = [], [], [], []

    def visit(name, item):
        path = "/" + name
        if any(path.startswith(k + "/") for k in pandas_keys):
            return
        if isinstance(item, h5py.Group) and item.attrs.get("pandas_type") is not None:
            pandas_keys.append(path)
        elif isinstance(item, h5py.Dataset):
            if problem := _unreadable(h5py, item):
                closed.append(f"{path} ({problem})")
                others.append(path)
            else:
                (records if item.dtype.names and item.ndim == 1 else others).append(path)

    file.visititems(visit)
    if closed:
        if len(closed) == len(records) + len(others) and not pandas_keys:
            raise src.fail(f"holds only what can't be read here: {', '.join(closed[:3])}")
        note(f"{src.name}: {len(closed)} array(s) can't be read here: {', '.join(closed[:3])}.")
    return pandas_keys, records, others


def _unreadable(h5py, item):
    """Why an array can't be read: the type of its values, or how it is compressed. Nothing, where it can."""
    try:
        item.dtype
    except (TypeError, ValueError):
        return "numbers of a type that Python has not"
    plan = item.id.get_create_plist()
    for i in range(plan.get_nfilters()):
        code, _, _, name = plan.get_filter(i)
        if h5py.h5z.filter_avail(code):
            continue
        if code == 307 or 32_000 <= code < 32_030:
            need("hdf5plugin")
        if not h5py.h5z.filter_avail(code):
            return f"compressed by {name.decode('ascii', 'replace').rstrip(chr(0)) or f'filter {code}'}"
    return ""


def _of_records(dataset):
    import pandas as pd

    data = dataset[()]
    columns = {}
    for name in data.dtype.names:
        column = data[name]
        if column.dtype.kind in "iufc":
            column = column.astype(column.dtype.newbyteorder("="))  # pandas and Arrow want the machine's order
        if column.ndim > 1:
            column = list(column)
        elif column.dtype.kind in "SO":
            column = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in column]
        columns[name] = column
    return pd.DataFrame(columns)
