"""The charts: each function gets a Profile and returns (figure, caption), or
None when there is nothing to show."""

import math

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from attache.analyze import series, style
from attache.analyze.style import BLUE, GREY, INK, ORANGE, PALE, PALETTE

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
            ax.plot(x, y, color=color, label=name, marker="o" if few else None, markersize=3.5)
            if len(panel.lines) == 1 and panel.total:
                ax.fill_between(x, y, color=color, alpha=0.12, linewidth=0)
        if panel.total:
            ax.set_ylim(bottom=0)
        ax.set_title(panel.title)
        ax.margins(x=0.01)
        style.numeric(ax.yaxis, 5)
        if len(panel.lines) > 1 and i == 0:
            ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    series.time_axis(axes[-1], plan)
    _title(fig, f"{style.label(stem, 60)} over time" if style.writable(stem) else "Over time")
    return fig, plan.caption


def distributions(profile, figure, stem):
    """A histogram of each column of numbers."""
    columns = [c for c in profile.of("number") if c.stats and c.stats["max"] > c.stats["min"] and c.stats["count"] >= 3]
    if not columns:
        return None
    shown = columns[:9]
    fig, axes = _grid(figure, len(shown), 3.5, 2.6)
    for ax, c in zip(axes, shown):
        _histogram(ax, c, profile)
    _title(fig, "Distributions")
    left = f"; {len(columns) - len(shown):,} more columns are not drawn" if len(columns) > len(shown) else ""
    some = "" if profile.sample is None else f" (a sample of {len(profile.sample):,} rows)"
    return fig, f"histograms of {_list(shown)}, the median marked{some}{left}"


def categories(profile, figure, stem):
    """The most frequent values of the columns of categories; where a measure
    adds up (amounts, units), its totals by them."""
    columns = [c for c in profile.of("category", "boolean") if c.top and c.distinct > 1 and c.top[0][1] > 1]
    columns.sort(key=lambda c: (c.distinct > 50, c.position))
    if not columns:
        return None
    shown = columns[:4]
    measure = series.main_measure(profile)
    rows = [min(c.distinct, 10) + (c.distinct > 10) for c in shown]
    across = min(2, len(shown))
    fig, axes = _grid(figure, len(shown), 5.2, max(1.6, 0.8 + 0.27 * max(rows)), across)
    for ax, c in zip(axes, shown):
        _bars(ax, c, profile.totals(c, measure) if measure is not None else None)
    _title(fig, "Categories" if measure is None else f"Total {style.column(measure, 40)} by category")
    left = f"; {len(columns) - len(shown):,} more columns are not drawn" if len(columns) > len(shown) else ""
    what = "most frequent values of" if measure is None else f"total {measure.short} by"
    return fig, f"{what} {_list(shown)}{left}"


def correlation(profile, figure, stem):
    """The matrix of correlations, and the strongest pair as points."""
    columns, matrix = profile.correlation_matrix
    if not profile.correlations or profile.rows < 8:
        return None
    # A pair that is the same twice, or is time and a measure, shows nothing new.
    telling = [p for p in profile.correlations if "year" not in (p[0].role, p[1].role)]
    strongest = next((p for p in telling if abs(p[2]) < 0.9999), (telling or profile.correlations)[0])
    pair = f"{strongest[1].short} against {strongest[0].short}"
    if len(columns) < 3:
        fig = figure(6.6, 4.6)
        _scatter(fig.subplots(), profile, *strongest)
        return fig, f"{pair}, r = {strongest[2]:+.2f}"
    keep = _most_correlated(matrix, 14)
    size = 1.6 + 0.36 * len(keep)
    fig = figure(max(9.5, size + 6.2), max(4.4, size))
    left, right = fig.subplots(1, 2, width_ratios=[max(1.0, size / 5.0), 1.0])
    _heatmap(left, [columns[i] for i in keep], matrix[np.ix_(keep, keep)])
    _scatter(right, profile, *strongest)
    more = f" ({len(keep)} of {len(columns)} columns)" if len(keep) < len(columns) else ""
    return fig, f"correlations{more}, and the strongest pair: {pair}"


def _histogram(ax, c, profile):
    values, s = c.numbers(slice(None) if profile.sample is None else profile.sample), c.stats
    low, high = s["min"], s["max"]
    title = style.column(c, 34)
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
    median = style.short(s["median"])
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


def _bars(ax, c, totals):
    """The ten largest: of the totals, or without them of the counts."""
    ranked, whole = (c.top[:10], c.count) if totals is None else (totals[:10], sum(t for _, t in totals))
    ranks = {v: i + 1 for i, (v, _) in enumerate(c.top)}
    names = [style.value(v, ranks.get(v, i + 1)) for i, (v, _) in enumerate(ranked)]
    counts = [n for _, n in ranked]
    colors = [BLUE] * len(ranked)
    if c.distinct > len(ranked):
        names.append(f"{c.distinct - len(ranked):,} others")
        counts.append(whole - sum(counts))
        colors.append(PALE)
    at = np.arange(len(names))[::-1]
    ax.barh(at, counts, color=colors, height=0.72)
    ax.set_yticks(at, names)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    for y, n in zip(at, counts):
        figure = f"{n:,}" if totals is None else style.short(n)
        ax.text(n, y, f" {figure} · {n / whole if whole else 0:.1%}", va="center", ha="left", fontsize=8, color=GREY)
    ax.set_xlim(0, max(counts) * 1.28 or 1)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_xticks([])
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    ax.set_title(style.column(c, 40))


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
    groups = next((c for c in profile.of("category", "boolean") if 2 <= c.distinct <= 5), None)
    labels = None
    if groups is not None:
        labels = (groups.series if profile.sample is None else groups.series.iloc[profile.sample]).astype(str).to_numpy()
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


def _title(fig, text):
    fig.suptitle(text, x=0.01, ha="left", fontsize=13, fontweight="bold", color=INK)


def _list(columns, most=6):
    names = [c.name if len(c.name) <= 24 else c.name[:23] + "…" for c in columns]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
