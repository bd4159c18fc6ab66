"""The two figures of the chapter on the linear approximation."""

from collections.abc import Mapping

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cocofacet.chapters.linear.anchors import ANCHORS_FROM
from cocofacet.embeddings.linear_map import VARIANTS
from cocofacet.report.style import MODES, finished, legend_below, reference_line

# A colour for each way to fit, a line for what is changed beside it, a marker for the
# gallery that the map starts from.
LOOKS = {
    "released": ("#0f9e78", "--", "^"),
    "linear": ("#0f9e78", "-", "^"),
    "centred": ("#56a4d9", ":", "^"),
    "ridge": ("#4c7fd0", "-", "P"),
    "orthogonal": ("#cc79a7", "-", "s"),
    "dual-linear": ("#0f9e78", "-.", "v"),
    "dual-ridge": ("#4c7fd0", "-.", "v"),
}


def against_anchors(
    recalls: pd.DataFrame,
    references: Mapping[str, float],
    k: int,
    dimension: int,
    shown_as: str,
) -> Figure:
    """Recall against K/d, a panel for each place that anchors are drawn from: mean of
    the draws, and their range as a band.

    ``recalls`` is `Draws.recall`; ``references`` are the modes drawn as level lines.
    """
    sources = list(dict.fromkeys(recalls.anchors_from))
    figure, grid = plt.subplots(
        len(sources), 1, figsize=(7, 3.5 * len(sources) + 0.8), sharex=True,
        sharey=True, layout="constrained", squeeze=False,
    )  # fmt: skip
    for axes, source in zip(grid[:, 0], sources, strict=True):
        for mode, recall in references.items():
            words, colour, _ = MODES[mode]
            axes.axhline(100 * recall, color=colour, linewidth=2)
            axes.annotate(
                words, (0, 100 * recall), xycoords=("axes fraction", "data"),
                xytext=(4, 4), textcoords="offset points", color=colour,
            )  # fmt: skip
        shown = recalls[recalls.anchors_from == source]
        for variant, rows in shown.groupby("variant", sort=False):
            colour, line, marker = LOOKS[variant]
            spread = rows.groupby("anchors").recall.agg(["mean", "min", "max"]) * 100
            ratio = spread.index / dimension
            axes.plot(
                ratio, spread["mean"], line, color=colour, marker=marker, markersize=5,
                label=VARIANTS[variant].words,
            )  # fmt: skip
            axes.fill_between(
                ratio, spread["min"], spread["max"], color=colour, alpha=0.12, lw=0
            )
        axes.set(title=f"anchors: {ANCHORS_FROM[source]}", ylabel=f"Recall@{k} (%)")
        reference_line(axes, 1)
    _ratio_axis(axes, recalls, dimension)
    legend_below(figure, grid[:, 0], 2)
    return finished(figure, f"{shown_as}; macro over facets")


def condition(recalls: pd.DataFrame, dimension: int, shown_as: str) -> Figure:
    """Condition number of the anchors against K/d, for what least squares solves: the
    median of all draws. A singular draw is infinite and lies above the figure."""
    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    solved = recalls[recalls.variant.isin(("linear", "centred", "dual-linear"))]
    for variant, rows in solved.groupby("variant", sort=False):
        colour, line, marker = LOOKS[variant]
        median = rows.groupby("anchors").condition.median()
        axes.plot(
            median.index / dimension, median, line, color=colour, marker=marker,
            label=VARIANTS[variant].words,
        )  # fmt: skip
    axes.set(yscale="log", ylabel="condition number")
    reference_line(axes, 1)
    _ratio_axis(axes, recalls, dimension)
    if len(solved):
        axes.legend()
    return finished(figure, shown_as)


def _ratio_axis(axes: Axes, recalls: pd.DataFrame, dimension: int) -> None:
    axes.set_xscale("log")
    ratios = sorted(recalls.anchors.unique() / dimension)
    axes.set_xticks(ratios, [f"{ratio:.2g}" for ratio in ratios], rotation=45)
    axes.minorticks_off()
    axes.set_xlabel(f"anchors K over dimensions d = {dimension}")
