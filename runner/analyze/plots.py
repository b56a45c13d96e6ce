"""The charts: each function gets a Profile and returns (figure, caption), or
None when there is nothing to show."""

import math

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from attache.analyze import findings, series, style, words
from attache.analyze.style import BLUE, GREY, INK, ORANGE, PALE, PALETTE, number

_DIVERGING = LinearSegmentedColormap.from_list("r", ["#b8453a", "#f2c9b5", "#f7f7f5", "#b5d0e6", "#2a66a3"])


def over_time(profile, figure, stem):
    """The measures along the time column, one panel each."""
    plan = series.plan(profile)
    if plan is None:
        return None
    n = len(plan.panels)
    fig = figure(10, 1.4 + 2.1 * n if n > 1 else 4.2)
    axes = fig.subplots(n, 1, sharex=True, squeeze=False)[:, 0]
    for i, (ax, panel) in enumerate(zip(axes, plan.panels)):
        for j, (name, x, y) in enumerate(panel.lines):
            color = PALETTE[j % len(PALETTE)] if len(panel.lines) > 1 else PALETTE[i % 4]
            few = len(x) <= 40
            x, y = series.line(ax, x, y, color=color, label=name, marker="o" if few else None, markersize=3.5)
            if len(panel.lines) == 1 and panel.total:
                ax.fill_between(x, y, color=color, alpha=0.12, linewidth=0)
        if panel.total:
            ax.set_ylim(bottom=0)
        ax.set_title(style.wrapped(panel.title, 80))
        ax.margins(x=0.01)
        style.numeric(ax.yaxis, 5)
        if len(panel.lines) > 1 and i == 0:
            ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    series.time_axis(axes[-1], plan)
    _title(fig, f"{stem} over time", 90)
    told = [f for f in profile.evidence if f.kind in ("trend", "peak", "season")]
    return fig, f"{plan.caption}. {told[0].text}" if told else f"{plan.caption}."


def places(profile, figure, stem):
    """Where the rows are, by latitude and longitude; the main measure as the colour."""
    if profile.place is None:
        return None
    lat, lon = (profile.floats(c) for c in profile.place)
    there = np.isfinite(lat) & np.isfinite(lon) & ~((lat == 0) & (lon == 0))
    if there.sum() < 3:
        return None
    c = next((m for m in profile.measures if m.stats["max"] > m.stats["min"]), None)
    lat, lon = lat[there], np.where(lon[there] > 180, lon[there] - 360, lon[there])
    # A degree of longitude is as long as one of latitude at the equator only.
    middle = float(np.clip((lat.min() + lat.max()) / 2, -70, 70))
    shape = max(0.35, min(2.6, (np.ptp(lon) or 1) * math.cos(math.radians(middle)) / (np.ptp(lat) or 1)))
    width = min(11, 3.2 + 5.2 * shape) if shape > 1 else 6.6
    fig = figure(width, max(3.2, min(5.6, (width - 2) / shape + 1.3)))
    ax = fig.subplots()
    size = 26 if len(lat) < 300 else 10 if len(lat) < 5000 else 4
    if c is None:
        ax.scatter(lon, lat, s=size, color=BLUE, alpha=0.6, linewidths=0)
    else:
        v = profile.floats(c)[there]
        order = np.argsort(np.where(np.isfinite(v), v, -np.inf), kind="stable")
        low, high = np.nanpercentile(v, (2, 98)) if np.isfinite(v).any() else (0, 1)
        dots = ax.scatter(lon[order], lat[order], c=v[order], s=size, cmap="viridis", vmin=low, vmax=high if high > low else low + 1, alpha=0.8, linewidths=0)
        bar = fig.colorbar(dots, ax=ax, shrink=0.75, extend="both")
        bar.set_label(style.column(c, 40))
        bar.outline.set_visible(False)
        style.numeric(bar.ax.yaxis, 5)
    ax.set_aspect(1 / math.cos(math.radians(middle)))
    ax.set_xlabel("longitude")
    ax.set_ylabel("latitude")
    style.numeric(ax.xaxis, 5)
    style.numeric(ax.yaxis, 5)
    _title(fig, f"Where the rows of {stem} are" if c is None else f"{c.name} by place", 70)
    by = "" if c is None else f", coloured by {style.code(c.name)}"
    return fig, f"**{int(there.sum()):,}** points between latitude {number(lat.min())} and {number(lat.max())}, longitude {number(lon.min())} and {number(lon.max())}{by}."


