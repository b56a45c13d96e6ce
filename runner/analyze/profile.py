"""The figures of a table: what each column is, and what its values say."""

import math
import re
from functools import cached_property

import numpy as np
import pandas as pd

SAMPLE = 200_000  # rows that charts, and correlations with gaps, look at
MAX_CORRELATED = 100  # columns that are correlated with one another
_ID = re.compile(r"(^|[_\s.\-])(id|ids|uid|uuid|guid|key|index|idx|row|row ?no|sr|code|zip|zipcode|postcode|phone|nr|no|number|#)$|^unnamed: 0$", re.I)
_ID_CAMEL = re.compile(r"[a-z](Id|ID|Key|Code|Nr)$")
_YEAR = re.compile(r"(^|[_\s])(year|yr|jahr|año|année|anno)$", re.I)


class Column:
    """One column: its role says what can be done with it.

    Roles: date, year, number, boolean, category, text, id, duration, nested,
    constant, empty.
    """

    def __init__(self, position, name, series):
        self.position, self.name = position, name
        self.short = name if len(name) <= 40 else name[:39] + "…"
        self.type, self.series = _typed(series)
        self.missing = int(self.series.isna().sum())
        self.count = len(series) - self.missing
        self.distinct = self._distinct()
        self.role = self._role()

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

    def _role(self):
        n = self.distinct
        if self.count == 0:
            return "empty"
        if n == 1 and self.count > 1:
            return "constant"
        if self.type == "integer":
            if _YEAR.search(self.name) and 1500 <= self.series.min() and self.series.max() <= 2200:
                return "year"
            if _looks_like_id(self):
                return "id"
            return "number"
        if self.type == "text":
            if n <= 30 or n <= 0.05 * self.count and n <= 1000:
                return "category" if n <= max(1, 0.6 * self.count) or self.count <= 12 else "text"
            return "id" if n == self.count and _named_id(self.name) else "text"
        return self.type

    def numbers(self, rows=slice(None)):
        """The finite values as floats, of all rows or of those at some positions.
        They are not kept: of a large table they would fill the memory."""
        values = self.series.iloc[rows].to_numpy(dtype="float64", na_value=np.nan)
        return values[np.isfinite(values)]

    @cached_property
    def stats(self):
        """count, mean, std, min, q25, median, q75, max, skew, outliers and their fences."""
        v = self.numbers()
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
        return [(_plain(k), int(n)) for k, n in counts.items()]

    @cached_property
    def range(self):
        """The first and last date."""
        return (self.series.min(), self.series.max()) if self.count else None


class Profile:
    def __init__(self, frame):
        self.rows, self.width = frame.shape
        names = _names(frame)
        self.columns = [Column(i, names[i], frame.iloc[:, i]) for i in range(self.width)]
        self._totals = {}

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
        """The column that orders the rows in time: a date, else a year; or None."""
        dates = [c for c in self.of("date") if c.distinct > 1]
        if dates:
            named = [c for c in dates if re.search(r"date|time|day|month|year|datum|fecha|日", c.name, re.I)]
            return max(named or dates, key=lambda c: (c.count, -c.position))
        return next((c for c in self.of("year") if c.distinct > 1), None)

    @cached_property
    def date_range(self):
        """{"column", "start", "end"} of the time column, or of a single date; or None."""
        c = self.time or next((c for c in self.columns if c.type == "date" and c.count), None)
        if c is None:
            return None
        start, end = c.range
        return {"column": c.name, "start": day(start), "end": day(end)}

    def totals(self, c, measure):
        """A measure's total for each value of a category, the largest first: a list of pairs."""
        key = c.position, measure.position
        if key not in self._totals:
            codes, values = pd.factorize(c.series)
            amounts = measure.series.to_numpy(dtype="float64", na_value=0.0)
            known = (codes >= 0) & np.isfinite(amounts)
            sums = np.bincount(codes[known], weights=amounts[known], minlength=len(values))
            self._totals[key] = [(_plain(values[i]), float(sums[i])) for i in np.argsort(-sums, kind="stable")]
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
        columns = [c for c in self.of("number", "year") if c.count >= 5][:MAX_CORRELATED]
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
        from attache.analyze import findings

        return findings.of(self)

    def as_dict(self):
        return {
            "rows": self.rows,
            "columns": self.width,
            "types": {c.name: c.type for c in self.columns},
            "missing": self.missing,
            "duplicates": self.duplicates,
            "date_range": self.date_range,
            "numeric": {c.name: c.stats for c in self.of("number", "year") if c.stats},
            "categorical": {c.name: {"distinct": c.distinct, "top": dict(c.top)} for c in self.of("category", "boolean")},
            "correlations": [(a.name, b.name, round(r, 4)) for a, b, r in self.correlations[:20]],
            "findings": self.findings,
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


def _whole(series):
    """Whole numbers that are floats because some are missing."""
    if series.hasnans:
        head = series.iloc[:1000].dropna()
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


def _looks_like_id(c):
    if c.distinct < 0.9 * c.count or c.count < 5:
        return False
    return _named_id(c.name)


def _named_id(name):
    return bool(_ID.search(name) or _ID_CAMEL.search(name))


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
