"""analyze_data_file: a report of a table in text, charts that fit its columns, and the figures."""

import os

PARTS = {
    "comprehensive": ("columns", "numbers", "categories", "correlations", "findings", "charts"),
    "quick": ("columns",),
    "statistical": ("numbers", "categories", "findings"),
    "correlation": ("correlations",),
    "visualization": ("charts",),
}
_CHARTS = {
    "comprehensive": ("over_time", "distributions", "categories", "correlation"),
    "visualization": ("over_time", "distributions", "categories", "correlation"),
    "correlation": ("correlation",),
}


class Analysis(dict):
    """The figures of a report: rows, columns, types, missing, duplicates,
    date_range, numeric, categorical, correlations, findings, charts."""

    def __repr__(self):
        return f"Analysis of {self['name']}: {self['rows']:,} rows × {self['columns']:,} columns; a dict with {', '.join(self)}"


def analyze_data_file(library, file, analysis_type="comprehensive"):
    """Print a report of a table and save its charts in the current folder.

    file is an id, a path or a DataFrame. Whatever kind can become a table is
    analysed; of several tables the largest, and the others are named. Returns
    an Analysis. The whole table is counted; of more than a few hundred
    thousand rows the charts show a sample, which the report says.
    """
    kind = str(analysis_type).strip().lower()
    if kind not in PARTS:
        raise ValueError(f"analysis_type {analysis_type!r} does not exist: use {', '.join(PARTS)}")

    from attache.analyze import charts, profile, report, table

    found = table.get(library, file)
    figures = profile.Profile(found.frame)
    drawn = []
    if kind in _CHARTS:
        stem = os.path.splitext(os.path.basename(found.name))[0]
        drawn = charts.draw(figures, stem, _CHARTS[kind])
    print(report.text(found, figures, PARTS[kind], drawn))
    return Analysis(name=found.name, **figures.as_dict(), charts=[c.file for c in drawn])