def distributions(profile, figure, stem):
    """A histogram of each measure that has enough values for a form."""
    columns = [c for c in profile.measures if c.stats["max"] > c.stats["min"] and c.stats["count"] >= 8]
    if not columns:
        return None
    columns.sort(key=lambda c: c.position)
    shown = columns[:9]
    fig, axes = _grid(figure, len(shown), 3.5, 2.6)
    for ax, c in zip(axes, shown):
        _histogram(ax, c, profile)
    if len(shown) == 1:
        axes[0].set_title("")
    _title(fig, f"Distribution of {shown[0].name}" if len(shown) == 1 else "Distributions", 52 if len(shown) == 1 else 70)
    left = _not_drawn(len(columns) - len(shown))
    some = "" if profile.sample is None else f", of a sample of {len(profile.sample):,} rows"
    c = shown[0]
    telling = f"The middle half of {style.code(c.name)} is between **{number(c.stats['q25'])}** and **{number(c.stats['q75'])}**"
    return fig, f"How the values of {style.listed(shown)} are spread{some}, the median marked. {telling}.{left}"


def categories(profile, figure, stem):
    """What the groups have of the main measure; without one, or where only
    numbers of rows differ, how many rows each has."""
    columns = [c for c in profile.columns if c.groups and c.role != "part" and c.top and c.top[0][1] > 1]
    if not columns and profile.measures and profile.time is None and 2 < profile.rows <= 30:
        columns = [c for c in profile.columns if c.type == "text" and c.distinct == profile.rows][:1]
    columns.sort(key=lambda c: (c.distinct > 15, c.role == "boolean", c.position))
    if not columns:
        return None
    shown = columns[:4]
    plans = [_figures(profile, c) for c in shown]
    left = _not_drawn(len(columns) - len(shown))
    if len(shown) == 1 and shown[0].distinct == profile.rows and 1 < len(profile.measures) <= 4:
        plans = [(m, m.name) for m in profile.measures]  # a cross table: all of its columns
        shown = shown * len(plans)
    rows = [min(c.distinct, 10) + (c.distinct > 10 and measure is None) for c, (measure, _) in zip(shown, plans)]
    across = min(2, len(shown))
    fig, axes = _grid(figure, len(shown), 5.2, max(1.6, 0.95 + 0.27 * max(rows)), across)
    for ax, c, (measure, what) in zip(axes, shown, plans):
        _bars(ax, profile, c, measure, what)
    if len(shown) == 1:
        axes[0].set_title("")
    same = {what for _, what in plans}
    _title(fig, f"{_capital(plans[0][1])} by {shown[0].name if len(shown) == 1 else 'category'}" if len(same) == 1 else f"By {shown[0].name if len(set(map(id, shown))) == 1 else 'category'}", 52 if len(shown) == 1 else 80)
    return fig, f"{_first_group(profile, shown[0], *plans[0])}{left}"


