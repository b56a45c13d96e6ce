"""What R saves: .rds and .rda, with its dates, times and long whole numbers."""

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
    several = data.startswith((b"RDX2\n", b"RDX3\n", b"RDA"))
    parsed = reader.parser.parse_data(data) if several else reader.parser.parse_data(data, extension=".rds")
    classes = {**reader.conversion.DEFAULT_CLASS_MAP, **_R_CLASSES}
    objects = None
    for codec in ("utf-8", "cp1252", "latin-1"):  # of texts that are not marked: those of the system that wrote them
        try:
            objects = reader.conversion.convert(parsed, **{"constructor_dict": classes, "default_encoding": codec, **options})
            break
        except UnicodeDecodeError:
            if codec == "latin-1" or "default_encoding" in options:
                raise
    return next(iter(objects.values())) if several and len(objects) == 1 else objects


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


_R_CLASSES = {"Date": _r_date, "POSIXct": _r_time, "difftime": _r_duration, "hms": _r_duration, "integer64": _r_integer64}
