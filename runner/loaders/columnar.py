"""Tables in binary form: columns, records and what statistics programs write."""

import io
import re

from attache.imports import need
from attache.loaders import apart
from attache.loaders.look import tell_twice, unique
from attache.loaders.source import note


def parquet(src, **options):
    try:
        return _parquet(src, options)
    except (OSError, ValueError) as e:
        if not options and re.search(r"Decimal precision out of range|Decimal\d+::FromBigEndian|Invalid FIXED_LEN_BYTE_ARRAY length|Map keys must be", str(e)):
            return _by_its_schema(src)
        if "encrypt" not in str(e) and "decrypt" not in str(e):
            raise
        raise src.fail("is encrypted, and can't be read without its keys") from None


def _parquet(src, options):
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet as reader

    with reader.ParquetFile(src.path) as file:
        types = {file.schema.column(i).physical_type for i in range(len(file.schema))}
        for field in file.schema_arrow:
            if pa.types.is_struct(field.type) and {"metadata", "value"} <= {f.name for f in field.type} and pa.types.is_binary(field.type.field("metadata").type):
                note(f"{src.name}: {field.name} is of Parquet's type VARIANT, which is shown as the bytes that it is stored in.")
        columns = len(file.schema)
        if len(set(file.schema_arrow.names)) < len(file.schema_arrow.names) and not options:
            tell_twice(src.name, file.schema_arrow.names)  # which the other ways of reading refuse
            table = file.read()
            return _frame(table.rename_columns(unique(table.column_names)))
        places = (file.schema_arrow.metadata or {}).get(b"geo")
    if options:
        return pd.read_parquet(src.path, **options)
    if columns > 20_000:  # each takes so much memory that Arrow may end the process
        return apart.read(src, lambda: _frame(reader.read_table(src.path)))
    if "INT96" in types:
        return _frame(_wide_times(reader, src.path))
    try:
        return _placed(src, _frame(reader.read_table(src.path)), places)
    except pa.ArrowNotImplementedError:  # nested columns in several pieces
        with reader.ParquetFile(src.path) as file:
            return pd.concat([batch.to_pandas() for batch in file.iter_batches(1024)], ignore_index=True)
    except (ValueError, OverflowError) as e:
        if "out of range" not in str(e):
            raise
        table = reader.read_table(src.path)
        note(f"{src.name}: times within {', '.join(f.name for f in table.schema if pa.types.is_nested(f.type))} are in no year of the calendar; they are the numbers that are stored.")
        return table.cast(pa.schema([f.with_type(_stored(f.type)) if pa.types.is_nested(f.type) else f for f in table.schema], table.schema.metadata)).to_pandas()


def _by_its_schema(src):
    """The table with decimals that Arrow has no type for as those of Python, and with maps that it refuses."""
    import pyarrow as pa
    from pyarrow import parquet as reader

    from attache.loaders import parquet_schema

    scales, file = parquet_schema.reader(src.path, reader)
    with file:
        table = file.read()
    frame = _frame(table)
    for name in table.column_names:
        kind = table.schema.field(name).type if table.column_names.count(name) == 1 and name in scales else pa.null()
        if pa.types.is_struct(kind) and scales[name] is None:
            frame[name] = parquet_schema.pairs(table.column(name).to_pylist())
        elif (pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind)) and scales[name] is not None:
            frame[name] = parquet_schema.numbers(table.column(name).to_pylist(), scales[name])
    return frame


def _placed(src, frame, places):
    """The table as a GeoDataFrame where the file is GeoParquet, whose geometries are written as bytes (WKB)."""
    import json

    try:
        said = json.loads(places or "{}")
        columns = {name: c for name, c in said["columns"].items() if c.get("encoding") == "WKB" and name in frame.columns}
    except (ValueError, KeyError, AttributeError):
        return frame
    if not columns:
        return frame
    try:
        geopandas = need("geopandas")
    except ModuleNotFoundError:
        note(f"{src.name}: {', '.join(columns)}: the geometries are shown as the bytes that they are stored in (WKB), as geopandas can't be installed.")
        return frame
    for name, column in columns.items():
        frame[name] = geopandas.GeoSeries.from_wkb(frame[name], crs=column.get("crs", "OGC:CRS84"))
    first = said.get("primary_column")
    return geopandas.GeoDataFrame(frame, geometry=first if first in columns else next(iter(columns)))