def _figures(profile, c):
    """What is drawn of a category: (measure or None for the number of rows, in words).

    Groups of equal size show a measure: their sizes say nothing.
    """
    counts = [n for _, n in c.top]
    flat = c.distinct <= len(counts) and counts[0] <= 1.1 * counts[-1] or counts[0] <= 1.1 * c.count / c.distinct
    main = profile.measures[0] if profile.measures else None
    if main is not None and c.distinct == profile.rows:
        return main, main.name  # each row is a group: nothing is averaged or summed
    if main is not None and main.additive and main.stats["min"] >= 0 and main.stats["max"] > 0:
        if main.additive == "stock" and profile.latest is not None:
            return main, f"{words.total(main.name)} {profile.last}"
        return main, words.total(main.name)
    if flat and profile.measures:
        def explains(m):
            eta = findings._explained(profile, c, m)[0]
            return -1 if eta is None else eta

        best = max(profile.measures[:20], key=lambda m: explains(m))
        return best, f"mean {best.name}" if not best.additive else words.total(best.name)
    return None, "number of rows"


def _first_group(profile, c, measure, what):
    ranked = c.top if measure is None else profile.totals(c, measure)
    if not ranked:
        return f"The {what} by {style.code(c.name)}."
    value, most = ranked[0]
    if measure is None:
        return f"The {what} by {style.code(c.name)}: {style.code(value)} is the most frequent with **{most:,}** ({style.share(most / c.count, 0)})."
    if len(ranked) > 1 and abs(most - ranked[-1][1]) <= 0.01 * abs(most):
        return f"The {what} by {style.code(c.name)} is about the same everywhere: **{number(most)}**."
    low = f", {style.code(ranked[-1][0])} the lowest with **{number(ranked[-1][1])}**" if len(ranked) > 1 else ""
    return f"The {what} by {style.code(c.name)}: {style.code(value)} has the highest with **{number(most)}**{low}."


def correlation(profile, figure, stem):
    """The matrix of correlations, and the strongest pair as points."""
    columns, matrix = profile.correlation_matrix
    if not profile.correlations or profile.rows < 8:
        return None
    # A pair that is the same twice shows nothing new.
    strongest = next((p for p in profile.correlations if abs(p[2]) < 0.9999), profile.correlations[0])
    a, b, r = strongest
    pair = f"{style.code(b.name)} against {style.code(a.name)}: r = **{findings.signed(r)}**"
    if len(columns) < 3:
        fig = figure(6.6, 4.6)
        _scatter(fig.subplots(), profile, *strongest)
        _title(fig, f"{b.name} against {a.name}", 52)
        return fig, f"{pair}, {_strength(r)}."
    keep = _most_correlated(matrix, 14)
    size = 1.6 + 0.36 * len(keep)
    fig = figure(max(9.5, size + 6.2), max(4.4, size))
    left, right = fig.subplots(1, 2, width_ratios=[max(1.0, size / 5.0), 1.0])
    _heatmap(left, [columns[i] for i in keep], matrix[np.ix_(keep, keep)])
    _scatter(right, profile, *strongest)
    _title(fig, "How the columns of numbers go together", 80)
    more = f" ({len(keep)} of {len(columns)} columns)" if len(keep) < len(columns) else ""
    return fig, f"How the columns of numbers go together{more}. The strongest pair is {pair}, {_strength(r)}."


def _not_drawn(n):
    return f" {n:,} more column{'s are' if n > 1 else ' is'} not drawn." if n else ""


def _strength(r):
    size = abs(r)
    word = "very strong" if size >= 0.9 else "strong" if size >= 0.7 else "moderate" if size >= 0.4 else "weak" if size >= 0.2 else "next to none"
    return word


