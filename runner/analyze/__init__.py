"""analyze_data_file: a report of a table in text, charts that fit its columns, and the figures."""

import os

PARTS = {
    "comprehensive": ("findings", "charts", "columns", "categories", "numbers", "correlations"),
    "quick": ("columns",),
    "statistical": ("findings", "numbers", "categories"),
    "correlation": ("correlations",),
    "visualization": ("charts",),
}
_CHARTS = {
    "comprehensive": ("over_time", "places", "categories", "distributions", "correlation"),
    "visualization": ("over_time", "places", "categories", "distributions", "correlation"),
    "correlation": ("correlation",),
}


class Analysis(dict):
    """The figures of a report: rows, columns, types, roles, missing, duplicates,
    date_range, numeric, categorical, correlations, findings, evidence (the
    figures of the findings), charts, alt (what each chart shows), notes."""

    def __repr__(self):
        return f"Analysis of {self['name']}: {self['rows']:,} rows × {self['columns']:,} columns; a dict with {', '.join(self)}"


def _related(profile):
    """Whether any two columns go together enough to be drawn unasked."""
    return any(abs(r) >= 0.2 for _, _, r in profile.correlations[:1])


def analyze_data_file(library, file, analysis_type="comprehensive"):
    """Print a report of a table and save its charts in the current folder.

    file is an id, a path or a DataFrame. Whatever kind can become a table is
    analysed; of several tables those of one shape together, else the largest,
    and the others are named. Returns an Analysis. The whole table is counted;
    of more than a few hundred thousand rows the charts show a sample, which
    the report says.
    """
    kind = str(analysis_type).strip().lower()
    if kind not in PARTS:
        raise ValueError(f"analysis_type {analysis_type!r} does not exist: use {', '.join(PARTS)}")

    from attache.analyze import charts, profile, report, shape, table

    found = table.get(library, file)
    failed = shape.failed(found.frame)
    if failed:
        print(report.refused(found, failed))
        rows, columns = found.frame.shape
        return Analysis(name=found.name, rows=rows, columns=columns, findings=[failed], charts=[], alt={}, notes=found.notes)
    rows, width = found.frame.shape
    tidy, notes = shape.tidy(found.frame)
    figures = profile.Profile(tidy)
    figures.whole = (rows, width)
    found.notes += notes
    drawn = []
    if kind in _CHARTS:
        stem = os.path.splitext(os.path.basename(found.name))[0]
        drawn = charts.draw(figures, stem, [w for w in _CHARTS[kind] if w != "correlation" or kind == w or _related(figures)])
    print(report.text(found, figures, PARTS[kind], drawn))
    return Analysis(
        name=found.name, **{**figures.as_dict(), "rows": rows, "columns": width},
        charts=[c.file for c in drawn], alt={c.file: c.alt for c in drawn}, notes=found.notes,
    )  # fmt: skip
