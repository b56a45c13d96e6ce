"""The figures of a table: what each column is, and what its values say."""

import math
from functools import cached_property

import numpy as np
import pandas as pd

from attache.analyze import roles, words
from attache.analyze.style import cut

SAMPLE = 200_000  # rows that charts, and correlations with gaps, look at
MAX_CORRELATED = 100  # columns that are correlated with one another
GROUPS, CODES = 50, 20  # values that a category, and a code, may have to part the rows into groups


class Column:
    """One column: its role (see roles) says what can be done with it.

    additive is "flow" for a measure that adds up, "stock" for a level that
    adds up over groups but not over time, "" for one that is averaged.
    """

    def __init__(self, position, name, series):
        self.position, self.name = position, name
        self.short = cut(name, 40)
        self.type, self.series = _dated(name, *_counted(name, *_typed(series)))
        self.missing = int(self.series.isna().sum())
        self.count = len(series) - self.missing
        self.distinct = self._distinct()
        self.role = roles.of(self)
        self.additive = words.additive(name) if self.role == "measure" else ""
        if self.additive == "flow" and words.is_rate(name) and self.type == "number" and 0 <= self.stats["min"] and self.stats["max"] <= 1:
            self.additive = ""

    def __repr__(self):
        return f"<{self.name}: {self.role} {self.additive}>"

    def _distinct(self):
        """How many different values there are; None where that says nothing."""
        if self.type == "number":
            low, high = self.series.min(), self.series.max()
            return int(self.count > 0) if low == high or not self.count else None
        if self.type == "nested":
            return None
        try:
            return int(self.series.nunique())
        except TypeError:
            return None

    @property
    def groups(self):
        """Whether the values part the rows into a few groups."""
        most = CODES if self.role == "code" else GROUPS
        return (self.role in roles.CATEGORIES or self.role in ("code", "part")) and 2 <= (self.distinct or 0) <= most

    @cached_property
    def ordered(self):
        """The values of an ordinal in their order; None for anything else."""
        if self.role == "part" or self.role in ("ordinal", "code") and self.type == "integer":
            return [self.text(v) for v in sorted(self.series.dropna().unique())]
        if isinstance(self.series.dtype, pd.CategoricalDtype) and self.series.dtype.ordered:
            return [_plain(v) for v in self.series.dtype.categories]
        if self.role == "ordinal":
            return words.order([_plain(v) for v in self.series.dropna().unique()])
        return None

    def numbers(self, rows=slice(None)):
        """The finite values as floats, of all rows or of those at some positions.
        They are not kept: of a large table they would fill the memory."""
        values = self.series.iloc[rows].to_numpy(dtype="float64", na_value=np.nan)
        return values[np.isfinite(values)]

    @cached_property
    def stats(self):
        """count, mean, std, min, q25, median, q75, max, skew, outliers and their fences."""
        v = self.numbers() if self.type != "text" else np.empty(0)
        if not v.size:
            return None
        with np.errstate(all="ignore"):
            mean, std = float(v.mean()), float(v.std(ddof=1)) if v.size > 1 else 0.0
            low, q25, median, q75, high = (float(q) for q in np.percentile(v, (0, 25, 50, 75, 100)))
            skew = float((((v[:1_000_000] - mean) / std) ** 3).mean()) if std > 0 else 0.0
        s = dict(count=int(v.size), mean=mean, std=std, min=low, q25=q25, median=median, q75=q75, max=high, skew=skew)
        spread = q75 - q25
        # Tukey's fences; they mean nothing when half of the values are equal.
        fences = (q25 - 1.5 * spread, q75 + 1.5 * spread) if spread > 0 and v.size >= 8 else None
        s["outliers"] = int(((v < fences[0]) | (v > fences[1])).sum()) if fences else None
        return s

    @cached_property
    def top(self):
        """The most frequent values with their counts: a list of pairs."""
        if self.type == "nested":
            return []
        counts = self.series.value_counts().head(12)
        return [(self.text(k), int(n)) for k, n in counts.items()]

    def text(self, value):
        """A value as it is written: a whole number without a point, also where the column is of floats because some are missing."""
        return str(int(value)) if self.type == "integer" and isinstance(value, (float, np.floating)) and value == int(value) else _plain(value)

    @property
    def texts(self):
        """The values as they are written, an array; "nan" where they are missing."""
        if self.type == "integer" and self.series.dtype.kind == "f":
            return np.array([str(int(v)) if v == v else "nan" for v in self.series.to_numpy()], dtype=object)
        return self.series.astype(str).to_numpy()

    @cached_property
    def range(self):
        """The first and last date."""
        return (self.series.min(), self.series.max()) if self.count else None


