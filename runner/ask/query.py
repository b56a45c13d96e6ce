"""What a question asks for, as data."""

from dataclasses import dataclass, field, replace

from attache.analyze.style import code, number


class NotUnderstood(Exception):
    """A question, or a part of it, that has no meaning for this table: a sentence."""


@dataclass(frozen=True)
class Condition:
    """Rows that count: op is ==, !=, >, >=, <, <=, between (with ends), within
    (a Span), not within, missing, present, contains, starts, ends, or (of
    several Conditions one holds; the column is that of the first)."""

    column: object
    op: str
    value: object = None

    def __str__(self):
        if self.op == "or":
            return f"either {' or '.join(map(str, self.value))}"
        name = code(self.column.name)
        if self.op in ("within", "not within"):
            v = self.value
            if v.part or v.low is not None and v.high is not None:
                return f"{name} is {'not ' * (self.op != 'within')}in {v.text}"
            return f"{name} is {v.text}"
        if self.op in ("missing", "present"):
            return f"{name} is {'missing' if self.op == 'missing' else 'there'}"
        if self.op == "between":
            return f"{name} is between {number(self.value[0])} and {number(self.value[1])}"
        said = {"==": "is", "!=": "is not", "contains": "contains", "starts": "starts with", "ends": "ends with"}.get(self.op, self.op)
        if hasattr(self.value, "series"):
            return f"{name} {said} {code(self.value.name)}"
        if isinstance(self.value, (list, tuple)):
            return f"{name} {said} {' or '.join(code(v) for v in self.value)}"
        return f"{name} {said} {number(self.value) if isinstance(self.value, (int, float)) and not isinstance(self.value, bool) else code(self.value)}"


def one_of(conditions):
    """The Condition that one of several holds."""
    parts = [p for c in conditions for p in (c.value if c.op == "or" else (c,))]
    return Condition(parts[0].column, "or", tuple(parts))


@dataclass(frozen=True)
class Query:
    """kind: value, groups, series, rows, pair, dist, corr, missing, describe, columns, dup, when, dates,
    lookup (what one row has in a column), growth (order says "between" two times or from "each" period to the next).

    by holds columns and names of periods. limit and least are of groups and
    rows: the first n, the largest ones or, with least, the smallest.
    """

    kind: str = "value"
    targets: tuple = ()
    agg: str = ""  # "" is what fits the measure
    by: tuple = ()
    where: tuple = ()
    limit: int = 0
    least: bool = False
    which: bool = False  # the one group, time or row is asked for, not the figure
    share: bool = False
    of: tuple = ()  # of a share: the conditions that all rows meet that it is a share of
    chart: str = ""
    log: bool = False
    order: str = ""
    quantile: float = 0
    within: bool = False  # the first n of each of the groups of the first column, not of all
    diff: bool = False  # how far the two groups are apart is asked for
    running: bool = False  # each figure is added to those before it
    per: object = ""  # a period or a column: the figure is one of the totals of each month, or of each customer
    over: str = ""  # and which one: their mean, median, max or min
    also: tuple = ()  # further figures of the same measure: the highest and the lowest
    notes: tuple = ()
    said: tuple = ()  # how a word was taken that may mean several columns

    def but(self, **changes):
        return replace(self, **changes)


@dataclass
class Draft:
    """What the words of a question gave before it is one of the kinds."""

    targets: list = field(default_factory=list)
    aggs: list = field(default_factory=list)
    by: list = field(default_factory=list)
    where: list = field(default_factory=list)
    words: set = field(default_factory=set)  # kw values
    chart: str = ""
    limit: int = 0
    least: bool = False
    ranked: bool = False  # top, bottom, highest n
    order: str = ""
    nouns: list = field(default_factory=list)
    loose: list = field(default_factory=list)  # values without a column before them, by column
    quantile: float = 0
    per: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    best: tuple = ()
    named: bool = False  # the highest or lowest is asked for as a figure: max, minimum
