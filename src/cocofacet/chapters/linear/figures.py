"""The two figures of the chapter on the linear approximation."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from cocofacet.chapters.linear.anchors import ANCHORS_FROM
from cocofacet.embeddings.linear_map import VARIANTS
from cocofacet.report.figures import curves, log_ticks
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
    keys = ["anchors_from", "variant", "anchors"]
    spread = 100 * recalls.groupby(keys, sort=False).recall.agg(["mean", "min", "max"])
    figure = _against_ratio(
        spread.reset_index(), dimension, "mean", f"Recall@{k} (%)",
        band=("min", "max"), row="anchors_from", height=3.4,
    )  # fmt: skip
    for axes, source in zip(figure.axes, recalls.anchors_from.unique(), strict=True):
        axes.set_title(f"anchors: {ANCHORS_FROM[source]}")
        for mode, recall in references.items():
            words, colour, _ = MODES[mode]
            axes.axhline(100 * recall, color=colour, linewidth=2, label=words)
    legend_below(figure, figure.axes)
    return finished(figure, f"{shown_as}; macro over facets")


def condition(recalls: pd.DataFrame, dimension: int, shown_as: str) -> Figure:
    """Condition number of the anchors against K/d, for what least squares solves: the
    median of all draws. A singular draw is infinite and lies above the figure."""
    solved = recalls[recalls.variant.isin(("linear", "centred", "dual-linear"))]
    median = solved.groupby(["variant", "anchors"], sort=False).condition.median()
    figure = _against_ratio(
        median.reset_index(), dimension, "condition", "condition number", height=3.2
    )
    (axes,) = figure.axes
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,.0f}")  # and not a formula
    axes.yaxis.set_minor_formatter(NullFormatter())
    legend_below(figure, [axes])
    return finished(figure, shown_as)


def _against_ratio(
    table: pd.DataFrame, dimension: int, y: str, label: str, **how
) -> Figure:
    """A line for each variant, over the number of anchors K divided by d."""
    table = table.assign(ratio=table.anchors / dimension)
    looks = {
        name: (VARIANTS[name].words, colour, marker)
        for name, (colour, _, marker) in LOOKS.items()
    }
    lines = {name: line for name, (_, line, _) in LOOKS.items()}
    grid = curves(table, "ratio", y, "variant", looks, lines=lines, aspect=2, **how)
    for axes in grid.axes.flat:
        log_ticks(axes, sorted(table.ratio.unique()), "{:.2g}")
        reference_line(axes, 1)
    grid.set_axis_labels(f"anchors K over dimensions d = {dimension}", label)
    return grid.figure
