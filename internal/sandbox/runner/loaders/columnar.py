"""Tables in binary columns and records: Parquet, Feather, Arrow."""


def parquet(src, **options):
    import pandas as pd

    return pd.read_parquet(src.path, **options)


def feather(src, **options):
    import pandas as pd

    return pd.read_feather(src.path, **options)


def arrow(src, **options):
    """Return the table of an Arrow IPC file or stream."""
    import pyarrow as pa

    with pa.memory_map(src.path) as f:
        if src.head.startswith(b"ARROW1"):
            table = pa.ipc.open_file(f).read_all()
        else:
            table = pa.ipc.open_stream(f).read_all()
        return table.to_pandas(**options)
