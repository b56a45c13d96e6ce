"""The chart of an answer."""

import os
import warnings

import numpy as np
import pandas as pd

from attache.analyze import charts, series, style
from attache.analyze.style import BLUE, GREY, INK, ORANGE, PALETTE, number
from attache.ask import answer

BARS = 25
_FREE = {"series", "pair", "dist", "groups"}


def draw(query, result):
    """Save the chart of a result in the current folder; None where there is none."""
    if query.chart == "table" or result.rows == 0 or query.kind not in _FREE and not _columns(query, result) or not _worth(query, result):
        return None
    with charts.style_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = answer.title(query, result).replace("`", "") if query.kind in ("groups", "series", "value") else _title(query)
        fig = charts.figure(7.6, 4.4)
        ax = fig.subplots()
        _KINDS[query.kind](ax, query, result)
        fig.suptitle(style.wrapped(name[:1].upper() + name[1:], 62), x=0.01, ha="left", fontsize=12.5, fontweight="bold", color=INK)
        return charts.save(fig, _free_name(), f"{name[:1].upper()}{name[1:]}. {_told(query, result)}")


def _columns(query, result):
    """Whether the answer is a figure of each of several columns, and a chart of them was asked for."""
    return query.kind == "value" and bool(query.chart) and not query.also and isinstance(result.value, dict) and len(result.value) >= 2 and all(isinstance(v, (int, float)) and v == v for v in result.value.values())


def _worth(query, result):
    if _columns(query, result):
        return True
    if query.within:
        return False
    if query.kind in ("groups", "series"):
        return isinstance(result.value, dict) and len(result.value) >= 2 and not (query.which and query.limit <= 1)
    return result.table is not None


def _title(query):
    if query.kind == "pair":
        return f"{query.targets[1].name} against {query.targets[0].name}"
    return f"Distribution of {query.targets[0].name}"


def _told(query, result):
    if query.kind == "pair":
        return f"r = {result.value:+.2f}."
    if query.kind == "dist":
        return f"The median is {number(result.value['median'])}."
    items = [(k, v) for k, v in result.value.items() if not isinstance(v, dict)]
    if not items:
        return ""
    high, low = max(items, key=lambda x: x[1]), min(items, key=lambda x: x[1])
    said = lambda k: _name(k, query, result) if not isinstance(k, tuple) else " / ".join(k)  # noqa: E731
    return f"Highest: {said(high[0])} with {answer._figure(high[1], query, result)}; lowest: {said(low[0])} with {answer._figure(low[1], query, result)}."


def _name(k, query, result):
    return answer.key(k, query, result) if query.by else str(k)


def _free_name():
    n = 1
    while os.path.lexists(f"answer_{n}.png"):
        n += 1
    return f"answer_{n}.png"


def _groups(ax, query, result):
    items = list(result.value.items())
    if isinstance(items[0][1], dict):
        return _several(ax, query, result)
    if isinstance(items[0][0], tuple):
        return _two(ax, query, result)
    if query.chart == "line" or query.kind == "series" and query.chart not in ("bar", "pie"):
        return _line(ax, query, result)
    if query.chart == "pie" and all(v >= 0 for _, v in items):
        return _pie(ax, query, result)
    upright = query.kind == "series"
    items = items[:BARS]
    names = [style.label(_name(k, query, result), 26) for k, _ in items]
    values = [v for _, v in items]
    if upright or query.log and len(items) <= 12:
        ax.bar(range(len(items)), values, color=BLUE, width=0.75)
        step = max(1, len(items) // 12)
        ax.set_xticks(range(0, len(items), step), names[::step], rotation=30 if len(items) > 6 else 0, ha="right" if len(items) > 6 else "center")
        ax.grid(False, axis="x")
        _scale(ax.yaxis, ax.set_yscale, query, values, result)
        return
    at = np.arange(len(items))[::-1]
    ax.barh(at, values, color=BLUE, height=0.72)
    ax.set_yticks(at, names)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.grid(False)
    for y, v in zip(at, values):
        ax.text(max(v, 0), y, f" {answer._figure(v, query, result)}", va="center", ha="left", fontsize=8.5, color=GREY)
    if query.log and min(values) > 0:
        ax.set_xscale("log")
        ax.set_xlim(min(values) / 2, max(values) * 3)
    else:
        ax.set_xlim(min(0, *values) * 1.08, (max(0, *values) or 1) * 1.2)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)


def _scale(axis, set_scale, query, values, result):
    if query.log and min(v for v in values if v == v) > 0:
        set_scale("log")
    elif result.agg == "share":
        axis.set_major_formatter(lambda x, _: f"{x:.0%}")
    else:
        style.numeric(axis, 5)


def _x(keys, query, result):
    """Places along the axis, and whether they are dates."""
    if result.period in ("weekday", "month of the year", "hour of the day") or not isinstance(query.by[0], str) and query.by[0].role not in ("date", "year", "measure"):
        return list(range(len(keys))), False
    try:
        if all(len(k) == 4 and k.isdigit() for k in keys):
            return [int(k) for k in keys], False
        return list(pd.to_datetime(keys)), True
    except (ValueError, TypeError):
        return list(range(len(keys))), False


def _line(ax, query, result):
    keys, values = list(result.value), list(result.value.values())
    order = np.argsort(keys) if query.limit or query.order else range(len(keys))
    keys, values = [keys[i] for i in order], [values[i] for i in order]
    x, dates = _x(keys, query, result)
    _plotter(x, dates)(ax, x, values, color=BLUE, marker="o" if len(x) <= 40 else None, markersize=3.5)
    ax.margins(x=0.02)
    _scale(ax.yaxis, ax.set_yscale, query, values, result)
    if not query.log and min(values) >= 0 and result.agg in ("sum", "count", "share"):
        ax.set_ylim(bottom=0)
    _time_axis(ax, x, keys, dates, query, result)