class Profile:
    def __init__(self, frame):
        self.rows, self.width = frame.shape
        names = _names(frame)
        self.columns = [Column(i, names[i], frame.iloc[:, i]) for i in range(self.width)]
        self.whole = (self.rows, self.width)  # of the table before it was made tidy
        self._totals = {}
        for c in self.columns:
            if self._numbers_time(c):
                c.role, c.additive = "code", ""
        if any(c.additive == "stock" for c in self.columns) and not self._follows():
            for c in self.columns:
                c.additive = "" if c.additive == "stock" else c.additive

    def _numbers_time(self, c):
        """Whether whole numbers count periods of time, one after the other: a congress, a season, a round."""
        if c.role != "measure" or c.type != "integer" or c.distinct < 3 or c.count < max(30, 5 * c.distinct) or self.time is None or self.time is c:
            return False
        numbers = c.numbers()
        if numbers.max() - numbers.min() + 1 != c.distinct:
            return False
        ordered = pd.DataFrame({"time": self.time.series, "number": c.series}).dropna().sort_values(["time", "number"])
        return bool((np.diff(ordered["number"].to_numpy("float64")) >= 0).mean() >= 0.99)

    def _follows(self):
        """Whether the rows follow things over time, so that a level of theirs may be summed at a time: not events, each of which
        has the level of where it happened."""
        time = self.time
        if self.rows < 30 or time is None or time.distinct < 4 or self.places_once or time.distinct >= 0.9 * self.rows:
            return True
        when = pd.factorize(time.series)[0]
        kinds = [c for c in self.columns if c.type in ("text", "boolean") and c.role != "nested" and c.distinct > 1 or c.role in ("code", "identifier", "ordinal")]
        kinds = [c for c in kinds if c is not time and c not in getattr(time, "parts", ())]
        codes = [pd.factorize(c.series)[0] for c in kinds[:20]]
        whole = pd.DataFrame(dict(enumerate(codes))).groupby(list(range(len(codes)))).ngroup().to_numpy() if codes else np.zeros(self.rows, int)
        for things in (*codes, whole):
            pairs = len(pd.unique(things.astype("int64") * (when.max() + 2) + when + 1))
            many = len(pd.unique(things))
            if many <= 0.7 * self.rows and pairs >= 0.95 * self.rows and pairs >= 0.3 * many * time.distinct:
                return True
        return False

    def of(self, *roles):
        return [c for c in self.columns if c.role in roles]

    @cached_property
    def sample(self):
        """Positions of the rows that charts show, in order; None for all."""
        if self.rows <= SAMPLE:
            return None
        return np.sort(np.random.default_rng(0).choice(self.rows, SAMPLE, replace=False))

    @cached_property
    def missing(self):
        return {c.name: c.missing for c in self.columns if c.missing}

    @cached_property
    def duplicates(self):
        """Rows that repeat an earlier one, compared by a 64-bit hash of all values."""
        if self.rows < 2 or not self.columns:
            return 0
        mixed = np.zeros(self.rows, dtype="uint64")
        for c in self.columns:
            codes = _codes(c)
            mixed ^= codes + np.uint64(0x9E3779B97F4A7C15) + (mixed << np.uint64(6)) + (mixed >> np.uint64(2))
            mixed *= np.uint64(0xFF51AFD7ED558CCD)
            mixed ^= mixed >> np.uint64(33)
        return int(self.rows - len(pd.unique(mixed)))

    @cached_property
    def time(self):
        """The column that orders the rows in time: a date, a year and a month
        joined, a year; None where there is none. Years and dates of the rows'
        subjects (a year of building, a birthday) are not it."""
        dates = [c for c in self.of("date") if c.distinct > 1 and not _LIFE & set(words.of(c.name))]
        years = [c for c in self.columns if words.time_year(c.name) and (c.role == "year" or c.role == "constant" and c.type == "integer")]
        if years and all(2 * c.count < self.rows for c in dates):
            dates = []  # they are of a few rows
        if dates:
            return min(dates, key=lambda c: (words.recorded(c.name), not words.has(c.name, words.DATE), -c.count, c.position))
        for year in years:
            joined = self._joined(year)
            if joined is not None:
                return joined
        return next((c for c in years if c.role == "year"), None)

    def _joined(self, year):
        """A year and its months or quarters as a column of dates, or None."""
        for what in ("month", "quarter"):
            for c in self.columns:
                number = _months(c, what)
                if number is None:
                    continue
                parts = {"year": year.series.astype("float64"), "month": number if what == "month" else number * 3 - 2, "day": 1}
                day = next((d for d in self.columns if d.role == "part" and roles.part(d.name, 1, 31) == "day"), None)
                if what == "month" and day is not None:
                    parts["day"] = day.series.astype("float64")
                dates = pd.to_datetime(pd.DataFrame(parts, index=year.series.index), errors="coerce")
                if dates.notna().mean() < 0.9 or dates.nunique() < 2:
                    continue
                name = f"{year.name}, {c.name} and {day.name}" if "day" in parts and isinstance(parts["day"], pd.Series) else f"{year.name} and {c.name}"
                joined = Column(year.position, name, dates)
                joined.parts = (year, c)
                return joined
        return None

    @cached_property
    def label(self):
        """The column whose text names each row, or None."""
        named = [c for c in self.columns if c.type == "text" and c.role in ("text", "identifier") and c.distinct == self.rows and c.count == self.rows]
        if not named:  # a few names are a category each
            named = [c for c in self.columns[:1] if c.type == "text" and c.distinct == self.rows and c.count == self.rows]
        return min(named, key=lambda c: (c.role != "text", c.position), default=None) if self.rows > 1 else None

    @cached_property
    def called(self):
        """The columns that say to a person what a row is: a name or a title, before what numbers a row or leads to it."""
        label = self.label
        texts = [c for c in self.columns if c.type == "text" and c.role not in ("nested", "empty", "constant") and not _leads(c)]
        first, last = (next((c for c in texts if words.of(c.name) in ((which, "name"), (which + "name",))), None) for which in ("first", "last"))
        if first is not None and last is not None:
            return (first, last)
        if label is not None and label.role == "text" and not _leads(label):
            return (label,)
        named = [c for c in texts if words.of(c.name) in _CALLED or words.of(c.name)[-1:] in (("name",), ("title",)) and c.distinct >= 0.9 * self.rows]
        if named:
            return (max(named, key=lambda c: (c.distinct, -c.position)),)
        return (label,) if label is not None else ()

    def told(self, row):
        """What the row at a position is called, or None."""
        values = [c.series.iloc[row] for c in self.called]
        return " ".join(str(v).strip() for v in values) if values and not any(pd.isna(v) for v in values) else None

    @cached_property
    def place(self):
        """The columns of latitude and longitude, or None."""
        lat, lon = self.of("latitude"), self.of("longitude")
        return (lat[0], lon[0]) if lat and lon and lat[0].count and lon[0].count else None

    @cached_property
    def measures(self):
        """The columns that are measured, the one that the table seems to be about first."""
        return sorted((c for c in self.of("measure") if c.stats), key=lambda c: ({"flow": 0, "stock": 1, "": 2}[c.additive], words.telling(c.name) if c.additive else 0, c.position))

    @cached_property
    def date_range(self):
        """{"column", "start", "end"} of the time column, or of a single date; or None."""
        c = self.time or next((c for c in self.columns if c.type == "date" and c.count), None)
        if c is None:
            return None
        start, end = c.range
        return {"column": c.name, "start": day(start), "end": day(end)}

    @cached_property
    def places_once(self):
        """Whether each row is another place: what differs by time then are the places."""
        return self.label is not None and bool(set(words.of(self.label.name)) & words.PLACES)

    @cached_property
    def latest(self):
        """Of a table with several rows of each time, the rows of the last one:
        what a level is read from. None where the whole table is one moment, or each row another place."""
        if self.time is None or self.time.distinct < 2 or self.places_once:
            return None
        return (self.time.series == self.time.series.max()).to_numpy(bool, na_value=False)

    @cached_property
    def last(self):
        """The last time in words: "in 2007", "in Dec 2015", "on 2019-12-30"."""
        end = self.time.series.max()
        if not hasattr(end, "year"):
            return f"in {int(end)}"
        days = self.time.series.dropna()
        if (days.dt.day == 1).all() and (days.dt.normalize() == days).all():
            return f"in {end.year}" if (days.dt.month == 1).all() else f"in {end:%b %Y}"
        return f"on {end:%Y-%m-%d}" if (days.dt.normalize() == days).all() else f"at {end:%Y-%m-%d %H:%M}"

    def totals(self, c, measure):
        """A measure for each value of a category, the largest first: a list of
        pairs. What adds up is summed, a level as it was last, other measures
        are averaged."""
        key = c.position, measure.position
        if key not in self._totals:
            codes, values = pd.factorize(c.series)
            amounts = measure.series.to_numpy(dtype="float64", na_value=np.nan)
            known = (codes >= 0) & np.isfinite(amounts)
            if measure.additive == "stock" and self.latest is not None:
                known &= self.latest
            sums = np.bincount(codes[known], weights=amounts[known], minlength=len(values))
            counts = np.bincount(codes[known], minlength=len(values))
            if not measure.additive:
                with np.errstate(all="ignore"):
                    sums = sums / counts
            there = np.flatnonzero(counts)
            self._totals[key] = [(c.text(values[i]), float(sums[i])) for i in there[np.argsort(-sums[there], kind="stable")]]
        return self._totals[key]

    @cached_property
    def correlations(self):
        """Pearson's r of each pair of columns of numbers, strongest first: (a, b, r)."""
        columns, matrix = self.correlation_matrix
        pairs = [
            (columns[i], columns[j], float(matrix[i, j]))
            for i in range(len(columns))
            for j in range(i)
            if math.isfinite(matrix[i, j])
        ]
        return sorted(((b, a, r) for a, b, r in pairs), key=lambda p: -abs(p[2]))

    @cached_property
    def correlation_matrix(self):
        """The columns that are correlated, and the matrix of r."""
        columns = [c for c in self.of("measure", "ordinal", "year") if c.type in ("integer", "number") and c.count >= 5 and c is not self.time and not (c.role == "year" and words.time_year(c.name))]
        columns = columns[:MAX_CORRELATED]
        if len(columns) < 2:
            return columns, np.ones((len(columns),) * 2)
        data = np.column_stack([self.floats(c) for c in columns])
        if np.isnan(data).any():
            return columns, pd.DataFrame(data).corr(min_periods=5).to_numpy()
        with np.errstate(all="ignore"):
            return columns, np.corrcoef(data, rowvar=False)

    def floats(self, c):
        series = c.series if self.sample is None else c.series.iloc[self.sample]
        values = series.to_numpy(dtype="float64", na_value=np.nan, copy=True)
        values[~np.isfinite(values)] = np.nan
        return values

    @cached_property
    def findings(self):
        """What a reader should not miss, in sentences."""
        return [f.text for f in self.evidence]

    @cached_property
    def evidence(self):
        from attache.analyze import findings

        return findings.of(self)

    def as_dict(self):
        return {
            "rows": self.rows,
            "columns": self.width,
            "types": {c.name: c.type for c in self.columns},
            "roles": {c.name: c.role for c in self.columns},
            "missing": self.missing,
            "duplicates": self.duplicates,
            "date_range": self.date_range,
            "numeric": {c.name: c.stats for c in self.of("measure", "ordinal") if c.type in ("integer", "number") and c.stats},
            "categorical": {c.name: {"distinct": c.distinct, "top": dict(c.top)} for c in self.of("category", "ordinal", "boolean", "code")},
            "correlations": [(a.name, b.name, round(r, 4)) for a, b, r in self.correlations[:20]],
            "findings": self.findings,
            "evidence": [f.as_dict() for f in self.evidence],
        }


