"""Tables in binary form: columns, records and what statistics programs write."""

from attache.imports import need
from attache.loaders import apart


def parquet(src, **options):
    import pandas as pd

    return pd.read_parquet(src.path, **options)


def feather(src, **options):
    """Return the table. Options are those of pyarrow.feather.read_table."""
    from pyarrow import feather as reader

    return _sound(reader.read_table(src.path, **{"memory_map": False, **options})).to_pandas()


def arrow(src, **options):
    """Return the table of an Arrow file or stream. Options are those of pyarrow.Table.to_pandas."""
    import pyarrow as pa

    with pa.OSFile(src.path) as f:
        reader = pa.ipc.open_file(f) if src.head.startswith(b"ARROW1") else pa.ipc.open_stream(f)
        return _sound(reader.read_all()).to_pandas(**options)


def _sound(table):
    """Check the offsets and the text of a table that came in Arrow's own memory
    layout: damaged ones would not raise but end the process."""
    table.validate(full=True)
    return table


def orc(src, **options):
    import pandas as pd

    return pd.read_orc(src.path, **options)


def avro(src, **options):
    """Return the records of an Avro container. Options are those of fastavro.reader."""
    fastavro = need("fastavro")
    import pandas as pd

    with open(src.path, "rb") as f:
        reader = fastavro.reader(f, **options)
        records = list(reader)
        schema = reader.writer_schema
    if isinstance(schema, dict) and schema.get("type") == "record":
        return pd.DataFrame.from_records(records, columns=[f["name"] for f in schema["fields"]])
    return pd.DataFrame({"value": records})


def stata(src, **options):
    import pandas as pd

    return pd.read_stata(src.path, **{"compression": None, **options})


def spss(src, **options):
    need("pyreadstat")
    import pandas as pd

    return apart.read(src, lambda: pd.read_spss(src.path, **options))


def sas(src, **options):
    """Return the table of a .sas7bdat or a transport file. Options are those of pandas.read_sas."""
    import pandas as pd

    form = "xport" if src.head.startswith(b"HEADER RECORD") else "sas7bdat"
    encoding = "utf-8" if form == "xport" else "infer"
    return pd.read_sas(src.path, **{"format": form, "encoding": encoding, "compression": None, **options})


def rdata(src, **options):
    """Return the object of an .rds file, or of an .rda with one; of several a dict.

    Data frames are DataFrames. Options are those of rdata.read_rds and read_rda.
    """
    reader = need("rdata")
    import bz2
    import gzip
    import lzma

    data = src.bytes()
    for magic, unpack in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ", lzma)):
        if data.startswith(magic):
            data = unpack.decompress(data)
    if data.startswith((b"RDX2\n", b"RDX3\n", b"RDA")):
        objects = reader.conversion.convert(reader.parser.parse_data(data), **options)
        return next(iter(objects.values())) if len(objects) == 1 else objects
    return reader.conversion.convert(reader.parser.parse_data(data, extension=".rds"), **options)


def hdf5(src, **options):
    """Return the one table of an HDF5 file as a DataFrame, several as a dict.

    Tables are what pandas wrote, and arrays of records. A file that holds
    other arrays comes as h5py's File, open for reading. The option key
    chooses one table or array.
    """
    h5py = need("h5py")
    file = h5py.File(src.path, "r")
    pandas_keys, records, others = _contents(h5py, file)
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


def _contents(h5py, file):
    """The names of what pandas wrote, of arrays of records, and of other arrays."""
    pandas_keys, records, others = [], [], []

    def visit(name, item):
        path = "/" + name
        if any(path.startswith(k + "/") for k in pandas_keys):
            return
        if isinstance(item, h5py.Group) and item.attrs.get("pandas_type") is not None:
            pandas_keys.append(path)
        elif isinstance(item, h5py.Dataset):
            (records if item.dtype.names and item.ndim == 1 else others).append(path)

    file.visititems(visit)
    return pandas_keys, records, others


def _of_records(dataset):
    import pandas as pd

    data = dataset[()]
    columns = {}
    for name in data.dtype.names:
        column = data[name]
        if column.ndim > 1:
            column = list(column)
        elif column.dtype.kind in "SO":
            column = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in column]
        columns[name] = column
    return pd.DataFrame(columns)
