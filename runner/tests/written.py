"""Texts of tables for tests: a line for each of so many rows."""

N = 60


def rows(write, n=N):
    """What write(i) gives for each row, one after the other."""
    return "".join(write(i) for i in range(n))


def column(*values, name="v", by=";"):
    """A table of a number and a column that repeats these values."""
    return f"n{by}{name}\n" + rows(lambda i: f"{i}{by}{values[i % len(values)]}\n")


def day(*days):
    """Days as conftest.plain gives them."""
    return [d if d is None else d + "T00:00:00" for d in days]