def day(value):
    """A date as people write it: without a time of midnight."""
    if isinstance(value, pd.Timestamp):
        return str(value.date()) if value == value.normalize() else str(value.floor("s").tz_localize(None))
    return str(int(value))


def _typed(series):
    """Return what a column's values are, and the column in a type to compute with."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        kind, inner = _typed(pd.Series(dtype.categories))
        if kind in ("text", "boolean") or not len(dtype.categories):
            return "text", series
        return _typed(series.astype(inner.dtype))
    if isinstance(dtype, pd.PeriodDtype):
        return "date", series.dt.to_timestamp()
    if isinstance(dtype, pd.IntervalDtype):
        return "text", series.astype(str).where(series.notna())
    if isinstance(dtype, pd.SparseDtype):
        return _typed(series.sparse.to_dense())
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean", series
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "date", series
    if pd.api.types.is_timedelta64_dtype(dtype):
        return "duration", series
    if pd.api.types.is_complex_dtype(dtype):
        return "nested", series
    if pd.api.types.is_integer_dtype(dtype):
        return "integer", series
    if pd.api.types.is_numeric_dtype(dtype):
        return _whole(series)
    if dtype == object:
        return _object(series)
    return "text", series


_CALLED = {("name",), ("title",), ("full", "name"), ("fullname",), ("name", "alias")}


def _leads(c):
    """Whether the values are addresses of pages."""
    first = c.series.dropna().head(20).astype(str)
    return len(first) > 0 and bool(first.str.match(r"(?:https?://|www\.)").mean() > 0.9)


_LIFE = {"birth", "born", "dob", "birthday", "birthdate", "death", "died", "expiry", "expires", "expiration", "due"}


def _counted(name, kind, series):
    """Years, codes and parts of dates that are kept as floats, as whole numbers."""
    mine = set(words.of(name))
    if kind == "number" and mine & (words.YEAR | words.ID | words.CODE | words.NUMBER | words.ORDINAL | set().union(*(w for w, _, _ in words.PARTS.values()))):
        v = series.dropna()
        if len(v) and (v == v.round()).all() and float(v.abs().max()) < 2**53:
            return "integer", series
    return kind, series


def _dated(name, kind, series):
    """Whole numbers that are dates, 20240131 or seconds since 1970, in a column named so, as dates."""
    if kind == "number" and words.of(name) in _DECIMAL and (dates := _of_decimals(series)) is not None:
        return "date", dates
    if kind != "integer" or not words.has(name, _STAMPED) or not series.notna().any():
        return kind, series
    low, high = float(series.min()), float(series.max())
    if 19000101 <= low and high <= 22001231:
        dates = pd.to_datetime(series.astype("Int64").astype("string"), format="%Y%m%d", errors="coerce")
        if dates.notna().sum() == series.notna().sum():
            return "date", dates
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if 3e8 * scale <= low and high < 4.1e9 * scale:  # 1979 to 2099
            return "date", pd.to_datetime(series.astype("Int64"), unit=unit, errors="coerce")
    return kind, series


_DECIMAL = {("date",), ("time",), ("year",), ("decimal", "date"), ("decimal", "year"), ("year", "decimal"), ("date", "decimal")}


def _of_decimals(series):
    """Months that are written as parts of a year, 1949.083, as dates; None for other numbers."""
    values = series.to_numpy("float64", na_value=np.nan)
    there = np.isfinite(values)
    if not there.any() or values[there].min() < 1500 or values[there].max() > 2200:
        return None
    months = np.where(there, values, 0) * 12
    if np.abs(months - np.round(months))[there].max() > 0.05 or len(set(np.round(months[there]) % 12)) < 2:
        return None
    months = np.round(months).astype("int64")
    return pd.Series(pd.to_datetime({"year": months // 12, "month": months % 12 + 1, "day": np.ones(len(months), "int64")}), index=None).set_axis(series.index).where(there)


_STAMPED = words.DATE | {"epoch", "unix", "at", "on", "timestamps", "time_stamp", "unixtime", "mtime", "ctime", "yyyymmdd", "joined", "opened", "closed"}


def _months(c, what):
    """The numbers of months or quarters that a column holds, or None."""
    if c.role == "part" and roles.part(c.name, 1, 4 if what == "quarter" else 12) == what:
        return c.series.astype("float64")
    if c.type != "text" or c.role not in ("ordinal", "category") or not 1 < c.distinct <= 12:
        return None
    known = [m[:3] for m in words.MONTHS] if what == "month" else ["q1", "q2", "q3", "q4"]
    number = {v: known.index(str(v).strip().lower()[:3]) + 1 for v in c.series.dropna().unique() if str(v).strip().lower()[:3] in known}
    if len(number) < c.distinct or what == "month" and not all(m.startswith(str(v).strip().lower().rstrip(".")) for v in number for m in [words.MONTHS[number[v] - 1]]):
        return None
    return c.series.astype(object).map(number).astype("float64")


def _whole(series):
    """Whole numbers that are floats because some are missing, or because a program wrote 1.0 for 1."""
    head = series.iloc[:1000].dropna()
    if series.hasnans or head.nunique() <= 30 < len(head):
        if len(head) and (head == head.round()).all() and len(head) > 1 and float(head.abs().max()) < 2**53:
            v = series.dropna()
            if (v == v.round()).all():
                return "integer", series
    return "number", series


def _object(series):
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    try:
        if inferred in ("integer", "floating", "mixed-integer-float", "decimal"):
            return _typed(pd.to_numeric(series.astype("float64") if inferred == "decimal" else series))
        if inferred in ("date", "datetime", "datetime64"):
            return "date", pd.to_datetime(series)
        if inferred == "boolean":
            return "boolean", series.astype("boolean")
    except (ValueError, TypeError, OverflowError):
        pass
    if inferred in ("string", "empty"):
        return "text", series
    first = series.dropna().iloc[:1000]
    if all(isinstance(v, (str, int, float, bool, complex)) for v in first) and inferred != "mixed":
        return "text", series.map(str, na_action="ignore")  # numbers and words in one column
    return "nested", series


def _codes(c):
    """Each value of a column as a 64-bit number, equal where the values are."""
    s = c.series
    if c.type in ("integer", "number") and s.dtype.kind in "iuf":
        values = s.to_numpy()
        if values.dtype.kind == "f":
            values = values.astype("float64") + 0.0  # -0 is 0
            values[np.isnan(values)] = np.nan
            return values.view("uint64")
        return values.astype("int64").view("uint64")
    if c.type == "date" and s.dtype.kind == "M" and getattr(s.dtype, "tz", None) is None:
        return s.to_numpy().view("int64").view("uint64").copy()
    try:
        return pd.factorize(s)[0].astype("int64").view("uint64")
    except TypeError:
        return pd.factorize(s.map(repr))[0].astype("int64").view("uint64")


def _names(frame):
    """The names of the columns as text, each once."""
    seen, names = {}, []
    for label in frame.columns:
        name = " ".join(str(label).split()) or "(no name)"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name] - 1}")
    return names


def _plain(value):
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    return str(value)