def _histogram(ax, c, profile):
    values, s = c.numbers(slice(None) if profile.sample is None else profile.sample), c.stats
    low, high = s["min"], s["max"]
    title = style.wrapped(c.name, 34)
    if low > 0 and high / low > 1000 and s["skew"] > 2:
        edges = np.geomspace(low, high, 31)
        edges[0], edges[-1] = low, high
        ax.set_xscale("log")
        title += " (log scale)"
    else:
        clipped = values[(values >= s["q25"] - 12 * (s["q75"] - s["q25"])) & (values <= s["q75"] + 12 * (s["q75"] - s["q25"]))]
        beyond = values.size - clipped.size
        if 0 < beyond < 0.03 * values.size and clipped.size > 2 and clipped.max() > clipped.min():
            low, high, values = float(clipped.min()), float(clipped.max()), clipped
            title += f" ({max(beyond / (beyond + clipped.size), 0.001):.1%} beyond the axis)"
        edges = _edges(c, values, low, high)
    counts, edges = np.histogram(values, edges)
    gap = 0.9 if c.type == "integer" and len(counts) <= 31 and edges[1] - edges[0] == 1 else 1.0
    centers, widths = (edges[:-1] + edges[1:]) / 2, np.diff(edges) * gap
    ax.bar(centers, counts, widths, color=BLUE, alpha=0.85, edgecolor="white", linewidth=0.4)
    if edges[0] <= s["median"] <= edges[-1]:
        ax.axvline(s["median"], color=ORANGE, linewidth=1.6)
    ax.set_ylim(0, counts.max() * 1.13)
    ax.set_title(title, fontsize=9.5)
    ax.grid(False, axis="x")
    style.numeric(ax.yaxis, 4, whole=True)
    if ax.get_xscale() == "linear":
        style.numeric(ax.xaxis, 5, whole=c.type == "integer" and high - low < 40)
    else:
        ax.xaxis.set_major_locator(LogLocator(numticks=5))
        ax.xaxis.set_major_formatter(FuncFormatter(style.short))
        ax.xaxis.set_minor_formatter(NullFormatter())
    median = number(s["median"])
    ax.text(0.99, 0.97, f"median {median}", transform=ax.transAxes, ha="right", va="top", fontsize=8, color="#b85f22",
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1})  # fmt: skip


def _edges(c, values, low, high):
    """The bins: one a value for few whole numbers, else by Freedman and Diaconis within 8 to 40."""
    if c.type == "integer" and high - low <= 30:
        return np.arange(low - 0.5, high + 1)
    q25, q75 = np.percentile(values, (25, 75))
    width = 2 * (q75 - q25) / len(values) ** (1 / 3)
    bins = int(np.clip((high - low) / width, 8, 40)) if width > 0 else 30
    if c.type == "integer":
        step = max(1, math.ceil((high - low + 1) / bins))
        return np.arange(math.floor(low) - 0.5, high + step, step)
    return np.linspace(low, high, bins + 1)


def _bars(ax, profile, c, measure, what):
    """The ten largest of the figures, an ordinal's in its order."""
    found = dict(c.top) if measure is None else dict(profile.totals(c, measure))
    order = [v for v in c.ordered if v in found] if c.ordered and len(c.ordered) <= 12 else list(found)[:10]
    counts = [found[v] for v in order]
    names = [style.label(v, 24) for v in order]
    colors = [BLUE] * len(order)
    adds = measure is None or measure.additive
    whole = c.count if measure is None else sum(found.values())
    if len(order) < c.distinct and measure is None:
        names.append(f"{c.distinct - len(order):,} other{'s' * (c.distinct - len(order) != 1)}")
        counts.append(whole - sum(counts))
        colors.append(PALE)
    at = np.arange(len(names))[::-1]
    ax.barh(at, counts, color=colors, height=0.72)
    ax.set_yticks(at, names)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    low, high = min(0, *counts), max(0, *counts)
    for y, n in zip(at, counts):
        text = f"{n:,}" if measure is None else number(n)
        share = f" · {style.share(n / whole)}" if adds and whole > 0 and low >= 0 else ""
        ax.text(max(n, 0), y, f" {text}{share}", va="center", ha="left", fontsize=8, color=GREY)
    ax.set_xlim(low * 1.05, high * 1.3 or 1)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_xticks([])
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    some = f", {len(order)} of {c.distinct:,}" if measure is not None and len(order) < c.distinct else ""
    ax.set_title(style.wrapped(f"{_capital(what)} by {c.name}{some}", 52), fontsize=9.5)


