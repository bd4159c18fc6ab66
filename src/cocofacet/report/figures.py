"""The figures of the book. Each takes a tidy table and gives back a Figure.

Recalls come as fractions and are drawn in percent. No figure computes a statistic:
what it shows is in the table it was given.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from cocofacet.benchmark.images import path_of
from cocofacet.report.style import INK, MODES, chance_line, finished

THUMBNAIL = 224  # pixels, the longer side of a picture in a gallery


def counts(table: pd.DataFrame, shown_as: str) -> Figure:
    """Queries and distinct texts of each facet.

    ``table`` has columns facet, queries, texts.
    """
    figure, axes = plt.subplots(
        figsize=(7, 0.42 * len(table) + 0.9), layout="constrained"
    )
    rows = np.arange(len(table))
    axes.barh(rows, table.queries, height=0.62, color="#4c7fd0")
    for row, (queries, texts) in enumerate(
        zip(table.queries, table.texts, strict=True)
    ):
        words = f"{queries:,} queries, {texts} texts"
        axes.annotate(
            words,
            (queries, row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(rows, table.facet)
    axes.invert_yaxis()
    axes.margins(x=0.32)
    axes.set_xlabel("queries")
    axes.grid(axis="y", visible=False)
    return finished(figure, shown_as)


def gallery(
    root: Path,
    pictures: Sequence[tuple[str, str]],
    shown_as: str,
    columns: int = 6,
    marked: Sequence[int] = (),
) -> Figure:
    """Pictures in a grid, each with words under it.

    ``pictures`` holds (path under ``root``, words); the indices in ``marked`` get a
    frame, as a hit does.
    """
    rows = -(-len(pictures) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(1.55 * columns, 1.85 * rows), squeeze=False
    )
    for place, axes in enumerate(grid.flat):
        axes.axis("off")
        if place >= len(pictures):
            continue
        path, words = pictures[place]
        with Image.open(path_of(root, path)) as picture:
            thumbnail = picture.convert("RGB")
        thumbnail.thumbnail((THUMBNAIL, THUMBNAIL))
        # Not resampled here: the file stays small, and the browser scales it.
        axes.imshow(thumbnail, interpolation="none")
        axes.set_title(words, fontsize=9, y=-0.16, va="top", color=INK)
        if place in marked:
            _frame(axes, MODES["prompted"][1])
    figure.subplots_adjust(wspace=0.06, hspace=0.3, left=0, right=1, top=1, bottom=0.1)
    return finished(figure, shown_as)


def _frame(axes: Axes, colour: str) -> None:
    axes.axis("on")
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=4)


def recall_by_facet(
    panels: Mapping[str, pd.DataFrame],
    k: int,
    shown_as: str,
    modes: Sequence[str] = ("general",),
) -> Figure:
    """A dot with its interval for each facet and mode, a panel for each retriever.

    Each table has columns facet, mode, recall, low, high. A panel is read by itself:
    retrievers trained differently are not compared.
    """
    facets = list(dict.fromkeys(next(iter(panels.values())).facet))
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    height = (0.28 + 0.1 * len(modes)) * len(facets) + 1.2
    figure, grid = plt.subplots(
        rows, columns, figsize=(max(7, 3.9 * columns + 1), rows * height),
        sharex=True, sharey=True, layout="constrained", squeeze=False,
    )  # fmt: skip
    step = min(0.17, 0.75 / len(modes))
    for axes, (title, table) in zip(grid.flat, panels.items(), strict=False):
        for place, mode in enumerate(modes):
            chosen = table[table["mode"] == mode].set_index("facet")
            shift = step * (place - (len(modes) - 1) / 2)
            _dots(axes, chosen.reindex(facets), mode, shift)
        chance_line(axes, k)
        axes.set(title=title, xlim=(-1, 102), xlabel=f"Recall@{k} (%)")
    for axes in grid.flat[len(panels) :]:
        axes.axis("off")
    grid[0][0].set_yticks(np.arange(len(facets)), facets)
    grid[0][0].invert_yaxis()
    if len(modes) > 1:
        _legend_below(figure, grid[0][0])
    return finished(figure, shown_as)


def _dots(axes: Axes, table: pd.DataFrame, mode: str, shift: float) -> None:
    words, colour, marker = MODES[mode]
    axes.errorbar(
        100 * table.recall,
        np.arange(len(table)) + shift,
        xerr=100 * np.vstack([table.recall - table.low, table.high - table.recall]),
        fmt=marker,
        color=colour,
        label=words,
        markersize=6,
        elinewidth=1.6,
        zorder=3,
    )


def _legend_below(figure: Figure, axes: Axes) -> None:
    handles, words = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        words,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=min(3, len(words)),
    )


def gains(
    groups: Mapping[str, pd.DataFrame],
    k: int,
    shown_as: str,
    colours: Mapping[str, str],
) -> Figure:
    """Paired differences in percentage points, with intervals, by facet.

    Each table has columns facet, difference, low, high; one colour a table. A dot to
    the right of zero is a gain.
    """
    facets = list(dict.fromkeys(next(iter(groups.values())).facet))
    figure, axes = plt.subplots(
        figsize=(7, (0.28 + 0.12 * len(groups)) * len(facets) + 1.2),
        layout="constrained",
    )
    for place, (words, table) in enumerate(groups.items()):
        table = table.set_index("facet").reindex(facets)
        shift = 0.2 * (place - (len(groups) - 1) / 2)
        error = np.vstack([table.difference - table.low, table.high - table.difference])
        axes.errorbar(
            100 * table.difference,
            np.arange(len(facets)) + shift,
            xerr=100 * error,
            fmt="oDsv^P"[place],
            color=colours[words],
            label=words,
            elinewidth=1.6,
        )
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_yticks(np.arange(len(facets)), facets)
    axes.invert_yaxis()
    axes.set_xlabel(f"difference in Recall@{k} (percentage points)")
    _legend_below(figure, axes)
    return finished(figure, shown_as)


def cross(table: pd.DataFrame, k: int, shown_as: str) -> Figure:
    """Every question (down) for every facet's queries (across): Recall@k in percent.

    ``table`` has facets as columns and the facets whose question it is as index.
    """
    figure, axes = plt.subplots(figsize=(7, 5.2), layout="constrained")
    values = 100 * table.to_numpy()
    axes.imshow(values, cmap="YlOrBr", vmin=0, vmax=100, aspect="auto", alpha=0.9)
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value > 60 else "#3a2c14"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour)
    axes.set_xticks(range(table.shape[1]), table.columns, rotation=30, ha="right")
    axes.set_yticks(range(table.shape[0]), table.index)
    axes.set(xlabel="queries of the facet", ylabel="question of the facet")
    axes.grid(visible=False)
    return finished(figure, f"Recall@{k} (%), {shown_as}")


def cost(table: pd.DataFrame, shown_as: str) -> Figure:
    """Seconds for one image against the number of prompts, both ways.

    ``table`` has columns prompts, way, milliseconds.
    """
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    colours = {"separate passes": "#8a8a8a", "one pass": "#e08214"}
    for way, rows in table.groupby("way", sort=False):
        axes.plot(
            rows.prompts, rows.milliseconds, marker="o", color=colours[way], label=way
        )
    axes.set(xlabel="prompts", ylabel="milliseconds an image", ylim=(0, None))
    axes.set_xticks(sorted(table.prompts.unique()))
    axes.legend()
    return finished(figure, shown_as)


def learning_curves(table: pd.DataFrame, k: int, shown_as: str) -> Figure:
    """Recall on the tune scenes while training, a panel for each model, three a row.

    ``table`` has columns model, step, mode, recall.
    """
    models = list(dict.fromkeys(table.model))
    columns = min(3, len(models))
    rows = -(-len(models) // columns)
    shape = {"sharey": True, "squeeze": False, "layout": "constrained"}
    size = (2.6 * columns, 2.4 * rows + 0.4)
    figure, grid = plt.subplots(rows, columns, figsize=size, **shape)
    for axes in grid.flat[len(models) :]:
        axes.axis("off")
    for axes, model in zip(grid.flat, models, strict=False):
        for mode, points in table[table.model == model].groupby("mode", sort=False):
            words, colour, marker = MODES[mode]
            axes.plot(
                points.step, 100 * points.recall, color=colour, marker=marker,
                label=words, markersize=4,
            )  # fmt: skip
        axes.set_title(model, fontsize=9)
        axes.set(xlabel="step", ylim=(0, 100))
    for axes in grid[:, 0]:
        axes.set_ylabel(f"Recall@{k} (%), macro")
    handles = {}
    for axes in grid.flat[: len(models)]:
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(
        handles.values(), handles, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2
    )
    return finished(figure, shown_as)
