"""What R saves: .rds and .rda, with its dates, times and long whole numbers."""

import warnings

from attache.imports import need


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
    if data.startswith((b"A\r\n", b"RDA2\nA\r", b"RDA3\nA\r", b"RDA2\r", b"RDA3\r")):  # text written by Windows
        data = data.replace(b"\r\n", b"\n")
    _read_bytes()
    several = data.startswith((b"RDX2\n", b"RDX3\n", b"RDA"))
    parsed = reader.parser.parse_data(data) if several else reader.parser.parse_data(data, extension=".rds")
    classes = {**reader.conversion.DEFAULT_CLASS_MAP, **_R_CLASSES}
    objects = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # words about classes that are read as what they are made of
        warnings.filterwarnings("error", "Exception while decoding")
        for codec in ("utf-8", "cp1252", "latin-1"):  # of texts that are not marked: those of the system that wrote them
            if codec == "latin-1" or "default_encoding" in options:
                warnings.filterwarnings("ignore", "Exception while decoding")  # what is no text stays bytes
            try:
                objects = _converter(reader)(**{"constructor_dict": classes, "default_encoding": codec, **options}).convert(parsed)
                break
            except (UnicodeDecodeError, UserWarning):
                if codec == "latin-1" or "default_encoding" in options:
                    raise
    return next(iter(objects.values())) if several and len(objects) == 1 else objects


def _read_bytes():
    """Have rdata read vectors of bytes (raw), which it does not know."""
    import dataclasses

    import numpy as np
    from rdata.parser import _parser, _xdr

    plain = _xdr.ParserXDR.parse_R_object
    if plain.__name__ == "parse_or_bytes":
        return

    def parse_or_bytes(self, reference_list=None, bytecode_rep_list=None, info_int=None):
        at = self.file.tell()
        kind = self.file.read(4)[-1:] if info_int is None else bytes([info_int & 0xFF])
        if kind != bytes([_parser.RObjectType.RAW.value]):
            self.file.seek(at)
            return plain(self, reference_list, bytecode_rep_list, info_int)
        self.file.seek(at)
        info = _parser.parse_r_object_info(self.parse_int() if info_int is None else info_int)
        values = self._parse_array(np.uint8)
        attributes = self.parse_R_object([] if reference_list is None else reference_list, bytecode_rep_list) if info.attributes else None
        return _parser.RObject(info=dataclasses.replace(info, type=_parser.RObjectType.REAL), value=values, attributes=attributes)

    _xdr.ParserXDR.parse_R_object = parse_or_bytes


def _converter(reader):
    """rdata's converter, which loses the names of a vector and the shape of a matrix of texts."""

    class Converter(reader.conversion.SimpleConverter):
        def _convert_next(self, data):
            import numpy as np
            import pandas as pd

            value = super()._convert_next(data)
            data = getattr(data, "object", data)  # of a whole file
            if not isinstance(value, np.ndarray) or value.ndim != 1 or not getattr(data, "attributes", None) or data.info.object:
                return value
            attrs = reader.conversion.convert_attrs(data, self._convert_next)
            names, shape = attrs.get("names"), attrs.get("dim")
            if shape is not None and len(shape) > 1 and int(np.prod(shape)) == len(value):
                value = value.reshape(shape, order="F")
                if len(shape) == 2 and attrs.get("dimnames") is not None:
                    value = pd.DataFrame(value, *attrs["dimnames"][:2])
            elif names is not None and len(names) == len(value):
                value = pd.Series(value, index=np.asarray(names))
            return value

    return Converter


def _r_frame(columns, attrs):
    """A data frame: its columns lie beside each other, whatever names their values have."""
    import numpy as np
    import pandas as pd
    from rdata.conversion import dataframe_constructor

    bare = lambda v: pd.array(v.array, copy=False) if isinstance(v, pd.Series) else v
    if isinstance(columns, dict):
        columns = {k: np.asarray(v.values) if isinstance(v, pd.Series) and v.dtype == object else bare(v) for k, v in columns.items()}
    return dataframe_constructor(columns, attrs)


def _r_factor(codes, attrs, ordered=False):
    import numpy as np
    from rdata.conversion import DEFAULT_CLASS_MAP

    if np.ndim(codes) < 2:
        return DEFAULT_CLASS_MAP["ordered" if ordered else "factor"](codes, attrs)
    known = np.ma.filled(np.ma.asarray(codes), 0)
    return np.array([None, *map(str, attrs["levels"])], dtype=object)[np.where(known > 0, known, 0)]


def _r_series(values, attrs):
    """A time series: by month, quarter or year, else by the time as a number."""
    import numpy as np
    import pandas as pd

    start, _, frequency = (float(v) for v in attrs["tsp"])
    at = np.round(start * frequency) + np.arange(len(values))
    if frequency in (12, 4):
        year, part = divmod(int(at[0]), int(frequency))
        index = pd.period_range(pd.Period(year=year, month=part * (12 // int(frequency)) + 1, freq="M").asfreq("M" if frequency == 12 else "Q"), periods=len(values))
    else:
        index = at.astype(int) if frequency == 1 else at / frequency
    if np.ndim(values) < 2:
        return pd.Series(np.ma.filled(np.ma.asarray(values, dtype="f8"), np.nan) if np.ma.isMaskedArray(values) else np.asarray(values), index=index)
    names = (attrs.get("dimnames") or [None, None])[1]
    return pd.DataFrame(np.asarray(values), index=index, columns=names)


def _r_date(days, attrs):
    return _r_times(days, 86_400)


def _r_time(seconds, attrs):
    """A time is that of its zone, as R shows it; without a zone, or in UTC, a plain one."""
    import pandas as pd

    zone = str((attrs.get("tzone") if attrs.get("tzone") is not None else [""])[0])
    times = _r_times(seconds, 1)
    return times if zone in ("", "UTC", "GMT") else pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone)


def _r_times(values, seconds):
    import numpy as np

    with np.errstate(invalid="ignore"):  # of missing ones
        numbers = np.ma.filled(np.ma.asarray(values, dtype="f8"), np.nan) * seconds
    times = np.full(numbers.shape, np.datetime64("NaT"), dtype="datetime64[us]")
    known = np.isfinite(numbers)
    times[known] = np.round(numbers[known] * 1e6).astype("i8").astype("datetime64[us]")
    return times


def _r_duration(values, attrs):
    import numpy as np

    seconds = {"secs": 1, "mins": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
    unit = str((attrs.get("units") if attrs.get("units") is not None else ["secs"])[0])
    return _r_times(values, seconds.get(unit, 1)) - np.datetime64(0, "us")


def _r_integer64(values, attrs):
    """Whole numbers of 64 bits lie in the bits of floats (package bit64); the smallest one is NA."""
    import numpy as np
    import pandas as pd

    whole = np.asarray(values, dtype="f8").view("i8")
    missing = whole == np.iinfo("i8").min
    return pd.arrays.IntegerArray(np.where(missing, 0, whole), missing) if missing.any() else whole


_R_CLASSES = {"data.frame": _r_frame, "factor": _r_factor, "ordered": lambda codes, attrs: _r_factor(codes, attrs, True), "ts": _r_series, "Date": _r_date, "POSIXct": _r_time, "difftime": _r_duration, "hms": _r_duration, "integer64": _r_integer64}