def _frame(table, **options):
    """The table for pandas: days are dates, truth values with gaps are boolean, and long whole numbers with gaps keep their digits."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and not pa.types.is_nested(field.type.value_type) and any(c.dictionary.null_count for c in table.column(i).chunks):
            table = table.set_column(i, field.name, table.column(i).cast(field.type.value_type))  # a missing value is no category
        if pa.types.is_time(field.type) and (_beyond_a_day(table.column(i)) or _finer(table.column(i))):  # which pandas has no times for
            number = pa.int32() if field.type.bit_width == 32 else pa.int64()
            table = table.set_column(i, field.name, table.column(i).cast(number).cast(pa.int64()).cast(pa.duration(field.type.unit)))
    unions = [i for i, f in enumerate(table.schema) if pa.types.is_union(f.type)]
    options = {"date_as_object": False, **options}
    try:
        frame = table.select([i for i in range(table.num_columns) if i not in unions]).to_pandas(**options)
    except (ValueError, NotImplementedError, TypeError) as e:
        if not _OBJECTS.search(str(e)):
            raise
        unions = [i for i in range(table.num_columns) if i in unions or not _has_type(table.select([i]), options)]
        frame = table.select([i for i in range(table.num_columns) if i not in unions]).to_pandas(**options)
    for i in unions:  # values of several types, for which pandas has none
        frame.insert(min(i, len(frame.columns)), table.schema.names[i], pd.Series(table.column(i).to_pylist(), dtype=object), allow_duplicates=True)
    for i, field in enumerate(table.schema):
        column = table.column(i)
        if not column.null_count or field.name not in frame.columns or table.schema.names.count(field.name) > 1:
            continue
        if pa.types.is_boolean(field.type):
            frame[field.name] = pd.array(column.to_pandas(), dtype="boolean")
        elif pa.types.is_integer(field.type) and field.type.bit_width == 64 and column.null_count < len(column):
            bounds = pc.min_max(column).as_py()
            if max(abs(bounds["min"]), abs(bounds["max"])) >= 2**53:
                frame[field.name] = pd.array(column.to_pylist(), dtype="Int64" if pa.types.is_signed_integer(field.type) else "UInt64")
    return frame


# What pandas has no type for: dictionaries of lists, or within lists with a missing value, times of nanoseconds within them.
_OBJECTS = re.compile("Categorical categories cannot be null|non-zero nanoseconds|unhashable type")


def _has_type(column, options):
    try:
        column.to_pandas(**options)
    except (ValueError, NotImplementedError, TypeError):
        return False
    return True


def _finer(column):
    """Whether times are finer than those of Python."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type != pa.time64("ns"):
        return False
    number = column.cast(pa.int64())
    return bool(pc.any(pc.not_equal(pc.multiply(pc.divide(number, 1000), 1000), number)).as_py())


def _beyond_a_day(column):
    import pyarrow as pa
    import pyarrow.compute as pc

    number = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
    bounds = pc.min_max(number).as_py()
    day = 86_400 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[column.type.unit]
    return bounds["min"] is not None and not 0 <= bounds["min"] <= bounds["max"] < day


def _wide_times(reader, path):
    """A table with times of the old form (INT96), which do not all fit into nanoseconds: such a column is in microseconds."""
    import pyarrow as pa

    table, wide = reader.read_table(path), reader.read_table(path, coerce_int96_timestamp_unit="us")
    for i, field in enumerate(wide.schema):
        if table.schema.field(i).type != field.type and (pa.types.is_nested(field.type) or not table.column(i).cast(field.type, safe=False).equals(wide.column(i))):
            table = table.set_column(i, field, wide.column(i))
    return table