def _plotter(x, dates):
    """What draws a line: along times and years broken where some are missing."""
    return series.line if dates or x and x[0] > 1000 else lambda ax, *xy, **how: ax.plot(*xy, **how)


def _time_axis(ax, x, keys, dates, query, result):
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    if dates:
        locator = AutoDateLocator(minticks=3, maxticks=8)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    elif x and x[0] > 1000:
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:.0f}")
    else:
        step = max(1, len(keys) // 12)
        ax.set_xticks(x[::step], [style.label(answer.key(k, query, result), 12) for k in keys[::step]], rotation=30 if len(keys) > 6 else 0, ha="right" if len(keys) > 6 else "center")


def _pie(ax, query, result):
    items = sorted(((k, v) for k, v in result.value.items() if v > 0), key=lambda x: -x[1])
    if len(items) > 7:
        items = items[:6] + [(f"{len(items) - 6} others", sum(v for _, v in items[6:]))]
    ax.pie([v for _, v in items], labels=[style.label(answer.key(k, query, result), 20) for k, _ in items], colors=PALETTE, autopct="%1.0f%%", startangle=90, counterclock=False, textprops={"fontsize": 9}, wedgeprops={"edgecolor": "white"})
    ax.set_aspect("equal")


def _two(ax, query, result):
    """Two groupings: lines along time, else bars side by side."""
    table = result.table.unstack()
    x, dates = _x([answer_key(k) for k in table.index], query, result)
    columns = list(table.columns)[:8]
    if query.kind == "series":
        plot = _plotter(x, dates)
        for i, c in enumerate(columns):
            there = table[c].notna().to_numpy()
            plot(ax, [v for v, known in zip(x, there) if known], table[c][there].to_numpy(), color=PALETTE[i], label=style.label(c, 20), marker="o" if len(x) <= 40 else None, markersize=3)
        _time_axis(ax, x, [answer_key(k) for k in table.index], dates, query, result)
    else:
        table = table.iloc[:BARS]
        width = 0.8 / len(columns)
        at = np.arange(len(table))
        for i, c in enumerate(columns):
            ax.bar(at + (i - (len(columns) - 1) / 2) * width, table[c].fillna(0), width * 0.95, color=PALETTE[i], label=style.label(c, 20))
        ax.set_xticks(at, [style.label(k, 14) for k in table.index], rotation=30 if len(table) > 5 else 0, ha="right" if len(table) > 5 else "center")
        ax.grid(False, axis="x")
    values = table.to_numpy(float)
    _scale(ax.yaxis, ax.set_yscale, query, values[np.isfinite(values)], result)
    b = query.by[1]
    ax.legend(title=style.label(b if isinstance(b, str) else b.name, 24), loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0)


def answer_key(k):
    from attache.ask.compute import _key

    return _key(k)


def _several(ax, query, result):
    """Several measures by one grouping: each as a share of its highest, the figures written."""
    table = result.table.head(8)
    at = np.arange(len(table.columns))
    width = 0.8 / len(table)
    for i, (k, row) in enumerate(table.iterrows()):
        relative = row / table.abs().max().replace(0, 1)
        bars = ax.bar(at + (i - (len(table) - 1) / 2) * width, relative, width * 0.94, color=PALETTE[i], label=style.label(answer.key(answer_key(k), query, result), 20))
        for rect, v in zip(bars, row):
            ax.text(rect.get_x() + rect.get_width() / 2, max(rect.get_height(), 0), number(v), ha="center", va="bottom", fontsize=7.5, color=GREY)
    ax.set_xticks(at, [style.label(c, 18) for c in table.columns])
    ax.set_yticks([])
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0)


def _pair(ax, query, result):
    a, b = query.targets
    frame = result.table
    if len(frame) > 3000:
        frame = frame.sample(3000, random_state=0)
    ax.scatter(frame.iloc[:, 0], frame.iloc[:, 1], s=18 if len(frame) < 500 else 8, alpha=0.6 if len(frame) < 500 else 0.35, color=BLUE, linewidths=0)
    ax.set_xlabel(style.column(a, 44))
    ax.set_ylabel(style.column(b, 44))
    if query.log and (frame > 0).all().all():
        ax.set_xscale("log")
        ax.set_yscale("log")
    else:
        style.numeric(ax.xaxis, 5)
        style.numeric(ax.yaxis, 5)


def _dist(ax, query, result):
    v = result.table
    if query.chart == "box":
        ax.boxplot(v, orientation="horizontal", widths=0.5, flierprops={"markersize": 3})
        ax.set_yticks([])
    else:
        from attache.analyze.plots import _edges

        edges = np.geomspace(v.min(), v.max(), 31) if query.log and v.min() > 0 else _edges(query.targets[0], v, float(v.min()), float(v.max())) if v.max() > v.min() else 10
        ax.hist(v, edges, color=BLUE, alpha=0.85, edgecolor="white", linewidth=0.4)
        ax.axvline(result.value["median"], color=ORANGE, linewidth=1.6)
        style.numeric(ax.yaxis, 4, whole=True)
        ax.set_ylabel("rows")
    if query.log and v.min() > 0:
        ax.set_xscale("log")
    else:
        style.numeric(ax.xaxis, 6)
    ax.set_xlabel(style.column(query.targets[0], 44))


_KINDS = {"groups": _groups, "value": _groups, "series": _groups, "pair": _pair, "dist": _dist}