def _capital(text):
    return text[:1].upper() + text[1:]


def _heatmap(ax, columns, matrix):
    n = len(columns)
    shown = np.where(np.tril(np.ones((n, n), bool), -1), matrix, np.nan)[1:, :-1]
    ax.imshow(np.ma.masked_invalid(shown), cmap=_DIVERGING, vmin=-1, vmax=1, aspect="equal")
    names = [style.column(c, 18) for c in columns]
    ax.set_xticks(range(n - 1), names[:-1], rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(n - 1), names[1:])
    ax.tick_params(length=0, labelcolor=INK)
    ax.grid(False)
    for side in ax.spines.values():
        side.set_visible(False)
    small = 9 if n <= 8 else 7.5 if n <= 11 else 6.5
    for i in range(n - 1):
        for j in range(i + 1):
            r = shown[i, j]
            if np.isfinite(r):
                ax.text(j, i, f"{r:.2f}".replace("-", "−"), ha="center", va="center", fontsize=small, color="white" if abs(r) > 0.7 else INK)
    ax.set_title("Correlation (Pearson's r)")


def _scatter(ax, profile, a, b, r):
    x, y = profile.floats(a), profile.floats(b)
    both = np.isfinite(x) & np.isfinite(y)
    groups = next((g for g in profile.columns if g.groups and g.role != "part" and g.distinct <= 5), None)
    labels = None
    if groups is not None:
        labels = groups.texts if profile.sample is None else groups.texts[profile.sample]
    at = np.flatnonzero(both)
    if at.size > 3000:
        at = np.random.default_rng(0).choice(at, 3000, replace=False)
    alpha, size = (0.75, 22) if at.size < 300 else (0.5, 14) if at.size < 1200 else (0.3, 9)
    if labels is None:
        ax.scatter(x[at], y[at], s=size, alpha=alpha, color=BLUE, linewidths=0)
    else:
        for i, (value, _) in enumerate(groups.top):
            mine = at[labels[at] == str(value)]
            ax.scatter(x[mine], y[mine], s=size, alpha=alpha, color=PALETTE[i], linewidths=0, label=style.value(value, i + 1))
        legend = ax.legend(title=style.column(groups), loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0)
        legend.get_title().set_fontsize(8.5)
        for handle in legend.legend_handles:
            handle.set_alpha(1)
            handle.set_sizes([24])
    mx, my = x[both].mean(), y[both].mean()
    with np.errstate(all="ignore"):
        slope = r * y[both].std() / x[both].std()  # of the least squares line
        ends = np.array([x[at].min(), x[at].max()])
        line = my + slope * (ends - mx)
    if np.isfinite(line).all():
        ax.plot(ends, line, color=INK, linewidth=1.1, linestyle=(0, (4, 3)))
    ax.set_xlabel(style.column(a, 40))
    ax.set_ylabel(style.column(b, 40))
    style.numeric(ax.xaxis, 5)
    style.numeric(ax.yaxis, 5)
    ax.set_title(f"r = {r:+.2f}".replace("-", "−") + (f", {at.size:,} of {int(both.sum()):,} rows" if at.size < both.sum() else ""))


def _most_correlated(matrix, most):
    strength = np.abs(np.where(np.isfinite(matrix), matrix, 0)) - np.eye(len(matrix))
    return sorted(np.argsort(-strength.max(axis=0), kind="stable")[:most])


def _grid(figure, n, width, height, across=None):
    across = across or (2 if n in (2, 4) else min(3, n))
    down = math.ceil(n / across)
    fig = figure(max(width * across, 5.2), height * down + 0.5)
    axes = fig.subplots(down, across, squeeze=False).ravel()
    for ax in axes[n:]:
        ax.set_visible(False)
    return fig, axes[:n]


def _title(fig, text, width):
    fig.suptitle(style.wrapped(text, width), x=0.01, ha="left", fontsize=13, fontweight="bold", color=INK)