def _stored(kind):
    """A type of Arrow with numbers for the times within."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return pa.int64()
    if pa.types.is_struct(kind):
        return pa.struct([f.with_type(_stored(f.type)) for f in kind])
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, _stored(kind.item_type))
    return pa.list_(kind.value_field.with_type(_stored(kind.value_type))) if pa.types.is_list(kind) else kind


def feather(src, **options):
    """Return the table. Options are those of pyarrow.feather.read_table."""
    from pyarrow import feather as reader

    return _frame(_sound(reader.read_table(src.path, **{"memory_map": False, **options})))


def arrow(src, **options):
    """Return the table of an Arrow file or stream. Options are those of pyarrow.Table.to_pandas."""
    import pyarrow as pa

    with pa.OSFile(src.path) as f:
        reader = pa.ipc.open_file(f) if src.head.startswith(b"ARROW1") else pa.ipc.open_stream(f)
        return _frame(_sound(reader.read_all()), **options)


def _sound(table):
    """Check the offsets and the text of a table that came in Arrow's own memory
    layout: damaged ones would not raise but end the process."""
    table.validate(full=True)
    return table


def orc(src, **options):
    import os

    import pandas as pd

    # The library wants the files of time zones, and the local one by name.
    if not os.path.exists("/usr/share/zoneinfo/UTC"):
        import tzdata

        os.environ.setdefault("TZDIR", os.path.join(os.path.dirname(tzdata.__file__), "zoneinfo"))
    if not os.path.exists("/etc/localtime"):
        os.environ.setdefault("TZ", "UTC")
    if options:
        return pd.read_orc(src.path, **options)
    import pyarrow as pa
    from pyarrow import orc as reader

    try:
        return _frame(reader.read_table(src.path))
    except pa.ArrowInvalid as e:
        if "out of range for nanosecond" not in str(e):
            raise
    return _frame(_near_times(src, reader.ORCFile(src.path)))


def _near_times(src, file):
    """The columns that can be read: a time of before 1677 or after 2262 is more than the library's numbers hold."""
    import pyarrow as pa

    columns, far = {}, []
    for name in file.schema.names:
        try:
            columns[name] = file.read(columns=[name]).column(name)
        except pa.ArrowInvalid:
            far.append(name)
    if not columns:
        raise NotImplementedError(f"times of before 1677 or after 2262, in {', '.join(far)}")
    note(f"{src.name}: left out {', '.join(far)}: times of before 1677 or after 2262 can't be read from ORC.")
    return pa.table(columns)


def avro(src, **options):
    """Return the records of an Avro container. Options are those of fastavro.reader."""
    fastavro = need("fastavro")
    import pandas as pd

    from attache.loaders.avro import plain

    reader = fastavro.reader(io.BytesIO(plain(src.bytes())), **options)
    schema = reader.writer_schema
    # Records within themselves may be so deep that the library in C ends the process.
    records = apart.read(src, lambda: list(reader)) if _recursive(schema) else list(reader)
    if isinstance(schema, dict) and schema.get("type") == "record":
        return _days(_exact(pd.DataFrame.from_records(records, columns=[f["name"] for f in schema["fields"]]), records))
    return _days(pd.DataFrame({"value": records}))


def _exact(frame, records):
    """Whole numbers with gaps keep their digits, and truth values with gaps are boolean."""
    import pandas as pd

    for name, dtype in zip(frame.columns, frame.dtypes):
        if dtype == "float64" and frame[name].abs().max() >= 2**53:
            values = [r.get(name) for r in records]
            if all(v is None or type(v) is int for v in values):
                frame[name] = pd.array(values, dtype="Int64")
        elif dtype == object and (known := frame[name].dropna()).map(type).eq(bool).all() and len(known):
            frame[name] = frame[name].astype("boolean")
    return frame


def _recursive(schema, within=frozenset()):
    """Whether a schema of Avro has a record within itself."""
    if isinstance(schema, str):
        return schema in within
    if isinstance(schema, list):
        return any(_recursive(s, within) for s in schema)
    within = within | ({schema["name"]} if schema.get("type") in ("record", "error") else set())
    inner = [f["type"] for f in schema.get("fields", ())] + [schema[k] for k in ("items", "values") if k in schema]
    if not isinstance(schema.get("type"), str):
        inner.append(schema.get("type"))
    return any(_recursive(s, within) for s in inner if s is not None)


def stata(src, **options):
    import pandas as pd

    options = {"compression": None, **options}
    frame = pd.read_stata(src.path, **options)
    if isinstance(frame, pd.DataFrame) and "datetime64" in "".join(map(str, frame.dtypes)):
        with pd.read_stata(src.path, compression=None, iterator=True) as reader:
            names, forms = list(reader.variable_labels()), reader._fmtlist  # pandas has no other name for the formats
        for name, form in zip(names, forms):
            if name in frame and _STATA_CLOCK.fullmatch(form) and str(frame[name].dtype).startswith("datetime64"):
                frame[name] = _clock((frame[name] - pd.Timestamp(1960, 1, 1)).dt.total_seconds())
    return frame


# Times without a day: Stata's are milliseconds of 1 January 1960 in a format that shows hours, minutes and seconds only.
_STATA_CLOCK = re.compile(r"%-?t[cC]_?([Hh]h?|HH|hh|MM|mm|SS|ss|\.s+|[AaPp]\.?[Mm]\.?|[:_.,\s])+")
_SAS_CLOCK = {"TIME", "TIMEAMPM", "TOD", "HHMM", "HOUR", "MMSS", "E8601TM", "B8601TM", "E8601LZ", "NLTIME", "NLTIMAP"}


