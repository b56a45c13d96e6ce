"""What a row of a table is: the thing that a column numbers, or names."""

from attache.analyze import words

_NAMING = frozenset("name names title titles".split())
KEYS = frozenset("id ids no nr num number code key ref reference nummer".split())


def numbered(c, profile):
    """Whether a column only numbers the rows, so that its name is what a row is."""
    return c.role == "identifier" and (c.type == "integer" or "".join(words.of(c.name)[-1:]) in KEYS) and c.distinct == profile.rows


def keyed(c, profile):
    """Whether another column numbers the rows by what this one names, so that each row is one of them: Candidate ID of Candidate."""
    mine = set(words.of(c.name)) - _NAMING
    return any(k is not c and k.role == "identifier" and k.distinct == profile.rows and set(words.of(k.name)) - KEYS == mine for k in profile.columns)


def named(c, profile):
    """Whether a column holds the names of the rows, few of them twice: song_name of songs."""
    mine = words.of(c.name)
    return c.type == "text" and c.role in ("text", "identifier") and len(mine) > 1 and mine[-1] in _NAMING and (c.distinct or 0) >= 0.9 * profile.rows
