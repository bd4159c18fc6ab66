"""Figures of the book: each draws what stands in a tidy table, recalls in percent."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cocofacet.benchmark.images import path_of
from cocofacet.picture import as_rgb, open_image
from cocofacet.report.style import (
    BLUE,
    INK,
    MODES,
    finished,
    ink_on,
    legend_below,
    reference_line,
)
from cocofacet.report.tables import facets_only

THUMBNAIL = 224  # pixels, the longer side of a picture in a gallery
_SIDE = 1.9  # inches: some 170 pixels on a page

Look = tuple[str, str, str]  # words in the legend, colour, marker


def counts(table: pd.DataFrame, shown_as: str) -> Figure:
    """Queries and distinct texts of each facet: columns facet, queries, texts."""
    size = (7, 0.42 * len(table) + 0.9)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    sns.barplot(table, x="queries", y="facet", color=BLUE, saturation=1, width=0.62)
    words = [f"{r.queries:,} queries, {r.texts} texts" for r in table.itertuples()]
    axes.bar_label(axes.containers[0], words, padding=6, color=INK)
    axes.margins(x=0.32)
    axes.set_ylabel("")
    axes.grid(axis="y", visible=False)
    return finished(figure, shown_as)


def gallery(
    root: Path,
    pictures: Sequence[tuple[str, str]],
    shown_as: str,
    columns: int = 4,
    marked: Sequence[int] = (),
) -> Figure:
    """Pictures, (path under ``root``, words), in a grid, each with its words under it;
    the indices in ``marked`` get a frame, as a hit does."""
    rows = -(-len(pictures) // columns)
    size = (_SIDE * columns, 1.26 * _SIDE * rows)
    figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for place, (path, words) in enumerate(pictures):
        axes = grid.flat[place]
        thumbnail = as_rgb(open_image(path_of(root, path)))
        thumbnail.thumbnail((THUMBNAIL, THUMBNAIL))
        # Not resampled here: the file stays small, and the browser scales it.
        axes.imshow(thumbnail, interpolation="none")
        axes.set_title(words, fontsize=9, y=-0.16, va="top", color=INK)
        if place in marked:
            axes.axis("on")
            axes.grid(visible=False)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=MODES["prompted"][1], linewidth=4)
    figure.subplots_adjust(wspace=0.03, hspace=0.26, left=0, right=1, top=1, bottom=0.1)
    return finished(figure, shown_as)


def looks() -> Figure:
    """What stands for what in every figure: `style.MODES` as one legend."""
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=words)
        for words, colour, marker in MODES.values()
    ]
    # On axes: a notebook passes over a figure without any.
    figure, axes = plt.subplots(figsize=(7.8, 0.12 * len(MODES)))
    axes.axis("off")
    axes.legend(handles=handles, loc="center", ncols=2, fontsize=9)
    return finished(figure, "")


def intervals(
    panels: Mapping[str, Mapping[Look, pd.DataFrame]],
    value: str,
    label: str,
    shown_as: str,
    line: float,
    columns: int = 2,
) -> Figure:
    """A dot with its interval for each facet (down) and table, in percent.

    ``panels`` maps a panel's title to its tables, each with how it looks; a table has
    columns facet, low, high and the one named by ``value``. ``label`` is the axis', and
    ``line`` (in percent) what the dots are read against.
    """
    tables = [table for panel in panels.values() for table in panel.values()]
    facets = list(dict.fromkeys(facet for table in tables for facet in table.facet))
    most = max(map(len, panels.values()))
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    height = (0.28 + 0.1 * most) * len(facets) + 1.2
    figure, grid = plt.subplots(
        rows, columns, figsize=(max(7, 3.5 * columns + 1), rows * height),
        sharex=True, sharey=True, layout="constrained", squeeze=False,
    )  # fmt: skip
    step = min(0.2, 0.75 / most)
    for axes, (title, panel) in zip(grid.flat, panels.items(), strict=False):
        for place, ((words, colour, marker), table) in enumerate(panel.items()):
            table = table.set_index("facet").reindex(facets)
            middle = table[value]
            error = np.clip([middle - table.low, table.high - middle], 0, None)
            axes.errorbar(
                100 * middle, np.arange(len(facets)) + step * (place - (most - 1) / 2),
                xerr=100 * error, fmt=marker, color=colour, label=words,
                markersize=6, elinewidth=1.6, zorder=3,
            )  # fmt: skip
        reference_line(axes, line)
        axes.set(title=title, xlabel=label)
        axes.tick_params(labelbottom=True)  # in every panel
    for axes in grid.flat[len(panels) :]:
        axes.axis("off")
    grid[0][0].set_yticks(np.arange(len(facets)), facets)
    grid[0][0].invert_yaxis()
    if most > 1:
        legend_below(figure, grid[0])
    return finished(figure, shown_as)


def recall_by_facet(
    panels: Mapping[str, pd.DataFrame],
    k: int,
    shown_as: str,
    modes: Sequence[str] = ("general",),
    looks: Mapping[str, Look] = MODES,
    columns: int = 2,
) -> Figure:
    """Recall@k of each facet and mode, a panel for each retriever, beside chance:
    tables with columns facet, mode, recall, low, high."""
    by_mode = {
        title: {looks[mode]: table[table["mode"] == mode] for mode in modes}
        for title, table in panels.items()
    }
    figure = intervals(by_mode, "recall", f"Recall@{k} (%)", shown_as, k, columns)
    figure.axes[0].set_xlim(-1, 102)
    return figure


def gains(groups: Mapping[str, pd.DataFrame], k: int, shown_as: str) -> Figure:
    """Paired differences in percentage points, with intervals, by facet: mode -> its
    table as from `tables.differences`."""
    by_look = {MODES[mode]: facets_only(table) for mode, table in groups.items()}
    label = f"difference in Recall@{k} (percentage points)"
    return intervals({"": by_look}, "difference", label, shown_as, line=0)


def cross(table: pd.DataFrame, k: int, shown_as: str) -> Figure:
    """Every question (the index) for every facet's queries (the columns): Recall@k in
    percent."""
    figure, axes = plt.subplots(figsize=(7, 5.2), layout="constrained")
    sns.heatmap(
        100 * table, ax=axes, annot=True, fmt=".0f", cmap="YlOrBr", vmin=0, vmax=100,
        cbar=False,
    )  # fmt: skip
    colours = axes.collections[0].get_facecolors()
    for text, colour in zip(axes.texts, colours, strict=True):
        text.set_color(ink_on(colour))
    axes.tick_params(axis="x", rotation=30)
    axes.set(xlabel="queries of the facet", ylabel="question of the facet")
    return finished(figure, f"Recall@{k} (%), {shown_as}")


def cost(table: pd.DataFrame, shown_as: str) -> Figure:
    """Milliseconds for one image against the number of prompts, both ways: columns
    prompts, way, milliseconds."""
    looks = {MODES[name][0]: MODES[name] for name in ("separate", "one-pass")}
    grid = curves(
        table, "prompts", "milliseconds", "way", looks, height=3.6, aspect=1.7,
    )  # fmt: skip
    grid.set(xticks=sorted(table.prompts.unique()), ylim=(0, None))
    grid.set_ylabels("milliseconds an image")
    grid.axes.flat[0].legend()
    return finished(grid.figure, shown_as)


def learning_curves(table: pd.DataFrame, k: int, shown_as: str) -> Figure:
    """Recall on the tune scenes while training, a panel for each model: columns model,
    step, mode, recall."""
    grid = curves(
        table.assign(recall=100 * table.recall), "step", "recall", "mode", MODES,
        col="model", col_wrap=min(3, table.model.nunique()), height=2.4, aspect=1.1,
        sharex=False, ylim=(0, 100),
    )  # fmt: skip
    grid.set_titles("{col_name}", size=9)
    grid.set_ylabels(f"Recall@{k} (%), macro")
    legend_below(grid.figure, grid.axes.flat)
    return finished(grid.figure, shown_as)


def curves(
    table: pd.DataFrame,
    x: str,
    y: str,
    hue: str,
    looks: Mapping[str, Look],
    band: Sequence[str] = (),
    lines: Mapping[str, str] | None = None,
    **panels,
) -> sns.FacetGrid:
    """A line for each value of the column ``hue``, which looks as ``looks`` says.

    ``band`` names the columns of its lower and upper edge; ``lines`` gives line styles
    other than "-". ``panels`` go to `seaborn.FacetGrid`: ``row``, ``col`` and the rest.
    """
    chosen = {name: looks[name] for name in dict.fromkeys(table[hue])}
    words = {name: words for name, (words, _, _) in chosen.items()}
    grid = sns.FacetGrid(
        table.assign(**{hue: table[hue].map(words)}),
        hue=hue, hue_order=list(words.values()),
        palette={words: colour for words, colour, _ in chosen.values()},
        hue_kws={
            "marker": [marker for _, _, marker in chosen.values()],
            "linestyle": [(lines or {}).get(name, "-") for name in chosen],
        },
        **panels,
    )  # fmt: skip
    return grid.map(_curve, x, y, *band)


def _curve(x, y, *band, color, **line) -> None:
    plt.plot(x, y, color=color, markersize=5, **line)
    if band:
        plt.fill_between(x, *band, color=color, alpha=0.14, linewidth=0)


def log_ticks(axes: Axes, values: Sequence[float], form: str = "{:g}") -> None:
    """A logarithmic x axis, ticks at the values, words where they don't touch."""
    words, last = [], 0.0
    for value in values:
        clear = value > 1.4 * last
        last = value if clear else last
        words.append(form.format(value) if clear else "")
    axes.set_xscale("log")
    axes.set_xticks(values, words, fontsize=8)
    axes.minorticks_off()