def _clock(seconds):
    """Seconds of a day as times of day; durations where one is beyond a day."""
    import datetime

    import pandas as pd

    known = seconds.dropna()
    if len(known) and not known.between(0, 86_400, inclusive="left").all():
        return pd.to_timedelta(seconds, unit="s")
    moment = lambda s: None if pd.isna(s) else (datetime.datetime.min + datetime.timedelta(seconds=round(float(s), 6))).time()
    return pd.Series([moment(s) for s in seconds], index=seconds.index, dtype=object)


def spss(src, **options):
    """Return the table of a .sav, .zsav or .por file. Options are those of pandas.read_spss. A .sav of IDL is a dict."""
    if src.head.startswith((b"SR\0\4", b"SR\0\6")):
        from attache.loaders.matlab import idl

        return idl(src, **options)
    pyreadstat = need("pyreadstat")
    import pandas as pd

    if not src.head.startswith(b"$FL"):
        frame, meta = apart.read(src, lambda: pyreadstat.read_por(src.path, **{"apply_value_formats": True, **options}))
        return _spss_dates(src, frame, meta.original_variable_types)
    try:
        frame = apart.read(src, lambda: pd.read_spss(src.path, **options))
        return _spss_dates(src, frame, frame.attrs.get("original_variable_types") or {})
    except Exception as e:
        if not isinstance(e, OverflowError) and "out of range" not in str(e) and "magnitude" not in str(e):
            raise
    labels = options.get("convert_categoricals", True)
    frame, meta = apart.read(src, lambda: pyreadstat.read_sav(src.path, usecols=options.get("usecols"), apply_value_formats=labels, disable_datetime_conversion=True))
    return _spss_dates(src, frame, meta.original_variable_types)


def _spss_dates(src, frame, forms):
    """Numbers in a form of dates or times: quarters, months and weeks too, which the library leaves."""
    import pandas as pd

    for name, form in forms.items():
        if name not in frame or not pd.api.types.is_numeric_dtype(frame[name]):
            continue
        if form.startswith(_SPSS_DATES):
            frame[name] = _since_1582(frame[name], src.name)
        elif form.startswith(("TIME", "DTIME", "MTIME")):
            frame[name] = _clock(frame[name])
    return _days(frame)


def _days(frame):
    """Days, which some libraries give as objects of Python, as dates."""
    import datetime

    import pandas as pd

    for i, dtype in enumerate(frame.dtypes):
        known = frame.iloc[:, i].dropna() if dtype == object else ()
        if len(known) and all(type(v) is datetime.date for v in known):
            frame.isetitem(i, pd.Series(pd.to_datetime(frame.iloc[:, i]).astype("datetime64[s]"), index=frame.index))
    return frame


_SPSS_DATES = ("DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR", "DATETIME", "YMDHMS")


def _since_1582(column, name):
    """SPSS counts seconds since the Gregorian calendar began; what is in no year that can be written is missing."""
    import pandas as pd

    seconds = pd.to_numeric(column, errors="coerce") - 12_219_379_200
    good = seconds.between(-62_135_596_800, 253_402_300_799)  # the years 1 to 9999
    wrong = int((seconds.notna() & ~good).sum())
    if wrong:
        note(f"{name}: {column.name}: {wrong:,} date(s) beyond the year 9999 or before 1 were read as missing.")
    return pd.Series(seconds.where(good).astype("float64").round().astype("Int64").astype("datetime64[s]"), index=column.index)


def sas(src, **options):
    """Return the table of a .sas7bdat or a transport file, with its dates. Options are those of
    pandas.read_sas, or for a transport file of pyreadstat.read_xport."""
    import pandas as pd

    if src.head.startswith(b"HEADER RECORD"):
        pyreadstat = need("pyreadstat")
        if options.keys() & {"encoding", "format", "chunksize", "iterator", "index"}:
            return pd.read_sas(src.path, **{"format": "xport", "encoding": "utf-8", "compression": None, **options})
        return _days(apart.read(src, lambda: pyreadstat.read_xport(src.path, **options)[0]))
    options = {"format": "sas7bdat", "encoding": "infer", "compression": None, **options}
    if options.keys() & {"chunksize", "iterator", "index"}:
        return pd.read_sas(src.path, **options)
    with pd.read_sas(src.path, **options, iterator=True) as reader:
        frame = reader.read()
        for name, form in zip(list(frame.columns), reader.column_formats):
            if (form.decode() if isinstance(form, bytes) else form).upper() in _SAS_CLOCK and pd.api.types.is_float_dtype(frame[name]):
                frame[name] = _clock(frame[name])
        return frame
